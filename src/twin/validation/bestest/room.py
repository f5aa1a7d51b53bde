"""The inside of a box with windows: where the sun that comes in first falls, and how light is thrown about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.validation.bestest.shades import Blocker, Window, free_points, points_of

__all__ = ["Face", "Rectangle", "exchange_areas", "fallen", "in_wall", "interreflection"]

Floats = NDArray[np.float64]

_WALLS = {"W": (0, False), "E": (0, True), "S": (1, False), "N": (1, True)}


@dataclass(frozen=True)
class Rectangle:
    """A rectangle square to an axis (0 east, 1 north, 2 up): its place along it, and its extent along the others."""

    axis: int
    at: float
    extent: tuple[tuple[float, float], tuple[float, float]]

    @property
    def others(self) -> tuple[int, int]:
        """The axes in which it extends."""
        first, second = (axis for axis in range(3) if axis != self.axis)
        return first, second

    def holds(self, points: Floats) -> NDArray[np.bool_]:
        """Return which of the points in its plane lie in it, shape ``(...)`` for points of shape ``(..., 3)``."""
        inside = np.ones(points.shape[:-1], dtype=bool)
        for axis, (low, high) in zip(self.others, self.extent, strict=True):
            inside &= (points[..., axis] >= low) & (points[..., axis] <= high)
        return inside


@dataclass(frozen=True)
class Face:
    """One inner surface: rectangles in one plane, less those cut out of them."""

    parts: tuple[Rectangle, ...]
    holes: tuple[Rectangle, ...] = ()


def in_wall(size: tuple[float, float, float], orientation: str, window: Window | None = None) -> Rectangle:
    """Return a wall of a box, or a window in it; ``orientation`` may also be ``up`` or ``down``.

    Parameters
    ----------
    size
        Of the box to the east, to the north and up, m.
    """
    if orientation not in _WALLS:
        return Rectangle(2, size[2] if orientation == "up" else 0.0, ((0.0, size[0]), (0.0, size[1])))
    axis, far = _WALLS[orientation]
    length = size[1 - axis]
    x, z = (window.x, window.z) if window else ((0.0, length), (0.0, size[2]))
    if orientation in "NW":  # the window's x runs to the left of one who looks out
        x = (length - x[1], length - x[0])
    return Rectangle(axis, size[axis] if far else 0.0, (x, z))


def exchange_areas(faces: Sequence[Face]) -> Floats:
    """Return area times view factor of each pair of faces, m2, symmetric, shape ``(face, face)``."""
    n = len(faces)
    found = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            found[i, j] = found[j, i] = sum(
                sign * other * _exchange_area(a, b) for sign, a in _signed(faces[i]) for other, b in _signed(faces[j])
            )
    return found


def _signed(face: Face) -> list[tuple[float, Rectangle]]:
    return [(1.0, part) for part in face.parts] + [(-1.0, hole) for hole in face.holes]


def _exchange_area(one: Rectangle, other: Rectangle) -> float:
    """Return area times view factor of two rectangles of a box, m2.

    Ehlert & Smith 1993, View factors for perpendicular and parallel rectangular plates, J. Thermophysics and Heat
    Transfer 7(1) 173: a function of the corners, with changing signs.
    """
    if one.axis == other.axis:
        apart = abs(one.at - other.at)
        if apart == 0.0:
            return 0.0
        offsets = [_differences(a, b) for a, b in zip(one.extent, other.extent, strict=True)]
        u, v = offsets[0][:, :, None, None], offsets[1][None, None]
        corners = _parallel(u, v, apart)
    else:
        along = 3 - one.axis - other.axis
        # distance of each from the edge in which both planes meet
        a = np.abs(np.array(one.extent[one.others.index(other.axis)]) - other.at)
        b = np.abs(np.array(other.extent[other.others.index(one.axis)]) - one.at)
        edge = _differences(one.extent[one.others.index(along)], other.extent[other.others.index(along)])
        corners = _square(np.sort(a)[:, None, None, None], np.sort(b)[None, :, None, None], edge)
    signs = np.where(np.indices((2, 2, 2, 2)).sum(axis=0) % 2, -1.0, 1.0)
    return float((signs * corners).sum())


def _differences(one: tuple[float, float], other: tuple[float, float]) -> Floats:
    return np.asarray(np.array(one)[:, None] - np.array(other))


def _parallel(u: Floats, v: Floats, apart: float) -> Floats:
    """Ehlert & Smith's G for parallel rectangles."""
    p, q = np.hypot(u, apart), np.hypot(v, apart)
    log = np.log(u**2 + v**2 + apart**2)
    return np.asarray((v * p * np.arctan(v / p) + u * q * np.arctan(u / q) - apart**2 / 2.0 * log) / (2.0 * np.pi))


