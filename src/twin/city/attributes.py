"""Between the attributes of a file and the columns of a table: names, types, and values that stand for no value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.found import Found
from twin.city.model import BUILDING_COLUMNS
from twin.table import GIVEN, MEASURE, MISSING, SERIES, Column, Table

__all__ = ["ATTRIBUTE_NAMES", "harmonize", "stated"]

# Column -> the name CityGML 2 and CityJSON use
ATTRIBUTE_NAMES = {
    "function": "function",
    "usage": "usage",
    "year_of_construction": "yearOfConstruction",
    "storeys_above_ground": "storeysAboveGround",
    "storeys_below_ground": "storeysBelowGround",
    "measured_height_m": "measuredHeight",
    "roof_type": "roofType",
}

# Other names for the same thing, taken where the standard one is absent: CityGML 3, 3D BAG.
_ALSO_CALLED = {"year_of_construction": ("dateOfConstruction", "oorspronkelijkbouwjaar")}

# Numbers written where nothing is known: PLATEAU writes the year 0001 and 9999 storeys, others -9999.
_NO_VALUE: dict[str, tuple[float, ...]] = {
    "year_of_construction": (0, 1, -1, 9999, -9999),
    "storeys_above_ground": (-1, 999, 9999, -9999),
    "storeys_below_ground": (-1, 999, 9999, -9999),
    "measured_height_m": (0, -1, -999, 9999, -9999, 99999, -99999),
}

# Of parts that differ, the building takes the largest; of everything else the first.
_LARGEST_PART = {"storeys_above_ground", "storeys_below_ground", "measured_height_m"}

# An integer, possibly as the year of a date (xs:date, xs:gYear with a zone)
_INTEGER = re.compile(r"([+-]?\d{1,9})(?:\.0*)?(?:-\d\d(?:-\d\d)?)?(?:T[\d:.]+)?(?:Z|[+-]\d\d:\d\d)?", re.ASCII)


@dataclass
class _Column:
    """Values of one column as they are read."""

    values: NDArray[Any]
    given: NDArray[np.bool_]
    blank: list[tuple[int, float]]
    odd: list[tuple[int, Any]]


def harmonize(
    found: Found, building: NDArray[np.int64], bounded: NDArray[np.bool_]
) -> dict[str, tuple[NDArray[Any], NDArray[np.uint16]]]:
    """Read the columns of every building and part out of its attributes.

    A building lacking a value takes it from its parts: the largest height and storeys, else the first that is given.
    What became a column leaves the attributes of a building; what cannot be understood stays there and is noted.

    Parameters
    ----------
    building
        Row of the building that each object is or belongs to, shape ``(n_objects,)``.
    bounded
        Which objects are buildings or parts, shape ``(n_objects,)``.

    Returns
    -------
    columns
        By column name, value and source code of every object, shape ``(n_objects,)``.
    """
    columns = {}
    rows = np.flatnonzero(bounded).tolist()
    above = building.tolist()
    for name in ATTRIBUTE_NAMES:
        column = _read(found, name, rows, above)
        _report(found, name, column)
        _inherit(name, column, rows, above)
        columns[name] = column.values, np.where(column.given, GIVEN, MISSING).astype(np.uint16)
    return columns


def _read(found: Found, name: str, rows: list[int], above: list[int]) -> _Column:
    declared, called = BUILDING_COLUMNS[name], ATTRIBUTE_NAMES[name]
    column = _Column(declared.blank(len(found.ids)).astype(object), np.zeros(len(found.ids), dtype=bool), [], [])
    for row in rows:
        attributes = found.attributes[row]
        key = next((k for k in (called, *_ALSO_CALLED.get(name, ())) if attributes.get(k) not in (None, "", [])), None)
        if key is None:
            continue
        raw = attributes[key]
        value = _PARSERS[declared.kind](raw[0] if isinstance(raw, list) else raw)
        if value is None or (value not in _NO_VALUE.get(name, ()) and _outside(declared, value)):
            column.odd.append((row, raw))
            continue
        if value in _NO_VALUE.get(name, ()):
            column.blank.append((row, value))
        else:
            column.values[row], column.given[row] = value, True
        several = declared.kind == "str" and isinstance(raw, list) and len(raw) > 1  # of which the first is the column
        if key == called and above[row] == row and not several:
            del attributes[key]
    column.values = column.values.astype(declared.blank(0).dtype if declared.kind != "str" else np.str_)
    return column


def _outside(column: Column, value: Any) -> bool:
    return bool(column.violations(np.array([value]))[0]) or value != value


def _integer(raw: Any) -> int | None:
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int) and abs(raw) < 10**9:
        return raw
    if isinstance(raw, float) and raw == raw and abs(raw) < 1e9 and raw == int(raw):
        return int(raw)
    match = _INTEGER.fullmatch(raw.strip()) if isinstance(raw, str) else None
    return int(match[1]) if match else None


def _number(raw: Any) -> float | None:
    try:
        return None if isinstance(raw, bool) else float(raw)
    except (TypeError, ValueError, OverflowError):
        return None


def _word(raw: Any) -> str | None:
    return str(raw).strip() if isinstance(raw, (str, int, float)) and not isinstance(raw, bool) else None


_PARSERS: dict[str, Callable[[Any], Any]] = {"int": _integer, "float": _number, "str": _word}


def _report(found: Found, name: str, column: _Column) -> None:
    called = ATTRIBUTE_NAMES[name]
    if column.blank:
        values = ", ".join(f"{value:g}" for value in sorted({value for _, value in column.blank}))
        text = f"{len(column.blank)} objects state {called} as {values}, which stands for no value"
        found.warn("no-value", text, found.ids[column.blank[0][0]])
    if column.odd:
        row, raw = column.odd[0]
        more = f" ({len(column.odd) - 1} more such)" if len(column.odd) > 1 else ""
        text = (
            f"{called} of {found.ids[row]} is {str(raw)[:40]!r}, which is no possible value; it counts as missing{more}"
        )
        found.warn("attribute-odd", text, found.ids[row])


def _inherit(name: str, column: _Column, rows: list[int], above: list[int]) -> None:
    own = column.given.copy()
    for row in rows:
        parent = above[row]
        if parent == row or own[parent] or not column.given[row]:
            continue
        value = column.values[row]
        if column.given[parent] and name in _LARGEST_PART:
            value = max(value, column.values[parent])
        elif column.given[parent]:
            continue
        column.values[parent], column.given[parent] = value, True


def stated(table: Table, row: int) -> dict[str, Any]:
    """Return what was given for a building (not derived, not assumed) under the file's names, as plain values."""
    return {
        called: table[name][row].item()
        for name, called in ATTRIBUTE_NAMES.items()
        if name in table and _is_stated(int(table.source(name)[row]))
    }


def _is_stated(code: int) -> bool:
    return code in (GIVEN, SERIES) or code >= MEASURE
