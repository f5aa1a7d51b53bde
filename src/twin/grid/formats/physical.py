"""Reading a grid from a folder of CSV tables in the terms of pandapower (``ext_grid.csv``)."""

from __future__ import annotations

from pathlib import Path

from twin.errors import Problems
from twin.grid.check import check
from twin.grid.formats.case import GridCase, case_of
from twin.grid.formats.frame import load_json, read_csv
from twin.grid.formats.pandapower_tables import TABLES, UNREAD, grid_of
from twin.grid.switches import set_switches

__all__ = ["read_physical"]

_NEEDED = ("bus", "line", "ext_grid")


def read_physical(path: Path, problems: Problems) -> GridCase:
    """Return the grid of a folder; its switches are set, so that what they join is one bus."""
    frames = {name: read_csv(path / f"{name}.csv", problems, missing_ok=name not in _NEEDED) for name in TABLES}
    for name in UNREAD:
        if len(read_csv(path / f"{name}.csv", problems, missing_ok=True)):
            problems.add(f"{name} is not read yet", file=path / f"{name}.csv")
    about = load_json(path / "network.json") if (path / "network.json").is_file() else {}
    grid = grid_of(frames, problems, float(about.get("f_hz", 50.0)) if isinstance(about, dict) else 50.0)
    problems.raise_if_any()
    check(grid, path, islands=False)
    switched = set_switches(grid)
    names = switched.grid.bus.ids
    merged = {str(bus): str(names[k]) for bus, k in zip(grid.bus.ids, switched.bus, strict=True) if bus != names[k]}
    return case_of(switched.grid, merged=merged)
