"""Power flow for many time steps at once: a fixed point on the nodes at which power is injected.

``V <- w + Z conj(S / V)`` from ``V = w``, the voltages without any injection. It contracts by about the relative
voltage drop per iteration, so that a few iterations reach 1e-10 in a grid that works.

Source: Bazrafshan & Gatsis, Comprehensive modeling of three-phase distribution systems via the bus admittance matrix,
IEEE Trans. Power Systems 33 (2018), the "Z-bus" method; in this form already Chen et al., IEEE Trans. Power Delivery 6
(1991). All values are per unit; arrays over time are ``(step, node)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.grid.network import Branches, in_phases
from twin.grid.reduction import Reduced

__all__ = [
    "BLOCK_STEPS",
    "MAX_ITERATIONS",
    "TOLERANCE_PU",
    "BranchFactors",
    "Flows",
    "Solution",
    "branch_factors",
    "branch_flows",
    "estimated_rest",
    "node_voltages",
    "solve",
]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

TOLERANCE_PU = 1e-10
MAX_ITERATIONS = 200
BLOCK_STEPS = 256  # steps iterated together, so that all their arrays stay in the cache


@dataclass(frozen=True)
class Solution:
    """Voltages and currents at the injection nodes, in the order of `Reduced.nodes`.

    Attributes
    ----------
    voltage
        Shape ``(step, k)``; finite, but without meaning in steps that were not solved.
    current
        The currents from which these voltages follow exactly, shape ``(step, k)``.
    iterations
        How many it took, shape ``(step,)``.
    solved
        False where there is no solution (voltage collapse) or none was found, shape ``(step,)``.
    """

    voltage: Complex
    current: Complex
    iterations: NDArray[np.int64]
    solved: NDArray[np.bool_]


def solve(reduced: Reduced, power: Complex, tolerance: float = TOLERANCE_PU, start: Complex | None = None) -> Solution:
    """Solve the power flow of every step.

    Every step stops by itself, so that a step's result does not depend on the steps beside it.

    Parameters
    ----------
    power
        Power injected, generation positive, shape ``(step, k)``, in the order of ``reduced.nodes``.
    tolerance
        Bound of both the last change of any voltage and what is estimated to be left of it.
    start
        Voltages to start from, shape ``(k,)``, such as those of the step before; those without injections if None.
        They change the result by less than the tolerance.
    """
    if len(power) == 1:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return _solve_one(reduced, power[0], tolerance, start)
    solution = Solution(
        np.empty(power.shape, dtype=np.complex128),
        np.empty(power.shape, dtype=np.complex128),
        np.zeros(len(power), dtype=np.int64),
        np.zeros(len(power), dtype=bool),
    )
    work = _Work(reduced, min(len(power), BLOCK_STEPS))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for first in range(0, len(power), BLOCK_STEPS):
            work.load(power[first : first + BLOCK_STEPS], first, start)
            _iterate(work, solution, tolerance)
    return solution


def _solve_one(reduced: Reduced, power: Complex, tolerance: float, start: Complex | None) -> Solution:
    """Solve one step: the same iteration without a block's bookkeeping, for loops that step one by one."""
    parts = [(area.injections, area.inner) for area in reduced.areas if area.inner.size]
    conjugate, no_load = np.conj(power), reduced.no_load_at_injections
    voltage = (no_load if start is None else start).copy()
    current, following = np.empty_like(voltage), np.empty_like(voltage)
    before, iteration, solved = np.inf, 0, False
    while not solved and iteration < MAX_ITERATIONS and not math.isnan(before):
        iteration += 1
        np.conj(voltage, out=current)
        np.divide(conjugate, current, out=current)
        for own, inner in parts:
            np.dot(current[own], inner, out=following[own])
        following += no_load
        voltage -= following
        change = float(np.abs(voltage.view(np.float64)).max(initial=0.0))
        voltage, following = following, voltage
        solved = change < tolerance and float(estimated_rest(np.array([change]), np.array([before]))[0]) < tolerance
        before = change if math.isfinite(change) else math.nan
    found = voltage if solved else np.nan_to_num(voltage, posinf=0.0, neginf=0.0)
    flowing = current if solved else np.nan_to_num(current, posinf=0.0, neginf=0.0)
    return Solution(found[None], flowing[None], np.array([iteration]), np.array([solved]))


