"""Between the attributes of a file and the columns of a table: names, types, and values that stand for no value."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.attribute_values import EXACT, ROUGH, UNREADABLE, read_values
from twin.city.crs import country
from twin.city.found import Found
from twin.city.model import BUILDING_COLUMNS
from twin.city.usage import Stated, standing, usage_classes
from twin.table import DERIVED, GIVEN, MEASURE, MISSING, SERIES, Column, Table

__all__ = ["ATTRIBUTE_NAMES", "harmonize", "is_blank", "stated"]

Ints = NDArray[np.int64]
Codes = NDArray[np.uint16]
Attributes = Sequence[dict[str, Any]]

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
_KINDS = {"year_of_construction": "year", "measured_height_m": "length"}  # of all other numbers "count", of text "word"

# What tells the use of a building, in the order in which it counts: what it is used for before what it was built for
_OF_USE = ("usage", "function", "class")

# Numbers written where nothing is known: PLATEAU writes the year 0001 and 9999 storeys, others -9999.
_NO_VALUE: dict[str, tuple[float, ...]] = {
    "year_of_construction": (0, 1, -1, 9999, -9999),
    "storeys_above_ground": (-1, 999, 9999, -9999),
    "storeys_below_ground": (-1, 999, 9999, -9999),
    "measured_height_m": (0, -1, -999, 9999, -9999, 99999, -99999),
}

# Of parts that differ, the building takes the largest; of everything else the first.
_LARGEST_PART = {"storeys_above_ground", "storeys_below_ground", "measured_height_m"}

_MOST_CODES = 10  # named in one finding


@dataclass
class _Cells:
    """Values of one column as they are read, with their source codes, and what was doubtful."""

    values: NDArray[Any]
    codes: Codes
    blank: list[tuple[int, float]] = field(default_factory=list)
    rough: list[tuple[int, str, Any]] = field(default_factory=list)
    odd: list[tuple[int, str, Any]] = field(default_factory=list)


def harmonize(
    found: Found, building: Ints, bounded: NDArray[np.bool_]
) -> dict[str, tuple[NDArray[Any], NDArray[np.uint16]]]:
    """Read the columns of every building and part out of its attributes, under whatever name a model gives them.

    A building lacking a value takes it from its parts: the largest height and storeys, the use of the part that people
    live or work in, else the first that is given. A part lacking one takes that of its building, as derived.
    What became a column leaves the attributes of a building, under CityGML's name; what says more than the column
    ("ca. 1900"), stands for no value or cannot be understood stays there. The latter is noted.

    Parameters
    ----------
    building
        Row of the building that each object is or belongs to, shape ``(n_objects,)``.
    bounded
        Which objects are buildings or parts, shape ``(n_objects,)``.

    Returns
    -------
    columns
        By column name, ``usage_class`` among them, value and source code of every object, shape ``(n_objects,)``.
    """
    rows = np.flatnonzero(bounded)
    attributes = [found.attributes[row] for row in rows.tolist()]
    above = np.searchsorted(rows, building[rows])
    names = set[str]().union(*attributes)
    spelled = _spellings(names)
    cells = {"usage_class": _uses(found, spelled, attributes, rows)}
    for name in ATTRIBUTE_NAMES:
        cells[name] = _read(name, spelled.get(name, []), attributes, above)
        for pair in _catalogue()[1].get(name, ()):
            if names.issuperset(pair):
                _subtract(BUILDING_COLUMNS[name], cells[name], pair, attributes)
        _report(found, name, cells[name], rows)
    columns = {}
    for name, read in cells.items():
        if read.codes.any():
            _hand_down(read, above)
            _hand_up(name, read, above)
        values = BUILDING_COLUMNS[name].blank(len(found.ids)).astype(read.values.dtype)
        codes = np.zeros(len(found.ids), dtype=np.uint16)
        values[rows], codes[rows] = read.values, read.codes
        columns[name] = values, codes
    return columns


@cache
def _catalogue() -> tuple[dict[str, tuple[str, int]], dict[str, list[tuple[str, str]]]]:
    """Return column and rank of every known spelling of a name, and the pairs of names whose difference is a column."""
    text = (files("twin.city") / "catalogue" / "attribute_names.toml").read_text("utf-8")
    catalogue = tomllib.loads(text)
    spellings: dict[str, tuple[str, int]] = {}
    for model in catalogue["names"]:
        for column, names in model.items():
            for name in names if isinstance(names, list) else ():
                for plain in (name, name.lower()):
                    for spelling in (plain, *(prefix + plain for prefix in catalogue["prefixes"])):
                        spellings.setdefault(spelling, (column, len(spellings)))
    differences: dict[str, list[tuple[str, str]]] = {}
    for model in catalogue["differences"]:
        for column, names in model.items():
            if isinstance(names, list):
                differences.setdefault(column, []).append((names[0], names[1]))
    return spellings, differences


def _spellings(names: Set[str]) -> dict[str, list[str]]:
    """Return the names that stand for each column in a file, the one that counts most first."""
    known, _ = _catalogue()
    spelled: dict[str, list[str]] = {}
    for key in sorted(known.keys() & names, key=lambda key: known[key][1]):
        spelled.setdefault(known[key][0], []).append(key)
    return spelled


def _kind(name: str) -> str:
    return "word" if BUILDING_COLUMNS[name].kind == "str" else _KINDS.get(name, "count")


def _read(name: str, keys: Sequence[str], attributes: Attributes, above: Ints) -> _Cells:
    declared, n = BUILDING_COLUMNS[name], len(attributes)
    kind = _kind(name)
    cells = _Cells(np.zeros(n, dtype="U1") if kind == "word" else np.full(n, np.nan), np.zeros(n, dtype=np.uint16))
    for key in keys:
        raw = [one.get(key) for one in attributes]
        at = np.array([i for i, v in enumerate(raw) if v is not None and v != "" and v != []], dtype=np.int64)
        at = at[cells.codes[at] == MISSING]
        raw = [raw[i] for i in at.tolist()]
        values, quality = read_values(raw, kind)
        blank = np.isin(values, _NO_VALUE.get(name, ()))
        odd = (quality == UNREADABLE) | (~blank & declared.violations(values))
        cells.blank += [(int(at[i]), values[i]) for i in np.flatnonzero(blank & ~odd)]
        cells.odd += [(int(at[i]), key, raw[i]) for i in np.flatnonzero(odd)]
        good = ~blank & ~odd
        cells.rough += [(int(at[i]), key, raw[i]) for i in np.flatnonzero(good & (quality == ROUGH))]
        cells.values = cells.values.astype(np.promote_types(cells.values.dtype, values.dtype), copy=False)
        cells.values[at[good]], cells.codes[at[good]] = values[good], GIVEN
        if key == ATTRIBUTE_NAMES[name]:
            for i in at[good & (quality == EXACT) & (above[at] == at)].tolist():
                attributes[i].pop(key, None)
    if declared.kind == "int":
        cells.values = np.where(cells.codes == MISSING, 0, cells.values).astype(np.int64)
    return cells


def _subtract(declared: Column, cells: _Cells, pair: tuple[str, str], attributes: Attributes) -> None:
    """Fill gaps of a column with the difference of two attributes."""
    both = [(one.get(pair[0]), one.get(pair[1])) for one in attributes]
    at = [i for i, (upper, lower) in enumerate(both) if upper is not None and lower is not None]
    upper, lower = (read_values([both[i][k] for i in at], "length")[0] for k in (0, 1))
    value, rows = upper - lower, np.array(at, dtype=np.int64)
    good = (value > 0) & ~declared.violations(value) & (cells.codes[rows] == MISSING)
    cells.values[rows[good]], cells.codes[rows[good]] = value[good], DERIVED


def _uses(found: Found, spelled: Mapping[str, Sequence[str]], attributes: Attributes, rows: Ints) -> _Cells:
    """Return the usage class of every building and part; note codes that are in no list we know."""
    fields = []
    for name in _OF_USE:
        for key in spelled.get(name, ()):
            spaces = [one.get("codeSpace") for one in attributes]
            of_key = [space.get(key) if isinstance(space, dict) else None for space in spaces]
            fields.append(Stated(name, [one.get(key) for one in attributes], of_key))
    uses = usage_classes(fields, len(attributes), country(found.crs_as_found or ""))
    if uses.first_unknown is not None:
        listed = ", ".join(f"{code!r} ({count})" for code, count in uses.unknown.most_common(_MOST_CODES))
        more = f" and {len(uses.unknown) - _MOST_CODES} more" if len(uses.unknown) > _MOST_CODES else ""
        text = (
            f"the use of {uses.unknown.total()} objects is given by codes that are in no list we know: {listed}{more}"
        )
        found.warn("usage-unknown", text, found.ids[rows[uses.first_unknown]])
    return _Cells(uses.classes, np.where(uses.classes != "", DERIVED, MISSING).astype(np.uint16))


def _report(found: Found, name: str, cells: _Cells, rows: Ints) -> None:
    if cells.blank:
        values = ", ".join(f"{value:g}" for value in sorted({value for _, value in cells.blank}))
        n = len({row for row, _ in cells.blank})
        text = f"{n} objects state {ATTRIBUTE_NAMES[name]} as {values}, which stands for no value"
        found.warn("no-value", text, found.ids[rows[cells.blank[0][0]]])
    if cells.rough:
        row, key, raw = cells.rough[0]
        text = f"{key} of {found.ids[rows[row]]} is {str(raw)[:40]!r}; it is taken as {cells.values[row]:g}"
        found.warn("attribute-rough", text + _more(cells.rough), found.ids[rows[row]])
    if cells.odd:
        row, key, raw = cells.odd[0]
        text = f"{key} of {found.ids[rows[row]]} is {str(raw)[:40]!r}, which is no possible value; it counts as missing"
        found.warn("attribute-odd", text + _more(cells.odd), found.ids[rows[row]])


def _more(noted: Sequence[Any]) -> str:
    return f" ({len(noted) - 1} more such)" if len(noted) > 1 else ""


def _hand_down(cells: _Cells, above: Ints) -> None:
    """Give parts without a value that which their building states itself."""
    lacking = np.flatnonzero((cells.codes == MISSING) & (cells.codes[above] != MISSING))
    cells.values[lacking], cells.codes[lacking] = cells.values[above[lacking]], DERIVED


def _hand_up(name: str, cells: _Cells, above: Ints) -> None:
    """Give buildings without a value that of one of their parts."""
    parts = np.flatnonzero((cells.codes != MISSING) & (cells.codes[above] == MISSING))
    preferred = np.zeros(len(parts))
    if name in _LARGEST_PART:
        preferred = -cells.values[parts].astype(np.float64)
    elif name == "usage_class":
        preferred = np.array([standing(str(one)) for one in cells.values[parts]])
    parts = parts[np.lexsort((preferred, above[parts]))]
    parents, first = np.unique(above[parts], return_index=True)
    cells.values[parents], cells.codes[parents] = cells.values[parts[first]], cells.codes[parts[first]]


def is_blank(name: str, value: Any) -> bool:
    """Tell whether what a file says under a name of its own stands for no value: empty, or 9999 storeys."""
    if value is None or value == "" or value == []:
        return True
    column = _catalogue()[0].get(name, ("", 0))[0]
    return column in _NO_VALUE and isinstance(value, (str, int, float)) and _stands_for_none(column, value)


@lru_cache(maxsize=4096)
def _stands_for_none(column: str, value: str | float) -> bool:
    values, _ = read_values([value], _kind(column))
    return bool(values[0] in _NO_VALUE[column])


def stated(table: Table, row: int, left: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return what was given for a building (not derived, not assumed) under the file's names, as plain values.

    Parameters
    ----------
    left
        What is left of its attributes: an original that says more than the column is not replaced, unless by a measure.
    """
    return {
        called: table[name][row].item()
        for name, called in ATTRIBUTE_NAMES.items()
        if name in table and _is_stated(int(table.source(name)[row]), called in (left or ()))
    }


def _is_stated(code: int, original: bool) -> bool:
    return code >= MEASURE or (code in (GIVEN, SERIES) and not original)
