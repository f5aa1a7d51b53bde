"""What the devices wing brings."""

from __future__ import annotations

from twin.devices.model import COLUMNS
from twin.registry import Fill, Indicator, Measure, SimulatorEntry, Term, Wing

__all__ = ["WING"]

_POWER = Term("electric_load")
_GAS = Term("gas_consumption")


def _fill(name: str, writes: tuple[str, ...], keys: tuple[str, ...]) -> Fill:
    return Fill("building", tuple(COLUMNS[c] for c in writes), keys, f"twin.devices.fills:{name}")


def _simulator(name: str, build: str, *columns: str) -> SimulatorEntry:
    return SimulatorEntry(
        name, f"twin.devices.simulator:{build}", tuple(f"building.{c}" for c in ("heating_system", *columns))
    )


WING = Wing(
    name="devices",
    columns={"building": tuple(COLUMNS.values())},
    fills=(
        _fill("heating_system", ("heating_system",), ("heated_floor_area_m2",)),
        _fill("emission", ("heat_emission",), ("heating_system",)),
        _fill("efficiency", ("boiler_efficiency",), ("heating_system",)),
        _fill("heat_pump", ("heat_pump_source", "heat_pump_sizing"), ("heating_system",)),
        _fill("ground", ("ground_source_temperature_degc",), ("heat_pump_source",)),
        _fill("capacity", ("heat_pump_capacity_w",), ("heating_system", "heat_pump_sizing", "design_heat_load_w")),
    ),
    measures=(
        Measure(
            kind="heat_pump",
            table="building",
            params="twin.devices.measures:HeatPump",
            apply="twin.devices.measures:install_heat_pump",
            writes=(
                "heating_system",
                "heat_pump_source",
                "heat_emission",
                "heat_pump_sizing",
                "heating_setback_degc",
            ),
            meaning="Heat by a heat pump with electric back-up.",
        ),
    ),
    simulators=(
        _simulator("boiler", "build_boiler", "boiler_efficiency"),
        _simulator("electric_heating", "build_electric"),
        _simulator(
            "heat_pump",
            "build_heat_pump",
            "heat_pump_source",
            "heat_emission",
            "heat_pump_capacity_w",
            "ground_source_temperature_degc",
        ),
    ),
    indicators=(
        Indicator("electricity_demand", "Electricity demand", "kWh", "lower", (_POWER,), headline=True),
        Indicator("peak_load", "Highest electric load", "kW", "lower", (_POWER,), reduction="max", headline=True),
        Indicator("gas_demand", "Gas demand", "kWh", "lower", (_GAS,)),
        Indicator(
            "co2",
            "Greenhouse gas emissions",
            "kg",
            "lower",
            (Term("electric_load", "emissions.electricity"), Term("gas_consumption", "emissions.gas")),
            headline=True,
        ),
        Indicator(
            "energy_cost",
            "Energy cost",
            "EUR",
            "lower",
            (Term("electric_load", "prices.electricity"), Term("gas_consumption", "prices.gas")),
            headline=True,
        ),
    ),
)
