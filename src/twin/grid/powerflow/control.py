"""Inverters that follow the voltage, and generators that hold it: solved inside the batch, for all steps at once.

Powers and voltages are found in turns. Between two power flows, how the voltages answer to the controlled powers is
taken to be linear, with the sensitivities of the unloaded network, and the controls are settled against that by a
projected Gauss-Seidel iteration; each turn leaves about the relative voltage drop of what the one before left. Every
step stops on its own test.

Source: Q(V) and P(V) characteristics as in VDE-AR-N 4105 and IEEE 1547; limits of reactive power as a linear
complementarity problem, Cottle, Pang & Stone, The Linear Complementarity Problem (1992), ch. 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.holding import Holding, held_ports
from twin.grid.powerflow.network import Complex, Floats, Ints, Solution, Status
from twin.grid.powerflow.solve import PowerFlow

__all__ = ["Controlled", "Curve", "Setpoints", "solve_controlled"]

TOLERANCE_PU = 1e-9  # of the change of voltage that a control's way to rest would still make
_MOST_TURNS = 40
_MOST_SWEEPS = 100


@dataclass(frozen=True)
class Curve:
    """A characteristic of some elements: power as a piecewise linear function of voltage that nowhere rises with it.

    Attributes
    ----------
    element
        Rows of the connected elements, shape ``(m,)``.
    voltage, value
        Corners: voltage over nominal, rising, and power over ``rating``, not rising, shape ``(p,)``. Beyond the first
        and the last, their value holds.
    rating
        Of each element, per unit of ``base_va``, shape ``(m,)``.
    active
        Volt-watt: active power is at most what the curve says; volt-var: reactive power is what it says.
    """

    element: Ints
    voltage: Floats
    value: Floats
    rating: Floats
    active: bool = False

    @property
    def slope(self) -> Floats:
        """How steeply the power falls at most, of each element."""
        steepest = np.max(-np.diff(self.value) / np.diff(self.voltage), initial=0.0)
        return np.asarray(steepest * self.rating)


@dataclass(frozen=True)
class Setpoints:
    """Generators that hold the voltage while their reactive power allows it (PV nodes).

    Attributes
    ----------
    element
        Rows of the connected elements, shape ``(m,)``.
    voltage
        To be held, over nominal.
    least, most
        Reactive power that can be fed in, per unit of ``base_va``.
    """

    element: Ints
    voltage: Floats
    least: Floats
    most: Floats


@dataclass(frozen=True)
class Controlled:
    """What was found.

    Attributes
    ----------
    power
        That every element feeds in, shape ``(step, k)``.
    settled
        Whether all controls rest, shape ``(step,)``.
    """

    solution: Solution
    power: Complex
    settled: NDArray[np.bool_]


def solve_controlled(
    flow: PowerFlow,
    power: Complex,
    curves: Sequence[Curve] = (),
    setpoints: Setpoints | None = None,
    nodes: str | Ints | None = None,
) -> Controlled:
    """Solve the power flow of every step with elements that react to their voltage.

    Steps with generators that hold a voltage, and without curves, that do not come to rest by turns are solved by
    Newton's method (`twin.grid.powerflow.holding`), one by one.

    Parameters
    ----------
    power
        What every element feeds in before it reacts, shape ``(step, k)``: a volt-watt curve cuts its active part, the
        others replace its reactive part.
    nodes
        As for `PowerFlow.solve`.
    """
    devices = _devices(flow, curves, setpoints)
    given = np.asarray(power, dtype=np.complex128)
    power = given.copy()
    available = devices.parts(power)
    settled = np.zeros(len(power), dtype=bool)
    lost = np.zeros(len(power), dtype=bool)
    for _ in range(_MOST_TURNS):
        going = np.flatnonzero(~(settled | lost))
        if not len(going):
            break
        solution = flow.solve(power[going], nodes=devices.ends)
        lost[going] = solution.status == Status.COLLAPSED
        voltage, now = devices.magnitude(solution.voltage), devices.parts(power[going])
        settled[going] = (devices.off(voltage, now, available[going]) < TOLERANCE_PU) & ~lost[going]
        open_ = ~settled[going]
        with np.errstate(over="ignore", invalid="ignore"):  # turns may lead nowhere, which the next one finds
            wanted = devices.settle(voltage[open_], now[open_], available[going[open_]])
        power[going[open_]] = devices.put(power[going[open_]], wanted)
    left = np.flatnonzero(~settled)
    if setpoints is None or curves or not len(left):
        return Controlled(flow.solve(power, nodes), power, settled)
    power[left] = given[left]  # turns that lead nowhere may have ended at anything
    return _with_held(flow, power, setpoints, settled, nodes)


def _with_held(
    flow: PowerFlow, power: Complex, setpoints: Setpoints, settled: NDArray[np.bool_], nodes: str | Ints | None
) -> Controlled:
    """Solve the steps that taking turns has not settled by Newton's method with voltages that are held."""
    movable = ~np.isin(flow.connected.node[setpoints.element], flow.admittance.stiff)
    element = setpoints.element[movable]
    least, most = setpoints.least[movable], setpoints.most[movable]
    to_hold = setpoints.voltage[movable] * flow.connected.v_nominal[element]
    held, which = held_ports(flow.ports.of_element[element], element, to_hold, least, most)
    holding = Holding(flow.admittance, flow.ports, held, flow.tolerance)
    rows = flow.rows(nodes)
    found_at: dict[int, Complex] = {}
    for step in np.flatnonzero(~settled):
        bare = power[step].copy()
        bare[element] = bare[element].real
        found = holding.solve(bare)
        if found is not None:
            voltage, reactive = found
            power[step] = bare
            power[step, element] += 1j * _shared(reactive, which, least, most)
            settled[step] = True
            found_at[int(step)] = voltage
    by_turns = np.setdiff1d(np.arange(len(power)), np.array([*found_at], dtype=np.int64))
    solution = _spread(flow.solve(power[by_turns], rows), by_turns, len(power))
    for at, voltage in found_at.items():
        solution.voltage[at] = voltage[rows]
        solution.current[at] = flow.ports.element_currents(power[at][None], flow.ports.across(voltage)[None])[0]
        solution.status[at] = Status.BY_NEWTON
    return Controlled(solution, power, settled)


