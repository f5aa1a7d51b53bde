"""What households switch on and draw off: kinds of events, with power, length and share of the energy.

Shares, powers and lengths are planning assumptions where no source is named. The structure is that of Richardson et
al. 2010 (doi 10.1016/j.enbuild.2010.05.023): what somebody at home starts, what runs by itself, and lighting.
"""

from __future__ import annotations

from twin.buildings.people.events import Kind

__all__ = [
    "ATTENDED",
    "COLD_WATER_DEGC",
    "DRAW_OFFS",
    "DRAW_OFF_DEGC",
    "LIGHTS",
    "TAP_DEGC",
    "UNATTENDED",
    "WATER_J_KG_K",
]

_MINUTE = 60.0
_HOUR = 3600.0

ATTENDED = (
    Kind("television, computers, music", 0.35, 120.0, 2 * _HOUR),
    Kind("cooking", 0.20, 1800.0, 30 * _MINUTE),
    Kind("laundry", 0.13, 450.0, 1.5 * _HOUR),
    Kind("tumble drying", 0.10, 1300.0, 1.25 * _HOUR),
    Kind("dishwashing", 0.10, 550.0, 1.5 * _HOUR),
    Kind("kettle, coffee, toaster, microwave", 0.07, 1500.0, 4 * _MINUTE),
    Kind("vacuum cleaner, iron, hair dryer", 0.05, 1300.0, 12 * _MINUTE),
)
"""What somebody at home starts; it goes on if nobody is there any more."""

UNATTENDED = (
    Kind("compressors and pumps", 0.5, 90.0, 1 * _HOUR),
    Kind("devices left on, on timers, on charge", 0.5, 80.0, 2 * _HOUR),
)
"""What runs while people sleep."""

LIGHTS = (Kind("lights of a room", 1.0, 50.0, 1 * _HOUR),)

WATER_J_KG_K = 4180.0
DRAW_OFF_DEGC = 60.0  # of the litres per person that the catalogue has; DVGW W 551
TAP_DEGC = 45.0  # Jordan & Vajen 2001
COLD_WATER_DEGC = 10.0  # EN 16147, DIN V 18599-8


def _draw_off(name: str, share: float, litres_per_minute: float, minutes: float) -> Kind:
    """Return a kind of draw-off at the tap; a litre is taken as a kilogram."""
    power = litres_per_minute / _MINUTE * WATER_J_KG_K * (TAP_DEGC - COLD_WATER_DEGC)
    return Kind(name, share, power, minutes * _MINUTE)


DRAW_OFFS = (
    _draw_off("washing hands", 0.14, 1.0, 1.0),
    _draw_off("kitchen, cleaning", 0.36, 6.0, 1.0),
    _draw_off("bath", 0.10, 14.0, 10.0),
    _draw_off("shower", 0.40, 8.0, 5.0),
)
"""Flows, lengths and shares of the volume by Jordan & Vajen, Realistic Domestic Hot-Water Profiles in Different Time
Scales, IEA SHC Task 26, Universitaet Marburg 2001 (from memory)."""
