"""GML geometry: polygons, rings and the links between them, as numbers in flat arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Any

from lxml import etree

from twin.city.found import Found
from twin.errors import Problems

__all__ = ["HREF", "Pending", "Polygons", "gml_id", "local_name"]

HREF = "{http://www.w3.org/1999/xlink}href"
_IDS = ("{http://www.opengis.net/gml}id", "{http://www.opengis.net/gml/3.2}id")
_POSITIONS = ("{*}posList", "{*}pos", "{*}coordinates")
_FACES = {"Polygon", "PolygonPatch", "Triangle", "Rectangle"}
_BOUNDARIES = {"exterior", "interior", "outerBoundaryIs", "innerBoundaryIs"}
_MAX_DEPTH = 400  # elements within elements, followed through links; libxml2 stops at 256 without them
_MAX_PROBLEMS = 100

Element = etree._Element
_Face = tuple[Element, bool, bool]  # the element, whether it is turned round, whether it is a link that leads out


def local_name(element: Element) -> str:
    """Return an element's name without its namespace."""
    tag = str(element.tag)
    return tag[tag.rfind("}") + 1 :]


def gml_id(element: Element) -> str:
    """Return an element's ``gml:id``, "" if it has none."""
    for name in _IDS:
        if (found := element.get(name)) is not None:
            return str(found)
    return ""


def line(element: Element) -> str | None:
    """Return the line an element starts on."""
    return str(element.sourceline) if element.sourceline else None


@dataclass(frozen=True, slots=True)
class Pending:
    """A link whose target is not inside its own building: the surface it stands for, and where it was met."""

    row: int
    type_code: int
    surface_id: str
    attributes: dict[str, Any]
    reverse: bool
    target: str
    line: str | None


class Polygons:
    """Collects the polygons below GML geometry elements into a `Found`, each polygon once per building or part."""

    def __init__(self, found: Found, problems: Problems) -> None:
        self.found, self.problems = found, problems
        self.pending: list[Pending] = []
        self._building: Element | None = None
        self._targets: dict[str, Element] | None = None
        self._seen: set[Element] = set()

    def enter(self, building: Element) -> None:
        """Start on another building; links are looked up inside it first."""
        self._building, self._targets, self._seen = building, None, set()

    def start_object(self) -> None:
        """Start on another building or part of the building entered."""
        self._seen = set()

    def _target(self, identifier: str) -> Element | None:
        """Return the element of the current building that has a ``gml:id``."""
        if self._targets is None:
            elements = () if self._building is None else self._building.iter()
            self._targets = {name: element for element in elements if (name := gml_id(element))}
        return self._targets.get(identifier)

    def collect(self, element: Element, row: int, type_code: int, surface_id: str, attributes: dict[str, Any]) -> int:
        """Append all polygons below ``element``, or behind its link, as surfaces of one type; return how many."""
        before = len(self.found.surface_rings)
        for face, reverse, leads_out in self._walk(element, False, ()):
            if leads_out:
                target = str(face.get(HREF)).removeprefix("#")
                self.pending.append(Pending(row, type_code, surface_id, attributes, reverse, target, line(face)))
            elif rings := self._rings(face, row, reverse):
                self.found.add_surface(row, type_code, surface_id or gml_id(face), attributes, rings)
        return len(self.found.surface_rings) - before

    def settle(self, wanted: Pending) -> bool:
        """Append what a link stands for if its target is in the building entered."""
        target = self._target(wanted.target)
        if target is None:
            return False
        self.start_object()
        for face, reverse, leads_out in self._walk(target, wanted.reverse, (wanted.target,)):
            rings = 0 if leads_out else self._rings(face, wanted.row, reverse)
            if rings:
                identifier = wanted.surface_id or gml_id(face)
                self.found.add_surface(wanted.row, wanted.type_code, identifier, wanted.attributes, rings)
        return True

    def _walk(self, element: Element, reverse: bool, chain: tuple[str, ...], depth: int = 0) -> Iterator[_Face]:
        """Yield the faces at or below an element and behind its links, and the links that lead out of the building."""
        name = local_name(element)
        if name in _FACES:
            if element not in self._seen:
                self._seen.add(element)
                yield element, reverse, False
            return
        if name == "OrientableSurface" and element.get("orientation") == "-":
            reverse = not reverse
        if (href := element.get(HREF)) is not None:
            yield from self._follow(element, str(href), reverse, chain, depth)
        for child in element:
            yield from self._walk(child, reverse, chain, depth + 1)

    def _follow(
        self, element: Element, href: str, reverse: bool, chain: tuple[str, ...], depth: int
    ) -> Iterator[_Face]:
        name = href.removeprefix("#")
        if name in chain or depth > _MAX_DEPTH:
            what = "refers to itself" if name in chain else "is nested too deeply"
            trail = " -> ".join((*chain[-8:], name))
            self._problem(element, f"geometry {what}: {trail}", "links that end at a polygon")
            return
        target = self._target(name) if href.startswith("#") else None
        if target is None:
            yield element, reverse, True
        elif target not in self._seen:
            if local_name(target) not in _FACES:
                self._seen.add(target)
            yield from self._walk(target, reverse, (*chain, name), depth + 1)

    def _rings(self, face: Element, row: int, reverse: bool) -> int:
        """Append the rings of a polygon, the outer one first; return their number, 0 if it is unusable."""
        rings = [
            (local_name(boundary) in ("interior", "innerBoundaryIs"), self._numbers(boundary, face, row))
            for boundary in face
            if local_name(boundary) in _BOUNDARIES
        ]
        rings.sort(key=lambda ring: ring[0])
        if not rings or rings[0][0]:
            self._problem(face, f"polygon of {self._whose(face, row)} has no exterior", "gml:exterior")
            return 0
        found = self.found
        for _, numbers in rings:
            start, n = len(found.coordinates) // 3, len(numbers) // 3
            found.coordinates.extend(numbers)
            corners = range(start, start + n)
            found.ring_vertices.extend(reversed(corners) if reverse else corners)
            found.ring_sizes.append(n)
        return len(rings)

    def _numbers(self, boundary: Element, face: Element, row: int) -> list[float]:
        words = " ".join(element.text or "" for element in boundary.iter(*_POSITIONS)).replace(",", " ").split()
        try:
            numbers = [float(word) for word in words]
        except ValueError as error:
            self._problem(boundary, f"{error} in {self._whose(face, row)}", "coordinates")
            return []
        if len(numbers) % 3:
            text = f"posList of {self._whose(face, row)} has {len(numbers)} numbers"
            self._problem(boundary, text, "three per corner (x y z)")
            return []
        if not all(map(isfinite, numbers)):
            self._problem(boundary, f"{self._whose(face, row)} has a coordinate that is no finite number", "metres")
            return []
        return numbers

    def _whose(self, face: Element, row: int) -> str:
        owner = f"building {self.found.ids[row]}"
        return f"{gml_id(face)} of {owner}" if gml_id(face) else owner

    def _problem(self, element: Element, message: str, expected: str) -> None:
        if len(self.problems.found) < _MAX_PROBLEMS:
            self.problems.add(message, line(element), expected)
