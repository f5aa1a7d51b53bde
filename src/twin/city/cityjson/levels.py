"""Which of an object's geometries is read: one, at the best level of detail, with semantics if any has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import INSTANCE, NESTING, Document, Geometry
from twin.city.found import best_lod

__all__ = ["Choices", "Levels"]

_LOD = re.compile(r"\d(\.\d)?")

Complaint = tuple[str, str, str]  # what is wrong, where below "geometry", and what is expected
Choice = tuple[str, int, int]  # level of detail ("" if there is nothing to take), number, how many have surfaces


@dataclass(slots=True)
class Choices:
    """What is taken of the geometries of objects.

    Attributes
    ----------
    geometries, numbers
        The geometry taken of every object, and its number among those of the object.
    lods
        Its level of detail, "" if there is nothing to take; None where a geometry is wrong: see `Levels.choose`.
    n_offered, n_usable
        How many geometries all objects have, and how many of these have surfaces.
    """

    geometries: list[Geometry]
    numbers: list[int]
    lods: list[str | None]
    n_offered: int
    n_usable: int

    @classmethod
    def of(cls, offers: Sequence[Sequence[Geometry]], choices: Sequence[Choice | None]) -> Choices:
        """Return what is chosen for every object, of None for one nothing yet."""
        n_offered = sum(map(len, offers))
        empty = cls([some[0] for some in offers], [0] * len(offers), [None] * len(offers), n_offered, 0)
        for k, choice in enumerate(choices):
            if choice is not None:
                empty.put(k, offers[k], choice)
        return empty

    def levels(self, listed: Sequence[object]) -> list[str]:
        """Return the level of every object listed, of which those that are true are decided on here."""
        following = iter(self.lods)
        return [next(following) or "" if some else "" for some in listed]

    def put(self, k: int, offer: Sequence[Geometry], choice: Choice) -> None:
        """Decide on one of the objects."""
        self.lods[k], number, usable = choice
        self.numbers[k], self.geometries[k] = number, offer[number]
        self.n_usable += usable


class Levels:
    """Chooses geometries; objects that offer the same are decided on once.

    Attributes
    ----------
    offered
        Every level of detail met.
    """

    def __init__(self, wanted: str, templates: Sequence[Geometry], diagnosis: Diagnosis) -> None:
        self.wanted, self.templates, self.diagnosis = wanted, templates, diagnosis
        self.offered: set[str] = set()
        self._choices: dict[Any, Choice] = {}

    def use(self, templates: Sequence[Geometry]) -> None:
        """Go on with other templates."""
        self.templates = templates
        self._choices.clear()

    def choices(self, offers: Sequence[Sequence[Geometry]]) -> Choices:
        """Return which geometry of every object is read, of objects that have some."""
        try:
            geometries = [one for (one,) in offers]
        except ValueError:  # as some offer several
            geometries = []
        if len(geometries) < len(offers) or self.templates:
            return Choices.of(offers, [self.known(some) for some in offers])
        lods = self._singly(geometries)
        return Choices(geometries, [0] * len(lods), lods, len(lods), sum(map(bool, lods)))

    def _singly(self, geometries: Sequence[Geometry]) -> list[str | None]:
        """Return the level that geometries are taken at, each the only one of its object and no instance."""
        if not geometries:
            return []
        kind, lod = geometries[0].type, geometries[0].lod  # mostly those of all
        lods = [self._level(geometries[0])] * len(geometries)
        for k in [k for k, one in enumerate(geometries) if one.type != kind or one.lod != lod]:
            lods[k] = self._level(geometries[k])
        return lods

    def _level(self, geometry: Geometry) -> str | None:
        choice = self.known([geometry])
        return None if choice is None else choice[0]

    def known(self, geometries: Sequence[Geometry]) -> Choice | None:
        """Return which geometry of an object is read, None if one of them is wrong."""
        if len(geometries) == 1:
            (one,) = geometries
            key: Any = one.type, one.lod, one.template
        else:
            key = tuple([(one.type, one.lod, one.template, _speaks(one)) for one in geometries])
        if (choice := self._choices.get(key)) is not None:
            return choice
        choice, wrong = self._decide(geometries)
        if wrong:
            return None
        self._choices[key] = choice
        return choice

    def choose(self, geometries: Sequence[Geometry], owner: str, home: Document) -> Choice:
        """Return which geometry of an object is read, after noting what is wrong with them."""
        choice, wrong = self._decide(geometries)
        for text, place, expected in wrong:
            self.diagnosis.problem(text, f"{home.where(owner)}/geometry/{place}", expected)
        return choice

    def _decide(self, geometries: Sequence[Geometry]) -> tuple[Choice, list[Complaint]]:
        offers: dict[str, tuple[tuple[bool, bool], int]] = {}
        usable, wrong = 0, []
        for number, geometry in enumerate(geometries):
            shape = self._shape(geometry)
            if shape is None:
                text = f"there is no template {geometry.template}"
                wrong.append((text, f"{number}/template", f"one of {len(self.templates)} templates, from 0"))
                continue
            if shape.type not in NESTING:
                continue
            lod = f"{shape.lod:g}" if isinstance(shape.lod, float) else str(shape.lod)
            if not _LOD.fullmatch(lod):
                wrong.append((f"lod is {shape.lod!r}", f"{number}/lod", "a level such as 2.2"))
                continue
            usable += 1
            rank = _speaks(shape), shape.type.endswith("Solid")
            if lod not in offers or rank > offers[lod][0]:
                offers[lod] = rank, number
        self.offered.update(offers)
        chosen = best_lod(offers, self.wanted)
        return (chosen or "", offers[chosen][1] if chosen else 0, usable), wrong

    def _shape(self, geometry: Geometry) -> Geometry | None:
        """Return the geometry itself, or the template that it is an instance of, None if that does not exist."""
        if geometry.type != INSTANCE:
            return geometry
        number = geometry.template
        return self.templates[number] if number is not None and 0 <= number < len(self.templates) else None


def _speaks(geometry: Geometry) -> bool:
    """Tell whether a geometry has thematic surfaces."""
    return geometry.semantics is not None and b'"type"' in bytes(geometry.semantics.surfaces)
