"""From what a reader found to a `City`: surfaces that face outward, tables, and what follows from the geometry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import compress
from operator import itemgetter
from threading import Lock
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from twin.city.attributes import ATTRIBUTE_NAMES, harmonize
from twin.city.crs import grid_convergence
from twin.city.derive import derive
from twin.city.energy.exchange import tables_from_json
from twin.city.energy.tables import with_energy
from twin.city.faces import OPENINGS, Faces, Hosts, face_outward, take_faces
from twin.city.found import Found
from twin.city.lazy import Lookup, Made
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
from twin.city.objects import BUILDING, OTHER, PART, Objects
from twin.errors import TwinError
from twin.quantities import Link
from twin.table import DERIVED, GIVEN, MISSING, Column, Table

__all__ = ["assemble"]

Ints = NDArray[np.int64]
Texts = NDArray[np.str_]
Item = TypeVar("Item")

_SPARSE = 16  # times as many numbers as surfaces, up to which a table of those that occur is quickly filled

_INDOORS = {"BuildingRoom", "BuildingStorey", "BuildingUnit", "BuildingFurniture", "CityObjectGroup"}
_INDOORS |= {"BridgeRoom", "BridgeFurniture", "TunnelHollowSpace", "TunnelFurniture"}


def assemble(found: Found, crs: str | None = None, target: str | None = None) -> City:
    """Return the city a reader found, with every column that follows from the file and from each building's geometry.

    Coordinates and corners are taken out of ``found.blocks`` on the way, so that a large city is not held twice.

    Parameters
    ----------
    crs
        Reference system that overrides the file's.
    target
        Where coordinates go that are not in metres; the UTM zone of their middle if None.

    Raises
    ------
    TwinError
        If there are no buildings, or coordinates that cannot be on Earth.
    """
    objects = Objects.of(found)
    system, bounding, others = take_faces(found, objects, crs, target)
    outward = face_outward(found, bounding, objects)
    bounding = outward.faces
    lods = _Lods(found, bounding, others)
    surfaces = _put_hosts(_surface_table(found, objects, bounding), outward.hosts)
    given = _Given(found, objects)
    tables = [_building_table(given, lods), surfaces]
    tables += [_part_table(found, objects, lods)] if (objects.kind == PART).any() else []
    if (objects.kind == OTHER).any():
        tables += [_object_table(found, objects, lods), _object_surface_table(found, objects, others)]
    city = City(
        tables={table.name: table for table in tables},
        geometry=bounding.geometry,
        surroundings=others.geometry,
        crs=system,
        lod=lods.finest or "2",
        links=(Link.belongs("surface", "building", surfaces["building"]),),
        attributes=_attributes(given, bounding, others),
        members={found.ids[row]: members for row, members in found.members.items()},
        metadata={
            "crs_as_found": found.crs_as_found,
            **found.metadata,
            "grid_convergence_deg": _convergence(system, bounding.geometry),
            "findings": given.findings(),
        },
    )
    derived = derive(city, outward.figures, outward.methods)
    return _stored_energy(with_energy(derived, found, bounding.found), found.file)


def _stored_energy(city: City, file: str) -> City:
    """Return the city with the energy tables that our own writer put into a CityJSON file's metadata."""
    kept = dict(city.metadata.get("metadata", {}))
    stored = kept.pop("twin_energy", None)
    if stored is None:
        return city
    try:
        return replace(tables_from_json(city, stored), metadata={**city.metadata, "metadata": kept})
    except TwinError as error:
        place = "/metadata/twin_energy"
        raise TwinError(*(replace(p, file=file, place=place) for p in error.problems)) from error


def _convergence(system: str | None, geometry: Geometry) -> float | None:
    """Return how far grid north lies east of true north in the middle of the city, degrees, None if unknown."""
    n = len(geometry.vertices)
    if system is None or not n:
        return None
    flat = np.ascontiguousarray(geometry.vertices)[:, :2].view(np.complex128)  # to add up x and y side by side
    x, y = np.cumsum(flat)[-1:].view(np.float64) / n
    return grid_convergence(system, float(x), float(y))