class _Work:
    """The steps that are still on their way, in arrays that are used again by every block."""

    def __init__(self, reduced: Reduced, steps: int) -> None:
        self.reduced = reduced
        self._arrays = [np.empty((steps, len(reduced.nodes)), dtype=np.complex128) for _ in range(4)]

    def load(self, power: Complex, first: int, start: Complex | None) -> None:
        """Begin a block of steps, the first of which has number ``first``."""
        self.steps = np.arange(first, first + len(power))
        self._resize()
        np.conj(power, out=self.power)
        self.voltage[:] = self.reduced.no_load_at_injections if start is None else start

    def _resize(self) -> None:
        self.power, self.voltage, self.following, self.current = (a[: len(self.steps)] for a in self._arrays)
        self._views()

    def _views(self) -> None:
        parts = [(area.injections, area.inner) for area in self.reduced.areas if area.inner.size]
        self.products = [(self.current[:, own], inner, self.following[:, own]) for own, inner in parts]
        self.other_products = [(self.current[:, own], inner, self.voltage[:, own]) for own, inner in parts]

    def swap(self) -> None:
        """Let the voltages that follow become those that stand."""
        self.voltage, self.following = self.following, self.voltage
        self.products, self.other_products = self.other_products, self.products

    def keep(self, kept: NDArray[np.bool_]) -> None:
        """Go on with some of the steps."""
        self.steps = self.steps[kept]
        power, voltage = self.power[kept], self.voltage[kept]
        self._resize()
        self.power[:], self.voltage[:] = power, voltage


def _iterate(work: _Work, solution: Solution, tolerance: float) -> None:
    """Iterate until every step of the block has come to rest; steps that have are taken out."""
    no_load = work.reduced.no_load_at_injections
    before: Floats = np.full(len(work.steps), np.inf)
    for iteration in range(1, MAX_ITERATIONS + 1):
        change = _improve(work, no_load)
        if iteration == MAX_ITERATIONS or not (change.min() >= tolerance and change.max() < np.inf):
            done = (change < tolerance) & (estimated_rest(change, before) < tolerance)
            leaving = done | ~np.isfinite(change) | (iteration == MAX_ITERATIONS)
            _put(work, solution, leaving, done, iteration)
            if leaving.all():
                return
            work.keep(~leaving)
            change = change[~leaving]
        before = change


def _improve(work: _Work, no_load: Complex) -> Floats:
    """Do one iteration; return the largest change of any voltage at each step."""
    np.conj(work.voltage, out=work.current)
    np.divide(work.power, work.current, out=work.current)
    for current, inner, voltage in work.products:
        np.matmul(current, inner, out=voltage)
    work.following += no_load
    np.subtract(work.following, work.voltage, out=work.voltage)
    change: Floats = np.abs(work.voltage.view(np.float64)).max(axis=1, initial=0.0)
    work.swap()
    return change


def estimated_rest(change: Floats, before: Floats) -> Floats:
    """Estimate the distance that is left to the fixed point from how fast the changes shrink (geometric series)."""
    rate = np.minimum(change / before, 0.999)
    return np.where(change > 0, change * rate / (1 - rate), 0.0)


def _put(
    work: _Work, solution: Solution, leaving: NDArray[np.bool_], solved: NDArray[np.bool_], iteration: int
) -> None:
    """Write the steps that leave the iteration."""
    steps, solved = work.steps[leaving], solved[leaving]
    for values, found in ((solution.voltage, work.voltage), (solution.current, work.current)):
        values[steps] = found[leaving] if solved.all() else np.nan_to_num(found[leaving], posinf=0.0, neginf=0.0)
    solution.iterations[steps] = iteration
    solution.solved[steps] = solved


def node_voltages(reduced: Reduced, current: Complex) -> Complex:
    """Return the voltage of all buses from the currents at the injections, shape ``(step, phases, n_buses)``."""
    voltage = np.empty((len(current), *reduced.no_load.shape), dtype=np.complex128)
    for area in reduced.areas:
        k, phases, n = area.outer.shape
        added = current[:, area.injections] @ area.outer.reshape(k, phases * n)
        voltage[:, :, area.buses] = added.reshape(len(current), phases, n)
    voltage += reduced.no_load
    return voltage


