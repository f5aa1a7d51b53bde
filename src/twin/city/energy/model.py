"""What energy tables a city has if its file speaks of energy: every column declared once.

Rows are objects of the Energy ADE; what a file says of one beyond these columns is in ``city.attributes[table][row]``
under the file's own names. Of libraries and zones there may be rows that nothing refers to.
"""

from __future__ import annotations

from twin.table import Column

__all__ = ["BOUNDARY_TYPES", "ENERGY_COLUMNS"]

_U = "W/(m2 K)"

# thermalBoundaryType of the Energy ADE 1.0; the surface classes of CityGML and of the ADE 3.0 are mapped to them
BOUNDARY_TYPES = (
    "outerWall",
    "roof",
    "groundSlab",
    "basementCeiling",
    "basementWall",
    "atticFloor",
    "outerFloor",
    "sharedWall",
    "interiorWall",
    "intermediaryFloor",
)


def _row(name: str, table: str, meaning: str) -> Column:
    return Column(name, "-", "int", meaning, low=0, refers=table)


def _text(name: str, meaning: str) -> Column:
    return Column(name, "-", "str", meaning)


def _share(name: str, meaning: str) -> Column:
    return Column(name, "1", "float", meaning, low=0, high=1)


def _size(name: str, unit: str, meaning: str) -> Column:
    return Column(name, unit, "float", meaning, low=0)


_BUILDING = _row("building", "building", "row of the building it belongs to, missing if to none")
_PART = _row("part", "building_part", "row of the building part it belongs to, missing if to none")
_FACING = (
    Column("azimuth_deg", "deg", "float", "compass direction it faces, clockwise from north", low=0, high=360),
    Column("inclination_deg", "deg", "float", "angle of the outward normal from straight up", low=0, high=180),
)
_ORDER = Column("order", "-", "int", "place among those of the same owner, from 0", low=0)
_OWNER = _text("owner", "identifier of the object it belongs to")
_FLOOR = (
    _size("floor_area_m2", "m2", "floor area of the best type stated: energy reference, net, gross"),
    _text("floor_area_type", "what floor area that is, as found"),
)

