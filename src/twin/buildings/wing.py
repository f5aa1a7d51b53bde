"""What the buildings wing brings."""

from __future__ import annotations

from typing import Literal

from twin.buildings.measures.declared import MEASURES
from twin.buildings.model import (
    COLUMNS,
    ENVELOPE,
    SITE_COLUMNS,
    SURFACE_COLUMNS,
    U_VALUES,
    WINDOW_TO_WALL,
    ZONE_COLUMNS,
)
from twin.city.model import BUILDING_COLUMNS
from twin.registry import Fill, Indicator, Input, Layer, Section, SimulatorEntry, Suite, Term, Wing

__all__ = ["WING"]

_SIZE = "twin.buildings.fills.size:"
_USE = "twin.buildings.fills.use:"
_HEATING = "twin.buildings.fills.heating:"
_TYPOLOGY = "twin.buildings.fills.typology:"
_ENVELOPE = "twin.buildings.fills.envelope:"
_ZONES = "twin.buildings.fills.zones:"

_TRANSFER = (
    *U_VALUES,
    *WINDOW_TO_WALL,
    "thermal_bridge_u_w_m2k",
    "ground_temperature_factor",
    "roof_temperature_factor",
    "air_change_1_h",
    "infiltration_1_h",
    "heat_recovery",
    "heated_floor_area_m2",
    "heating_set_point_degc",
)
_OCCUPIED = ("use_type", "heated_floor_area_m2", "occupants")
_SUMMER = ("shading_factor", "airing_1_h", "night_ventilation_1_h", "movable_shading_factor")
_CONTROL = ("heating_setback_degc", "heating_capacity_w", "cooled", "heating_use_factor")
_ZONE = tuple(dict.fromkeys((*ENVELOPE, *_TRANSFER, *_OCCUPIED, *_SUMMER, *_CONTROL)))


def _fill(apply: str, writes: tuple[str, ...], keys: tuple[str, ...] = ()) -> Fill:
    columns = {**BUILDING_COLUMNS, **COLUMNS}
    return Fill("building", tuple(columns[name] for name in writes), keys, apply)


def _of_zones(name: str, writes: tuple[str, ...], *keys: str) -> Fill:
    of_building = tuple(key if "." in key else f"building.{key}" for key in keys)
    return Fill("zone", tuple(ZONE_COLUMNS[c] for c in writes), of_building, _ZONES + name)


_SET_POINTS = ("heating_set_point_degc", "heating_setback_degc", "cooling_set_point_degc")
_SECONDARY = ("secondary_use_type", "secondary_use_share")

