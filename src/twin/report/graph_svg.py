"""The coupling graph as a picture: one self-contained SVG, the same bytes for the same graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from twin.report.graph import Edge, edges_of, layers_of, units_of
from twin.report.layered import Arc, Box, Layout, Point, Rectangle, lay_out

__all__ = ["draw_svg"]

_MARGIN, _BETWEEN = 36.0, 56.0
_LINE = 13.5  # from one line of a label to the next
_WRAP = 20  # letters of a label in one line
_PAD, _HEAD = 20.0, 26.0  # inside the frame of a loop; its title
# Dark enough for lines on white; neighbours in the list, who tend to stand beside each other, far apart in hue
_COLOURS = (
    *("#1b7f64", "#c25407", "#6761a8", "#c92379", "#4f8a17", "#27699e", "#b07d00"),
    *("#5a6570", "#8a5a16", "#0f7f8c", "#9b3fa0", "#a63a2b", "#3f6b3a"),
)
_STYLE = """\
text{font-family:"Segoe UI","Helvetica Neue",Arial,"DejaVu Sans",sans-serif;fill:#1f2933}
.title{font-size:22px;font-weight:600}.heading{font-size:16px;font-weight:600}.note{font-size:12px;fill:#52606d}
.simulator rect{fill:#fff;stroke:#3e4c59;stroke-width:1.2}.simulator .name{font-size:13px;font-weight:600}
.simulator .step{font-size:11px;fill:#52606d}.simulator .share{stroke:none}
.label rect{fill:#fff;stroke-width:.8}.label text{font-size:10.5px}
.loop rect{fill:#f3f6f9;stroke:#7b8794;stroke-width:1.2}.loop text{font-size:11.5px;fill:#3e4c59;font-weight:600}
.edge{fill:none;stroke-width:1.6}.late{stroke-dasharray:6 4}"""


@dataclass(frozen=True)
class _Node:
    """A simulator as it is shown."""

    name: str
    step: str
    seconds: float | None
    share: float
    colour: str

    @property
    def about(self) -> str:
        """How often it steps and, after a run, the time that took."""
        if self.seconds is None:
            return f"every {self.step}"
        return f"every {self.step} · {self.seconds:.{1 if self.seconds >= 10 else 2}f} s"


def draw_svg(explained: Mapping[str, Any]) -> str:
    """Return a picture of what `explain` found: one drawing for every different graph, one below the other.

    Parameters
    ----------
    explained
        What `explain` returns; under ``seconds``, if it is there, the time each simulator took by option and name.
    """
    parts: list[str] = []
    y, width = _MARGIN + 18, 0.0
    parts.append(_text(_MARGIN, y, explained["title"], "title"))
    for line in _captions(explained):
        y += 19
        parts.append(_text(_MARGIN, y, line, "note"))
        width = max(width, _text_width(line, 12))
    names = dict.fromkeys(node["name"] for graph in explained["graphs"] for node in graph["simulators"])
    colours = {name: _COLOURS[k % len(_COLOURS)] for k, name in enumerate(names)}
    for graph in explained["graphs"]:
        y += _BETWEEN
        heading = ", ".join(graph["options"])
        notes = _notes(graph, explained.get("seconds", {}))
        parts.append(_text(_MARGIN, y, heading, "heading"))
        for k, note in enumerate(notes):
            parts.append(_text(_MARGIN, y + 19 * (k + 1), note, "note"))
        y += 19 * len(notes) + 22
        drawn, size = _graph(graph, _nodes(graph, explained.get("seconds", {}), colours))
        parts.append(f'<g transform="translate({_MARGIN:g} {y:.1f})">\n{drawn}\n</g>')
        y += size[1]
        width = max(width, size[0], _text_width(heading, 16), *(_text_width(note, 12) for note in notes))
    width = max(width, _text_width(explained["title"], 22)) + 2 * _MARGIN
    height = y + _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" role="img">\n<title>{escape(explained["title"])}</title>\n'
        f"<style>{_STYLE}</style>\n"
        f'<rect width="100%" height="100%" fill="#fff"/>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _captions(explained: Mapping[str, Any]) -> list[str]:
    """Return what holds for all graphs: the periods and how to read the drawing."""
    spans = [
        f"{span['start']} to {span['end']}" + (f", counts {span['weight']:g} times" if span["weight"] != 1.0 else "")
        for span in explained["spans"]
    ]
    reading = "Arrows lead from who gives to who takes, in the writer's colour"
    if any(port["late"] for graph in explained["graphs"] for node in graph["simulators"] for port in node["reads"]):
        reading += "; dashed ones carry what was given one step before"
    if any(graph["loops"] for graph in explained["graphs"]):
        reading += "; frames hold loops, which are stepped finely"
    return [*(f"{span}; warm-up {explained['warm_up']}" for span in spans), reading + "."]


def _notes(graph: Mapping[str, Any], seconds: Mapping[str, Mapping[str, float]]) -> list[str]:
    windows = "one window" if graph["windows"] == 1 else f"{graph['windows']} windows"
    notes = [f"{windows} of at most {graph['longest_window']}"]
    timed = [option for option in graph["options"] if option in seconds]
    if timed:
        total = sum(sum(seconds[option].values()) for option in timed)
        notes.append(f"Seconds and bars: the last run of {', '.join(timed)}, {total:.2f} s in all")
    return notes


def _nodes(
    graph: Mapping[str, Any], seconds: Mapping[str, Mapping[str, float]], colours: Mapping[str, str]
) -> dict[str, _Node]:
    """Return the simulators with what they took in the last run of this graph's options, None if there was none."""
    runs = [seconds[option] for option in graph["options"] if option in seconds]
    longest = max((sum(run.get(n["name"], 0.0) for run in runs) for n in graph["simulators"]), default=0.0)
    nodes = {}
    for node in graph["simulators"]:
        took = sum(run.get(node["name"], 0.0) for run in runs) if runs else None
        share = took / longest if took and longest else 0.0
        nodes[node["name"]] = _Node(node["name"], node["step"], took, share, colours[node["name"]])
    return nodes


class _Picture:
    """What a graph is drawn of, in the order in which it is painted: frames, arcs, boxes, labels."""

    def __init__(self) -> None:
        self.frames: list[str] = []
        self.arcs: list[str] = []
        self.boxes: list[str] = []
        self.labels: list[str] = []

    def __str__(self) -> str:
        return "\n".join([*self.frames, *self.arcs, *self.boxes, *self.labels])


def _graph(graph: Mapping[str, Any], nodes: Mapping[str, _Node]) -> tuple[str, tuple[float, float]]:
    """Return the drawing of one graph and its size."""
    edges, units = edges_of(graph), units_of(graph)
    layers = layers_of(units, edges)
    steps = {tuple(loop["members"]): loop["step"] for loop in graph["loops"]}
    unit_of = {name: k for k, members in enumerate(units) for name in members}
    between = [e for e in edges if unit_of[e.source] != unit_of[e.target]]
    inner = {k: _inner(members, edges, between, nodes) for k, members in enumerate(units) if members in steps}
    boxes = [
        _frame_box(str(k), layers[k], inner[k], between, members)
        if k in inner
        else Box(str(k), layers[k], *_box_size(nodes[members[0]], edges))
        for k, members in enumerate(units)
    ]
    arcs = [Arc(str(unit_of[e.source]), str(unit_of[e.target]), *_label_size(e)) for e in between]
    layout = lay_out(boxes, arcs)
    picture = _Picture()
    for k, members in enumerate(units):
        if k in inner:
            _draw_loop(picture, layout.boxes[str(k)], inner[k], steps[members], nodes)
        else:
            picture.boxes.append(_box(nodes[members[0]], layout.boxes[str(k)]))
    for k, edge in enumerate(between):
        colour, ends_here = nodes[edge.source].colour, unit_of[edge.target] not in inner
        picture.arcs.append(_curve(edge, colour, layout.paths[k], arrow=ends_here))
        picture.labels.append(_label(edge, colour, layout.labels[k]))
    return str(picture), (layout.width, layout.height)


# -- loops: a drawing of their own, inside a frame


@dataclass(frozen=True)
class _Inner:
    """The inside of a loop: its arcs come from and go to the frame (``in:k``, ``out:k``) or lead between members."""

    edges: Sequence[tuple[Edge, int | None]]
    members: Sequence[str]
    layout: Layout


def _inner(
    members: Sequence[str], edges: Sequence[Edge], between: Sequence[Edge], nodes: Mapping[str, _Node]
) -> _Inner:
    inside = [e for e in edges if e.source in members and e.target in members]
    depth = layers_of([(m,) for m in members], [e for e in inside if not e.late])
    last = max(depth) + 2
    boxes = [Box(m, depth[k] + 1, *_box_size(nodes[m], edges)) for k, m in enumerate(members)]
    arcs = [Arc(e.source, e.target, *_label_size(e)) for e in inside]
    drawn: list[tuple[Edge, int | None]] = [(e, None) for e in inside]
    for k, edge in enumerate(between):
        if edge.target in members:
            boxes.append(Box(f"in:{k}", 0, 0.0, 0.0))
            arcs.append(Arc(f"in:{k}", edge.target))
            drawn.append((edge, k))
        elif edge.source in members:
            boxes.append(Box(f"out:{k}", last, 0.0, 0.0))
            arcs.append(Arc(edge.source, f"out:{k}"))
            drawn.append((edge, k))
    return _Inner(drawn, members, lay_out(boxes, arcs, last))


def _frame_box(name: str, layer: int, inner: _Inner, between: Sequence[Edge], members: Sequence[str]) -> Box:
    """Return the box that a loop is from outside: arcs meet it where they go on inside."""
    height = inner.layout.height + 2 * _PAD + _HEAD
    down = {n: r[1] + _PAD + _HEAD - height / 2 for n, r in inner.layout.boxes.items()}
    left = {k: down[f"in:{k}"] for k, e in enumerate(between) if e.target in members}
    right = {k: down[f"out:{k}"] for k, e in enumerate(between) if e.source in members}
    return Box(name, layer, inner.layout.width, height, left, right)


def _draw_loop(picture: _Picture, frame: Rectangle, inner: _Inner, step: str, nodes: Mapping[str, _Node]) -> None:
    left, top, _, _ = frame
    title = _text(left + 14, top + 19, f"loop, every {step}", "")
    picture.frames.append(f'<g class="loop">{_rect(frame, 10)}{title}</g>')
    move = left, top + _PAD + _HEAD
    layout = inner.layout
    for name in inner.members:
        picture.boxes.append(_box(nodes[name], _moved(layout.boxes[name], move)))
    for k, (edge, outside) in enumerate(inner.edges):
        colour, ends_here = nodes[edge.source].colour, edge.target in inner.members
        if k in layout.lanes:
            picture.arcs.append(_lane(edge, colour, [(x + move[0], y + move[1]) for x, y in layout.lanes[k]]))
        else:
            points = [(x + move[0], y + move[1]) for x, y in layout.paths[k]]
            picture.arcs.append(_curve(edge, colour, points, arrow=ends_here))
        if outside is None:
            picture.labels.append(_label(edge, colour, _moved(layout.labels[k], move)))


def _moved(rectangle: Rectangle, by: Point) -> Rectangle:
    left, top, width, height = rectangle
    return left + by[0], top + by[1], width, height


# -- pieces


def _box_size(node: _Node, edges: Sequence[Edge]) -> tuple[float, float]:
    most = max(sum(e.target == node.name for e in edges), sum(e.source == node.name for e in edges))
    width = max(_text_width(node.name, 13.5), _text_width(node.about, 11)) + 28
    return max(124.0, width), max(50.0, 13.0 * (most + 1))


def _label_size(edge: Edge) -> tuple[float, float]:
    lines = _lines(edge)
    return max(_text_width(line, 10.5) for line in lines) + 14, len(lines) * _LINE + 6


def _lines(edge: Edge) -> list[str]:
    """Return an edge's quantities as lines of a label, long ones wrapped."""
    lines: list[str] = []
    for quantity in edge.quantities:
        line = ""
        for word in quantity.split("_"):
            if line and len(line) + 1 + len(word) > _WRAP:
                lines.append(line)
                line = "  " + word
            else:
                line = f"{line} {word}".lstrip() if line.strip() == "" else f"{line} {word}"
        lines.append(line)
    return lines


def _box(node: _Node, at: Rectangle) -> str:
    left, top, width, height = at
    bars = [(left, top + 7, 4.0, height - 14)]
    if node.seconds is not None:
        bars.append((left + 14, top + height - 7, node.share * (width - 28), 3.0))
    middle = top + height / 2
    return (
        f'<g class="simulator" data-name={quoteattr(node.name)}>{_rect(at, 6)}'
        + "".join(f'<rect class="share" style="fill:{node.colour}"{_numbers(bar)}/>' for bar in bars)
        + _text(left + 14, middle - 4, node.name, "name")
        + _text(left + 14, middle + 12, node.about, "step")
        + "</g>"
    )


def _label(edge: Edge, colour: str, at: Rectangle) -> str:
    left, top, _, _ = at
    text = "".join(_text(left + 7, top + 3 + _LINE * (k + 0.78), line, "") for k, line in enumerate(_lines(edge)))
    return f'<g class="label"><rect rx="4" style="stroke:{colour}"{_numbers(at)}/>{text}</g>'


def _curve(edge: Edge, colour: str, points: Sequence[Point], arrow: bool) -> str:
    """Return an arc through its points: straight in pairs, curved from pair to pair."""
    steps = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for k, ((x0, y0), (x1, y1)) in enumerate(pairwise(points)):
        if k % 2 == 0:
            steps.append(f"H{x1:.1f}" if x1 != x0 else "")
        else:
            bow = (x1 - x0) / 2
            steps.append(f"C{x0 + bow:.1f} {y0:.1f} {x1 - bow:.1f} {y1:.1f} {x1:.1f} {y1:.1f}")
    return _path(edge, colour, "".join(steps), points[-1] if arrow else None)


def _lane(edge: Edge, colour: str, points: Sequence[Point], radius: float = 9.0) -> str:
    """Return an arc that leads back, its corners rounded."""
    steps = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        one, other = _towards(corner, before, radius), _towards(corner, after, radius)
        steps.append(f"L{one[0]:.1f} {one[1]:.1f}Q{corner[0]:.1f} {corner[1]:.1f} {other[0]:.1f} {other[1]:.1f}")
    steps.append(f"L{points[-1][0]:.1f} {points[-1][1]:.1f}")
    return _path(edge, colour, "".join(steps), points[-1])


def _towards(corner: Point, end: Point, radius: float) -> Point:
    """Return the point at most ``radius``, and half of the way, from a corner towards the next one."""
    dx, dy = end[0] - corner[0], end[1] - corner[1]
    length = abs(dx) + abs(dy)
    part = min(0.5, radius / length) if length else 0.0
    return corner[0] + dx * part, corner[1] + dy * part


def _path(edge: Edge, colour: str, steps: str, end: Point | None) -> str:
    late = " late" if edge.late else ""
    ends = f"data-from={quoteattr(edge.source)} data-to={quoteattr(edge.target)}"
    path = f'<path class="edge{late}" {ends} style="stroke:{colour}" d="{steps}"/>'
    if end is None:
        return path
    x, y = end
    return f'{path}<path style="fill:{colour}" d="M{x:.1f} {y:.1f}l-8 -4v8z"/>'


def _rect(at: Rectangle, radius: float) -> str:
    return f'<rect rx="{radius:g}"{_numbers(at)}/>'


def _numbers(at: Rectangle) -> str:
    return "".join(f' {key}="{value:.1f}"' for key, value in zip(("x", "y", "width", "height"), at, strict=True))


def _text(x: float, y: float, text: str, kind: str) -> str:
    style = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{style} xml:space="preserve">{escape(text)}</text>'


def _text_width(text: str, size: float) -> float:
    """Return about how wide a text is, rather too wide than too narrow: nobody knows the reader's fonts."""
    return size * sum(0.34 if c in "ijl.,;:|' t" else 0.92 if c in "mwMW@%" else 0.6 for c in text)
