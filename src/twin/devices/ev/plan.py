"""Planning a stay when prices are known: which seconds to charge in, and when it pays to give back.

Arrays are ``(step, vehicle)``; steps may differ in length, and all vehicles see the same prices. Energy in a battery is
counted as what was drawn to put it there, so losses of a round trip show where it is given back.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Reserve", "cheapest_seconds", "give_back", "presence"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TOLERANCE = 1e-9  # of the battery, by which a plan may miss a limit


@dataclass(frozen=True)
class Reserve:
    """What vehicles hold and may give, one value each, shape ``(vehicle,)``.

    Attributes
    ----------
    begin, end
        Energy at arrival and at departure, J.
    low, high
        Between which it must stay, J.
    power, give_power
        Most power taken and given at the point, W.
    efficiency
        What comes back of the energy drawn.
    wear
        What giving costs, in the unit of the prices.
    """

    begin: Floats
    end: Floats
    low: Floats
    high: Floats
    power: Floats
    give_power: Floats
    efficiency: float
    wear: float


def presence(edges: Floats, arrival: Floats, departure: Floats) -> Floats:
    """Return for how many seconds of each step each vehicle is there, shape ``(len(edges) - 1, vehicle)``."""
    spans = np.minimum(departure, edges[1:, None])
    spans -= np.maximum(arrival, edges[:-1, None])
    return np.asarray(np.maximum(spans, 0.0, out=spans))


def cheapest_seconds(prices: Floats, present: Floats, seconds: Floats) -> Floats:
    """Return how long each vehicle charges in each step so that so many seconds are the cheapest of its stay, s.

    Of equal prices the earlier step comes first. The first seconds charge most, if the power falls as the battery
    fills; even so no other choice of seconds that comes earlier is cheaper, charging at once included.

    Parameters
    ----------
    prices
        Shape ``(step,)``.
    present
        Seconds there, ``(step, vehicle)``.
    seconds
        Wanted, ``(vehicle,)``; all of the stay if it is shorter.
    """
    order = np.argsort(prices, kind="stable")
    chosen = np.empty_like(present)
    chosen[order] = _fill(present[order], seconds)
    return chosen


def give_back(prices: Floats, paid: Floats, present: Floats, reserve: Reserve) -> tuple[Floats, Floats]:
    """Return what vehicles draw and give in each step, J, so that their stay costs least.

    At a given value of stored energy a vehicle draws at full power wherever it is cheaper and gives wherever it is
    dearer by more than losses and wear. The value that ends at ``reserve.end`` is found by filling: from giving in all
    steps to drawing in all, each step changing when the value passes its price. Where the energy leaves its limits,
    the stay is split at the worst instant, which then lies on the limit, and both parts are planned anew: the
    decomposition of resource allocation with nested limits (Vidal, Gribel & Jaillet 2019, doi 10.1287/ijoo.2018.0004).
    Without enough time all of it is spent drawing.

    Parameters
    ----------
    prices, paid
        Price of what is drawn and of what is given, ``(step,)``.
    present
        Seconds there, ``(step, vehicle)``.
    """
    n_steps, n = present.shape
    drawn, given = np.zeros_like(present), np.zeros_like(present)
    steps = np.arange(n_steps)[:, None]
    part = np.arange(n)
    first, last = np.zeros(n, dtype=np.int64), np.full(n, n_steps)
    begin, end = reserve.begin, reserve.end
    while len(part):
        inside = (steps >= first) & (steps < last)
        there = present[:, part] * inside
        taken, left = _at_one_value(prices, paid, there, part, end - begin, reserve)
        level = begin + np.cumsum(taken - left, axis=0)
        beyond = np.maximum(level - reserve.high[part], reserve.low[part] - level)
        beyond[~(inside & (steps < last - 1))] = -np.inf
        worst = beyond.argmax(axis=0)
        columns = np.arange(len(part))
        broken = beyond[worst, columns] > _TOLERANCE * reserve.high[part]
        for total, of_parts in ((drawn, taken), (given, left)):  # parts of one vehicle share no step
            step, column = np.nonzero((of_parts > 0.0) & ~broken)
            total[step, part[column]] = of_parts[step, column]
        limit = np.where(level[worst, columns] > reserve.high[part], reserve.high[part], reserve.low[part])[broken]
        part, cut = part[broken], worst[broken] + 1
        first, last = np.concatenate([first[broken], cut]), np.concatenate([cut, last[broken]])
        begin, end = np.concatenate([begin[broken], limit]), np.concatenate([limit, end[broken]])
        part = np.concatenate([part, part])
    return drawn, given * reserve.efficiency


def _at_one_value(
    prices: Floats, paid: Floats, present: Floats, rows: Ints, change: Floats, reserve: Reserve
) -> tuple[Floats, Floats]:
    """Return what is drawn and what leaves the battery, J, at the one value of energy that makes this change."""
    n_steps = len(prices)
    stop_at = np.minimum((paid - reserve.wear) * reserve.efficiency, prices)
    # a step stops giving before it draws, so of equal keys stops come first
    order = np.argsort(np.concatenate([stop_at, prices]), kind="stable")
    most_left = present * (reserve.give_power[rows] / reserve.efficiency)
    amounts = np.concatenate([most_left, present * reserve.power[rows]])
    filled = np.empty_like(amounts)
    filled[order] = _fill(amounts[order], change + most_left.sum(axis=0))
    return filled[n_steps:], most_left - filled[:n_steps]


def _fill(amounts: Floats, wanted: Floats) -> Floats:
    """Return how much of each amount is taken, from the first row on, until there is as much as wanted."""
    left = np.cumsum(amounts, axis=0)
    left -= amounts
    np.subtract(wanted, left, out=left)
    np.maximum(left, 0.0, out=left)
    return np.asarray(np.minimum(left, amounts, out=left))
