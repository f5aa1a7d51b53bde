"""Running the coupling graph window by window.

What has no feedback runs over the longest window that memory allows. A feedback loop is stepped finely and by itself,
each member advancing when its own step is complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from twin.engine.events import EventSimulator
from twin.engine.graph import Connection, Graph, Loop
from twin.engine.loop import Iteration, LoopRun, check_finite, check_shape
from twin.engine.ports import Arrays, Read, Simulator, Storage
from twin.engine.resample import resample
from twin.engine.time import TimeAxis
from twin.errors import Problem, TwinError
from twin.progress import Progress, silent
from twin.random import Streams

__all__ = ["MEMORY_BYTES", "Coupling"]

Values = NDArray[np.float64]
MEMORY_BYTES = 64 * 1024**2  # more is slower: what was just written is still in the cache
_MOST_CYCLES = 20
_CYCLE_TOLERANCE = 1e-4  # of a storage's capacity


@dataclass
class _Window:
    """A span of time and the outputs of the simulators that have advanced over it, by (simulator, quantity)."""

    span: TimeAxis
    outputs: dict[tuple[int, str], Values] = field(default_factory=dict)


@dataclass(frozen=True)
class _Restocking:
    """What storages are to hold at an instant: as the run before left them; nothing to do in the first run."""

    storages: Sequence[Storage]
    stored: Sequence[Values] | None
    when: int

    def at(self, now: int) -> None:
        """Fill the storages if it is time."""
        if now == self.when and self.stored is not None:
            for storage, stored in zip(self.storages, self.stored, strict=True):
                storage.restock(stored)


class Coupling:
    """A coupling graph on its way through time.

    Parameters
    ----------
    graph
        The simulators and who feeds whom.
    window_s
        Cut windows of this length instead of the longest that memory allows.
    memory_bytes
        Budget for the outputs of one window.
    iteration
        How to repeat the steps of loops until they settle; None leaves what is read late one step late.

    Attributes
    ----------
    seconds
        Time spent inside each simulator in the last run, by name.
    """

    def __init__(
        self,
        graph: Graph,
        window_s: int | None = None,
        memory_bytes: int = MEMORY_BYTES,
        iteration: Iteration | None = None,
    ) -> None:
        self.graph = graph
        self.window_s = window_s
        self.memory_bytes = memory_bytes
        self.iteration = iteration
        if iteration:
            _refuse_events(graph)
        self.seconds: dict[str, float] = {}
        self._last: dict[tuple[int, str], Values] = {}
        self._memory: dict[tuple[str, str], Values] = {}

    def run(
        self,
        start: int,
        end: int,
        seed: int = 0,
        cuts: Sequence[int] = (),
        progress: Progress = silent,
        cyclic_from: int | None = None,
    ) -> None:
        """Run every simulator from ``start`` to ``end`` (seconds since 1970-01-01 UTC).

        Parameters
        ----------
        cuts
            Instants that must fall between two windows, such as the end of the warm-up.
        cyclic_from
            Instant at which every storage must be as full as at ``end``: the run is repeated until it is.

        Raises
        ------
        TwinError
            If a simulator writes what it should not, or storages or an iterated loop do not settle.
        """
        self.seconds = {s.name: 0.0 for s in self.graph.simulators}
        storages = [s for s in self.graph.simulators if isinstance(s, Storage)]
        if cyclic_from is None or not storages:
            self._run_once(start, end, seed, cuts, progress)
            return
        begin: list[Values] | None = None
        for _ in range(_MOST_CYCLES):
            self._run_once(start, end, seed, [*cuts, cyclic_from], progress, _Restocking(storages, begin, cyclic_from))
            left = [s.stored() for s in storages]
            if begin is not None and all(_alike(*pair) for pair in zip(begin, left, strict=True)):
                return
            begin = left
        names = ", ".join(s.name for s in self.graph.simulators if isinstance(s, Storage))
        raise TwinError(Problem(f"the storages of {names} do not end as they began after {_MOST_CYCLES} repetitions"))

    def _run_once(
        self,
        start: int,
        end: int,
        seed: int,
        cuts: Sequence[int],
        progress: Progress,
        restocking: _Restocking | None = None,
    ) -> None:
        windows = list(self.windows(start, end, cuts))
        streams = Streams(seed)
        self._last = {}
        for simulator in self.graph.simulators:
            with self._timed(simulator):
                simulator.start(TimeAxis(start, simulator.step_s, (end - start) // simulator.step_s), streams)
        total = len(windows) * len(self.graph.order)
        for w, span in enumerate(windows):
            if restocking:
                restocking.at(span.start)
            window = _Window(span)
            for k, item in enumerate(self.graph.order):
                done = w * len(self.graph.order) + k
                self._advance(item, window, _reporter(progress, done, total))
                progress("simulate", done + 1, total)
            self._remember(window)

    def windows(self, start: int, end: int, cuts: Sequence[int] = ()) -> Iterator[TimeAxis]:
        """Yield the windows from ``start`` to ``end``, cut at multiples of the largest step.

        Raises
        ------
        TwinError
            If the span is no whole number of the largest step.
        """
        step_s = self.graph.largest_step_s
        if (end - start) % step_s:
            raise TwinError(
                Problem(f"the period of {end - start} s is no whole number of the largest step, {step_s} s")
            )
        length = self.window_s or self._longest_window_s()
        for low, high in pairwise(sorted({start, end, *(c for c in cuts if start < c < end)})):
            for first in range(low, high, length):
                last = min(first + length, high)
                yield TimeAxis(first, step_s, (last - first) // step_s)

    def _longest_window_s(self) -> int:
        """Largest window whose outputs, and one copy of them on their way to a reader, fit the memory budget."""
        graph = self.graph
        numbers = sum(
            graph.sizes[write.per] * (graph.largest_step_s // s.step_s) for s in graph.simulators for write in s.writes
        )
        return max(1, self.memory_bytes // (2 * 8 * max(1, numbers))) * graph.largest_step_s

    def _advance(self, item: int | Loop, window: _Window, report: Callable[[float], None]) -> None:
        if isinstance(item, Loop):
            self._advance_loop(item, window, report)
            return
        simulator = self.graph.simulators[item]
        span = window.span.with_step(simulator.step_s)
        outputs = self._call(simulator, span, {r.key: self._input(item, r, window) for r in simulator.reads})
        for write in simulator.writes:
            window.outputs[item, write.quantity] = outputs[write.quantity]

    def _call(self, simulator: Simulator, span: TimeAxis, inputs: Arrays) -> Arrays:
        for values in inputs.values():
            values.flags.writeable = False
        with self._timed(simulator):
            outputs = simulator.advance(span, inputs)
        for write in simulator.writes:
            check_shape(simulator, write, outputs.get(write.quantity), (span.n, self.graph.sizes[write.per]))
            check_finite(simulator, write, span, outputs[write.quantity])
        return outputs

    @contextmanager
    def _timed(self, simulator: Simulator) -> Iterator[None]:
        begun = perf_counter()
        yield
        self.seconds[simulator.name] += perf_counter() - begun

    def _input(self, reader: int, read: Read, window: _Window) -> Values:
        """Collect one input for a whole window, at the reader's step; always a view or copy of its own."""
        total = self._sum(self.graph.feeding(reader, read), window)
        if total is None:
            step_s = self.graph.simulators[reader].step_s
            return np.zeros((window.span.with_step(step_s).n, self.graph.sizes[read.per]))
        return total.view()

    def _sum(self, connections: Iterable[Connection], window: _Window) -> Values | None:
        """Add up what some connections carry over a whole window; None if there are none."""
        total: Values | None = None
        for c in connections:
            values = window.outputs[c.writer, c.write.quantity]
            if c.read.delay:
                values = np.concatenate([self._before(c), values[:-1]])
            part = c.transfer(resample(values, c.write.kind, self._step_s(c.writer), self._step_s(c.reader)))
            total = part if total is None else total + part
        return total

    def _step_s(self, simulator: int) -> int:
        return self.graph.simulators[simulator].step_s

    def _before(self, c: Connection) -> Values:
        """Return the writer's last completed step before this window; before its first, the read's initial value."""
        last = self._last.get((c.writer, c.write.quantity))
        return np.full((1, self.graph.sizes[c.write.per]), c.read.initial) if last is None else last

    def _remember(self, window: _Window) -> None:
        for c in self.graph.connections:
            if c.read.delay:
                self._last[c.writer, c.write.quantity] = window.outputs[c.writer, c.write.quantity][-1:].copy()

    def _advance_loop(self, loop: Loop, window: _Window, report: Callable[[float], None]) -> None:
        """Step the members of a loop through the window, each when its own step is complete."""
        outside = partial(self._sum, window=window)
        run = LoopRun(self.graph, loop, window.span, outside, self._last, self._memory, self.iteration)
        run.run(report)
        window.outputs |= run.outputs()
        for name, seconds in run.seconds().items():
            self.seconds[name] += seconds


def _reporter(progress: Progress, done: int, total: int) -> Callable[[float], None]:
    """Return what tells how large a share of the present part is done."""
    return lambda share: progress("simulate", done + share, total)


def _alike(before: Values, after: Values) -> bool:
    return bool(np.allclose(before, after, rtol=0.0, atol=_CYCLE_TOLERANCE))


def _refuse_events(graph: Graph) -> None:
    """Stop at an event simulator in a loop that is to be iterated: what happened cannot be taken back."""
    problems = [
        Problem(
            f"{graph.simulators[m].name} runs discrete events, but stands in a loop with "
            + " and ".join(graph.simulators[o].name for o in item.members if o != m)
            + " that is to be iterated",
            expected="a loop without discrete events, or no iteration",
        )
        for item in graph.order
        if isinstance(item, Loop)
        for m in item.members
        if isinstance(graph.simulators[m], EventSimulator)
    ]
    if problems:
        raise TwinError(*problems)
