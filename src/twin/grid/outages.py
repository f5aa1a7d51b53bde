"""What is out of service when: the table of outages as stretches of steps that are alike."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twin.grid.assemble import Assembled
from twin.grid.model import ElectricGrid

__all__ = ["Out", "Outages"]

Ints = NDArray[np.int64]

# By table, rows of what is out
Out = tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True)
class Outages:
    """Elements and when they are out of service, shape ``(n,)`` each.

    Attributes
    ----------
    kind
        Table of the element.
    row
        Its row in the grid as it was given.
    element
        Its row as the blocks of a network count it.
    begin, end
        Seconds since 1970; an element is out in every step that any part of this falls in.
    """

    kind: NDArray[np.str_]
    row: Ints
    element: Ints
    begin: Ints
    end: Ints

    @classmethod
    def of(cls, grid: ElectricGrid, assembled: Assembled) -> Outages:
        """Return all outages of a grid; those of elements that a switch cuts off anyway are left out."""
        table = grid.outage
        element = np.full(len(table), -1, dtype=np.int64)
        for kind in assembled.rows:
            own = table["element_type"] == kind
            element[own] = assembled.block_rows(kind, table["element"][own])
        return cls(table["element_type"], table["element"], element, table["from_s"], table["to_s"]).take(element >= 0)

    def take(self, kept: NDArray[np.bool_]) -> Outages:
        """Return some of them."""
        return Outages(self.kind[kept], self.row[kept], self.element[kept], self.begin[kept], self.end[kept])

    def stretches(self, seconds: Ints, step_s: int) -> Iterator[tuple[slice, Out]]:
        """Yield steps that follow each other with the same elements out.

        Parameters
        ----------
        seconds
            When each step begins, shape ``(step,)``.
        """
        if not len(self.begin):
            yield slice(0, len(seconds)), ()
            return
        out = (seconds[:, None] < self.end) & (seconds[:, None] + step_s > self.begin)
        changes = np.flatnonzero((out[1:] != out[:-1]).any(axis=1)) + 1
        edges = [0, *changes.tolist(), len(seconds)]
        for first, stop in pairwise(edges):
            yield slice(first, stop), self._named(out[first])

    def times(self, kind: str, seconds: Ints, step_s: int) -> Iterator[tuple[NDArray[np.bool_], int]]:
        """Yield at which steps elements of one table are out, and their rows in the grid as it was given."""
        for name, row, begin, end in zip(self.kind, self.row, self.begin, self.end, strict=True):
            out = (seconds < end) & (seconds + step_s > begin)
            if name == kind and out.any():
                yield out, int(row)

    def _named(self, out: NDArray[np.bool_]) -> Out:
        kinds = sorted(set(self.kind[out].tolist()))
        return tuple((kind, tuple(np.unique(self.element[out & (self.kind == kind)]).tolist())) for kind in kinds)
