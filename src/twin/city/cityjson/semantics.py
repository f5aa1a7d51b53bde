"""Thematic types, identifiers and attributes of surfaces, for many geometries at once."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from operator import itemgetter
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from twin.city.cityjson.boundaries import parse_values
from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import ABSENT, NESTING, Pick
from twin.city.found import NOTHING, TYPE_CODES, UNKNOWN_TYPE, Found

__all__ = ["Labeller", "Labels"]

Ints = NDArray[np.int64]

_OPENINGS = (TYPE_CODES["Window"], TYPE_CODES["Door"])
_MANY = 2**31
_NONE: Ints = np.zeros(0, dtype=np.int64)
_REMEMBERED = 20_000  # texts, and kinds of surfaces
_TYPE_OF = itemgetter("type")
_SURFACES = msgspec.json.Decoder(list[list[dict[str, Any]]])


@dataclass(frozen=True, slots=True)
class Labels:
    """What is said of every surface; see `twin.city.found.Block` and `twin.city.found.Found`."""

    types: Ints
    groups: Ints
    hosts: Ints
    ids: list[str]
    attributes: list[Mapping[str, Any]]


class _Memory:
    """Arrays by the text that they are made of: much of what geometries say is the same for many of them."""

    def __init__(self) -> None:
        self.known: dict[Any, Ints] = {}

    def __call__(self, keys: Sequence[Any], parse: Callable[[list[Any]], list[Ints] | None]) -> list[Ints] | None:
        """Return an array for each key, by parsing those not met before; None if one cannot be parsed."""
        arrays = list(map(self.known.get, keys))
        unknown = list(dict.fromkeys(compress(keys, [one is None for one in arrays])))
        if unknown:
            parsed = parse(unknown)
            if parsed is None:
                return None
            if len(self.known) > _REMEMBERED:
                self.known = {key: one for key, one in zip(keys, arrays, strict=True) if one is not None}
            self.known.update(zip(unknown, parsed, strict=True))
        return list(map(self.known.__getitem__, keys))


class _Kinds:
    """Kinds of thematic surfaces; kind 0 is that of which nothing is said.

    Attributes
    ----------
    codes, ids, attributes
        Type, identifier and attributes.
    parents
        Place in its geometry's list of the surface that an opening is in, -1 for none, -2 for one that cannot be.
    rich
        Whether there is an identifier or an attribute.
    plain
        By type, the kind of a surface without anything else.
    """

    def __init__(self, found: Found) -> None:
        self.found = found
        self.codes, self.parents, self.rich = array("q", [UNKNOWN_TYPE]), array("q", [-1]), array("b", [0])
        self.ids: list[str] = [""]
        self.attributes: list[Mapping[str, Any]] = [NOTHING]
        self.plain: dict[str, int] = {}
        self.memory = _Memory()

    def of(self, texts: Sequence[bytes]) -> list[Ints] | None:
        """Return the kinds of the thematic surfaces of each geometry, None if one is odd."""
        return self.memory(texts, self._parse)

    def _parse(self, texts: list[bytes]) -> list[Ints] | None:
        """Return the kinds of the thematic surfaces of each geometry, None if one is odd."""
        try:
            lists = _SURFACES.decode(b"[" + b",".join(texts) + b"]")
            kinds = self.add(list(chain.from_iterable(lists)))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError, TypeError):
            return None
        return np.split(kinds, np.cumsum(list(map(len, lists)))[:-1])

    def add(self, surfaces: Sequence[dict[str, Any]]) -> Ints:
        """Return the kinds of surfaces.

        Raises
        ------
        KeyError, TypeError
            If one has no type.
        """
        names = list(map(_TYPE_OF, surfaces))
        for name in set(names).difference(self.plain):
            if not isinstance(name, str):
                raise TypeError
            self.plain[name] = self._append(self.found.type_code(name), -1, "", NOTHING)
        kinds = np.fromiter(map(self.plain.__getitem__, names), dtype=np.int64, count=len(names))
        sizes = np.fromiter(map(len, surfaces), dtype=np.int64, count=len(names))
        for row in np.flatnonzero(sizes > 1).tolist():
            kinds[row] = self._describe(surfaces[row], self.codes[kinds[row]])
        return kinds

    def _describe(self, surface: dict[str, Any], code: int) -> int:
        """Return a new kind for a surface of which more is said than its type."""
        attributes = surface.copy()
        del attributes["type"]
        if not ("id" in surface or "parent" in surface or "children" in surface or "twin_type_source" in surface):
            return self._append(code, -1, "", attributes)
        identifier, within = attributes.pop("id", None), attributes.pop("parent", None)
        parent = -1
        if code in _OPENINGS and within is not None:
            parent = within if isinstance(within, int) and 0 <= within < _MANY else -2
        attributes.pop("children", None)
        if attributes.pop("twin_type_source", None) == "derived":
            code = UNKNOWN_TYPE
        return self._append(code, parent, identifier if isinstance(identifier, str) else "", attributes or NOTHING)

    def _append(self, code: int, parent: int, identifier: str, attributes: Mapping[str, Any]) -> int:
        self.codes.append(code)
        self.parents.append(parent)
        self.rich.append(attributes is not NOTHING or identifier != "")
        self.ids.append(identifier)
        self.attributes.append(attributes)
        return len(self.ids) - 1


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
        self.kinds, self.values = _Kinds(found), _Memory()
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
        if len(self.kinds.ids) > _REMEMBERED:
            self.kinds = _Kinds(self.found)
        return labels

    def reserve(self, n: int) -> int:
        """Return the first of ``n`` numbers for groups that are not used yet."""
        self.n_groups += n
        return self.n_groups - n

    def _at_once(self, picks: Sequence[Pick], surfaces: Ints) -> _Said | None:
        """Return what is said, None if anything is odd."""
        semantics = [pick.geometry.semantics for pick in picks]
        some = _Selection([one is not None and one.surfaces is not ABSENT for one in semantics])
        kinds = self.kinds.of([bytes(one.surfaces) for one in some.of(semantics)])
        if kinds is None:
            return None
        counts = np.zeros(len(picks), dtype=np.int64)
        counts[some.rows] = list(map(len, kinds))
        said = _Selection([one is not None and one.values is not ABSENT for one in semantics])
        heard = said.of(picks)
        keys = [(NESTING[one.geometry.type], bytes(one.geometry.semantics.values)) for one in heard]
        local = self.values(keys, _parse_values)
        if local is None or (surfaces[said.rows] != list(map(len, local))).any():
            return None
        values = self._numbered(np.concatenate([_NONE, *local]), counts, surfaces, said)
        return None if values is None else _Said(np.concatenate([_NONE, *kinds]), counts, values)

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
            numbers = kinds.tolist()
            ids = list(map(self.kinds.ids.__getitem__, numbers))
            attributes = list(map(self.kinds.attributes.__getitem__, numbers))
        hosts = np.where(hosts < 0, -1, hosts + first)
        return Labels(np.array(self.kinds.codes)[kinds], groups, hosts[values], ids, attributes)


def _parse_values(keys: list[tuple[int, bytes]]) -> list[Ints] | None:
    """Return the semantic values in texts, with how many lists lie around a value in each; None if one is odd."""
    parsed = parse_values([text for _, text in keys], [nesting for nesting, _ in keys])
    return None if parsed is None else np.split(parsed[0], np.cumsum(parsed[1])[:-1])
