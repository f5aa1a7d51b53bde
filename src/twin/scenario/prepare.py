"""From files to tables: read, harmonize, fill gaps, apply an option's measures, fill again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.engine.time import Horizon
from twin.errors import Problems, TwinError
from twin.ledger import Ledger
from twin.registry import Fill, resolve, wings
from twin.scenario.inputs import read_inputs
from twin.scenario.plan import MeasureCall, OptionPlan, Scenario
from twin.scenario.schema import riders
from twin.scenario.select import choose
from twin.table import ASSUMED, DERIVED, MEASURE, MISSING, Table

__all__ = ["Prepared", "Selection", "fill", "harmonized", "prepare"]


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
    city, inputs = harmonized(scenario, ledger)
    city = fill(city, inputs, ledger)  # before tables are attached, so that a grid can be made for the dwellings
    with Problems(scenario.file) as problems:
        horizon = Horizon(scenario.civil, tuple((span.start, span.end) for span in scenario.spans))
        options = _Options(scenario, _Draft(city, inputs, ledger, horizon), problems)
        return [options.prepared(option) for option in wanted]


def harmonized(scenario: Scenario, ledger: Ledger) -> tuple[City, dict[str, Any]]:
    """Read every file of a scenario; return its city with what is stated for the wings' columns, and all inputs.

    Raises
    ------
    TwinError
        With everything that is wrong in any of the files, or in what the scenario makes of them.
    """
    city, inputs = read_inputs(scenario.files, scenario.catalogues, ledger, scenario.lod, scenario.crs)
    inputs = {**inputs, **scenario.settings}
    assert city is not None
    for wing in wings():
        if wing.harmonize:
            try:
                city = resolve(wing.harmonize)(city, inputs, ledger)
            except TwinError as error:
                raise TwinError(*(p if p.file else replace(p, file=scenario.file) for p in error.problems)) from error
    assert city is not None
    return city, inputs


@dataclass
class _Draft:
    """An option's city on its way."""

    city: City
    inputs: Mapping[str, Any]
    ledger: Ledger
    horizon: Horizon
    selections: tuple[Selection, ...] = ()

    def copy(self) -> _Draft:
        return replace(self, ledger=self.ledger.copy())

    def attach(self) -> None:
        """Let every wing add its tables."""
        for wing in wings():
            if wing.attach:
                self.city = resolve(wing.attach)(self.city, self.inputs, self.ledger)
        self.city = fill(self.city, self.inputs, self.ledger)

    def apply(self, call: MeasureCall, option: str, seed: int, problems: Problems) -> None:
        """Make one measure of an option."""
        if call.spec.table not in self.city.tables:
            problems.add(f"{call.text}: there is no {call.spec.table} in option {option!r}", *_place(call))
            return
        table = self.city.table(call.spec.table)
        rows = _rows(call, table, seed)
        if call.spec.selects and not rows.any():
            problems.add(f"{call.text}: matches none of {len(table)} {table.name}s in option {option!r}", call.line)
            return
        if call.spec.selects:
            self.selections += (Selection(call.text, table.name, int(rows.sum()), len(table)),)
        for sentence, reference in call.spec.assumes:
            self.ledger.state(sentence, reference)
        reference = getattr(call.params, "reference", "scenario")
        code, before = self.ledger.measure(f"{option}: {call.text}", reference), self.city
        when = (self.horizon,) if call.spec.timed else ()
        with _blamed(call, problems):
            self.city = fill(resolve(call.spec.apply)(before, rows, call.params, code, *when), self.inputs, self.ledger)
            self._ride(before, rows, call, code)

    def begin(self, scenario: Scenario) -> None:
        """Let those begin who keep account of what measures carry beside their own parameters."""
        calls = [call for option in scenario.options for call in option.measures]
        for rider in riders():
            if any(getattr(call.params, rider.key) for call in calls):
                self.city = resolve(rider.begin)(self.city, self.inputs, self.ledger)

    def _ride(self, before: City, rows: NDArray[np.bool_], call: MeasureCall, code: int) -> None:
        """Take into account what a measure carries beside its own parameters."""
        for rider in riders():
            if entries := getattr(call.params, rider.key):
                self.city = resolve(rider.apply)(
                    before, self.city, rows, call.spec, entries, self.inputs, self.ledger, code
                )


class _Options:
    """The options' cities, each made from its base's; from the start again where a measure changes what stands."""

    def __init__(self, scenario: Scenario, found: _Draft, problems: Problems) -> None:
        self._scenario, self._found, self._problems = scenario, found, problems
        found.begin(scenario)
        self._today = found.copy()
        self._today.attach()
        self._known: dict[str, _Draft] = {}

    def prepared(self, option: OptionPlan) -> Prepared:
        """Return an option, ready for the engine."""
        draft = self._draft(option)
        return Prepared(option, draft.city, draft.inputs, draft.ledger, draft.selections)

    def _draft(self, option: OptionPlan) -> _Draft:
        if option.name not in self._known:
            base = self._scenario.option(option.base) if option.base is not None else None
            if any(call.spec.reshapes for call in option.measures):
                self._known[option.name] = self._afresh(option)
            else:
                draft = (self._draft(base) if base else self._today).copy()
                self._apply(draft, [(option.name, call) for call in option.measures])
                self._known[option.name] = draft
        return self._known[option.name]

    def _afresh(self, option: OptionPlan) -> _Draft:
        """Return an option in which what stands is changed first, whatever its base does besides."""
        draft, calls = self._found.copy(), list(self._calls(option))
        self._apply(draft, [(name, call) for name, call in calls if call.spec.reshapes])
        draft.attach()
        self._apply(draft, [(name, call) for name, call in calls if not call.spec.reshapes])
        return draft

    def _calls(self, option: OptionPlan) -> Iterator[tuple[str, MeasureCall]]:
        """Yield the measures of the options an option builds on, then its own, each with its option's name."""
        if option.base is not None:
            yield from self._calls(self._scenario.option(option.base))
        yield from ((option.name, call) for call in option.measures)

    def _apply(self, draft: _Draft, calls: Sequence[tuple[str, MeasureCall]]) -> None:
        for name, call in calls:
            draft.apply(call, name, self._scenario.seed, self._problems)


@contextmanager
def _blamed(call: MeasureCall, problems: Problems) -> Iterator[None]:
    """Note what is wrong with a measure beside the line it stands in, and go on without it."""
    try:
        yield
    except TwinError as error:
        for p in error.problems:
            named = p.message.startswith(call.spec.kind)
            message = p.message if named else f"{call.text}: {p.message}"
            problems.add(message, p.place or call.line, p.expected, p.suggestion, p.file)


def _place(call: MeasureCall) -> tuple[str | None, str | None]:
    """Return the line of a measure whose table is missing, and which measures would have brought it."""
    table = call.spec.table
    kinds = [m.kind for wing in wings() for m in wing.measures if any(w.startswith(f"{table}.") for w in m.writes)]
    return call.line, f"{' or '.join(kinds)} before it" if kinds else None


def _rows(call: MeasureCall, table: Table, seed: int) -> NDArray[np.bool_]:
    if not call.spec.selects:
        return np.zeros(len(table), dtype=bool)
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
