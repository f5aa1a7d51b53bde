"""City objects as rows: identifiers, classes, parents, attributes, and of each the geometry that is read."""

from __future__ import annotations

from collections.abc import Sequence
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


class Objects:
    """Adds city objects to one `Found`."""

    def __init__(self, found: Found, diagnosis: Diagnosis, lod: str, templates: Sequence[Geometry]) -> None:
        self.found, self.diagnosis, self.lod = found, diagnosis, lod
        self.levels = Levels(lod, templates, diagnosis)
        self.orphans: list[tuple[str, str, str]] = []  # identifier, parent that does not exist, place
        self.n_other = self.n_without_surfaces = self.n_appearances = 0

    def add(self, documents: Sequence[Document]) -> Picks:
        """Add the objects of documents, which refer to each other by identifier; return the geometries to read."""
        found, first = self.found, len(self.found.ids)
        found.ids += [identifier for document in documents for identifier in document.objects]
        rows = dict(zip(found.ids[first:], range(first, len(found.ids)), strict=True))
        picks = self._rows(documents, rows)
        for document in documents:
            for identifier, members in document.members.items():
                found.members[rows[identifier]] = members
        parents = np.array([*found.parents[first:], -1], dtype=np.int64)  # the last entry is what -1 refers to
        parents[parents >= 0] -= first
        self._must_not_circle(documents, parents, first)
        return self._without_coarser(picks, parents, first)

    def _rows(self, documents: Sequence[Document], rows: dict[str, int]) -> Picks:
        """Add one row per object, and return the geometry to read of each that has any."""
        found, choose, taken = self.found, self.levels.choose, []
        types, attributes, lods, parents = found.types, found.attributes, found.lods, found.parents
        n_geometries = n_usable = 0
        for document in documents:
            for identifier, entry in document.objects.items():
                kind, lod = entry.type, None
                if geometries := entry.geometry:
                    lod, number, usable = choose(geometries, identifier, document)
                    n_geometries += len(geometries)
                    n_usable += usable
                    if lod is not None:
                        taken.append((geometries[number], len(types), number, identifier, document))
                types.append(kind)
                lods.append(lod or "")
                attributes.append(entry.attributes if entry.attributes is not None else {})
                parents.append(self._parent(identifier, entry, rows, document) if entry.parents else -1)
                if entry.address is not None:
                    _put_address(attributes[-1], entry.address)
                if kind in _PARTICULAR:
                    self._particular(identifier, entry, document)
        self.n_without_surfaces += n_geometries - n_usable
        self.n_other += n_usable - len(taken)
        return Picks.of(taken)

    def _particular(self, identifier: str, entry: CityObject, home: Document) -> None:
        """See to what holds for some classes only: parts have a parent, groups keep their members."""
        if entry.type == "BuildingPart" and not entry.parents:
            text = f"part {identifier} has no parents"
            self.diagnosis.problem(text, home.where(identifier), "the building it is part of")
        elif entry.type == "CityObjectGroup" and entry.children is not ABSENT:
            listed = self.diagnosis.decode(_NAMES.decode, entry.children, f"{home.where(identifier)}/children") or []
            home.members[identifier] = {"children": listed, **home.members.get(identifier, {})}

    def _parent(self, identifier: str, entry: CityObject, rows: dict[str, int], home: Document) -> int:
        """Return the row of an object's parent, of several one that is no group."""
        names = entry.parents or []
        row = rows.get(names[0], -1)
        for name in names if len(names) > 1 else ():
            if name in home.objects and home.objects[name].type != "CityObjectGroup":
                row = rows[name]
                break
        if row < 0:
            self.orphans.append((identifier, names[0], f"{home.where(identifier)}/parents"))
        return row

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
        kept = picks.where([row not in dropped for row in picks.rows]) if dropped else picks
        self.n_appearances += sum([one.material is not ABSENT or one.texture is not ABSENT for one in kept.geometries])
        return kept

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
