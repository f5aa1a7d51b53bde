"""A small weather for tests: a cloudless typical year whose beam, sky and sun fit together exactly."""

from functools import cache

import numpy as np

from twin.solar_position import solar_position
from twin.table import GIVEN, Table
from twin.weather.kernel import sky_infrared
from twin.weather.model import REFERENCE, WEATHER_COLUMNS, Weather, hour_ids


@cache
def clear_year(
    latitude_deg: float = 51.0, longitude_deg: float = 7.0, utc_offset_s: int = 0, sun_at_s: int = 1800
) -> Weather:
    """Meinel & Meinel's clear sky (1976), a tenth of it diffuse, and a sine for the temperature."""
    seconds = REFERENCE.seconds - utc_offset_s + sun_at_s
    zenith, _ = solar_position(seconds, latitude_deg, longitude_deg, 100.0)
    upright = np.cos(np.radians(zenith))
    up = upright > 0.02
    beam = np.where(up, 1353.0 * 0.7 ** (np.where(up, upright, 1.0) ** -0.678), 0.0)
    diffuse = np.where(up, 20.0 + 0.08 * beam, 0.0)
    hours = np.arange(len(seconds))
    year, day = 2 * np.pi * hours / len(hours), 2 * np.pi * hours / 24
    temperature = 10.0 - 9.0 * np.cos(year - 0.35) - 4.0 * np.cos(day - 0.8)
    humidity = np.full(len(hours), 0.7)
    columns = {
        "outdoor_temperature": temperature,
        "global_horizontal_irradiance": diffuse + beam * np.maximum(upright, 0.0),
        "direct_normal_irradiance": beam,
        "diffuse_horizontal_irradiance": diffuse,
        "sky_infrared_irradiance": sky_infrared(temperature, humidity, np.zeros(len(hours))),
        "wind_speed": np.full(len(hours), 3.0),
        "relative_humidity": humidity,
        "air_pressure": np.full(len(hours), 100_000.0),
    }
    table = Table("weather", hour_ids())
    for name, column in WEATHER_COLUMNS.items():
        table = table.put(column, np.round(columns[name], 2), GIVEN)
    return Weather(
        table,
        place="Clearwater",
        latitude_deg=latitude_deg,
        longitude_deg=longitude_deg,
        elevation_m=100.0,
        utc_offset_s=utc_offset_s,
        sun_at_s=sun_at_s,
        source="synthetic: a cloudless year",
        licence="CC0",
    )
