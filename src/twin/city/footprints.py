"""Footprints of buildings with what is known of them, for a GIS: GeoJSON and GeoParquet."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.cityjson.write import replacing
from twin.city.cityjson.write_header import PREFIX, Columns, Results
from twin.city.geometry.polygons import mended, polygons
from twin.city.geometry.rings import take_surfaces
from twin.city.model import City
from twin.errors import Problem, TwinError

__all__ = ["footprints", "write_footprints"]

Shapes = NDArray[np.object_]

GRID_M = 1e-3  # coordinates are known to the millimetre
DEGREE_DIGITS = 7  # about a centimetre, as RFC 7946 (section 11.2) advises


def footprints(city: City) -> Shapes:
    """Return the outline of every building on the ground, in the city's reference system.

    The ground surfaces of a building and its parts are projected and united; of a building or part without ground
    surfaces its roofs. Outer rings run counter-clockwise, holes clockwise.

    Returns
    -------
    shapes
        Shapely polygons or multipolygons, None for a building without either, shape ``(n_buildings,)``.
    """
    owner, n = city.surface_owners()
    types = city.surfaces["type"]
    grounded = np.bincount(owner[types == "GroundSurface"], minlength=n) > 0
    rows = np.flatnonzero(np.where(grounded[owner], types == "GroundSurface", types == "RoofSurface"))
    geometry = take_surfaces(city.geometry, rows)
    flat = mended(polygons(geometry, geometry.corners[:, :2]))
    held, of = np.unique(city.surfaces["building"][rows], return_inverse=True)  # surfaces are sorted by building
    shapes: Shapes = np.full(len(city.buildings), None, dtype=object)
    if not len(rows):
        return shapes
    gathered = shapely.geometrycollections(flat, indices=of)
    united = shapely.union_all(gathered[:, None], axis=1, grid_size=GRID_M)
    shapes[held] = np.array([_areas(shape) for shape in united], dtype=object)
    return shapes


def _areas(shape: Any) -> Any:
    """Return the polygons of a shape, without what has no area; None if nothing is left."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and part.area > GRID_M**2]
    if not parts:
        return None
    return shapely.orient_polygons(parts[0] if len(parts) == 1 else shapely.multipolygons(parts))


def write_footprints(city: City, path: str | os.PathLike[str], results: Results | None = None) -> None:
    """Write the footprints of buildings with their columns and results.

    A name ending in ``.parquet`` or ``.geoparquet`` makes GeoParquet 1.1 in the city's own reference system; any
    other makes GeoJSON (RFC 7946) in WGS 84. Both carry every column of the building table, the attributes of the
    file that begin with ``twin_``, and the results. Missing values are null. GeoJSON states the units in the member
    ``twin_units`` of the collection, GeoParquet in the metadata of each field. The file appears complete or not at all.

    Parameters
    ----------
    results
        By name, one value per building, or ``{"values": ..., "unit": ...}``; they become ``twin_<name>``.

    Raises
    ------
    TwinError
        If results do not match the buildings, GeoJSON is asked for a city without reference system, ``pyarrow`` is
        not installed for GeoParquet, or the file cannot be written.
    """
    target = Path(path)
    columns = Columns.of(results, len(city.buildings))
    properties = _properties(city, columns)
    if target.name.lower().removesuffix(".gz").endswith((".parquet", ".geoparquet")):
        _write_geoparquet(city, target, properties)
    else:
        _write_geojson(city, target, properties)


@dataclass(frozen=True, slots=True)
class _Property:
    """What is to be said of every building: values (None where missing), unit, and type where it is declared."""

    values: list[Any]
    unit: str = "-"
    kind: str | None = None


def _properties(city: City, results: Columns) -> dict[str, _Property]:
    table, n = city.buildings, len(city.buildings)
    properties = {"id": _Property(table.ids.tolist(), kind="str")}
    for column in table.columns:
        values, missing = table[column.name].tolist(), table.missing(column.name).tolist()
        filled = [None if blank else value for value, blank in zip(values, missing, strict=True)]
        properties[column.name] = _Property(filled, column.unit, column.kind)
    kept = city.attributes.get("building", [{}] * n)
    units = city.metadata.get("metadata", {}).get("twin_units", {})
    for name in sorted({key for attributes in kept for key in attributes if key.startswith(PREFIX)}):
        properties[name] = _Property([_plain(attributes.get(name)) for attributes in kept], str(units.get(name, "-")))
    return properties | {name: _Property(values, results.units[name]) for name, values in results.values.items()}


