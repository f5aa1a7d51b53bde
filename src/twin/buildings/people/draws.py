"""From keyed uniform draws to counts, and to choices among weighted things."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Choice", "counts", "poisson"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NORMAL_FROM = 200.0  # from here on the normal distribution is as good
_LEAST = 2.0**-6
_STEPS_PER_OCTAVE = 8
_BELOW_ONE = 1.0 - 2.0**-40
_NEVER = 1e-18  # probability below which a count does not happen


def poisson(mean: Floats, u: Floats) -> Ints:
    """Return Poisson counts of the given means by inversion of uniform draws, shape ``(n,)``."""
    count = np.zeros(len(mean), dtype=np.int64)
    large = mean > _NORMAL_FROM
    if large.any():
        count[large] = _by_normal(mean[large], u[large])
    left = np.flatnonzero(~large & (u >= np.exp(-mean)))
    rate, wanted = mean[left], u[left]
    chance = np.exp(-rate)
    below, k = chance.copy(), 0
    while len(left):
        k += 1
        chance = chance * rate / k
        below = below + chance
        count[left] = k
        go_on = (wanted >= below) & ((chance > _NEVER) | (k < rate))
        left, rate, wanted = left[go_on], rate[go_on], wanted[go_on]
        chance, below = chance[go_on], below[go_on]
    return count


def counts(mean: Floats, u: Floats) -> tuple[Ints, Floats]:
    """Return counts of Poisson processes whose means are somewhat larger than those given, and what share to keep.

    What is kept of them, each by a draw of its own, is a Poisson process of the means given: so that few distributions,
    tabulated once, serve all means.
    """
    step = np.ceil(_STEPS_PER_OCTAVE * np.log2(np.maximum(mean, _LEAST) / _LEAST)).astype(np.int64)
    tabulated, table = _tabulated()
    large = step >= len(tabulated)
    row = np.where(large, 0, step)
    count, _ = table(row, u)
    kept = np.where(large, 1.0, mean / tabulated[row])
    if large.any():
        count[large] = _by_normal(mean[large], u[large])
    return count, kept


@cache
def _tabulated() -> tuple[Floats, Choice]:
    """Return a geometric series of means, and their Poisson distributions to choose from."""
    n = int(_STEPS_PER_OCTAVE * np.log2(_NORMAL_FROM / _LEAST))
    mean = _LEAST * 2.0 ** (np.arange(n + 1) / _STEPS_PER_OCTAVE)
    most = np.arange(int(_NORMAL_FROM + 10.0 * np.sqrt(_NORMAL_FROM)))
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.maximum(most[1:], 1)))])
    return mean, Choice(np.exp(most * np.log(mean)[:, None] - mean[:, None] - log_factorial))


class Choice:
    """A choice among weighted things, with weights in several rows, by inversion.

    A table leads close to the place at once (guide table of Chen & Asau 1974, doi 10.1080/05695557408974949), as a
    search per draw costs several times as much.

    Parameters
    ----------
    weights
        Not negative, shape ``(row, thing)``; of a row of zeros the last thing is chosen.
    """

    def __init__(self, weights: Floats) -> None:
        n_rows, self._n = weights.shape
        self._cells = 4 * self._n
        total = weights.sum(axis=1, keepdims=True)
        edges = np.cumsum(np.divide(weights, total, out=np.zeros_like(weights), where=total > 0), axis=1)
        below = np.concatenate([np.zeros((n_rows, 1)), edges[:, :-1]], axis=1)
        edges[:, -1] = 1.0
        cells = np.arange(self._cells) / self._cells
        first = np.searchsorted((edges + 2.0 * np.arange(n_rows)[:, None]).ravel(), _spread(cells, n_rows), "right")
        self._first = np.minimum(first, np.repeat(np.arange(1, n_rows + 1) * self._n - 1, self._cells))
        self._edges, self._below = edges.ravel(), below.ravel()
        width = edges - below
        least = np.finfo(np.float64).tiny  # a smaller width has no inverse
        self._per_width = np.divide(1.0, width, out=np.zeros_like(width), where=width >= least).ravel()

    def __call__(self, row: Ints, u: Floats) -> tuple[Ints, Floats]:
        """Return the thing that each draw chooses, and what is left of the draw, uniform in 0 to 1 again."""
        at = self._first[row * self._cells + (u * self._cells).astype(np.int64)]
        beyond = np.flatnonzero(self._edges[at] <= u)
        while len(beyond):
            at[beyond] += 1
            beyond = beyond[self._edges[at[beyond]] <= u[beyond]]
        left = (u - self._below[at]) * self._per_width[at]
        return at - row * self._n, np.minimum(np.maximum(left, 0.0), _BELOW_ONE)


def _spread(cells: Floats, n_rows: int) -> Floats:
    """Return the cells of every row, rows apart from each other."""
    return (cells + 2.0 * np.arange(n_rows)[:, None]).ravel()


def _by_normal(mean: Floats, u: Floats) -> Ints:
    from scipy.special import ndtri

    spread = ndtri(np.clip(u, 1e-16, 1.0 - 1e-16))
    return np.maximum(np.rint(mean + np.sqrt(mean) * spread), 0.0).astype(np.int64)
