"""What the city itself brings as a wing: the measures that change what stands in it."""

from __future__ import annotations

from twin.registry import Measure, Wing

__all__ = ["WING"]

_MEASURES = "twin.city.measures:"
_ASSUMPTION = "twin: planning assumption"

# Columns of other wings, by which a building has more of what somebody stated
_GROWING = ("heated_floor_area_m2", "dwellings", "occupants")
_STATED_OF_NEW = (
    "usage_class",
    "year_of_construction",
    "storeys_above_ground",
    "measured_height_m",
    "roof_type",
    "lod",
)

WING = Wing(
    name="city",
    measures=(
        Measure(
            kind="demolish",
            table="building",
            params=_MEASURES + "Demolition",
            apply=_MEASURES + "demolish",
            writes=(),
            meaning="Demolish buildings with all that belongs to them.",
            reshapes=True,
        ),
        Measure(
            kind="add_storeys",
            table="building",
            params=_MEASURES + "Storeys",
            apply=_MEASURES + "add_storeys",
            writes=("storeys_above_ground", "measured_height_m", *_GROWING, "surface.building"),
            meaning="Add storeys to buildings: roofs go up, walls grow longer.",
            assumes=(
                (
                    "Storeys are added with the plan of the building at the ground; roofs, dormers, installations and "
                    "windows go up with them, entrances and what begins within a metre of the ground stay.",
                    _ASSUMPTION,
                ),
                (
                    "Heated floor area, dwellings and occupants that were stated grow in proportion to the storeys; "
                    "other data of the building, such as its year of construction and envelope, stay as they were.",
                    _ASSUMPTION,
                ),
            ),
            reshapes=True,
        ),
        Measure(
            kind="new_building",
            table="building",
            params=_MEASURES + "NewBuilding",
            apply=_MEASURES + "new_building",
            writes=(*_STATED_OF_NEW, "surface.building"),
            meaning="Put up a new building: a block with a flat roof.",
            assumes=(
                (
                    "A new building without ground_m stands on the lowest ground of the building nearest to it, one "
                    "without storeys has one per 3 m of height, one without usage_class holds dwellings.",
                    _ASSUMPTION,
                ),
            ),
            reshapes=True,
            selects=False,
        ),
    ),
)
