"""Time what no reader of CityJSON in Python can do without, beside the bars that are set in multiples of cjio's time.

Usage: OPENBLAS_NUM_THREADS=1 python benchmarks/city_read_floor.py [CITY] [--copies 20]

CITY as in `city_read.py`. Each step runs by itself, in turns with all others, on what the one before it makes; the
least CPU time of all rounds counts. Steps build on another's floor: what is skipped, decoded, parsed and labelled is
the least that arrays of vertices, surfaces, types and objects need. The sum leaves out what joins them (rows of
parents, choice of the level of detail), what frees them, and all that `twin.read_city` does beyond: welding, sorting
by building, measuring, turning shells outward.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from city_read import files, peer_cjio

from twin.city.cityjson.boundaries import parse_boundaries, parse_values
from twin.city.cityjson.document import NESTING, ROOT
from twin.city.cityjson.kinds import Kinds
from twin.city.found import Found
from twin.city.numbers import parse_numbers


class Skeleton(msgspec.Struct):
    """A document of which nothing is decoded."""

    vertices: msgspec.Raw
    CityObjects: msgspec.Raw


SKELETON = msgspec.json.Decoder(Skeleton)


def steps(path: Path) -> dict[str, Callable[[], Any]]:
    """Return what is timed, by name; the first is the peer."""
    text = path.read_bytes()
    root = ROOT.decode(text)
    geometries = [one for entry in root.CityObjects.values() for one in entry.geometry or ()]
    boundaries, nesting = [one.boundaries for one in geometries], [NESTING[one.type] for one in geometries]
    said = [one for one in geometries if one.semantics is not None]
    surfaces = [one.semantics.surfaces for one in said if one.semantics is not None]
    values = [one.semantics.values for one in said if one.semantics is not None]
    return {
        "cjio.cityjson.reader": lambda: peer_cjio(path),
        "bytes of the file": path.read_bytes,
        "JSON checked, nothing built": lambda: SKELETON.decode(text),
        "objects and geometries, typed": lambda: ROOT.decode(text),
        "vertices to numbers": lambda: parse_numbers(root.vertices),
        "boundaries to numbers, offsets": lambda: parse_boundaries(boundaries, nesting),
        "semantic values to numbers": lambda: parse_values(values, [NESTING[one.type] for one in said]),
        "thematic surfaces to types": lambda: Kinds(Found("", rings_closed=False)).of(surfaces),
    }


def least(functions: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return the least CPU milliseconds of each, taken in turns, the collector off but for the peer."""
    taken: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for number, (name, function) in enumerate(functions.items()):
            gc.collect()
            if number:
                gc.disable()
            begun = time.process_time()
            kept = function()
            taken[name].append(time.process_time() - begun)
            del kept
            gc.enable()
    return {name: 1e3 * min(times) for name, times in taken.items()}


def report(title: str, path: Path, rounds: int, bar: float) -> None:
    found = least(steps(path), rounds)
    (peer, peers), *parts = found.items()
    total = sum(taken for name, taken in parts if name != "JSON checked, nothing built")  # a part of the typed decoding
    print(f"{title}: {peer} {peers:.0f} ms; the bar of {bar:g} times is {peers / bar:.1f} ms")
    for name, taken in parts:
        print(f"  {name:32s}{taken:8.1f} ms")
    print(f"  {'sum':32s}{total:8.1f} ms, {peers / total:.1f} times the peer")


def main() -> None:
    with files(__doc__) as (once, many):
        report(*once, 20, 5)
        report(*many, 3, 8)


if __name__ == "__main__":
    main()
