"""Planning by the civil day: which day a step belongs to, and the place of its price among those of that day."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.engine.time import CivilTime, TimeAxis, utc_offset
from twin.units import DAY_S

__all__ = ["civil_days", "rank_within_days"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def civil_days(axis: TimeAxis, civil: CivilTime) -> Integers:
    """Return the civil day on which every step begins, counted from 1970-01-01 and ascending, shape ``(axis.n,)``."""
    day = (axis.seconds + utc_offset(axis, civil.timezone)) // DAY_S
    # where the clock goes back at midnight, the hour that comes twice belongs to the day that has begun
    return np.asarray(np.maximum.accumulate(day))


def rank_within_days(values: Floats, day: Integers) -> Integers:
    """Return how many steps of the same day come before each: those of a lower value, and earlier ones of the same.

    Parameters
    ----------
    values
        One per step, ``(n,)``.
    day
        The day of every step, ascending; days of 23 or 25 hours are as good as any.
    """
    order = np.lexsort((np.arange(len(values)), values, day))
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values)) - np.searchsorted(day, day)[order]
    return rank
