"""A network per unit: nodes of any number of phases, the admittances between them, sources, and what is connected."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Connected", "NodalNetwork", "PrimitiveBlock", "Solution", "Status"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GROUND = -1


@dataclass(frozen=True)
class PrimitiveBlock:
    """Elements of one kind that join the same number of nodes, by their primitive admittance matrices.

    Attributes
    ----------
    table
        Table of the grid that the elements stand in: ``line``, ``transformer``, ``shunt`` ...
    rows
        Row of each element there, shape ``(m,)``.
    nodes
        Nodes of each, the near end's phases first, then the far end's; -1 is ground, shape ``(m, k)``.
    y
        Currents into the element over node voltages, per unit, shape ``(m, k, k)``.
    """

    table: str
    rows: Ints
    nodes: Ints
    y: Complex


@dataclass(frozen=True)
class NodalNetwork:
    """A network per unit.

    A node is one phase of a bus, or a whole bus where one node stands for three balanced phases. Voltages are to
    ground, over the nominal phase-to-ground voltage of their node.

    Attributes
    ----------
    n_nodes
        Number of nodes.
    bus, phase
        Row of the bus and phase (0, 1, 2) of every node, shape ``(n_nodes,)``.
    base_v
        Nominal voltage to ground of every node, V, shape ``(n_nodes,)``.
    base_va
        Power of one node at one per unit, VA: of one phase, or of all three where a node stands for them.
    blocks
        All admittances.
    source_node
        Nodes that are fed, shape ``(s,)``.
    source_voltage
        Voltage behind the source's admittance, per unit, shape ``(s,)``.
    source_admittance
        Between the source nodes, per unit, ``(s, s)``; None if all keep their voltage whatever happens.
    """

    n_nodes: int
    bus: Ints
    phase: Ints
    base_v: Floats
    base_va: float
    blocks: tuple[PrimitiveBlock, ...]
    source_node: Ints
    source_voltage: Complex
    source_admittance: Complex | None = None


@dataclass(frozen=True)
class Connected:
    """Loads and generators between two nodes or one node and ground, shape ``(k,)`` each.

    A part of constant power, one of constant current and one of constant impedance; the parts of each add up to 1.
    Power is fed in where it is positive; that of a step is what the element would feed in at its nominal voltage.

    Attributes
    ----------
    node, other
        The nodes; ``other`` is -1 for ground (one phase of a star), another phase for a delta.
    v_nominal
        Magnitude between them at which power is stated, per unit: 1 to ground, sqrt(3) between phases.
    const_i, const_z
        Shares of constant current (its angle follows the voltage) and of constant impedance.
    """

    node: Ints
    other: Ints
    v_nominal: Floats
    const_i: Floats
    const_z: Floats

    @classmethod
    def constant_power(cls, node: Ints) -> Connected:
        """Return elements of constant power between nodes and ground."""
        none = np.zeros(len(node))
        return cls(node, np.full(len(node), GROUND), np.ones(len(node)), none, none)


class Status(IntEnum):
    """How a step ended."""

    SOLVED = 0
    BY_NEWTON = 1
    COLLAPSED = 2


@dataclass(frozen=True)
class Solution:
    """Voltages of many steps.

    Attributes
    ----------
    voltage
        Per unit, shape ``(step, node)`` of the nodes asked for; 0 at steps that have no solution.
    current
        That every connected element feeds in at its ``node``, per unit, shape ``(step, k)``.
    status
        `Status` of each step, shape ``(step,)``, int8.
    iterations
        Shape ``(step,)``.
    """

    voltage: Complex
    current: Complex
    status: NDArray[np.int8]
    iterations: Ints
