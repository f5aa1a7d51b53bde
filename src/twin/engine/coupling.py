"""Running the coupling graph window by window.

What has no feedback runs over the longest window that memory allows. A feedback loop is stepped finely and by itself,
each member advancing when its own step is complete.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twin.engine.graph import Connection, Graph, Loop
from twin.engine.ports import Arrays, Read, Simulator, Write
from twin.engine.time import TimeAxis
from twin.errors import Problem, TwinError
from twin.progress import Progress, silent
from twin.random import Streams

__all__ = ["Coupling", "resample"]

Values = NDArray[np.float64]
MEMORY_BYTES = 512 * 1024**2
_REPORTED_TICKS = 256  # steps of a loop between two reports of progress


def resample(values: Values, kind: str, step_s: int, wanted_s: int) -> Values:
    """Take ``(n, entities)`` from one step length to another.

    Fast to slow: the mean of a mean, the last of a state, and a status is off if off at any time. Slow to fast: held.
    """
    if step_s == wanted_s:
        return values
    if wanted_s < step_s:
        return np.repeat(values, step_s // wanted_s, axis=0)
    grouped = values.reshape(-1, wanted_s // step_s, values.shape[1])
    if kind == "mean":
        return np.asarray(grouped.mean(axis=1))
    return np.asarray(grouped.min(axis=1) if kind == "status" else grouped[:, -1])


@dataclass
class _Window:
    """A span of time and the outputs of the simulators that have advanced over it, by (simulator, quantity)."""

    span: TimeAxis
    outputs: dict[tuple[int, str], Values] = field(default_factory=dict)


@dataclass(frozen=True)
class _Member:
    """A member of a loop in one window: its steps, and per read what comes from outside and who feeds it inside."""

    index: int
    span: TimeAxis
    reads: list[tuple[str, Values, list[Connection]]]


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

    Attributes
    ----------
    seconds
        Time spent inside each simulator in the last run, by name.
    """

    def __init__(self, graph: Graph, window_s: int | None = None, memory_bytes: int = MEMORY_BYTES) -> None:
        self.graph = graph
        self.window_s = window_s
        self.memory_bytes = memory_bytes
        self.seconds: dict[str, float] = {}
        self._last: dict[tuple[int, str], Values] = {}

    def run(self, start: int, end: int, seed: int = 0, cuts: Sequence[int] = (), progress: Progress = silent) -> None:
        """Run every simulator from ``start`` to ``end`` (seconds since 1970-01-01 UTC).

        Parameters
        ----------
        cuts
            Instants that must fall between two windows, such as the end of the warm-up.
        """
        windows = list(self.windows(start, end, cuts))
        streams = Streams(seed)
        self._last = {}
        self.seconds = {s.name: 0.0 for s in self.graph.simulators}
        for simulator in self.graph.simulators:
            with self._timed(simulator):
                simulator.start(TimeAxis(start, simulator.step_s, (end - start) // simulator.step_s), streams)
        total = len(windows) * len(self.graph.order)
        for w, span in enumerate(windows):
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
        outputs = self._call(simulator, span, {r.quantity: self._input(item, r, window) for r in simulator.reads})
        for write in simulator.writes:
            window.outputs[item, write.quantity] = outputs[write.quantity]

    def _call(self, simulator: Simulator, span: TimeAxis, inputs: Arrays) -> Arrays:
        for values in inputs.values():
            values.flags.writeable = False
        with self._timed(simulator):
            outputs = simulator.advance(span, inputs)
        for write in simulator.writes:
            _check(simulator, write, span, outputs.get(write.quantity), self.graph.sizes[write.per])
        return outputs

    @contextmanager
    def _timed(self, simulator: Simulator) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[simulator.name] += time.perf_counter() - begun

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
        graph = self.graph
        members = [_Member(m, window.span.with_step(self._step_s(m)), []) for m in loop.members]
        for member in members:
            for write in graph.simulators[member.index].writes:
                window.outputs[member.index, write.quantity] = np.empty((member.span.n, graph.sizes[write.per]))
        for member in members:
            for read in graph.simulators[member.index].reads:
                feeding = graph.feeding(member.index, read)
                inside = [c for c in feeding if c.writer in loop.members]
                outside = self._sum((c for c in feeding if c.writer not in loop.members), window)
                if outside is None:
                    outside = np.zeros((member.span.n, graph.sizes[read.per]))
                member.reads.append((read.quantity, outside, inside))
        tick, length = min(member.span.step_s for member in members), window.span.end - window.span.start
        for passed in range(tick, length + 1, tick):
            if passed % (_REPORTED_TICKS * tick) == 0:
                report(passed / length)
            for member in members:
                if passed % member.span.step_s == 0:
                    self._advance_member(member, passed // member.span.step_s - 1, window)

    def _advance_member(self, member: _Member, k: int, window: _Window) -> None:
        """Advance one member of a loop by its step number ``k`` of the window."""
        inputs = {}
        for quantity, outside, inside in member.reads:
            values = outside[k : k + 1]
            for c in inside:
                values = values + c.transfer(self._step_value(c, k, window))
            inputs[quantity] = values
        simulator, span = self.graph.simulators[member.index], member.span
        outputs = self._call(simulator, TimeAxis(span.start + k * span.step_s, span.step_s, 1), inputs)
        for write in simulator.writes:
            window.outputs[member.index, write.quantity][k] = outputs[write.quantity][0]

    def _step_value(self, c: Connection, k: int, window: _Window) -> Values:
        """Return what the writer has to say for the reader's step ``k``, or for the step before if it reads late."""
        values, own_s, step_s = (
            window.outputs[c.writer, c.write.quantity],
            self._step_s(c.writer),
            self._step_s(c.reader),
        )
        if c.read.delay:
            last = k * step_s // own_s - 1
            return values[last : last + 1] if last >= 0 else self._before(c)
        return resample(values[k * step_s // own_s : (k + 1) * step_s // own_s], c.write.kind, own_s, step_s)


def _reporter(progress: Progress, done: int, total: int) -> Callable[[float], None]:
    """Return what tells how large a share of the present part is done."""
    return lambda share: progress("simulate", done + share, total)


def _check(simulator: Simulator, write: Write, span: TimeAxis, values: Values | None, n: int) -> None:
    """Stop at a wrong shape, and at the first NaN or infinity: it would become a silent hole in a result."""
    if values is None or values.shape != (span.n, n):
        got = "nothing" if values is None else f"shape {values.shape}"
        raise TwinError(Problem(f"{simulator.name} wrote {got} for {write.quantity}", expected=f"shape {(span.n, n)}"))
    if math.isfinite(values.sum()):
        return
    holes = np.argwhere(~np.isfinite(values))
    if len(holes):
        step, entity = holes[0]
        when = np.datetime64(int(span.seconds[step]), "s")
        what = f"{simulator.name} wrote no finite number for {write.quantity} of {write.per} {entity} at {when} UTC"
        raise TwinError(Problem(what))
