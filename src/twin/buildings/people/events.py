"""Events: when things are switched on, for how long, and the mean power in every step that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from twin.buildings.people.draws import Choice, counts
from twin.random import uniform
from twin.units import DAY_S

__all__ = ["QUARTERS_A_DAY", "QUARTER_S", "DayRates", "Events", "Kind", "draw", "mean_power", "start_rates"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

QUARTER_S = 900
QUARTERS_A_DAY = DAY_S // QUARTER_S
SHORTEST, LONGEST = 0.5, 1.5  # of an event's mean length; all lengths between are as likely

_MOST_A_DAY = 1 << 14  # events of one dwelling, for the counters of its draws
_FINE_S = 30
_ITERATIONS = 300
_NOTHING_W = 1e-12
_ROUNDING_W = 1e-6
_HALF_THE_BITS = 2.0**26


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event.

    Attributes
    ----------
    share
        Of the energy of all kinds that are drawn together.
    power_w
        While it lasts.
    length_s
        How long it lasts on average.
    """

    name: str
    share: float
    power_w: float
    length_s: float


@dataclass(frozen=True)
class Events:
    """Events of one day, shape ``(n,)``; ``start_s`` and ``end_s`` count from its midnight UTC."""

    column: Ints
    start_s: Floats
    end_s: Floats
    power_w: Floats


def _chances(kinds: Sequence[Kind]) -> Floats:
    """Return how likely an event is of each kind."""
    starts = np.array([kind.share / (kind.power_w * kind.length_s) for kind in kinds])
    return np.asarray(starts / starts.sum())


def start_rates(level: Floats, groups: Sequence[tuple[Sequence[Kind], Mask]]) -> list[Floats]:
    """Return how often events of several groups begin so that their mean power follows a profile together, 1/s.

    What begins now is still running later, so the profile is unfolded with the lengths of the events, by the iteration
    of Richardson (1972, doi 10.1364/JOSA.62.000055) and Lucy (1974, doi 10.1086/111605), which keeps rates positive and
    the energy of the week exact. A step of the profile that is sharper than events are long is met only as nearly as
    they allow.

    Parameters
    ----------
    level
        Mean power of each quarter of an hour of the week, W, ``(..., quarter of the week)``; it repeats itself.
    groups
        Kinds of events, and when they may begin, as ``level``.
    """
    n = level.shape[-1]
    spectra = [np.fft.rfft(_response(kinds, n)) for kinds, _ in groups]
    rates = [level * may_begin / spectrum[0].real for spectrum, (_, may_begin) in zip(spectra, groups, strict=True)]
    for _ in range(_ITERATIONS):
        there = sum(_folded(rate, spectrum) for rate, spectrum in zip(rates, spectra, strict=True))
        ratio = np.divide(level, there, out=np.zeros_like(level), where=np.asarray(there) > _NOTHING_W)
        rates = [
            rate * np.maximum(_folded(ratio, spectrum.conj()), 0.0) / spectrum[0].real
            for rate, spectrum in zip(rates, spectra, strict=True)
        ]
    return rates


def _folded(values: Floats, spectrum: NDArray[np.complex128]) -> Floats:
    return np.asarray(np.fft.irfft(np.fft.rfft(values) * spectrum, values.shape[-1]))


def _response(kinds: Sequence[Kind], n: int) -> Floats:
    """Return the mean power in each following quarter per rate of events that begin in one, W s, shape ``(n,)``."""
    fine = QUARTER_S // _FINE_S
    since = (np.arange(n * fine) + 0.5) * _FINE_S
    expected = np.zeros(n * fine)
    for kind, chance in zip(kinds, _chances(kinds), strict=True):
        running = np.clip((LONGEST - since / kind.length_s) / (LONGEST - SHORTEST), 0.0, 1.0)
        mean_length = running.sum() * _FINE_S
        expected += chance * kind.power_w * running * (kind.length_s / mean_length)
    begun_all_along = np.convolve(expected, np.ones(fine))[: n * fine]
    return np.asarray(begun_all_along.reshape(n, fine).sum(axis=1) * _FINE_S / fine)


