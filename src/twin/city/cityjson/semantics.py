"""Thematic types, identifiers and attributes of surfaces, for many geometries at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, TypeVar

import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from twin.city.cityjson.boundaries import parse_values
from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import ABSENT, Pick, Picks, Semantics
from twin.city.cityjson.kinds import Kinds, Said
from twin.city.found import UNKNOWN_TYPE, Found
from twin.city.lazy import Lookup

__all__ = ["Labeller", "Labels"]

Ints = NDArray[np.int64]
T = TypeVar("T")

_NONE: Ints = np.zeros(0, dtype=np.int64)
_NOTHING_SAID = Said(_NONE, _NONE, _NONE)


@dataclass(frozen=True, slots=True)
class Labels:
    """What is said of every surface: see `twin.city.found.Block`; and its kind."""

    types: Ints
    groups: Ints
    hosts: Ints
    kinds: Ints


@dataclass(frozen=True, slots=True)
class _Valued:
    """What some geometries say of their surfaces.

    Attributes
    ----------
    kinds, codes
        Of every thematic surface.
    counts
        How many of them each geometry has.
    values
        Number of the thematic surface for every surface, -1 for none.
    """

    kinds: Ints
    codes: Ints
    counts: Ints
    values: Ints

    def among(self, rows: NDArray[np.bool_], surfaces: Ints) -> _Valued:
        """Return the same for more geometries: these are some rows, the others say nothing of their surfaces."""
        counts, values = np.zeros(len(rows), dtype=np.int64), np.full(int(surfaces.sum()), -1)
        counts[rows] = self.counts
        values[np.repeat(rows, surfaces)] = self.values
        return _Valued(self.kinds, self.codes, counts, values)


class _Selection:
    """Those of some texts that are not absent, which mostly is all.

    Attributes
    ----------
    texts
        These.
    all
        Whether they are.
    rows
        Index that selects the same of an array.
    """

    def __init__(self, texts: list[Raw]) -> None:
        self.all = ABSENT not in texts
        self._mask = [] if self.all else [text is not ABSENT for text in texts]
        self.texts: Sequence[Raw] = self.of(texts)
        self.rows: Any = slice(None) if self.all else np.array(self._mask, dtype=bool)

    def of(self, items: Sequence[T]) -> Sequence[T]:
        """Return the same of other items."""
        return items if self.all else list(compress(items, self._mask))


class Labeller:
    """Labels the surfaces of one `Found`, chunk by chunk."""

    def __init__(self, found: Found, diagnosis: Diagnosis) -> None:
        self.found, self.diagnosis = found, diagnosis
        self.kinds = Kinds(found)
        self.n_groups = 0
        self._noted = [_NONE]

    def __call__(self, picks: Picks, nesting: Sequence[int], surfaces: Ints) -> Labels:
        """Return the labels of all surfaces of some geometries.

        Parameters
        ----------
        nesting
            How many lists lie around a surface in the boundaries of each geometry.
        surfaces
            How many each geometry has.
        """
        said = self._at_once(picks, nesting, surfaces) or self._one_by_one(picks, nesting, surfaces)
        return self._labels(said, self._hosts(said, picks))

    def note(self, kinds: Ints) -> None:
        """Note the kinds of surfaces that are taken."""
        self._noted.append(kinds)

    def said(self) -> tuple[Lookup[str], Lookup[Mapping[str, Any]]]:
        """Return identifier and attributes of every surface taken."""
        kinds = np.concatenate(self._noted, dtype=np.int32)  # as there is one for every surface
        ids, attributes = self.kinds.told()
        return Lookup(ids, kinds), Lookup(attributes, kinds)

    def reserve(self, n: int) -> int:
        """Return the first of ``n`` numbers for groups that are not used yet."""
        self.n_groups += n
        return self.n_groups - n

    def _at_once(self, picks: Picks, nesting: Sequence[int], surfaces: Ints) -> _Valued | None:
        """Return what is said, None if anything is odd."""
        semantics = [geometry.semantics for geometry in picks.geometries]
        spoken = list(filter(None, semantics))
        if len(spoken) == len(semantics):
            return self._spoken(spoken, nesting, surfaces)
        rows = np.array([one is not None for one in semantics], dtype=bool)
        said = self._spoken(spoken, list(compress(nesting, semantics)), surfaces[rows])
        return None if said is None else said.among(rows, surfaces)

    def _spoken(self, semantics: list[Semantics], nesting: Sequence[int], surfaces: Ints) -> _Valued | None:
        """Return the same for geometries that have semantics."""
        some, said = _Selection([one.surfaces for one in semantics]), _Selection([one.values for one in semantics])
        kinds = self.kinds.of(some.texts) if some.texts else _NOTHING_SAID
        local = parse_values(said.texts, said.of(nesting)) if said.texts else (_NONE, _NONE)
        if kinds is None or local is None or (surfaces[said.rows] != local[1]).any():
            return None
        counts = np.zeros(len(semantics), dtype=np.int64)
        counts[some.rows] = kinds.counts
        values = self._numbered(local[0], counts, surfaces, said)
        return None if values is None else _Valued(kinds.kinds, kinds.codes, counts, values)

    def _numbered(self, local: Ints, counts: Ints, surfaces: Ints, said: _Selection) -> Ints | None:
        """Return values that count on from one geometry to the next, None if one is too large."""
        sizes = surfaces[said.rows]
        if (local >= np.repeat(counts[said.rows], sizes)).any():
            return None
        numbered = np.repeat((np.cumsum(counts) - counts)[said.rows], sizes)
        numbered += local
        if (nothing := local < 0).any():
            numbered[nothing] = -1
        if said.all:
            return numbered
        values = np.full(int(surfaces.sum()), -1)
        values[np.repeat(said.rows, surfaces)] = numbered
        return values

    def _one_by_one(self, picks: Picks, nesting: Sequence[int], surfaces: Ints) -> _Valued:
        """Return the same after looking for what is odd, and noting it."""
        first = 0
        parts = []
        for k in range(len(picks)):
            alone = picks.part(k, k + 1), nesting[k : k + 1], surfaces[k : k + 1]
            one = self._at_once(*alone) or self._odd(picks.pick(k), int(surfaces[k]))
            parts.append((one.kinds, one.codes, one.counts, np.where(one.values < 0, -1, one.values + first)))
            first += len(one.kinds)
        return _Valued(*(np.concatenate([_NONE, *arrays]) for arrays in zip(*parts, strict=True)))

    def _odd(self, pick: Pick, n: int) -> _Valued:
        surfaces, values = self.diagnosis.semantics(pick)
        kinds = self.kinds.add(surfaces)
        counts = np.array([len(surfaces)])
        if values is not None and len(values) != n:
            text = f"{pick.owner} has {len(values)} semantic values for {n} surfaces; the slope decides on all of them"
            self.found.warn("semantics-incomplete", text, pick.owner, f"{pick.place}/semantics/values")
            values = None
        numbers = np.full(n, -1) if values is None else np.array(values, dtype=np.int64)
        return _Valued(kinds, self.kinds.codes_of(kinds), counts, numbers)

    def _hosts(self, said: _Valued, picks: Picks) -> Ints | None:
        """Return for every thematic surface the one that it is an opening in, -1 for none; None if none has any."""
        if not self.kinds.with_parents:
            return None
        hosts = np.full(len(said.kinds), -1)
        parents = self.kinds.parents_of(said.kinds)
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

    def _labels(self, said: _Valued, hosts: Ints | None) -> Labels:
        values, n = said.values, len(said.kinds)
        unknown = np.flatnonzero(values < 0)
        first = self.reserve(n + len(unknown))
        groups = values + first
        groups[unknown] = np.arange(first + n, first + n + len(unknown))
        types, kinds = _taken(said.codes, values, unknown, UNKNOWN_TYPE), _taken(said.kinds, values, unknown, 0)
        if hosts is None:
            return Labels(types, groups, np.full(len(values), -1), kinds)
        hosts[hosts >= 0] += first
        return Labels(types, groups, _taken(hosts, values, unknown, -1), kinds)


def _taken(items: Ints, values: Ints, unknown: Ints, nothing: int) -> Ints:
    """Return the item of every value, and something else in some rows."""
    if len(unknown) == len(values):
        return np.full(len(values), nothing)
    taken = items.take(values)
    taken[unknown] = nothing
    return taken
