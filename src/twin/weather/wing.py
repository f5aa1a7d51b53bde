"""What the weather wing brings: the columns of a weather year and of its site, a reader and a simulator."""

from __future__ import annotations

from twin.registry import Input, SimulatorEntry, Wing
from twin.table import Column

__all__ = ["SITE_COLUMNS", "SUN_COLUMNS", "WEATHER_COLUMNS", "WING"]

# One row per hour of the year; bounds are what the open air of the Earth has shown (WMO records), rounded outwards
WEATHER_COLUMNS = {
    c.name: c
    for c in (
        Column("outdoor_temperature", "degC", "float", "dry-bulb air temperature", low=-90, high=60),
        Column("global_horizontal_irradiance", "W/m2", "float", "sun and sky on a horizontal plane", low=0, high=1500),
        Column("direct_normal_irradiance", "W/m2", "float", "beam on a plane facing the sun", low=0, high=1400),
        Column("diffuse_horizontal_irradiance", "W/m2", "float", "sky on a horizontal plane", low=0, high=1200),
        Column("sky_infrared_irradiance", "W/m2", "float", "downward long-wave radiation", low=20, high=700),
        Column("wind_speed", "m/s", "float", "wind speed 10 m above ground", low=0, high=115),
        Column("relative_humidity", "1", "float", "relative humidity of the outdoor air, 0 to 1", low=0, high=1),
        Column("air_pressure", "Pa", "float", "station pressure", low=40_000, high=110_000),
    )
}

SUN_COLUMNS = {
    c.name: c
    for c in (
        Column("solar_zenith", "deg", "float", "apparent angle of the sun from the vertical", low=0, high=180),
        Column("solar_azimuth", "deg", "float", "angle of the sun clockwise from north", low=0, high=360),
    )
}

SITE_COLUMNS = {
    c.name: c
    for c in (
        Column("place", "-", "str", "where the weather comes from"),
        Column("latitude_deg", "deg", "float", "latitude, north positive", low=-90, high=90),
        Column("longitude_deg", "deg", "float", "longitude, east positive", low=-180, high=180),
        Column("elevation_m", "m", "float", "height above mean sea level", low=-450, high=6000),
    )
}

WING = Wing(
    name="weather",
    inputs=(
        Input(
            key="weather",
            read="twin.weather.files:read_weather",
            kind="file",
            meaning="hourly typical year: our own CSV or an EPW file",
        ),
    ),
    attach="twin.weather.site:attach",
    columns={"site": tuple(SITE_COLUMNS.values()), "weather": (*WEATHER_COLUMNS.values(), *SUN_COLUMNS.values())},
    simulators=(
        SimulatorEntry(
            name="weather",
            build="twin.weather.simulator:build",
            columns=tuple(f"weather.{name}" for name in WEATHER_COLUMNS),
        ),
    ),
)
