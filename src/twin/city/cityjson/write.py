"""Write a city as compact CityJSON 2.0, the same bytes for the same city."""

from __future__ import annotations

import gzip
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.city.attributes import stated
from twin.city.crs import ogc_url
from twin.city.geometry.polygons import measure, shells
from twin.city.geometry.rings import WELD_M, compact, weld
from twin.city.model import City, Geometry
from twin.errors import Problem, TwinError
from twin.table import DERIVED

__all__ = ["write_cityjson"]

Results = Mapping[str, ArrayLike | Mapping[str, Any]]


def write_cityjson(city: City, path: str | os.PathLike[str], results: Results | None = None) -> None:
    """Write buildings, parts, surfaces with their types and attributes, and optionally results per building.

    Coordinates are kept to the millimetre. A building whose shell closes is written as a Solid, another one as a
    MultiSurface. Of the columns those are written that the file or a measure gave, under CityJSON's names; what was
    derived or assumed is not. The file appears complete or not at all; ``.gz`` at the end of its name packs it.

    Parameters
    ----------
    results
        By name, one value per building, or ``{"values": ..., "unit": ...}``. They become attributes with the prefix
        ``twin_``; the units stand in ``metadata.twin_units``.

    Raises
    ------
    TwinError
        If results do not match the buildings, or the file cannot be written.
    """
    columns, units = _results(results or {}, len(city.buildings))
    shape = _Shape.of(city)
    document: dict[str, Any] = {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [WELD_M] * 3, "translate": shape.translate},
        "metadata": _metadata(city, shape, units),
        "CityObjects": _objects(city, shape, columns),
        "vertices": shape.grid.tolist(),
    }
    data = msgspec.json.encode(document) + b"\n"
    _replace(Path(path), gzip.compress(data, mtime=0) if str(path).endswith(".gz") else data)


