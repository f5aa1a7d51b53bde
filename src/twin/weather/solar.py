"""Where the sun stands, by pvlib's implementation of NREL's solar position algorithm."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.units import HOUR_S
from twin.weather.kernel import closure, standard_pressure

__all__ = ["fit_sun_instant", "solar_position"]

Array = NDArray[np.float64]

# Uncertainty of these moves the sun by less than 0.01 degrees above the horizon
_DELTA_T_S = 67.0  # terrestrial less universal time, about 2010
_TEMPERATURE_DEGC = 12.0  # for the refraction; yearly mean, as pvlib's default
_REFRACTION_DEG = 0.5667  # at sunrise and sunset


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


def fit_sun_instant(
    seconds: NDArray[np.int64],
    irradiances: tuple[Array, Array, Array],
    latitude_deg: float,
    longitude_deg: float,
    elevation_m: float,
) -> tuple[int, float]:
    """Find the instant for which hourly irradiance stands: when global, direct and diffuse add up best.

    Searched from two hours before to two hours after the label, to the minute.

    Parameters
    ----------
    seconds
        Labels of the hours, seconds since 1970-01-01 UTC, shape ``(t,)``.
    irradiances
        Global horizontal, direct normal and diffuse horizontal, W/m2, each of shape ``(t,)``.

    Returns
    -------
    sun_at_s, misfit
        Seconds after the label, and the `closure` that is left, W/m2. The middle of the hour if there is no beam.
    """
    sunny = np.flatnonzero(irradiances[1] > 0.0)
    if not len(sunny):
        return HOUR_S // 2, 0.0

    def misfit(shift_s: int, hours: NDArray[np.intp]) -> float:
        zenith, _ = solar_position(seconds[hours] + shift_s, latitude_deg, longitude_deg, elevation_m)
        total, beam, diffuse = (values[hours] for values in irradiances)
        return closure(total, beam, diffuse, zenith)

    best, reach = 0, 2 * HOUR_S
    for step, every in ((900, 8), (180, 8), (60, 1)):  # coarse steps on every eighth hour, the last on all
        hours = sunny[::every]
        shifts = list(range(best - reach, best + reach + 1, step))
        best = shifts[int(np.argmin([misfit(shift, hours) for shift in shifts]))]
        reach = step
    return best, misfit(best, sunny)
