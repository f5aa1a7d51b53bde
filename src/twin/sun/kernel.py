"""Irradiance on tilted planes by the Perez sky in component form: two small matrix products for all planes at once.

The sky is split per step into beam, circumsolar, isotropic, horizon and ground-reflected parts (`perez_sky`), the
planes into normals and view factors (`planes_from`). A plane receives

    (beam + circumsolar) * max(cos(angle of incidence), 0)  +  isotropic * (1 + cos b) / 2
                                                            +  horizon * sin b  +  ground * (1 - cos b) / 2

with the tilt b. `components` hands the five terms out one by one, each ``(step, plane)``, so that what stands in the
way can be taken into account: beam and circumsolar times the lit share of the plane, isotropic times its sky view
factor over (1 + cos b) / 2, horizon times the visible share of the horizon.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALBEDO", "Components", "Planes", "Sky", "components", "irradiance", "perez_sky", "planes_from"]

Array = NDArray[np.float64]

ALBEDO = 0.2
"""Reflectance of the ground where nothing is known: Liu & Jordan 1963 (doi 10.1016/0038-092X(63)90006-9); also the
default of EN ISO 52010-1:2017."""

SOLAR_CONSTANT = 1366.1
"""Irradiance at the mean distance from the sun, W/m2: ASTM E490-00a."""

_KAPPA = 1.041  # Perez et al. 1990, equation 1, for the zenith in radians
_CLEARNESS = np.array([1.065, 1.23, 1.5, 1.95, 2.8, 4.5, 6.2])  # table 1: upper ends of the bins but the last
_LOWEST_COSINE = np.cos(np.radians(85.0))  # b of equation 9

# Perez et al. 1990, table 6, "all sites": brightening of the circumsolar region (F11, F12, F13) and of the horizon
# (F21, F22, F23), one row per bin of clearness
_F1 = np.array(
    [
        [-0.008, 0.588, -0.062],
        [0.130, 0.683, -0.151],
        [0.330, 0.487, -0.221],
        [0.568, 0.187, -0.295],
        [0.873, -0.392, -0.362],
        [1.132, -1.237, -0.412],
        [1.060, -1.600, -0.359],
        [0.678, -0.327, -0.250],
    ]
)
_F2 = np.array(
    [
        [-0.060, 0.072, -0.022],
        [-0.019, 0.066, -0.029],
        [0.055, -0.064, -0.026],
        [0.109, -0.152, -0.014],
        [0.226, -0.462, 0.001],
        [0.288, -0.823, 0.056],
        [0.264, -1.127, 0.131],
        [0.156, -1.377, 0.251],
    ]
)
_DARK = 1e-6  # W/m2; below it there is nothing to split
_BLOCK_CELLS = 1 << 16  # cells of a work array that stay in the second-level cache (0.5 MB)


@dataclass(frozen=True, slots=True)
class Sky:
    """Where the sun stands and what comes from each part of the sky, per step.

    Attributes
    ----------
    sun
        Unit vector towards the sun (east, north, up), shape ``(t, 3)``.
    beam
        Direct normal irradiance, W/m2, shape ``(t,)``.
    circumsolar
        Diffuse radiation from around the sun on a plane facing it, W/m2, shape ``(t,)``.
    isotropic, horizon
        Diffuse radiation from the dome and from the horizon band (which may be negative), W/m2, shape ``(t,)``.
    ground
        Radiation reflected by the ground, W/m2, shape ``(t,)``.
    """

    sun: Array
    beam: Array
    circumsolar: Array
    isotropic: Array
    horizon: Array
    ground: Array

    def during(self, steps: slice) -> Sky:
        """Return the sky of some of the steps."""
        return Sky(*(getattr(self, field.name)[steps] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Planes:
    """Orientation of planes.

    Attributes
    ----------
    normal
        Outward unit normal (east, north, up), shape ``(s, 3)``.
    factors
        (1 + cos b) / 2, sin b and (1 - cos b) / 2: what of dome, horizon and ground the plane sees, shape ``(s, 3)``.
    """

    normal: Array
    factors: Array


@dataclass(frozen=True, slots=True)
class Components:
    """Irradiance on planes by origin, W/m2, each of shape ``(t, s)``."""

    beam: Array
    circumsolar: Array
    isotropic: Array
    horizon: Array
    ground: Array

    def total(self) -> Array:
        """Return the sum, with the diffuse light of the sky at least zero, shape ``(t, s)``."""
        sky = self.circumsolar + self.isotropic + self.horizon
        return self.beam + np.maximum(sky, 0.0) + self.ground


def planes_from(tilt_deg: Array, azimuth_deg: Array) -> Planes:
    """Return planes by tilt and compass direction.

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