def _replace(path: Path, data: bytes) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        try:
            part.write_bytes(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise TwinError(Problem(f"cannot be written ({error.strerror or error})", path)) from error


def _results(results: Results, n: int) -> tuple[dict[str, list[Any]], dict[str, str]]:
    columns, units = {}, {}
    for name, given in results.items():
        values = np.asarray(given["values"] if isinstance(given, Mapping) else given)
        if values.shape != (n,):
            raise TwinError(Problem(f"result {name} has shape {values.shape}", expected=f"({n},), one per building"))
        columns[f"twin_{name}"] = values.tolist()
        units[f"twin_{name}"] = str(given.get("unit", "-")) if isinstance(given, Mapping) else "-"
    return columns, units


@dataclass(frozen=True, slots=True)
class _Shape:
    """The geometry on CityJSON's integer grid, and which object every surface belongs to.

    Objects are numbered: buildings by row, then parts by row.
    """

    geometry: Geometry
    grid: NDArray[np.int64]
    translate: list[float]
    object_of: NDArray[np.int64]
    closed: NDArray[np.bool_]

    @classmethod
    def of(cls, city: City) -> _Shape:
        welded = weld(city.geometry.vertices, city.geometry.ring_vertices)
        geometry = compact(replace(city.geometry, ring_vertices=welded))
        vertices = geometry.vertices
        corner = np.floor(vertices.min(axis=0)) if len(vertices) else np.zeros(3)
        grid = np.rint(vertices / WELD_M).astype(np.int64) - np.rint(corner / WELD_M).astype(np.int64)
        object_of, n = city.surface_owners()
        closed = shells(geometry, measure(geometry), object_of, n).closed
        return cls(geometry, grid, corner.tolist(), object_of, closed)


def _metadata(city: City, shape: _Shape, units: dict[str, str]) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if city.metadata.get("title"):
        metadata["title"] = city.metadata["title"]
    if len(shape.grid):
        low, high = shape.grid.min(axis=0), shape.grid.max(axis=0)
        corner = np.array(shape.translate)
        extent = np.concatenate([low * WELD_M + corner, high * WELD_M + corner])
        metadata["geographicalExtent"] = [round(float(x), 3) for x in extent]
    if city.crs:
        metadata["referenceSystem"] = ogc_url(city.crs)
    as_found = city.metadata.get("crs_as_found")
    if as_found and as_found != metadata.get("referenceSystem"):
        metadata["twin_crs_as_found"] = as_found
    if units:
        metadata["twin_units"] = units
    return metadata


def _objects(city: City, shape: _Shape, columns: dict[str, list[Any]]) -> dict[str, Any]:
    geometries = _geometries(city, shape)
    objects: dict[str, Any] = {}
    parts = city.tables.get("building_part")
    part_rows: dict[int, list[int]] = {}
    for row, building in enumerate(parts["building"].tolist() if parts else ()):
        part_rows.setdefault(building, []).append(row)
    for row, identifier in enumerate(city.buildings.ids.tolist()):
        attributes = _building_attributes(city, row) | {name: values[row] for name, values in columns.items()}
        entry = objects[identifier] = _object("Building", attributes, geometries.get(row))
        for part in part_rows.get(row, ()):
            assert parts is not None
            name = str(parts.ids[part])
            entry.setdefault("children", []).append(name)
            own = _left(city, "building_part", part)
            objects[name] = _object("BuildingPart", own, geometries.get(len(city.buildings) + part))
            objects[name]["parents"] = [identifier]
    return objects


def _object(kind: str, attributes: dict[str, Any], geometry: dict[str, Any] | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"type": kind}
    address = attributes.get("address")
    if isinstance(address, list) and all(isinstance(one, dict) for one in address):
        entry["address"] = attributes.pop("address")
    if attributes:
        entry["attributes"] = attributes
    if geometry:
        entry["geometry"] = [geometry]
    return entry


def _left(city: City, name: str, row: int) -> dict[str, Any]:
    """Return what the file said of a row beside its columns."""
    return dict(city.attributes[name][row]) if name in city.attributes else {}


def _building_attributes(city: City, row: int) -> dict[str, Any]:
    attributes = _left(city, "building", row)
    for name, value in stated(city.buildings, row).items():
        kept = attributes.get(name)
        if not (isinstance(kept, list) and kept and kept[0] == value):  # several functions, of which one is the column
            attributes[name] = value
    return attributes


def _geometries(city: City, shape: _Shape) -> dict[int, dict[str, Any]]:
    """Return the geometry of every object that has one."""
    rings = _slices(shape.geometry.ring_vertices.tolist(), shape.geometry.ring_offsets)
    surfaces = _slices(rings, shape.geometry.surface_offsets)
    order = np.argsort(shape.object_of, kind="stable")
    made: dict[int, dict[str, Any]] = {}
    for rows in np.split(order, np.flatnonzero(np.diff(shape.object_of[order])) + 1) if len(order) else ():
        number = int(shape.object_of[rows[0]])
        meanings, values = _semantics(city, rows, _object_id(city, number))
        boundaries = [surfaces[row] for row in rows]
        closed = bool(shape.closed[number])
        made[number] = {
            "type": "Solid" if closed else "MultiSurface",
            "lod": _lod(city, number),
            "boundaries": [boundaries] if closed else boundaries,
            "semantics": {"surfaces": meanings, "values": [values] if closed else values},
        }
    return made


def _slices(items: list[Any], offsets: NDArray[np.int64]) -> list[list[Any]]:
    return [items[start:stop] for start, stop in pairwise(offsets.tolist())]


def _object_id(city: City, number: int) -> str:
    n = len(city.buildings)
    return str(city.buildings.ids[number] if number < n else city.tables["building_part"].ids[number - n])


def _lod(city: City, number: int) -> str:
    n = len(city.buildings)
    table, row = (city.buildings, number) if number < n else (city.tables["building_part"], number - n)
    return city.lod if "lod" not in table or table.missing("lod")[row] else str(table["lod"][row])


def _semantics(city: City, rows: NDArray[np.int64], owner: str) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the different meanings among some surfaces, and for every surface which one it has."""
    surfaces = city.surfaces
    numbers: dict[bytes, int] = {}
    meanings: list[dict[str, Any]] = []
    values = []
    for position, row in enumerate(rows.tolist(), 1):
        meaning: dict[str, Any] = {"type": str(surfaces["type"][row])}
        identifier = str(surfaces.ids[row])
        if identifier != f"{owner}-{position}":  # which is what a surface without identifier is called
            meaning["id"] = identifier
        if surfaces.source("type")[row] == DERIVED:
            meaning["twin_type_source"] = "derived"
        meaning |= _left(city, "surface", row)
        key = msgspec.json.encode(meaning)
        if key not in numbers:
            numbers[key] = len(meanings)
            meanings.append(meaning)
        values.append(numbers[key])
    return meanings, values
