"""Windows and doors: which surface each is in, and how much of that surface it takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.geometry.clip import overlap_areas
from twin.city.geometry.polygons import Flat, flatten
from twin.city.geometry.rings import offsets_of, take_surfaces
from twin.city.geometry.sizes import Measured, dot
from twin.city.model import Geometry

__all__ = ["Openings", "Thematic", "find_hosts", "measure_openings"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

# A window may stand back behind its wall by the depth of the reveal, or be tilted a little in it.
RECESS_M = 0.6
ANGLE_DEG = 20.0
TOGETHER = 256  # openings whose hosts are looked for together
LAID_ON = 0.5  # of its area on the wall: the wall has no hole where the opening is
SIDEWAYS = 0.1  # cosine between the normals of an opening and its host, below which it is the side of a frame


@dataclass(frozen=True, slots=True)
class Thematic:
    """What a file says of surfaces.

    Attributes
    ----------
    group
        Number of the thematic surface that each is a polygon of.
    host
        For windows and doors the thematic surface they are in, -1 for all else.
    building
        Building that each bounds.
    """

    group: Ints
    host: Ints
    building: Ints


def _same_number(wanted: Ints, offered: Ints) -> tuple[Ints, Ints]:
    """Return all pairs of positions at which a wanted and an offered number are the same."""
    order = np.argsort(offered, kind="stable")
    first = np.searchsorted(offered[order], wanted, side="left")
    count = np.searchsorted(offered[order], wanted, side="right") - first
    position = np.arange(count.sum()) + np.repeat(first - offsets_of(count)[:-1], count)
    return np.repeat(np.arange(len(wanted)), count), order[position]


def find_hosts(
    geometry: Geometry, measured: Measured, opening: Ints, others: Ints, thematic: Thematic
) -> tuple[Ints, Ints, Mask]:
    """Find the surface that each window or door is in; all polygons of one window are in the same.

    Of the surfaces that the file states the one is taken that the window overlaps most when it is projected along the
    surface's normal, holes disregarded; failing overlap the nearest. Where the file states none, or one without
    geometry, it is a surface of the same building in the plane of the window.

    Parameters
    ----------
    opening, others
        Rows of windows and doors, and of all other surfaces.

    Returns
    -------
    opening, host, stated
        Openings that have a host, the host, and whether the file states it.
    """
    wanted, offered = thematic.host[opening], thematic.group[others]
    at, other = _same_number(np.where(wanted < 0, -1, wanted), np.where(offered < 0, -2, offered))
    pairs = [(at, others[other])]
    alone = np.setdiff1d(np.arange(len(opening)), at)
    for start in range(0, len(alone), TOGETHER):
        some = alone[start : start + TOGETHER]
        at, other = _same_number(thematic.building[opening[some]], thematic.building[others])
        kept = _in_plane(measured, opening[some[at]], others[other])
        pairs.append((some[at[kept]], others[other[kept]]))
    stated = np.repeat([True, False], [len(pairs[0][0]), sum(len(one) for one, _ in pairs[1:])])
    position, host = (np.concatenate(sides) for sides in zip(*pairs, strict=True))
    _, window = np.unique(thematic.group[opening], return_inverse=True)
    best = _best(geometry, measured, opening[position], host, window[position], stated)
    of_window = np.full(int(window.max(initial=-1)) + 1, -1)
    of_window[window[position[best]]] = best
    pair = of_window[window]
    hosted = pair >= 0
    return opening[hosted], host[pair[hosted]], stated[pair[hosted]]


def _in_plane(measured: Measured, opening: Ints, host: Ints) -> Mask:
    """Return which pairs lie in one plane, but for the depth of a reveal."""
    facing = np.abs(dot(measured.normal[opening], measured.normal[host]))
    return np.asarray((facing >= np.cos(np.radians(ANGLE_DEG))) & (_behind(measured, opening, host) <= RECESS_M))


def _behind(measured: Measured, opening: Ints, host: Ints) -> Floats:
    """Return how far each opening lies off the plane of its host, m."""
    return np.abs(dot(measured.centroid[opening] - measured.centroid[host], measured.normal[host]))


def _best(geometry: Geometry, measured: Measured, opening: Ints, host: Ints, window: Ints, stated: Mask) -> Ints:
    """Return for each window a pair of one of its polygons with the host that the window overlaps most."""
    if not len(opening):
        return opening
    one, other = _flat_pairs(geometry, measured, opening, host)
    overlap = overlap_areas(one.outer(), other.outer())
    _, tie = np.unique(window * len(measured.area) + host, return_inverse=True)
    total = np.bincount(tie, overlap)[tie]
    away = np.zeros(len(opening))
    apart = np.flatnonzero(np.bincount(window, overlap)[window] <= 0)
    if len(apart):
        away[apart] = shapely.distance(one.take(apart).polygons(), other.take(apart).polygons())
    order = np.lexsort([host, _behind(measured, opening, host), away, -np.round(total, 6), window])
    order = order[(stated | (away <= RECESS_M))[order]]
    _, first = np.unique(window[order], return_index=True)
    return order[first]


@dataclass(frozen=True, slots=True)
class Openings:
    """What windows and doors are to the surfaces they are in; one row per surface, openings among them.

    Attributes
    ----------
    taken
        Area that its openings cover of the surface, projected along its normal, m2; nothing where it has a hole for
        them, and no more than it has.
    seen
        Area of its openings as seen along its normal, m2, whether or not the surface has a hole there. A window of
        several polygons (frame, pane, both faces) counts once.
    counted
        Whether the surface is part of a shell: all but openings that lie on a surface without a hole, and the sides of
        frames.
    """

    taken: Floats
    seen: Floats
    counted: Mask


def measure_openings(geometry: Geometry, measured: Measured, opening: Ints, host: Ints) -> Openings:
    """Measure what openings take of their hosts."""
    n = len(measured.area)
    taken, counted = np.zeros(n), np.ones(n, dtype=bool)
    if not len(opening):
        return Openings(taken, taken, counted)
    facing = np.abs(dot(measured.normal[opening], measured.normal[host]))
    one, other = _flat_pairs(geometry, measured, opening, host)
    covered = overlap_areas(one, other)
    counted[opening] = (covered <= LAID_ON * facing * measured.area[opening]) & (facing >= SIDEWAYS)
    broad = np.flatnonzero(facing >= SIDEWAYS)
    shapes = one.take(broad).polygons()
    seen = _union_areas(shapes, host[broad], n)
    net = shapely.intersection(shapes, other.take(broad).polygons())
    taken = np.minimum(_union_areas(net, host[broad], n), measured.area)
    return Openings(taken, seen, counted)


def _union_areas(shapes: NDArray[np.object_], host: Ints, n: int) -> Floats:
    """Return the area that shapes in the same plane cover together."""
    area = np.zeros(n)
    hosts, number = np.unique(host, return_inverse=True)
    order = np.argsort(number, kind="stable")
    together = shapely.geometrycollections(shapes[order], indices=number[order])
    area[hosts] = shapely.area(shapely.union_all(together[:, None], axis=1))
    return area


def _flat_pairs(geometry: Geometry, measured: Measured, opening: Ints, host: Ints) -> tuple[Flat, Flat]:
    """Return openings and hosts in the planes of the hosts."""
    sides = (take_surfaces(geometry, rows) for rows in (opening, host))
    origin, normal = measured.centroid[host], measured.normal[host]
    one, other = (Flat(some, flatten(some, origin, normal)) for some in sides)
    return one, other
