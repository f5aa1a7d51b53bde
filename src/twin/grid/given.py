"""A grid from a file, brought to where the city is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError, nearest
from twin.grid.demand import ground_positions
from twin.grid.files import read_grid
from twin.grid.formats.case import GridCase
from twin.grid.model import COLUMNS, ElectricGrid
from twin.grid.sequences import given
from twin.grid.unfold import unfolded, what_lacks
from twin.ledger import Ledger
from twin.table import DERIVED, GIVEN, MISSING, Table

if TYPE_CHECKING:
    from twin.city.model import City
    from twin.grid.settings import GridSettings

__all__ = ["GivenGrid", "brought", "files_of", "read_given"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LOW_VOLTAGE_V = 1000.0  # IEC 60038
_DEGREES = "EPSG:4326"
_WITH_SCRIPTS = (".dss", ".csv", ".txt", ".sng", ".dbl")
_PLANNING = "twin: planning assumption"


@dataclass(frozen=True)
class GivenGrid:
    """A grid's file and what it holds."""

    path: Path
    case: GridCase

    @cached_property
    def grid(self) -> ElectricGrid:
        """The grid with names for identifiers, and a node for each phase wherever the file says enough for that."""
        grid = self.case.grid
        if grid.phases == 1 and not what_lacks(grid):
            grid = unfolded(grid)
        named: dict[str, Any] = {name: _renamed(getattr(grid, name), ids) for name, ids in self.case.names.items()}
        grid = replace(grid, **named)
        if "bus" in self.case.names:
            node = grid.phase_node
            of_bus = grid.bus.ids[node["bus"]].tolist()
            phase = [f"/L{p + 1}" if grid.phases == 3 else "" for p in node["phase"].tolist()]
            grid = replace(grid, phase_node=_renamed(node, [a + b for a, b in zip(of_bus, phase, strict=True)]))
        return grid

    @cached_property
    def bus_rows(self) -> dict[str, int]:
        """Row of every bus by all its names: its own, the file's identifier, those of buses that are one with it."""
        ids = {name: k for k, name in enumerate(self.case.grid.bus.ids.tolist())}
        merged = {name: ids[one] for name, one in self.case.merged.items() if one in ids}
        return {**merged, **ids, **{name: k for k, name in enumerate(self.grid.bus.ids.tolist())}}


def files_of(path: Path) -> list[Path]:
    """Return the files that a grid is read from: the file, all in a folder, or all that a script may call."""
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.is_file())
    if path.suffix.lower() != ".dss" or not path.is_file():
        return [path] if path.is_file() else []
    from twin.grid.formats.opendss_script import read_script

    beside = {file for file in path.parent.rglob("*") if file.suffix.lower() in _WITH_SCRIPTS and file.is_file()}
    try:
        called = {command.place.file for command in read_script(path, Problems())}
    except TwinError:  # said when it is read
        called = set()
    return sorted({path, *beside, *called})


def read_given(path: Path) -> GivenGrid:
    """Read a grid for a city.

    Raises
    ------
    TwinError
        If there is no such file, or with everything that is wrong with it.
    """
    if not path.exists():
        beside = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise TwinError(Problem(f"there is no file or folder {path.name!r}", suggestion=nearest(path.name, beside)))
    case = read_grid(path)
    if not len(case.grid.grid_source):
        raise TwinError(Problem("the grid has no source", file=path, expected="an external grid that feeds it"))
    return GivenGrid(path, case)


def brought(found: GivenGrid, city: City, settings: GridSettings, ledger: Ledger) -> ElectricGrid:
    """Return a grid with its buses where they are in the city's reference system, and say what is made of it.

    Raises
    ------
    TwinError
        If the reference system of its coordinates is unknown or does not fit.
    """
    grid = found.grid
    ledger.state(f"Electric grid from {found.path.name}: {_described(grid)}.", found.path.name)
    if grid.phases == 1:
        ledger.state(
            "One node of the grid stands for all three phases, so that nothing is seen of their unbalance: "
            f"{what_lacks(found.case.grid)}.",
            found.path.name,
        )
    if settings.source_impedance and found.case.grid_source is not None:
        grid = replace(grid, grid_source=found.case.grid_source)
    stiff = int(np.isinf(grid.grid_source["short_circuit_va"]).sum())
    if stiff:
        ledger.state(f"{stiff} of {len(grid.grid_source)} sources keep their voltage whatever happens.", _PLANNING)
    line = grid.line if "max_current_a" in grid.line else _blank(grid.line, "max_current_a")
    return replace(grid, line=line, bus=_with_heights(_placed(grid.bus, found.path, city, settings), city, ledger))


def _renamed(table: Table, names: Sequence[str]) -> Table:
    named = Table(table.name, names)
    for column in table.columns:
        named = named.put(column, table[column.name], table.source(column.name))
    return named


def _described(grid: ElectricGrid) -> str:
    names: Mapping[str, str] = {"bus": "buses", "line": "lines", "transformer": "transformers", "switch": "switches"}
    return ", ".join(f"{len(getattr(grid, name))} {many}" for name, many in names.items())


def _blank(table: Table, name: str) -> Table:
    column = COLUMNS[table.name][name]
    return table.put(column, column.blank(len(table)), MISSING)


def _placed(bus: Table, file: Path, city: City, settings: GridSettings) -> Table:
    """Return the buses with coordinates in the city's reference system; missing where they have none."""
    x, y = given(bus, "x_m", np.nan), given(bus, "y_m", np.nan)
    known = np.isfinite(x + y)
    system = _system(x[known], y[known], file, city, settings)
    if system is not None and known.any():
        from pyproj import Transformer

        x, y = Transformer.from_crs(system, city.crs, always_xy=True).transform(x, y)
        if not np.isfinite(np.asarray(x)[known] + np.asarray(y)[known]).all():
            message = f"coordinates of buses lie outside of where {system} can be brought to {city.crs}"
            raise TwinError(Problem(message, file=file, expected="[grid] crs = their reference system"))
    for name, values in (("x_m", x), ("y_m", y)):
        bus = bus.put(COLUMNS["bus"][name], values, np.where(known, GIVEN, MISSING).astype(np.uint16))
    return bus


def _system(x: Floats, y: Floats, file: Path, city: City, settings: GridSettings) -> str | None:
    """Return the reference system that coordinates are in, None if it is the city's."""
    degrees = bool(len(x)) and bool((np.abs(x) <= 180).all() and (np.abs(y) <= 90).all())
    if settings.crs is None:
        return _DEGREES if degrees and city.crs is not None else None
    if city.crs is None:
        message = f"buses in {settings.crs} cannot be brought to the city, whose reference system is not known"
        raise TwinError(Problem(message, file=file, expected='[model] crs = "EPSG:..."'))
    return settings.crs


def _with_heights(bus: Table, city: City, ledger: Ledger) -> Table:
    """Return the buses with the height of the ground where none is stated: that below the nearest building."""
    column = COLUMNS["bus"]["z_m"]
    need = bus.missing("z_m") & ~bus.missing("x_m")
    if "z_m" not in bus:
        bus = _blank(bus, "z_m")
    if not need.any() or not len(city.buildings):
        return bus
    from scipy.spatial import KDTree

    place = ground_positions(city)
    xy = np.column_stack([bus["x_m"], bus["y_m"]])
    height = np.zeros(len(bus))
    height[need] = place[KDTree(place[:, :2]).query(xy[need])[1], 2]
    ledger.state("Buses of the grid lie as high as the ground below the nearest building.", _PLANNING)
    return bus.put(column, height, DERIVED, where=need)
