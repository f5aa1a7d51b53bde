"""What batteries want to do: rules over arrays of steps and batteries, charging positive.

Each returns two wishes: one for as long as the battery holds less than its reserve, one for when it holds more. The
first is nowhere less than the second. Above the reserve a battery serves what is behind its meter, or in its area.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["Wishes", "hourly", "peak_shaving"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Wishes = tuple[Floats, Floats]


def peak_shaving(surplus: Floats, limit: Floats) -> Wishes:
    """Hold the net load at a limit.

    Below the reserve a battery is recharged with what the limit leaves, and discharged only beyond the limit; above
    it, it takes the surplus and covers the net load.

    Parameters
    ----------
    surplus
        Generation less load, W, shape ``(step, n)``.
    limit
        Largest net load, W, of a shape that fits.
    """
    return surplus + limit, surplus


def hourly(surplus: Floats, power: Floats, charge: Bools, discharge: Bools, feeds_grid: bool) -> Wishes:
    """Charge at full power in hours chosen for that, and discharge in others.

    Behind a meter a battery discharges to cover the net load and never feeds the grid. It takes the surplus at any
    time; in hours of neither kind it covers the net load from what it holds beyond its reserve. One that may feed the
    grid discharges at full power and rests in hours of neither kind, whatever happens around it.
    """
    if feeds_grid:
        wish = power * (charge.astype(np.float64) - discharge)
        return wish, wish.copy()
    above = surplus.copy()
    np.copyto(above, power, where=charge)
    below = np.maximum(above, np.zeros_like(power))
    np.copyto(below, above, where=discharge)
    return below, above
