"""Triangles that meet where they should not. Code 306."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.check.surfaces import Surfaces
from twin.city.geometry.rings import offsets_of

__all__ = ["intersecting"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_ROUNDING_M = 1e-8  # of coordinates up to some 100 km from the first one, with room to spare
_NEARLY_FLAT = 1e-3  # sine of the angle between two planes
_BLOCK = 200_000  # pairs of triangles at once


def intersecting(surfaces: Surfaces, of_surface: Ints, asked: Mask, n: int) -> Mask:
    """Return which shells have two polygons that meet other than along a common edge or in a common corner.

    Polygons that touch count, as in val3dity: a corner on another polygon, two edges that cross, a face on a face.
    """
    rows = np.flatnonzero(asked[of_surface[surfaces.of_triangle]])
    triangles, surface = surfaces.triangles[rows], surfaces.of_triangle[rows]
    shell, points = of_surface[surface], surfaces.geometry.vertices
    bad = np.zeros(n, dtype=bool)
    for a, b in _near(points[triangles], shell, surface):
        meeting = _meet(points, triangles[a], triangles[b])
        bad[shell[a[meeting]]] = True
    return bad


def _near(corners: Floats, shell: Ints, surface: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield pairs of triangles of one shell whose boxes overlap, each pair once, none of one surface."""
    if not len(corners):
        return
    low, high = corners.min(axis=1) - _ROUNDING_M, corners.max(axis=1) + _ROUNDING_M
    shells, of = np.unique(shell, return_inverse=True)
    left, right = np.full(len(shells), np.inf), np.full(len(shells), -np.inf)
    np.minimum.at(left, of, low[:, 0])
    np.maximum.at(right, of, high[:, 0])
    aside = offsets_of(np.ceil(right - left).astype(np.int64) + 2)[:-1] - left  # shells side by side, none overlaps
    boxes = shapely.box(low[:, 0] + aside[of], low[:, 1], high[:, 0] + aside[of], high[:, 1])
    tree = shapely.STRtree(boxes)
    step = 20_000
    for start in range(0, len(boxes), step):
        a, b = tree.query(boxes[start : start + step])
        a = a + start
        once = (a < b) & (surface[a] != surface[b])
        once &= (low[a, 2] <= high[b, 2]) & (low[b, 2] <= high[a, 2])
        a, b = a[once], b[once]
        for block in range(0, len(a), _BLOCK):
            yield a[block : block + _BLOCK], b[block : block + _BLOCK]


def _meet(points: Floats, first: Ints, second: Ints) -> Mask:
    """Return which pairs of triangles meet beyond the corners that they share."""
    same = first[:, :, None] == second[:, None, :]
    shared = np.asarray(same.any(axis=2).sum(axis=1))
    meet: Mask = np.equal(shared, 3)
    for count, test in ((0, _meet_anywhere), (1, _meet_beyond_corner), (2, _folded_over)):
        rows = np.flatnonzero(shared == count)
        one, other = _shared_first(first[rows], second[rows], same[rows])
        meet[rows] = test(points[one], points[other])
    return meet


def _shared_first(first: Ints, second: Ints, same: NDArray[np.bool_]) -> tuple[Ints, Ints]:
    """Return the triangles with the corners they share in front."""
    order = np.argsort(~same.any(axis=2), axis=1, kind="stable")
    first = np.take_along_axis(first, order, axis=1)
    order = np.argsort(~same.any(axis=1), axis=1, kind="stable")
    return first, np.take_along_axis(second, order, axis=1)


def _unit(vectors: Floats) -> Floats:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Floats = vectors / np.where(length > 0, length, np.inf)
    return unit


def _normal(triangles: Floats) -> Floats:
    return _unit(np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]))


