"""Hours of the day in case files: thermostats set back at night, fans that run at night, in the spellings found."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "HOURS_A_DAY",
    "Fan",
    "NotUnderstoodError",
    "as_number",
    "daily",
    "hours_between",
    "off",
    "read_fan",
    "read_setback",
    "table",
]

HOURS_A_DAY = 24

_CLOCK = r"(\d{1,2})(?::?(00))?"
_SPAN = re.compile(rf"\b{_CLOCK}\s*(?:h|hours)?\s*(?:-|\.\.|to|until|till)\s*{_CLOCK}\b", re.IGNORECASE)
_DEGREES = re.compile(r"(-?\d+(?:\.\d+)?)\s*(?:C|degC|deg C|°C)\b")
_FLOW = re.compile(r"(\d+(?:\.\d+)?)\s*m3\s*(?:/|_per_)\s*h", re.IGNORECASE)
_CHANGES = re.compile(r"(\d+(?:\.\d+)?)\s*(?:ach|1/h)", re.IGNORECASE)

_FROM = ("from_hour", "from_h", "from", "start_hour", "start_h", "start", "begin")
_TO = ("to_hour", "to_h", "to", "until_hour", "until", "end_hour", "end_h", "end")
_SPANS = ("hours", "schedule", "time", "when", "period")
# What ASHRAE 140 means by night setback (640, 940) and night ventilation (650, 950) where a case says no more
_SETBACK_DEGC, _SETBACK_HOURS = 10.0, (23, 7)
_FAN_M3_H, _FAN_HOURS = 1703.16, (18, 7)

_SETBACK = (
    "heating_C",
    "setpoint_C",
    "set_point_C",
    "setback_C",
    "night_C",
    "temperature_C",
    "heating_setpoint_C",
    "heating_setback_C",
    "night_heating_C",
)
_FLOWS = (
    "flow_m3_h",
    "flow_m3h",
    "m3_h",
    "fan_m3_h",
    "fan_m3h",
    "fan_flow_m3_h",
    "airflow_m3_h",
    "flow_m3_per_h",
    "fan_m3_per_h",
    "volume_flow_m3_h",
    "capacity_m3_h",
    "rate_m3_h",
)
_ACH = ("ach", "air_changes_1_h", "air_change_1_h", "ventilation_ach", "fan_ach", "air_changes_per_hour", "air_changes")
_NOTES = ("note", "notes", "description", "schedule_note", "heating", "cooling")


class NotUnderstoodError(ValueError):
    """What a case says and we cannot follow."""


@dataclass(frozen=True)
class Fan:
    """A fan that brings outdoor air at some hours of the day, m3/s at the site's density."""

    flow_m3_s: float
    hours: tuple[int, ...]


def off(value: Any) -> bool:
    """Whether a value says that something is not there."""
    return value is None or value is False or str(value).strip().lower() in ("none", "off", "no", "null", "-")


