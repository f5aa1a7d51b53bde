"""Overlap of pairs of plane polygons, all pairs at once."""

from __future__ import annotations

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.geometry.polygons import Flat
from twin.city.geometry.rings import following, offsets_of, owners, segments

__all__ = ["convex", "overlap_areas"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

STRAIGHT_M2 = 1e-9  # a turn to the right by less than that is rounding
MOST_SIDES = 12  # of a convex polygon to clip by; more are rare, and left to GEOS


def convex(flat: Flat) -> Mask:
    """Return which surfaces have no hole, turn one way only, and wind once."""
    x, y = flat.plane[:, 0], flat.plane[:, 1]
    rings, corners = flat.geometry.ring_offsets, flat.offsets
    dx, dy = following(x, rings) - x, following(y, rings) - y
    ahead = following(dy, rings)
    turn = dx * ahead - following(dx, rings) * dy
    left, right, windings = (
        segments(np.add, mask.astype(np.int64), corners)
        for mask in (turn > STRAIGHT_M2, turn < -STRAIGHT_M2, (dy < 0) & (ahead >= 0))
    )
    return np.asarray(((left == 0) | (right == 0)) & (windings <= 1) & (np.diff(flat.geometry.surface_offsets) == 1))


def overlap_areas(first: Flat, second: Flat) -> Floats:
    """Return the area that the surfaces of two sets share pair by pair, in a common plane, shape ``(n,)``.

    Convex polygons are clipped side by side (Sutherland & Hodgman 1974), all pairs at once; GEOS intersects the others.
    """
    simple = convex(first) & convex(second) & (np.diff(second.offsets) <= MOST_SIDES)
    area = np.zeros(len(simple))
    rows = np.flatnonzero(simple)
    area[rows] = _clipped(first.take(rows), second.take(rows))
    rows = np.flatnonzero(~simple)
    if len(rows):
        area[rows] = shapely.area(shapely.intersection(first.take(rows).polygons(), second.take(rows).polygons()))
    return area


def _clipped(flat: Flat, by: Flat) -> Floats:
    """Return the area of each convex polygon inside the convex polygon to clip it by."""
    n = len(flat.offsets) - 1
    x, y, owner = flat.plane[:, 0], flat.plane[:, 1], owners(flat.offsets)
    clips, clip_offsets = by.plane, by.offsets
    sides = np.diff(clip_offsets)
    turns = np.where(_areas(clips[:, 0], clips[:, 1], clip_offsets) < 0, -1.0, 1.0)
    for side in range(int(sides.max(initial=0))):
        at = clip_offsets[:-1] + np.minimum(side, sides - 1)
        to = clip_offsets[:-1] + (side + 1) % sides
        # polygons with fewer sides are clipped by one of no length, which leaves them as they are
        edge = (clips[to] - clips[at]) * (turns * (side < sides))[:, None]
        inside = edge[owner, 0] * (y - clips[at, 1][owner]) - edge[owner, 1] * (x - clips[at, 0][owner])
        x, y, owner = _half(x, y, owner, inside, n)
    return np.abs(_areas(x, y, offsets_of(np.bincount(owner, minlength=n))))


def _half(x: Floats, y: Floats, owner: Ints, inside: Floats, n: int) -> tuple[Floats, Floats, Ints]:
    """Return what is left of polygons on one side of a line, from how far inside each corner is."""
    if not (inside < 0).any():
        return x, y, owner
    offsets = offsets_of(np.bincount(owner, minlength=n))
    ahead = following(inside, offsets)
    kept = inside >= 0
    crossing = kept != (ahead >= 0)
    place = np.cumsum(kept.astype(np.int64) + crossing)
    total = int(place[-1])
    share = inside[crossing] / (inside[crossing] - ahead[crossing])
    cut: list[Floats] = []
    for values in (x, y):
        fresh = np.empty(total)
        fresh[place[kept] - 1 - crossing[kept]] = values[kept]
        fresh[place[crossing] - 1] = values[crossing] + share * (following(values, offsets) - values)[crossing]
        cut.append(fresh)
    return cut[0], cut[1], np.repeat(owner, kept.astype(np.int64) + crossing)


def _areas(x: Floats, y: Floats, offsets: Ints) -> Floats:
    """Return the area of each polygon, positive where it runs counter-clockwise."""
    filled = offsets[1:] > offsets[:-1]
    owner = owners(offsets)
    first = np.repeat(offsets[:-1][filled], np.diff(offsets)[filled])
    u, v = x - x[first], y - y[first]
    twice = u * following(v, offsets) - following(u, offsets) * v
    return np.bincount(owner, twice, len(filled)) / 2
