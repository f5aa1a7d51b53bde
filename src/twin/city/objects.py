"""Which table every object of a file belongs to, and in what order."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.city.found import Found
from twin.city.geometry.rings import in_order
from twin.errors import Problem, TwinError

__all__ = ["BUILDING", "OTHER", "PART", "Objects"]

Ints = NDArray[np.int64]

BUILDING, PART, OTHER = 0, 1, 2
_BOUNDED = {"Building", "BuildingPart"}


@dataclass(frozen=True)
class Objects:
    """The objects of a `Found`, one row each, sorted into tables.

    Attributes
    ----------
    kind
        Which table: ``BUILDING``, ``PART`` or ``OTHER``.
    building, part
        Row in `Found` of the building and the part that each object is or belongs to, -1 for none.
    """

    kind: Ints
    building: Ints
    part: Ints

    @classmethod
    def of(cls, found: Found) -> Objects:
        """Sort the objects of a file.

        Raises
        ------
        TwinError
            If there is no building among them.
        """
        n = len(found.types)
        parents, is_building = np.full(n + 1, -1), np.zeros(n + 1, dtype=bool)  # the last entry is what -1 refers to
        parents[:n] = np.fromiter(found.parents, dtype=np.int64, count=n)
        is_building[:n] = np.frombuffer(bytes(map(_BOUNDED.__contains__, found.types)), dtype=bool)
        kind = np.where(is_building, np.where(is_building[parents], PART, BUILDING), OTHER)
        if not (kind == BUILDING).any():
            raise TwinError(Problem("there are no buildings in it", found.file, expected="at least one Building"))
        building, part = (_nearest(parents, kind == wanted)[:-1] for wanted in (BUILDING, PART))
        return cls(kind[:-1], building, part)

    def rows(self, kind: int) -> Ints:
        """Return the rows of a table in its order: parts by building, all else as found."""
        return self._rows[kind]

    @cached_property
    def _rows(self) -> tuple[Ints, Ints, Ints]:
        buildings, parts, others = (np.flatnonzero(self.kind == kind) for kind in (BUILDING, PART, OTHER))
        return buildings, parts[in_order(self.building[parts])], others

    def numbers(self, kind: int) -> Ints:
        """Return for every object its row in a table, -1 for objects of another one; entry -1 is -1 too."""
        rows = self.rows(kind)
        numbers = np.full(len(self.kind) + 1, -1)
        numbers[rows] = np.arange(len(rows))
        return numbers

    def owners(self) -> Ints:
        """Return the rows of all that owns surfaces of buildings, as `City.surface_owners` numbers them."""
        return np.concatenate([self.rows(BUILDING), self.rows(PART)])

    def places(self) -> Ints:
        """Return a number for every object by which their surfaces are sorted: by building, all else behind."""
        buildings, parts = self.rows(BUILDING), self.rows(PART)
        before = self.numbers(BUILDING).take(self.building.take(parts)) + 1  # buildings before each part
        after = np.bincount(before, minlength=len(buildings) + 1)[: len(buildings)].cumsum()  # parts before each
        place = np.arange(len(self.kind), 2 * len(self.kind))
        place[buildings] = np.arange(len(buildings)) + after
        place[parts] = np.arange(len(parts)) + before
        return place


def _nearest(parents: Ints, wanted: NDArray[np.bool_]) -> Ints:
    """Return for each object the nearest of its ancestors (itself included) that is wanted, -1 for none."""
    at, found = np.arange(len(parents)), wanted.copy()
    at[-1], found[-1] = -1, True
    climbing = np.flatnonzero(~found)
    while len(climbing):
        higher = parents.take(at.take(climbing))
        at[climbing] = higher
        climbing = climbing[~found.take(higher)]
    return at
