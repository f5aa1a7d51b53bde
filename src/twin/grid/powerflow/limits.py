"""Loads that become impedances where their voltage leaves its limits, as in OpenDSS: solved by rounds of power flow.

Within a range of voltage a load keeps its parts of constant power, current and impedance. Above, it is the impedance
that it has at the upper limit; below, its current falls in a straight line to that of its rated impedance at half the
rated voltage, and further down it is that impedance (OpenDSS: ``vmaxpu``, ``vminpu``, ``vlowpu``). Each of these is
again a mixture of constant parts, so that a step is solved once its loads are in the range that they were taken to be.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twin.grid.assemble import Assembled
from twin.grid.powerflow.network import GROUND, Complex, Connected, Floats, Ints, Solution, Status
from twin.grid.powerflow.solve import TOLERANCE_PU, PowerFlow
from twin.grid.sequences import given

__all__ = ["LimitedFlow", "Limits"]

_FOOT = 0.5  # OpenDSS' own, unless a load says otherwise, which is not read
_ROUNDS = 30
_EDGE_PU = 1e-7  # so close to a limit both ranges give the same
_WITHIN, _ABOVE, _BELOW, _FAR_BELOW = 0, 1, 2, 3


@dataclass(frozen=True)
class Limits:
    """Voltages over the nominal one between which connected elements keep their parts, shape ``(k,)``.

    Attributes
    ----------
    low, high
        0 and infinity where there is none.
    rated
        At half of this voltage and below they are the impedance of their rated power.
    as_power
        Elements that beyond them are as if all of their power were constant within.
    """

    low: Floats
    high: Floats
    rated: Floats
    as_power: NDArray[np.bool_]

    @classmethod
    def of(cls, assembled: Assembled) -> Limits | None:
        """Return the limits that a grid's loads state, None if there are none."""
        loads = assembled.table == "load"
        row = assembled.row[loads]
        low, high = np.zeros(len(loads)), np.full(len(loads), np.inf)
        low[loads] = given(assembled.grid.load, "v_min_pu", 0.0)[row]
        high[loads] = given(assembled.grid.load, "v_max_pu", np.inf)[row]
        as_power = np.zeros(len(loads), dtype=bool)
        if "beyond_as_power" in assembled.grid.load:
            as_power[loads] = assembled.grid.load["beyond_as_power"][row]
        always = (assembled.connected.const_z == 1) & ~as_power  # an impedance within and beyond
        low[always], high[always] = 0.0, np.inf
        rated = np.ones(len(loads))
        rated[loads] = given(assembled.grid.load, "v_rated_pu", 1.0)[row]
        return cls(low, high, rated, as_power) if (low > 0).any() or np.isfinite(high).any() else None

    def ranges(self, size: Floats) -> Ints:
        """Return in which range voltages are, shape ``(..., k)``."""
        found = np.where(size > self.high, _ABOVE, np.where(size < self.low, _BELOW, _WITHIN))
        return np.asarray(np.where((self.low > 0) & (size < self._foot), _FAR_BELOW, found))

    @property
    def _foot(self) -> Floats:
        """Voltages at and below which elements are the impedances of their rated power, shape ``(k,)``."""
        return np.asarray(_FOOT * self.rated)

    def at_edge(self, size: Floats) -> NDArray[np.bool_]:
        """Return where voltages are as good as at a limit."""
        edges = (self.low, self.high, np.where(self.low > 0, self._foot, 0.0))
        return np.asarray(np.logical_or.reduce([np.abs(size - edge) < _EDGE_PU for edge in edges]))

    def altered(self, connected: Connected, ranges: Ints) -> tuple[Connected, Floats]:
        """Return the elements as they are in their ranges, and the factor on their power, shape ``(k,)``."""
        power = 1 - connected.const_i - connected.const_z
        parts = np.stack([power, connected.const_i, connected.const_z])  # of constant power, current, impedance
        none, rated = np.zeros_like(power), self.rated
        whole = self.as_power & (ranges != _WITHIN)
        parts = np.where(whole, np.stack([parts[0] + parts[1] * rated + parts[2] * rated**2, none, none]), parts)
        above, below, far = (ranges == kind for kind in (_ABOVE, _BELOW, _FAR_BELOW))
        high, low = np.where(above, self.high, 1.0), np.where(below, self.low, 1.0)
        impedance = parts[0] / high**2 + parts[1] / high + parts[2]
        parts = np.where(above, np.stack([none, none, impedance]), parts)
        # a straight line from the current at half the rated voltage to that at the lower limit
        foot, span = self._foot, np.where(below, low - self._foot, 1.0)
        of_power, of_current = (1 / low - _FOOT / rated) / span, (1.0 - _FOOT) / span
        steady = parts[0] * (_FOOT / rated - foot * of_power) + parts[1] * (_FOOT - foot * of_current)
        rising = parts[0] * of_power + parts[1] * of_current + parts[2]
        parts = np.where(below, np.stack([none, steady, rising]), parts)
        at_rest = parts[0] / rated**2 + parts[1] / rated + parts[2]
        parts = np.where(far, np.stack([none, none, at_rest]), parts)
        factor = parts.sum(axis=0)
        return replace(connected, const_i=parts[1] / factor, const_z=parts[2] / factor), factor


