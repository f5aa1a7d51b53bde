"""How the rings of one polygon lie to each other. Codes 201, 202, 205 to 208."""

from __future__ import annotations

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.geometry.polygons import polygons
from twin.city.geometry.rings import owners, ring_of_corner, surface_of_corner, take_surfaces
from twin.city.model import Geometry

__all__ = ["check_holes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Shapes = NDArray[np.object_]
Mask = NDArray[np.bool_]


def check_holes(geometry: Geometry, plane: Floats, tolerance: float) -> list[tuple[str, Ints]]:
    """Return by code the surfaces whose rings, each simple, do not make a polygon.

    Parameters
    ----------
    plane
        Every corner in the plane of its surface, shape ``(n_corners, 2)``.
    tolerance
        How far a hole may reach over the outline and still count as touching it, m.
    """
    rows = np.flatnonzero(np.diff(geometry.surface_offsets) > 1)
    if not len(rows):
        return []
    flat = plane[np.isin(surface_of_corner(geometry), rows)]
    some = take_surfaces(geometry, rows)
    lines = shapely.linearrings(flat, indices=ring_of_corner(some))
    rings = shapely.polygons(lines)
    outer, hole, hole_a, hole_b = _pairs(some)
    found: list[tuple[str, Ints]] = []
    wrong = np.zeros(len(rows), dtype=bool)
    of_ring = owners(some.surface_offsets)

    def note(code: str, of_some: Ints) -> None:
        fresh = np.unique(of_some)
        fresh = fresh[~wrong[fresh]]
        wrong[fresh] = True
        found.append((code, rows[fresh]))

    inside, filling = _within(rings[hole], rings[outer], tolerance), _within(rings[outer], rings[hole], tolerance)
    a_in_b, b_in_a = _within(rings[hole_a], rings[hole_b], tolerance), _within(rings[hole_b], rings[hole_a], tolerance)
    outside = shapely.disjoint(rings[hole], rings[outer])
    note("202", of_ring[np.concatenate([hole_a[a_in_b & b_in_a], hole[inside & filling]])])
    note("206", of_ring[hole[outside]])
    note("201", of_ring[hole[(~inside & ~outside) | _share_edge(rings[hole], rings[outer], tolerance)]])
    note("207", of_ring[hole_a[a_in_b | b_in_a]])
    crossing = ~_apart(rings[hole_a], rings[hole_b], tolerance) | _share_edge(rings[hole_a], rings[hole_b], tolerance)
    note("201", of_ring[hole_a[crossing]])
    note("205", np.flatnonzero(_falls_apart(polygons(some, flat), ~wrong)))
    turn = shapely.is_ccw(lines)
    note("208", of_ring[hole[turn[hole] == turn[outer]]])
    return found


def _pairs(geometry: Geometry) -> tuple[Ints, Ints, Ints, Ints]:
    """Return outline and hole of every hole, and all pairs of holes of one surface, as rows of rings."""
    sizes, starts = np.diff(geometry.surface_offsets), geometry.surface_offsets[:-1]
    outer = np.repeat(starts, sizes - 1)
    hole = np.setdiff1d(np.arange(geometry.surface_offsets[-1]), starts)
    several = np.flatnonzero(sizes > 2)
    pairs = [np.triu_indices(sizes[s] - 1, 1) + starts[s] + 1 for s in several]
    none = np.zeros((2, 0), dtype=np.int64)
    first, second = np.concatenate([none, *(np.asarray(pair) for pair in pairs)], axis=1)
    return outer, hole, first, second


def _sliver(shapes: Shapes, tolerance: float) -> Floats:
    """Return the area that a strip as wide as the tolerance along an outline has, at most a hundredth of the whole."""
    area: Floats = np.minimum(tolerance * shapely.length(shapes), 0.01 * shapely.area(shapes))
    return area


def _within(inner: Shapes, outer: Shapes, tolerance: float) -> Mask:
    """Return whether the one lies in the other, but for a sliver."""
    within: Mask = shapely.area(shapely.difference(inner, outer)) <= _sliver(inner, tolerance)
    return within


def _apart(first: Shapes, second: Shapes, tolerance: float) -> Mask:
    """Return whether two have no more than a sliver in common."""
    apart: Mask = shapely.area(shapely.intersection(first, second)) <= _sliver(first, tolerance)
    return apart


def _share_edge(first: Shapes, second: Shapes, tolerance: float) -> Mask:
    shared: Mask = shapely.length(shapely.intersection(shapely.boundary(first), shapely.boundary(second))) > tolerance
    return shared


def _falls_apart(shapes: Shapes, asked: Mask) -> Mask:
    """Return which polygons have an interior in several pieces, where asked for."""
    bad = asked & ~shapely.is_valid(shapes)
    mended = shapely.make_valid(shapes[bad])
    parts, of_part = shapely.get_parts(mended, return_index=True)
    real = shapely.area(parts) > 1e-6 * shapely.area(mended)[of_part]
    pieces = np.bincount(of_part[real], minlength=len(mended))
    result = np.zeros(len(shapes), dtype=bool)
    result[np.flatnonzero(bad)[pieces > 1]] = True
    return result
