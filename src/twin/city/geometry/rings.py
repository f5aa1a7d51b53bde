"""Index arithmetic on ragged arrays: corners of rings, rings of surfaces, runs of equal owners.

Offsets follow GeoArrow: item ``i`` owns ``offsets[i]:offsets[i + 1]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from twin.city.model import Geometry

__all__ = [
    "WELD_M",
    "compact",
    "corner_offsets",
    "following",
    "in_order",
    "is_sorted",
    "joined",
    "number_rows",
    "of_owners",
    "offsets_of",
    "owners",
    "ragged_take",
    "reverse_rings",
    "ring_of_corner",
    "runs_of",
    "segments",
    "successors",
    "surface_of_corner",
    "surface_of_ring",
    "take_runs",
    "take_surfaces",
    "weld",
]

Ints = NDArray[np.int64]
Array = TypeVar("Array", bound=NDArray[Any])

BLOCK = 1 << 14  # items worked on at a time: what is made of them on the way fits the processor's cache
WELD_M = 1e-3  # CityJSON's customary resolution: corners closer than that are one vertex

# Odd multipliers of a linear hash (the fractional parts of the square roots of 2, 3 and 5, SHA-512's first constants)
_HASH = tuple(map(np.uint64, (0x6A09E667F3BCC909, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B)))

# Added to a number below 2^51 it rounds it to a whole one, which the last bits of the sum then tell.
_TO_WHOLE = 1.5 * 2**52
_TOGETHER = 1 << 12  # vertices hashed at a time


def offsets_of(sizes: Ints) -> Ints:
    """Return the offsets of consecutive items of the given sizes, shape ``(n + 1,)``."""
    offsets = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=offsets[1:])
    return offsets


def owners(offsets: Ints) -> Ints:
    """Return for each element the item it belongs to."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def ragged_take(offsets: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return the elements of the chosen items one after the other, and the offsets of the result."""
    sizes = np.diff(offsets)[rows]
    taken = offsets_of(sizes)
    elements = np.repeat(offsets[:-1][rows] - taken[:-1], sizes)
    places = np.arange(BLOCK)
    for start in range(0, len(elements), BLOCK):
        some = elements[start : start + BLOCK]
        some += places[: len(some)]
        places += BLOCK
    return elements, taken


def joined(arrays: Sequence[Array]) -> Array:
    """Return arrays after one another; a single one itself, of none an empty one of integers."""
    if len(arrays) == 1:
        return arrays[0]
    return cast(Array, np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64))


def is_sorted(values: Ints) -> bool:
    """Return whether values never decrease."""
    return bool((values[1:] >= values[:-1]).all())


def in_order(numbers: Ints) -> Ints:
    """Return the rows that sort numbers from 0, equal ones as they come; the two share a word, which sorts faster."""
    rows = np.arange(len(numbers))
    bits = len(numbers).bit_length()
    if not len(numbers) or int(numbers.max()) >> (63 - bits):
        return np.argsort(numbers, kind="stable")
    return np.sort(numbers << bits | rows) & ((1 << bits) - 1)


def runs_of(values: Ints) -> Ints:
    """Return the offsets of runs of equal values."""
    if not len(values):
        return np.zeros(1, dtype=np.int64)
    return np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1, [len(values)]])


def segments(ufunc: np.ufunc, values: Array, offsets: Ints, empty: float = 0) -> Array:
    """Reduce the elements of each item by a binary function, shape ``(n_items,)``; ``empty`` for items without any."""
    filled = offsets[1:] > offsets[:-1]
    if filled.all():
        return cast(Array, ufunc.reduceat(values, offsets[:-1]) if len(filled) else values[:0])
    reduced = np.full(len(filled), empty, dtype=values.dtype)
    if filled.any():
        reduced[filled] = ufunc.reduceat(values, offsets[:-1][filled])
    return cast(Array, reduced)


def of_owners(ufunc: np.ufunc, values: Array, owner: Ints, n: int, start: float, offsets: Ints | None = None) -> Array:
    """Reduce values by owner, shape ``(n,)``; owners are numbered from 0 and mostly come in runs.

    Parameters
    ----------
    owner
        Of every item, shape ``(n_items,)``.
    start
        What an owner without items gets, and every reduction starts from.
    offsets
        Item ``i`` has the values ``offsets[i]:offsets[i + 1]``, at least one; one value each if None.
    """
    reduced = np.full(n, start, dtype=values.dtype)
    if len(owner):
        starts = runs_of(owner)[:-1]
        of_run = ufunc.reduceat(values, starts if offsets is None else offsets[starts])
        ufunc.at(reduced, owner[starts], of_run)
    return cast(Array, reduced)


def ring_of_corner(geometry: Geometry) -> Ints:
    """Return the ring of every corner."""
    return owners(geometry.ring_offsets)


def surface_of_ring(geometry: Geometry) -> Ints:
    """Return the surface of every ring."""
    return owners(geometry.surface_offsets)


