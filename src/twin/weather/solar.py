"""The instant that hourly irradiance stands for, found by where the sun is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.solar_position import solar_position
from twin.units import HOUR_S
from twin.weather.kernel import closure

__all__ = ["fit_sun_instant"]

Array = NDArray[np.float64]


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
