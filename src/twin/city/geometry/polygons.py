"""Kernels on all polygons at once: areas, directions, closedness, volumes, and coordinates in their own plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.geometry.rings import number_rows, ring_of_corner, successors, surface_of_corner, surface_of_ring
from twin.city.model import Geometry

__all__ = [
    "Measured",
    "Shells",
    "flatten",
    "frames",
    "heights",
    "lowest",
    "measure",
    "mended",
    "off_plane",
    "polygons",
    "shells",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Measured:
    """Size and direction of surfaces, one row each.

    Attributes
    ----------
    vector
        Area times outward unit normal, m2, shape ``(n, 3)``.
    origin
        First corner, a point on the surface, shape ``(n, 3)``.
    area
        Net of holes, m2.
    normal
        Outward unit normal, zero for surfaces without area, shape ``(n, 3)``.
    tilt
        Angle of the normal from straight up, degrees: 0 flat roof, 90 wall, 180 floor seen from below.
    azimuth
        Direction of the normal clockwise from grid north, degrees; 0 for horizontal surfaces.
    centroid
        Shape ``(n, 3)``.
    """

    vector: Floats
    origin: Floats
    area: Floats
    normal: Floats
    tilt: Floats
    azimuth: Floats
    centroid: Floats


def measure(geometry: Geometry) -> Measured:
    """Return size and direction of every surface.

    Newell's method (Sutherland, Sproull & Schumacker 1974): half the sum of the cross products of consecutive
    corners. Holes are subtracted whichever way their rings run.
    """
    corners, surface, ring = geometry.corners, surface_of_corner(geometry), ring_of_corner(geometry)
    starts = geometry.ring_offsets[geometry.surface_offsets[:-1]]
    origin = corners[starts]
    local = corners - origin[surface]  # near the origin, or the products cancel
    following = local[successors(geometry.ring_offsets)]
    halves = np.cross(local, following) / 2
    of_ring = np.add.reduceat(halves, geometry.ring_offsets[:-1], axis=0) if len(halves) else halves
    sign = _hole_signs(of_ring, geometry)
    vector = np.add.reduceat(of_ring * sign[:, None], geometry.surface_offsets[:-1], axis=0) if len(halves) else halves

    outer = of_ring[geometry.surface_offsets[:-1]]
    length = np.linalg.norm(vector, axis=1)
    facing = (vector * outer).sum(axis=1) > 0  # holes larger than their surface leave nothing
    area = np.where(facing, length, 0.0)
    normal = vector / np.where(area > 0, length, np.inf)[:, None]

    weight = (halves * normal[surface]).sum(axis=1) * sign[ring]
    thirds = (local + following) / 3 * weight[:, None]
    moment = np.stack([np.bincount(surface, thirds[:, k], len(origin)) for k in range(3)], axis=1)
    centroid = origin + moment / np.where(area > 0, area, np.inf)[:, None]
    return Measured(vector, origin, area, normal, _tilt(normal), _azimuth(normal), centroid)


def _hole_signs(of_ring: Floats, geometry: Geometry) -> Floats:
    """Return +1 for outer rings, and for holes what turns them against their outer ring."""
    outer = geometry.surface_offsets[:-1]
    along = (of_ring * of_ring[outer][surface_of_ring(geometry)]).sum(axis=1)
    sign = np.where(along > 0, -1.0, 1.0)
    sign[outer] = 1.0
    return sign


def _tilt(normal: Floats) -> Floats:
    horizontal = np.hypot(normal[:, 0], normal[:, 1])
    flat = (horizontal == 0) & (normal[:, 2] == 0)
    tilt: Floats = np.degrees(np.arctan2(horizontal, normal[:, 2]))
    return np.where(flat, 90.0, tilt)


def _azimuth(normal: Floats) -> Floats:
    degrees = np.degrees(np.arctan2(normal[:, 0], normal[:, 1])) % 360.0
    horizontal = np.hypot(normal[:, 0], normal[:, 1]) < 1e-9
    return np.where(horizontal | (degrees >= 360.0), 0.0, degrees)


def off_plane(geometry: Geometry, measured: Measured) -> Floats:
    """Return how far the corners of each surface lie off its plane at most, m."""
    surface = surface_of_corner(geometry)
    distance = np.abs(((geometry.corners - measured.centroid[surface]) * measured.normal[surface]).sum(axis=1))
    farthest = np.zeros(len(measured.area))
    np.maximum.at(farthest, surface, distance)
    return farthest


@dataclass(frozen=True, slots=True)
class Shells:
    """What the surfaces of each shell enclose; one row per building or part.

    Attributes
    ----------
    closed
        Whether every edge is used equally often in both directions.
    paired
        Whether every edge is used an even number of times; closed but for surfaces that face the wrong way.
    volume
        By the divergence theorem, m3; negative where the shell is inside out, meaningless where it is not closed.
    """

    closed: NDArray[np.bool_]
    paired: NDArray[np.bool_]
    volume: Floats


def shells(geometry: Geometry, measured: Measured, shell: Ints, n: int) -> Shells:
    """Return closedness and volume of every shell.

    Parameters
    ----------
    shell
        Shell of every surface, 0 to ``n - 1``, shape ``(n_surfaces,)``.
    """
    owner = shell[surface_of_corner(geometry)]
    a, b = geometry.ring_vertices, geometry.ring_vertices[successors(geometry.ring_offsets)]
    low, high = np.minimum(a, b), np.maximum(a, b)
    edge = number_rows(owner, low, high)
    of_edge = np.zeros(edge.max(initial=-1) + 1, dtype=np.int64)
    of_edge[edge] = owner
    balance, uses = np.bincount(edge, np.where(a < b, 1, -1)), np.bincount(edge)
    filled = np.bincount(shell, minlength=n) > 0
    closed = filled & (np.bincount(of_edge[balance != 0], minlength=n) == 0)
    paired = filled & (np.bincount(of_edge[uses % 2 != 0], minlength=n) == 0)

    rows, at = np.unique(shell, return_index=True)
    anchor = np.zeros((n, 3))
    anchor[rows] = measured.origin[at]
    cones = ((measured.origin - anchor[shell]) * measured.vector).sum(axis=1) / 3
    return Shells(closed, paired, np.bincount(shell, cones, n).astype(np.float64))


def lowest(geometry: Geometry, owner: Ints, n: int) -> Floats:
    """Return the height of the lowest corner of all surfaces of each owner, m; 0 for an owner without surfaces."""
    bottom = np.full(n, np.inf)
    np.minimum.at(bottom, owner[surface_of_corner(geometry)], geometry.corners[:, 2])
    return np.where(np.isfinite(bottom), bottom, 0.0)


def heights(geometry: Geometry, owner: Ints, n: int) -> Floats:
    """Return highest less lowest corner of all surfaces of each owner, m; 0 for an owner without surfaces."""
    top = np.full(n, -np.inf)
    np.maximum.at(top, owner[surface_of_corner(geometry)], geometry.corners[:, 2])
    return np.where(np.isfinite(top), top - lowest(geometry, owner, n), 0.0)


def frames(normal: Floats) -> tuple[Floats, Floats]:
    """Return two unit vectors in each plane so that they and the normal are right-handed; walls get "up" as second."""
    across = np.stack([-normal[:, 1], normal[:, 0], np.zeros(len(normal))], axis=1)
    length = np.linalg.norm(across, axis=1)
    lying = length < 1e-9
    across = np.where(lying[:, None], [1.0, 0.0, 0.0], across / np.where(lying, 1.0, length)[:, None])
    return across, np.cross(np.where(lying[:, None] & (normal[:, 2:] == 0), [0.0, 0.0, 1.0], normal), across)


def flatten(geometry: Geometry, origin: Floats, normal: Floats) -> Floats:
    """Return every corner in the plane of its surface, shape ``(n_corners, 2)``."""
    surface = surface_of_corner(geometry)
    across, up = frames(normal)
    local = geometry.corners - origin[surface]
    return np.stack([(local * across[surface]).sum(axis=1), (local * up[surface]).sum(axis=1)], axis=1)


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
