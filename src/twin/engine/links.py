"""Carrying values from one entity set to another: links are composed once and applied window by window."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, TwinError
from twin.quantities import Link

if TYPE_CHECKING:
    from scipy.sparse import csr_array

__all__ = ["Transfer", "check_links", "composed", "transfer"]

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Transfer:
    """Takes ``(step, writer's entity)`` to ``(step, reader's entity)`` in the cheapest way that the links allow.

    Attributes
    ----------
    n
        Number of the reader's entities.
    take
        The one entity each reader's entity takes its value from.
    segments
        First of the entities that each reader's entity sums up; they stand one after the other.
    matrix
        Weights ``(reader, writer)`` for all else.
    least
        Take the least of the values that the matrix names instead: a status is off if one of them is.
    """

    n: int
    take: NDArray[np.int64] | None = None
    segments: NDArray[np.int64] | None = None
    matrix: csr_array | None = None
    least: bool = False

    @property
    def is_identity(self) -> bool:
        """Whether values pass as they are."""
        return self.take is None and self.segments is None and self.matrix is None

    def __call__(self, values: Values) -> Values:
        """Return the values as the reader sees them; a view where nothing has to be computed."""
        if self.take is not None:
            if values.shape[1] == 1:
                return np.broadcast_to(values, (len(values), self.n))
            return values.take(self.take, axis=1)
        if self.segments is not None:
            return np.add.reduceat(values, self.segments, axis=1)
        if self.matrix is None:
            return values
        if self.least:
            return np.minimum.reduceat(values.take(self.matrix.indices, axis=1), self.matrix.indptr[:-1], axis=1)
        if len(values) == 1:
            return self._row(values)
        summed: Values = np.ascontiguousarray((self.matrix @ values.T).T)
        return summed

    def of_step(self) -> Callable[[Values], Values]:
        """Return what does the same to one step, ``(1, n)``, without looking again at what there is to do."""
        take, segments = self.take, self.segments
        if take is not None:
            return lambda values: values.take(take, 1)
        if segments is not None:
            add = np.add.reduceat
            return lambda values: add(values, segments, 1)
        return self if self.is_identity or self.least else self._row

    def _row(self, values: Values) -> Values:
        """Apply the matrix to one step: loops take many, and the library's way in costs more than the sums."""
        rows, columns, weights = self._entries
        parts = values[0].take(columns)
        parts *= weights
        return np.bincount(rows, parts, self.n).astype(np.float64, copy=False)[None]

    @cached_property
    def _entries(self) -> tuple[NDArray[np.int64], NDArray[np.int64], Values]:
        """Row, column and weight of every entry of the matrix, row by row."""
        assert self.matrix is not None
        rows = np.repeat(np.arange(self.n), np.diff(self.matrix.indptr))
        return rows, self.matrix.indices.astype(np.int64), self.matrix.data


def check_links(links: Sequence[Link], sizes: Mapping[str, int]) -> None:
    """Raise `TwinError` if a link names an unknown set or points outside of one: a dangling id is never a zero."""
    problems = []
    for link in links:
        for name, index in ((link.coarse, link.rows), (link.fine, link.cols)):
            if name not in sizes:
                problems.append(Problem(f"link {link.fine} -> {link.coarse}: there is no entity set {name!r}"))
            elif len(index) and (index.min() < 0 or index.max() >= sizes[name]):
                problems.append(
                    Problem(
                        f"link {link.fine} -> {link.coarse} points to {name} {index.min()} .. {index.max()}",
                        expected=f"0 .. {sizes[name] - 1}",
                    )
                )
    if problems:
        raise TwinError(*problems)


