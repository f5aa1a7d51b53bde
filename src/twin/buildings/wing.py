"""What the buildings wing brings."""

from __future__ import annotations

from twin.buildings.model import COLUMNS, ENVELOPE, U_VALUES, WINDOW_TO_WALL
from twin.city.model import BUILDING_COLUMNS
from twin.registry import Fill, Indicator, Input, Layer, Measure, SimulatorEntry, Suite, Term, Wing

__all__ = ["WING"]

_FILLS = "twin.buildings.fills:"
_TYPOLOGY = "twin.buildings.typology:"

_TRANSFER = (
    *U_VALUES,
    *WINDOW_TO_WALL,
    "thermal_bridge_u_w_m2k",
    "ground_temperature_factor",
    "air_change_1_h",
    "heated_floor_area_m2",
    "heating_set_point_degc",
)
_OCCUPIED = ("use_type", "heated_floor_area_m2", "occupants")
_SUMMER = ("shading_factor", "airing_1_h")
_CONTROL = ("heating_setback_degc", "heating_capacity_w", "cooled")
_ZONE = tuple(dict.fromkeys((*ENVELOPE, *_TRANSFER, *_OCCUPIED, *_SUMMER, *_CONTROL)))


def _fill(apply: str, writes: tuple[str, ...], keys: tuple[str, ...] = ()) -> Fill:
    columns = {**BUILDING_COLUMNS, **COLUMNS}
    return Fill("building", tuple(columns[name] for name in writes), keys, apply)


_ALL_FILLS = (
    _fill(_FILLS + "storeys", ("storeys_above_ground",), ("footprint_m2", "volume_m3", "measured_height_m")),
    _fill(_FILLS + "year", ("year_of_construction",)),
    _fill(_FILLS + "use_type", ("use_type",), ("usage_class", "footprint_m2", "storeys_above_ground")),
    _fill(_FILLS + "floor_area", ("heated_floor_area_m2",), ("use_type", "footprint_m2", "storeys_above_ground")),
    _fill(_FILLS + "dwellings", ("dwellings",), ("use_type", "heated_floor_area_m2")),
    _fill(_FILLS + "occupants", ("occupants",), ("use_type", "heated_floor_area_m2")),
    _fill(_FILLS + "refurbishment", ("refurbishment",)),
    _fill(
        _TYPOLOGY + "building_type",
        ("building_type",),
        ("use_type", "dwellings", "party_wall_m2", "storeys_above_ground"),
    ),
    _fill(
        _TYPOLOGY + "archetype", ("archetype",), ("building_type", "use_type", "year_of_construction", "refurbishment")
    ),
    _fill(_TYPOLOGY + "envelope", ENVELOPE, ("archetype",)),
    _fill(_FILLS + "thermal_bridges", ("thermal_bridge_u_w_m2k",), ("refurbishment",)),
    _fill(_FILLS + "ventilation", ("air_change_1_h",), ("use_type", "n50_1_h")),
    _fill(
        _FILLS + "use_conditions",
        ("heating_set_point_degc", "heating_setback_degc", "cooling_set_point_degc", "cooled"),
        ("use_type",),
    ),
    _fill(_FILLS + "site_conditions", ("ground_temperature_factor", "design_outdoor_temperature_degc")),
    _fill(_FILLS + "summer", _SUMMER, ("site.shading",)),
    _fill(
        _FILLS + "heat_load",
        ("design_heat_load_w",),
        (*_TRANSFER, "design_outdoor_temperature_degc"),
    ),
    _fill(_FILLS + "heating_capacity", ("heating_capacity_w",), ("design_heat_load_w", "heated_floor_area_m2")),
)

_HEAT = (Term("space_heating_demand"), Term("hot_water_demand"))
_AREA = "heated_floor_area_m2"

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
    ),
    harmonize="twin.buildings.energy_ade:harmonize",
    columns={"building": tuple(COLUMNS.values())},
    fills=_ALL_FILLS,
    measures=(
        Measure(
            kind="insulation",
            table="building",
            params="twin.buildings.measures:Insulation",
            apply="twin.buildings.measures:insulate",
            writes=("refurbishment", "archetype", *ENVELOPE, "thermal_bridge_u_w_m2k", "air_change_1_h"),
            meaning="Insulate the envelope, as a whole or part by part.",
        ),
        Measure(
            kind="set_point",
            table="building",
            params="twin.buildings.measures:SetPoint",
            apply="twin.buildings.measures:set_points",
            writes=("heating_set_point_degc", "heating_setback_degc", "cooling_set_point_degc", "cooled"),
            meaning="Keep other temperatures indoors.",
        ),
    ),
    simulators=(
        SimulatorEntry(
            "appliances", "twin.buildings.households:build", tuple(f"building.{name}" for name in _OCCUPIED)
        ),
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
        Indicator(
            "overheating_hours",
            "Hours above 26 degC indoors",
            "h",
            "lower",
            (Term("indoor_temperature"),),
            reduction="hours_above",
            threshold=26.0,
            standard="EN 16798-1, category II, without adaptation",
        ),
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
