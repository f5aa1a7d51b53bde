"""The hot loop of the city kernel: a block of buildings through a window, a few array passes a step.

With *z* the temperature that is controlled (that of the air, as a rule), *w* the same without heating and cooling, *u*
the inputs (weather and gains) and *x* the mass, one step of the 5R1C network is

    w = s x + f u,    z = what the control makes of w,    x' = b x + r z + e u

Without x it is a recurrence of w alone, in which only two products a step depend on what was before:

    w' = b w + s r z + f u' + (s e - b f) u

What the inputs add is worked out for many steps at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.buildings.control import Keeper
from twin.buildings.results import Chunk, Destination
from twin.buildings.series import Dense, Shared, multiply

__all__ = ["Coefficients", "Forcing", "Report", "blocks", "run_block"]

Reals = NDArray[Any]

# Rows so long that a call costs less than its work, and so short that what a step touches stays in the caches.
BLOCK_BYTES = 131072
CHUNK_STEPS = 8


@dataclass(frozen=True)
class Report:
    """A temperature beside the controlled one, as a sum: of that one, all heat into the air (K/W), and the inputs.

    Attributes
    ----------
    kept, heat
        Shape ``(building,)``.
    inputs
        Shape ``(3, building)``.
    """

    kept: Reals
    heat: Reals
    inputs: Reals

    def of(self, here: slice) -> Report:
        """Return the weights of a block of buildings."""
        return Report(self.kept[here], self.heat[here], self.inputs[:, here])


@dataclass(frozen=True)
class Coefficients:
    """One step of a block of buildings, see above; inputs are outdoor temperature, internal and solar gains.

    Attributes
    ----------
    scale
        s, 1; float64, ``(building,)`` as what follows.
    keep, feed
        b and s r, 1.
    now, lag
        From the inputs of the step and of the one before: f and s e - b f, ``(3, building)``, 1 and K/W.
    response
        Rise of the controlled temperature per power, K/W.
    start
        The mass at the step's start.
    other
        Of air and operative temperature, the one that is not controlled.
    by_operative
        Whether the operative temperature is controlled.
    """

    scale: NDArray[np.float64]
    keep: Reals
    feed: Reals
    now: Reals
    lag: Reals
    response: Reals
    start: Report
    other: Report
    by_operative: bool = False

    def of(self, here: slice) -> Coefficients:
        """Return those of a block of buildings."""
        return Coefficients(
            scale=self.scale[here],
            keep=self.keep[here],
            feed=self.feed[here],
            now=self.now[:, here],
            lag=self.lag[:, here],
            response=self.response[here],
            start=self.start.of(here),
            other=self.other.of(here),
            by_operative=self.by_operative,
        )


class Forcing:
    """What the inputs add in every step: sums of series times coefficients.

    Parameters
    ----------
    series
        The inputs.
    """

    def __init__(self, series: list[Shared | Dense], dtype: np.dtype[Any]) -> None:
        self._dtype = dtype
        self._shared = [(i, s) for i, s in enumerate(series) if isinstance(s, Shared)]
        self._dense = [(i, s.values) for i, s in enumerate(series) if isinstance(s, Dense)]
        self._profiles = self._lagged = np.empty((0, 0), dtype)
        if self._shared:
            self._profiles = np.concatenate([s.profiles for _, s in self._shared], axis=1).astype(dtype, copy=False)
            before = np.concatenate([np.zeros_like(self._profiles[:1]), self._profiles[:-1]])
            self._lagged = np.concatenate([self._profiles, before], axis=1)

    def block(self, here: slice, now: Reals, lag: Reals, depth: int) -> None:
        """Go on with another block of buildings, some steps at a time."""
        self._here, self._now, self._lag = here, now, lag
        self._reported: dict[int, Reals] = {}
        self._product = np.empty((depth if self._dense else 0, now.shape[1]), self._dtype)
        if self._shared:
            self._weights = np.concatenate([self._weigh(now), self._weigh(lag)])

    def _weigh(self, coefficients: Reals) -> Reals:
        weighed = [coefficients[i] * s.shares[:, self._here] for i, s in self._shared]
        return np.concatenate(weighed).astype(self._dtype, copy=False)

    def fill(self, steps: slice, target: Reals) -> None:
        """Write what the inputs add in some steps to the free temperature, ``(step, building)``."""
        _product(self._lagged[steps], self._weights if self._shared else None, target)
        first = 1 if steps.start == 0 else 0
        for i, values in self._dense:
            given = values[steps.start - 1 + first : steps.stop, self._here].astype(self._dtype, copy=False)
            self._add(given[1 - first :], self._now[i], target)
            self._add(given[:-1], self._lag[i], target[first:])

    def report(self, steps: slice, coefficients: Reals, target: Reals) -> None:
        """Write the sum of the inputs of some steps times coefficients ``(3, building)``, which the block keeps."""
        if self._shared and id(coefficients) not in self._reported:
            self._reported[id(coefficients)] = self._weigh(coefficients)
        _product(self._profiles[steps], self._reported.get(id(coefficients)), target)
        for i, values in self._dense:
            given = values[steps, self._here].astype(self._dtype, copy=False)
            self._add(given, coefficients[i], target)

    def _add(self, values: Reals, coefficients: Reals, target: Reals) -> None:
        product = self._product[: len(values)]
        np.multiply(values, coefficients, product)
        np.add(target, product, target)


def _product(profiles: Reals, weights: Reals | None, out: Reals) -> None:
    """Write profiles times weights, or 0 where there are none."""
    if weights is None:
        out.fill(0.0)
    else:
        multiply(profiles, weights, out)


def blocks(n_buildings: int, dtype: np.dtype[Any]) -> Iterator[slice]:
    """Return the buildings in blocks of about the same size, none larger than `BLOCK_BYTES` a row."""
    count = max(1, -(-n_buildings * dtype.itemsize // BLOCK_BYTES))
    edges = [n_buildings * i // count for i in range(count + 1)]
    return (slice(*edge) for edge in pairwise(edges))


def run_block(
    c: Coefficients,
    forcing: Forcing,
    keeper: Keeper,
    mass: NDArray[np.float64],
    here: slice,
    n_steps: int,
    destination: Destination,
) -> NDArray[np.float64]:
    """Run a block of buildings through a window and return the mass's temperature at its end."""
    depth = min(CHUNK_STEPS, n_steps)
    chunk_free = np.empty((depth, len(mass)), c.keep.dtype)
    forcing.block(here, c.now, c.lag, depth)
    keeper.block(here, c.response)
    carried = (mass * c.scale).astype(c.keep.dtype)  # what the past adds to the free temperature of the next step
    row = np.empty_like(carried)
    for begin in range(0, n_steps, depth):
        steps = slice(begin, min(begin + depth, n_steps))
        chunk, free = destination.lend(here, steps), chunk_free[: min(depth, n_steps - begin)]
        kept = chunk.operative if c.by_operative and chunk.operative is not None else chunk.air
        forcing.fill(steps, free)
        for step, alone, held in zip(range(begin, steps.stop), free, kept, strict=True):
            np.add(alone, carried, alone)
            np.multiply(alone, c.keep, carried)
            keeper.keep(step, alone, held)
            np.multiply(held, c.feed, row)
            np.add(carried, row, carried)
        keeper.settle(steps, free, kept, chunk.power, chunk.vented)
        _report(c, forcing, kept, chunk)
        destination.take(chunk)
    last = np.zeros((1, len(mass)), c.keep.dtype)
    forcing.report(slice(n_steps - 1, n_steps), c.lag, last)
    mass_then: NDArray[np.float64] = (carried + last[0]) / c.scale
    return mass_then


def _report(c: Coefficients, forcing: Forcing, kept: Reals, chunk: Chunk) -> None:
    """Write the other temperatures that are asked for."""
    if chunk.operative is None and chunk.mass is None:
        return
    heat = chunk.power if chunk.vented is None else chunk.power - chunk.vented
    if chunk.operative is not None:
        _weigh(c.other, forcing, kept, heat, chunk.steps, chunk.air if c.by_operative else chunk.operative)
    if chunk.mass is not None:
        _weigh(c.start, forcing, kept, heat, chunk.steps, chunk.mass)


def _weigh(report: Report, forcing: Forcing, kept: Reals, heat: Reals, steps: slice, out: Reals) -> None:
    forcing.report(steps, report.inputs, out)
    np.add(out, kept * report.kept, out)
    np.add(out, heat * report.heat, out)
