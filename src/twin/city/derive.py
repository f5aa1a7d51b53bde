"""What follows from the geometry of a city: columns of surfaces and buildings, to be derived again when it changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry import party_walls
from twin.city.geometry.polygons import Measured, heights, lowest, measure, shells
from twin.city.model import BUILDING_COLUMNS, SURFACE_COLUMNS, City, Geometry
from twin.table import DERIVED, MISSING, Table

__all__ = ["derive", "with_party_walls"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Texts = NDArray[np.str_]

# Where a file has no semantics, the slope decides. Mansard roofs reach about 75 degrees.
ROOF_TILT_DEG = 75.0
GROUND_TILT_DEG = 105.0


def derive(city: City) -> City:
    """Return the city with all columns that follow from the geometry of each building and object by itself.

    Surfaces get area, tilt and azimuth, and a type where they have none. Buildings get footprint, height and volume:
    by the divergence theorem for every building or part whose shell closes, else as footprint times mean roof height.
    A building without surfaces gets none of these. ``metadata["volume_method"]`` counts the buildings and parts by how
    their volume was found.
    """
    measured = measure(city.geometry)
    surfaces = _surface_columns(city.surfaces, measured)
    city = replace(city, tables={**city.tables, "surface": surfaces})
    buildings, methods = _building_columns(city, measured)
    metadata = {**city.metadata, "volume_method": methods}
    tables = {**city.tables, "building": buildings}
    if "city_object_surface" in tables:
        tables["city_object_surface"] = _sizes(tables["city_object_surface"], measure(city.surroundings))
    return replace(city, tables=tables, metadata=metadata)


def _sizes(surfaces: Table, measured: Measured) -> Table:
    """Return a table of surfaces with area, tilt and azimuth."""
    for name in ("area", "tilt", "azimuth"):
        column = SURFACE_COLUMNS[{"area": "area_m2", "tilt": "tilt_deg", "azimuth": "azimuth_deg"}[name]]
        surfaces = surfaces.put(column, getattr(measured, name), DERIVED)
    return surfaces


def _surface_columns(surfaces: Table, measured: Measured) -> Table:
    surfaces = _sizes(surfaces, measured)
    by_slope = np.select(
        [measured.tilt < ROOF_TILT_DEG, measured.tilt > GROUND_TILT_DEG],
        ["RoofSurface", "GroundSurface"],
        "WallSurface",
    )
    untyped = surfaces.missing("type") | (surfaces.source("type") == DERIVED)
    return surfaces.put(SURFACE_COLUMNS["type"], by_slope, DERIVED, where=untyped)


def _building_columns(city: City, measured: Measured) -> tuple[Table, dict[str, int]]:
    owner, n = city.surface_owners()
    types, geometry, building = city.surfaces["type"], city.geometry, city.surfaces["building"]
    n_buildings = len(city.buildings)
    filled = np.bincount(owner, minlength=n) > 0
    enclosed = shells(geometry, measured, owner, n)
    footprint = _footprints(measured, types, owner, n)
    estimate = footprint * _mean_heights(geometry, measured, types, owner, n)
    volume = np.where(enclosed.closed, enclosed.volume, estimate)
    building_of = np.arange(n)
    if n > n_buildings:
        building_of[n_buildings:] = city.table("building_part")["building"]

    present = np.where(np.bincount(building, minlength=n_buildings) > 0, DERIVED, MISSING).astype(np.uint16)
    buildings = city.buildings
    for name, values in (
        ("footprint_m2", np.bincount(building_of, footprint, n_buildings)),
        ("volume_m3", np.bincount(building_of, volume, n_buildings)),
        ("height_m", heights(geometry, building, n_buildings)),
    ):
        buildings = buildings.put(BUILDING_COLUMNS[name], values, present)
    closed = int(enclosed.closed.sum())
    return buildings, {"divergence": closed, "footprint_x_height": int(filled.sum()) - closed}


def _footprints(measured: Measured, types: Texts, owner: Ints, n: int) -> Floats:
    """Return the projected ground area of every object, of its roofs where it has no ground surface."""
    level = np.abs(measured.vector[:, 2])
    ground = np.bincount(owner, level * (types == "GroundSurface"), n)
    roof = np.bincount(owner, level * (types == "RoofSurface"), n)
    return np.where(ground > 0, ground, roof)


def _mean_heights(geometry: Geometry, measured: Measured, types: Texts, owner: Ints, n: int) -> Floats:
    """Return the mean height of every object's roofs above its lowest corner; of its highest corner without roofs."""
    full = heights(geometry, owner, n)
    weight = np.abs(measured.vector[:, 2]) * (types == "RoofSurface")
    total = np.bincount(owner, weight, n)
    above = np.bincount(owner, weight * (measured.centroid[:, 2] - lowest(geometry, owner, n)[owner]), n)
    mean = np.where(total > 0, above / np.where(total > 0, total, 1.0), full)
    return np.clip(mean, 0.0, full)  # the centroid of a surface that is far from planar may lie outside it


def with_party_walls(city: City) -> City:
    """Return the city with the wall area that its buildings share, per surface and per building."""
    first, second, area = party_walls(city)
    n, building = len(city.surfaces), city.surfaces["building"]
    shared = np.minimum(np.bincount(first, area, n) + np.bincount(second, area, n), city.surfaces["area_m2"])
    per_building = np.bincount(building, shared, len(city.buildings))
    present = city.buildings.source("height_m")
    buildings = city.buildings.put(BUILDING_COLUMNS["party_wall_m2"], per_building, present)
    surfaces = city.surfaces.put(SURFACE_COLUMNS["party_wall_m2"], shared, DERIVED)
    return replace(city, tables={**city.tables, "building": buildings, "surface": surfaces})
