"""Our own weather CSV: a few ``# key = value`` lines that say what the numbers are, then 8,760 hours."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

import numpy as np

from twin.errors import Problems, nearest
from twin.table import ASSUMED, MISSING
from twin.weather.hours import Draft, measurements, numbers, out_of_bounds, split_rows, whole_year
from twin.weather.model import REFERENCE, Weather
from twin.weather.wing import SITE_COLUMNS, WEATHER_COLUMNS

__all__ = ["MAGIC", "format_own", "parse_own"]

MAGIC = "# twin weather 1"

_DATE = ("month", "day", "hour")
_OPTIONAL = ("sky_infrared_irradiance", "air_pressure")
_SECONDS = {"utc_offset_s": 14 * 3600, "sun_at_s": 2 * 3600}  # and how large they may be
_TEXTS = ("place", "source", "licence")
_KEYS = ("place", "latitude_deg", "longitude_deg", "elevation_m", "utc_offset_s", "sun_at_s", "source", "licence")


def parse_own(lines: Sequence[str], problems: Problems) -> Draft:
    """Return what the lines of our own format say."""
    top = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    head = _head(lines[1:top], problems)
    names = [name.strip() for name in lines[top].split(",")] if top < len(lines) else []
    _check_names(names, str(top + 1), problems)
    problems.raise_if_any()
    rows = split_rows(lines[top + 1 :], top + 2, len(names), len(names), problems)
    month, day, hour = (numbers(rows, names.index(part), part, problems, may_lack=False) for part in _DATE)
    keep, notes = whole_year(rows, (month, day, hour), problems)
    values = {
        name: measurements(rows, names.index(column.header), column, problems)[keep]
        for name, column in WEATHER_COLUMNS.items()
        if column.header in names
    }
    return Draft(head, values, notes)


def _head(lines: Sequence[str], problems: Problems) -> dict[str, Any]:
    head: dict[str, Any] = {}
    for number, line in enumerate(lines, start=2):
        text = line.removeprefix("#").strip()
        if not text:
            continue
        try:
            pair = tomllib.loads(text)
        except (ValueError, RecursionError):
            problems.add(f"cannot read {text!r}", str(number), 'key = value, as in # place = "Dresden"')
            continue
        for key, value in pair.items():
            if key not in _KEYS:
                problems.add(f"unknown key {key!r}", str(number), suggestion=nearest(key, _KEYS))
            elif key in head:
                problems.add(f"{key} is stated twice", str(number))
            elif expected := _objection(key, value):
                problems.add(f"{key} is {value!r}", str(number), expected)
            head[key] = value
    for key in _KEYS:
        if key not in head:
            problems.add(f"{key} is not stated", expected=f"a line '# {key} = ...' at the top")
    return head


def _objection(key: str, value: object) -> str | None:
    """What a value should have been, or None if it is right."""
    if key in _TEXTS:
        return None if isinstance(value, str) else "text in quotes"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "a number"
    if key in _SECONDS:
        most = _SECONDS[key]
        return None if isinstance(value, int) and abs(value) <= most else f"whole seconds, at most {most} either way"
    column = SITE_COLUMNS[key]
    return column.expectation() if out_of_bounds(column, value) else None


def _check_names(names: list[str], place: str, problems: Problems) -> None:
    known = [*_DATE, *(column.header for column in WEATHER_COLUMNS.values())]
    strange = [name for name in names if name not in known]
    for name in strange:
        bare = name.split("[")[0].strip()
        if bare in WEATHER_COLUMNS:
            problems.add(f"the column {name!r} has another unit", place, repr(WEATHER_COLUMNS[bare].header))
        else:
            problems.add(f"unknown column {name!r}", place, suggestion=nearest(name, known))
    spelled = {name.split("[")[0].strip() for name in strange}
    for name in known:
        bare = name.split("[")[0].strip()
        if name not in names and bare not in _OPTIONAL and bare not in spelled:
            problems.add(f"the column {name!r} is missing", place, suggestion=nearest(name, strange))
        elif names.count(name) > 1:
            problems.add(f"the column {name!r} stands {names.count(name)} times", place)


def format_own(weather: Weather) -> str:
    """Return the text of the file: what was given, never what was modelled."""
    import tomli_w

    table = weather.table
    lines = [MAGIC]
    lines += [f"# {line}" for line in tomli_w.dumps({key: getattr(weather, key) for key in _KEYS}).splitlines()]
    given = {name: (table.source(name) != MISSING) & (table.source(name) < ASSUMED) for name in WEATHER_COLUMNS}
    names = [name for name in WEATHER_COLUMNS if name not in _OPTIONAL or given[name].any()]
    lines.append(",".join([*_DATE, *(WEATHER_COLUMNS[name].header for name in names)]))
    when = REFERENCE.calendar()
    texts = [[str(int(part)) for part in parts] for parts in (when.month, when.day, when.hour)]
    texts += [
        [_short(value) if real else "" for value, real in zip(table[name].tolist(), given[name], strict=True)]
        for name in names
    ]
    lines += [",".join(row) for row in zip(*texts, strict=True)]
    return "\n".join(lines) + "\n"


def _short(value: float) -> str:
    """The shortest decimal that reads back as the same number; no negative zero."""
    return np.format_float_positional(value + 0.0, trim="-")
