"""Inverters that follow the voltage, and generators that hold it: solved inside the batch, for all steps at once.

Curves are a part of the fixed point (`twin.grid.powerflow.reactions`). Steps that it does not bring to rest, next to
voltage collapse mostly, are solved in turns: power flow, by Newton's method where need be, and a move of the powers.

Generators that hold a voltage take turns with the power flow where there are more steps than generators. In between,
how the voltages answer to their reactive powers is taken to be linear, with the sensitivities of the unloaded network,
and they are settled against that by a projected Gauss-Seidel iteration; each turn leaves about the relative voltage
drop of what the one before left. Where others follow curves at the same time, every step learns its sensitivities from
its own turns. Every step stops on its own test.

Source: limits of reactive power as a linear complementarity problem, Cottle, Pang & Stone, The Linear Complementarity
Problem (1992), ch. 5; sensitivities from turns: Broyden, A class of methods for solving nonlinear simultaneous
equations, Mathematics of Computation 19 (1965).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.curves import Curve
from twin.grid.powerflow.holding import Holding, held_ports
from twin.grid.powerflow.network import GROUND, Complex, Floats, Ints, Solution, Status
from twin.grid.powerflow.reactions import Reaction, Reactions, sensitivity
from twin.grid.powerflow.solve import PowerFlow

__all__ = ["Controlled", "Curve", "Reactions", "Setpoints", "solve_controlled"]

TOLERANCE_PU = 1e-9  # of the change of voltage that a control's way to rest would still make
_MOST_TURNS = 40
_MOST_REACTIONS = 100  # turns of elements that follow curves; they may be small steps
_MOST_SWEEPS = 100


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
    curves: Sequence[Curve] | Reactions = (),
    setpoints: Setpoints | None = None,
    nodes: str | Ints | None = None,
    start: Complex | None = None,
) -> Controlled:
    """Solve the power flow of every step with elements that react to their voltage.

    Steps with generators that hold a voltage, and without curves, are solved by turns or by Newton's method
    (`twin.grid.powerflow.holding`), one by one: first by what is cheaper, then by the other what that leaves.

    Parameters
    ----------
    power
        What every element feeds in before it reacts, shape ``(step, k)``: a volt-watt curve cuts its active part, the
        others replace its reactive part.
    curves
        As they are, or made ready by ``Reactions(flow, curves)`` for many calls.
    nodes, start
        As for `PowerFlow.solve`.
    """
    given = np.array(power, dtype=np.complex128)
    reactions = curves if isinstance(curves, Reactions) else Reactions(flow, curves) if len(curves) else None
    if setpoints is None or not len(setpoints.element):
        return _reacted(flow, given, reactions, nodes, start)
    return _with_setpoints(flow, given, reactions, setpoints, nodes, start)


def _reacted(
    flow: PowerFlow, given: Complex, reactions: Reactions | None, nodes: str | Ints | None, start: Complex | None
) -> Controlled:
    """Solve every step with curves alone."""
    if reactions is None:
        solution = flow.solve(given, nodes, start)
        return Controlled(solution, given, solution.status != Status.COLLAPSED)
    power, settled = given.copy(), np.ones(len(given), dtype=bool)
    solution, lost = flow.react(power, reactions, nodes, start)
    if len(lost):
        power[lost], settled[lost], collapsed = _by_turns(flow, given[lost], reactions, start)
        _put(solution, lost[~collapsed], flow.solve(power[lost[~collapsed]], nodes, start))
        _put(solution, lost[collapsed], None)
    return Controlled(solution, power, settled & (solution.status != Status.COLLAPSED))


def _by_turns(
    flow: PowerFlow, given: Complex, reactions: Reactions, start: Complex | None
) -> tuple[Complex, NDArray[np.bool_], NDArray[np.bool_]]:
    """Let elements react in turns with the power flow, beginning with all the reactive power that they may feed in.

    Returns the powers, whether each step has come to rest, and whether it has collapsed.
    """
    reaction, power = Reaction(reactions, given, reactions.still_full), given.copy()
    ends, between = _ends(flow, reactions.element)
    settled, collapsed = np.zeros(len(given), dtype=bool), np.zeros(len(given), dtype=bool)
    across = np.ones((len(reactions.element), len(given)))
    for turn in range(1, _MOST_REACTIONS + 1):
        going = ~(settled | collapsed)
        if not going.any():
            break
        reaction.put(power)
        solution = flow.solve(power[going], ends, start)
        collapsed[going] = solution.status == Status.COLLAPSED
        across[:, going] = _across(solution.voltage, between).T
        going &= ~collapsed
        settled |= going & (reaction.move(across.copy(), going, turn) < TOLERANCE_PU)
    reaction.put(power)
    power[collapsed] = given[collapsed]
    return power, settled, collapsed


def _ends(flow: PowerFlow, element: Ints) -> tuple[Ints, NDArray[np.bool_]]:
    """Return the nodes of elements, then the other ends of these, and which of them have one that is not ground."""
    node, other = flow.connected.node[element], flow.connected.other[element]
    between = other != GROUND
    return np.concatenate([node, np.where(between, other, node)]), between


def _across(voltage: Complex, between: NDArray[np.bool_]) -> Floats:
    """Return the size of the voltages across elements from those of `_ends`, shape ``(step, m)``."""
    m = len(between)
    return np.abs(voltage[:, :m] - np.where(between, voltage[:, m:], 0.0))


def _put(into: Solution, steps: Ints, solution: Solution | None) -> None:
    """Write the solution of some steps among all; none where there is none."""
    into.voltage[steps] = 0.0 if solution is None else solution.voltage
    into.current[steps] = 0.0 if solution is None else solution.current
    into.status[steps] = Status.COLLAPSED if solution is None else solution.status
    into.iterations[steps] += 0 if solution is None else solution.iterations


def _with_setpoints(
    flow: PowerFlow,
    power: Complex,
    reactions: Reactions | None,
    setpoints: Setpoints,
    nodes: str | Ints | None,
    start: Complex | None,
) -> Controlled:
    """Solve every step with generators that hold voltages; ``power`` is overwritten.

    A turn's work grows with the generators, that of Newton's method with the steps: the cheaper one goes first.
    """
    if reactions is not None:
        settled = _take_turns(flow, power, np.arange(len(power)), reactions, setpoints, start)
        done = _reacted(flow, power, reactions, nodes, start)
        return Controlled(done.solution, done.power, settled & done.settled)
    given, left, held = power.copy(), np.arange(len(power)), dict[int, Complex]()
    newton_first = len(setpoints.element) > len(power)
    for by_newton in (newton_first, not newton_first):
        if not len(left):
            break
        if by_newton:
            found = _hold(flow, power, left, setpoints)
            held |= found
            left = np.setdiff1d(left, np.array([*found], dtype=np.int64))
        else:
            left = left[~_take_turns(flow, power, left, None, setpoints, start)]
            power[left] = given[left]  # turns that lead nowhere may have ended at anything
    settled = ~np.isin(np.arange(len(power)), left)
    return Controlled(_with_held(flow, power, held, nodes, start), power, settled)


def _take_turns(
    flow: PowerFlow,
    power: Complex,
    steps: Ints,
    reactions: Reactions | None,
    setpoints: Setpoints,
    start: Complex | None,
) -> NDArray[np.bool_]:
    """Let generators and power flow take turns at some steps; return which come to rest. Writes their powers."""
    holders = _Holders(flow, setpoints)
    settled, lost = np.zeros(len(steps), dtype=bool), np.zeros(len(steps), dtype=bool)
    learning = None if reactions is None else _Learning(holders.sensitivity, len(steps))
    for _ in range(_MOST_TURNS):
        going = np.flatnonzero(~(settled | lost))
        if not len(going):
            break
        drawn = power[steps[going]]
        found = _reacted(flow, drawn, reactions, holders.ends, start)
        lost[going] = ~found.settled
        voltage, now = holders.magnitude(found.solution.voltage), drawn[:, setpoints.element].imag
        settled[going] = (holders.off(voltage, now) < TOLERANCE_PU) & ~lost[going]
        open_ = ~settled[going]
        answer = holders.sensitivity[None] if learning is None else learning.improved(going, voltage, now)[open_]
        with np.errstate(over="ignore", invalid="ignore"):  # turns may lead nowhere, which the next one finds
            wanted = holders.settle(voltage[open_], now[open_], answer)
        power.imag[steps[going[open_]][:, None], setpoints.element] = wanted
    return settled


def _hold(flow: PowerFlow, power: Complex, steps: Ints, setpoints: Setpoints) -> dict[int, Complex]:
    """Solve some steps by Newton's method with voltages that are held.

    Returns all voltages of those that have a solution, whose powers are written.
    """
    movable = ~np.isin(flow.connected.node[setpoints.element], flow.admittance.stiff)
    element = setpoints.element[movable]
    least, most = setpoints.least[movable], setpoints.most[movable]
    to_hold = setpoints.voltage[movable] * flow.connected.v_nominal[element]
    held, which = held_ports(flow.ports.of_element[element], element, to_hold, least, most)
    holding = Holding(flow.admittance, flow.ports, held, flow.tolerance)
    voltages: dict[int, Complex] = {}
    for step in steps.tolist():
        bare = power[step].copy()
        bare[element] = bare[element].real
        found = holding.solve(bare)
        if found is not None:
            voltages[step], reactive = found
            power[step] = bare
            power[step, element] += 1j * _shared(reactive, which, least, most)
    return voltages


def _with_held(
    flow: PowerFlow, power: Complex, held: dict[int, Complex], nodes: str | Ints | None, start: Complex | None
) -> Solution:
    """Return the solution of all steps from the voltages of those that Newton's method has solved."""
    rows = flow.rows(nodes)
    others = np.setdiff1d(np.arange(len(power)), np.array([*held], dtype=np.int64))
    solution = Solution(
        np.zeros((len(power), len(rows)), dtype=np.complex128),
        np.zeros(power.shape, dtype=np.complex128),
        np.zeros(len(power), dtype=np.int8),
        np.zeros(len(power), dtype=np.int64),
    )
    if len(others):
        _put(solution, others, flow.solve(power[others], rows, start))
    for at, voltage in held.items():
        solution.voltage[at] = voltage[rows]
        solution.current[at] = flow.ports.element_currents(power[at][None], flow.ports.across(voltage)[None])[0]
        solution.status[at] = Status.BY_NEWTON
    return solution


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


