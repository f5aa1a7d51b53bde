"""Where the sun stands, by pvlib's implementation of NREL's solar position algorithm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["solar_position", "standard_pressure"]

Array = NDArray[np.float64]

# Uncertainty of these moves the sun by less than 0.01 degrees above the horizon
_DELTA_T_S = 67.0  # terrestrial less universal time, about 2010
_TEMPERATURE_DEGC = 12.0  # for the refraction; yearly mean, as pvlib's default
_REFRACTION_DEG = 0.5667  # at sunrise and sunset


def standard_pressure(elevation_m: float) -> float:
    """Return the air pressure at a height in the standard atmosphere, Pa: ISO 2533:1975, troposphere."""
    return float(101_325.0 * (1.0 - 0.0065 * elevation_m / 288.15) ** 5.25588)


def solar_position(
    seconds: NDArray[np.int64], latitude_deg: float, longitude_deg: float, elevation_m: float
) -> tuple[Array, Array]:
    """Return apparent zenith and azimuth (clockwise from north) of the sun, degrees, each of shape ``(t,)``.

    Reda & Andreas 2004 (doi 10.1016/j.solener.2003.12.003), with refraction.

    Parameters
    ----------
    seconds
        Instants, seconds since 1970-01-01 UTC, shape ``(t,)``.
    """
    from pvlib import spa

    instants, back = np.unique(seconds, return_inverse=True)
    found = spa.solar_position(
        instants.astype(np.float64),
        latitude_deg,
        longitude_deg,
        elevation_m,
        standard_pressure(elevation_m) / 100.0,
        _TEMPERATURE_DEGC,
        _DELTA_T_S,
        _REFRACTION_DEG,
    )
    return found[0][back], found[4][back]
