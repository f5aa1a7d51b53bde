"""Which of an object's geometries is read: one, at the best level of detail, with semantics if any has them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import INSTANCE, NESTING, Document, Geometry
from twin.city.found import best_lod

__all__ = ["Choice", "Levels"]

_LOD = re.compile(r"\d(\.\d)?")


class Choice(NamedTuple):
    """What is taken of an object's geometries.

    Attributes
    ----------
    lod
        Level of detail, None if there is nothing to take.
    number
        Of the geometry.
    usable
        How many have surfaces.
    """

    lod: str | None
    number: int
    usable: int


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

    def choose(self, geometries: Sequence[Geometry], owner: str, home: Document) -> Choice:
        """Return which geometry of an object is read."""
        if len(geometries) == 1:
            (one,) = geometries
            key: Any = one.type, one.lod, one.template
        else:
            key = tuple([(one.type, one.lod, one.template, _speaks(one)) for one in geometries])
        if (choice := self._choices.get(key)) is not None:
            return choice
        choice, sound = self._decide(geometries, f"{home.where(owner)}/geometry")
        if sound:
            self._choices[key] = choice
        return choice

    def _decide(self, geometries: Sequence[Geometry], place: str) -> tuple[Choice, bool]:
        offers: dict[str, tuple[tuple[bool, bool], int]] = {}
        usable, sound = 0, True
        for number, geometry in enumerate(geometries):
            shape = self._shape(geometry, f"{place}/{number}")
            if shape is None or shape.type not in NESTING:
                sound &= shape is not None
                continue
            lod = f"{shape.lod:g}" if isinstance(shape.lod, float) else str(shape.lod)
            if not _LOD.fullmatch(lod):
                self.diagnosis.problem(f"lod is {shape.lod!r}", f"{place}/{number}/lod", "a level such as 2.2")
                sound = False
                continue
            usable += 1
            rank = _speaks(shape), shape.type.endswith("Solid")
            if lod not in offers or rank > offers[lod][0]:
                offers[lod] = rank, number
        self.offered.update(offers)
        chosen = best_lod(offers, self.wanted)
        return Choice(chosen, offers[chosen][1] if chosen else 0, usable), sound

    def _shape(self, geometry: Geometry, place: str) -> Geometry | None:
        """Return the geometry itself, or the template that it is an instance of."""
        if geometry.type != INSTANCE:
            return geometry
        if geometry.template is not None and 0 <= geometry.template < len(self.templates):
            return self.templates[geometry.template]
        text = f"there is no template {geometry.template}"
        self.diagnosis.problem(text, f"{place}/template", f"one of {len(self.templates)} templates, from 0")
        return None


def _speaks(geometry: Geometry) -> bool:
    """Tell whether a geometry has thematic surfaces."""
    return geometry.semantics is not None and b'"type"' in bytes(geometry.semantics.surfaces)
