"""A case file small enough to read, and a weather that needs no file."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

PANE = {
    "thickness_m": 0.003,
    "conductivity": 1.0,
    "solar_transmittance": 0.834,
    "solar_reflectance_front": 0.075,
    "solar_reflectance_back": 0.075,
    "ir_emissivity_front": 0.84,
    "ir_emissivity_back": 0.84,
}
LAYER = {"thickness_m": 0.1, "conductivity": 0.5, "density": 1000, "specific_heat": 1000}
COMMON = {
    "geometry": {
        "length_ew_m": 8.0,
        "width_ns_m": 6.0,
        "height_m": 2.7,
        "floor_area_m2": 48.0,
        "volume_m3": 129.6,
        "wall_area_gross_m2": {"N": 21.6, "S": 21.6, "E": 16.2, "W": 16.2},
        "roof_area_m2": 48.0,
    },
    "ground_reflectance": 0.2,
    "infiltration_ach": 0.5,
    "internal_gains_W": {"total": 200.0, "radiative_fraction": 0.6},
    "surface": {
        "exterior_solar_absorptance": 0.6,
        "interior_solar_absorptance": 0.6,
        "exterior_ir_emissivity": 0.9,
        "interior_ir_emissivity": 0.9,
    },
    "thermostat": {"heating_C": 20.0, "cooling_C": 27.0},
}


def case_file(folder: Path, cases: dict[str, Any], **common: Any) -> Path:
    """Write a file of cases."""
    parts = {f"{part}_outside_to_inside": [LAYER] for part in ("wall", "roof", "floor")}
    content = {
        "common": {**copy.deepcopy(COMMON), **common},
        "constructions": {"plain": parts, "increased_insulation": {}},
        "glazing": {"double": {"panes_outside_to_inside": [PANE, PANE], "gap": {"gas": "air", "thickness_m": 0.012}}},
        "cases": {"A": {"construction": "plain", "glazing": "double", "window_orientation": "S"}, **cases},
    }
    path = folder / "cases.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path
