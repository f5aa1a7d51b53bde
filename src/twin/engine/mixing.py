"""Anderson mixing: the next guess at a fixed point, from the guesses so far and what came of them.

Repeating a loop as it stands converges only where its gain is below 1, and slowly near it. From the last few
repetitions the guess is taken at which what comes out would differ least from what goes in, were the loop linear
(Anderson 1965, doi 10.1145/321296.321305; Walker & Ni 2011, doi 10.1137/10078356X, equation 2.4).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mixing", "scale"]

Values = NDArray[np.float64]

_DEPTH = 5  # differences remembered
_DAMPING = 0.5  # share of what is left that a guess moves by: limits of power and the like are no smooth answers


def scale(values: Values) -> float:
    """Return the largest of some values, at least 1: what their changes are measured by."""
    return max(1.0, float(np.abs(values).max(initial=0.0)))


class Mixing:
    """Guesses at the fixed point of several tables, of which each weighs by its scale."""

    def __init__(self) -> None:
        self._scales: list[float] = []
        self._guesses: list[Values] = []
        self._left: list[Values] = []

    def guess(self, before: Sequence[Values], after: Sequence[Values]) -> list[Values]:
        """Return the next guess, given the last one and what came of it."""
        self._scales = self._scales or [scale(values) for values in after]  # the same for all guesses
        mixed = self._mixed(self._joined(before), self._joined(after))
        parts = np.split(mixed, np.cumsum([values.size for values in after])[:-1])
        return [part.reshape(v.shape) * s for part, v, s in zip(parts, after, self._scales, strict=True)]

    def _joined(self, tables: Sequence[Values]) -> Values:
        return np.concatenate([values.ravel() / s for values, s in zip(tables, self._scales, strict=True)])

    def _mixed(self, before: Values, after: Values) -> Values:
        left = after - before
        self._guesses, self._left = [*self._guesses[-_DEPTH:], before], [*self._left[-_DEPTH:], left]
        mixed = before + _DAMPING * left
        if len(self._left) == 1:
            return mixed
        moved, changed = np.diff(self._guesses, axis=0).T, np.diff(self._left, axis=0).T
        share = np.linalg.lstsq(changed, left, rcond=1e-10)[0]
        return np.asarray(mixed - (moved + _DAMPING * changed) @ share)
