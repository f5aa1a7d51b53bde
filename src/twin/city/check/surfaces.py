"""Rings and polygons, all at once: closed, simple, planar, holes where holes belong. Codes 101 to 208."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.check.holes import check_holes
from twin.city.check.planes import fit_planes, folds, triangles
from twin.city.check.primitives import Fault, Primitives, Tolerances
from twin.city.geometry.polygons import flatten
from twin.city.geometry.rings import (
    number_rows,
    offsets_of,
    ring_of_corner,
    successors,
    surface_of_corner,
    surface_of_ring,
    take_surfaces,
)
from twin.city.model import Geometry

__all__ = ["Surfaces", "check_surfaces", "snap"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Surfaces:
    """What is left of the surfaces of a file to build shells of.

    Attributes
    ----------
    geometry
        All surfaces, over vertices that are one where they are closer than the snap tolerance; rings are open.
    sound
        Which surfaces have no fault.
    normal
        Unit normal of the sound surfaces, shape ``(n_surfaces, 3)``.
    triangles, of_triangle
        Vertices and surface of triangles that the sound surfaces are cut into.
    """

    geometry: Geometry
    sound: Mask
    normal: Floats
    triangles: Ints
    of_triangle: Ints


def check_surfaces(primitives: Primitives, tolerances: Tolerances) -> tuple[Surfaces, list[Fault]]:
    """Find what is wrong with every ring and polygon by itself.

    As in val3dity a polygon is looked at for planarity only if its rings are sound, and for how its rings lie to each
    other only if it is planar: on the plane fitted to all its corners by least squares.
    """
    points = primitives.coordinates - primitives.coordinates[:1]  # near the origin, or differences cancel
    vertex = snap(points, tolerances.snap_m)
    given = Geometry(points, vertex[primitives.corners], primitives.ring_offsets, primitives.surface_offsets)
    geometry, unclosed = _open_rings(given, primitives.rings_closed)
    found = _Found(len(geometry.surface_offsets) - 1)
    _check_corners(geometry, unclosed, found)
    rows = np.flatnonzero(found.sound)
    normal = np.zeros((len(found.sound), 3))
    normal[rows], off_plane = fit_planes(take_surfaces(geometry, rows))
    bent = off_plane > tolerances.planarity_m
    found.note("203", rows[bent], off_plane[bent], "{:.3g} m")
    corners, surface = _check_outlines(geometry, normal, tolerances, found)
    usable = found.sound[surface]
    return Surfaces(geometry, found.sound, normal, corners[usable], surface[usable]), found.faults


class _Found:
    """Faults found so far, and which surfaces have none."""

    def __init__(self, n: int) -> None:
        self.faults: list[Fault] = []
        self.sound = np.ones(n, dtype=bool)

    def note(self, code: str, rows: Ints, amounts: Floats | None = None, words: str = "") -> None:
        """Add a fault per surface, and take the surface out of the sound ones."""
        self.sound[rows] = False
        if amounts is None:
            self.faults += [Fault(code, "surface", row) for row in np.unique(rows).tolist()]
            return
        for row, amount in zip(rows.tolist(), amounts.tolist(), strict=True):
            self.faults.append(Fault(code, "surface", row, amount, words.format(amount)))


def _check_corners(geometry: Geometry, unclosed: Ints, found: _Found) -> None:
    """Look for rings that are not closed, of too few corners, or with a corner twice in a row."""
    few = np.unique(surface_of_ring(geometry)[np.diff(geometry.ring_offsets) < 3])
    again = geometry.ring_vertices == geometry.ring_vertices[successors(geometry.ring_offsets)]
    repeated = np.setdiff1d(surface_of_corner(geometry)[again], few)
    for code, rows in (("103", unclosed), ("101", few), ("102", repeated)):
        found.note(code, rows)


def _check_outlines(geometry: Geometry, normal: Floats, tolerances: Tolerances, found: _Found) -> tuple[Ints, Ints]:
    """Look at rings on their planes, and for folds; return the triangles of all sound surfaces, and their surface."""
    rows = np.flatnonzero(found.sound)
    some = take_surfaces(geometry, rows)
    plane = flatten(some, some.corners[some.ring_offsets[some.surface_offsets[:-1]]], normal[rows])
    found.note("104", rows[_not_simple(some, plane, tolerances.snap_m)])
    rows, some, plane = _keep(rows, some, plane, found.sound[rows])
    for code, bad in check_holes(some, plane, tolerances.snap_m):
        found.note(code, rows[bad])
    rows, some, plane = _keep(rows, some, plane, found.sound[rows])
    corners, of_triangle = triangles(some, plane)
    surface = rows[of_triangle]
    turn = np.zeros(len(found.sound))
    np.maximum.at(turn, surface, folds(geometry.vertices, corners, normal[surface], tolerances.snap_m))
    folded = np.flatnonzero(turn > tolerances.fold_deg)
    found.note("204", folded, turn[folded], "by {:.0f} degrees")
    return corners, surface


def _keep(rows: Ints, some: Geometry, plane: Floats, kept: Mask) -> tuple[Ints, Geometry, Floats]:
    if kept.all():
        return rows, some, plane
    return rows[kept], take_surfaces(some, np.flatnonzero(kept)), plane[kept[surface_of_corner(some)]]


def snap(points: Floats, tolerance: float) -> Ints:
    """Return for each point the first of those that are closer to each other than the tolerance, in a chain or not."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import cKDTree

    if not len(points):
        return np.zeros(0, dtype=np.int64)
    same = number_rows(*points.T)
    _, first, same = np.unique(same, return_index=True, return_inverse=True)
    pairs = cKDTree(points[first]).query_pairs(tolerance * (1 - 1e-6), output_type="ndarray")
    links = coo_array((np.ones(len(pairs), dtype=np.int8), (pairs[:, 0], pairs[:, 1])), shape=(len(first), len(first)))
    _, cluster = connected_components(links, directed=False)
    of_point = cluster[same]
    _, leader = np.unique(of_point, return_index=True)
    return leader[of_point].astype(np.int64)


