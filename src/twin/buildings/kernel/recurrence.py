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

from twin.buildings.kernel.control import Control, Keeper
from twin.buildings.kernel.results import Chunk, Destination
from twin.buildings.kernel.series import Dense, Shared, multiply

__all__ = ["Block", "Coefficients", "Inputs", "Report", "blocks"]

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
        Shape ``(4, building)``.
    """

    kept: Reals
    heat: Reals
    inputs: Reals

    def of(self, here: slice) -> Report:
        """Return the weights of a block of buildings."""
        return Report(self.kept[here], self.heat[here], self.inputs[:, here])


@dataclass(frozen=True)
class Coefficients:
    """One step of a block of buildings, see above.

    Inputs are outdoor temperature, internal and solar gains, and heat into the mass.

    Attributes
    ----------
    scale
        s, 1; float64, ``(building,)`` as what follows.
    keep, feed
        b and s r, 1.
    now, lag
        From the inputs of the step and of the one before: f and s e - b f, ``(4, building)``, 1 and K/W.
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


class Inputs:
    """The inputs of a window: few profiles beside series of every building.

    Parameters
    ----------
    series
        The inputs, in the order of the coefficients; the last ones may be left out.
    """

    def __init__(self, series: list[Shared | Dense], dtype: np.dtype[Any]) -> None:
        self.shares = [(i, s.shares) for i, s in enumerate(series) if isinstance(s, Shared)]
        self.dense = [(i, s.values) for i, s in enumerate(series) if isinstance(s, Dense)]
        self.profiles = self.lagged = np.empty((0, 0), dtype)
        shared = [s.profiles for s in series if isinstance(s, Shared)]
        if shared:
            joined = shared[0] if len(shared) == 1 else np.concatenate(shared, axis=1)
            self.profiles = joined.astype(dtype, copy=False)
            if len(self.profiles) > 1:
                before = np.concatenate([np.zeros_like(self.profiles[:1]), self.profiles[:-1]])
                self.lagged = np.concatenate([self.profiles, before], axis=1)


class Forcing:
    """What the inputs add in every step to a block of buildings: sums of series times coefficients."""

    def __init__(self, c: Coefficients, here: slice) -> None:
        self._c, self._here, self._dtype = c, here, c.keep.dtype
        self._shares: list[tuple[int, Reals]] = []
        self._weights: dict[int, Reals] = {}
        self._product = np.empty((0, here.stop - here.start), self._dtype)

    def window(self, inputs: Inputs, depth: int) -> None:
        """Go on with another window; shares that are the same arrays as before are taken as unchanged."""
        known = len(inputs.shares) == len(self._shares)
        if not known or any(a[0] != b[0] or a[1] is not b[1] for a, b in zip(inputs.shares, self._shares, strict=True)):
            self._shares, self._weights = inputs.shares, {}
        self._inputs = inputs
        if inputs.dense and len(self._product) < depth:
            self._product = np.empty((depth, self._product.shape[1]), self._dtype)

    def _weigh(self, coefficients: Reals) -> Reals:
        """Return the weights of all profiles in a sum with these coefficients, which live as long as the block."""
        found = self._weights.get(id(coefficients))
        if found is None:
            weighed = [coefficients[i] * shares[:, self._here] for i, shares in self._shares]
            found = np.concatenate(weighed).astype(self._dtype, copy=False)
            self._weights[id(coefficients)] = found
        return found

    def _weigh_lagged(self) -> Reals:
        found = self._weights.get(0)
        if found is None:
            found = self._weights[0] = np.concatenate([self._weigh(self._c.now), self._weigh(self._c.lag)])
        return found

    def fill(self, steps: slice, target: Reals) -> None:
        """Write what the inputs add in some steps to the free temperature, ``(step, building)``."""
        if steps.stop == 1:
            self.report(steps, self._c.now, target)
            return
        _product(self._inputs.lagged[steps], self._weigh_lagged() if self._shares else None, target)
        first = 1 if steps.start == 0 else 0
        for i, values in self._inputs.dense:
            given = values[steps.start - 1 + first : steps.stop, self._here].astype(self._dtype, copy=False)
            self._add(given[1 - first :], self._c.now[i], target)
            self._add(given[:-1], self._c.lag[i], target[first:])

    def report(self, steps: slice, coefficients: Reals, target: Reals) -> None:
        """Write the sum of the inputs of some steps times coefficients ``(4, building)``, which the block keeps."""
        _product(self._inputs.profiles[steps], self._weigh(coefficients) if self._shares else None, target)
        for i, values in self._inputs.dense:
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


class Block:
    """A block of buildings, with all that is the same in every window."""

    def __init__(self, c: Coefficients, here: slice) -> None:
        self.here, self._c = here, c.of(here)
        self._forcing, self._keeper = Forcing(self._c, here), Keeper(here, self._c.response)
        self._row, self._last = np.empty_like(self._c.keep), np.empty_like(self._c.keep[None])
        self._free = np.empty((0, len(self._row)), self._row.dtype)

    def run(
        self,
        inputs: Inputs,
        control: Control,
        outdoor: Shared | Dense,
        mass: NDArray[np.float64],
        shape: tuple[int, int],
        destination: Destination,
    ) -> NDArray[np.float64]:
        """Run the block through a window and return the mass's temperature at its end."""
        c, n_steps = self._c, shape[0]
        depth = min(CHUNK_STEPS, n_steps)
        self._forcing.window(inputs, depth)
        self._keeper.window(control, outdoor, shape)
        if len(self._free) < depth:
            self._free = np.empty((depth, len(self._row)), self._row.dtype)
        carried = (mass * c.scale).astype(c.keep.dtype)  # what the past adds to the free temperature of the next step
        for begin in range(0, n_steps, depth):
            steps = slice(begin, min(begin + depth, n_steps))
            chunk = destination.lend(self.here, steps)
            self._advance(steps, carried, chunk)
            destination.take(chunk)
        self._forcing.report(slice(n_steps - 1, n_steps), c.lag, self._last)
        mass_then: NDArray[np.float64] = (carried + self._last[0]) / c.scale
        return mass_then

    def _advance(self, steps: slice, carried: Reals, chunk: Chunk) -> None:
        """Write a chunk; ``carried`` goes on to the next."""
        c, keeper, row = self._c, self._keeper, self._row
        free = self._free[: steps.stop - steps.start]
        kept = chunk.operative if c.by_operative and chunk.operative is not None else chunk.air
        self._forcing.fill(steps, free)
        for step, alone, held in zip(range(steps.start, steps.stop), free, kept, strict=True):
            np.add(alone, carried, alone)
            np.multiply(alone, c.keep, carried)
            keeper.keep(step, alone, held)
            np.multiply(held, c.feed, row)
            np.add(carried, row, carried)
        keeper.settle(steps, free, kept, chunk.power, chunk.vented)
        _report(c, self._forcing, kept, chunk)

    def forget(self) -> None:
        """Drop what takes much memory and little time to work out again."""
        self._keeper.forget()


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
