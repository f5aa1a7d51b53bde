"""What heat pumps and chillers lose by switching on and off when less is asked for than they can give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["part_load_factor"]

Floats = NDArray[np.float64]

DEGRADATION = 0.9  # Cc, default of EN 14825 for machines that heat or cool water


def part_load_factor(load: Floats, cycling_below: Floats) -> Floats:
    """Return the share of the coefficient of performance that switching on and off leaves.

    ``r / (Cc r + 1 - Cc)`` of EN 14825, ``r`` being the load over the least that can be given without switching;
    Cc = 0.9.

    Parameters
    ----------
    load
        Heat or cold given over capacity, ``(step, building)``.
    cycling_below
        The load below which the machine switches, ``(building,)``; 0 if that is not counted.
    """
    switching = (load > 0.0) & (cycling_below > 0.0)
    relative = np.minimum(np.divide(load, cycling_below, out=np.ones_like(load), where=switching), 1.0)
    factor: Floats = relative / (1.0 - DEGRADATION * (1.0 - relative))
    return factor
