"""Judging the options of a run against each other once all of them are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twin.registry import Appraisal, Indicator, wings
from twin.results.appraisals import appraise, sums_over_time
from twin.results.model import OptionResult
from twin.results.values import IndicatorValues
from twin.scenario.plan import OptionPlan, Scenario
from twin.units import DAY_S

__all__ = ["judge"]

_YEARS_D = (365, 366)


def judge(scenario: Scenario, indicators: Sequence[Indicator], options: Sequence[OptionResult]) -> list[dict[str, Any]]:
    """Add to every option what it is worth against the one it is judged against; return what was added, described.

    What adds up over time is taken for a year of 365 days, in proportion to the time that was counted; one leap year is
    a year too. What an earlier run that was cut short has added is replaced.
    """
    appraisals = [appraisal for wing in wings() for appraisal in wing.appraisals]
    per_year = dict.fromkeys(sums_over_time(indicators), _per_year(scenario))
    by_name = {option.name: option for option in options}
    for option in options:
        _take_back(option, appraisals)
    for option in options:
        option.against = _against(scenario.option(option.name), by_name)
    added = {
        option.name: list(appraise(appraisals, option, by_name[option.against], per_year))
        for option in options
        if option.against is not None
    }
    for name, blocks in added.items():
        by_name[name].values.blocks += blocks
    there = {block.indicator for blocks in added.values() for block in blocks}
    return [_described(appraisal) for appraisal in appraisals if appraisal.id in there]


def _take_back(option: OptionResult, appraisals: Sequence[Appraisal]) -> None:
    ids = {appraisal.id for appraisal in appraisals}
    option.values = IndicatorValues(b for b in option.values.blocks if b.indicator not in ids)


def _against(plan: OptionPlan, there: Mapping[str, OptionResult]) -> str | None:
    """Return the option that one is judged against: the one it names, else its base, else the first of the run."""
    first = next(iter(there))
    wanted = [name for name in (plan.against, plan.base, first) if name in there and name != plan.name]
    return wanted[0] if wanted else None


def _per_year(scenario: Scenario) -> float:
    days = sum(span.weight * (span.end - span.start) for span in scenario.spans) / DAY_S
    return 1.0 if round(days, 6) in _YEARS_D else _YEARS_D[0] / days


def _described(appraisal: Appraisal) -> dict[str, Any]:
    """Return an appraisal as plain data; ``unchanged`` is what an option has that changes nothing, None if nothing."""
    return {
        "id": appraisal.id,
        "title": appraisal.title,
        "unit": appraisal.unit,
        "direction": appraisal.direction,
        "level": "building",
        "headline": appraisal.headline,
        "standard": appraisal.standard,
        "unchanged": None if any(d.of == "change" for d in appraisal.below) else 0.0,
    }
