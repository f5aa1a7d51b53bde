"""Thematic types, identifiers and attributes of surfaces, for many geometries at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from twin.city.cityjson.boundaries import parse_values
from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import ABSENT, NESTING, Pick
from twin.city.cityjson.kinds import REMEMBERED, Kinds, Memory
from twin.city.found import NOTHING, Found

__all__ = ["Labeller", "Labels"]

Ints = NDArray[np.int64]

_NONE: Ints = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Labels:
    """What is said of every surface; see `twin.city.found.Block` and `twin.city.found.Found`."""

    types: Ints
    groups: Ints
    hosts: Ints
    ids: list[str]
    attributes: list[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class _Said:
    """What some geometries say of their surfaces.

    Attributes
    ----------
    kinds
        Of every thematic surface.
    counts
        How many of them each geometry has.
    values
        Number of the thematic surface for every surface, -1 for none.
    """

    kinds: Ints
    counts: Ints
    values: Ints


class _Selection:
    """Some of a sequence, which mostly is all of it.

    Attributes
    ----------
    rows
        Index that selects the same of an array.
    """

    def __init__(self, mask: list[bool]) -> None:
        self.mask, self.all = mask, all(mask)
        self.rows: Any = slice(None) if self.all else np.array(mask, dtype=bool)

    def of(self, items: Sequence[Any]) -> Sequence[Any]:
        """Return the selected items."""
        return items if self.all else list(compress(items, self.mask))


class Labeller:
    """Labels the surfaces of one `Found`, chunk by chunk."""

    def __init__(self, found: Found, diagnosis: Diagnosis) -> None:
        self.found, self.diagnosis = found, diagnosis
        self.kinds, self.values = Kinds(found), Memory()
        self.n_groups = 0

    def __call__(self, picks: Sequence[Pick], surfaces: Ints) -> Labels:
        """Return the labels of all surfaces of some geometries.

        Parameters
        ----------
        surfaces
            How many each geometry has.
        """
        said = self._at_once(picks, surfaces) or self._one_by_one(picks, surfaces)
        labels = self._labels(said, self._hosts(said, picks))
        if len(self.kinds.ids) > REMEMBERED:
            self.kinds = Kinds(self.found)
        return labels

    def reserve(self, n: int) -> int:
        """Return the first of ``n`` numbers for groups that are not used yet."""
        self.n_groups += n
        return self.n_groups - n

    def _at_once(self, picks: Sequence[Pick], surfaces: Ints) -> _Said | None:
        """Return what is said, None if anything is odd."""
        semantics = [pick.geometry.semantics for pick in picks]
        some = _Selection([one is not None and one.surfaces is not ABSENT for one in semantics])
        said = _Selection([one is not None and one.values is not ABSENT for one in semantics])
        nesting = [NESTING[one.geometry.type] for one in said.of(picks)]
        kinds = self.kinds.of(_texts([one.surfaces for one in some.of(semantics)]))
        texts = _texts([one.values for one in said.of(semantics)])
        local = self.values(list(zip(nesting, texts, strict=True)), _parse_values)
        if kinds is None or local is None or (surfaces[said.rows] != local[1]).any():
            return None
        counts = np.zeros(len(picks), dtype=np.int64)
        counts[some.rows] = kinds[1]
        values = self._numbered(local[0], counts, surfaces, said)
        return None if values is None else _Said(kinds[0], counts, values)

    def _numbered(self, local: Ints, counts: Ints, surfaces: Ints, said: _Selection) -> Ints | None:
        """Return values that count on from one geometry to the next, None if one is too large."""
        sizes = surfaces[said.rows]
        if (local >= np.repeat(counts[said.rows], sizes)).any():
            return None
        first = (np.cumsum(counts) - counts)[said.rows]
        numbered = np.where(local < 0, -1, local + np.repeat(first, sizes))
        if said.all:
            return numbered
        values = np.full(int(surfaces.sum()), -1)
        values[np.repeat(said.rows, surfaces)] = numbered
        return values

    def _one_by_one(self, picks: Sequence[Pick], surfaces: Ints) -> _Said:
        """Return the same after looking for what is odd, and noting it."""
        first = 0
        parts = []
        for k, pick in enumerate(picks):
            one = self._at_once([pick], surfaces[k : k + 1]) or self._odd(pick, int(surfaces[k]))
            parts.append((one.kinds, one.counts, np.where(one.values < 0, -1, one.values + first)))
            first += len(one.kinds)
        return _Said(*(np.concatenate([_NONE, *arrays]) for arrays in zip(*parts, strict=True)))

    def _odd(self, pick: Pick, n: int) -> _Said:
        surfaces, values = self.diagnosis.semantics(pick)
        kinds = self.kinds.add(surfaces)
        counts = np.array([len(surfaces)])
        if values is not None and len(values) != n:
            text = f"{pick.owner} has {len(values)} semantic values for {n} surfaces; the slope decides on all of them"
            self.found.warn("semantics-incomplete", text, pick.owner, f"{pick.place}/semantics/values")
            values = None
        return _Said(kinds, counts, np.full(n, -1) if values is None else np.array(values, dtype=np.int64))

    def _hosts(self, said: _Said, picks: Sequence[Pick]) -> Ints:
        """Return for every thematic surface the one that it is an opening in, -1 for none, and once more -1."""
        hosts = np.full(len(said.kinds) + 1, -1)
        all_parents = np.array(self.kinds.parents)
        if (all_parents == -1).all():
            return hosts
        parents = all_parents[said.kinds]
        rows = np.flatnonzero(parents != -1)
        ends = np.cumsum(said.counts)
        of = np.searchsorted(ends, rows, side="right")
        first = (ends - said.counts)[of]
        there = (parents[rows] >= 0) & (parents[rows] < said.counts[of]) & (parents[rows] != rows - first)
        hosts[rows[there]] = (parents[rows] + first)[there]
        for row, k, start in zip(rows[~there].tolist(), of[~there].tolist(), first[~there].tolist(), strict=True):
            text = f"opening {row - start} of {picks[k].owner} is in a surface that does not exist"
            place = f"{picks[k].place}/semantics/surfaces/{row - start}/parent"
            self.found.warn("host-missing", text, picks[k].owner, place)
        return hosts

    def _labels(self, said: _Said, hosts: Ints) -> Labels:
        values, n, unknown = said.values, len(said.kinds), said.values < 0
        n_unknown = int(np.count_nonzero(unknown))
        first = self.reserve(n + n_unknown)
        groups = values + first
        groups[unknown] = first + n + np.arange(n_unknown)
        kinds = np.append(said.kinds, 0)[values]
        ids, attributes = [""] * len(values), [NOTHING] * len(values)
        if np.array(self.kinds.rich)[kinds].any():
            rows = kinds.tolist()
            attributes = list(map(self.kinds.attributes.__getitem__, rows))
            if any(self.kinds.ids):
                ids = list(map(self.kinds.ids.__getitem__, rows))
        hosts = np.where(hosts < 0, -1, hosts + first)
        return Labels(np.array(self.kinds.codes)[kinds], groups, hosts[values], ids, attributes)


def _texts(raw: Sequence[Raw]) -> list[bytes]:
    """Return copies of JSON texts, which hold no zeros; much faster than one by one."""
    return b"\0".join(raw).split(b"\0") if raw else []


def _parse_values(keys: list[tuple[int, bytes]]) -> tuple[Ints, Ints] | None:
    """Return the semantic values in texts, with how many lists lie around a value in each; None if one is odd."""
    return parse_values([text for _, text in keys], [nesting for nesting, _ in keys])
