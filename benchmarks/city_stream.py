"""Read a city of a million buildings in bounded memory: replicated, since no such file is at hand.

Usage: python benchmarks/city_stream.py CITY [--buildings 1000000] [--folder /tmp]

CITY is any city file; its buildings are written as a CityJSON text sequence again and again, each copy moved east by
the width of the city and with identifiers of its own, until there are enough. The sequence is then read to the
per-surface table, once whole, once in a box, once with a condition, each in a process of its own whose peak memory is
shown.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

import twin
from twin.city.surfaces import read_surfaces
from twin.city.write import write_city


def replicate(city_file: Path, buildings: int, target: Path) -> int:
    """Write copies of a city side by side, return how many."""
    city = twin.read_city(city_file)
    copies = -(-buildings // len(city.buildings))
    once = target.with_name("once.city.jsonl")
    write_city(city, once)
    header, *features = once.read_bytes().splitlines()
    width = int(1000 * (city.geometry.vertices[:, 0].max() - city.geometry.vertices[:, 0].min() + 100))
    decoded = [msgspec.json.decode(feature) for feature in features]
    with target.open("wb") as file:
        file.write(header + b"\n")
        for copy in range(copies):
            for feature in decoded:
                file.write(msgspec.json.encode(moved(feature, width * copy, f"~{copy}")) + b"\n")
    once.unlink()
    return copies


def moved(feature: dict[str, Any], by: int, suffix: str) -> dict[str, Any]:
    """Return a feature moved east, with other identifiers."""
    objects = {}
    for name, entry in feature["CityObjects"].items():
        links = {key: [n + suffix for n in entry[key]] for key in ("parents", "children") if key in entry}
        objects[name + suffix] = entry | links
    vertices = [(x + by, y, z) for x, y, z in feature["vertices"]]
    return feature | {"id": feature["id"] + suffix, "CityObjects": objects, "vertices": vertices}


def measure(path: Path, **options: Any) -> None:
    """Read in this process and say what it took."""
    started, cpu = time.perf_counter(), time.process_time()
    surfaces = read_surfaces(path, **options)
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    speed = path.stat().st_size / 1e6 / cpu
    print(f"{surfaces!r}: {wall:.1f} s, {cpu:.1f} s of CPU, {speed:.0f} MB/s, {peak:,.0f} MiB at most", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("city", type=Path)
    parser.add_argument("--buildings", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        path = Path(folder) / "replicated.city.jsonl"
        copies = replicate(arguments.city, arguments.buildings, path)
        print(f"{copies:,} copies of {arguments.city.name}: {path.stat().st_size / 1e6:,.0f} MB", flush=True)
        first = twin.read_city(arguments.city).geometry.vertices
        low, high = first.min(axis=0), first.max(axis=0)
        box = tuple(float(x) for x in (low[0], low[1], high[0], high[1]))
        for text, options in (
            ("whole", {}),
            ("in the box of the first copy", {"bbox": box}),
            ("footprint_m2 > 500", {"where": "footprint_m2 > 500"}),
        ):
            print(f"{text}: ", end="", flush=True)
            call = f"import city_stream; city_stream.measure(city_stream.Path({str(path)!r}), **{options!r})"
            environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "OPENBLAS_NUM_THREADS": "1"}
            subprocess.run([sys.executable, "-c", call], check=True, env=environment)


if __name__ == "__main__":
    main()
