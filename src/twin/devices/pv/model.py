"""What the wing knows of solar modules: their columns, declared once."""

from __future__ import annotations

from twin.city.model import SURFACE_COLUMNS
from twin.devices.model import BUILDING, by_name
from twin.devices.phases import PHASE
from twin.table import Column

__all__ = ["MOUNTINGS", "PV_COLUMNS", "TEMPERATURE_MODELS"]

MOUNTINGS = ("open_rack", "close_mount", "building_integrated")
TEMPERATURE_MODELS = ("noct", "sapm", "faiman")

PV_COLUMNS = by_name(
    BUILDING,
    Column("surface", "-", "int", "row of the surface the modules lie on", low=0),
    Column("module_area_m2", "m2", "float", "area of the modules", low=0),
    SURFACE_COLUMNS["tilt_deg"],
    SURFACE_COLUMNS["azimuth_deg"],
    Column("power_w", "W", "float", "direct-current power under standard test conditions", low=0),
    Column("temperature_coefficient", "1/K", "float", "change of their power with temperature", low=-0.02, high=0),
    Column("mounting", "-", "str", "how air gets behind the modules", categories=MOUNTINGS),
    Column("temperature_model", "-", "str", "how warm their cells are taken to be", categories=TEMPERATURE_MODELS),
    Column("low_light_correction", "-", "bool", "whether efficiency falls below 125 W/m2"),
    Column("masked_sky", "1", "float", "share of the sky's even light that rows in front hide", low=0, high=1),
    Column("system_loss", "1", "float", "lost to soiling, mismatch, wiring and outages", low=0, high=1),
    Column("inverter_w", "W", "float", "most alternating-current power of the inverter", low=0),
    Column("inverter_efficiency", "1", "float", "nominal efficiency of the inverter", low=0, high=1),
    PHASE,
)