def _spread(solution: Solution, steps: Ints, n_steps: int) -> Solution:
    """Return the solution of some steps among all; zeros at the others."""
    parts = []
    for part in (solution.voltage, solution.current, solution.status, solution.iterations):
        whole = np.zeros((n_steps, *part.shape[1:]), dtype=part.dtype)
        whole[steps] = part
        parts.append(whole)
    return Solution(*parts)


def _shared(reactive: Floats, which: Ints, least: Floats, most: Floats) -> Floats:
    """Share the reactive power at ports among their generators by their ranges, evenly where these have no end."""
    span = np.where(np.isfinite(most - least), most - least, np.inf)
    total, number = np.zeros(len(reactive)), np.bincount(which, minlength=len(reactive))
    lowest = np.zeros(len(reactive))
    np.add.at(total, which, span)
    np.add.at(lowest, which, least)
    with np.errstate(invalid="ignore", divide="ignore"):
        part = least + (reactive - lowest)[which] * span / total[which]
    return np.where(np.isfinite(part), part, np.where(total[which] == 0, least, reactive[which] / number[which]))


@dataclass
class _Devices:
    """All controlled powers, one column each: active or reactive, by a curve or to hold a voltage."""

    element: Ints
    active: NDArray[np.bool_]
    curves: Sequence[Curve]
    setpoints: Setpoints | None
    nominal: Floats
    ends: Ints
    between: NDArray[np.bool_]
    sensitivity: Floats
    slope: Floats = field(init=False)

    def __post_init__(self) -> None:
        held = 0 if self.setpoints is None else len(self.setpoints.element)
        self.slope = np.concatenate([np.zeros(0), *(curve.slope for curve in self.curves), np.full(held, np.inf)])

    def parts(self, power: Complex) -> Floats:
        """Return the controlled parts of all powers, shape ``(step, m)``."""
        chosen = power[:, self.element]
        return np.where(self.active, chosen.real, chosen.imag)

    def put(self, power: Complex, parts: Floats) -> Complex:
        """Return the powers with other controlled parts."""
        changed = power.copy()
        for kind, numbers in ((True, changed.real), (False, changed.imag)):
            chosen = self.active == kind
            numbers[:, self.element[chosen]] = parts[:, chosen]
        return changed

    def magnitude(self, voltage: Complex) -> Floats:
        """Return the voltages over nominal, from those of `ends`."""
        m = len(self.element)
        return np.abs(voltage[:, :m] - np.where(self.between, voltage[:, m:], 0.0)) / self.nominal

    def target(self, column: int, voltage: Floats, now: Floats, available: Floats) -> Floats:
        """Return what a control asks for at a voltage if nothing else changes; all shapes ``(step,)``."""
        first = 0
        for curve in self.curves:
            if column < first + len(curve.element):
                asked = curve.rating[column - first] * np.interp(voltage, curve.voltage, curve.value)
                return np.asarray(np.minimum(asked, available) if curve.active else asked)
            first += len(curve.element)
        assert self.setpoints is not None
        k, own = column - first, self.sensitivity[column, column]
        if own == 0:  # at a source that keeps its voltage whatever happens
            return now
        moved = now + (self.setpoints.voltage[k] - voltage) / own
        return np.asarray(np.clip(moved, self.setpoints.least[k], self.setpoints.most[k]))

    def off(self, voltage: Floats, now: Floats, available: Floats) -> Floats:
        """Return how far the furthest control is from rest, as a change of voltage or of power, shape ``(step,)``."""
        furthest = np.zeros(len(voltage))
        for c in range(len(self.element)):
            gap = np.abs(self.target(c, voltage[:, c], now[:, c], available[:, c]) - now[:, c])
            np.maximum(furthest, gap * min(1.0, self.sensitivity[c, c]), out=furthest)
        return furthest

    def settle(self, voltage: Floats, now: Floats, available: Floats) -> Floats:
        """Return the powers at which all controls rest if voltages answer linearly."""
        voltage, now = voltage.copy(), now.copy()
        for _ in range(_MOST_SWEEPS):
            largest = 0.0
            for c in range(len(self.element)):
                steepness = self.slope[c] * self.sensitivity[c, c]
                damping = 1.0 if np.isinf(steepness) else 1.0 / (1.0 + steepness)
                change = damping * (self.target(c, voltage[:, c], now[:, c], available[:, c]) - now[:, c])
                now[:, c] += change
                voltage += change[:, None] * self.sensitivity[:, c]
                largest = max(largest, float(np.abs(change).max(initial=0.0)))
            if largest < TOLERANCE_PU / 10:
                break
        return now


