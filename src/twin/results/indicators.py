"""Indicators: which streams they need, and their values once the run is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from twin.engine.recorder import Recorder, Stream
from twin.registry import Indicator
from twin.results.model import IndicatorValue
from twin.table import Table
from twin.units import scale

__all__ = ["evaluate", "streams_of"]


def streams_of(indicator: Indicator) -> list[Stream]:
    """Return the streams an indicator is made of: each term alone if terms have factors, else their sum."""
    threshold = np.nan if indicator.threshold is None else indicator.threshold
    if indicator.reduction == "sum":
        return [Stream((term.quantity,), "sum", indicator.across) for term in indicator.terms]
    quantities = tuple(term.quantity for term in indicator.terms)
    return [Stream(quantities, indicator.reduction, indicator.across, threshold)]


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
        values, total = _reduced(indicator, recorders[indicator.level], factors)
        if indicator.per:
            size = tables[indicator.level][indicator.per]
            values = np.divide(values, size, out=np.full(len(values), np.nan), where=size > 0)
            total = total / float(size.sum())
        factor = scale(indicator.unit)[1]
        yield IndicatorValue(option, indicator.id, "quarter", "", total / factor, indicator.unit)
        for entity, value in zip(tables[indicator.level].ids, values / factor, strict=True):
            yield IndicatorValue(option, indicator.id, indicator.level, str(entity), float(value), indicator.unit)


def _reduced(
    indicator: Indicator, recorder: Recorder, factors: Mapping[str, float]
) -> tuple[NDArray[np.float64], float]:
    """Return an indicator per entity and for all together, in SI."""
    streams = streams_of(indicator)
    if indicator.reduction != "sum":
        only = recorder.values(streams[0])
        return only.entity, only.total
    parts = [recorder.values(stream) for stream in streams]
    weights = [1.0 if term.factor is None else factors[term.factor] for term in indicator.terms]
    entity = np.sum([w * part.entity for w, part in zip(weights, parts, strict=True)], axis=0)
    return entity, sum(w * part.total for w, part in zip(weights, parts, strict=True))
