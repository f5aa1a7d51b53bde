"""Stepping a feedback loop: as little as possible between one member's step and the next.

A loop is stepped many thousand times, so all that can be decided before the first step is: who is due when, and for
every input a function of the step's number that returns it, in most cases as a view of what the writer left.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from twin.engine.graph import Connection, Graph, Loop
from twin.engine.links import Transfer
from twin.engine.mixing import Mixing, scale
from twin.engine.ports import Read, Simulator, Write
from twin.engine.resample import resample
from twin.engine.time import TimeAxis
from twin.errors import Problem, TwinError

__all__ = ["Iteration", "LoopRun", "check_finite", "check_shape"]

Values = NDArray[np.float64]
Feed = Callable[[int], Values]
Outside = Callable[[Sequence[Connection]], Values | None]

_REPORTED_TICKS = 256  # steps of a loop between two reports of progress
_TIMED_EVERY = 7  # steps; no divisor of those of a day, lest what happens once a day be always timed or never


@dataclass(frozen=True, slots=True)
class Iteration:
    """How a loop is repeated, step by step, until what is fed back agrees with what comes of it.

    Attributes
    ----------
    most
        Times a step may be repeated.
    tolerance
        Change between two repetitions at which a step has settled, relative to the largest value of its output, or
        absolute where that is below 1.
    """

    most: int = 20
    tolerance: float = 1e-6


def check_shape(simulator: Simulator, write: Write, values: Values | None, shape: tuple[int, int]) -> None:
    """Stop at an output that is missing or of a wrong shape."""
    if values is None or values.shape != shape:
        got = "nothing" if values is None else f"shape {values.shape}"
        raise TwinError(Problem(f"{simulator.name} wrote {got} for {write.quantity}", expected=f"shape {shape}"))


def check_finite(simulator: Simulator, write: Write, span: TimeAxis, values: Values) -> None:
    """Stop at the first NaN or infinity: it would become a silent hole in a result."""
    if math.isfinite(values.sum()):
        return
    holes = np.argwhere(~np.isfinite(values))
    if len(holes):
        step, entity = holes[0]
        when = np.datetime64(int(span.seconds[step]), "s")
        what = f"{simulator.name} wrote no finite number for {write.quantity} of {write.per} {entity} at {when} UTC"
        raise TwinError(Problem(what))


class _Member:
    """A member of a loop in one window.

    ``rows`` holds by quantity what it wrote: row ``k + 1`` is its step ``k``, row 0 the last one before the window.
    """

    __slots__ = ("advance", "feeds", "k", "rows", "simulator", "span", "stores", "timed")

    def __init__(
        self, simulator: Simulator, span: TimeAxis, sizes: dict[str, int], memory: dict[tuple[str, str], Values]
    ) -> None:
        self.simulator, self.span, self.advance = simulator, span, simulator.advance
        self.rows = {w.quantity: self._rows(w, (span.n + 1, sizes[w.per]), memory) for w in simulator.writes}
        self.stores = [(w, w.quantity, self.rows[w.quantity], (1, sizes[w.per])) for w in simulator.writes]
        self.feeds: list[tuple[str, Feed]] = []
        self.timed = 0.0
        self.k = 0

    def _rows(self, write: Write, shape: tuple[int, int], memory: dict[tuple[str, str], Values]) -> Values:
        """Return memory to write to, that of the last window if it is large enough: fresh pages cost time."""
        key = (self.simulator.name, write.quantity)
        if key not in memory or len(memory[key]) < shape[0]:
            memory[key] = np.empty(shape)
        return memory[key][: shape[0]]

    def step(self, window: TimeAxis) -> None:
        """Advance by one step, which is the window."""
        k = self.k
        inputs = {}
        for key, feed in self.feeds:  # no comprehension: it would be a call more in every step
            inputs[key] = feed(k)
        if k % _TIMED_EVERY:
            outputs = self.advance(window, inputs)
        else:
            begun = perf_counter()
            outputs = self.advance(window, inputs)
            self.timed += perf_counter() - begun
        self.k = k = k + 1
        for write, quantity, rows, shape in self.stores:
            values = outputs.get(quantity)
            if values is None or values.shape != shape:
                check_shape(self.simulator, write, values, shape)
            rows[k] = values

    @property
    def seconds(self) -> float:
        """Time spent inside the simulator, estimated from the steps that were timed."""
        return self.timed * self.span.n / -(-self.span.n // _TIMED_EVERY)

    def check(self) -> None:
        """Stop at the first hole in what was written so far."""
        for write, _, rows, _ in self.stores:
            check_finite(self.simulator, write, self.span, rows[1 : self.k + 1])


class LoopRun:
    """The members of a loop on their way through one window.

    Parameters
    ----------
    outside
        Sums up what connections carry over the window at their reader's step, None if there are none.
    last
        Last completed step before the window by (simulator, quantity), ``(1, n)``.
    memory
        Outputs of the window before by simulator and quantity, which this one may overwrite.
    """

    def __init__(
        self,
        graph: Graph,
        loop: Loop,
        window: TimeAxis,
        outside: Outside,
        last: dict[tuple[int, str], Values],
        memory: dict[tuple[str, str], Values],
        iteration: Iteration | None = None,
    ) -> None:
        self._graph, self._last, self._iteration = graph, last, iteration
        self._members = {
            m: _Member(graph.simulators[m], _steps(graph, m, window), graph.sizes, memory) for m in loop.members
        }
        for m, member in self._members.items():
            for quantity, rows in member.rows.items():
                if (m, quantity) in last:
                    rows[0] = last[m, quantity]
            for read in member.simulator.reads:
                member.feeds.append((read.key, self._feed(m, read, outside)))
        steps = [member.span.step_s for member in self._members.values()]
        self._tick, self._largest = min(steps), max(steps)
        self._start, self._ticks = window.start, (window.end - window.start) // self._tick
        self._due = [self._due_after((phase + 1) * self._tick) for phase in range(self._largest // self._tick)]

    def _due_after(self, seconds: int) -> list[tuple[int, list[Callable[[TimeAxis], None]]]]:
        """Return who completes a step after some seconds, in order; those with the same step share their window."""
        due = [member for member in self._members.values() if seconds % member.span.step_s == 0]
        return [(s, [member.step for member in some]) for s, some in groupby(due, lambda member: member.span.step_s)]

    def run(self, report: Callable[[float], None]) -> None:
        """Step through the window.

        Raises
        ------
        TwinError
            If a member writes no finite number, or an iterated step does not settle.
        """
        try:
            if self._iteration:
                self._settle_all(self._iteration, report)
            else:
                self._step_all(report)
        except Exception:
            self.check()  # what went wrong may have begun with a hole somewhere else
            raise
        self.check()

    def check(self) -> None:
        """Stop at the first hole in what was written so far."""
        for member in self._members.values():
            member.check()

    def outputs(self) -> dict[tuple[int, str], Values]:
        """Return what all members wrote over the window, by (simulator, quantity)."""
        return {(m, q): rows[1:] for m, member in self._members.items() for q, rows in member.rows.items()}

    def seconds(self) -> dict[str, float]:
        """Return the time spent inside each member, by name."""
        return {member.simulator.name: member.seconds for member in self._members.values()}

    def _step_all(self, report: Callable[[float], None]) -> None:
        for first in range(0, self._ticks, _REPORTED_TICKS):
            last = min(first + _REPORTED_TICKS, self._ticks)
            self._step_through(first, last)
            report(last / self._ticks)

    def _step_through(self, first: int, last: int) -> None:
        """Let all members advance that complete a step at the end of one of these ticks."""
        due, cycle, length = self._due, len(self._due), self._tick
        end = self._start + first * length
        for tick in range(first, last):
            end += length
            for step_s, steps in due[tick % cycle]:
                window = TimeAxis(end - step_s, step_s, 1)
                for step in steps:
                    step(window)

    def _settle_all(self, iteration: Iteration, report: Callable[[float], None]) -> None:
        cycle = len(self._due)
        for first in range(0, self._ticks, cycle):
            self._settle(iteration, first)
            report((first + cycle) / self._ticks)

    def _settle(self, iteration: Iteration, first: int) -> None:
        """Repeat the largest step of the loop, in which every member completes its own, until what is fed back agrees.

        What is guessed are the outputs that somebody reads late: before each repetition they hold the guess, after it
        what came of it.
        """
        begun = [(member, member.k, member.simulator.state()) for member in self._members.values()]
        fed_back = [rows[m.k + 1 : m.k + 1 + self._largest // m.span.step_s] for m, rows in self._fed_back]
        for (member, rows), values in zip(self._fed_back, fed_back, strict=True):
            values[:] = rows[member.k]  # the first guess is that nothing changes
        mixing, change = Mixing(), math.inf
        for _ in range(iteration.most):
            guess = [values.copy() for values in fed_back]
            self._step_through(first, first + len(self._due))
            change = max(map(_change, guess, fed_back))
            if change <= iteration.tolerance:
                return
            for values, better in zip(fed_back, mixing.guess(guess, fed_back), strict=True):
                values[:] = better
            for member, k, state in begun:
                member.simulator.restore(state)
                member.k = k
        when = np.datetime64(self._start + first * self._tick, "s")
        names = ", ".join(member.simulator.name for member in self._members.values())
        message = f"the loop of {names} does not settle at {when} UTC: after {iteration.most} repetitions a step still"
        raise TwinError(Problem(f"{message} changes by {change:.2g}", expected=f"at most {iteration.tolerance:g}"))

    @cached_property
    def _fed_back(self) -> list[tuple[_Member, Values]]:
        """Return the outputs that are read late within the loop, and whose they are."""
        late = dict.fromkeys(
            (c.writer, c.write.quantity)
            for c in self._graph.connections
            if c.read.delay and c.writer in self._members and c.reader in self._members
        )
        return [(self._members[m], self._members[m].rows[quantity]) for m, quantity in late]

    def _feed(self, reader: int, read: Read, outside: Outside) -> Feed:
        """Return what gives the input of the reader's step ``k``."""
        feeding = self._graph.feeding(reader, read)
        inside = [self._inner(c) for c in feeding if c.writer in self._members]
        fixed = outside([c for c in feeding if c.writer not in self._members])
        if fixed is not None:
            inside.insert(0, _row_of(fixed, 0))
        if not inside:
            zeros = np.zeros((1, self._graph.sizes[read.per]))
            zeros.flags.writeable = False
            return lambda _: zeros
        if len(inside) == 1:
            return inside[0]
        if len(inside) == 2:
            one, two = inside
            return lambda k: one(k) + two(k)
        return lambda k: sum((feed(k) for feed in inside[1:]), inside[0](k))

    def _inner(self, c: Connection) -> Feed:
        """Return what the writer of a connection inside the loop has to say for the reader's step ``k``."""
        rows = self._members[c.writer].rows[c.write.quantity]
        own_s, step_s = self._graph.simulators[c.writer].step_s, self._graph.simulators[c.reader].step_s
        if c.read.delay and not self._iteration:
            return self._late(c, rows, own_s, step_s)
        if c.read.delay and (c.writer, c.write.quantity) not in self._last:
            rows[0] = c.read.initial
        return _carried(_at_step(rows, c.write.kind, own_s, step_s), c.transfer)

    def _late(self, c: Connection, rows: Values, own_s: int, step_s: int) -> Feed:
        """Return the writer's last completed step before the reader's step ``k`` begins."""
        late = _carried(_held(_row_of(rows, 0), own_s, step_s), c.transfer)
        if (c.writer, c.write.quantity) in self._last:
            return late
        first, none_before = c.transfer(np.full((1, rows.shape[1]), c.read.initial)), -(-own_s // step_s)
        return lambda k: late(k) if k >= none_before else first


def _steps(graph: Graph, member: int, window: TimeAxis) -> TimeAxis:
    return window.with_step(graph.simulators[member].step_s)


def _row_of(values: Values, shift: int) -> Feed:
    """Return what gives row ``k + shift`` of a table as ``(1, n)``, read-only and without a copy."""
    view = values[shift:, None]
    view.flags.writeable = False
    return view.__getitem__


def _held(feed: Feed, own_s: int, step_s: int) -> Feed:
    """Return a feed of the writer's step in or with which the reader's step ``k`` begins."""
    return feed if own_s == step_s else lambda k: feed(k * step_s // own_s)


def _at_step(rows: Values, kind: str, own_s: int, step_s: int) -> Feed:
    """Return what a writer says of the reader's step ``k`` itself: held if it is slower, reduced if it is faster."""
    if own_s >= step_s:
        return _held(_row_of(rows, 1), own_s, step_s)
    n, view = step_s // own_s, rows.view()
    view.flags.writeable = False
    return lambda k: resample(view[k * n + 1 : (k + 1) * n + 1], kind, own_s, step_s)


def _carried(feed: Feed, carry: Transfer) -> Feed:
    """Return a feed through the links; nothing is called where nothing has to be done."""
    if carry.is_identity:
        return feed
    at_once = carry.of_step()
    return lambda k: at_once(feed(k))


def _change(before: Values, after: Values) -> float:
    """Return how much a table changed, by its scale."""
    return float(np.abs(after - before).max(initial=0.0)) / scale(after)
