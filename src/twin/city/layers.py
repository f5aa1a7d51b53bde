"""What a city looks like: triangles per building for report and view, triangles of everything to cast rays at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry import triangulate
from twin.city.model import City

__all__ = ["building_triangles", "city_triangles", "surface_triangles"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Drawn = tuple[Floats, Ints, NDArray[np.str_]]


def building_triangles(city: City) -> Drawn:
    """Return the buildings' surfaces as triangles.

    Returns
    -------
    coordinates
        Shape ``(n, 3)``, m; every three rows are one triangle.
    offsets
        Building ``i`` has rows ``offsets[i]:offsets[i + 1]``.
    ids
        Identifiers of the buildings.
    """
    triangles, surface = triangulate(city.geometry)
    return _by_building(city, triangles, city.surfaces["building"][surface])


def surface_triangles(city: City) -> Drawn:
    """Return the buildings' surfaces as triangles, one by one; those they stand on are left out, as nobody sees them.

    Returns
    -------
    coordinates
        Shape ``(n, 3)``, m; every three rows are one triangle.
    offsets
        Surface ``i`` has rows ``offsets[i]:offsets[i + 1]``.
    ids
        Identifiers of the surfaces.
    """
    triangles, surface = triangulate(city.geometry)
    order = np.argsort(surface, kind="stable")
    shown = city.surfaces["type"] != "GroundSurface"
    kept = order[shown[surface[order]]]
    counts = 3 * np.bincount(surface[kept], minlength=len(shown))[shown]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return city.geometry.vertices[triangles[kept]].reshape(-1, 3), offsets, city.surfaces.ids[shown]


def _by_building(city: City, shapes: Ints, building: Ints) -> Drawn:
    """Return the corners of shapes (rows of vertex indices) sorted by building."""
    order = np.argsort(building, kind="stable")
    counts = np.bincount(building, minlength=len(city.buildings)) * shapes.shape[1]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return city.geometry.vertices[shapes[order]].reshape(-1, 3), offsets, city.buildings.ids


def city_triangles(city: City, shading: bool = False) -> tuple[Floats, Ints, Ints]:
    """Return all surfaces as triangles, those of buildings first.

    Parameters
    ----------
    shading
        Leave out what stands indoors.

    Returns
    -------
    vertices
        Shape ``(n_vertices, 3)``, m.
    triangles
        Rows of ``vertices``, shape ``(n, 3)``.
    surface
        Of every triangle its row in ``surface``; behind those, counted on, in ``city_object_surface``; shape ``(n,)``.
    """
    parts = [triangulate(geometry) for geometry in (city.geometry, city.surroundings)]
    n, n_vertices = len(city.surfaces), len(city.geometry.vertices)
    triangles = np.concatenate([parts[0][0], parts[1][0] + n_vertices])
    surface = np.concatenate([parts[0][1], parts[1][1] + n])
    vertices = np.concatenate([city.geometry.vertices, city.surroundings.vertices])
    if shading and "city_object_surface" in city.tables:
        outdoors = city.table("city_object")["casts_shade"][city.table("city_object_surface")["city_object"]]
        kept = np.concatenate([np.ones(n, dtype=bool), outdoors])[surface]
        return vertices, triangles[kept], surface[kept]
    return vertices, triangles, surface
