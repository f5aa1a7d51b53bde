"""Time our CityJSON reader beside cjio's and the standard library's parser, and weigh what they hold.

Usage: OPENBLAS_NUM_THREADS=1 python benchmarks/city_read.py [CITY] [--copies 20]

CITY is a CityJSON file, plain or gzipped (default: the corpus's tile of The Hague); cjio must be installed. It is read
as it is, and replicated to at least 40 MB: copies side by side with identifiers of their own. Rounds take turns in one
process; the median of CPU time counts. Peers only parse: cjio to its CityJSON object, json.loads to lists and dicts.
``twin, found`` has read the file into arrays: all objects, vertices, surfaces and their types. ``twin, city`` has also
welded vertices, sorted surfaces by building, looked whether shells are closed, turned what faces the wrong way, and
made tables; ``twin, measured`` has also been asked for every column, attribute and finding. Until then attributes are
text, and areas, directions, heights and volumes wait. Thematic surfaces that say the same are decoded once, from which
copies profit more than real cities.
Memory is what the peak of a child process rises above that of its imports.

For comparison, compiled readers publish 194 to 284 MiB/s for a full read of two such files (3DGI/cityjson v0.7.1,
cityjson-json/benches/results, Rust, on another machine).
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from cjio import cityjson

import twin
from twin.city.read import find

ROUNDS = 5
PUBLISHED_MB_S = (203, 298)  # 194 and 284 MiB/s
TILE = Path(__file__).resolve().parents[2] / "shared" / "data" / "citymodels" / "denhaag_lod2_cj11.city.json.gz"


def replicate(document: dict[str, Any], copies: int) -> dict[str, Any]:
    """Return a CityJSON document with copies of a city side by side."""
    n, steps = len(document["vertices"]), document["transform"]["scale"]
    width = 1 + max(x for x, _, _ in document["vertices"]) - min(x for x, _, _ in document["vertices"])
    width += int(100 / steps[0])
    objects: dict[str, Any] = {}
    vertices: list[list[int]] = []
    for copy in range(copies):
        vertices += [[x + copy * width, y, z] for x, y, z in document["vertices"]]
        for name, entry in document["CityObjects"].items():
            links = {
                key: [f"{other}~{copy}" for other in entry[key]] for key in ("parents", "children") if key in entry
            }
            shapes = [g | {"boundaries": shifted(g["boundaries"], copy * n)} for g in entry.get("geometry", [])]
            objects[f"{name}~{copy}"] = entry | links | ({"geometry": shapes} if shapes else {})
    return document | {"CityObjects": objects, "vertices": vertices}


def shifted(boundaries: Any, by: int) -> Any:
    """Return nested vertex numbers increased."""
    return [shifted(one, by) for one in boundaries] if isinstance(boundaries, list) else boundaries + by


def ours(path: Path) -> Any:
    return twin.read_city(path)


def ours_measured(path: Path) -> Any:
    city = twin.read_city(path)
    for table in city.tables.values():
        for name in table.names:
            table[name]
    for rows in (*city.attributes.values(), city.metadata["findings"]):
        list(rows)
    return city


def ours_found(path: Path) -> Any:
    return next(find(path))


def peer_cjio(path: Path) -> Any:
    with path.open() as file:
        return cityjson.reader(file)


def peer_json(path: Path) -> Any:
    return json.loads(path.read_text())


READERS: dict[str, Callable[[Path], Any]] = {
    "cjio.cityjson.reader": peer_cjio,
    "json.loads": peer_json,
    "twin, found": ours_found,
    "twin, city": ours,
    "twin, measured": ours_measured,
}


def timed(path: Path, rounds: int) -> dict[str, float]:
    """Return the median CPU seconds of each reader, taken in turns."""
    taken: dict[str, list[float]] = {name: [] for name in READERS}
    for _ in range(rounds):
        for name, read in READERS.items():
            gc.collect()
            begun = time.process_time()
            kept = read(path)
            taken[name].append(time.process_time() - begun)
            del kept
    return {name: median(seconds) for name, seconds in taken.items()}


def peak_mib() -> float:
    """Return the highest resident memory of this program (Linux; ``getrusage`` would count its parent's too)."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**10


def weigh(name: str, path: str, first: str) -> None:
    """Print by how many MiB reading a file raises the peak of this process, once another one has been read."""
    READERS[name](Path(first))
    gc.collect()
    before = peak_mib()
    kept = READERS[name](Path(path))
    print(peak_mib() - before)
    del kept


def weighed(path: Path, first: Path) -> dict[str, float]:
    """Return by how many MiB each reader raises the peak of a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    added = {}
    for name in READERS:
        call = f"import city_read; city_read.weigh({name!r}, {str(path)!r}, {str(first)!r})"
        run = subprocess.run([sys.executable, "-c", call], check=True, env=environment, capture_output=True, text=True)
        added[name] = float(run.stdout)
    return added


def report(title: str, path: Path, rounds: int) -> None:
    size, seconds = path.stat().st_size / 1e6, timed(path, rounds)
    cjio, plain = seconds["cjio.cityjson.reader"], seconds["json.loads"]
    print(f"{title}: {size:.1f} MB")
    for name, taken in seconds.items():
        ratios = f"{cjio / taken:5.1f} x cjio {plain / taken:5.1f} x json.loads"
        print(f"  {name:21s}{taken * 1e3:8.0f} ms {size / taken:5.0f} MB/s {ratios}")
    low, high = (published * seconds["twin, found"] / size for published in PUBLISHED_MB_S)
    print(f"  compiled readers publish {low:.1f} to {high:.1f} times the speed of 'twin, found'")


def report_memory(path: Path, first: Path) -> None:
    added = weighed(path, first)
    for name, peak in added.items():
        print(f"  {name:21s}{peak:8.0f} MiB {peak / added['json.loads']:5.2f} x json.loads")


@contextmanager
def files(description: str) -> Iterator[tuple[tuple[str, Path], tuple[str, Path]]]:
    """Give the city of the command line as a plain document, and copies of it, each with its title."""
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        sys.exit("set OPENBLAS_NUM_THREADS=1: CPU time is compared on one core")
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("city", type=Path, nargs="?", default=TILE)
    parser.add_argument("--copies", type=int, default=20)
    arguments = parser.parse_args()
    raw = arguments.city.read_bytes()
    text = gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw
    with tempfile.TemporaryDirectory() as folder:
        once, many = Path(folder) / "once.city.json", Path(folder) / "many.city.json"
        once.write_bytes(text)
        many.write_text(json.dumps(replicate(json.loads(text), arguments.copies), separators=(",", ":")))
        yield (arguments.city.name, once), (f"replicated, {arguments.copies} copies", many)


def main() -> None:
    with files(__doc__) as (once, many):
        report(*once, ROUNDS)
        report(*many, 3)
        report_memory(many[1], once[1])


if __name__ == "__main__":
    main()
