"""Walls that buildings, or parts of one building, share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.geometry.polygons import Measured, flatten, frames, measure, mended, polygons
from twin.city.geometry.rings import surface_of_corner, take_surfaces
from twin.city.model import City, Geometry

__all__ = ["interior_walls", "party_walls"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Pairs = tuple[Ints, Ints, Floats]

# Open data do not match exactly where buildings touch; CityDPC widens walls by 0.15 m.
WALL_GAP_M = 0.2
WALL_ANGLE_DEG = 5.0
SLIVER_M2 = 0.01  # smaller overlaps are noise of the coordinates


def _subset(geometry: Geometry, plane: Floats, rows: Ints) -> NDArray[np.object_]:
    """Return polygons of the chosen surfaces (ascending rows), from every corner's plane coordinates."""
    return polygons(take_surfaces(geometry, rows), plane[np.isin(surface_of_corner(geometry), rows)])


def party_walls(city: City) -> Pairs:
    """Return where walls of different buildings touch.

    Near-vertical surfaces whose normals are opposite within 5 degrees and whose planes are within 0.2 m are
    intersected in the plane between them, so that partial overlap counts as what it is.

    Returns
    -------
    surface_a, surface_b
        Rows of the surface table, each pair once, ``surface_a < surface_b``.
    area_m2
        Shared area, m2. Over all pairs of one surface it sums to no more than the surface's own area.
    """
    building = city.surfaces["building"]
    return _shared_walls(city.geometry, lambda a, b: building[a] != building[b])


def interior_walls(city: City) -> Pairs:
    """Return where walls of different parts of one building touch, as `party_walls` does between buildings."""
    building, (owner, _) = city.surfaces["building"], city.surface_owners()
    return _shared_walls(city.geometry, lambda a, b: (building[a] == building[b]) & (owner[a] != owner[b]))


def _shared_walls(geometry: Geometry, wanted: Callable[[Ints, Ints], NDArray[np.bool_]]) -> Pairs:
    measured = measure(geometry)
    walls = np.flatnonzero((np.abs(measured.tilt - 90) <= WALL_ANGLE_DEG) & (measured.area > 0))
    a, b = _near_walls(geometry, measured, walls)
    opposite = (measured.normal[a] * measured.normal[b]).sum(axis=1) < -np.cos(np.radians(WALL_ANGLE_DEG))
    keep = opposite & wanted(a, b)
    a, b = a[keep], b[keep]

    normal = measured.normal[a] - measured.normal[b]
    normal[:, 2] = 0.0
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    origin = measured.centroid[a]
    first, second = take_surfaces(geometry, a), take_surfaces(geometry, b)
    flat_a, flat_b = flatten(first, origin, normal), flatten(second, origin, normal)
    middle, meets = _overlap_middle(first, flat_a, second, flat_b)
    gap = _plane_offset(measured, a, origin, normal, middle) - _plane_offset(measured, b, origin, normal, middle)
    meets &= np.abs(gap) <= WALL_GAP_M
    rows = np.flatnonzero(meets)

    area = _overlap_area(_subset(first, flat_a, rows), _subset(second, flat_b, rows))
    solid = area > SLIVER_M2
    a, b, area = a[rows][solid], b[rows][solid], area[solid]
    return a, b, _conserve(a, b, area, measured.area)


def _near_walls(geometry: Geometry, measured: Measured, walls: Ints) -> tuple[Ints, Ints]:
    """Return pairs of walls whose ground traces come within the gap, each pair once."""
    some = take_surfaces(geometry, walls)
    along = flatten(some, measured.centroid[walls], measured.normal[walls])[:, 0]
    starts = some.ring_offsets[some.surface_offsets[:-1]]
    if not len(starts):
        return starts, starts
    ends = np.stack([np.minimum.reduceat(along, starts), np.maximum.reduceat(along, starts)], axis=1)
    across, _ = frames(measured.normal[walls])
    traces = measured.centroid[walls][:, None, :2] + ends[:, :, None] * across[:, None, :2]
    lines = shapely.linestrings(traces)
    left, right = shapely.STRtree(lines).query(lines, predicate="dwithin", distance=WALL_GAP_M)
    once = left < right
    return walls[left[once]], walls[right[once]]


def _overlap_middle(
    first: Geometry, flat_a: Floats, second: Geometry, flat_b: Floats
) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the middle of the overlap of each pair along the wall, and whether their boxes overlap at all."""
    low_a, high_a = _boxes(first, flat_a)
    low_b, high_b = _boxes(second, flat_b)
    low, high = np.maximum(low_a, low_b), np.minimum(high_a, high_b)
    meets: NDArray[np.bool_] = np.all(low < high, axis=1)
    return (low[:, 0] + high[:, 0]) / 2, meets


def _boxes(geometry: Geometry, plane: Floats) -> tuple[Floats, Floats]:
    starts = geometry.ring_offsets[geometry.surface_offsets[:-1]]
    if not len(starts):
        return np.zeros((0, 2)), np.zeros((0, 2))
    return np.minimum.reduceat(plane, starts, axis=0), np.maximum.reduceat(plane, starts, axis=0)


def _plane_offset(measured: Measured, rows: Ints, origin: Floats, normal: Floats, along: Floats) -> Floats:
    """Return how far each wall's plane lies from ``origin`` along ``normal``, at a place along the wall."""
    across, _ = frames(normal)
    own = measured.normal[rows]
    lead = ((measured.centroid[rows] - origin) * own).sum(axis=1) - along * (across * own).sum(axis=1)
    offset: Floats = lead / (normal * own).sum(axis=1)
    return offset


def _overlap_area(first: NDArray[np.object_], second: NDArray[np.object_]) -> Floats:
    area: Floats = shapely.area(shapely.intersection(mended(first), mended(second)))
    return area


def _conserve(a: Ints, b: Ints, area: Floats, own: Floats) -> Floats:
    """Scale shared areas so that no surface shares more than it has (neighbours that overlap one another)."""
    n = len(own)
    total = np.bincount(a, area, n) + np.bincount(b, area, n)
    factor = np.minimum(1.0, own / np.where(total > 0, total, np.inf))
    factor[total == 0] = 1.0
    return area * np.minimum(factor[a], factor[b])
