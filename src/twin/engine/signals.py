"""Signals: a price or an emission factor over time, known beforehand, as whoever plans ahead needs it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twin.engine.time import CivilTime, TimeAxis, in_clock_window
from twin.units import HOUR_S

__all__ = ["Constant", "Series", "Signal", "TimeOfUse", "UseWindow"]

Floats = NDArray[np.float64]

_ALL_DAYS = frozenset(range(7))
_ALL_MONTHS = frozenset(range(1, 13))


class Signal(Protocol):
    """A value at every instant."""

    def values(self, axis: TimeAxis) -> Floats:
        """Return the exact mean of every step, in SI, shape ``(axis.n,)``."""


@dataclass(frozen=True)
class Constant:
    """The same at all times."""

    value: float

    def values(self, axis: TimeAxis) -> Floats:
        """Return the value at every step."""
        return np.full(axis.n, self.value)


@dataclass(frozen=True)
class UseWindow:
    """Hours of the civil day in which another value holds.

    Attributes
    ----------
    from_s, to_s
        Seconds since midnight on the clock; a window that ends before it begins runs over midnight.
    weekdays
        0 for Monday; public holidays count as Sundays.
    months
        1 for January.
    """

    from_s: int
    to_s: int
    value: float
    weekdays: frozenset[int] = _ALL_DAYS
    months: frozenset[int] = _ALL_MONTHS


@dataclass(frozen=True)
class TimeOfUse:
    """A time-of-use tariff: one value, and windows in which another holds; of several windows the last one does.

    A window over midnight belongs to the day on which each of its seconds lies.
    """

    value: float
    windows: tuple[UseWindow, ...]
    civil: CivilTime

    def values(self, axis: TimeAxis) -> Floats:
        """Return the mean value of every step; windows begin and end exactly."""
        part_s = self._part_s(axis)
        fine = axis.with_step(part_s)
        calendar = fine.calendar(self.civil)
        clock = np.rint(calendar.hour * HOUR_S).astype(np.int64)
        day = calendar.schedule_weekday
        values = np.full(fine.n, self.value)
        for window in self.windows:
            inside = in_clock_window(clock, window.from_s, window.to_s)
            inside &= np.isin(day, list(window.weekdays)) & np.isin(calendar.month, list(window.months))
            values[inside] = window.value
        return np.asarray(values.reshape(axis.n, -1).mean(axis=1))

    def _part_s(self, axis: TimeAxis) -> int:
        """Return the longest part of a step across which no window begins or ends."""
        edges = [s for window in self.windows for s in (window.from_s, window.to_s)]
        # clocks are a whole number of quarter hours apart from UTC
        return int(np.gcd.reduce([axis.step_s, axis.start, 900, *edges]))


@dataclass(frozen=True)
class Series:
    """Means over equal steps on an axis of their own, taken to others exactly.

    Attributes
    ----------
    axis
        The steps of the series.
    steps
        Value of every step, shape ``(axis.n,)``.
    """

    axis: TimeAxis
    steps: Floats

    def values(self, axis: TimeAxis) -> Floats:
        """Return the mean of every step.

        Raises
        ------
        ValueError
            If a step lies outside of the series.
        """
        edges = np.append(axis.seconds, axis.end)
        if edges[0] < self.axis.start or edges[-1] > self.axis.end:
            raise ValueError("the series does not cover the period")
        return np.asarray(np.diff(np.interp(edges, *self._integral)) / axis.step_s)

    @cached_property
    def _integral(self) -> tuple[NDArray[np.int64], Floats]:
        """The edges of all steps, and the integral up to each: asked for window by window, added up once."""
        edges = np.append(self.axis.seconds, self.axis.end)
        return edges, np.concatenate([[0.0], np.cumsum(self.steps)]) * self.axis.step_s
