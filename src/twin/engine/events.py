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
from twin.random import Streams

__all__ = ["EventSimulator", "Level"]

Values = NDArray[np.float64]


class Level:
    """A piecewise-constant value per entity whose integral over time is exact, not sampled.

    Parameters
    ----------
    n
        Number of entities.
    start
        Second at which time begins; all values are 0 until set.
    """

    def __init__(self, n: int, start: int) -> None:
        self._value = np.zeros(n)
        self._since = np.full(n, start, dtype=np.int64)
        self._integral = np.zeros(n)

    def set(self, entity: int, value: float, now: int) -> None:
        """Let an entity have a value from ``now`` on."""
        self._integral[entity] += self._value[entity] * (now - self._since[entity])
        self._value[entity], self._since[entity] = value, now

    def add(self, entity: int, amount: float) -> None:
        """Add an amount at one instant, such as energy that will never be served."""
        self._integral[entity] += amount

    def mean(self, now: int, step_s: int) -> Values:
        """Return the mean since the last call, ``step_s`` seconds ago, and begin the next step, shape ``(n,)``."""
        whole = self._integral + self._value * (now - self._since)
        self._integral[:] = 0.0
        self._since[:] = now
        return np.asarray(whole / step_s)


class EventSimulator(ABC):
    """A simulator made of SimPy processes.

    A subclass declares ports as usual, starts its processes in `begin`, and may answer fresh inputs in `on_step`.
    Processes read ``self.inputs[quantity]`` (one value per entity, held for the step) and set
    ``self.levels[quantity]``. Times are whole seconds; windows are half open: an event at one's end is the next one's.

    SimPy's generators cannot be copied, so `restore` starts anew and replays the inputs up to the saved step.
    """

    name: str
    version: str
    step_s: int
    reads: Sequence[Read]
    writes: Sequence[Write]

    env: simpy.Environment
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
        self._replay: list[tuple[TimeAxis, dict[str, Values]]] = []
        self.env = simpy.Environment(initial_time=axis.start)
        self.levels = {write.quantity: Level(self.sizes[write.quantity], axis.start) for write in self.writes}
        self.begin(axis, streams)

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Run the events of the window, step by step."""
        self._replay.append((window, dict(inputs)))
        outputs = {q: np.empty((window.n, self.sizes[q])) for q in self.levels}
        for k, begun in enumerate(window.seconds.tolist()):
            self.inputs = {quantity: values[k] for quantity, values in inputs.items()}
            self.on_step()
            self.env.run(until=begun + window.step_s)
            for quantity, level in self.levels.items():
                outputs[quantity][k] = level.mean(begun + window.step_s, window.step_s)
        return outputs

    def state(self) -> Any:
        """Return how far the simulator has come, and by which inputs."""
        return list(self._replay)

    def restore(self, state: Any) -> None:
        """Start anew and replay."""
        self.start(self._axis, self._streams)
        for window, inputs in state:
            self.advance(window, inputs)
