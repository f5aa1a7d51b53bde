"""The power flow of a few steps of any number of networks: a fixed point on their ports, all of them side by side.

The equations are those of `twin.grid.powerflow.iterate`. There, many steps make dense products of matrices with
matrices; here the matrices have to be read anew for every step, which is what takes the time.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.layout import AnyComplex, Layout
from twin.grid.powerflow.network import Complex, Floats, Ints

__all__ = ["Found", "Fed", "iterate_abreast"]

Bools = NDArray[np.bool_]

# Power at every port: constant power, and over nominal voltage constant current and over its square constant
# impedance, shape (step, port) each; None where no element has such a part.
Fed = tuple[Complex, Complex | None, Complex | None]

_MAX_ITERATIONS = 200
_SLOWEST = 0.999  # contraction that is still believed when what is left is estimated
_NEAR = 0.01  # change beyond which it says nothing: voltages may leap about where there is no solution
_SMALLEST = 1e-300
_LARGE = 2_000_000  # bytes of matrices from which on single precision pays: they do not stay in a core's cache
_SINGLE_LOSS = 2e-7  # share of a change that a product in single precision may lose: some roundings of 6e-8
_PART_OF_TOLERANCE = 0.1  # what that may come to
_ROUGH = 4  # first iterations that may be wholly in single precision
_FEW = 10  # from one in so many places on, those that are left are iterated alone
_SETTLED = 12  # iterations before which none are: most networks need fewer, and taking some out costs two


@dataclass(frozen=True)
class Found:
    """Voltages across all ports and their currents, ``(step, port)``; how every step of every network ended.

    Iterations and whether there is a solution have the shape ``(step, network)``.
    """

    across: Complex
    current: Complex
    iterations: Ints
    solved: Bools


def iterate_abreast(layout: Layout, fed: Fed, start: Complex | None, tolerance: float) -> Found:
    """Solve a few steps of all networks.

    ``U <- w + Z I(U)``. Where the matrices are large, first in single precision, which halves what is to be read. When
    the changes are small, once in double precision, and after that ``U <- U + Z (I - I before)`` gives the same from
    changes so small that single precision is enough. Every step of every network stops by itself.

    Parameters
    ----------
    fed
        Power at all ports.
    start
        Voltages across all ports to start from, shape ``(port,)``; those without load if None.
    tolerance
        Of what is estimated to be left of the last change of any voltage.
    """
    n_steps = len(fed[0])
    if n_steps == 1 and not layout.n_cuts and layout.nbytes <= _LARGE and fed[1] is None and fed[2] is None:
        quick = _iterate_small(layout, fed[0], start, tolerance)
        if quick is not None:
            return quick
    found = Found(
        across=np.empty((n_steps, layout.n_ports + 1), dtype=np.complex128),
        current=np.empty((n_steps, layout.n_ports + 1), dtype=np.complex128),
        iterations=np.zeros((n_steps, layout.n_networks), dtype=np.int64),
        solved=np.zeros((n_steps, layout.n_networks), dtype=bool),
    )
    with np.errstate(all="ignore"):
        work = _Work(layout, fed, start, tolerance)
        for iteration in range(1, _MAX_ITERATIONS + 1):
            work.improve()
            if work.leaves() and not work.go_on(iteration, found):
                break
        found.iterations[work.active] = _MAX_ITERATIONS
        work.put(found)
    return Found(found.across[:, :-1], found.current[:, :-1], found.iterations, found.solved)


def _iterate_small(layout: Layout, power: Complex, start: Complex | None, tolerance: float) -> Found | None:
    """Solve one step of networks that are few and small, all until the last has come to rest; None if any does not.

    What this loop costs is calls and not numbers, so it makes as few of them as it can.
    """
    no_load = layout.no_load
    voltage: Complex = (no_load if start is None else np.append(start, 1.0)[layout.port][None]).copy()
    asked = _conjugate_by_place(power, layout.port)
    current, following = np.empty_like(voltage), np.empty_like(voltage)
    products = {id(into): layout.products(current, into) for into in (voltage, following)}
    before, rest, iterations = 0.0, np.inf, 0
    with np.errstate(all="ignore"):
        while iterations < _MAX_ITERATIONS:
            iterations += 1
            np.conjugate(voltage, out=current)
            np.divide(asked, current, out=current)
            for own, inner, into in products[id(following)]:
                np.matmul(own, inner, out=into)
            following += no_load
            voltage, following = following, voltage
            if rest < tolerance:  # this turn made currents and voltages follow from each other
                break
            following -= voltage
            change = float(np.abs(following.view(np.float64)).max(initial=0.0))
            if not math.isfinite(change):
                return None
            rate = min(change / before, _SLOWEST) if before > 0.0 else _SLOWEST
            rest, before = change * rate / (1.0 - rate) if change < _NEAR else np.inf, change
        else:
            return None
    across, flows = np.empty((2, 1, layout.n_ports + 1), dtype=np.complex128)
    across[:, layout.port], flows[:, layout.port] = voltage, current
    networks = 1, layout.n_networks
    return Found(across[:, :-1], flows[:, :-1], np.full(networks, iterations), np.ones(networks, dtype=bool))


class _Work:
    """The networks that are still on their way; steps of them that are done stay as they are."""

    def __init__(self, layout: Layout, fed: Fed, start: Complex | None, tolerance: float) -> None:
        self._layout, self._tolerance = layout, tolerance
        self._power = tuple(None if part is None else _conjugate_by_place(part, layout.port) for part in fed)
        begin = layout.no_load if start is None else np.append(start, 1.0)[layout.port]
        self._voltage: Complex = np.empty((len(fed[0]), len(layout.port)), dtype=np.complex128)
        self._voltage[:] = begin
        self._current = self._voltage  # means nothing before the first iteration
        self._large = layout.nbytes > _LARGE
        self._exact, self._tried = False, 0  # whether voltages follow from currents in double precision
        self._size: Floats | None = None  # of the last change, and of the one before
        self._before: Floats | None = None
        self.active, self._all_active = np.ones((len(fed[0]), layout.n_networks), dtype=bool), True

    def improve(self) -> None:
        """Do one iteration."""
        following = self._fed_in(self._voltage)
        change = self._change(following)
        size = self._layout.largest(change)
        self._before = size / _SLOWEST if self._size is None else self._size
        self._size = size
        if not self._all_active:
            done = ~self.active[:, self._layout.owner]
            change[done] = 0.0
            np.copyto(following, self._current, where=done)
        self._voltage += change
        self._current = following

    def _fed_in(self, voltage: Complex) -> Complex:
        """Return the currents that power feeds in at voltages: ``I = conj(S / U)``."""
        constant_p, constant_i, constant_z = self._power
        assert constant_p is not None
        current: Complex = np.conj(voltage)
        np.divide(constant_p, current, out=current)
        if constant_i is not None:
            current += constant_i * (voltage / np.abs(voltage))
        if constant_z is not None:
            current += constant_z * voltage
        return current

    def _change(self, current: Complex) -> AnyComplex:
        """Return by how much the currents that follow from the voltages change these."""
        small = self._large and self._may_be_single()
        if small and self._exact:
            return self._layout.respond((current - self._current).astype(np.complex64))
        self._tried += 1
        if small or self._tried > _ROUGH or not self._large:
            change, self._exact = self._layout.respond(current), True
        else:
            change = self._layout.respond(current.astype(np.complex64)).astype(np.complex128)
        change += self._layout.no_load
        change -= self._voltage
        return change

    def _may_be_single(self) -> bool:
        if self._size is None:
            return False
        largest = float(self._size.max(initial=0.0, where=self.active))
        return largest * _SINGLE_LOSS < _PART_OF_TOLERANCE * self._tolerance

    def leaves(self) -> bool:
        """Return whether any step of any network may have come to rest, or never will."""
        if not self._exact:
            return False
        assert self._size is not None
        assert self._before is not None
        if self._size.size == 1:
            return not bool((self._size * self._size > self._tolerance * self._before).item())
        return not (self._size * self._size > self._tolerance * self._before)[self.active].all()

    def go_on(self, iteration: int, found: Found) -> bool:
        """Find out what has come to rest; return whether anything is on its way, alone if that is the lesser part."""
        assert self._size is not None
        assert self._before is not None
        close = self.active & (_left(self._size, self._before) < self._tolerance)
        going: Bools = np.asarray(self.active & ~close & np.isfinite(self._size))
        found.solved[close] = True
        found.iterations[self.active & ~going] = iteration
        self.active, self._all_active = going, bool(going.all())
        if self._all_active or not going.any():
            return self._all_active
        networks: Bools = np.asarray(going.any(axis=0))
        places = np.count_nonzero(networks[self._layout.owner])
        if iteration >= _SETTLED and _FEW * places <= len(self._layout.owner):
            self.put(found)
            self._keep(networks)
        return True

    def put(self, found: Found) -> None:
        """Write the voltages after one turn more, and the currents that follow from them."""
        port = self._layout.port
        change = self._fed_in(self._voltage) - self._current
        voltage = self._voltage + self._layout.respond(change.astype(np.complex64) if self._large else change)
        found.across[:, port], found.current[:, port] = voltage, self._fed_in(voltage)

    def _keep(self, networks: Bools) -> None:
        self._layout, places = self._layout.only(networks)
        self._power = tuple(None if part is None else part.compress(places, axis=1) for part in self._power)
        self._voltage = self._voltage.compress(places, axis=1)
        self._current = self._current.compress(places, axis=1)


def _conjugate_by_place(power: Complex, port: Ints) -> Complex:
    """Return the conjugate of power at all ports place by place, shape ``(step, place)``; zeros where there is none."""
    filled = np.zeros((len(power), power.shape[1] + 1), dtype=np.complex128)
    np.conj(power, out=filled[:, :-1])
    return filled.take(port, axis=1)


def _left(change: Floats, before: Floats) -> Floats:
    """Estimate the distance that is left to the fixed point from how fast the changes shrink (geometric series)."""
    rate = np.minimum(change / np.maximum(before, _SMALLEST), _SLOWEST)
    return np.where(change < _NEAR, change * rate / (1 - rate), np.inf)