@dataclass(frozen=True)
class BranchFactors:
    """Branches made ready for `branch_flows`: what a phase sees by itself, and what all phases share.

    Each pair stands for ``own * v + shared * sum(v)``, which is what an admittance that is the same in every phase
    does: ``own`` is its positive sequence, ``shared`` a third of the difference to the zero sequence. ``to_far`` and
    ``to_near`` take voltages and currents across a ratio, shape ``(phases in, phases out, n)``.
    """

    near: NDArray[np.int64]
    far: NDArray[np.int64]
    series: tuple[Complex, Complex]
    near_shunt: tuple[Complex, Complex] | None
    far_shunt: tuple[Complex, Complex] | None
    to_far: Complex | None
    to_near: Complex | None


def branch_factors(branches: Branches) -> BranchFactors:
    """Make branches ready for `branch_flows`."""
    phases, ratio = len(branches.series), branches.ratio
    return BranchFactors(
        branches.near,
        branches.far,
        _own_and_shared(branches.series),
        _own_and_shared(branches.near_shunt) if branches.near_shunt.any() else None,
        _own_and_shared(branches.far_shunt) if branches.far_shunt.any() else None,
        None if ratio is None else in_phases(np.asarray(1 / ratio), phases).transpose(2, 1, 0),
        None if ratio is None else in_phases(np.asarray(1 / np.conj(ratio)), phases).transpose(2, 1, 0),
    )


def _own_and_shared(sequences: Complex) -> tuple[Complex, Complex]:
    return sequences[-1], (sequences[0] - sequences[-1]) / 3


@dataclass(frozen=True)
class Flows:
    """What flows through branches, per unit, shape ``(step, n_branches)`` each.

    Attributes
    ----------
    near, far
        Largest current of any phase at either end, magnitude.
    loss
        Active power that stays in the branch, of all phases together.
    """

    near: Floats
    far: Floats
    loss: Floats


def branch_flows(branches: BranchFactors, voltage: Complex) -> Flows:
    """Return the flows through branches.

    Losses are taken from the drop across each admittance, not from the difference of two large flows.

    Parameters
    ----------
    voltage
        Shape ``(step, phases, n_buses)``.
    """
    behind = np.take(voltage, branches.near, axis=2)
    if branches.to_far is not None:
        behind = _turned(branches.to_far, behind)
    across = np.take(voltage, branches.far, axis=2)
    drop = behind - across
    far = _apply(branches.series, drop)
    loss = _dissipated(drop, far)
    near = far
    if branches.near_shunt is not None:
        leak = _apply(branches.near_shunt, behind)
        loss += _dissipated(behind, leak)
        near = far + leak
    if branches.far_shunt is not None:
        leak = _apply(branches.far_shunt, across)
        loss += _dissipated(across, leak)
        far = far - leak
    if branches.to_near is not None:
        near = _turned(branches.to_near, near)
    largest = _largest_phase(far)
    return Flows(largest if near is far else _largest_phase(near), largest, loss)


def _turned(ratio: Complex, values: Complex) -> Complex:
    """Take voltages or currents to the other side of an ideal ratio that also shifts phases."""
    return np.asarray((values[:, :, None] * ratio).sum(axis=1))


def _apply(admittance: tuple[Complex, Complex], voltage: Complex) -> Complex:
    """Return the currents an admittance lets through, phase by phase."""
    own, shared = admittance
    current: Complex = own * voltage
    if voltage.shape[1] > 1:
        current += (shared * (voltage[:, 0] + voltage[:, 1] + voltage[:, 2]))[:, None]
    return current


def _dissipated(voltage: Complex, current: Complex) -> Floats:
    """Return the active power of all phases together; a phase's base is its share of that of all."""
    power = voltage.real * current.real
    power += voltage.imag * current.imag
    total: Floats = power.sum(axis=1) / voltage.shape[1]
    return total


def _largest_phase(current: Complex) -> Floats:
    squared = current.real**2
    squared += current.imag**2
    largest: Floats = np.sqrt(squared.max(axis=1))
    return largest
