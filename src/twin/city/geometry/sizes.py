"""Sizes and directions of all polygons at once: areas, normals, tilt, azimuth, centroids, flatness."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry.rings import corner_offsets, owners, segments, take_surfaces
from twin.city.model import Geometry

__all__ = ["CHUNK", "Measured", "azimuths", "dot", "inner", "measure", "tilts"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

CHUNK = 1 << 13  # surfaces measured at a time: their corners fit the processor's cache


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
    centroid
        Shape ``(n, 3)``.
    off_plane
        How far corners lie off the mean plane at most, m.
    """

    vector: Floats
    origin: Floats
    area: Floats
    normal: Floats
    centroid: Floats
    off_plane: Floats

    @property
    def tilt(self) -> Floats:
        """Angle of the normal from straight up, degrees: 0 flat roof, 90 wall, 180 floor seen from below."""
        return tilts(self.normal)

    @property
    def azimuth(self) -> Floats:
        """Direction of the normal clockwise from grid north, degrees; 0 for horizontal surfaces."""
        return azimuths(self.normal)

    def turned(self, surfaces: NDArray[np.bool_]) -> Measured:
        """Return the same with the chosen surfaces (a mask) facing the other way."""
        if not surfaces.any():
            return self
        sign = np.where(surfaces, -1.0, 1.0)[:, None]
        return replace(self, vector=self.vector * sign, normal=self.normal * sign)


def dot(a: Floats, b: Floats) -> Floats:
    """Return the scalar product of each row, shape ``(n,)``."""
    product: Floats = a[:, 0] * b[:, 0]
    for k in range(1, a.shape[1]):
        product += a[:, k] * b[:, k]
    return product


def measure(geometry: Geometry) -> Measured:
    """Return size and direction of every surface.

    Newell's method (Sutherland, Sproull & Schumacker 1974), as a sum over the triangles that fan out from the first
    corner of each ring. Holes are subtracted whichever way their rings run.
    """
    whole = np.empty((_ROWS, len(geometry.surface_offsets) - 1))
    columns = np.ascontiguousarray(geometry.vertices.T)
    starts = corner_offsets(geometry)
    corners, plain = np.diff(starts), np.diff(geometry.surface_offsets) == 1
    for few in (3, 4):  # most surfaces; all of a kind at once
        rows = np.flatnonzero(plain & (corners == few))
        for some in _chunks(rows):
            _put(whole, some, _measure_few(columns, geometry.ring_vertices, starts[some], few))
    rows = np.flatnonzero(~plain | (corners != 3) & (corners != 4))
    for some in _chunks(rows):
        _put(whole, some, _measure_any(columns, take_surfaces(geometry, some)))
    area, off_plane = whole[12:]
    vector, origin, normal, centroid = (whole[k : k + 3].T for k in (0, 3, 6, 9))
    return Measured(vector, origin, area, normal, centroid, off_plane)


_ROWS = 14  # of what is measured: vector, origin, normal, centroid, area, off_plane


def _chunks(rows: Ints) -> list[Ints]:
    return [rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK)]


def _put(whole: Floats, rows: Ints, measured: list[Floats]) -> None:
    for row, values in zip(whole, measured, strict=True):
        row[rows] = values


def _rows(
    vector: Floats, origin: Floats, normal: Floats, offset: Floats, area: Floats, off_plane: Floats
) -> list[Floats]:
    """Return what is measured row by row."""
    return [*vector, *origin, *normal, *(origin + offset), area, off_plane]


def _measure_few(columns: Floats, corners: Ints, starts: Ints, few: int) -> list[Floats]:
    """Return size and direction of surfaces without holes that all have as few corners."""
    origin = np.take(columns, corners[starts], axis=1)
    legs = [np.take(columns, corners[starts + k], axis=1) - origin for k in range(1, few)]
    crosses = [_cross(u, v) for u, v in pairwise(legs)]
    vector = sum(crosses[1:], start=crosses[0]) / 2
    area = np.sqrt(inner(vector, vector))
    normal = vector / np.where(area > 0, area, np.inf)
    moment = np.zeros_like(origin)
    for (u, v), cross in zip(pairwise(legs), crosses, strict=True):
        moment += (u + v) * inner(cross, normal)
    offset = moment / np.where(area > 0, 6 * area, np.inf)
    middle = inner(normal, offset)
    off_plane = np.abs(middle)
    for leg in legs:
        np.maximum(off_plane, np.abs(inner(normal, leg) - middle), out=off_plane)
    return _rows(vector, origin, normal, offset, area, off_plane)


