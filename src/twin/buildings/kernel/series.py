"""Series over time of many buildings, in the forms the kernel reads: one per building, or few that buildings share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
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
            return Shared(values, _ones(n_buildings))
        values = np.broadcast_to(values, shape)
    if n_buildings > 1 and values.strides[1] == 0:
        return Shared(values[:, :1], _ones(n_buildings))
    if n > 1 and values.strides[0] == 0:
        return Shared(np.ones((n, 1)), values[:1])
    return Dense(values)


@lru_cache(maxsize=4)
def _ones(n: int) -> NDArray[np.float64]:
    """Return the shares of a series that all have in common: always the same array, known by its identity."""
    ones = np.ones((1, n))
    ones.flags.writeable = False
    return ones


def site(series: Shared | Dense, dtype: DTypeLike) -> Reals | None:
    """Return the series ``(step, 1)`` that all buildings have in common, or None if they have none."""
    if isinstance(series, Shared) and series.profiles.shape[1] == 1:
        shares = series.shares
        if shares is _ones(shares.shape[1]) or (shares == 1.0).all():
            return series.profiles.astype(dtype, copy=False)
    return None


def multiply(profiles: Reals, weights: Reals, out: Reals) -> None:
    """Write profiles ``(step, profile)`` times weights ``(profile, building)``."""
    if len(weights) == 1:
        np.multiply(profiles, weights, out)  # much faster than a matrix product with one column
    else:
        np.matmul(profiles, weights, out)


class Rows:
    """A series taken step by step for one block of buildings, each row with its extremes.

    Rows of shared profiles are worked out once for all steps at which the profiles have the same values, in this window
    or in one before: set points of a week take a few dozen.

    Parameters
    ----------
    here
        The block.
    """

    def __init__(self, here: slice, dtype: DTypeLike) -> None:
        self._here, self._dtype = here, np.dtype(dtype)
        self._shares: Reals | None = None
        self._finish: Callable[[Reals], Reals] | None = None
        self._known: dict[bytes | int, tuple[Reals, float, float]] = {}

    def window(self, series: Shared | Dense, finish: Callable[[Reals], Reals] | None = None) -> None:
        """Go on with another window; ``finish`` is what is made of the rows, the same object if that is the same."""
        shares = series.shares if isinstance(series, Shared) else None
        if shares is None or shares is not self._shares or finish is not self._finish:
            self._known.clear()
        self._series, self._shares, self._finish = series, shares, finish
        if isinstance(series, Shared):
            self._profiles, self._keys, self._places = _distinct(series.profiles)

    def forget(self) -> None:
        """Drop the rows known so far."""
        self._known.clear()

    def __getitem__(self, step: int) -> tuple[Reals, float, float]:
        """Return a row with its least and greatest value."""
        place = step if self._shares is None else self._places[step]
        key = step if self._shares is None else self._keys[place]
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= (1 if self._shares is None else _KEPT_ROWS):
                self._known.clear()
            found = self._known[key] = self._row(place)
        return found

    def _row(self, place: int) -> tuple[Reals, float, float]:
        if isinstance(self._series, Shared):
            shares = self._series.shares[:, self._here]
            row = np.empty(shares.shape[1])
            multiply(self._profiles[place : place + 1], shares, row[None])
        else:
            row = self._series.values[place, self._here]
        row = np.ascontiguousarray(row, dtype=self._dtype)
        if self._finish is not None:
            row = self._finish(row)
        return row, float(row[row.argmin()]), float(row[row.argmax()])


def _distinct(profiles: Reals) -> tuple[Reals, list[bytes], list[int]]:
    """Return the different rows of profiles, what they are known by, and which of them each step has."""
    profiles = np.ascontiguousarray(profiles, dtype=np.float64)
    if len(profiles) == 1:
        return profiles, [profiles.tobytes()], [0]
    found, places = np.unique(profiles, axis=0, return_inverse=True)
    return found, [row.tobytes() for row in found], places.ravel().tolist()
