"""What can be wrong with a grid, found at once and by identifier: nothing here is ever repaired or guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import Problems
from twin.grid.model import COLUMNS, ElectricGrid
from twin.table import Table

__all__ = ["check"]

_SHOWN = 5
_OPTIONAL = (
    "x_m",
    "y_m",
    "z_m",
    "type",
    "c_f_m",
    "c0_f_m",
    "vk0_pct",
    "vkr0_pct",
    "iron_loss_w",
    "no_load_current_pct",
    "phases",
    "tap_side",
    "tap_pos",
    "tap_neutral",
    "tap_step_pct",
    "tap_step_deg",
    "shift_deg",
)
_ZERO_SEQUENCE = ("r0_ohm_m", "x0_ohm_m", "z0_z1_ratio")  # not needed where one node stands for all phases


def check(grid: ElectricGrid, file: str | Path | None = None) -> None:
    """Look whether a power flow through the grid makes sense.

    Raises
    ------
    TwinError
        Listing all of: buses that no source feeds, ends at buses that do not exist, missing sources, impedances of
        zero, ratings that are not positive, missing values, identifiers used twice.
    """
    with Problems(file) as problems:
        for table in grid.tables:
            _check_ids(table, problems)
            _check_present(table, grid.phases, problems)
        problems.raise_if_any()
        _check_nodes(grid, problems)
        _check_lines(grid, problems)
        _check_transformers(grid, problems)
        _check_sources(grid, problems)
        _check_islands(grid, problems)


def _check_ids(table: Table, problems: Problems) -> None:
    ids, counts = np.unique(table.ids, return_counts=True)
    for name in ids[counts > 1]:
        problems.add(f"{table.name} {name} appears more than once")


def _check_present(table: Table, phases: int, problems: Problems) -> None:
    optional = _OPTIONAL if phases == 3 else (*_OPTIONAL, *_ZERO_SEQUENCE)
    for column in COLUMNS[table.name]:
        if column not in optional:
            _report(table, table.missing(column), f"has no {column}", problems)


def _check_nodes(grid: ElectricGrid, problems: Problems) -> None:
    table, n = grid.phase_node, len(grid.bus)
    inside = _inside(table["bus"], n)
    _report(table, ~inside, "belongs to a bus that does not exist", problems)
    key = table["bus"] * 3 + table["phase"]
    _, first = np.unique(key, return_index=True)
    again = np.ones(len(table), dtype=bool)
    again[first] = False
    _report(table, again, "has the bus and phase of another one", problems)
    count = np.bincount(table["bus"][inside & ~again], minlength=n)
    _report(grid.bus, count != grid.phases, f"has not the {grid.phases} phase nodes that the others have", problems)
    _report(grid.bus, _not_positive(grid.bus["v_nom_v"]), "has a nominal voltage that is not positive", problems)


def _check_lines(grid: ElectricGrid, problems: Problems) -> None:
    line, v_nom = grid.line, grid.bus["v_nom_v"]
    known = _check_ends(grid, line, "from_bus", "to_bus", problems)
    ends = np.where(known, line["from_bus"], 0), np.where(known, line["to_bus"], 0)
    if len(v_nom):
        _report(line, known & (v_nom[ends[0]] != v_nom[ends[1]]), "joins buses of different voltage", problems)
    for name in ("length_m", "parallel", "max_current_a"):
        _report(line, _not_positive(line[name]), f"has a {name} that is not positive", problems)
    sequences = ("r_ohm_m", "x_ohm_m"), ("r0_ohm_m", "x0_ohm_m")
    for r, x in sequences[: 1 if grid.phases == 1 else 2]:
        _report(line, ~(np.abs(line[r] + 1j * line[x]) > 0), f"has no impedance ({r}, {x})", problems)
        _report(line, line[r] < 0, f"has a negative {r}", problems)


def _check_transformers(grid: ElectricGrid, problems: Problems) -> None:
    table = grid.transformer
    _check_ends(grid, table, "hv_bus", "lv_bus", problems)
    for name in ("s_rated_va", "hv_rated_v", "lv_rated_v", "parallel", "vk_pct"):
        _report(table, _not_positive(table[name]), f"has a {name} that is not positive", problems)
    bad = (table["vkr_pct"] < 0) | (table["vkr_pct"] > table["vk_pct"])
    _report(table, bad, "has a vkr_pct outside of 0 .. vk_pct", problems)


def _check_sources(grid: ElectricGrid, problems: Problems) -> None:
    table = grid.grid_source
    if not len(table):
        problems.add("the grid has no source", expected="an external grid at one bus at least")
    inside = _inside(table["bus"], len(grid.bus))
    _report(table, ~inside, "feeds a bus that does not exist", problems)
    for name in ("voltage_pu", "short_circuit_va"):
        bad = ~(table[name] > 0)
        _report(table, bad, f"has a {name} that is not positive", problems)
    buses, counts = np.unique(table["bus"][inside], return_counts=True)
    for bus in buses[counts > 1]:
        problems.add(f"bus {grid.bus.ids[bus]} is fed by more than one source")


def _check_islands(grid: ElectricGrid, problems: Problems) -> None:
    """Name the buses from which no path of lines and transformers leads to a source."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(grid.bus)
    ends = np.concatenate(
        [
            np.stack([grid.line["from_bus"], grid.line["to_bus"]], axis=1),
            np.stack([grid.transformer["hv_bus"], grid.transformer["lv_bus"]], axis=1),
        ]
    )
    ends = ends[_inside(ends, n).all(axis=1)]
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(n, n))
    count, island = connected_components(graph, directed=False)
    fed = np.zeros(count, dtype=bool)
    sources = grid.grid_source["bus"]
    fed[island[sources[_inside(sources, n)]]] = True
    if not fed.any():
        return  # said already: there is no source at all
    for label in np.flatnonzero(~fed):
        buses = grid.bus.ids[island == label]
        verb = "is" if len(buses) == 1 else "are"
        problems.add(f"{_listed('bus', 'buses', buses)} {verb} an island: no source feeds it")


def _check_ends(grid: ElectricGrid, table: Table, one: str, other: str, problems: Problems) -> NDArray[np.bool_]:
    """Report ends at buses that do not exist; return which elements have two good ends."""
    inside = {name: _inside(table[name], len(grid.bus)) for name in (one, other)}
    for name, good in inside.items():
        _report(table, ~good, f"has a {name} that does not exist", problems)
    good = np.asarray(inside[one] & inside[other])
    _report(table, good & (table[one] == table[other]), "begins and ends at the same bus", problems)
    return good


def _inside(rows: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    return np.asarray((rows >= 0) & (rows < n))


def _not_positive(values: ArrayLike) -> NDArray[np.bool_]:
    """Return where a value is zero, negative, infinite or not a number."""
    array = np.asarray(values, dtype=np.float64)
    return np.asarray(~((array > 0) & np.isfinite(array)))


def _report(table: Table, bad: NDArray[np.bool_], what: str, problems: Problems) -> None:
    """Add one problem per element that is bad."""
    for name in table.ids[bad]:
        problems.add(f"{table.name} {name} {what}")


def _listed(one: str, many: str, ids: NDArray[np.str_]) -> str:
    shown = ", ".join(ids[:_SHOWN])
    rest = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return f"{one if len(ids) == 1 else many} {shown}{rest}"
