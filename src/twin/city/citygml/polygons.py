"""GML geometry: the polygons below an element and behind its links, each once per object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from lxml import etree
from msgspec import structs
from numpy.typing import NDArray

from twin.city.citygml.draft import MAX_PROBLEMS, Draft, name_of
from twin.city.citygml.fold import unfold
from twin.city.citygml.names import FOLDED, Learned, local
from twin.city.citygml.shapes import Shape
from twin.city.citygml.stream import Element
from twin.errors import Problems

__all__ = ["HREF", "Pending", "Polygons", "gml_id", "line"]

Floats = NDArray[np.float64]

HREF = "{http://www.w3.org/1999/xlink}href"
_IDS = ("{http://www.opengis.net/gml}id", "{http://www.opengis.net/gml/3.2}id")
_IDENTIFIED = etree.XPath(
    "descendant-or-self::*[@a:id or @b:id]",
    namespaces={"a": "http://www.opengis.net/gml", "b": "http://www.opengis.net/gml/3.2"},
)
_POSITIONS = ("{*}posList", "{*}pos", "{*}coordinates")
_NO_ELEMENT = etree.Element("nothing")
_MAX_DEPTH = 400  # elements within elements, followed through links; libxml2 stops at 256 without them

# What an element is to a reader of polygons
_FACE, _EXTERIOR, _INTERIOR, _RING, _SPECIAL, _MANY, _OTHER = range(7)
_PART = {
    **dict.fromkeys(("Polygon", "PolygonPatch", "Triangle", "Rectangle"), _FACE),
    **dict.fromkeys(("exterior", "outerBoundaryIs"), _EXTERIOR),
    **dict.fromkeys(("interior", "innerBoundaryIs"), _INTERIOR),
    **dict.fromkeys(("OrientableSurface", "Ring"), _SPECIAL),
    "LinearRing": _RING,
    local[FOLDED]: _MANY,
}


_PARTS = Learned(lambda tag: _PART.get(local[tag], _OTHER))


def gml_id(element: Element) -> str:
    """Return an element's ``gml:id``, "" if it has none."""
    for name, value in element.items():  # faster than to ask for either name
        if name in _IDS:
            return str(value)
    return ""


def line(element: Element) -> str | None:
    """Return the line an element starts on."""
    return str(element.sourceline) if element.sourceline else None


def _lone_face(geometry: Element) -> Element | None:
    """Return the polygon of a GML property that holds just one, without attributes around it; None for all else.

    Most thematic surfaces have one. To ask for an only child takes a third of the time of a slice.
    """
    holder = geometry
    for _ in range(2):  # the property itself, and the member of a MultiSurface
        if len(holder) != 1 or holder.keys():
            return None
        item = holder[0]
        part = _PARTS[item.tag]
        if part == _FACE:
            return item
        if part != _OTHER or len(item) != 1:
            return None
        holder = item[0]
    return None


@dataclass(frozen=True, slots=True)
class Pending:
    """A link whose target is not inside its own feature: what it stands for in which row, and where it was met."""

    row: int
    shape: Shape
    matrix: Floats | None
    reverse: bool
    target: str
    line: str | None


_Face = tuple[Element, bool, bool]  # the element, whether it is turned round, whether it is a link that leads out


