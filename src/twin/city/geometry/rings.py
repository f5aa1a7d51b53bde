"""Index arithmetic on ragged arrays: corners of rings, rings of surfaces, runs of equal owners.

Offsets follow GeoArrow: item ``i`` owns ``offsets[i]:offsets[i + 1]``.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from twin.city.model import Geometry

__all__ = [
    "WELD_M",
    "compact",
    "corner_offsets",
    "following",
    "is_sorted",
    "number_rows",
    "of_owners",
    "offsets_of",
    "owners",
    "ragged_take",
    "reverse_rings",
    "ring_of_corner",
    "segments",
    "successors",
    "surface_of_corner",
    "surface_of_ring",
    "take_surfaces",
    "weld",
]

Ints = NDArray[np.int64]
Array = TypeVar("Array", bound=NDArray[Any])

WELD_M = 1e-3  # CityJSON's customary resolution: corners closer than that are one vertex

# Odd multipliers of a linear hash (the fractional parts of the square roots of 2, 3 and 5, SHA-512's first constants)
_HASH = (0x6A09E667F3BCC909, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B)


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
    elements = np.repeat(offsets[:-1][rows] - taken[:-1], sizes) + np.arange(taken[-1])
    return elements, taken


def is_sorted(values: Ints) -> bool:
    """Return whether values never decrease."""
    return bool((values[1:] >= values[:-1]).all())


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
        starts = np.concatenate([[0], np.flatnonzero(owner[1:] != owner[:-1]) + 1])
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


def take_surfaces(geometry: Geometry, rows: Ints) -> Geometry:
    """Return the chosen surfaces in the order given, repeats allowed; vertices are shared, consecutive rows a view."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (rows[1:] - rows[:-1] == 1).all():
        surfaces = geometry.surface_offsets[rows[0] : rows[-1] + 2]
        rings = geometry.ring_offsets[surfaces[0] : surfaces[-1] + 1]
        return Geometry(
            geometry.vertices, geometry.ring_vertices[rings[0] : rings[-1]], rings - rings[0], surfaces - surfaces[0]
        )
    taken, surface_offsets = ragged_take(geometry.surface_offsets, rows)
    corners, ring_offsets = ragged_take(geometry.ring_offsets, taken)
    return Geometry(geometry.vertices, geometry.ring_vertices[corners], ring_offsets, surface_offsets)


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


def _places(coordinates: NDArray[np.float64]) -> Ints | None:
    """Return a number for each vertex, the same for those that agree to a millimetre; None if no two of them do.

    One 64-bit hash per vertex is sorted instead of three columns. Equal hashes are looked at, so that a collision
    costs time and never an error.
    """
    grid = [np.rint(coordinates[:, k] / WELD_M).astype(np.int64) for k in range(3)]
    key = sum((column.view(np.uint64) * np.uint64(factor) for column, factor in zip(grid, _HASH, strict=True)))
    assert isinstance(key, np.ndarray)
    in_order = np.sort(key)
    if not (in_order[1:] == in_order[:-1]).any():
        return None
    order = np.argsort(key)
    in_order = key[order]
    fresh = np.zeros(len(order), dtype=bool)
    fresh[1:] = in_order[1:] != in_order[:-1]
    same = np.flatnonzero(~fresh[1:])
    if any((column[order[same]] != column[order[same + 1]]).any() for column in grid):
        return number_rows(*grid)
    numbers = np.empty(len(order), dtype=np.int64)
    numbers[order] = np.cumsum(fresh)
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
    corners, numbers = geometry.ring_vertices, np.arange(len(geometry.ring_vertices))
    first = np.empty(len(geometry.vertices), dtype=np.int64)
    first[corners[::-1]] = numbers[::-1]  # of repeated indices the last assignment holds: the first use
    used = corners[first[corners] == numbers]
    if len(used) == len(first) and is_sorted(used):
        return geometry
    first[used] = np.arange(len(used))
    return Geometry(geometry.vertices[used], first[corners], geometry.ring_offsets, geometry.surface_offsets)
