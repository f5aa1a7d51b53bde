"""Nested JSON arrays of numbers to flat arrays and counts, without a Python object per list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from twin.city.geometry.rings import joined
from twin.city.numbers import Numbers, iter_numbers

__all__ = ["Boundaries", "Nested", "parse_boundaries", "parse_nested", "parse_rows", "parse_values"]

Ints = NDArray[np.int64]

_BLANKS = b" \t\r\n"
_OPEN, _COMMA = (np.uint8(ord(c)) for c in "[,")


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
        return cls(*(joined([getattr(part, name) for part in parts]) for name in names))


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
    level = list(texts)
    for k, depth in enumerate(nesting):
        if depth != deepest:
            level[k] = b"[" * (deepest - depth) + bytes(texts[k]) + b"]" * (deepest - depth)
    return b",".join(level)


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
    text = _compact(text)
    codes = np.frombuffer(text, dtype=np.uint8)
    try:
        pieces = [(some.values, *_joints(some.starts, gaps, n, codes)) for some, gaps, n in _spaced(text, depth)]
    except ValueError:
        return None
    values, starts, opened = map(joined, zip(*pieces, strict=True))
    if opened[0] != depth or opened.max() > depth or opened.sum() != np.count_nonzero(codes == _OPEN):
        return None
    return Nested(values, starts, opened)


def parse_rows(text: bytes | memoryview, width: int) -> NDArray[Any] | None:
    """Return numbers in lists that all have the same length, such as ``[1,2,3],[4,5,6]``; shape ``(n, width)``.

    The same as `parse_nested` of depth 1, and faster; None if that is None, or a list has another length.
    """
    text = _compact(text)
    codes = np.frombuffer(text, dtype=np.uint8)
    values: list[NDArray[Any]] = []
    try:
        for some, gaps, n in _spaced(text, 1):
            heads = slice(-n % width, None, width)
            gaps[heads] -= 2
            commas = some.starts[heads][0 if n else 1 :] - 2  # the very first list has none
            if (gaps != 1).any() or (codes.take(commas) != _COMMA).any():
                return None
            values.append(some.values)
    except ValueError:
        return None
    n = sum(map(len, values))
    return joined(values).reshape(-1, width) if n == width * np.count_nonzero(codes == _OPEN) else None


def _compact(text: bytes | memoryview) -> bytes:
    """Return a text without blanks."""
    text = bytes(text)
    return text.translate(None, _BLANKS) if any(blank in text for blank in _BLANKS) else text


def _spaced(text: bytes, depth: int) -> Iterator[tuple[Numbers, Ints, int]]:
    """Yield the numbers of a text piece by piece.

    Yields
    ------
    numbers
        At least one.
    gaps
        How many bytes each begins behind the end of the one before; the very first as if as many lists had ended
        before it as begin there, and a comma.
    n
        How many numbers came before.

    Raises
    ------
    ValueError
        If some number is none, or the text does not begin and end with as many lists.
    """
    n, end = 0, -1 - depth
    for some in iter_numbers(text, between=False) if text.startswith(b"[" * depth) else ():
        if len(some.values):
            gaps = some.starts.copy()
            gaps[1:] -= some.ends[:-1]
            gaps[0] -= end
            yield some, gaps, n
            n, end = n + len(some.values), int(some.ends[-1])
    if end != len(text) - depth:
        raise ValueError


def _joints(starts: Ints, gaps: Ints, n: int, codes: NDArray[np.uint8]) -> tuple[Ints, Ints]:
    """Return the numbers that begin a list, and how many lists begin there.

    Numbers meet as in ``7]],[[8``, as many lists ending as beginning, if the comma is in the middle wherever they are
    more than one byte apart, and the whole valid JSON without blanks has as many ``[`` as there are right of these
    commas: then all that is right of them is such brackets, and as neither text nor an object has begun, only ``]`` may
    be left of them, and only a comma between numbers one byte apart.

    Parameters
    ----------
    starts, gaps, n
        Of some numbers; see `_spaced`.
    codes
        Of the whole text.

    Raises
    ------
    ValueError
        If some comma is not in the middle.
    """
    rows = np.flatnonzero(gaps != 1)
    sizes = gaps.take(rows)
    opened = sizes >> 1
    commas = starts.take(rows) - opened - 1
    in_the_middle = codes.take(commas)[0 if n else 1 :] == _COMMA  # before the very first number is none
    if not (in_the_middle.all() and (sizes & 1).all()):
        raise ValueError
    return rows + n, opened
