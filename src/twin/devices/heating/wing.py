"""What heating systems bring."""

from __future__ import annotations

from twin.devices.heating.model import COLUMNS
from twin.registry import Factor, Fill, Indicator, Measure, SimulatorEntry, Term, Wing

__all__ = ["WING"]


def _fill(name: str, writes: tuple[str, ...], keys: tuple[str, ...]) -> Fill:
    return Fill("building", tuple(COLUMNS[c] for c in writes), keys, f"twin.devices.heating.fills:{name}")


def _heating(name: str, build: str, *columns: str) -> SimulatorEntry:
    module = "buffered" if name in ("thermostat_heating", "shifted_heating") else "simulator"
    read = tuple(f"building.{c}" for c in ("heating_system", *columns))
    return SimulatorEntry(name, f"twin.devices.heating.{module}:{build}", read)


_HEAT_PUMP = Measure(
    kind="heat_pump",
    table="building",
    params="twin.devices.heating.measures:HeatPump",
    apply="twin.devices.heating.measures:install_heat_pump",
    writes=("heating_system", "heat_pump_source", "heat_emission", "heat_pump_sizing", "heating_setback_degc"),
    meaning="Heat by a heat pump with electric back-up.",
)

_BUFFER = ("heat_buffer_volume_m3", "heat_buffer_low_degc", "heat_buffer_high_degc", "heat_buffer_loss_w_k")

_HEAT_BUFFER = Measure(
    kind="heat_buffer",
    table="building",
    params="twin.devices.heating.control_measures:HeatBuffer",
    apply="twin.devices.heating.control_measures:install_buffer",
    writes=(*_BUFFER, "heat_buffer_sizing_l_kw", "heat_buffer_label"),
    meaning="A buffer storage behind heat pumps and electric heaters.",
    assumes=(
        (
            "Buffers hold water of one temperature in a room of 20 degC; their losses warm nobody. They serve space "
            "heat and hot water alike at any temperature within their band, and nothing below it.",
            "twin: planning assumption",
        ),
        (
            "Heat pumps heat their buffer to the temperature it has; their capacity does not depend on it. Electric "
            "heaters before a buffer are sized to the design heat load.",
            "twin: planning assumption",
        ),
    ),
)

_CONTROL = ("heating_control", "heating_fill_hours", "heating_draw_hours", "heating_lock")

_HEATING_CONTROL = Measure(
    kind="heating_control",
    table="building",
    params="twin.devices.heating.control_measures:HeatingControl",
    apply="twin.devices.heating.control_measures:set_control",
    writes=_CONTROL,
    meaning="Change what decides when heat pumps and electric heaters run.",
    assumes=(
        (
            "Heat that a blocked heater cannot serve is counted, but the rooms do not cool down for it.",
            "twin: planning assumption",
        ),
        ("Prices and emission factors of a whole civil day are known as it begins.", "twin: planning assumption"),
    ),
)

_INDICATORS = (
    Indicator("gas_demand", "Gas demand", "kWh", "lower", (Term("gas_consumption"),)),
    Indicator("unserved_heat", "Heat wanted and not given", "kWh", "lower", (Term("unserved_heat"),)),
    Indicator("buffer_losses", "Heat lost by buffer storages", "kWh", "lower", (Term("buffer_losses"),)),
    Indicator("heating_starts", "Starts of heaters under a control", "1", "lower", (Term("heating_starts"),)),
)

_PUMP = ("heat_pump_source", "heat_emission", "heat_pump_capacity_w", "ground_source_temperature_degc")

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
        _fill(
            "buffer_volume",
            ("heat_buffer_volume_m3",),
            ("heat_buffer_sizing_l_kw", "heating_system", "heat_pump_capacity_w", "design_heat_load_w"),
        ),
        _fill("buffer_loss", ("heat_buffer_loss_w_k",), ("heat_buffer_label", "heat_buffer_volume_m3")),
        _fill("control", ("heating_control",), ("heating_system", "heat_buffer_volume_m3")),
    ),
    factors=(
        Factor("prices.gas", "EUR/kWh", "what households pay for gas, lower heating value"),
        Factor("emissions.gas", "kg/kWh", "CO2 equivalents of gas burned, lower heating value"),
    ),
    measures=(_HEAT_PUMP, _HEAT_BUFFER, _HEATING_CONTROL),
    simulators=(
        _heating("boiler", "build_boiler", "boiler_efficiency"),
        _heating("electric_heating", "build_electric", "heating_control"),
        _heating("heat_pump", "build_heat_pump", *_PUMP, "heating_control"),
        _heating("thermostat_heating", "build_thermostat", *_PUMP, *_BUFFER, "heating_control", "heating_lock"),
        _heating("shifted_heating", "build_shifted", *_PUMP, *_BUFFER, *_CONTROL[:3]),
    ),
    indicators=_INDICATORS,
)