def _plain(value: Any) -> Any:
    """Return a value as a cell can hold it: lists and objects as JSON text."""
    return msgspec.json.encode(value).decode() if isinstance(value, (list, dict)) else value


# --- GeoJSON ----------------------------------------------------------------------------------------------------------


def _write_geojson(city: City, path: Path, properties: dict[str, _Property]) -> None:
    texts = shapely.to_geojson(_in_degrees(footprints(city), city.crs, path)).tolist()
    names, rows = list(properties), zip(*(each.values for each in properties.values()), strict=True)
    units = {name: each.unit for name, each in properties.items() if each.unit != "-"}
    features = [
        {
            "type": "Feature",
            "id": values[0],
            "geometry": None if text is None else msgspec.Raw(text.encode()),
            "properties": dict(zip(names, values, strict=True)),
        }
        for text, values in zip(texts, rows, strict=True)
    ]
    collection = {"type": "FeatureCollection", "twin_units": units, "features": features}
    data = msgspec.json.encode(collection)
    with replacing(path) as stream:
        stream.write(data)
        stream.write(b"\n")


def _in_degrees(shapes: Shapes, crs: str | None, path: Path) -> Shapes:
    """Return shapes in longitude and latitude (WGS 84)."""
    import pyproj

    if crs is None:
        raise TwinError(
            Problem(
                "the city has no reference system, so that its footprints have no longitude and latitude",
                path,
                expected='read_city(..., crs="EPSG:25832") or GeoParquet',
            )
        )
    system = pyproj.Transformer.from_crs(pyproj.CRS.from_user_input(crs).to_2d(), "EPSG:4326", always_xy=True)

    def turn(corners: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.round(np.column_stack(system.transform(corners[:, 0], corners[:, 1])), DEGREE_DIGITS)

    turned: Shapes = shapely.orient_polygons(shapely.transform(shapes, turn))
    return turned


# --- GeoParquet -------------------------------------------------------------------------------------------------------


def _arrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise TwinError(
            Problem("GeoParquet needs pyarrow, which is not installed", expected="pip install 'twin[gis]'")
        ) from error


def _write_geoparquet(city: City, path: Path, properties: dict[str, _Property]) -> None:
    """Write GeoParquet 1.1.0 (https://geoparquet.org/releases/v1.1.0/): WKB, PROJJSON, a covering of boxes."""
    arrow, parquet = _arrow()
    shapes = footprints(city)
    bounds = shapely.bounds(shapes)
    types = {"str": arrow.string(), "float": arrow.float64(), "int": arrow.int64(), "bool": arrow.bool_()}
    columns = {name: arrow.array(_alike(each.values), types.get(each.kind or "")) for name, each in properties.items()}
    columns["geometry"] = arrow.array(shapely.to_wkb(shapes, flavor="iso").tolist(), arrow.binary())
    edges = [arrow.array(bounds[:, k]) for k in range(len(_EDGES))]
    columns["bbox"] = arrow.StructArray.from_arrays(edges, names=_EDGES, mask=arrow.array(np.isnan(bounds[:, 0])))
    units = {name: {"unit": each.unit} for name, each in properties.items() if each.unit != "-"}
    fields = [arrow.field(name, column.type, metadata=units.get(name)) for name, column in columns.items()]
    geo = msgspec.json.encode(_geo(city.crs, shapes, bounds))
    table = arrow.table(list(columns.values()), schema=arrow.schema(fields, metadata={"geo": geo}))
    with replacing(path) as stream:
        parquet.write_table(table, stream, compression="zstd")


_EDGES = ("xmin", "ymin", "xmax", "ymax")


def _alike(values: list[Any]) -> list[Any]:
    """Return values of one type, as a column needs them: as found, whole numbers among others as such, else as text."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) <= 1:
        return values
    as_ = float if kinds == {int, float} else str
    return [None if value is None else as_(value) for value in values]


def _geo(crs: str | None, shapes: Shapes, bounds: NDArray[np.float64]) -> dict[str, Any]:
    import pyproj

    held = shapes[~shapely.is_missing(shapes)]
    column: dict[str, Any] = {
        "encoding": "WKB",
        "geometry_types": sorted({shape.geom_type for shape in held}),
        "crs": None if crs is None else pyproj.CRS.from_user_input(crs).to_2d().to_json_dict(),
        "orientation": "counterclockwise",
        "covering": {"bbox": {edge: ["bbox", edge] for edge in _EDGES}},
    }
    if len(held):
        column["bbox"] = [*np.nanmin(bounds[:, :2], axis=0).tolist(), *np.nanmax(bounds[:, 2:], axis=0).tolist()]
    return {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
