"""The civil day: its instants, which day a step belongs to, and the place of its price among those of that day."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from twin.engine.time import CivilTime, TimeAxis, utc_offset
from twin.units import DAY_S, HOUR_S

__all__ = ["CivilDays", "civil_days", "rank_within_days"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_DAYS_BEYOND = 30  # in which whoever comes in the last days leaves


class CivilDays:
    """The days of an axis by the clock of a place, and as many beyond it as somebody looks ahead.

    Attributes
    ----------
    first
        The day on which the axis begins, counted from 1970-01-01.
    n
        Number of days on which an instant of the axis may lie.
    free
        Whether a day is a Saturday, Sunday or public holiday, from the first day on.
    """

    def __init__(self, axis: TimeAxis, civil: CivilTime) -> None:
        self.axis = axis
        local = datetime.fromtimestamp(axis.start, UTC).astimezone(ZoneInfo(civil.timezone))
        self.first = (local.date() - datetime(1970, 1, 1, tzinfo=UTC).date()).days
        self.n = (axis.end - axis.start) // DAY_S + 2
        day = self.first + np.arange(self.n + _DAYS_BEYOND)
        holiday = np.isin(day, np.array(sorted(civil.holidays), dtype=np.int64))
        self.free = ((day + 3) % 7 >= 5) | holiday
        self._hours = TimeAxis((self.first - 2) * DAY_S, HOUR_S, 24 * (len(day) + 4))
        self._offset = utc_offset(self._hours, civil.timezone)

    def seconds(self, days: Integers | np.int64, hours: Floats | float) -> Integers:
        """Return the instants at which the clock shows so many hours on days counted from the first."""
        shown = (self.first + days) * DAY_S + np.rint(np.asarray(hours) * HOUR_S).astype(np.int64)
        return np.asarray(shown - self._offset_at(shown - self._offset_at(shown)))

    def _offset_at(self, seconds: Integers) -> Integers:
        return np.asarray(self._offset[(seconds - self._hours.start) // HOUR_S])


def civil_days(axis: TimeAxis, civil: CivilTime) -> Integers:
    """Return the civil day on which every step begins, counted from 1970-01-01 and ascending, shape ``(axis.n,)``."""
    day = (axis.seconds + utc_offset(axis, civil.timezone)) // DAY_S
    # where the clock goes back at midnight, the hour that comes twice belongs to the day that has begun
    return np.asarray(np.maximum.accumulate(day))


def rank_within_days(values: Floats, day: Integers) -> Integers:
    """Return how many steps of the same day come before each: those of a lower value, and earlier ones of the same.

    Parameters
    ----------
    values
        One per step, ``(n,)``.
    day
        The day of every step, ascending; days of 23 or 25 hours are as good as any.
    """
    order = np.lexsort((np.arange(len(values)), values, day))
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values)) - np.searchsorted(day, day)[order]
    return rank
