"""Thermal comfort after EN 16798-1: which temperatures people find acceptable, and how well a room keeps them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ADAPTIVE_FROM_DEGC", "MARGIN_K", "ComfortLimits", "category", "limits", "running_mean"]

Floats = NDArray[np.float64]

ADAPTIVE_FROM_DEGC = 10.0
ADAPTIVE_TO_DEGC = 30.0
MARGIN_K = 0.01  # what is at a limit is within it, whatever the last digits say
_BELOW_K = np.array([3.0, 4.0, 5.0])
_ABOVE_K = np.array([2.0, 3.0, 4.0])
_MEMORY = 0.8


@dataclass(frozen=True)
class ComfortLimits:
    """Operative temperatures between which a zone is in category I, II and III, degC.

    Attributes
    ----------
    lower, upper
        Shape ``(3, n)``, best category first; each range lies within the next.
    adaptive
        Whether people adapt to the weather, shape ``(n,)``: in zones that are not cooled and where they sit.
    """

    lower: Floats
    upper: Floats
    adaptive: NDArray[np.bool_]


def running_mean(before: Floats, day: Floats) -> Floats:
    """Return the running mean outdoor temperature for the day after one with the mean ``day``, degC.

    Sum of past daily means, each weighing 0.8 of the one after it, in the recursive form of EN 16798-1, B.2.2.
    """
    return (1.0 - _MEMORY) * day + _MEMORY * before


def limits(fixed: ComfortLimits, outdoor: Floats) -> tuple[Floats, Floats]:
    """Return lower and upper limits of categories I, II and III on one day, degC, both of shape ``(3, n)``.

    Where people adapt, limits lie about ``0.33 outdoor + 18.8`` (EN 16798-1, B.2.2: 3, 4 and 5 K below, 2, 3 and 4 K
    above) as long as the running mean is at least 10 degC; above 30 degC, where the standard is silent, they stay.
    Below 10 degC and elsewhere they are the fixed ones.

    Parameters
    ----------
    outdoor
        Running mean outdoor temperature, degC, shape ``(n,)`` or ``(1,)``.
    """
    neutral = 0.33 * np.minimum(outdoor, ADAPTIVE_TO_DEGC) + 18.8
    adapted = fixed.adaptive & (outdoor >= ADAPTIVE_FROM_DEGC)
    lower = np.where(adapted, neutral - _BELOW_K[:, None], fixed.lower)
    upper = np.where(adapted, neutral + _ABOVE_K[:, None], fixed.upper)
    return lower, upper


def category(operative: Floats, lower: Floats, upper: Floats) -> NDArray[np.int8]:
    """Return the category of every zone at every step: 1, 2, 3, or 4 for whatever is worse, ``(step, n)``.

    Parameters
    ----------
    operative
        Operative temperature, degC, shape ``(step, n)``.
    lower, upper
        Limits of categories I, II and III, degC, shape ``(3, n)``.
    """
    found = np.ones(operative.shape, dtype=np.int8)
    for low, high in zip(lower - MARGIN_K, upper + MARGIN_K, strict=True):
        found += (operative < low) | (operative > high)
    return found