def perez_sky(
    direct_normal: Array,
    diffuse_horizontal: Array,
    global_horizontal: Array,
    zenith_deg: Array,
    azimuth_deg: Array,
    day_of_year: NDArray[np.integer],
    albedo: float = ALBEDO,
) -> Sky:
    """Split the radiation of each step into the parts of the sky it comes from.

    Perez, Ineichen, Seals, Michalsky & Stewart 1990 (doi 10.1016/0038-092X(90)90055-H) with the coefficients of all
    sites. While the sun is below the horizon, where the model is not defined, the diffuse light is isotropic.

    Parameters
    ----------
    direct_normal, diffuse_horizontal, global_horizontal
        Irradiances, W/m2, shape ``(t,)``.
    zenith_deg, azimuth_deg
        Apparent position of the sun, shape ``(t,)``.
    day_of_year
        1 on 1 January, shape ``(t,)``.
    """
    zenith, azimuth = np.radians(zenith_deg), np.radians(azimuth_deg)
    up, flat = np.cos(zenith), np.sin(zenith)
    bright = diffuse_horizontal * _air_mass(zenith_deg) / _extraterrestrial(day_of_year)
    row = _clearness_bin(direct_normal, diffuse_horizontal, zenith)
    terms = np.column_stack([np.ones_like(zenith), bright, zenith])
    day = zenith_deg <= 90.0
    around_sun = np.where(day, np.maximum(np.einsum("tk,tk->t", _F1[row], terms), 0.0), 0.0)
    at_horizon = np.where(day, np.einsum("tk,tk->t", _F2[row], terms), 0.0)
    return Sky(
        sun=np.column_stack([flat * np.sin(azimuth), flat * np.cos(azimuth), up]),
        beam=direct_normal,
        circumsolar=diffuse_horizontal * around_sun / np.maximum(up, _LOWEST_COSINE),
        isotropic=diffuse_horizontal * (1.0 - around_sun),
        horizon=diffuse_horizontal * at_horizon,
        ground=global_horizontal * albedo,
    )


def _air_mass(zenith_deg: Array) -> Array:
    """Relative optical air mass of Kasten & Young 1989 (doi 10.1364/AO.28.004735), shape ``(t,)``."""
    shown = np.minimum(zenith_deg, 90.0)
    return 1.0 / (np.cos(np.radians(shown)) + 0.50572 * (96.07995 - shown) ** -1.6364)


def _extraterrestrial(day_of_year: NDArray[np.integer]) -> Array:
    """Normal irradiance outside the atmosphere, W/m2: Spencer 1971, Search 2(5) 172, shape ``(t,)``."""
    b = 2.0 * np.pi * (day_of_year - 1) / 365.0
    distance = 1.00011 + 0.034221 * np.cos(b) + 0.00128 * np.sin(b) + 0.000719 * np.cos(2 * b) + 7.7e-5 * np.sin(2 * b)
    return SOLAR_CONSTANT * np.asarray(distance, dtype=np.float64)


def _clearness_bin(direct_normal: Array, diffuse_horizontal: Array, zenith: Array) -> NDArray[np.intp]:
    """Bin of the sky's clearness, 0 overcast to 7 clear (equation 1), shape ``(t,)``."""
    cubed = _KAPPA * zenith**3
    ratio = direct_normal / np.maximum(diffuse_horizontal, _DARK)
    return np.digitize((1.0 + ratio + cubed) / (1.0 + cubed), _CLEARNESS)


def components(sky: Sky, planes: Planes) -> Components:
    """Return what each plane receives from each part of the sky; see the module for how shading applies to them."""
    incidence = np.maximum(sky.sun @ planes.normal.T, 0.0)
    dome, band, ground = planes.factors.T
    return Components(
        beam=sky.beam[:, None] * incidence,
        circumsolar=sky.circumsolar[:, None] * incidence,
        isotropic=np.outer(sky.isotropic, dome),
        horizon=np.outer(sky.horizon, band),
        ground=np.outer(sky.ground, ground),
    )


def irradiance(sky: Sky, planes: Planes) -> Array:
    """Return the irradiance on each plane, W/m2, shape ``(t, s)``: ``components(sky, planes).total()``, but faster.

    Works through runs of lit steps, in blocks that stay in the cache. Only planes that the horizon's darkening could
    take below zero (steep overhangs) need the terms one by one.
    """
    out = np.zeros((len(sky.beam), len(planes.normal)))
    to_sun, to_rest = np.ascontiguousarray(planes.normal.T), np.ascontiguousarray(planes.factors.T)
    facing = sky.beam + sky.circumsolar
    rest = np.column_stack([sky.isotropic, sky.horizon, sky.ground])
    doubtful = np.flatnonzero(_may_go_below_zero(sky, planes))
    few = Planes(planes.normal[doubtful], planes.factors[doubtful])
    for run in _blocks(np.flatnonzero((facing != 0.0) | rest.any(axis=1)), out.shape[1]):
        block = out[run]
        np.matmul(sky.sun[run], to_sun, out=block)
        np.maximum(block, 0.0, out=block)
        block *= facing[run, None]
        block += rest[run] @ to_rest
        if len(doubtful):
            block[:, doubtful] = components(sky.during(run), few).total()
    return out


def _blocks(lit: NDArray[np.intp], n_planes: int) -> list[slice]:
    """Cut the lit steps into runs without gap, none longer than a block."""
    if not len(lit):
        return []
    longest = max(_BLOCK_CELLS // max(n_planes, 1), 4)
    ends = np.flatnonzero(np.diff(lit) > 1) + 1
    runs = zip(lit[np.r_[0, ends]], lit[np.r_[ends - 1, -1]] + 1, strict=True)
    return [slice(a, min(a + longest, stop)) for start, stop in runs for a in range(start, stop, longest)]


def _may_go_below_zero(sky: Sky, planes: Planes) -> NDArray[np.bool_]:
    """Whether dome and horizon light of a plane could sum to less than nothing in some step, shape ``(s,)``."""
    dark = (sky.horizon < 0.0) | (sky.isotropic < 0.0)
    dome, band, _ = planes.factors.T
    if (sky.isotropic[dark] <= 0.0).any():
        return np.ones(len(dome), dtype=bool)
    deepest = float(np.min(sky.horizon[dark] / sky.isotropic[dark], initial=0.0))
    return np.asarray(dome + deepest * band < 0.0)
