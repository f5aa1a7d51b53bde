"""What a measure costs, building by building: how much of what it is charged by it has brought there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.economy.kernel import annuity_factor
from twin.economy.model import COLUMNS
from twin.economy.settings import Cost, EconomySettings
from twin.errors import Problem, TwinError, nearest
from twin.ledger import Ledger
from twin.registry import Measure
from twin.table import DERIVED, Column, Table
from twin.units import scale

__all__ = ["begin", "charge", "check"]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
ColumnsOf = Callable[[str], Mapping[str, Column]]

_BUILDING = "building"
_CONNECTION = "connection"
_COMMON = {"W": "kW", "VA": "kVA", "J": "kWh"}  # what people count in
_PURE = ("-", "1")


def check(entry: Cost, spec: Measure, columns_of: ColumnsOf) -> Iterator[tuple[str, Problem]]:
    """Yield what is wrong in a cost of a measure, each with the field that is at fault."""
    unit = "EUR"
    if entry.per is not None:
        column = _columns(spec, columns_of).get(entry.per)
        if column is None:
            known = _columns(spec, columns_of)
            message = f"per = {entry.per!r} is no number of what {spec.kind} concerns"
            yield "per", Problem(message, suggestion=nearest(entry.per, known))
            return
        if _fits(entry.unit, column):
            return
        unit = "EUR" if column.unit in _PURE else f"EUR/{_COMMON.get(column.unit, column.unit)}"
    if entry.unit != unit:
        by = f"per {entry.per}" if entry.per else f"for each {spec.table}; per says what it is charged by"
        yield "unit", Problem(f"unit is {entry.unit!r}", expected=f"{unit} {by}")


def _columns(spec: Measure, columns_of: ColumnsOf) -> dict[str, Column]:
    """Return the numbers a measure can be charged by, by name and by table and name; its own table's come first."""
    tables = dict.fromkeys([spec.table, *_other_tables(spec)])
    found: dict[str, Column] = {}
    for table in tables:
        for name, column in columns_of(table).items():
            if column.kind in ("float", "int") and column.refers is None and name != _BUILDING:
                found.setdefault(name, column)
                found[f"{table}.{name}"] = column
    return found


def _other_tables(spec: Measure) -> list[str]:
    """Return the tables that a measure adds rows to."""
    return list(dict.fromkeys(name.split(".")[0] for name in spec.writes if "." in name))


def _fits(unit: str, column: Column) -> bool:
    if column.unit in _PURE:
        return unit == "EUR"
    return unit.startswith("EUR/") and scale(unit.removeprefix("EUR/"))[0] == scale(column.unit)[0]


def begin(city: City, inputs: Mapping[str, Any], ledger: Ledger) -> City:
    """Return the city in which nothing has been spent yet."""
    settings = _settings(inputs)
    stated = "interest_rate" in settings.model_fields_set
    ledger.state(
        f"Investments are spread over their life at {100 * settings.interest_rate:g} % interest a year; prices stay as "
        "stated.",
        "scenario" if stated else "twin: planning assumption; VDI 2067 Part 1 for the method",
    )
    table = city.buildings
    for column in COLUMNS.values():
        table = table.put(column, 0.0, DERIVED)
    return city.with_table(table)


def _settings(inputs: Mapping[str, Any]) -> EconomySettings:
    settings: EconomySettings = inputs["economy"]
    return settings


def charge(
    before: City,
    after: City,
    rows: NDArray[Any],
    spec: Measure,
    entries: Sequence[Cost],
    inputs: Mapping[str, Any],
    ledger: Ledger,
    code: int,
) -> City:
    """Return the city after a measure with what it cost added to what its buildings have cost so far.

    Raises
    ------
    TwinError
        If what it is charged by is nowhere to be found.
    """
    interest = _settings(inputs).interest_rate
    rule = ledger.rule(code)
    name = rule.text if rule else spec.kind
    total = {column: np.zeros(len(after.buildings)) for column in COLUMNS}
    for k, entry in enumerate(entries):
        amount, unknown = _amount(entry, before, after, rows, spec, code)
        if not amount.any():
            message = f"cost[{k + 1}]: {entry.per or spec.kind} is zero everywhere that {spec.kind} concerns"
            raise TwinError(Problem(message, expected="something that the measure brings, or other buildings"))
        _state(entry, name, spec, unknown, ledger)
        _state_bearers(after, spec, ledger)
        investment = entry.value * amount
        subsidy = entry.subsidy_pct / 100.0 * investment
        total["investment_eur"] += investment
        total["subsidy_eur"] += subsidy
        total["capital_cost_eur_a"] += annuity_factor(interest, entry.lifetime_a) * (investment - subsidy)
        total["maintenance_eur_a"] += entry.maintenance_pct / 100.0 * investment
    table = after.buildings
    for column, added in total.items():
        so_far = np.where(table.missing(column), 0.0, table[column])
        table = table.put(COLUMNS[column], so_far + added, code, added > 0)
    return after.with_table(table)