def _chosen(items: Sequence[Item], rows: Ints) -> Sequence[Item]:
    """Return the items in some rows; fast where there are many."""
    if isinstance(items, Lookup):
        return items.take(rows)
    if len(rows) < 2:
        return tuple(items[row] for row in rows.tolist())
    if rows[-1] - rows[0] == len(rows) - 1 and (rows[1:] - rows[:-1] == 1).all():
        return tuple(items[int(rows[0]) : int(rows[-1]) + 1])
    chosen: tuple[Item, ...] = itemgetter(*rows.tolist())(items)
    return chosen


class _Given:
    """What the attributes of a file's objects say; read when first asked for, which leaves findings in `Found`."""

    def __init__(self, found: Found, objects: Objects) -> None:
        self.found, self.objects = found, objects
        self._columns: dict[str, tuple[NDArray[Any], NDArray[np.uint16]]] = {}
        self._lock = Lock()  # as columns are taken out of attributes, which must happen once
        if found.energy is not None:
            self.columns()  # which series may override, with findings of their own

    def columns(self) -> dict[str, tuple[NDArray[Any], NDArray[np.uint16]]]:
        """Return values and source codes of every object by name of the column."""
        with self._lock:
            if not self._columns:
                self._columns = harmonize(self.found, self.objects.building, self.objects.kind != OTHER)
        return self._columns

    def left(self, kind: int) -> Sequence[Mapping[str, Any]]:
        """Return what is left of the attributes of the objects in a table, once columns are taken out."""

        def make() -> Sequence[Mapping[str, Any]]:
            self.columns()
            return _chosen(self.found.attributes, self.objects.rows(kind))

        return Made(make)

    def findings(self) -> Sequence[dict[str, Any]]:
        """Return all that is doubtful in the file."""

        def make() -> list[dict[str, Any]]:
            self.columns()
            with self._lock:
                return self.found.all_findings()

        return Made(make)


def _attributes(given: _Given, bounding: Faces, others: Faces) -> dict[str, Sequence[Any]]:
    """Return what is left of the attributes, by entity set."""
    left: dict[str, Sequence[Any]] = {
        name: given.left(kind)
        for name, kind in (("building", BUILDING), ("building_part", PART), ("city_object", OTHER))
    }
    for name, faces in (("surface", bounding), ("city_object_surface", others)):
        left[name] = _chosen(given.found.surface_attributes, faces.found)
    return left


def _rank(lod: str) -> float:
    return float(lod or -1)


class _Lods:
    """Levels of detail that the geometry of objects was taken at."""

    def __init__(self, found: Found, *faces: Faces) -> None:
        filled = np.zeros(len(found.ids), dtype=bool)
        for some in faces:
            filled[some.object] = True
        self._lods, self._filled = found.lods, filled
        self.finest = max(set(compress(found.lods, filled.tolist())), key=_rank, default="")

    def of_objects(self) -> list[str]:
        """Return that of every object, "" for those without surfaces."""
        return [lod if some else "" for lod, some in zip(self._lods, self._filled.tolist(), strict=True)]

    def of_buildings(self, objects: Objects) -> Texts:
        """Return for every building the finest of it and its parts; for other objects anything."""
        lods = self.of_objects()
        names = sorted(set(lods), key=_rank)
        number = {lod: k for k, lod in enumerate(names)}
        level, finest = np.array([number[lod] for lod in lods]), np.zeros(len(lods), dtype=np.int64)
        bounded = np.flatnonzero(objects.kind != OTHER)
        np.maximum.at(finest, objects.building[bounded], level[bounded])
        return np.array(names, dtype=np.str_)[finest]


def _put_texts(table: Table, column: Column, values: Sequence[str] | Texts) -> Table:
    """Return the table with a text column that is missing where it is empty."""
    texts = np.array(values, dtype=np.str_)
    return table.put(column, texts, np.where(texts != "", GIVEN, MISSING).astype(np.uint16))


def _defer_texts(table: Table, column: Column, make: Callable[[], Sequence[str] | Texts]) -> Table:
    """Return the same with values that are made when the column is first asked for."""
    return table.defer([column], lambda: _put_texts(table, column, make()))


