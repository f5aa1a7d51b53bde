"""Which option is best for which building."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from twin.errors import Problem, TwinError, nearest
from twin.results.model import Results

__all__ = ["best_options", "count_best"]


def best_options(results: Results, indicator: str, level: str = "building") -> dict[str, str]:
    """Return by entity the name of the option with the best value of an indicator; of equals the first.

    An option that is judged against no other changes nothing: where the indicator says what a change is worth, its
    value is 0; where it is a ratio, such as years of payback, it has none and cannot be the best.

    Raises
    ------
    TwinError
        If the run has no such indicator at that level, or it has no better and worse.
    """
    known = {i["id"]: i for i in results.indicators}
    values = {option.name: option.by_entity(indicator, level) for option in results.options}
    entities = list(dict.fromkeys(name for found in values.values() for name in found))
    if not entities:
        message = f"there is no {indicator} of any {level}"
        there = sorted({b.indicator for option in results.options for b in option.values.at(level)})
        expected = ("one of " + ", ".join(there)) if there else None
        raise TwinError(Problem(message, results.folder, expected=expected, suggestion=nearest(indicator, there)))
    direction, unchanged = known[indicator]["direction"], known[indicator].get("unchanged")
    if direction == "neutral":
        raise TwinError(Problem(f"{indicator} is neither better nor worse where it is lower", results.folder))
    sign = -1.0 if direction == "higher" else 1.0
    of_today = np.inf if unchanged is None else sign * unchanged
    nothing = {option.name: of_today if option.against is None else np.inf for option in results.options}
    table = np.array(
        [[sign * found[e] if e in found else nothing[name] for e in entities] for name, found in values.items()]
    )
    names = list(values)
    return {entity: names[k] for entity, k in zip(entities, table.argmin(axis=0).tolist(), strict=True)}


def count_best(results: Results, indicator: str) -> dict[str, Any]:
    """Return the best option of every building, and for how many buildings each option is it, as plain data."""
    best = best_options(results, indicator)
    counts = Counter(best.values())
    return {
        "indicator": indicator,
        "counts": {option.name: counts[option.name] for option in results.options},
        "buildings": best,
    }
