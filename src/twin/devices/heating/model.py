"""What the wing knows of heating systems: their columns, declared once."""

from __future__ import annotations

from twin.devices.model import by_name
from twin.table import Column

__all__ = ["COLUMNS", "EMISSIONS", "HEATING_SYSTEMS", "SOURCES"]

HEATING_SYSTEMS = ("gas_boiler", "heat_pump", "electric", "none")
SOURCES = ("air", "ground")
EMISSIONS = ("radiator", "floor")

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
)
