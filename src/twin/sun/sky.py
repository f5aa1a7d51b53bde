"""The sky split, step by step, into the parts that its radiation comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ALBEDO",
    "SKY_MODELS",
    "Sky",
    "SkyModel",
    "extraterrestrial",
    "haydavies_sky",
    "perez_sky",
    "towards_sun",
]

Floats = NDArray[np.float64]

Brightening = Callable[[Floats, Floats, Floats, Floats], tuple[Floats, Floats]]
"""From direct normal and diffuse horizontal irradiance, the sun's zenith angle and the extraterrestrial irradiance to
the shares of the diffuse light that come from around the sun, F1, and from the horizon band, F2, all ``(t,)``."""

ALBEDO = 0.2
"""Reflectance of the ground where nothing is known: Liu & Jordan 1963 (doi 10.1016/0038-092X(63)90006-9); also the
default of EN ISO 52010-1:2017."""

SOLAR_CONSTANT = 1366.1
"""Irradiance at the mean distance from the sun, W/m2: ASTM E490-00a."""

_KAPPA = 1.041  # Perez et al. 1990, equation 1, for the zenith in radians
_CLEARNESS = np.array([1.065, 1.23, 1.5, 1.95, 2.8, 4.5, 6.2])  # table 1: upper ends of the bins but the last

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

    sun: Floats
    beam: Floats
    circumsolar: Floats
    isotropic: Floats
    horizon: Floats
    ground: Floats

    def during(self, steps: slice | NDArray[np.intp]) -> Sky:
        """Return the sky of some of the steps."""
        return Sky(*(getattr(self, field.name)[steps] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class SkyModel:
    """Splits the radiation of each step into the parts of the sky it comes from.

    Attributes
    ----------
    brightening
        Of the diffuse light by day; while the sun is below the horizon, it is isotropic.
    lowest_cosine
        Of the sun's zenith angle in the circumsolar part, which keeps that of a low sun finite.
    """

    brightening: Brightening
    lowest_cosine: float

    def __call__(
        self,
        direct_normal: Floats,
        diffuse_horizontal: Floats,
        global_horizontal: Floats,
        zenith_deg: Floats,
        azimuth_deg: Floats,
        extraterrestrial_normal: Floats,
        albedo: float | Floats = ALBEDO,
    ) -> Sky:
        """Return the parts of the sky.

        Parameters
        ----------
        direct_normal, diffuse_horizontal, global_horizontal
            Irradiances, W/m2, shape ``(t,)``.
        zenith_deg, azimuth_deg
            Apparent position of the sun, shape ``(t,)``.
        extraterrestrial_normal
            W/m2, shape ``(t,)``; see `extraterrestrial`.
        albedo
            Share of the global irradiance that the ground reflects.
        """
        f1, f2 = self.brightening(direct_normal, diffuse_horizontal, zenith_deg, extraterrestrial_normal)
        day = zenith_deg <= 90.0
        around_sun = np.where(day, f1, 0.0)
        upright = np.maximum(np.cos(np.radians(zenith_deg)), self.lowest_cosine)
        return Sky(
            sun=towards_sun(zenith_deg, azimuth_deg),
            beam=direct_normal,
            circumsolar=diffuse_horizontal * around_sun / upright,
            isotropic=diffuse_horizontal * (1.0 - around_sun),
            horizon=diffuse_horizontal * np.where(day, f2, 0.0),
            ground=global_horizontal * albedo,
        )


def _perez(
    direct_normal: Floats, diffuse_horizontal: Floats, zenith_deg: Floats, extraterrestrial_normal: Floats
) -> tuple[Floats, Floats]:
    """Brighter at the sun, and at the horizon brighter or darker, by clearness and brightness of the sky.

    Perez, Ineichen, Seals, Michalsky & Stewart 1990 (doi 10.1016/0038-092X(90)90055-H) with the coefficients of all
    sites.
    """
    zenith = np.radians(zenith_deg)
    bright = diffuse_horizontal * _air_mass(zenith_deg) / extraterrestrial_normal
    row = _clearness_bin(direct_normal, diffuse_horizontal, zenith)
    terms = np.column_stack([np.ones_like(zenith), bright, zenith])
    f1, f2 = (np.einsum("tk,tk->t", coefficients[row], terms) for coefficients in (_F1, _F2))
    return np.maximum(f1, 0.0), f2


def _hay_davies(
    direct_normal: Floats, diffuse_horizontal: Floats, zenith_deg: Floats, extraterrestrial_normal: Floats
) -> tuple[Floats, Floats]:
    """Brighter at the sun by the beam's transmittance, and nowhere else.

    Hay & Davies 1980, Calculations of the solar radiation incident on an inclined surface, First Canadian Solar
    Radiation Data Workshop 59; in the form of Loutzenhiser et al. 2007 (doi 10.1016/j.solener.2006.03.009).
    """
    return direct_normal / extraterrestrial_normal, np.zeros_like(zenith_deg)


perez_sky = SkyModel(_perez, np.cos(np.radians(85.0)))  # b of equation 9
haydavies_sky = SkyModel(_hay_davies, np.cos(np.radians(89.0)))
SKY_MODELS = {"perez": perez_sky, "haydavies": haydavies_sky}


def towards_sun(zenith_deg: Floats, azimuth_deg: Floats) -> Floats:
    """Return unit vectors towards the sun (east, north, up), shape ``(t, 3)``."""
    zenith, azimuth = np.radians(zenith_deg), np.radians(azimuth_deg)
    flat = np.sin(zenith)
    return np.column_stack([flat * np.sin(azimuth), flat * np.cos(azimuth), np.cos(zenith)])


def _air_mass(zenith_deg: Floats) -> Floats:
    """Relative optical air mass of Kasten & Young 1989 (doi 10.1364/AO.28.004735), shape ``(t,)``."""
    shown = np.minimum(zenith_deg, 90.0)
    return 1.0 / (np.cos(np.radians(shown)) + 0.50572 * (96.07995 - shown) ** -1.6364)


def extraterrestrial(day_of_year: NDArray[np.integer]) -> Floats:
    """Return the normal irradiance outside the atmosphere, W/m2, shape ``(t,)``: Spencer 1971, Search 2(5) 172.

    Parameters
    ----------
    day_of_year
        1 on 1 January, shape ``(t,)``.
    """
    b = 2.0 * np.pi * (day_of_year - 1) / 365.0
    distance = 1.00011 + 0.034221 * np.cos(b) + 0.00128 * np.sin(b) + 0.000719 * np.cos(2 * b) + 7.7e-5 * np.sin(2 * b)
    return SOLAR_CONSTANT * np.asarray(distance, dtype=np.float64)


def _clearness_bin(direct_normal: Floats, diffuse_horizontal: Floats, zenith: Floats) -> NDArray[np.intp]:
    """Bin of the sky's clearness, 0 overcast to 7 clear (equation 1), shape ``(t,)``."""
    cubed = _KAPPA * zenith**3
    ratio = direct_normal / np.maximum(diffuse_horizontal, _DARK)
    return np.digitize((1.0 + ratio + cubed) / (1.0 + cubed), _CLEARNESS)
