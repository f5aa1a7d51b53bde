"""Triangles to draw, and to cast rays at."""

from __future__ import annotations

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.geometry.clip import convex
from twin.city.geometry.polygons import Flat, flatten
from twin.city.geometry.rings import (
    corner_offsets,
    number_rows,
    ragged_take,
    segments,
    surface_of_corner,
    take_surfaces,
)
from twin.city.geometry.sizes import Measured, measure
from twin.city.model import Geometry

__all__ = ["triangulate"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SNAP_M = 0.02  # where an outline crosses itself, a corner that near stands for the crossing


def triangulate(geometry: Geometry, measured: Measured | None = None) -> tuple[Ints, Ints]:
    """Cut every surface into triangles that face the same way as it does.

    Convex surfaces are fanned; concave ones and those with holes get a constrained Delaunay triangulation (GEOS).
    An outline that crosses itself is fanned too, for want of better.

    Parameters
    ----------
    measured
        What `measure` returns for the geometry, if it is at hand.

    Returns
    -------
    triangles
        Index into ``geometry.vertices``, shape ``(n, 3)``, sorted by surface.
    surface
        The surface of every triangle, shape ``(n,)``.
    """
    n = len(geometry.surface_offsets) - 1
    rows = np.flatnonzero((np.diff(geometry.surface_offsets) > 1) | (np.diff(corner_offsets(geometry)) > 3))
    measured = measure(geometry) if measured is None else measured
    some = take_surfaces(geometry, rows)
    flat = Flat(some, flatten(some, measured.origin[rows], measured.normal[rows]))
    concave = np.flatnonzero(~convex(flat))
    cut, of_cut = _delaunay(flat.take(concave))
    of_cut = rows[concave][of_cut]
    whole = np.ones(n, dtype=bool)
    whole[of_cut] = False
    fans, of_fan = _fan(geometry, np.flatnonzero(whole))
    if not len(cut):
        return fans, of_fan
    surface = np.concatenate([of_fan, of_cut])
    order = np.argsort(surface, kind="stable")
    return np.concatenate([fans, cut])[order], surface[order]


def _fan(geometry: Geometry, rows: Ints) -> tuple[Ints, Ints]:
    """Return triangles from the first corner of each outer ring to all its other edges."""
    outer = geometry.surface_offsets[:-1][rows]
    start = geometry.ring_offsets[outer]
    count = geometry.ring_offsets[outer + 1] - start - 2
    which = np.repeat(np.arange(len(rows)), count)
    corner = np.arange(len(which)) + (start + 1 - np.cumsum(count) + count)[which]
    corners = geometry.ring_vertices
    return np.stack([corners[start][which], corners[corner], corners[corner + 1]], axis=1), rows[which]


def _delaunay(flat: Flat) -> tuple[Ints, Ints]:
    """Return triangles of surfaces; none of those whose outline crosses itself between corners."""
    collections = shapely.constrained_delaunay_triangles(flat.polygons())
    pieces, of_piece = shapely.get_parts(collections, return_index=True)
    points = shapely.get_coordinates(pieces).reshape(-1, 4, 2)[:, :3]
    u, v = points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]
    backwards = u[:, 0] * v[:, 1] < u[:, 1] * v[:, 0]
    points[backwards] = points[backwards][:, ::-1]
    corner = _corner_at(flat, np.repeat(of_piece, 3), points.reshape(-1, 2)).reshape(-1, 3)
    kept = ~np.isin(of_piece, of_piece[(corner < 0).any(axis=1)])
    kept &= (corner != np.roll(corner, 1, axis=1)).all(axis=1)  # slivers whose corners became one
    return flat.geometry.ring_vertices[corner[kept]], of_piece[kept]


def _corner_at(flat: Flat, surface: Ints, points: Floats) -> Ints:
    """Return the corner of each surface that lies at a point of its plane, -1 for none.

    A triangulation adds no points, but where an outline crosses itself, mending it does; most such crossings are
    smaller than what can be seen, and the nearest corner will do.
    """
    n = len(flat.plane)
    both = np.concatenate([flat.plane, points])
    place = number_rows(np.concatenate([surface_of_corner(flat.geometry), surface]), both[:, 0], both[:, 1])
    corner_of = np.full(place.max(initial=-1) + 1, -1)
    corner_of[place[:n]] = np.arange(n)
    corner = corner_of[place[n:]]
    lost = np.flatnonzero(corner < 0)
    near, offsets = ragged_take(flat.offsets, surface[lost])
    distance = np.hypot(*(flat.plane[near] - np.repeat(points[lost], np.diff(offsets), axis=0)).T)
    least = segments(np.minimum, distance, offsets)
    nearest = np.flatnonzero(distance == np.repeat(least, np.diff(offsets)))
    of = np.searchsorted(offsets, nearest, side="right") - 1
    close = least[of] <= SNAP_M
    corner[lost[of[close]]] = near[nearest[close]]
    return corner