def _state(entry: Cost, name: str, spec: Measure, unknown: int, ledger: Ledger) -> None:
    by = f" of {entry.per}" if entry.per else f" for each {spec.table}"
    besides = [f"for {entry.lifetime_a:g} years"]
    besides += [f"{entry.maintenance_pct:g} % a year for upkeep"] if entry.maintenance_pct else []
    besides += [f"{entry.subsidy_pct:g} % of it subsidized"] if entry.subsidy_pct else []
    ledger.state(f"{name} costs {entry.value:g} {entry.unit}{by}, {', '.join(besides)}.", entry.source)
    if unknown:
        ledger.state(f"{name}: {unknown} without {entry.per} cost nothing.", "twin: planning assumption")


def _state_bearers(after: City, spec: Measure, ledger: Ledger) -> None:
    if not _belongs(after.table(spec.table)):
        ledger.state(
            "What is done to the electric grid is paid by all buildings connected to it alike, as network charges are "
            "shared.",
            "twin: planning assumption",
        )


def _amount(entry: Cost, before: City, after: City, rows: NDArray[Any], spec: Measure, code: int) -> tuple[Floats, int]:
    """Return how much of what is charged each building has got, in the unit of the cost, and in how many rows of it
    that is not known.
    """
    if entry.per is None:
        return _entities(before, after, rows, spec, code), 0
    table_name, _, name = entry.per.rpartition(".")
    if not table_name:
        tables = [spec.table, *_other_tables(spec)]
        table_name = next((t for t in tables if t in after.tables and name in after.table(t)), spec.table)
    own = table_name == spec.table
    where = _chosen(before, after, rows, spec, code) if own else _added(before, after, table_name, code)
    table = after.tables.get(table_name)
    if table is None or name not in table or not len(where):
        return np.zeros(len(after.buildings)), 0
    column = table.column(name)
    values = table[name][where].astype(np.float64)
    unknown = table.missing(name)[where] | np.isnan(values)
    if column.unit not in _PURE:
        values = values * scale(column.unit)[1] / scale(entry.unit.removeprefix("EUR/"))[1]
    return _by_building(after, table, where, np.where(unknown, 0.0, values)), int(unknown.sum())


def _entities(before: City, after: City, rows: NDArray[Any], spec: Measure, code: int) -> Floats:
    """Return how many entities of each building the measure concerns.

    Of one that only adds rows to other tables, those buildings count that got any: a roof without room gets no modules;
    where the rows belong to no building, each of them counts.
    """
    others = [name for name in _other_tables(spec) if name in after.tables]
    if others and all("." in name for name in spec.writes):
        owned = [name for name in others if _belongs(after.table(name))]
        if not owned:
            added = _added(before, after, others[0], code)
            return _by_building(after, after.table(others[0]), added, np.ones(len(added)))
        got = [after.table(name)[_BUILDING][_added(before, after, name, code)] for name in owned]
        count = np.zeros(len(after.buildings))
        count[np.concatenate(got)] = 1.0
        return count
    where = _chosen(before, after, rows, spec, code)
    return _by_building(after, after.table(spec.table), where, np.ones(len(where)))


def _chosen(before: City, after: City, rows: NDArray[Any], spec: Measure, code: int) -> Rows:
    """Return the rows of the measure's table that it concerns, as they are numbered after it.

    Of what belongs to no building, these are the rows that it has changed: a thick cable may stay as it is.

    Raises
    ------
    TwinError
        If some are gone.
    """
    if not _belongs(after.table(spec.table)):
        return _added(before, after, spec.table, code)
    old, new = before.table(spec.table).ids, after.table(spec.table).ids
    if not spec.selects:
        return np.flatnonzero(~np.isin(new, old))
    chosen = old[rows]
    where = np.flatnonzero(np.isin(new, chosen))
    if len(where) < len(chosen):
        message = f"{spec.kind} leaves no {spec.table} that would bear its cost"
        raise TwinError(Problem(message, expected="the cost beside the measure that builds something instead"))
    return where


def _added(before: City, after: City, name: str, code: int) -> Rows:
    """Return the rows of another table that a measure has added, or else changed."""
    table, old = after.tables.get(name), before.tables.get(name)
    if table is None:
        return np.zeros(0, dtype=np.int64)
    new = np.ones(len(table), dtype=bool) if old is None else ~np.isin(table.ids, old.ids)
    if not new.any():
        new = np.logical_or.reduce([table.source(column) == code for column in table.names])
    return np.flatnonzero(new)


def _by_building(city: City, table: Table, where: Rows, values: Floats) -> Floats:
    """Return values of rows summed up by the building that they belong to; what belongs to none is borne by all."""
    if not _belongs(table):
        return np.asarray(_shares(city) * values.sum())
    building = where if table.name == _BUILDING else table[_BUILDING][where]
    sums: Floats = np.bincount(building, values, len(city.buildings)).astype(np.float64)
    return sums


def _belongs(table: Table) -> bool:
    """Return whether the rows of a table are buildings or belong to some."""
    return table.name == _BUILDING or _BUILDING in table


def _shares(city: City) -> Floats:
    """Return which share of what is done for all of them each building bears: those connected to the grid alike."""
    connection = city.tables.get(_CONNECTION)
    there = np.arange(len(city.buildings)) if connection is None else connection[_BUILDING]
    count: Floats = np.bincount(there, minlength=len(city.buildings)).astype(np.float64)
    return np.asarray(count / count.sum())
