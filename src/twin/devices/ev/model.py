"""What the wing knows of charging points and vehicles: their columns, declared once."""

from __future__ import annotations

from twin.devices.model import BUILDING, by_name
from twin.devices.phases import PHASE
from twin.table import Column

__all__ = ["CONTROL_COLUMNS", "POINT_COLUMNS", "STRATEGIES", "VEHICLE_COLUMNS"]

# what each strategy has to be told
STRATEGIES: dict[str, tuple[str, ...]] = {
    "uncontrolled": (),
    "cheapest_hours": (),
    "lowest_emissions": (),
    "pv_surplus": ("guarantee",),
    "voltage_aware": ("voltage_high_pu", "voltage_low_pu", "least_share"),
    "feeder_limit": ("limit_share", "least_w"),
    "vehicle_to_grid": ("least_soc", "discharge_w", "round_trip_efficiency", "discharge_wear"),
}

POINT_COLUMNS = by_name(
    BUILDING,
    Column("power_w", "W", "float", "most power it gives", low=0),
    Column("phases", "-", "int", "how many phases it is connected to", low=1, high=3),
    PHASE,
    Column("strategy", "-", "str", "what decides how fast it charges", categories=tuple(STRATEGIES)),
    Column("voltage_high_pu", "pu", "float", "voltage from which it gives full power", low=0.5, high=1.5),
    Column("voltage_low_pu", "pu", "float", "voltage at which it gives least power", low=0.5, high=1.5),
    Column("least_share", "1", "float", "share of its power that it gives at the lowest voltage", low=0, high=1),
    Column("guarantee", "-", "bool", "whether it gives full power as soon as the time that is left just suffices"),
    Column("limit_share", "1", "float", "share of its rated power that the transformer may carry", low=0),
    Column("least_w", "W", "float", "power that it keeps under a limit of the grid", low=0),
    Column("least_soc", "1", "float", "share of charge below which nothing is given back", low=0, high=1),
    Column("discharge_w", "W", "float", "most power given back", low=0),
    Column("round_trip_efficiency", "1", "float", "what comes back of the energy drawn", low=0, high=1),
    Column("discharge_wear", "EUR/J", "float", "what giving back costs the battery", low=0),
)

CONTROL_COLUMNS = ("strategy", *(name for names in STRATEGIES.values() for name in names))

VEHICLE_COLUMNS = by_name(
    Column("charging_point", "-", "int", "row of the charging point it charges at", low=0),
    Column("model", "-", "str", "model of car, none for one by its numbers alone"),
    Column("battery_j", "J", "float", "energy that the battery holds", low=0),
    Column("onboard_w", "W", "float", "most alternating-current power of its charger", low=0),
    Column("onboard_phases", "-", "int", "how many phases its charger uses", low=1, high=3),
    Column("taper_from", "1", "float", "share of charge from which power falls", low=0, high=1),
    Column("target_soc", "1", "float", "share of charge that it wants to leave with", low=0, high=1),
    Column("home_charging_j", "J", "float", "energy it charges here in a year", low=0),
)
