"""Power flow through a grid's tables in one call: from power at phase nodes to voltages and loadings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from twin.errors import Problem, TwinError
from twin.grid.branches import Branches
from twin.grid.model import ElectricGrid, empty_table
from twin.grid.operation import GridOperation
from twin.grid.powerflow.network import Complex, Floats, Ints

__all__ = ["GridState", "power_flow"]

_CONNECTED = ("load", "static_generator", "generator", "storage", "outage", "tap_changer")


@dataclass(frozen=True)
class GridState:
    """The grid at every step.

    Attributes
    ----------
    voltage
        Per unit of the nominal voltage, shape ``(step, phase_node)``; angles against the source's.
    line_loading, transformer_loading
        Largest phase current over what may flow for good, shape ``(step, line)`` and ``(step, transformer)``.
    line_loss, transformer_loss
        W, same shapes.
    """

    voltage: Complex
    line_loading: Floats
    transformer_loading: Floats
    line_loss: Floats
    transformer_loss: Floats


def power_flow(grid: ElectricGrid, nodes: Ints, power_va: Complex) -> GridState:
    """Return the state of a grid at every step.

    What its own tables say of loads and generators gives way to ``power_va``, taps stay as they are.

    Parameters
    ----------
    nodes
        Rows of ``grid.phase_node``, each once, shape ``(k,)``.
    power_va
        Power fed in there, generation positive, shape ``(step, k)``.

    Raises
    ------
    TwinError
        If the grid is not in order, or some steps have no solution (voltage collapse): how many, and the first.
    """
    nothing: dict[str, Any] = {name: empty_table(name) for name in _CONNECTED}
    bare = replace(grid, **nothing)
    operation = GridOperation(bare, nodes)
    found, _ = operation.run(operation.begin(), np.arange(len(power_va)), 1, np.asarray(power_va))
    lost = np.flatnonzero(found.collapsed.any(axis=1))
    if len(lost):
        raise TwinError(
            Problem(
                f"no power flow carries the load of {len(lost)} of {len(power_va)} steps, the first of them step "
                f"{lost[0]}: the voltage collapses"
            )
        )
    state = Branches(operation.assembled, bare).state(found.voltage)
    return GridState(
        found.voltage, state.line_loading, state.transformer_loading, state.line_loss, state.transformer_loss
    )
