"""Time our CityGML reader beside lxml, which only parses the same file to its whole tree.

Usage: OPENBLAS_NUM_THREADS=1 python benchmarks/citygml_read.py [CITY ...]

CITY is a CityGML file, plain or gzipped, which is unpacked before (default: the corpus's tiles of The Hague and Essen).
Rounds take turns, each reader in a process of its own, so that none finds the memory in the state that another left it
in. CPU time counts, and MB/s are those of the unpacked text. ``twin, found`` has all objects, attributes and surfaces
in lists and arrays; ``twin, city`` is what `twin.read_city` returns. What is kept is freed outside the time of each.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from typing import Any

from city_read import TILE, ours, ours_found
from lxml import etree

ROUNDS = 9
CITIES = [TILE.with_name(name) for name in ("denhaag_lod2_citygml10.gml.gz", "essen_lod2_citygml10.gml.gz")]


def peer_lxml(path: Path) -> Any:
    return etree.parse(path, etree.XMLParser(huge_tree=True))


READERS: dict[str, Callable[[Path], Any]] = {
    "lxml.etree.parse": peer_lxml,
    "twin, found": ours_found,
    "twin, city": ours,
}


def clocked(name: str, path: Path) -> float:
    """Return the CPU seconds that a reader takes."""
    gc.collect()
    begun = time.process_time()
    kept = READERS[name](path)
    taken = time.process_time() - begun
    del kept
    return taken


def timed(path: Path) -> dict[str, list[float]]:
    """Return the CPU seconds that each reader took in every round but the first."""
    with ExitStack() as stack:
        processes = {name: stack.enter_context(get_context("spawn").Pool(1)) for name in READERS}
        rounds = [
            {name: process.apply(clocked, (name, path)) for name, process in processes.items()}
            for _ in range(ROUNDS + 1)
        ]
    return {name: [taken[name] for taken in rounds[1:]] for name in READERS}


def report(title: str, path: Path) -> None:
    size, taken = path.stat().st_size / 1e6, timed(path)
    peer = min(taken["lxml.etree.parse"])
    print(f"{title}: {size:.1f} MB; least time, and median")
    for name, seconds in taken.items():
        least, middle = min(seconds), median(seconds)
        speeds = f"{size / least:5.0f} MB/s {size / middle:5.0f} MB/s"
        print(f"  {name:18s}{least * 1e3:6.0f} ms {middle * 1e3:6.0f} ms {speeds} {least / peer:5.1f} x lxml's time")


def main() -> None:
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        sys.exit("set OPENBLAS_NUM_THREADS=1: CPU time is compared on one core")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("city", type=Path, nargs="*", default=CITIES)
    with tempfile.TemporaryDirectory() as folder:
        for city in parser.parse_args().city:
            raw = city.read_bytes()
            path = Path(folder) / city.name.removesuffix(".gz")
            path.write_bytes(gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw)
            report(city.name, path)


if __name__ == "__main__":
    main()
