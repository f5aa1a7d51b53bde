"""Filling a table from objects as found: numbers brought to our units, and what cannot be read noted once per kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.energy.items import Item, Value
from twin.city.energy.model import ENERGY_COLUMNS
from twin.city.energy.units import conversion
from twin.city.found import Found
from twin.table import GIVEN, MISSING, Column, Table

__all__ = ["Node", "Notes", "Sheet", "in_unit", "number"]

_TRUE, _FALSE = {"true", "1", "yes"}, {"false", "0", "no"}


@dataclass(slots=True, eq=False)
class Node:
    """An object with its place: what holds it, by which property, and the row of the city object it belongs to.

    ``table`` and ``index`` say where it became a row; ``used`` names the properties that became cells.
    """

    item: Item
    owner: Node | None
    role: str
    row: int = -1
    group: int = -1
    name: str = ""
    table: str = ""
    index: int = -1
    used: set[str] = field(default_factory=set)


class Notes:
    """Findings on energy objects, one per kind of thing: with the first place and how often."""

    def __init__(self, found: Found) -> None:
        self._found = found
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._first: dict[tuple[str, str, str], tuple[str, str, int | None]] = {}

    def add(self, code: str, key: str, detail: str, entity: str, line: int | None) -> None:
        """Note one case; cases of the same code, key and detail are one finding."""
        self._counts[code, key, detail] += 1
        self._first.setdefault((code, key, detail), (detail, entity, line))

    def report(self) -> None:
        """Hand the findings over."""
        for (code, key, _), count in self._counts.items():
            detail, entity, line = self._first[code, key, _]
            more = f" ({count} times)" if count > 1 else ""
            self._found.warn(code, f"{key} {detail}{more}", entity or None, str(line) if line else None)
        self._counts.clear()


def number(text: str) -> float | None:
    """Return a finite number, None if the text is none."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if isfinite(value) else None


def in_unit(value: float, given: str, wanted: str) -> float | None:
    """Return a value in the unit wanted, None if its own measures something else; a share may have any unit."""
    rule = conversion(given, wanted)
    if rule is None:
        return value if wanted in ("-", "1") and 0.0 <= value <= 1.0 else None
    return value * rule[0] + rule[1]


class Sheet:
    """A table in the making: one row per node."""

    def __init__(self, table: str, nodes: Sequence[Node]) -> None:
        self.table, self.nodes = table, nodes
        self.columns = ENERGY_COLUMNS[table]
        self._cells: dict[str, dict[int, Any]] = {name: {} for name in self.columns}
        self._sources: dict[tuple[str, int], int] = {}

    def put(self, column: str, row: int, value: Any, source: int = GIVEN) -> None:
        """Set a cell."""
        self._cells[column][row] = value
        self._sources[column, row] = source

    def get(self, column: str, row: int) -> Any:
        """Return a cell, None if it has no value."""
        return self._cells[column].get(row)

    def array(self, column: str) -> NDArray[np.float64]:
        """Return a column of numbers, NaN where missing, shape ``(n,)``."""
        cells = self._cells[column]
        return np.array([cells.get(row, np.nan) for row in range(len(self.nodes))], dtype=np.float64)

    def rows(self, column: str) -> NDArray[np.int64]:
        """Return a column of row numbers, -1 where missing, shape ``(n,)``."""
        cells = self._cells[column]
        return np.array([cells.get(row, -1) for row in range(len(self.nodes))], dtype=np.int64)

    def read(self, names: dict[str, tuple[str, ...]], notes: Notes) -> None:
        """Read cells out of the objects' plain properties: for every property, the columns it may belong in.

        Of several columns for one property the value goes to the first whose unit measures the same thing.
        """
        for node in self.nodes:
            for name, value in node.item.values:
                columns = names.get(name, ())
                if any(self._take(node, name, value, self.columns[column], notes) for column in columns):
                    continue
                if columns and value.unit and number(value.text) is not None and name not in node.used:
                    text = f"is in {value.unit!r}, which is no unit of it; it is left out"
                    notes.add("energy-unit", name, text, node.name, value.line)

    def _take(self, node: Node, name: str, value: Value, column: Column, notes: Notes) -> bool:
        """Put a value into a column if it can be one; the first of several stays. Return whether it is dealt with."""
        parsed = _parse(value, column)
        if parsed is None:
            if column.kind == "float" and number(value.text) is not None:
                return False  # in the unit of another column, perhaps
            expected = {"float": "number", "int": "whole number", "bool": "truth value"}[column.kind]
            text = f"is {value.text[:40]!r}, which is no {expected}; it is left out"
            notes.add("energy-value", f"{node.item.kind}.{name}", text, node.name, value.line)
            return True
        if column.violations(np.array([parsed]))[0]:
            text = f"is {value.text[:40]} {value.unit}, not {column.expectation()} {column.unit}; it is left out"
            if (name, parsed) not in _NONE:
                notes.add("energy-value", f"{node.item.kind}.{name}", text, node.name, value.line)
            return True
        if node.index not in self._cells[column.name]:
            self.put(column.name, node.index, parsed)
            node.used.add(name)
        return True

    def finish(self) -> Table:
        """Return the table."""
        table = Table(self.table, [node.name for node in self.nodes])
        for name, cells in self._cells.items():
            column = self.columns[name]
            values = [cells.get(row, column.blank(1)[0]) for row in range(len(self.nodes))]
            codes = [self._sources.get((name, row), MISSING) for row in range(len(self.nodes))]
            if any(codes):
                table = table.put(
                    column, np.array(values, dtype=column.blank(0).dtype.type), np.array(codes, np.uint16)
                )
        return table


# Written where there is no direction
_NONE = {(name, -1.0) for name in ("azimuth", "bdgBdrySurfAzimuth", "bdgOpnAzimuth")}


def _parse(value: Value, column: Column) -> Any:
    """Return a plain value as the column's kind, None if it is none."""
    if column.kind == "str":
        return value.text
    if column.kind == "bool":
        word = value.text.lower()
        return word in _TRUE if word in _TRUE | _FALSE else None
    found = number(value.text)
    if found is None:
        return None
    if column.kind == "int":
        return int(found) if found == int(found) and abs(found) < 2**31 else None
    return in_unit(found, value.unit, column.unit) if column.unit != "-" else found
