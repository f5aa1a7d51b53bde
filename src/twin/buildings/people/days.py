"""A day at a time: what is drawn for whole days, put together for windows of any length."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from twin.engine.time import CivilTime, TimeAxis, utc_offset
from twin.units import DAY_S, HOUR_S

__all__ = ["Days", "by_day", "part_of_step", "slot_length"]

Floats = NDArray[np.float64]

_HALF_A_YEAR_S = 182 * DAY_S


def slot_length(axis: TimeAxis, civil: CivilTime) -> int:
    """Return the seconds of equal slots of a UTC day in which no full hour of the place's clock lies inside one."""
    summer_and_winter = TimeAxis(axis.start, _HALF_A_YEAR_S, 2)
    return math.gcd(HOUR_S, *(int(offset) for offset in utc_offset(summer_and_winter, civil.timezone)))


def by_day(window: TimeAxis) -> Iterator[tuple[slice, TimeAxis]]:
    """Yield a window by UTC days: the steps that begin on each, as rows of the window and as a window."""
    day = window.seconds // DAY_S
    first = np.flatnonzero(np.diff(day, prepend=-1)).tolist()
    for begin, end in zip(first, [*first[1:], window.n], strict=True):
        rows = slice(begin, end)
        yield rows, TimeAxis(window.start + begin * window.step_s, window.step_s, end - begin)


def part_of_step(axis: TimeAxis, slot_s: int) -> int:
    """Return the longest part that steps, slots and UTC days are whole numbers of."""
    return math.gcd(axis.step_s, slot_s, axis.start)


class Days:
    """Values over whole UTC days, made when asked for and kept for the next window.

    Parameters
    ----------
    make
        Returns, for days since 1970-01-01 UTC, values of a day's parts and of as many after it as what began that day
        goes on, ``(part, entity)``; nothing but the day decides them, so that any cut into windows gives the same.
    part_s
        Length of a part, which divides a day.
    """

    def __init__(self, make: Callable[[int], Floats], part_s: int) -> None:
        self._make, self._part_s = make, part_s
        self._per_day = DAY_S // part_s
        self._begun: dict[int, Floats] = {}
        self._whole: tuple[int, Floats] | None = None

    def window(self, axis: TimeAxis) -> Floats:
        """Return the means over the steps of a window, ``(step, entity)``; not to be written to."""
        first, n = axis.start // self._part_s, (axis.end - axis.start) // self._part_s
        pieces = []
        for day in range(axis.start // DAY_S, (axis.end - 1) // DAY_S + 1):
            begin = day * self._per_day
            low, high = max(begin, first), min(begin + self._per_day, first + n)
            pieces.append(self._day(day)[low - begin : high - begin])
        parts = pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
        if n == axis.n:
            return parts
        mean: Floats = parts.reshape(axis.n, n // axis.n, -1).mean(axis=1)
        return mean

    def _day(self, day: int) -> Floats:
        """Return the parts of a day, with what began the day before and goes on."""
        if self._whole is None or self._whole[0] != day:
            before, today = self._begun_on(day - 1), self._begun_on(day)
            values = today[: self._per_day].copy()
            over = before[self._per_day :]
            values[: len(over)] += over
            self._begun = {day - 1: before, day: today}
            self._whole = day, values
        return self._whole[1]

    def _begun_on(self, day: int) -> Floats:
        return self._begun[day] if day in self._begun else self._make(day)
