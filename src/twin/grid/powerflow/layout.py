"""The parts of any number of networks side by side: where their ports stand, and what currents there do to voltages.

Parts with about as many ports are put in front of each other, so that one product serves them all; what is missing is
filled up with ports that carry nothing. All numbers over ports stand in arrays of shape ``(step, place)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.network import Complex, Floats, Ints
from twin.grid.powerflow.parts import Part, Parts

__all__ = ["Layout", "lay_out"]

AnyComplex = NDArray[np.complexfloating]

_WIDTH = 8  # parts are filled up to a multiple of this many ports, so that few sizes are left
_ALIKE = 100_000  # bytes of all matrices up to which all parts are filled up to the size of the largest


@dataclass(frozen=True)
class _Matrices:
    """How the parts of a group answer to currents in a row: ``m`` parts, ``k`` ports, ``r`` cut nodes each.

    Attributes
    ----------
    inner
        Voltages across the ports from their currents while the cut nodes stay, shape ``(m, k, k)``.
    lifted
        The same from the voltages of the cut nodes, shape ``(m, r, k)``.
    passed
        Currents into the cut nodes from those of the ports, shape ``(m, k, r)``.
    """

    inner: AnyComplex
    lifted: AnyComplex
    passed: AnyComplex

    def take(self, rows: Ints) -> _Matrices:
        return _Matrices(self.inner[rows], self.lifted[rows], self.passed[rows])

    def single(self) -> _Matrices:
        return _Matrices(*(part.astype(np.complex64) for part in (self.inner, self.lifted, self.passed)))


@dataclass(frozen=True)
class _Group:
    """Parts of one size: whose they are ``(m,)``, their ports ``(m, k)`` and cut nodes ``(m, r)``.

    Matrices are made, or taken from those of more parts, when they are first asked for.
    """

    owner: Ints
    port: Ints
    boundary: Ints
    make_exact: Callable[[], _Matrices]
    make_single: Callable[[], _Matrices] | None = None

    @cached_property
    def exact(self) -> _Matrices:
        return self.make_exact()

    @cached_property
    def single(self) -> _Matrices:
        return self.exact.single() if self.make_single is None else self.make_single()

    def take(self, rows: Ints) -> _Group:
        """Return some of the parts."""
        own = self.owner[rows], self.port[rows], self.boundary[rows]
        return _Group(*own, lambda: self.exact.take(rows), lambda: self.single.take(rows))


@dataclass(frozen=True)
class _Cuts:
    """The cut nodes of one network among all, and their voltages from currents into them, columns by row."""

    owner: int
    nodes: slice
    exact: AnyComplex

    @cached_property
    def single(self) -> AnyComplex:
        return np.asarray(self.exact.astype(np.complex64))


@dataclass(frozen=True)
class Layout:
    """Parts side by side.

    Attributes
    ----------
    no_load
        Voltages without any load, 1 where there is no port, shape ``(1, place)``.
    n_networks, n_ports, n_cuts
        Of all networks together; they stay when some of the networks are left out.
    """

    groups: tuple[_Group, ...]
    cuts: tuple[_Cuts, ...]
    no_load: Complex
    n_networks: int
    n_ports: int
    n_cuts: int

    @cached_property
    def port(self) -> Ints:
        """Port of every place, ``n_ports`` where there is none."""
        return np.concatenate([np.empty(0, dtype=np.int64), *(group.port.ravel() for group in self.groups)])

    @cached_property
    def owner(self) -> Ints:
        """Network of every place."""
        owners = [np.repeat(group.owner, group.port.shape[1]) for group in self.groups]
        return np.concatenate([np.empty(0, dtype=np.int64), *owners])

    @cached_property
    def nbytes(self) -> int:
        """Size of all matrices in double precision."""
        matrices = [part for g in self.groups for part in (g.exact.inner, g.exact.lifted, g.exact.passed)]
        return sum(part.nbytes for part in (*matrices, *(cut.exact for cut in self.cuts)))

    @cached_property
    def _slices(self) -> list[slice]:
        ends = np.cumsum([0, *(group.port.size for group in self.groups)]).tolist()
        return [slice(a, b) for a, b in pairwise(ends)]

    def respond(self, current: AnyComplex) -> AnyComplex:
        """Return what currents at all places add to the voltages there, in their precision, shape ``(step, place)``."""
        single = current.dtype == np.complex64
        if self._whole is not None and not single:
            return np.asarray(np.matmul(current, self._whole))
        added = np.empty_like(current)
        passed = []
        for group, places in zip(self.groups, self._slices, strict=True):
            own, into = _part_by_part(current[:, places], group), _part_by_part(added[:, places], group)
            matrices = group.single if single else group.exact
            np.matmul(own, matrices.inner, out=into)
            if self.n_cuts:
                passed.append(np.matmul(own, matrices.passed).swapaxes(0, 1).reshape(len(current), -1))
        if self.n_cuts:
            self._lift(np.concatenate(passed, axis=1), added)
        return added

    def products(self, current: Complex, added: Complex) -> list[tuple[AnyComplex, AnyComplex, AnyComplex]]:
        """Return factors of what `respond` computes from one row of currents, and where it goes; without cuts."""
        return [
            (_part_by_part(current[:, places], group), group.exact.inner, _part_by_part(added[:, places], group))
            for group, places in zip(self.groups, self._slices, strict=True)
        ]

    @cached_property
    def _whole(self) -> Complex | None:
        """The only matrix, if there is but one."""
        one = len(self.groups) == 1 and len(self.groups[0].owner) == 1 and not self.n_cuts
        return self.groups[0].exact.inner[0] if one else None

    def _lift(self, passed: AnyComplex, added: AnyComplex) -> None:
        """Let what the parts pass on to the cut nodes act on all parts that touch these."""
        single = passed.dtype == np.complex64
        arriving = np.zeros((self.n_cuts + 1, len(passed)), dtype=passed.dtype)
        np.add.at(arriving, self._boundary, passed.T)
        at_cut = np.zeros((len(passed), self.n_cuts + 1), dtype=passed.dtype)
        for cut in self.cuts:
            np.matmul(arriving[cut.nodes].T, cut.single if single else cut.exact, out=at_cut[:, cut.nodes])
        for group, places in zip(self.groups, self._slices, strict=True):
            if group.boundary.shape[1]:
                above = at_cut[:, group.boundary].swapaxes(0, 1)
                into = _part_by_part(added[:, places], group)
                into += np.matmul(above, (group.single if single else group.exact).lifted)

    @cached_property
    def _boundary(self) -> Ints:
        return np.concatenate([group.boundary.ravel() for group in self.groups])

    def largest(self, change: AnyComplex) -> Floats:
        """Return the largest real or imaginary part anywhere in each network, magnitude, ``(step, n_networks)``."""
        parts = np.abs(change.view(np.float32 if change.dtype == np.complex64 else np.float64))
        if self._alone:
            return np.asarray(parts.max(axis=1, keepdims=True), dtype=np.float64)
        found = np.zeros((len(change), self.n_networks))
        if not parts.size:
            return found
        found_in = [parts[:, s].reshape(len(parts), m, -1).max(axis=2) for s, m in self._parts]
        by_part = found_in[0] if len(found_in) == 1 else np.concatenate(found_in, axis=1)
        owner, order, first = self._by_owner
        found[:, owner] = by_part if order is None else np.maximum.reduceat(by_part[:, order], first, axis=1)
        return found

    @cached_property
    def _alone(self) -> bool:
        return self.n_networks == 1 and len(self.port) > 0

    @cached_property
    def _parts(self) -> list[tuple[slice, int]]:
        """Where the real and imaginary parts of every group stand, and how many parts of networks it has."""
        places = zip(self._slices, self.groups, strict=True)
        return [(slice(2 * s.start, 2 * s.stop), len(group.owner)) for s, group in places]

    @cached_property
    def _by_owner(self) -> tuple[Ints, Ints | None, Ints]:
        """Return the networks that have parts, the parts sorted by them and the first of each network's."""
        owner = np.concatenate([np.empty(0, dtype=np.int64), *(group.owner for group in self.groups)])
        order = np.argsort(owner, kind="stable")
        networks, first = np.unique(owner[order], return_index=True)
        return (owner, None, first) if len(networks) == len(owner) else (networks, order, first)

    def only(self, networks: NDArray[np.bool_]) -> tuple[Layout, NDArray[np.bool_]]:
        """Return the layout of some of the networks alone, and which places it keeps."""
        groups = [group.take(np.flatnonzero(networks[group.owner])) for group in self.groups]
        cuts = tuple(cut for cut in self.cuts if networks[cut.owner])
        places = networks[self.owner]
        some = tuple(group for group in groups if len(group.owner))
        return replace(self, groups=some, cuts=cuts, no_load=self.no_load.compress(places, axis=1)), places


