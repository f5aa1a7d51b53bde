"""Prices and emission factors of a scenario as signals over time: constant, by time of use, or from a series file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.signals import Constant, Series, Signal, TimeOfUse, UseWindow
from twin.engine.time import CivilTime, TimeAxis, parse_clock_window
from twin.errors import Problem, TwinError
from twin.registry import Factor, wings
from twin.scenario.series_file import read_series
from twin.units import DAY_S, scale

__all__ = ["factors_of", "known_factors", "signals_of"]

Floats = NDArray[np.float64]

_DAYS = {"all": range(7), "workdays": range(5), "weekends": range(5, 7)}
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
            series = read_series(files[key], item.column, _offset(item.clock))
            fitted = _fit(series, item.align, start, end, files[key])
            signals[key] = replace(fitted, steps=(fitted.steps * item.times + item.add) * factor)
        elif item.windows:
            windows = tuple(_window(w, factor) for w in item.windows)
            signals[key] = TimeOfUse(item.value * factor, windows, civil)
    stated = {key for key, _ in _stated(checked)}
    instead = {f.key: signals[f.instead] for f in known_factors().values() if f.instead and f.key not in stated}
    return {**signals, **instead}


def _offset(clock: str | None) -> int | None:
    """Return how far a clock such as ``+01:00`` is ahead of UTC, s."""
    if clock is None:
        return None
    hours, minutes = int(clock[1:3]), int(clock[4:6])
    return (-1 if clock[0] == "-" else 1) * (3600 * hours + 60 * minutes)


def _window(item: Any, factor: float) -> UseWindow:
    from_s, to_s = parse_clock_window(item.hours)
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