def _meet_anywhere(first: Floats, second: Floats) -> Mask:
    """Return which triangles without a common corner meet: no axis parts them (separating axis theorem)."""
    meet = np.ones(len(first), dtype=bool)
    sides = [np.roll(triangles, -1, axis=1) - triangles for triangles in (first, second)]
    normals = [_normal(triangles) for triangles in (first, second)]

    def part(axis: Floats, rows: Ints) -> None:
        one = (first[rows] * axis[:, None]).sum(axis=2)
        other = (second[rows] * axis[:, None]).sum(axis=2)
        gap = np.maximum(one.min(axis=1) - other.max(axis=1), other.min(axis=1) - one.max(axis=1))
        meet[rows[gap > _ROUNDING_M]] = False

    for normal in normals:
        rows = np.flatnonzero(meet)
        part(normal[rows], rows)
    for i in range(3):
        for j in range(3):
            rows = np.flatnonzero(meet)
            part(_unit(np.cross(_unit(sides[0][rows, i]), _unit(sides[1][rows, j]))), rows)
    for normal, side in zip(normals, sides, strict=True):
        for k in range(3):
            rows = np.flatnonzero(meet)
            part(_unit(np.cross(normal[rows], side[rows, k])), rows)
    return meet


def _meet_beyond_corner(first: Floats, second: Floats) -> Mask:
    """Return which triangles that share their first corner meet elsewhere too."""
    if not len(first):
        return np.zeros(0, dtype=bool)
    origin = first[:, :1]
    u, v = first[:, 1:] - origin, second[:, 1:] - origin  # the two other corners of each, seen from the shared one
    normal_u, normal_v = _normal(first), _normal(second)
    off_u, off_v = _off(u, normal_v), _off(v, normal_u)
    bent_u, bent_v = (np.any(off != 0.0, axis=1) for off in (off_u, off_v))
    flat = np.logical_not(np.logical_and(bent_u, bent_v))
    along = np.cross(normal_u, normal_v)
    nearly_flat = np.linalg.norm(along, axis=1) < _NEARLY_FLAT  # where the line of both planes is anybody's guess
    overlapping = _cones_meet(u, v, np.where(bent_u[:, np.newaxis], normal_v, normal_u))
    crossing = _reach(u, off_u, along) * _reach(v, off_v, along) > 0
    meet: Mask = np.where(flat, overlapping, crossing & (overlapping | ~nearly_flat))
    return meet


def _off(arms: Floats, normal: Floats) -> Floats:
    """Return how far two corners lie off a plane through the origin; 0 where rounding could be the cause."""
    off = (arms * normal[:, None]).sum(axis=2)
    return np.where(np.abs(off) <= _ROUNDING_M, 0.0, off)


def _reach(arms: Floats, off: Floats, along: Floats) -> Floats:
    """Return where the side between two corners crosses a plane, as a sign along the line of both planes; 0 for not."""
    total = np.abs(off).sum(axis=1)
    weight = np.abs(off[:, ::-1]) / np.where(total > 0, total, 1.0)[:, None]
    crosses = (off[:, 0] * off[:, 1] <= 0) & (total > 0)
    at = (arms * weight[:, :, None]).sum(axis=1)
    return np.where(crosses, np.sign((at * along).sum(axis=1)), 0.0)


def _cones_meet(u: Floats, v: Floats, normal: Floats) -> Mask:
    """Return which pairs of corners span angles, in one plane and from one point, that overlap or share a side."""

    def within(arm: Floats, cone: Floats) -> Mask:
        turn = np.sign((np.cross(cone[:, 0], cone[:, 1]) * normal).sum(axis=1))
        left = (np.cross(_unit(cone[:, 0]), arm) * normal).sum(axis=1) * turn
        right = (np.cross(arm, _unit(cone[:, 1])) * normal).sum(axis=1) * turn
        ahead = (arm * _unit(cone).sum(axis=1)).sum(axis=1) > 0
        inside: Mask = (left >= -_ROUNDING_M) & (right >= -_ROUNDING_M) & ahead
        return inside

    return within(u[:, 0], v) | within(u[:, 1], v) | within(v[:, 0], u) | within(v[:, 1], u)


def _folded_over(first: Floats, second: Floats) -> Mask:
    """Return which triangles that share their first two corners lie in one plane on the same side of that edge."""
    if not len(first):
        return np.zeros(0, dtype=bool)
    edge = _unit(first[:, 1] - first[:, 0])
    one, other = first[:, 2] - first[:, 0], second[:, 2] - first[:, 0]
    flat = np.abs((other * _normal(first)).sum(axis=1)) <= _ROUNDING_M
    across = np.cross(_normal(first), edge)
    folded: Mask = flat & ((one * across).sum(axis=1) * (other * across).sum(axis=1) > 0)
    return folded
