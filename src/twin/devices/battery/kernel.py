"""Batteries as stores of energy: what they can take and give, what they lose, and how they wear.

Between two changes of power a battery follows ``dE/dt = c eta_c - d / eta_d - s E``: charging and discharging power at
the terminals, their efficiencies, and self-discharge. Over a step of constant power that is solved exactly, with
``k = exp(-s dt)`` and ``g = (1 - k) / s``: ``E1 = k E0 + g (c eta_c - d / eta_d)``.

Wear is linear: the capacity loses a fifth over ``cycle_life`` full equivalent cycles and a fifth over the calendar
life, and both add up. The sum of independently fitted parts is the usual engineering model; that they do not strictly
add is shown by Redondo-Iglesias, Venet & Pelissier 2020, doi 10.3390/batteries6010014. A full equivalent cycle is a
throughput of the cells of twice the capacity when new. Linearity in both is our planning assumption: temperature, depth
of discharge and the square root of time of fresh cells are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.devices.battery.model import CAPACITY_LEFT_AT_END_OF_LIFE

__all__ = ["Batteries", "Results", "advance", "health", "largest_net_load"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Batteries:
    """``n`` batteries and the step by which they are followed; all arrays have the shape ``(n,)``.

    Attributes
    ----------
    capacity
        Usable energy when new, J.
    power
        Most power at the terminals, either way, W.
    charge_efficiency, discharge_efficiency
        Energy stored per energy taken in, energy given per energy taken from the store.
    self_discharge
        Share of what is held that is lost per time, 1/s.
    soc_min, soc_max
        Limits of discharging and charging, as shares of the capacity that is left.
    cycle_life, calendar_life
        Full equivalent cycles, and seconds, that wear a battery down to 80 %.
    step_s
        Length of a step, s.
    """

    capacity: Floats
    power: Floats
    charge_efficiency: Floats
    discharge_efficiency: Floats
    self_discharge: Floats
    soc_min: Floats
    soc_max: Floats
    cycle_life: Floats
    calendar_life: Floats
    step_s: int

    @cached_property
    def kept(self) -> Floats | None:
        """Share of what is held that is still there a step later; None if nothing is lost."""
        return np.exp(-self.self_discharge * self.step_s) if self.self_discharge.any() else None

    @cached_property
    def gain(self) -> Floats:
        """Energy at a step's end per power into the store during it, J/W: a little less than the step is long."""
        decay = self.self_discharge * self.step_s
        safe = np.where(decay > 0, decay, 1.0)
        return self.step_s * np.where(decay > 0, -np.expm1(-decay) / safe, 1.0)

    @cached_property
    def stored_per_charging(self) -> Floats:
        """Energy at a step's end per charging power at the terminals, J/W."""
        return self.gain * self.charge_efficiency

    @cached_property
    def taken_per_discharging(self) -> Floats:
        """Energy that lacks at a step's end per discharging power at the terminals, J/W."""
        return self.gain / self.discharge_efficiency

    @cached_property
    def charging_per_energy(self) -> Floats:
        """Inverse of `stored_per_charging`, W/J."""
        return 1.0 / self.stored_per_charging

    @cached_property
    def discharging_per_energy(self) -> Floats:
        """Inverse of `taken_per_discharging`, negative as energy taken out is, W/J."""
        return -1.0 / self.taken_per_discharging

    @cached_property
    def negative_power(self) -> Floats:
        """Power of full discharging, W."""
        return -self.power

    @cached_property
    def zeros(self) -> Floats:
        """Nothing, as an array: NumPy compares two arrays twice as fast as an array and a number."""
        return np.zeros_like(self.power)

    @cached_property
    def cycling_per_energy(self) -> Floats:
        """Full equivalent cycles per time, per energy that a step moves into or out of the cells, 1/(s J)."""
        return 0.5 / (self.capacity * self.gain)


@dataclass(frozen=True)
class Results:
    """What batteries did: arrays ``(step, n)`` that `advance` fills.

    ``charging``, ``discharging`` and ``losses`` are means over a step (W), ``stored`` is what its end finds (J),
    ``cycling`` counts full equivalent cycles per time (1/s).
    """

    charging: Floats
    discharging: Floats
    losses: Floats
    stored: Floats
    cycling: Floats

    @classmethod
    def empty(cls, steps: int, n: int) -> Results:
        """Return results yet to be filled."""
        return cls(*(np.empty((steps, n)) for _ in range(5)))

    def rows(self, rows: slice) -> Results:
        """Return views of some steps."""
        return Results(*(a[rows] for a in (self.charging, self.discharging, self.losses, self.stored, self.cycling)))


