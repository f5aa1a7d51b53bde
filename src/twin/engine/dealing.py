"""Dealing things out to a few places, each to the one that has least so far."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["deal"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def deal(group: Ints, size: Floats, allowed: NDArray[np.bool_], load: Floats) -> Ints:
    """Return the place of every thing: of those allowed the one with least in its group.

    Among equals it is the first, counted from the number of the group on, so that many small groups do not all begin at
    the same place. Things of a group are dealt out in their order (list scheduling, Graham 1966, doi
    10.1002/j.1538-7305.1966.tb01709.x), so more of them at the end change nothing for those before.

    Parameters
    ----------
    group
        Of every thing, shape ``(n,)``.
    size
        What it adds to its place, shape ``(n,)``.
    allowed
        Which places it may have, at least one, shape ``(n, places)``.
    load
        What every group's places have before, shape ``(groups, places)``.

    Returns
    -------
    NDArray
        Shape ``(n,)``.
    """
    place, load = np.zeros(len(group), dtype=np.int64), load.astype(np.float64)
    order = np.argsort(group, kind="stable")
    turn = np.empty(len(group), dtype=np.int64)
    turn[order] = np.arange(len(group)) - np.searchsorted(group[order], group[order])
    by_turn = np.argsort(turn, kind="stable")
    for rows in np.split(by_turn, np.flatnonzero(np.diff(turn[by_turn])) + 1):  # one thing of every group at most
        turned = (group[rows, None] + np.arange(load.shape[1])) % load.shape[1]
        there = np.take_along_axis(np.where(allowed[rows], load[group[rows]], np.inf), turned, axis=1)
        place[rows] = turned[np.arange(len(rows)), there.argmin(axis=1)]
        load[group[rows], place[rows]] += size[rows]
    return place
