"""Water stores behind heaters: what they hold, lose and give, and when the heater runs, exact for steps of any length.

A store is water of one temperature (fully mixed) that loses heat in proportion to how much warmer it is than its
surroundings. Heater and rooms stand side by side at it: what the heater makes beyond the demand warms the water, what
it lacks is drawn from the water down to the lower edge of the band. What a heater makes just as it is asked for passes
the store by. With a constant flow ``q`` into the water

    C dx/dt = q - UA x,    x(t) = x(0) exp(-k t) + q/C (1 - exp(-k t)) / k,    k = UA / C

holds for the warmth ``x`` above the surroundings (one-node store, as in Duffie & Beckman, Solar Engineering of Thermal
Processes, chapter on energy storage). Solved for the time at which an edge of the band is reached, it says when the
heater switches, so that no switching waits for the end of a step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.devices.water import arrival, relax

__all__ = ["DRAW", "FILL", "FOLLOW", "LOCKED", "THERMOSTAT", "Store", "StoreFlows", "StoreState", "step", "two_point"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.int64] | slice

# What decides over a heater
FOLLOW = 0  # makes what is asked for; the store helps where that is more than it can make
FILL = 1  # full power until the store is full, then as FOLLOW and what keeps it full
DRAW = 2  # off until the store is empty, then as FOLLOW
THERMOSTAT = 3  # full power from the lower edge of the band to the upper one, then off down to the lower one
LOCKED = 4  # off, and so is the back-up


@dataclass(frozen=True)
class Store:
    """Stores and their heaters, every attribute of shape ``(n,)``; a heater without one has a band of no width.

    Attributes
    ----------
    capacity
        Heat per warmth, J/K; above 0.
    loss
        Standing loss per warmth, W/K.
    low, high
        Band, K above the surroundings.
    heater
        Most heat that the heater can make, W.
    """

    capacity: Floats
    loss: Floats
    low: Floats
    high: Floats
    heater: Floats

    def take(self, rows: Rows) -> Store:
        """Return some of them."""
        return Store(self.capacity[rows], self.loss[rows], self.low[rows], self.high[rows], self.heater[rows])

    def stored(self, warmth: Floats) -> Floats:
        """Return the heat held above the lower edge, J; below 0 where standing losses took it lower."""
        return np.asarray(self.capacity * (warmth - self.low))


@dataclass(frozen=True)
class StoreState:
    """What goes from step to step, every attribute of shape ``(n,)``.

    Attributes
    ----------
    warmth
        Of the water above the surroundings, K.
    calling
        Whether the thermostat asks for heat.
    running
        Whether the heater makes heat.
    """

    warmth: Floats
    calling: Flags
    running: Flags


@dataclass(frozen=True)
class StoreFlows:
    """What happened in a step, every attribute of shape ``(n,)``.

    Attributes
    ----------
    direct
        Made by the heater as it was asked for, past the store, J.
    heat
        Made by the heater at the temperature of the store, J.
    level
        Where in the band the water stood then, mean by heat: 0 at the lower edge, 1 at the upper one.
    backup
        Made by the electric back-up, J.
    unserved
        Asked for and not given, J.
    losses
        Standing losses, J.
    starts
        How often the heater started.
    """

    direct: Floats
    heat: Floats
    level: Floats
    backup: Floats
    unserved: Floats
    losses: Floats
    starts: Floats


def two_point(on: Flags, temperature: Floats, low: Floats, high: Floats) -> Flags:
    """Return whether a two-point controller with hysteresis is on: from the lower edge until the upper one."""
    return np.asarray((temperature <= low) | (on & (temperature < high)))


def step(
    state: StoreState, store: Store, mode: NDArray[np.integer], demand: Floats, step_s: float
) -> tuple[StoreState, StoreFlows]:
    """Advance stores by a step in which demands and modes stay as they are.

    Parameters
    ----------
    mode
        `FOLLOW`, `FILL`, `DRAW`, `THERMOSTAT` or `LOCKED`, ``(n,)``.
    demand
        Heat asked for, W, ``(n,)``.

    Notes
    -----
    Goes from switching to switching; the whole cycles of a thermostat are taken at once, so the work does not grow
    with their number.
    """
    run = _Run(state, store, mode, demand, step_s)
    run.advance(slice(None))
    while len(rows := np.flatnonzero(run.left > 0.0)):
        run.advance(rows)
    return run.result()


class _Run:
    """One step of many stores on its way from switching to switching."""

    def __init__(
        self, state: StoreState, store: Store, mode: NDArray[np.integer], demand: Floats, step_s: float
    ) -> None:
        n = len(demand)
        self._store, self._mode, self._demand = store, mode, demand
        self._warmth = state.warmth.copy()
        self._calling, self._running = state.calling.copy(), state.running.copy()
        self.left = np.full(n, float(step_s))
        self._direct, self._heat, self._backup, self._unserved = np.zeros((4, n))
        self._heat_warmth, self._warm_seconds, self._starts = np.zeros((3, n))

    def result(self) -> tuple[StoreState, StoreFlows]:
        """Return state and flows at the end of the step."""
        store, width = self._store, self._store.high - self._store.low
        above = self._heat_warmth - store.low * self._heat
        scale = width * self._heat
        level = np.divide(above, scale, out=np.zeros_like(scale), where=scale > 0.0)
        flows = StoreFlows(
            self._direct,
            self._heat,
            level,
            self._backup,
            self._unserved,
            store.loss * self._warm_seconds,
            self._starts,
        )
        return StoreState(self._warmth, self._calling, self._running), flows

    def advance(self, rows: Rows) -> None:
        """Go on to the next switching, or to the end of the step."""
        store, demand, mode = self._store.take(rows), self._demand[rows], self._mode[rows]
        warmth = self._warmth[rows]
        self._calling[rows] = calling = two_point(self._calling[rows], warmth, store.low, store.high)
        cycling = calling & (mode == THERMOSTAT) & (warmth == store.low) & _may_cycle(demand, store, self.left[rows])
        if cycling.any():
            there = np.flatnonzero(cycling)
            self._cycle(np.arange(len(self._demand))[rows][there], store.take(there), demand[there])
        left = self.left[rows]
        power = _heater_power(mode, calling, warmth, demand, store)
        serving = warmth > store.low
        flow = power - demand
        lacking = np.where(serving, 0.0, np.maximum(-flow, 0.0))
        flow = flow + lacking
        full = (mode == FILL) & (warmth >= store.high) & (demand + store.loss * warmth <= store.heater)  # and stays so
        past = (mode == FOLLOW) | ((mode == DRAW) & ~serving) | full
        direct = np.where(past, np.minimum(demand, power), 0.0)
        into = power - direct
        edge, until = _next_edge(warmth, flow, store)
        spent = np.minimum(until, left)
        after, warm_seconds = _relax(warmth, flow, store, spent)
        self._warmth[rows] = np.where(full, warmth, np.where(until <= left, edge, after))
        self._warm_seconds[rows] += warm_seconds
        self._direct[rows] += direct * spent
        self._heat[rows] += into * spent
        self._heat_warmth[rows] += into * warm_seconds
        locked = mode == LOCKED
        self._unserved[rows] += np.where(locked, lacking, 0.0) * spent
        self._backup[rows] += np.where(locked, 0.0, lacking) * spent
        runs = power > 0.0
        self._starts[rows] += runs & ~self._running[rows]
        self._running[rows] = runs
        self.left[rows] = left - spent

    def _cycle(self, rows: NDArray[np.int64], store: Store, demand: Floats) -> None:
        """Take all whole cycles of thermostats that stand at the lower edge at once; they end where they began."""
        up, down = store.heater - demand, -demand
        rise = _next_edge(store.low, up, store)[1]
        fall = _next_edge(store.high, down, store)[1]
        cycle = rise + fall
        repeats = cycle <= self.left[rows]  # never where one does not end
        if not repeats.any():
            return
        rows, store = rows[repeats], store.take(np.flatnonzero(repeats))
        up, down, rise, fall, cycle = up[repeats], down[repeats], rise[repeats], fall[repeats], cycle[repeats]
        number = np.floor(self.left[rows] / cycle)
        rising = _relax(store.low, up, store, rise)[1]
        falling = _relax(store.high, down, store, fall)[1]
        self._warm_seconds[rows] += number * (rising + falling)
        self._heat[rows] += number * store.heater * rise
        self._heat_warmth[rows] += number * store.heater * rising
        self._starts[rows] += number - self._running[rows]
        self._running[rows] = False
        self.left[rows] = np.maximum(self.left[rows] - number * cycle, 0.0)


def _heater_power(mode: NDArray[np.integer], calling: Flags, warmth: Floats, demand: Floats, store: Store) -> Floats:
    """Return the heat that heaters make until something switches, W."""
    full = store.heater
    follow = np.minimum(demand, full)
    keep = np.minimum(demand + store.loss * warmth, full)
    fill = np.where(warmth < store.high, full, keep)
    draw = np.where(warmth > store.low, 0.0, follow)
    return np.asarray(np.choose(mode, [follow, fill, draw, np.where(calling, full, 0.0), 0.0]))


def _may_cycle(demand: Floats, store: Store, left: Floats) -> Flags:
    """Return where a band could be filled by nothing but the heater and emptied at the fastest in the time left."""
    drain = demand + store.loss * store.high
    return np.asarray(store.capacity * (store.high - store.low) * (store.heater + drain) <= left * store.heater * drain)


def _next_edge(warmth: Floats, flow: Floats, store: Store) -> tuple[Floats, Floats]:
    """Return the edge of the band towards which the water goes, and the seconds until it is there, inf if never."""
    rate, now = store.loss / store.capacity, flow / store.capacity
    edge = np.where(now > rate * warmth, store.high, store.low)
    return edge, arrival(warmth, edge, now, rate)


def _relax(warmth: Floats, flow: Floats, store: Store, seconds: Floats) -> tuple[Floats, Floats]:
    """Return the warmth after some seconds of constant flow, and its integral over them, K s."""
    return relax(warmth, flow / store.capacity, store.loss / store.capacity, seconds)
