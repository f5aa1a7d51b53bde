"""Light and air: what the planner wants to know of every facade, from what its surfaces see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.sun.model import BUILDING_COLUMNS, IRRADIATION, OUTDOORS, SURFACE_COLUMNS
from twin.sun.study import SunStudy
from twin.table import DERIVED, MISSING, Table
from twin.units import scale

__all__ = ["with_irradiation", "with_light_and_air"]

Codes = NDArray[np.uint16]

_FACADES = ("WallSurface", "Window", "Door")
_SUNNY = (*_FACADES, "RoofSurface", "OuterFloorSurface")
_ON_SURFACES = {
    SURFACE_COLUMNS["sky_view_factor"]: SunStudy.sky_view_factors,
    SURFACE_COLUMNS["sky_component"]: SunStudy.sky_components,
    SURFACE_COLUMNS["sun_hours"]: SunStudy.sun_hours,
    SURFACE_COLUMNS["annual_sun_hours"]: SunStudy.annual_sun_hours,
}


def with_irradiation(city: City, study: SunStudy) -> City:
    """Return the city with the sun of the weather year on every surface, found when first asked for."""
    surfaces = city.surfaces.put(OUTDOORS, city.surfaces["area_m2"] * study.exposed, DERIVED)

    def make() -> Table:
        return surfaces.put(IRRADIATION, study.irradiation() / scale(IRRADIATION.unit)[1], _where_sunny(surfaces))

    return city.with_table(surfaces.defer([IRRADIATION], make))


def with_light_and_air(city: City, study: SunStudy) -> City:
    """Return the city with what every surface, and the facades of every building, have of sky and sun."""
    surfaces, buildings = city.surfaces, city.buildings

    def of_surfaces() -> Table:
        table, codes = surfaces, _where_sunny(surfaces)
        for column, values in _ON_SURFACES.items():
            table = table.put(column, values(study), codes)
        return table

    looked_at = surfaces.defer(list(_ON_SURFACES), of_surfaces)

    def of_buildings() -> Table:
        return _facades(buildings, looked_at, study)

    return city.with_table(looked_at).with_table(buildings.defer(list(BUILDING_COLUMNS.values()), of_buildings))


def _where_sunny(surfaces: Table) -> Codes:
    """Return the source of what is found of surfaces: derived, but missing for those that no sun is counted on."""
    return np.where(np.isin(surfaces["type"], _SUNNY), DERIVED, MISSING).astype(np.uint16)


def _facades(buildings: Table, surfaces: Table, study: SunStudy) -> Table:
    """Return the buildings with means over the area of their facades; missing where they have none."""
    facade = np.flatnonzero(np.isin(surfaces["type"], _FACADES))
    area = (surfaces["area_m2"] * study.exposed)[facade]
    building, n = surfaces["building"][facade], len(buildings)
    total = np.bincount(building, area, n)
    means = {
        "facade_sky_view_factor": surfaces["sky_view_factor"],
        "facade_sky_component": 100.0 * surfaces["sky_component"],
        "facade_sun_hours": surfaces["sun_hours"],
        "facade_sunlit": 100.0 * (surfaces["sun_hours"] >= study.settings.sunlight_required_h),
        "facade_annual_sun_hours": surfaces["annual_sun_hours"],
    }
    table = buildings.put(BUILDING_COLUMNS["facade_m2"], total, DERIVED)
    codes = np.where(total > 0.0, DERIVED, MISSING).astype(np.uint16)
    for name, values in means.items():
        mean = np.bincount(building, area * values[facade], n) / np.where(total > 0.0, total, 1.0)
        table = table.put(BUILDING_COLUMNS[name], mean, codes)
    return table
