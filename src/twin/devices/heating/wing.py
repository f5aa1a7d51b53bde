"""What heating systems bring."""

from __future__ import annotations

from typing import Any

from twin.devices.heating.model import COLUMNS, OF_BUFFER, OF_CONTROL, OF_FLEXIBILITY, OF_SYSTEM
from twin.registry import Factor, Fill, Indicator, Measure, SimulatorEntry, Term, Wing

__all__ = ["WING"]


def _fill(name: str, writes: tuple[str, ...], keys: tuple[str, ...]) -> Fill:
    return Fill("building", tuple(COLUMNS[c] for c in writes), keys, f"twin.devices.heating.fills:{name}")


def _sized(name: str, writes: tuple[str, ...], *keys: str) -> Fill:
    columns = tuple(COLUMNS[c] for c in writes)
    return Fill("building", columns, ("heating_system", *keys), f"twin.devices.heating.capacity_fills:{name}")


def _swap(kind: str, params: str, apply: str, meaning: str, *also: str, **more: Any) -> Measure:
    module = "twin.devices.heating.measures"
    writes = ("heating_system", *OF_SYSTEM, *also)
    return Measure(kind, "building", f"{module}:{params}", f"{module}:{apply}", writes, meaning, **more)


def _heating(name: str, build: str, *columns: str, module: str = "simulator") -> SimulatorEntry:
    read = tuple(f"building.{c}" for c in ("heating_system", *columns))
    return SimulatorEntry(name, f"twin.devices.heating.{module}:{build}", read)


_PUMP = (
    "heat_pump_source",
    "heat_emission",
    "heat_pump_capacity_w",
    "heat_pump_operation",
    "heat_pump_defrost_loss",
    "ground_source_temperature_degc",
    "supply_temperature_degc",
    "backup_capacity_w",
    "emitter_heat_load_w",
    "design_heat_load_w",
)
_BOILER = ("boiler_type", "boiler_efficiency", "heater_capacity_w")
_HEATER = ("heat_pump_capacity_w", "heater_capacity_w", "design_heat_load_w")  # of heat pumps and electric heaters
_BUFFER = (
    "heat_buffer_volume_m3",
    "heat_buffer_low_degc",
    "heat_buffer_high_degc",
    "heat_buffer_loss_w_k",
    "heater_capacity_w",
)
_STEERED = (*OF_BUFFER, *OF_CONTROL, *OF_FLEXIBILITY)

_SWAPS = (
    _swap(
        "heat_pump",
        "HeatPump",
        "install_heat_pump",
        "Heat by a heat pump with electric back-up.",
        "heat_emission",
        "emitter_heat_load_w",
        "heating_setback_degc",
        assumes=(
            (
                "Heat pumps follow the manufacturers' curves that Ruhnau et al. fitted, times 0.85 for the field. "
                "Values by EN 14511 hold the defrosting at their test points and the factor what the field adds, so "
                "frost is not counted again.",
                "Ruhnau, Hirth & Praktiknjo 2019, doi 10.1038/s41597-019-0199-y",
            ),
            (
                "Heat pumps on air can give 2 % more per kelvin than at -7 degC, between 0.7 and 1.3 of it; hot "
                "water is heated to 50 degC.",
                "twin: planning assumption after values by EN 14511",
            ),
            (
                "The flow temperature of heat pumps follows the outdoor temperature from the heating limit of "
                "15 degC on, with the exponents of EN 442 (radiators) and EN 1264 (floors).",
                "EN 442-1, EN 1264-2; twin: planning assumption for the heating limit",
            ),
        ),
    ),
    _swap("boiler", "Boiler", "install_boiler", "Heat by a boiler for gas, oil or biomass.", *_STEERED),
    _swap("district_heat", "DistrictHeat", "install_district_heat", "Heat from a heating network.", *_STEERED),
    _swap("electric_heating", "ElectricHeating", "install_electric_heating", "Heat directly by electricity."),
)

_HEAT_BUFFER = Measure(
    kind="heat_buffer",
    table="building",
    params="twin.devices.heating.control_measures:HeatBuffer",
    apply="twin.devices.heating.control_measures:install_buffer",
    writes=OF_BUFFER,
    meaning="A buffer storage behind heat pumps and electric heaters.",
    assumes=(
        (
            "Buffers hold water of one temperature in a room of 20 degC; their losses warm nobody. They serve space "
            "heat and hot water alike at any temperature within their band, and nothing below it.",
            "twin: planning assumption",
        ),
        (
            "Heat pumps heat their buffer at full power to the temperature it has; their capacity does not depend on "
            "it. Electric heaters before a buffer are sized to the design heat load where no capacity is stated.",
            "twin: planning assumption",
        ),
    ),
)

_HEATING_CONTROL = Measure(
    kind="heating_control",
    table="building",
    params="twin.devices.heating.control_measures:HeatingControl",
    apply="twin.devices.heating.control_measures:set_control",
    writes=OF_CONTROL,
    meaning="Change what decides when heat pumps and electric heaters run.",
    assumes=(
        (
            "Heat that a blocked heater cannot serve is counted, but the rooms do not cool down for it.",
            "twin: planning assumption",
        ),
        ("Prices and emission factors of a whole civil day are known as it begins.", "twin: planning assumption"),
    ),
)