_TABLES: dict[str, tuple[Column, ...]] = {
    "thermal_zone": (
        _BUILDING,
        _PART,
        Column("heated", "-", "bool", "whether it is heated"),
        Column("cooled", "-", "bool", "whether it is cooled"),
        *_FLOOR,
        _size("volume_m3", "m3", "volume of the best type stated: energy reference, net, gross"),
        _text("volume_type", "what volume that is, as found"),
        _size("infiltration_1_h", "1/h", "air change by infiltration"),
        _size("heat_capacity_j_k", "J/K", "heat capacity of the zone"),
        _size("heat_capacity_j_m2k", "J/(m2 K)", "heat capacity per floor area"),
        _size("thermal_bridge_u_w_m2k", _U, "supplement to all U-values for thermal bridges"),
        _share("indirectly_heated_share", "share of the floor area that is heated indirectly"),
    ),
    "thermal_boundary": (
        _BUILDING,
        _PART,
        _row("zone", "thermal_zone", "row of the zone it bounds, missing if the file links it to none"),
        _text("other_zone", "identifier of the zone or surface on its other side"),
        Column("type", "-", "str", "what it is", categories=BOUNDARY_TYPES),
        Column(
            "beyond", "-", "str", "what is on its other side", categories=("outdoors", "ground", "unheated", "zone")
        ),
        Column("adiabatic", "-", "bool", "whether no heat passes"),
        _row("surface", "surface", "row of the boundary surface it is or lies on, the first of several polygons"),
        _size("area_m2", "m2", "area with its openings"),
        _size("opaque_area_m2", "m2", "area without its openings"),
        _share("opening_share", "openings over the area with them"),
        *_FACING,
        _share("sky_view", "view factor to the sky"),
        _share("ground_view", "view factor to the ground"),
        _size("thickness_m", "m", "thickness"),
        _size("heat_capacity_j_m2k", "J/(m2 K)", "heat capacity per area"),
        _row("construction", "construction", "row of its construction"),
    ),
    "thermal_opening": (
        _BUILDING,
        _row("boundary", "thermal_boundary", "row of the boundary it is in"),
        _row("surface", "surface", "row of the window or door it is"),
        _size("area_m2", "m2", "area with its frame"),
        *_FACING,
        _share("sky_view", "view factor to the sky"),
        _share("ground_view", "view factor to the ground"),
        _share("openable_share", "share that can be opened"),
        _share("indoor_shading_cover", "most that shading indoors covers"),
        _share("indoor_shading_transmittance", "what shading indoors lets through"),
        _share("outdoor_shading_cover", "most that shading outdoors covers"),
        _share("outdoor_shading_transmittance", "what shading outdoors lets through"),
        _row("construction", "construction", "row of its construction"),
    ),
    "construction": (
        _text("name", "name, as found"),
        _row("base", "construction", "row of the construction that it is, seen from the other side"),
        Column("u_w_m2k", _U, "float", "thermal transmittance; of a wall by ISO 6946 where only layers are", low=0),
        _size("resistance_m2k_w", "m2 K/W", "thermal resistance of the layers, surface to surface"),
        _size("heat_capacity_j_m2k", "J/(m2 K)", "heat capacity of the layers per area"),
        _share("glazing_share", "share that is glazing, the rest being frame"),
        _share("total_transmittance", "solar energy transmittance, g-value"),
        _share("solar_transmittance", "direct transmittance of sunlight"),
        _share("visible_transmittance", "transmittance of visible light"),
        _share("outside_emissivity", "long-wave emissivity outside"),
        _share("inside_emissivity", "long-wave emissivity inside"),
        _share("outside_solar_reflectance", "reflectance of sunlight outside"),
    ),
    "layer": (
        _row("construction", "construction", "row of the construction"),
        _ORDER,
        _share("area_share", "share of the layer's area that it takes, beside others of the same order"),
        _size("thickness_m", "m", "thickness"),
        _row("material", "material", "row of the material"),
    ),
    "material": (
        _text("name", "name, as found"),
        Column("kind", "-", "str", "solid, or gas of which only the resistance counts", categories=("solid", "gas")),
        _size("conductivity_w_mk", "W/(m K)", "thermal conductivity"),
        _size("density_kg_m3", "kg/m3", "density"),
        _size("specific_heat_j_kgk", "J/(kg K)", "specific heat capacity"),
        _size("resistance_m2k_w", "m2 K/W", "thermal resistance of the whole layer"),
        Column("ventilated", "-", "bool", "whether the cavity is ventilated"),
    ),
    "usage_zone": (
        _BUILDING,
        _PART,
        _row("zone", "thermal_zone", "row of the thermal zone it lies in"),
        _text("usage", "usage code, as found"),
        *_FLOOR,
        Column("primary", "-", "bool", "whether it is the main usage"),
        Column("storeys", "-", "int", "storeys it spans", low=0, high=200),
        Column("building_units", "-", "int", "dwellings or other units in it", low=0),
        _size("occupants", "-", "people in it"),
        _size("internal_gain_w_m2", "W/m2", "heat from people and devices per floor area"),
        _size("internal_gain_w", "W", "heat from people and devices"),
        _share("convective_share", "convective share of the internal gain"),
        _share("radiant_share", "radiant share of the internal gain"),
        _share("latent_share", "latent share of the internal gain"),
        _row("heating_schedule", "schedule", "row of the schedule of heating set points"),
        _row("cooling_schedule", "schedule", "row of the schedule of cooling set points"),
        _row("ventilation_schedule", "schedule", "row of the schedule of ventilation"),
        _row("occupancy_schedule", "schedule", "row of the schedule of occupancy"),
    ),
    "schedule": (
        Column(
            "kind",
            "-",
            "str",
            "how it is given",
            categories=("constant", "dual", "daily_pattern", "composite", "series"),
        ),
        _text("unit", "unit of its values, as found"),
        Column("value", "-", "float", "value in use, or the mean"),
        Column("idle_value", "-", "float", "value out of use"),
        Column("start_h", "h", "float", "time of day at which use starts", low=0, high=24),
        Column("end_h", "h", "float", "time of day at which use ends", low=0, high=24),
        Column("hours_per_day", "h/d", "float", "hours of use a day", low=0, high=24),
        Column("days_per_year", "d/a", "float", "days of use a year", low=0, high=366),
    ),
    # What daily patterns, composite schedules and series are made of
    "schedule_component": (
        _row("schedule", "schedule", "row of the schedule it is a component of"),
        _ORDER,
        _text("day_type", "days or season it applies to, as found"),
        _text("period_start", "first day of the period it applies to, as found"),
        _text("period_end", "last day of the period it applies to, as found"),
        Column("repetitions", "-", "int", "how often it is repeated", low=0),
        _row("series", "time_series", "row of the series of its values"),
        _row("component", "schedule", "row of the schedule that is repeated"),
    ),
    "time_series": (
        Column("kind", "-", "str", "how it is given", categories=("regular", "irregular", "file", "sensor")),
        _text("start", "first time, as found"),
        _text("end", "last time, as found"),
        Column("step_s", "s", "float", "time between values; a year has 8,760 h", low=0),
        _text("unit", "unit of the values, as found"),
        _text("interpolation", "what a value stands for, as found"),
        _text("acquisition", "how the values were got, as found"),
        _text("file", "where the values are, if not in the city file"),
        Column("mean", "-", "float", "mean over time"),
        # what the series is of: a Dynamizer's attributeRef, or the object it was found in
        _text("entity_set", "table of what it belongs to, missing if we have no such table"),
        _text("entity", "identifier of what it belongs to"),
        _text("attribute", "attribute or property that it gives, as found"),
    ),
    # sorted by series: the values of a series are consecutive
    "time_series_value": (
        _row("series", "time_series", "row of the series"),
        Column("time_s", "s", "float", "time after the series' start"),
        Column("value", "-", "float", "value, in the series' unit"),
    ),
    "energy_demand": (
        _BUILDING,
        _OWNER,
        _text("kind", "class, as found"),
        _text("end_use", "end use, as found"),
        _text("carrier", "energy carrier, as found"),
        Column("energy_j_a", "J/a", "float", "energy per year"),
        _size("max_load_w", "W", "highest load"),
        Column("year", "a", "int", "year it is of", low=1000, high=2200),
        _row("series", "time_series", "row of its series in time"),
    ),
    "energy_system": (
        _BUILDING,
        _OWNER,
        _text("kind", "class, as found"),
        _text("model", "model, as found"),
        _size("power_w", "W", "installed power"),
        _share("efficiency", "nominal efficiency"),
        Column("count", "-", "int", "number of devices", low=0),
        Column("year_of_manufacture", "a", "int", "year of manufacture", low=1000, high=2200),
        _size("module_area_m2", "m2", "area of modules"),
        _size("aperture_area_m2", "m2", "area that takes up the sun"),
        *_FACING,
        _size("storage_j", "J", "energy it stores"),
        _size("storage_m3", "m3", "volume it stores"),
        _text("installed_on", "identifier of what it is installed on"),
    ),
    # Areas, volumes and heights of a stated type
    "qualified_size": (
        _BUILDING,
        _OWNER,
        Column("quantity", "-", "str", "what it is", categories=("area", "volume", "height")),
        _text("type", "what area, volume or height, as found"),
        _size("area_m2", "m2", "the area"),
        _size("volume_m3", "m3", "the volume"),
        _size("height_m", "m", "the height"),
    ),
    # All other objects: units, occupants, certificates, measures, weather data ... with their attributes
    "energy_object": (_BUILDING, _OWNER, _text("type", "class, as found")),
}

ENERGY_COLUMNS: dict[str, dict[str, Column]] = {
    table: {column.name: column for column in columns} for table, columns in _TABLES.items()
}