def transfer(
    links: Sequence[Link], sizes: Mapping[str, int], source: str, target: str, extensive: bool, status: bool = False
) -> Transfer:
    """Return how a quantity goes from the set it is written per to the set it is read per.

    Extensive quantities are summed along the links (fine to coarse), intensive ones gathered against them: an entity
    of the finer set gets the value of the coarser one it belongs to, the weighted mean if it belongs to several; of a
    ``status`` it gets the least, so that it is off if one of them is.

    Raises
    ------
    TwinError
        If no chain of links leads there, or part of the readers of an intensive quantity would get no value.
    """
    if source == target:
        return Transfer(sizes[target])
    fine, coarse = (source, target) if extensive else (target, source)
    path = _path(links, fine, coarse)
    if path is None:
        verb = "summed" if extensive else "gathered"
        raise TwinError(
            Problem(f"nothing links {fine} to {coarse}, so a quantity per {source} cannot be {verb} per {target}")
        )
    if len(path) == 1 and _belongs(path[0], sizes[fine]):
        owner = path[0].rows
        if not extensive:
            return Transfer(sizes[target], take=owner)
        if _fills_in_order(owner, sizes[coarse]):
            return Transfer(sizes[target], segments=np.searchsorted(owner, np.arange(sizes[coarse])))
    matrix = _compose(path, sizes)
    if extensive:
        return Transfer(sizes[target], matrix=matrix)
    return _gathering(matrix, sizes, source, target, status)


def composed(links: Sequence[Link], sizes: Mapping[str, int], fine: str, coarse: str) -> csr_array:
    """Return the shares in which entities of one set belong to those of another, shape ``(coarse, fine)``.

    Raises
    ------
    TwinError
        If no chain of links leads there.
    """
    path = _path(links, fine, coarse)
    if path is None:
        raise TwinError(Problem(f"nothing links {fine} to {coarse}"))
    return _compose(path, sizes)


def _path(links: Sequence[Link], fine: str, coarse: str) -> list[Link] | None:
    """Return the shortest chain of links from fine to coarse, the first declared among equals."""
    queue: deque[tuple[str, list[Link]]] = deque([(fine, [])])
    seen = {fine}
    while queue:
        here, path = queue.popleft()
        if here == coarse:
            return path
        for link in links:
            if link.fine == here and link.coarse not in seen:
                seen.add(link.coarse)
                queue.append((link.coarse, [*path, link]))
    return None


def _belongs(link: Link, n_fine: int) -> bool:
    """Whether each fine entity belongs wholly to exactly one coarse entity, listed in order."""
    return len(link.cols) == n_fine and bool((link.cols == np.arange(n_fine)).all() and (link.weights == 1.0).all())


def _fills_in_order(owner: NDArray[np.int64], n_coarse: int) -> bool:
    """Whether fine entities are sorted by owner and every owner has at least one, as np.add.reduceat needs."""
    return bool((np.diff(owner) >= 0).all()) and len(np.unique(owner)) == n_coarse


def _compose(path: Sequence[Link], sizes: Mapping[str, int]) -> csr_array:
    from scipy.sparse import csr_array, eye_array

    matrix = csr_array(eye_array(sizes[path[0].fine]))
    for link in path:
        shape = (sizes[link.coarse], sizes[link.fine])
        matrix = csr_array((link.weights, (link.rows, link.cols)), shape=shape) @ matrix
    return csr_array(matrix)


def _gathering(matrix: csr_array, sizes: Mapping[str, int], source: str, target: str, status: bool) -> Transfer:
    """Turn a fine-to-coarse matrix around: the weighted mean over the coarse entities each fine one belongs to."""
    from scipy.sparse import csr_array, diags_array

    total = np.asarray(matrix.sum(axis=0)).ravel()
    orphans = np.flatnonzero(total == 0)
    if len(orphans):
        many = f"{target}es" if target.endswith("s") else f"{target}s"
        raise TwinError(Problem(f"{len(orphans)} of {sizes[target]} {many} belong to no {source}"))
    turned = csr_array(diags_array(1.0 / total) @ matrix.T)
    if (np.diff(turned.indptr) == 1).all():
        return Transfer(sizes[target], take=turned.indices.astype(np.int64))
    return Transfer(sizes[target], matrix=turned, least=status)