def _part_by_part(values: AnyComplex, group: _Group) -> AnyComplex:
    """Return a view of the numbers at a group's places, shape ``(m, step, k)``."""
    return values.reshape(len(values), *group.port.shape).swapaxes(0, 1)


def lay_out(networks: Sequence[tuple[Parts, Complex]]) -> Layout:
    """Put the parts of networks side by side.

    Parameters
    ----------
    networks
        The parts of each, and the voltages across its ports without any load. Ports and cut nodes of all are counted
        one network after the other.
    """
    ports = np.cumsum([0, *(len(no_load) for _, no_load in networks)]).tolist()
    cuts = np.cumsum([0, *(len(parts.cut) for parts, _ in networks)]).tolist()
    pieces = [
        _Piece(owner, part, ports[owner], cuts[owner])
        for owner, (parts, _) in enumerate(networks)
        for part in parts.parts
        if len(part.ports)
    ]
    coupled = tuple(
        _Cuts(owner, slice(cuts[owner], cuts[owner + 1]), np.ascontiguousarray(parts.impedance.T))
        for owner, (parts, _) in enumerate(networks)
        if len(parts.cut)
    )
    groups = tuple(_groups(pieces, ports[-1], cuts[-1]))
    at_ports = np.concatenate([*(no_load for _, no_load in networks), np.ones(1)])
    places = np.concatenate([np.empty(0, dtype=np.int64), *(group.port.ravel() for group in groups)])
    return Layout(groups, coupled, at_ports[None, places], len(networks), ports[-1], cuts[-1])


