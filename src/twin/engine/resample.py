"""Taking values from one step length to another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["resample"]

Values = NDArray[np.float64]


def resample(values: Values, kind: str, step_s: int, wanted_s: int) -> Values:
    """Take ``(n, entities)`` from one step length to another.

    Fast to slow: the mean of a mean, the last of a state, and a status is off if off at any time. Slow to fast: held.
    """
    if step_s == wanted_s:
        return values
    if wanted_s < step_s:
        return np.repeat(values, step_s // wanted_s, axis=0)
    grouped = values.reshape(-1, wanted_s // step_s, values.shape[1])
    if kind == "mean":
        return np.asarray(grouped.mean(axis=1))
    return np.asarray(grouped.min(axis=1) if kind == "status" else grouped[:, -1])
