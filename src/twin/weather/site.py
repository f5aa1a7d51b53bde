"""Where the weather was measured or modelled, beside where the city is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.city.place import longitude_latitude
from twin.ledger import Ledger
from twin.quantities import Link
from twin.solar_position import solar_position
from twin.table import DERIVED, Table
from twin.weather.model import Weather
from twin.weather.wing import SITE_COLUMNS, SUN_COLUMNS

if TYPE_CHECKING:
    from twin.city.model import City

__all__ = ["attach"]

_FAR_MIN = 5.0  # difference of solar time from which it is worth a word


def attach(city: City, inputs: Mapping[str, Any], ledger: Ledger) -> City:
    """Return the city with the table of its one ``site`` and the hours of its ``weather``, and links to the site.

    Tells the ledger how far the weather's place is from the city. Without a weather the city stays as it is.
    """
    weather: Weather | None = inputs.get("weather")
    if weather is None:
        return city
    site = Table("site", ["site"])
    for name, column in SITE_COLUMNS.items():
        site = site.put(column, [getattr(weather, name)])
    ledger.state(_whence(weather, city), weather.source)
    belongs = [
        Link.belongs(table.name, "site", np.zeros(len(table), dtype=np.int64))
        for table in (city.buildings, city.surfaces)
    ]
    return city.with_table(_with_sun(weather)).with_table(site, *belongs)


def _with_sun(weather: Weather) -> Table:
    """Return the hours of the weather with where the sun stands over its place, found when first asked for."""

    def make() -> Table:
        zenith, azimuth = solar_position(
            weather.labels + weather.sun_at_s, weather.latitude_deg, weather.longitude_deg, weather.elevation_m
        )
        table = weather.table.put(SUN_COLUMNS["solar_zenith"], zenith, DERIVED)
        return table.put(SUN_COLUMNS["solar_azimuth"], azimuth, DERIVED)

    return weather.table.defer(list(SUN_COLUMNS.values()), make)


def _whence(weather: Weather, city: City) -> str:
    where = longitude_latitude(city)
    if where is None:
        return f"weather of {weather.place}; the city states no reference system, so its distance is unknown"
    from pyproj import Geod

    longitude, latitude = where
    metres = Geod(ellps="WGS84").inv(longitude, latitude, weather.longitude_deg, weather.latitude_deg)[2]
    text = f"weather of {weather.place}, {metres / 1000:.0f} km from the city"
    ahead = ((weather.longitude_deg - longitude + 180.0) % 360.0 - 180.0) * 4.0  # minutes of solar time
    if abs(ahead) >= _FAR_MIN:
        direction = "earlier" if ahead > 0 else "later"
        text += (
            f"; its sun, here shining on the city, rises and sets {abs(ahead):.0f} min {direction} than the city's own"
        )
    return text
