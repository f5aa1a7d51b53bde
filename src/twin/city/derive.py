"""What follows from the geometry of a city: columns of surfaces and buildings, to be derived again when it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry.openings import Openings, measure_openings
from twin.city.geometry.shells import Shells, heights, lowest, shells
from twin.city.geometry.sizes import Measured, azimuths, measure, tilts
from twin.city.geometry.walls import shared_walls
from twin.city.model import BUILDING_COLUMNS, PARTY_WALL_COLUMNS, SURFACE_COLUMNS, City, Geometry
from twin.table import DERIVED, MISSING, Table

__all__ = ["Figures", "derive", "volume_methods", "with_party_walls"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Texts = NDArray[np.str_]
Measure = Callable[[], "Figures"]

# Where a file has no semantics, the slope decides. Mansard roofs reach about 75 degrees.
ROOF_TILT_DEG = 75.0
GROUND_TILT_DEG = 105.0

FLAT_M = 0.01  # geometry of less height is a footprint


@dataclass(frozen=True, slots=True)
class Figures:
    """Sizes of the surfaces of buildings, of what they enclose, and of the windows and doors in them.

    Attributes
    ----------
    area, normal
        Of every surface, as `Measured`.
    plan, middle
        Area of every surface in plan (positive if it faces up), m2, and height of its centroid, m.
    enclosed
        By every building and part, as `City.surface_owners` numbers them.
    off_plane
        How far corners of every surface lie off its mean plane at most, m.
    lost
        Area that windows and doors take of the polygon of every surface, m2; nothing where it has a hole for them.
    openings
        Area of the windows and doors in every surface, as seen along its normal, m2.
    """

    area: Floats
    normal: Floats
    plan: Floats
    middle: Floats
    enclosed: Shells
    off_plane: Floats
    lost: Floats
    openings: Floats

    @classmethod
    def taken(cls, measured: Measured, enclosed: Shells, openings: Openings) -> Figures:
        """Return copies of what is needed, so that the rest can be forgotten."""
        plan, middle = measured.vector[:, 2].copy(), measured.centroid[:, 2].copy()
        area, normal = measured.area.copy(), measured.normal.T.copy().T
        off_plane = measured.off_plane.copy()
        return cls(area, normal, plan, middle, enclosed, off_plane, openings.taken, openings.seen)

    @classmethod
    def of(cls, city: City) -> Figures:
        """Measure a city."""
        geometry, surfaces, (owner, n) = city.geometry, city.surfaces, city.surface_owners()
        measured = measure(geometry)
        opening = np.flatnonzero(~surfaces.missing("opening_of"))
        host = surfaces["opening_of"][opening] if len(opening) else opening
        openings = measure_openings(geometry, measured, opening, host)
        return cls.taken(measured, shells(geometry, measured, owner, n, openings.counted), openings)


def derive(city: City, figures: Measure | None = None, methods: dict[str, int] | None = None) -> City:
    """Return the city with all columns that follow from the geometry of each building and object by itself.

    Surfaces get area (less what windows and doors take), tilt and azimuth, and a type where they have none. Buildings
    get footprint, height, envelope, and volume: by the divergence theorem for every building or part whose shell
    closes, else as footprint times mean roof height; a mere footprint has the measured height. A building without
    surfaces gets none of these. ``volume_method`` says how, ``metadata["volume_method"]`` counts buildings and parts.
    All columns are worked out when one of them is first asked for.

    Parameters
    ----------
    figures
        Returns the sizes of the surfaces, the same however often it is asked; if None they are measured now.
    methods
        What `volume_methods` returns, needed with such a function.
    """
    if figures is None or methods is None:
        measured, (owner, n) = Figures.of(city), city.surface_owners()
        filled = np.bincount(owner, minlength=n) > 0
        figures, methods = lambda: measured, volume_methods(measured.enclosed.closed, filled)
    city = replace(city, tables={**city.tables, "surface": _surface_columns(city.surfaces, figures)})
    tables = {**city.tables, "building": _building_columns(city, figures)}
    if "city_object_surface" in tables:
        tables["city_object_surface"] = _object_surface_columns(tables["city_object_surface"], city.surroundings)
    return replace(city, tables=tables, metadata={**city.metadata, "volume_method": methods})


def _surface_columns(surfaces: Table, figures: Measure) -> Table:
    typed = surfaces.defer([SURFACE_COLUMNS["type"]], lambda: _with_types(surfaces, figures))

    def sizes() -> Table:
        now = figures()
        area = np.maximum(now.area - now.lost, 0.0)
        sized = _sizes(typed, area, tilts(now.normal), azimuths(now.normal))
        return sized.put(SURFACE_COLUMNS["opening_m2"], now.openings, DERIVED)

    return typed.defer([SURFACE_COLUMNS[name] for name in (*_SIZES, "opening_m2")], sizes)


def _object_surface_columns(surfaces: Table, geometry: Geometry) -> Table:
    def sizes() -> Table:
        measured = measure(geometry)
        return _sizes(surfaces, measured.area, measured.tilt, measured.azimuth)

    return surfaces.defer([SURFACE_COLUMNS[name] for name in _SIZES], sizes)


_SIZES = ("area_m2", "tilt_deg", "azimuth_deg")


def _sizes(surfaces: Table, *sizes: Floats) -> Table:
    """Return a table of surfaces with area, tilt and azimuth."""
    for name, values in zip(_SIZES, sizes, strict=True):
        surfaces = surfaces.put(SURFACE_COLUMNS[name], values, DERIVED)
    return surfaces


def _with_types(surfaces: Table, figures: Measure) -> Table:
    """Return the surfaces with a type by their slope where the file states none."""
    untyped = surfaces.missing("type") | (surfaces.source("type") == DERIVED)
    if not untyped.any():
        return surfaces
    tilt = tilts(figures().normal)
    slopes = [tilt < ROOF_TILT_DEG, tilt > GROUND_TILT_DEG]
    by_slope = np.select(slopes, ["RoofSurface", "GroundSurface"], "WallSurface")
    return surfaces.put(SURFACE_COLUMNS["type"], by_slope, DERIVED, where=untyped)


def volume_methods(closed: NDArray[np.bool_], filled: NDArray[np.bool_]) -> dict[str, int]:
    """Return for how many buildings and parts the volume is found in which way, from which close and have surfaces."""
    return {"divergence": int((filled & closed).sum()), "footprint_x_height": int((filled & ~closed).sum())}


def _building_columns(city: City, figures: Measure) -> Table:
    names = ("footprint_m2", "volume_m3", "height_m", "envelope_m2", "surface_to_volume_ratio", "volume_method")
    columns = [BUILDING_COLUMNS[name] for name in names]
    return city.buildings.defer(columns, lambda: _measured_buildings(city, figures()))


def _measured_buildings(city: City, figures: Figures) -> Table:
    (owner, n), buildings = city.surface_owners(), city.buildings
    n_buildings, building, geometry = len(buildings), city.surfaces["building"], city.geometry
    building_of = np.arange(n)
    if n > n_buildings:
        building_of[n_buildings:] = city.table("building_part")["building"]
    filled, closed = np.bincount(owner, minlength=n) > 0, figures.enclosed.closed
    types = city.surfaces["type"]
    footprint = _footprints(figures.plan, types, owner, n)
    volume: Floats = figures.enclosed.volume
    high = _measured_heights(buildings)
    if (filled & ~closed).any():
        mean = _mean_heights(geometry, figures, types, owner, n)
        flat = heights(geometry, owner, n) < FLAT_M
        volume = np.where(closed, volume, footprint * np.where(flat, high[building_of], mean))
    height = heights(geometry, building, n_buildings)
    height = np.where(height < FLAT_M, high, height)
    present = np.bincount(building, minlength=n_buildings) > 0
    envelope = np.bincount(building, _outer_areas(city.surfaces), n_buildings)
    enclosed: Floats = np.where(filled, volume, 0.0)
    volume = np.asarray(np.bincount(building_of, enclosed, n_buildings), dtype=np.float64)
    for name, numbers in (
        ("footprint_m2", np.bincount(building_of, footprint, n_buildings)),
        ("volume_m3", volume),
        ("height_m", height),
        ("envelope_m2", envelope),
        ("surface_to_volume_ratio", envelope / np.where(volume > 0, volume, np.nan)),
    ):
        values = np.asarray(numbers, dtype=np.float64)
        known = present & np.isfinite(values)
        codes = np.where(known, DERIVED, MISSING).astype(np.uint16)
        buildings = buildings.put(BUILDING_COLUMNS[name], np.where(known, values, 0.0), codes)
    return _volume_method(buildings, building_of, filled & closed, filled & ~closed)


def _outer_areas(surfaces: Table) -> Floats:
    """Return what each surface adds to its building's envelope: its openings too, which add nothing themselves."""
    outer = (surfaces["type"] != "ClosureSurface") & surfaces.missing("opening_of")
    areas: Floats = np.where(outer, surfaces["area_m2"] + surfaces["opening_m2"], 0.0)
    return areas


