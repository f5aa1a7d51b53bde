"""A caster of rays in NumPy alone, where Embree has no wheel: rays march over a raster of what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.sun.sight.raster import rasterize
from twin.sun.sight.rays import Caster
from twin.sun.sight.scene import Scene

__all__ = ["CELL_M", "march"]

Singles = NDArray[np.float32]
Rows = NDArray[np.int32]
Places = NDArray[np.int64]

CELL_M = 2.0
"""Size of a cell, m. What is hit does not depend on it, only how long it takes."""

_POOL = 1 << 15  # rays under way at a time: their state stays in the second-level cache
_FIRST = 2  # level that rays set out on
_NUDGE = np.float32(1e-3)  # how far beyond the border of a cell rays go and start from the next, in cells
_LEVEL = np.float32(1e-6)  # least share of a direction along the ground: a ray straight up has none
_BEYOND_M = np.float32(1.0)  # above and below everything, where rays have left the scene
_SLACK = np.float32(1e-5)  # of barycentric coordinates, so that nothing slips through between two triangles


def march(scene: Scene, cell_m: float = CELL_M) -> Caster:
    """Return a caster that needs NumPy only; it finds what `twin.sun.sight.rays.embree` finds, slower.

    Where a ray is above all that stands in a block of cells and around it, it strides over the block
    (`Raster.pyramid`); where it is not, it goes from cell to cell (Amanatides & Woo 1987, A fast voxel
    traversal algorithm for ray tracing) and is held against the triangles filed there. Those are met exactly, so that
    neither the size of the cells nor what overhangs matters. Single precision from the scene's origin on, as Embree's.
    Rays must start no farther than half a cell beside the box around the scene.

    Parameters
    ----------
    cell_m
        Size of a cell, m; larger where the scene would need more than `twin.sun.sight.raster.MOST_CELLS`.
    """
    if not len(scene.triangles):
        return lambda origins, _directions: np.full(len(origins), -1, dtype=np.int32)
    return _March(scene, cell_m)


@dataclass(frozen=True)
class _Pool:
    """Rays under way.

    Their position is ``start + t * along``, in cells, cells and metres; ``t`` counts cells along the faster of the two
    axes on the ground.

    Attributes
    ----------
    moving
        Start (3 rows), along (3 rows), t, and t where the ray leaves the scene or has met something, ``(8, r)``.
    counting
        Number of the ray and level of the pyramid, shape ``(2, r)``.
    rising
        Whether none goes down.
    """

    moving: Singles
    counting: Rows
    rising: bool

    def __len__(self) -> int:
        return int(self.moving.shape[1])

    @property
    def under_way(self) -> Places:
        """Which rays have neither met anything nor left."""
        return np.flatnonzero(self.moving[6] < self.moving[7])

    def take(self, some: Places) -> _Pool:
        """Return some of the rays."""
        return _Pool(self.moving.take(some, axis=1), self.counting.take(some, axis=1), self.rising)

    def joined_by(self, others: _Pool) -> _Pool:
        """Return these rays and others."""
        return _Pool(
            np.concatenate([self.moving, others.moving], axis=1),
            np.concatenate([self.counting, others.counting], axis=1),
            self.rising and others.rising,
        )


class _March:
    def __init__(self, scene: Scene, cell_m: float) -> None:
        triangles = scene.triangles - scene.origin
        raster = rasterize(triangles, cell_m)
        self._raster, self._corner = raster, raster.corner.astype(np.float32)
        self._cell, self._bits = np.float32(raster.cell_m), np.int32(raster.bits)
        tops, bottoms = raster.pyramid(raster.heights), raster.pyramid(-raster.depths)
        self._above = np.concatenate([level.ravel() for level in tops])
        self._below = -np.concatenate([level.ravel() for level in bottoms])
        sizes = [level.size for level in tops]
        self._begins = (np.cumsum(sizes) - sizes).astype(np.int32)
        self._strides = (2.0 ** np.arange(len(sizes))).astype(np.float32)
        self._low = np.float32(triangles[:, :, 2].min()) - _BEYOND_M
        self._high = np.float32(triangles[:, :, 2].max()) + _BEYOND_M
        self._planes, self._frames = _planes(triangles), _frames(triangles)

    def __call__(self, origins: Singles, directions: Singles) -> Rows:
        hit = np.full(len(origins), -1, dtype=np.int32)
        pool, done = self._start(origins[:0], directions[:0], 0), 0
        while True:
            left = pool.under_way
            room = _POOL - len(left)
            if done < len(hit) and 2 * room > _POOL:
                some = slice(done, done + room)
                pool = pool.take(left).joined_by(self._start(origins[some], directions[some], done))
                done = min(done + room, len(hit))
            elif not len(left):
                return hit
            elif 5 * len(left) < 4 * len(pool):
                pool = pool.take(left)
            self._advance(pool, hit)

    def _start(self, origins: Singles, directions: Singles, number: int) -> _Pool:
        """Set rays out, counted on from a number."""
        start = origins.T.copy()
        start[:2] = (start[:2] - self._corner[:, None]) / self._cell
        along = directions.T.copy()
        along[:2] /= self._cell
        along /= np.maximum(np.abs(along[:2]).max(axis=0), _LEVEL)
        along = np.where(np.abs(along) < _LEVEL, np.copysign(_LEVEL, along), along)
        n = self._raster.n_columns, self._raster.n_rows
        far = np.where(along > 0.0, np.array([[n[0]], [n[1]], [self._high]], dtype=np.float32), np.float32(0.0))
        far[2] = np.where(along[2] > 0.0, self._high, self._low)
        end = ((far - start) / along).min(axis=0, keepdims=True)
        level = min(_FIRST, len(self._strides) - 1)
        counting = np.stack([np.arange(number, number + len(origins)), np.full(len(origins), level)])
        moving = np.concatenate([start, along, np.zeros_like(end), end])
        return _Pool(moving, counting.astype(np.int32), bool((along[2] > 0.0).all()))

    def _advance(self, pool: _Pool, hit: Rows) -> None:
        """Move every ray by a stride, if the way is clear, to the next cell, or one level down."""
        start, along, t, end = pool.moving[:3], pool.moving[3:6], pool.moving[6], pool.moving[7]
        level = pool.counting[1]
        at = t * along
        at += start
        column, row = at[:2].astype(np.int32)
        block = row >> level
        block <<= self._bits - level
        block += column >> level
        block += self._begins.take(level)
        stride = self._strides.take(level)
        clear = at[2] > self._above.take(block, mode="clip")
        if not pool.rising:
            down = np.flatnonzero(along[2] < 0.0)
            clear[down] = self._clear_of_all(block.take(down), at[2].take(down), (along[2] * stride).take(down))
        near = np.flatnonzero((clear | (level > 0) | (t >= end)) == 0)
        stride *= clear
        if len(near):
            cell = ((row << self._bits) + column).take(near)
            stride[near] = self._meet(at.take(near, axis=1), cell, near, pool, hit)
        t += stride
        level += clear
        level += clear
        level -= 1
        np.minimum(np.maximum(level, 0, out=level), len(self._strides) - 1, out=level)

    def _clear_of_all(self, block: Rows, height: Singles, fall: Singles) -> NDArray[np.bool_]:
        """Tell which rays that go down stay above all that is around their block, or are below it."""
        above, below = (bounds.take(block, mode="clip") for bounds in (self._above, self._below))
        return np.asarray((height + fall > above) | (height < below))

    def _meet(self, at: Singles, cell: Rows, near: Places, pool: _Pool, hit: Rows) -> Singles:
        """Note which rays meet something before the far border of their cell; return how far that is."""
        along, t, end = (pool.moving[some].take(near, axis=-1) for some in (slice(3, 6), 6, 7))
        length = np.minimum(_to_border(at, along), end - t + _NUDGE)
        leaving = at + length * along
        low, high = np.minimum(at[2], leaving[2]), np.maximum(at[2], leaving[2])
        tall = np.flatnonzero(low <= self._raster.heights.take(cell, mode="clip"))
        entry, visit = self._tall_enough(cell.take(tall), low.take(tall), high.take(tall))
        if len(entry):
            at -= np.minimum(_NUDGE, t) * along
            ways = self._ways(at.take(tall, axis=1), leaving.take(tall, axis=1))
            who, triangle = self._first_met(ways, visit, self._raster.triangle.take(entry))
            rays = near.take(tall.take(who))
            hit[pool.counting[0].take(rays)] = triangle
            pool.moving[7, rays] = -1.0
        return np.asarray(length)

    def _tall_enough(self, cell: Rows, low: Singles, high: Singles) -> tuple[Rows, Rows]:
        """Return the entries of cells that reach into the height that a ray passes there, and whose visit they meet."""
        first = self._raster.first
        counts = first.take(cell + 1) - first.take(cell)
        visit = np.repeat(np.arange(len(cell), dtype=np.int32), counts)
        entry = np.arange(len(visit), dtype=np.int32)
        entry += np.repeat(first.take(cell) - np.cumsum(counts, dtype=np.int32) + counts, counts)
        tall = np.flatnonzero(self._raster.top.take(entry) >= np.repeat(low, counts))
        tall = tall[self._raster.bottom.take(entry.take(tall)) <= high.take(visit.take(tall))]
        return entry.take(tall), visit.take(tall)

    def _ways(self, start: Singles, end: Singles) -> Singles:
        """Return both ends of ways in metres, each with a 1 behind: homogeneous coordinates, shape ``(v, 8)``."""
        ways = np.ones((start.shape[1], 8), dtype=np.float32)
        for place, point in ((0, start), (4, end)):
            ways[:, place : place + 2] = (point[:2] * self._cell + self._corner[:, None]).T
            ways[:, place + 2] = point[2]
        return ways

    def _first_met(self, ways: Singles, visit: Rows, triangle: Rows) -> tuple[Rows, Rows]:
        """Return the ways that meet one of their triangles, each once, and the triangle met first."""
        way, plane = ways.take(visit, axis=0), self._planes.take(triangle, axis=0)
        before = np.einsum("ij,ij->i", way[:, :4], plane)
        behind = np.einsum("ij,ij->i", way[:, 4:], plane)
        through = np.flatnonzero((before > 0.0) != (behind > 0.0))
        visit, triangle, way = visit.take(through), triangle.take(through), way.take(through, axis=0)
        before, behind = before.take(through), behind.take(through)
        share = before / (before - behind)
        frame = self._frames.take(triangle, axis=0)
        point = way[:, :3] + share[:, None] * (way[:, 4:7] - way[:, :3]) - frame[:, :3]
        u = np.einsum("ij,ij->i", point, frame[:, 3:6])
        v = np.einsum("ij,ij->i", point, frame[:, 6:])
        met = np.flatnonzero((u >= -_SLACK) & (v >= -_SLACK) & (u + v <= 1.0 + _SLACK))
        visit, triangle = visit.take(met), triangle.take(met)
        order = np.lexsort((triangle, share.take(met), visit))
        visit, one = np.unique(visit.take(order), return_index=True)
        return visit, triangle.take(order).take(one)


def _to_border(at: Singles, along: Singles) -> Singles:
    """Return how far it is to just beyond the border of the cell, in cells along the faster axis, shape ``(n,)``.

    Beyond it on either axis, so that a ray along a border does not creep; what is there is filed in this cell too.
    """
    within = at[:2] - np.floor(at[:2])
    within = np.where(along[:2] > 0.0, np.float32(1.0) - within, within)
    return np.asarray(((within + _NUDGE) / np.abs(along[:2])).min(axis=0))


def _planes(triangles: NDArray[np.float64]) -> Singles:
    """Return unit normals and, times -1, how far from the origin the planes are, shape ``(n, 4)``."""
    normal = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    length = np.linalg.norm(normal, axis=1, keepdims=True)
    normal /= np.where(length > 0.0, length, 1.0)
    distance = np.einsum("ij,ij->i", normal, triangles[:, 0])
    return np.column_stack([normal, -distance]).astype(np.float32)


def _frames(triangles: NDArray[np.float64]) -> Singles:
    """Return a corner and the two vectors that give barycentric coordinates of what lies from there, shape ``(n, 9)``.

    Baldwin & Weber 2016, Fast ray-triangle intersections by coordinate transformation, JCGT 5(3).
    """
    corner, one, other = triangles[:, 0], triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    normal = np.cross(one, other)
    squared = np.einsum("ij,ij->i", normal, normal)[:, None]
    squared = np.where(squared > 0.0, squared, 1.0)
    frames = [corner, np.cross(other, normal) / squared, np.cross(normal, one) / squared]
    return np.concatenate(frames, axis=1).astype(np.float32)