@dataclass(frozen=True, slots=True)
class _Fans:
    """Triangles that fan out from the first corner of each ring, with coordinates relative to it.

    Attributes
    ----------
    first
        First corner of each ring, shape ``(3, n_rings)``.
    last
        Last corner of each ring, shape ``(3, n_rings)``.
    u, v
        The other two corners of each triangle, shape ``(3, n_triangles)``.
    ring
        Ring of each triangle.
    """

    first: Floats
    last: Floats
    u: Floats
    v: Floats
    ring: Ints

    @classmethod
    def of(cls, columns: Floats, corners: Ints, rings: Ints) -> _Fans:
        """Return the fans of rings, from the columns of coordinates and the vertices of every corner."""
        sizes = np.diff(rings)
        first = np.take(columns, corners[rings[:-1]], axis=1)
        local = np.take(columns, corners, axis=1)
        local -= np.repeat(first, sizes, axis=1)
        ring = np.repeat(np.arange(len(sizes)), np.maximum(sizes - 2, 0))
        middle = np.arange(1, len(ring) + 1) + 2 * ring  # two corners of each ring before it start no triangle
        last = np.take(local, rings[1:] - 1, axis=1)
        return cls(first, last, np.take(local, middle, axis=1), np.take(local, middle + 1, axis=1), ring)

    def sums(self, values: Floats) -> Floats:
        """Sum rows of values over the triangles of each ring, shape ``(n_rows, n_rings)``."""
        return np.stack([np.bincount(self.ring, row, self.first.shape[1]) for row in values])

    def along(self, per_ring: Floats) -> Floats:
        """Repeat what is known of each ring for its triangles."""
        return np.take(per_ring, self.ring, axis=1)


def _measure_any(columns: Floats, geometry: Geometry) -> list[Floats]:
    """Return size and direction of surfaces with any number of corners and holes."""
    surfaces = geometry.surface_offsets
    fans = _Fans.of(columns, geometry.ring_vertices, geometry.ring_offsets)
    cross = _cross(fans.u, fans.v)
    of_ring = fans.sums(cross) / 2
    sign = _hole_signs(of_ring, surfaces)
    vector = _gather(np.add, of_ring * sign, surfaces)

    outer = surfaces[:-1]
    length = np.sqrt(inner(vector, vector))
    facing = inner(vector, np.take(of_ring, outer, axis=1)) > 0  # holes larger than their surface leave nothing
    area = np.where(facing, length, 0.0)
    normal = vector / np.where(area > 0, length, np.inf)

    upright = _spread(normal, surfaces)
    origin = np.take(fans.first, outer, axis=1)
    shift = fans.first - _spread(origin, surfaces)
    moment = fans.sums((fans.u + fans.v) * inner(cross, fans.along(upright))) / 3
    moment += shift * (2 * inner(of_ring, upright))
    offset = _gather(np.add, moment * sign, surfaces) / np.where(area > 0, 2 * area, np.inf)
    off_ring = _off_plane(fans, upright, _spread(offset, surfaces) - shift)
    off_plane = _gather(np.maximum, off_ring[None], surfaces)[0]
    return _rows(vector, origin, normal, offset, area, off_plane)


def _cross(u: Floats, v: Floats) -> Floats:
    return np.stack([u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]])


def inner(a: Floats, b: Floats) -> Floats:
    """Return the scalar product of each column."""
    product: Floats = a[0] * b[0]
    product += a[1] * b[1]
    product += a[2] * b[2]
    return product


def _gather(ufunc: np.ufunc, of_ring: Floats, surfaces: Ints) -> Floats:
    """Reduce what is known of rings to surfaces."""
    if of_ring.shape[1] == len(surfaces) - 1:  # no holes
        return of_ring
    return np.stack([segments(ufunc, row, surfaces) for row in of_ring])


def _spread(per_surface: Floats, surfaces: Ints) -> Floats:
    """Repeat what is known of surfaces for their rings."""
    if surfaces[-1] == len(surfaces) - 1:  # no holes
        return per_surface
    return np.repeat(per_surface, np.diff(surfaces), axis=1)


def _hole_signs(of_ring: Floats, surfaces: Ints) -> Floats:
    """Return +1 for outer rings, and for holes what turns them against their outer ring."""
    sign = np.ones(of_ring.shape[1])
    if len(sign) > len(surfaces) - 1:
        outer = surfaces[:-1]
        sign[inner(of_ring, of_ring[:, outer[owners(surfaces)]]) > 0] = -1.0
        sign[outer] = 1.0
    return sign


def _off_plane(fans: _Fans, normal: Floats, middle: Floats) -> Floats:
    """Return how far the corners of each ring lie off the plane through ``middle`` at most."""
    own = inner(normal, middle)
    farthest = np.maximum(np.abs(own), np.abs(inner(normal, fans.last) - own))
    between = np.abs(inner(fans.u, fans.along(normal)) - own[fans.ring])
    np.maximum.at(farthest, fans.ring, between)
    return farthest


def tilts(normal: Floats) -> Floats:
    """Return the angle of unit normals from straight up, degrees; see `Measured`."""
    horizontal = np.sqrt(normal[:, 0] ** 2 + normal[:, 1] ** 2)
    tilt: Floats = np.arctan2(horizontal, normal[:, 2]) * (180 / np.pi)
    return np.where((horizontal == 0) & (normal[:, 2] == 0), 90.0, tilt)


def azimuths(normal: Floats) -> Floats:
    """Return the direction of unit normals clockwise from grid north, degrees; see `Measured`."""
    degrees = np.arctan2(normal[:, 0], normal[:, 1]) * (180 / np.pi)
    degrees = np.where(degrees < 0, degrees + 360.0, degrees)
    horizontal = normal[:, 0] ** 2 + normal[:, 1] ** 2 < 1e-18
    return np.where(horizontal | (degrees >= 360.0), 0.0, degrees)
