"""Overhangs and fins before windows in a wall: the share of a window that a direction reaches, in closed geometry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Blocker", "Window", "blockers", "free_points", "lit_share", "points_of", "view_shares", "windows_of"]

Floats = NDArray[np.float64]

_POINTS = 144  # of a window that look for themselves
_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
_DIRECTIONS = 60  # per quarter turn, of the hemisphere that a window looks into


@dataclass(frozen=True)
class Window:
    """A rectangle in a wall, m: x along the wall to the left of one who looks out, z above the floor."""

    x: tuple[float, float]
    z: tuple[float, float]


@dataclass(frozen=True)
class Blocker:
    """A rectangle square to the wall, opaque and black: an overhang at a height or a fin at a place along the wall."""

    axis: int  # 2: at height ``at``; 0: at x ``at``
    at: float
    span: tuple[float, float]  # along the other of both axes
    depth: float


def windows_of(wall_m: float, area_m2: float, width_m: float, height_m: float, top_m: float) -> list[Window]:
    """Return windows of one size, each in the middle of its equal share of the wall.

    They are as high as asked for, or higher where the wall is too short for that, and then begin at the floor.
    """
    n = max(min(round(area_m2 / (width_m * height_m)), int(wall_m // width_m)), 1)
    half = min(area_m2 / n / height_m, wall_m / n) / 2.0
    high = area_m2 / n / half / 2.0
    middles = ((np.arange(n) + 0.5) * wall_m / n).tolist()
    top = max(top_m, high)
    return [Window((m - half, m + half), (top - high, top)) for m in middles]


def blockers(
    window: Window,
    wall_m: float,
    eaves_m: float,
    overhang: Mapping[str, float] | None,
    fins: Mapping[str, float] | None,
) -> list[Blocker]:
    """Return what stands before a window.

    An overhang runs along all of the wall unless it states how far ``beyond_window_m`` it goes; fins stand at both
    sides of the window, ``gap_m`` away, from the floor to the eaves.
    """
    found = []
    if overhang:
        beyond = overhang.get("beyond_window_m")
        span = (0.0, wall_m) if beyond is None else (window.x[0] - beyond, window.x[1] + beyond)
        at = window.z[1] + overhang.get("above_window_top_m", 0.0)
        found.append(Blocker(2, at, span, overhang["depth_m"]))
    if fins:
        gap = fins.get("gap_m", 0.0)
        found += [Blocker(0, x, (0.0, eaves_m), fins["depth_m"]) for x in (window.x[0] - gap, window.x[1] + gap)]
    return found


def lit_share(window: Window, before: Sequence[Blocker], directions: Floats) -> Floats:
    """Return the share of the window that is reached from each direction, shape ``(d,)``.

    Parameters
    ----------
    directions
        Unit vectors (x along the wall, y outward, z up), shape ``(d, 3)``; those from behind the wall reach nothing.
    """
    return np.asarray(free_points(points_of(window), before, directions).mean(axis=1))


def free_points(points: Floats, before: Sequence[Blocker], directions: Floats) -> NDArray[np.bool_]:
    """Return which of a window's points are reached from each direction, shape ``(d, p)``; see `lit_share`."""
    free = np.repeat(directions[:, 1:2] > 0.0, len(points), axis=1)
    y = np.maximum(directions[:, 1:2], 1e-12)
    for blocker in before:
        other = 0 if blocker.axis == 2 else 2
        towards = directions[:, blocker.axis, None]
        gap = blocker.at - points[:, blocker.axis]
        with np.errstate(divide="ignore", invalid="ignore"):
            way = np.where(towards * gap > 0.0, gap / towards, np.inf)
            meets = way * y <= blocker.depth
            place = points[:, other] + np.where(meets, way, 0.0) * directions[:, other, None]
        free &= ~(meets & (place >= blocker.span[0]) & (place <= blocker.span[1]))
    return free


def points_of(window: Window) -> Floats:
    """Return points spread over the window, each for as much of it as the others, shape ``(p, 3)``.

    A lattice turned against the window's edges by the golden ratio (Fibonacci's): no two points are as high or as far
    aside, so that shadows square to the edges are resolved to one part in as many as there are points.
    """
    k = np.arange(_POINTS)
    x = window.x[0] + (k * _GOLDEN + 0.5) % 1.0 * (window.x[1] - window.x[0])
    z = window.z[0] + (k + 0.5) / _POINTS * (window.z[1] - window.z[0])
    return np.column_stack([x, np.zeros(_POINTS), z])


def view_shares(window: Window, before: Sequence[Blocker]) -> tuple[float, float, float]:
    """Return which share of dome, horizon band and ground, each as bright all over, still reaches the window."""
    if not before:
        return 1.0, 1.0, 1.0
    n = _DIRECTIONS
    azimuth = (np.arange(2 * n) + 0.5) / (2 * n) * np.pi
    height = (np.arange(2 * n) + 0.5) / (2 * n) * np.pi - np.pi / 2.0
    a, h = (v.ravel() for v in np.meshgrid(azimuth, height, indexing="ij"))
    directions = np.column_stack([np.cos(h) * np.cos(a), np.cos(h) * np.sin(a), np.sin(h)])
    weight = directions[:, 1] * np.cos(h)
    lit = lit_share(window, before, directions)
    level = np.column_stack([np.cos(azimuth), np.sin(azimuth), np.full(2 * n, 1e-9)])
    band = lit_share(window, before, level) @ level[:, 1] / level[:, 1].sum()
    up = directions[:, 2] > 0.0
    dome = (lit * weight)[up].sum() / weight[up].sum()
    ground = (lit * weight)[~up].sum() / weight[~up].sum()
    return float(dome), float(band), float(ground)
