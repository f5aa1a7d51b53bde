"""The files of an archetype catalogue: their columns, and a reader that finds everything wrong with them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources.abc import Traversable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.buildings.model import COLUMNS, ENVELOPE, REFURBISHMENTS, USE_TYPES
from twin.errors import Problems, nearest
from twin.table import Column

__all__ = [
    "DAYS",
    "ELEMENTS",
    "LAYER_COLUMNS",
    "MONTHS",
    "PROFILES",
    "USE_FILES",
    "headers",
    "read_envelopes",
    "read_layers",
    "read_uses",
]

Sheet = dict[str, NDArray[Any]]

DAYS = ("weekday", "saturday", "sunday")
PROFILES = ("occupancy", "appliances", "lighting", "hot_water", "heating", "cooling")
ELEMENTS = ("wall", "roof", "base")
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
USE_FILES = ("use_types.csv", "use_months.csv", "use_schedules.csv")

_USE = Column("use_type", "-", "str", "use of a building", categories=USE_TYPES)
_ENVELOPES = (
    Column("code", "-", "str", "name of the archetype"),
    Column("typology", "-", "str", "kind of building"),
    Column("description", "-", "str", "the archetype in words"),
    Column("year_from", "a", "float", "first year of construction", low=-10_000, high=10_000),
    Column("year_to", "a", "float", "last year of construction", low=-10_000, high=10_000),
    Column("refurbishment", "-", "str", "state of the envelope", categories=REFURBISHMENTS),
    *(COLUMNS[name] for name in ENVELOPE),
)
_USES = (
    _USE,
    Column("heating_set_point", "degC", "float", "temperature kept while people are active", low=-20, high=35),
    Column("heating_setback", "degC", "float", "temperature kept otherwise", low=-20, high=35),
    Column("cooling_set_point", "degC", "float", "temperature kept by cooling", low=0, high=50),
    Column("area_per_person", "m2", "float", "heated floor area per person, 0 where nobody is", low=0),
    Column("sensible_heat", "W/person", "float", "heat that a person gives off", low=0),
    Column("appliances", "W/m2", "float", "full power of appliances", low=0),
    Column("lighting", "W/m2", "float", "full power of lighting", low=0),
    Column("hot_water", "l/(person d)", "float", "hot water of 60 degC per person", low=0),
    Column("outdoor_air", "l/(s person)", "float", "fresh air per person", low=0),
    Column("air_change", "1/h", "float", "ventilation by the use, mean of the year", low=0, high=50),
)
_MONTHS = (_USE, *(Column(name, "1", "float", "multiplier of the month", low=0) for name in MONTHS))
_SCHEDULES = (
    _USE,
    Column("profile", "-", "str", "what the hours are of", categories=PROFILES),
    Column("day", "-", "str", "day of the week", categories=DAYS),
    *(Column(f"h{h:02d}", "-", "float", "value of the hour", low=0) for h in range(24)),
)
LAYER_COLUMNS = {
    "thickness_m": "m",
    "conductivity_w_mk": "W/(m K)",
    "density_kg_m3": "kg/m3",
    "specific_heat_j_kgk": "J/(kg K)",
}
_LAYERS = (
    Column("code", "-", "str", "archetype"),
    Column("element", "-", "str", "part of the envelope", categories=ELEMENTS),
    Column("thickness_m", "m", "float", "thickness", low=1e-5, high=10),
    Column("conductivity_w_mk", "W/(m K)", "float", "thermal conductivity", low=1e-3, high=500),
    Column("density_kg_m3", "kg/m3", "float", "density, 0 of a mere resistance", low=0, high=20_000),
    Column("specific_heat_j_kgk", "J/(kg K)", "float", "specific heat capacity", low=0, high=10_000),
)


def headers() -> dict[str, str]:
    """Return the columns of an ``envelopes.csv`` and how they are headed, in order."""
    return {column.name: column.header for column in _ENVELOPES}


def read_envelopes(folder: Traversable, problems: Problems) -> Sheet:
    """Read ``envelopes.csv``: one archetype per line."""
    file = folder / "envelopes.csv"
    sheet = _read(file, _ENVELOPES, problems)
    for code, count in Counter(sheet["code"].tolist()).items():
        if count > 1:
            problems.add(f"{count} archetypes are called {code!r}", file=str(file))
    for code in sheet["code"][sheet["year_from"] > sheet["year_to"]]:
        problems.add(f"archetype {str(code)!r} ends before it begins", file=str(file))
    if not len(sheet["code"]) and not problems.found:
        problems.add("there is no archetype in it", file=str(file))
    return sheet


def read_layers(folder: Traversable, envelopes: Sheet, problems: Problems) -> Sheet:
    """Read ``layers.csv``: one layer per line, those of an element from outside to inside; none if there is no file."""
    file = folder / "layers.csv"
    if not file.is_file():
        return _empty(_LAYERS)
    sheet = _read(file, _LAYERS, problems)
    codes = envelopes["code"].tolist()
    for code in sorted(set(sheet["code"].tolist()) - set(codes)):
        problems.add(f"envelopes.csv has no archetype {code!r}", suggestion=nearest(code, codes), file=str(file))
    return sheet


def read_uses(folder: Traversable, problems: Problems) -> tuple[Sheet, Sheet, Mapping[tuple[str, str, str], Any]]:
    """Read the three tables of uses: values, multipliers by month, and hours by use, profile and day."""
    uses = _read(folder / "use_types.csv", _USES, problems)
    months = _read(folder / "use_months.csv", _MONTHS, problems)
    schedules = _read(folder / "use_schedules.csv", _SCHEDULES, problems)
    names = uses["use_type"].tolist()
    days = [(use, profile, day) for use in names for profile in PROFILES for day in DAYS]
    keys = list(zip(*(schedules[name].tolist() for name in ("use_type", "profile", "day")), strict=True))
    singly: list[tuple[str, ...]] = [(use,) for use in names]
    _check_rows(singly, singly, folder / "use_types.csv", problems)
    _check_rows([(use,) for use in months["use_type"].tolist()], singly, folder / "use_months.csv", problems)
    _check_rows(keys, days, folder / "use_schedules.csv", problems)
    hours = np.array([schedules[f"h{h:02d}"] for h in range(24)], dtype=np.float64).T
    return uses, months, dict(zip(keys, hours, strict=True))


def _check_rows(
    found: Sequence[tuple[str, ...]], wanted: Sequence[tuple[str, ...]], file: Traversable, problems: Problems
) -> None:
    """Every wanted row must be there once."""
    counts = Counter(found)
    for key in dict.fromkeys(wanted):
        if counts[key] != 1:
            problems.add(f"{counts[key]} rows of {', '.join(key)}", expected="one row", file=str(file))


def _empty(columns: Sequence[Column]) -> Sheet:
    return {column.name: column.blank(0) for column in columns}


def _read(file: Traversable, columns: Sequence[Column], problems: Problems) -> Sheet:
    """Return the columns of a file, all of the length of its good rows; what is wrong goes to the problems."""
    if not file.is_file():
        problems.add("no such file", file=str(file))
        return _empty(columns)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        problems.add("it is no text in UTF-8", str(_line_of(error)), file=str(file))
        return _empty(columns)
    lines = csv.reader(text.splitlines())
    header = next(lines, [])
    if not _header_is_right(header, columns, str(file), problems):
        return _empty(columns)
    place = {name.partition(" [")[0]: k for k, name in enumerate(header)}
    rows = list(_rows(lines, len(header), str(file), problems))
    return {c.name: _column(c, place[c.name], rows, str(file), problems) for c in columns}


def _line_of(error: UnicodeDecodeError) -> int:
    """Return the line of a text that cannot be decoded."""
    return bytes(error.object)[: error.start].count(b"\n") + 1


def _header_is_right(header: Sequence[str], columns: Sequence[Column], file: str, problems: Problems) -> bool:
    known = {c.name: c.header for c in columns}
    before = len(problems.found)
    names = [name.partition(" [")[0] for name in header]
    for k, (given, name) in enumerate(zip(header, names, strict=True)):
        place = f"1:{k + 1}"
        if name not in known:
            problems.add(f"unknown column {given!r}", place, suggestion=nearest(name, known), file=file)
        elif given not in (name, known[name]):
            problems.add(f"column {given!r} has another unit", place, expected=known[name], file=file)
        elif name in names[:k]:
            problems.add(f"column {name!r} is there twice", place, file=file)
    for name in known:
        if name not in names:
            problems.add(f"column {known[name]!r} is missing", "1", file=file)
    return len(problems.found) == before


def _rows(lines: Any, width: int, file: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Yield the line number and the cells of every row that is as long as the header."""
    for cells in lines:
        if len(cells) == width:
            yield lines.line_num, cells
        elif cells:
            problems.add(f"{len(cells)} cells", str(lines.line_num), f"{width} cells", file=file)


def _column(
    column: Column, k: int, rows: Sequence[tuple[int, list[str]]], file: str, problems: Problems
) -> NDArray[Any]:
    texts = [cells[k] for _, cells in rows]
    if column.kind == "str":
        values: NDArray[Any] = np.array(texts, dtype=np.str_)
    else:
        values = np.array([_number(text) for text in texts], dtype=np.float64)
        for i in np.flatnonzero(np.isnan(values)).tolist():
            problems.add(f"{column.name} is {texts[i]!r}", f"{rows[i][0]}:{k + 1}", "a number", file=file)
    for i in np.flatnonzero(column.violations(values)).tolist():
        guess = nearest(texts[i], column.categories) if column.categories else None
        place = f"{rows[i][0]}:{k + 1}"
        problems.add(f"{column.name} is {texts[i]!r}", place, column.expectation(), guess, file=file)
    return values


def _number(text: str) -> float:
    """Return a finite number, or NaN for what is none."""
    try:
        value = float(text)
    except ValueError:
        return np.nan
    return value if np.isfinite(value) else np.nan
