"""Write a city as CityJSON 2.0 or as a CityJSON 2.0 text sequence, the same bytes for the same city."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from twin.city.cityjson.write_geometry import SCALE_M, Shape, geometries, origin_of
from twin.city.cityjson.write_header import Columns, Results, header
from twin.city.cityjson.write_objects import Tree, entries
from twin.city.energy.exchange import tables_as_json
from twin.city.model import City
from twin.errors import Problem, TwinError

__all__ = ["replacing", "write_cityjson", "write_cityjsonseq"]

Ints = NDArray[np.int64]

_GZIP_LEVEL = 6  # zlib's own default; 9 takes several times as long for 1 % less


def write_cityjson(
    city: City, path: str | os.PathLike[str], results: Results | None = None, *, extension_url: str | None = None
) -> None:
    """Write a city as one CityJSON 2.0 document.

    Coordinates are kept to the millimetre. An object whose surfaces close is written as a Solid, another one as a
    MultiSurface. Of the columns of buildings those are written that the file or a measure gave, under CityJSON's
    names; what was derived or assumed is not. The file appears complete or not at all; ``.gz`` at the end of its name
    packs it.

    Parameters
    ----------
    results
        By name, one value per building, or ``{"values": ..., "unit": ...}``. They become attributes with the prefix
        ``twin_``; the units stand in ``metadata.twin_units``.
    extension_url
        Where the extension (``twin.ext.json``) is published. With it the document declares the extension and states
        the units in its ``+twin`` as well; without, it holds nothing that a validator would have to fetch.

    Raises
    ------
    TwinError
        If results do not match the buildings, two objects have one identifier, or the file cannot be written.
    """
    columns, origin, tree = Columns.of(results, len(city.buildings)), origin_of(city), Tree.of(city)
    shape = Shape.of(city, tree, np.zeros(len(tree.ids), dtype=np.int64), origin)
    made = entries(city, tree, geometries(city, tree, shape), columns.values)
    document = header(city, _metres(origin), SCALE_M, _extent([shape.grid], origin), columns.units, extension_url)
    if energy := tables_as_json(city):
        document["metadata"]["twin_energy"] = energy
    document["CityObjects"] = {tree.ids[number]: made[number] for number in tree.order().tolist()}
    document["vertices"] = shape.grid.tolist()
    data = msgspec.json.encode(document)
    with replacing(path) as stream:
        stream.write(data)
        stream.write(b"\n")


def write_cityjsonseq(
    cities: City | Iterable[City],
    path: str | os.PathLike[str],
    results: Results | None = None,
    *,
    extension_url: str | None = None,
) -> None:
    """Write a city, or one tile of it after the other, as a CityJSON 2.0 text sequence (``.city.jsonl``).

    The first line is the header, every further one a feature: an object at the top with all its descendants and
    vertices of its own. Tiles are written as they come, so that memory holds one at a time; header and reference
    system are the first one's. Otherwise as `write_cityjson`.

    Parameters
    ----------
    results
        As for `write_cityjson`, one value per building of all tiles.

    Raises
    ------
    TwinError
        If there is no city, tiles differ in reference system, results do not match the buildings, two objects of a
        tile have one identifier, or the file cannot be written.
    """
    columns = Columns.of(results, len(cities.buildings) if isinstance(cities, City) else None)
    tiles = iter([cities] if isinstance(cities, City) else cities)
    tile = next(tiles, None)
    if tile is None:
        raise TwinError(Problem("there is no city to write", Path(path)))
    origin, crs, n = origin_of(tile), tile.crs, 0
    extent = _extent(_grids(tile, origin), origin) if isinstance(cities, City) else None
    document = header(tile, _metres(origin), SCALE_M, extent, columns.units, extension_url)
    with replacing(path) as stream:
        stream.write(msgspec.json.encode(document | {"CityObjects": {}, "vertices": []}))
        stream.write(b"\n")
        while tile is not None:
            if tile.crs != crs:
                raise TwinError(Problem(f"tiles differ in reference system: {crs} and {tile.crs}", Path(path)))
            values = columns.rows(n, n + len(tile.buildings))
            n += len(tile.buildings)
            for feature in _features(tile, origin, values):
                stream.write(msgspec.json.encode(feature))
                stream.write(b"\n")
            tile = next(tiles, None)
        Columns.of(columns.values, n)  # not more of them than buildings


def _features(city: City, origin: Ints, values: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    tree = Tree.of(city)
    feature, members = tree.features()
    shape = Shape.of(city, tree, feature, origin)
    made = entries(city, tree, geometries(city, tree, shape), values)
    for number, objects in enumerate(members):
        yield {
            "type": "CityJSONFeature",
            "id": tree.ids[objects[0]],
            "CityObjects": {tree.ids[row]: made[row] for row in objects},
            "vertices": shape.grid[shape.starts[number] : shape.starts[number + 1]].tolist(),
        }


def _metres(millimetres: Ints) -> list[float]:
    """Return the origin in metres, exact to the last digit since it is whole metres."""
    metres: list[float] = (millimetres * SCALE_M).round(3).tolist()
    return metres


def _grids(city: City, origin: Ints) -> list[Ints]:
    """Return the used vertices of a city on the grid."""
    used = [geometry.vertices[geometry.ring_vertices] for geometry in (city.geometry, city.surroundings)]
    return [np.rint(corners / SCALE_M).astype(np.int64) - origin for corners in used]


def _extent(grids: list[Ints], origin: Ints) -> list[float] | None:
    """Return the lowest and the highest corner in metres."""
    filled = [grid for grid in grids if len(grid)]
    if not filled:
        return None
    low, high = (np.min([grid.min(axis=0) for grid in filled], axis=0), np.max([g.max(axis=0) for g in filled], axis=0))
    return [round(float(value) * SCALE_M, 3) for value in np.concatenate([low + origin, high + origin])]


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """Give a stream whose content takes the place of a file when the block ends well, and vanishes otherwise.

    What is written to a name ending in ``.gz`` is packed, without time or name, so that equal content gives equal
    bytes.

    Raises
    ------
    TwinError
        If the file cannot be written.
    """
    target = Path(path)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        try:
            with part.open("wb") as raw:
                if target.name.lower().endswith(".gz"):
                    with gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0) as packed:
                        yield packed  # type: ignore[misc]
                else:
                    yield raw
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise TwinError(Problem(f"cannot be written ({error.strerror or error})", target)) from error
