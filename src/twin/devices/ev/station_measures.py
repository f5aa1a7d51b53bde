"""Public charging stations and depots: where they stand, and who comes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from twin.city.model import City
from twin.devices.ev.sessions import J_PER_KWH
from twin.devices.ev.station_model import STATION_COLUMNS
from twin.devices.ev.station_visits import SPREADS
from twin.devices.model import append, with_entities
from twin.engine.time import parse_duration
from twin.errors import Problems
from twin.units import HOUR_S

__all__ = ["DepotCharging", "PublicCharging", "build_depots", "build_stations"]

_AC_KW = 44.0  # 63 A on three phases, the most of a type 2 connector (IEC 62196-2)
_WEEKEND_SHARE = {"public": 0.9, "workplace": 0.0}


class _Station(BaseModel):
    """What all stations have."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    charger_kw: float
    points: int = Field(ge=1, le=1000)
    """Vehicles that can charge at a time, at each station."""
    limit_kw: float | None = Field(None, gt=0)
    """Most power that all points of a station take together, kW; shared equally among the vehicles that charge. None
    if left out."""
    limit_hours: str | None = None
    """Hours of the clock in which the limit holds, such as 17:00-20:00; always if left out."""
    least_kw: float = Field(4.14, gt=0)
    """Power below which no vehicle is dimmed, kW (6 A on three phases at 230 V: below 6 A vehicles stop, IEC
    61851-1)."""


class PublicCharging(_Station):
    """Build a charging station at each building chosen, where whoever comes shares the points."""

    place: Literal["public", "workplace"] = "public"
    """Who charges there: anybody, or those who work there."""
    current: Literal["AC", "DC"] = "AC"
    """AC: vehicles stay as long as their people do. DC: they leave as soon as they have what they want."""
    charger_kw: float = Field(11.0, gt=0, le=1000)
    """Power of a charging point, kW (three phases of 16 A, what most cars take of alternating current)."""
    sessions_per_point: float = Field(1.0, gt=0)
    """Vehicles that come on a working day, per point (planning assumption)."""
    sessions_per_day: float | None = Field(None, gt=0)
    """Vehicles that come to a station on a working day; ``sessions_per_point`` for each point if left out."""
    weekend_share: float | None = Field(None, ge=0)
    """Those that come on a Saturday, Sunday or holiday over those of a working day; 0.9 at public stations, none at
    workplaces, if left out (ElaadNL, see devices/ev/catalogue/SOURCE.md)."""
    patience: str = "15min"
    """How long a vehicle waits for a free point before it leaves, such as 15min; 0min if it does not wait (planning
    assumption)."""


class DepotCharging(_Station):
    """Build a depot with a fleet at each building chosen, whose vehicles share the points."""

    fleet: Literal["vans", "buses"]
    """What the vehicles are; sets what is left out below."""
    vehicles: int = Field(ge=1, le=10_000)
    """Vehicles that live at each depot."""
    charger_kw: float = Field(22.0, gt=0, le=1000)
    """Power of a charging point, kW (three phases of 32 A; buses usually need direct current and more: planning
    assumption)."""
    kwh_per_day: float | None = Field(None, gt=0)
    """Energy that each vehicle wants when it returns, kWh; vans 30, buses 250 (planning assumptions: 100 km of 0.3
    kWh/km, 200 km of 1.25 kWh/km)."""
    returns: str | None = None
    """Time of the clock at which vehicles return, mean; vans 17:00, buses 21:00 (planning assumptions)."""
    return_spread: str = "45min"
    """Standard deviation of it (planning assumption)."""
    departs: str | None = None
    """Time of the clock at which they leave again, mean; vans 07:00, buses 05:00 (planning assumptions)."""
    departure_spread: str = "30min"
    """Standard deviation of it (planning assumption)."""
    operation: Literal["workdays", "daily"] | None = None
    """On which days they drive; vans on workdays, buses daily, if left out (planning assumptions)."""
    queue: Literal["return", "earliest_departure"] = "return"
    """Who gets the next free point: who returned first, or who leaves first."""


_FLEETS: Mapping[str, Mapping[str, Any]] = {
    "vans": {"kwh_per_day": 30.0, "returns": "17:00", "departs": "07:00", "operation": "workdays"},
    "buses": {"kwh_per_day": 250.0, "returns": "21:00", "departs": "05:00", "operation": "daily"},
}


def build_stations(city: City, rows: NDArray[Any], params: PublicCharging, code: int) -> City:
    """Return the city with one more station at each of the buildings chosen.

    Raises
    ------
    TwinError
        If the parameters contradict each other.
    """
    with Problems() as problems:
        points = _points(params, "public_charging", problems)
        patience_s = _duration(params.patience, "public_charging: patience", problems)
        if params.current == "AC" and params.charger_kw > _AC_KW:
            message = f"public_charging: charger_kw = {params.charger_kw:g} of alternating current"
            problems.add(message, expected=f'at most {_AC_KW:g} kW, or current = "DC"')
    weekend = _WEEKEND_SHARE[params.place] if params.weekend_share is None else params.weekend_share
    often = params.sessions_per_point * params.points if params.sessions_per_day is None else params.sessions_per_day
    values = {
        "place": params.place,
        "leaves_when_charged": params.current == "DC",
        "sessions_per_day": often,
        "weekend_share": weekend,
        "patience_s": patience_s,
        **_no_fleet(),
    }
    return _add(city, rows, "station", {**points, **values}, code)