def corner_offsets(geometry: Geometry) -> Ints:
    """Return the offsets of the corners of every surface, whatever ring they are in."""
    return geometry.ring_offsets[geometry.surface_offsets]


def surface_of_corner(geometry: Geometry) -> Ints:
    """Return the surface of every corner."""
    return owners(corner_offsets(geometry))


def successors(ring_offsets: Ints) -> Ints:
    """Return for each corner the position of the next one in its ring."""
    return following(np.arange(ring_offsets[-1]), ring_offsets)


def following(values: Array, ring_offsets: Ints) -> Array:
    """Return for each corner the value of the next one in its ring."""
    shifted = np.empty_like(values)
    shifted[:-1] = values[1:]
    first, last = ring_offsets[:-1], ring_offsets[1:] - 1
    filled = last >= first
    if not filled.all():
        first, last = first[filled], last[filled]
    shifted[last] = values[first]
    return cast(Array, shifted)


def _are_consecutive(rows: Ints) -> bool:
    return bool(len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (rows[1:] - rows[:-1] == 1).all())


def take_surfaces(geometry: Geometry, rows: Ints) -> Geometry:
    """Return the chosen surfaces in the order given, repeats allowed; vertices are shared, consecutive rows a view."""
    if _are_consecutive(rows):
        surfaces = geometry.surface_offsets[rows[0] : rows[-1] + 2]
        rings = geometry.ring_offsets[surfaces[0] : surfaces[-1] + 1]
        return Geometry(
            geometry.vertices, geometry.ring_vertices[rings[0] : rings[-1]], rings - rings[0], surfaces - surfaces[0]
        )
    taken, surface_offsets = ragged_take(geometry.surface_offsets, rows)
    corners, ring_offsets = ragged_take(geometry.ring_offsets, taken)
    return Geometry(geometry.vertices, geometry.ring_vertices[corners], ring_offsets, surface_offsets)


def take_runs(geometry: Geometry, runs: Ints, chosen: Ints) -> tuple[Geometry, Ints]:
    """Return runs of consecutive surfaces in the order given, `compact`, and the rows of those surfaces.

    Parameters
    ----------
    runs
        Run ``i`` has the surfaces ``runs[i]:runs[i + 1]``.
    chosen
        Rows of the runs.
    """
    surfaces, _ = ragged_take(runs, chosen)
    if _are_consecutive(chosen):
        return compact(take_surfaces(geometry, surfaces)), surfaces
    of_rings = geometry.surface_offsets[runs]
    corners, _ = ragged_take(geometry.ring_offsets[of_rings], chosen)
    _look_up(geometry.ring_vertices, corners)
    alone = len(geometry.ring_offsets) == len(geometry.surface_offsets)  # every ring is a surface of its own
    rings, offsets = surfaces, np.arange(len(surfaces) + 1)
    if not alone:
        rings, _ = ragged_take(of_rings, chosen)
        offsets = offsets_of(np.diff(geometry.surface_offsets).take(surfaces))
    ring_offsets = offsets_of(np.diff(geometry.ring_offsets).take(rings))
    used, number = _first_uses(corners, len(geometry.vertices))
    _look_up(number, corners)
    return Geometry(geometry.vertices.take(used, axis=0), corners, ring_offsets, offsets), surfaces


def _look_up(table: Ints, places: Ints) -> None:
    """Replace places by what a table has there, which must have them all; one by one, so that no copy is needed."""
    for start in range(0, len(places), BLOCK):
        some = places[start : start + BLOCK]
        some[:] = table.take(some)


def reverse_rings(geometry: Geometry, surfaces: NDArray[np.bool_]) -> Geometry:
    """Return the geometry with the chosen surfaces (a mask) facing the other way."""
    if not surfaces.any():
        return geometry
    rings, _ = ragged_take(geometry.surface_offsets, np.flatnonzero(surfaces))
    corners, sizes = ragged_take(geometry.ring_offsets, rings)
    ends = np.repeat(geometry.ring_offsets[rings] + geometry.ring_offsets[rings + 1] - 1, np.diff(sizes))
    turned = geometry.ring_vertices.copy()
    turned[corners] = geometry.ring_vertices[ends - corners]
    return Geometry(geometry.vertices, turned, geometry.ring_offsets, geometry.surface_offsets)


def number_rows(*columns: NDArray[np.generic]) -> Ints:
    """Return a number from 0 for each row of equal-length columns; equal rows get the same one."""
    order = np.lexsort(columns)
    fresh = np.zeros(len(order), dtype=bool)
    for column in columns:
        fresh[1:] |= column[order[1:]] != column[order[:-1]]
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.cumsum(fresh)
    return numbers


