"""How a vehicle charges: what its battery takes, what voltage leaves of its power, and how points share what there is.

A battery takes constant power up to a share of charge and from there on less and less, down to nothing when full: the
two-stage model of Lee, Li & Low 2019 (ACN-Sim's ``Linear2StageBattery``, doi 10.1145/3307772.3328313), here solved
exactly in time instead of step by step. In the second stage the most power is ``room / tau``, where ``room`` is what
the battery could still hold, so at less than full power the first stage lasts longer. A vehicle charges until nothing
is ``missing`` to its target; ``spare`` is the room that it leaves above.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["charged", "droop", "last_energy", "seconds_needed", "share_out"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TINY_W = 1e-9
_ROUNDING = 1e-12


def droop(voltage: Floats, low: Floats, high: Floats, least: Floats) -> Floats:
    """Return the share of its power that each point gives: all of it from ``high``, ``least`` of it towards ``low``.

    Parameters
    ----------
    voltage, low, high
        In pu, ``(point,)``.
    least
        Share kept at the lowest voltage, ``(point,)``.
    """
    share: Floats = np.minimum(np.maximum((voltage - low) / (high - low), least), 1.0)
    return share


def charged(missing: Floats, seconds: Floats, power: Floats, spare: Floats, tau: Floats) -> Floats:
    """Return the energy that batteries take in some time at no more than some power, J.

    Parameters
    ----------
    missing
        Energy to the target, J; no more is taken.
    seconds
        For how long, s.
    power
        Most power of the first stage, W.
    spare
        Room that is left above the target, J.
    tau
        Room over power in the second stage, s; above 0.
    """
    room = missing + spare
    bend = power * tau  # room at which the second stage begins
    flat = np.minimum(seconds, np.maximum(room - bend, 0.0) / np.maximum(power, _TINY_W))
    falling = np.minimum(room, bend) * -np.expm1((flat - seconds) / tau)
    return np.asarray(np.minimum(power * flat + falling, missing))


def seconds_needed(missing: Floats, power: Floats, spare: Floats, tau: Floats) -> Floats:
    """Return for how long vehicles must charge at full power to get what is missing, s; parameters as of `charged`."""
    bend = power * tau
    room = np.minimum(missing + spare, bend)
    flat = np.clip(missing + spare - bend, 0.0, missing) / np.maximum(power, _TINY_W)
    return np.asarray(flat + tau * _log_ratio(room, spare))


def last_energy(seconds: Floats, power: Floats, spare: Floats, tau: Floats) -> Floats:
    """Return what the last seconds at full power before the target give, J; the inverse of `seconds_needed`."""
    bend = power * tau
    late = np.minimum(seconds, tau * _log_ratio(bend, spare))
    return np.asarray(np.minimum(spare, bend) * np.expm1(late / tau) + power * (seconds - late))


def _log_ratio(room: Floats, spare: Floats) -> Floats:
    """Return the logarithm of room over spare, 0 where there is less room than that."""
    ratio = np.divide(room, np.minimum(spare, room), out=np.ones_like(room), where=room > 0)
    return np.asarray(np.log(ratio))


def share_out(amount: Floats, group: Ints, least: Floats, most: Floats, firm: bool) -> Floats:
    """Return the power each point gets of what its group has: first come, first served, down the rows.

    Parameters
    ----------
    amount
        Power of each group, W, ``(group,)``; may be negative.
    group
        Group of each point, ``(point,)``; of two points of a group the earlier row comes first.
    least
        Power below which a point does not charge, W, ``(point,)``.
    most
        Its full power, W, ``(point,)``.
    firm
        Whether all points get their least, even if there is not so much; else only as many as there is enough for.
    """
    order = np.argsort(group, kind="stable")
    owner, least, most = group[order], least[order], most[order]
    first = np.searchsorted(owner, owner)
    there = np.maximum(amount[owner], 0.0)
    begun = least
    if not firm:
        begun = np.where(_before(least, first) + least <= there * (1.0 + _ROUNDING), least, 0.0)
    left = there - np.bincount(owner, begun, minlength=len(amount))[owner]
    more = np.where(begun > 0, most - least, 0.0) if not firm else most - least
    shares = np.empty_like(most)
    shares[order] = begun + np.clip(left - _before(more, first), 0.0, more)
    return shares


def _before(values: Floats, first: Ints) -> Floats:
    """Return the sum of earlier values of the same group; ``first`` is the row with which each row's group begins."""
    before = np.cumsum(values) - values
    return np.asarray(before - before[first])