class _Holders:
    """Generators that hold voltages, one column each.

    Attributes
    ----------
    ends
        Nodes whose voltages `magnitude` takes.
    sensitivity
        Of voltages over nominal to reactive powers without load, shape ``(h, h)``.
    """

    def __init__(self, flow: PowerFlow, setpoints: Setpoints) -> None:
        self._points = setpoints
        self.ends, self._between = _ends(flow, setpoints.element)
        self._nominal = flow.connected.v_nominal[setpoints.element]
        reactive = np.zeros(len(setpoints.element), dtype=bool)
        self.sensitivity = sensitivity(flow, setpoints.element, setpoints.element, reactive)

    def magnitude(self, voltage: Complex) -> Floats:
        """Return the voltages over nominal, from those of `ends`, shape ``(step, h)``."""
        return np.asarray(_across(voltage, self._between) / self._nominal)

    def _target(self, k: int, voltage: Floats, now: Floats, own: Floats) -> Floats:
        """Return what a generator asks for at a voltage if nothing else changes; all shapes ``(step,)``."""
        moved = now + (self._points.voltage[k] - voltage) / own
        return np.asarray(np.clip(moved, self._points.least[k], self._points.most[k]))

    def _movable(self) -> Ints:
        """Return those that are not at a source that keeps its voltage whatever happens."""
        return np.flatnonzero(self.sensitivity.diagonal() != 0)

    def off(self, voltage: Floats, now: Floats) -> Floats:
        """Return how far the furthest is from rest, as a change of voltage or of power, shape ``(step,)``."""
        furthest = np.zeros(len(voltage))
        for k in self._movable():
            own = self.sensitivity[k, k]
            gap = np.abs(self._target(k, voltage[:, k], now[:, k], own) - now[:, k])
            np.maximum(furthest, gap * min(1.0, own), out=furthest)
        return furthest

    def settle(self, voltage: Floats, now: Floats, answer: Floats) -> Floats:
        """Return the powers at which all rest if voltages answer linearly, by ``(step or 1, h, h)``."""
        voltage, now = voltage.copy(), now.copy()
        for _ in range(_MOST_SWEEPS):
            largest = 0.0
            for k in self._movable():
                change = self._target(k, voltage[:, k], now[:, k], answer[:, k, k]) - now[:, k]
                now[:, k] += change
                voltage += change[:, None] * answer[:, :, k]
                largest = max(largest, float(np.abs(change).max(initial=0.0)))
            if largest < TOLERANCE_PU / 10:
                break
        return now


class _Learning:
    """How voltages answer to reactive powers at every step, as its turns have shown."""

    def __init__(self, sensitivity: Floats, steps: int) -> None:
        h = len(sensitivity)
        self._answer = np.repeat(sensitivity[None], steps, axis=0)
        self._voltage, self._power = np.full((2, steps, h), np.nan)

    def improved(self, steps: Ints, voltage: Floats, power: Floats) -> Floats:
        """Take note of what some steps have come to; return their sensitivities, shape ``(step, h, h)``."""
        moved = power - self._power[steps]
        length = (moved * moved).sum(axis=1)
        known = np.flatnonzero(length > 0)  # not a number in the first turn
        answer, unit = self._answer[steps], moved[known] / length[known, None]
        missed = voltage[known] - self._voltage[steps[known]] - np.matmul(answer[known], moved[known, :, None])[..., 0]
        better = answer[known] + missed[:, :, None] * unit[:, None, :]
        sound = (better.diagonal(axis1=1, axis2=2) > 0.01 * answer[known].diagonal(axis1=1, axis2=2)).all(axis=1)
        answer[known[sound]] = better[sound]
        self._answer[steps], self._voltage[steps], self._power[steps] = answer, voltage, power
        return answer
