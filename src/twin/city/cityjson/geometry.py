"""Geometries as blocks of flat arrays: all boundaries of a chunk at once, one by one only where that fails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.cityjson.boundaries import Boundaries, parse_boundaries
from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import NESTING, Geometry, Pick, Picks
from twin.city.cityjson.semantics import Labeller, Labels
from twin.city.found import Block, Found
from twin.city.geometry.rings import joined

__all__ = ["Shapes", "add_block", "parse_shapes"]

Ints = NDArray[np.int64]

_DONE = Geometry("")
_CHUNK = 2000  # geometries at a time, so that their text and numbers stay in the cache


@dataclass(frozen=True, slots=True)
class Shapes:
    """Boundaries and labels of the surfaces of some geometries."""

    boundaries: Boundaries
    types: Ints
    groups: Ints
    hosts: Ints
    kinds: Ints


def parse_shapes(picks: Picks, first: Ints, n_vertices: Ints, labeller: Labeller, diagnosis: Diagnosis) -> Shapes:
    """Return the shapes of geometries, their corners as rows in the array of all vertices.

    The picks lose their geometry on the way, so that its text can be let go of.

    Parameters
    ----------
    first, n_vertices
        Row of the first vertex that each geometry may refer to, and how many there are from there on.
    """
    boundaries: list[Boundaries] = []
    labels: list[Labels] = []
    for start in range(0, len(picks), _CHUNK):
        stop = min(start + _CHUNK, len(picks))
        chunk = picks.part(start, stop)
        nesting = [NESTING[one.type] for one in chunk.geometries]
        some = _boundaries(chunk, nesting, first[start:stop], n_vertices[start:stop], diagnosis)
        boundaries.append(some)
        labels.append(labeller(chunk, nesting, some.surfaces))
        picks.geometries[start:stop] = [_DONE] * len(chunk)
    said = (joined([getattr(some, name) for some in labels]) for name in ("types", "groups", "hosts", "kinds"))
    return Shapes(Boundaries.concat(boundaries), *said)


def _boundaries(
    picks: Picks, nesting: Sequence[int], first: Ints, n_vertices: Ints, diagnosis: Diagnosis
) -> Boundaries:
    parsed = parse_boundaries([one.boundaries for one in picks.geometries], nesting)
    if parsed is not None and (corners := _rows(parsed, first, n_vertices)) is not None:
        return Boundaries(corners, parsed.ring_sizes, parsed.surface_rings, parsed.surfaces)
    if len(picks) > 1:
        alone = [(picks.part(k, k + 1), slice(k, k + 1)) for k in range(len(picks))]
        return Boundaries.concat(
            [_boundaries(pick, nesting[at], first[at], n_vertices[at], diagnosis) for pick, at in alone]
        )
    return _one(picks.pick(0), int(first[0]), int(n_vertices[0]), diagnosis)


def _rows(parsed: Boundaries, first: Ints, n_vertices: Ints) -> Ints | None:
    """Return the row of the vertex at every corner, None if one is out of range."""
    corners = parsed.corners
    if first[0] == first[-1]:  # one document, as those of several follow one another
        if corners.view(np.uint64).max() >= n_vertices[0]:  # a negative index is a huge one
            return None
        return corners + first[0] if first[0] else corners
    counts = parsed.corner_counts()
    within = (corners >= 0) & (corners < np.repeat(n_vertices, counts))
    return corners + np.repeat(first, counts) if within.all() else None


def _one(pick: Pick, first: int, n: int, diagnosis: Diagnosis) -> Boundaries:
    """Return the boundaries of a geometry that is odd, with the first vertex at every corner where it is wrong."""
    odd = diagnosis.boundaries(pick)
    right = diagnosis.indices(odd, n, pick)
    corners = odd.corners + first if right else np.zeros_like(odd.corners)
    return Boundaries(corners, odd.ring_sizes, odd.surface_rings, odd.surfaces)


def add_block(found: Found, shapes: Shapes, coordinates: NDArray[np.float64], rows: Ints, labeller: Labeller) -> None:
    """Add shapes to what is found.

    Parameters
    ----------
    rows
        Of the object that every geometry belongs to.
    """
    some = shapes.boundaries
    labeller.note(shapes.kinds)
    found.blocks.append(
        Block(
            coordinates,
            some.corners,
            some.ring_sizes,
            some.surface_rings,
            np.repeat(rows, some.surfaces),
            shapes.types,
            shapes.groups,
            shapes.hosts,
        )
    )
