"""The assumption ledger: what was filled in, why, and how much of the city it concerns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.table import ASSUMED, MEASURE, Table, source_name

__all__ = ["Ledger", "LedgerRow", "Rule", "assumed_share", "summarize"]


@dataclass(frozen=True, slots=True)
class Rule:
    """A numbered reason for a value: an assumption or a measure."""

    text: str
    reference: str


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One line of ``ledger.csv``: a field of a table and one source of its values."""

    table: str
    field: str
    source: str
    reason: str
    reference: str
    count: int
    share_of_floor_area: float
    min: str
    median: str
    max: str
    unit: str


class Ledger:
    """Numbers every assumption and measure of one option; their codes stand in the tables' source columns."""

    def __init__(self) -> None:
        self.assumptions: list[Rule] = []
        self.measures: list[Rule] = []
        self.statements: list[Rule] = []

    def assume(self, text: str, reference: str) -> int:
        """Return the source code of an assumption; the same text always has the same code."""
        return ASSUMED + _number(self.assumptions, Rule(text, reference))

    def measure(self, text: str, reference: str = "scenario") -> int:
        """Return the source code of one measure of an option."""
        return MEASURE + _number(self.measures, Rule(text, reference))

    def state(self, text: str, reference: str) -> None:
        """Record a statement about the run as a whole, such as the distance between weather and city."""
        _number(self.statements, Rule(text, reference))

    def rule(self, code: int) -> Rule | None:
        """Return the reason behind a source code, None for values that need none."""
        if code >= MEASURE:
            return self.measures[code - MEASURE]
        if code >= ASSUMED:
            return self.assumptions[code - ASSUMED]
        return None

    def copy(self) -> Ledger:
        """Return a ledger that starts with the same rules, for an option built on another."""
        other = Ledger()
        other.assumptions = list(self.assumptions)
        other.measures = list(self.measures)
        other.statements = list(self.statements)
        return other


def _number(rules: list[Rule], rule: Rule) -> int:
    if rule not in rules:
        rules.append(rule)
    return rules.index(rule)


def summarize(ledger: Ledger, tables: Iterable[Table], weights: dict[str, NDArray[np.float64]]) -> list[LedgerRow]:
    """Return one row per table, field and source.

    Parameters
    ----------
    weights
        Heated floor area behind each row of a table, m2, shape ``(n,)``; tables without one are weighted by count.
    """
    rows = [LedgerRow("run", "", "stated", r.text, r.reference, 1, 1.0, "", "", "", "") for r in ledger.statements]
    for table in tables:
        weight = weights.get(table.name, np.ones(len(table)))
        total = float(weight.sum()) or 1.0
        for column in table.columns:
            codes = table.source(column.name)
            for code in np.unique(codes):
                here = codes == code
                rule = ledger.rule(int(code))
                spread = _spread(table[column.name][here]) if code else ("", "", "")
                rows.append(
                    LedgerRow(
                        table.name,
                        column.name,
                        source_name(int(code)),
                        rule.text if rule else "",
                        rule.reference if rule else "",
                        int(here.sum()),
                        float(weight[here].sum()) / total,
                        *spread,
                        column.unit,
                    )
                )
    return rows


def _spread(values: NDArray[Any]) -> tuple[str, str, str]:
    if values.dtype.kind in "fiu":
        return f"{values.min():.6g}", f"{np.median(values):.6g}", f"{values.max():.6g}"
    kinds, counts = np.unique(values, return_counts=True)
    return str(kinds[0]), str(kinds[np.argmax(counts)]), str(kinds[-1])


def assumed_share(table: Table, fields: Iterable[str], weight: NDArray[np.float64]) -> float:
    """Return the share of cells that were assumed, over the fields named, weighted by row (0 to 1)."""
    read = [name for name in fields if name in table]
    if not read or not weight.sum():
        return 0.0
    shares = [float(weight[_is_assumed(table.source(name))].sum() / weight.sum()) for name in read]
    return float(np.mean(shares))


def _is_assumed(codes: NDArray[np.uint16]) -> NDArray[np.bool_]:
    return (codes >= ASSUMED) & (codes < MEASURE)
