"""What the wing knows of a building: the one declaration of its columns."""

from __future__ import annotations

from twin.city.model import USAGE_CLASSES
from twin.table import Column

__all__ = [
    "ATTICS",
    "BASEMENTS",
    "BUILDING_TYPES",
    "COLUMNS",
    "ENVELOPE",
    "HEATED_USES",
    "MOST_WINDOW",
    "REFURBISHMENTS",
    "RESIDENTIAL_USES",
    "SITE_COLUMNS",
    "SURFACE_COLUMNS",
    "UNHEATED",
    "USE_TYPES",
    "U_VALUES",
    "WINDOW_TO_WALL",
    "ZONE_COLUMNS",
    "ZONE_USES",
]

UNHEATED = "UNHEATED"

# Every usage class of the city model but the one whose size has yet to decide
USE_TYPES = tuple(use for use in USAGE_CLASSES if use != "RESIDENTIAL")
RESIDENTIAL_USES = ("MULTI_RES", "SINGLE_RES")
# Storeys that are not heated count as none: a smaller floor area says so
HEATED_USES = tuple(use for use in USE_TYPES if use != UNHEATED)
# TABULA: single family house, terraced house, multi family house, apartment block, high rise; non-residential
BUILDING_TYPES = ("SFH", "TH", "MFH", "AB", "HR", "NWG")
REFURBISHMENTS = ("existing", "usual", "advanced")
ATTICS = ("none", "unheated", "heated")
BASEMENTS = ("none", "unheated", "heated")
MOST_WINDOW = 0.95  # share of a wall: what is left is frame of the building
ZONE_USES = ("main", "secondary")

_U = "W/(m2 K)"


_DECLARED = (
    Column("use_type", "-", "str", "main use of the building", categories=USE_TYPES),
    Column("building_type", "-", "str", "TABULA size class", categories=BUILDING_TYPES),
    Column("refurbishment", "-", "str", "state of the envelope, as in TABULA", categories=REFURBISHMENTS),
    Column("archetype", "-", "str", "archetype the envelope is taken from"),
    Column("dwellings", "-", "int", "dwellings in the building", low=0, high=10_000),
    Column("occupants", "-", "float", "people who live or work in the building", low=0),
    Column("heated_floor_area_m2", "m2", "float", "conditioned floor area, internal dimensions", low=0),
    Column("wall_u_w_m2k", _U, "float", "thermal transmittance of the outer walls", low=0.05, high=10),
    Column("roof_u_w_m2k", _U, "float", "thermal transmittance of the roof or upper ceiling", low=0.05, high=10),
    Column("base_u_w_m2k", _U, "float", "thermal transmittance of the floor to ground or cellar", low=0.05, high=10),
    Column("window_u_w_m2k", _U, "float", "thermal transmittance of the windows with frame", low=0.3, high=10),
    Column("thermal_bridge_u_w_m2k", _U, "float", "supplement to all U-values for thermal bridges", low=0, high=0.5),
    Column("window_g", "1", "float", "solar energy transmittance of the glazing at normal incidence", low=0, high=1),
    Column("frame_fraction", "1", "float", "share of the window that is frame", low=0, high=0.9),
    Column("shading_factor", "1", "float", "share of the sun on a facade that reaches its windows", low=0, high=1),
    Column("wall_absorptance", "1", "float", "solar absorptance of the outer walls", low=0, high=1),
    Column("roof_absorptance", "1", "float", "solar absorptance of the roof", low=0, high=1),
    Column("window_to_wall_north", "1", "float", "window share of outer walls facing north", low=0, high=MOST_WINDOW),
    Column("window_to_wall_east", "1", "float", "window share of outer walls facing east", low=0, high=MOST_WINDOW),
    Column("window_to_wall_south", "1", "float", "window share of outer walls facing south", low=0, high=MOST_WINDOW),
    Column("window_to_wall_west", "1", "float", "window share of outer walls facing west", low=0, high=MOST_WINDOW),
    Column(
        "thermal_capacity_j_m2k", "J/(m2 K)", "float", "internal heat capacity per heated floor area", low=2e4, high=2e6
    ),
    Column("n50_1_h", "1/h", "float", "air change at 50 Pa pressure difference", low=0, high=50),
    Column("air_change_1_h", "1/h", "float", "air change by ventilation and infiltration", low=0, high=50),
    Column("airing_1_h", "1/h", "float", "air change with windows opened because it is warm", low=0, high=50),
    Column(
        "heating_set_point_degc", "degC", "float", "indoor temperature kept while people are active", low=-20, high=35
    ),
    Column("heating_setback_degc", "degC", "float", "indoor temperature kept otherwise", low=-20, high=35),
    Column("cooled", "-", "bool", "whether the building has active cooling"),
    Column("cooling_set_point_degc", "degC", "float", "indoor temperature kept by cooling", low=0, high=50),
    Column(
        "ground_temperature_factor",
        "1",
        "float",
        "heat lost by the ground over that of a floor to outdoor air; walls of heated basements count too",
        low=0,
        high=10,
    ),
    Column(
        "design_outdoor_temperature_degc",
        "degC",
        "float",
        "outdoor temperature of the design heat load",
        low=-50,
        high=20,
    ),
    Column("design_heat_load_w", "W", "float", "heat load at the design outdoor temperature, without gains", low=0),
    Column("heating_capacity_w", "W", "float", "most that the heating can give to the rooms", low=0),
    Column("cooling_capacity_w", "W", "float", "most that the cooling can take from the rooms", low=0),
    Column("secondary_use_type", "-", "str", "use of the lower storeys where it is another", categories=HEATED_USES),
    Column("secondary_use_share", "1", "float", "share of the floor area in that use", low=0, high=1),
    Column("attic", "-", "str", "space below the roof", categories=ATTICS),
    Column("basement", "-", "str", "space below the ground floor", categories=BASEMENTS),
    Column(
        "roof_temperature_factor",
        "1",
        "float",
        "share of the outdoor temperature difference that the roof or upper ceiling sees",
        low=0,
        high=1,
    ),
    Column("infiltration_1_h", "1/h", "float", "part of the air change that leaks in", low=0, high=50),
    Column("heat_recovery", "1", "float", "temperature efficiency of heat recovery from exhaust air", low=0, high=0.98),
    Column("specific_fan_power_j_m3", "J/m3", "float", "electric work of fans per volume of air", low=0, high=20_000),
    Column("night_ventilation_1_h", "1/h", "float", "air change added at night after warm days", low=0, high=50),
    Column("movable_shading_factor", "1", "float", "share of the sun that lowered blinds let pass", low=0, high=1),
    Column("heating_use_factor", "1", "float", "heat used over heat computed: performance gap", low=0.1, high=3),
    Column("outer_wall_m2", "m2", "float", "area of outer walls without windows", low=0),
    Column("window_m2", "m2", "float", "area of windows with frame", low=0),
    Column("roof_m2", "m2", "float", "area of roof or upper ceiling to the air", low=0),
    Column("base_m2", "m2", "float", "area of the floor to ground or cellar", low=0),
    Column("ground_perimeter_m", "m", "float", "exposed perimeter of the ground floor", low=0),
)

