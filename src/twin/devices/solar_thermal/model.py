"""What the wing knows of solar thermal collectors: their columns, declared once."""

from __future__ import annotations

from twin.city.model import SURFACE_COLUMNS
from twin.devices.model import BUILDING, by_name
from twin.table import Column

__all__ = ["COLLECTORS", "COLLECTOR_COLUMNS"]

COLLECTORS = ("flat_plate", "evacuated_tube")

COLLECTOR_COLUMNS = by_name(
    BUILDING,
    Column("surface", "-", "int", "row of the surface the collectors lie on", low=0),
    Column("collector", "-", "str", "construction of the collectors", categories=COLLECTORS),
    SURFACE_COLUMNS["tilt_deg"],
    SURFACE_COLUMNS["azimuth_deg"],
    Column("aperture_m2", "m2", "float", "aperture of the collectors", low=0),
    Column("roof_area_m2", "m2", "float", "area of the surface that the collectors take", low=0),
    Column("eta0", "1", "float", "efficiency without losses, per aperture", low=0, high=1),
    Column("a1_w_m2k", "W/(m2 K)", "float", "losses per warmth, per aperture", low=0),
    Column("a2_w_m2k2", "W/(m2 K2)", "float", "losses per squared warmth, per aperture", low=0),
    Column("pipe_loss_w_k", "W/K", "float", "losses of the pipes per warmth of the collectors", low=0),
    Column("tank_m3", "m3", "float", "water of the building's tank that these collectors bring", low=0),
    Column("tank_loss_w_k", "W/K", "float", "standing loss of that tank per warmth above its surroundings", low=0),
    Column("pump_share", "1", "float", "power of the pump per heat collected", low=0, high=1),
)
