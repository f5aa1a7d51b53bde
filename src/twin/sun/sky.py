"""The sky split, step by step, into the parts that its radiation comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALBEDO", "SKY_MODELS", "Sky", "extraterrestrial", "haydavies_sky", "perez_sky", "towards_sun"]

Array = NDArray[np.float64]

ALBEDO = 0.2
"""Reflectance of the ground where nothing is known: Liu & Jordan 1963 (doi 10.1016/0038-092X(63)90006-9); also the
default of EN ISO 52010-1:2017."""

SOLAR_CONSTANT = 1366.1
"""Irradiance at the mean distance from the sun, W/m2: ASTM E490-00a."""

_KAPPA = 1.041  # Perez et al. 1990, equation 1, for the zenith in radians
_CLEARNESS = np.array([1.065, 1.23, 1.5, 1.95, 2.8, 4.5, 6.2])  # table 1: upper ends of the bins but the last
_LOWEST_COSINE = np.cos(np.radians(85.0))  # b of equation 9
_LOWEST_COSINE_HAY = np.cos(np.radians(89.0))  # keeps the circumsolar part of a low sun finite

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

    def during(self, steps: slice | NDArray[np.intp]) -> Sky:
        """Return the sky of some of the steps."""
        return Sky(*(getattr(self, field.name)[steps] for field in fields(self)))


def perez_sky(
    direct_normal: Array,
    diffuse_horizontal: Array,
    global_horizontal: Array,
    zenith_deg: Array,
    azimuth_deg: Array,
    extraterrestrial_normal: Array,
    albedo: float = ALBEDO,
) -> Sky:
    """Split the radiation of each step into the parts of the sky it comes from, brighter at the sun and the horizon.

    Perez, Ineichen, Seals, Michalsky & Stewart 1990 (doi 10.1016/0038-092X(90)90055-H) with the coefficients of all
    sites. While the sun is below the horizon, where the model is not defined, the diffuse light is isotropic.

    Parameters
    ----------
    direct_normal, diffuse_horizontal, global_horizontal
        Irradiances, W/m2, shape ``(t,)``.
    zenith_deg, azimuth_deg
        Apparent position of the sun, shape ``(t,)``.
    extraterrestrial_normal
        W/m2, shape ``(t,)``; see `extraterrestrial`.
    """
    zenith = np.radians(zenith_deg)
    bright = diffuse_horizontal * _air_mass(zenith_deg) / extraterrestrial_normal
    row = _clearness_bin(direct_normal, diffuse_horizontal, zenith)
    terms = np.column_stack([np.ones_like(zenith), bright, zenith])
    day = zenith_deg <= 90.0
    around_sun = np.where(day, np.maximum(np.einsum("tk,tk->t", _F1[row], terms), 0.0), 0.0)
    at_horizon = np.where(day, np.einsum("tk,tk->t", _F2[row], terms), 0.0)
    return Sky(
        sun=towards_sun(zenith_deg, azimuth_deg),
        beam=direct_normal,
        circumsolar=diffuse_horizontal * around_sun / np.maximum(np.cos(zenith), _LOWEST_COSINE),
        isotropic=diffuse_horizontal * (1.0 - around_sun),
        horizon=diffuse_horizontal * at_horizon,
        ground=global_horizontal * albedo,
    )


def haydavies_sky(
    direct_normal: Array,
    diffuse_horizontal: Array,
    global_horizontal: Array,
    zenith_deg: Array,
    azimuth_deg: Array,
    extraterrestrial_normal: Array,
    albedo: float = ALBEDO,
) -> Sky:
    """Split the radiation of each step into beam, circumsolar and isotropic parts, by the beam's transmittance.

    Hay & Davies 1980, Calculations of the solar radiation incident on an inclined surface, First Canadian Solar
    Radiation Data Workshop 59; in the form of Loutzenhiser et al. 2007 (doi 10.1016/j.solener.2006.03.009). Parameters
    are those of `perez_sky`.
    """
    up = np.cos(np.radians(zenith_deg))
    around_sun = np.where(zenith_deg <= 90.0, direct_normal / extraterrestrial_normal, 0.0)
    return Sky(
        sun=towards_sun(zenith_deg, azimuth_deg),
        beam=direct_normal,
        circumsolar=diffuse_horizontal * around_sun / np.maximum(up, _LOWEST_COSINE_HAY),
        isotropic=diffuse_horizontal * (1.0 - around_sun),
        horizon=np.zeros_like(up),
        ground=global_horizontal * albedo,
    )


SKY_MODELS: dict[str, Callable[..., Sky]] = {"perez": perez_sky, "haydavies": haydavies_sky}


def towards_sun(zenith_deg: Array, azimuth_deg: Array) -> Array:
    """Return unit vectors towards the sun (east, north, up), shape ``(t, 3)``."""
    zenith, azimuth = np.radians(zenith_deg), np.radians(azimuth_deg)
    flat = np.sin(zenith)
    return np.column_stack([flat * np.sin(azimuth), flat * np.cos(azimuth), np.cos(zenith)])


def _air_mass(zenith_deg: Array) -> Array:
    """Relative optical air mass of Kasten & Young 1989 (doi 10.1364/AO.28.004735), shape ``(t,)``."""
    shown = np.minimum(zenith_deg, 90.0)
    return 1.0 / (np.cos(np.radians(shown)) + 0.50572 * (96.07995 - shown) ** -1.6364)


def extraterrestrial(day_of_year: NDArray[np.integer]) -> Array:
    """Return the normal irradiance outside the atmosphere, W/m2, shape ``(t,)``: Spencer 1971, Search 2(5) 172.

    Parameters
    ----------
    day_of_year
        1 on 1 January, shape ``(t,)``.
    """
    b = 2.0 * np.pi * (day_of_year - 1) / 365.0
    distance = 1.00011 + 0.034221 * np.cos(b) + 0.00128 * np.sin(b) + 0.000719 * np.cos(2 * b) + 7.7e-5 * np.sin(2 * b)
    return SOLAR_CONSTANT * np.asarray(distance, dtype=np.float64)


def _clearness_bin(direct_normal: Array, diffuse_horizontal: Array, zenith: Array) -> NDArray[np.intp]:
    """Bin of the sky's clearness, 0 overcast to 7 clear (equation 1), shape ``(t,)``."""
    cubed = _KAPPA * zenith**3
    ratio = direct_normal / np.maximum(diffuse_horizontal, _DARK)
    return np.digitize((1.0 + ratio + cubed) / (1.0 + cubed), _CLEARNESS)