_ALL_FILLS = (
    _fill(_SIZE + "storeys", ("storeys_above_ground",), ("footprint_m2", "volume_m3", "measured_height_m")),
    _fill(_SIZE + "year", ("year_of_construction",)),
    _fill(_USE + "use_type", ("use_type",), ("usage_class", "footprint_m2", "storeys_above_ground")),
    _fill(
        _USE + "secondary_use",
        _SECONDARY,
        ("use_type", "storeys_above_ground"),
    ),
    _fill(_SIZE + "floor_area", ("heated_floor_area_m2",), ("use_type", "footprint_m2", "storeys_above_ground")),
    _fill(_SIZE + "dwellings", ("dwellings",), ("use_type", "heated_floor_area_m2", *_SECONDARY)),
    _fill(_USE + "occupants", ("occupants",), ("use_type", "heated_floor_area_m2", *_SECONDARY)),
    _fill(_ENVELOPE + "refurbishment", ("refurbishment",)),
    _fill(
        _TYPOLOGY + "building_type",
        ("building_type",),
        ("use_type", "dwellings", "party_wall_m2", "storeys_above_ground"),
    ),
    _fill(
        _TYPOLOGY + "archetype", ("archetype",), ("building_type", "use_type", "year_of_construction", "refurbishment")
    ),
    _fill(_TYPOLOGY + "envelope", ENVELOPE, ("archetype",)),
    _fill(_ENVELOPE + "thermal_bridges", ("thermal_bridge_u_w_m2k",), ("refurbishment",)),
    _fill(_USE + "ventilation", ("air_change_1_h",), ("use_type", "n50_1_h")),
    _fill(
        _USE + "use_conditions",
        ("heating_set_point_degc", "heating_setback_degc", "cooling_set_point_degc", "cooled"),
        ("use_type",),
    ),
    _fill(_HEATING + "site_conditions", ("design_outdoor_temperature_degc",)),
    _fill(_ENVELOPE + "summer", ("shading_factor", "airing_1_h"), ("site.shading",)),
    _fill(_ENVELOPE + "component_areas", ("outer_wall_m2", "window_m2", "roof_m2", "base_m2"), WINDOW_TO_WALL),
    _fill(_ENVELOPE + "attic", ("attic",)),
    _fill(_ENVELOPE + "attic_factor", ("roof_temperature_factor",), ("attic", "roof_u_w_m2k", "roof_m2")),
    _fill(_ENVELOPE + "basement", ("basement",), ("use_type",)),
    _fill(_ENVELOPE + "perimeter", ("ground_perimeter_m",)),
    _fill(_ENVELOPE + "ground", ("ground_temperature_factor",), ("basement", "base_u_w_m2k", "ground_perimeter_m")),
    _fill(_ENVELOPE + "infiltration", ("infiltration_1_h",), ("n50_1_h",)),
    _fill(_ENVELOPE + "fans", ("heat_recovery", "specific_fan_power_j_m3", "night_ventilation_1_h")),
    _fill(_ENVELOPE + "blinds", ("movable_shading_factor",)),
    _fill(_ENVELOPE + "use_factor", ("heating_use_factor",), ("heated_floor_area_m2",)),
    _fill(
        _HEATING + "heat_load",
        ("design_heat_load_w",),
        (*_TRANSFER, "design_outdoor_temperature_degc", "site.air_heat_capacity_j_m3k"),
    ),
    _fill(_HEATING + "heating_capacity", ("heating_capacity_w",), ("design_heat_load_w", "heated_floor_area_m2")),
    _of_zones("uses", ("use_type",), "use_type", "secondary_use_type"),
    _of_zones("areas", ("heated_floor_area_m2",), "heated_floor_area_m2", "secondary_use_share"),
    _of_zones(
        "people",
        ("occupants", "dwellings"),
        "occupants",
        "dwellings",
        "zone.use_type",
        "zone.heated_floor_area_m2",
    ),
    _of_zones("set_points", _SET_POINTS, *_SET_POINTS, "zone.use_type"),
    _of_zones("air_changes", ("air_change_1_h",), "air_change_1_h", "infiltration_1_h", "zone.use_type"),
)

_HEAT = (Term("space_heating_demand"), Term("hot_water_demand"))
_AREA = "heated_floor_area_m2"
_CATEGORIES = tuple(f"floor_area_in_category_{k}" for k in (1, 2, 3, 4))
_ROMAN = ("I", "II", "III", "IV")


def _in_category(k: int) -> Indicator:
    better: Literal["higher", "neutral", "lower"] = "higher" if k == 1 else "lower" if k == 4 else "neutral"
    return Indicator(
        f"time_in_category_{k}",
        f"Time in use in comfort category {_ROMAN[k - 1]}",
        "pct",
        better,
        (Term(_CATEGORIES[k - 1]),),
        over=tuple(map(Term, _CATEGORIES)),
        standard="EN 16798-1",
    )


def _outside_category(k: int) -> Indicator:
    title = f"Hours in use outside comfort category {_ROMAN[k - 1]}"
    return _hours(f"hours_outside_category_{k}", title, *_CATEGORIES[k:], standard="EN 16798-1")


