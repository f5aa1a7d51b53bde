"""What the wing knows of heating systems: their columns, declared once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.devices.model import by_name
from twin.devices.water import LABELS
from twin.table import GIVEN, MEASURE, SERIES, Column, Table

__all__ = [
    "BOILERS",
    "BOILER_TYPES",
    "COLUMNS",
    "CONTROLLABLE",
    "CONTROLS",
    "DAY_AHEAD",
    "EMISSIONS",
    "FLEXIBILITIES",
    "HEATING_SYSTEMS",
    "OF_BUFFER",
    "OF_CONTROL",
    "OF_FLEXIBILITY",
    "OF_SYSTEM",
    "OPERATIONS",
    "SOURCES",
    "cells",
    "heater_capacity",
    "is_controlled",
    "is_stated",
]

# What boilers burn
BOILERS = {
    "gas_boiler": "gas_consumption",
    "oil_boiler": "oil_consumption",
    "biomass_boiler": "biomass_consumption",
}
HEATING_SYSTEMS = (*BOILERS, "district_heat", "heat_pump", "electric", "none")
BOILER_TYPES = ("standard", "low_temperature", "condensing", "wood")
SOURCES = ("air", "ground", "water")
# How a heat pump gives less than it can: as a fleet does on average, by switching, or by turning slower
OPERATIONS = ("fleet", "on_off", "inverter")
EMISSIONS = ("radiator", "floor")
CONTROLLABLE = ("heat_pump", "electric")  # systems that a store or a control can be given to
CONTROLS = ("follow", "thermostat", "price", "emissions", "lock")
FLEXIBILITIES = ("price", "emissions", "solar_surplus", "grid")
# What is known a day ahead, by the name of the control or flexibility that follows it
DAY_AHEAD = {"price": "prices.electricity", "emissions": "emissions.electricity"}

COLUMNS = by_name(
    Column("heating_system", "-", "str", "what makes heat and hot water", categories=HEATING_SYSTEMS),
    Column("heat_emission", "-", "str", "what gives the heat to the rooms", categories=EMISSIONS),
    Column("heater_capacity_w", "W", "float", "most heat that boiler, substation or electric heater can make", low=0),
    Column("boiler_type", "-", "str", "how well the boiler uses its fuel", categories=BOILER_TYPES),
    Column(
        "boiler_efficiency",
        "1",
        "float",
        "useful heat per fuel of the year, lower heating value, instead of what follows from type and load",
        low=0.3,
        high=1.11,
    ),
    Column("substation_loss_w", "W", "float", "standing loss of the district-heat substation", low=0),
    Column("heat_pump_source", "-", "str", "where the heat pump takes its heat from", categories=SOURCES),
    Column("heat_pump_sizing", "1", "float", "heat pump capacity per design heat load", low=0.0, high=3.0),
    Column("heat_pump_capacity_w", "W", "float", "thermal capacity of the heat pump, with air at -7 degC", low=0),
    Column("heat_pump_operation", "-", "str", "how the heat pump gives less than it can", categories=OPERATIONS),
    Column(
        "heat_pump_defrost_loss", "1", "float", "most of its heat that an air heat pump defrosts with", low=0, high=0.5
    ),
    Column("backup_capacity_w", "W", "float", "power of the electric heater beside the heat pump", low=0),
    Column("ground_source_temperature_degc", "degC", "float", "temperature of ground or groundwater", low=-5, high=40),
    Column(
        "supply_temperature_degc",
        "degC",
        "float",
        "flow temperature at which the heat emitters give the load that they were sized for",
        low=25,
        high=90,
    ),
    Column("emitter_heat_load_w", "W", "float", "heat load that radiators or floors were sized for", low=0),
    Column("heat_buffer_sizing_l_kw", "l/kW", "float", "water of the buffer per capacity of the heater", low=0),
    Column("heat_buffer_volume_m3", "m3", "float", "water of the buffer behind the heater", low=0),
    Column("heat_buffer_low_degc", "degC", "float", "lower edge of the buffer's band, below it nothing is drawn"),
    Column("heat_buffer_high_degc", "degC", "float", "upper edge of the buffer's band"),
    Column("heat_buffer_label", "-", "str", "energy label of the buffer, from its standing loss", categories=LABELS),
    Column("heat_buffer_loss_w_k", "W/K", "float", "standing loss per warmth above the surroundings", low=0),
    Column("heating_control", "-", "str", "what decides when heat is made", categories=CONTROLS),
    Column("heating_fill_hours", "h", "int", "hours of a civil day in which the buffer is filled", low=0, high=23),
    Column("heating_draw_hours", "h", "int", "hours of a civil day in which it is drawn on first", low=0, high=23),
    Column("heating_lock", "-", "str", "hours of the civil day in which the heater is blocked"),
    Column("heat_flexibility", "-", "str", "signal by which rooms are heated ahead of time", categories=FLEXIBILITIES),
    Column("flexibility_raise_k", "K", "float", "by how much the set point may be lifted", low=0, high=10),
    Column("flexibility_lower_k", "K", "float", "by how much the set point may be lowered", low=0, high=10),
    Column("flexibility_hours", "h", "int", "hours of a civil day in which it is lifted, and lowered", low=1, high=11),
    Column("flexibility_surplus_share", "1", "float", "solar power over other load from which it is lifted", low=0),
    Column("flexibility_high_pu", "1", "float", "voltage over nominal from which it is lifted", low=0, high=2),
    Column("flexibility_low_pu", "1", "float", "voltage over nominal below which it is lowered", low=0, high=2),
)


# What belongs to a system and goes with it, and what steers heat pumps and electric heaters
OF_SYSTEM = (
    "boiler_type",
    "boiler_efficiency",
    "heater_capacity_w",
    "substation_loss_w",
    "heat_pump_source",
    "heat_pump_sizing",
    "heat_pump_capacity_w",
    "heat_pump_operation",
    "heat_pump_defrost_loss",
    "backup_capacity_w",
    "ground_source_temperature_degc",
    "supply_temperature_degc",
)
OF_BUFFER = tuple(name for name in COLUMNS if name.startswith("heat_buffer_"))
OF_CONTROL = ("heating_control", "heating_fill_hours", "heating_draw_hours", "heating_lock")
OF_FLEXIBILITY = tuple(name for name in COLUMNS if name.startswith(("heat_flexibility", "flexibility_")))


def cells(table: Table, name: str) -> NDArray[Any]:
    """Return a column, all missing where no measure has put it."""
    return table[name] if name in table else COLUMNS[name].blank(len(table))


def is_controlled(table: Table) -> NDArray[np.bool_]:
    """Return where something else than the demand decides when heat is made."""
    control = cells(table, "heating_control")
    return np.asarray((control != "") & (control != "follow"))


def heater_capacity(table: Table) -> NDArray[np.float64]:
    """Return the heat that heat pumps and electric heaters with a buffer can make, W, ``(building,)``.

    An electric heater of no stated capacity is sized to the design heat load. NaN in buildings heated otherwise.
    """
    systems = table["heating_system"]
    stated = np.where(is_stated(table, "heater_capacity_w"), cells(table, "heater_capacity_w"), np.nan)
    electric = np.where(np.isnan(stated), table["design_heat_load_w"], stated)
    return np.select([systems == "heat_pump", systems == "electric"], [table["heat_pump_capacity_w"], electric], np.nan)


def is_stated(table: Table, name: str) -> NDArray[np.bool_]:
    """Return where a value was given or set by a measure, instead of assumed."""
    if name not in table:
        return np.zeros(len(table), dtype=bool)
    source = table.source(name)
    return np.asarray(np.isin(source, (GIVEN, SERIES)) | (source >= MEASURE))
