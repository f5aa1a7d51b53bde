"""City objects as rows: identifiers, classes, parents, attributes, and of each the geometry that is read."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, compress, islice, repeat
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import ABSENT, CityObject, Document, Geometry, Picks
from twin.city.cityjson.levels import Choices, Levels
from twin.city.found import Found, best_lod

__all__ = ["Objects"]

Ints = NDArray[np.int64]

_BOUNDED = {"Building", "BuildingPart"}
_AT_ONCE = 1024  # objects, which with what is looked at of each then stay in the cache
_NAMES = msgspec.json.Decoder(list[str])


@dataclass(slots=True)
class _Entries:
    """Some consecutive objects, so few that they stay in the cache while one column of them after the other is made.

    Attributes
    ----------
    first
        Row of the first one in `twin.city.found.Found`; the others follow it.
    """

    first: int
    ids: list[str]
    objects: list[CityObject]
    homes: list[Document]

    @classmethod
    def of(cls, documents: Sequence[Document], ids: Sequence[str], first: int) -> Iterator[_Entries]:
        """Yield the objects of documents, of which ``ids`` are the identifiers."""
        objects = chain.from_iterable([document.objects.values() for document in documents])
        homes = chain.from_iterable([repeat(document, len(document.objects)) for document in documents])
        for start in range(0, len(ids), _AT_ONCE):
            some = list(ids[start : start + _AT_ONCE])
            yield cls(first + start, some, list(islice(objects, _AT_ONCE)), list(islice(homes, _AT_ONCE)))


class Objects:
    """Adds city objects to one `Found`."""

    def __init__(self, found: Found, diagnosis: Diagnosis, lod: str, templates: Sequence[Geometry]) -> None:
        self.found, self.diagnosis, self.lod = found, diagnosis, lod
        self.levels = Levels(lod, templates, diagnosis)
        self.orphans: list[tuple[str, str, str]] = []  # identifier, parent that does not exist, place
        self.n_other = self.n_without_surfaces = self.n_appearances = 0

    def add(self, documents: Sequence[Document]) -> Picks:
        """Add the objects of documents, which refer to each other by identifier; return the geometries to read."""
        found, first, picks = self.found, len(self.found.ids), Picks.none()
        ids = list(chain.from_iterable([document.objects for document in documents]))
        rows = dict(zip(ids, range(first, first + len(ids)), strict=True))
        found.ids += ids
        for entries in _Entries.of(documents, ids, first):
            found.types += [entry.type for entry in entries.objects]
            found.attributes += _attributes(entries.objects)
            found.parents += self._parents(entries, rows)
            picks.extend(self._picks(entries))
        for document in documents:
            for identifier, members in document.members.items():
                found.members[rows[identifier]] = members
        parents = np.array(array("q", [*found.parents[first:], -1]))  # the last entry is what -1 refers to
        parents[parents >= 0] -= first
        self._must_not_circle(documents, parents, first)
        picks = self._without_coarser(picks, parents, first)
        shown = [one for one in picks.geometries if one.material is not ABSENT or one.texture is not ABSENT]
        self.n_appearances += len(shown)
        return picks

    def _parents(self, entries: _Entries, rows: Mapping[str, int]) -> list[int]:
        """Return the row of every object's parent, -1 for none."""
        listed = [entry.parents for entry in entries.objects]
        named = list(filter(None, listed))
        if sum(map(len, named)) == len(named):
            with suppress(KeyError):
                return [rows[names[0]] if names else -1 for names in listed]
        of = zip(entries.ids, listed, entries.homes, strict=True)
        return [self._parent(identifier, names, rows, home) if names else -1 for identifier, names, home in of]

    def _parent(self, identifier: str, names: Sequence[str], rows: Mapping[str, int], home: Document) -> int:
        """Return the row of an object's parent, of several one that is no group; -1 after noting that it is missing."""
        row = rows.get(names[0], -1)
        for name in names if len(names) > 1 else ():
            if name in home.objects and home.objects[name].type != "CityObjectGroup":
                row = rows[name]
                break
        if row < 0:
            self.orphans.append((identifier, names[0], f"{home.where(identifier)}/parents"))
        return row

    def _picks(self, entries: _Entries) -> Picks:
        """Return the geometry to read of each object that has any, and put down at what level."""
        listed = [entry.geometry for entry in entries.objects]
        offers = list(filter(None, listed))
        choices = self._choices(entries, offers)
        self.found.lods += choices.levels(listed)
        rows = list(compress(range(entries.first, entries.first + len(listed)), listed))
        ids, homes = list(compress(entries.ids, listed)), list(compress(entries.homes, listed))
        picks = Picks(choices.geometries, rows, choices.numbers, ids, homes).where(choices.lods)
        self.n_without_surfaces += choices.n_offered - choices.n_usable
        self.n_other += choices.n_usable - len(picks)
        return picks

    def _choices(self, entries: _Entries, offers: Sequence[Sequence[Geometry]]) -> Choices:
        """Return which geometry is read of the objects that offer some; note, one by one, what is wrong with any."""
        choices = self.levels.choices(offers)
        types = self.found.types[entries.first :]
        lone = [entry.type for entry in entries.objects if not entry.parents]
        if None not in choices.lods and "BuildingPart" not in lone and "CityObjectGroup" not in types:
            return choices
        offering = iter(enumerate(offers))
        for identifier, entry, home in zip(entries.ids, entries.objects, entries.homes, strict=True):
            if entry.geometry:
                k, some = next(offering)
                if choices.lods[k] is None:
                    choices.put(k, some, self.levels.choose(some, identifier, home))
            self._particular(identifier, entry, home)
        return choices

    def _particular(self, identifier: str, entry: CityObject, home: Document) -> None:
        """See to what holds for some classes only: parts have a parent, groups keep their members."""
        if entry.type == "BuildingPart" and not entry.parents:
            text = f"part {identifier} has no parents"
            self.diagnosis.problem(text, home.where(identifier), "the building it is part of")
        elif entry.type == "CityObjectGroup" and entry.children is not ABSENT:
            listed = self.diagnosis.decode(_NAMES.decode, entry.children, f"{home.where(identifier)}/children") or []
            home.members[identifier] = {"children": listed, **home.members.get(identifier, {})}

    def _must_not_circle(self, documents: Sequence[Document], parents: Ints, first: int) -> None:
        """Note objects that are their own ancestors."""
        at, steps = parents, 1
        while (at >= 0).any() and steps <= len(parents):
            at, steps = at[at], 2 * steps  # twice as far up
        for row in np.flatnonzero(at >= 0).tolist():
            identifier, above = self.found.ids[first + row], self.found.ids[first + int(parents[row])]
            text = f"object {identifier} is its own parent (cycle over {above})"
            home = next(document for document in documents if identifier in document.objects)
            self.diagnosis.problem(text, f"{home.where(identifier)}/parents")
            self.found.parents[first + row] = parents[row] = -1

    def _without_coarser(self, picks: Picks, parents: Ints, first: int) -> Picks:
        """Drop the geometry of buildings that is coarser than that of their parts, which it would cover once more."""
        lods = self.found.lods
        filled = np.zeros(len(parents), dtype=bool)
        filled[np.array(array("q", picks.rows)) - first] = True
        if not filled[parents].any():
            return picks  # as nothing has geometry that has children
        types = self.found.types[first:]
        bounded = np.fromiter(map(_BOUNDED.__contains__, [*types, ""]), dtype=bool, count=len(types) + 1)
        above = np.where(bounded & bounded[parents], parents, np.arange(len(parents)))
        while (above[above] != above).any():
            above = above[above]
        covering = np.flatnonzero(filled & filled[above] & (above != np.arange(len(above))))
        of_parts: dict[int, list[str]] = {}
        for row in covering.tolist():
            of_parts.setdefault(first + int(above[row]), []).append(lods[first + row])
        dropped = {row for row, finer in of_parts.items() if lods[row] != best_lod([lods[row], *finer], self.lod)}
        for row in dropped:
            lods[row] = ""
        self.n_other += len(dropped)
        return picks.where([row not in dropped for row in picks.rows]) if dropped else picks

    def report(self) -> None:
        """Note what was left out."""
        found = self.found
        found.lods_offered |= self.levels.offered
        if self.orphans:
            identifier, parent, place = self.orphans[0]
            more = f" ({len(self.orphans) - 1} more such)" if len(self.orphans) > 1 else ""
            text = f"{identifier} has the parent {parent}, which does not exist; it counts as a building"
            found.warn("parent-missing", text + more, identifier, place)
        for count, code, text in (
            (self.n_other, "lod-unread", "geometries were left out: of every object one is read, at its best level"),
            (self.n_without_surfaces, "geometry-unread", "geometries of points, lines or unknown types were left out"),
            (self.n_appearances, "appearance-unread", "geometries have materials or textures, which were left out"),
        ):
            if count:
                found.note(code, f"{count} {text}")


def _attributes(objects: Sequence[CityObject]) -> list[dict[str, Any]]:
    """Return the attributes of objects, each with its address among them."""
    attributes = [entry.attributes or {} for entry in objects]
    addresses = [entry.address for entry in objects]
    if addresses.count(None) < len(addresses):
        for some, address in zip(attributes, addresses, strict=True):
            if address is not None:
                _put_address(some, address)
    return attributes


def _put_address(attributes: dict[str, Any], address: Any) -> None:
    """Put an address among the attributes, as a list without geometry."""
    some = address if isinstance(address, list) else [address]
    kept = [{k: v for k, v in one.items() if k != "location"} for one in some if isinstance(one, dict)]
    if kept:
        attributes.setdefault("address", kept)
