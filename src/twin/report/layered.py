"""A drawing of boxes and arcs in layers from left to right: where everything stands so that nothing overlaps.

The steps are those of Sugiyama, Tagawa and Toda (1981): labels and the bends of long arcs are items of the layers
between, an order of each layer with few crossings is found by barycentres, and heights are then set by least squares
under the distances that items must keep (isotonic regression, exact for each layer).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import fmean

__all__ = ["Arc", "Box", "Layout", "lay_out"]

Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]  # left, top, width, height

_GAP = 42.0  # between two columns, and the most of it
_MOST_GAP = 110.0
_APART = {"box": 22.0, "label": 9.0, "bend": 11.0}
_LANE = 12.0  # between the lanes of arcs that lead back
_ORDERINGS, _SETTLINGS = 16, 200  # at most
_SETTLED = 0.1


@dataclass(frozen=True)
class Box:
    """A box to place in a layer; ``left`` and ``right`` say at which height below its middle an arc must meet it."""

    name: str
    layer: int
    width: float
    height: float
    left: Mapping[int, float] = field(default_factory=dict)
    right: Mapping[int, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Arc:
    """An arc between two boxes, with a label of a size; it leads back if its target stands no further right."""

    source: str
    target: str
    width: float = 0.0
    height: float = 0.0


@dataclass
class Layout:
    """Where everything stands: boxes by name, labels and the points of the arcs by their number.

    Points come in pairs: an arc runs straight within a pair, which spans a column, and in a curve from pair to pair;
    an arc in ``lanes`` leads back, at right angles from point to point.
    """

    width: float
    height: float
    boxes: dict[str, Rectangle]
    labels: dict[int, Rectangle]
    paths: dict[int, list[Point]]
    lanes: dict[int, list[Point]]


@dataclass(eq=False)
class _Item:
    kind: str
    column: int
    width: float
    height: float
    arc: int = -1
    box: Box | None = None
    y: float = 0.0
    before: list[tuple[_Item, int]] = field(default_factory=list)
    after: list[tuple[_Item, int]] = field(default_factory=list)
    ports: dict[tuple[str, int], float] = field(default_factory=dict)
    run: list[_Item] = field(default_factory=list)  # bends of the same arc, this one among them

    def port(self, side: str, arc: int) -> float:
        """Return the height at which an arc meets this item."""
        return self.y + self.ports.get((side, arc), 0.0)


def lay_out(boxes: Sequence[Box], arcs: Sequence[Arc], last_layer: int | None = None) -> Layout:
    """Return where boxes, labels and arcs go; the same input gives the same drawing.

    Parameters
    ----------
    last_layer
        Number of the layer furthest right, if it lies beyond that of all boxes.
    """
    items = {b.name: _Item("box" if b.width else "bend", 2 * b.layer, b.width, b.height, box=b) for b in boxes}
    last = max(b.layer for b in boxes) if last_layer is None else last_layer
    columns: list[list[_Item]] = [[] for _ in range(2 * last + 1)]
    for item in items.values():
        columns[item.column].append(item)
    chains = {
        k: _chain(k, arc, items[arc.source], items[arc.target], columns)
        for k, arc in enumerate(arcs)
        if items[arc.source].column < items[arc.target].column
    }
    back = [k for k in range(len(arcs)) if k not in chains]
    _order(columns)
    _settle(columns, arcs, back)
    lefts, width = _across(columns)
    return _drawn(items, columns, chains, lefts, width, arcs, back)


def _chain(k: int, arc: Arc, source: _Item, target: _Item, columns: list[list[_Item]]) -> list[_Item]:
    """Join two boxes by one item in each column between them: the label in the last, bends in the others."""
    chain = [source]
    for column in range(source.column + 1, target.column):
        labelled = column == target.column - 1 and arc.width
        size = (arc.width, arc.height) if labelled else (0.0, 0.0)
        item = _Item("label" if labelled else "bend", column, *size, arc=k)
        columns[column].append(item)
        chain.append(item)
    chain.append(target)
    bends = [item for item in chain[1:-1] if item.kind == "bend"]
    for item in bends:
        item.run = bends
    for one, other in pairwise(chain):
        one.after.append((other, k))
        other.before.append((one, k))
    return chain


# -- order


def _order(columns: list[list[_Item]]) -> None:
    """Sort every column by the mean place of its neighbours, to and fro, and keep what crosses least."""
    best, fewest = [list(column) for column in columns], _crossings(columns)
    for sweep in range(_ORDERINGS):
        side = "before" if sweep % 2 == 0 else "after"
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            place = {id(item): float(k) for other in columns for k, item in enumerate(other)}
            near = {id(item): _barycentre(item, side, place) for item in column}
            column.sort(key=lambda item: near[id(item)])
        crossings = _crossings(columns)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    columns[:] = best


def _barycentre(item: _Item, side: str, place: Mapping[int, float]) -> float:
    near = [place[id(other)] for other, _ in getattr(item, side)]
    return fmean(near) if near else place[id(item)]


def _crossings(columns: Sequence[Sequence[_Item]]) -> int:
    total = 0
    for left, right in pairwise(columns):
        place = {id(item): k for k, item in enumerate(right)}
        ends = [(k, place[id(other)]) for k, item in enumerate(left) for other, _ in item.after]
        total += sum((a - c) * (b - d) < 0 for i, (a, b) in enumerate(ends) for c, d in ends[:i])
    return total


# -- heights


def _settle(columns: Sequence[Sequence[_Item]], arcs: Sequence[Arc], back: Sequence[int]) -> None:
    """Move every column, again and again, as close to its neighbours as the distances in it allow."""
    for column in columns:
        _place(column, [0.0] * len(column))
    for sweep in range(_SETTLINGS):
        for column in columns:
            for item in column:
                _spread(item, arcs, back)
        before = [item.y for column in columns for item in column]
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            _place(column, [_wanted(item) for item in column])
        after = [item.y for column in columns for item in column]
        if max(abs(b - a) for a, b in zip(before, after, strict=True)) < _SETTLED:
            return


def _spread(item: _Item, arcs: Sequence[Arc], back: Sequence[int]) -> None:
    """Share out the sides of a box among its arcs, in the order of their other ends; those that lead back come last."""
    if item.box is None:
        return
    name = item.box.name
    for side, near, fixed, returning in (
        ("left", item.before, item.box.left, [k for k in back if arcs[k].target == name]),
        ("right", item.after, item.box.right, [k for k in back if arcs[k].source == name]),
    ):
        ends = [k for _, k in sorted(((other.y, k) for other, k in near), key=lambda end: end)] + returning
        pitch = item.height / (len(ends) + 1)
        for place, k in enumerate(ends):
            item.ports[side, k] = fixed.get(k, (place + 1) * pitch - item.height / 2)


def _wanted(item: _Item) -> float:
    """Return the height at which an item's arcs would run straight; a bend goes where the others of its arc are."""
    pulls = [other.port("right", k) - item.ports.get(("left", k), 0.0) for other, k in item.before]
    pulls += [other.port("left", k) - item.ports.get(("right", k), 0.0) for other, k in item.after]
    if not pulls:
        return item.y
    if item.run:
        ends = [other.port("right", k) for other, k in item.run[0].before]
        ends += [other.port("left", k) for other, k in item.run[-1].after]
        return (fmean(bend.y for bend in item.run) * len(item.run) + fmean(ends)) / (len(item.run) + 1)
    return fmean(pulls)