_THERMAL_FLEXIBILITY = Measure(
    kind="thermal_flexibility",
    table="building",
    params="twin.devices.heating.flexibility_measures:ThermalFlexibility",
    apply="twin.devices.heating.flexibility_measures:make_flexible",
    writes=OF_FLEXIBILITY,
    meaning="Heat rooms ahead of time, on a signal and within bounds of comfort.",
    assumes=(
        ("Prices and emission factors of a whole civil day are known as it begins.", "twin: planning assumption"),
    ),
)

_INDICATORS = (
    Indicator("gas_demand", "Gas demand", "kWh", "lower", (Term("gas_consumption"),)),
    Indicator("oil_demand", "Heating oil demand", "kWh", "lower", (Term("oil_consumption"),)),
    Indicator("biomass_demand", "Wood demand", "kWh", "lower", (Term("biomass_consumption"),)),
    Indicator("district_heat_demand", "District heat demand", "kWh", "lower", (Term("district_heat_consumption"),)),
    Indicator(
        "seasonal_performance_factor",
        "Heat per electricity of heat pumps with their back-up",
        "1",
        "higher",
        (Term("heat_pump_heat"),),
        over=(Term("heat_pump_electricity"),),
    ),
    Indicator("heat_pump_electricity", "Electricity for heat pumps", "kWh", "lower", (Term("heat_pump_electricity"),)),
    Indicator("unserved_heat", "Heat wanted and not given", "kWh", "lower", (Term("unserved_heat"),), headline=True),
    Indicator("buffer_losses", "Heat lost by buffer storages", "kWh", "lower", (Term("buffer_losses"),)),
    Indicator("heating_starts", "Starts of heaters under a control", "1", "lower", (Term("heating_starts"),)),
)

_CARRIERS = (
    ("gas", "gas, lower heating value"),
    ("oil", "heating oil, lower heating value"),
    ("biomass", "wood, lower heating value"),
    ("district_heat", "heat from a network"),
)

WING = Wing(
    name="heating",
    columns={"building": tuple(COLUMNS.values())},
    fills=(
        _fill("heating_system", ("heating_system",), ("heated_floor_area_m2",)),
        _fill("emission", ("heat_emission",), ("heating_system",)),
        _fill("boiler", ("boiler_type",), ("heating_system",)),
        _fill("heat_pump", ("heat_pump_source", "heat_pump_sizing", "heat_pump_operation"), ("heating_system",)),
        _fill("ground", ("ground_source_temperature_degc",), ("heat_pump_source",)),
        _sized("capacity", ("heat_pump_capacity_w",), "heat_pump_sizing", "design_heat_load_w"),
        _sized("heaters", ("heater_capacity_w", "backup_capacity_w"), "heating_capacity_w", "occupants"),
        _sized("substation", ("substation_loss_w",), "heater_capacity_w"),
        _sized("emitters", ("emitter_heat_load_w",), "design_heat_load_w", "emitter_heat_load_w"),
        _sized("supply_temperature", ("supply_temperature_degc",), "heat_emission"),
        _fill(
            "buffer_volume",
            ("heat_buffer_volume_m3",),
            (
                "heat_buffer_sizing_l_kw",
                "heating_system",
                "heat_pump_capacity_w",
                "heater_capacity_w",
                "design_heat_load_w",
            ),
        ),
        _fill("buffer_loss", ("heat_buffer_loss_w_k",), ("heat_buffer_label", "heat_buffer_volume_m3")),
        _fill("control", ("heating_control",), ("heating_system", "heat_buffer_volume_m3")),
    ),
    factors=tuple(
        Factor(f"{section}.{carrier}", unit, f"{what} {of}", required=False, needed_by=(f"{carrier}_consumption",))
        for section, unit, what in (
            ("prices", "EUR/kWh", "what households pay for"),
            ("emissions", "kg/kWh", "CO2 equivalents of"),
        )
        for carrier, of in _CARRIERS
    ),
    measures=(*_SWAPS, _HEAT_BUFFER, _HEATING_CONTROL, _THERMAL_FLEXIBILITY),
    simulators=(
        _heating("thermal_flexibility", "build", *OF_FLEXIBILITY, module="flexibility"),
        _heating("boiler", "build_boiler", *_BOILER),
        _heating("district_heat", "build_district_heat", "substation_loss_w", "heater_capacity_w"),
        _heating("electric_heating", "build_electric", "heating_control", "heater_capacity_w"),
        _heating("heat_pump", "build_heat_pump", *_PUMP, "heating_control"),
        _heating(
            "thermostat_heating",
            "build_thermostat",
            *_PUMP,
            *_BUFFER,
            "heating_control",
            "heating_lock",
            module="buffered",
        ),
        _heating(
            "shifted_heating",
            "build_shifted",
            *_PUMP,
            *_BUFFER,
            *OF_CONTROL[:3],
            module="buffered",
        ),
    ),
    indicators=_INDICATORS,
)
