"""Write a city in the format that the name of the file asks for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from twin.city.model import City

if TYPE_CHECKING:
    from twin.city.cityjson.write_header import Results

__all__ = ["is_sequence", "write_city"]


def is_sequence(path: str | os.PathLike[str]) -> bool:
    """Return whether a file of that name is to be a CityJSON text sequence."""
    return Path(path).name.lower().removesuffix(".gz").endswith(".jsonl")


def write_city(city: City, path: str | os.PathLike[str], results: Results | None = None) -> None:
    """Write a city as CityJSON 2.0, as a text sequence of it, or its footprints for a GIS.

    Parameters
    ----------
    path
        ``*.jsonl`` (``.city.jsonl``) makes a CityJSON text sequence, ``*.geojson`` and ``*.parquet`` footprints,
        anything else a CityJSON document; ``.gz`` behind either packs it.
    results
        By name, one value per building, or ``{"values": ..., "unit": ...}``; they become attributes ``twin_<name>``.

    Raises
    ------
    TwinError
        If results do not match the buildings or the file cannot be written.
    """
    name = Path(path).name.lower().removesuffix(".gz")
    if name.endswith((".geojson", ".parquet", ".geoparquet")):
        from twin.city.footprints import write_footprints

        write_footprints(city, path, results)
    elif is_sequence(path):
        from twin.city.cityjson.write import write_cityjsonseq

        write_cityjsonseq(city, path, results)
    else:
        from twin.city.cityjson.write import write_cityjson

        write_cityjson(city, path, results)