def _put_rows(table: Table, column: Column, rows: Ints) -> Table:
    """Return the table with a column of row numbers that is missing where they are -1."""
    return table.put(column, np.maximum(rows, 0), np.where(rows >= 0, GIVEN, MISSING).astype(np.uint16))


def _building_table(given: _Given, lods: _Lods) -> Table:
    """Return the buildings with what was given of them, and the finest level of detail of each and its parts."""
    objects, ids = given.objects, given.found.ids
    own = objects.rows(BUILDING)
    table = Table("building", lambda: _chosen(ids, own), len(own))

    def with_columns() -> Table:
        filled = table
        for name, (values, codes) in given.columns().items():
            filled = filled.put(BUILDING_COLUMNS[name], values[own], codes[own])
        return filled

    known = table.defer([BUILDING_COLUMNS[name] for name in ("usage_class", *ATTRIBUTE_NAMES)], with_columns)
    return _defer_texts(known, BUILDING_COLUMNS["lod"], lambda: lods.of_buildings(objects)[own])


def _part_table(found: Found, objects: Objects, lods: _Lods) -> Table:
    rows, ids = objects.rows(PART), found.ids
    table = Table("building_part", lambda: _chosen(ids, rows), len(rows))
    table = table.put(PART_COLUMNS["building"], objects.numbers(BUILDING)[objects.building[rows]])
    return _defer_texts(table, PART_COLUMNS["lod"], lambda: _chosen(lods.of_objects(), rows))


def _object_table(found: Found, objects: Objects, lods: _Lods) -> Table:
    rows = objects.rows(OTHER)
    table = Table("city_object", lambda: _chosen(found.ids, rows), len(rows))

    def with_columns() -> Table:
        types = _chosen(found.types, rows)
        filled = table.put(OBJECT_COLUMNS["type"], np.array(types, dtype=np.str_))
        filled = _put_rows(filled, OBJECT_COLUMNS["building"], objects.numbers(BUILDING)[objects.building[rows]])
        filled = _put_rows(filled, OBJECT_COLUMNS["part"], objects.numbers(PART)[objects.part[rows]])
        parents = [found.ids[found.parents[row]] if found.parents[row] >= 0 else "" for row in rows]
        filled = _put_texts(filled, OBJECT_COLUMNS["parent"], parents)
        for name in ("function", "usage"):
            texts = (found.attributes[row].get(name) for row in rows)
            filled = _put_texts(filled, OBJECT_COLUMNS[name], [text if isinstance(text, str) else "" for text in texts])
        filled = _put_texts(filled, OBJECT_COLUMNS["lod"], _chosen(lods.of_objects(), rows))
        return filled.put(OBJECT_COLUMNS["casts_shade"], np.array([kind not in _INDOORS for kind in types]))

    return table.defer(list(OBJECT_COLUMNS.values()), with_columns)


def _defer_types(table: Table, column: Column, names: Sequence[str], codes: Ints) -> Table:
    """Return the table with the names of thematic types, missing where they are empty; -1 stands for no name."""

    def put() -> Table:
        used = np.bincount(codes + 1, minlength=len(names) + 1) > 0
        texts = np.array([name if some else "" for name, some in zip(["", *names], used, strict=True)], dtype=np.str_)
        sources = np.where(texts == "", MISSING, GIVEN).astype(np.uint16)
        return table.put(column, texts[codes + 1], sources[codes + 1])

    return table.defer([column], put)


def _surface_table(found: Found, objects: Objects, faces: Faces) -> Table:
    """Return the surfaces of buildings; what is no type of an outer surface is left to the slope."""
    table = Table("surface", _surface_ids(found, faces), len(faces.found))
    table = table.put(SURFACE_COLUMNS["building"], objects.numbers(BUILDING).take(objects.building).take(faces.object))
    bare = table

    def with_parts() -> Table:
        return _put_rows(bare, SURFACE_COLUMNS["part"], objects.numbers(PART)[objects.part[faces.object]])

    table = table.defer([SURFACE_COLUMNS["part"]], with_parts)
    names, n = found.type_names, len(SURFACE_TYPES)
    if len(names) > n:
        _note_types(found, faces, names[n:])
    table = _defer_types(table, SURFACE_COLUMNS["type"], [*names[:n], *([""] * (len(names) - n))], faces.type)
    return _put_thematic(table, found, faces)


