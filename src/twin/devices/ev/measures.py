"""Electric cars at home, and how their charging is controlled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from twin.city.model import City
from twin.devices.ev.model import CONTROL_COLUMNS, POINT_COLUMNS, STRATEGIES, VEHICLE_COLUMNS
from twin.devices.ev.sessions import J_PER_KWH, home_sessions, plug_in_probability, sessions_per_day
from twin.devices.ev.vehicle_models import MIX, VehicleModel, choose_models, read_catalogue
from twin.devices.model import append, with_entities
from twin.devices.phases import PhaseChoice, phase_links, with_phases
from twin.errors import Problem, TwinError
from twin.random import entity_keys, uniform
from twin.table import MISSING, Table

__all__ = ["ChargingStrategy", "ElectricCars", "bring_cars", "set_strategy"]

# where cars stand does not depend on the run's seed: options and runs are compared car by car
_PLACING_SEED = 0

Strategy = Literal[
    "uncontrolled",
    "cheapest_hours",
    "lowest_emissions",
    "pv_surplus",
    "voltage_aware",
    "feeder_limit",
    "vehicle_to_grid",
]


class ChargingStrategy(BaseModel):
    """Change what decides how fast vehicles charge."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    strategy: Strategy
    """Full power from arrival on (uncontrolled), in the hours of the stay with the lowest price or emissions, from what
    the building's own generation leaves, less where the voltage is low, what the transformer has left, or cheapest
    hours that also give back in the dearest ones."""
    voltage_high_pu: float = Field(0.95, gt=0.5, lt=1.5)
    """Voltage from which a voltage-aware point gives full power, pu (half of the band of EN 50160)."""
    voltage_low_pu: float = Field(0.90, gt=0.5, lt=1.5)
    """Voltage at and below which it gives least, pu (lower limit of EN 50160)."""
    least_share: float = Field(0.375, ge=0, le=1)
    """Share of its power that a voltage-aware point keeps giving (6 of 16 A: below 6 A vehicles stop, IEC 61851-1)."""
    guarantee: bool = True
    """Whether a point that waits for surplus sun gives full power as soon as the time left just suffices."""
    limit_share: float = Field(1.0, gt=0, le=2)
    """Share of its rated power that a transformer may carry before points under feeder_limit give less; the lowest one
    of an area holds."""
    least_kw: float = Field(4.2, ge=0)
    """Power that such a point keeps while it charges, kW (what German grid operators must leave: EnWG section 14a)."""
    least_soc: float = Field(0.3, ge=0, lt=1)
    """Share of charge below which a vehicle gives nothing back (planning assumption: a fifth to a third kept for
    unplanned trips)."""
    discharge_kw: float = Field(10.0, gt=0)
    """Most power given back, kW (a bidirectional wallbox; the one model of the catalogue's source that has a figure for
    three phases: 10), at most that of charging."""
    round_trip_efficiency: float = Field(0.85, gt=0, le=1)
    """What comes back of the energy drawn (planning assumption)."""
    wear_cost_eur_per_kwh: float = Field(0.05, ge=0)
    """What a kWh given back costs the battery in life, EUR/kWh (planning assumption)."""


class ElectricCars(ChargingStrategy):
    """Bring electric cars to dwellings, each with a charging point of its own."""

    strategy: Strategy = "uncontrolled"
    """What decides how fast they charge, as of `charging_strategy`."""
    cars_per_dwelling: float = Field(gt=0, le=3)
    """Electric cars per dwelling once the measure is done; buildings that have more keep them."""
    charger_kw: float = Field(11.0, gt=0, le=22)
    """Power of a charging point, kW (three phases of 16 A; above 12 kVA the grid operator must consent: NAV section
    19)."""
    phases: Literal[1, 3] = 3
    """How many phases a charging point uses."""
    phase_choice: PhaseChoice = "balanced"
    """Which phase a single-phase charging point uses: the one with least of their power so far along its feeder, or one
    drawn, each as likely."""
    vehicle_model: str | None = None
    """Model of car from the catalogue, or ``mix`` to draw one for every car by registrations; it takes the place of
    battery and on-board charger."""
    battery_kwh: float = Field(60.0, gt=0)
    """Energy that the battery holds, kWh (planning assumption; compact cars have 50 to 65)."""
    onboard_kw: float = Field(11.0, gt=0, le=22)
    """Power of the on-board charger, kW (three phases of 16 A, as of most models in the catalogue)."""
    onboard_phases: Literal[1, 3] = 3
    """How many phases it uses; at a point with fewer it charges more slowly."""
    taper_from: float = Field(0.8, gt=0, le=1)
    """Share of charge from which power falls towards nothing when full; 1 if it never does (Lee, Li & Low 2019)."""
    target_soc: float = Field(0.8, gt=0, le=1)
    """Share of charge that cars want to leave with (planning assumption: what makers advise for every day)."""
    annual_km: float = Field(12_320.0, gt=0)
    """Distance driven in a year, km (Kraftfahrt-Bundesamt: mean of all cars in 2023)."""
    kwh_per_100km: float = Field(20.0, gt=0)
    """Energy from the socket per distance, charging losses included, kWh/100 km (ADAC Ecotest 2021: 16 to 28, common
    models below 20)."""
    home_share: float = Field(0.65, gt=0, le=1)
    """Share of the energy that is charged at home by those who can (E-Control 2020: 48 % of all charging; USCALE
    2021: 76 % of drivers can)."""