def _measured_heights(buildings: Table) -> Floats:
    """Return the height that a file states for its buildings, NaN where it does not."""
    if "measured_height_m" not in buildings:
        return np.full(len(buildings), np.nan)
    return np.where(buildings.missing("measured_height_m"), np.nan, buildings["measured_height_m"])


def _volume_method(
    buildings: Table, building_of: Ints, closed: NDArray[np.bool_], estimated: NDArray[np.bool_]
) -> Table:
    """Return the buildings with how their volume was found."""
    some_closed, some_estimated = (
        np.bincount(building_of[mask], minlength=len(buildings)) > 0 for mask in (closed, estimated)
    )
    some_estimated &= ~buildings.missing("volume_m3")
    methods = np.array(["", "divergence", "footprint_x_height", "mixed"])[some_closed + 2 * some_estimated]
    codes = np.where(methods != "", DERIVED, MISSING).astype(np.uint16)
    return buildings.put(BUILDING_COLUMNS["volume_method"], methods, codes)


def _footprints(plan: Floats, types: Texts, owner: Ints, n: int) -> Floats:
    """Return the projected ground area of every object, of its roofs where it has no ground surface."""
    level = np.abs(plan)
    ground = np.bincount(owner, level * (types == "GroundSurface"), n)
    roof = np.bincount(owner, level * (types == "RoofSurface"), n)
    return np.where(ground > 0, ground, roof)


