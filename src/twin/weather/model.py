"""A typical weather year: 8,760 hours of one place, without a year."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.engine.time import TimeAxis
from twin.table import Table
from twin.units import HOUR_S
from twin.weather.wing import WEATHER_COLUMNS

__all__ = ["HOURS", "REFERENCE", "WEATHER_COLUMNS", "Weather", "hour_ids", "hour_of_year"]

HOURS = 8760

_DAYS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_DAYS_BEFORE = np.concatenate([[0], np.cumsum(_DAYS)[:-1]])

REFERENCE = TimeAxis.at("2021-01-01", HOUR_S, HOURS)
"""A common year: where the sun stands in it is good for all years within the sun's yearly drift of a quarter day."""


def hour_of_year(month: NDArray[np.integer], day: NDArray[np.integer], hour: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the row of the typical year, 0 to 8759, shape ``(n,)``; 29 February is 28 February."""
    day = np.minimum(day, _DAYS[month - 1])
    return np.asarray((_DAYS_BEFORE[month - 1] + day - 1) * 24 + hour, dtype=np.int64)


def hour_ids() -> list[str]:
    """Return the identifiers of the rows: ``"01-01T00"`` to ``"12-31T23"``."""
    when = REFERENCE.calendar()
    return [f"{m:02d}-{d:02d}T{int(h):02d}" for m, d, h in zip(when.month, when.day, when.hour, strict=True)]


@dataclass(frozen=True)
class Weather:
    """A typical year of one place.

    A typical year carries no year: it is laid on any time axis by month, day and hour on the file's own clock, and
    29 February repeats 28 February. A step shorter than an hour holds the hour's values, irradiance too.

    Attributes
    ----------
    table
        One row per hour, named ``weather``, columns `WEATHER_COLUMNS`; a row's label is the hour's start.
    elevation_m
        Height above mean sea level.
    utc_offset_s
        What the file's clock is ahead of UTC, all year; 0 for UTC.
    sun_at_s
        The instant, in seconds after the label, that the irradiance stands for: 1800 for a mean over the hour; for a
        satellite's snapshot the minute it was taken. The sun's position belongs to this instant.
    source, licence
        Where the data come from and on what terms, for people.
    """

    table: Table
    place: str
    latitude_deg: float
    longitude_deg: float
    elevation_m: float
    utc_offset_s: int = 0
    sun_at_s: int = HOUR_S // 2
    source: str = ""
    licence: str = ""

    @property
    def labels(self) -> NDArray[np.int64]:
        """Start of each row's hour in a common year, seconds since 1970-01-01 UTC, shape ``(8760,)``."""
        return REFERENCE.seconds - self.utc_offset_s

    def rows(self, axis: TimeAxis) -> NDArray[np.int64]:
        """Return for each step the hour in which it starts, as a row of the table, shape ``(n,)``."""
        when = TimeAxis(axis.start + self.utc_offset_s, axis.step_s, axis.n).calendar()
        return hour_of_year(when.month, when.day, when.hour.astype(np.int64))

    def sun_instants(self, axis: TimeAxis) -> NDArray[np.int64]:
        """Return for each step the instant its irradiance stands for, seconds since 1970-01-01 UTC, shape ``(n,)``."""
        local = axis.seconds + self.utc_offset_s
        return local - local % HOUR_S - self.utc_offset_s + self.sun_at_s
