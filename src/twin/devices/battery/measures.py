"""Batteries for houses and for streets, and what decides when they charge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from twin.city.model import City
from twin.devices.battery.model import BATTERY_COLUMNS, STREET_COLUMNS
from twin.devices.model import append, with_entities
from twin.errors import Problem, Problems, TwinError
from twin.quantities import Link

__all__ = ["Battery", "StreetBattery", "install_batteries", "install_street_batteries"]

_J_PER_KWH = 3.6e6
_YEAR_S = 365.25 * 86400
_MONTH_S = _YEAR_S / 12


class _Params(BaseModel):
    """What both kinds share."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    capacity_kwh: float | None = Field(None, gt=0)
    """Usable energy of each battery when new, kWh."""
    power_kw: float | None = Field(None, gt=0)
    """Power at the terminals, either way, kW; follows from ``c_rate`` if left out."""
    strategy: Literal["self_consumption", "peak_shaving", "cheapest_hours", "lowest_emissions"] = "self_consumption"
    """Take surplus and cover net load; or hold the net load below a limit; or charge in the hours of each day in which
    electricity is cheapest, or emits least, and discharge in the dearest, as far as that pays the losses."""
    reserve: float = Field(1.0, ge=0, le=1)
    """Share of the capacity that strategies other than self-consumption keep for peaks or dear hours; what is held
    beyond it serves self-consumption first."""
    limit_kw: float | None = Field(None, ge=0)
    """Net load that peak shaving holds, kW."""
    limit_share_of_peak: float | None = Field(None, gt=0, lt=1)
    """The same as share of the largest net load so far."""
    charge_efficiency: float = Field(0.95, gt=0, le=1)
    """Energy stored per energy taken in at the terminals (planning assumption: 90 % there and back)."""
    discharge_efficiency: float = Field(0.95, gt=0, le=1)
    """Energy given at the terminals per energy taken from the store (planning assumption: 90 % there and back)."""
    self_discharge_pct_per_month: float = Field(2.0, ge=0, lt=100)
    """Share of what is held that is lost in a month, % (planning assumption for lithium-ion cells)."""
    soc_min: float = Field(0.0, ge=0, lt=1)
    """Share of the capacity below which a battery is not discharged (0, as the capacity is the usable one)."""
    soc_max: float = Field(1.0, gt=0, le=1)
    """Share of the capacity above which it is not charged (1, as the capacity is the usable one)."""
    soc_start: float | None = Field(None, ge=0, le=1)
    """Share of the capacity that it holds when the run begins; ``soc_min`` if left out, so that nothing is given."""
    cycle_life: float = Field(5000.0, gt=0)
    """Full equivalent cycles that alone leave 80 % of the capacity (planning assumption for lithium iron phosphate)."""
    calendar_life_years: float = Field(15.0, gt=0)
    """Years that alone leave 80 % of the capacity (planning assumption; makers commonly warrant ten)."""


class Battery(_Params):
    """Put a battery behind the meter of buildings that have none yet."""

    kwh_per_kwp: float | None = Field(None, gt=0)
    """Usable energy when new per power of the solar modules on the building, kWh/kW, instead of ``capacity_kwh``;
    buildings without modules stay without a battery."""
    c_rate: float = Field(0.6, gt=0)
    """Power per capacity, 1/h (small batteries in Germany's Marktstammdatenregister, July 2025: 11.5 GW, 18.3 GWh)."""
    reserve: float = Field(0.5, ge=0, le=1)
    """Share of the capacity that strategies other than self-consumption keep for peaks or dear hours; what is held
    beyond it serves self-consumption first (planning assumption)."""


class StreetBattery(_Params):
    """Put a battery at the low-voltage busbar of transformers that have none yet."""

    c_rate: float = Field(0.7, gt=0)
    """Power per capacity, 1/h (20 to 1,000 kW in Germany's Marktstammdatenregister, July 2025: 663 MW, 900 MWh)."""
    limit_share_of_rated: float | None = Field(None, gt=0)
    """Net load that peak shaving holds, as share of the transformers' rated power."""


def install_batteries(city: City, rows: NDArray[Any], params: Battery, code: int) -> City:
    """Return the city with batteries in the buildings chosen that have none yet.

    Raises
    ------
    TwinError
        If params contradict each other, or no building is left to get one.
    """
    _check(params, "battery", {"capacity_kwh": params.capacity_kwh, "kwh_per_kwp": params.kwh_per_kwp})
    old = city.tables.get("battery")
    chosen = np.arange(len(city.buildings))[rows]
    if old is not None:
        chosen = chosen[~np.isin(chosen, old["building"])]
    capacity = _capacity_kwh(city, chosen, params)
    chosen, capacity = chosen[capacity > 0], capacity[capacity > 0]
    if not len(chosen):
        raise TwinError(Problem("battery: every building chosen has one already", expected="other buildings"))
    values = {"building": chosen, **_values(params, capacity, params.c_rate, _limit_w(params.limit_kw))}
    ids = [f"{name}/battery" for name in city.buildings.ids[chosen].tolist()]
    table = append(old, "battery", ids, {BATTERY_COLUMNS[name]: cells for name, cells in values.items()}, code)
    return with_entities(city, table, "building")