def _mean_heights(geometry: Geometry, figures: Figures, types: Texts, owner: Ints, n: int) -> Floats:
    """Return the mean height of every object's roofs above its lowest corner; of its highest corner without roofs."""
    full = heights(geometry, owner, n)
    weight = np.abs(figures.plan) * (types == "RoofSurface")
    total = np.bincount(owner, weight, n)
    above = np.bincount(owner, weight * (figures.middle - lowest(geometry, owner, n)[owner]), n)
    mean = np.where(total > 0, above / np.where(total > 0, total, 1.0), full)
    return np.clip(mean, 0.0, full)  # the centroid of a surface that is far from planar may lie outside it


def with_party_walls(city: City) -> City:
    """Return the city with the wall area that its buildings, and parts of one building, share.

    Surfaces and buildings get ``party_wall_m2`` and ``interior_wall_m2``; the table ``party_walls`` holds the pairs of
    surfaces that touch (`twin.city.geometry.party_walls`), so that a wall's adiabatic share is
    ``party_wall_m2 / area_m2``.
    """
    walls = shared_walls(city)
    surfaces, buildings = city.surfaces, city.buildings
    n, building, left = len(surfaces), surfaces["building"], surfaces["area_m2"]
    present = np.where(np.bincount(building, minlength=len(buildings)) > 0, DERIVED, MISSING).astype(np.uint16)
    for name, (first, second, area) in (("party_wall_m2", walls.party), ("interior_wall_m2", walls.interior)):
        shared = np.minimum(np.bincount(first, area, n) + np.bincount(second, area, n), left)
        left = left - shared
        surfaces = surfaces.put(SURFACE_COLUMNS[name], shared, DERIVED)
        per_building = np.bincount(building, shared, len(buildings))
        buildings = buildings.put(BUILDING_COLUMNS[name], per_building, present)
    tables = {**city.tables, "building": buildings, "surface": surfaces, "party_walls": _pairs(surfaces, *walls.party)}
    return replace(city, tables=tables)


def _pairs(surfaces: Table, first: Ints, second: Ints, area: Floats) -> Table:
    """Return the table of walls that touch."""

    def ids() -> list[str]:
        names = surfaces.ids
        return [f"{a}|{b}" for a, b in zip(names[first].tolist(), names[second].tolist(), strict=True)]

    table = Table("party_walls", ids, len(first))
    for name, values in (("surface_a", first), ("surface_b", second), ("area_m2", area)):
        table = table.put(PARTY_WALL_COLUMNS[name], values, DERIVED)
    return table
