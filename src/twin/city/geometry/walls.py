"""Walls that buildings, or parts of one building, share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry.clip import overlap_areas
from twin.city.geometry.neighbours import facing_pairs
from twin.city.geometry.polygons import Flat, flatten, frames
from twin.city.geometry.rings import corner_offsets, segments, take_surfaces
from twin.city.geometry.sizes import Measured, dot, measure
from twin.city.model import City, Geometry

__all__ = ["Pairs", "SharedWalls", "interior_walls", "party_walls", "shared_walls"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Pairs = tuple[Ints, Ints, Floats]

# Open data do not match exactly where buildings touch; CityDPC widens walls by 0.15 m.
WALL_GAP_M = 0.2
WALL_ANGLE_DEG = 5.0
SLIVER_M2 = 0.01  # smaller overlaps are noise of the coordinates
CHUNK = 1 << 14  # pairs looked at together


@dataclass(frozen=True, slots=True)
class SharedWalls:
    """Where walls touch; each pair of surfaces once, the lower row first.

    Attributes
    ----------
    party
        Between different buildings: rows of the surface table, and the shared area, m2.
    interior
        Between different parts of one building.
    """

    party: Pairs
    interior: Pairs


def shared_walls(city: City) -> SharedWalls:
    """Find where walls of different buildings, and of different parts of one building, touch.

    Near-vertical surfaces whose normals are opposite within 5 degrees and whose planes are within 0.2 m are
    intersected in the plane between them, so that partial overlap counts as what it is. Over all party walls of one
    surface, and over all interior walls of it, the area sums to no more than the surface's own.
    """
    geometry = city.geometry
    measured = measure(geometry)
    walls = np.flatnonzero((np.abs(measured.tilt - 90) <= WALL_ANGLE_DEG) & (measured.area > 0))
    (owner, _), building = city.surface_owners(), city.surfaces["building"]
    first, second, shared = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for a, b in _candidates(geometry, measured, walls, owner):
        area = _overlaps(geometry, measured, a, b)
        solid = area > SLIVER_M2
        first.append(a[solid])
        second.append(b[solid])
        shared.append(area[solid])
    a, b, area = np.concatenate(first), np.concatenate(second), np.concatenate(shared)
    apart = building[a] != building[b]
    party, interior = (
        (a[some], b[some], _conserve(a[some], b[some], area[some], measured.area)) for some in (apart, ~apart)
    )
    return SharedWalls(party, interior)


def party_walls(city: City) -> Pairs:
    """Return where walls of different buildings touch, as `shared_walls` finds them.

    Returns
    -------
    surface_a, surface_b
        Rows of the surface table, each pair once, ``surface_a < surface_b``.
    area_m2
        Shared area, m2. Over all pairs of one surface it sums to no more than the surface's own area.
    """
    return shared_walls(city).party


def interior_walls(city: City) -> Pairs:
    """Return where walls of different parts of one building touch, as `party_walls` does between buildings."""
    return shared_walls(city).interior


def _candidates(geometry: Geometry, measured: Measured, walls: Ints, owner: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield pairs of walls of different owners that face each other and may touch, some at a time, each pair once."""
    ends = _traces(geometry, measured, walls)
    facing = -np.cos(np.radians(WALL_ANGLE_DEG))
    a, b = facing_pairs(ends, measured.azimuth[walls], WALL_ANGLE_DEG, WALL_GAP_M)
    for start in range(0, len(a), CHUNK):
        one, other = walls[a[start : start + CHUNK]], walls[b[start : start + CHUNK]]
        kept = owner[one] != owner[other]
        kept &= dot(measured.normal[one], measured.normal[other]) < facing
        yield one[kept], other[kept]


def _traces(geometry: Geometry, measured: Measured, walls: Ints) -> Floats:
    """Return the two ends of every wall on the ground, shape ``(n, 2, 2)``."""
    some = take_surfaces(geometry, walls)
    along = flatten(some, measured.centroid[walls], measured.normal[walls])[:, 0]
    offsets = corner_offsets(some)
    ends = np.stack([segments(ufunc, along, offsets) for ufunc in (np.minimum, np.maximum)], axis=1)
    across, _ = frames(measured.normal[walls])
    return measured.centroid[walls][:, None, :2] + ends[:, :, None] * across[:, None, :2]


def _overlaps(geometry: Geometry, measured: Measured, a: Ints, b: Ints) -> Floats:
    """Return the area that each pair of facing walls shares, 0 where they are apart."""
    normal = measured.normal[a] - measured.normal[b]
    normal[:, 2] = 0.0
    normal /= np.sqrt(dot(normal, normal))[:, None]
    origin = measured.centroid[a]
    first, second = (_flat(geometry, rows, origin, normal) for rows in (a, b))
    middle, meets = _overlap_middle(first, second)
    gap = _plane_offset(measured, a, origin, normal, middle) - _plane_offset(measured, b, origin, normal, middle)
    rows = np.flatnonzero(meets & (np.abs(gap) <= WALL_GAP_M))
    area = np.zeros(len(a))
    area[rows] = overlap_areas(first.take(rows), second.take(rows))
    return area


def _flat(geometry: Geometry, rows: Ints, origin: Floats, normal: Floats) -> Flat:
    some = take_surfaces(geometry, rows)
    return Flat(some, flatten(some, origin, normal))


def _overlap_middle(first: Flat, second: Flat) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the middle of the overlap of each pair along the wall, and whether their boxes overlap at all."""
    (low_a, high_a), (low_b, high_b) = _boxes(first), _boxes(second)
    low, high = np.maximum(low_a, low_b), np.minimum(high_a, high_b)
    meets: NDArray[np.bool_] = np.all(low < high, axis=0)
    return (low[0] + high[0]) / 2, meets


def _boxes(flat: Flat) -> tuple[Floats, Floats]:
    """Return lower and upper corner of the box round each surface, shape ``(2, n)``."""
    low, high = (
        np.stack([segments(ufunc, np.ascontiguousarray(column), flat.offsets) for column in flat.plane.T])
        for ufunc in (np.minimum, np.maximum)
    )
    return low, high


def _plane_offset(measured: Measured, rows: Ints, origin: Floats, normal: Floats, along: Floats) -> Floats:
    """Return how far each wall's plane lies from ``origin`` along ``normal``, at a place along the wall."""
    across, _ = frames(normal)
    own = measured.normal[rows]
    lead = dot(measured.centroid[rows] - origin, own) - along * dot(across, own)
    offset: Floats = lead / dot(normal, own)
    return offset


def _conserve(a: Ints, b: Ints, area: Floats, own: Floats) -> Floats:
    """Scale shared areas so that no surface shares more than it has (neighbours that overlap one another)."""
    n = len(own)
    total = np.bincount(a, area, n) + np.bincount(b, area, n)
    factor = np.minimum(1.0, own / np.where(total > 0, total, np.inf))
    factor[total == 0] = 1.0
    return area * np.minimum(factor[a], factor[b])
