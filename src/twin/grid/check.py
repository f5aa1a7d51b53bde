"""What can be wrong with a grid, found at once and by identifier: nothing here is ever repaired or guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from twin.errors import Problems
from twin.grid.check_branches import check_branches
from twin.grid.check_connected import check_connected, check_sources
from twin.grid.check_islands import check_islands
from twin.grid.check_operated import check_operated
from twin.grid.check_rows import inside, not_positive, report
from twin.grid.model import COLUMNS, ElectricGrid
from twin.table import Table

__all__ = ["check"]

_POSITION = ("x_m", "y_m", "z_m")
_TAPS = ("tap_side", "tap_pos", "tap_neutral", "tap_step_pct", "tap_step_deg")
_SEQUENCES = ("r_ohm_m", "x_ohm_m", "r0_ohm_m", "x0_ohm_m")
_HUNG = ("connection", "phases", "const_i", "const_z")
_OPTIONAL: dict[str, tuple[str, ...]] = {
    "bus": _POSITION,
    "line": ("type", "phases", "c_f_m", "g_s_m", "c0_f_m", "max_current_a", *_SEQUENCES),
    "line_matrix": ("c_f_m",),
    "transformer": ("type", "vk0_pct", "vkr0_pct", "iron_loss_w", "no_load_current_pct", "phases", "shift_deg", *_TAPS),
    "transformer_3w": ("windings", "iron_loss_w", "no_load_current_pct", *_TAPS),
    "regulator": ("phases", "ratio_a", "ratio_b", "ratio_c"),
    "load": (*_HUNG, "v_min_pu", "v_max_pu", "v_rated_pu", "beyond_as_power"),
    "static_generator": _HUNG,
    "storage": _HUNG,
    "shunt": _HUNG,
    "generator": ("q_min_var", "q_max_var"),
    "grid_source": ("rx0_ratio",),
}


def check(grid: ElectricGrid, file: str | Path | None = None, islands: bool = True) -> None:
    """Look whether a power flow through the grid makes sense.

    Parameters
    ----------
    islands
        Whether to look for buses that no source feeds, too.

    Raises
    ------
    TwinError
        Listing all of: buses that no source feeds, ends at buses or phases that do not exist, missing sources,
        impedances of zero, ratings that are not positive, missing values, identifiers used twice.
    """
    with Problems(file) as problems, np.errstate(all="ignore"):
        for table in grid.tables:
            _check_ids(table, problems)
            _check_present(table, problems, phases=grid.phases)
        problems.raise_if_any()
        _check_nodes(grid, problems)
        problems.raise_if_any()
        check_branches(grid, problems)
        check_connected(grid, problems)
        check_sources(grid, problems)
        check_operated(grid, problems)
        problems.raise_if_any()
        if islands:
            check_islands(grid, problems)


def _check_ids(table: Table, problems: Problems) -> None:
    _, first, counts = np.unique(table.ids, return_index=True, return_counts=True)
    report(table.take(first[counts > 1]), np.ones((counts > 1).sum(), dtype=bool), "appears more than once", problems)


def _check_present(table: Table, problems: Problems, phases: int) -> None:
    # zero sequence is not needed where one node stands for all phases
    optional = _OPTIONAL.get(table.name, ()) + (() if phases == 3 else ("z0_z1_ratio",))
    for column in COLUMNS[table.name]:
        if column not in optional:
            report(table, table.missing(column), f"has no {column}", problems)


def _check_nodes(grid: ElectricGrid, problems: Problems) -> None:
    table, n = grid.phase_node, len(grid.bus)
    known = inside(table["bus"], n)
    report(table, ~known, "belongs to a bus that does not exist", problems)
    key = table["bus"] * 3 + table["phase"]
    _, first = np.unique(key, return_index=True)
    again = np.ones(len(table), dtype=bool)
    again[first] = False
    report(table, again, "has the bus and phase of another one", problems)
    count = np.bincount(table["bus"][known], minlength=n)
    report(grid.bus, count == 0, "has no phase node", problems)
    report(grid.bus, not_positive(grid.bus["v_nom_v"]), "has a nominal voltage that is not positive", problems)