def _hours(name: str, title: str, *floor_areas: str, unit: str = "h", standard: str = "") -> Indicator:
    """Return hours as the mean over the floor area: what floor area there was over time, by all of it."""
    return Indicator(name, title, unit, "lower", tuple(map(Term, floor_areas)), per=_AREA, standard=standard)


WING = Wing(
    name="buildings",
    inputs=(
        Input(
            "archetypes",
            read="twin.buildings.catalogue:read_catalogue",
            kind="catalogue",
            meaning="Catalogue of building archetypes and uses.",
            default="tabula-de",
        ),
        Input(
            "load_profiles",
            read="twin.buildings.people.load_profiles:read_load_profiles",
            kind="file",
            meaning="Standard load profiles by use, season, kind of day and time of day (CSV).",
            required=False,
        ),
    ),
    sections=(
        Section("buildings", "twin.buildings.settings:BuildingSettings", "How heat and cold are worked out."),
        Section("people", "twin.buildings.people.settings:PeopleSettings", "How people use appliances and water."),
    ),
    harmonize="twin.buildings.fills.modelled:harmonize",
    attach="twin.buildings.attach:attach",
    columns={
        "building": tuple(COLUMNS.values()),
        "zone": tuple(ZONE_COLUMNS.values()),
        "surface": tuple(SURFACE_COLUMNS.values()),
        "site": tuple(SITE_COLUMNS.values()),
    },
    fills=_ALL_FILLS,
    measures=MEASURES,
    simulators=(
        SimulatorEntry(
            "appliances", "twin.buildings.people.households:build", tuple(f"building.{name}" for name in _OCCUPIED)
        ),
        SimulatorEntry(
            "hot_water", "twin.buildings.people.hot_water:build", ("building.use_type", "building.occupants")
        ),
        SimulatorEntry("comfort", "twin.buildings.comfort:build", ("building.use_type", "building.cooled")),
        SimulatorEntry("buildings", "twin.buildings.simulator:build", tuple(f"building.{name}" for name in _ZONE)),
    ),
    indicators=(
        Indicator("heat_demand", "Heat demand", "kWh", "lower", _HEAT, headline=True),
        Indicator("heat_demand_per_m2", "Heat demand per floor area", "kWh/m2", "lower", _HEAT, per=_AREA),
        Indicator("space_heating_demand", "Space heating demand", "kWh", "lower", _HEAT[:1], standard="EN ISO 13790"),
        Indicator(
            "space_heating_demand_per_m2",
            "Space heating demand per floor area",
            "kWh/m2",
            "lower",
            _HEAT[:1],
            per=_AREA,
            standard="EN ISO 13790",
        ),
        Indicator("hot_water_demand", "Hot water demand", "kWh", "lower", _HEAT[1:]),
        Indicator(
            "space_cooling_demand",
            "Space cooling demand",
            "kWh",
            "lower",
            (Term("space_cooling_demand"),),
            standard="EN ISO 13790",
        ),
        Indicator("heat_load_peak", "Highest heat demand", "kW", "lower", _HEAT, reduction="max"),
        *(_in_category(k) for k in (1, 2, 3, 4)),
        *(_outside_category(k) for k in (1, 2, 3)),
        _hours("overheating_hours", "Hours in use above 26 degC", "overheated_floor_area"),
        _hours("overheating_degree_hours", "Degree-hours in use above 26 degC", "overheating_of_floor_area", unit="Kh"),
        _hours("unmet_heating_hours", "Hours in use below the heating set point", "underheated_floor_area"),
        _hours("unmet_cooling_hours", "Hours in use above the cooling set point", "undercooled_floor_area"),
    ),
    layers=(Layer("buildings", "triangles", "building", "twin.city.layers:building_triangles"),),
    suites=(
        Suite(
            "bestest",
            "twin.validation.bestest.suite:run",
            "heating and cooling of a simple room against the acceptance limits of ASHRAE 140 and other programs",
        ),
    ),
)
