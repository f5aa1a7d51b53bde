"""Triangles filed by the cells of a level raster that they pass over, and how high things stand around every cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_CELLS", "Entries", "Raster", "covered", "rasterize"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Ints = NDArray[np.int64]
Cells = NDArray[np.int32]

MOST_CELLS = 1 << 22
"""Cells are doubled in size until a raster has no more of them; at 2 m it covers 17 km2."""

_WIDER = 2e-3  # cells count as larger by this, in cells: rays go a little beyond, and rounding shall lose no triangle
_HIGHER_M = 2e-3  # and triangles as higher and deeper by this
_BLOCK = 1 << 18  # strips of triangles looked at together
_UPRIGHT = 1e-6  # triangles whose normal has less of an upward part stand upright


@dataclass(frozen=True)
class Entries:
    """Which triangle passes over which cell, in no order.

    Attributes
    ----------
    triangle, column, row
        Shape ``(e,)``.
    """

    triangle: Cells
    column: Cells
    row: Cells

    def __len__(self) -> int:
        return len(self.triangle)

    def take(self, some: slice | Ints) -> Entries:
        """Return some of them."""
        return Entries(self.triangle[some], self.column[some], self.row[some])


@dataclass(frozen=True, repr=False)
class Raster:
    """What stands in each cell of a raster.

    Attributes
    ----------
    cell_m
        Size of a cell, m.
    corner
        Where the first cell begins (x, y), m, shape ``(2,)``.
    n_columns, n_rows
        How many cells there are; none of those along the border holds anything.
    bits
        Rows lie ``2 ** bits`` cells apart in memory: cell ``(column, row)`` is number ``(row << bits) + column``.
    first
        Cell ``c`` holds entries ``first[c]:first[c + 1]``, shape ``(cells + 1,)``.
    triangle
        Of every entry, shape ``(e,)``.
    bottom, top
        Between which heights the triangle lies in that cell, m, shape ``(e,)``.
    """

    cell_m: float
    corner: Floats
    n_columns: int
    n_rows: int
    bits: int
    first: Cells
    triangle: Cells
    bottom: Singles
    top: Singles

    def __repr__(self) -> str:
        return f"Raster({self.n_columns:,} x {self.n_rows:,} cells of {self.cell_m:g} m, {len(self.top):,} entries)"

    @cached_property
    def heights(self) -> Singles:
        """Top of what stands in each cell, m, minus infinity where nothing does, shape ``(cells,)``."""
        heights = np.full(len(self.first) - 1, -np.inf, dtype=np.float32)
        np.maximum.at(heights, np.repeat(np.arange(len(heights)), np.diff(self.first)), self.top)
        return heights

    @cached_property
    def depths(self) -> Singles:
        """Bottom of what stands in each cell, m, infinity where nothing does, shape ``(cells,)``."""
        depths = np.full(len(self.first) - 1, np.inf, dtype=np.float32)
        np.minimum.at(depths, np.repeat(np.arange(len(depths)), np.diff(self.first)), self.bottom)
        return depths

    def pyramid(self, values: Singles) -> list[Singles]:
        """Return the most of each block of ``2**l`` by ``2**l`` cells and its eight neighbours, per level ``l``.

        From anywhere in a block, a way that stays above the most of the heights is clear for the length of a block at
        least. Maximum mipmaps: Tevs, Ihrke & Seidel 2008 (doi 10.1145/1342250.1342279).

        Parameters
        ----------
        values
            Shape ``(cells,)``.
        """
        blocks = values.reshape(self.n_rows, -1)
        levels = [_around(blocks)]
        while blocks.shape[1] > 1:
            blocks = np.pad(blocks, ((0, blocks.shape[0] % 2), (0, 0)), constant_values=-np.inf)
            blocks = blocks.reshape(blocks.shape[0] // 2, 2, -1, 2).max(axis=(1, 3))
            levels.append(_around(blocks))
        return levels


def rasterize(triangles: Floats, cell_m: float) -> Raster:
    """File triangles by the cells they pass over.

    Parameters
    ----------
    triangles
        Corners, m, shape ``(n, 3, 3)``; at least one.
    cell_m
        Size of a cell, m; larger by a power of two where there would be more than `MOST_CELLS`.
    """
    flat = triangles[:, :, :2].reshape(-1, 2)
    low, extent = flat.min(axis=0), np.ptp(flat, axis=0)
    while np.prod(np.floor(extent / cell_m) + 3.0) > MOST_CELLS:
        cell_m *= 2.0
    corner = low - 0.5 * cell_m
    n_columns, n_rows = (int(n) for n in np.floor(extent / cell_m) + 3)
    bits = int(n_columns - 1).bit_length()
    entries = covered((triangles[:, :, :2] - corner) / cell_m)
    cell = (entries.row << bits) + entries.column
    order = np.lexsort((entries.triangle, cell))
    entries, cell = entries.take(order), cell[order]
    first = np.searchsorted(cell, np.arange((n_rows << bits) + 1, dtype=np.int32)).astype(np.int32)
    slopes = _slopes(triangles)
    blocks = [entries.take(slice(at, at + _BLOCK)) for at in range(0, len(entries), _BLOCK)]
    between = [_between(triangles, slopes, block, corner, cell_m) for block in blocks]
    bottom, top = (np.concatenate(parts) for parts in zip(*between, strict=True))
    return Raster(cell_m, corner, n_columns, n_rows, bits, first, entries.triangle, bottom, top)


def covered(corners: Floats) -> Entries:
    """Return every cell that some part of each triangle lies over, upright ones (lines from above) included.

    A triangle is cut into strips of one row each; a strip reaches as far as the triangle's edges do within the row.

    Parameters
    ----------
    corners
        In cells, shape ``(n, 3, 2)``, nowhere negative.
    """
    low = np.floor(corners[:, :, 1].min(axis=1) - _WIDER).astype(np.int64)
    strips = np.floor(corners[:, :, 1].max(axis=1) + _WIDER).astype(np.int64) - low + 1
    block = np.cumsum(strips) // _BLOCK
    parts = []
    for some in np.split(np.arange(len(corners)), np.flatnonzero(np.diff(block)) + 1):
        which, nth = _runs(strips[some])
        triangle, row = some[which], low[some][which] + nth
        left, right = _reach(corners[triangle], row)
        begin = np.floor(left - _WIDER).astype(np.int64)
        strip, nth = _runs(np.floor(right + _WIDER).astype(np.int64) - begin + 1)
        parts.append([part.astype(np.int32) for part in (triangle[strip], begin[strip] + nth, row[strip])])
    return Entries(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _runs(counts: Ints) -> tuple[Ints, Ints]:
    """Return, for runs of some lengths, which run each member is in and its number there."""
    which = np.repeat(np.arange(len(counts)), counts)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)


def _reach(corners: Floats, row: Ints) -> tuple[Floats, Floats]:
    """Return from where to where triangles reach within a row of cells, each ``(n,)``."""
    left, right = np.full(len(row), np.inf), np.full(len(row), -np.inf)
    for start, end in ((0, 1), (1, 2), (2, 0)):
        (x, y), (dx, dy) = corners[:, start].T, (corners[:, end] - corners[:, start]).T
        steep = np.where(np.abs(dy) < _WIDER**2, _WIDER**2, dy)
        cuts = (row - _WIDER - y) / steep, (row + 1.0 + _WIDER - y) / steep
        enter, leave = np.maximum(np.minimum(*cuts), 0.0), np.minimum(np.maximum(*cuts), 1.0)
        ends = x + enter * dx, x + leave * dx
        crosses = enter <= leave
        left = np.where(crosses, np.minimum(left, np.minimum(*ends)), left)
        right = np.where(crosses, np.maximum(right, np.maximum(*ends)), right)
    return left, right


def _slopes(triangles: Floats) -> Floats:
    """Return how much triangles rise eastward and northward, m/m, NaN if they stand upright, shape ``(n, 2)``."""
    normal = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    leans = np.abs(normal[:, 2]) > _UPRIGHT * np.linalg.norm(normal, axis=1)
    upward = np.where(leans, normal[:, 2], np.nan)
    return np.asarray(-normal[:, :2] / upward[:, None])


def _between(
    triangles: Floats, slopes: Floats, entries: Entries, corner: Floats, cell_m: float
) -> tuple[Singles, Singles]:
    """Return between which heights each triangle lies in each of its cells, m, by its plane and by its corners."""
    corners, slope = triangles[entries.triangle], slopes[entries.triangle]
    middle = corner + (np.stack([entries.column, entries.row], axis=1) + 0.5) * cell_m
    height = corners[:, 0, 2] + np.einsum("ij,ij->i", slope, middle - corners[:, 0, :2])
    spread = np.abs(slope).sum(axis=1) * cell_m * (0.5 + _WIDER)
    bottom = np.fmax(height - spread, corners[:, :, 2].min(axis=1)) - _HIGHER_M
    top = np.fmin(height + spread, corners[:, :, 2].max(axis=1)) + _HIGHER_M
    return bottom.astype(np.float32), top.astype(np.float32)


def _around(blocks: Singles) -> Singles:
    """Return the highest of every block and its neighbours, shape as given."""
    padded = np.pad(blocks, 1, constant_values=-np.inf)
    rows = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    return np.asarray(np.maximum(np.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:]))
