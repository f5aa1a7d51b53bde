"""Dynamizers of CityGML 3.0: series in time that take the place of an attribute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from twin.city.attributes import ATTRIBUTE_NAMES
from twin.city.energy.names import COLUMNS
from twin.city.energy.relations import Relations
from twin.city.energy.series import attribute_of, mean_of
from twin.city.energy.sheet import Node, Notes, Sheet
from twin.city.energy.units import conversion
from twin.city.model import BUILDING_COLUMNS, City
from twin.table import SERIES, Column

__all__ = ["Override", "apply_overrides", "overrides"]

# Attribute of a building -> column; CityGML 3 calls the measured height so
_BUILDING = {theirs: ours for ours, theirs in ATTRIBUTE_NAMES.items()} | {"height": "measured_height_m"}


@dataclass(frozen=True, slots=True)
class Override:
    """A Dynamizer: the attribute of an object that it gives, and its series, as rows of ``time_series``.

    ``target`` is the energy object with that identifier, None if it is another one.
    """

    node: Node
    entity: str
    attribute: str
    target: Node | None
    series: tuple[int, ...]


def overrides(sheets: Mapping[str, Sheet], relations: Relations) -> list[Override]:
    """Return all Dynamizers of a file."""
    found = []
    for node in relations.nodes:
        if node.item.kind != "Dynamizer":
            continue
        series = tuple(dict.fromkeys(row.index for row in _series(node, relations, set())))
        reference = attribute_of(node.item.text("attributeRef"))
        if reference is None:
            text = f"is {node.item.text('attributeRef')[:80]!r}, in which no object and attribute are named"
            relations.notes.add("dynamizer-target", "a Dynamizer's attributeRef", text, node.name, node.item.line)
            continue
        found.append(Override(node, *reference, relations.find(reference[0]), series))
        node.used |= {"attributeRef", "dynamicData"}
    return found


def _series(node: Node, relations: Relations, seen: set[int]) -> Iterator[Node]:
    """Yield the series of a Dynamizer, those of composite ones too."""
    if node.table == "time_series":
        yield node
    elif id(node) not in seen:
        seen.add(id(node))
        for below in relations.targets(node, "dynamicData", "component", "timeseries", "sensorConnection"):
            yield from _series(below, relations, seen)


def apply_overrides(city: City, sheets: Mapping[str, Sheet], given: list[Override], notes: Notes) -> City:
    """Put the mean over time of every Dynamizer's series where its attribute became a column.

    Cells of energy tables are set in place; those of buildings in the city returned. What became no column is noted.
    """
    rows = {str(identifier): row for row, identifier in enumerate(city.buildings.ids)} if given else {}
    cells: dict[str, dict[int, float]] = {}
    for override in given:
        node = override.node
        mean = mean_of(sheets["time_series"], override.series)
        if mean is None:
            text = f"of {override.attribute} has no values in the file; the attribute stays as it is"
            notes.add("dynamizer-empty", "a Dynamizer", text, node.name, node.item.line)
            continue
        if override.target is not None and override.target.table:
            done = _set_cell(sheets, override.target, override.attribute, *mean)
        else:
            done = _set_building(cells, rows.get(override.entity), override.attribute, *mean)
        if done:
            text = f"is given by a Dynamizer; the mean of its series stands in column {done}"
            notes.add("dynamizer-mean", override.attribute, text, node.name, node.item.line)
        else:
            text = "is given by a Dynamizer but is no column of ours; the series is kept in the table time_series"
            notes.add("dynamizer-kept", override.attribute, text, node.name, node.item.line)
    return _with_cells(city, cells)


def _set_cell(sheets: Mapping[str, Sheet], target: Node, attribute: str, value: float, unit: str) -> str | None:
    """Set the cell of an energy table that an attribute became; return the address of its column."""
    sheet = sheets[target.table]
    for name in COLUMNS[target.table].get(attribute, ()):
        fitting = _fitting(value, unit, sheet.columns[name])
        if fitting is not None:
            sheet.put(name, target.index, fitting, SERIES)
            target.used.add(attribute)
            return f"{target.table}.{name}"
    return None


def _set_building(
    cells: dict[str, dict[int, float]], row: int | None, attribute: str, value: float, unit: str
) -> str | None:
    """Note the cell of the building table that an attribute became; return the address of its column."""
    name = _BUILDING.get(attribute)
    if name is None or row is None or (fitting := _fitting(value, unit, BUILDING_COLUMNS[name])) is None:
        return None
    cells.setdefault(name, {})[row] = fitting
    return f"building.{name}"


def _with_cells(city: City, cells: Mapping[str, Mapping[int, float]]) -> City:
    """Return the city with cells of the building table that are means of series."""
    table = city.buildings
    for name, values in cells.items():
        column, rows = BUILDING_COLUMNS[name], list(values)
        filled, where = column.blank(len(table)), np.zeros(len(table), dtype=bool)
        filled[rows], where[rows] = list(values.values()), True
        table = table.put(column, filled, SERIES, where=where)
    return replace(city, tables={**city.tables, "building": table}) if cells else city


def _fitting(value: float, unit: str, column: Column) -> float | int | None:
    """Return a mean as a value of a column, None if it can be none."""
    if column.kind not in ("float", "int"):
        return None
    if column.unit not in ("-", "a") and column.kind == "float":
        rule = conversion(unit, column.unit)
        if rule is None:
            return None
        value = value * rule[0] + rule[1]
    fitting = round(value) if column.kind == "int" else value
    return None if column.violations(np.array([fitting]))[0] else fitting