def _note_types(found: Found, faces: Faces, names: Sequence[str]) -> None:
    """Note types that are none of an outer surface's, of which the codes are the last."""
    first = len(found.type_names) - len(names)
    counts = np.bincount(faces.type + 1, minlength=len(found.type_names) + 1)[first + 1 :]
    for name, count in zip(names, counts, strict=True):
        if count:
            text = f"{count} surfaces of buildings are of type {name}, which is no outer surface; the slope decides"
            found.warn("surface-type-unknown", text)


def _put_thematic(surfaces: Table, found: Found, faces: Faces) -> Table:
    """Return the surfaces with what several polygons of one window, door or named surface have in common.

    As they are if there are none. Surfaces without a name are not told apart: many files say "wall" once for all.
    """
    several = _shared(faces.group)
    if not len(several):
        return surfaces
    named = np.array([found.surface_ids[number] != "" for number in faces.found[several].tolist()], dtype=bool)
    kept = named | np.isin(faces.type[several], OPENINGS)
    if not kept.any():
        return surfaces
    _, first, group = np.unique(faces.group[several], return_index=True, return_inverse=True)
    rows = np.full(len(surfaces), -1)
    rows[several[kept]] = several[first[group]][kept]
    return _put_rows(surfaces, SURFACE_COLUMNS["thematic_surface"], rows)


def _shared(numbers: Ints) -> Ints:
    """Return where numbers are that occur several times."""
    if not len(numbers):
        return numbers
    low = numbers.min()
    span = int(numbers.max() - low) + 1
    if span <= _SPARSE * len(numbers):
        met = np.zeros(span, dtype=bool)
        met[numbers - low] = True
        if np.count_nonzero(met) == len(numbers):
            return numbers[:0]
    in_order = np.sort(numbers)
    return np.flatnonzero(np.isin(numbers, in_order[1:][in_order[1:] == in_order[:-1]]))


def _put_hosts(surfaces: Table, hosts: Hosts) -> Table:
    """Return the surfaces with the surface that each window and door is in; as they are if there are none."""
    if not len(hosts.opening):
        return surfaces
    host, codes = np.zeros(len(surfaces), dtype=np.int64), np.full(len(surfaces), MISSING, dtype=np.uint16)
    host[hosts.opening] = hosts.host
    codes[hosts.opening] = np.where(hosts.stated, GIVEN, DERIVED)
    return surfaces.put(SURFACE_COLUMNS["opening_of"], host, codes)


def _object_surface_table(found: Found, objects: Objects, faces: Faces) -> Table:
    table = Table("city_object_surface", _surface_ids(found, faces), len(faces.found))
    table = table.put(OBJECT_SURFACE_COLUMNS["city_object"], objects.numbers(OTHER)[faces.object])
    return _defer_types(table, OBJECT_SURFACE_COLUMNS["type"], found.type_names, faces.type)


def _surface_ids(found: Found, faces: Faces) -> Callable[[], list[str]]:
    """Return what makes unique identifiers: the file's own, numbered from the second surface that has it.

    A surface without one is called by its object and its place among the object's surfaces, from 1.
    """
    names, object_names, numbers, objects = found.surface_ids, found.ids, faces.found, faces.object

    def make() -> list[str]:
        given = list(_chosen(names, numbers))
        _, first, of = np.unique(objects, return_index=True, return_inverse=True)
        place = np.arange(len(given)) - first[of] + 1
        uses, used = Counter(given), Counter[str]()
        taken = {identifier for identifier, count in uses.items() if count == 1}
        for k, identifier in enumerate(given):
            if identifier and uses[identifier] == 1:
                continue
            used[identifier] += 1
            fresh = identifier or f"{object_names[objects[k]]}-{place[k]}"
            if identifier and used[identifier] > 1:
                fresh += f"-{used[identifier]}"
            while fresh in taken:
                fresh += "~"
            taken.add(fresh)
            given[k] = fresh
        return given

    return make
