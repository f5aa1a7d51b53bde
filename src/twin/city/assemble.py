"""From what a reader found to a `City`: metres, welded vertices, surfaces that face outward, tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.attributes import harmonize
from twin.city.crs import Settled, settle
from twin.city.derive import derive
from twin.city.found import UNKNOWN_TYPE, Block, Found
from twin.city.geometry.polygons import measure, off_plane, shells
from twin.city.geometry.rings import compact, reverse_rings, take_surfaces, tidy
from twin.city.model import (
    BUILDING_COLUMNS,
    OBJECT_COLUMNS,
    OBJECT_SURFACE_COLUMNS,
    PART_COLUMNS,
    SURFACE_COLUMNS,
    SURFACE_TYPES,
    City,
    Geometry,
)
from twin.errors import Problem, TwinError
from twin.quantities import Link
from twin.table import GIVEN, MISSING, Column, Table

__all__ = ["assemble"]

Ints = NDArray[np.int64]
Texts = NDArray[np.str_]

FARTHEST_M = 1e8  # no projected coordinate on Earth is larger

# Corners farther off their plane are reported. val3dity's default, 0.01 m, is met by few measured models.
PLANAR_M = 0.1

_BUILDING, _PART, _OTHER = 0, 1, 2
_INDOORS = {"BuildingRoom", "BuildingStorey", "BuildingUnit", "BuildingFurniture", "CityObjectGroup"}
_INDOORS |= {"BridgeRoom", "BridgeFurniture", "TunnelHollowSpace", "TunnelFurniture"}


@dataclass(frozen=True, slots=True)
class _Objects:
    """The objects of a `Found`, one row each, sorted into tables.

    Attributes
    ----------
    kind
        Which table: ``_BUILDING``, ``_PART`` or ``_OTHER``.
    building, part
        Row in `Found` of the building and the part that each object is or belongs to, -1 for none.
    """

    kind: Ints
    building: Ints
    part: Ints

    def rows(self, kind: int) -> Ints:
        """Return the rows of a table in its order: parts by building, all else as found."""
        rows = np.flatnonzero(self.kind == kind)
        return rows[np.argsort(self.building[rows], kind="stable")] if kind == _PART else rows

    def numbers(self, kind: int) -> Ints:
        """Return for every object its row in a table, -1 for objects of another one; entry -1 is -1 too."""
        rows = self.rows(kind)
        numbers = np.full(len(self.kind) + 1, -1)
        numbers[rows] = np.arange(len(rows))
        return numbers


@dataclass(frozen=True, slots=True)
class _Surfaces:
    """Surfaces sorted by object: their geometry, their numbers in `Found`, and the row of their object there."""

    geometry: Geometry
    found: Ints
    object: Ints


def assemble(found: Found, crs: str | None = None) -> City:
    """Return the city a reader found, with every column that follows from the file and from each building's geometry.

    Parameters
    ----------
    crs
        Reference system that overrides the file's.

    Raises
    ------
    TwinError
        If there are no buildings, or coordinates that cannot be on Earth.
    """
    objects = _sort_objects(found)
    settled = _settle(found, crs)
    bounding, others = _surfaces(found, settled, objects)
    bounding = _face_outward(found, bounding, objects)
    lods = _lods(found, bounding, others)
    tables = [_building_table(found, objects, lods), _surface_table(found, objects, bounding)]
    tables += [_part_table(found, objects, lods)] if (objects.kind == _PART).any() else []
    if (objects.kind == _OTHER).any():
        tables += [_object_table(found, objects, lods), _object_surface_table(found, objects, others)]
    city = City(
        tables={table.name: table for table in tables},
        geometry=bounding.geometry,
        surroundings=others.geometry,
        crs=settled.crs,
        lod=_finest(lods) or "2",
        links=(Link.belongs("surface", "building", tables[1]["building"]),),
        attributes=_attributes(found, objects, bounding, others),
        members={found.ids[row]: members for row, members in found.members.items()},
        metadata={"crs_as_found": found.crs_as_found, **found.metadata, "findings": found.findings},
    )
    return derive(city)


def _sort_objects(found: Found) -> _Objects:
    parents = np.array([*found.parents, -1], dtype=np.int64)  # the last entry is what -1 refers to
    is_building = np.array([kind in ("Building", "BuildingPart") for kind in found.types] + [False])
    kind = np.where(is_building, np.where(is_building[parents], _PART, _BUILDING), _OTHER)
    if not (kind == _BUILDING).any():
        raise TwinError(Problem("there are no buildings in it", found.file, expected="at least one Building"))
    building, part = (_nearest(parents, kind == wanted)[:-1] for wanted in (_BUILDING, _PART))
    return _Objects(kind[:-1], building, part)


def _nearest(parents: Ints, wanted: NDArray[np.bool_]) -> Ints:
    """Return for each object the nearest of its ancestors (itself included) that is wanted, -1 for none."""
    at = np.arange(len(parents))
    at[-1] = -1
    while (climbing := (at >= 0) & ~wanted[at]).any():
        at[climbing] = parents[at[climbing]]
    return at


def _attributes(found: Found, objects: _Objects, bounding: _Surfaces, others: _Surfaces) -> dict[str, Sequence[Any]]:
    """Return what is left of the attributes, by entity set."""
    left: dict[str, Sequence[Any]] = {
        name: tuple(found.attributes[row] for row in objects.rows(kind).tolist())
        for name, kind in (("building", _BUILDING), ("building_part", _PART), ("city_object", _OTHER))
    }
    for name, surfaces in (("surface", bounding), ("city_object_surface", others)):
        left[name] = tuple(found.surface_attributes[number] for number in surfaces.found.tolist())
    return left


def _settle(found: Found, crs: str | None) -> Settled:
    coordinates = np.concatenate([block.coordinates for block in found.blocks] or [np.zeros((0, 3))])
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


def _joined(blocks: Sequence[Block], name: str) -> Ints:
    return np.concatenate([getattr(block, name) for block in blocks] or [np.zeros(0, dtype=np.int64)])


def _surfaces(found: Found, settled: Settled, objects: _Objects) -> tuple[_Surfaces, _Surfaces]:
    """Return the surfaces of buildings and parts, and those of all other objects."""
    blocks = found.blocks
    sizes = np.array([len(block.coordinates) for block in blocks], dtype=np.int64)
    starts = np.cumsum(sizes) - sizes
    corners = [block.ring_vertices + start for block, start in zip(blocks, starts, strict=True)]
    tidied = tidy(
        settled.coordinates,
        np.concatenate(corners or [np.zeros(0, dtype=np.int64)]),
        _joined(blocks, "ring_sizes"),
        _joined(blocks, "surface_rings"),
    )
    owner = _joined(blocks, "surface_objects")
    if found.rings_closed:
        _warn_per_object(found, "103", owner[tidied.unclosed], "a ring that is not closed; it was closed")
    _warn_per_object(
        found, "101", owner[tidied.too_few], "a ring of fewer than three different corners; it was dropped"
    )
    place = np.where(objects.kind == _OTHER, np.arange(len(objects.kind)), 0)
    within = np.concatenate([objects.rows(_BUILDING), objects.rows(_PART)])
    within = within[np.argsort(objects.building[within], kind="stable")]
    place[within] = np.arange(len(within))
    kept = owner[tidied.kept]
    order = np.lexsort([place[kept], objects.kind[kept] == _OTHER])
    n = int(np.count_nonzero(objects.kind[kept] != _OTHER))
    bounding, others = (
        _Surfaces(take_surfaces(tidied.geometry, some), tidied.kept[some], kept[some])
        for some in (order[:n], order[n:])
    )
    return bounding, replace(others, geometry=compact(others.geometry))


def _warn_per_object(found: Found, code: str, objects: Ints, what: str) -> None:
    for row in np.unique(objects):
        kind = "building" if found.types[row] in ("Building", "BuildingPart") else found.types[row]
        found.warn(code, f"{kind} {found.ids[row]} has {what}", found.ids[row])


def _face_outward(found: Found, surfaces: _Surfaces, objects: _Objects) -> _Surfaces:
    """Turn shells round that are inside out; note those that enclose no volume, and surfaces that are bent."""
    n, geometry = len(objects.kind), surfaces.geometry
    measured = measure(geometry)
    enclosed = shells(geometry, measured, surfaces.object, n)
    filled = np.bincount(surfaces.object, minlength=n) > 0
    inside_out = enclosed.closed & (enclosed.volume < 0)
    twisted = filled & ~enclosed.closed & enclosed.paired
    leaking = filled & ~enclosed.closed & ~enclosed.paired
    bent = surfaces.object[off_plane(geometry, measured) > PLANAR_M]
    _warn_per_object(found, "203", bent, "a surface that is not planar; its mean plane is used")
    for code, rows, what in (
        ("405", inside_out, "a shell that is inside out; it was turned round"),
        ("307", twisted, "surfaces that face different ways; its volume is estimated"),
        ("302", leaking, "an open shell; its volume is estimated"),
    ):
        _warn_per_object(found, code, np.flatnonzero(rows), what)
    of_building = objects.building[objects.kind != _OTHER]
    some = np.bincount(of_building, filled[objects.kind != _OTHER], n) > 0
    without = np.flatnonzero((objects.kind == _BUILDING) & ~some)
    _warn_per_object(found, "no-geometry", without, "no geometry at level of detail 1 or above")
    return replace(surfaces, geometry=compact(reverse_rings(geometry, inside_out[surfaces.object])))


def _lods(found: Found, *surfaces: _Surfaces) -> list[str]:
    """Return the level of detail of every object, "" for those without surfaces."""
    filled = np.zeros(len(found.ids), dtype=bool)
    for some in surfaces:
        filled[some.object] = True
    return [lod if some else "" for lod, some in zip(found.lods, filled.tolist(), strict=True)]


def _finest(lods: Sequence[str]) -> str:
    return max(lods, key=lambda lod: float(lod or 0), default="")


def _put_texts(table: Table, column: Column, values: Sequence[str] | Texts) -> Table:
    """Return the table with a text column that is missing where it is empty."""
    texts = np.array(values, dtype=np.str_)
    return table.put(column, texts, np.where(texts != "", GIVEN, MISSING).astype(np.uint16))


def _put_rows(table: Table, column: Column, rows: Ints) -> Table:
    """Return the table with a column of row numbers that is missing where they are -1."""
    return table.put(column, np.maximum(rows, 0), np.where(rows >= 0, GIVEN, MISSING).astype(np.uint16))


def _building_table(found: Found, objects: _Objects, lods: Sequence[str]) -> Table:
    """Return the buildings with what was given of them, and the finest level of detail of each and its parts."""
    own = objects.rows(_BUILDING)
    table = Table("building", [found.ids[row] for row in own])
    for name, (values, codes) in harmonize(found, objects.building, objects.kind != _OTHER).items():
        table = table.put(BUILDING_COLUMNS[name], values[own], codes[own])
    finest = [""] * len(lods)
    for row, building in enumerate(objects.building.tolist()):
        if objects.kind[row] != _OTHER:
            finest[building] = _finest([finest[building], lods[row]])
    return _put_texts(table, BUILDING_COLUMNS["lod"], [finest[row] for row in own])


def _part_table(found: Found, objects: _Objects, lods: Sequence[str]) -> Table:
    rows = objects.rows(_PART)
    table = Table("building_part", [found.ids[row] for row in rows])
    table = table.put(PART_COLUMNS["building"], objects.numbers(_BUILDING)[objects.building[rows]])
    return _put_texts(table, PART_COLUMNS["lod"], [lods[row] for row in rows])


def _object_table(found: Found, objects: _Objects, lods: Sequence[str]) -> Table:
    rows = objects.rows(_OTHER)
    table = Table("city_object", [found.ids[row] for row in rows])
    types = [found.types[row] for row in rows]
    table = table.put(OBJECT_COLUMNS["type"], np.array(types, dtype=np.str_))
    table = _put_rows(table, OBJECT_COLUMNS["building"], objects.numbers(_BUILDING)[objects.building[rows]])
    table = _put_rows(table, OBJECT_COLUMNS["part"], objects.numbers(_PART)[objects.part[rows]])
    parents = [found.ids[found.parents[row]] if found.parents[row] >= 0 else "" for row in rows]
    table = _put_texts(table, OBJECT_COLUMNS["parent"], parents)
    for name in ("function", "usage"):
        texts = (found.attributes[row].get(name) for row in rows)
        table = _put_texts(table, OBJECT_COLUMNS[name], [text if isinstance(text, str) else "" for text in texts])
    table = _put_texts(table, OBJECT_COLUMNS["lod"], [lods[row] for row in rows])
    return table.put(OBJECT_COLUMNS["casts_shade"], np.array([kind not in _INDOORS for kind in types]))


def _types(found: Found, surfaces: _Surfaces) -> Texts:
    codes = _joined(found.blocks, "surface_types")[surfaces.found]
    return np.array([*found.type_names, ""])[np.where(codes == UNKNOWN_TYPE, len(found.type_names), codes)]


def _surface_table(found: Found, objects: _Objects, surfaces: _Surfaces) -> Table:
    """Return the surfaces of buildings; what is no type of an outer surface is left to the slope."""
    table = Table("surface", lambda: _surface_ids(found, surfaces), len(surfaces.found))
    table = table.put(SURFACE_COLUMNS["building"], objects.numbers(_BUILDING)[objects.building[surfaces.object]])
    table = _put_rows(table, SURFACE_COLUMNS["part"], objects.numbers(_PART)[objects.part[surfaces.object]])
    types = _types(found, surfaces)
    for name in found.type_names[len(SURFACE_TYPES) :]:
        if count := int(np.count_nonzero(types == name)):
            text = f"{count} surfaces of buildings are of type {name}, which is no outer surface; the slope decides"
            found.warn("surface-type-unknown", text)
            types[types == name] = ""
    return _put_texts(table, SURFACE_COLUMNS["type"], types)


def _object_surface_table(found: Found, objects: _Objects, surfaces: _Surfaces) -> Table:
    table = Table("city_object_surface", lambda: _surface_ids(found, surfaces), len(surfaces.found))
    table = table.put(OBJECT_SURFACE_COLUMNS["city_object"], objects.numbers(_OTHER)[surfaces.object])
    return _put_texts(table, OBJECT_SURFACE_COLUMNS["type"], _types(found, surfaces))


def _surface_ids(found: Found, surfaces: _Surfaces) -> list[str]:
    """Return unique identifiers: the file's own, numbered where several surfaces share it.

    A surface without one is called by its object and its place among the object's surfaces, from 1.
    """
    given = [found.surface_ids[number] for number in surfaces.found]
    _, first, of = np.unique(surfaces.object, return_index=True, return_inverse=True)
    number = np.arange(len(given)) - first[of] + 1
    uses, used = Counter(given), Counter[str]()
    taken = {identifier for identifier, count in uses.items() if count == 1}
    for k, identifier in enumerate(given):
        if identifier and uses[identifier] == 1:
            continue
        used[identifier] += 1
        fresh = f"{identifier}-{used[identifier]}" if identifier else f"{found.ids[surfaces.object[k]]}-{number[k]}"
        while fresh in taken:
            fresh += "~"
        taken.add(fresh)
        given[k] = fresh
    return given