def bring_cars(city: City, rows: NDArray[Any], params: ElectricCars, code: int) -> City:
    """Return the city with cars and charging points added, up to the number asked for in the buildings chosen.

    A larger number keeps the cars of a smaller one; chance decides only how the numbers of buildings are rounded.

    Raises
    ------
    TwinError
        If no building gets a car, or the cars would have to charge more often than they come home.
    """
    _check(params)
    old_points, old_cars = city.tables.get("charging_point"), city.tables.get("vehicle")
    buildings, numbers = _new_cars(city, rows, params.cars_per_dwelling, old_points)
    names = city.buildings.ids[buildings].tolist()
    point_ids = [f"{name}/charger/{k}" for name, k in zip(names, numbers.tolist(), strict=True)]
    points = append(old_points, "charging_point", point_ids, _point_values(params, buildings), code)
    points = with_phases(city, points, points["phases"] == 1, points["power_w"], params.phase_choice, code)
    car_ids = [f"{name}/car/{k}" for name, k in zip(names, numbers.tolist(), strict=True)]
    values = {
        "charging_point": np.arange(len(points) - len(point_ids), len(points)),
        **_car_values(_models(params, car_ids)),
        "taper_from": params.taper_from,
        "target_soc": params.target_soc,
        "home_charging_j": _home_charging_kwh(params) * J_PER_KWH,
    }
    cars = append(old_cars, "vehicle", car_ids, {VEHICLE_COLUMNS[name]: cells for name, cells in values.items()}, code)
    city = with_entities(city, points, "building")
    city = replace(city, links=city.links + phase_links(city, points))
    return with_entities(city, cars, "charging_point")


def set_strategy(city: City, rows: NDArray[Any], params: ChargingStrategy, code: int) -> City:
    """Return the city with another strategy at the charging points chosen."""
    _check_control(params)
    points = city.table("charging_point")
    where = np.zeros(len(points), dtype=bool)
    where[rows] = True
    for name, value in _control(params).items():
        source = MISSING if value != value else code
        points = points.put(POINT_COLUMNS[name], value, source, where)
    return replace(city, tables={**city.tables, points.name: points})


def _check(params: ElectricCars) -> None:
    """Refuse what cannot be."""
    _check_control(params)
    given = sorted({"battery_kwh", "onboard_kw", "onboard_phases"} & params.model_fields_set)
    if params.vehicle_model is not None and given:
        message = f"electric_cars: vehicle_model = {params.vehicle_model!r} and {', '.join(given)}"
        raise TwinError(Problem(message, expected="one or the other: a model has a battery and a charger of its own"))
    if params.target_soc == 1 and params.taper_from < 1:
        message = "electric_cars: target_soc = 1, but from taper_from on power falls to nothing"
        raise TwinError(Problem(message, expected="target_soc below 1, or taper_from = 1"))
    if params.strategy == "vehicle_to_grid" and params.target_soc > params.taper_from:
        message = f"electric_cars: target_soc = {params.target_soc:g} of cars that give back, above taper_from"
        raise TwinError(Problem(message, expected=f"at most {params.taper_from:g}: they plan at constant power"))
    if params.phases == 1 and params.charger_kw > 7.4:
        message = f"electric_cars: charger_kw = {params.charger_kw:g} on one phase"
        raise TwinError(Problem(message, expected="at most 7.4 kW (32 A) on one phase, or phases = 3"))
    energy = _home_charging_kwh(params)
    possible = read_catalogue().values() if params.vehicle_model == MIX else _models(params, [""])
    usable = params.target_soc * min(model.battery_kwh for model in possible)
    often = sessions_per_day(home_sessions(), *(np.array([kwh * J_PER_KWH]) for kwh in (usable, energy)))
    if plug_in_probability(home_sessions(), often)[0] > 1:
        message = f"electric_cars: {energy:,.0f} kWh a year at home take more than a session a day"
        raise TwinError(Problem(message, expected="less annual_km or home_share, or a larger battery"))


