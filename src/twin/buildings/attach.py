"""The thermal zones of every heated building, as a table of their own, and what the site's air is like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.buildings.comfort import state_assumptions
from twin.buildings.kernel.ground import AIR_J_M3K
from twin.buildings.model import SITE_COLUMNS, ZONE_COLUMNS
from twin.buildings.people.settings import PeopleSettings, state_people
from twin.buildings.settings import BuildingSettings
from twin.buildings.zones.envelope import UNHEATED_NEIGHBOUR
from twin.buildings.zones.thermal_zones import ROOM_HEIGHT_M, heated
from twin.city.geometry import measure
from twin.city.geometry.shells import lowest
from twin.ledger import Ledger
from twin.quantities import Link
from twin.table import DERIVED, Table

if TYPE_CHECKING:
    from twin.city.model import City

__all__ = ["attach", "with_zones"]

SEA_LEVEL_PA = 101_325.0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def attach(city: City, inputs: Mapping[str, Any], ledger: Ledger) -> City:
    """Return the city with the table ``zone``, and with the heat capacity of the air at its site."""
    state_assumptions(ledger)
    state_people(inputs.get("people", PeopleSettings()), ledger)
    settings = inputs.get("buildings", BuildingSettings())
    _state_method(settings, ledger)
    return with_zones(_with_air(city), settings, ledger)


def _state_method(settings: BuildingSettings, ledger: Ledger) -> None:
    """State in the ledger how heat and cold are worked out."""
    if settings.method == "multinode":
        ledger.state(
            "Heat and cold of zones follow from networks of many nodes, with the mass of walls, roofs and floors "
            "spread over their thickness; the sun on opaque walls reaches rooms without their delay.",
            "EN ISO 52016-1; twin: planning assumption",
        )
    else:
        ledger.state("Heat and cold of zones follow from the simple hourly method, 5R1C.", "EN ISO 13790:2008, annex C")
    if settings.set_points == "operative":
        ledger.state("Set points are operative temperatures; nobody opens windows where it is warm.", "scenario")
    ledger.state(
        f"Rooms are {ROOM_HEIGHT_M:g} m high for their ventilation. Zones pass no heat to each other, nor to heated "
        f"neighbours; to one that is not heated, {UNHEATED_NEIGHBOUR:g} of what they would lose outdoors.",
        "TABULA calculation method, Loga & Diefenbach, IWU 2013; twin: planning assumption",
    )


def _with_air(city: City) -> City:
    """Return the city with the mean heat capacity of the air over the weather's year, by its pressure."""
    if "site" not in city.tables or "weather" not in city.tables:
        return city
    pressure = float(city.table("weather")["air_pressure"].mean())
    column = SITE_COLUMNS["air_heat_capacity_j_m3k"]
    return city.with_table(city.table("site").put(column, AIR_J_M3K * pressure / SEA_LEVEL_PA, DERIVED))


def with_zones(city: City, settings: BuildingSettings, ledger: Ledger) -> City:
    """Return the city with one zone per heated building or part, and use, sorted by building.

    The columns that follow from those of the building are left to the fills.
    """
    buildings = city.buildings
    warm = heated(buildings)
    if not warm.any():
        return city
    building, part = _places(city, warm, settings.zoning)
    share = np.where(buildings.missing("secondary_use_type"), 0.0, buildings["secondary_use_share"])[building]
    uses = np.array(ZONE_COLUMNS["use"].categories)
    place = np.repeat(np.arange(len(building)), 2)
    use = np.tile([0, 1], len(building))
    there = np.where(use == 1, share[place] > 0, share[place] < 1)
    place, use = place[there], use[there]
    volume_share = _volume_shares(city, building, part)
    if (part >= 0).any():
        ledger.state("Building parts share their building's heated floor area by volume.", "twin: planning assumption")
    table = Table("zone", _ids(city, building[place], part[place], use), len(place))
    table = table.put(ZONE_COLUMNS["building"], building[place], DERIVED)
    table = table.put(ZONE_COLUMNS["part"], part[place], DERIVED)
    table = table.put(ZONE_COLUMNS["volume_share"], volume_share[place], DERIVED)
    table = table.put(ZONE_COLUMNS["use"], uses[use], DERIVED)
    return city.with_table(table, Link.belongs("zone", "building", building[place]))


def _places(city: City, heated: NDArray[np.bool_], zoning: str) -> tuple[Ints, Ints]:
    """Return building and part (-1: all of it) of every place that is heated, sorted by building."""
    whole = np.flatnonzero(heated)
    if zoning == "building" or "building_part" not in city.tables:
        return whole, np.full(len(whole), -1)
    surfaces = city.surfaces
    with_part = ~surfaces.missing("part")
    parts = np.unique(surfaces["part"][with_part])
    of = city.table("building_part")["building"][parts]
    own = np.unique(surfaces["building"][~with_part & np.isin(surfaces["type"], ("WallSurface", "RoofSurface"))])
    alone = whole[np.isin(whole, own) | ~np.isin(whole, of)]
    building = np.concatenate([alone, of[heated[of]]])
    part = np.concatenate([np.full(len(alone), -1), parts[heated[of]]])
    order = np.lexsort((part, building))
    return building[order], part[order]


def _volume_shares(city: City, building: Ints, part: Ints) -> Floats:
    """Return the share of every place in the volume of its building; parts without volume share alike."""
    if (part < 0).all():
        return np.ones(len(building))
    measured, (owner, n) = measure(city.geometry), city.surface_owners()
    # the divergence theorem with the field (0, 0, z), from the height of the lowest point, which leaks do least
    of = city.surfaces["building"]
    height = measured.centroid[:, 2] - lowest(city.geometry, of, len(city.buildings))[of]
    outside = city.surfaces.missing("opening_of")
    volume = np.bincount(owner[outside], (measured.vector[:, 2] * height)[outside], n)
    own = np.maximum(volume[np.where(part < 0, building, len(city.buildings) + part)], 0.0)
    whole = np.bincount(building, own, len(city.buildings))[building]
    count = np.bincount(building, minlength=len(city.buildings))[building]
    return np.where(whole > 0, own / np.where(whole > 0, whole, 1.0), 1.0 / count)


def _ids(city: City, building: Ints, part: Ints, use: Ints) -> Any:
    """Return identifiers of zones: the building's or part's, a second use of it marked."""

    def make() -> NDArray[np.str_]:
        names = city.buildings.ids[building].astype(object)
        if "building_part" in city.tables:
            names = np.where(part >= 0, city.table("building_part").ids[part].astype(object), names)
        return np.asarray(names + np.where(use == 1, "/secondary", "").astype(object), dtype=np.str_)

    return make
