"""From what a file gave to a whole `Weather`: gaps modelled, each in the ledger, and doubts stated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems
from twin.ledger import Ledger
from twin.solar_position import solar_position, standard_pressure
from twin.table import GIVEN, Table
from twin.weather.hours import Draft, hour_name, tidied
from twin.weather.kernel import closure, cloud_fraction, sky_infrared
from twin.weather.model import HOURS, WEATHER_COLUMNS, Weather, hour_ids
from twin.weather.solar import fit_sun_instant

__all__ = ["complete", "irradiances"]

Array = NDArray[np.float64]

_LONGEST_GAP_H = 6  # that is bridged by a straight line
_TOLERATED = 15.0  # W/m2 root mean square that global and direct plus diffuse irradiance may differ by unremarked

_STRAIGHT = (
    "Short gap of the weather file bridged by a straight line between its neighbouring hours",
    "linear interpolation over at most 6 h",
)
_SUM = (
    "Global radiation, missing in the weather file, added up from direct and diffuse",
    "GHI = DNI cos(zenith) + DHI",
)
_PRESSURE = (
    "Air pressure, missing in the weather file, taken from the height above sea level",
    "ISO 2533:1975 standard atmosphere",
)
_INFRARED = (
    "Heat radiation of the sky, missing in the weather file, modelled from temperature, humidity and cloudiness "
    "(cloudiness from how much sun gets through)",
    "Clark & Allen 1978; Crawford & Duchon 1999; Kasten & Czeplak 1980",
)


def complete(draft: Draft, ledger: Ledger, problems: Problems) -> Weather:
    """Return the weather with every cell filled.

    Raises
    ------
    TwinError
        If what must be given is missing for too long, with whatever else was found.
    """
    problems.raise_if_any()
    cells = _Cells(draft, ledger)
    weather = Weather(Table("weather", hour_ids()), **draft.head)
    seconds = weather.labels + weather.sun_at_s
    zenith, _ = solar_position(seconds, weather.latitude_deg, weather.longitude_deg, weather.elevation_m)
    cells.tidy(weather.source)
    _fill_gaps(cells, zenith)
    _complain_of_gaps(cells.values, draft.first_hour, problems)
    problems.raise_if_any()
    _model_the_rest(cells, zenith, weather.elevation_m)
    for note in draft.notes:
        ledger.state(note, weather.source)
    _doubt_irradiance(weather, cells.values, zenith, ledger)
    return replace(weather, table=cells.put_into(weather.table))


class _Cells:
    """Values and sources of all columns while gaps are filled."""

    def __init__(self, draft: Draft, ledger: Ledger) -> None:
        self.values = {name: draft.values.get(name, np.full(HOURS, np.nan)) for name in WEATHER_COLUMNS}
        self.sources = {name: np.full(HOURS, GIVEN, dtype=np.uint16) for name in WEATHER_COLUMNS}
        self.ledger = ledger

    def fill(self, name: str, rule: tuple[str, str], proposal: Array | float) -> None:
        """Write the proposal where there is no value, with the rule as its source."""
        lacks = np.isnan(self.values[name])
        if lacks.any():
            self.values[name] = np.where(lacks, proposal, self.values[name])
            self.sources[name][lacks] = self.ledger.assume(*rule)

    def tidy(self, reference: str) -> None:
        """Move what lies a little out of bounds into them, and say so."""
        for name, column in WEATHER_COLUMNS.items():
            given, mended = self.values[name], tidied(column, self.values[name])
            count = int(np.sum(mended < given) + np.sum(mended > given))
            if count:
                text = f"{name} of the weather file lies slightly out of bounds in {_hours(count)}, set to the bound"
                self.ledger.state(text, reference)
            self.values[name] = mended

    def put_into(self, table: Table) -> Table:
        """Return the table with all columns."""
        for name, column in WEATHER_COLUMNS.items():
            table = table.put(column, self.values[name], self.sources[name])
        return table


def _hours(count: int) -> str:
    return f"{count} hour" if count == 1 else f"{count} hours"


def _fill_gaps(cells: _Cells, zenith: Array) -> None:
    _, beam, diffuse = irradiances(cells.values)
    cells.fill("global_horizontal_irradiance", _SUM, diffuse + beam * np.maximum(np.cos(np.radians(zenith)), 0.0))
    for name in ("outdoor_temperature", "relative_humidity", "wind_speed"):
        values = cells.values[name]
        if np.isfinite(values).any() and _longest_gap(values) <= _LONGEST_GAP_H:
            cells.fill(name, _STRAIGHT, _bridged(values))


def _model_the_rest(cells: _Cells, zenith: Array, elevation_m: float) -> None:
    values = cells.values
    cells.fill("air_pressure", _PRESSURE, standard_pressure(elevation_m))
    cloud = cloud_fraction(values["global_horizontal_irradiance"], zenith)
    infrared = sky_infrared(values["outdoor_temperature"], values["relative_humidity"], cloud)
    cells.fill("sky_infrared_irradiance", _INFRARED, infrared)


def irradiances(values: Mapping[str, Array]) -> tuple[Array, Array, Array]:
    """Return global horizontal, direct normal and diffuse horizontal irradiance."""
    return (
        values["global_horizontal_irradiance"],
        values["direct_normal_irradiance"],
        values["diffuse_horizontal_irradiance"],
    )


def _longest_gap(values: Array) -> int:
    """Hours in the longest run without a value."""
    present = np.flatnonzero(np.isfinite(values))
    around = np.concatenate([present, present[:1] + HOURS])
    return int(np.max(np.diff(around), initial=1)) - 1


def _bridged(values: Array) -> Array:
    hours, present = np.arange(HOURS), np.isfinite(values)
    return np.interp(hours, hours[present], values[present], period=HOURS)


def _complain_of_gaps(values: dict[str, Array], first_hour: int, problems: Problems) -> None:
    for name in WEATHER_COLUMNS:
        gone = np.flatnonzero(np.isnan(values[name]))
        if len(gone) and name not in ("air_pressure", "sky_infrared_irradiance"):
            problems.add(
                f"{name} has no value in {_hours(len(gone))}, the first {hour_name(gone[0], first_hour)}",
                expected=f"a value in every hour; only gaps of up to {_LONGEST_GAP_H} h in temperature, humidity and "
                "wind, and global radiation where direct and diffuse are given, are filled",
            )


def _doubt_irradiance(weather: Weather, values: dict[str, Array], zenith: Array, ledger: Ledger) -> None:
    """State where global radiation is far from direct plus diffuse, and at which instant of the hour it would fit."""
    parts = irradiances(values)
    misfit = closure(*parts, zenith)
    if misfit <= _TOLERATED:
        return
    best, left = fit_sun_instant(
        weather.labels, parts, weather.latitude_deg, weather.longitude_deg, weather.elevation_m
    )
    ledger.state(
        f"doubt: global and direct plus diffuse radiation of the weather file differ by {misfit:.0f} W/m2 (root mean "
        f"square by day); with the sun {best // 60} min after the hour's start instead of {weather.sun_at_s // 60} min "
        f"they would differ by {left:.0f} W/m2",
        "GHI = DNI cos(zenith) + DHI",
    )
