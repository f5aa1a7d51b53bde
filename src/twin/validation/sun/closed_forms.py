"""View factors and shadows that can be written down, beside what the rays find."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.sun.sight.patches import SUBDIVISION, directions_as_patches, reinhart
from twin.sun.sight.rays import embree
from twin.sun.sight.scene import Scene
from twin.sun.sight.visibility import look
from twin.sun.sky import towards_sun
from twin.sun.view import seen_planes

__all__ = ["canyon", "closed_form_rows", "courtyard", "lit_share_of_wall", "rectangle"]

Floats = NDArray[np.float64]

TOLERANCE = 0.01
_PANELS = 256  # each looks for itself; their mean shows what is wrong, not what is scattered


def closed_form_rows(quality: str = "standard") -> list[dict[str, Any]]:
    """Return ours, the closed form and whether they agree within 1 %, for canyons, courtyards and tilted planes."""
    subdivision = SUBDIVISION[quality]
    rows = []
    for height, width in ((5.0, 20.0), (10.0, 10.0), (20.0, 10.0)):
        ratio = height / width
        floor, wall = _canyon_views(height, width, subdivision)
        case = f"canyon, height {height:g} m, width {width:g} m"
        rows.append(_row(case, "sky view factor of the floor", floor, np.hypot(1.0, ratio) - ratio))
        wall_form = (1.0 + 1.0 / ratio - np.hypot(1.0, 1.0 / ratio)) / 2.0
        rows.append(_row(case, "sky view factor of the wall", wall, wall_form))
    for height, side in ((5.0, 10.0), (10.0, 10.0)):
        ours = _mean_view(courtyard(height, side), subdivision)
        rows.append(
            _row(
                f"courtyard, height {height:g} m, side {side:g} m",
                "sky view factor of the floor",
                ours,
                _facing_squares(side / height),
            )
        )
    for tilt in (30.0, 60.0, 90.0):
        ours = _mean_view(_tilted(tilt), subdivision)
        rows.append(
            _row(f"free plane, tilt {tilt:g} deg", "sky view factor", ours, (1.0 + np.cos(np.radians(tilt))) / 2)
        )
    for altitude, azimuth in ((20.0, 90.0), (35.0, 110.0), (50.0, 140.0)):
        ours = _lit(15.0, 20.0, altitude, azimuth)
        form = lit_share_of_wall(15.0, 20.0, altitude, azimuth - 90.0)
        rows.append(
            _row(f"canyon wall facing east, sun {altitude:g} deg high at {azimuth:g} deg", "lit share", ours, form)
        )
    return rows


def _row(case: str, quantity: str, ours: float, form: float) -> dict[str, Any]:
    off = abs(ours - form)
    return {
        "case": case,
        "quantity": quantity,
        "ours": float(ours),
        "reference": float(form),
        "worst": float(off),
        "tolerance": TOLERANCE,
        "unit": "1",
        "pass": bool(off <= TOLERANCE * max(form, 0.1)),
    }


def lit_share_of_wall(height: float, width: float, altitude_deg: float, off_deg: float) -> float:
    """Return the share of an endless canyon's wall that the sun reaches, by its angle from the wall's normal."""
    across = np.cos(np.radians(off_deg))
    if across <= 0.0 or altitude_deg <= 0.0:
        return 0.0
    return float(np.clip(width * np.tan(np.radians(altitude_deg)) / across / height, 0.0, 1.0))


def _facing_squares(side_over_distance: float) -> float:
    """Return the view factor between two equal squares face to face: Howell, A catalog of radiation configuration
    factors, C-11.
    """
    x = side_over_distance
    a = np.log(np.sqrt((1 + x**2) ** 2 / (1 + 2 * x**2)))
    b = 2.0 * x * np.sqrt(1 + x**2) * np.arctan(x / np.sqrt(1 + x**2))
    return float(2.0 / (np.pi * x**2) * (a + b - 2.0 * x * np.arctan(x)))


def rectangle(corner: ArrayLike, along: ArrayLike, across: ArrayLike) -> Floats:
    """Return the two triangles of a parallelogram that faces ``along x across``, shape ``(2, 3, 3)``."""
    a, u, v = (np.asarray(x, dtype=np.float64) for x in (corner, along, across))
    return np.array([[a, a + u, a + u + v], [a, a + u + v, a + v]])


def canyon(height: float, width: float, panels: int = _PANELS) -> Scene:
    """Return a street that runs north for ever, or nearly: panels of the floor, then of the wall that faces east."""
    reach = 300.0 * max(height, width)
    step = 0.02 * reach / panels
    shapes, surface = [], []
    for k in range(panels):
        y = (k - panels / 2.0) * step
        shapes.append(rectangle([0.0, y, 0.0], [width, 0.0, 0.0], [0.0, step, 0.0]))
        surface.append(k)
    for k in range(panels):
        y = (k - panels / 2.0) * step
        shapes.append(rectangle([0.0, y, 0.0], [0.0, step, 0.0], [0.0, 0.0, height]))
        surface.append(panels + k)
    for x, turned in ((-1e-3, False), (width, True)):
        wall = rectangle([x, -reach, 0.0], [0.0, 2.0 * reach, 0.0], [0.0, 0.0, height])
        shapes.append(wall[:, ::-1] if turned else wall)
        surface.append(-1)
    return Scene.of(np.concatenate(shapes), np.repeat(surface, 2), 2 * panels)


def courtyard(height: float, side: float) -> Scene:
    """Return the floor of a square courtyard, as tiles, within its walls."""
    n = round(np.sqrt(_PANELS))
    tile = side / n
    shapes = [rectangle([i * tile, j * tile, 0], [tile, 0, 0], [0, tile, 0]) for i in range(n) for j in range(n)]
    corners = np.array([[0, 0, 0], [side, 0, 0], [side, side, 0], [0, side, 0.0]])
    walls = [rectangle(a, b - a, [0, 0, height]) for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)]
    surface = np.concatenate([np.repeat(np.arange(n * n), 2), np.full(8, -1)])
    return Scene.of(np.concatenate(shapes + walls), surface, n * n)


def _tilted(tilt_deg: float) -> Scene:
    """Return free planes that face south."""
    up, flat = np.cos(np.radians(tilt_deg)), np.sin(np.radians(tilt_deg))
    shapes = [rectangle([20.0 * k, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, up, flat]) for k in range(_PANELS)]
    return Scene.of(np.concatenate(shapes), np.repeat(np.arange(_PANELS), 2), _PANELS)


def _canyon_views(height: float, width: float, subdivision: int) -> tuple[float, float]:
    scene = canyon(height, width)
    views = seen_planes(scene.normals, look(scene, reinhart(subdivision), embree(scene))).factors[:, 0]
    return float(views[:_PANELS].mean()), float(views[_PANELS:].mean())


def _mean_view(scene: Scene, subdivision: int) -> float:
    seen = look(scene, reinhart(subdivision), embree(scene))
    return float(seen_planes(scene.normals, seen).factors[:, 0].mean())


def _lit(height: float, width: float, altitude_deg: float, azimuth_deg: float) -> float:
    panels = 4096
    scene = canyon(height, width, panels)
    sun = towards_sun(np.array([90.0 - altitude_deg]), np.array([azimuth_deg]))
    seen = look(scene, directions_as_patches(sun), embree(scene))
    return float(seen.seen(slice(None), slice(panels, 2 * panels)).mean())
