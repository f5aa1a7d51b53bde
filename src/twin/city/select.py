"""Parts of a city, and cities put together: whatever refers to a row keeps referring to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry.rings import compact, surface_of_corner, take_surfaces
from twin.city.model import Box, City, Geometry
from twin.errors import Problem, TwinError
from twin.quantities import Link
from twin.table import Table
from twin.where import Where

__all__ = ["concat", "take", "within"]

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def within(city: City, bbox: Box | None, where: Where | None) -> City:
    """Return the buildings that come into a box and fulfil a condition, and the other objects that come into the box.

    What belongs to a building (its parts, surfaces, installations, rooms) stays with it.
    """
    if bbox is None and where is None:
        return city
    buildings = np.ones(len(city.buildings), dtype=bool) if where is None else where(city.buildings)
    keep = {"building": buildings}
    if bbox is not None:
        keep["building"] = buildings & _meets(bbox, city.geometry, city.surfaces["building"], len(buildings))
        if "city_object" in city.tables:
            objects = city.table("city_object")
            owner = city.table("city_object_surface")["city_object"]
            inside = _meets(bbox, city.surroundings, owner, len(objects))
            keep["city_object"] = inside | ~objects.missing("building")
    return take(city, keep)


def _meets(bbox: Box, geometry: Geometry, owner: Ints, n: int) -> Mask:
    """Return which owners of surfaces have an extent that meets a box."""
    corners, of = geometry.corners, owner[surface_of_corner(geometry)]
    low, high = np.full((n, 2), np.inf), np.full((n, 2), -np.inf)
    np.minimum.at(low, of, corners[:, :2])
    np.maximum.at(high, of, corners[:, :2])
    return np.asarray(((low <= bbox[2:]) & (high >= bbox[:2])).all(axis=1))


def take(city: City, keep: Mapping[str, Mask]) -> City:
    """Return the chosen rows of some tables, and of all others the rows that refer to nothing that is gone."""
    kept = _closure(city, keep)
    tables = {name: _renumbered(table.take(kept[name]), kept) for name, table in city.tables.items()}
    rows = {name: np.flatnonzero(mask) for name, mask in kept.items()}
    ids = {str(identifier) for name in _OBJECTS if name in tables for identifier in tables[name].ids}
    return replace(
        city,
        tables=tables,
        geometry=compact(take_surfaces(city.geometry, rows["surface"])),
        surroundings=_surroundings(city, rows),
        links=_links(tables),
        attributes={
            name: tuple(left[row] for row in rows[name].tolist()) if name in rows else left
            for name, left in city.attributes.items()
        },
        members={identifier: members for identifier, members in city.members.items() if identifier in ids},
    )


_OBJECTS = ("building", "building_part", "city_object")


def _closure(city: City, keep: Mapping[str, Mask]) -> dict[str, Mask]:
    """Return which rows of every table stay when those go that refer to a row that goes."""
    kept = {name: np.array(keep.get(name, np.ones(len(table), dtype=bool))) for name, table in city.tables.items()}
    changed = True
    while changed:
        changed = False
        for name, table in city.tables.items():
            for column in table.columns:
                if column.refers in kept:
                    gone = kept[name] & ~table.missing(column.name) & ~kept[column.refers][table[column.name]]
                    kept[name] &= ~gone
                    changed |= bool(gone.any())
    return kept


def _renumbered(table: Table, kept: Mapping[str, Mask]) -> Table:
    """Return a table whose row numbers count only the rows kept."""
    for column in table.columns:
        if column.refers and column.refers in kept:
            number = np.cumsum(kept[column.refers]) - 1
            there = ~table.missing(column.name)
            rows = np.where(there, number[np.where(there, table[column.name], 0)] if len(number) else 0, 0)
            table = table.put(column, np.maximum(rows, 0), table.source(column.name))
    return table


def _surroundings(city: City, rows: Mapping[str, Ints]) -> Geometry:
    if "city_object_surface" not in rows:
        return city.surroundings
    return compact(take_surfaces(city.surroundings, rows["city_object_surface"]))


def _links(tables: Mapping[str, Table]) -> tuple[Link, ...]:
    return (Link.belongs("surface", "building", tables["surface"]["building"]),)


def concat(cities: Sequence[City]) -> City:
    """Return one city of several, which share a reference system: tiles of one file, or neighbouring files.

    Raises
    ------
    TwinError
        If their reference systems differ, or buildings have the same identifier.
    """
    first = cities[0]
    if len(cities) == 1:
        return first
    systems = sorted({str(city.crs) for city in cities})
    if len(systems) > 1:
        raise TwinError(Problem(f"cities in {' and '.join(systems)} cannot be put together", expected="one system"))
    names = list(dict.fromkeys(name for city in cities for name in city.tables))
    tables = {name: _joined(cities, name) for name in names}
    ids, uses = np.unique(tables["building"].ids, return_counts=True)
    if (uses > 1).any():
        raise TwinError(Problem(f"building {ids[uses > 1][0]} occurs {uses.max()} times", expected="unique ids"))
    sets = dict.fromkeys(name for city in cities for name in city.attributes)
    return replace(
        first,
        tables=tables,
        geometry=_stacked([city.geometry for city in cities]),
        surroundings=_stacked([city.surroundings for city in cities]),
        lod=max((city.lod for city in cities), key=float),
        links=_links(tables),
        attributes={name: tuple(row for city in cities for row in city.attributes.get(name, ())) for name in sets},
        members={identifier: m for city in cities for identifier, m in city.members.items()},
        metadata=_metadata(cities),
    )


def _joined(cities: Sequence[City], name: str) -> Table:
    """Return a table of all cities, in which row numbers count on from one city to the next."""
    parts = []
    start: Counter[str] = Counter()
    for city in cities:
        if name in city.tables:
            table = city.tables[name]
            for column in table.columns:
                if column.refers and start[column.refers]:
                    rows = np.where(table.missing(column.name), 0, table[column.name] + start[column.refers])
                    table = table.put(column, rows, table.source(column.name))
            parts.append(table)
        start.update({other: len(table) for other, table in city.tables.items()})
    return Table.concat(parts)


def _stacked(geometries: Sequence[Geometry]) -> Geometry:
    """Return surfaces one geometry after the other; vertices are not shared between them."""

    def running(arrays: Sequence[Ints]) -> Ints:
        ends = np.cumsum([0, *(array[-1] for array in arrays)])
        return np.concatenate([[0], *(array[1:] + end for array, end in zip(arrays, ends, strict=False))])

    first = np.cumsum([0, *(len(g.vertices) for g in geometries)])
    return Geometry(
        np.concatenate([g.vertices for g in geometries]),
        np.concatenate([g.ring_vertices + start for g, start in zip(geometries, first, strict=False)]),
        running([g.ring_offsets for g in geometries]),
        running([g.surface_offsets for g in geometries]),
    )


def _metadata(cities: Sequence[City]) -> dict[str, Any]:
    methods: Counter[str] = Counter()
    for city in cities:
        methods.update(city.metadata.get("volume_method", {}))
    findings = [finding for city in cities for finding in city.metadata.get("findings", ())]
    return {**cities[0].metadata, "findings": findings, "volume_method": dict(methods)}
