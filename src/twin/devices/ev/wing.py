"""What electric cars and their charging bring."""

from __future__ import annotations

from twin.devices.ev.model import POINT_COLUMNS, VEHICLE_COLUMNS
from twin.registry import Indicator, Measure, SimulatorEntry, Term, Wing

__all__ = ["WING"]

_UNSERVED = Term("unserved_charging")

_STRATEGY = ("strategy", "voltage_high_pu", "voltage_low_pu", "least_share")

_ELECTRIC_CARS = Measure(
    kind="electric_cars",
    table="building",
    params="twin.devices.ev.measures:ElectricCars",
    apply="twin.devices.ev.measures:bring_cars",
    writes=(*(f"charging_point.{c}" for c in POINT_COLUMNS), *(f"vehicle.{c}" for c in VEHICLE_COLUMNS)),
    meaning="Bring electric cars to dwellings, each with a charging point of its own.",
    assumes=(
        (
            "Cars come, stay and want energy as at private charging points in the Netherlands: arrivals differ by "
            "weekday and weekend, not by season or holiday.",
            "twin: fitted to tables of ElaadNL, see devices/ev/catalogue/SOURCE.md",
        ),
        (
            "Charging points draw active power only, up to their rating until the car has what it wants; batteries "
            "take full power to the end.",
            "twin: planning assumption",
        ),
    ),
)

_CHARGING_STRATEGY = Measure(
    kind="charging_strategy",
    table="charging_point",
    params="twin.devices.ev.measures:ChargingStrategy",
    apply="twin.devices.ev.measures:set_strategy",
    writes=_STRATEGY,
    meaning="Change what decides how fast vehicles charge.",
)

_INDICATORS = (
    Indicator("ev_demand", "Energy that cars wanted at home", "kWh", "neutral", (Term("requested_charging"),)),
    Indicator("unserved_energy", "Energy that cars left without", "kWh", "lower", (_UNSERVED,), headline=True),
    Indicator(
        "unserved_share",
        "Share of the energy that cars left without",
        "pct",
        "lower",
        (_UNSERVED,),
        over=(Term("requested_charging"),),
    ),
)

WING = Wing(
    name="ev",
    columns={"charging_point": tuple(POINT_COLUMNS.values()), "vehicle": tuple(VEHICLE_COLUMNS.values())},
    measures=(_ELECTRIC_CARS, _CHARGING_STRATEGY),
    simulators=(
        SimulatorEntry(
            "ev_charging",
            "twin.devices.ev.simulator:build",
            (
                *(f"charging_point.{c}" for c in ("power_w", *_STRATEGY)),
                *(f"vehicle.{c}" for c in VEHICLE_COLUMNS),
            ),
        ),
    ),
    indicators=_INDICATORS,
)
