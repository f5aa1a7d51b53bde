"""All geometry of a CityGML file as primitives, whatever its level of detail, object by object."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from twin.city.check.metres import in_metres
from twin.city.check.primitives import Collector, Owner, Primitives
from twin.city.check.rules import Note, Rules
from twin.city.citygml.names import local
from twin.city.citygml.polygons import HREF, gml_id
from twin.city.citygml.stream import MEMBERS, Element, reference_system, stream
from twin.city.source import Source

__all__ = ["read_citygml_primitives"]

_LOD = re.compile(r"lod([0-4])([A-Za-z]*)$|tin$")
_SOLIDS = ("MultiSolid", "CompositeSolid")
_FACES = ("Polygon", "PolygonPatch", "Triangle", "Rectangle")
_CONNECTED = ("CompositeSurface", "PolyhedralSurface", "TriangulatedSurface", "Tin")
_BOUNDARIES = ("exterior", "interior", "outerBoundaryIs", "innerBoundaryIs")
_POSITIONS = ("{*}posList", "{*}pos", "{*}coordinates")
_BUILDINGS = ("Building", "BuildingPart")
_MAX_DEPTH = 400  # elements within elements, followed through links

# XML's NCName; the classes of letters are Python's, a little wider than XML's
_NAME = re.compile(r"[^\W\d][\w.\-·]*$")

# Enumerations of CityGML 3.0 whose values say how far a number can be trusted
_ALLOWED = {
    "status": ("Height", {"estimated", "measured"}),
    "relationToConstruction": ("", {"inside", "outside", "bothInsideAndOutside"}),
    "conditionOfConstruction": (
        "",
        {"declined", "demolished", "functional", "planned", "underConstruction", "commissioned"}
        | {"decommissioned", "disused", "partlyDemolished"},
    ),
}

_Surface = tuple[str, list[list[int]]]
_Shell = list[_Surface]


def read_citygml_primitives(source: Source, crs: str | None = None) -> tuple[Primitives, list[Note]]:
    """Return the geometry of a file that `twin.city.citygml.read_citygml` accepts, and breaches of the format.

    Of every object the solids come first; polygons of its other geometry that are part of a solid are not repeated.
    Coordinates are brought to metres.
    """
    collected, rules, stated = Collector(rings_closed=True), Rules(), None
    for holder in stream(source, []):
        stated = stated or reference_system(holder) or None
        for element in holder if local[holder.tag] in MEMBERS else ():
            _Feature(collected, rules, element).read()
    return in_metres(collected.done(), stated, crs), rules.notes()


class _Feature:
    """Adds the geometry of one top-level object and of all objects within it."""

    def __init__(self, collected: Collector, rules: Rules, element: Element) -> None:
        self.collected, self.rules, self.element = collected, rules, element
        self._targets: dict[str, Element] | None = None
        self._seen: set[Element] = set()
        self._complete = True

    def read(self) -> None:
        self._formalities()
        found = list(self._geometries(self.element, -1, -1, 0))
        for owner, lod, geometry in sorted(found, key=lambda one: "Solid" not in local[one[2].tag]):
            self._add(geometry, owner, lod)

    def _formalities(self) -> None:
        for element in self.element.iter():
            identifier = gml_id(element)
            if identifier and not _NAME.match(identifier):
                text = f"the gml:id {identifier!r} is no XML name, which starts with a letter or an underscore"
                self.rules.note("gml-id-invalid", text, _line(element), identifier, alike="")
            name = local[element.tag]
            if name in _ALLOWED:
                within, values = _ALLOWED[name]
                parent = element.getparent()
                asked = not within or (parent is not None and local[parent.tag] == within)
                if asked and element.text and element.text.strip() not in values:
                    text = f"{name} is {element.text.strip()!r}, expected one of {', '.join(sorted(values))}"
                    self.rules.note("value-not-allowed", text, _line(element))

    def _geometries(
        self, element: Element, owner: int, building: int, depth: int
    ) -> Iterator[tuple[int, str, Element]]:
        """Yield owner, level of detail and element of all geometry at or below an object."""
        name = local[element.tag]
        if owner < 0 or not (name.endswith("Surface") or name in ("Window", "Door")):
            row = len(self.collected.objects)
            building = (building if building >= 0 else row) if name in _BUILDINGS else -1
            self.collected.objects.append(Owner(gml_id(element) or name, name, building))
            owner = row
        for prop in element:
            level = _LOD.match(local[prop.tag])
            for child in prop:
                if level and "Implicit" not in local[child.tag]:
                    yield owner, level[1] or "", child
                elif local[child.tag][:1].isupper() and depth < _MAX_DEPTH and not level:
                    yield from self._geometries(child, owner, building, depth + 1)

    def _add(self, geometry: Element, owner: int, lod: str) -> None:
        kind = local[geometry.tag]
        self._complete = True
        if kind == "Solid":
            solids = [self._shells(geometry)]
        elif kind in _SOLIDS:
            members = [solid for member in geometry for solid in member if local[solid.tag] == "Solid"]
            solids = [self._shells(solid) for solid in members]
        else:
            fresh = list(self._surfaces(geometry, False, (), only_fresh=True))
            solids, kind = ([[fresh]] if fresh else []), "CompositeSurface" if kind in _CONNECTED else "MultiSurface"
            if not fresh:
                return
        if not self._complete:  # links lead to other objects: the polygons at hand are no whole shell
            solids, kind = [[[surface for shells in solids for shell in shells for surface in shell]]], "MultiSurface"
        place = _line(geometry)
        self.collected.add(kind, owner, lod, place, solids)

    def _shells(self, solid: Element) -> list[_Shell]:
        return [
            list(self._surfaces(boundary, False, ()))
            for boundary in sorted(solid, key=lambda one: local[one.tag] == "interior")
            if local[boundary.tag] in ("exterior", "interior")
        ]

    def _surfaces(
        self, element: Element, reverse: bool, trail: tuple[str, ...], only_fresh: bool = False
    ) -> Iterator[_Surface]:
        """Yield the polygons at or below an element and behind its links."""
        name = local[element.tag]
        if name in _FACES:
            if not (only_fresh and element in self._seen):
                self._seen.add(element)
                yield _line(element), self._rings(element, reverse)
            return
        if name == "OrientableSurface" and element.get("orientation") == "-":
            reverse = not reverse
        if href := element.get(HREF):
            target = self._target(str(href).removeprefix("#"))
            if target is None or str(href) in trail or len(trail) > _MAX_DEPTH:
                self._complete = False
            else:
                yield from self._surfaces(target, reverse, (*trail, str(href)), only_fresh)
        for child in element:
            yield from self._surfaces(child, reverse, trail, only_fresh)

    def _target(self, identifier: str) -> Element | None:
        if self._targets is None:
            self._targets = {name: element for element in self.element.iter() if (name := gml_id(element))}
        return self._targets.get(identifier)

    def _rings(self, face: Element, reverse: bool) -> list[list[int]]:
        boundaries = [child for child in face if local[child.tag] in _BOUNDARIES]
        boundaries.sort(key=lambda boundary: local[boundary.tag] in ("interior", "innerBoundaryIs"))
        rings = []
        for boundary in boundaries:
            words = " ".join(element.text or "" for element in boundary.iter(*_POSITIONS)).replace(",", " ").split()
            numbers = np.array(words, dtype=np.float64)
            corners = numbers[: len(numbers) // 3 * 3].reshape(-1, 3)
            start = self.collected.add_coordinates(corners)
            ring = list(range(start, start + len(corners)))
            rings.append(ring[::-1] if reverse else ring)
        return rings


def _line(element: Element) -> str:
    return str(element.sourceline)
