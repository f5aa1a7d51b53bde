"""Reading a grid from a folder of CSV tables in the terms of pandapower (``ext_grid.csv``)."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twin.errors import Problem, Problems, TwinError
from twin.grid.check import check
from twin.grid.formats.case import GridCase, case_of
from twin.grid.formats.frame import load_json, positive_number, read_csv
from twin.grid.formats.pandapower_tables import TABLES, UNREAD, grid_of
from twin.grid.switches import set_switches

__all__ = ["read_physical"]

_NEEDED = ("bus", "line", "ext_grid")
_USUAL_HZ = 50.0
_MEDIUM_KV = 36.0  # above, a transformer may be the branch of a star that stands for three windings


def read_physical(path: Path, problems: Problems) -> GridCase:
    """Return the grid of a folder; its switches are set, so that what they join is one bus."""
    frames = {name: read_csv(path / f"{name}.csv", problems, missing_ok=name not in _NEEDED) for name in TABLES}
    frames["bus"].need_rows("bus")
    trafo = frames["trafo"]  # a reactance below zero; in a distribution grid it is a slip
    below = np.flatnonzero((trafo.numbers("vk_percent") < 0) & (trafo.numbers("vn_hv_kv") <= _MEDIUM_KV))
    trafo.wrong_cells("vk_percent", {int(k): "vk_percent is below zero" for k in below}, "a number above zero")
    for name in UNREAD:
        if len(read_csv(path / f"{name}.csv", problems, missing_ok=True)):
            problems.add(f"{name} is not read yet", file=path / f"{name}.csv")
    grid = grid_of(frames, problems, _frequency_hz(path / "network.json"))
    problems.raise_if_any()
    check(grid, path, islands=False)
    switched = set_switches(grid)
    names = switched.grid.bus.ids
    merged = {str(bus): str(names[k]) for bus, k in zip(grid.bus.ids, switched.bus, strict=True) if bus != names[k]}
    return case_of(switched.grid, merged=merged)


def _frequency_hz(file: Path) -> float:
    about = load_json(file) if file.exists() else {}
    if not isinstance(about, dict):
        raise TwinError(Problem("is no object", file=file, expected='{"f_hz": 50}'))
    with Problems(file) as own:
        return positive_number({"f_hz": _USUAL_HZ, **about}, "f_hz", "/f_hz", own)
