"""What the wing knows of charging points and vehicles: their columns, declared once."""

from __future__ import annotations

from twin.devices.model import BUILDING, by_name
from twin.table import Column

__all__ = ["POINT_COLUMNS", "STRATEGIES", "VEHICLE_COLUMNS"]

STRATEGIES = ("uncontrolled", "voltage_aware")

POINT_COLUMNS = by_name(
    BUILDING,
    Column("power_w", "W", "float", "most power it gives", low=0),
    Column("phases", "-", "int", "how many phases it is connected to", low=1, high=3),
    Column("strategy", "-", "str", "what decides how fast it charges", categories=STRATEGIES),
    Column("voltage_high_pu", "pu", "float", "voltage from which it gives full power", low=0.5, high=1.5),
    Column("voltage_low_pu", "pu", "float", "voltage at which it gives least power", low=0.5, high=1.5),
    Column("least_share", "1", "float", "share of its power that it gives at the lowest voltage", low=0, high=1),
)

VEHICLE_COLUMNS = by_name(
    Column("charging_point", "-", "int", "row of the charging point it charges at", low=0),
    Column("battery_j", "J", "float", "energy that the battery holds", low=0),
    Column("home_charging_j", "J", "float", "energy it charges here in a year", low=0),
)
