"""Read a city file of any format we know, told apart by content."""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from twin.city.model import City
from twin.errors import Problem, TwinError

if TYPE_CHECKING:
    from twin.city.found import Found
    from twin.city.source import Limits, Source

__all__ = ["read_city"]

_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_city(
    path: str | os.PathLike[str], lod: str | None = None, crs: str | None = None, *, limits: Limits | None = None
) -> City:
    """Read the buildings of a CityGML or CityJSON file, plain or gzipped.

    Parameters
    ----------
    lod
        Level of detail wanted, such as ``"2"`` (the default) or ``"1.2"``. Every building is read once, at its best
        level not above that one, else at the lowest above it.
    crs
        Reference system of the coordinates (``"EPSG:25832"``), overriding what the file says.
    limits
        How large a file is taken on.

    Returns
    -------
    City
        With every column of the building and surface tables; ``city.metadata["findings"]`` says what was doubtful.

    Raises
    ------
    TwinError
        If the file is missing, no city file, damaged or hostile, or a level or reference system is unknown.
    """
    from twin.city.assemble import assemble
    from twin.city.crs import epsg_code
    from twin.city.source import Source

    if lod is not None and not re.fullmatch(r"[0-4](\.\d)?", str(lod)):
        raise TwinError(Problem(f"{lod!r} is no level of detail", expected='"1", "2", "2.2" or "3"'))
    if crs is not None and epsg_code(crs) is None:
        raise TwinError(Problem(f"{crs!r} is no known reference system", expected='a code like "EPSG:25832"'))
    source = Source(path, limits)
    with _garbage_collector_off():
        return assemble(_read(source, str(lod or "2")), crs)


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


def _read(source: Source, lod: str) -> Found:
    if mistaken := source.mistaken_for():
        raise source.error(f"this is {mistaken}, no city file", expected="CityGML or CityJSON")
    start = source.head.lstrip()
    if start.startswith(b"<") or (start.startswith(_UTF16) and b"<" in start[:8]):
        from twin.city.citygml import read_citygml

        return read_citygml(source, lod)
    if start.startswith(b"{"):
        from twin.city.cityjson import read_cityjson

        return read_cityjson(source, lod)
    raise source.error(f"this is no city file: it starts with {start[:12]!r}", expected="CityGML or CityJSON")