def build_depots(city: City, rows: NDArray[Any], params: DepotCharging, code: int) -> City:
    """Return the city with a depot and its fleet at each of the buildings chosen.

    Raises
    ------
    TwinError
        If the parameters contradict each other.
    """
    known = {**_FLEETS[params.fleet], **params.model_dump(exclude_none=True)}
    with Problems() as problems:
        points = _points(params, "depot_charging", problems)
        hours = {n: _clock(known[n], f"depot_charging: {n}", problems) for n in ("returns", "departs")}
        spreads = {
            n: _duration(known[n], f"depot_charging: {n}", problems) / HOUR_S
            for n in ("return_spread", "departure_spread")
        }
        gap = (hours["departs"] - hours["returns"]) % 24.0
        if not problems.found and min(gap, 24.0 - gap) <= 2.0 * SPREADS * max(spreads.values()):
            message = f"depot_charging: vehicles return at {known['returns']} and depart at {known['departs']}"
            expected = f"more than {2 * SPREADS:g} times the spreads between them, either way"
            problems.add(message, expected=expected)
    values = {
        "place": "depot",
        "leaves_when_charged": True,
        "sessions_per_day": np.nan,
        "weekend_share": np.nan,
        "patience_s": np.nan,
        "vehicles": params.vehicles,
        "energy_j": np.floor(known["kwh_per_day"] * J_PER_KWH),
        "return_h": hours["returns"],
        "return_spread_h": spreads["return_spread"],
        "departure_h": hours["departs"],
        "departure_spread_h": spreads["departure_spread"],
        "daily": known["operation"] == "daily",
        "queue": params.queue,
    }
    return _add(city, rows, "depot", {**points, **values}, code)


def _points(params: _Station, kind: str, problems: Problems) -> dict[str, Any]:
    """Return the columns of the points, and note what is wrong with their limit."""
    least = params.points * params.least_kw
    if params.limit_kw is not None and params.limit_kw < least:
        message = f"{kind}: limit_kw = {params.limit_kw:g} is not enough for {params.points} points"
        problems.add(message, expected=f"at least {least:g} kW, or less least_kw")
    if params.limit_kw is None and params.limit_hours is not None:
        problems.add(f"{kind}: limit_hours without a limit", expected="limit_kw, or no limit_hours")
    limit = np.nan if params.limit_kw is None else 1e3 * params.limit_kw
    hours = (np.nan, np.nan) if params.limit_hours is None else _hours(params.limit_hours, kind, problems)
    return {
        "points": params.points,
        "power_w": 1e3 * params.charger_kw,
        "limit_w": limit,
        "limit_from_h": hours[0],
        "limit_until_h": hours[1],
        "least_w": 1e3 * params.least_kw,
    }


def _no_fleet() -> dict[str, Any]:
    """Return what stations without vehicles of their own have in the columns of a depot; nobody reads it."""
    hours = ("energy_j", "return_h", "return_spread_h", "departure_h", "departure_spread_h")
    return {"vehicles": 0, **dict.fromkeys(hours, np.nan), "daily": False, "queue": "return"}


def _add(city: City, rows: NDArray[Any], what: str, values: Mapping[str, Any], code: int) -> City:
    """Return the city with one more row per building chosen; a building may have several."""
    old = city.tables.get("charging_station")
    buildings = np.arange(len(city.buildings))[rows]
    there = np.zeros(len(city.buildings), dtype=np.int64)
    if old is not None:
        there = np.bincount(old["building"], minlength=len(there))
    names = [f"{city.buildings.ids[b]}/{what}/{there[b] + 1}" for b in buildings.tolist()]
    cells = {STATION_COLUMNS[name]: value for name, value in {"building": buildings, **values}.items()}
    return with_entities(city, append(old, "charging_station", names, cells, code), "building")


def _duration(text: str, where: str, problems: Problems) -> float:
    """Return the seconds in a duration; unlike those of the engine, it may be zero."""
    if re.fullmatch(r"0+(s|min|h|d)", text):
        return 0.0
    try:
        return float(parse_duration(text))
    except ValueError:
        problems.add(f"{where} = {text!r} is no duration", expected='a number and a unit, such as "15min"')
        return 0.0


def _hours(text: str, kind: str, problems: Problems) -> tuple[float, float]:
    """Return the hours from and until which something holds."""
    begin, _, end = text.partition("-")
    from_h, until_h = (_clock(part.strip(), f"{kind}: limit_hours", problems) for part in (begin, end))
    return from_h, until_h


def _clock(text: str, where: str, problems: Problems) -> float:
    """Return the hour of a time of day."""
    found = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", text)
    if not found:
        problems.add(f"{where} = {text!r} is no time of day", expected='hours and minutes, such as "17:30"')
        return 0.0
    return int(found[1]) + int(found[2]) / 60.0
