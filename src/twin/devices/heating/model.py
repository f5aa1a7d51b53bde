"""What the wing knows of heating systems: their columns, declared once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.devices.model import by_name
from twin.devices.water import LABELS
from twin.table import Column, Table

__all__ = [
    "COLUMNS",
    "CONTROLLABLE",
    "CONTROLS",
    "EMISSIONS",
    "HEATING_SYSTEMS",
    "SOURCES",
    "cells",
    "heater_capacity",
    "is_controlled",
]

HEATING_SYSTEMS = ("gas_boiler", "heat_pump", "electric", "none")
SOURCES = ("air", "ground")
EMISSIONS = ("radiator", "floor")
CONTROLLABLE = ("heat_pump", "electric")  # systems that a store or a control can be given to
CONTROLS = ("follow", "thermostat", "price", "emissions", "lock")

COLUMNS = by_name(
    Column("heating_system", "-", "str", "what makes heat and hot water", categories=HEATING_SYSTEMS),
    Column("heat_emission", "-", "str", "what gives the heat to the rooms", categories=EMISSIONS),
    Column(
        "boiler_efficiency", "1", "float", "useful heat per gas of the year, lower heating value", low=0.3, high=1.11
    ),
    Column("heat_pump_source", "-", "str", "where the heat pump takes its heat from", categories=SOURCES),
    Column("heat_pump_sizing", "1", "float", "heat pump capacity per design heat load", low=0.0, high=3.0),
    Column("heat_pump_capacity_w", "W", "float", "thermal capacity of the heat pump", low=0),
    Column("ground_source_temperature_degc", "degC", "float", "temperature of the undisturbed ground", low=-5, high=40),
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
)


def cells(table: Table, name: str) -> NDArray[Any]:
    """Return a column, all missing where no measure has put it."""
    return table[name] if name in table else COLUMNS[name].blank(len(table))


def is_controlled(table: Table) -> NDArray[np.bool_]:
    """Return where something else than the demand decides when heat is made."""
    control = cells(table, "heating_control")
    return np.asarray((control != "") & (control != "follow"))


def heater_capacity(table: Table) -> NDArray[np.float64]:
    """Return the heat that heat pumps and electric heaters can make, W; the latter are sized to the design heat load.

    NaN in buildings heated otherwise.
    """
    systems = table["heating_system"]
    electric = np.where(systems == "electric", table["design_heat_load_w"], np.nan)
    return np.where(systems == "heat_pump", table["heat_pump_capacity_w"], electric)
