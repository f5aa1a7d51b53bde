"""The coupling graph as a picture."""

import xml.etree.ElementTree as ET
from itertools import combinations

import pytest
from report_case import CHAIN, FEEDBACK, ITSELF, explained, graph, node

from twin.report.graph import edges_of
from twin.report.graph_svg import draw_svg

SVG = "{http://www.w3.org/2000/svg}"
CASES = {"chain": CHAIN, "feedback": FEEDBACK, "itself": ITSELF}


def parse(*graphs, **more):
    return ET.fromstring(draw_svg(explained(*graphs, **more)))


def of_class(root, kind):
    return [e for e in root.iter() if kind in e.get("class", "").split()]


def rectangle(group):
    first = group.find(f"{SVG}rect")
    return [float(first.get(key)) for key in ("x", "y", "width", "height")]


def overlap(one, other):
    return all(one[k] < other[k] + other[k + 2] and other[k] < one[k] + one[k + 2] for k in (0, 1))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_simulator_and_every_connection_is_drawn(case):
    root = parse(case)
    assert sorted(e.get("data-name") for e in of_class(root, "simulator")) == sorted(
        n["name"] for n in case["simulators"]
    )
    drawn = {(e.get("data-from"), e.get("data-to"), "late" in e.get("class")) for e in of_class(root, "edge")}
    assert drawn == {(e.source, e.target, e.late) for e in edges_of(case)}
    words = " ".join("".join(e.itertext()).strip() for e in of_class(root, "label"))
    for edge in edges_of(case):
        for quantity in edge.quantities:
            assert all(word in words for word in quantity.split("_"))
    assert len(of_class(root, "label")) == len(edges_of(case))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_no_boxes_and_labels_overlap(case):
    root = parse(case)
    shapes = [rectangle(e) for kind in ("simulator", "label") for e in of_class(root, kind)]
    assert not any(overlap(one, other) for one, other in combinations(shapes, 2))


def test_a_loop_is_a_frame_around_its_members_alone():
    root = parse(FEEDBACK)
    (loop,) = of_class(root, "loop")
    assert "loop, every 15 min" in "".join(loop.itertext())
    left, top, width, height = rectangle(loop)
    for box in of_class(root, "simulator"):
        x, y, w, h = rectangle(box)
        inside = left < x and x + w < left + width and top < y and y + h < top + height
        assert inside == (box.get("data-name") in FEEDBACK["loops"][0]["members"])
        assert inside or not overlap((x, y, w, h), (left, top, width, height))


def test_several_graphs_stand_below_each_other_and_inside_the_picture():
    root = parse(CHAIN, {**FEEDBACK, "options": ["with cars"]})
    moves = [float(g.get("transform").split()[1].rstrip(")")) for g in root.iter(f"{SVG}g") if g.get("transform")]
    assert moves == sorted(moves)
    text = "".join(root.itertext())
    assert "today" in text
    assert "with cars" in text
    lowest = moves[-1] + max(sum(rectangle(e)[1::2]) for e in of_class(root, "loop"))
    assert lowest < float(root.get("height"))


def test_captions_say_windows_spans_and_how_to_read_it():
    text = "".join(parse(CHAIN).itertext())
    assert "2023-01-09 23:00 UTC to 2023-01-11 23:00 UTC; warm-up 1 d" in text
    assert "one window of at most 2 d" in text
    assert "dashed" not in text
    assert "dashed" in "".join(parse(FEEDBACK).itertext())


def test_after_a_run_it_shows_the_seconds():
    assert "s in all" not in "".join(parse(CHAIN, seconds={}).itertext())
    text = "".join(parse(CHAIN, seconds={"today": {"sun": 12.34, "meter": 0.5}, "other": {"sun": 9.0}}).itertext())
    assert "every 1 h · 12.3 s" in text
    assert "every 1 h · 0.50 s" in text
    assert "last run of today, 12.84 s in all" in text


def test_the_same_bytes_every_time():
    assert draw_svg(explained(FEEDBACK)) == draw_svg(explained(FEEDBACK))


def test_names_are_escaped():
    evil = "<script>\"&'</script>"
    case = graph(node(evil), node("b", ("a<b&c_" + "x" * 40, evil)), options=[evil])
    root = parse(case, seconds={evil: {evil: 1.0}})
    assert of_class(root, "simulator")[0].get("data-name") == evil
    assert not list(root.iter(f"{SVG}script"))


def test_it_needs_nothing_from_elsewhere():
    text = draw_svg(explained(CHAIN)).replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert "http" not in text
    assert "href" not in text
