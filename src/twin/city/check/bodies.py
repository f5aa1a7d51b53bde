"""Bodies bounded by triangles: what lies inside which. The ground for codes 401 to 404, 501 to 503 and 601."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry.rings import offsets_of, owners, ragged_take

__all__ = ["Bodies", "Probes", "bodies_of", "cut_edges", "inside", "probes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_BLOCK = 500_000  # pairs of things at once
_STEP_M = 5e-3  # how far a probe stands from the edge, within the face


@dataclass(frozen=True, slots=True)
class Bodies:
    """Closed bodies; sorted by body, triangles and edges face outward.

    Attributes
    ----------
    triangles, triangle_offsets
        Corners, shape ``(n, 3, 3)``; triangles of body ``k`` lie between two offsets.
    edges, normals, edge_offsets
        Ends of the polygons' edges, shape ``(n, 2, 3)``, the polygon to the left, and its outward normal.
    """

    triangles: Floats
    triangle_offsets: Ints
    edges: Floats
    normals: Floats
    edge_offsets: Ints

    def boxes(self) -> tuple[Floats, Floats]:
        """Return lowest and highest corner of every body; a body without triangles has a box that nothing is in."""
        filled = np.diff(self.triangle_offsets) > 0
        low, high = np.full((len(filled), 3), np.inf), np.full((len(filled), 3), -np.inf)
        starts = self.triangle_offsets[:-1][filled]
        if len(starts):
            low[filled] = np.minimum.reduceat(self.triangles.min(axis=1), starts)
            high[filled] = np.maximum.reduceat(self.triangles.max(axis=1), starts)
        return low, high


@dataclass(frozen=True, slots=True)
class Probes:
    """Points just inside or outside the faces of the first body of each pair, one beside every piece of an edge.

    The edges are cut where they pass through, or run out of, a face of the second body.
    """

    points: Floats
    pair: Ints


def probes(
    bodies: Bodies, first: Ints, second: Ints, depth: float, outward: bool = False, everywhere: bool = False
) -> Probes:
    """Return points at a depth under the faces of one body that may lie in another.

    Two bodies have interior in common if and only if a piece of an edge of one bounds it. So it is enough to look
    there, in the face beside the edge and a little under it.

    Parameters
    ----------
    first, second
        Pairs of bodies.
    depth
        How far under the face, m; above it if ``outward``. Pieces of edges shorter than four times that are left out.
    everywhere
        Whether to return points that cannot lie in the second body as well.
    """
    low, high = bodies.boxes()
    points, pairs = [np.zeros((0, 3))], [np.zeros(0, dtype=np.int64)]
    for rows in _blocks(np.diff(bodies.edge_offsets)[first] * np.diff(bodies.triangle_offsets)[second]):
        edge, offsets = ragged_take(bodies.edge_offsets, first[rows])
        pair = rows[owners(offsets)]
        ends = bodies.edges[edge]
        near = _overlap(ends.min(axis=1), ends.max(axis=1), low, high, second[pair], depth)
        near |= everywhere
        edge, pair = edge[near], pair[near]
        cut_edge, cuts = _cuts(bodies, edge, second[pair], depth)
        point, of_edge = _beside(bodies, edge, cut_edge, cuts, depth, outward)
        pair = pair[of_edge]
        within = _overlap(point, point, low, high, second[pair], 0.0)
        within |= everywhere
        points.append(point[within])
        pairs.append(pair[within])
    return Probes(np.concatenate(points), np.concatenate(pairs))


def _blocks(sizes: Ints) -> Iterator[Ints]:
    """Yield rows in blocks whose sizes add up to a bounded number."""
    block = np.cumsum(sizes) // _BLOCK
    for part in np.split(np.arange(len(sizes)), np.flatnonzero(np.diff(block)) + 1):
        if len(part):
            yield part


def _overlap(low: Floats, high: Floats, lows: Floats, highs: Floats, of: Ints, margin: float) -> Mask:
    return np.asarray(((low <= highs[of] + margin) & (high >= lows[of] - margin)).all(axis=1))


def _cuts(bodies: Bodies, edge: Ints, body: Ints, depth: float) -> tuple[Ints, Floats]:
    """Return where edges pass through planes of a body's faces and of their sides: number of the edge, and share."""
    rows, shares = [np.zeros(0, dtype=np.int64)], [np.zeros(0)]
    for some in _blocks(np.diff(bodies.triangle_offsets)[body]):
        triangle, offsets = ragged_take(bodies.triangle_offsets, body[some])
        row = some[owners(offsets)]
        ends, corners = bodies.edges[edge], bodies.triangles[triangle]
        low, high = ends.min(axis=1), ends.max(axis=1)
        near = _overlap(corners.min(axis=1), corners.max(axis=1), low, high, row, depth)
        row, corners = row[near], corners[near]
        start, end = ends[row, 0], ends[row, 1]
        sides = np.roll(corners, -1, axis=1) - corners
        normal = np.cross(sides[:, 0], sides[:, 1])
        planes = [(normal, corners[:, 0]), *((np.cross(normal, sides[:, k]), corners[:, k]) for k in range(3))]
        for plane, at in planes:
            one, other = ((start - at) * plane).sum(axis=1), ((end - at) * plane).sum(axis=1)
            crossing = one * other < 0
            rows.append(row[crossing])
            shares.append(one[crossing] / (one - other)[crossing])
    return np.concatenate(rows), np.concatenate(shares)


