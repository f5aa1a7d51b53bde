"""Lines and transformers that are out of service for a while."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from twin.city.model import City
from twin.engine.time import Horizon
from twin.errors import Problem, TwinError
from twin.grid.measures.shared import Params, chosen, first_few, with_rows
from twin.units import HOUR_S

__all__ = ["Outage", "interrupt_lines", "interrupt_transformers"]

Ints = NDArray[np.int64]

_FIRST_YEAR, _LAST_YEAR = 1900, 2200  # beyond them a date is taken for a mistake, and its clock may not be known


class Outage(Params):
    """Take something out of service for a while."""

    start: datetime
    """When it begins, on the clock of the model's time zone unless an offset is given: ``2023-01-17T18:00:00``."""
    hours: float = Field(gt=0, le=8784)
    """How long it lasts, h, to the second but one second at least. In a typical week it happens as often as the week
    counts."""

    @field_validator("start")
    @classmethod
    def _in_our_time(cls, start: datetime) -> datetime:
        if not _FIRST_YEAR <= start.year <= _LAST_YEAR:
            raise ValueError(f"{start} is not in the years {_FIRST_YEAR} to {_LAST_YEAR}")
        return start


def interrupt_lines(city: City, rows: NDArray[Any], params: Outage, code: int, horizon: Horizon) -> City:
    """Return the city with the lines chosen out of service for a while.

    Raises
    ------
    TwinError
        If that is not within the time that is simulated, or one of them is out of service then anyhow.
    """
    return _interrupt(city, "line", rows, params, code, horizon)


def interrupt_transformers(city: City, rows: NDArray[Any], params: Outage, code: int, horizon: Horizon) -> City:
    """Return the city with the transformers chosen out of service for a while.

    Raises
    ------
    TwinError
        As `interrupt_lines`.
    """
    return _interrupt(city, "transformer", rows, params, code, horizon)


def _interrupt(
    city: City,
    kind: Literal["line", "transformer"],
    rows: NDArray[Any],
    params: Outage,
    code: int,
    horizon: Horizon,
) -> City:
    table = city.table(kind)
    row = np.flatnonzero(chosen(table, rows))
    from_s = _second(params.start, horizon.civil.timezone, f"{kind}_outage")
    to_s = from_s + max(1, round(HOUR_S * params.hours))
    _check_within(from_s, to_s, horizon, f"{kind}_outage")
    before = _earlier(city, kind, row, from_s, to_s, table.ids)
    ids = [f"{name}/outage {n + 1}" for name, n in zip(table.ids[row].tolist(), before.tolist(), strict=True)]
    values = {"element_type": kind, "element": row, "from_s": from_s, "to_s": to_s}
    return with_rows(city, "outage", ids, values, code)


def _second(start: datetime, timezone: str, kind: str) -> int:
    """Return a moment in seconds since 1970-01-01 UTC; of an hour that the clock shows twice the first."""
    if start.tzinfo is not None:
        return int(start.timestamp())
    moment = start.replace(tzinfo=ZoneInfo(timezone))
    if moment.astimezone(UTC).astimezone(ZoneInfo(timezone)).replace(tzinfo=None) != start:
        raise TwinError(Problem(f"{kind}: the clock of {timezone} never shows {start}", expected="another start"))
    return int(moment.timestamp())


def _check_within(from_s: int, to_s: int, horizon: Horizon, kind: str) -> None:
    """See that what happens is simulated, and counted, as a whole."""
    if any(first <= from_s and to_s <= last for first, last in horizon.spans):
        return
    zone = ZoneInfo(horizon.civil.timezone)

    def shown(span: tuple[int, int]) -> str:
        return " to ".join(f"{datetime.fromtimestamp(s, zone):%Y-%m-%d %H:%M}" for s in span)

    expected = " or ".join(shown(span) for span in horizon.spans)
    raise TwinError(Problem(f"{kind}: {shown((from_s, to_s))} is not simulated", expected=f"within {expected}"))


def _earlier(city: City, kind: str, row: Ints, from_s: int, to_s: int, ids: NDArray[np.str_]) -> Ints:
    """Return how many outages each element has already; none of them may be at the same time."""
    if "outage" not in city.tables:
        return np.zeros(len(row), dtype=np.int64)
    old = city.table("outage")
    same = old["element_type"] == kind
    meets = same & (old["from_s"] < to_s) & (from_s < old["to_s"])
    twice = np.intersect1d(old["element"][meets], row)
    if len(twice):
        message = f"{kind}_outage: {first_few(ids[twice])} is out of service at that time already"
        raise TwinError(Problem(message, expected="another start"))
    return np.asarray(np.bincount(old["element"][same], minlength=len(ids))[row])
