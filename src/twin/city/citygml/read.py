"""Read CityGML 1.0 and 2.0, and what 3.0 has in common with them, building by building in bounded memory."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache

from lxml import etree

from twin.city.citygml.attributes import read_attributes
from twin.city.citygml.gml import Element, Polygons, gml_id, line, local_name
from twin.city.found import TYPE_CODES, UNKNOWN_TYPE, Found, best_lod
from twin.city.source import Source
from twin.errors import Problems, TwinError

__all__ = ["read_citygml"]

_ROOTS = {"CityModel", "FeatureCollection"}
_PARTS = {"consistsOfBuildingPart", "buildingPart"}
_BOUNDED_BY = {"boundedBy", "boundary"}
_OPENINGS = {"opening", "fillingSurface"}
_TYPES = {**TYPE_CODES, "WindowSurface": TYPE_CODES["Window"], "DoorSurface": TYPE_CODES["Door"]}
_LOD = re.compile(r"lod([1-4])(Solid|MultiSurface|Geometry)$")

# Elements that are dropped once complete, so that a file of any size is read in the memory of its largest building.
_DISCARDED = ("{*}cityObjectMember", "{*}featureMember", "{*}appearanceMember", "{*}surfaceDataMember")
_WATCHED = ("{*}Building", "{*}Envelope", *_DISCARDED)
_DTD = "the file declares a DOCTYPE; document types (DTD) and any entity of theirs are refused"
_DOCTYPE = re.compile(rb"\s*(?:(?><\?.*?\?>|<!--.*?-->)\s*)*+<!DOCTYPE", re.DOTALL)


def read_citygml(source: Source, lod: str) -> Found:
    """Read the buildings of a CityGML file, one geometry each.

    Of every building or part the highest level of detail not above ``lod`` is taken (else the lowest above it), as
    its thematic surfaces where it has any, else as its solid, else as its multi-surface.

    Raises
    ------
    TwinError
        If the file is no well-formed XML, holds a document type or entities, is no city model, repeats an identifier,
        or has coordinates that cannot be read; names line and object. All such problems at once.
    """
    found = Found(str(source.path), rings_closed=True)
    with Problems(source.path) as problems:
        reader = _Reader(found, problems, lod)
        for element in _stream(source):
            if local_name(element) == "Building":
                reader.building(element)
            else:
                reader.envelope(element)
        reader.resolve_pending(source)
    reader.report()
    found.close_block()
    return found


def _stream(source: Source) -> Iterator[Element]:
    """Yield buildings and envelopes as they are completed, and forget them afterwards."""
    if _DOCTYPE.match(source.head):
        raise source.error(_DTD, "1", "plain CityGML")
    parser = etree.XMLPullParser(
        events=("start", "end"),
        tag=("{*}CityModel", "{*}FeatureCollection", *_WATCHED),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    started, waiting = False, 0
    try:
        for chunk in source.chunks():
            parser.feed(chunk)
            tags = chunk.count(b"<")
            waiting += tags
            for event, element in parser.read_events():
                if not started:
                    _check_root(source, element)
                    started = True
                if event == "end":
                    waiting = tags
                    yield from _use(element)
            if waiting > source.limits.max_elements:
                raise source.error(f"more than the limit of {source.limits.max_elements:,} elements in one object")
        root = parser.close()
    except etree.XMLSyntaxError as error:
        raise _syntax_error(source, error) from error
    if not started:
        _check_root(source, root)


def _check_root(source: Source, element: Element) -> None:
    root = element.getroottree()
    if root.docinfo.doctype:
        raise source.error(_DTD, "1", "plain CityGML")
    name = local_name(root.getroot())
    if name not in _ROOTS:
        raise source.error(f"this XML file is no city model: it starts with <{name}>", "1", "a CityModel element")


def _use(element: Element) -> Iterator[Element]:
    name = local_name(element)
    if name in ("Building", "Envelope"):
        yield element
    if name != "Envelope":
        element.clear()
    parent = element.getparent()
    if parent is not None and name.endswith("Member"):
        while (before := element.getprevious()) is not None:
            parent.remove(before)


def _syntax_error(source: Source, error: etree.XMLSyntaxError) -> TwinError:
    row, column = error.position
    text = str(error.msg).partition(", line ")[0]
    if "entity" in text.lower():
        text += " (entities are refused)"
    return source.error(f"line {row}, column {column}: {text}", f"{row}:{column}", "well-formed XML")


def _parts(element: Element) -> Iterator[Element]:
    """Yield the parts of a building, and parts of parts."""
    for holder in element:
        if local_name(holder) in _PARTS:
            for part in holder:
                if local_name(part) == "BuildingPart":
                    yield part
                    yield from _parts(part)


class _Reader:
    """Turns building elements into rows of a `Found`."""

    def __init__(self, found: Found, problems: Problems, lod: str) -> None:
        self.found, self.problems, self.lod = found, problems, lod
        self.polygons = Polygons(found, problems)
        self.lines: dict[str, str | None] = {}
        self.unread: Counter[str] = Counter()

    def envelope(self, element: Element) -> None:
        """Take the reference system of the first envelope that states one."""
        if self.found.crs_as_found is None:
            self.found.crs_as_found = element.get("srsName")
        top = element.getparent()
        model = None if top is None else top.getparent()
        if model is not None and local_name(model) in _ROOTS:
            name = model.find("{*}name")
            if name is not None and name.text:
                self.found.metadata.setdefault("title", name.text.strip())

    def building(self, element: Element) -> None:
        """Read a building with its parts."""
        self.polygons.enter(element)
        row = self._object(element, -1)
        members = [(element, row), *((part, self._object(part, row)) for part in _parts(element))]
        shapes = [_Shapes(member) for member, _ in members]
        chosen = [best_lod(shape.lods, self.lod) for shape in shapes]
        if any(chosen[1:]) and chosen[0] != best_lod(filter(None, chosen), self.lod):
            chosen[0] = None  # the building's own, coarser geometry covers its parts once more
        for (_, member_row), shape, lod in zip(members, shapes, chosen, strict=True):
            if lod is not None:
                self._geometry(shape, member_row, lod)
        if self.found.crs_as_found is None:
            named = next(element.iterfind(".//*[@srsName]"), None)
            self.found.crs_as_found = None if named is None else named.get("srsName")

    def _object(self, element: Element, parent: int) -> int:
        identifier = gml_id(element)
        if not identifier:
            kind = "building" if parent < 0 else f"{self.found.ids[parent]}-part"
            identifier = f"{kind}-{len(self.found.ids) + 1}"
            self.found.warn(
                "id-missing", f"a building has no gml:id; it is called {identifier}", identifier, line(element)
            )
        if identifier in self.lines:
            first = self.lines[identifier]
            self.problems.add(f"gml:id {identifier} is used twice, first on line {first}", line(element), "unique ids")
            identifier = f"{identifier}~{len(self.lines)}"
        self.lines[identifier] = line(element)
        return self.found.add_object(identifier, parent, read_attributes(element, self.unread))

    def _geometry(self, shapes: _Shapes, row: int, lod: str) -> None:
        self.found.lods[row] = lod
        self.polygons.start_object()
        waiting = len(self.polygons.pending)
        count = 0
        for thematic, geometry in shapes.thematic(lod):
            type_code = _TYPES[local_name(thematic)]
            attributes = read_attributes(thematic, self.unread)
            count += self.polygons.collect(geometry, row, type_code, gml_id(thematic), attributes)
        if count or len(self.polygons.pending) > waiting:
            return
        for geometry in shapes.plain(lod):
            if self.polygons.collect(geometry, row, UNKNOWN_TYPE, "", {}):
                return

    def resolve_pending(self, source: Source) -> None:
        """Look for targets of links in the other buildings, in a second pass; report those that lead nowhere."""
        pending = self.polygons.pending
        if pending and not self.problems.found:
            for element in _stream(source):
                if local_name(element) == "Building":
                    self.polygons.enter(element)
                    pending = [link for link in pending if not self.polygons.settle(link)]
                    if not pending:
                        break
        for link in pending:
            owner = self.found.ids[link.row]
            text = f"building {owner} refers to geometry #{link.target}, which does not exist; it is left out"
            self.found.warn("xlink-dangling", text, owner, link.line)

    def report(self) -> None:
        """Note what was not understood, once per element name."""
        for name, count in self.unread.items():
            self.found.warn("element-unread", f"{name} is not read ({count} times)")


@lru_cache(maxsize=1024)
def _level(name: str) -> tuple[str, str] | None:
    """Return level of detail and kind of a geometry property, None for any other element."""
    match = _LOD.match(name)
    return (match[1], match[2]) if match else None


class _Shapes:
    """The geometry properties of a building or part, by level of detail."""

    def __init__(self, element: Element) -> None:
        self._thematic: list[tuple[str, Element, Element]] = []
        self._plain: list[tuple[str, str, Element]] = []
        for child in element:
            name = local_name(child)
            if name in _BOUNDED_BY:
                for surface in child:
                    self._boundary(surface)
            elif level := _level(name):
                self._plain.append((*level, child))

    def _boundary(self, surface: Element) -> None:
        if local_name(surface) not in _TYPES:
            return
        for child in surface:
            name = local_name(child)
            if level := _level(name):
                self._thematic.append((level[0], surface, child))
            elif name in _OPENINGS:
                for opening in child:
                    self._boundary(opening)

    @property
    def lods(self) -> set[str]:
        return {lod for lod, _, _ in (*self._thematic, *self._plain)}

    def thematic(self, lod: str) -> list[tuple[Element, Element]]:
        """Return boundary surfaces and openings with their geometry."""
        return [(surface, geometry) for at, surface, geometry in self._thematic if at == lod]

    def plain(self, lod: str) -> list[Element]:
        """Return geometry without semantics, solids first."""
        order = ("Solid", "MultiSurface", "Geometry")
        at_lod = [(kind, geometry) for at, kind, geometry in self._plain if at == lod]
        return [geometry for _, geometry in sorted(at_lod, key=lambda pair: order.index(pair[0]))]
