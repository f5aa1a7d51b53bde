"""Which of many traces on the ground run side by side, facing each other: candidates for walls that are shared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry.rings import offsets_of

__all__ = ["facing_pairs"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CELL_M = 8.0  # about the length of a wall
SECTORS = 12  # of the compass
PAIRS = 1 << 16  # compared at a time


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Traces cut into pieces shorter than a cell.

    Attributes
    ----------
    middle, half
        Centre of each piece and half its extent along the axes, m, shape ``(n, 2)``.
    trace
        The trace each is cut from.
    """

    middle: Floats
    half: Floats
    trace: Ints

    @classmethod
    def of(cls, ends: Floats, longest: float) -> _Pieces:
        """Cut traces into pieces no longer than given."""
        along = ends[:, 1] - ends[:, 0]
        count = np.maximum(np.ceil(np.sqrt((along**2).sum(axis=1)) / longest), 1).astype(np.int64)
        trace = np.repeat(np.arange(len(ends)), count)
        step = along / count[:, None]
        number = np.arange(len(trace)) - np.repeat(offsets_of(count)[:-1], count)
        return cls(ends[trace, 0] + step[trace] * (number[:, None] + 0.5), np.abs(step)[trace] / 2, trace)

    def take(self, traces: NDArray[np.bool_]) -> _Pieces:
        """Return the pieces of some traces (a mask)."""
        rows = np.flatnonzero(traces[self.trace])
        return _Pieces(self.middle[rows], self.half[rows], self.trace[rows])


@dataclass(frozen=True, slots=True)
class _Grid:
    """Cells on the ground, each with the sectors of the compass."""

    origin: Floats
    rows: int

    def entries(self, pieces: _Pieces, facing: Floats, gap: float, angle: float) -> tuple[Ints, Ints]:
        """Return cells and sectors that pieces come within ``gap`` and ``angle`` of, and the trace of each."""
        low, high = (
            np.floor((pieces.middle + side * (pieces.half + gap) - self.origin) / CELL_M).astype(np.int64)
            for side in (-1, 1)
        )
        sectors = [np.floor((facing + turn) % 360.0 * (SECTORS / 360.0))[pieces.trace] for turn in (-angle, angle)]
        places = [
            (low[:, 0], low[:, 1], np.ones(len(low), dtype=bool)),
            (high[:, 0], low[:, 1], high[:, 0] > low[:, 0]),
            (low[:, 0], high[:, 1], high[:, 1] > low[:, 1]),
            (high[:, 0], high[:, 1], (high > low).all(axis=1)),
        ]
        keys, traces = [], []
        for sector, also in ((sectors[0], True), (sectors[1], sectors[1] != sectors[0])):
            for column, row, there in places:
                some = np.flatnonzero(there & also)
                keys.append((column[some] * self.rows + row[some]) * SECTORS + sector[some].astype(np.int64))
                traces.append(pieces.trace[some])
        return np.concatenate(keys), np.concatenate(traces)


def facing_pairs(ends: Floats, azimuth: Floats, angle: float, gap: float) -> tuple[Ints, Ints]:
    """Return pairs of traces that face opposite ways and come near each other, each pair once, the lower row first.

    Traces are cut into pieces and hashed into cells of a grid and sectors of the compass, so that the work grows with
    the number of traces and not with the size of the city. A pair returned may still be farther apart or at a larger
    angle than asked for; a pair left out is not.

    Parameters
    ----------
    ends
        Shape ``(n, 2, 2)``, m.
    azimuth
        Direction each trace faces, degrees, 0 to 360.
    angle
        How far from opposite the two may face, degrees.
    gap
        How near they come, m.
    """
    if not len(ends):
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    pieces = _Pieces.of(ends, CELL_M - 2 * gap)
    low, high = ends.min(axis=(0, 1)) - 2 * CELL_M, ends.max(axis=(0, 1)) + 2 * CELL_M
    grid = _Grid(low, int((high[1] - low[1]) / CELL_M) + 1)
    # of two that face each other at least one faces the eastern half of the compass, or nearly so
    opposite = (azimuth + 180.0) % 360.0
    faced = (opposite < 180.0 + 2 * angle) | (opposite >= 360.0 - angle)
    keys, trace = grid.entries(pieces.take(azimuth < 180.0 + angle), azimuth, 0.0, 0.0)
    found = [np.zeros(0, dtype=np.int64)]
    for a, b in _joined(keys, trace, *grid.entries(pieces.take(faced), opposite, gap, angle)):
        near = _beside(ends, a, b, gap)
        a, b = a[near], b[near]
        found.append(_distinct(np.minimum(a, b) * len(ends) + np.maximum(a, b)))
    a, b = np.divmod(_distinct(np.concatenate(found)), len(ends))
    return a, b


def _beside(ends: Floats, a: Ints, b: Ints, gap: float) -> NDArray[np.bool_]:
    """Return for which pairs the second comes into the box round the first, turned with it and ``gap`` wider."""
    x, y = (np.ascontiguousarray(ends[:, :, k].T) for k in (0, 1))
    east, north = (values[1, a] - values[0, a] for values in (x, y))
    length = np.maximum(np.sqrt(east**2 + north**2), gap)
    east, north = east / length, north / length
    along, across = [], []
    for end in (0, 1):
        dx, dy = x[end, b] - x[0, a], y[end, b] - y[0, a]
        along.append(dx * east + dy * north)
        across.append(dx * north - dy * east)
    kept = (np.minimum(*across) <= gap) & (np.maximum(*across) >= -gap)
    return np.asarray(kept & (np.minimum(*along) <= length + gap) & (np.maximum(*along) >= -gap))


def _distinct(values: Ints) -> Ints:
    """Return different values in ascending order."""
    values = np.sort(values)
    fresh = np.ones(len(values), dtype=bool)
    fresh[1:] = values[1:] != values[:-1]
    return values[fresh]


def _joined(keys: Ints, rows: Ints, other_keys: Ints, other_rows: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield all pairs of rows with the same key, some at a time."""
    order, other_order = np.argsort(keys), np.argsort(other_keys)
    keys, rows, other_keys, other_rows = keys[order], rows[order], other_keys[other_order], other_rows[other_order]
    start = np.searchsorted(other_keys, keys, side="left")
    count = np.searchsorted(other_keys, keys, side="right") - start
    ends = np.cumsum(count)
    cuts = np.unique(np.searchsorted(ends, np.arange(0, ends[-1] if len(ends) else 0, PAIRS), side="right"))
    for one, stop in pairwise([*cuts.tolist(), len(keys)]):
        some = count[one:stop]
        first = np.repeat(start[one:stop] - offsets_of(some)[:-1], some)
        at = first + np.arange(len(first))
        yield np.repeat(rows[one:stop], some), other_rows[at]
