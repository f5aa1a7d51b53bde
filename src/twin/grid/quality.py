"""The simulator that judges the voltage at every bus, week by week."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.ports import Arrays, Read, Write
from twin.engine.time import TimeAxis
from twin.grid.by_bus import PhasesOfBus
from twin.grid.model import ElectricGrid
from twin.grid.statistics import BAND_PU, HARD_BAND_PU, outside
from twin.grid.weeks import WeeklyVerdict
from twin.random import Streams
from twin.registry import Setup

__all__ = ["VoltageQualitySimulator", "build"]

Floats = NDArray[np.float64]


class VoltageQualitySimulator:
    """The lowest voltage of any phase of a bus, and whether all of its phases keep to their limits in a week.

    A week keeps to them if 95 % of its steps are within 10 % of the nominal voltage and all within +10 % and -15 %:
    the limits of EN 50160:2010, 4.2.2, which counts means of ten minutes. As there, an interruption is no voltage that
    is too low; where the voltage collapses it is. Weeks follow each other from the beginning of the horizon, warm-up
    included; each counts at its last step, and one that is not complete does not count.
    """

    name, version = "voltage_quality", "2"
    reads = (Read("voltage", "phase_node"), Read("voltage_collapse", "phase_node"))
    writes = (
        Write("lowest_phase_voltage", "bus"),
        Write("judged_weeks", "bus"),
        Write("weeks_within_limits", "bus"),
    )

    def __init__(self, grid: ElectricGrid, step_s: int) -> None:
        self.step_s = step_s
        self._of_bus = PhasesOfBus(grid)
        self._n = len(grid.phase_node)
        self._verdict = WeeklyVerdict(self._n, step_s)

    def start(self, axis: TimeAxis, streams: Streams) -> None:
        """Begin the first week."""
        self._verdict = WeeklyVerdict(self._n, self.step_s)

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return the lowest voltages, and weeks as a rate (1/s) during the step in which they end."""
        cut_off = (inputs["voltage"] == 0) & (inputs["voltage_collapse"] == 0)
        voltage = np.where(cut_off, 1.0, inputs["voltage"])
        lowest = self._of_bus.lowest(voltage)
        judged, kept = np.zeros(lowest.shape), np.zeros(lowest.shape)
        for row, within in self._verdict.take(outside(voltage, BAND_PU), outside(voltage, HARD_BAND_PU)):
            judged[row] = 1.0 / self.step_s
            kept[row] = self._of_bus.lowest(within[None].astype(np.float64))[0] / self.step_s
        return {"lowest_phase_voltage": lowest, "judged_weeks": judged, "weeks_within_limits": kept}

    def state(self) -> Any:
        """Return what has been seen of the week so far."""
        return self._verdict.state()

    def restore(self, state: Any) -> None:
        """Go back to an earlier state."""
        self._verdict.restore(state)


def build(setup: Setup) -> VoltageQualitySimulator | None:
    """Return the simulator, or None where the city has no grid."""
    if "bus" not in setup.city.tables:
        return None
    return VoltageQualitySimulator(ElectricGrid.of(setup.city), setup.step_s)
