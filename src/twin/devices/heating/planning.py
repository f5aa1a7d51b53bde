"""What is decided a day ahead: in which hours of the civil day stores are filled and drawn on, or heaters blocked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.devices.days import rank_within_days
from twin.devices.heating.storage import DRAW, FILL, FOLLOW
from twin.engine.time import CivilTime, TimeAxis, in_clock_window, parse_clock_window, utc_offset
from twin.units import DAY_S, HOUR_S

__all__ = [
    "Hours",
    "civil_hours",
    "inside",
    "parse_windows",
    "shift",
    "whole_parts",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Windows = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Hours:
    """Where the steps of an axis lie on the clock, every attribute of shape ``(step,)``.

    Attributes
    ----------
    day
        Civil day, counted from 1970-01-01.
    clock
        Seconds since midnight on the clock at the step's start.
    hour
        Hour of the clock, counted through: the one that summer time's end repeats counts twice.
    """

    day: Integers
    clock: Integers
    hour: Integers


def civil_hours(axis: TimeAxis, civil: CivilTime) -> Hours:
    """Return where steps lie on the clock of a place."""
    offset = utc_offset(axis, civil.timezone)
    local = axis.seconds + offset
    return Hours(local // DAY_S, local % DAY_S, (axis.seconds + offset % HOUR_S) // HOUR_S)


def whole_parts(axis: TimeAxis, civil: CivilTime, windows: Windows = ()) -> int:
    """Return the longest part of a step, s, that lies within one hour of the clock and across no edge of a window."""
    local = axis.start + np.unique(utc_offset(axis, civil.timezone))
    edges = [s for window in windows for s in window]
    return int(np.gcd.reduce([axis.step_s, HOUR_S, *local.tolist(), *edges]))


def shift(values: Floats, hours: Hours, fill_hours: int, draw_hours: int) -> NDArray[np.int8]:
    """Return `FILL` in the lowest hours of every civil day, `DRAW` in the highest, `FOLLOW` between, ``(step,)``.

    Hours as high as the day's highest are never filled in, and those as low as its lowest never drawn on: on a day on
    which all hours are the same there is nothing to gain. Of a day at an end of the horizon, only the hours within
    are ranked.

    Parameters
    ----------
    values
        Price or emission factor of every step, none longer than an hour.
    """
    if not len(values):
        return np.zeros(0, dtype=np.int8)
    first = np.flatnonzero(np.diff(hours.hour, prepend=hours.hour[0] - 1))
    steps = np.diff(first, append=len(values))
    mean, day = _rounded(np.add.reduceat(values, first) / steps), hours.day[first]
    rank = rank_within_days(mean, day)
    begins, ends = np.searchsorted(day, day), np.searchsorted(day, day, side="right")
    days = np.flatnonzero(np.diff(day, prepend=day[0] - 1))
    highest = np.maximum.reduceat(mean, days)[np.searchsorted(day[days], day)]
    lowest = np.minimum.reduceat(mean, days)[np.searchsorted(day[days], day)]
    mode = np.full(len(mean), FOLLOW, dtype=np.int8)
    mode[(ends - begins - rank <= draw_hours) & (mean > lowest)] = DRAW
    mode[(rank < fill_hours) & (mean < highest)] = FILL
    return np.repeat(mode, steps)


def _rounded(values: Floats) -> Floats:
    """Return values as multiples of a billionth of the largest, so that rounding errors rank nothing."""
    largest = np.abs(values).max()
    return np.asarray(np.rint(values / (1e-9 * largest))) if largest > 0.0 else values


def parse_windows(text: str) -> Windows:
    """Return from and to, seconds since midnight, of windows such as ``06:00-08:00, 22:00-02:00``."""
    return tuple(parse_clock_window(window.strip()) for window in text.split(",") if window)


def inside(clock: Integers, windows: Windows) -> NDArray[np.bool_]:
    """Return which instants lie in one of the windows, half open; one that ends before it begins runs over midnight."""
    found = np.zeros(len(clock), dtype=bool)
    for begin, end in windows:
        found |= in_clock_window(clock, begin, end)
    return found
