"""What the wing knows of charging stations: the columns of their table, declared once."""

from __future__ import annotations

from twin.devices.model import BUILDING, by_name
from twin.table import Column

__all__ = ["DEPOT_COLUMNS", "PLACES", "QUEUES", "STATION_COLUMNS"]

PLACES = ("public", "workplace", "depot")
QUEUES = ("return", "earliest_departure")

_POINTS = by_name(
    BUILDING,
    Column("place", "-", "str", "who charges there", categories=PLACES),
    Column("points", "-", "int", "vehicles that can charge at a time", low=1),
    Column("power_w", "W", "float", "most power a point gives", low=0),
    Column("limit_w", "W", "float", "most power all points give together, shared equally; none if missing", low=0),
    Column(
        "limit_from_h", "h", "float", "hour of the clock from which the limit holds; always if missing", low=0, high=24
    ),
    Column("limit_until_h", "h", "float", "hour of the clock until which it holds", low=0, high=24),
    Column("least_w", "W", "float", "power below which no vehicle is dimmed", low=0),
    Column("leaves_when_charged", "-", "bool", "whether vehicles make room as soon as they have what they want"),
    Column("sessions_per_day", "1/d", "float", "vehicles that come on a working day", low=0),
    Column("weekend_share", "1", "float", "those that come on a free day over those on a working day", low=0),
    Column("patience_s", "s", "float", "how long a vehicle waits for a free point", low=0),
)

DEPOT_COLUMNS = by_name(
    Column("vehicles", "-", "int", "vehicles that live at the depot", low=0),
    Column("energy_j", "J", "float", "energy that each vehicle wants when it returns", low=0),
    Column("return_h", "h", "float", "hour of the clock at which vehicles return, mean", low=0, high=24),
    Column("return_spread_h", "h", "float", "standard deviation of it", low=0),
    Column("departure_h", "h", "float", "hour of the clock at which they leave again, mean", low=0, high=24),
    Column("departure_spread_h", "h", "float", "standard deviation of it", low=0),
    Column("daily", "-", "bool", "whether they drive on weekends and holidays too"),
    Column("queue", "-", "str", "who gets the next free point", categories=QUEUES),
)

STATION_COLUMNS = {**_POINTS, **DEPOT_COLUMNS}