def health(batteries: Batteries, cycles: Floats, age_s: float) -> Floats:
    """Return the capacity that is left over the one when new, ``(n,)``, after full equivalent cycles and time."""
    worn = cycles / batteries.cycle_life + age_s / batteries.calendar_life
    return np.asarray(np.maximum(1.0 - (1.0 - CAPACITY_LEFT_AT_END_OF_LIFE) * worn, 0.0))


def largest_net_load(surplus: Floats, before: Floats) -> Floats:
    """Return the largest net load up to and with every step, ``(step, n)``, given that before the first, W."""
    running = np.negative(surplus)
    np.maximum(running[:1], before, out=running[:1])
    return np.maximum.accumulate(running, axis=0, out=running)


def advance(
    batteries: Batteries,
    stored: Floats,
    capacity: Floats,
    wanted: Floats,
    out: Results,
    below: Floats | None = None,
    reserve: Floats | None = None,
) -> None:
    """Follow batteries through steps during which their capacity does not change.

    What is wanted is cut to what the inverter can (power), then to what the store can (limits of its state of charge).
    What a worn battery no longer holds is lost at the first step. Self-discharge goes on below the lower limit.

    Parameters
    ----------
    stored
        Energy held before the first step, J, shape ``(n,)``.
    capacity
        Capacity that is left, J, shape ``(n,)``.
    wanted
        Power at the terminals, charging positive, W, shape ``(step, n)``; spoiled.
    out
        Filled.
    below, reserve
        If given, ``below`` is wanted as long as less than ``reserve`` (J, ``(n,)``) is held, and ``wanted`` only once
        more is; ``below`` is nowhere less than ``wanted``. The mean over the step in which the reserve is reached lies
        between, exactly so that it is. Spoiled, too.
    """
    scratch = out.losses  # free until the end
    _to_energy(batteries, wanted, scratch)
    if below is not None:
        _to_energy(batteries, below, scratch)
    low, high = batteries.soc_min * capacity, batteries.soc_max * capacity
    _follow(batteries.kept, stored, (low, high), wanted, out.stored, below, reserve)
    moved = wanted
    np.abs(moved, out=out.cycling)
    np.multiply(out.cycling, batteries.cycling_per_energy, out=out.cycling)
    np.multiply(moved, batteries.charging_per_energy, out=out.charging)
    np.maximum(out.charging, batteries.zeros, out=out.charging)
    np.multiply(moved, batteries.discharging_per_energy, out=out.discharging)
    np.maximum(out.discharging, batteries.zeros, out=out.discharging)
    # all that goes in and neither comes out nor is there at the end
    losses = out.losses
    np.subtract(stored, out.stored[0], out=losses[0])
    np.subtract(out.stored[:-1], out.stored[1:], out=losses[1:])
    losses *= 1.0 / batteries.step_s
    losses += out.charging
    losses -= out.discharging


def _to_energy(batteries: Batteries, power: Floats, scratch: Floats) -> None:
    """Turn power wanted at the terminals (W) into energy wanted in the store at a step's end (J), in place."""
    np.minimum(power, batteries.power, out=power)
    np.maximum(power, batteries.negative_power, out=power)
    np.multiply(power, batteries.taken_per_discharging, out=scratch)  # the smaller one where power is negative
    power *= batteries.stored_per_charging
    np.minimum(power, scratch, out=power)


def _follow(
    kept: Floats | None,
    stored: Floats,
    limits: tuple[Floats, Floats],
    wanted: Floats,
    out: Floats,
    below: Floats | None,
    reserve: Floats | None,
) -> None:
    """Fill ``out`` with what is held at the end of every step, and ``wanted`` with the energy really moved, J."""
    low, high = limits
    buffer, floor, aim = np.empty_like(stored), np.empty_like(stored), np.empty_like(stored)
    steps = zip(wanted, wanted if below is None else below, out, strict=True)
    for k, (energy, more, now) in enumerate(steps):
        left = stored if kept is None else np.multiply(stored, kept, out=buffer)
        if k == 0:
            left = np.minimum(left, high, out=buffer)
        np.minimum(left, low, out=floor)
        np.add(left, energy, out=now)
        if reserve is not None:
            np.maximum(now, reserve, out=now)
            np.add(left, more, out=aim)
            np.minimum(now, aim, out=now)
        np.minimum(now, high, out=now)
        np.maximum(now, floor, out=now)
        np.subtract(now, left, out=energy)
        stored = now
