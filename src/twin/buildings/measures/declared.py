"""What an option can do to buildings: the measures the wing brings."""

from __future__ import annotations

from twin.buildings.habits import BLINDS_DOWN_W_M2, NIGHT, WARM_DAY_DEGC
from twin.buildings.model import ENVELOPE
from twin.registry import Measure

__all__ = ["MEASURES"]

_BASE = "twin.buildings.measures.shared:"
_ENVELOPE = "twin.buildings.measures.envelope:"
_OPERATION = "twin.buildings.measures.operation:"

_TIGHT = ("n50_1_h", "infiltration_1_h", "air_change_1_h")
_SET_POINTS = ("heating_set_point_degc", "heating_setback_degc")
_SEALED = (
    "Where the air change was stated it falls with what leaks in, and people do not open windows more for it.",
    "twin: planning assumption",
)


def _measure(
    kind: str,
    params: str,
    apply: str,
    writes: tuple[str, ...],
    meaning: str,
    *assumes: tuple[str, str],
    reshapes: bool = False,
) -> Measure:
    return Measure(kind, "building", params, apply, writes, meaning, assumes, reshapes)


MEASURES = (
    _measure(
        "insulation",
        _ENVELOPE + "Insulation",
        _ENVELOPE + "insulate",
        tuple(dict.fromkeys(("refurbishment", "archetype", *ENVELOPE, "thermal_bridge_u_w_m2k", *_TIGHT))),
        "Insulate the envelope, as a whole or part by part.",
    ),
    _measure(
        "windows",
        _ENVELOPE + "Windows",
        _ENVELOPE + "insulate",
        ("window_u_w_m2k", "window_g", "frame_fraction", *_TIGHT),
        "Put in other windows.",
    ),
    _measure(
        "airtightness",
        _ENVELOPE + "Airtightness",
        _ENVELOPE + "make_airtight",
        _TIGHT,
        "Seal the envelope.",
        _SEALED,
    ),
    _measure(
        "shading_devices",
        _ENVELOPE + "ShadingDevices",
        _BASE + "set_columns",
        ("movable_shading_factor",),
        "Put up blinds or shutters that keep the sun out.",
        (
            f"Blinds are lowered while the sun on a facade is above {BLINDS_DOWN_W_M2:g} W/m2, in winter too, whether "
            "anybody is there or not.",
            "EN ISO 13790, 11.4.3; the rest: twin: planning assumption",
        ),
    ),
    _measure(
        "ventilation_system",
        _OPERATION + "VentilationSystem",
        _OPERATION + "ventilate",
        ("heat_recovery", "specific_fan_power_j_m3", *_TIGHT),
        "Ventilate with fans, and recover heat from the exhaust air.",
        _SEALED,
    ),
    _measure(
        "night_ventilation",
        _OPERATION + "NightVentilation",
        _BASE + "set_columns",
        ("night_ventilation_1_h",),
        "Let more air in at night after warm days.",
        (
            f"Air is let in from {NIGHT[0]} to {NIGHT[1]} h after days whose mean was {WARM_DAY_DEGC:g} degC or more "
            "outdoors.",
            "twin: planning assumption",
        ),
    ),
    _measure(
        "set_point",
        _OPERATION + "SetPoint",
        _OPERATION + "set_points",
        (*_SET_POINTS, "cooling_set_point_degc", "cooled"),
        "Keep other temperatures indoors.",
    ),
    _measure(
        "building_automation",
        _OPERATION + "BuildingAutomation",
        _OPERATION + "automate",
        ("heating_use_factor", "heating_setback_degc"),
        "Let automation and controls run the heating.",
        (
            "An efficiency class of automation multiplies the heat that rooms get, hour by hour alike; temperatures "
            "indoors, cooling and electricity stay as computed.",
            "twin: planning assumption; EN 15232-1:2017, factor method",
        ),
    ),
    _measure(
        "usage",
        _OPERATION + "Usage",
        _OPERATION + "change_use",
        ("use_type", "secondary_use_type", "secondary_use_share"),
        "Use buildings for something else, or the lower storeys of them.",
        reshapes=True,
    ),
    _measure(
        "rebound",
        _OPERATION + "Rebound",
        _OPERATION + "take_back",
        _SET_POINTS,
        "Let people take back part of what is saved by keeping rooms warmer.",
    ),
    _measure(
        "performance_gap",
        _OPERATION + "PerformanceGap",
        _OPERATION + "use_other_heat",
        ("heating_use_factor",),
        "Let buildings use more or less heat than is computed.",
    ),
)