def as_number(value: Any) -> float:
    """Return a number.

    Raises
    ------
    NotUnderstoodError
        If it is none.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise NotUnderstoodError(f"{value!r} is no number") from None
    if not math.isfinite(number):
        raise NotUnderstoodError(f"{value!r} is no finite number")
    return number


def table(listed: Any, names: Sequence[str], what: str) -> NDArray[np.float64]:
    """Return the numbers of a list of objects, shape ``(object, name)``.

    Raises
    ------
    NotUnderstoodError
        If an object lacks a number, or says what we do not know; layers and panes may have a name.
    """
    if not isinstance(listed, list) or not listed or not all(isinstance(one, Mapping) for one in listed):
        raise NotUnderstoodError(f"{listed!r}; expected a list with {what} in each place")
    for one in listed:
        missing = [name for name in names if name not in one]
        odd = sorted(set(one) - {*names, "name", "note"})
        if missing:
            hint = f", but {', '.join(odd)}" if odd else ""
            raise NotUnderstoodError(f"{what} states no {', '.join(missing)}{hint}")
        if odd:
            raise NotUnderstoodError(f"{what} says {', '.join(odd)}; known are {', '.join(names)}")
    return np.array([[as_number(one[name]) for name in names] for one in listed])


def hours_between(first: int, last: int) -> tuple[int, ...]:
    """Return the hours of the day from ``first`` o'clock until ``last`` o'clock, over midnight if need be."""
    if not (0 <= first <= HOURS_A_DAY and 0 <= last <= HOURS_A_DAY):
        raise NotUnderstoodError(f"hours {first} to {last}; expected 0 to 24")
    return tuple((first + k) % HOURS_A_DAY for k in range((last - first) % HOURS_A_DAY or HOURS_A_DAY))


def daily(value: Any) -> tuple[float, ...]:
    """Return a set point at the 24 hours of a day, NaN while off: a number, 24 of them, or such as "27 C, 7-18 h"."""
    if isinstance(value, list):
        if len(value) != HOURS_A_DAY:
            raise NotUnderstoodError(f"{len(value)} set points; expected one or {HOURS_A_DAY}")
        return tuple(float("nan") if off(hour) else as_number(hour) for hour in value)
    if off(value):
        return (float("nan"),) * HOURS_A_DAY
    degrees = _DEGREES.findall(value) if isinstance(value, str) else []
    if len(degrees) != 1:
        return (as_number(value),) * HOURS_A_DAY
    hours = _hours_of(value) if _SPAN.search(value) else range(HOURS_A_DAY)
    return tuple(float(degrees[0]) if hour in hours else float("nan") for hour in range(HOURS_A_DAY))


def read_setback(value: Any) -> dict[int, float]:
    """Return the heating set point, degC, of the hours of the day at which it is another than otherwise."""
    if value is True or str(value).strip().lower() in ("yes", "on"):
        return dict.fromkeys(hours_between(*_SETBACK_HOURS), _SETBACK_DEGC)
    if isinstance(value, Mapping):
        _complain_of(value, (*_SETBACK, *_FROM, *_TO, *_SPANS, *_NOTES), "setback")
        degrees = _first(value, _SETBACK)
        if degrees is None:
            raise NotUnderstoodError(f"setback {dict(value)!r} states no temperature; expected {_SETBACK[0]}")
        return dict.fromkeys(_hours_of(value), as_number(degrees))
    named = [float(degrees) for degrees in _DEGREES.findall(str(value))]
    if not named:
        raise NotUnderstoodError(f"setback {value!r}; expected a temperature and hours, such as '10 C, 23-7 h'")
    return dict.fromkeys(_hours_of(str(value)), min(named))  # the other one is what it is set back from


def read_fan(value: Any, common: Mapping[str, Any]) -> Fan:
    """Return the fan that a case's night ventilation speaks of.

    Parameters
    ----------
    common
        Of the case file, for the volume that air changes refer to.
    """
    if value is True or str(value).strip().lower() in ("yes", "on"):
        return Fan(_FAN_M3_H / 3600.0, hours_between(*_FAN_HOURS))
    volume = as_number(common["geometry"]["volume_m3"])
    if isinstance(value, Mapping):
        _complain_of(value, (*_FLOWS, *_ACH, *_FROM, *_TO, *_SPANS, *_NOTES), "night ventilation")
        flow, changes = _first(value, _FLOWS), _first(value, _ACH)
    else:
        by_flow, by_changes = _FLOW.search(str(value)), _CHANGES.search(str(value))
        flow, changes = by_flow and by_flow[1], by_changes and by_changes[1]
    if flow is None and changes is None:
        raise NotUnderstoodError(f"night ventilation {value!r} states no flow; expected {_FLOWS[0]} or {_ACH[0]}")
    per_hour = as_number(flow) if flow is not None else as_number(changes) * volume
    return Fan(per_hour / 3600.0, _hours_of(value if isinstance(value, Mapping) else str(value)))


def _hours_of(value: Mapping[str, Any] | str) -> tuple[int, ...]:
    """Return the hours that an object (from, to) or a text (23-7) names."""
    if isinstance(value, Mapping):
        first, last = _first(value, _FROM), _first(value, _TO)
        if first is not None and last is not None:
            return hours_between(_o_clock(first), _o_clock(last))
        span = _first(value, _SPANS)
        if isinstance(span, list) and len(span) == 2:
            return hours_between(_o_clock(span[0]), _o_clock(span[1]))
        value = str(span)
    found = _SPAN.search(value)
    if found is None:
        raise NotUnderstoodError(f"{value!r} names no hours; expected such as from_hour 23 and to_hour 7, or '23-7'")
    return hours_between(int(found[1]), int(found[3]))


def _o_clock(value: Any) -> int:
    text = str(value).strip().lower().removesuffix("h").strip()
    found = re.fullmatch(r"(\d{1,2})(?:[:.]0+)?", text) or re.fullmatch(r"(\d{1,2})00", text)
    if found is None:
        raise NotUnderstoodError(f"{value!r} is no full hour")
    return int(found[1])


def _first(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    """Return the first of these keys' values that is there."""
    lower = {key.lower(): item for key, item in value.items()}
    return next((lower[name.lower()] for name in names if name.lower() in lower), None)


def _complain_of(value: Mapping[str, Any], known: tuple[str, ...], what: str) -> None:
    odd = {key for key in value if key.lower() not in {name.lower() for name in known}}
    if odd:
        raise NotUnderstoodError(f"{what} says {', '.join(sorted(odd))}; known are {', '.join(known)}")
