"""How fast a vehicle charges: what voltage leaves of its power, and when it has what it wants."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["droop", "full_power_seconds"]

Floats = NDArray[np.float64]


def droop(voltage: Floats, low: Floats, high: Floats, least: Floats) -> Floats:
    """Return the share of its power that each point gives: all of it from ``high``, ``least`` of it towards ``low``.

    Parameters
    ----------
    voltage, low, high
        In pu, ``(point,)``.
    least
        Share kept at the lowest voltage, ``(point,)``.
    """
    share: Floats = np.clip((voltage - low) / (high - low), least, 1.0)
    return share


def full_power_seconds(energy: float, power: float) -> int:
    """Return how many whole seconds of ``power`` W fit into ``energy`` J; what is left takes one more."""
    return int(energy // power)
