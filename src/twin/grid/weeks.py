"""What is judged or sorted week by week, from steps taken in chunk by chunk."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

__all__ = ["WeeklyPercentiles", "WeeklyVerdict", "steps_per_week"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SHARE_BEYOND = 0.05  # of a week, in which limits need not be kept: EN 50160:2010, 4.2.2

_WEEK_S = 7 * 86400
_ROUNDING = 1e-9  # 5 % of 20 steps is one step, whatever binary fractions say


def steps_per_week(step_s: int) -> int:
    """Return how many whole steps a week has, at least one."""
    return max(1, _WEEK_S // step_s)


class WeeklyVerdict:
    """Judges, entity by entity, whether most of the steps of a week and all of them keep to their limits.

    Weeks are counted from the first step on.

    Parameters
    ----------
    n
        Number of entities.
    """

    def __init__(self, n: int, step_s: int) -> None:
        self._steps = steps_per_week(step_s)
        self._allowed = int(SHARE_BEYOND * self._steps + _ROUNDING)
        self._seen, self._outside, self._beyond = 0, np.zeros(n, dtype=np.int64), np.zeros(n, dtype=bool)

    def take(self, outside: Mask, beyond: Mask | None = None) -> Iterator[tuple[int, Mask]]:
        """Yield the row at which each week ends that ends in these steps, and who kept to the limits in it.

        Parameters
        ----------
        outside
            Where the limit of 95 % of a week is not kept, shape ``(step, n)``.
        beyond
            Where the limit of all of it is not, same shape; None if there is none.
        """
        for part, complete in _weeks(len(outside), self._seen, self._steps):
            self._outside += outside[part].sum(axis=0)
            if beyond is not None:
                self._beyond |= beyond[part].any(axis=0)
            self._seen += part.stop - part.start
            if complete:
                yield part.stop - 1, (self._outside <= self._allowed) & ~self._beyond
                self._seen = 0
                self._outside[:], self._beyond[:] = 0, False

    def state(self) -> tuple[int, Ints, Mask]:
        """Return what has been seen of the week so far."""
        return self._seen, self._outside.copy(), self._beyond.copy()

    def restore(self, state: tuple[int, Ints, Mask]) -> None:
        """Go back to an earlier state."""
        self._seen, self._outside, self._beyond = state[0], state[1].copy(), state[2].copy()


def _weeks(n: int, seen: int, per_week: int) -> Iterator[tuple[slice, bool]]:
    """Yield ``n`` steps cut where weeks end, after ``seen`` of the week's steps; and whether a week ends there."""
    first = 0
    while first < n:
        stop = min(n, first + per_week - seen)
        seen = (seen + stop - first) % per_week
        yield slice(first, stop), seen == 0
        first = stop


class WeeklyPercentiles:
    """Exact percentiles of every week, from the magnitudes of the one week that is being filled."""

    def __init__(self, n: int, step_s: int, levels: tuple[float, ...]) -> None:
        self.levels = levels
        self._steps = steps_per_week(step_s)
        self._values = np.empty((n, self._steps if levels else 0))
        self._seen = self._filled = 0
        self._done: list[Floats] = []

    def take(self, magnitude: Floats, solved: Mask) -> None:
        """Take in steps; those without a solution pass, but leave no value."""
        if not self.levels:
            return
        for part, complete in _weeks(len(magnitude), self._seen, self._steps):
            taken = magnitude[part][solved[part]]
            self._values[:, self._filled : self._filled + len(taken)] = taken.T
            self._seen += part.stop - part.start
            self._filled += len(taken)
            if complete:
                self._done.append(self._of_week())
                self._seen = self._filled = 0

    def _of_week(self) -> Floats:
        if not self._filled:
            return np.full((len(self.levels), len(self._values)), np.nan)
        return np.asarray(np.percentile(self._values[:, : self._filled], self.levels, axis=1))

    def result(self) -> Floats:
        """Return the percentiles of every week, shape ``(week, level, n)``."""
        weeks = [*self._done, self._of_week()] if self.levels and self._seen else self._done
        return np.stack(weeks) if weeks else np.empty((0, len(self.levels), len(self._values)))
