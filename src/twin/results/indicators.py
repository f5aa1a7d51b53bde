"""Indicators: which streams they need, and their values once the run is over."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from twin.engine.recorder import Recorder, Stream
from twin.quantities import QUANTITIES
from twin.registry import Indicator, Term
from twin.results.model import IndicatorValue
from twin.table import Table
from twin.units import scale

Values = NDArray[np.float64]

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
        and all(_known(t, written, anywhere) for t in (*i.terms, *i.over))
    ]


def _known(term: Term, written: Collection[str], anywhere: Collection[str]) -> bool:
    return term.quantity in (anywhere if QUANTITIES[term.quantity].extensive else written)


def evaluate(
    option: str,
    indicators: Sequence[Indicator],
    recorders: Mapping[str, Recorder],
    tables: Mapping[str, Table],
    factors: Mapping[str, float],
) -> Iterator[IndicatorValue]:
    """Yield every indicator for the quarter and then per entity of its level.

    Parameters
    ----------
    recorders
        By level (entity set), after the run.
    factors
        Prices and emission factors in SI, by ``section.key``.
    """
    for indicator in indicators:
        table = tables[indicator.level]
        if indicator.column:
            values, total = _of_column(table, indicator.column, indicator.per)
            factor = 1.0
        else:
            values, total = _reduced(indicator, recorders[indicator.level], factors)
            factor = scale(indicator.unit)[1]
            if indicator.per:
                size = table[indicator.per]
                values, total = _ratio(values, size), float(_ratio(total, size.sum()))
        if np.isfinite(total):
            yield IndicatorValue(option, indicator.id, "quarter", "", float(total) / factor, indicator.unit)
        for entity, value in zip(table.ids, values / factor, strict=True):
            if np.isfinite(value):
                yield IndicatorValue(option, indicator.id, indicator.level, str(entity), float(value), indicator.unit)


def moments(indicators: Sequence[Indicator], recorders: Mapping[str, Recorder]) -> dict[str, str]:
    """Return the step that each ``at_max`` indicator shows, as ISO time in UTC."""
    found = {i.id: recorders[i.level].values(streams_of(i)[0]).when for i in indicators if i.reduction == "at_max"}
    return {name: str(np.datetime64(when, "s")) + "Z" for name, when in found.items() if when is not None}


def _reduced(indicator: Indicator, recorder: Recorder, factors: Mapping[str, float]) -> tuple[Values, float]:
    """Return an indicator per entity and for all together, in SI."""
    if indicator.reduction != "sum":
        only = recorder.values(streams_of(indicator)[0])
        return only.entity, only.total
    values, total = _weighted(indicator.terms, indicator, recorder, factors)
    if indicator.over:
        below, below_total = _weighted(indicator.over, indicator, recorder, factors)
        return _ratio(values, below), float(_ratio(total, below_total))
    return values, total


def _weighted(
    terms: Sequence[Term], indicator: Indicator, recorder: Recorder, factors: Mapping[str, float]
) -> tuple[Values, float]:
    """Return the sum of terms, each times its price or factor."""
    parts = [(factors[t.factor] if t.factor else 1.0, recorder.values(_integral(t, indicator))) for t in terms]
    return np.sum([w * part.entity for w, part in parts], axis=0), sum(w * part.total for w, part in parts)


def _of_column(table: Table, column: str, weight: str | None) -> tuple[Values, float]:
    """Return a column, NaN where it is missing, and its mean over the rows that have it."""
    values = np.where(table.missing(column), np.nan, table[column])
    there = np.isfinite(values)
    size = table[weight] if weight else np.ones(len(table))
    return values, float(_ratio((values * size)[there].sum(), size[there].sum()))


def _integral(term: Term, indicator: Indicator) -> Stream:
    return Stream((term.quantity,), "sum", indicator.across)


def _ratio(above: Values | float, below: Values | float) -> Values:
    """Divide; nothing over nothing is nothing (NaN), not an error."""
    above, below = np.asarray(above, dtype=float), np.asarray(below, dtype=float)
    nothing = np.full(np.broadcast(above, below).shape, np.nan)
    return np.asarray(np.divide(above, below, out=nothing, where=below > 0))