class LimitedFlow:
    """A `PowerFlow` of a grid whose loads may have limits; the same as that where none of them leaves them.

    Parameters
    ----------
    assembled
        The grid as `twin.grid.assemble.assemble` returns it.
    tolerance
        As of `PowerFlow`.
    """

    def __init__(self, assembled: Assembled, tolerance: float = TOLERANCE_PU) -> None:
        self.network, self.connected, self.tolerance = assembled.network, assembled.connected, tolerance
        self.limits = Limits.of(assembled)
        self._flow = PowerFlow(self.network, self.connected, tolerance)

    def solve(self, power: Complex, nodes: str | Ints | None = None, start: Complex | None = None) -> Solution:
        """Solve every step; parameters and result are those of `PowerFlow.solve`.

        A step whose loads find no range that their voltages agree with has no solution.
        """
        if self.limits is None:
            return self._flow.solve(power, nodes, start)
        power = np.asarray(power, dtype=np.complex128)
        wanted = self._rows(nodes)
        ends = np.concatenate([self.connected.node, self.connected.other[self.connected.other != GROUND]])
        rows = np.unique(np.concatenate([wanted, ends]))
        solution = self._flow.solve(power, rows, start)
        taken = np.zeros(power.shape, dtype=np.int64)
        left = self._unsettled(solution, rows, taken, np.arange(len(power)))
        for _ in range(_ROUNDS):
            if not len(left):
                break
            taken[left] = self.limits.ranges(self._across(solution.voltage[left], rows))
            self._again(solution, power, rows, taken, left)
            left = self._unsettled(solution, rows, taken, left)
        solution.status[left] = Status.COLLAPSED
        solution.voltage[left] = solution.current[left] = 0.0
        return replace(solution, voltage=solution.voltage[:, np.searchsorted(rows, wanted)])

    def _again(self, solution: Solution, power: Complex, rows: Ints, taken: Ints, left: Ints) -> None:
        """Solve steps with their loads in the ranges taken; those of the same ranges together."""
        assert self.limits is not None
        patterns, which = np.unique(taken[left], axis=0, return_inverse=True)
        for k, pattern in enumerate(patterns):
            steps = left[which.reshape(-1) == k]
            connected, factor = self.limits.altered(self.connected, pattern)
            found = PowerFlow(self.network, connected, self.tolerance).solve(power[steps] * factor, rows)
            solution.voltage[steps], solution.current[steps] = found.voltage, found.current
            solution.status[steps] = found.status
            solution.iterations[steps] += found.iterations

    def _unsettled(self, solution: Solution, rows: Ints, taken: Ints, steps: Ints) -> Ints:
        """Return the solved steps in which a load is not in the range it was taken to be in."""
        assert self.limits is not None
        size = self._across(solution.voltage[steps], rows)
        away = (self.limits.ranges(size) != taken[steps]) & ~self.limits.at_edge(size)
        return np.asarray(steps[away.any(axis=1) & (solution.status[steps] != Status.COLLAPSED)])

    def _across(self, voltage: Complex, rows: Ints) -> Floats:
        """Return the size of the voltage across every element over its nominal one, shape ``(step, k)``."""
        place = np.searchsorted(rows, self.connected.node)
        other = np.searchsorted(rows, np.maximum(self.connected.other, rows[0]))
        to_ground = self.connected.other == GROUND
        across = voltage[:, place] - np.where(to_ground, 0.0, voltage[:, other])
        return np.asarray(np.abs(across) / self.connected.v_nominal)

    def _rows(self, nodes: str | Ints | None) -> Ints:
        if nodes is None:
            return self.connected.node
        return np.arange(self.network.n_nodes) if isinstance(nodes, str) else np.asarray(nodes, dtype=np.int64)
