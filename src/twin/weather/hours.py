"""The rows of a weather file on their way to 8,760 checked hours; shared by all formats."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems
from twin.table import Column
from twin.weather.model import HOURS, REFERENCE, hour_of_year

__all__ = [
    "Draft",
    "Rows",
    "hour_name",
    "measurements",
    "numbers",
    "out_of_bounds",
    "split_rows",
    "tidied",
    "whole_year",
]

Array = NDArray[np.float64]

_DAYS_OF_LEAP_YEAR = np.array([31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_CALENDAR = REFERENCE.calendar()
_MOST = 20  # problems of one kind that are listed one by one

# How far below and above its bounds a value may lie and still be taken as the bound: a radiometer's night offset, and
# the 110 % that the EPW format allows
_SLACK = {
    "global_horizontal_irradiance": (5.0, 0.0),
    "direct_normal_irradiance": (5.0, 0.0),
    "diffuse_horizontal_irradiance": (5.0, 0.0),
    "relative_humidity": (0.0, 0.1),
}


@dataclass
class Draft:
    """What a file gave: the keywords of a `Weather`, and by column 8,760 values, NaN where missing."""

    head: dict[str, Any]
    values: dict[str, Array]
    notes: list[str] = field(default_factory=list)
    first_hour: int = 0  # what the file calls the first hour of the day


@dataclass(frozen=True)
class Rows:
    """Lines cut into cells; ``ragged`` marks those with too few or too many, padded and already complained of."""

    lines: NDArray[np.int64]
    cells: list[list[str]]
    ragged: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.cells)


def split_rows(lines: Sequence[str], first: int, least: int, most: int | None, problems: Problems) -> Rows:
    """Cut lines at commas.

    Parameters
    ----------
    first
        Number of the first line in its file.
    least, most
        How many cells a row may have; any number from ``least`` if ``most`` is None.
    """
    filled = [(number, line) for number, line in enumerate(lines, start=first) if line.strip()]
    cells = [[cell.strip() for cell in line.split(",")] for _, line in filled]
    numbers_ = np.array([number for number, _ in filled], dtype=np.int64)
    ragged = np.array([len(row) < least or (most is not None and len(row) > most) for row in cells], dtype=bool)
    expected = f"{least} of them" if most else f"at least {least}"
    _report(problems, numbers_, np.flatnonzero(ragged), lambda i: f"the row has {len(cells[i])} values", expected)
    padded = [row + [""] * (least - len(row)) for row in cells]
    return Rows(numbers_, padded, ragged)


def numbers(rows: Rows, position: int, name: str, problems: Problems, *, may_lack: bool = True) -> Array:
    """Return one cell of every row as a number, NaN where it is none, shape ``(n,)``.

    That is a problem unless the row is ragged, or the cell empty and ``may_lack``.
    """
    texts = [row[position] for row in rows.cells]
    try:
        values = np.array([text or "nan" for text in texts], dtype=np.float64)
    except ValueError:
        values = np.array([_number(text) for text in texts], dtype=np.float64)
    empty = np.array([not text for text in texts], dtype=bool)
    odd = ~np.isfinite(values) & ~rows.ragged & ~(empty & may_lack)
    expected = "a number" + ("; leave the cell empty where there is none" if may_lack else "")
    _report(problems, rows.lines, np.flatnonzero(odd), lambda i: f"{name} is {texts[i]!r}", expected)
    return np.where(np.isfinite(values), values, np.nan)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def measurements(
    rows: Rows,
    position: int,
    column: Column,
    problems: Problems,
    *,
    scale: float = 1.0,
    none: tuple[float, float | None] = (np.inf, None),
) -> Array:
    """Return a column of the file in the column's unit, NaN where missing, shape ``(n,)``.

    Values out of the column's bounds become problems, unless `tidied` can mend them.

    Parameters
    ----------
    scale
        What one of the file's units is in the column's.
    none
        From where on a number of the file stands for no value, and a single number that does, if any.
    """
    found = numbers(rows, position, column.name, problems)
    found[rows.ragged | (found >= none[0]) | (found == none[1])] = np.nan
    values = np.round(found * scale, 9) if scale != 1.0 else found
    values = values + 0.0  # no negative zero
    _report(
        problems,
        rows.lines,
        np.flatnonzero(column.violations(tidied(column, values))),
        lambda i: f"{column.name} is {values[i]:g} {column.unit}".removesuffix(" 1"),
        column.expectation(),
    )
    return values


def tidied(column: Column, values: Array) -> Array:
    """Return values moved into the column's bounds where they are off by what rounding and sensors do."""
    below, above = _SLACK.get(column.name, (0.0, 0.0))
    low, high = (bound if bound is not None else np.nan for bound in (column.low, column.high))
    values = np.where((values < low) & (values >= low - below), low, values)
    return np.where((values > high) & (values <= high + above), high, values)