def _check_control(params: ChargingStrategy) -> None:
    if params.voltage_low_pu >= params.voltage_high_pu:
        message = f"voltage_low_pu = {params.voltage_low_pu:g} is not below voltage_high_pu"
        raise TwinError(Problem(message, expected=f"less than {params.voltage_high_pu:g}"))


def _models(params: ElectricCars, ids: Sequence[str]) -> Sequence[VehicleModel]:
    """Return the model of every car; one by the numbers given if none is named."""
    if params.vehicle_model is not None:
        return choose_models(params.vehicle_model, ids)
    own = VehicleModel("", 0, params.battery_kwh, params.onboard_kw, params.onboard_phases, 0.0)
    return (own,) * len(ids)


def _car_values(models: Sequence[VehicleModel]) -> dict[str, Any]:
    """Return the columns that a car has from its model."""
    return {
        "model": np.array([model.name for model in models], dtype=np.str_),
        "battery_j": np.array([model.battery_kwh * J_PER_KWH for model in models]),
        "onboard_w": np.array([model.ac_kw * 1e3 for model in models]),
        "onboard_phases": np.array([model.ac_phases for model in models]),
    }


def _home_charging_kwh(params: ElectricCars) -> float:
    return params.annual_km / 100.0 * params.kwh_per_100km * params.home_share


def _new_cars(
    city: City, rows: NDArray[Any], per_dwelling: float, points: Table | None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the building of each car to come and its number there, counting from 1."""
    homes = np.zeros(len(city.buildings), dtype=np.int64)
    homes[rows] = city.buildings["dwellings"][rows]
    there = np.zeros(len(homes), dtype=np.int64)
    if points is not None:
        there = np.bincount(points["building"], minlength=len(homes))
    drawn = uniform(_PLACING_SEED, "electric cars", entity_keys(city.buildings.ids.tolist()))
    more = np.maximum(_cars_wanted(homes, per_dwelling, drawn) - there, 0)
    if not more.any():
        message = f"electric_cars: {per_dwelling:g} per dwelling bring no car to {len(homes[rows])} buildings"
        raise TwinError(Problem(f"{message} with {homes.sum()} dwellings and {there[rows].sum()} cars"))
    building = np.repeat(np.arange(len(homes)), more)
    return building, _within(more) + there[building] + 1


def _cars_wanted(homes: NDArray[np.int64], per_dwelling: float, drawn: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return how many cars each building is to have: the right number in all, each building's share rounded.

    Every possible car has a number of cars per dwelling at which it comes, set by its building's draw; those come
    first that have the lowest. So the cars of a smaller number are among those of a larger one.
    """
    most = np.where(homes > 0, np.ceil(per_dwelling * homes) + 1, 0).astype(np.int64)
    building = np.repeat(np.arange(len(homes)), most)
    comes_at = (_within(most) + 1 - drawn[building]) / homes[building]
    total = int(np.floor(per_dwelling * homes.sum() + 0.5))
    return np.bincount(building[np.argsort(comes_at, kind="stable")[:total]], minlength=len(homes))


def _within(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return 0, 1 ... within each group of so many."""
    return np.asarray(np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts))


def _point_values(params: ElectricCars, buildings: NDArray[np.int64]) -> Mapping[Any, Any]:
    own = {"building": buildings, "power_w": 1e3 * params.charger_kw, "phases": params.phases}
    return {POINT_COLUMNS[name]: cells for name, cells in {**own, **_control(params)}.items()}


def _control(params: ChargingStrategy) -> dict[str, Any]:
    """Return the columns that say how points are controlled; what their strategy need not know is missing."""
    told = {
        "voltage_high_pu": params.voltage_high_pu,
        "voltage_low_pu": params.voltage_low_pu,
        "least_share": params.least_share,
        "guarantee": params.guarantee,
        "limit_share": params.limit_share,
        "least_w": 1e3 * params.least_kw,
        "least_soc": params.least_soc,
        "discharge_w": 1e3 * params.discharge_kw,
        "round_trip_efficiency": params.round_trip_efficiency,
        "discharge_wear": params.wear_cost_eur_per_kwh / J_PER_KWH,
    }
    needs = ("strategy", *STRATEGIES[params.strategy])
    values = {"strategy": params.strategy, **told}
    nothing = {name: False if POINT_COLUMNS[name].kind == "bool" else np.nan for name in CONTROL_COLUMNS}
    return {name: values[name] if name in needs else nothing[name] for name in CONTROL_COLUMNS}
