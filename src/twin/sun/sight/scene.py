"""What rays start from and are cast at: triangles of surfaces, in an order that depends on nothing but themselves."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.city.layers import city_triangles
from twin.city.model import City

__all__ = ["GROUND_TYPES", "Scene", "scene_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GROUND_TYPES = ("TINRelief", "Road", "Railway", "TransportSquare", "WaterBody", "LandUse", "WaterSurface", "Waterway")
"""City objects that lie on the ground: rays that hit them see ground, not an obstacle."""

_GRID_M = 1e-4  # coordinates are told apart to this; files state millimetres
_ORIGIN_M = 1000.0  # local origins are multiples of this, so that a small change elsewhere does not move them
_MIX = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9], dtype=np.uint64)


@dataclass(frozen=True, repr=False)
class Scene:
    """Triangles, sorted by surface.

    Attributes
    ----------
    triangles
        Corners, m, in the city's reference system, shape ``(n, 3, 3)``.
    surface
        Surface of every triangle, rising; from ``n_surfaces`` on what only casts shade, shape ``(n,)``.
    n_surfaces
        Number of surfaces that receive sun.
    is_ground
        Triangles that are ground, shape ``(n,)``.
    """

    triangles: Floats
    surface: Ints
    n_surfaces: int
    is_ground: NDArray[np.bool_]

    def __repr__(self) -> str:
        return f"Scene({len(self.triangles):,} triangles, {self.n_surfaces:,} surfaces)"

    @classmethod
    def of(cls, triangles: Floats, surface: Ints, n_surfaces: int, is_ground: NDArray[np.bool_] | None = None) -> Scene:
        """Return the scene of triangles in any order; those of negative surfaces only cast shade, each for itself."""
        ground = np.zeros(len(surface), dtype=bool) if is_ground is None else is_ground
        triangles = _turned(np.asarray(triangles, dtype=np.float64))
        contents = _contents(triangles)
        nameless = np.flatnonzero(surface < 0)
        surface = surface.astype(np.int64)
        surface[nameless[np.argsort(contents[nameless])]] = max(n_surfaces, surface.max(initial=-1) + 1) + np.arange(
            len(nameless)
        )
        order = np.lexsort((contents, surface))
        return cls(triangles[order], surface[order], n_surfaces, ground[order])

    @cached_property
    def own(self) -> int:
        """How many triangles, the first ones, belong to surfaces that receive sun."""
        return int(np.searchsorted(self.surface, self.n_surfaces))

    @cached_property
    def contents(self) -> NDArray[np.uint64]:
        """A number for the content of every triangle, shape ``(n,)``."""
        return _contents(self.triangles)

    @cached_property
    def ground(self) -> NDArray[np.uint64]:
        """The contents of the triangles that are ground, sorted."""
        return np.sort(self.contents[self.is_ground])

    @cached_property
    def keys(self) -> NDArray[np.uint64]:
        """A number for the content of every surface, wherever it stands in a table; also of those that only shade."""
        keys = np.zeros(max(self.n_surfaces, int(self.surface.max(initial=-1)) + 1), dtype=np.uint64)
        np.add.at(keys, self.surface, self.contents)
        return keys

    @cached_property
    def offsets(self) -> Ints:
        """Surface ``s`` has triangles ``offsets[s]:offsets[s + 1]``, shape ``(n_surfaces + 1,)``."""
        return np.searchsorted(self.surface, np.arange(self.n_surfaces + 1))

    @cached_property
    def _twice_areas(self) -> Floats:
        """Normals of the surfaces' triangles, as long as twice their areas, shape ``(own, 3)``."""
        corners = self.triangles[: self.own]
        return np.asarray(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))

    @cached_property
    def triangle_areas(self) -> Floats:
        """Area of the surfaces' triangles, m2, shape ``(own,)``."""
        areas: Floats = np.linalg.norm(self._twice_areas, axis=1) / 2.0
        return areas

    @cached_property
    def areas(self) -> Floats:
        """Area of every surface, m2, shape ``(n_surfaces,)``."""
        areas: Floats = np.bincount(self.surface[: self.own], self.triangle_areas, self.n_surfaces).astype(np.float64)
        return areas

    @cached_property
    def normals(self) -> Floats:
        """Outward unit normals, zero where there is no area, shape ``(n_surfaces, 3)``."""
        owner, twice = self.surface[: self.own], self._twice_areas
        sums = np.stack([np.bincount(owner, twice[:, axis], self.n_surfaces) for axis in range(3)], axis=1)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        return np.where(length > 1e-9, sums / np.maximum(length, 1e-9), 0.0)

    @cached_property
    def origin(self) -> Floats:
        """Where single precision counts from, m, shape ``(3,)``."""
        if not len(self.triangles):
            return np.zeros(3)
        middle = (self.triangles.min(axis=(0, 1)) + self.triangles.max(axis=(0, 1))) / 2.0
        return np.asarray(np.round(middle / _ORIGIN_M) * _ORIGIN_M)

    @cached_property
    def digest(self) -> str:
        """Name of the content: equal for scenes of the same triangles and surfaces."""
        digest = hashlib.blake2b(digest_size=16)
        for array in (self.contents, self.surface, self.is_ground):
            digest.update(np.ascontiguousarray(array).data)
        digest.update(str(self.n_surfaces).encode())
        return digest.hexdigest()


def scene_of(city: City) -> Scene:
    """Return what of a city receives and casts shade: its buildings' surfaces and all other objects outdoors."""
    vertices, triangles, surface = city_triangles(city, shading=True)
    n = len(city.surfaces)
    ground, own = np.zeros(len(surface), dtype=bool), surface < n
    if "city_object_surface" in city.tables:
        kinds = city.table("city_object")["type"][city.table("city_object_surface")["city_object"]]
        ground[~own] = np.isin(kinds, GROUND_TYPES)[surface[~own] - n]
    return Scene.of(vertices[triangles], surface, n, ground)


def _turned(triangles: Floats) -> Floats:
    """Return triangles with the same corner first, whichever was named first: rays start by edges from there."""
    first = np.argmin(_corners(triangles), axis=1)
    return np.take_along_axis(triangles, ((first[:, None] + np.arange(3)) % 3)[:, :, None], axis=1)


def _contents(triangles: Floats) -> NDArray[np.uint64]:
    """Return a number for the content of triangles, whichever corner is named first, shape ``(n,)``.

    A triangle and its other side differ: walls that two houses share have the same corners.
    """
    corners = _corners(triangles)
    edges = _stir(corners + np.roll(corners, -1, axis=1) * _MIX[0])
    return _stir(edges.sum(axis=1, dtype=np.uint64))


def _corners(triangles: Floats) -> NDArray[np.uint64]:
    """Return a number for the content of every corner, shape ``(n, 3)``."""
    grid = np.round(triangles / _GRID_M).astype(np.int64).view(np.uint64)
    return _stir((grid * _MIX).sum(axis=2, dtype=np.uint64))


def _stir(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread what numbers differ in over all their bits: splitmix64, Steele et al. 2014 (10.1145/2714064.2660195)."""
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
