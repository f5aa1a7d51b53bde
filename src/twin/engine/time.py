"""Time axes in UTC, their windows, and what the clock on the wall shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CLOCK_WINDOW",
    "Calendar",
    "CivilTime",
    "Horizon",
    "TimeAxis",
    "in_clock_window",
    "parse_clock_window",
    "parse_duration",
    "utc_offset",
]

_SUNDAY = 6
_DAY_S = 86400


@dataclass(frozen=True, slots=True)
class CivilTime:
    """How people of a place count time: their clock, and their public holidays as days since 1970-01-01."""

    timezone: str = "UTC"
    holidays: frozenset[int] = frozenset()

    @classmethod
    def of(cls, timezone: str, holidays: Iterable[date] = ()) -> CivilTime:
        """Return the civil time of a zone with some public holidays."""
        return cls(timezone, frozenset((day - date(1970, 1, 1)).days for day in holidays))


_COORDINATED = CivilTime()


@dataclass(frozen=True, slots=True)
class Horizon:
    """The stretches of time that are simulated and counted, seconds since 1970-01-01 UTC, and the clock of the place.

    Each is its first second and the first one after it.
    """

    civil: CivilTime
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """The clock and calendar of each step's start, all of shape ``(n,)``.

    ``weekday`` is 0 for Monday; ``day_of_year`` is 1 for 1 January; ``hour`` counts from 0 and has a fraction.
    """

    year: NDArray[np.int64]
    month: NDArray[np.int64]
    day: NDArray[np.int64]
    hour: NDArray[np.float64]
    weekday: NDArray[np.int64]
    day_of_year: NDArray[np.int64]
    holiday: NDArray[np.bool_]

    @property
    def schedule_weekday(self) -> NDArray[np.int64]:
        """Weekday by which people live: a public holiday is a Sunday, as in the standard load profiles of BDEW."""
        return np.asarray(np.where(self.holiday, _SUNDAY, self.weekday), dtype=np.int64)


class TimeAxis(NamedTuple):
    """``n`` steps of ``step_s`` seconds from ``start`` (seconds since 1970-01-01 UTC); a window is one too.

    Powers are means over the step that starts at the label; states are values at the step's end.
    """

    start: int
    step_s: int
    n: int

    @classmethod
    def at(cls, start: str, step_s: int, n: int, timezone: str = "UTC") -> TimeAxis:
        """Return the axis that starts at an ISO date or time on the clock of ``timezone``."""
        local = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(timezone))
        return cls(int(local.timestamp()), step_s, n)

    @property
    def end(self) -> int:
        """First second after the axis."""
        return self.start + self.step_s * self.n

    @property
    def seconds(self) -> NDArray[np.int64]:
        """Start of every step, seconds since 1970-01-01 UTC, shape ``(n,)``."""
        return self.start + self.step_s * np.arange(self.n, dtype=np.int64)

    def with_step(self, step_s: int) -> TimeAxis:
        """Return the same span in steps of another length, which must divide it."""
        n, rest = divmod(self.end - self.start, step_s)
        if rest:
            raise ValueError(f"{self.end - self.start} s is no whole number of {step_s} s steps")
        return TimeAxis(self.start, step_s, n)

    def between(self, start: int, end: int) -> TimeAxis:
        """Return the steps in ``[start, end)``, both on step boundaries."""
        return TimeAxis(start, self.step_s, (end - start) // self.step_s)

    def calendar(self, civil: CivilTime = _COORDINATED) -> Calendar:
        """Return what clock and calendar show at each step's start, in UTC or in the civil time of a place."""
        local = self.seconds + utc_offset(self, civil.timezone)
        stamp = local.astype("datetime64[s]")
        day = stamp.astype("datetime64[D]")
        month = stamp.astype("datetime64[M]")
        year = stamp.astype("datetime64[Y]")
        return Calendar(
            year=year.astype(np.int64) + 1970,
            month=month.astype(np.int64) % 12 + 1,
            day=(day - month.astype("datetime64[D]")).astype(np.int64) + 1,
            hour=(stamp - day).astype(np.int64) / 3600.0,
            weekday=(day.astype(np.int64) + 3) % 7,
            day_of_year=(day - year.astype("datetime64[D]")).astype(np.int64) + 1,
            holiday=np.isin(day.astype(np.int64), np.array(sorted(civil.holidays), dtype=np.int64)),
        )


def utc_offset(axis: TimeAxis, timezone: str) -> NDArray[np.int64]:
    """Return how many seconds the clock of ``timezone`` is ahead of UTC at each step, shape ``(n,)``."""
    if timezone == "UTC":
        return np.zeros(axis.n, dtype=np.int64)
    # Zones change on quarter hours of UTC at the finest, and not twice in a day: days that begin and end alike
    # are asked for once.
    first = np.arange(axis.start // _DAY_S, (axis.end - 1) // _DAY_S + 2)
    at_midnight = _offsets(first * _DAY_S, timezone)
    day = axis.seconds // _DAY_S - first[0]
    offset: NDArray[np.int64] = at_midnight[day]
    changing = np.flatnonzero(at_midnight[day] != at_midnight[day + 1])
    if len(changing):
        quarter, inverse = np.unique(axis.seconds[changing] // 900, return_inverse=True)
        offset[changing] = _offsets(quarter * 900, timezone)[inverse]
    return offset


def _offsets(seconds: NDArray[np.int64], timezone: str) -> NDArray[np.int64]:
    zone = ZoneInfo(timezone)
    offsets = (datetime.fromtimestamp(s, UTC).astimezone(zone).utcoffset() or timedelta() for s in seconds.tolist())
    return np.array([int(offset.total_seconds()) for offset in offsets], dtype=np.int64)


def parse_duration(text: str) -> int:
    """Return the seconds in ``"15min"``, ``"1h"``, ``"14d"`` or ``"30s"``.

    Raises
    ------
    ValueError
        If the text is no such duration.
    """
    number = text.rstrip("abcdefghijklmnopqrstuvwxyz")
    unit = text[len(number) :]
    seconds = {"s": 1, "min": 60, "h": 3600, "d": 86400}
    if not number.isdigit() or unit not in seconds or int(number) == 0:
        raise ValueError(f"{text!r} is no duration")
    return int(number) * seconds[unit]


_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d"
CLOCK_WINDOW = rf"^{_CLOCK}-(?:{_CLOCK}|24:00)$"


def in_clock_window(clock: NDArray[np.int64], from_s: int, to_s: int) -> NDArray[np.bool_]:
    """Return which seconds since midnight lie in a window, half open; one that ends before it begins runs over it."""
    after, before = clock >= from_s, clock < to_s
    return np.asarray(after & before if from_s < to_s else after | before)


def parse_clock_window(text: str) -> tuple[int, int]:
    """Return from and to of ``17:00-21:00`` in seconds since midnight; `CLOCK_WINDOW` is its pattern.

    Raises
    ------
    ValueError
        If the text is no such window.
    """
    if not re.match(CLOCK_WINDOW, text):
        raise ValueError(f"{text!r} is no window such as 17:00-21:00")
    (hour, minute), (to_hour, to_minute) = (map(int, clock.split(":")) for clock in text.split("-"))
    return 3600 * hour + 60 * minute, 3600 * to_hour + 60 * to_minute
