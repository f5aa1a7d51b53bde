"""What a weather file leaves out, from what it has: pressure, cloudiness and the heat radiation of the sky."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.units import STEFAN_BOLTZMANN, ZERO_DEGC_K

__all__ = ["closure", "cloud_fraction", "dew_point", "sky_infrared"]

Array = NDArray[np.float64]

_CLEAR_ENOUGH = 60.0  # W/m2 of clear sky below which the sun is too low to tell clouds by it (5.7 degrees)
_WINDOW_H = 5  # hours that the clearness is averaged over; the longer passing clouds even out


def dew_point(temperature_degc: Array, relative_humidity: Array) -> Array:
    """Return the dew point, degC, shape as given.

    Magnus formula with the coefficients of Alduchov & Eskridge 1996, Journal of Applied Meteorology 35, 601.
    Humidity below 0.1 % counts as 0.1 %.
    """
    a, b = 17.625, 243.04
    gamma = np.log(np.maximum(relative_humidity, 1e-3)) + a * temperature_degc / (b + temperature_degc)
    return np.asarray(b * gamma / (a - gamma))


def cloud_fraction(global_horizontal: Array, zenith_deg: Array) -> Array:
    """Return how much of the sky clouds cover, 0 to 1, from how much sun they take, shape ``(t,)``.

    One less the ratio of the irradiance to that of a clear sky (Crawford & Duchon 1999,
    Journal of Applied Meteorology 38, 474), both summed over five hours; the clear sky of Kasten &
    Czeplak 1980 (doi 10.1016/0038-092X(80)90391-6), found at Hamburg. By night interpolated between evening and
    morning, around the turn of the year too.

    Parameters
    ----------
    global_horizontal
        Hourly over whole years, W/m2, shape ``(t,)``.
    """
    clear = 910.0 * np.cos(np.radians(zenith_deg)) - 30.0
    day = clear > _CLEAR_ENOUGH
    window = np.ones(_WINDOW_H)
    seen = np.convolve(np.where(day, global_horizontal, 0.0), window, "same")[day]
    possible = np.convolve(np.where(day, clear, 0.0), window, "same")[day]
    hours = np.arange(len(clear))
    clouds = np.clip(1.0 - seen / possible, 0.0, 1.0)
    return np.asarray(np.interp(hours, hours[day], clouds, period=len(clear)))


def sky_infrared(temperature_degc: Array, relative_humidity: Array, cloud: Array) -> Array:
    """Return the downward long-wave radiation of the sky, W/m2, shape as given.

    Emissivity of the clear sky by Clark & Allen 1978 (Proc. 2nd National Passive Solar Conference, Philadelphia, 675);
    clouds shine as black bodies at air temperature (Crawford & Duchon 1999).

    Parameters
    ----------
    cloud
        Cloud fraction, 0 to 1.
    """
    clear = 0.787 + 0.764 * np.log((dew_point(temperature_degc, relative_humidity) + ZERO_DEGC_K) / 273.0)
    emissivity = cloud + (1.0 - cloud) * clear
    return np.asarray(emissivity * STEFAN_BOLTZMANN * (temperature_degc + ZERO_DEGC_K) ** 4)


def closure(global_horizontal: Array, direct_normal: Array, diffuse_horizontal: Array, zenith_deg: Array) -> float:
    """Return how far the irradiances are from adding up, root mean square by day, W/m2.

    Global horizontal is the beam's share on the horizontal plus diffuse; they disagree when a file is wrong or when
    the sun is taken at another instant than the irradiance.
    """
    upright = np.maximum(np.cos(np.radians(zenith_deg)), 0.0)
    off = global_horizontal - diffuse_horizontal - direct_normal * upright
    day = (global_horizontal > 0.0) | (direct_normal > 0.0)
    return float(np.sqrt(np.mean(off[day] ** 2))) if day.any() else 0.0
