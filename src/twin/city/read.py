"""Read a city file of any format we know, told apart by content: whole, filtered, or tile by tile."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from twin.city.model import BUILDING_COLUMNS, Box, City
from twin.errors import Problem, TwinError
from twin.progress import Progress, silent
from twin.where import Where

if TYPE_CHECKING:
    from twin.city.found import Found
    from twin.city.source import Limits, Source

__all__ = ["FINEST", "find", "iter_city", "read_city"]

Path = str | os.PathLike[str]

FINEST = "4"  # the level of detail that takes the most detailed geometry of every object
TILE = 5_000  # buildings held at a time where a file is filtered while reading
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_city(
    path: Path,
    lod: str | None = None,
    crs: str | None = None,
    *,
    bbox: Box | None = None,
    where: str | None = None,
    limits: Limits | None = None,
    progress: Progress = silent,
) -> City:
    """Read a CityGML or CityJSON file, plain or gzipped.

    Parameters
    ----------
    lod
        Level of detail wanted, such as ``"2"`` (the default) or ``"1.2"``. Every object is read once, at its best
        level not above that one, else at the lowest above it.
    crs
        Reference system of the coordinates (``"EPSG:25832"``), overriding what the file says.
    bbox
        Keep only what comes into the box ``(x_min, y_min, x_max, y_max)``, m, in the city's reference system.
    where
        Keep only buildings that fulfil a condition on the columns of the building table, such as
        ``"year_of_construction < 1980 and footprint_m2 > 50"``.
    limits
        How large a file is taken on.
    progress
        Told how many bytes of the file have been read.

    Returns
    -------
    City
        ``city.metadata["findings"]`` says what was doubtful. Attributes are harmonized and surfaces measured when one
        of these columns, an attribute or the findings are first asked for. Walls that buildings share are not looked
        for: see `twin.city.derive.with_party_walls`.

    Raises
    ------
    TwinError
        If the file is missing, no city file, damaged or hostile, or a level, reference system, box or condition makes
        no sense, or matches nothing.
    """
    if bbox is None and where is None:
        return next(_cities(path, lod, crs, None, limits, progress))
    from twin.city.select import concat

    tiles = list(iter_city(path, lod, crs, bbox=bbox, where=where, limits=limits, progress=progress))
    if not tiles:
        wanted = " and ".join(f"{k} = {v!r}" for k, v in (("bbox", bbox), ("where", where)) if v is not None)
        raise TwinError(Problem(f"no building meets {wanted}", os.fspath(path)))
    return concat(tiles)


def iter_city(
    path: Path,
    lod: str | None = None,
    crs: str | None = None,
    *,
    bbox: Box | None = None,
    where: str | None = None,
    buildings: int = TILE,
    limits: Limits | None = None,
    progress: Progress = silent,
) -> Iterator[City]:
    """Read a city file tile by tile, in the memory of one tile; parameters and errors are those of `read_city`.

    CityJSON text sequences and CityGML are read building by building; a CityJSON file is one document and comes as one
    tile.

    Parameters
    ----------
    buildings
        How many buildings are read at a time. Tiles of which nothing is left after filtering are left out.
    """
    from twin.city.select import within

    condition = None if where is None else Where(where, BUILDING_COLUMNS)
    if bbox is not None and not (len(bbox) == 4 and bbox[0] <= bbox[2] and bbox[1] <= bbox[3]):
        raise TwinError(Problem(f"bbox is {bbox!r}", expected="(x_min, y_min, x_max, y_max)"))
    for city in _cities(path, lod, crs, buildings, limits, progress):
        kept = within(city, bbox, condition)
        if len(kept.buildings):
            yield kept


def _cities(
    path: Path, lod: str | None, crs: str | None, tile: int | None, limits: Limits | None, progress: Progress
) -> Iterator[City]:
    from twin.city.assemble import assemble
    from twin.city.crs import epsg_code

    if crs is not None and epsg_code(crs) is None:
        raise TwinError(Problem(f"{crs!r} is no known reference system", expected='a code like "EPSG:25832"'))
    system: str | None = None
    tiles = find(path, lod, tile, limits, progress)
    while True:
        with _garbage_collector_off():
            found = next(tiles, None)
            if found is None:
                return
            city = assemble(found, crs, system)
        del found
        system = city.crs
        yield city
        del city


def find(
    path: Path,
    lod: str | None = None,
    tile: int | None = None,
    limits: Limits | None = None,
    progress: Progress = silent,
) -> Iterator[Found]:
    """Yield what a file holds before anything is harmonized or derived: as a whole, or ``tile`` buildings at a time."""
    from twin.city.source import Source

    if lod is not None and not re.fullmatch(r"[0-4](\.\d)?", str(lod)):
        raise TwinError(Problem(f"{lod!r} is no level of detail", expected='"1", "2", "2.2" or "3"'))
    source = Source(path, limits)
    tiles = _read(source, str(lod or "2"), tile)
    while True:
        with _garbage_collector_off():
            found = next(tiles, None)
        progress("read", source.taken, source.size)
        if found is None:
            return
        yield found


@contextmanager
def _garbage_collector_off() -> Iterator[None]:
    """Keep the collector from walking over the many small objects a parser makes, none of which is in a cycle."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _read(source: Source, lod: str, tile: int | None) -> Iterator[Found]:
    if mistaken := source.mistaken_for():
        raise source.error(f"this is {mistaken}, no city file", expected="CityGML or CityJSON")
    start = source.head.lstrip()
    if start.startswith(b"<") or (start.startswith(_UTF16) and b"<" in start[:8]):
        from twin.city.citygml import read_citygml

        return read_citygml(source, lod, tile)
    if start.startswith(b"{"):
        from twin.city.cityjson import read_cityjson

        return read_cityjson(source, lod, tile)
    raise source.error(f"this is no city file: it starts with {start[:12]!r}", expected="CityGML or CityJSON")
