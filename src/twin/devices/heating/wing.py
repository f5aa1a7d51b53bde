"""What heating systems bring."""

from __future__ import annotations

from twin.devices.heating.model import COLUMNS
from twin.registry import Factor, Fill, Indicator, Measure, SimulatorEntry, Term, Wing

__all__ = ["WING"]


def _fill(name: str, writes: tuple[str, ...], keys: tuple[str, ...]) -> Fill:
    return Fill("building", tuple(COLUMNS[c] for c in writes), keys, f"twin.devices.heating.fills:{name}")


def _heating(name: str, build: str, *columns: str) -> SimulatorEntry:
    return SimulatorEntry(
        name, f"twin.devices.heating.simulator:{build}", tuple(f"building.{c}" for c in ("heating_system", *columns))
    )


_HEAT_PUMP = Measure(
    kind="heat_pump",
    table="building",
    params="twin.devices.heating.measures:HeatPump",
    apply="twin.devices.heating.measures:install_heat_pump",
    writes=("heating_system", "heat_pump_source", "heat_emission", "heat_pump_sizing", "heating_setback_degc"),
    meaning="Heat by a heat pump with electric back-up.",
)

_INDICATORS = (Indicator("gas_demand", "Gas demand", "kWh", "lower", (Term("gas_consumption"),)),)

WING = Wing(
    name="heating",
    columns={"building": tuple(COLUMNS.values())},
    fills=(
        _fill("heating_system", ("heating_system",), ("heated_floor_area_m2",)),
        _fill("emission", ("heat_emission",), ("heating_system",)),
        _fill("efficiency", ("boiler_efficiency",), ("heating_system",)),
        _fill("heat_pump", ("heat_pump_source", "heat_pump_sizing"), ("heating_system",)),
        _fill("ground", ("ground_source_temperature_degc",), ("heat_pump_source",)),
        _fill("capacity", ("heat_pump_capacity_w",), ("heating_system", "heat_pump_sizing", "design_heat_load_w")),
    ),
    factors=(
        Factor("prices.gas", "EUR/kWh", "what households pay for gas, lower heating value"),
        Factor("emissions.gas", "kg/kWh", "CO2 equivalents of gas burned, lower heating value"),
    ),
    measures=(_HEAT_PUMP,),
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
    ),
    indicators=_INDICATORS,
)
