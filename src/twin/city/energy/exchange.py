"""Energy tables of a city as plain data, for formats that have no Energy ADE of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from twin.city.energy.model import ENERGY_COLUMNS
from twin.city.model import City
from twin.errors import Problem, TwinError
from twin.table import DERIVED, GIVEN, MISSING, SERIES, Table

__all__ = ["tables_as_json", "tables_from_json"]

_SOURCES = {"given": GIVEN, "series": SERIES, "derived": DERIVED}
_NAMES = {code: name for name, code in _SOURCES.items()}


def tables_as_json(city: City) -> dict[str, Any]:
    """Return the energy tables as plain data: ``{table: {ids, attributes, columns: {name: {values, source}}}}``.

    References are written as identifiers; missing values are null. Cells that a scenario assumed are left out.
    """
    return {name: _as_json(city, city.tables[name]) for name in ENERGY_COLUMNS if name in city.tables}


def _as_json(city: City, table: Table) -> dict[str, Any]:
    columns = {}
    for column in table.columns:
        codes = table.source(column.name)
        values = table[column.name]
        if column.refers:
            targets = city.tables[column.refers].ids if column.refers in city.tables else np.array([""])
            values = targets[values]
        known = np.isin(codes, list(_NAMES))
        columns[column.name] = {
            "values": [value if there else None for value, there in zip(values.tolist(), known.tolist(), strict=True)],
            "source": [_NAMES.get(code) for code in codes.tolist()],
        }
    left = [dict(row) for row in city.attributes.get(table.name, ())]
    return {"ids": table.ids.tolist(), "columns": columns, **({"attributes": left} if any(left) else {})}


def tables_from_json(city: City, tables: Mapping[str, Any]) -> City:
    """Return a city with energy tables as `tables_as_json` wrote them; references to what it lacks become missing.

    Raises
    ------
    TwinError
        If that is not what was written.
    """
    try:
        names = [name for name in ENERGY_COLUMNS if name in tables]
        rows = {name: {str(i): k for k, i in enumerate(tables[name]["ids"])} for name in names}
        rows |= {n: {i: k for k, i in enumerate(t.ids.tolist())} for n, t in city.tables.items() if n not in rows}
        read = {name: _from_json(name, tables[name], rows) for name in names}
        attributes = {name: tuple(tables[name].get("attributes") or [{}] * len(read[name])) for name in names}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TwinError(Problem(f"energy tables cannot be read: {error!r}", expected="what twin wrote")) from error
    return replace(city, tables={**city.tables, **read}, attributes={**city.attributes, **attributes})


def _from_json(name: str, stored: Mapping[str, Any], rows: Mapping[str, Mapping[str, int]]) -> Table:
    table = Table(name, [str(identifier) for identifier in stored["ids"]])
    for key, cells in stored["columns"].items():
        column = ENERGY_COLUMNS[name][key]
        values, codes = list(cells["values"]), np.array([_SOURCES.get(s, MISSING) for s in cells["source"]], np.uint16)
        if column.refers:
            values = [rows.get(column.refers, {}).get(value) for value in values]
        codes[[value is None for value in values]] = MISSING
        blank = column.blank(1)[0]
        plain = np.array([blank if value is None else value for value in values], dtype=column.blank(0).dtype.type)
        table = table.put(column, plain, codes)
    return table