class Polygons:
    """Collects polygons into a `Draft`."""

    def __init__(self, draft: Draft, problems: Problems, pending: list[Pending]) -> None:
        self.draft, self.problems, self.pending = draft, problems, pending
        self._feature: Element | None = None
        self._targets: dict[str, Element] | None = None
        self.start_object()

    def enter(self, feature: Element) -> None:
        """Start on another top-level object; links are looked up inside it first."""
        self._feature, self._targets = feature, None
        self.start_object()

    def leave(self) -> None:
        """Forget the elements of the feature entered."""
        self._feature, self._targets = None, None
        self.start_object()

    def start_object(self) -> None:
        """Start on another object of the feature entered."""
        self._seen: set[Element] = set()
        self._read: list[Element] = []  # geometries whose faces are not in `_seen` yet
        self._linked = False

    def target(self, identifier: str) -> Element | None:
        """Return the element of the current feature that has a ``gml:id``."""
        if self._targets is None:
            elements: Iterable[Any] = () if self._feature is None else _IDENTIFIED(self._feature)
            self._targets = {gml_id(element): element for element in elements}
        return self._targets.get(identifier)

    def collect(self, shapes: Iterable[Shape], row: int, matrix: Floats | None = None) -> int:
        """Read all polygons of some geometries of one object; return how many.

        Most geometries are polygons within elements; those with links, turned surfaces or curves are followed with
        more care. Links that lead out of the feature are left pending.
        """
        count, straight, draft = 0, self._straight, self.draft
        for shape in shapes:
            first = len(draft.surface_rings)
            if self._linked or not straight(shape.element):
                self._with_care(self._walk(shape.element, False, ()), row, shape, matrix)
            else:
                self._read.append(shape.element)
            count += draft.own(row, shape, first)
            if matrix is not None:
                self._place(first, matrix)
        return count

    def place(self, prototype: Element, row: int, shape: Shape, matrix: Floats) -> int:
        """Read a prototype that a matrix places, however often it was placed before; return how many polygons."""
        before = self._seen, self._read, self._linked
        self.start_object()
        count = self.collect([structs.replace(shape, element=prototype)], row, matrix)
        self._seen, self._read, self._linked = before
        return count

    def settle(self, wanted: Pending) -> bool:
        """Read what a link stands for if its target is in the feature entered."""
        target = self.target(wanted.target)
        if target is None:
            return False
        self.start_object()
        first = len(self.draft.surface_rings)
        faces = self._walk(target, wanted.reverse, (wanted.target,))
        self._with_care((face for face in faces if not face[2]), wanted.row, wanted.shape, wanted.matrix)
        self.draft.own(wanted.row, wanted.shape, first)
        if wanted.matrix is not None:
            self._place(first, wanted.matrix)
        return True

    def _place(self, first: int, matrix: Floats) -> None:
        """Note that the surfaces from ``first`` on are in coordinates of their own."""
        draft, end = self.draft, len(self.draft.surface_rings)
        draft.placed.append((first, end, matrix))
        if np.linalg.det(matrix[:3, :3]) < 0:  # a mirror image: its rings run the other way
            draft.turned = list(set(draft.turned) ^ set(range(first, end)))

    def _straight(self, geometry: Element) -> bool:
        """Read the polygons of a geometry that is plainly nested; read nothing and return False if it is not."""
        face = _lone_face(geometry)
        if face is not None:
            return self._plain_face(face)
        mark = self.draft.mark()
        if self._plain(geometry):
            return True
        self.draft.cut(mark)
        return False

    def _plain(self, holder: Element) -> bool:
        """Read the polygons below a GML property; return False for links, turned surfaces, and rings of curves.

        In GML properties and objects alternate, so that only every other element must be looked at.
        """
        if holder.keys():
            return False
        for item in holder[:]:  # a slice takes half the time of an iterator
            part = _PARTS[item.tag]
            if part == _FACE:
                if not self._plain_face(item):
                    return False
            elif part == _SPECIAL:
                return False
            elif part == _MANY:
                self._unfold(item)
            else:
                for member in item[:]:
                    if not self._plain(member):
                        return False
        return True

    def _plain_face(self, face: Element) -> bool:
        """Read the rings of a polygon, the outer one first; read nothing and return False if it has anything odd."""
        rings: list[tuple[int | None, list[str]]] = []
        expected = _EXTERIOR
        for boundary in face[:]:
            if len(boundary) != 1 or _PARTS[boundary.tag] != expected:
                return False
            ring = boundary[0]
            positions = [ring[0].text] if len(ring) == 1 else [position.text for position in ring[:]]
            if None in positions or _PARTS[ring.tag] != _RING:
                return False
            rings.append((boundary.sourceline, positions))  # type: ignore[arg-type]
            expected = _INTERIOR
        if not rings:
            return False
        draft = self.draft
        draft.surface_rings.append(len(draft.ring_texts))
        draft.faces.append(gml_id(face))
        for at, texts in rings:
            draft.ring_texts.append(len(draft.texts))
            draft.ring_lines.append(at)
            draft.texts += texts
        return True

    def _unfold(self, folded: Element) -> None:
        """Read triangles that were folded while they were parsed."""
        draft = self.draft
        for at, numbers in unfold(folded):
            draft.surface_rings.append(len(draft.ring_texts))
            draft.faces.append("")
            draft.ring_texts.append(len(draft.texts))
            draft.ring_lines.append(at)
            draft.texts.append(numbers)

    def _with_care(self, walk: Iterable[_Face], row: int, shape: Shape, matrix: Floats | None) -> None:
        """Read faces one by one, and remember them, so that none is read twice for one object."""
        for geometry in self._read:
            self._seen.update(element for element in geometry.iter() if _PARTS[element.tag] in (_FACE, _MANY))
        self._read.clear()
        self._linked = True
        for face, reverse, leads_out in walk:
            if leads_out:
                target = str(face.get(HREF)).removeprefix("#")
                meant = structs.replace(shape, element=_NO_ELEMENT)  # which can be freed
                self.pending.append(Pending(row, meant, matrix, reverse, target, line(face)))
            else:
                first = len(self.draft.surface_rings)
                if _PARTS[face.tag] == _MANY:
                    self._unfold(face)
                else:
                    self._face(face, row)
                self.draft.turned += range(first, len(self.draft.surface_rings)) if reverse else ()

    def _walk(self, element: Element, reverse: bool, chain: tuple[str, ...], depth: int = 0) -> Iterator[_Face]:
        """Yield the faces at or below an element and behind its links, and the links that lead out of the feature."""
        if _PARTS[element.tag] in (_FACE, _MANY):
            if element not in self._seen:
                self._seen.add(element)
                yield element, reverse, False
            return
        if local[element.tag] == "OrientableSurface" and element.get("orientation") == "-":
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
        target = self.target(name) if href.startswith("#") else None
        if target is None:
            yield element, reverse, True
        elif target not in self._seen:
            if _PARTS[target.tag] != _FACE:
                self._seen.add(target)
            yield from self._walk(target, reverse, (*chain, name), depth + 1)

    def _face(self, face: Element, row: int) -> None:
        """Read the rings of a polygon, the outer one first."""
        draft = self.draft
        parts = [(boundary, _PARTS[boundary.tag]) for boundary in face]
        rings = [boundary for wanted in (_EXTERIOR, _INTERIOR) for boundary, part in parts if part == wanted]
        if not rings or _PARTS[rings[0].tag] == _INTERIOR:
            owner = name_of(draft.found, row)
            whose = f"{gml_id(face)} of {owner}" if gml_id(face) else owner
            self._problem(face, f"polygon of {whose} has no exterior", "gml:exterior")
            return
        draft.surface_rings.append(len(draft.ring_texts))
        draft.faces.append(gml_id(face))
        for ring in rings:
            draft.ring_texts.append(len(draft.texts))
            draft.ring_lines.append(ring.sourceline)
            draft.texts += [position.text or "" for position in ring.iter(*_POSITIONS)]

    def _problem(self, element: Element, message: str, expected: str) -> None:
        if len(self.problems.found) < MAX_PROBLEMS:
            self.problems.add(message, line(element), expected)