@dataclass(frozen=True)
class _Piece:
    """A part of a network, and the first port and cut node of that network."""

    owner: int
    part: Part
    port: int
    cut: int


def _groups(pieces: Sequence[_Piece], n_ports: int, n_cuts: int) -> Iterator[_Group]:
    """Yield the parts by size, filled up to it."""
    width = np.array([-(-len(piece.part.ports) // _WIDTH) * _WIDTH for piece in pieces], dtype=np.int64)
    if 16 * len(width) * int(width.max(initial=0)) ** 2 <= _ALIKE:
        width[:] = width.max(initial=0)
    for k in np.unique(width).tolist():
        own = [pieces[i] for i in np.flatnonzero(width == k).tolist()]
        m, r = len(own), max(len(piece.part.boundary) for piece in own)
        port, boundary = np.full((m, k), n_ports), np.full((m, r), n_cuts)
        shapes = ((m, k, k), (m, r, k), (m, k, r))
        inner, lifted, passed = (np.zeros(shape, dtype=np.complex128) for shape in shapes)
        for i, piece in enumerate(own):
            part, size, edge = piece.part, len(piece.part.ports), len(piece.part.boundary)
            port[i, :size], boundary[i, :edge] = piece.port + part.ports, piece.cut + part.boundary
            inner[i, :size, :size] = part.inner.T
            lifted[i, :edge, :size], passed[i, :size, :edge] = part.across.T, part.passed_on.T
        owner = np.array([piece.owner for piece in own])
        yield _Group(owner, port, boundary, partial(_Matrices, inner, lifted, passed))
