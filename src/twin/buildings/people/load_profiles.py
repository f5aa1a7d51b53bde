"""Standard load profiles out of a user's own file: electricity by season, kind of day and time of day."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twin.buildings.model import USE_TYPES
from twin.buildings.people.events import QUARTER_S
from twin.engine.time import Calendar, CivilTime, TimeAxis
from twin.errors import Problem, Problems, TwinError, nearest
from twin.ledger import Ledger
from twin.units import DAY_S

__all__ = ["DAYS", "SEASONS", "LoadProfiles", "read_load_profiles"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Periods and kinds of day of the German standard load profiles (VDEW 1999): winter 1 November to 20 March, summer
# 15 May to 14 September, the rest transition; public holidays are Sundays
SEASONS = ("winter", "transition", "summer")
DAYS = ("workday", "saturday", "sunday")
_SUMMER = ((5, 15), (9, 14))
_WINTER = ((3, 20), (11, 1))

_UNITS = ("1", "W")
_YEAR_KWH = 1000.0  # energy of the year that profiles in W stand for
_TOLERANCE = 0.02  # of the year's mean: tables are rounded, and years differ in weekdays
_LARGEST = 4 << 20  # bytes
_HEADING = "season,day,time,MULTI_RES [1],... with the names of uses"


@dataclass(frozen=True)
class LoadProfiles:
    """Load profiles as multiples of the year's mean.

    Attributes
    ----------
    values
        By use, ``(season, day, part of the day)``.
    """

    values: Mapping[str, Floats]

    @property
    def part_s(self) -> int:
        """Length of a part of the day."""
        return DAY_S // int(next(iter(self.values.values())).shape[2])

    def levels(self, axis: TimeAxis, civil: CivilTime) -> dict[str, Floats]:
        """Return the profiles' means over the steps of an axis on the clock of a place, shape ``(axis.n,)``."""
        part_s = int(np.gcd.reduce([axis.step_s, self.part_s, axis.start % QUARTER_S or QUARTER_S]))
        calendar = axis.with_step(part_s).calendar(civil)
        season, day = seasons(calendar), _DAY_OF_WEEK[calendar.schedule_weekday]
        part = (np.rint(calendar.hour * 3600.0).astype(np.int64)) // self.part_s
        return {use: level[season, day, part].reshape(axis.n, -1).mean(axis=1) for use, level in self.values.items()}


_DAY_OF_WEEK = np.array([0, 0, 0, 0, 0, 1, 2])


def seasons(calendar: Calendar) -> Ints:
    """Return the period of each step, as index of `SEASONS`."""
    day = calendar.month * 100 + calendar.day
    summer = (day >= _hundreds(_SUMMER[0])) & (day <= _hundreds(_SUMMER[1]))
    winter = (day <= _hundreds(_WINTER[0])) | (day >= _hundreds(_WINTER[1]))
    return np.where(winter, 0, np.where(summer, 2, 1))


def _hundreds(month_and_day: tuple[int, int]) -> int:
    return month_and_day[0] * 100 + month_and_day[1]


def read_load_profiles(path: str | Path, ledger: Ledger) -> LoadProfiles:
    """Read standard load profiles.

    The file is CSV in UTF-8 with the header ``season,day,time,USE [unit],...``: season is winter, transition or summer,
    day is workday, saturday or sunday, time is the start of a part of the day such as ``06:15``, of parts as long as
    each other. Units are ``[1]``, multiples of the year's mean, or ``[W]`` at 1,000 kWh a year, as in the tables of the
    German standard load profiles. Lines that begin with ``#`` are comments.

    Raises
    ------
    TwinError
        With all problems of the file: a column that is no use, a part of the year missing or there twice, what is no
        number or negative, and profiles whose year is not what their unit says, by more than 2 %.
    """
    file = Path(path)
    with Problems(file) as problems:
        rows = _rows(file)
        uses = _uses(rows[0][1], rows[0][0], problems)
        table = _table(rows[1:], len(uses), problems)
    with Problems(file) as problems:
        profiles = {use: _scaled(table[k], use, unit, problems) for k, (use, unit) in enumerate(uses)}
    ledger.state(
        f"Electricity of {', '.join(profiles)} follows the standard load profiles of {file.name}, where the scenario "
        "asks for them.",
        file.name,
    )
    return LoadProfiles(profiles)


_Rows = list[tuple[int, list[str]]]


