"""Solar collectors and the tank of hot water that they feed: what is collected, drawn, lost and held.

The heat of a collector follows EN ISO 9806 for steady state, per aperture

    q = eta0 G - a1 (T_m - T_a) - a2 (T_m - T_a)**2

with the irradiance G on its plane, the air's temperature T_a and the fluid's mean one T_m, here a constant above that
of the tank. A pump runs while the sun shines and this is above 0. The tank is water of one temperature, at which cold
water enters below and is drawn off above: it preheats what is drawn up to 60 degC, and beyond that cold water is mixed
in. At 95 degC the pumps stop and the collectors stagnate.

Between temperatures at which something switches (a pump, the mixer, stagnation), the tank obeys a linear equation,
solved exactly (`twin.devices.water`); of the collectors' square term the tangent at the step's start is taken.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.devices.water import SURROUNDINGS_DEGC, arrival, relax

__all__ = [
    "COLD_WATER_DEGC",
    "COLLECTOR_ABOVE_TANK_K",
    "HOT_WATER_DEGC",
    "TANK_LIMIT_DEGC",
    "Collectors",
    "TankFlows",
    "Tanks",
    "collector_heat",
    "step",
]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64] | slice

COLD_WATER_DEGC = 10.0  # EN 16147 and EN 13203 draw hot water from there
HOT_WATER_DEGC = 60.0
TANK_LIMIT_DEGC = 95.0  # below the boiling point, as controllers of solar pumps are commonly set at most
# Half the rise across the collectors and what the heat exchanger needs, some 10 K, less what the bottom of a layered
# tank is colder than its mean (planning assumption)
COLLECTOR_ABOVE_TANK_K = 5.0


@dataclass(frozen=True)
class Collectors:
    """Collectors by place and tank, every attribute of shape ``(place, tank)``; empty places have no area.

    Attributes
    ----------
    area
        Aperture, m2.
    eta0
        Efficiency without losses.
    a1, a2
        Coefficients of the losses, W/(m2 K) and W/(m2 K2).
    """

    area: Floats
    eta0: Floats
    a1: Floats
    a2: Floats


@dataclass(frozen=True)
class Tanks:
    """Tanks, every attribute of shape ``(tank,)``: heat capacity, J/K, and standing loss, W/K."""

    capacity: Floats
    loss: Floats


@dataclass(frozen=True)
class TankFlows:
    """What happened in a step, J, every attribute of shape ``(tank,)``.

    Attributes
    ----------
    collected
        Given to the tank by the collectors.
    delivered
        In the water drawn off.
    lost
        Given to the surroundings.
    """

    collected: Floats
    delivered: Floats
    lost: Floats


def collector_heat(collectors: Collectors, irradiance: Floats, warmth: Floats) -> Floats:
    """Return the heat that collectors give, W, as EN ISO 9806 has it, with the pump off where there would be none.

    Parameters
    ----------
    irradiance
        On the plane of the collectors, W/m2.
    warmth
        Of the fluid above the air, K; where the air is warmer, the square term is left out.
    """
    losses = collectors.a1 * warmth + collectors.a2 * np.maximum(warmth, 0.0) ** 2
    heat = collectors.area * (collectors.eta0 * irradiance - losses)
    return np.where(irradiance > 0.0, np.maximum(heat, 0.0), 0.0)


def step(
    temperature: Floats,
    tanks: Tanks,
    collectors: Collectors,
    irradiance: Floats,
    outdoor: Floats,
    demand: Floats,
    step_s: float,
) -> tuple[Floats, TankFlows]:
    """Advance tanks by a step in which sun, air and demand stay as they are.

    Parameters
    ----------
    temperature
        Of the tanks at the step's start, from `COLD_WATER_DEGC` to `TANK_LIMIT_DEGC`, ``(tank,)``.
    irradiance, outdoor
        W/m2 and degC, ``(place, tank)``.
    demand
        Heat in the hot water drawn off, all of `HOT_WATER_DEGC`, W, ``(tank,)``.

    Returns
    -------
    temperature, flows
        At the step's end, and what came and went; the balance closes to rounding errors, whatever the step.
    """
    n = len(temperature)
    lines = _Lines.at(temperature, collectors, irradiance, outdoor)
    run = _Run(temperature.copy(), np.full(n, float(step_s)), tanks, demand, lines, *np.zeros((3, n)))
    run.advance(slice(None))
    while len(rows := np.flatnonzero(run.left > 0.0)):
        run.advance(rows)
    return run.temperature, TankFlows(run.collected, run.delivered, run.lost)


class _Lines(NamedTuple):
    """Heat of collectors as straight lines over the temperature of their tank, every attribute ``(place, tank)``.

    Attributes
    ----------
    intercept, slope
        Heat is ``intercept - slope * temperature``, W and W/K.
    off
        Temperature of the tank from which on there would be none, degC.
    """

    intercept: Floats
    slope: Floats
    off: Floats

    @classmethod
    def at(cls, temperature: Floats, collectors: Collectors, irradiance: Floats, outdoor: Floats) -> _Lines:
        """Return the tangents at a temperature of the tanks."""
        warmth = np.maximum(temperature + COLLECTOR_ABOVE_TANK_K - outdoor, 0.0)
        slope = collectors.a1 + 2.0 * collectors.a2 * warmth
        at_zero = collectors.eta0 * irradiance + collectors.a2 * warmth**2 + slope * (outdoor - COLLECTOR_ABOVE_TANK_K)
        lit = (irradiance > 0.0) & (collectors.area > 0.0)
        off = np.divide(at_zero, slope, out=np.full_like(slope, np.inf), where=slope > 0.0)
        off[~lit] = -np.inf
        intercept, slope = np.where(lit, collectors.area * np.stack([at_zero, slope]), 0.0)
        return cls(intercept, slope, off)


@dataclass
class _Run:
    """One step of many tanks on its way from switching to switching.

    Attributes
    ----------
    temperature, left
        Where they are, degC, and the time left, s, ``(tank,)``.
    collected, delivered, lost
        As `TankFlows` has it, up to now.
    """

    temperature: Floats
    left: Floats
    tanks: Tanks
    demand: Floats
    lines: _Lines
    collected: Floats
    delivered: Floats
    lost: Floats

    def advance(self, rows: Rows) -> None:
        """Go on to the next switching, or to the end of the step."""
        now, left, demand = self.temperature[rows], self.left[rows], self.demand[rows]
        intercept, slope, off = (values[:, rows] for values in self.lines)
        capacity, loss = self.tanks.capacity[rows], self.tanks.loss[rows]
        per_kelvin = demand / (HOT_WATER_DEGC - COLD_WATER_DEGC)
        drawn = np.minimum(per_kelvin * (now - COLD_WATER_DEGC), demand)
        gained = np.maximum(intercept - slope * now, 0.0).sum(axis=0)
        rising = gained > drawn + loss * (now - SURROUNDINGS_DEGC)
        stagnant = rising & (now >= TANK_LIMIT_DEGC)

        on = np.where(rising, now < off, now <= off)
        mixed = np.where(rising, now >= HOT_WATER_DEGC, now > HOT_WATER_DEGC)  # all of the demand is met
        intercept, slope = (np.where(on, values, 0.0).sum(axis=0) for values in (intercept, slope))
        draw, base = np.where(mixed, 0.0, per_kelvin), np.where(mixed, demand, -COLD_WATER_DEGC * per_kelvin)

        drive = (intercept - base + loss * SURROUNDINGS_DEGC) / capacity
        rate = (slope + draw + loss) / capacity
        edge = _next_edge(now, rising, off)
        until = arrival(now, edge, drive, rate)
        spent = np.minimum(until, left)
        after, integral = relax(now, drive, rate, spent)
        integral = np.where(stagnant, now * spent, integral)
        delivered = draw * integral + base * spent
        lost = loss * (integral - SURROUNDINGS_DEGC * spent)
        self.collected[rows] += np.where(stagnant, delivered + lost, intercept * spent - slope * integral)
        self.delivered[rows] += delivered
        self.lost[rows] += lost
        self.temperature[rows] = np.where(stagnant, now, np.where(until <= left, edge, after))
        self.left[rows] = left - spent


def _next_edge(now: Floats, rising: NDArray[np.bool_], off: Floats) -> Floats:
    """Return the next temperature on a tank's way at which something switches."""
    above = np.where(off > now, off, np.inf).min(axis=0)
    below = np.where(off < now, off, -np.inf).max(axis=0)
    above = np.minimum(above, np.where(now < HOT_WATER_DEGC, HOT_WATER_DEGC, TANK_LIMIT_DEGC))
    below = np.maximum(below, np.where(now > HOT_WATER_DEGC, HOT_WATER_DEGC, COLD_WATER_DEGC))
    return np.asarray(np.where(rising, above, below))
