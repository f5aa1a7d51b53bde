"""Which time a scenario simulates, and how the people of the place count it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from twin.engine.time import CivilTime, parse_duration
from twin.errors import Problem, Problems, TwinError, nearest
from twin.scenario.plan import Span
from twin.units import DAY_S

__all__ = ["civil_time", "period_problems", "spans_of"]


def civil_time(timezone: str, region: str | None, years: Sequence[int]) -> CivilTime:
    """Return the clock of a zone and the public holidays of a country or state (``DE-NW``) in some years.

    Raises
    ------
    TwinError
        If no holidays are known of that region.
    """
    if region is None:
        return CivilTime.of(timezone)
    import holidays

    country, _, state = region.partition("-")
    known = holidays.list_supported_countries()
    if country not in known:
        raise TwinError(Problem(f"no holidays are known of {country!r}", suggestion=nearest(country, known)))
    if state and state not in known[country]:
        expected = "one of " + ", ".join(f"{country}-{name}" for name in known[country])
        raise TwinError(Problem(f"no holidays are known of {region!r}", expected=expected))
    return CivilTime.of(timezone, holidays.country_holidays(country, subdiv=state or None, years=years))


def spans_of(period: Any, timezone: str) -> tuple[Span, ...]:
    """Return what is simulated: the whole period, or its typical weeks with their weights.

    Each begins at midnight on the clock; a day is 24 hours, so that any step divides it.
    """
    if not period.typical:
        start = _midnight(period.start, timezone)
        return (Span(start, start + round(_days(period) * DAY_S)),)
    alike = _days(period) / sum(week.days for week in period.typical)
    starts = [_midnight(week.start, timezone) for week in period.typical]
    return tuple(
        Span(start, start + week.days * DAY_S, alike if week.weight is None else week.weight)
        for start, week in zip(starts, period.typical, strict=True)
    )


def period_problems(period: Any, problems: Problems, line: str | None) -> None:
    """See that typical weeks weigh as much as the period they stand for."""
    if not period.typical or period.typical[0].weight is None:
        return
    stands_for = sum(week.days * week.weight for week in period.typical)
    if abs(stands_for - _days(period)) > 1.0:
        problems.add(
            f"the typical weeks stand for {stands_for:g} days, the period has {_days(period):g}",
            line,
            "weights whose sum over all days is the period, or none at all",
        )


def _days(period: Any) -> float:
    if period.duration is not None:
        return parse_duration(period.duration) / DAY_S
    return float(period.days or 365)


def _midnight(day: date, timezone: str) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)).timestamp())
