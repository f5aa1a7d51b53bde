"""``share``: which of the rows that a measure concerns it reaches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.random import entity_keys, uniform
from twin.table import Table

__all__ = ["choose"]

Mask = NDArray[np.bool_]


def choose(rows: Mask, table: Table, share: float, seed: int, purpose: str, size: NDArray[np.float64] | None) -> Mask:
    """Return the share of the selected rows with the lowest keyed ranks.

    A smaller share is always a subset of a larger one, and an entity keeps its rank across options and runs.

    Parameters
    ----------
    rows
        The rows to choose from, shape ``(n,)``.
    size
        What the share is a share of, shape ``(n,)``, such as floor area; None counts rows.
    """
    index = np.flatnonzero(rows)
    rank = uniform(seed, purpose, entity_keys([str(i) for i in table.ids[index]]))
    order = index[np.argsort(rank, kind="stable")]
    weight = np.ones(len(order)) if size is None else size[order]
    chosen = np.zeros(len(table), dtype=bool)
    # An entity counts as inside the share once half of it is.
    chosen[order[np.cumsum(weight) - weight / 2 <= share * weight.sum()]] = True
    return chosen
