"""Triangles to draw, and to cast rays at."""

from __future__ import annotations

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.geometry.polygons import flatten, measure, mended, polygons
from twin.city.geometry.rings import number_rows, successors, surface_of_corner, take_surfaces
from twin.city.model import City, Geometry

__all__ = ["triangulate"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def triangulate(city: City) -> tuple[Ints, Ints]:
    """Cut every surface into triangles that face the same way as it does.

    Convex surfaces are fanned; concave ones and those with holes get a constrained Delaunay triangulation (GEOS).
    An outline that crosses itself is fanned too, for want of better.

    Returns
    -------
    triangles
        Index into ``city.geometry.vertices``, shape ``(n, 3)``, sorted by surface.
    surface
        The surface of every triangle, shape ``(n,)``.
    """
    geometry = city.geometry
    measured = measure(geometry)
    plane = flatten(geometry, measured.origin, measured.normal)
    cut, of_cut = _delaunay(geometry, plane, np.flatnonzero(~_convex(geometry, plane)))
    fans, of_fan = _fan(geometry, np.setdiff1d(np.arange(len(measured.area)), of_cut))
    surface = np.concatenate([of_fan, of_cut])
    order = np.argsort(surface, kind="stable")
    return np.concatenate([fans, cut])[order], surface[order]


def _convex(geometry: Geometry, plane: Floats) -> NDArray[np.bool_]:
    """Return which surfaces have no hole and only left turns."""
    following = successors(geometry.ring_offsets)
    edge = plane[following] - plane
    after = edge[following]
    right = edge[:, 0] * after[:, 1] - edge[:, 1] * after[:, 0] < -1e-9
    n = len(geometry.surface_offsets) - 1
    turns = np.bincount(surface_of_corner(geometry)[right], minlength=n)
    convex: NDArray[np.bool_] = (turns == 0) & (np.diff(geometry.surface_offsets) == 1)
    return convex


def _fan(geometry: Geometry, rows: Ints) -> tuple[Ints, Ints]:
    """Return triangles from the first corner of each outer ring to all its other edges."""
    outer = geometry.surface_offsets[:-1][rows]
    start, stop = geometry.ring_offsets[outer], geometry.ring_offsets[outer + 1]
    count = stop - start - 2
    which = np.repeat(np.arange(len(rows)), count)
    step = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    corner = start[which] + 1 + step
    triangles = np.stack([start[which], corner, corner + 1], axis=1)
    return geometry.ring_vertices[triangles], rows[which]


def _delaunay(geometry: Geometry, plane: Floats, rows: Ints) -> tuple[Ints, Ints]:
    """Return triangles of some surfaces; none of those whose outline crosses itself between corners."""
    some = take_surfaces(geometry, rows)
    flat = plane[np.isin(surface_of_corner(geometry), rows)]
    collections = shapely.constrained_delaunay_triangles(mended(polygons(some, flat)))
    pieces, of_piece = shapely.get_parts(collections, return_index=True)
    points = shapely.get_coordinates(pieces).reshape(-1, 4, 2)[:, :3]
    u, v = points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]
    backwards = u[:, 0] * v[:, 1] < u[:, 1] * v[:, 0]
    points[backwards] = points[backwards][:, ::-1]
    corner = _corner_at(some, flat, np.repeat(of_piece, 3), points.reshape(-1, 2)).reshape(-1, 3)
    kept = ~np.isin(of_piece, of_piece[(corner < 0).any(axis=1)])
    return some.ring_vertices[corner[kept]], rows[of_piece[kept]]


def _corner_at(geometry: Geometry, plane: Floats, surface: Ints, points: Floats) -> Ints:
    """Return the corner of each surface that lies at a point of its plane, -1 for none.

    A triangulation adds no points, but where an outline crosses itself, mending it does.
    """
    n = len(plane)
    both = np.concatenate([plane, points])
    place = number_rows(np.concatenate([surface_of_corner(geometry), surface]), both[:, 0], both[:, 1])
    corner_of = np.full(place.max(initial=-1) + 1, -1)
    corner_of[place[:n]] = np.arange(n)
    return corner_of[place[n:]]
