"""Which hours of each civil day are worth charging in, and which discharging, by a price known beforehand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.devices.days import civil_days, rank_within_days
from twin.engine.signals import Signal
from twin.engine.time import CivilTime, TimeAxis

__all__ = ["DayPlan", "make_plan", "steps_that_pay"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class DayPlan:
    """The hours of every civil day in order of their price, and how many of them pay.

    Attributes
    ----------
    cheap_rank, dear_rank
        Place of every step among those of its day, 0 for the cheapest and the dearest; the earlier first among equals.
    day
        Day of every step, counted from 0.
    charging, discharging
        How many steps of every day pay, for every kind of battery, shape ``(day, kind)``.
    kind
        Kind of every battery, shape ``(n,)``.
    """

    cheap_rank: Ints
    dear_rank: Ints
    day: Ints
    charging: Ints
    discharging: Ints
    kind: Ints

    def at(self, steps: slice) -> tuple[Bools, Bools]:
        """Return in which of some steps each battery is to charge and to discharge, ``(step, n)`` each."""
        day = self.day[steps]
        charge = self.cheap_rank[steps, None] < self.charging[day]
        discharge = self.dear_rank[steps, None] < self.discharging[day]
        if self.charging.shape[1] == 1:
            shape = (len(day), len(self.kind))
            return np.broadcast_to(charge, shape), np.broadcast_to(discharge, shape)
        return charge[:, self.kind], discharge[:, self.kind]


def make_plan(
    axis: TimeAxis, civil: CivilTime, signal: Signal, charging_s: Floats, discharging_s: Floats, efficiency: Floats
) -> DayPlan:
    """Return the plan of all days of an axis; of a day that the axis cuts, of the hours that are left of it.

    Parameters
    ----------
    signal
        Price or emission factor, known for the whole day at its beginning.
    charging_s, discharging_s
        Time that every battery needs at full power from empty to full and back, shape ``(n,)``.
    efficiency
        Energy given per energy taken in, there and back, shape ``(n,)``.
    """
    kinds, kind = np.unique(
        np.stack([np.ceil(charging_s / axis.step_s), np.ceil(discharging_s / axis.step_s), efficiency]),
        axis=1,
        return_inverse=True,
    )
    day = np.unique(civil_days(axis, civil), return_inverse=True)[1]
    price = signal.values(axis)
    cheap, dear = rank_within_days(price, day), rank_within_days(-price, day)
    first = np.flatnonzero(np.diff(day, prepend=-1))
    counts = np.empty((2, len(first), kinds.shape[1]), dtype=np.int64)
    for d, (begin, end) in enumerate(zip(first, np.append(first[1:], axis.n), strict=True)):
        ordered = np.sort(price[begin:end])
        for j, (charge, discharge, share) in enumerate(kinds.T):
            counts[:, d, j] = steps_that_pay(ordered, int(charge), int(discharge), float(share))
    return DayPlan(cheap, dear, day, counts[0], counts[1], kind.reshape(-1))


def steps_that_pay(ordered: Floats, charging: int, discharging: int, efficiency: float) -> tuple[int, int]:
    """Return in how many of a day's cheapest steps it pays to charge, and in how many of its dearest to discharge.

    The cheapest step is paired with the dearest, the next with the next. A pair pays if what is bought costs less than
    what comes of it is worth. With negative prices losses earn; still no step is in both lists.

    Parameters
    ----------
    ordered
        The day's prices, rising.
    charging, discharging
        Steps that it takes to fill and to empty the battery.
    """
    n = min(max(charging, discharging), len(ordered))
    if n == 0:
        return 0, 0
    pair = np.arange(n)
    cheap = ordered[np.minimum(pair, max(charging, 1) - 1)]
    dear = ordered[len(ordered) - 1 - np.minimum(pair, max(discharging, 1) - 1)]
    pays = (cheap < efficiency * dear) & (cheap < dear)
    m = n if pays.all() else int(pays.argmin())
    return min(m, charging), min(m, discharging)
