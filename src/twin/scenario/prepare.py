"""From files to tables: read, harmonize, fill gaps, apply an option's measures, fill again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.errors import Problems
from twin.ledger import Ledger
from twin.registry import Fill, resolve, wings
from twin.scenario.inputs import read_inputs
from twin.scenario.plan import MeasureCall, OptionPlan, Scenario
from twin.scenario.select import choose
from twin.table import ASSUMED, DERIVED, MEASURE, MISSING, Table

__all__ = ["Prepared", "Selection", "fill", "prepare"]


@dataclass(frozen=True)
class Selection:
    """How many entities a measure concerns."""

    measure: str
    table: str
    count: int
    of: int


@dataclass(frozen=True)
class Prepared:
    """One option's city, ready for the engine."""

    option: OptionPlan
    city: City
    inputs: Mapping[str, Any]
    ledger: Ledger
    selections: tuple[Selection, ...]


def prepare(scenario: Scenario, wanted: Sequence[OptionPlan]) -> list[Prepared]:
    """Read every file of a scenario and build the city of every option wanted.

    Raises
    ------
    TwinError
        With everything that is wrong in any of the files, or all selections that match nothing.
    """
    ledger = Ledger()
    city, inputs = read_inputs(scenario.files, scenario.catalogues, ledger, scenario.lod, scenario.crs)
    assert city is not None
    for wing in wings():
        if wing.harmonize:
            city = resolve(wing.harmonize)(city, inputs, ledger)
    city = fill(city, inputs, ledger)  # before tables are attached, so that a grid can be made for the dwellings
    for wing in wings():
        if wing.attach:
            city = resolve(wing.attach)(city, inputs, ledger)
    city = fill(city, inputs, ledger)
    known: dict[str, Prepared] = {}
    with Problems(scenario.file) as problems:
        for option in wanted:
            _prepare_option(scenario, option, Prepared(option, city, inputs, ledger, ()), known, problems)
    return [known[option.name] for option in wanted]


def _prepare_option(
    scenario: Scenario, option: OptionPlan, today: Prepared, known: dict[str, Prepared], problems: Problems
) -> Prepared:
    """Return the option's city: its base's city, changed by its own measures one after the other."""
    if option.name in known:
        return known[option.name]
    base = today
    if option.base is not None:
        base = _prepare_option(scenario, scenario.option(option.base), today, known, problems)
    ledger, city, selections = base.ledger.copy(), base.city, list(base.selections)
    for call in option.measures:
        if call.spec.table not in city.tables:
            problems.add(f"{call.text}: there is no {call.spec.table} in option {option.name!r}", *_place(call))
            continue
        table = city.table(call.spec.table)
        rows = _rows(call, table, scenario.seed)
        if not rows.any():
            problems.add(
                f"{call.text}: matches none of {len(table)} {table.name}s in option {option.name!r}", call.line
            )
            continue
        selections.append(Selection(call.text, table.name, int(rows.sum()), len(table)))
        for sentence, reference in call.spec.assumes:
            ledger.state(sentence, reference)
        code = ledger.measure(f"{option.name}: {call.text}")
        city = fill(resolve(call.spec.apply)(city, rows, call.params, code), today.inputs, ledger)
    known[option.name] = Prepared(option, city, today.inputs, ledger, tuple(selections))
    return known[option.name]


def _place(call: MeasureCall) -> tuple[str | None, str | None]:
    """Return the line of a measure whose table is missing, and which measures would have brought it."""
    table = call.spec.table
    kinds = [m.kind for wing in wings() for m in wing.measures if any(w.startswith(f"{table}.") for w in m.writes)]
    return call.line, f"{' or '.join(kinds)} before it" if kinds else None


def _rows(call: MeasureCall, table: Table, seed: int) -> NDArray[np.bool_]:
    rows = call.where(table) if call.where else np.ones(len(table), dtype=bool)
    if call.share == 1.0:
        return rows
    size = table[call.share_of].astype(float) if call.share_of else None
    return choose(rows, table, call.share, seed, f"share/{call.spec.kind}", size)


def fill(city: City, inputs: Mapping[str, Any], ledger: Ledger) -> City:
    """Let every fill of every wing propose values for the cells that nobody gave.

    A fill depends on nothing but its key columns, so asking all of them again after a measure changes exactly the
    cells whose keys the measure changed. Cells that were given, or set by a measure, stay.
    """
    for rule in _in_order([rule for wing in wings() for rule in wing.fills if rule.table in city.tables]):
        proposals = resolve(rule.apply)(city, inputs, ledger)
        table = city.table(rule.table)
        for column in rule.writes:
            values, codes = proposals[column.name]
            table = table.put(column, values, codes, where=_open(table, column.name))
        city = city.with_table(table)
    return city


def _open(table: Table, name: str) -> NDArray[np.bool_]:
    """Return where a fill may write: cells that are missing, derived or assumed."""
    if name not in table:
        return np.ones(len(table), dtype=bool)
    codes = table.source(name)
    return np.asarray((codes == MISSING) | (codes == DERIVED) | ((codes >= ASSUMED) & (codes < MEASURE)))


def _in_order(fills: Sequence[Fill]) -> list[Fill]:
    """Return the fills so that each comes after those that write its keys."""
    writers = {f"{rule.table}.{column.name}": k for k, rule in enumerate(fills) for column in rule.writes}
    graph = {
        k: {writers[key] for key in _addresses(rule) if key in writers and writers[key] != k}
        for k, rule in enumerate(fills)
    }
    return [fills[k] for k in TopologicalSorter(graph).static_order()]


def _addresses(rule: Fill) -> list[str]:
    return [key if "." in key else f"{rule.table}.{key}" for key in rule.keys]
