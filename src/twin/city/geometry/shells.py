"""What the surfaces of a building enclose: whether they close, which way they face, volume and height."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.geometry.rings import (
    BLOCK,
    corner_offsets,
    following,
    number_rows,
    of_owners,
    offsets_of,
    runs_of,
    segments,
    surface_of_corner,
    surface_of_ring,
    take_surfaces,
)
from twin.city.geometry.sizes import Measured, measure
from twin.city.model import Geometry

__all__ = ["Seams", "Shells", "heights", "inside_out", "lowest", "seams", "shells", "turned_faces", "volumes"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Marks = NDArray[np.uint64]

_TOGETHER = 1 << 14  # rings worked on at a time: what is made of their corners on the way fits the processor's cache


@dataclass(frozen=True, slots=True)
class Seams:
    """Whether the surfaces of each shell fit together; one row per building or part.

    Attributes
    ----------
    filled
        Whether it has surfaces.
    closed
        Whether every edge is used equally often in both directions.
    paired
        Whether every edge is used an even number of times; closed but for surfaces that face the wrong way.
    volume, error
        Volume of closed shells without holes in their surfaces, m3, and how far off that may be at most; the error is
        infinite for shells with such holes.
    """

    filled: Mask
    closed: Mask
    paired: Mask
    volume: Floats
    error: Floats


@dataclass(frozen=True, slots=True)
class Shells:
    """What the surfaces of each shell enclose; one row per building or part.

    Attributes
    ----------
    closed, paired
        As in `Seams`.
    volume
        By the divergence theorem, m3; negative where the shell is inside out, meaningless where it is not closed.
    """

    closed: Mask
    paired: Mask
    volume: Floats


def shells(geometry: Geometry, measured: Measured, shell: Ints, n: int, counted: Mask | None = None) -> Shells:
    """Return closedness and volume of every shell; parameters are those of `seams`."""
    joined = seams(geometry, shell, n, counted)
    return Shells(joined.closed, joined.paired, volumes(measured, shell, n, counted))


def seams(geometry: Geometry, shell: Ints, n: int, counted: Mask | None = None) -> Seams:
    """Return whether shells are closed, and roughly their volume, without measuring a surface.

    Parameters
    ----------
    shell
        Shell of every surface, 0 to ``n - 1``, shape ``(n_surfaces,)``.
    counted
        Surfaces that are part of their shell, all if None: a window that lies on a wall without a hole is not.
    """
    if counted is not None:
        rows = np.flatnonzero(counted)
        geometry, shell = take_surfaces(geometry, rows), shell[rows]
    runs = runs_of(shell)  # surfaces of one shell mostly come together
    sizes = np.diff(corner_offsets(geometry).take(runs)).astype(np.float64)
    corners: Floats = np.bincount(shell.take(runs[:-1]), sizes, n).astype(np.float64)
    marks, volume, error = _sums(geometry, shell, corners)
    filled = corners > 0
    closed = filled & (marks == 0)
    paired = closed.copy()
    if (filled & ~closed).any():
        rows = np.flatnonzero((filled & ~closed)[shell])
        undirected = _undirected_marks(take_surfaces(geometry, rows))
        paired = filled & (of_owners(np.bitwise_xor, undirected, shell[rows], n, 0) == 0)
    return Seams(filled, closed, paired, volume, error)


def volumes(measured: Measured, shell: Ints, n: int, counted: Mask | None = None) -> Floats:
    """Return the volume of every shell as `Shells` has it; parameters are those of `seams`."""
    cones = np.zeros(len(shell))  # from a point of its shell to every surface
    anchor = np.zeros(n)  # near the shell, or products of coordinates cancel
    for k in range(3):
        anchor[shell[::-1]] = measured.origin[::-1, k]  # of repeated indices the last assignment holds
        cones += (measured.origin[:, k] - anchor[shell]) * measured.vector[:, k]
    cones /= 3
    if counted is not None:
        cones[~counted] = 0.0
    return np.bincount(shell, cones, n).astype(np.float64)


def inside_out(joined: Seams, geometry: Geometry, shell: Ints) -> Mask:
    """Return which closed shells have a negative volume, without measuring surfaces but where that is in doubt.

    Parameters
    ----------
    joined
        The `seams` of the geometry, of which all surfaces count.
    shell
        Shell of every surface.
    """
    negative: Mask = joined.closed & (joined.volume < 0)
    doubtful = joined.closed & ~(np.abs(joined.volume) > joined.error)
    if doubtful.any():
        rows = np.flatnonzero(doubtful[shell])
        exact = volumes(measure(take_surfaces(geometry, rows)), shell[rows], len(negative))
        negative[doubtful] = exact[doubtful] < 0
    return negative


def _sums(geometry: Geometry, shell: Ints, corners: Floats) -> tuple[Marks, Floats, Floats]:
    """Return what the marks of all rings of a shell add up to, its rough volume and the error of that.

    The tip of all cones is in the middle of the city, so that coordinates need not be moved shell by shell. A term is
    the product of three of them; what is lost when the terms of ``k`` corners are added up is less than ``64 k**2``
    roundings of the largest, and as much again is allowed for the measured volume.

    Parameters
    ----------
    corners
        How many every shell has.
    """
    marks, volume = np.zeros(len(corners), dtype=np.uint64), np.zeros(len(corners))
    if not len(shell):
        return marks, volume, volume
    columns = np.array(geometry.vertices.T, order="C")  # a copy, however they are laid out
    low, high = (np.array([ufunc.reduce(column) for column in columns]) for ufunc in (np.minimum, np.maximum))
    columns -= ((low + high) / 2)[:, None]
    random = _random(columns.shape[1])
    for owner, four in _quadrangles(geometry, shell):
        np.add.at(marks, owner, _marks(random.take(four)))
        np.add.at(volume, owner, _cones(columns.take(four, axis=1)))
    error = 128 / 6 * np.finfo(np.float64).eps * np.prod((high - low) / 2) * corners**2
    if len(geometry.ring_offsets) > len(geometry.surface_offsets):
        error[shell[np.diff(geometry.surface_offsets) > 1]] = np.inf
    return marks, volume / 6, error


def _quadrangles(geometry: Geometry, shell: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Yield the quadrangles that fan out from the first corner of each ring, those of many rings together.

    A ring with an odd number of corners has a last one whose last two corners are the same, a triangle. No ring has
    fewer than three corners, as `tidy` leaves them.

    Yields
    ------
    owner, corners
        Shell of each, shape ``(n,)``; the vertices of their corners, shape ``(4, n)``.
    """
    offsets, corners = geometry.ring_offsets, geometry.ring_vertices
    owner = shell if len(offsets) == len(geometry.surface_offsets) else shell[surface_of_ring(geometry)]
    for start in range(0, len(owner), _TOGETHER):
        ends, of = offsets[start : start + _TOGETHER + 1], owner[start : start + _TOGETHER]
        first, last = ends[:-1], ends[1:] - 1
        yield of, _four(corners, first, first, last)
        more = np.flatnonzero(last > first + 3)
        first, last, of = first.take(more), last.take(more), of.take(more)
        pieces = (last - first - 2) // 2
        ends = offsets_of(pieces)
        second = 2 * np.arange(1, ends[-1] + 1) + np.repeat(first - 2 * ends[:-1], pieces)
        yield np.repeat(of, pieces), _four(corners, np.repeat(first, pieces), second, np.repeat(last, pieces))


