"""Polygons in their own plane: frames, flat coordinates, shapely polygons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.geometry.rings import corner_offsets, ragged_take, ring_of_corner, surface_of_ring, take_surfaces
from twin.city.geometry.sizes import inner
from twin.city.model import Geometry

__all__ = ["Flat", "flatten", "frames", "mended", "polygons"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def frames(normal: Floats) -> tuple[Floats, Floats]:
    """Return two unit vectors in each plane so that they and the normal are right-handed; walls get "up" as second."""
    across = np.stack([-normal[:, 1], normal[:, 0], np.zeros(len(normal))], axis=1)
    length = np.linalg.norm(across, axis=1)
    lying = length < 1e-9
    across = np.where(lying[:, None], [1.0, 0.0, 0.0], across / np.where(lying, 1.0, length)[:, None])
    return across, np.cross(np.where(lying[:, None] & (normal[:, 2:] == 0), [0.0, 0.0, 1.0], normal), across)


def flatten(geometry: Geometry, origin: Floats, normal: Floats) -> Floats:
    """Return every corner in the plane of its surface, shape ``(n_corners, 2)``."""
    sizes = np.diff(corner_offsets(geometry))
    local = np.take(geometry.vertices.T, geometry.ring_vertices, axis=1)
    local -= np.repeat(origin.T, sizes, axis=1)
    return np.stack([inner(np.repeat(axis.T, sizes, axis=1), local) for axis in frames(normal)]).T


@dataclass(frozen=True, slots=True)
class Flat:
    """Surfaces with their corners in a plane, that of each surface or that of a pair.

    Attributes
    ----------
    plane
        Of every corner, shape ``(n_corners, 2)``.
    """

    geometry: Geometry
    plane: Floats

    @property
    def offsets(self) -> Ints:
        """Offsets of the corners of each surface."""
        return corner_offsets(self.geometry)

    def take(self, rows: Ints) -> Flat:
        """Return the chosen surfaces in the order given."""
        corners, _ = ragged_take(self.offsets, rows)
        return Flat(take_surfaces(self.geometry, rows), self.plane[corners])

    def outer(self) -> Flat:
        """Return the surfaces without their holes."""
        if self.geometry.surface_offsets[-1] == len(self.geometry.surface_offsets) - 1:
            return self
        rings = self.geometry.surface_offsets[:-1]
        corners, offsets = ragged_take(self.geometry.ring_offsets, rings)
        whole = Geometry(
            self.geometry.vertices, self.geometry.ring_vertices[corners], offsets, np.arange(len(rings) + 1)
        )
        return Flat(whole, self.plane[corners])

    def polygons(self) -> NDArray[np.object_]:
        """Return them as shapely polygons, mended where their outlines cross or touch themselves."""
        return mended(polygons(self.geometry, self.plane))


def polygons(geometry: Geometry, plane: Floats) -> NDArray[np.object_]:
    """Return a shapely polygon with holes per surface, from the corners' plane coordinates."""
    rings = shapely.linearrings(plane, indices=ring_of_corner(geometry))
    made: NDArray[np.object_] = shapely.polygons(rings, indices=surface_of_ring(geometry))
    return made


def mended(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return valid polygons: outlines that touch or cross themselves are cut apart."""
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken])
    return shapes
