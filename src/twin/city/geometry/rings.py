"""Index arithmetic on ragged arrays: corners of rings, rings of surfaces, and their tidying.

Offsets follow GeoArrow: item ``i`` owns ``offsets[i]:offsets[i + 1]``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.model import Geometry

__all__ = [
    "Tidied",
    "compact",
    "number_rows",
    "offsets_of",
    "owners",
    "ragged_take",
    "reverse_rings",
    "ring_of_corner",
    "successors",
    "surface_of_corner",
    "surface_of_ring",
    "take_surfaces",
    "tidy",
    "weld",
]

Ints = NDArray[np.int64]

WELD_M = 1e-3  # CityJSON's customary resolution: corners closer than that are one vertex


def offsets_of(sizes: Ints) -> Ints:
    """Return the offsets of consecutive items of the given sizes, shape ``(n + 1,)``."""
    return np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes, dtype=np.int64)])


def owners(offsets: Ints) -> Ints:
    """Return for each element the item it belongs to."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def ragged_take(offsets: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return the elements of the chosen items one after the other, and the offsets of the result."""
    sizes = np.diff(offsets)[rows]
    taken = offsets_of(sizes)
    elements = np.repeat(offsets[:-1][rows] - taken[:-1], sizes) + np.arange(taken[-1])
    return elements, taken


def ring_of_corner(geometry: Geometry) -> Ints:
    """Return the ring of every corner."""
    return owners(geometry.ring_offsets)


def surface_of_ring(geometry: Geometry) -> Ints:
    """Return the surface of every ring."""
    return owners(geometry.surface_offsets)


def surface_of_corner(geometry: Geometry) -> Ints:
    """Return the surface of every corner."""
    return surface_of_ring(geometry)[ring_of_corner(geometry)]


def successors(ring_offsets: Ints) -> Ints:
    """Return for each corner the position of the next one in its ring."""
    following = np.arange(1, ring_offsets[-1] + 1)
    filled = np.diff(ring_offsets) > 0
    following[ring_offsets[1:][filled] - 1] = ring_offsets[:-1][filled]
    return following


def take_surfaces(geometry: Geometry, rows: Ints) -> Geometry:
    """Return the chosen surfaces in the order given, repeats allowed; vertices are shared."""
    rings, surface_offsets = ragged_take(geometry.surface_offsets, rows)
    corners, ring_offsets = ragged_take(geometry.ring_offsets, rings)
    return Geometry(geometry.vertices, geometry.ring_vertices[corners], ring_offsets, surface_offsets)


def reverse_rings(geometry: Geometry, surfaces: NDArray[np.bool_]) -> Geometry:
    """Return the geometry with the chosen surfaces (a mask) facing the other way."""
    ring = ring_of_corner(geometry)
    position = np.arange(len(ring))
    mirrored = geometry.ring_offsets[ring] + geometry.ring_offsets[ring + 1] - 1 - position
    turned = surfaces[surface_of_ring(geometry)][ring]
    order = np.where(turned, mirrored, position)
    return Geometry(geometry.vertices, geometry.ring_vertices[order], geometry.ring_offsets, geometry.surface_offsets)


def number_rows(*columns: NDArray[np.generic]) -> Ints:
    """Return a number from 0 for each row of equal-length columns; equal rows get the same one."""
    order = np.lexsort(columns)
    fresh = np.zeros(len(order), dtype=bool)
    for column in columns:
        fresh[1:] |= column[order[1:]] != column[order[:-1]]
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
    place = number_rows(*np.rint(coordinates / WELD_M).astype(np.int64).T)[corners]
    _, first, inverse = np.unique(place, return_index=True, return_inverse=True)
    return corners[first][inverse]


def compact(geometry: Geometry) -> Geometry:
    """Return the geometry without unused vertices, the others in order of first use."""
    used, first, inverse = np.unique(geometry.ring_vertices, return_index=True, return_inverse=True)
    by_use = np.argsort(first)
    rank = np.empty(len(used), dtype=np.int64)
    rank[by_use] = np.arange(len(used))
    return Geometry(geometry.vertices[used[by_use]], rank[inverse], geometry.ring_offsets, geometry.surface_offsets)


@dataclass(frozen=True, slots=True)
class Tidied:
    """Geometry fit for computing, and what had to be left out.

    Attributes
    ----------
    kept
        Rows of the surfaces given that are left.
    unclosed
        Rows of surfaces with a ring whose last corner does not repeat the first.
    too_few
        Rows of surfaces with a ring of fewer than three different corners, which was dropped.
    """

    geometry: Geometry
    kept: Ints
    unclosed: Ints
    too_few: Ints


def tidy(coordinates: NDArray[np.float64], corners: Ints, ring_sizes: Ints, surface_rings: Ints) -> Tidied:
    """Weld vertices, open the rings, and drop repeated corners, rings without area, surfaces without outer ring."""
    corners = weld(coordinates, corners)
    ring_offsets, surface_offsets = offsets_of(ring_sizes), offsets_of(surface_rings)
    surface = owners(surface_offsets)

    filled = ring_sizes > 0
    open_rings = np.zeros(len(ring_sizes), dtype=bool)
    open_rings[filled] = corners[ring_offsets[:-1][filled]] != corners[ring_offsets[1:][filled] - 1]

    distinct = corners != corners[successors(ring_offsets)]
    sizes = np.bincount(owners(ring_offsets)[distinct], minlength=len(ring_sizes))
    sound = sizes >= 3
    has_rings = surface_rings > 0
    outer = np.zeros(len(surface_rings), dtype=bool)
    outer[has_rings] = sound[surface_offsets[:-1][has_rings]]
    kept_rings = sound & outer[surface]
    kept_corners = distinct & kept_rings[owners(ring_offsets)]
    kept = np.flatnonzero(outer)
    geometry = Geometry(
        coordinates,
        corners[kept_corners],
        offsets_of(sizes[kept_rings]),
        offsets_of(np.bincount(surface[kept_rings], minlength=len(surface_rings))[kept]),
    )
    lost = ~has_rings
    lost[surface[~sound]] = True
    return Tidied(geometry, kept, np.unique(surface[open_rings]), np.flatnonzero(lost))
