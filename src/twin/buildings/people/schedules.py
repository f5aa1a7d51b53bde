"""What people do at which hour: weekly profiles on the clock of the wall, as means over steps of any length."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue import Archetypes
from twin.engine.time import CivilTime, TimeAxis

__all__ = ["Clock", "mean_level", "profile", "read_clock"]


@dataclass(frozen=True)
class Clock:
    """Hour of the week (0 is Monday 0 h) and month (0 is January) of ``k`` parts of each step, shape ``(n, k)``."""

    hour_of_week: NDArray[np.int64]
    month: NDArray[np.int64]


def read_clock(axis: TimeAxis, civil: CivilTime) -> Clock:
    """Return what clock and calendar of a place show in every step; a public holiday is a Sunday.

    Steps are divided so that no part runs across a full hour, and the profile's mean over a step is exact.
    """
    first = axis.between(axis.start, axis.start + axis.step_s).calendar(civil)
    part_s = math.gcd(axis.step_s, 3600, round(float(first.hour[0]) * 3600))
    calendar = axis.with_step(part_s).calendar(civil)
    shape = (axis.n, axis.step_s // part_s)
    hour = calendar.schedule_weekday * 24 + calendar.hour.astype(np.int64)
    return Clock(hour.reshape(shape), (calendar.month - 1).reshape(shape))


def profile(archetypes: Archetypes, quantity: str, clock: Clock, seasonal: bool = True) -> NDArray[np.float64]:
    """Return the profile of every use over the steps, shape ``(n, n_uses)``.

    Parameters
    ----------
    seasonal
        Whether the multiplier of the month applies; it does not to set points.
    """
    return mean_level(archetypes.weekly[quantity], clock, archetypes.monthly if seasonal else None)


def mean_level(
    weekly: NDArray[np.float64], clock: Clock, monthly: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return hourly profiles of a week over the steps, shape ``(n, k)``.

    Parameters
    ----------
    weekly
        Shape ``(k, 168)``.
    monthly
        Multipliers of the months, shape ``(k, 12)``.
    """
    level = weekly[:, clock.hour_of_week]
    if monthly is not None:
        level = level * monthly[:, clock.month]
    mean: NDArray[np.float64] = level.mean(axis=2)
    return np.ascontiguousarray(mean.T)
