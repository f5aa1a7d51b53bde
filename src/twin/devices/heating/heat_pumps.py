"""The heat pumps of some buildings: what they draw per heat, following source and sink from step to step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.devices.heating.kernel import (
    COEFFICIENTS,
    HOT_WATER_SINK_DEGC,
    SINKS,
    coefficient_of_performance,
    ground_source_temperature,
    sink_temperature,
)
from twin.table import Table

__all__ = ["HeatPumps"]

Floats = NDArray[np.float64]


class HeatPumps:
    """Heat pumps as the table of their buildings describes them; all arrays are ``(step, building)``."""

    def __init__(self, table: Table) -> None:
        self._ground = table["heat_pump_source"] == "ground"
        self._coefficients = np.array([COEFFICIENTS[s] for s in table["heat_pump_source"].tolist()]).T
        self._curve = np.array([SINKS[e] for e in table["heat_emission"].tolist()]).T
        self._ground_temperature = table["ground_source_temperature_degc"]

    def source(self, outdoor: Floats) -> Floats:
        """Return the temperature of air or brine, degC."""
        brine = ground_source_temperature(self._ground_temperature)
        return np.where(self._ground, brine, outdoor)

    def cop(self, lift: Floats) -> Floats:
        """Return the coefficient of performance for a lift from source to sink, K."""
        return coefficient_of_performance(lift, self._coefficients)

    def cops_of_demand(self, outdoor: Floats) -> tuple[Floats, Floats]:
        """Return the coefficients of performance for space heat, by heating curve, and for hot water."""
        source = self.source(outdoor)
        space_lift = sink_temperature(outdoor, *self._curve) - source
        return self.cop(space_lift), self.cop(HOT_WATER_SINK_DEGC - source)
