"""What a city looks like: triangles per building for report and view, triangles of everything to cast rays at."""

from __future__ import annotations

from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry import triangulate
from twin.city.model import City, Geometry

__all__ = ["Drawn", "building_triangles", "city_triangles", "surface_triangles"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_known: WeakKeyDictionary[Geometry, tuple[Ints, Ints]] = WeakKeyDictionary()


class Drawn(NamedTuple):
    """Triangles of some entities.

    Attributes
    ----------
    coordinates
        Shape ``(n, 3)``, m; every three rows are one triangle.
    offsets
        Entity ``i`` has rows ``offsets[i]:offsets[i + 1]``.
    ids
        Identifiers of the entities.
    """

    coordinates: Floats
    offsets: Ints
    ids: NDArray[np.str_]


def building_triangles(city: City) -> Drawn:
    """Return the buildings' surfaces as triangles, by building."""
    triangles, surface = _triangles(city.geometry)
    counts = np.bincount(city.surfaces["building"][surface], minlength=len(city.buildings))
    return _drawn(city, triangles, counts, city.buildings.ids)


def surface_triangles(city: City) -> Drawn:
    """Return the buildings' surfaces as triangles, by surface; those they stand on are left out: nobody sees them."""
    triangles, surface = _triangles(city.geometry)
    shown = city.surfaces["type"] != "GroundSurface"
    counts = np.bincount(surface, minlength=len(shown))[shown]
    return _drawn(city, triangles[shown[surface]], counts, city.surfaces.ids[shown])


def _drawn(city: City, triangles: Ints, counts: Ints, ids: NDArray[np.str_]) -> Drawn:
    """Return the triangles of entities that have so many each; surfaces, and so triangles, are sorted by building."""
    offsets = np.concatenate([[0], np.cumsum(3 * counts)]).astype(np.int64)
    return Drawn(city.geometry.vertices[triangles].reshape(-1, 3), offsets, ids)


def _triangles(geometry: Geometry) -> tuple[Ints, Ints]:
    """Return what `triangulate` returns, found once: layers, rays and the options of one geometry share it."""
    if geometry not in _known:
        _known[geometry] = triangulate(geometry)
    return _known[geometry]


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
    parts = [_triangles(geometry) for geometry in (city.geometry, city.surroundings)]
    n, n_vertices = len(city.surfaces), len(city.geometry.vertices)
    triangles = np.concatenate([parts[0][0], parts[1][0] + n_vertices])
    surface = np.concatenate([parts[0][1], parts[1][1] + n])
    vertices = np.concatenate([city.geometry.vertices, city.surroundings.vertices])
    if shading and "city_object_surface" in city.tables:
        outdoors = city.table("city_object")["casts_shade"][city.table("city_object_surface")["city_object"]]
        kept = np.concatenate([np.ones(n, dtype=bool), outdoors])[surface]
        return vertices, triangles[kept], surface[kept]
    return vertices, triangles, surface
