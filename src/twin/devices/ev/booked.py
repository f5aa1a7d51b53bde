"""Charging that is settled on arrival: at once, in the cheapest hours, or giving back in the dearest ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from twin.devices.ev.fleet import Fleet
from twin.devices.ev.kernel import charged, seconds_needed
from twin.devices.ev.plan import Reserve, cheapest_seconds, give_back, presence
from twin.devices.ev.visits import Visits
from twin.engine.signals import Signal
from twin.engine.time import TimeAxis
from twin.units import DAY_S, HOUR_S

__all__ = ["AtOnce", "Booked", "Bookings", "CheapestHours", "Flow", "GiveBack", "Planner", "Prices"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Visits whose plans are made together; about these lengths of stay there are few
_STAYS_S = np.array([6, 18, 42]) * HOUR_S
_VISITS_AT_ONCE = 128
_STEPS_AT_ONCE = 32_768
_DIGITS = 9  # of prices, relative to the highest


class Flow(StrEnum):
    """What energy is booked as."""

    DRAWN = "drawn because it is wanted"
    CYCLED = "drawn only to make up for what is given back"
    GIVEN = "given back"
    UNSERVED = "wanted, and lacking at departure"


@dataclass(frozen=True)
class Bookings:
    """Energy that will flow, J: by step of the run and by point, each of shape ``(n,)``."""

    step: Ints
    point: Ints
    energy: Floats

    def __len__(self) -> int:
        return len(self.step)

    @classmethod
    def none(cls) -> Bookings:
        """Return no bookings."""
        ints = np.zeros(0, dtype=np.int64)
        return cls(ints, ints, np.zeros(0))

    @classmethod
    def in_order(cls, parts: Sequence[Bookings]) -> Bookings:
        """Return all of them together, in the order of steps."""
        step, point, energy = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("step", "point", "energy")
        )
        order = np.argsort(step, kind="stable")
        return cls(step[order], point[order], energy[order])

    def split(self, step: int) -> tuple[Bookings, Bookings]:
        """Return what is booked, in order, before a step and from it on."""
        n = int(self.step.searchsorted(step))
        return (
            Bookings(self.step[:n], self.point[:n], self.energy[:n]),
            Bookings(self.step[n:], self.point[n:], self.energy[n:]),
        )


Booked = Iterator[tuple[Flow, Bookings]]


class Planner(Protocol):
    """Books whole visits as they begin."""

    def begin(self, axis: TimeAxis) -> None:
        """Learn what can be known of a run beforehand."""

    def book(self, visits: Visits) -> Booked:
        """Yield all that visits will draw, give and lack; what lies beyond the run is not read."""


@dataclass(frozen=True)
class _Stays:
    """What visits mean to the vehicles that make them, shape ``(visit,)``; times in s from the start of the run."""

    point: Ints
    arrival: Floats
    departure: Floats
    energy: Floats
    power: Floats
    spare: Floats
    tau: Floats

    @property
    def seconds(self) -> Floats:
        """For how long they must charge at full power, or are there."""
        return np.minimum(seconds_needed(self.energy, self.power, self.spare, self.tau), self.departure - self.arrival)


def _stays(fleet: Fleet, visits: Visits, start: int) -> _Stays:
    who = visits.vehicle
    arrival, departure = ((t - start).astype(np.float64) for t in (visits.arrival, visits.departure))
    return _Stays(
        fleet.point[who], arrival, departure, visits.energy, fleet.power[who], fleet.spare[who], fleet.tau[who]
    )


def _book(stays: _Stays, owner: Ints, step: Ints, seconds: Floats, step_s: int) -> Booked:
    """Yield the bookings of full power for some seconds of some steps, listed visit by visit in the order of time."""
    total = np.cumsum(seconds)
    first = np.searchsorted(owner, owner)
    so_far = total - (total - seconds)[first]
    curve = (a[owner] for a in (stays.power, stays.spare, stays.tau))
    reached = charged(stays.energy[owner], so_far, *curve)
    energy = np.diff(reached, prepend=0.0)
    begins = first == np.arange(len(owner))
    energy[begins] = reached[begins]
    yield Flow.DRAWN, Bookings(step, stays.point[owner], energy)
    yield Flow.UNSERVED, _lacking(stays, step_s)


def _lacking(stays: _Stays, step_s: int) -> Bookings:
    """Return what vehicles leave without, at that moment, though they charged all of the time."""
    there = stays.departure - stays.arrival
    short = np.flatnonzero(seconds_needed(stays.energy, stays.power, stays.spare, stays.tau) > there)
    energy, there, *curve = (a[short] for a in (stays.energy, there, stays.power, stays.spare, stays.tau))
    when = (stays.departure[short] // step_s).astype(np.int64)
    return Bookings(when, stays.point[short], energy - charged(energy, there, *curve))


def _in_steps(owner: Ints, begun: Floats, seconds: Floats, step_s: int) -> tuple[Ints, Ints, Floats]:
    """Cut stretches of time, each from an instant on, into steps; return owner, step and seconds in each."""
    ended = begun + seconds
    first = (begun // step_s).astype(np.int64)
    count = np.maximum(np.ceil(ended / step_s).astype(np.int64) - first, 1)
    stretch = np.repeat(np.arange(len(owner)), count)
    step = first[stretch] + np.arange(len(stretch)) - np.repeat(np.cumsum(count) - count, count)
    inside = np.minimum(ended[stretch], (step + 1.0) * step_s) - np.maximum(begun[stretch], step * step_s)
    return owner[stretch], step, np.maximum(inside, 0.0)


class AtOnce:
    """Full power from arrival on."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def begin(self, axis: TimeAxis) -> None:
        """Note when the run begins."""
        self._axis = axis

    def book(self, visits: Visits) -> Booked:
        """Book the first seconds of every visit."""
        step_s = self._axis.step_s
        stays = _stays(self._fleet, visits, self._axis.start)
        yield from _book(stays, *_in_steps(np.arange(len(visits)), stays.arrival, stays.seconds, step_s), step_s)


