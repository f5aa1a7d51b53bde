"""From surfaces as found to surfaces fit for computing: welded, open rings of at least three different corners."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry.rings import offsets_of, owners, weld
from twin.city.model import Geometry

__all__ = ["Tidied", "tidy"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Tidied:
    """Geometry fit for computing, and what had to be left out.

    Attributes
    ----------
    kept
        Rows of the surfaces given that are left.
    unclosed
        Rows of surfaces with a ring whose last corner does not repeat the first, if it was meant to.
    too_few
        Rows of surfaces with a ring of fewer than three different corners, which was dropped.
    """

    geometry: Geometry
    kept: Ints
    unclosed: Ints
    too_few: Ints


def tidy(
    coordinates: NDArray[np.float64], corners: Ints, ring_sizes: Ints, surface_rings: Ints, rings_closed: bool = False
) -> Tidied:
    """Weld vertices, open the rings, and drop repeated corners, rings without area, surfaces without outer ring.

    Parameters
    ----------
    rings_closed
        Whether a ring's last corner is meant to repeat its first.
    """
    corners = weld(coordinates, corners)
    ring_offsets, surface_offsets = offsets_of(ring_sizes), offsets_of(surface_rings)
    unclosed = np.zeros(0, dtype=np.int64)
    if rings_closed:
        unclosed = _surfaces_of(_open_rings(corners, ring_offsets), surface_offsets)

    repeats = _repeats(corners, ring_offsets)
    if len(repeats):
        rings = np.searchsorted(ring_offsets, repeats, side="right") - 1
        ring_sizes = ring_sizes.copy()
        np.subtract.at(ring_sizes, rings, 1)
        corners, ring_offsets = np.delete(corners, repeats), offsets_of(ring_sizes)
    sound, has_rings = ring_sizes >= 3, surface_rings > 0
    if sound.all() and has_rings.all():
        geometry = Geometry(coordinates, corners, ring_offsets, surface_offsets)
        return Tidied(geometry, np.arange(len(surface_rings)), unclosed, np.zeros(0, dtype=np.int64))

    surface, outer = owners(surface_offsets), has_rings.copy()
    outer[has_rings] = sound[surface_offsets[:-1][has_rings]]
    kept_rings, kept = sound & outer[surface], np.flatnonzero(outer)
    geometry = Geometry(
        coordinates,
        corners[np.repeat(kept_rings, ring_sizes)],
        offsets_of(ring_sizes[kept_rings]),
        offsets_of(np.bincount(surface[kept_rings], minlength=len(surface_rings))[kept]),
    )
    lost = ~has_rings
    lost[surface[~sound]] = True
    return Tidied(geometry, kept, unclosed, np.flatnonzero(lost))


def _repeats(corners: Ints, ring_offsets: Ints) -> Ints:
    """Return the positions of corners that are the same as the next one of their ring."""
    first, last = ring_offsets[:-1], ring_offsets[1:] - 1
    filled = last >= first
    if not filled.all():
        first, last = first[filled], last[filled]
    begins, ends = corners.take(first), corners.take(last)
    same = corners[1:] == corners[:-1]
    closing: Ints = last[ends == begins]
    if np.count_nonzero(same) == np.count_nonzero(ends[:-1] == begins[1:]):  # the next one belongs to another ring
        return closing
    same[last[:-1]] = False
    return np.concatenate([np.flatnonzero(same), closing])


def _open_rings(corners: Ints, ring_offsets: Ints) -> Ints:
    """Return the rings whose last corner is not their first."""
    filled = np.flatnonzero(ring_offsets[1:] > ring_offsets[:-1])
    open_ones: Ints = filled[corners[ring_offsets[filled]] != corners[ring_offsets[filled + 1] - 1]]
    return open_ones


def _surfaces_of(rings: Ints, surface_offsets: Ints) -> Ints:
    """Return the surfaces that own some rings (ascending)."""
    return np.unique(np.searchsorted(surface_offsets, rings, side="right") - 1)
