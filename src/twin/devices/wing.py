"""What the devices wing brings."""

from __future__ import annotations

from twin.devices.model import COLUMNS, POINT_COLUMNS, PV_COLUMNS, VEHICLE_COLUMNS
from twin.registry import Fill, Indicator, Measure, SimulatorEntry, Term, Wing

__all__ = ["WING"]

_LOAD = Term("electric_load")
_GENERATION = Term("electric_generation")
_IMPORT = Term("grid_import")
_GAS = Term("gas_consumption")
_UNSERVED = Term("unserved_charging")

_STRATEGY = ("strategy", "voltage_high_pu", "voltage_low_pu", "least_share")


def _fill(name: str, writes: tuple[str, ...], keys: tuple[str, ...]) -> Fill:
    return Fill("building", tuple(COLUMNS[c] for c in writes), keys, f"twin.devices.heating_fills:{name}")


def _heating(name: str, build: str, *columns: str) -> SimulatorEntry:
    return SimulatorEntry(
        name, f"twin.devices.heating_simulator:{build}", tuple(f"building.{c}" for c in ("heating_system", *columns))
    )


_HEAT_PUMP = Measure(
    kind="heat_pump",
    table="building",
    params="twin.devices.heating_measures:HeatPump",
    apply="twin.devices.heating_measures:install_heat_pump",
    writes=("heating_system", "heat_pump_source", "heat_emission", "heat_pump_sizing", "heating_setback_degc"),
    meaning="Heat by a heat pump with electric back-up.",
)

_PV = Measure(
    kind="pv",
    table="building",
    params="twin.devices.pv_measures:Pv",
    apply="twin.devices.pv_measures:install_pv",
    writes=tuple(f"pv_array.{name}" for name in PV_COLUMNS),
    meaning="Lay solar modules on the roof faces that suit them.",
    assumes=(
        (
            "Solar modules lie as the roof does, on flat roofs too, and every array has an inverter of its own.",
            "twin: planning assumption",
        ),
        (
            "Cells are cooled as on an open rack (25 + 6.84 v W/(m2 K)), by the wind 10 m above ground; on a roof with "
            "little air behind the modules they are warmer. What glass reflects at flat angles, some 3 % of a year's "
            "sun, is not taken off.",
            "Faiman 2008, doi 10.1002/pip.813; PVWatts version 5 (NREL/TP-6A20-62641); Martin & Ruiz 2001",
        ),
    ),
)

_ELECTRIC_CARS = Measure(
    kind="electric_cars",
    table="building",
    params="twin.devices.ev_measures:ElectricCars",
    apply="twin.devices.ev_measures:bring_cars",
    writes=(*(f"charging_point.{c}" for c in POINT_COLUMNS), *(f"vehicle.{c}" for c in VEHICLE_COLUMNS)),
    meaning="Bring electric cars to dwellings, each with a charging point of its own.",
    assumes=(
        (
            "Cars come, stay and want energy as at private charging points in the Netherlands: arrivals differ by "
            "weekday and weekend, not by season or holiday.",
            "twin: fitted to tables of ElaadNL, see devices/catalogue/SOURCE.md",
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
    params="twin.devices.ev_measures:ChargingStrategy",
    apply="twin.devices.ev_measures:set_strategy",
    writes=_STRATEGY,
    meaning="Change what decides how fast vehicles charge.",
)

_HEATING_INDICATORS = (
    Indicator("electricity_demand", "Electricity demand", "kWh", "lower", (_LOAD,), headline=True),
    Indicator("peak_load", "Highest electric load", "kW", "lower", (_LOAD,), reduction="max", headline=True),
    Indicator("gas_demand", "Gas demand", "kWh", "lower", (_GAS,)),
    Indicator(
        "co2",
        "Greenhouse gas emissions",
        "kg",
        "lower",
        (Term("grid_import", "emissions.electricity"), Term("gas_consumption", "emissions.gas")),
        headline=True,
    ),
    Indicator(
        "energy_cost",
        "Energy cost",
        "EUR",
        "lower",
        (Term("grid_import", "prices.electricity"), Term("gas_consumption", "prices.gas")),
        headline=True,
    ),
)

_METER_INDICATORS = (
    Indicator("grid_import", "Electricity from the grid", "kWh", "lower", (_IMPORT,)),
    Indicator("pv_yield", "Solar power made", "kWh", "higher", (_GENERATION,), headline=True),
    Indicator(
        "self_consumption",
        "Solar power used in the building",
        "pct",
        "higher",
        (Term("self_consumed_generation"),),
        over=(_GENERATION,),
        headline=True,
    ),
    Indicator("grid_export", "Solar power fed into the grid", "kWh", "neutral", (Term("grid_export"),)),
)

_CHARGING_INDICATORS = (
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
    name="devices",
    columns={
        "building": tuple(COLUMNS.values()),
        "pv_array": tuple(PV_COLUMNS.values()),
        "charging_point": tuple(POINT_COLUMNS.values()),
        "vehicle": tuple(VEHICLE_COLUMNS.values()),
    },
    fills=(
        _fill("heating_system", ("heating_system",), ("heated_floor_area_m2",)),
        _fill("emission", ("heat_emission",), ("heating_system",)),
        _fill("efficiency", ("boiler_efficiency",), ("heating_system",)),
        _fill("heat_pump", ("heat_pump_source", "heat_pump_sizing"), ("heating_system",)),
        _fill("ground", ("ground_source_temperature_degc",), ("heat_pump_source",)),
        _fill("capacity", ("heat_pump_capacity_w",), ("heating_system", "heat_pump_sizing", "design_heat_load_w")),
    ),
    measures=(_HEAT_PUMP, _PV, _ELECTRIC_CARS, _CHARGING_STRATEGY),
    simulators=(
        _heating("boiler", "build_boiler", "boiler_efficiency"),
        _heating("electric_heating", "build_electric"),
        _heating(
            "heat_pump",
            "build_heat_pump",
            "heat_pump_source",
            "heat_emission",
            "heat_pump_capacity_w",
            "ground_source_temperature_degc",
        ),
        SimulatorEntry(
            "pv",
            "twin.devices.pv_simulator:build",
            tuple(f"pv_array.{c}" for c in ("power_w", "inverter_w", "system_loss")),
        ),
        SimulatorEntry(
            "ev_charging",
            "twin.devices.ev_simulator:build",
            (
                *(f"charging_point.{c}" for c in ("power_w", *_STRATEGY)),
                *(f"vehicle.{c}" for c in VEHICLE_COLUMNS),
            ),
        ),
        SimulatorEntry("meter", "twin.devices.meter:build"),
    ),
    indicators=(*_HEATING_INDICATORS, *_METER_INDICATORS, *_CHARGING_INDICATORS),
)
