"""Options side by side: every headline indicator, absolute and against the first option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twin.engine.groups import GROUP
from twin.errors import Problem, TwinError, nearest
from twin.results.model import Results
from twin.units import convert, pretty

__all__ = ["Comparison", "ComparisonRow", "compare"]


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One indicator over all options, of the quarter or of a group of its buildings, in a unit that reads well.

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
    group: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison table of a run."""

    title: str
    options: tuple[str, ...]
    rows: tuple[ComparisonRow, ...]
    against: tuple[str | None, ...]
    """By option the one that it is judged against."""

    def as_dict(self) -> dict[str, Any]:
        """Return the table as plain data, for JSON."""
        rows = [
            {
                "indicator": row.indicator,
                **({"group": row.group} if row.group else {}),
                "unit": row.unit,
                "values": dict(zip(self.options, row.values, strict=True)),
                "change": dict(zip(self.options, row.change, strict=True)),
            }
            for row in self.rows
        ]
        against = dict(zip(self.options, self.against, strict=True))
        return {"title": self.title, "options": list(self.options), "against": against, "rows": rows}


def compare(results: Results | Sequence[Results], by: str | None = None) -> Comparison:
    """Return the headline indicators of one run, or of several runs side by side.

    Parameters
    ----------
    by
        Instead of the quarter as a whole: the groups of buildings by this column, as far as indicators are of
        buildings.

    Raises
    ------
    TwinError
        If no run has results by that column.
    """
    runs = [results] if isinstance(results, Results) else list(results)
    options = [(run, option) for run in runs for option in run.options]
    several = len(runs) > 1
    names = tuple(f"{run.title}: {option.name}" if several else option.name for run, option in options)
    rows = []
    for indicator in _headlines(runs):
        if by is None:
            rows.append(_row(indicator, [option.total(indicator["id"]) for _, option in options]))
            continue
        found = [option.by_entity(indicator["id"], GROUP + by) for _, option in options]
        for group in dict.fromkeys(name for groups in found for name in groups):
            rows.append(_row(indicator, [groups.get(group) for groups in found], group))
    if by is not None and not rows:
        levels = {block.level for _, option in options for block in option.values.blocks}
        columns = sorted(level.removeprefix(GROUP) for level in levels if level.startswith(GROUP))
        expected = ("one of " + ", ".join(columns)) if columns else "record.groups in the scenario"
        raise TwinError(Problem(f"there are no results by {by}", expected=expected, suggestion=nearest(by, columns)))
    return Comparison(
        " | ".join(run.title for run in runs), names, tuple(rows), tuple(option.against for _, option in options)
    )


def _headlines(runs: Sequence[Results]) -> list[Mapping[str, Any]]:
    """Return the headline indicators that every run has, in the first run's order."""
    common = set.intersection(*({i["id"] for i in run.indicators} for run in runs))
    return [i for i in runs[0].indicators if i["headline"] and i["id"] in common]


def _row(indicator: Mapping[str, Any], values: Sequence[float | None], group: str = "") -> ComparisonRow:
    unit = pretty(max((abs(v) for v in values if v is not None), default=0.0), indicator["unit"])[1]
    shown = tuple(None if v is None else convert(v, indicator["unit"], unit) for v in values)
    first = values[0]
    change = tuple(v / first - 1 if v is not None and first else None for v in values)
    return ComparisonRow(indicator["id"], indicator["title"], unit, indicator["direction"], shown, change, group)