def _place(column: Sequence[_Item], wanted: Sequence[float]) -> None:
    """Set heights as near to those wanted as possible, in least squares, all distances kept."""
    offset, offsets = 0.0, [0.0]
    for one, other in pairwise(column):
        apart = max(_APART[one.kind], _APART[other.kind])
        offset += (one.height + other.height) / 2 + apart
        offsets.append(offset)
    pools: list[tuple[float, float, int]] = []  # mean, weight and number of items that stand as close as they may
    for item, height, below in zip(column, wanted, offsets, strict=False):
        mean, weight, count = height - below, 1.0 + len(item.run), 1  # boxes make way for long arcs
        while pools and pools[-1][0] >= mean:
            other_mean, other_weight, other_count = pools.pop()
            mean = (mean * weight + other_mean * other_weight) / (weight + other_weight)
            weight, count = weight + other_weight, count + other_count
        pools.append((mean, weight, count))
    heights = [mean for mean, _, count in pools for _ in range(count)]
    for item, height, below in zip(column, heights, offsets, strict=False):
        item.y = height + below


# -- from left to right


def _across(columns: Sequence[Sequence[_Item]]) -> tuple[list[float], float]:
    """Return the left side of every column, and the whole width."""
    lefts, x = [], 0.0
    for k, column in enumerate(columns):
        lefts.append(x)
        x += _width(column)
        if k < len(columns) - 1 and (column or k % 2 == 0):
            x += _gap(column)
    return lefts, x