def _split(n: int, cut_edge: Ints, cuts: Floats) -> tuple[Ints, Floats, Floats]:
    """Return the pieces of edges between cuts: number of the edge, where a piece begins and ends, as shares."""
    number = np.concatenate([np.arange(n), cut_edge, np.arange(n)])
    share = np.concatenate([np.zeros(n), cuts, np.ones(n)])
    order = np.lexsort([share, number])
    number, share = number[order], share[order]
    begin = np.flatnonzero(number[1:] == number[:-1])
    return number[begin], share[begin], share[begin + 1]


def cut_edges(bodies: Bodies, first: int, second: int, shortest: float) -> Floats:
    """Return the edges of one body, cut where they pass faces of another: ends, shape ``(n, 2, 3)``."""
    edge = np.arange(*bodies.edge_offsets[first : first + 2])
    number, begin, end = _split(len(edge), *_cuts(bodies, edge, np.full(len(edge), second), shortest))
    ends = bodies.edges[edge[number]]
    along = ends[:, 1] - ends[:, 0]
    long = (end - begin) * np.linalg.norm(along, axis=1) > shortest
    pieces = ends[:, :1] + np.stack([begin, end], axis=1)[:, :, None] * along[:, None]
    return np.asarray(pieces[long])


def _beside(
    bodies: Bodies, edge: Ints, cut_edge: Ints, cuts: Floats, depth: float, outward: bool
) -> tuple[Floats, Ints]:
    """Return a point beside the middle of every piece of the edges, and the number of its edge."""
    number, begin, end = _split(len(edge), cut_edge, cuts)
    ends, normal = bodies.edges[edge[number]], bodies.normals[edge[number]]
    along = ends[:, 1] - ends[:, 0]
    length = np.linalg.norm(along, axis=1)
    width = (end - begin) * length
    long = width > 4 * depth
    into = np.cross(normal, along / length[:, None])
    step = np.minimum(max(_STEP_M, 2 * depth), width / 4)[:, None]
    middle = ends[:, 0] + ((begin + end) / 2)[:, None] * along
    points: Floats = middle + into * step + normal * (depth if outward else -depth)
    return points[long], number[long]


def inside(bodies: Bodies, points: Floats, body: Ints) -> Mask:
    """Return which points lie in a body: where its triangles, seen from the point, cover the whole sphere.

    Solid angle of a triangle after Van Oosterom & Strackee (1983), IEEE Trans. Biomed. Eng. 30:125, eq. 8.
    """
    covered = np.zeros(len(points))
    for rows in _blocks(np.diff(bodies.triangle_offsets)[body]):
        triangle, offsets = ragged_take(bodies.triangle_offsets, body[rows])
        of = rows[owners(offsets)]
        arms = bodies.triangles[triangle] - points[of][:, None]
        a, b, c = arms[:, 0], arms[:, 1], arms[:, 2]
        la, lb, lc = (np.linalg.norm(arm, axis=1) for arm in (a, b, c))
        triple = (a * np.cross(b, c)).sum(axis=1)
        dots = la * lb * lc + (a * b).sum(axis=1) * lc + (b * c).sum(axis=1) * la + (c * a).sum(axis=1) * lb
        covered += np.bincount(of, 2 * np.arctan2(triple, dots), len(points))
    return covered > 2 * np.pi


def bodies_of(triangles: Floats, of_triangle: Ints, edges: Floats, normals: Floats, of_edge: Ints, n: int) -> Bodies:
    """Return bodies of triangles and edges in any order."""
    by_triangle, by_edge = np.argsort(of_triangle, kind="stable"), np.argsort(of_edge, kind="stable")
    return Bodies(
        triangles[by_triangle],
        offsets_of(np.bincount(of_triangle, minlength=n)),
        edges[by_edge],
        normals[by_edge],
        offsets_of(np.bincount(of_edge, minlength=n)),
    )
