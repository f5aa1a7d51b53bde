"""The simulators that carry all electric power through the grid: voltages first, and what follows from them.

They are two so that a feedback loop steps only what it feeds back: who reacts to voltages waits for the power flow
alone, while loadings, losses and violations are computed afterwards, for many steps at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import TimeAxis
from twin.errors import Problem, TwinError
from twin.grid.assemble import assemble
from twin.grid.branches import Branches
from twin.grid.by_bus import BranchesOfBus, PhasesOfBus
from twin.grid.model import ElectricGrid
from twin.grid.modules import Modules, controlled_modules
from twin.grid.operation import Carried, GridOperation, Operated
from twin.grid.outages import Outages
from twin.grid.statistics import BAND_PU, unbalance
from twin.random import Streams
from twin.registry import Setup

__all__ = ["GridFlowsSimulator", "GridSimulator", "build", "build_flows"]

Floats = NDArray[np.float64]

_STEPS = 1024  # worked on together, so that a year's voltages never stand in memory at once

_READS = tuple(Read(q, "phase_node", "sum") for q in ("electric_load", "electric_generation", "reactive_load"))
_AVAILABLE = Read("solar_generation", "pv_array", name="controlled_generation")
_AT_NODES = ("voltage", "voltage_real", "voltage_imaginary", "unsupplied_load", "supply_interrupted")
_ALWAYS = (*(Write(q, "phase_node") for q in _AT_NODES), Write("voltage_collapse", "bus"))
_REACTING = (Write("curtailed_generation", "pv_array"), Write("inverter_reactive_power", "phase_node"))
_TAPPED = (Write("tap_position", "transformer"), Write("tap_changes", "transformer"))


class GridSimulator:
    """Power flow at every step, from what is drawn and fed in at the phase nodes.

    Loads keep their power whatever the voltage is. Where nothing arrives, because elements are out of service or no
    voltage carries what is asked (it collapses), the load is not supplied and the voltage is zero.

    Parameters
    ----------
    grid
        Is checked first.
    modules
        Solar modules whose inverters react to their voltage.
    """

    name, version = "grid", "2"
    writes: Sequence[Write] = (*_ALWAYS, *_REACTING, *_TAPPED)

    def __init__(self, grid: ElectricGrid, step_s: int, modules: Modules | None = None) -> None:
        self.step_s = step_s
        self._grid, self._modules = grid, modules
        self._operation = GridOperation(grid, inverters=None if modules is None else modules.inverters)
        self._closed = np.flatnonzero(~grid.phase_node["connects"])
        self._carried = self._operation.begin()
        self.reads: Sequence[Read] = _READS if modules is None else (*_READS, _AVAILABLE)
        reacting, tapped = _REACTING if modules is not None else (), _TAPPED if len(grid.tap_changer) else ()
        self.writes = (*_ALWAYS, *reacting, *tapped)

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Go back to the taps that the tables state, and forget the step before."""
        self._carried = self._operation.begin()

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return voltages, and what is not supplied, given up or moved to keep them.

        Raises
        ------
        TwinError
            If power is asked for where nothing connects.
        """
        sizes = {name: len(getattr(self._grid, name)) for name in ("bus", "phase_node", "transformer")}
        sizes["pv_array"] = 0 if self._modules is None else len(self._modules)
        outputs = {write.quantity: np.zeros((window.n, sizes[write.per])) for write in self.writes}
        for first in range(0, window.n, _STEPS):
            steps = slice(first, min(first + _STEPS, window.n))
            self._advance(window.seconds[steps], {key: values[steps] for key, values in inputs.items()}, outputs, steps)
        return outputs

    def state(self) -> Carried:
        """Return taps, and the voltages of the step before, from which a step by itself starts."""
        return self._carried

    def restore(self, state: Any) -> None:
        """Go on from another state."""
        self._carried = state

    def _advance(self, seconds: NDArray[np.int64], inputs: Arrays, outputs: dict[str, Floats], steps: slice) -> None:
        load, generation, reactive = (inputs[read.key] for read in _READS)
        for values in (load, generation, reactive):
            self._check_connected(values)
        power = np.empty(load.shape, dtype=np.complex128)
        np.subtract(generation, load, out=power.real)
        np.negative(reactive, out=power.imag)
        available = None
        if self._modules is not None:
            available = self._modules.available(inputs["controlled_generation"])
            np.subtract.at(power.T, self._modules.inverters.node, available.T)
        nodes = self._operation.nodes
        found, self._carried = self._operation.run(self._carried, seconds, self.step_s, power[:, nodes], available)
        self._write(found, load, {name: values[steps] for name, values in outputs.items()})
        if self._modules is not None and available is not None:
            dark = found.dead | found.collapsed
            given = self._modules.given(inputs["controlled_generation"], available, found.inverter_va, dark)
            outputs["curtailed_generation"][steps], outputs["inverter_reactive_power"][steps] = given

    def _write(self, found: Operated, load: Floats, out: dict[str, Floats]) -> None:
        np.abs(found.voltage, out=out["voltage"])
        out["voltage_real"][:], out["voltage_imaginary"][:] = found.voltage.real, found.voltage.imag
        dark = found.dead | found.collapsed
        if dark.any():
            out["supply_interrupted"][:] = dark
            np.multiply(load, dark, out=out["unsupplied_load"])
            np.maximum.at(out["voltage_collapse"].T, self._grid.phase_node["bus"], found.collapsed.T.astype(np.float64))
        if "tap_position" in out:
            rows = self._grid.tap_changer["transformer"]
            out["tap_position"][:, rows] = found.tap
            out["tap_changes"][:, rows] = np.abs(found.moved) / self.step_s

    def _check_connected(self, values: Floats) -> None:
        """What happens where nobody is connected would be lost silently."""
        asked = values[:, self._closed].any(axis=0)
        if asked.any():
            names = self._grid.phase_node.ids[self._closed[asked]]
            what = "power is drawn or fed in at phase node {}, which connects nobody"
            raise TwinError(*(Problem(what.format(name)) for name in names))


class GridFlowsSimulator(Stateless):
    """Loadings, losses and violated limits, from the voltages.

    A bus counts as violated while one of its phases is outside of 0.9 .. 1.1 pu, or a line or transformer that ends
    there carries more than it may for good.
    """

    name, version = "grid_flows", "2"
    writes = (
        Write("line_loading", "line"),
        Write("transformer_loading", "transformer"),
        Write("line_losses", "line"),
        Write("transformer_losses", "transformer"),
        Write("limit_violation", "bus"),
        Write("voltage_unbalance", "bus"),
    )

    def __init__(self, grid: ElectricGrid, step_s: int) -> None:
        self.step_s = step_s
        assembled = assemble(grid)
        self._grid, self._branches = grid, Branches(assembled, grid)
        self._outages = Outages.of(grid, assembled)
        self._phases, self._beside = PhasesOfBus(grid), BranchesOfBus(grid)
        # A bus with one node that stands for three phases has no unbalance, one without all phases none to speak of
        self._three = np.flatnonzero((grid.nodes >= 0).all(axis=0)) if grid.phases == 3 else np.zeros(0, dtype=np.int64)
        self.reads: Sequence[Read] = tuple(Read(q, "phase_node") for q in ("voltage_real", "voltage_imaginary"))
        if len(grid.tap_changer):
            self.reads += (Read("tap_position", "transformer"),)

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return what flows through lines and transformers."""
        outputs = {w.quantity: np.zeros((window.n, len(getattr(self._grid, w.per)))) for w in self.writes}
        for first in range(0, window.n, _STEPS):
            steps = slice(first, min(first + _STEPS, window.n))
            voltage = inputs["voltage_real"][steps] + 1j * inputs["voltage_imaginary"][steps]
            tap = inputs["tap_position"][steps] if "tap_position" in inputs else None
            self._advance(
                window.seconds[steps], voltage, tap, {name: values[steps] for name, values in outputs.items()}
            )
        return outputs

    def _advance(
        self, seconds: NDArray[np.int64], voltage: NDArray[np.complex128], tap: Floats | None, out: dict[str, Floats]
    ) -> None:
        state = self._branches.state(voltage, tap)
        out["line_loading"][:], out["transformer_loading"][:] = state.line_loading, state.transformer_loading
        out["line_losses"][:], out["transformer_losses"][:] = state.line_loss, state.transformer_loss
        for kind in ("line", "transformer"):
            for rows, column in self._outages.times(kind, seconds, self.step_s):
                out[f"{kind}_loading"][rows, column] = out[f"{kind}_losses"][rows, column] = 0.0
        size = np.abs(voltage)
        outside = (self._phases.lowest(size) < BAND_PU[0]) | (self._phases.highest(size) > BAND_PU[1])
        overloaded = self._beside.largest(out["line_loading"], out["transformer_loading"]) > 1.0
        np.logical_or(outside, overloaded, out=out["limit_violation"], casting="unsafe")
        if len(self._three):
            out["voltage_unbalance"][:, self._three] = unbalance(voltage, self._grid.nodes[:, self._three])


def build(setup: Setup) -> GridSimulator | None:
    """Return the power flow, or None where the city has no grid."""
    if "bus" not in setup.city.tables:
        return None
    return GridSimulator(ElectricGrid.of(setup.city), setup.step_s, controlled_modules(setup.city))


def build_flows(setup: Setup) -> GridFlowsSimulator | None:
    """Return what follows from the power flow, or None where the city has no grid."""
    if "bus" not in setup.city.tables:
        return None
    return GridFlowsSimulator(ElectricGrid.of(setup.city), setup.step_s)
