"""Nested JSON arrays of numbers to flat arrays and counts, without a Python object per list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from twin.city.numbers import parse_numbers

__all__ = ["Boundaries", "Nested", "parse_boundaries", "parse_nested", "parse_values"]

Ints = NDArray[np.int64]

_BLANKS = b" \t\r\n"
_OPEN, _CLOSE, _COMMA = (np.uint8(ord(c)) for c in "[],")


@dataclass(frozen=True, slots=True)
class Boundaries:
    """Surfaces of several geometries.

    Attributes
    ----------
    corners
        Index of the vertex at every corner of every ring.
    ring_sizes
        Corners of every ring.
    surface_rings
        Rings of every surface.
    surfaces
        Surfaces of every geometry.
    """

    corners: Ints
    ring_sizes: Ints
    surface_rings: Ints
    surfaces: Ints

    def corner_counts(self) -> Ints:
        """Return how many corners each geometry has."""
        corner, ring, surface = (
            np.concatenate([[0], np.cumsum(counts)]) for counts in (self.ring_sizes, self.surface_rings, self.surfaces)
        )
        counts: Ints = np.diff(corner[ring[surface]])
        return counts

    @classmethod
    def concat(cls, parts: Sequence[Boundaries]) -> Boundaries:
        """Return several geometries after one another."""
        names = ("corners", "ring_sizes", "surface_rings", "surfaces")
        empty = [np.zeros(0, dtype=np.int64)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts] or empty) for name in names))


def parse_boundaries(texts: Sequence[Raw | bytes], nesting: Sequence[int]) -> Boundaries | None:
    """Return the surfaces of geometries, None if one is empty or anything but integers in lists at the right depth.

    Parameters
    ----------
    texts
        The boundaries of each, valid JSON.
    nesting
        How many lists lie around a surface in each.
    """
    deepest = max(nesting, default=1)
    parsed = parse_nested(_level(texts, nesting, deepest), deepest + 2)
    if parsed is None or parsed.values.dtype != np.int64:
        return None
    surface = np.flatnonzero(parsed.opened >= 2)
    geometry = np.flatnonzero(parsed.opened[surface] == deepest + 2)
    if len(geometry) != len(texts):
        return None
    return Boundaries(
        parsed.values,
        np.diff(parsed.starts, append=len(parsed.values)),
        np.diff(surface, append=len(parsed.starts)),
        np.diff(geometry, append=len(surface)),
    )


def parse_values(texts: Sequence[Raw | bytes], nesting: Sequence[int]) -> tuple[Ints, Ints] | None:
    """Return the semantic values of geometries (-1 for null), and how many each has; None if one is odd.

    Parameters
    ----------
    nesting
        How many lists lie around a value in each.
    """
    deepest = max(nesting, default=1)
    text = _level(texts, nesting, deepest)
    if b"-" in text:
        return None
    parsed = parse_nested(text.replace(b"null", b"-1"), deepest)
    if parsed is None or parsed.values.dtype != np.int64:
        return None
    starts = parsed.starts[parsed.opened == deepest]
    return (parsed.values, np.diff(starts, append=len(parsed.values))) if len(starts) == len(texts) else None


def _level(texts: Sequence[Raw | bytes], nesting: Sequence[int], deepest: int) -> bytes:
    """Return texts in one, all with the same number of lists around their items."""
    if nesting.count(deepest) == len(nesting):
        return b",".join(texts)
    added = [deepest - depth for depth in nesting]
    return b",".join([b"[" * n + bytes(text) + b"]" * n for text, n in zip(texts, added, strict=True)])


@dataclass(frozen=True, slots=True)
class Nested:
    """Numbers in nested lists.

    Attributes
    ----------
    values
        All numbers, int64 or float64.
    starts
        Row of the first number of every innermost list.
    opened
        How many lists begin where each innermost list does, itself included.
    """

    values: NDArray[Any]
    starts: Ints
    opened: Ints


def parse_nested(text: bytes | memoryview, depth: int) -> Nested | None:
    """Return numbers that are all in the same number of lists.

    Parameters
    ----------
    text
        JSON arrays, known to be valid, with commas between them.
    depth
        How many lists lie around every number.

    Returns
    -------
    nested
        None if there is something else than numbers, or an empty list, or a number or list at another depth.
    """
    nested = _parse_compact(text, depth)
    if nested is None and (compact := bytes(text).translate(None, _BLANKS)) != text:
        return _parse_compact(compact, depth)
    return nested


def _parse_compact(text: bytes | memoryview, depth: int) -> Nested | None:
    """Return the same for text without blanks, in which lists meet as in ``7]],[[8``: as many end as begin."""
    try:
        values, places = parse_numbers(text)
    except ValueError:
        return None
    codes = np.frombuffer(text, dtype=np.uint8)
    if not len(places) or places[0] != depth or (codes[:depth] != _OPEN).any():
        return None
    starts = np.flatnonzero(codes[places - 1] == _OPEN)
    at = places[starts[1:]]
    opened = np.ones(len(at), dtype=np.int64)
    for k in range(2, depth + 1):
        opened += (opened == k - 1) & (codes[at - k] == _OPEN)
    behind = at - opened - 1
    sound = (codes[behind] == _COMMA) & (codes[behind - opened - 1] != _CLOSE)
    for k in range(1, depth + 1):
        sound &= (codes[behind - k] == _CLOSE) | (opened < k)
    joints = np.count_nonzero((codes[:-1] == _CLOSE) & (codes[1:] == _COMMA))
    n_lists = depth + int(opened.sum())
    if not sound.all() or joints != len(at) or n_lists != np.count_nonzero(codes == _OPEN):
        return None
    return Nested(values, starts, np.concatenate([[depth], opened]))
