"""From what a reader found to a `City`: metres, welded vertices, surfaces that face outward, tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.city.attributes import harmonize
from twin.city.crs import Settled, settle
from twin.city.derive import derive
from twin.city.found import UNKNOWN_TYPE, Found
from twin.city.model import BUILDING_COLUMNS, PART_COLUMNS, SURFACE_COLUMNS, SURFACE_TYPES, City, Geometry
from twin.city.polygons import measure, off_plane, shells
from twin.city.rings import compact, reverse_rings, take_surfaces, tidy
from twin.errors import Problem, TwinError
from twin.quantities import Link
from twin.table import GIVEN, MISSING, Table

__all__ = ["assemble"]

Ints = NDArray[np.int64]
Texts = NDArray[np.str_]

FARTHEST_M = 1e8  # no projected coordinate on Earth is larger

# Corners farther off their plane are reported. val3dity's default, 0.01 m, is met by few measured models.
PLANAR_M = 0.1


@dataclass(frozen=True, slots=True)
class _Objects:
    """Buildings and parts in the order of the tables: each building followed by its parts.

    Attributes
    ----------
    rows
        Row in `Found` of every object.
    building
        Row of the building every object is or belongs to.
    is_part
        Which objects are parts.
    """

    rows: Ints
    building: Ints
    is_part: NDArray[np.bool_]

    @property
    def part(self) -> Ints:
        """Row of the part every object is; meaningless for buildings."""
        return np.cumsum(self.is_part) - 1


@dataclass(frozen=True, slots=True)
class _Surfaces:
    """Surfaces sorted by object: their geometry, their rows in `Found`, and the place of their object."""

    geometry: Geometry
    rows: Ints
    place: Ints


def assemble(found: Found, crs: str | None = None) -> City:
    """Return the city a reader found, with every column of the building and surface tables.

    Parameters
    ----------
    crs
        Reference system that overrides the file's.

    Raises
    ------
    TwinError
        If there are no buildings, or coordinates that cannot be on Earth.
    """
    objects = _order(found)
    settled = _settle(found, crs)
    surfaces = _face_outward(found, _surfaces(found, settled, objects), objects)
    lods = _lods(found, surfaces, objects)
    tables = {
        "building": _building_table(found, objects, lods),
        "surface": _surface_table(found, objects, surfaces),
        "building_part": _part_table(found, objects, lods),
    }
    if not objects.is_part.any():
        del tables["building_part"]
    city = City(
        tables=tables,
        geometry=surfaces.geometry,
        crs=settled.crs,
        lod=_finest(lods) or "2",
        links=(Link.belongs("surface", "building", tables["surface"]["building"]),),
        attributes=tuple(found.attributes[row] for row in objects.rows[~objects.is_part]),
        surface_attributes=tuple(found.surface_attributes[row] for row in surfaces.rows),
        metadata={"crs_as_found": found.crs_as_found, **found.metadata, "findings": found.findings},
        part_attributes=tuple(found.attributes[row] for row in objects.rows[objects.is_part]),
    )
    return derive(city)


def _order(found: Found) -> _Objects:
    parents = np.array(found.parents, dtype=np.int64)
    if not (parents < 0).any():
        raise TwinError(Problem("there are no buildings in it", found.file, expected="at least one Building"))
    root = np.where(parents < 0, np.arange(len(parents)), parents)
    rows = np.lexsort((np.arange(len(parents)), parents >= 0, root))
    building = (np.cumsum(parents < 0) - 1)[root[rows]]
    return _Objects(rows, building, parents[rows] >= 0)


def _settle(found: Found, crs: str | None) -> Settled:
    coordinates = np.array(found.coordinates, dtype=np.float64).reshape(-1, 3)
    try:
        settled = settle(coordinates, found.crs_as_found, crs)
    except TwinError as error:
        raise TwinError(*(replace(problem, file=found.file) for problem in error.problems)) from error
    if settled.remark:
        found.warn(*settled.remark)
    there = (np.abs(settled.coordinates) <= FARTHEST_M).all(axis=1)
    if not there.all():
        row = int(np.flatnonzero(~there)[0])
        text = f"vertex {row} lies at {coordinates[row].tolist()}, which is not finite or not on Earth"
        raise TwinError(Problem(text, found.file, expected="coordinates in metres"))
    return settled


def _surfaces(found: Found, settled: Settled, objects: _Objects) -> _Surfaces:
    tidied = tidy(
        settled.coordinates,
        np.array(found.ring_vertices, dtype=np.int64),
        np.array(found.ring_sizes, dtype=np.int64),
        np.array(found.surface_rings, dtype=np.int64),
    )
    owner = np.array(found.surface_objects, dtype=np.int64)
    if found.rings_closed:
        _warn_per_object(found, "103", owner[tidied.unclosed], "a ring that is not closed; it was closed")
    _warn_per_object(
        found, "101", owner[tidied.too_few], "a ring of fewer than three different corners; it was dropped"
    )
    place_of = np.empty(len(objects.rows), dtype=np.int64)
    place_of[objects.rows] = np.arange(len(objects.rows))
    place = place_of[owner[tidied.kept]]
    order = np.argsort(place, kind="stable")
    return _Surfaces(take_surfaces(tidied.geometry, order), tidied.kept[order], place[order])


def _warn_per_object(found: Found, code: str, objects: Ints, what: str) -> None:
    for row in np.unique(objects):
        found.warn(code, f"building {found.ids[row]} has {what}", found.ids[row])


def _face_outward(found: Found, surfaces: _Surfaces, objects: _Objects) -> _Surfaces:
    """Turn shells round that are inside out; note those that enclose no volume, and surfaces that are bent."""
    n, rows, geometry = len(objects.rows), objects.rows, surfaces.geometry
    measured = measure(geometry)
    enclosed = shells(geometry, measured, surfaces.place, n)
    filled = np.bincount(surfaces.place, minlength=n) > 0
    inside_out = enclosed.closed & (enclosed.volume < 0)
    twisted = filled & ~enclosed.closed & enclosed.paired
    leaking = filled & ~enclosed.closed & ~enclosed.paired
    bent = surfaces.place[off_plane(geometry, measured) > PLANAR_M]
    _warn_per_object(found, "203", rows[bent], "a surface that is not planar; its mean plane is used")
    _warn_per_object(found, "405", rows[inside_out], "a shell that is inside out; it was turned round")
    _warn_per_object(found, "307", rows[twisted], "surfaces that face different ways; its volume is estimated")
    _warn_per_object(found, "302", rows[leaking], "an open shell; its volume is estimated")
    empty = np.bincount(objects.building, filled) == 0
    without = rows[~objects.is_part][empty]
    _warn_per_object(found, "no-geometry", without, "no geometry at level of detail 1 or above")
    return replace(surfaces, geometry=compact(reverse_rings(geometry, inside_out[surfaces.place])))


def _lods(found: Found, surfaces: _Surfaces, objects: _Objects) -> list[str]:
    """Return the level of detail of every object, "" for those without surfaces."""
    filled = np.bincount(surfaces.place, minlength=len(objects.rows)) > 0
    return [found.lods[row] if some else "" for row, some in zip(objects.rows, filled, strict=True)]


def _finest(lods: list[str]) -> str:
    return max(lods, key=lambda lod: float(lod or 0), default="")


def _where_present(values: Texts) -> NDArray[np.uint16]:
    return np.where(values != "", GIVEN, MISSING).astype(np.uint16)


def _building_table(found: Found, objects: _Objects, lods: list[str]) -> Table:
    """Return the buildings with what was given of them, and the finest level of detail of each and its parts."""
    own = objects.rows[~objects.is_part]
    table = Table("building", [found.ids[row] for row in own])
    for name, (values, codes) in harmonize(found).items():
        table = table.put(BUILDING_COLUMNS[name], values[own], codes[own])
    finest = [""] * len(own)
    for lod, building in zip(lods, objects.building, strict=True):
        finest[building] = _finest([finest[building], lod])
    levels = np.array(finest, dtype=np.str_)
    return table.put(BUILDING_COLUMNS["lod"], levels, _where_present(levels))


def _part_table(found: Found, objects: _Objects, lods: list[str]) -> Table:
    table = Table("building_part", [found.ids[row] for row in objects.rows[objects.is_part]])
    levels = np.array(lods, dtype=np.str_)[objects.is_part]
    table = table.put(PART_COLUMNS["building"], objects.building[objects.is_part])
    return table.put(PART_COLUMNS["lod"], levels, _where_present(levels))


def _surface_table(found: Found, objects: _Objects, surfaces: _Surfaces) -> Table:
    place = surfaces.place
    is_part = objects.is_part[place]
    codes = np.array(found.surface_types, dtype=np.int64)[surfaces.rows]
    types = np.where(codes == UNKNOWN_TYPE, "", np.array(SURFACE_TYPES)[codes])
    table = Table("surface", _surface_ids(found, surfaces))
    table = table.put(SURFACE_COLUMNS["building"], objects.building[place])
    belongs = np.where(is_part, GIVEN, MISSING).astype(np.uint16)
    table = table.put(SURFACE_COLUMNS["part"], np.where(is_part, objects.part[place], 0), belongs)
    return table.put(SURFACE_COLUMNS["type"], types, _where_present(types))


def _surface_ids(found: Found, surfaces: _Surfaces) -> Texts:
    """Return unique identifiers: the file's own, numbered where several surfaces share it.

    A surface without one is called by its object and its place among the object's surfaces, from 1.
    """
    given = [found.surface_ids[row] for row in surfaces.rows]
    owner = [found.ids[found.surface_objects[row]] for row in surfaces.rows]
    number = np.arange(len(given)) - np.searchsorted(surfaces.place, surfaces.place) + 1
    uses, used = Counter(given), Counter[str]()
    taken = {identifier for identifier, count in uses.items() if count == 1}
    for k, identifier in enumerate(given):
        if identifier and uses[identifier] == 1:
            continue
        used[identifier] += 1
        fresh = f"{identifier}-{used[identifier]}" if identifier else f"{owner[k]}-{number[k]}"
        while fresh in taken:
            fresh += "~"
        taken.add(fresh)
        given[k] = fresh
    return np.array(given, dtype=np.str_)