def _rows(file: Path) -> _Rows:
    """Return header and rows, each with its line."""
    try:
        if file.stat().st_size > _LARGEST:
            raise TwinError(Problem("is too large for load profiles", file, expected=f"{_LARGEST >> 20} MB at most"))
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise TwinError(Problem("there is no such file", file)) from None
    except UnicodeDecodeError:
        raise TwinError(Problem("is not UTF-8 text", file, expected="a CSV file")) from None
    lines = [(k, line) for k, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    rows = [(k, _cells(line, k, file)) for k, line in lines]
    if len(rows) < 2 or [cell.strip() for cell in rows[0][1][:3]] != ["season", "day", "time"] or len(rows[0][1]) < 4:
        raise TwinError(Problem("is no table of load profiles", file, str(rows[0][0]) if rows else None, _HEADING))
    return rows


def _cells(line: str, number: int, file: Path) -> list[str]:
    """Return the cells of a line, read by itself, so that a quote left open does not swallow the next."""
    try:
        return next(csv.reader([line]))
    except csv.Error as error:
        raise TwinError(Problem(f"cannot be read: {error}", file, str(number), _HEADING)) from None


def _uses(header: Sequence[str], line: int, problems: Problems) -> list[tuple[str, str]]:
    """Return use and unit of every column of numbers."""
    found: list[tuple[str, str]] = []
    for cell in header[3:]:
        match = re.fullmatch(r"\s*(\w+)\s*\[(.*)\]\s*", cell)
        use, unit = (match[1], match[2].strip()) if match else (cell.strip(), "")
        if use not in USE_TYPES:
            problems.add(f"column {use!r} is no use", str(line), "one such as MULTI_RES", nearest(use, USE_TYPES))
        elif use in (name for name, _ in found):
            problems.add(f"column {use!r} is there twice", str(line))
        if unit not in _UNITS:
            problems.add(f"column {use!r} has the unit {unit!r}", str(line), "[1] or [W]: " + _HEADING)
        found.append((use, unit))
    return found


def _table(rows: _Rows, n_uses: int, problems: Problems) -> Floats:
    """Return the numbers, ``(use, season, day, part)``; parts are as many as there are times."""
    keys: dict[tuple[int, int, int], int] = {}
    values: list[list[float]] = []
    for line, row in rows:
        if len(row) != 3 + n_uses:
            problems.add(f"has {len(row)} fields", str(line), f"{3 + n_uses} as in the header")
            continue
        key, numbers = _key(row, line, problems), _numbers(row[3:], line, problems)
        if key is None or numbers is None:
            continue
        if key in keys:
            problems.add(f"{','.join(row[:3])} is there twice", str(line))
        keys[key] = len(values)
        values.append(numbers)
    times = sorted({time for _, _, time in keys})
    length = times[1] if len(times) > 1 else DAY_S
    if DAY_S % length or times != list(range(0, DAY_S, length)):
        problems.add(f"has {len(times)} times of day", expected="starts of equal parts of the day, from 00:00")
        return np.zeros((n_uses, len(SEASONS), len(DAYS), 1))
    wanted = [(s, d, time) for s in range(len(SEASONS)) for d in range(len(DAYS)) for time in times]
    missing = [key for key in wanted if key not in keys]
    if missing:
        season, day, time = missing[0]
        text = f"{SEASONS[season]},{DAYS[day]},{time // 3600:02d}:{time % 3600 // 60:02d}"
        problems.add(f"{len(missing)} of {len(wanted)} rows are missing, the first {text}")
        return np.zeros((n_uses, len(SEASONS), len(DAYS), 1))
    ordered = np.array([values[keys[key]] for key in wanted])
    return ordered.T.reshape(n_uses, len(SEASONS), len(DAYS), len(times))


def _key(row: Sequence[str], line: int, problems: Problems) -> tuple[int, int, int] | None:
    season, day, time = (cell.strip().lower() for cell in row[:3])
    clock = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", time)
    good = True
    for word, known in ((season, SEASONS), (day, DAYS)):
        if word not in known:
            problems.add(f"{word!r} is none of {', '.join(known)}", str(line), suggestion=nearest(word, known))
            good = False
    if clock is None:
        problems.add(f"{time!r} is no time of day", str(line), "such as 06:15")
        return None
    return (SEASONS.index(season), DAYS.index(day), int(clock[1]) * 3600 + int(clock[2]) * 60) if good else None


def _numbers(cells: Sequence[str], line: int, problems: Problems) -> list[float] | None:
    try:
        numbers = [float(cell) for cell in cells]
    except ValueError:
        problems.add(f"{','.join(cells)} are no numbers", str(line), "points in decimal numbers")
        return None
    if not all(0.0 <= number < np.inf for number in numbers):
        problems.add(f"{','.join(cells)}: a load is negative or no number", str(line), "0 or more")
        return None
    return numbers


def _scaled(values: Floats, use: str, unit: str, problems: Problems) -> Floats:
    """Return a profile with a mean over the year of exactly 1, if its unit says what it is."""
    mean = float((values.mean(axis=2) * _days_of_year()).sum())
    stated = 1.0 if unit == "1" else _YEAR_KWH * 1000.0 / 8760.0
    if abs(mean / stated - 1.0) > _TOLERANCE:
        problems.add(
            f"{use} [{unit}] has a mean of {mean:.4g} over the year",
            expected=f"{stated:.4g}" + ("" if unit == "1" else f" W, {_YEAR_KWH:,.0f} kWh a year"),
        )
        return values
    return values / mean


def _days_of_year() -> Floats:
    """Return the share of every season and kind of day in a common year without holidays, ``(season, day)``."""
    year = TimeAxis.at(date(2023, 1, 1).isoformat(), DAY_S, 365).calendar()
    count = np.zeros((len(SEASONS), len(DAYS)))
    np.add.at(count, (seasons(year), _DAY_OF_WEEK[year.weekday]), 1.0)
    return np.asarray(count / count.sum())
