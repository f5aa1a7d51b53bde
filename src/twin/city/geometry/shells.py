"""What the surfaces of a building enclose: whether they close, which way they face, volume and height."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry.rings import (
    corner_offsets,
    following,
    number_rows,
    of_owners,
    segments,
    surface_of_corner,
    take_surfaces,
)
from twin.city.geometry.sizes import CHUNK, Measured
from twin.city.model import Geometry

__all__ = ["Shells", "heights", "lowest", "shells", "turned_faces"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Marks = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Shells:
    """What the surfaces of each shell enclose; one row per building or part.

    Attributes
    ----------
    closed
        Whether every edge is used equally often in both directions.
    paired
        Whether every edge is used an even number of times; closed but for surfaces that face the wrong way.
    volume
        By the divergence theorem, m3; negative where the shell is inside out, meaningless where it is not closed.
    """

    closed: Mask
    paired: Mask
    volume: Floats


def shells(geometry: Geometry, measured: Measured, shell: Ints, n: int, counted: Mask | None = None) -> Shells:
    """Return closedness and volume of every shell.

    Parameters
    ----------
    shell
        Shell of every surface, 0 to ``n - 1``, shape ``(n_surfaces,)``.
    counted
        Surfaces that are part of their shell, all if None: a window that lies on a wall without a hole is not.
    """
    marks = _edge_marks(geometry, _directed)
    cones = _cones(measured, shell, n)
    if counted is not None:
        marks[~counted], cones[~counted] = 0, 0.0
    filled = np.bincount(shell if counted is None else shell[counted], minlength=n) > 0
    closed = filled & (of_owners(np.add, marks, shell, n, 0) == 0)
    paired = closed.copy()
    if (filled & ~closed).any():
        rest = (filled & ~closed)[shell]
        rows = np.flatnonzero(rest if counted is None else rest & counted)
        marks = _edge_marks(take_surfaces(geometry, rows), _undirected)
        paired = filled & (of_owners(np.bitwise_xor, marks, shell[rows], n, 0) == 0)
    return Shells(closed, paired, np.bincount(shell, cones, n).astype(np.float64))


def _cones(measured: Measured, shell: Ints, n: int) -> Floats:
    """Return the volume of the cone from a point of its shell to every surface, m3."""
    volume = np.zeros(len(shell))
    anchor = np.zeros(n)  # near the shell, or products of coordinates cancel
    for k in range(3):
        anchor[shell[::-1]] = measured.origin[::-1, k]  # of repeated indices the last assignment holds
        volume += (measured.origin[:, k] - anchor[shell]) * measured.vector[:, k]
    return volume / 3


def _edge_marks(geometry: Geometry, of_edges: Callable[[Marks, Marks, Ints], tuple[np.ufunc, Marks]]) -> Marks:
    """Return what the edges of every surface add up to, shape ``(n_surfaces,)``.

    Every vertex has two random numbers r and s, of which `_directed` and `_undirected` make one for each edge, so that
    the edges of a shell add up to 0 where they cancel; no edge is sorted.
    """
    r, s = _scrambled(np.arange(2 * len(geometry.vertices), dtype=np.uint64)).reshape(2, -1)
    offsets = corner_offsets(geometry)
    marks = np.empty(len(offsets) - 1, dtype=np.uint64)
    for start in range(0, len(marks), CHUNK):
        stop = min(start + CHUNK, len(marks))
        rings = geometry.ring_offsets[geometry.surface_offsets[start] : geometry.surface_offsets[stop] + 1]
        corners = geometry.ring_vertices[rings[0] : rings[-1]]
        ufunc, of_edge = of_edges(r[corners], s[corners], rings - rings[0])
        marks[start:stop] = segments(ufunc, of_edge, offsets[start : stop + 1] - offsets[start])
    return marks


def _directed(r: Marks, s: Marks, rings: Ints) -> tuple[np.ufunc, Marks]:
    """Return ``r[a] s[b] - r[b] s[a]`` for each edge from a to b, to be summed modulo 2^64; its reverse cancels it.

    If any edge is left over, the sum is a polynomial in r and s that does not vanish, and is 0 for fewer than one in
    2^58 draws (Schwartz 1980 and Zippel 1979, modulo 2^64).
    """
    return np.add, r * following(s, rings) - following(r, rings) * s


def _undirected(r: Marks, s: Marks, rings: Ints) -> tuple[np.ufunc, Marks]:
    """Return a random number for each edge, whichever way it runs, to be combined by exclusive or; a second cancels it.

    If any edge is left over, the result is 0 for one in 2^64 draws.
    """
    return np.bitwise_xor, _scrambled(r + following(r, rings))


def _scrambled(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return random-looking numbers for consecutive ones (SplitMix64; Steele, Lea & Flood 2014)."""
    z = (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@dataclass(frozen=True, slots=True)
class _Edges:
    """Edges of some surfaces: one row per use of an edge.

    Attributes
    ----------
    number
        Of the edge, from 0.
    surface
        That uses it.
    ahead
        Whether it is used from the vertex of the lower number to the one of the higher.
    """

    number: Ints
    surface: Ints
    ahead: Mask

    @classmethod
    def of(cls, geometry: Geometry, shell: Ints) -> _Edges:
        """Return the edges of surfaces, those of different shells told apart."""
        surface = surface_of_corner(geometry)
        a = geometry.ring_vertices
        b = following(a, geometry.ring_offsets)
        return cls(number_rows(shell[surface], np.minimum(a, b), np.maximum(a, b)), surface, a < b)


def turned_faces(geometry: Geometry, shell: Ints) -> Mask:
    """Return which surfaces to turn so that all of a shell face the same way, shape ``(n_surfaces,)``.

    Two surfaces that use an edge in the same direction disagree. Over edges that exactly two surfaces use, agreement is
    carried from surface to surface; of each connected patch the smaller share (by number) is turned. Patches that
    cannot be made to agree (a Moebius strip) are left as they are.

    Parameters
    ----------
    shell
        Shell of every surface; patches do not cross shells.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    n = len(geometry.surface_offsets) - 1
    edges = _Edges.of(geometry, shell)
    order = np.argsort(edges.number, kind="stable")
    order = order[(np.bincount(edges.number) == 2)[edges.number[order]]]
    one, other = edges.surface[order[::2]], edges.surface[order[1::2]]
    disagree = edges.ahead[order[::2]] == edges.ahead[order[1::2]]
    # every surface stands twice, as it is (i) and turned (n + i); what agrees is connected
    rows = np.concatenate([one, one + n])
    columns = np.concatenate([np.where(disagree, other + n, other), np.where(disagree, other, other + n)])
    graph = coo_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(2 * n, 2 * n))
    count, of = connected_components(graph, directed=False)
    as_is, turned = of[:n], of[n:]
    size = np.bincount(as_is, minlength=count)
    smaller = (size[as_is] < size[turned]) | ((size[as_is] == size[turned]) & (as_is > turned))
    return np.asarray((as_is != turned) & smaller)


def lowest(geometry: Geometry, owner: Ints, n: int) -> Floats:
    """Return the height of the lowest corner of all surfaces of each owner, m; 0 for an owner without surfaces."""
    bottom = _extreme(np.minimum, geometry, owner, n, np.inf)
    return np.where(np.isfinite(bottom), bottom, 0.0)


def heights(geometry: Geometry, owner: Ints, n: int) -> Floats:
    """Return highest less lowest corner of all surfaces of each owner, m; 0 for an owner without surfaces."""
    top = _extreme(np.maximum, geometry, owner, n, -np.inf)
    return np.where(np.isfinite(top), top - lowest(geometry, owner, n), 0.0)


def _extreme(ufunc: np.ufunc, geometry: Geometry, owner: Ints, n: int, start: float) -> Floats:
    z = np.ascontiguousarray(geometry.vertices[:, 2])[geometry.ring_vertices]
    return of_owners(ufunc, z, owner, n, start, corner_offsets(geometry))
