"""The recorder: a simulator that only reads, and keeps sums, extremes and hours beyond instead of full series."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twin.engine.groups import NO_GROUPS, QUARTER, Groups
from twin.engine.ports import Arrays, Read, Write
from twin.engine.time import TimeAxis
from twin.quantities import QUANTITIES
from twin.random import Streams

__all__ = ["Across", "Recorder", "Reduction", "Sink", "Stream", "StreamValues"]

Values = NDArray[np.float64]
Reduction = Literal["sum", "max", "min", "mean", "hours_above", "hours_below", "at_max"]
Across = Literal["natural", "max", "min"]
Sink = Callable[[str, str, TimeAxis, Values], None]
NO_SERIES: Mapping[str, Sequence[str]] = {}


@dataclass(frozen=True, slots=True)
class Stream:
    """Quantities of one entity set, added up and reduced over time.

    Attributes
    ----------
    reduction
        ``sum`` integrates over time (W to J), ``hours_above`` and ``hours_below`` count the seconds beyond
        ``threshold``; ``max``, ``min`` and ``mean`` are over the steps. ``at_max`` keeps what every entity had at the
        one step at which the series of all of them together was largest.
    across
        How the entities form one series: ``natural`` adds an extensive quantity up and takes the weighted mean of an
        intensive one; ``max`` and ``min`` take the entity that stands out at each step.
    """

    quantities: tuple[str, ...]
    reduction: Reduction
    across: Across = "natural"
    threshold: float = np.nan


@dataclass(frozen=True)
class StreamValues:
    """A stream at the end of the run: per entity ``(n,)``, for all of them together, and by level per group ``(k,)``.

    ``total`` and ``groups`` reduce the one series of all entities or members: the coincident peak, not the sum of
    peaks. ``when`` is the start of the step that ``at_max`` found, seconds since 1970-01-01 UTC.
    """

    entity: Values
    total: float
    when: int | None = None
    groups: Mapping[str, Values] = field(default_factory=dict)


class Recorder:
    """Reduces what the simulators write per one entity set.

    Parameters
    ----------
    per
        The entity set.
    weights
        Weight of each entity in the mean of an intensive quantity, shape ``(n,)``.
    step_s
        Step at which quantities are looked at, s.
    streams
        What to reduce.
    count_from
        Seconds since 1970-01-01 UTC from which time counts; what lies before is warm-up.
    sink
        Called with level, quantity, window and values: with the one series of all entities ``(step, 1)`` of every
        quantity as level `QUARTER`, and with the full series asked for. Without it the recorder keeps the series of
        all entities, and memory grows with the horizon.
    full_series
        Quantities whose full series ``(step, entity)`` goes to the sink.
    groups
        By level, groups of the entities to which every stream is reduced as well.
    group_series
        By level, quantities whose series ``(step, group)`` goes to the sink.
    """

    version = "1"
    writes: tuple[Write, ...] = ()

    def __init__(
        self,
        per: str,
        weights: Values,
        step_s: int,
        streams: Sequence[Stream],
        count_from: int,
        sink: Sink | None = None,
        full_series: Sequence[str] = (),
        groups: Mapping[str, Groups] = NO_GROUPS,
        group_series: Mapping[str, Sequence[str]] = NO_SERIES,
    ) -> None:
        self.name = f"recorder per {per}"
        self.per, self.weights, self.step_s = per, weights, step_s
        self.streams, self.count_from = tuple(dict.fromkeys(streams)), count_from
        self.sink, self.full_series, self.group_series = sink, tuple(full_series), dict(group_series)
        quantities = dict.fromkeys(q for s in self.streams for q in s.quantities)
        in_full = [q for level in (self.full_series, *self.group_series.values()) for q in level]
        self.quantities = tuple(dict.fromkeys([*quantities, *in_full]))
        self.reads = tuple(Read(q, per, "sum" if QUANTITIES[q].extensive else "one") for q in self.quantities)
        self._levels = {QUARTER: Groups.whole(len(weights)), **groups}

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Forget everything."""
        sizes = {self.per: len(self.weights), **{level: len(g.labels) for level, g in self._levels.items()}}
        self._kept = {
            (level, s): np.full(sizes[level], _NOTHING[s.reduction])
            for s in self.streams
            for level in (self.per, *self._needed(s))
        }
        self._when: dict[Stream, int] = {}
        self._counted_s = 0.0
        self._totals: dict[str, list[Values]] = {q: [] for q in self.quantities}

    def _needed(self, stream: Stream) -> Sequence[str]:
        """Return the levels whose series must be looked at step by step; what is linear follows from the entities."""
        return [QUARTER] if _is_linear(stream) else list(self._levels)

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Take in one window, unless it belongs to the warm-up."""
        if window.start < self.count_from:
            return {}
        self._counted_s += window.end - window.start
        together = _Together(self._levels, self.weights, inputs)
        for stream in self.streams:
            series = {self.per: _added(inputs, stream.quantities)}
            series |= {level: together.of(level, stream, series[self.per]) for level in self._needed(stream)}
            if stream.reduction == "at_max":
                self._keep_largest(stream, window, series)
                continue
            for level, values in series.items():
                self._kept[level, stream] = self._reduce(stream, self._kept[level, stream], values)
        self._hand_on(window, inputs, together)
        return {}

    def _hand_on(self, window: TimeAxis, inputs: Arrays, together: _Together) -> None:
        """Give the series of this window away, or keep that of all entities if nobody takes it."""
        for quantity in self.quantities:
            total = together.natural(QUARTER, quantity)
            if not self.sink:
                self._totals[quantity].append(total[:, 0])
                continue
            self.sink(QUARTER, quantity, window, total)
            if quantity in self.full_series:
                self.sink(self.per, quantity, window, inputs[quantity])
            for level, wanted in self.group_series.items():
                if quantity in wanted:
                    self.sink(level, quantity, window, together.natural(level, quantity))

    def _keep_largest(self, stream: Stream, window: TimeAxis, series: Mapping[str, Values]) -> None:
        step = int(series[QUARTER].argmax())
        if series[QUARTER][step, 0] > self._kept[QUARTER, stream][0]:
            for level, values in series.items():
                self._kept[level, stream] = values[step].copy()
            self._when[stream] = int(window.seconds[step])

    def _reduce(self, stream: Stream, so_far: Values, values: Values) -> Values:
        """Take ``(step, entity)`` into what was reduced so far, ``(entity,)``."""
        reduced: Values
        match stream.reduction:
            case "max":
                reduced = np.maximum(so_far, values.max(axis=0))
            case "min":
                reduced = np.minimum(so_far, values.min(axis=0))
            case "hours_above":
                reduced = so_far + self.step_s * (values > stream.threshold).sum(axis=0)
            case "hours_below":
                reduced = so_far + self.step_s * (values < stream.threshold).sum(axis=0)
            case _:
                reduced = so_far + self.step_s * values.sum(axis=0)
        return reduced

    def values(self, stream: Stream) -> StreamValues:
        """Return a stream's values after the run, in SI units (J for a sum of W, s for hours beyond).

        A group in which nothing weighs has no mean, and so NaN in whatever comes of one.
        """
        seconds = self._counted_s if stream.reduction == "mean" else 1.0
        found = {level: self._of_level(level, stream) / seconds for level in self._levels}
        total = float(found.pop(QUARTER)[0])
        return StreamValues(self._kept[self.per, stream] / seconds, total, self._when.get(stream), found)

    def _of_level(self, level: str, stream: Stream) -> Values:
        groups, averaged = self._levels[level], not QUANTITIES[stream.quantities[0]].extensive
        if (level, stream) not in self._kept:
            entity = self._kept[self.per, stream][None]
            return np.asarray((groups.means(entity, self.weights) if averaged else groups.sums(entity))[0])
        kept = self._kept[level, stream]
        if averaged and stream.across == "natural":
            return np.where(groups.sums(self.weights[None])[0] > 0, kept, np.nan)
        return kept

    def total_series(self) -> dict[str, Values]:
        """Return by quantity the sum (or weighted mean) over all entities at every counted step, shape ``(n,)``."""
        return {q: np.concatenate(parts) if parts else np.zeros(0) for q, parts in self._totals.items()}

    def empty(self) -> Recorder:
        """Return a recorder of the same streams that has seen nothing yet."""
        other = copy(self)
        other.start(TimeAxis(0, self.step_s, 0), Streams(0))
        return other

    def merge(self, other: Recorder, weight: float) -> None:
        """Take in what another recorder of the same streams kept of a span of time that counts ``weight`` times."""
        self._counted_s += weight * other._counted_s
        larger = {s for s in self.streams if other._kept[QUARTER, s][0] > self._kept[QUARTER, s][0]}
        for (level, stream), mine in self._kept.items():
            theirs = other._kept[level, stream]
            match stream.reduction:
                case "max":
                    self._kept[level, stream] = np.maximum(mine, theirs)
                case "min":
                    self._kept[level, stream] = np.minimum(mine, theirs)
                case "at_max":
                    self._kept[level, stream] = theirs if stream in larger else mine
                case _:
                    self._kept[level, stream] = mine + weight * theirs
        self._when |= {stream: when for stream, when in other._when.items() if stream in larger}
        for quantity, parts in other._totals.items():
            self._totals[quantity] += parts

    def state(self) -> Any:
        """Return what has been reduced so far."""
        totals = {q: list(parts) for q, parts in self._totals.items()}
        return dict(self._kept), dict(self._when), self._counted_s, totals

    def restore(self, state: Any) -> None:
        """Go back to an earlier state."""
        kept, when, self._counted_s, totals = state
        self._kept, self._when = dict(kept), dict(when)
        self._totals = {q: list(parts) for q, parts in totals.items()}


class _Together:
    """The series that groups of entities form in one window, each made when first asked for."""

    def __init__(self, levels: Mapping[str, Groups], weights: Values, inputs: Arrays) -> None:
        self._levels, self._weights, self._inputs = levels, weights, inputs
        self._made: dict[tuple[str, str], Values] = {}

    def natural(self, level: str, quantity: str) -> Values:
        """Return the sum of what adds up, or the weighted mean of what does not, shape ``(step, k)``."""
        if (level, quantity) not in self._made:
            groups, values = self._levels[level], self._inputs[quantity]
            extensive = QUANTITIES[quantity].extensive
            self._made[level, quantity] = groups.sums(values) if extensive else groups.means(values, self._weights)
        return self._made[level, quantity]

    def of(self, level: str, stream: Stream, values: Values) -> Values:
        """Return the series of a stream, whose values per entity are given, shape ``(step, k)``."""
        match stream.across:
            case "max":
                return self._levels[level].largest(values)
            case "min":
                return self._levels[level].least(values)
            case _:
                return _added({q: self.natural(level, q) for q in stream.quantities}, stream.quantities)


def _is_linear(stream: Stream) -> bool:
    return stream.reduction in ("sum", "mean") and stream.across == "natural"


def _added(series: Mapping[str, Values], quantities: Sequence[str]) -> Values:
    values = series[quantities[0]]
    for quantity in quantities[1:]:
        values = values + series[quantity]
    return values


_NOTHING: dict[Reduction, float] = {
    "sum": 0.0,
    "mean": 0.0,
    "hours_above": 0.0,
    "hours_below": 0.0,
    "max": -np.inf,
    "at_max": -np.inf,
    "min": np.inf,
}
