"""Primitive admittance matrices of whatever stands in a grid's tables, per unit, phase by phase."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from twin.grid.model import ElectricGrid
from twin.grid.phases import between, joined
from twin.grid.powerflow.network import GROUND, PrimitiveBlock
from twin.grid.sequences import BASE_VA, given, in_phases
from twin.grid.star_transformers import star_admittances
from twin.grid.transformers import single_units, transformer_branches
from twin.table import Table

__all__ = ["hung", "line_blocks", "regulator_blocks", "shunt_blocks", "star_blocks", "transformer_blocks"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


def line_blocks(grid: ElectricGrid) -> Iterator[PrimitiveBlock]:
    """Yield lines as pis, those of the same phases together: nodes of the near end, then of the far end.

    The matrix of a line without rows in ``line_matrix`` is that of a transposed one: own (z0 + 2 z1) / 3, mutual
    (z0 - z1) / 3; a line of fewer phases has that part of it.
    """
    table = grid.line
    series, shunt = _line_matrices(grid)
    mask = joined(grid, table, "from_bus", "to_bus")
    for phases, rows in _alike(mask):
        part = np.ix_(np.arange(len(rows)), phases, phases)
        y = np.asarray(np.linalg.inv(series[rows][part]), dtype=np.complex128)
        half = shunt[rows][part] / 2
        yield PrimitiveBlock("line", rows, _two_ends(grid, table, rows, mask), _two_ports(y + half, -y, -y, y + half))


def _line_matrices(grid: ElectricGrid) -> tuple[Complex, Complex]:
    """Return series impedances and shunt admittances between phases, per unit, ``(n_line, phases, phases)`` each."""
    table, phases = grid.line, grid.phases
    base_ohm = grid.bus["v_nom_v"][table["from_bus"]] ** 2 / BASE_VA
    omega = 2 * np.pi * grid.frequency_hz
    z1 = given(table, "r_ohm_m", 1.0) + 1j * given(table, "x_ohm_m", 0.0)
    z0 = given(table, "r0_ohm_m", z1.real) + 1j * given(table, "x0_ohm_m", z1.imag)
    c1 = given(table, "c_f_m", 0.0)
    y1 = given(table, "g_s_m", 0.0) + 1j * omega * c1
    y0 = given(table, "g_s_m", 0.0) + 1j * omega * given(table, "c0_f_m", c1)
    if phases == 1:
        z, y = z1[:, None, None], y1[:, None, None]
    else:
        z, y = (in_phases(np.stack([zero, one, one]), 3) for zero, one in ((z0, z1), (y0, y1)))
        matrix = grid.line_matrix
        if len(matrix):
            z[matrix["line"]] = y[matrix["line"]] = 0.0
            values = matrix["r_ohm_m"] + 1j * matrix["x_ohm_m"], 1j * omega * given(matrix, "c_f_m", 0.0)
            for target, value in zip((z, y), values, strict=True):
                target[matrix["line"], matrix["phase_a"], matrix["phase_b"]] = value
                target[matrix["line"], matrix["phase_b"], matrix["phase_a"]] = value
    per_metre = (table["length_m"] / table["parallel"] / base_ohm)[:, None, None]
    return z * per_metre, y * (table["length_m"] * table["parallel"] * base_ohm)[:, None, None]


def transformer_blocks(grid: ElectricGrid) -> Iterator[PrimitiveBlock]:
    """Yield two-winding transformers: nodes of the high side, then of the low side."""
    table, phases, v_nom = grid.transformer, grid.phases, grid.bus["v_nom_v"]
    mask = joined(grid, table, "hv_bus", "lv_bus")
    whole = np.flatnonzero(mask[:, :phases].all(axis=1))
    if len(whole):
        branches = transformer_branches(table.take(whole), v_nom, whole, whole, phases)
        y = _two_ports(*(in_phases(part, phases) for part in branches.two_port()))
        yield PrimitiveBlock("transformer", whole, _two_ends(grid, table, whole, mask, "hv_bus", "lv_bus"), y)
    for row in np.flatnonzero(~mask[:, :phases].all(axis=1)):
        ends, y = single_units(table, v_nom, int(row), mask[row])
        both = np.concatenate([grid.nodes[:, table[bus][row]] for bus in ("hv_bus", "lv_bus")])
        yield PrimitiveBlock("transformer", np.array([row]), both[ends][None], y[None])


def star_blocks(grid: ElectricGrid) -> Iterator[PrimitiveBlock]:
    """Yield three-winding transformers: nodes of the high, the medium and the low side."""
    table = grid.transformer_3w
    if len(table):
        nodes = [grid.nodes[:, table[bus]].T for bus in ("hv_bus", "mv_bus", "lv_bus")]
        y = star_admittances(table, grid.bus["v_nom_v"], grid.phases)
        yield PrimitiveBlock("transformer_3w", np.arange(len(table)), np.concatenate(nodes, axis=1), y)


def regulator_blocks(grid: ElectricGrid) -> Iterator[PrimitiveBlock]:
    """Yield regulators phase by phase: an ideal ratio, then the impedance."""
    table = grid.regulator
    if not len(table):
        return
    mask = joined(grid, table, "from_bus", "to_bus")
    row, phase = np.nonzero(mask)
    ratio = np.stack([given(table, f"ratio_{letter}", 1.0) for letter in "abc"], axis=1)[row, phase]
    base_ohm = grid.bus["v_nom_v"][table["from_bus"]] ** 2 / BASE_VA
    y = (base_ohm / (table["r_ohm"] + 1j * table["x_ohm"]))[row]
    ends = [between(grid, table[bus], mask)[row, phase] for bus in ("from_bus", "to_bus")]
    parts = [part[:, None, None] for part in (ratio**2 * y, -ratio * y, -ratio * y, y)]
    yield PrimitiveBlock("regulator", row, np.stack(ends, axis=1), _two_ports(*parts))


def shunt_blocks(grid: ElectricGrid) -> Iterator[PrimitiveBlock]:
    """Yield shunts: between a phase and earth, or between two phases."""
    table = grid.shunt
    if not len(table):
        return
    row, node, other, share = hung(grid, table)
    y = (table["p_w"] - 1j * table["q_var"])[row] * share * (grid.phases / BASE_VA)
    wye = other == GROUND
    yield PrimitiveBlock("shunt", row[wye], node[wye, None], y[wye, None, None])
    y = (y / 3)[~wye, None, None]
    yield PrimitiveBlock("shunt", row[~wye], np.stack([node, other], axis=1)[~wye], _two_ports(y, -y, -y, y))


def hung(grid: ElectricGrid, table: Table) -> tuple[Ints, Ints, Ints, Floats]:
    """Return between which nodes loads, generators, storages or shunts are.

    Returns
    -------
    row
        Row in the table, shape ``(k,)``.
    node, other
        Phase nodes; ``other`` is -1 for earth.
    share
        Of the element's power: 1 over the number of its phases, or of its pairs of phases.
    """
    nodes = between(grid, table["bus"], joined(grid, table, "bus"))
    delta = np.zeros(len(table), dtype=bool)
    if grid.phases == 3 and "connection" in table:
        delta = table["connection"] == "delta"
    next_ = np.roll(nodes, -1, axis=1)
    there = np.where(delta[:, None], (nodes >= 0) & (next_ >= 0), nodes >= 0)
    row, phase = np.nonzero(there)
    other = np.where(delta[row], next_[row, phase], GROUND)
    return row, nodes[row, phase], other, 1.0 / np.maximum(there.sum(axis=1), 1)[row]


def _alike(mask: Mask) -> Iterator[tuple[Ints, Ints]]:
    """Yield every set of phases that occurs and the rows that have it."""
    code = mask @ np.array([1, 2, 4])
    for one in np.unique(code):
        if one:
            rows = np.flatnonzero(code == one)
            yield np.flatnonzero(mask[rows[0]]), rows


def _two_ends(
    grid: ElectricGrid, table: Table, rows: Ints, mask: Mask, near: str = "from_bus", far: str = "to_bus"
) -> Ints:
    phases = np.flatnonzero(mask[rows[0]])
    return np.concatenate([grid.nodes[phases][:, table[bus][rows]].T for bus in (near, far)], axis=1)


def _two_ports(near: Complex, to_far: Complex, to_near: Complex, far: Complex) -> Complex:
    return np.concatenate([np.concatenate([near, to_far], axis=2), np.concatenate([to_near, far], axis=2)], axis=1)
