"""What electric cars and their charging bring."""

from __future__ import annotations

from twin.devices.ev.model import CONTROL_COLUMNS, POINT_COLUMNS, VEHICLE_COLUMNS
from twin.devices.ev.station_model import STATION_COLUMNS
from twin.devices.ev.station_wing import INDICATORS as STATION_INDICATORS
from twin.devices.ev.station_wing import MEASURES as STATION_MEASURES
from twin.devices.ev.station_wing import SIMULATOR as STATION_SIMULATOR
from twin.registry import Indicator, Measure, SimulatorEntry, Term, Wing

__all__ = ["WING"]

_UNSERVED = Term("unserved_charging")

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
            "weekday and weekend (public holidays are weekend days), not by season.",
            "twin: fitted to tables of ElaadNL, see devices/ev/catalogue/SOURCE.md",
        ),
        (
            "Charging points draw active power only, alike on the phases that they are connected to, up to what point "
            "and on-board charger allow. From a share of charge on power falls linearly to nothing when full; cars "
            "come with as much less than their target as they want.",
            "Lee, Li & Low 2019, doi 10.1145/3307772.3328313; target, battery and charger: twin: planning assumption",
        ),
        (
            "Cars know how long they will stay, and those who plan by price or emissions know these beforehand; beyond "
            "the end of the run its last day goes on. Every car at a point that gives back is able to, and what it "
            "gives is worth the price of electricity.",
            "twin: planning assumption",
        ),
    ),
)

_CHARGING_STRATEGY = Measure(
    kind="charging_strategy",
    table="charging_point",
    params="twin.devices.ev.measures:ChargingStrategy",
    apply="twin.devices.ev.measures:set_strategy",
    writes=CONTROL_COLUMNS,
    meaning="Change what decides how fast vehicles charge.",
)

_INDICATORS = (
    Indicator("ev_given", "Energy that cars gave back", "kWh", "neutral", (Term("vehicle_discharging"),)),
    Indicator("ev_demand", "Energy that vehicles wanted", "kWh", "neutral", (Term("requested_charging"),)),
    Indicator("unserved_energy", "Energy that vehicles left without", "kWh", "lower", (_UNSERVED,), headline=True),
    Indicator(
        "unserved_share",
        "Share of the energy that vehicles left without",
        "pct",
        "lower",
        (_UNSERVED,),
        over=(Term("requested_charging"),),
    ),
)

WING = Wing(
    name="ev",
    columns={
        "charging_point": tuple(POINT_COLUMNS.values()),
        "vehicle": tuple(VEHICLE_COLUMNS.values()),
        "charging_station": tuple(STATION_COLUMNS.values()),
    },
    measures=(_ELECTRIC_CARS, _CHARGING_STRATEGY, *STATION_MEASURES),
    simulators=(
        SimulatorEntry(
            "ev_charging",
            "twin.devices.ev.simulator:build",
            (
                *(f"charging_point.{c}" for c in ("power_w", "phases", *CONTROL_COLUMNS)),
                *(f"vehicle.{c}" for c in VEHICLE_COLUMNS),
            ),
        ),
        STATION_SIMULATOR,
    ),
    indicators=(*_INDICATORS, *STATION_INDICATORS),
)
