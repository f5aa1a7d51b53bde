"""Irradiance on planes, whatever stands before the sky: small matrix products for all planes at once.

The sky is split per step into beam, circumsolar, isotropic, horizon and ground-reflected parts (`twin.sun.sky`), the
planes into normals and view factors (`planes_from`). A plane receives

    (beam + circumsolar) * max(cos(angle of incidence), 0) * lit  +  isotropic * dome
                                                                  +  horizon * band  +  ground * floor

A free plane of tilt b is lit whenever it faces the sun, and its factors are dome (1 + cos b) / 2, band sin b and floor
(1 - cos b) / 2. For one that is not free, `twin.sun.view` finds what is left of them, and ``lit`` is the share of the
patches around the sun that it sees.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.sun.sight.patches import Weights
from twin.sun.sight.visibility import Visibility
from twin.sun.sky import Sky

__all__ = [
    "Components",
    "Planes",
    "components",
    "irradiance",
    "irradiance_series",
    "lit_shares",
    "planes_from",
    "sunlit_steps",
    "total_irradiance",
]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Steps = NDArray[np.intp]

_STEPS = 64  # at a time
_PLANES = 1024  # likewise, a multiple of 8; the work arrays then stay in the second-level cache
_NO_WEIGHTS = np.zeros(0, dtype=np.int64), np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Planes:
    """Orientation of planes, and what they see.

    Attributes
    ----------
    normal
        Outward unit normal (east, north, up), shape ``(s, 3)``.
    factors
        View factors of dome, horizon band and ground, shape ``(s, 3)``.
    """

    normal: Floats
    factors: Floats


@dataclass(frozen=True, slots=True)
class Components:
    """Irradiance on planes by origin, W/m2, each of shape ``(t, s)``."""

    beam: Floats
    circumsolar: Floats
    isotropic: Floats
    horizon: Floats
    ground: Floats

    def total(self) -> Floats:
        """Return the sum, with the diffuse light of the sky at least zero, shape ``(t, s)``."""
        sky = self.circumsolar + self.isotropic + self.horizon
        return self.beam + np.maximum(sky, 0.0) + self.ground


def planes_from(tilt_deg: Floats, azimuth_deg: Floats) -> Planes:
    """Return free planes by tilt and compass direction.

    Parameters
    ----------
    tilt_deg
        Angle of the outward normal from straight up, shape ``(s,)``. NaN (a degenerate polygon) gives a plane that
        receives nothing.
    azimuth_deg
        Direction of the normal, clockwise from north, shape ``(s,)``; NaN is allowed, where it has no meaning.
    """
    tilt, azimuth = np.radians(tilt_deg), np.radians(np.nan_to_num(azimuth_deg))
    up, flat = np.cos(tilt), np.sin(tilt)
    normal = np.column_stack([flat * np.sin(azimuth), flat * np.cos(azimuth), up])
    factors = np.column_stack([(1.0 + up) / 2.0, flat, (1.0 - up) / 2.0])
    return Planes(np.nan_to_num(normal), np.nan_to_num(factors))


def components(sky: Sky, planes: Planes, lit: Floats | Singles | float = 1.0) -> Components:
    """Return what each plane receives from each part of the sky.

    Parameters
    ----------
    lit
        Share of the plane that the sun reaches, shape ``(t, s)``; see `lit_shares`.
    """
    incidence = np.maximum(sky.sun @ planes.normal.T, 0.0) * lit
    dome, band, ground = planes.factors.T
    return Components(
        beam=sky.beam[:, None] * incidence,
        circumsolar=sky.circumsolar[:, None] * incidence,
        isotropic=np.outer(sky.isotropic, dome),
        horizon=np.outer(sky.horizon, band),
        ground=np.outer(sky.ground, ground),
    )


def lit_shares(weights: Weights, visibility: Visibility) -> Singles:
    """Return the share of each surface that the sun reaches, were it to face the sun, shape ``(t, s)``."""
    used, spread = weights.matrix()
    return np.asarray(spread @ visibility.seen(used, slice(0, len(visibility))))


def irradiance(
    sky: Sky, planes: Planes, weights: Weights | None = None, visibility: Visibility | None = None
) -> Floats:
    """Return the irradiance on each plane, W/m2, shape ``(t, s)``: ``components(...).total()``, but faster.

    Works in blocks of lit steps and of planes that stay in the cache. Only planes that the horizon's darkening could
    take below zero (steep overhangs) need the terms one by one.

    Parameters
    ----------
    weights, visibility
        Where the sun stands among the patches of the sky, and which of them each plane sees; the planes are free
        without.
    """
    out = np.zeros((len(sky.beam), len(planes.normal)))
    for steps, part, block in _blocks(sky, planes, weights, visibility):
        out[steps, part] = block
    return out


def irradiance_series(
    sky: Sky, planes: Planes, weights: Weights | None = None, visibility: Visibility | None = None
) -> Iterator[tuple[slice, Singles, Singles]]:
    """Yield irradiance and the beam in it, some planes after the others, in little memory.

    Yields
    ------
    part, total, beam
        Which planes, and W/m2, each of shape ``(planes, t)`` in single precision; they hold until the next are asked
        for.
    """
    buffers = np.zeros((2, min(_PLANES, len(planes.normal)), len(sky.beam)), dtype=np.float32)
    rest = np.column_stack([sky.isotropic, sky.horizon, sky.ground])
    share = sky.beam / np.maximum(sky.beam + sky.circumsolar, 1e-12)
    last: slice | None = None
    for steps, part, block in _blocks(sky, planes, weights, visibility):
        if last is not None and part != last:
            yield last, *buffers[:, : last.stop - last.start]
        last, n = part, part.stop - part.start
        buffers[0, :n, steps] = block
        block -= rest[steps] @ planes.factors[part].T
        np.maximum(block, 0.0, out=block)
        block *= share[steps, None]
        buffers[1, :n, steps] = block
    if last is not None:
        yield last, *buffers[:, : last.stop - last.start]


def total_irradiance(sky: Sky, planes: Planes, weights: Weights | None, visibility: Visibility | None) -> Floats:
    """Return the sum over the steps of what `irradiance` returns, W/m2 times steps, shape ``(s,)``, block by block."""
    total = np.zeros(len(planes.normal))
    for _, part, block in _blocks(sky, planes, weights, visibility):
        total[part] += block.sum(axis=0)
    return total


def sunlit_steps(sky: Sky, planes: Planes, weights: Weights | None, visibility: Visibility | None) -> Floats:
    """Return for how many steps the sun reaches each plane, counted by the share of it that is lit, shape ``(s,)``.

    The sun counts however weak it is.
    """
    total = np.zeros(len(planes.normal))
    runs = _runs(sky, np.arange(len(sky.beam)), weights)
    for run, part, some, lit in _lit_blocks(runs, planes, visibility):
        facing = run.sky.sun @ some.normal.T > 0.0
        total[part] += facing.sum(axis=0) if lit is None else (lit * facing).sum(axis=0, dtype=np.float64)
    return total


def _blocks(
    sky: Sky, planes: Planes, weights: Weights | None, visibility: Visibility | None
) -> Iterator[tuple[Steps, slice, Floats]]:
    """Yield steps, planes and the irradiance on them, until all that is lit has come."""
    doubtful = _may_go_below_zero(sky, planes)
    for run, part, some, lit in _lit_blocks(_runs(sky, _steps_with_light(sky), weights), planes, visibility):
        yield run.steps, part, _block(run.sky, some, lit, np.flatnonzero(doubtful[part]))


@dataclass(frozen=True)
class _Run:
    """Some steps: their sky, and the patches around the sun, ``(u,)``, with their weights, ``(t, u)``."""

    steps: Steps
    sky: Sky
    patches: NDArray[np.int64]
    spread: Singles


def _runs(sky: Sky, steps: Steps, weights: Weights | None) -> list[_Run]:
    """Cut steps into runs no longer than a block; what is left out between them does not matter."""
    runs = []
    for start in range(0, len(steps), _STEPS):
        some = steps[start : start + _STEPS]
        patches, spread = weights.during(some).matrix() if weights is not None else _NO_WEIGHTS
        runs.append(_Run(some, sky.during(some), patches, spread))
    return runs


def _lit_blocks(
    runs: Sequence[_Run], planes: Planes, visibility: Visibility | None
) -> Iterator[tuple[_Run, slice, Planes, Singles | None]]:
    """Yield runs, which planes, these, and the shares of them that the sun reaches, ``(t, planes)``; None for all."""
    used = np.unique(np.concatenate([run.patches for run in runs])) if runs else _NO_WEIGHTS[0]
    for start in range(0, len(planes.normal), _PLANES):
        part = slice(start, min(start + _PLANES, len(planes.normal)))
        some = Planes(planes.normal[part], planes.factors[part])
        seen = visibility.seen(used, part) if visibility is not None else None
        for run in runs:
            yield run, part, some, None if seen is None else run.spread @ seen[np.searchsorted(used, run.patches)]


def _block(sky: Sky, planes: Planes, lit: Singles | None, below: NDArray[np.intp]) -> Floats:
    """Return the irradiance on some planes; those ``below`` zero without care are taken term by term."""
    block: Floats = (sky.sun * (sky.beam + sky.circumsolar)[:, None]) @ planes.normal.T
    np.maximum(block, 0.0, out=block)
    if lit is not None:
        block *= lit
    block += np.column_stack([sky.isotropic, sky.horizon, sky.ground]) @ planes.factors.T
    if len(below):
        few = Planes(planes.normal[below], planes.factors[below])
        block[:, below] = components(sky, few, 1.0 if lit is None else lit[:, below]).total()
    return block


def _steps_with_light(sky: Sky) -> Steps:
    """Return the steps with any light."""
    lights = (sky.beam, sky.circumsolar, sky.isotropic, sky.horizon, sky.ground)
    return np.flatnonzero(np.any([light != 0.0 for light in lights], axis=0))


def _may_go_below_zero(sky: Sky, planes: Planes) -> NDArray[np.bool_]:
    """Whether dome and horizon light of a plane could sum to less than nothing in some step, shape ``(s,)``."""
    dark = (sky.horizon < 0.0) | (sky.isotropic < 0.0)
    dome, band, _ = planes.factors.T
    if (sky.isotropic[dark] <= 0.0).any():
        return np.ones(len(dome), dtype=bool)
    deepest = float(np.min(sky.horizon[dark] / sky.isotropic[dark], initial=0.0))
    return np.asarray(dome + deepest * band < 0.0)
