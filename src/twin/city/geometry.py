"""What the geometry of a city says: walls that buildings share, and triangles to draw and to cast rays at."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.model import City, Geometry
from twin.city.polygons import Measured, flatten, frames, measure, polygons
from twin.city.rings import number_rows, successors, surface_of_corner, take_surfaces

__all__ = ["interior_walls", "measure", "objects_of_surfaces", "party_walls", "triangulate"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Pairs = tuple[Ints, Ints, Floats]

# Open data do not match exactly where buildings touch; CityDPC widens walls by 0.15 m.
WALL_GAP_M = 0.2
WALL_ANGLE_DEG = 5.0
SLIVER_M2 = 0.01  # smaller overlaps are noise of the coordinates


def objects_of_surfaces(city: City) -> tuple[Ints, int]:
    """Return the object that every surface bounds, and how many objects there are.

    Buildings are numbered by row; building parts follow, by row.
    """
    surfaces, n = city.surfaces, len(city.buildings)
    if "building_part" not in city.tables:
        return surfaces["building"], n
    owner = np.where(surfaces.missing("part"), surfaces["building"], n + surfaces["part"])
    return owner, n + len(city.table("building_part"))


def _subset(geometry: Geometry, plane: Floats, rows: Ints) -> NDArray[np.object_]:
    """Return polygons of the chosen surfaces (ascending rows), from every corner's plane coordinates."""
    return polygons(take_surfaces(geometry, rows), plane[np.isin(surface_of_corner(geometry), rows)])


# --- shared walls ----------------------------------------------------------------------------------------------------


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
    building, (owner, _) = city.surfaces["building"], objects_of_surfaces(city)
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
    area: Floats = shapely.area(shapely.intersection(_mended(first), _mended(second)))
    return area


def _mended(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return valid polygons: outlines that touch or cross themselves are cut apart."""
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken])
    return shapes


def _conserve(a: Ints, b: Ints, area: Floats, own: Floats) -> Floats:
    """Scale shared areas so that no surface shares more than it has (neighbours that overlap one another)."""
    n = len(own)
    total = np.bincount(a, area, n) + np.bincount(b, area, n)
    factor = np.minimum(1.0, own / np.where(total > 0, total, np.inf))
    factor[total == 0] = 1.0
    return area * np.minimum(factor[a], factor[b])


# --- triangles -------------------------------------------------------------------------------------------------------


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
    collections = shapely.constrained_delaunay_triangles(_mended(polygons(some, flat)))
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
