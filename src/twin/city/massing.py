"""What changes the buildings that stand in a city: demolition, storeys on top, new buildings; all else follows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.block import LOD, Site, block, outline, rectangle
from twin.city.derive import derive, with_party_walls
from twin.city.model import BUILDING_COLUMNS, City
from twin.city.raising import raised
from twin.city.select import concat, take
from twin.errors import Problem, Problems, TwinError
from twin.table import GIVEN, MEASURE, SERIES, Table

__all__ = ["STOREY_HEIGHT_M", "add_storeys", "demolish", "new_building", "rectangle"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = NDArray[Any] | Sequence[int]

STOREY_HEIGHT_M = 3.0  # floor to floor; planning assumption, that of the storeys counted where nobody states them
FLAT_ROOF = "1000"  # CityGML's code list _AbstractBuilding_roofType, and ALKIS's

# What grows with the storeys of a building where it was stated: assumed and derived cells are filled anew
_GROWING = ("heated_floor_area_m2", "dwellings", "occupants")


def demolish(city: City, rows: Rows) -> City:
    """Return the city without some buildings and all that belongs to them: parts, surfaces, installations, rooms.

    Neighbours lose the walls that they shared with them.

    Parameters
    ----------
    rows
        Rows of the building table, or a mask of them.

    Raises
    ------
    TwinError
        If no building would be left.
    """
    keep = ~_mask(city, rows)
    if not keep.any():
        raise TwinError(Problem("demolish: no building of the city would be left", expected="fewer buildings"))
    return _rederived(take(city, {"building": keep}))


def _mask(city: City, rows: Rows) -> Mask:
    mask = np.zeros(len(city.buildings), dtype=bool)
    mask[np.asarray(rows, dtype=np.int64) if isinstance(rows, Sequence) else rows] = True
    return mask


def _rederived(city: City) -> City:
    """Return the city with all that follows from its geometry, shared walls only if it had them."""
    derived = derive(city)
    return with_party_walls(derived) if "party_walls" in city.tables else derived


def add_storeys(
    city: City, rows: Rows, storeys: int, storey_height_m: float = STOREY_HEIGHT_M, code: int = MEASURE
) -> City:
    """Return the city in which some buildings have more storeys: everything above the ground goes up.

    Roofs with all that is on them are lifted as they are and walls grow longer (`twin.city.geometry.lifting.lift`).
    Installations, rooms and other objects of the buildings go up as well, but for those that begin within a metre of
    the ground. Measured height and storeys grow where they are known; so do, in proportion to the storeys, heated floor
    area, dwellings and occupants where they were stated.

    Parameters
    ----------
    rows
        Rows of the building table, or a mask of them.
    storeys
        How many, at least one.
    storey_height_m
        From floor to floor, m (planning assumption: 3 m).
    code
        Source of the cells that are set.

    Raises
    ------
    TwinError
        If storeys or their height are not positive, or a building would have more than a building can have.
    """
    with Problems() as problems:
        if storeys < 1:
            problems.add(f"add_storeys: storeys is {storeys}", expected="at least 1")
        if not 0 < storey_height_m < np.inf:
            problems.add(f"add_storeys: storey_height_m is {storey_height_m}", expected="a positive height in metres")
    chosen = _mask(city, rows)
    buildings = _higher(city.buildings, chosen, storeys, storey_height_m, code)
    return _rederived(raised(city, chosen, storeys * storey_height_m, code).with_table(buildings))


def _higher(table: Table, chosen: Mask, storeys: int, storey_height_m: float, code: int) -> Table:
    """Return the building table with more storeys, and with more of what was stated and grows with them."""
    before = np.maximum(_storeys(table, storey_height_m), 1.0)
    growth = (before + storeys) / before
    for name, more in (("storeys_above_ground", storeys), ("measured_height_m", storeys * storey_height_m)):
        known = chosen & ~table.missing(name)
        if known.any():
            table = table.put(BUILDING_COLUMNS[name], table[name] + more, code, known)
    for name in _GROWING:
        codes = table.source(name) if name in table else np.zeros(len(table), dtype=np.uint16)
        stated = chosen & (np.isin(codes, (GIVEN, SERIES)) | (codes >= MEASURE))
        if stated.any():
            column = table.column(name)
            values = table[name] * growth
            values = np.floor(values + 0.5).astype(np.int64) if column.kind == "int" else values
            table = table.put(column, values, code, stated)
    return table


def _storeys(table: Table, storey_height_m: float) -> Floats:
    """Return how many storeys buildings have, by their mean height where nobody states it; 0 where that is unknown."""
    volume, footprint = (
        np.where(table.missing(name), 0.0, table[name]) if name in table else np.zeros(len(table))
        for name in ("volume_m3", "footprint_m2")
    )
    height = np.divide(volume, footprint, out=np.zeros(len(table)), where=footprint > 0)
    counted: Floats = np.round(height / storey_height_m)
    if "storeys_above_ground" not in table:
        return counted
    return np.where(table.missing("storeys_above_ground"), counted, table["storeys_above_ground"])


def new_building(
    city: City,
    identifier: str,
    footprint: Sequence[Sequence[float]],
    height_m: float,
    *,
    storeys: int | None = None,
    year_of_construction: int | None = None,
    usage_class: str | None = None,
    ground_m: float | None = None,
    replace: bool = False,
    code: int = MEASURE,
) -> City:
    """Return the city with a new building behind all others: a block with a flat roof, as at LoD1.2.

    Parameters
    ----------
    footprint
        Corners, x and y in the city's reference system; `rectangle` makes some.
    height_m
        From ground to roof, m.
    storeys
        Above ground; if None as many as have 3 m each, but one at least (planning assumption).
    year_of_construction, usage_class
        Left missing if None.
    ground_m
        Height of the ground in the city's reference system, m; if None the lowest ground of the nearest building.
    replace
        Whether buildings in its way are demolished.
    code
        Source of its cells.

    Raises
    ------
    TwinError
        If the footprint is none, lies far from the city, or overlaps buildings; if the identifier is taken, or the
        height not positive.
    """
    plan = outline(footprint)
    site = Site.of(city, plan)
    with Problems() as problems:
        if not 0 < height_m <= (BUILDING_COLUMNS["measured_height_m"].high or np.inf):
            problems.add(f"new_building {identifier}: height_m is {height_m}", expected="a positive height in metres")
        site.check(city, identifier, ground_m, replace, problems)
    if site.in_the_way.any():
        city = take(city, {"building": ~site.in_the_way})
    ground = site.ground if ground_m is None else ground_m
    stated = {
        "year_of_construction": year_of_construction,
        "storeys_above_ground": max(round(height_m / STOREY_HEIGHT_M), 1) if storeys is None else storeys,
        "measured_height_m": height_m,
        "roof_type": FLAT_ROOF,
        "usage_class": usage_class,
        "lod": LOD,
    }
    return _rederived(concat([city, block(city, identifier, plan, (ground, ground + height_m), stated, code)]))
