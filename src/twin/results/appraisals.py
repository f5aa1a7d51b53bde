"""What an option is worth against another: numbers formed from the indicators of both once they are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from twin.registry import Appraisal, Difference, Indicator
from twin.results.model import OptionResult
from twin.results.values import IndicatorBlock

__all__ = ["appraise", "sums_over_time"]

_NOTHING = 1e-9  # a change that small, relative to what changes, is rounding

Values = NDArray[np.float64]
Entities = Sequence[str] | NDArray[np.str_]


def sums_over_time(indicators: Sequence[Indicator]) -> set[str]:
    """Return the ids of indicators whose value grows with the time simulated."""
    return {i.id for i in indicators if i.reduction == "sum" and not i.column and not i.over}


def appraise(
    appraisals: Sequence[Appraisal], option: OptionResult, other: OptionResult, per_year: Mapping[str, float]
) -> Iterator[IndicatorBlock]:
    """Yield every appraisal of an option against another, at all levels that both have the indicators for.

    Parameters
    ----------
    per_year
        By indicator what its value is to be multiplied by so that it is that of a year; 1 if it is not named.
    """
    for appraisal in appraisals:
        for block in [b for b in option.values.blocks if b.indicator == appraisal.above[0].indicator]:

            def part(difference: Difference, level: str = block.level, entities: Entities = block.entities) -> Values:
                after, before = (_at(result, difference.indicator, level, entities) for result in (option, other))
                times = difference.times * per_year.get(difference.indicator, 1.0)
                return times * (before if difference.of == "base" else _change(before, after))

            above = np.asarray(sum(part(d) for d in appraisal.above), dtype=np.float64)
            values = _ratio(above, sum(part(d) for d in appraisal.below)) if appraisal.below else above
            if np.isfinite(values).any():
                yield IndicatorBlock(
                    option.name, appraisal.id, block.level, appraisal.unit, block.entities, values + 0.0
                )


def _at(result: OptionResult, indicator: str, level: str, entities: Entities) -> Values:
    """Return an indicator of some entities, NaN where there is none."""
    found = next(result.values.at(level, indicator), None)
    if found is None:
        return np.full(len(entities), np.nan)
    if found.entities is entities:
        return found.values
    known = found.by_entity()
    return np.array([known.get(str(name), np.nan) for name in entities], dtype=np.float64)


def _change(before: Values, after: Values) -> Values:
    change = after - before
    return np.where(np.abs(change) <= _NOTHING * np.maximum(np.abs(before), np.abs(after)), 0.0, change)


def _ratio(above: Values, below: Values | int) -> Values:
    """Divide; over what is not positive there is nothing (NaN)."""
    below = np.asarray(below, dtype=np.float64)
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))