def _four(corners: Ints, first: Ints, before: Ints, last: Ints) -> Ints:
    """Return the first corners, and the three that follow some others up to the last; shape ``(4, n)``."""
    four = np.empty((4, len(first)), dtype=np.int64)
    fourth = np.minimum(before + 3, last)
    for row, after, places in ((0, 0, first), (1, 1, before), (2, 2, before), (3, 0, fourth)):
        corners[after:].take(places, out=four[row], mode="clip")  # as no place is outside, and "raise" would copy
    return four


def _cones(corners: Floats) -> Floats:
    """Return six times the volume of the cones from the origin to quadrangles, m3.

    The triangles 1-2-3 and 1-3-4 together are the product of corner 1 with 2 x 3 + 3 x 4, which is (2 - 4) x 3.

    Parameters
    ----------
    corners
        Coordinates of their corners, shape ``(3, 4, n)``.
    """
    a, b, c = corners[:, 0], corners[:, 1] - corners[:, 3], corners[:, 2]
    volume = np.zeros(a.shape[1])
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        product = b[j] * c[k]
        product -= b[k] * c[j]
        product *= a[i]
        volume += product
    return volume


def _marks(corners: Marks) -> Marks:
    """Return what the directed edges of quadrangles add up to; no edge is sorted to find its reverse.

    Every vertex has a random number. An edge from a to b is ``a b (a - b)``, summed modulo 2^64, which its reverse
    cancels, so that the edges of a closed shell add up to 0. If any edge is left over, the sum is a polynomial that
    does not vanish, and is 0 for fewer than one in 2^50 draws (Schwartz 1980 and Zippel 1979, modulo 2^64). The edges
    of a triangle add up to ``(b - a) (c - b) (a - c)``; those of a quadrangle are the ones of two triangles.

    Parameters
    ----------
    corners
        The numbers of their corners, shape ``(4, n)``.
    """
    a, _, c, d = corners
    ahead = corners[1:] - corners[:-1]
    product: Marks = ahead[0] * ahead[1]
    product -= ahead[2] * (a - d)
    product *= a - c
    return product


def _undirected_marks(geometry: Geometry) -> Marks:
    """Return what the edges of every surface combine to by exclusive or, shape ``(n_surfaces,)``.

    Every edge has a random number, whichever way it runs; a second one cancels it. If any edge is left over, the
    result is 0 for one in 2^64 draws.
    """
    random = _random(len(geometry.vertices))
    marks = np.empty(len(geometry.surface_offsets) - 1, dtype=np.uint64)
    for start in range(0, len(marks), _TOGETHER):
        rows = np.arange(start, min(start + _TOGETHER, len(marks)))
        some = take_surfaces(geometry, rows)
        corners = random[some.ring_vertices]
        of_edge = _scrambled(corners + following(corners, some.ring_offsets))
        marks[rows] = segments(np.bitwise_xor, of_edge, corner_offsets(some))
    return marks


def _random(n: int) -> Marks:
    """Return as many random-looking numbers, always the same."""
    numbers = np.arange(n, dtype=np.uint64)
    for start in range(0, n, BLOCK):
        numbers[start : start + BLOCK] = _scrambled(numbers[start : start + BLOCK])
    return numbers


def _scrambled(numbers: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return random-looking numbers for consecutive ones (SplitMix64; Steele, Lea & Flood 2014)."""
    z = numbers + np.uint64(1)
    for factor, bits in ((0x9E3779B97F4A7C15, 30), (0xBF58476D1CE4E5B9, 27), (0x94D049BB133111EB, 31)):
        z *= np.uint64(factor)
        z ^= z >> np.uint64(bits)
    return z


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
