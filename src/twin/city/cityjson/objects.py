"""City objects as rows: identifiers, classes, parents, attributes, and of each the geometry that is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, compress, repeat
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import ABSENT, CityObject, Document, Geometry, Picks
from twin.city.cityjson.levels import Levels
from twin.city.found import Found, best_lod

__all__ = ["Objects"]

Ints = NDArray[np.int64]

_BOUNDED = {"Building", "BuildingPart"}
_PARTICULAR = {"BuildingPart", "CityObjectGroup"}
_NAMES = msgspec.json.Decoder(list[str])


@dataclass(frozen=True, slots=True)
class _Entries:
    """City objects of some documents, column by column."""

    ids: list[str]
    entries: list[CityObject]
    homes: list[Document]

    @classmethod
    def of(cls, documents: Sequence[Document]) -> _Entries:
        """Return the objects of documents."""
        ids = list(chain.from_iterable(document.objects for document in documents))
        entries = list(chain.from_iterable(document.objects.values() for document in documents))
        homes = list(chain.from_iterable(repeat(document, len(document.objects)) for document in documents))
        return cls(ids, entries, homes)


class Objects:
    """Adds city objects to one `Found`, some at a time; those of a batch refer to each other by identifier."""

    def __init__(self, found: Found, diagnosis: Diagnosis, lod: str, templates: Sequence[Geometry]) -> None:
        self.found, self.diagnosis, self.lod = found, diagnosis, lod
        self.levels = Levels(lod, templates, diagnosis)
        self.orphans: list[tuple[str, str, str]] = []  # identifier, parent that does not exist, place
        self.n_other = self.n_without_surfaces = self.n_appearances = 0
        self._begin()

    def _begin(self) -> None:
        self._first = len(self.found.ids)  # of the batch
        self._parents: list[list[str] | None] = []
        self._homes: list[Document] = []
        self._decorated: list[int] = []  # rows whose geometry has materials or textures

    def take(self, documents: Sequence[Document]) -> Picks:
        """Add the objects of documents; return the geometries to read."""
        found, first = self.found, len(self.found.ids)
        some = _Entries.of(documents)
        found.ids += some.ids
        found.types += [entry.type for entry in some.entries]
        found.attributes += [{} if entry.attributes is None else entry.attributes for entry in some.entries]
        self._parents += [entry.parents for entry in some.entries]
        self._homes += some.homes
        picks = self._picks(some, first)
        self._see_to_particulars(some, first)
        return picks

    def settle(self) -> set[int]:
        """Find the parents of a batch, and begin another; return the rows of objects whose geometry is not wanted."""
        found, first, homes = self.found, self._first, self._homes
        rows = dict(zip(found.ids[first:], range(first, len(found.ids)), strict=True))
        found.parents += self._rows_of_parents(rows)
        for document in dict.fromkeys(homes):
            for identifier, members in document.members.items():
                found.members[rows[identifier]] = members
        parents = np.array([*found.parents[first:], -1], dtype=np.int64)  # the last entry is what -1 refers to
        parents[parents >= 0] -= first
        self._must_not_circle(parents)
        dropped = self._coarser(parents, first)
        self.n_appearances += len(self._decorated) - len(dropped.intersection(self._decorated))
        self._begin()
        return dropped

    def _rows_of_parents(self, rows: dict[str, int]) -> list[int]:
        """Return the row of each object's parent, of several one that is no group, -1 for none."""
        parents = [rows.get(names[0], -1) if names else -1 for names in self._parents]
        for k, names in enumerate(self._parents):
            if not names or (parents[k] >= 0 and len(names) == 1):
                continue
            there = [rows[name] for name in names if name in rows and len(names) > 1]
            parents[k] = next((row for row in there if self.found.types[row] != "CityObjectGroup"), parents[k])
            if parents[k] < 0:
                identifier = self.found.ids[self._first + k]
                self.orphans.append((identifier, names[0], f"{self._homes[k].where(identifier)}/parents"))
        return parents

    def _picks(self, some: _Entries, first: int) -> Picks:
        """Note the level of detail of every object, and return the geometry to read of each that has any."""
        offers = [entry.geometry or () for entry in some.entries]
        having = [bool(offer) for offer in offers]
        ids, homes = list(compress(some.ids, having)), list(compress(some.homes, having))
        offers = list(compress(offers, having))
        choices = self.levels.choose(offers, ids, homes)
        rows = list(compress(range(first, first + len(having)), having))
        lods = self.found.lods
        lods += [""] * len(having)
        for row, choice in zip(rows, choices, strict=True):
            lods[row] = choice.lod or ""
        read = [choice.lod is not None for choice in choices]
        numbers = [choice.number for choice in choices]
        geometries = [offer[number] for offer, number in zip(offers, numbers, strict=True)]
        picks = Picks(geometries, rows, numbers, ids, homes).where(read)
        n_usable = sum([choice.usable for choice in choices])
        self.n_without_surfaces += sum(map(len, offers)) - n_usable
        self.n_other += n_usable - len(picks)
        decorated = [one.material is not ABSENT or one.texture is not ABSENT for one in picks.geometries]
        self._decorated += compress(picks.rows, decorated)
        return picks

    def _see_to_particulars(self, some: _Entries, first: int) -> None:
        """See to what few objects have: an address; parts have a parent, groups keep their members."""
        for k, entry in enumerate(some.entries):
            if entry.address is not None:
                _put_address(self.found.attributes[first + k], entry.address)
            if entry.type in _PARTICULAR:
                self._particular(some.ids[k], entry, some.homes[k])

    def _particular(self, identifier: str, entry: CityObject, home: Document) -> None:
        """See to what holds for some classes only: parts have a parent, groups keep their members."""
        if entry.type == "BuildingPart" and not entry.parents:
            text = f"part {identifier} has no parents"
            self.diagnosis.problem(text, home.where(identifier), "the building it is part of")
        elif entry.type == "CityObjectGroup" and entry.children is not ABSENT:
            listed = self.diagnosis.decode(_NAMES.decode, entry.children, f"{home.where(identifier)}/children") or []
            home.members[identifier] = {"children": listed, **home.members.get(identifier, {})}

    def _must_not_circle(self, parents: Ints) -> None:
        """Note objects that are their own ancestors."""
        at, steps = parents, 1
        while (at >= 0).any() and steps <= len(parents):
            at, steps = at[at], 2 * steps  # twice as far up
        for row in np.flatnonzero(at >= 0).tolist():
            identifier, above = (self.found.ids[self._first + k] for k in (row, int(parents[row])))
            text = f"object {identifier} is its own parent (cycle over {above})"
            self.diagnosis.problem(text, f"{self._homes[row].where(identifier)}/parents")
            self.found.parents[self._first + row] = parents[row] = -1

    def _coarser(self, parents: Ints, first: int) -> set[int]:
        """Return the rows of buildings with coarser geometry than their parts, which it would cover once more."""
        lods = self.found.lods
        types = self.found.types[first:]
        bounded = np.fromiter(map(_BOUNDED.__contains__, [*types, ""]), dtype=bool, count=len(types) + 1)
        filled = np.fromiter(map(bool, [*lods[first:], ""]), dtype=bool, count=len(types) + 1)
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
        return dropped

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


def _put_address(attributes: dict[str, Any], address: Any) -> None:
    """Put an address among the attributes, as a list without geometry."""
    some = address if isinstance(address, list) else [address]
    kept = [{k: v for k, v in one.items() if k != "location"} for one in some if isinstance(one, dict)]
    if kept:
        attributes.setdefault("address", kept)
