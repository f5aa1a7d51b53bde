"""Indicators: which streams they need, and their values once the run is over."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from twin.engine.groups import NO_GROUPS, QUARTER, Groups
from twin.engine.recorder import Recorder, Stream
from twin.quantities import QUANTITIES
from twin.registry import Indicator, Term
from twin.results.values import IndicatorBlock, IndicatorValues
from twin.table import Table
from twin.units import scale

Values = NDArray[np.float64]
ByLevel = Mapping[str, Values]

__all__ = ["applicable", "evaluate", "moments", "streams_of"]


def streams_of(indicator: Indicator) -> list[Stream]:
    """Return the streams an indicator is made of: each term of a sum alone, as it may have a factor; else their sum."""
    if indicator.column:
        return []
    if indicator.reduction == "sum":
        return [_integral(term, indicator) for term in (*indicator.terms, *indicator.over)]
    threshold = np.nan if indicator.threshold is None else indicator.threshold
    quantities = tuple(term.quantity for term in indicator.terms)
    return [Stream(quantities, indicator.reduction, indicator.across, threshold)]


def applicable(
    indicators: Sequence[Indicator], tables: Mapping[str, Table], written: Collection[str], anywhere: Collection[str]
) -> list[Indicator]:
    """Return the indicators that mean something for one option.

    Parameters
    ----------
    written, anywhere
        Quantities that simulators write in this option, and in any option of the run. What adds up is zero where
        nobody writes it; what does not, is not there.
    """
    return [
        i
        for i in indicators
        if i.level in tables
        and (i.column is None or i.column in tables[i.level])
        and all(_known(terms, written, anywhere) for terms in (i.terms, i.over) if terms)
    ]


def _known(terms: Sequence[Term], written: Collection[str], anywhere: Collection[str]) -> bool:
    """Return whether a sum has some term that adds up, and every one that does not."""
    sums = [t.quantity for t in terms if QUANTITIES[t.quantity].extensive]
    others = [t.quantity for t in terms if not QUANTITIES[t.quantity].extensive]
    return all(q in written for q in others) and (not sums or any(q in anywhere for q in sums))


def evaluate(
    option: str,
    indicators: Sequence[Indicator],
    recorders: Mapping[str, Recorder],
    tables: Mapping[str, Table],
    factors: Mapping[str, float],
    groups: Mapping[str, Groups] = NO_GROUPS,
) -> IndicatorValues:
    """Return every indicator for the quarter, per entity of its level, and if these are buildings per group of them.

    Parameters
    ----------
    recorders
        By level (entity set), after the run.
    factors
        Prices and emission factors in SI, by ``section.key``.
    groups
        Groups of buildings, by level.
    """
    found = IndicatorValues()
    for indicator in indicators:
        table = tables[indicator.level]
        levels = {QUARTER: Groups.whole(len(table)), **(groups if indicator.level == "building" else {})}
        if indicator.column:
            values = _of_column(table, indicator, levels)
            factor = 1.0
        else:
            values = _reduced(indicator, recorders[indicator.level], factors)
            factor = scale(indicator.unit)[1]
            if indicator.per:
                values = _ratios(values, _on_levels(table[indicator.per], indicator.level, levels))
        for level in dict.fromkeys([QUARTER, *values]):
            names = levels[level].labels if level in levels else table.ids
            block = IndicatorBlock(option, indicator.id, level, indicator.unit, names, values[level] / factor)
            if len(block):
                found.blocks.append(block)
    return found


def moments(indicators: Sequence[Indicator], recorders: Mapping[str, Recorder]) -> dict[str, str]:
    """Return the step that each ``at_max`` indicator shows, as ISO time in UTC."""
    found = {i.id: recorders[i.level].values(streams_of(i)[0]).when for i in indicators if i.reduction == "at_max"}
    return {name: str(np.datetime64(when, "s")) + "Z" for name, when in found.items() if when is not None}


def _reduced(indicator: Indicator, recorder: Recorder, factors: Mapping[str, float]) -> ByLevel:
    """Return an indicator in SI."""
    if indicator.reduction != "sum":
        return _by_level(recorder, streams_of(indicator)[0])
    values = _weighted(indicator.terms, indicator, recorder, factors)
    return _ratios(values, _weighted(indicator.over, indicator, recorder, factors)) if indicator.over else values


def _weighted(terms: Sequence[Term], indicator: Indicator, recorder: Recorder, factors: Mapping[str, float]) -> ByLevel:
    """Return the sum of terms, each times its number and its price or factor."""
    weights = [t.times * (factors[t.factor] if t.factor else 1.0) for t in terms]
    parts = [(w, _by_level(recorder, _integral(t, indicator))) for w, t in zip(weights, terms, strict=True)]
    return {level: np.sum([w * part[level] for w, part in parts], axis=0) for level in parts[0][1]}


def _by_level(recorder: Recorder, stream: Stream) -> ByLevel:
    found = recorder.values(stream)
    return {QUARTER: np.array([found.total]), recorder.per: found.entity, **found.groups}


def _of_column(table: Table, indicator: Indicator, levels: Mapping[str, Groups]) -> ByLevel:
    """Return a column, NaN where it is missing, and its sum or mean over the rows that have it."""
    assert indicator.column
    values = np.where(table.missing(indicator.column), np.nan, table[indicator.column])
    there = np.isfinite(values)
    size = np.where(there, table[indicator.per] if indicator.per else 1.0, 0.0)
    if indicator.adds_up:
        return {**_on_levels(np.where(there, values, 0.0), indicator.level, levels), indicator.level: values}
    above = _on_levels(np.where(there, values, 0.0) * size, indicator.level, levels)
    return {**_ratios(above, _on_levels(size, indicator.level, levels)), indicator.level: values}


def _on_levels(values: Values, level: str, levels: Mapping[str, Groups]) -> ByLevel:
    """Return values per entity, and their sums over groups."""
    return {level: values, **{name: groups.sums(values[None])[0] for name, groups in levels.items()}}


def _ratios(above: ByLevel, below: ByLevel) -> ByLevel:
    return {level: _ratio(values, below[level]) for level, values in above.items()}


def _integral(term: Term, indicator: Indicator) -> Stream:
    return Stream((term.quantity,), "sum", indicator.across)


def _ratio(above: Values, below: Values) -> Values:
    """Divide; nothing over nothing is nothing (NaN), not an error."""
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))
