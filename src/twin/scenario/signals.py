"""Prices and emission factors of a scenario as signals over time: constant, by time of use, or from a series file."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.signals import Constant, Series, Signal, TimeOfUse, UseWindow
from twin.engine.time import CivilTime, TimeAxis
from twin.errors import Problem, TwinError, nearest
from twin.registry import Factor, wings
from twin.units import DAY_S, scale

__all__ = ["factors_of", "known_factors", "read_series", "signals_of"]

Floats = NDArray[np.float64]

_DAYS = {"all": range(7), "workdays": range(5), "weekends": range(5, 7)}
_CLOCK = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")
_WEEK_S = 7 * DAY_S
_YEAR_S = 365 * DAY_S


def known_factors() -> dict[str, Factor]:
    """Return every price and emission factor that a wing declares, by key."""
    return {factor.key: factor for wing in wings() for factor in wing.factors}


def _stated(checked: Any) -> Iterator[tuple[str, Any]]:
    for section in ("prices", "emissions"):
        for key, item in getattr(checked, section).items():
            yield f"{section}.{key}", item


def factors_of(checked: Any) -> dict[str, float]:
    """Return the factors that do not change with time, in SI; one that nobody stated is 0."""
    unstated = {key: 0.0 for key, factor in known_factors().items() if not factor.required}
    constant = {k: item.value * scale(item.unit)[1] for k, item in _stated(checked) if item.value is not None}
    return {**unstated, **constant}


def signals_of(checked: Any, files: Mapping[str, Path], civil: CivilTime, start: int, end: int) -> dict[str, Signal]:
    """Return every price and emission factor over time, in SI.

    Parameters
    ----------
    files
        The series files, by key of the factor.
    start, end
        What a series must cover, seconds since 1970-01-01 UTC.

    Raises
    ------
    TwinError
        If a series file is not in order, or does not cover the period and the scenario does not say how to align it.
    """
    signals: dict[str, Signal] = {key: Constant(value) for key, value in factors_of(checked).items()}
    for key, item in _stated(checked):
        factor = scale(item.unit)[1]
        if item.series is not None:
            series = read_series(files[key], item.column)
            fitted = _fit(series, item.align, start, end, files[key])
            signals[key] = replace(fitted, steps=(fitted.steps * item.times + item.add) * factor)
        elif item.windows:
            windows = tuple(_window(w, factor) for w in item.windows)
            signals[key] = TimeOfUse(item.value * factor, windows, civil)
    return signals


def _window(item: Any, factor: float) -> UseWindow:
    match = _CLOCK.fullmatch(item.hours)
    assert match is not None  # the schema saw to it
    hour, minute, to_hour, to_minute = map(int, match.groups())
    from_s, to_s = 3600 * hour + 60 * minute, 3600 * to_hour + 60 * to_minute
    return UseWindow(from_s, to_s, item.value * factor, frozenset(_DAYS[item.days]), frozenset(item.months))


def _fit(series: Series, align: str | None, start: int, end: int, file: Path) -> Series:
    """Shift a series so that it covers the period.

    ``calendar`` keeps the day of the year, ``weekday`` the day of the week too, at most three days away.
    """
    axis = series.axis
    if axis.start <= start and end <= axis.end:
        return series
    covered = f"{_day(axis.start)} to {_day(axis.end)}"
    if align is None:
        raise TwinError(
            Problem(
                f"covers {covered}, not {_day(start)} to {_day(end)} with the warm-up",
                file,
                expected='a series that does, or align = "weekday" or "calendar" to use another year\'s',
            )
        )
    if axis.end - axis.start < _YEAR_S:
        raise TwinError(Problem(f"covers {covered}: less than a year cannot stand for another", file))
    return Series(*_repeated(series, align, start, end))


def _repeated(series: Series, align: str, start: int, end: int) -> tuple[TimeAxis, Floats]:
    """Return the steps of a year, put where they belong in every year of the period."""
    axis = series.axis
    first = start - (start - axis.start) % axis.step_s
    wanted = TimeAxis(first, axis.step_s, -(-(end - first) // axis.step_s))
    # the year of the series' middle is the one it stands for: in UTC it may begin on New Year's Eve
    own = datetime.fromtimestamp((axis.start + axis.end) // 2, UTC).year
    years, which = np.unique(wanted.calendar().year, return_inverse=True)
    shift = np.array([_shift(year, own, align) for year in years.tolist()])[which]
    index = (wanted.seconds + shift - axis.start) // axis.step_s
    a_week = _WEEK_S // axis.step_s  # at the ends of the year, the same weekday a week away
    index = np.where(index < 0, index + a_week, np.where(index >= axis.n, index - a_week, index))
    return wanted, series.steps[index]


def _shift(year: int, own: int, align: str) -> int:
    """Return the seconds from a day of ``year`` to the day of the series' ``own`` year that stands for it."""
    new_year, own_new_year = (int(datetime(y, 1, 1, tzinfo=UTC).timestamp()) for y in (year, own))
    shift = own_new_year - new_year
    if align == "calendar":
        return shift
    off = shift // DAY_S % 7
    return shift - (off if off <= 3 else off - 7) * DAY_S


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def read_series(file: Path, column: str | None = None) -> Series:
    """Read a series of means over equal steps.

    The file is CSV in UTF-8 with a header: ``time``, the start of each step in ISO 8601 with its offset from UTC, and
    one column or more of numbers.

    Parameters
    ----------
    column
        Which of several columns to read.

    Raises
    ------
    TwinError
        Naming the file and the line.
    """
    with file.open(newline="", encoding="utf-8-sig") as handle:
        rows = list(csv.reader(line for line in handle if not line.startswith("#")))
    if not rows or rows[0][:1] != ["time"] or len(rows[0]) < 2:
        raise TwinError(Problem("is no series", file, "1", "a header: time, and columns of numbers"))
    columns = rows[0][1:]
    if column is None and len(columns) > 1:
        raise TwinError(Problem(f"has columns {', '.join(columns)}", file, "1", 'column = "..." in the scenario'))
    if column is not None and column not in columns:
        raise TwinError(Problem(f"has no column {column!r}", file, "1", suggestion=nearest(column, columns)))
    place = 1 + (columns.index(column) if column else 0)
    pairs = [_pair(row, place, file, k) for k, row in enumerate(rows[1:], 2)]
    if len(pairs) < 2:
        raise TwinError(Problem("is no series", file, expected="two steps or more"))
    seconds = np.array([time for time, _ in pairs], dtype=np.int64)
    steps = np.diff(seconds)
    uneven = np.flatnonzero(steps != steps[0])
    if steps[0] <= 0 or len(uneven):
        line = 3 + (int(uneven[0]) if len(uneven) else 0)
        raise TwinError(Problem("steps are not equal, or times do not rise", file, str(line), f"{steps[0]} s later"))
    values = np.array([value for _, value in pairs])
    return Series(TimeAxis(int(seconds[0]), int(steps[0]), len(pairs)), values)


def _pair(row: list[str], place: int, file: Path, line: int) -> tuple[int, float]:
    try:
        when = datetime.fromisoformat(row[0])
        value = float(row[place])
    except (ValueError, IndexError):
        raise TwinError(
            Problem("is no time and number", file, str(line), "such as 2024-01-01T00:00:00+01:00,39.91")
        ) from None
    if when.tzinfo is None or not np.isfinite(value):
        expected = "a time with its offset from UTC, such as 2024-01-01T00:00:00+01:00, and a finite number"
        raise TwinError(Problem(f"{row[0]},{row[place]}", file, str(line), expected))
    return int(when.timestamp()), value
