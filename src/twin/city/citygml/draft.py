"""A block of surfaces while it is read: coordinates stay text until many buildings' can be parsed at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.citygml.shapes import Shape
from twin.city.found import NOTHING, Block, Found
from twin.city.geometry.rings import offsets_of, owners
from twin.city.numbers import parse_numbers
from twin.errors import Problems

__all__ = ["MAX_PROBLEMS", "Draft", "name_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAX_PROBLEMS = 100
_LARGE = 100_000  # texts held before they are parsed


class Draft:
    """Surfaces as lists; a ring is a run of texts, a surface a run of rings.

    Attributes
    ----------
    texts
        Coordinates, in any number of texts per ring.
    ring_texts, ring_lines
        First text of every ring, and the line it starts on.
    surface_rings
        First ring of every surface.
    faces
        ``gml:id`` of the polygon behind every surface, for messages.
    shapes
        Five numbers for every geometry that had any polygons: the row of its object, type, group (-1: each polygon is
        its own), host, and how many polygons it has.
    turned
        Numbers of surfaces that face the other way.
    placed
        Runs of surfaces (first, last + 1) in coordinates of their own, with the matrix that places them, (4, 4).
    """

    def __init__(self, found: Found, problems: Problems, groups: Iterator[int]) -> None:
        self.found, self.problems, self._fresh_groups = found, problems, groups
        self.ids: list[str] = []
        self.attributes: list[Mapping[str, Any]] = []
        found.surface_ids, found.surface_attributes = self.ids, self.attributes
        self._start()

    def _start(self) -> None:
        self.texts: list[str] = []
        self.ring_texts: list[int] = []
        self.ring_lines: list[int | None] = []
        self.surface_rings: list[int] = []
        self.faces: list[str] = []
        self.shapes: list[int] = []
        self.turned: list[int] = []
        self.placed: list[tuple[int, int, Floats]] = []

    def mark(self) -> tuple[int, int, int]:
        """Return how many texts, rings and surfaces have been read."""
        return len(self.texts), len(self.ring_texts), len(self.surface_rings)

    def cut(self, mark: tuple[int, int, int]) -> None:
        """Forget texts, rings and surfaces read since a mark."""
        texts, rings, surfaces = mark
        del self.texts[texts:], self.ring_texts[rings:], self.ring_lines[rings:]
        del self.surface_rings[surfaces:], self.faces[surfaces:]

    def own(self, row: int, shape: Shape, first: int) -> int:
        """Say what the surfaces from ``first`` on stand for, and return how many they are."""
        n = len(self.surface_rings) - first
        if n == 1:  # most have one
            self.shapes += (row, shape.type_code, shape.group, shape.host, 1)
            self.ids.append(shape.identifier or self.faces[first])
            self.attributes.append(shape.attributes or NOTHING)
        elif n:
            self.shapes += (row, shape.type_code, shape.group, shape.host, n)
            self.ids += [shape.identifier] * n if shape.identifier else self.faces[first:]
            self.attributes += [shape.attributes or NOTHING] * n
        return n

    def walls(self, row: int) -> dict[str, int]:
        """Return the group of every polygon of an object, by its ``gml:id``."""
        rows, _, groups, _ = self._spread().tolist()
        named = zip(self.faces, rows, groups, strict=True)
        return {face: group for face, owner, group in named if owner == row and face}

    def close_if_large(self) -> None:
        """Make a block of what was read if it has become much."""
        if len(self.texts) >= _LARGE:
            self.close()

    def close(self) -> None:
        """Make a block of what was read, and start anew."""
        if self.shapes:
            self.found.blocks.append(self._block())
        self._start()

    def _block(self) -> Block:
        coordinates, sizes = self._corners()
        first_ring = np.array([*self.surface_rings, len(self.ring_texts)], dtype=np.int64)
        rings: Ints = first_ring[1:] - first_ring[:-1]
        corners = offsets_of(sizes)
        for first, last, matrix in self.placed:
            rows = slice(corners[first_ring[first]], corners[first_ring[last]])
            coordinates[rows] = coordinates[rows] @ matrix[:3, :3].T + matrix[:3, 3]
        objects, types, groups, hosts = self._meaning()
        return Block(coordinates, self._order(corners, rings), sizes, rings, objects, types, groups, hosts)

    def _meaning(self) -> Ints:
        """Return object, type, group and host of every surface, shape ``(4, n)``."""
        meaning = self._spread()
        single = np.flatnonzero(meaning[2] < 0)
        meaning[2, single] = np.fromiter(islice(self._fresh_groups, len(single)), dtype=np.int64)
        return meaning

    def _spread(self) -> Ints:
        """Return what is said of geometries for each of their polygons, shape ``(4, n)``."""
        shapes = np.array(self.shapes, dtype=np.int64).reshape(-1, 5).T
        return np.repeat(shapes[:4], shapes[4], axis=1)

    def _order(self, corners: Ints, rings: Ints) -> Ints:
        """Return the corners in file order, those of turned surfaces backwards."""
        order = np.arange(corners[-1])
        if self.turned:
            turned = np.zeros(len(rings), dtype=bool)
            turned[self.turned] = True
            ring = owners(corners)
            backwards = turned[owners(offsets_of(rings))][ring]
            order = np.where(backwards, corners[ring] + corners[ring + 1] - 1 - order, order)
        return order

    def _corners(self) -> tuple[Floats, Ints]:
        """Return the corners of all rings, shape ``(n, 3)``, and how many each ring has."""
        parsed = self._numbers()
        if parsed is None:
            values: list[float] = []
            counts = np.zeros(len(self.ring_texts), dtype=np.int64)
            surfaces = owners(np.array([*self.surface_rings, len(self.ring_texts)], dtype=np.int64))
            for ring, surface in enumerate(surfaces.tolist()):
                numbers = self._carefully(ring, surface)
                counts[ring] = len(numbers)
                values += numbers
            parsed = np.array(values, dtype=np.float64), counts
        return parsed[0].reshape(-1, 3), parsed[1] // 3

    def _numbers(self) -> tuple[Floats, Ints] | None:
        """Return all numbers and how many each ring has; None if any ring needs a closer look."""
        joined = "\n".join(self.texts)
        sizes = [len(text) for text in self.texts]
        if not joined.isascii() or "[" in joined or "]" in joined:
            return None
        try:
            values, starts = parse_numbers(joined.encode("ascii"))
        except ValueError:
            return None
        offsets = offsets_of(np.array(sizes, dtype=np.int64) + 1)
        bounds = np.searchsorted(starts, offsets[np.array(self.ring_texts, dtype=np.int64)])
        counts = np.diff(bounds, append=len(values))
        if (counts % 3).any() or not np.isfinite(values).all():
            return None
        return values.astype(np.float64, copy=False), counts

    def _carefully(self, ring: int, surface: int) -> list[float]:
        """Return the numbers of one ring, none if it has a problem, which is noted."""
        end = self.ring_texts[ring + 1] if ring + 1 < len(self.ring_texts) else len(self.texts)
        words = " ".join(self.texts[self.ring_texts[ring] : end]).replace(",", " ").split()
        try:
            numbers = [float(word) for word in words]
        except ValueError as error:
            return self._problem(ring, f"{error} in {self._whose(surface)}", "coordinates")
        if len(numbers) % 3:
            text = f"posList of {self._whose(surface)} has {len(numbers)} numbers"
            return self._problem(ring, text, "three per corner (x y z)")
        if not all(map(isfinite, numbers)):
            return self._problem(ring, f"{self._whose(surface)} has a coordinate that is no finite number", "metres")
        return numbers

    def _whose(self, surface: int) -> str:
        owner = name_of(self.found, int(self._spread()[0, surface]))
        return f"{self.faces[surface]} of {owner}" if self.faces[surface] else owner

    def _problem(self, ring: int, message: str, expected: str) -> list[float]:
        if len(self.problems.found) < MAX_PROBLEMS:
            line = self.ring_lines[ring]
            self.problems.add(message, str(line) if line else None, expected)
        return []


def name_of(found: Found, row: int) -> str:
    """Return how messages call an object."""
    kind = found.types[row]
    return f"{'building' if kind in ('Building', 'BuildingPart') else kind} {found.ids[row]}"
