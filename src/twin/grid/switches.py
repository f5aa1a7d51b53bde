"""A grid with its switches set: closed ones join buses, open ones cut lines and transformers off."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.grid.model import COLUMNS, ElectricGrid, empty_table, make_table
from twin.grid.powerflow.areas import components
from twin.table import GIVEN, Table

__all__ = ["OPEN", "Switched", "set_switches"]

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

OPEN = "/open"  # behind the identifiers of buses that are nothing but the end of something that is open there
ENDS = {"line": ("from_bus", "to_bus"), "transformer": ("hv_bus", "lv_bus")}
_AT_BUS = {
    "transformer_3w": ("hv_bus", "mv_bus", "lv_bus"),
    "regulator": ("from_bus", "to_bus"),
    "load": ("bus",),
    "static_generator": ("bus",),
    "generator": ("bus",),
    "storage": ("bus",),
    "shunt": ("bus",),
    "grid_source": ("bus",),
}


@dataclass(frozen=True)
class Switched:
    """A grid without switches.

    Attributes
    ----------
    grid
        Buses that closed switches join are one; a line or transformer that is open at one end leads to a bus of its
        own, one that is open at both is gone.
    bus
        Row there of every bus of the grid before, shape ``(n_bus,)``.
    node
        Likewise of every phase node, shape ``(n_node,)``.
    rows
        Row before of every line and transformer there, by table.
    """

    grid: ElectricGrid
    bus: Ints
    node: Ints
    rows: dict[str, Ints]


def set_switches(grid: ElectricGrid) -> Switched:
    """Return the grid as its switches stand.

    Buses that are joined keep the identifiers, phases and other properties of the first of them, and the phases of
    all.
    """
    n, switch = len(grid.bus), grid.switch
    rows = {kind: np.arange(len(getattr(grid, kind))) for kind in ENDS}
    if not len(switch):
        return Switched(grid, np.arange(n), np.arange(len(grid.phase_node)), rows)
    joins = (switch["element_type"] == "bus") & switch["closed"]
    label = components(n, switch["bus"][joins], switch["element"][joins])
    _, first, bus = np.unique(label, return_index=True, return_inverse=True)
    order = np.argsort(first)  # buses stay in their order
    bus = np.argsort(order)[bus]
    kept = first[order]
    changed: dict[str, Any] = {"bus": grid.bus.take(kept), "switch": empty_table("switch")}
    for kind, ends in _AT_BUS.items():
        changed[kind] = _moved(getattr(grid, kind), {end: bus[getattr(grid, kind)[end]] for end in ends})
    changed["phase_node"], node = _joined_nodes(grid.phase_node, bus)
    for kind in ENDS:
        rows[kind] = _cut(grid, kind, bus, changed)
    changed["line_matrix"] = _of_lines(grid.line_matrix, rows["line"], len(grid.line))
    return Switched(replace(grid, **changed), bus, node, rows)


def _moved(table: Table, ends: dict[str, Ints]) -> Table:
    for name, rows in ends.items():
        if len(table):
            table = table.put(COLUMNS[table.name][name], rows, table.source(name))
    return table


def _joined_nodes(table: Table, bus: Ints) -> tuple[Table, Ints]:
    """Return the phase nodes of joined buses, and the row there of every one before."""
    key = bus[table["bus"]] * 3 + table["phase"]
    _, first, node = np.unique(key, return_index=True, return_inverse=True)
    order = np.argsort(first)
    node = np.argsort(order)[node]
    connects = np.zeros(len(order), dtype=bool)
    np.logical_or.at(connects, node, table["connects"])
    kept = table.take(first[order])
    kept = _moved(kept, {"bus": bus[kept["bus"]]})
    return kept.put(COLUMNS["phase_node"]["connects"], connects), node


def _cut(grid: ElectricGrid, kind: str, bus: Ints, changed: dict[str, Any]) -> Ints:
    """Put lines or transformers with their open ends at buses of their own into ``changed``; return the rows kept."""
    table = getattr(grid, kind)
    open_ = _open_ends(grid, kind)
    kept = np.flatnonzero(~open_.all(axis=1))
    ends = np.stack([bus[table[end]] for end in ENDS[kind]], axis=1)[kept]
    loose = open_[kept]
    stubs = np.argwhere(loose)
    if len(stubs):
        origin = ends[loose]
        ids = [f"{table.ids[kept[k]]}{OPEN}" for k, _ in stubs]
        ends[loose] = len(changed["bus"]) + np.arange(len(stubs))
        _add_buses(changed, ids, origin)
    changed[kind] = _moved(table.take(kept), dict(zip(ENDS[kind], ends.T, strict=True)))
    return kept


def _open_ends(grid: ElectricGrid, kind: str) -> Mask:
    """Return which ends of lines or transformers a switch opens, shape ``(n, 2)``."""
    table, switch = getattr(grid, kind), grid.switch
    here = (switch["element_type"] == kind) & ~switch["closed"]
    element, at = switch["element"][here], switch["bus"][here]
    found = np.zeros((len(table), 2), dtype=bool)
    for k, end in enumerate(ENDS[kind]):
        found[element[table[end][element] == at], k] = True
    return found


def _add_buses(changed: dict[str, Any], ids: list[str], like: Ints) -> None:
    """Add buses with the voltage, place and phases of others."""
    n = len(changed["bus"])
    twins = changed["bus"].take(like)
    named = make_table("bus", ids, {})
    for column in twins.columns:
        named = named.put(column, twins[column.name], twins.source(column.name))
    changed["bus"] = Table.concat([changed["bus"], named])
    node = changed["phase_node"]
    pairs = np.argwhere(node["bus"][None, :] == like[:, None])
    phase = node["phase"][pairs[:, 1]]
    names = [f"{ids[k]}.{p + 1}" for k, p in zip(pairs[:, 0], phase, strict=True)]
    columns = {"bus": n + pairs[:, 0], "phase": phase, "connects": False}
    changed["phase_node"] = Table.concat([node, make_table("phase_node", names, columns)])


def _of_lines(matrix: Table, kept: Ints, n_lines: int) -> Table:
    """Return the rows of ``line_matrix`` of the lines that are kept, by their new rows."""
    row = np.full(n_lines, -1, dtype=np.int64)
    row[kept] = np.arange(len(kept))
    if not len(matrix):
        return matrix
    left = matrix.take(row[matrix["line"]] >= 0)
    return left.put(COLUMNS["line_matrix"]["line"], row[left["line"]], GIVEN)
