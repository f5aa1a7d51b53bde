"""The contract of a simulator: what it reads and writes, per which entities, and how it is stepped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from twin.engine.time import TimeAxis
from twin.random import Streams

__all__ = ["Arrays", "Read", "Simulator", "Stateless", "Storage", "Write"]

Arrays = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Write:
    """An output: one value per step and entity.

    ``kind`` says what a value stands for and so how it is taken to longer steps: ``mean`` over the step (averaged),
    ``state`` at its end (the last), ``status`` 1 or 0 (off if off at any time). ``unit`` may say in which unit the
    writer counts; it must be the quantity's.
    """

    quantity: str
    per: str
    kind: Literal["mean", "state", "status"] = "mean"
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """An input: one value per step and entity, collected from whoever writes the quantity.

    Attributes
    ----------
    gather
        ``one``: exactly one writer. ``sum``: any number of writers; none gives zeros.
    delay
        1 to read the writer's last completed step, which is what may close a loop; ``initial`` stands in before it.
    without
        Names of simulators whose share is left out of a sum: a battery that serves what others draw reads the load
        without its own, and so needs no delay.
    unit
        In which unit the reader counts; it must be the quantity's.
    name
        Under which the reader finds it among its inputs, that of the quantity if None: who reads one quantity per two
        entity sets must tell them apart.
    """

    quantity: str
    per: str
    gather: Literal["one", "sum"] = "one"
    delay: Literal[0, 1] = 0
    initial: float = 0.0
    without: tuple[str, ...] = ()
    unit: str | None = None
    name: str | None = None

    @property
    def key(self) -> str:
        """Name of the input."""
        return self.name or self.quantity


@runtime_checkable
class Simulator(Protocol):
    """Something that turns inputs into outputs as time goes on.

    The engine calls ``start`` once, then ``advance`` with windows that follow each other without gap, each a whole
    number of the simulator's own steps. Any cut of the horizon into windows must give the same results.
    """

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def step_s(self) -> int: ...
    @property
    def reads(self) -> Sequence[Read]: ...
    @property
    def writes(self) -> Sequence[Write]: ...

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Begin anew: ``axis`` is the whole horizon in the simulator's own steps."""

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return outputs ``(window.n, entities)`` by quantity; ``inputs`` has the same shape and is read-only."""

    def state(self) -> Any:
        """Return all that ``restore`` needs to go on from here."""

    def restore(self, state: Any) -> None:
        """Go back to a state taken earlier."""


@runtime_checkable
class Storage(Protocol):
    """A simulator with storages, which a typical week must leave as full as it found them."""

    def stored(self) -> NDArray[np.float64]:
        """Return what every storage holds, in units of its capacity, shape ``(n,)``."""

    def restock(self, stored: NDArray[np.float64]) -> None:
        """Fill every storage to what ``stored`` says."""


class Stateless:
    """For simulators whose every step depends on its inputs and time alone: nothing to begin, keep or go back to."""

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Do nothing."""

    def state(self) -> None:
        """Return nothing."""

    def restore(self, state: None) -> None:
        """Do nothing."""
