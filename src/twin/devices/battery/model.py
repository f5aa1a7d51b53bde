"""What the wing knows of batteries: their columns, declared once."""

from __future__ import annotations

from twin.devices.model import BUILDING, by_name
from twin.table import Column

__all__ = ["BATTERY_COLUMNS", "CAPACITY_LEFT_AT_END_OF_LIFE", "STRATEGIES", "STREET_COLUMNS"]

STRATEGIES = ("self_consumption", "peak_shaving", "cheapest_hours", "lowest_emissions")
CAPACITY_LEFT_AT_END_OF_LIFE = 0.8

_COLUMNS = (
    Column("capacity_j", "J", "float", "usable energy when new", low=1),
    Column("power_w", "W", "float", "most power at its terminals, either way", low=1),
    Column("charge_efficiency", "1", "float", "energy stored per energy taken in", low=0.01, high=1),
    Column("discharge_efficiency", "1", "float", "energy given per energy taken from the store", low=0.01, high=1),
    Column("self_discharge", "1/s", "float", "share of the energy held that is lost per time", low=0),
    Column("soc_min", "1", "float", "share of the capacity below which it is not discharged", low=0, high=1),
    Column("soc_max", "1", "float", "share of the capacity above which it is not charged", low=0, high=1),
    Column("soc_start", "1", "float", "share of the capacity that it holds when the run begins", low=0, high=1),
    Column("strategy", "-", "str", "what decides when it charges and discharges", categories=STRATEGIES),
    Column("reserve", "1", "float", "share of the capacity kept for peaks or dear hours", low=0, high=1),
    Column("limit_w", "W", "float", "net load that peak shaving holds", low=0),
    Column("limit_share_of_peak", "1", "float", "the same as share of the largest net load so far", low=0, high=1),
    Column("cycle_life", "1", "float", "full equivalent cycles that alone wear it down to 80 %", low=1),
    Column("calendar_life_s", "s", "float", "time that alone wears it down to 80 %", low=1),
)

BATTERY_COLUMNS = by_name(BUILDING, *_COLUMNS)

STREET_COLUMNS = by_name(
    Column("transformer", "-", "int", "row of the transformer at whose low-voltage busbar it stands", low=0),
    *_COLUMNS,
)
