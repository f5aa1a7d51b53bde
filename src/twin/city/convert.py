"""From any city file we read to any we write; text sequences tile by tile, whatever their size."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from twin.city.model import Box, City
from twin.city.read import FINEST, iter_city, read_city
from twin.city.write import is_sequence, write_city
from twin.progress import Progress, silent

__all__ = ["Converted", "convert"]


@dataclass
class Converted:
    """What was written: rows by table, and what was doubtful or lost."""

    rows: Counter[str] = field(default_factory=Counter)
    findings: list[dict[str, Any]] = field(default_factory=list)

    def add(self, city: City) -> None:
        self.rows.update({name: len(table) for name, table in city.tables.items()})
        self.findings += city.metadata["findings"]


def convert(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str],
    *,
    lod: str | None = None,
    crs: str | None = None,
    bbox: Box | None = None,
    where: str | None = None,
    progress: Progress = silent,
) -> Converted:
    """Write a city file anew, in the format that the name of the target asks for (see `twin.city.write.write_city`).

    Parameters
    ----------
    lod
        Level of detail, the finest if left out. All else as in `twin.read_city`.

    Raises
    ------
    TwinError
        If the source cannot be read, nothing is left of it, or the target cannot be written.
    """
    done = Converted()
    if is_sequence(target):
        from twin.city.cityjson.write import write_cityjsonseq

        def tiles() -> Iterator[City]:
            for city in iter_city(source, lod or FINEST, crs, bbox=bbox, where=where, progress=progress):
                done.add(city)
                yield city

        write_cityjsonseq(tiles(), Path(target))
    else:
        city = read_city(source, lod or FINEST, crs, bbox=bbox, where=where, progress=progress)
        done.add(city)
        write_city(city, target)
    return done
