"""From a grid's tables to a network over nodes of any phases, and to what is connected to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from twin.grid.model import ElectricGrid, windings
from twin.grid.powerflow.areas import components
from twin.grid.powerflow.network import GROUND, Connected, NodalNetwork, PrimitiveBlock
from twin.grid.primitives import (
    hung,
    line_blocks,
    regulator_blocks,
    shunt_blocks,
    star_blocks,
    transformer_blocks,
)
from twin.grid.sequences import BASE_VA, FORTESCUE, given, in_phases, stacked
from twin.grid.switches import Switched, set_switches

__all__ = ["Assembled", "assemble"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# What is connected, and whether its power is stated as fed in (1) or as drawn (-1)
_SIGN = {"load": -1.0, "static_generator": 1.0, "generator": 1.0, "storage": -1.0}
_EARTH_PU = 1e-6


@dataclass(frozen=True)
class Assembled:
    """A grid ready for power flow.

    Attributes
    ----------
    grid
        With its switches set; the blocks of ``network`` name rows of its tables.
    network
    connected
        One row per element and phase, or pair of phases.
    table, row
        Table of each row's element and its row there, shape ``(k,)``.
    share
        Of the element's power, shape ``(k,)``.
    power
        Fed in as the tables state it, per unit of ``network.base_va``, shape ``(k,)``.
    node
        Node of every phase node of the grid as it was given, shape ``(n_phase_node,)``.
    rows
        Row in the grid as it was given of every line and transformer of ``grid``, by table.
    afloat
        Buses of ``grid`` at which parts without any path to earth are tied to it, see `assemble`.
    """

    grid: ElectricGrid
    network: NodalNetwork
    connected: Connected
    table: NDArray[np.str_]
    row: Ints
    share: Floats
    power: Complex
    node: Ints
    rows: dict[str, Ints]
    afloat: Ints

    def block_rows(self, table: str, rows: Ints) -> Ints:
        """Return the rows in ``grid``, which blocks name, of lines or transformers; -1 of those cut off by switches.

        Parameters
        ----------
        rows
            In the grid as it was given.
        """
        kept = self.rows[table]
        place = np.full(max(kept.max(initial=-1), rows.max(initial=-1)) + 1, -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        return place[rows]

    def power_of(self, power_va: Mapping[str, Complex]) -> Complex:
        """Return the power fed in at every step, per unit of ``network.base_va``, shape ``(step, k)``.

        Parameters
        ----------
        power_va
            By table, P + jQ of all its elements as the table counts it (a load's is drawn), VA, shape
            ``(step, n)``; elements of tables that are not there keep the power that they state.
        """
        steps = {len(values) for values in power_va.values()} or {1}
        power = np.tile(self.power, (max(steps), 1))
        for name, values in power_va.items():
            here = self.table == name
            power[:, here] = values[:, self.row[here]] * (self.share[here] * _SIGN[name] / self.network.base_va)
        return power


def assemble(grid: ElectricGrid) -> Assembled:
    """Return a grid that has passed `twin.grid.check.check` as a network over nodes.

    Parts whose zero sequence has no path to earth (behind a delta, without capacitances) would float: they are tied
    to it at one bus by 1e-6 per unit, through which nothing flows unless loads between a phase and earth force it to.
    """
    switched = set_switches(grid)
    blocks = [block for make in _BLOCKS for block in make(switched.grid)]
    afloat = _afloat(switched.grid)
    if len(afloat):
        blocks += _earthed(switched.grid, afloat)
    network = _network(switched.grid, blocks)
    return _with_connected(switched, network, afloat)


_BLOCKS = (line_blocks, transformer_blocks, star_blocks, regulator_blocks, shunt_blocks)


def _network(grid: ElectricGrid, blocks: list[PrimitiveBlock]) -> NodalNetwork:
    bus = grid.phase_node["bus"]
    node, voltage, impedance = _sources(grid)
    v_nom, phase = grid.bus["v_nom_v"][bus], grid.phase_node["phase"]
    base_va = BASE_VA / grid.phases
    n = len(bus)
    stiff = ~np.abs(impedance).any(axis=1)
    admittance: Complex | None = None
    if not stiff.any():
        admittance = np.asarray(np.linalg.inv(impedance), dtype=np.complex128)
    elif not stiff.all():  # sources with an impedance feed a stiff node of their own behind it
        soft = np.flatnonzero(~stiff)
        y = np.linalg.inv(impedance[np.ix_(soft, soft)])
        inner = n + np.arange(len(soft))
        bus, phase, v_nom = (np.concatenate([of, of[node[soft]]]) for of in (bus, phase, v_nom))
        ends = np.concatenate([inner, node[soft]])[None]
        blocks.append(PrimitiveBlock("grid_source", np.array([0]), ends, np.kron([[1, -1], [-1, 1]], y)[None]))
        node = node.copy()
        node[soft] = inner
        n += len(soft)
    return NodalNetwork(
        n_nodes=n,
        bus=bus,
        phase=phase,
        base_v=v_nom / np.sqrt(3),
        base_va=base_va,
        blocks=tuple(block for block in blocks if len(block.rows)),
        source_node=node,
        source_voltage=voltage,
        source_admittance=admittance,
    )


def _sources(grid: ElectricGrid) -> tuple[Ints, Complex, Complex]:
    """Return the nodes that are fed, the voltages behind the sources' impedances and these, ``(s, s)``, per unit."""
    table, phases = grid.grid_source, grid.phases
    stiff = np.isinf(table["short_circuit_va"])
    size = np.where(stiff, 0.0, BASE_VA / table["short_circuit_va"])
    ratio = table["rx_ratio"]
    z1 = np.asarray(size * (ratio + 1j) / np.sqrt(1 + ratio**2))
    ratio0 = given(table, "rx0_ratio", ratio)
    z0 = np.asarray(size * given(table, "z0_z1_ratio", 1.0) * (ratio0 + 1j) / np.sqrt(1 + ratio0**2))
    matrix = in_phases(stacked(z0.astype(np.complex128), z1.astype(np.complex128), phases), phases)
    positive = table["voltage_pu"] * np.exp(1j * np.radians(table["angle_deg"]))
    voltage = np.outer(positive, FORTESCUE[phases][:, phases // 2])
    nodes = grid.nodes[:, table["bus"]].T
    full = np.zeros((nodes.size, nodes.size), dtype=np.complex128)
    for k, one in enumerate(matrix):
        own = slice(k * phases, (k + 1) * phases)
        full[own, own] = one
    there = nodes.ravel() >= 0
    return nodes.ravel()[there], voltage.ravel()[there], full[np.ix_(there, there)]


@dataclass(frozen=True)
class _Hung:
    """What of one table is connected, row by row of `Connected`."""

    table: NDArray[np.str_]
    row: Ints
    node: Ints
    other: Ints
    share: Floats
    power: Complex
    const_i: Floats
    const_z: Floats


def _hung(grid: ElectricGrid, name: str, base_va: float) -> _Hung:
    table = getattr(grid, name)
    row, node, other, share = hung(grid, table)
    power = table["p_w"] + 1j * given(table, "q_var", 0.0)
    const_i, const_z = (given(table, part, 0.0)[row] for part in ("const_i", "const_z"))
    power = _SIGN[name] / base_va * power[row] * share
    return _Hung(np.full(len(row), name), row, node, other, share, power, const_i, const_z)


def _with_connected(switched: Switched, network: NodalNetwork, afloat: Ints) -> Assembled:
    parts = [_hung(switched.grid, name, network.base_va) for name in _SIGN]
    all_ = _Hung(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(_Hung)))
    v_nominal = np.where(all_.other == GROUND, 1.0, np.sqrt(3))
    return Assembled(
        grid=switched.grid,
        network=network,
        connected=Connected(all_.node, all_.other, v_nominal, all_.const_i, all_.const_z),
        table=all_.table,
        row=all_.row,
        share=all_.share,
        power=all_.power,
        node=switched.node,
        rows=switched.rows,
        afloat=afloat,
    )


def _afloat(grid: ElectricGrid) -> Ints:
    """Return one bus of each part that lines, regulators and earthed stars join and that nothing ties to earth."""
    if grid.phases == 1:
        return np.zeros(0, dtype=np.int64)
    unit = grid.transformer
    sides = np.array([windings(str(group)) for group in unit["vector_group"]], dtype=np.str_).reshape(-1, 2)
    through = (sides[:, 0] == "YN") & (sides[:, 1] == "yn")
    pairs = [(grid.line["from_bus"], grid.line["to_bus"]), (grid.regulator["from_bus"], grid.regulator["to_bus"])]
    pairs.append((unit["hv_bus"][through], unit["lv_bus"][through]))
    label = components(len(grid.bus), *(np.concatenate(ends) for ends in zip(*pairs, strict=True)))
    earthed = np.zeros(int(label.max(initial=-1)) + 1, dtype=bool)
    for bus in _earthed_buses(grid, sides):
        earthed[label[bus]] = True
    _, first = np.unique(label, return_index=True)
    return first[~earthed]


def _earthed_buses(grid: ElectricGrid, sides: NDArray[np.str_]) -> list[Ints]:
    line, matrix, unit, star = grid.line, grid.line_matrix, grid.transformer, grid.transformer_3w
    charged = given(line, "c0_f_m", given(line, "c_f_m", 0.0)) + given(line, "g_s_m", 0.0) > 0
    charged[matrix["line"][given(matrix, "c_f_m", 0.0) != 0]] = True
    balanced = np.char.find(sides[:, 0], "D") >= 0, (sides[:, 1] == "d")
    by_core = ~unit.missing("vk0_pct")
    low = (sides[:, 1] == "zn") | ((sides[:, 1] == "yn") & (balanced[0] | (by_core & (sides[:, 0] == "Y"))))
    high = (sides[:, 0] == "YN") & (balanced[1] | (by_core & (sides[:, 1] == "y")))
    found = [grid.grid_source["bus"], line["from_bus"][charged], unit["lv_bus"][low], unit["hv_bus"][high]]
    wye = np.ones(len(grid.shunt), dtype=bool)
    if "connection" in grid.shunt:
        wye = grid.shunt["connection"] != "delta"
    found.append(grid.shunt["bus"][wye])
    text = star["windings"] if "windings" in star else np.zeros(len(star), dtype=np.str_)
    found += [star["hv_bus"][np.char.find(text, "YN") >= 0]]
    found += [star[bus][np.char.find(text, "yn") >= 0] for bus in ("mv_bus", "lv_bus")]
    return found


def _earthed(grid: ElectricGrid, buses: Ints) -> list[PrimitiveBlock]:
    nodes = grid.nodes[:, buses].T
    row, phase = np.nonzero(nodes >= 0)
    y = np.full((len(row), 1, 1), _EARTH_PU, dtype=np.complex128)
    return [PrimitiveBlock("bus", buses[row], nodes[row, phase][:, None], y)]