class DayRates:
    """How often events begin on a day.

    Parameters
    ----------
    rates
        In every quarter of an hour of the day, 1/s, ``(row, quarter)``.

    Attributes
    ----------
    of_day
        Mean number of events of the day, shape ``(row,)``.
    moment
        Chooses the quarter in which an event begins.
    """

    def __init__(self, rates: Floats) -> None:
        self.of_day = rates.sum(axis=1) * QUARTER_S
        self.moment = Choice(rates)


def draw(
    seed: int,
    purpose: str,
    keys: NDArray[np.uint64],
    day: int,
    rates: DayRates,
    row: Ints,
    scale: Floats,
    kinds: tuple[Kind, ...],
    may_begin: Mask | None = None,
) -> Events:
    """Draw the events that begin on a day, a Poisson process of each dwelling by itself.

    Parameters
    ----------
    keys
        Of the dwellings, shape ``(n,)``; what is drawn for one depends on its key, the day and the purpose alone.
    day
        Days since 1970-01-01 UTC.
    rates
        For a scale of 1.
    row
        Which of the rates each dwelling has, shape ``(n,)``.
    scale
        Factor on the rate of each dwelling, shape ``(n,)``.
    may_begin
        Slots of the day in which events of each dwelling can begin, ``(slot, n)``; in others they do not take place.
    """
    count, kept = counts(scale * rates.of_day[row], uniform(seed, f"{purpose}/count", keys, day))
    count = np.minimum(count, _MOST_A_DAY - 1)
    dwelling = np.repeat(np.arange(len(keys)), count)
    number = np.arange(len(dwelling)) - np.repeat(np.cumsum(count) - count, count)
    u = uniform(seed, f"{purpose}/event", keys[dwelling], number + day * _MOST_A_DAY)
    quarter, within = rates.moment(row[dwelling], u)
    moment, share = quarter + within, kept[dwelling]
    which = u * _HALF_THE_BITS  # behind the point the other half of the digits, which hardly shift the moment
    which -= np.floor(which)
    there = which < share
    if may_begin is not None:
        slot = (moment * (len(may_begin) / QUARTERS_A_DAY)).astype(np.int64)
        there &= may_begin[slot, dwelling]
    chosen = np.flatnonzero(there)
    power, length = _of_kinds(kinds, which[chosen] / share[chosen])
    start = moment[chosen] * QUARTER_S
    return Events(dwelling[chosen], start, start + length, power)


@cache
def _choice(kinds: tuple[Kind, ...]) -> Choice:
    return Choice(_chances(kinds)[None])


def _of_kinds(kinds: tuple[Kind, ...], u: Floats) -> tuple[Floats, Floats]:
    """Return power and length of events; what is left of a draw when it has chosen the kind makes the length."""
    kind, rest = _choice(kinds)(np.zeros(len(u), dtype=np.int64), u)
    mean_length = np.array([k.length_s for k in kinds])[kind]
    length = mean_length * (SHORTEST + (LONGEST - SHORTEST) * rest)
    return np.array([k.power_w for k in kinds])[kind], length


def mean_power(events: Events, step_s: int, n_steps: int, n_columns: int) -> Floats:
    """Return the mean power in every step of what runs, W, ``(step, column)``; steps count from the day's midnight.

    Every event adds its power to the steps from its beginning and takes it away from those after its end, the steps in
    which it begins and ends in part; summing up over the steps gives the power.
    """
    change = np.zeros((n_steps + 2) * n_columns)
    for edge_s, power in ((events.start_s, events.power_w), (events.end_s, -events.power_w)):
        edge = np.minimum(edge_s / step_s, float(n_steps))
        step = edge.astype(np.int64)
        late = power * (edge - step)
        at = step * n_columns + events.column
        np.add.at(change, at, power - late)
        at += n_columns
        np.add.at(change, at, late)
    steps = change.reshape(n_steps + 2, n_columns)[:n_steps]
    np.add.accumulate(steps, axis=0, out=steps)
    steps[steps < _ROUNDING_W] = 0.0  # what is left of sums that cancel
    return steps
