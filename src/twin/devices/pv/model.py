"""What the wing knows of solar modules: their columns, declared once."""

from __future__ import annotations

from twin.city.model import SURFACE_COLUMNS
from twin.devices.model import BUILDING, by_name
from twin.table import Column

__all__ = ["PV_COLUMNS"]

PV_COLUMNS = by_name(
    BUILDING,
    Column("surface", "-", "int", "row of the surface the modules lie on", low=0),
    Column("module_area_m2", "m2", "float", "area of the modules", low=0),
    SURFACE_COLUMNS["tilt_deg"],
    SURFACE_COLUMNS["azimuth_deg"],
    Column("power_w", "W", "float", "direct-current power under standard test conditions", low=0),
    Column("inverter_w", "W", "float", "most alternating-current power of the inverter", low=0),
    Column("system_loss", "1", "float", "lost to soiling, mismatch, wiring and outages", low=0, high=1),
)
