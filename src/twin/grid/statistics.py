"""Statistics of a grid over any number of steps, taken in chunk by chunk, so that no year of voltages is ever kept.

What a supply voltage is judged by is EN 50160:2010, 4.2.2 (supply voltage variations) and 4.2.4 (unbalance), which
counts means of ten minutes: with other steps the same limits are applied, but they are not called by its name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.grid.weeks import WeeklyPercentiles, WeeklyVerdict

__all__ = [
    "BAND_PU",
    "HARD_BAND_PU",
    "MOST_UNBALANCE",
    "PERCENTILES",
    "GridStatistics",
    "Statistics",
    "outside",
    "unbalance",
]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

BAND_PU = (0.90, 1.10)  # in which 95 % of the means of a week must lie
HARD_BAND_PU = (0.85, 1.10)  # in which all of them must
MOST_UNBALANCE = 0.02  # in 95 % of the means of a week
STANDARD_STEP_S = 600
PERCENTILES = (2.5, 5.0, 95.0, 97.5)

_A = np.exp(2j * np.pi / 3)
_ALIKE = 1e-12


def unbalance(voltage: Complex, phases: Ints) -> Floats:
    """Return the magnitude of the negative- over that of the positive-sequence voltage.

    Fortescue (1918); the definition of EN 50160, 3.1.

    Parameters
    ----------
    voltage
        Shape ``(step, node)``.
    phases
        Nodes of phases a, b, c of every bus, shape ``(3, n_bus)``.

    Returns
    -------
    Floats
        Shape ``(step, n_bus)``; 0 where there is no voltage, or nothing but rounding between the phases.
    """
    a, b, c = (voltage[:, nodes] for nodes in phases)
    positive, negative = np.abs(a + _A * b + _A**2 * c), np.abs(a + _A**2 * b + _A * c)
    unlike = (positive > 0) & (negative > _ALIKE * positive)
    return np.asarray(np.divide(negative, positive, out=np.zeros(positive.shape), where=unlike))


@dataclass(frozen=True)
class Statistics:
    """A grid over all steps that have a solution.

    Attributes
    ----------
    step_s
        Length of a step, s.
    steps, unsolved
        Number of steps with and without a solution.
    voltage_min, voltage_max, voltage_mean
        Magnitude at every node, pu, shape ``(node,)``; NaN without a step.
    voltage_min_step
        Number of the step that has the lowest voltage, -1 without a step, shape ``(node,)``.
    outside_s
        How long the voltage was outside of `BAND_PU`, s, shape ``(node,)``.
    levels
        Of the percentiles, shape ``(level,)``.
    percentile
        Of the voltage within each week, pu, linear between neighbours, shape ``(week, level, node)``; the last week may
        be incomplete.
    weeks
        Number of complete weeks, which are judged.
    weeks_kept
        Weeks in which 95 % of the steps are within `BAND_PU`, all within `HARD_BAND_PU`, and none without a solution,
        shape ``(node,)``.
    unbalance_max
        Highest share of negative sequence at every bus, shape ``(bus,)``.
    weeks_balanced
        Weeks in which it is at most `MOST_UNBALANCE` in 95 % of the steps, shape ``(bus,)``.
    loading_max, loading_max_step
        Highest loading of every branch, and the step that has it, shape ``(branch,)``.
    over_s
        How long it was above 1, s, shape ``(branch,)``.
    loss_j
        Energy lost in every branch, J, shape ``(branch,)``.
    any_outside_s, any_over_s
        How long any node was outside of `BAND_PU`, any branch loaded above 1, s.
    """

    step_s: int
    steps: int
    unsolved: int
    voltage_min: Floats
    voltage_max: Floats
    voltage_mean: Floats
    voltage_min_step: Ints
    outside_s: Floats
    levels: tuple[float, ...]
    percentile: Floats
    weeks: int
    weeks_kept: Ints
    unbalance_max: Floats
    weeks_balanced: Ints
    loading_max: Floats
    loading_max_step: Ints
    over_s: Floats
    loss_j: Floats
    any_outside_s: float
    any_over_s: float

    @property
    def standard(self) -> str:
        """The standard by which weeks were judged: none where steps are not those that it counts."""
        return "EN 50160" if self.step_s == STANDARD_STEP_S else ""

    @property
    def share_kept(self) -> Floats:
        """Share of the complete weeks in which the voltage of a node keeps to its limits, NaN if there is none."""
        return np.full(len(self.weeks_kept), np.nan) if not self.weeks else self.weeks_kept / self.weeks


class GridStatistics:
    """Takes in voltages and loadings chunk by chunk; any cut into chunks gives the same.

    It keeps a few numbers per node and branch, four per node and week, and the magnitudes of the week it is in:
    ``8 * n_nodes * steps_per_week(step_s)`` bytes (none without percentiles).

    Parameters
    ----------
    step_s
        Length of a step, s.
    n_nodes
        Columns of the voltages.
    phases
        Nodes of phases a, b, c of the buses whose unbalance is asked for, shape ``(3, n_bus)``; none if None.
    n_branches
        Columns of the loadings and losses.
    percentiles
        Levels of the weekly percentiles, 0 to 100; none if empty.
    """

    def __init__(
        self,
        step_s: int,
        n_nodes: int,
        phases: Ints | None = None,
        n_branches: int = 0,
        percentiles: tuple[float, ...] = PERCENTILES,
    ) -> None:
        self._step_s, self._row = step_s, 0
        self._phases = np.zeros((3, 0), dtype=np.int64) if phases is None else np.asarray(phases)
        n_buses = self._phases.shape[1]
        self._lowest, self._highest = _Extreme(n_nodes, np.less), _Extreme(n_nodes, np.greater)
        self._sum, self._outside = np.zeros(n_nodes), np.zeros(n_nodes, dtype=np.int64)
        self._percentiles = WeeklyPercentiles(n_nodes, step_s, percentiles)
        self._verdict, self._balance = WeeklyVerdict(n_nodes, step_s), WeeklyVerdict(n_buses, step_s)
        self._weeks, self._kept = 0, np.zeros(n_nodes, dtype=np.int64)
        self._unbalance, self._balanced = np.zeros(n_buses), np.zeros(n_buses, dtype=np.int64)
        self._loading = _Extreme(n_branches, np.greater)
        self._over, self._loss = np.zeros(n_branches, dtype=np.int64), np.zeros(n_branches)
        self._solved = self._any_outside = self._any_over = 0

    def take(
        self,
        voltage: Complex | Floats,
        loading: Floats | None = None,
        loss_w: Floats | None = None,
        solved: Mask | None = None,
    ) -> None:
        """Take in some steps.

        Parameters
        ----------
        voltage
            Per unit, shape ``(step, node)``; magnitudes will do where no unbalance is asked for.
        loading, loss_w
            Of the branches, 1 and W, shape ``(step, branch)``; no part of the statistics if None.
        solved
            Which steps have a solution, all if None, shape ``(step,)``. Those without count as such, and only so.
        """
        solved = np.ones(len(voltage), dtype=bool) if solved is None else solved
        rows = slice(None) if solved.all() else solved
        number = self._row + np.flatnonzero(solved)
        magnitude = _magnitude(voltage)
        self._take_voltages(magnitude[rows], number)
        self._take_weeks(magnitude, solved)
        if self._phases.size:
            self._take_unbalance(unbalance(np.asarray(voltage, dtype=np.complex128), self._phases), solved)
        if loading is not None:
            over = loading[rows] > 1.0
            self._loading.take(loading[rows], number)
            self._over += over.sum(axis=0)
            self._any_over += int(over.any(axis=1).sum())
        if loss_w is not None:
            self._loss += loss_w[rows].sum(axis=0) * self._step_s
        self._row += len(voltage)
        self._solved += len(number)

    def _take_voltages(self, magnitude: Floats, number: Ints) -> None:
        self._lowest.take(magnitude, number)
        self._highest.take(magnitude, number)
        self._sum += magnitude.sum(axis=0)
        beside = outside(magnitude, BAND_PU)
        self._outside += beside.sum(axis=0)
        self._any_outside += int(beside.any(axis=1).sum())

    def _take_weeks(self, magnitude: Floats, solved: Mask) -> None:
        self._percentiles.take(magnitude, solved)
        lost = ~solved[:, None]
        beyond = outside(magnitude, HARD_BAND_PU) | lost
        for _, kept in self._verdict.take(outside(magnitude, BAND_PU) | lost, beyond):
            self._weeks += 1
            self._kept += kept

    def _take_unbalance(self, values: Floats, solved: Mask) -> None:
        lost = ~solved[:, None]
        np.maximum(self._unbalance, np.where(lost, 0.0, values).max(axis=0, initial=0.0), out=self._unbalance)
        for _, kept in self._balance.take((values > MOST_UNBALANCE) | lost, np.broadcast_to(lost, values.shape)):
            self._balanced += kept

    def result(self) -> Statistics:
        """Return the statistics of all steps so far."""
        step_s, none = self._step_s, not self._solved
        return Statistics(
            step_s=step_s,
            steps=self._solved,
            unsolved=self._row - self._solved,
            voltage_min=self._lowest.result(),
            voltage_max=self._highest.result(),
            voltage_mean=np.full(len(self._sum), np.nan) if none else self._sum / self._solved,
            voltage_min_step=self._lowest.step.copy(),
            outside_s=np.asarray(self._outside * step_s, dtype=np.float64),
            levels=self._percentiles.levels,
            percentile=self._percentiles.result(),
            weeks=self._weeks,
            weeks_kept=self._kept.copy(),
            unbalance_max=self._unbalance.copy(),
            weeks_balanced=self._balanced.copy(),
            loading_max=self._loading.result(),
            loading_max_step=self._loading.step.copy(),
            over_s=np.asarray(self._over * step_s, dtype=np.float64),
            loss_j=self._loss.copy(),
            any_outside_s=self._any_outside * float(step_s),
            any_over_s=self._any_over * float(step_s),
        )


def _magnitude(voltage: Complex | Floats) -> Floats:
    if not np.iscomplexobj(voltage):
        return np.asarray(voltage, dtype=np.float64)
    squared = np.square(voltage.real)  # faster than abs(), which guards against overflow
    squared += np.square(voltage.imag)
    return np.sqrt(squared, out=squared)


def outside(magnitude: Floats, band: tuple[float, float]) -> Mask:
    """Return where voltages are outside of a band, per unit."""
    return np.asarray((magnitude < band[0]) | (magnitude > band[1]))


class _Extreme:
    """The lowest or highest value of every entity, and the first step that has it."""

    def __init__(self, n: int, better: np.ufunc) -> None:
        self._better, self._of = better, np.fmin if better is np.less else np.fmax
        self._value = np.full(n, np.inf if better is np.less else -np.inf)
        self.step = np.full(n, -1, dtype=np.int64)

    def take(self, values: Floats, number: Ints) -> None:
        """Take in rows with the numbers of their steps."""
        if not len(values):
            return
        new = np.flatnonzero(self._better(self._of.reduce(values, axis=0), self._value))
        if len(new):
            columns = values[:, new]
            row = columns.argmin(axis=0) if self._better is np.less else columns.argmax(axis=0)
            self._value[new], self.step[new] = columns[row, np.arange(len(new))], number[row]

    def result(self) -> Floats:
        """Return the values, NaN where there was none."""
        return np.where(self.step < 0, np.nan, self._value)