def _square(a: Floats, b: Floats, along: Floats) -> Floats:
    """Ehlert & Smith's G for rectangles square to each other."""
    squared = np.maximum(a**2 + b**2, 1e-24)  # both in the common edge: the limit is taken
    root = np.sqrt(squared)
    log = np.log(squared + along**2 + (along == 0.0) * 1e-24)
    angle = along * root * np.arctan(along / root)
    return np.asarray((angle - (squared - along**2) * log / 4.0) / (2.0 * np.pi))


def interreflection(exchange: Floats, reflectance: Floats) -> Floats:
    """Return which share of the light that face ``j`` throws falls in all on face ``i``, shape ``(i, j)``.

    Every face throws back diffusely; light goes about until it is taken up or let out, that is ``H = F' (I + rho H)``.

    Parameters
    ----------
    exchange
        `exchange_areas` of a closed room.
    reflectance
        Of the faces, shape ``(face,)``.
    """
    reached = (exchange / exchange.sum(axis=1, keepdims=True)).T
    return np.asarray(np.linalg.solve(np.eye(len(reflectance)) - reached * reflectance, reached))


def fallen(
    size: tuple[float, float, float],
    orientation: str,
    window: Window,
    before: Sequence[Blocker],
    directions: tuple[Floats, Floats],
    faces: Sequence[Face],
) -> Floats:
    """Return which share of a window's glass, seen from each direction, lights which face, shape ``(d, face)``.

    The sum over the faces is the share of the window that is lit.

    Parameters
    ----------
    directions
        Unit vectors towards the sun, which is up: from the window (`twin.validation.bestest.shades`), and (east, north,
        up), each of shape ``(d, 3)``.
    """
    points = points_of(window)
    free = free_points(points, before, directions[0])
    frame = in_wall(size, orientation, window)
    inside = np.empty((len(points), 3))
    inside[:, frame.axis], inside[:, 2] = frame.at, points[:, 2]
    along = frame.others[0]
    flip = orientation in "NW"
    inside[:, along] = size[along] - points[:, 0] if flip else points[:, 0]
    hit, axis = _hits(inside, directions[1], np.array(size))
    found = np.zeros((len(free), len(faces)))
    for k, face in enumerate(faces):
        plane = face.parts[0]
        here = free & (axis == plane.axis) & (np.abs(hit[..., plane.axis] - plane.at) < 1e-6)
        of_it = np.zeros_like(here)
        for part in face.parts:
            of_it |= part.holds(hit)
        for hole in face.holes:
            of_it &= ~hole.holds(hit)
        found[:, k] = (here & of_it).mean(axis=1)
    return found


def _hits(points: Floats, towards_sun: Floats, size: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Return where beams through points of a box's hull come to its other side, ``(d, p, 3)``, and on which axis."""
    s = np.where(np.abs(towards_sun) < 1e-12, 1e-12, towards_sun)[:, None, :]
    way = (points - np.where(s > 0.0, 0.0, size)) / s
    way[way < 1e-9] = np.inf  # the wall that it came through
    axis = way.argmin(axis=2)
    return points - s * way.min(axis=2)[..., None], axis
