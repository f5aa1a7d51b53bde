"""What the wing knows of cooling systems: their columns, declared once."""

from __future__ import annotations

from twin.devices.model import by_name
from twin.table import Column

__all__ = ["COLUMNS", "COOLING_SYSTEMS"]

COOLING_SYSTEMS = ("none", "split", "chiller")

COLUMNS = by_name(
    Column("cooling_system", "-", "str", "what makes cold", categories=COOLING_SYSTEMS),
    Column(
        "cooling_efficiency", "1", "float", "cold per power at full load and 35 degC outdoors (EER)", low=0.5, high=20
    ),
)
