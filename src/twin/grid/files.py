"""Reading electric grids from files of many formats, told apart by what they hold.

A folder is one of three neutral layouts, by the tables in it, or a SimBench data set:

- ``branch.csv``: a balanced network per unit with one load per bus, in the terms of MATPOWER's cases,
- ``linecodes.csv``: a four-wire feeder with single-phase loads and profiles, in the terms of the IEEE test feeders,
- ``ext_grid.csv``: a balanced network in physical units, in the terms of pandapower's tables,
- ``Node.csv`` and ``ExternalNet.csv``: SimBench.

A file is a network of pandapower, power-grid-model or element facts of a feeder (JSON), a case of MATPOWER (``.m``) or
a circuit of OpenDSS (``.dss``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import Problem, Problems, TwinError
from twin.grid.assemble import assemble
from twin.grid.check import check
from twin.grid.check_islands import check_islands
from twin.grid.formats.case import GridCase
from twin.grid.formats.frame import load_json
from twin.grid.powerflow.network import Status
from twin.grid.powerflow.solve import PowerFlow

__all__ = ["GridCase", "grid_format", "look_at_grid", "read_grid"]

Reader = Callable[[Path, Problems], GridCase]

# Format and reader, by the file that tells a folder
_FOLDERS = {
    "branch.csv": ("per_unit", "read_per_unit"),
    "linecodes.csv": ("four_wire", "read_four_wire"),
    "ext_grid.csv": ("physical", "read_physical"),
    "ExternalNet.csv": ("simbench", "read_simbench"),
}
# and by what a JSON document looks like
_DOCUMENTS = {
    "pandapower": ("looks_like_pandapower", "read_pandapower"),
    "power_grid_model": ("looks_like_power_grid_model", "read_power_grid_model"),
}
_EXPECTED = (
    "a folder with one of "
    + ", ".join(_FOLDERS)
    + ", a JSON file of pandapower or power-grid-model, a MATPOWER .m or an OpenDSS .dss"
)


def read_grid(path: str | Path) -> GridCase:
    """Read a grid from a file or a folder.

    Raises
    ------
    TwinError
        For everything that is wrong with the file or with the grid that it describes.
    """
    path = Path(path)
    case = _read(path)
    check(case.grid, path)
    return case


def look_at_grid(path: str | Path) -> Iterator[tuple[str, Problem]]:
    """Yield what is doubtful in a grid that can be read, with a code: islands, and power that it cannot carry.

    Raises
    ------
    TwinError
        As `read_grid` does, but for islands.
    """
    path = Path(path)
    case = _read(path)
    check(case.grid, path, islands=False)
    with Problems(path) as islands:
        check_islands(case.grid, islands)
        found, islands.found = islands.found, []
    for problem in found:
        yield "grid-island", problem
    if not found and not _is_carried(case):
        message = "the power flow does not converge: the grid has no solution for the power that the file states"
        yield "grid-no-solution", Problem(message, file=path)


def _is_carried(case: GridCase) -> bool:
    """Whether the power that is stated for one step, the first, has a solution; true where voltages are kept."""
    if len(case.grid.generator):
        return True  # how much reactive power these give is not stated
    made = assemble(case.grid)
    first = {name: values[:1] for name, values in case.power_over_time.items()}
    solution = PowerFlow(made.network, made.connected).solve(made.power_of(first))
    return bool((solution.status != Status.COLLAPSED).all())


def _read(path: Path) -> GridCase:
    found = _reader(path)
    if found is None:
        raise TwinError(Problem("is no grid that we can read", file=path, expected=_EXPECTED))
    with Problems(path) as problems, np.errstate(all="ignore"):  # what comes of impossible values is found by check
        return found[1](path, problems)


def grid_format(path: str | Path) -> str | None:
    """Return the name of the format of a grid's file or folder; None if it is none that we read."""
    try:
        found = _reader(Path(path))
    except TwinError:
        return None
    return None if found is None else found[0]


def _reader(path: Path) -> tuple[str, Reader] | None:
    if path.is_dir():
        for name, (module, reader) in _FOLDERS.items():
            if (path / name).is_file():
                return module, _of(module, reader)
        inner = path / "network.json"
        return _reader(inner) if inner.is_file() else None
    if path.suffix == ".m":
        return "matpower", _of("matpower", "read_matpower")
    if path.suffix == ".dss":
        return "opendss", _by_path("opendss", "read_opendss")
    if path.suffix == ".json":
        if _of("ieee_elements", "is_ieee_elements")(path):
            return "ieee_elements", _by_path("ieee_elements", "read_ieee_elements")
        return _document(load_json(path))
    return None


def _of(module: str, name: str) -> Any:
    return getattr(import_module(f"twin.grid.formats.{module}"), name)


def _by_path(module: str, name: str) -> Reader:
    """Return a reader that raises its own problems."""
    read = _of(module, name)
    return lambda path, problems: read(path)


def _document(content: Any) -> tuple[str, Reader] | None:
    for module, (test, reader) in _DOCUMENTS.items():
        if _of(module, test)(content):
            read = partial(_of(module, reader), content)
            return module, read
    return None
