"""Areas of about one size, stacked so that one product serves them all: the fixed point of a power flow side by side.

Kernel and equations are those of `twin.grid.kernel`; all values are per unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.grid.kernel import MAX_ITERATIONS, TOLERANCE_PU, estimated_rest

__all__ = ["Piece", "Stack", "StackSolution", "solve_stack", "stacked"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_WIDTH = 8  # feeders are filled up to a multiple of this many injections, so that few sizes are left
_SINGLE_LOSS = 2e-7  # share of a change that a product in single precision may lose: some roundings of 6e-8
_ROUGH = 3  # first iterations that may be wholly in single precision
_FEW = 3  # from one in so many areas on, those that are left are iterated alone


@dataclass(frozen=True)
class Stack:
    """Areas with equally many injections, ``k``, in front of each other; those that had fewer are filled up.

    Attributes
    ----------
    columns
        Which injection of the batch each one is, its number of injections where it only fills up, ``(m, k)``.
    inner
        What a current at one injection adds to the voltage at another, per unit, shape ``(m, k, k)``: row by column.
    single
        The same in single precision.
    no_load
        Voltage without injections, shape ``(m, 1, k)``.
    """

    columns: Ints
    inner: Complex
    single: NDArray[np.complex64]
    no_load: Complex


@dataclass(frozen=True)
class StackSolution:
    """Voltages and currents ``(m, step, k)``, number of iterations and whether there is a solution ``(m, step)``."""

    voltage: Complex
    current: Complex
    iterations: Ints
    solved: Mask


def solve_stack(
    stack: Stack,
    power: Complex,
    no_load: Complex | None = None,
    start: Complex | None = None,
    tolerance: float = TOLERANCE_PU,
) -> StackSolution:
    """Solve areas of one size side by side, as `twin.grid.kernel.solve` does one after the other.

    ``V <- w + Z conj(S / V)``, first in single precision: half of the memory to read, which is what takes the time.
    When the changes are small it is done once in double precision, and after that ``V <- V + Z (I - I before)`` gives
    the same from changes so small that single precision is enough. Every area and step stops by itself; what stands
    beside it changes its voltage by less than the tolerance.

    Parameters
    ----------
    power
        Power injected, per unit, generation positive, shape ``(m, step, k)``.
    no_load
        Voltage without injections, if it is not the stack's: shape ``(m, step, k)``.
    start
        Voltage to start from, same shape; that without injections if None.
    tolerance
        Bound of both the last change of any voltage and what is estimated to be left of it.
    """
    w = np.broadcast_to(stack.no_load if no_load is None else no_load, power.shape)
    shape = power.shape[:2]
    found = StackSolution(
        voltage=np.empty(power.shape, dtype=np.complex128),
        current=np.empty(power.shape, dtype=np.complex128),
        iterations=np.empty(shape, dtype=np.int64),
        solved=np.empty(shape, dtype=bool),
    )
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        _iterate(_Work(stack, power, w, w if start is None else start, tolerance), found)
    if not found.solved.all():
        lost = ~found.solved
        for values in (found.voltage, found.current):
            values[lost] = np.nan_to_num(values[lost], posinf=0.0, neginf=0.0)
    return found


def _iterate(work: _Work, found: StackSolution) -> None:
    """Iterate until every area has come to rest; as soon as most have, go on with the others alone."""
    for iteration in range(1, MAX_ITERATIONS + 1):
        work.improve()
        work.judge(iteration)
        if work.all_active:
            continue
        going = np.flatnonzero(work.active.any(axis=1))
        if _FEW * len(going) <= len(work.rows):
            work.put(found)
            if not len(going):
                return
            work.keep(going)
    work.put(found)


class _Work:
    """The areas that are still on their way, ``rows`` of the stack; steps of them that are done stay as they are."""

    def __init__(self, stack: Stack, power: Complex, no_load: Complex, start: Complex, tolerance: float) -> None:
        self.rows, self._tolerance = np.arange(len(power)), tolerance
        self._stack, self._single = stack, stack.single
        self._no_load, self._conjugate = no_load, np.conj(power)
        self._voltage, self._current, self._next = start.copy(), np.zeros_like(power), np.empty_like(power)
        self._before = np.full(power.shape[:2], np.inf)
        self._size = self._before
        self._exact, self._tried = False, 0  # whether voltages follow from currents in double precision
        self._iterations = np.zeros(power.shape[:2], dtype=np.int64)
        self._solved = np.zeros(power.shape[:2], dtype=bool)
        self.active, self.all_active = ~self._solved, True

    def improve(self) -> None:
        """Do one iteration."""
        following = self._next
        np.conj(self._voltage, out=following)
        np.divide(self._conjugate, following, out=following)
        change = self._change(following)
        self._size = _largest_part(change)
        if not self.all_active:
            done = ~self.active
            change[done] = 0.0
            following[done] = self._current[done]
        self._voltage += change
        self._current, self._next = following, self._current

    def _change(self, current: Complex) -> NDArray[np.complexfloating]:
        """Return by how much the currents that follow from the voltages change these."""
        small = self._before.max(initial=0.0, where=self.active) * _SINGLE_LOSS < self._tolerance
        if small and self._exact:
            return np.asarray(np.matmul((current - self._current).astype(np.complex64), self._single))
        self._tried += 1
        if small or self._tried > _ROUGH:
            whole = len(self.rows) == len(self._stack.inner)
            change, self._exact = np.matmul(current, self._stack.inner if whole else self._stack.inner[self.rows]), True
        else:
            change = np.matmul(current.astype(np.complex64), self._single).astype(np.complex128)
        change += self._no_load
        change -= self._voltage
        return np.asarray(change)

    def judge(self, iteration: int) -> None:
        """Find out which steps have come to rest, and which never will."""
        size, active = self._size, self.active
        self._iterations[active] = iteration
        close = active & (size < self._tolerance)
        if self._exact and close.any():
            close &= estimated_rest(size, self._before) < self._tolerance
            self._solved |= close
            active = active & ~close
        if not np.isfinite(size[active]).all():
            active = active & np.isfinite(size)
        self._before, self.active, self.all_active = size, active, bool(active.all())

    def put(self, found: StackSolution) -> None:
        """Write what there is."""
        found.voltage[self.rows], found.current[self.rows] = self._voltage, self._current
        found.iterations[self.rows], found.solved[self.rows] = self._iterations, self._solved

    def keep(self, going: Ints) -> None:
        """Go on with some of the areas."""
        self.rows = self.rows[going]
        for name in ("_single", "_no_load", "_conjugate", "_voltage", "_current", "_next"):
            setattr(self, name, getattr(self, name)[going])
        for name in ("_before", "_iterations", "_solved", "active"):
            setattr(self, name, getattr(self, name)[going])
        self.all_active = bool(self.active.all())


def _largest_part(values: NDArray[np.complexfloating]) -> Floats:
    """Return the largest real or imaginary part of the last axis, magnitude."""
    parts = values.view(np.float32 if values.dtype == np.complex64 else np.float64)
    return np.asarray(np.abs(parts).max(axis=-1, initial=0.0), dtype=np.float64)


@dataclass(frozen=True)
class Piece:
    """An area to be stacked: whose it is, its injections ``columns``, the rest as for `Stack`."""

    owner: int
    columns: Ints
    inner: Complex
    no_load: Complex


def stacked(pieces: Sequence[Piece], n: int) -> list[tuple[Stack, Ints]]:
    """Return areas stacked by size, each stack with the owners of its areas; ``n`` is the number of injections."""
    width = np.array([-(-len(piece.columns) // _WIDTH) * _WIDTH for piece in pieces], dtype=np.int64)
    stacks = []
    for k in np.unique(width).tolist():
        own = [pieces[i] for i in np.flatnonzero(width == k).tolist()]
        inner = np.zeros((len(own), k, k), dtype=np.complex128)
        no_load = np.ones((len(own), 1, k), dtype=np.complex128)
        columns = np.full((len(own), k), n)
        for i, piece in enumerate(own):
            size = len(piece.columns)
            inner[i, :size, :size], no_load[i, 0, :size], columns[i, :size] = piece.inner, piece.no_load, piece.columns
        stack = Stack(columns, inner, inner.astype(np.complex64), no_load)
        stacks.append((stack, np.array([piece.owner for piece in own])))
    return stacks