def install_street_batteries(city: City, rows: NDArray[Any], params: StreetBattery, code: int) -> City:
    """Return the city with batteries at the transformers chosen that have none yet.

    Raises
    ------
    TwinError
        If the city has no grid, params contradict each other, or no transformer is left to get one.
    """
    if "transformer" not in city.tables:
        message = "street_battery: the model has no electric grid, and so no transformer to stand at"
        raise TwinError(Problem(message, expected='an electric grid: [model] grid = "synthesize", or a file'))
    _check(params, "street_battery", {"capacity_kwh": params.capacity_kwh})
    transformers, old = city.table("transformer"), city.tables.get("street_battery")
    chosen = np.arange(len(transformers))[rows]
    if old is not None:
        chosen = chosen[~np.isin(chosen, old["transformer"])]
    if not len(chosen):
        raise TwinError(Problem("street_battery: every transformer chosen has one already", expected="other ones"))
    rated = transformers["s_rated_va"] * transformers["parallel"]
    share = params.limit_share_of_rated
    limit = _limit_w(params.limit_kw) if share is None else share * rated[chosen]
    capacity = np.full(len(chosen), params.capacity_kwh)
    values = {"transformer": chosen, **_values(params, capacity, params.c_rate, limit)}
    ids = [f"{name}/battery" for name in transformers.ids[chosen].tolist()]
    table = append(old, "street_battery", ids, {STREET_COLUMNS[name]: cells for name, cells in values.items()}, code)
    nodes = city.table("phase_node")
    stands = np.isin(nodes["bus"], transformers["lv_bus"][table["transformer"]])
    connects = nodes.put(nodes.column("connects"), True, code, stands & ~nodes["connects"])
    others = tuple(link for link in city.links if link.fine != "street_battery")
    tables = {**city.tables, "street_battery": table, "phase_node": connects}
    return replace(city, tables=tables, links=(*others, *_links(city, table["transformer"])))


def _links(city: City, transformer: NDArray[np.int64]) -> tuple[Link, ...]:
    """Return how street batteries are connected: to all phases of the busbar alike, and to no building.

    The link to buildings is empty: their meters sum up whatever draws power, and nothing of these batteries is theirs.
    """
    bus_of_node = city.table("phase_node")["bus"]
    bus = city.table("transformer")["lv_bus"][transformer]
    battery, node = np.nonzero(bus[:, None] == bus_of_node)
    weights = 1.0 / np.bincount(battery, minlength=len(bus))[battery]
    none = np.zeros(0, dtype=np.int64)
    return (
        Link("street_battery", "phase_node", node, battery, weights),
        Link("street_battery", "building", none, none, np.zeros(0)),
    )


def _check(params: _Params, kind: str, sizes: dict[str, float | None]) -> None:
    """Refuse what cannot be, all of it at once."""
    with Problems() as problems:
        if sum(size is not None for size in sizes.values()) != 1:
            stated = " and ".join(name for name, size in sizes.items() if size is not None) or "nothing"
            problems.add(f"{kind}: {stated} says how large it is", expected="one of " + ", ".join(sizes))
        if params.soc_min >= params.soc_max:
            problems.add(f"{kind}: soc_min = {params.soc_min:g} is not below soc_max = {params.soc_max:g}")
        if params.soc_start is not None and not params.soc_min <= params.soc_start <= params.soc_max:
            problems.add(f"{kind}: soc_start = {params.soc_start:g} is not between soc_min and soc_max")
        names = [name for name in type(params).model_fields if name.startswith("limit_")]
        limits = [name for name in names if getattr(params, name) is not None]
        if params.strategy == "peak_shaving" and len(limits) != 1:
            stated = " and ".join(limits) or "nothing"
            problems.add(f"{kind}: {stated} says what peak shaving holds", expected="one of " + ", ".join(names))
        if params.strategy != "peak_shaving" and limits:
            problems.add(f'{kind}: {limits[0]} is for strategy = "peak_shaving", not {params.strategy!r}')


def _capacity_kwh(city: City, chosen: NDArray[np.int64], params: Battery) -> NDArray[np.float64]:
    """Return the capacity in each building chosen, kWh; 0 where there are no modules to go by."""
    if params.kwh_per_kwp is None:
        return np.full(len(chosen), params.capacity_kwh)
    arrays = city.tables.get("pv_array")
    n = len(city.buildings)
    power = np.zeros(n) if arrays is None else np.bincount(arrays["building"], arrays["power_w"], n)
    if len(chosen) and not power[chosen].any():
        message = "battery: kwh_per_kwp goes by solar modules, but no building chosen has any"
        raise TwinError(Problem(message, expected="the measure pv before it, or capacity_kwh"))
    return np.asarray(params.kwh_per_kwp * power[chosen] / 1e3)


def _limit_w(limit_kw: float | None) -> float:
    return np.nan if limit_kw is None else 1e3 * limit_kw


def _values(params: _Params, capacity_kwh: NDArray[np.float64], c_rate: float, limit_w: Any) -> dict[str, Any]:
    """Return the columns that all batteries have, in SI; NaN where there is no value."""
    start = params.soc_min if params.soc_start is None else params.soc_start
    share = params.limit_share_of_peak
    kept = 1.0 - params.self_discharge_pct_per_month / 100.0
    return {
        "capacity_j": _J_PER_KWH * capacity_kwh,
        "power_w": 1e3 * (c_rate * capacity_kwh if params.power_kw is None else params.power_kw),
        "charge_efficiency": params.charge_efficiency,
        "discharge_efficiency": params.discharge_efficiency,
        "self_discharge": -np.log(kept) / _MONTH_S,
        "soc_min": params.soc_min,
        "soc_max": params.soc_max,
        "soc_start": start,
        "strategy": params.strategy,
        "reserve": params.reserve,
        "limit_w": limit_w,
        "limit_share_of_peak": np.nan if share is None else share,
        "cycle_life": params.cycle_life,
        "calendar_life_s": _YEAR_S * params.calendar_life_years,
    }
