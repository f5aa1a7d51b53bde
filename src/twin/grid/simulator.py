"""The simulators that carry all electric power through the grid: voltages first, and what follows from them.

They are two so that a feedback loop steps only what it feeds back: who reacts to voltages waits for the power flow
alone, while loadings, losses and violations are computed afterwards, for many steps at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import TimeAxis
from twin.errors import Problem, TwinError
from twin.grid.flow import GridState, PowerFlow
from twin.grid.kernel import BLOCK_STEPS
from twin.grid.model import ElectricGrid
from twin.grid.statistics import BAND_PU, unbalance
from twin.random import Streams
from twin.registry import Setup

__all__ = ["GridFlowsSimulator", "GridSimulator", "build", "build_flows"]

Floats = NDArray[np.float64]


class _OnGrid:
    """What both share: a grid made ready, and outputs filled block by block so that they stay in the cache."""

    version = "1"
    reads: Sequence[Read]
    writes: Sequence[Write]

    def __init__(self, grid: ElectricGrid, step_s: int) -> None:
        self.step_s = step_s
        self._grid, self._flow = grid, PowerFlow(grid)
        self._sizes = {write.quantity: len(getattr(grid, write.per)) for write in self.writes}

    def _outputs(self, window: TimeAxis) -> dict[str, Floats]:
        return {quantity: np.zeros((window.n, n)) for quantity, n in self._sizes.items()}

    @staticmethod
    def _blocks(window: TimeAxis) -> Iterator[slice]:
        for first in range(0, window.n, BLOCK_STEPS):
            yield slice(first, min(first + BLOCK_STEPS, window.n))


class GridSimulator(_OnGrid):
    """Power flow at every step, from what is drawn and fed in at the phase nodes.

    Loads keep their power whatever the voltage is.

    Parameters
    ----------
    grid
        Is checked first.
    """

    name = "grid"
    reads = (
        Read("electric_load", "phase_node", gather="sum"),
        Read("electric_generation", "phase_node", gather="sum"),
        Read("reactive_load", "phase_node", gather="sum"),
    )
    writes = (
        Write("voltage", "phase_node"),
        Write("injected_current_real", "phase_node"),
        Write("injected_current_imaginary", "phase_node"),
    )

    def __init__(self, grid: ElectricGrid, step_s: int) -> None:
        super().__init__(grid, step_s)
        self._closed = np.flatnonzero(~grid.phase_node["connects"])
        self._last: NDArray[np.complex128] | None = None

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Forget the step before."""
        self._last = None

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return voltages, and the currents at the nodes from which everything else follows.

        Raises
        ------
        TwinError
            If power is asked for where nothing connects, or naming the first time at which the voltage collapses.
        """
        outputs = self._outputs(window)
        for block in self._blocks(window):
            self._advance_block(window, block, inputs, outputs)
        return outputs

    def state(self) -> Any:
        """Return the voltages of the step before, from which a step by itself starts."""
        return self._last

    def restore(self, state: Any) -> None:
        """Start from other voltages."""
        self._last = state

    def _advance_block(self, window: TimeAxis, block: slice, inputs: Arrays, outputs: dict[str, Floats]) -> None:
        load, generation, reactive = (self._at_nodes(inputs[read.quantity][block]) for read in self.reads)
        power = np.empty(load.shape, dtype=np.complex128)
        np.subtract(generation, load, out=power.real)
        np.negative(reactive, out=power.imag)
        solution = self._flow.solve(power, start=self._last if len(power) == 1 else None)
        if not solution.solved.all():
            self._collapse(window, block, solution.solved, load)
        self._last = solution.voltage[-1]
        outputs["voltage"][block] = self._flow.magnitude(solution.current)
        outputs["injected_current_real"][block, self._flow.nodes] = solution.current.real
        outputs["injected_current_imaginary"][block, self._flow.nodes] = solution.current.imag

    def _at_nodes(self, values: Floats) -> Floats:
        """Return what happens where customers are connected; what happens elsewhere would be lost silently."""
        taken = values[:, self._flow.nodes]
        if np.count_nonzero(values) != np.count_nonzero(taken):
            names = self._grid.phase_node.ids[self._closed[values[:, self._closed].any(axis=0)]]
            what = "power is drawn or fed in at phase node {}, which connects nobody"
            raise TwinError(*(Problem(what.format(name)) for name in names))
        return taken

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


class GridFlowsSimulator(_OnGrid, Stateless):
    """Loadings, losses and violated limits, from the currents at the nodes.

    A bus counts as violated while one of its phases is outside of 0.9 .. 1.1 pu, or a line or transformer that ends
    there carries more than it may for good.
    """

    name = "grid_flows"
    reads = (Read("injected_current_real", "phase_node"), Read("injected_current_imaginary", "phase_node"))
    writes = (
        Write("line_loading", "line"),
        Write("transformer_loading", "transformer"),
        Write("line_losses", "line"),
        Write("transformer_losses", "transformer"),
        Write("limit_violation", "bus"),
        Write("voltage_unbalance", "bus"),
    )

    def __init__(self, grid: ElectricGrid, step_s: int) -> None:
        super().__init__(grid, step_s)
        self._adjacent = _Adjacent(grid)
        # A bus with one node that stands for three phases has no unbalance, one without all phases none to speak of
        self._three = np.flatnonzero((grid.nodes >= 0).all(axis=0)) if grid.phases == 3 else np.zeros(0, dtype=np.int64)

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return what flows through lines and transformers."""
        outputs, nodes = self._outputs(window), self._flow.nodes
        for block in self._blocks(window):
            real, imaginary = (inputs[read.quantity][block, nodes] for read in self.reads)
            state = self._flow.state(real + 1j * imaginary)
            outputs["line_loading"][block] = state.line_loading
            outputs["transformer_loading"][block] = state.transformer_loading
            outputs["line_losses"][block] = state.line_loss
            outputs["transformer_losses"][block] = state.transformer_loss
            outputs["limit_violation"][block] = self._violations(state)
            if len(self._three):
                outputs["voltage_unbalance"][block, self._three] = unbalance(
                    state.voltage, self._grid.nodes[:, self._three]
                )
        return outputs

    def _violations(self, state: GridState) -> Floats:
        by_phase = np.abs(state.voltage)[:, self._grid.nodes]
        outside = ((by_phase < BAND_PU[0]) | (by_phase > BAND_PU[1])).any(axis=1)
        overloaded = self._adjacent.largest(state.line_loading, state.transformer_loading) > 1.0
        return np.asarray(outside | overloaded, dtype=np.float64)


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
    """Return the power flow, or None where the city has no grid."""
    if "bus" not in setup.city.tables:
        return None
    return GridSimulator(ElectricGrid.of(setup.city), setup.step_s)


def build_flows(setup: Setup) -> GridFlowsSimulator | None:
    """Return what follows from the power flow, or None where the city has no grid."""
    if "bus" not in setup.city.tables:
        return None
    return GridFlowsSimulator(ElectricGrid.of(setup.city), setup.step_s)