# Of one thermal zone: a building, or a part of it, in one use
ZONE_COLUMNS: dict[str, Column] = {
    c.name: c
    for c in (
        Column("building", "-", "int", "row of the building the zone belongs to", low=0, refers="building"),
        Column("part", "-", "int", "row of the building part, -1 for a whole building", low=-1),
        Column("volume_share", "1", "float", "share of its part in the building's volume", low=0, high=1),
        Column("use", "-", "str", "which of the building's uses", categories=ZONE_USES),
        Column("use_type", "-", "str", "use of the zone", categories=USE_TYPES),
        Column("heated_floor_area_m2", "m2", "float", "conditioned floor area, internal dimensions", low=0),
        Column("air_change_1_h", "1/h", "float", "air change by ventilation and infiltration", low=0, high=50),
        Column("occupants", "-", "float", "people who live or work in the zone", low=0),
        Column("dwellings", "-", "float", "dwellings in the zone", low=0),
        Column("heating_set_point_degc", "degC", "float", "temperature kept while people are active", low=-20, high=35),
        Column("heating_setback_degc", "degC", "float", "temperature kept otherwise", low=-20, high=35),
        Column("cooling_set_point_degc", "degC", "float", "temperature kept by cooling", low=0, high=50),
    )
}

COLUMNS: dict[str, Column] = {c.name: c for c in _DECLARED}

U_VALUES = ("wall_u_w_m2k", "roof_u_w_m2k", "base_u_w_m2k", "window_u_w_m2k")
WINDOW_TO_WALL = ("window_to_wall_north", "window_to_wall_east", "window_to_wall_south", "window_to_wall_west")
# What an archetype says of a building
ENVELOPE = (
    *U_VALUES,
    "window_g",
    "frame_fraction",
    "wall_absorptance",
    "roof_absorptance",
    *WINDOW_TO_WALL,
    "thermal_capacity_j_m2k",
    "n50_1_h",
)

# What is known of single surfaces; it goes before what is said of their building
SURFACE_COLUMNS: dict[str, Column] = {
    c.name: c
    for c in (
        Column("u_w_m2k", _U, "float", "thermal transmittance of its opaque part", low=0.05, high=10),
        Column("window_share", "1", "float", "share of the surface that is window", low=0, high=MOST_WINDOW),
        Column("window_u_w_m2k", _U, "float", "thermal transmittance of its windows with frame", low=0.3, high=10),
        Column("window_g", "1", "float", "solar energy transmittance of its glazing", low=0, high=1),
    )
}

SITE_COLUMNS: dict[str, Column] = {
    "air_heat_capacity_j_m3k": Column(
        "air_heat_capacity_j_m3k", "J/(m3 K)", "float", "heat capacity of the air by volume", low=400, high=1500
    )
}
