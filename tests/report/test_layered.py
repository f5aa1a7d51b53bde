"""Boxes and arcs in layers: nothing overlaps, whatever the graph."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from twin.report.layered import Arc, Box, lay_out


def overlap(one, other):
    return all(one[k] < other[k] + other[k + 2] and other[k] < one[k] + one[k + 2] for k in (0, 1))


@st.composite
def drawings(draw):
    layers = draw(st.lists(st.integers(0, 4), min_size=1, max_size=9))
    sizes = st.floats(20, 200)
    boxes = [Box(f"b{k}", layer, draw(sizes), draw(sizes)) for k, layer in enumerate(layers)]
    names = st.sampled_from([b.name for b in boxes])
    ends = draw(st.lists(st.tuples(names, names), max_size=14, unique=True))
    return boxes, [Arc(a, b, draw(sizes), draw(sizes)) for a, b in ends]


@given(drawings())
def test_boxes_and_labels_keep_apart_and_inside(drawing):
    boxes, arcs = drawing
    layout = lay_out(boxes, arcs)
    assert set(layout.boxes) == {b.name for b in boxes}
    assert set(layout.labels) == set(range(len(arcs)))
    shapes = [*layout.boxes.values(), *layout.labels.values()]
    assert not any(overlap(one, other) for one, other in combinations(shapes, 2))
    assert all(top >= -1e-9 and top + height <= layout.height + 1e-6 for _, top, _, height in shapes)


@given(drawings())
def test_arcs_begin_and_end_at_the_sides_of_their_boxes(drawing):
    boxes, arcs = drawing
    layout = lay_out(boxes, arcs)
    for k, arc in enumerate(arcs):
        points = layout.paths.get(k) or layout.lanes[k]
        left, top, width, height = layout.boxes[arc.source]
        assert abs(points[0][0] - left - width) < 1e-6
        assert top <= points[0][1] <= top + height
        left, top, _, height = layout.boxes[arc.target]
        assert abs(points[-1][0] - left) < 1e-6
        assert top <= points[-1][1] <= top + height


@given(drawings())
def test_no_arc_runs_through_a_box_that_it_does_not_join(drawing):
    """The straight stretches span the columns; curves stay between them, where no box is."""
    boxes, arcs = drawing
    layout = lay_out(boxes, arcs)
    for k, points in layout.paths.items():
        strangers = [r for n, r in layout.boxes.items() if n not in (arcs[k].source, arcs[k].target)]
        for (x0, y), (x1, _) in zip(points[::2], points[1::2], strict=True):
            assert not any(overlap((x0, y, x1 - x0, 1e-6), stranger) for stranger in strangers)


def test_a_chain_is_straight_and_crossings_are_undone():
    chain = lay_out([Box("a", 0, 50, 40), Box("b", 1, 50, 40), Box("c", 2, 50, 40)], [Arc("a", "b"), Arc("b", "c")])
    assert len({round(top, 6) for _, top, _, _ in chain.boxes.values()}) == 1
    boxes = [Box("a", 0, 50, 40), Box("b", 0, 50, 40), Box("c", 1, 50, 40), Box("d", 1, 50, 40)]
    crossed = lay_out(boxes, [Arc("a", "d"), Arc("b", "c")]).boxes
    assert (crossed["a"][1] < crossed["b"][1]) == (crossed["d"][1] < crossed["c"][1])