def _width(column: Sequence[_Item]) -> float:
    return max((item.width for item in column), default=0.0)


def _gap(column: Sequence[_Item]) -> float:
    """Return the room right of a column: more where arcs climb far."""
    climbs = [abs(item.port("right", k) - other.port("left", k)) for item in column for other, k in item.after]
    return min(_MOST_GAP, max(_GAP, 0.36 * max(climbs, default=0.0)))


def _drawn(
    items: Mapping[str, _Item],
    columns: Sequence[Sequence[_Item]],
    chains: Mapping[int, Sequence[_Item]],
    lefts: Sequence[float],
    width: float,
    arcs: Sequence[Arc],
    back: Sequence[int],
) -> Layout:
    top = min(item.y - item.height / 2 for column in columns for item in column)
    for item in (item for column in columns for item in column):
        item.y -= top
    middles = [left + _width(column) / 2 for left, column in zip(lefts, columns, strict=True)]
    bottom = max(item.y + item.height / 2 for column in columns for item in column)
    layout = Layout(width, bottom, {}, {}, {}, {})
    for name, item in items.items():
        layout.boxes[name] = _rectangle(item, middles[item.column])
    for k, chain in chains.items():
        layout.paths[k] = list(_points(k, chain, columns, lefts, middles))
        for item in chain:
            if item.kind == "label":
                layout.labels[k] = _rectangle(item, middles[item.column])
    for n, k in enumerate(back):
        _lead_back(layout, k, n, arcs[k], items)
    return layout


def _rectangle(item: _Item, middle: float) -> Rectangle:
    return middle - item.width / 2, item.y - item.height / 2, item.width, item.height


def _points(
    k: int,
    chain: Sequence[_Item],
    columns: Sequence[Sequence[_Item]],
    lefts: Sequence[float],
    middles: Sequence[float],
) -> Iterator[Point]:
    """Yield the points of an arc: from box to box, straight across every column."""
    for place, item in enumerate(chain):
        left, right = lefts[item.column], lefts[item.column] + _width(columns[item.column])
        middle, half = middles[item.column], item.width / 2
        if place == 0:
            yield middle + half, item.port("right", k)
            yield right, item.port("right", k)
        elif place == len(chain) - 1:
            yield left, item.port("left", k)
            yield middle - half, item.port("left", k)
        else:
            yield left, item.y
            yield right, item.y


def _lead_back(layout: Layout, k: int, n: int, arc: Arc, items: Mapping[str, _Item]) -> None:
    """Lead an arc back below everything else, with its label in the middle of its lane."""
    source, target = layout.boxes[arc.source], layout.boxes[arc.target]
    start = source[0] + source[2], items[arc.source].port("right", k)
    end = target[0], items[arc.target].port("left", k)
    right, left = start[0] + 12.0 + 6.0 * n, end[0] - 18.0 - 6.0 * n
    lane = layout.height + _LANE + arc.height / 2
    layout.lanes[k] = [start, (right, start[1]), (right, lane), (left, lane), (left, end[1]), end]
    layout.labels[k] = ((left + right - arc.width) / 2, lane - arc.height / 2, arc.width, arc.height)
    layout.height = lane + arc.height / 2
