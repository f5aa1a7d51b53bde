"""Options side by side: every headline indicator, absolute and against the first option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twin.results.model import Results
from twin.units import convert, pretty

__all__ = ["Comparison", "ComparisonRow", "compare"]


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One indicator over all options, in a unit that reads well.

    Attributes
    ----------
    change
        Relative to the first option, per option; None where that is zero or there is no value.
    direction
        Whether ``lower`` or ``higher`` is better, or ``neutral``.
    """

    indicator: str
    title: str
    unit: str
    direction: str
    values: tuple[float | None, ...]
    change: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison table of a run."""

    title: str
    options: tuple[str, ...]
    rows: tuple[ComparisonRow, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return the table as plain data, for JSON."""
        rows = [
            {
                "indicator": row.indicator,
                "unit": row.unit,
                "values": dict(zip(self.options, row.values, strict=True)),
                "change": dict(zip(self.options, row.change, strict=True)),
            }
            for row in self.rows
        ]
        return {"title": self.title, "options": list(self.options), "rows": rows}


def compare(results: Results | Sequence[Results]) -> Comparison:
    """Return the headline indicators of one run, or of several runs side by side."""
    runs = [results] if isinstance(results, Results) else list(results)
    options = [(run, option) for run in runs for option in run.options]
    several = len(runs) > 1
    names = tuple(f"{run.title}: {option.name}" if several else option.name for run, option in options)
    rows = []
    for indicator in _headlines(runs):
        values = [option.total(indicator["id"]) for _, option in options]
        rows.append(_row(indicator, values))
    return Comparison(" | ".join(run.title for run in runs), names, tuple(rows))


def _headlines(runs: Sequence[Results]) -> list[Mapping[str, Any]]:
    """Return the headline indicators that every run has, in the first run's order."""
    common = set.intersection(*({i["id"] for i in run.indicators} for run in runs))
    return [i for i in runs[0].indicators if i["headline"] and i["id"] in common]


def _row(indicator: Mapping[str, Any], values: Sequence[float | None]) -> ComparisonRow:
    unit = pretty(max((abs(v) for v in values if v is not None), default=0.0), indicator["unit"])[1]
    shown = tuple(None if v is None else convert(v, indicator["unit"], unit) for v in values)
    first = values[0]
    change = tuple(v / first - 1 if v is not None and first else None for v in values)
    return ComparisonRow(indicator["id"], indicator["title"], unit, indicator["direction"], shown, change)
