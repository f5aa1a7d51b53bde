"""Air let in at night after warm days."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.habits import NIGHT, WARM_DAY_DEGC
from twin.engine.time import CivilTime, TimeAxis
from twin.units import DAY_S

__all__ = ["NightAir"]

Floats = NDArray[np.float64]


class NightAir:
    """Ventilation by the clock in nights that follow warm days: the outdoor temperature of the last day, older hours
    counting less and less, decides.

    Parameters
    ----------
    added
        What is ventilated besides, W/K, shape ``(zone,)``.

    Attributes
    ----------
    mean
        Temperature of the last day, degC, shape ``(1,)`` or ``(zone,)``; None at the beginning.
    """

    def __init__(self, added: Floats, civil: CivilTime, step_s: int) -> None:
        self._added, self._civil = added, civil
        self._weight = -np.expm1(-step_s / DAY_S)
        self.mean: Floats | None = None

    def __bool__(self) -> bool:
        return bool(self._added.any())

    def __call__(self, window: TimeAxis, outdoor: Floats) -> Floats:
        """Return the ventilation of a window, W/K, ``(step, zone)``, and remember how warm it was.

        Parameters
        ----------
        outdoor
            Outdoor temperature, degC, ``(step, 1 or zone)``.
        """
        mean = outdoor[0] if self.mean is None else self.mean
        warm = np.empty(outdoor.shape, dtype=bool)
        for step, now in enumerate(outdoor):
            np.greater_equal(mean, WARM_DAY_DEGC, out=warm[step])
            mean = mean + self._weight * (now - mean)
        self.mean = mean
        hour = window.calendar(self._civil).hour[:, None]
        return np.where(warm & ((hour >= NIGHT[0]) | (hour < NIGHT[1])), self._added, 0.0)