class Prices:
    """Signals as those who plan know them: beyond the end of the run their last day goes on."""

    def __init__(self, *signals: Signal) -> None:
        self._signals = signals

    def begin(self, axis: TimeAxis) -> None:
        """Ask for the whole run."""
        self._n, self._day = axis.n, max(1, min(axis.n, DAY_S // axis.step_s))
        values = np.stack([_whole(signal, axis) for signal in self._signals])
        scale = float(np.abs(values).max()) or 1.0
        self._values = np.round(values / scale, _DIGITS) * scale  # what is the same to people ties

    def blocks(self, first: int, last: int) -> tuple[Ints, Floats]:
        """Return where a price changes within the steps ``[first, last)`` of the run, both included, and all prices.

        The prices are of the shape ``(signal, stretch)``.
        """
        steps = np.arange(first, last)
        late = np.maximum(steps - self._n, 0)
        values = self._values[:, np.where(steps < self._n, steps, self._n - self._day + late % self._day)]
        begins = np.flatnonzero(np.diff(values, prepend=np.nan).any(axis=0))
        return np.append(first + begins, last), values[:, begins]


def _whole(signal: Signal, axis: TimeAxis) -> Floats:
    """Return a signal over a whole run, asked for a stretch at a time."""
    starts = range(0, axis.n, _STEPS_AT_ONCE)
    parts = [
        signal.values(TimeAxis(axis.start + k * axis.step_s, axis.step_s, min(_STEPS_AT_ONCE, axis.n - k)))
        for k in starts
    ]
    return np.concatenate(parts)


def _alike(visits: Visits) -> Iterator[Visits]:
    """Yield visits in groups that come and go at about the same time: each is planned in one small table."""
    length = np.searchsorted(_STAYS_S, visits.departure - visits.arrival, side="right")
    order = np.lexsort((visits.arrival, length))
    cuts = np.searchsorted(length[order], np.arange(len(_STAYS_S) + 2))
    for first, last in pairwise(cuts.tolist()):
        for k in range(first, last, _VISITS_AT_ONCE):
            yield visits.take(order[k : min(k + _VISITS_AT_ONCE, last)])


@dataclass(frozen=True)
class _Choice:
    """What stays may choose from: stretches of one price, their edges in s, ``(stretch + 1,)``, and who is there.

    ``prices`` has a row for each signal.
    """

    edges: Floats
    prices: Floats
    present: Floats

    def begun(self, stays: _Stays, stretch: Ints, owner: Ints) -> Floats:
        """Return when some stays can begin in some stretches."""
        return np.maximum(self.edges[stretch], stays.arrival[owner])


def _choice(prices: Prices, stays: _Stays, step_s: int) -> _Choice:
    first, last = int(stays.arrival.min() // step_s), int(stays.departure.max() // step_s) + 1
    steps, values = prices.blocks(first, last)
    edges = np.asarray(steps * step_s, dtype=np.float64)
    return _Choice(edges, values, presence(edges, stays.arrival, stays.departure))


class CheapestHours:
    """Full power in the cheapest seconds of the stay."""

    def __init__(self, fleet: Fleet, prices: Prices) -> None:
        self._fleet, self._prices = fleet, prices

    def begin(self, axis: TimeAxis) -> None:
        """Learn the prices."""
        self._axis = axis
        self._prices.begin(axis)

    def book(self, visits: Visits) -> Booked:
        """Book the cheapest seconds of every visit."""
        for group in _alike(visits):
            yield from self._book(group)

    def _book(self, visits: Visits) -> Booked:
        step_s = self._axis.step_s
        stays = _stays(self._fleet, visits, self._axis.start)
        choice = _choice(self._prices, stays, step_s)
        chosen = cheapest_seconds(choice.prices[0], choice.present, stays.seconds).T
        owner, stretch = np.nonzero(chosen)
        begun = choice.begun(stays, stretch, owner)
        yield from _book(stays, *_in_steps(owner, begun, chosen[owner, stretch], step_s), step_s)


class GiveBack:
    """Drawing in the cheapest hours and giving in the dearest, with full energy at departure.

    Vehicles that come with less than their least share of charge give nothing on that stay.
    """

    def __init__(self, fleet: Fleet, prices: Prices) -> None:
        self._fleet, self._prices = fleet, prices
        self._least = fleet.of_point("least_soc").astype(np.float64) * fleet.battery
        self._give_power = np.minimum(fleet.of_point("discharge_w").astype(np.float64), fleet.power)
        terms = np.stack([fleet.of_point(name) for name in ("round_trip_efficiency", "discharge_wear")])
        # vehicles with the same terms are planned together
        self._terms, self._kind = np.unique(terms.astype(np.float64), axis=1, return_inverse=True)

    def begin(self, axis: TimeAxis) -> None:
        """Learn the prices."""
        self._axis = axis
        self._prices.begin(axis)

    def book(self, visits: Visits) -> Booked:
        """Book the cheapest way through every visit."""
        for group in _alike(visits):
            kind = self._kind[group.vehicle]
            for k in np.unique(kind):
                yield from self._book(group.take(kind == k), *self._terms[:, k])

    def _book(self, visits: Visits, efficiency: float, wear: float) -> Booked:
        step_s, who = self._axis.step_s, visits.vehicle
        stays = _stays(self._fleet, visits, self._axis.start)
        choice = _choice(self._prices, stays, step_s)
        begin, end = self._fleet.target[who] - visits.energy, self._fleet.target[who]
        able = begin >= self._least[who]
        give_power = np.where(able, self._give_power[who], 0.0)
        low = np.where(able, self._least[who], -np.inf)
        reserve = Reserve(begin, end, low, end, stays.power, give_power, efficiency, wear)
        price, paid = choice.prices
        taken, given = give_back(price, paid, choice.present, reserve)
        # what goes beyond all there was before is wanted; what is drawn until then makes up for what was given
        reached = np.maximum.accumulate(np.maximum(np.cumsum(taken - given / efficiency, axis=0), 0.0), axis=0)
        drawn = np.minimum(np.diff(reached, axis=0, prepend=0.0), taken)
        none = np.zeros_like(drawn)
        for flow, energy, before, power in (
            (Flow.CYCLED, taken - drawn, none, stays.power),
            (Flow.DRAWN, drawn, taken - drawn, stays.power),
            (Flow.GIVEN, given, none, give_power),
        ):
            stretch, owner = np.nonzero(energy)
            begun = choice.begun(stays, stretch, owner) + before[stretch, owner] / power[owner]
            who, step, seconds = _in_steps(owner, begun, energy[stretch, owner] / power[owner], step_s)
            yield flow, Bookings(step, stays.point[who], seconds * power[who])
        yield Flow.UNSERVED, _lacking(stays, step_s)