def _devices(flow: PowerFlow, curves: Sequence[Curve], setpoints: Setpoints | None) -> _Devices:
    parts = [(curve.element, np.full(len(curve.element), curve.active)) for curve in curves]
    if setpoints is not None:
        parts.append((setpoints.element, np.zeros(len(setpoints.element), dtype=bool)))
    none = np.empty(0, dtype=np.int64)
    element = np.concatenate([none, *(p[0] for p in parts)])
    active = np.concatenate([none.astype(bool), *(p[1] for p in parts)])
    connected = flow.connected
    between = connected.other[element] >= 0
    ends = np.concatenate([connected.node[element], np.where(between, connected.other[element], 0)])
    nominal = connected.v_nominal[element]
    return _Devices(
        element,
        active,
        curves,
        setpoints,
        nominal,
        ends,
        between,
        _sensitivity(flow, element, active) / nominal[:, None],
    )


def _sensitivity(flow: PowerFlow, element: Ints, active: NDArray[np.bool_]) -> Floats:
    """Return what a power of one element adds to the voltage magnitude of another without load, shape ``(m, m)``."""
    port = flow.ports.of_element[element]
    impedance = flow.port_impedance(port)
    across = flow.ports.across(flow.no_load)[port]
    current = np.conj(np.where(active, 1.0, 1.0j) / across)
    direction = np.conj(across) / np.abs(across)
    return np.asarray((direction[:, None] * impedance * current).real)