def _open_rings(geometry: Geometry, closed_by_format: bool) -> tuple[Geometry, Ints]:
    """Drop the corner that closes each ring where the format has one; return the surfaces too that lack it."""
    if not closed_by_format:
        return geometry, np.zeros(0, dtype=np.int64)
    first, last = geometry.ring_offsets[:-1], geometry.ring_offsets[1:] - 1
    closed = (geometry.ring_vertices[first] == geometry.ring_vertices[last]) & (first != last)
    kept = np.ones(len(geometry.ring_vertices), dtype=bool)
    kept[last[closed]] = False
    sizes = np.diff(geometry.ring_offsets) - closed
    opened = Geometry(geometry.vertices, geometry.ring_vertices[kept], offsets_of(sizes), geometry.surface_offsets)
    return opened, np.unique(surface_of_ring(geometry)[~closed])


def _not_simple(geometry: Geometry, plane: Floats, tolerance: float) -> Ints:
    """Return the surfaces with a ring that crosses itself, touches itself or folds back on itself."""
    ring = ring_of_corner(geometry)
    place = number_rows(ring, geometry.ring_vertices)
    twice = np.bincount(place, minlength=1) > 1
    bad = np.zeros(len(geometry.ring_offsets) - 1, dtype=bool)
    bad[ring[twice[place]]] = True
    bad |= np.bincount(ring, _spikes(geometry, plane, tolerance), len(bad)) > 0
    shapes = shapely.polygons(shapely.linearrings(plane, indices=ring)) if len(ring) else np.zeros(0, dtype=object)
    bad |= ~shapely.is_valid(shapes)
    return np.unique(surface_of_ring(geometry)[bad])


def _spikes(geometry: Geometry, plane: Floats, tolerance: float) -> Mask:
    """Return the corners where a ring turns back on itself, or where two corners fall together on the plane."""
    following = successors(geometry.ring_offsets)
    before = np.empty(len(following), dtype=np.int64)
    before[following] = np.arange(len(following))
    out, back = plane[following] - plane, plane[before] - plane
    lengths = np.stack([np.linalg.norm(out, axis=1), np.linalg.norm(back, axis=1)])
    area = np.abs(out[:, 0] * back[:, 1] - out[:, 1] * back[:, 0])
    apart = area / np.maximum(lengths.max(axis=0), 1e-300)  # the shorter edge's end, off the longer edge
    exact = tolerance * 1e-3
    spike: Mask = (lengths[0] < exact) | (((out * back).sum(axis=1) > 0) & (apart < exact))
    return spike
