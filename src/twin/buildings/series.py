"""Series over time of many buildings, in the forms the kernel reads: one per building, or few that buildings share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["Dense", "Rows", "Series", "Shared", "multiply", "site", "spread"]

Reals = NDArray[Any]

_KEPT_ROWS = 192  # rows of set points kept per block: a week of hours and some


@dataclass(frozen=True)
class Shared:
    """A series per building as a sum of a few profiles, each times the building's share in it.

    A profile of a use times what each building has of it, or irradiance by orientation times areas: such series need
    neither the memory nor the passes of one series per building.

    Attributes
    ----------
    profiles
        Shape ``(step, profile)``.
    shares
        Shape ``(profile, building)``; finite.
    """

    profiles: Reals
    shares: Reals

    @classmethod
    def by_class(cls, values: Reals, classes: NDArray[np.int64]) -> Shared:
        """Return the series ``values[:, classes]``: one per class, and the class of each building."""
        return cls(values, (np.arange(values.shape[1])[:, None] == classes).astype(np.float64))

    def steps(self, here: slice) -> Shared:
        """Return some of the steps."""
        return Shared(self.profiles[here], self.shares)

    def expand(self) -> Reals:
        """Return the series of every building, ``(step, building)``."""
        series: Reals = self.profiles @ self.shares
        return series


Series = Reals | Shared


@dataclass(frozen=True)
class Dense:
    """One series per building, ``(step, building)``."""

    values: Reals


def spread(series: Series, shape: tuple[int, int]) -> Shared | Dense:
    """Return a series in the form that is cheapest to work with.

    Parameters
    ----------
    series
        Anything that broadcasts to ``shape`` = (steps, buildings). One column repeated (as from one site), or one row
        repeated, becomes `Shared`.

    Raises
    ------
    ValueError
        If it does not broadcast to that shape.
    """
    n, n_buildings = shape
    if isinstance(series, Shared):
        if series.profiles.shape[0] != n or series.shares.shape != (series.profiles.shape[1], n_buildings):
            found = f"{series.profiles.shape} profiles and {series.shares.shape} shares"
            raise ValueError(f"{found} do not make a series of shape {shape}")
        return series
    values = np.asarray(series)
    if values.shape != shape:
        if values.shape == (n, 1):
            return Shared(values, np.ones((1, n_buildings)))
        values = np.broadcast_to(values, shape)
    if n_buildings > 1 and values.strides[1] == 0:
        return Shared(values[:, :1], np.ones((1, n_buildings)))
    if n > 1 and values.strides[0] == 0:
        return Shared(np.ones((n, 1)), values[:1])
    return Dense(values)


def site(series: Shared | Dense, dtype: DTypeLike) -> Reals | None:
    """Return the series ``(step, 1)`` that all buildings have in common, or None if they have none."""
    if isinstance(series, Shared) and series.profiles.shape[1] == 1 and (series.shares == 1.0).all():
        return series.profiles.astype(dtype, copy=False)
    return None


def multiply(profiles: Reals, weights: Reals, out: Reals) -> None:
    """Write profiles ``(step, profile)`` times weights ``(profile, building)``."""
    if len(weights) == 1:
        np.multiply(profiles, weights, out)  # much faster than a matrix product with one column
    else:
        np.matmul(profiles, weights, out)


class Rows:
    """A series taken step by step for a block of buildings, each row with its extremes.

    Rows of shared profiles are worked out once for all steps at which the profiles have the same values: set points
    of a week take a few dozen.
    """

    def __init__(self, series: Shared | Dense, dtype: DTypeLike) -> None:
        self._series, self._dtype = series, np.dtype(dtype)
        self._keys: list[int] = []
        if isinstance(series, Shared):
            self._profiles, self._keys = _distinct(series.profiles)
        self._known: dict[int, tuple[Reals, float, float]] = {}
        self._here = slice(0)
        self._finish: Callable[[Reals], Reals] | None = None

    def block(self, here: slice, finish: Callable[[Reals], Reals] | None = None) -> None:
        """Go on with another block of buildings; ``finish`` is what is made of their rows."""
        self._here, self._finish = here, finish
        self._known.clear()

    def __getitem__(self, step: int) -> tuple[Reals, float, float]:
        """Return a row with its least and greatest value."""
        key = self._keys[step] if self._keys else step
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= (_KEPT_ROWS if self._keys else 1):
                self._known.clear()
            found = self._known[key] = self._row(key)
        return found

    def _row(self, key: int) -> tuple[Reals, float, float]:
        if isinstance(self._series, Shared):
            shares = self._series.shares[:, self._here]
            row = np.empty(shares.shape[1])
            multiply(self._profiles[key : key + 1], shares, row[None])
        else:
            row = self._series.values[key, self._here]
        row = np.ascontiguousarray(row, dtype=self._dtype)
        if self._finish is not None:
            row = self._finish(row)
        return row, float(row[row.argmin()]), float(row[row.argmax()])


def _distinct(profiles: Reals) -> tuple[Reals, list[int]]:
    """Return the different rows of profiles and which of them each step has."""
    if len(profiles) == 1:
        return profiles, [0]
    found, keys = np.unique(profiles, axis=0, return_inverse=True)
    return found, keys.ravel().tolist()
