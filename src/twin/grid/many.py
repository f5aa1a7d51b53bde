"""Many feeders at once: side by side for a step of a feedback loop, or one after the other for years of steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from twin.engine.workers import available, mapped
from twin.grid.flow import PowerFlow
from twin.grid.kernel import BLOCK_STEPS, TOLERANCE_PU
from twin.grid.network import BASE_VA
from twin.grid.reduction import Reduced
from twin.grid.stack import Piece, solve_stack, stacked
from twin.grid.statistics import PERCENTILES, GridStatistics, Statistics

__all__ = ["BatchSolution", "FeederBatch", "year_statistics"]

Complex = NDArray[np.complex128]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class BatchSolution:
    """Voltages and currents at the injections of all feeders.

    Attributes
    ----------
    voltage, current
        Per unit, shape ``(step, k)``; without meaning at feeders and steps that were not solved.
    iterations
        The most that any area of a feeder took, shape ``(step, feeder)``.
    solved
        False where there is no solution (voltage collapse), shape ``(step, feeder)``.
    """

    voltage: Complex
    current: Complex
    iterations: Ints
    solved: Mask


class FeederBatch:
    """Feeders that know nothing of each other, solved together.

    Parameters
    ----------
    flows
        The feeders, each a grid made ready; with as many injections as ``len(flow.nodes)``.
    tolerance
        As for `solve_stack`.

    Attributes
    ----------
    injections
        Those of each feeder among the columns of power and voltage, in the order of its ``nodes``.
    """

    def __init__(self, flows: Sequence[PowerFlow], tolerance: float = TOLERANCE_PU) -> None:
        sizes = [len(flow.nodes) for flow in flows]
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(int)
        self.injections = [slice(a, b) for a, b in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)]
        self._n, self._tolerance = int(starts[-1]), tolerance
        self._scale = np.repeat([flow.grid.phases / BASE_VA for flow in flows], sizes)
        self._stacks = stacked(_pieces([flow.reduced for flow in flows], self.injections), self._n)
        self._n_feeders = len(flows)

    def solve(self, power_va: Complex, start: Complex | None = None) -> BatchSolution:
        """Solve every step of every feeder.

        Parameters
        ----------
        power_va
            Power fed in, VA, generation positive, shape ``(step, k)``: the columns of ``injections``.
        start
            Voltages to start from, shape ``(k,)``, such as those of the step before.
        """
        n = len(power_va)
        power = np.zeros((n, self._n + 1), dtype=np.complex128)
        np.multiply(power_va, self._scale, out=power[:, :-1])
        first = None if start is None else np.append(start, 1.0)
        voltage, current = np.empty_like(power), np.empty_like(power)
        iterations = np.zeros((n, self._n_feeders), dtype=np.int64)
        solved = np.ones((n, self._n_feeders), dtype=bool)
        for stack, feeder in self._stacks:
            columns = stack.columns
            own = np.ascontiguousarray(power[:, columns].swapaxes(0, 1))
            begin = None if first is None else np.broadcast_to(first[columns][:, None], own.shape)
            found = solve_stack(stack, own, start=begin, tolerance=self._tolerance)
            voltage[:, columns], current[:, columns] = found.voltage.swapaxes(0, 1), found.current.swapaxes(0, 1)
            np.maximum.at(iterations.T, feeder, found.iterations)
            np.logical_and.at(solved.T, feeder, found.solved)
        return BatchSolution(voltage[:, :-1], current[:, :-1], iterations, solved)


def _pieces(reduced: Sequence[Reduced], injections: Sequence[slice]) -> list[Piece]:
    """Return the areas of all feeders at which something may be injected."""
    return [
        Piece(
            feeder,
            place.start + np.arange(area.injections.start, area.injections.stop),
            area.inner,
            one.no_load_at_injections[area.injections],
        )
        for feeder, (one, place) in enumerate(zip(reduced, injections, strict=True))
        for area in one.areas
        if area.injections.stop > area.injections.start
    ]


def year_statistics(
    feeder: Callable[[int], PowerFlow],
    feeders: int,
    power_va: Callable[[int, Ints, slice], Complex],
    steps: int,
    step_s: int,
    branches: bool = False,
    percentiles: tuple[float, ...] = PERCENTILES,
    workers: int | None = None,
) -> Iterator[Statistics]:
    """Yield the statistics of feeders one after the other, each over all steps.

    Every process holds one feeder and one block of steps at a time, so that memory depends neither on the number of
    feeders nor on that of the steps.

    Parameters
    ----------
    feeder
        Called with the number of a feeder; returns it made ready.
    feeders
        How many there are.
    power_va
        Called with the number of a feeder, its ``nodes`` and some steps; returns what is fed in there, VA, generation
        positive, shape ``(step, k)``.
    branches
        With loadings and losses of all lines, then of all transformers, voltages at all phase nodes and unbalance of
        the buses that have three; otherwise with voltages at the feeder's ``nodes`` alone, which is much less work.
    workers
        Number of processes; as many as there are cores if None.
    """

    def of(number: int) -> Statistics:
        from threadpoolctl import threadpool_limits

        with threadpool_limits(1, user_api="blas"):  # small products: more threads would wait for each other
            flow = feeder(number)
            power = partial(power_va, number, flow.nodes)
            return _statistics(flow, power, steps, step_s, branches, percentiles)

    yield from mapped(of, range(feeders), available() if workers is None else workers)


def _statistics(
    flow: PowerFlow,
    power_va: Callable[[slice], Complex],
    steps: int,
    step_s: int,
    branches: bool,
    percentiles: tuple[float, ...],
) -> Statistics:
    grid = flow.grid
    if branches:
        phases = grid.nodes[:, (grid.nodes >= 0).all(axis=0)] if grid.phases == 3 else None
        n_branches = len(grid.line) + len(grid.transformer)
        taken = GridStatistics(step_s, len(grid.phase_node), phases, n_branches, percentiles)
    else:
        taken = GridStatistics(step_s, len(flow.nodes), percentiles=percentiles)
    for first in range(0, steps, BLOCK_STEPS):
        solution = flow.solve(power_va(slice(first, min(first + BLOCK_STEPS, steps))))
        if branches:
            state = flow.state(solution.current)
            loading = np.concatenate([state.line_loading, state.transformer_loading], axis=1)
            loss = np.concatenate([state.line_loss, state.transformer_loss], axis=1)
            taken.take(state.voltage, loading, loss, solution.solved)
        else:
            taken.take(solution.voltage, solved=solution.solved)
    return taken.result()
