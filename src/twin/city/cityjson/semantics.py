"""Thematic types, identifiers and attributes of surfaces, for many geometries at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.cityjson.boundaries import parse_values
from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import ABSENT, NESTING, Pick, Picks
from twin.city.cityjson.kinds import Kinds, Lists
from twin.city.found import Found
from twin.city.lazy import Lookup

__all__ = ["Labeller", "Labels"]

Ints = NDArray[np.int64]

_NONE: Ints = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Labels:
    """What is said of every surface: see `twin.city.found.Block`; and its kind."""

    types: Ints
    groups: Ints
    hosts: Ints
    kinds: Ints


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
        self.mask, self.all, self.any = mask, all(mask), any(mask)
        self.rows: Any = slice(None) if self.all else np.array(mask, dtype=bool)

    def of(self, items: Sequence[Any]) -> Sequence[Any]:
        """Return the selected items."""
        return items if self.all else list(compress(items, self.mask))


class Labeller:
    """Labels the surfaces of one `Found`, chunk by chunk."""

    def __init__(self, found: Found, diagnosis: Diagnosis) -> None:
        self.found, self.diagnosis = found, diagnosis
        self.kinds = Kinds(found)
        self.n_groups = 0
        self._noted = [_NONE]

    def __call__(self, picks: Picks, surfaces: Ints) -> Labels:
        """Return the labels of all surfaces of some geometries.

        Parameters
        ----------
        surfaces
            How many each geometry has.
        """
        said = self._at_once(picks, surfaces) or self._one_by_one(picks, surfaces)
        return self._labels(said, self._hosts(said, picks))

    def note(self, kinds: Ints) -> None:
        """Note the kinds of surfaces that are taken."""
        self._noted.append(kinds)

    def said(self) -> tuple[Lookup[str], Lookup[Mapping[str, Any]]]:
        """Return identifier and attributes of every surface taken."""
        kinds = np.concatenate(self._noted)
        return Lookup(self.kinds.ids, kinds), Lookup(self.kinds.attributes, kinds)

    def reserve(self, n: int) -> int:
        """Return the first of ``n`` numbers for groups that are not used yet."""
        self.n_groups += n
        return self.n_groups - n

    def _at_once(self, picks: Picks, surfaces: Ints) -> _Said | None:
        """Return what is said, None if anything is odd."""
        semantics = [geometry.semantics for geometry in picks.geometries]
        some = _Selection([one is not None and one.surfaces is not ABSENT for one in semantics])
        said = _Selection([one is not None and one.values is not ABSENT for one in semantics])
        nesting = [NESTING[geometry.type] for geometry in said.of(picks.geometries)]
        kinds: Lists | None = (_NONE, _NONE)
        local: Lists | None = (_NONE, _NONE)
        if some.any:
            kinds = self.kinds.of([one.surfaces for one in some.of(semantics)])
        if said.any:
            local = parse_values([one.values for one in said.of(semantics)], nesting)
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

    def _one_by_one(self, picks: Picks, surfaces: Ints) -> _Said:
        """Return the same after looking for what is odd, and noting it."""
        first = 0
        parts = []
        for k in range(len(picks)):
            one = self._at_once(picks.part(k, k + 1), surfaces[k : k + 1]) or self._odd(picks.pick(k), int(surfaces[k]))
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

    def _hosts(self, said: _Said, picks: Picks) -> Ints:
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
            pick = picks.pick(k)
            text = f"opening {row - start} of {pick.owner} is in a surface that does not exist"
            place = f"{pick.place}/semantics/surfaces/{row - start}/parent"
            self.found.warn("host-missing", text, pick.owner, place)
        return hosts

    def _labels(self, said: _Said, hosts: Ints) -> Labels:
        values, n, unknown = said.values, len(said.kinds), said.values < 0
        n_unknown = int(np.count_nonzero(unknown))
        first = self.reserve(n + n_unknown)
        groups = values + first
        groups[unknown] = first + n + np.arange(n_unknown)
        kinds = np.append(said.kinds, 0)[values]
        hosts = np.where(hosts < 0, -1, hosts + first)
        return Labels(np.array(self.kinds.codes)[kinds], groups, hosts[values], kinds)
