"""Years of many feeders, one after the other in as many processes as there are cores: statistics, no series kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from twin.engine.workers import available, mapped
from twin.grid.assemble import Assembled, assemble
from twin.grid.branches import Branches
from twin.grid.check import check
from twin.grid.model import ElectricGrid
from twin.grid.powerflow.network import Status
from twin.grid.powerflow.solve import TOLERANCE_PU, PowerFlow
from twin.grid.statistics import PERCENTILES, GridStatistics, Statistics

__all__ = ["year_statistics"]

Complex = NDArray[np.complex128]

_VALUES = 1 << 17  # voltages worked on together, so that what is computed from them stays in the cache
_LEAST_STEPS = 256


def year_statistics(
    feeder: Callable[[int], ElectricGrid],
    feeders: int,
    power: Callable[[int, Assembled, slice], Complex],
    steps: int,
    step_s: int,
    branches: bool = False,
    percentiles: tuple[float, ...] = PERCENTILES,
    workers: int | None = None,
    tolerance: float = TOLERANCE_PU,
) -> Iterator[Statistics]:
    """Yield the statistics of feeders one after the other, each over all steps.

    Every process holds one feeder and one block of steps at a time, so that memory depends neither on the number of
    feeders nor on that of the steps.

    Parameters
    ----------
    feeder
        Called with the number of a feeder; returns its grid.
    feeders
        How many there are.
    power
        Called with the number of a feeder, its grid assembled and some steps; returns what the connected elements
        would feed in at their nominal voltage, per unit of ``network.base_va``, generation positive, shape
        ``(step, k)``: as `Assembled.power_of` does.
    branches
        With loadings and losses of all lines, then of all transformers, voltages at all phase nodes and unbalance of
        the buses that have three; otherwise with voltages at the node of each connected element alone, which is much
        less work.
    workers
        Number of processes; as many as there are cores if None.
    tolerance
        As of `PowerFlow`.

    Raises
    ------
    TwinError
        For everything that is wrong with a grid.
    """

    def of(number: int) -> Statistics:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1, user_api="blas"):  # small products: more threads would wait for each other
            grid = feeder(number)
            check(grid)
            made = assemble(grid)
            flow = PowerFlow(made.network, made.connected, tolerance)
            year = _Year(flow, partial(power, number, made), steps, step_s, percentiles)
            return year.with_branches(grid, made) if branches else year.at_elements()

    yield from mapped(of, range(feeders), available() if workers is None else workers)


class _Year:
    """All steps of one feeder, taken block by block."""

    def __init__(
        self,
        flow: PowerFlow,
        power: Callable[[slice], Complex],
        steps: int,
        step_s: int,
        percentiles: tuple[float, ...],
    ) -> None:
        self._flow, self._power, self._steps = flow, power, steps
        self._step_s, self._percentiles = step_s, percentiles

    def at_elements(self) -> Statistics:
        """Return the statistics of the voltages at connected elements."""
        n_nodes = len(self._flow.connected.node)
        taken = GridStatistics(self._step_s, n_nodes, percentiles=self._percentiles)
        for steps in self._blocks(n_nodes):
            solution = self._flow.solve(self._power(steps))
            taken.take(solution.voltage, solved=solution.status != Status.COLLAPSED)
        return taken.result()

    def with_branches(self, grid: ElectricGrid, made: Assembled) -> Statistics:
        """Return the statistics of all phase nodes, buses and branches."""
        phases = grid.nodes[:, (grid.nodes >= 0).all(axis=0)] if grid.phases == 3 else None
        n_branches, n_nodes = len(grid.line) + len(grid.transformer), len(grid.phase_node)
        taken = GridStatistics(self._step_s, n_nodes, phases, n_branches, self._percentiles)
        ready = Branches(made, grid)
        for steps in self._blocks(n_nodes):
            solution = self._flow.solve(self._power(steps), nodes=made.node)
            state = ready.state(solution.voltage)
            loading = np.concatenate([state.line_loading, state.transformer_loading], axis=1)
            loss = np.concatenate([state.line_loss, state.transformer_loss], axis=1)
            taken.take(solution.voltage, loading, loss, solution.status != Status.COLLAPSED)
        return taken.result()

    def _blocks(self, n_nodes: int) -> Iterator[slice]:
        size = max(_LEAST_STEPS, _VALUES // max(1, n_nodes))
        for first in range(0, self._steps, size):
            yield slice(first, min(first + size, self._steps))