def _keys(coordinates: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return a hash for each vertex, the same for those that agree to a millimetre."""
    keys = np.empty(len(coordinates), dtype=np.uint64)
    numbers, products = np.empty((_TOGETHER, 3)), np.empty(_TOGETHER, dtype=np.uint64)
    for start in range(0, len(keys), _TOGETHER):
        some = keys[start : start + _TOGETHER]
        whole, product = numbers[: len(some)], products[: len(some)]
        np.divide(coordinates[start : start + _TOGETHER], WELD_M, out=whole)
        whole += _TO_WHOLE
        first, *others = whole.view(np.uint64).T
        np.multiply(first, _HASH[0], out=some)
        for column, factor in zip(others, _HASH[1:], strict=True):
            some += np.multiply(column, factor, out=product)
    return keys


def _alike(keys: NDArray[np.uint64]) -> tuple[Ints, Ints]:
    """Return the positions of keys that occur before or after, and for each that of one which stands for all equal.

    All are put into a table of slots. Those that are not found there again lost their slot to another: an equal one,
    which stands for them, or one of a different key, so that they are put into other slots. No key is sorted.
    """
    bits = len(keys).bit_length() + 1
    winners = np.empty(1 << bits, dtype=np.int32)
    left, mixed = np.arange(len(keys), dtype=np.int32), keys
    alike, standing = [left[:0]], [left[:0]]
    while len(left):
        slots = (mixed >> np.uint64(64 - bits)).view(np.int64)
        winners[slots] = left
        winner = winners.take(slots)
        lost = np.flatnonzero(winner != left)
        left, winner = left.take(lost), winner.take(lost)
        equal = keys.take(left) == keys.take(winner)
        alike.append(left[equal])
        standing.append(winner[equal])
        left, mixed = left[~equal], mixed[lost[~equal]] * _HASH[0]
    return np.concatenate(alike), np.concatenate(standing)


def _places(coordinates: NDArray[np.float64]) -> Ints | None:
    """Return a number for each vertex, the same for those that agree to a millimetre; None if no two of them do.

    One 64-bit hash per vertex is compared instead of three columns. Vertices of equal hashes are looked at, so that a
    collision costs time and never an error.
    """
    rows, others = _alike(_keys(coordinates))
    if not len(rows):
        return None
    one, other = (np.rint(coordinates[some] / WELD_M) for some in (rows, others))
    if (one != other).any():
        return number_rows(*np.rint(coordinates / WELD_M).astype(np.int64).T)
    numbers = np.arange(len(coordinates))
    numbers[rows] = others
    return numbers


def weld(coordinates: NDArray[np.float64], corners: Ints) -> Ints:
    """Return corners in which vertices that agree to a millimetre are one: the one used first.

    Parameters
    ----------
    coordinates
        Vertices, shape ``(n, 3)``, m.
    corners
        Index into ``coordinates`` of every corner.
    """
    number = _places(coordinates)
    if number is None:
        return corners
    place = number[corners]
    first = np.empty(len(coordinates), dtype=np.int64)
    first[place[::-1]] = corners[::-1]  # of repeated indices the last assignment holds: the first use
    return first[place]


def compact(geometry: Geometry) -> Geometry:
    """Return the geometry without unused vertices, the others in order of first use."""
    corners, n = geometry.ring_vertices, len(geometry.vertices)
    in_use = _in_use_order(corners)
    if in_use is not None:
        if in_use.stop - in_use.start == n:
            return geometry
        vertices = geometry.vertices[in_use].copy()  # as the others would live on with a view
        return Geometry(vertices, corners - in_use.start, geometry.ring_offsets, geometry.surface_offsets)
    used, number = _first_uses(corners, n)
    vertices = geometry.vertices.take(used, axis=0)
    return Geometry(vertices, number.take(corners), geometry.ring_offsets, geometry.surface_offsets)


def _in_use_order(corners: Ints) -> slice | None:
    """Return the vertices that corners use if those are consecutive and already in order of first use, else None."""
    if not len(corners) or corners.min() < corners[0]:
        return None
    highest = np.maximum.accumulate(corners)
    return slice(int(corners[0]), int(highest[-1]) + 1) if (highest[1:] - highest[:-1] <= 1).all() else None


def _first_uses(corners: Ints, n: int) -> tuple[Ints, Ints]:
    """Return the vertices (of ``n``) that corners use in order of first use, and the place in it of each vertex."""
    first = np.full(n, len(corners))  # for those that are not used
    backward = np.arange(BLOCK - 1, -1, -1)
    for stop in range(len(corners), 0, -BLOCK):
        some = corners[max(stop - BLOCK, 0) : stop]
        # of repeated indices the last assignment holds; a copy, as those that run backward are slow to look up
        first[np.ascontiguousarray(some[::-1])] = backward[-len(some) :] + (stop - len(some))
    is_first = np.zeros(len(corners) + 1, dtype=bool)
    is_first[first] = True
    used = corners.take(np.flatnonzero(is_first[:-1]))
    number = first  # of which nothing is needed any more
    number[used] = np.arange(len(used))
    return used, number
