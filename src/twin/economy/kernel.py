"""The arithmetic of investments: numbers in, numbers out."""

from __future__ import annotations

import math

__all__ = ["annuity_factor"]


def annuity_factor(interest_rate: float, lifetime_a: float) -> float:
    """Return the share of an investment that is due every year of its life.

    ``i / (1 - (1 + i)^-n)`` (annuity method, VDI 2067 Part 1), 1/n without interest, 1/a.

    Parameters
    ----------
    interest_rate
        Interest per year, 0.03 for 3 %.
    lifetime_a
        Life in years.
    """
    if interest_rate == 0.0:
        return 1.0 / lifetime_a
    return -interest_rate / math.expm1(-lifetime_a * math.log1p(interest_rate))
