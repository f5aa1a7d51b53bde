"""Groups of entities, and what their members have together at every step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["GROUP", "NO_GROUPS", "QUARTER", "Groups"]

Values = NDArray[np.float64]
Ints = NDArray[np.int64]

QUARTER = "quarter"  # all entities together, as a level
GROUP = "group:"  # before the column that groups buildings, as a level


@dataclass(frozen=True)
class Groups:
    """Which group each entity of a set belongs to.

    Attributes
    ----------
    labels
        Names of the groups, shape ``(k,)``.
    member
        Group that each entity is in, shape ``(n,)``; groups may be empty.
    """

    labels: Sequence[str] | NDArray[np.str_]
    member: Ints

    @classmethod
    def whole(cls, n: int) -> Groups:
        """Return the one group of all ``n`` entities."""
        return cls(("",), np.zeros(n, dtype=np.int64))

    @cached_property
    def _order(self) -> Ints | None:
        """Entities by group; None if they stand so already."""
        return None if (np.diff(self.member) >= 0).all() else np.argsort(self.member, kind="stable")

    @cached_property
    def _filled(self) -> tuple[Ints, Ints]:
        """Groups with members, and where each begins in that order."""
        filled, first = np.unique(np.sort(self.member), return_index=True)
        return filled, first

    def sums(self, values: Values) -> Values:
        """Return the sum over the members, ``(step, n)`` to ``(step, k)``; 0 where there are none."""
        if len(self.labels) == 1:
            return np.asarray(values.sum(axis=1, keepdims=True))
        return self._reduce(np.add, values, 0.0)

    def largest(self, values: Values) -> Values:
        """Return the largest of the members' values, ``(step, n)`` to ``(step, k)``; NaN where there are none."""
        return self._reduce(np.maximum, values, np.nan)

    def least(self, values: Values) -> Values:
        """Return the least of the members' values, ``(step, n)`` to ``(step, k)``; NaN where there are none."""
        return self._reduce(np.minimum, values, np.nan)

    def means(self, values: Values, weights: Values) -> Values:
        """Return the mean over the members by ``weights`` ``(n,)``, as ``(step, k)``; NaN where nothing weighs."""
        total = self.sums(weights[None])
        above = (values @ weights)[:, None] if len(self.labels) == 1 else self.sums(values * weights)
        return np.asarray(np.divide(above, total, out=np.full(above.shape, np.nan), where=total > 0))

    def _reduce(self, how: np.ufunc, values: Values, nothing: float) -> Values:
        filled, first = self._filled
        if not len(filled):
            return np.full((len(values), len(self.labels)), nothing)
        together = values if self._order is None else values.take(self._order, 1)
        if len(filled) < len(self.member):
            together = how.reduceat(together, first, axis=1)
        if len(filled) == len(self.labels):
            return together
        every = np.full((len(values), len(self.labels)), nothing)
        every[:, filled] = together
        return every


NO_GROUPS: Mapping[str, Groups] = {}
