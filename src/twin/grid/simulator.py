"""The simulator that carries all electric power through the grid: voltages, loadings, losses, and what is too much."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.ports import Arrays, Read, Write
from twin.engine.time import TimeAxis
from twin.errors import Problem, TwinError
from twin.grid.flow import GridState, PowerFlow
from twin.grid.kernel import BLOCK_STEPS
from twin.grid.model import ElectricGrid
from twin.random import Streams
from twin.registry import Setup

__all__ = ["GridSimulator", "build"]

Floats = NDArray[np.float64]

# EN 50160: supply voltage within 10 % of its nominal value
LOWEST_PU = 0.9
HIGHEST_PU = 1.1


class GridSimulator:
    """Power flow at every step, from what is drawn and fed in at the phase nodes.

    Loads keep their power whatever the voltage is. A bus counts as violated while one of its phases is outside of
    0.9 .. 1.1 pu, or a line or transformer that ends there carries more than it may for good.

    Parameters
    ----------
    grid
        Is checked first.
    """

    name = "grid"
    version = "1"
    reads = (
        Read("electric_load", "phase_node", gather="sum"),
        Read("electric_generation", "phase_node", gather="sum"),
        Read("reactive_load", "phase_node", gather="sum"),
    )
    writes = (
        Write("voltage", "phase_node"),
        Write("line_loading", "line"),
        Write("transformer_loading", "transformer"),
        Write("line_losses", "line"),
        Write("transformer_losses", "transformer"),
        Write("limit_violation", "bus"),
    )

    def __init__(self, grid: ElectricGrid, step_s: int) -> None:
        self.step_s = step_s
        self._flow = PowerFlow(grid)
        self._grid = grid
        self._closed = np.flatnonzero(~grid.phase_node["connects"])
        self._adjacent = _Adjacent(grid)
        self._sizes = {write.quantity: len(getattr(grid, write.per)) for write in self.writes}

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Do nothing: every step depends on its own inputs alone."""

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return the state of the grid.

        Raises
        ------
        TwinError
            If power is asked for where nothing connects, or naming the first time at which the voltage collapses.
        """
        outputs = {quantity: np.empty((window.n, n)) for quantity, n in self._sizes.items()}
        for first in range(0, window.n, BLOCK_STEPS):
            block = slice(first, min(first + BLOCK_STEPS, window.n))
            self._check_places({quantity: values[block] for quantity, values in inputs.items()})
            self._advance_block(window, block, inputs, outputs)
        return outputs

    def state(self) -> Any:
        """Return nothing: there is no state."""

    def restore(self, state: Any) -> None:
        """Do nothing: there is no state."""

    def _advance_block(self, window: TimeAxis, block: slice, inputs: Arrays, outputs: dict[str, Floats]) -> None:
        load, generation, reactive = (inputs[read.quantity][block, self._flow.nodes] for read in self.reads)
        power = np.empty(load.shape, dtype=np.complex128)
        np.subtract(generation, load, out=power.real)
        np.negative(reactive, out=power.imag)
        solution = self._flow.solve(power)
        if not solution.solved.all():
            self._collapse(window, block, solution.solved, load)
        state = self._flow.state(solution)
        outputs["voltage"][block] = magnitude = np.sqrt(state.voltage.real**2 + state.voltage.imag**2)
        outputs["line_loading"][block] = state.line_loading
        outputs["transformer_loading"][block] = state.transformer_loading
        outputs["line_losses"][block] = state.line_loss
        outputs["transformer_losses"][block] = state.transformer_loss
        outputs["limit_violation"][block] = self._violations(magnitude, state)

    def _violations(self, magnitude: Floats, state: GridState) -> Floats:
        by_phase = magnitude[:, self._grid.nodes]
        outside = (by_phase < LOWEST_PU).any(axis=1) | (by_phase > HIGHEST_PU).any(axis=1)
        overloaded = self._adjacent.largest(state.line_loading, state.transformer_loading) > 1.0
        return np.asarray(outside | overloaded, dtype=np.float64)

    def _check_places(self, inputs: Arrays) -> None:
        """Stop if power is drawn or fed in at a node that was not declared for it: it would be lost silently."""
        used = np.zeros(len(self._closed), dtype=bool)
        for read in self.reads:
            used |= inputs[read.quantity][:, self._closed].any(axis=0)
        if used.any():
            names = self._grid.phase_node.ids[self._closed[used]]
            what = "power is drawn or fed in at phase node {}, which connects nobody"
            raise TwinError(*(Problem(what.format(name)) for name in names))

    def _collapse(self, window: TimeAxis, block: slice, solved: NDArray[np.bool_], load: Floats) -> None:
        lost = np.flatnonzero(~solved)
        when = np.datetime64(int(window.seconds[block.start + lost[0]]), "s")
        raise TwinError(
            Problem(
                f"the grid cannot carry the load at {when} UTC ({load[lost[0]].sum() / 1e3:,.0f} kW drawn): the "
                f"voltage collapses; so it does at {len(lost)} of the {len(solved)} steps looked at",
                expected="a stronger grid, or less load at one place",
            )
        )


class _Adjacent:
    """The lines and transformers that end at every bus, as ragged rows."""

    def __init__(self, grid: ElectricGrid) -> None:
        line, transformer = grid.line, grid.transformer
        ends = np.concatenate([line["from_bus"], transformer["hv_bus"], line["to_bus"], transformer["lv_bus"]])
        self._element = np.tile(np.arange(len(line) + len(transformer)), 2)[np.argsort(ends, kind="stable")]
        self._buses, self._starts = np.unique(np.sort(ends), return_index=True)
        self._n = len(grid.bus)

    def largest(self, line: Floats, transformer: Floats) -> Floats:
        """Return the largest loading beside every bus, shape ``(step, bus)``; 0 where nothing ends."""
        loading = np.concatenate([line, transformer], axis=1)
        out = np.zeros((len(loading), self._n))
        if len(self._element):
            out[:, self._buses] = np.maximum.reduceat(loading[:, self._element], self._starts, axis=1)
        return out


def build(setup: Setup) -> GridSimulator | None:
    """Return the simulator, or None where the city has no grid."""
    if "bus" not in setup.city.tables:
        return None
    return GridSimulator(ElectricGrid.of(setup.city), setup.step_s)
