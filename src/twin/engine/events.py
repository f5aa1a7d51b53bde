"""The bridge to SimPy: discrete events inside a simulator that the engine steps.

An event simulator owns one `simpy.Environment`. Its processes set piecewise-constant levels at exact event times; what
the engine sees of them are exact means over its steps. What the simulator reads is held within a step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from twin.engine.ports import Arrays, Read, Write
from twin.engine.time import TimeAxis
from twin.errors import Problem, TwinError
from twin.random import Streams

__all__ = ["EventSimulator", "Level"]

Values = NDArray[np.float64]

_REPLAYED_NUMBERS = 2**20  # outputs made at once, and thrown away, while a simulator is restored


class Level:
    """A piecewise-constant value per entity whose integral over time is exact, not sampled.

    A step costs one copy of all values, and beyond it only the entities that changed.

    Parameters
    ----------
    n
        Number of entities.
    start
        Second at which time begins; all values are 0 until set.
    """

    __slots__ = ("_begun", "_changed", "_held", "_value")

    def __init__(self, n: int, start: int) -> None:
        self._value = [0.0] * n
        self._held = np.zeros(n)  # the values when the step began
        self._begun: tuple[float, float] = (0.0, start)
        self._changed: dict[int, tuple[float, float]] = {}  # integral over the step so far, and until when

    def set(self, entity: int, value: float, now: float) -> None:
        """Let an entity have a value from ``now`` on."""
        integral, since = self._changed.get(entity, self._begun)
        self._changed[entity] = (integral + self._value[entity] * (now - since), now)
        self._value[entity] = value

    def add(self, entity: int, amount: float) -> None:
        """Add an amount at one instant, such as energy that will never be served."""
        integral, since = self._changed.get(entity, self._begun)
        self._changed[entity] = (integral + amount, since)

    def mean(self, now: float, step_s: int, out: Values) -> None:
        """Write the mean since the last call, ``step_s`` seconds ago, to ``out``, ``(n,)``; begin the next step."""
        held, changed, self._begun = self._held, self._changed, (0.0, now)
        out[:] = held
        if changed:
            values = self._value
            for entity, (integral, since) in changed.items():
                value = held[entity] = values[entity]
                out[entity] = (integral + value * (now - since)) / step_s
            changed.clear()


class _Environment(simpy.Environment):
    """SimPy's environment, stopped at an instant without an event and an exception that say so."""

    def run_until(self, until: int) -> None:
        """Run all events before ``until``, none at it, as ``run(until)`` does."""
        queue, step = self._queue, self.step
        while queue and queue[0][0] < until:
            step()
        self._now = until


class EventSimulator(ABC):
    """A simulator made of SimPy processes.

    A subclass declares ports as usual, starts its processes in `begin`, and may answer fresh inputs in `on_step`.
    Processes read ``self.inputs[quantity]`` (one value per entity, held for the step) and set
    ``self.levels[quantity]``. Times are whole seconds; windows are half open: an event at one's end is the next one's.

    SimPy's processes are generators, which Python cannot copy. So there is no state to put away: `restore` starts anew
    from the seed and replays all steps up to the one saved. Who reads nothing can always be restored, and only the
    number of steps is kept. Who reads needs the inputs of all those steps again, which grow with the horizon and so
    are kept only where asked for.

    Attributes
    ----------
    keeps_inputs
        Whether a simulator that reads keeps all its inputs, for `restore`.
    """

    name: str
    version: str
    step_s: int
    reads: Sequence[Read]
    writes: Sequence[Write]
    keeps_inputs: bool = False

    env: _Environment
    inputs: Mapping[str, Values]
    levels: dict[str, Level]

    @property
    @abstractmethod
    def sizes(self) -> Mapping[str, int]:
        """Number of entities of every quantity written."""

    @abstractmethod
    def begin(self, axis: TimeAxis, streams: Streams) -> None:
        """Start the processes; called with a fresh environment."""

    def on_step(self) -> None:  # noqa: B027 - answering is optional
        """Answer fresh inputs; called at the start of every step, before its events."""

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Begin anew."""
        self._axis, self._streams = axis, streams
        self._steps = 0
        self._kept: list[tuple[int, dict[str, Values]]] = []
        self.env = _Environment(initial_time=axis.start)
        self.levels = {write.quantity: Level(self.sizes[write.quantity], axis.start) for write in self.writes}
        self.begin(axis, streams)
        self._means = [(quantity, level.mean, self.sizes[quantity]) for quantity, level in self.levels.items()]

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Run the events of the window, step by step."""
        n, step_s, now = window.n, window.step_s, window.start
        if self.keeps_inputs and inputs:
            self._kept.append((n, {quantity: values.copy() for quantity, values in inputs.items()}))
        self._steps += n
        run_until, means = self.env.run_until, self._means
        outputs = {quantity: np.empty((n, size)) for quantity, _, size in means}
        for k in range(n):
            self.inputs = {quantity: values[k] for quantity, values in inputs.items()}
            self.on_step()
            now += step_s
            run_until(now)
            for quantity, mean, _ in means:
                mean(now, step_s, outputs[quantity][k])
        return outputs

    def state(self) -> Any:
        """Return how far the simulator has come, and by which inputs.

        Raises
        ------
        TwinError
            If it reads, and does not keep what it read.
        """
        if self.reads and not self.keeps_inputs:
            message = f"{self.name} runs discrete events and does not keep its inputs: it cannot be restored"
            raise TwinError(Problem(message, expected="keeps_inputs = True, set before the run"))
        return self._steps, tuple(self._kept)

    def restore(self, state: Any) -> None:
        """Start anew and replay."""
        steps, kept = state
        self.start(self._axis, self._streams)
        for n, inputs in kept or self._portions(steps):
            self.advance(self._next(n), inputs)

    def _portions(self, steps: int) -> list[tuple[int, dict[str, Values]]]:
        """Return windows, by number of steps, whose outputs take little memory."""
        most = max(1, _REPLAYED_NUMBERS // max(1, sum(self.sizes.values())))
        return [(min(most, steps - first), {}) for first in range(0, steps, most)]

    def _next(self, n: int) -> TimeAxis:
        begun = self._axis.start + self._steps * self._axis.step_s
        return TimeAxis(begun, self._axis.step_s, n)
