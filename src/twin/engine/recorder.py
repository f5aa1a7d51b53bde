"""The recorder: a simulator that only reads, and keeps sums, extremes and hours beyond instead of full series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from twin.engine.ports import Arrays, Read, Write
from twin.engine.time import TimeAxis
from twin.quantities import QUANTITIES
from twin.random import Streams

__all__ = ["Across", "Recorder", "Reduction", "Sink", "Stream", "StreamValues"]

Values = NDArray[np.float64]
Reduction = Literal["sum", "max", "min", "mean", "hours_above", "hours_below", "at_max"]
Across = Literal["natural", "max", "min"]
Sink = Callable[[str, TimeAxis, Values], None]


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
    """A stream at the end of the run: per entity ``(n,)`` and for all of them together.

    ``total`` reduces the one series of all entities: the coincident peak, not the sum of peaks. ``when`` is the start
    of the step that ``at_max`` found, seconds since 1970-01-01 UTC.
    """

    entity: Values
    total: float
    when: int | None = None


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
        Called with quantity, window and values ``(step, entity)`` for every quantity named in ``full_series``.
    full_series
        Quantities whose full series goes to the sink.
    total_sink
        Called with quantity, window and the one series of all entities ``(step,)``; without it the recorder keeps
        these series, and memory grows with the horizon.
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
        total_sink: Sink | None = None,
    ) -> None:
        self.name = f"recorder per {per}"
        self.per, self.weights, self.step_s = per, weights, step_s
        self.streams, self.count_from = tuple(dict.fromkeys(streams)), count_from
        self.sink, self.full_series, self.total_sink = sink, tuple(full_series), total_sink
        quantities = dict.fromkeys(q for s in self.streams for q in s.quantities)
        self.quantities = tuple(dict.fromkeys([*quantities, *self.full_series]))
        self.reads = tuple(Read(q, per, "sum" if QUANTITIES[q].extensive else "one") for q in self.quantities)

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Forget everything."""
        n = len(self.weights)
        self._entity = {s: np.full(n, _NOTHING[s.reduction]) for s in self.streams}
        self._total = {s: _NOTHING[s.reduction] for s in self.streams}
        self._when: dict[Stream, int] = {}
        self._counted_s = 0.0
        self._totals: dict[str, list[Values]] = {q: [] for q in self.quantities}

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Take in one window, unless it belongs to the warm-up."""
        if window.start < self.count_from:
            return {}
        self._counted_s += window.end - window.start
        for stream in self.streams:
            values = inputs[stream.quantities[0]]
            for quantity in stream.quantities[1:]:
                values = values + inputs[quantity]
            total = self._together(stream.quantities[0], values, stream.across)
            if stream.reduction == "at_max":
                self._keep_largest(stream, window, values, total)
                continue
            self._entity[stream] = self._reduce(stream, self._entity[stream], values)
            self._total[stream] = float(self._reduce(stream, np.array([self._total[stream]]), total[:, None])[0])
        for quantity in self.quantities:
            total = self._together(quantity, inputs[quantity])
            if self.total_sink:
                self.total_sink(quantity, window, total)
            else:
                self._totals[quantity].append(total)
            if self.sink and quantity in self.full_series:
                self.sink(quantity, window, inputs[quantity])
        return {}

    def _together(self, quantity: str, values: Values, across: Across = "natural") -> Values:
        """Return the one series of all entities, shape ``(step,)``."""
        if across != "natural":
            return np.asarray(values.max(axis=1) if across == "max" else values.min(axis=1))
        if QUANTITIES[quantity].extensive:
            return np.asarray(values.sum(axis=1))
        return np.asarray(values @ (self.weights / self.weights.sum()))

    def _keep_largest(self, stream: Stream, window: TimeAxis, values: Values, total: Values) -> None:
        step = int(total.argmax())
        if total[step] > self._total[stream]:
            self._entity[stream], self._total[stream] = values[step].copy(), float(total[step])
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
        """Return a stream's values after the run, in SI units (J for a sum of W, s for hours beyond)."""
        seconds = self._counted_s if stream.reduction == "mean" else 1
        return StreamValues(self._entity[stream] / seconds, self._total[stream] / seconds, self._when.get(stream))

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
        for stream in self.streams:
            match stream.reduction:
                case "max":
                    self._entity[stream] = np.maximum(self._entity[stream], other._entity[stream])
                    self._total[stream] = max(self._total[stream], other._total[stream])
                case "min":
                    self._entity[stream] = np.minimum(self._entity[stream], other._entity[stream])
                    self._total[stream] = min(self._total[stream], other._total[stream])
                case "at_max":
                    if other._total[stream] > self._total[stream]:
                        self._entity[stream], self._total[stream] = other._entity[stream], other._total[stream]
                        self._when[stream] = other._when[stream]
                case _:
                    self._entity[stream] = self._entity[stream] + weight * other._entity[stream]
                    self._total[stream] += weight * other._total[stream]
        for quantity, parts in other._totals.items():
            self._totals[quantity] += parts

    def state(self) -> Any:
        """Return what has been reduced so far."""
        totals = {q: list(parts) for q, parts in self._totals.items()}
        entity = {s: v.copy() for s, v in self._entity.items()}
        return entity, dict(self._total), dict(self._when), self._counted_s, totals

    def restore(self, state: Any) -> None:
        """Go back to an earlier state."""
        entity, total, when, self._counted_s, totals = state
        self._entity, self._total = {s: v.copy() for s, v in entity.items()}, dict(total)
        self._when = dict(when)
        self._totals = {q: list(parts) for q, parts in totals.items()}


_NOTHING: dict[Reduction, float] = {
    "sum": 0.0,
    "mean": 0.0,
    "hours_above": 0.0,
    "hours_below": 0.0,
    "max": -np.inf,
    "at_max": -np.inf,
    "min": np.inf,
}
