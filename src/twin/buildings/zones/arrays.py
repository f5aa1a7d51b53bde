"""Arrays over zones in few passes: profiles by use, sums by building, and some of the zones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.series import Shared

__all__ = ["ByUse", "SetPoints", "ZoneSums", "as_slice"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class ByUse:
    """The profile of each zone's use times a factor of the zone.

    Parameters
    ----------
    uses
        Row of each zone's use in the catalogue, shape ``(n,)``.
    factor
        Of each zone, shape ``(n,)``.
    """

    def __init__(self, uses: Ints, factor: Floats) -> None:
        present = factor != 0.0
        self._uses = np.unique(uses[present])
        self._shares = np.where(uses == self._uses[:, None], factor, 0.0)

    def add(self, to: Floats, levels: Floats) -> None:
        """Add the profiles of all uses, ``(step, use)``, as each zone has them to ``(step, zone)``."""
        if len(self._uses):
            to += levels[:, self._uses] @ self._shares


class SetPoints:
    """The profile of each zone's use times a value of the zone plus another, as the kernel reads set points.

    Parameters
    ----------
    uses
        Row of each zone's use in the catalogue, shape ``(n,)``.
    times, plus
        Of each zone, shape ``(n,)``.
    """

    def __init__(self, uses: Ints, times: Floats, plus: Floats) -> None:
        self._uses, use = np.unique(uses, return_inverse=True)
        self._shares = np.zeros((len(self._uses) + 1, len(use)))
        self._shares[use, np.arange(len(use))] = times
        self._shares[-1] = plus

    def __call__(self, profiles: Floats) -> Shared:
        """Return the series of every zone from the profiles of all uses, ``(step, use)``."""
        ones = np.ones((len(profiles), 1))
        return Shared(np.hstack([profiles[:, self._uses], ones]), self._shares)


class ZoneSums:
    """Sums over the zones of each building; zones are sorted by building."""

    def __init__(self, building: Ints, n_buildings: int) -> None:
        self._rows, self._first = np.unique(building, return_index=True)
        self._alone = len(self._rows) == len(building)
        self._n = n_buildings

    def __call__(self, values: Floats) -> Floats:
        """Return the sums of ``(step, zone)`` as ``(step, building)``, 0 for buildings without a zone."""
        if self._alone and len(self._rows) == self._n:
            return values
        out = np.zeros((len(values), self._n))
        out[:, as_slice(self._rows)] = values if self._alone else np.add.reduceat(values, self._first, axis=1)
        return out


def as_slice(rows: Ints) -> slice | Ints:
    """Return ascending rows as a slice if none is left out between them, which is much faster."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