def out_of_bounds(column: Column, value: float) -> bool:
    """Whether one number breaks a column's bounds; NaN does."""
    return not ((column.low is None or value >= column.low) and (column.high is None or value <= column.high))


def _report(
    problems: Problems,
    lines: NDArray[np.int64],
    where: Iterable[int],
    message: Callable[[int], str],
    expected: str | None = None,
) -> None:
    places = list(where)
    for i in places[:_MOST]:
        problems.add(message(i), str(lines[i]), expected)
    if len(places) > _MOST:
        rest = len(places) - _MOST
        problems.add(f"and {rest} more like this, the last of them here", str(lines[places[-1]]))


def whole_year(
    rows: Rows, date: tuple[Array, Array, Array], problems: Problems, first_hour: int = 0
) -> tuple[NDArray[np.bool_], list[str]]:
    """Check that the rows are the hours of a common year in order; return which to keep, and what to tell.

    The hours of 29 February are left out. Rows of which no date could be read are taken as already complained of.

    Parameters
    ----------
    date
        Month, day and hour of each row, the hour as in the file.
    first_hour
        What the file calls the first hour of the day, 0 or 1.
    """
    month, day, hour = date[0], date[1], date[2] - first_hour
    longest = _DAYS_OF_LEAP_YEAR[np.clip(np.nan_to_num(month), 1, 12).astype(np.int64) - 1]
    sound = (month % 1 == 0) & (day % 1 == 0) & (hour % 1 == 0)
    sound &= (month >= 1) & (month <= 12) & (day >= 1) & (day <= longest) & (hour >= 0) & (hour <= 23)
    read = np.isfinite(month) & np.isfinite(day) & np.isfinite(hour)
    _report(
        problems,
        rows.lines,
        np.flatnonzero(read & ~sound),
        lambda i: f"there is no month {month[i]:g}, day {day[i]:g}, hour {date[2][i]:g}",
    )
    leap = sound & (month == 2) & (day == 29)
    keep = sound & ~leap
    index = hour_of_year(*(part[keep].astype(np.int64) for part in (month, day, hour)))
    _check_sequence(index, rows.lines[keep], first_hour, problems)
    return keep, ["the 29th of February of the weather file is left out"] if leap.any() else []


def _check_sequence(index: NDArray[np.int64], lines: NDArray[np.int64], first_hour: int, problems: Problems) -> None:
    def name(i: int) -> str:
        return hour_name(i, first_hour)

    _, first, back = np.unique(index, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[back] != np.arange(len(index)))
    _report(
        problems,
        lines,
        again,
        lambda i: f"{name(index[i])} stands here again, first in line {lines[first[back[i]]]}",
    )
    once, at = np.delete(index, again), np.delete(lines, again)
    back_in_time = np.flatnonzero(np.diff(once) < 0) + 1
    _report(
        problems,
        at,
        back_in_time,
        lambda i: f"{name(once[i])} comes after {name(once[i - 1])}",
        "hours in order",
    )
    gone = np.setdiff1d(np.arange(HOURS), index)
    runs = np.split(gone, np.flatnonzero(np.diff(gone) > 1) + 1) if len(gone) else []
    for run in runs[:_MOST]:
        problems.add(_gap(name, run))
    if len(runs) > _MOST:
        problems.add(f"and {len(runs) - _MOST} more gaps, {sum(map(len, runs[_MOST:]))} hours in all")


def _gap(name: Callable[[int], str], run: NDArray[np.int64]) -> str:
    if len(run) == 1:
        return f"{name(run[0])} is missing"
    return f"{len(run)} hours are missing: {name(run[0])} to {name(run[-1])}"


def hour_name(hour: int, first_hour: int = 0) -> str:
    """Return an hour of the year, 0 to 8759, in words; the first of a day has number ``first_hour``."""
    month, day, clock = (int(part[hour]) for part in (_CALENDAR.month, _CALENDAR.day, _CALENDAR.hour))
    return f"month {month}, day {day}, hour {clock + first_hour}"
