"""What a city looks like: triangles per building, for report and view."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry import triangulate
from twin.city.model import City

__all__ = ["building_triangles"]

Drawn = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.str_]]


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
    triangles, surface = triangulate(city)
    return _by_building(city, triangles, city.surfaces["building"][surface])


def _by_building(city: City, shapes: NDArray[np.int64], building: NDArray[np.int64]) -> Drawn:
    """Return the corners of shapes (rows of vertex indices) sorted by building."""
    order = np.argsort(building, kind="stable")
    counts = np.bincount(building, minlength=len(city.buildings)) * shapes.shape[1]
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return city.geometry.vertices[shapes[order]].reshape(-1, 3), offsets, city.buildings.ids
