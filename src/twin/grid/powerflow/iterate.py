"""The power flow of many steps at once: a fixed point on the ports, part by part.

``U <- w + Z I(U)`` from ``U = w``, the voltages without any load. It contracts by about the relative voltage drop per
iteration. Every step stops on its own test, so that its result does not depend on the steps beside it. The first two
iterations of all steps are done in single precision, which is cheaper; what counts follows in double.

Source: Bazrafshan & Gatsis, Comprehensive modeling of three-phase distribution systems via the bus admittance matrix,
IEEE Trans. Power Systems 33 (2018), the "Z-bus" method; Bolognani & Zampieri, IEEE Trans. Power Systems 31 (2016), on
when it contracts.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.connected import Planes
from twin.grid.powerflow.network import Complex, Floats, Ints
from twin.grid.powerflow.parts import Parts
from twin.grid.powerflow.reactions import Reaction
from twin.grid.powerflow.sweep import Sweep, Voltages

__all__ = ["MAX_ITERATIONS", "FixedPoint"]

Bools = NDArray[np.bool_]

MAX_ITERATIONS = 200
_SLOWEST = 0.999  # contraction that is still believed when what is left is estimated
_NEAR = 0.01  # change beyond which it says nothing: voltages may leap about where there is no solution
_COARSE = 2  # iterations in single precision, the same for every step, to begin with
_FEW = 16  # steps that are iterated to their end together, however long one of them takes


_Place = tuple[Voltages, Ints, Ints, Ints]


class FixedPoint:
    """A network in parts, ready to be solved block by block.

    Parameters
    ----------
    parts
        The network.
    no_load
        Voltages across the ports without any load, shape ``(p,)``.
    steps
        The most steps in a block.
    tolerance
        Bound of the last change of any voltage times its rate of decrease: what is estimated to be left of it.

    Attributes
    ----------
    order
        The ports in the order in which powers are given and currents returned.
    """

    def __init__(self, parts: Parts, no_load: Complex, steps: int, tolerance: float) -> None:
        self._fine = Sweep(parts, no_load, steps, np.float64)
        self._coarse = Sweep(parts, no_load, steps, np.float32)
        self.workspace = self._fine.workspace
        self.order: Ints = self.workspace.order
        self._tolerance = tolerance
        self._no_load = no_load
        self._voltages = self._fine.voltages

    def solve(
        self, planes: Planes, start: Complex | None = None, reaction: Reaction | None = None
    ) -> tuple[NDArray[np.int64], Bools, Bools]:
        """Iterate a block of steps until it is cheaper to begin anew with those that have not come to rest.

        The workspace then holds the currents.

        Parameters
        ----------
        planes
            Powers, ``(2, place, step)`` in `order`.
        start
            Voltages across all ports to start from, shape ``(p,)``; those without load if None.
        reaction
            Of elements to these steps' voltages; it changes the powers. Steps then go on until these rest too.

        Returns
        -------
        tuple
            Iterations, whether each step is solved, and whether it is given up, shape ``(step,)`` each. Steps neither
            solved nor given up are to be solved again in another block.
        """
        steps = planes[0].shape[2]
        at: list[_Place] = []
        if reaction is not None:
            reaction.join(planes, self.order)
            at = self._find(reaction.place)
        coarse = _COARSE if reaction is None else 0
        sweep = self._coarse if coarse else self._fine
        sweep.begin(planes, start)
        iterations = np.zeros(steps, dtype=np.int64)
        solved, lost = np.zeros(steps, dtype=bool), np.zeros(steps, dtype=bool)
        before: Floats = np.full(steps, np.inf)
        for iteration in range(1, MAX_ITERATIONS + 1):
            if coarse and iteration == coarse + 1:
                sweep = self._fine
                sweep.take_over(self._coarse, planes)
            going = ~(solved | lost)
            chosen = None if iteration <= coarse + 1 or going.all() else going
            change = sweep.improve(chosen, iteration == 1, feed=reaction is None)
            if reaction is not None:
                np.maximum(change, reaction.move(self._sizes(at, len(reaction.place)), going, iteration), out=change)
                sweep.feed_in()
            iterations[going] = iteration
            solved |= going & (_left(change, before) < self._tolerance)
            lost |= going & ~np.isfinite(change)
            before = change
            rest = steps - np.count_nonzero(solved | lost)
            if iteration > coarse and (rest == 0 or (steps > _FEW and rest * (iteration + 2) <= steps)):
                break
        else:
            lost |= ~solved
        return iterations, solved, lost

    def _find(self, places: Ints) -> list[_Place]:
        """Return where some places of `order` are: rows among them, parts and ports of each stack."""
        found, first = [], 0
        for voltages in self._voltages:
            here = np.flatnonzero((places >= first) & (places < first + voltages.stack.ports.size))
            if len(here):
                found.append((voltages, here, *np.divmod(places[here] - first, voltages.stack.k)))
            first += voltages.stack.ports.size
        return found

    def _sizes(self, at: list[_Place], m: int) -> Floats:
        """Return the size of the voltages across the ports at some places, shape ``(m, step)``."""
        steps = self.workspace.steps
        found = np.empty((m, steps))
        for voltages, rows, part, port in at:
            planes = voltages.now.reshape(len(voltages.stack.parts), 2, voltages.stack.k, steps)
            real, imaginary = planes[part, 0, port], planes[part, 1, port]
            real *= real
            imaginary *= imaginary
            real += imaginary
            found[rows] = np.sqrt(real, out=real)
        return found

    def currents(self) -> Floats:
        """Return the currents of all places, shape ``(2, place, step)`` in `order`."""
        return self.workspace.currents()

    def across(self) -> Complex:
        """Return the voltages across the ports at which they feed in these currents, shape ``(step, p)``."""
        found = np.empty((self.workspace.steps, len(self._no_load)), dtype=np.complex128)
        for voltages in self._voltages:
            stack = voltages.stack
            known = stack.ports >= 0
            planes = voltages.now.reshape(len(stack.parts), 2, stack.k, self.workspace.steps)
            found[:, stack.ports[known]] = (planes[:, 0][known] + 1j * planes[:, 1][known]).T
        return found


def _left(change: Floats, before: Floats) -> Floats:
    """Estimate the distance that is left to the fixed point from how fast the changes shrink (geometric series)."""
    rate = np.minimum(change / before, _SLOWEST)
    left = np.where(np.isfinite(before), change * rate / (1 - rate), change / (1 - _SLOWEST))
    return np.where(change < _NEAR, left, np.inf)
