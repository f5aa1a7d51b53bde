"""Where the city kernel's results go: whole series, or chunk by chunk into sums, peaks and series by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

__all__ = ["Chunk", "Destination", "GroupSeries", "Scratch", "Sink", "Store", "Totals"]

Floats = NDArray[np.float64]
Reals = NDArray[Any]


@dataclass(frozen=True)
class Chunk:
    """Results of some steps of a block of buildings, each ``(step, building)`` of the two slices.

    Attributes
    ----------
    power
        Heating (positive) or cooling (negative), mean over the step, W.
    air
        Temperature of the indoor air, mean over the step, degC.
    vented
        Heat let out by ventilation beyond the zones' own, W; None where there is none to be had.
    operative
        Operative temperature, degC; None unless asked for.
    mass
        Temperature of the mass at the steps' starts, degC; None unless asked for.
    """

    buildings: slice
    steps: slice
    power: Reals
    air: Reals
    vented: Reals | None = None
    operative: Reals | None = None
    mass: Reals | None = None

    @cached_property
    def heating(self) -> Reals:
        """The power where it heats, else 0, W."""
        if not self.cools:
            return self.power
        # the zeros are a row, as a scalar is three times slower
        positive: Reals = np.maximum(self.power, np.zeros_like(self.power[0]))
        return positive

    @cached_property
    def cools(self) -> bool:
        """Whether anything is cooled."""
        return not self.power.min() >= 0.0


class Destination(Protocol):
    """Lends the arrays that a chunk is worked out in and takes them back full."""

    def lend(self, buildings: slice, steps: slice) -> Chunk:
        """Return arrays to write into."""

    def take(self, chunk: Chunk) -> None:
        """Receive what was written."""


class Sink(Protocol):
    """Makes something smaller of the series: told of every chunk once, blocks of buildings one after the other."""

    def take(self, chunk: Chunk) -> None:
        """Receive a chunk, whose arrays are valid until this returns."""


class Store:
    """Keeps the whole series, ``(step, building)``."""

    def __init__(self, shape: tuple[int, int], dtype: np.dtype[Any], vents: bool, reports: bool, masses: bool) -> None:
        n, n_buildings = shape
        self.power, self.air = np.empty(shape, dtype), np.empty(shape, dtype)
        self.vented = np.empty(shape, dtype) if vents else None
        self.operative = np.empty(shape, dtype) if reports else None
        self._masses = masses
        self.mass = np.empty((n + 1 if masses else 1, n_buildings))  # float64, so that windows join exactly

    def lend(self, buildings: slice, steps: slice) -> Chunk:
        """Return parts of the series."""
        here = steps, buildings
        return Chunk(
            buildings,
            steps,
            self.power[here],
            self.air[here],
            None if self.vented is None else self.vented[here],
            None if self.operative is None else self.operative[here],
            self.mass[here] if self._masses else None,
        )

    def take(self, chunk: Chunk) -> None:
        """Do nothing: the chunk is part of the series."""


class Scratch:
    """Lends the same arrays again and again, and shows sinks what was written in them."""

    def __init__(self, sinks: Sequence[Sink], dtype: np.dtype[Any], vents: bool, reports: bool) -> None:
        self._reports = reports
        self._sinks, self._dtype = sinks, dtype
        self._count = 2 + vents + reports
        self._vents = vents
        self._arrays = np.empty((self._count, 0, 0), dtype)

    def lend(self, buildings: slice, steps: slice) -> Chunk:
        """Return arrays that the next chunk will be written into too."""
        n, width = steps.stop - steps.start, buildings.stop - buildings.start
        if self._arrays.shape[1] < n or self._arrays.shape[2] != width:
            self._arrays = np.empty((self._count, n, width), self._dtype)
        power, air, *more = self._arrays[:, :n]
        operative = more.pop() if self._reports else None
        return Chunk(buildings, steps, power, air, more.pop() if self._vents else None, operative)

    def take(self, chunk: Chunk) -> None:
        """Show it to every sink."""
        for sink in self._sinks:
            sink.take(chunk)


class Totals:
    """Sums, peaks and hours per building, in float64; goes on from window to window.

    Parameters
    ----------
    above, below
        Temperatures beyond which hours are counted, degC: of the operative temperature if there is one, else of the
        air.

    Attributes
    ----------
    heating_j, cooling_j
        Energy, both positive, ``(building,)``.
    heating_peak_w, cooling_peak_w
        Largest means over a step, both positive, ``(building,)``.
    hours_above, hours_below
        ``(threshold, building)``.
    """

    def __init__(
        self, n_buildings: int, step_s: float, above: Sequence[float] = (), below: Sequence[float] = ()
    ) -> None:
        self._step_s, self._above, self._below = step_s, tuple(above), tuple(below)
        self.heating_j, self.cooling_j = np.zeros(n_buildings), np.zeros(n_buildings)
        self.heating_peak_w, self.cooling_peak_w = np.zeros(n_buildings), np.zeros(n_buildings)
        self.hours_above = np.zeros((len(self._above), n_buildings))
        self.hours_below = np.zeros((len(self._below), n_buildings))

    def take(self, chunk: Chunk) -> None:
        """Add a chunk."""
        here, power = chunk.buildings, chunk.power
        heating = np.add.reduce(chunk.heating, axis=0) * self._step_s
        if chunk.cools:
            energy = np.add.reduce(power, axis=0) * self._step_s
            self.cooling_j[here] += heating - energy
            peak = self.cooling_peak_w[here]
            np.maximum(peak, -np.minimum.reduce(power, axis=0), out=peak)
        self.heating_j[here] += heating
        peak = self.heating_peak_w[here]
        np.maximum(peak, np.maximum.reduce(power, axis=0), out=peak)
        felt = chunk.air if chunk.operative is None else chunk.operative
        for i, limit in enumerate(self._above):
            self.hours_above[i, here] += self._hours(felt > limit)
        for i, limit in enumerate(self._below):
            self.hours_below[i, here] += self._hours(felt < limit)

    def _hours(self, beyond: NDArray[np.bool_]) -> Floats:
        # a chunk has less steps than fit a byte
        hours: Floats = np.add.reduce(beyond.view(np.uint8), axis=0, dtype=np.uint8) * (self._step_s / 3600.0)
        return hours


class GroupSeries:
    """Heating and cooling of groups of buildings in every step of one window.

    Parameters
    ----------
    groups
        Group of each building, from 0, ``(building,)``.

    Attributes
    ----------
    heating_w, cooling_w
        Sums over the group, both positive, ``(step, group)``, float64.
    """

    def __init__(self, groups: NDArray[np.int64], n_groups: int, n_steps: int) -> None:
        self._groups = groups
        self.heating_w, self.cooling_w = np.zeros((n_steps, n_groups)), np.zeros((n_steps, n_groups))
        self._of: slice | None = None

    def take(self, chunk: Chunk) -> None:
        """Add a chunk."""
        if chunk.buildings != self._of:
            self._sort(chunk.buildings)
        heating = self._sum(chunk.heating)
        if chunk.cools:
            self.cooling_w[chunk.steps, self._present] += heating - self._sum(chunk.power)
        self.heating_w[chunk.steps, self._present] += heating

    def _sum(self, power: Reals) -> Floats:
        ordered = power if self._order is None else power.take(self._order, axis=1)
        sums: Floats = np.add.reduceat(ordered, self._first, axis=1, dtype=np.float64)
        return sums

    def _sort(self, buildings: slice) -> None:
        """Find out which columns of a block belong to which group."""
        groups = self._groups[buildings]
        order = None if (np.diff(groups) >= 0).all() else np.argsort(groups, kind="stable")
        ordered = groups if order is None else groups[order]
        self._of, self._order = buildings, order
        self._first = np.flatnonzero(np.diff(ordered, prepend=-1))
        self._present = ordered[self._first]
