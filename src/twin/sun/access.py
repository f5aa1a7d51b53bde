"""Light and air: what the planner wants to know of every facade, from what its surfaces see."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.sun.model import BUILDING_COLUMNS, IRRADIATION, OUTDOORS, SURFACE_COLUMNS
from twin.sun.study import SunStudy, exposed_shares
from twin.table import DERIVED, MISSING, Table
from twin.units import scale

__all__ = ["with_irradiation", "with_light_and_air"]

Floats = NDArray[np.float64]

_FACADES = ("WallSurface", "Window", "Door")
_SUNNY = (*_FACADES, "RoofSurface", "OuterFloorSurface")
_ON_SURFACES = tuple(column for column in SURFACE_COLUMNS.values() if column not in (IRRADIATION, OUTDOORS))


def with_irradiation(city: City, study: SunStudy) -> City:
    """Return the city with the sun of the weather year on every surface, found when first asked for."""
    surfaces = city.surfaces.put(OUTDOORS, city.surfaces["area_m2"] * exposed_shares(city), DERIVED)

    def make() -> Table:
        codes = np.where(np.isin(surfaces["type"], _SUNNY), DERIVED, MISSING).astype(np.uint16)
        return surfaces.put(IRRADIATION, study.irradiation() / scale(IRRADIATION.unit)[1], codes)

    return city.with_table(surfaces.defer([IRRADIATION], make))


def with_light_and_air(city: City, study: SunStudy) -> City:
    """Return the city with what every surface, and the facades of every building, have of sky and sun."""
    surfaces, buildings = city.surfaces, city.buildings

    def of_surfaces() -> Table:
        found = (study.sky_view_factors(), study.sky_components(), study.sun_hours(), study.annual_sun_hours())
        table, codes = surfaces, np.where(np.isin(surfaces["type"], _SUNNY), DERIVED, MISSING).astype(np.uint16)
        for column, values in zip(_ON_SURFACES, found, strict=True):
            table = table.put(column, values, codes)
        return table

    looked_at = surfaces.defer(_ON_SURFACES, of_surfaces)

    def of_buildings() -> Table:
        return _facades(city, looked_at, study.settings.sunlight_required_h)

    return city.with_table(looked_at).with_table(buildings.defer(list(BUILDING_COLUMNS.values()), of_buildings))


def _facades(city: City, surfaces: Table, required_h: float) -> Table:
    """Return the buildings with means over the area of their facades; missing where they have none."""
    facade = np.flatnonzero(np.isin(surfaces["type"], _FACADES))
    area = (surfaces["area_m2"] * exposed_shares(city))[facade]
    building, n = surfaces["building"][facade], len(city.buildings)
    total = np.bincount(building, area, n)
    means = {
        "facade_sky_view_factor": surfaces["sky_view_factor"],
        "facade_sky_component": 100.0 * surfaces["sky_component"],
        "facade_sun_hours": surfaces["sun_hours"],
        "facade_sunlit": 100.0 * (surfaces["sun_hours"] >= required_h),
        "facade_annual_sun_hours": surfaces["annual_sun_hours"],
    }
    table = city.buildings.put(BUILDING_COLUMNS["facade_m2"], total, DERIVED)
    codes = np.where(total > 0.0, DERIVED, MISSING).astype(np.uint16)
    for name, values in means.items():
        mean = np.bincount(building, area * values[facade], n) / np.where(total > 0.0, total, 1.0)
        table = table.put(BUILDING_COLUMNS[name], mean, codes)
    return table
