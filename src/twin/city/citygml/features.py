"""City objects: from elements to rows of a `Found`, with their attributes, surfaces and children."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any, Protocol

from msgspec import structs

from twin.city.citygml.draft import Draft, name_of
from twin.city.citygml.implicit import read_implicit
from twin.city.citygml.names import (
    ADE_HOOK,
    CHILD,
    CLASSES,
    ENERGY,
    FOREIGN,
    GEOMETRY,
    HEIGHT,
    IMPLICIT,
    LOST,
    MEANINGS,
    OPENING,
    SPACE,
    SURFACES,
    THEMATIC,
    VALUE,
    Learned,
    Tag,
    is_energy,
    local,
)
from twin.city.citygml.polygons import HREF, Pending, Polygons, gml_id, line
from twin.city.citygml.properties import add_foreign, add_nested, add_property
from twin.city.citygml.shapes import Offer, Shape, best, choose
from twin.city.citygml.stream import Element
from twin.city.citygml.zones import zone_openings
from twin.city.found import Found
from twin.errors import Problems

__all__ = ["EnergyHook", "Features", "Register"]

_CONTAINER = "ReliefFeature"  # has no geometry of its own, and no class in CityJSON
_BUILDINGS = {"Building", "BuildingPart"}
_LEVELS = {"0", "1", "2", "3", "4"}


class EnergyHook(Protocol):
    """Takes what the Energy ADE and dynamizers say, before the elements are cleared."""

    def feature(self, element: Element, row: int, group: int | None = None) -> None:
        """Take a property of the object in ``row``, or of its thematic surface ``group``."""

    def member(self, element: Element) -> None:
        """Take a top-level object."""


class Register:
    """What is numbered or counted over a whole file, in however many tiles it is read.

    Attributes
    ----------
    lines
        Of every identifier, the line its object starts on.
    unread, kept, unnamed, libraries
        How many elements are left out, and how many are kept as plain data, by tag; how many objects have no
        identifier, by class; how many geometries are in another file, by its name.
    homeless, passed_over
        How many openings of thermal zones are in no wall of their building; how many levels of detail were not taken.
    groups
        Numbers for thematic surfaces.
    """

    def __init__(self) -> None:
        self.lines: dict[str, str | None] = {}
        self.unread: Counter[Tag] = Counter()
        self.kept: Counter[Tag] = Counter()
        self.unnamed: Counter[str] = Counter()
        self.libraries: Counter[str] = Counter()
        self.homeless = self.passed_over = 0
        self.groups: Iterator[int] = count()


class Features:
    """Reads top-level objects into one `Found`."""

    def __init__(self, found: Found, problems: Problems, lod: str, energy: EnergyHook, register: Register) -> None:
        self.found, self.problems, self.lod = found, problems, lod
        self.energy, self.register = energy, register
        self.pending: list[Pending] = []
        self.draft = Draft(found, problems, register.groups)
        self.polygons = Polygons(self.draft, problems, self.pending)
        self.buildings = 0
        self._offers: list[Offer] = []  # of the top-level object being read
        self._members: list[Element] = []  # objects inside the group being read
        self._following: set[Element] = set()
        self._codes = Learned(found.type_code)

    def read(self, element: Element, scope: Element | None = None) -> None:
        """Read a top-level object with all it consists of.

        Parameters
        ----------
        scope
            Element within which links are looked up first, if that is not the object itself.
        """
        kind = CLASSES[element.tag]
        if kind is None:
            self._unclassed(element, scope)
            return
        self.polygons.enter(element if scope is None else scope)
        self._object(element, kind, -1)
        self._draw()
        self._offers.clear()
        self.polygons.leave()
        self.draft.close_if_large()
        self.buildings += kind == "Building"
        members, self._members = self._members, []
        for member in members:
            self.read(member, element if scope is None else scope)

    def _unclassed(self, element: Element, scope: Element | None) -> None:
        """Read what is no object of its own: containers, and members that only an extension understands."""
        if local[element.tag] == _CONTAINER:
            self._container(element, element if scope is None else scope)
        elif is_energy(element.tag):
            self.energy.member(element)
        else:
            self.register.unread[element.tag] += 1

    def _container(self, element: Element, scope: Element) -> None:
        """Read the objects in a container, each with the container's attributes where it has none of its own."""
        first, own = len(self.found.ids), Offer(-1, _CONTAINER, {})
        for child in element:
            role = MEANINGS[child.tag].role
            if role == CHILD:
                for component in child:
                    self.read(component, scope)
            elif role != ENERGY:
                self._property(child, own, own.attributes, None)
        own.attributes.pop("lod", None)
        for row in range(first, len(self.found.ids)):
            if self.found.parents[row] < 0:
                self.found.attributes[row] = {**own.attributes, **self.found.attributes[row]}

    # --- one object ---------------------------------------------------------------------------------------------------

    def _object(self, element: Element, kind: str, parent: int) -> None:
        attributes: dict[str, Any] = {}
        row = self.found.add_object(self._identifier(element, kind, parent), parent, attributes, kind)
        offer = Offer(row, kind, attributes)
        self._offers.append(offer)
        for child in element[:]:
            role, name, _, _, _ = MEANINGS[child.tag]
            if role <= HEIGHT:
                add_property(child, role, name, attributes)
            elif role == THEMATIC and len(child):
                self._surfaces(child[:] if len(child) > 1 else (child[0],), offer, -1)
            else:
                self._property(child, offer, attributes, None)
        if kind == "GenericCityObject" and local[element.tag] != kind:
            attributes.setdefault("spaceType", local[element.tag])
        if kind.endswith("Relief"):  # the level of detail is a property of its own
            level = attributes.pop("lod", None)
            offer.shapes = [structs.replace(shape, lod=level if level in _LEVELS else "1") for shape in offer.shapes]

    def _property(self, element: Element, offer: Offer, attributes: dict[str, Any], group: int | None) -> None:
        """Read a property of an object, or of a thematic surface ``group`` of it."""
        role, name, lod, shape, _ = MEANINGS[element.tag]
        if role in (THEMATIC, OPENING):
            host = -1 if group is None else group
            self._surfaces(element[:], offer, host)
            if not len(element) and (href := element.get(HREF)) is not None:
                self._linked_surface(element, str(href), offer, host)
        elif role <= HEIGHT:
            add_property(element, role, name, attributes)
        elif role == GEOMETRY:
            offer.shapes.append(Shape(lod, shape, element))
        elif role == CHILD:
            self._children(element, offer, name, attributes)
        elif role == ENERGY:
            self.energy.feature(element, offer.row, group)
            if name == "thermalZone":
                offer.zones.append(element)
        elif role == FOREIGN:
            self.register.kept[element.tag] += 1
            add_foreign(element, attributes)
        elif role == ADE_HOOK:
            self._hook(element, offer, attributes, group)
        elif role == SPACE:
            self._space(element, offer, name, attributes)
        elif role == LOST:
            self.register.unread[element.tag] += 1

    def _children(self, holder: Element, offer: Offer, name: str, attributes: dict[str, Any]) -> None:
        """Read the objects that a property holds; the members of a group are objects of their own."""
        if name == "groupMember":
            self._members += holder
            names = [gml_id(child) for child in holder] or [str(holder.get(HREF) or "").removeprefix("#")]
            self.found.members.setdefault(offer.row, {}).setdefault("children", []).extend(filter(None, names))
        elif len(holder) and all(CLASSES[child.tag] for child in holder):
            for child in holder:
                self._object(child, CLASSES[child.tag] or "", offer.row)
        else:
            add_property(holder, VALUE, name, attributes)

    def _hook(self, element: Element, offer: Offer, attributes: dict[str, Any], group: int | None) -> None:
        """Read the properties that an extension of CityGML 3 adds."""
        if any(is_energy(data.tag) for data in element):
            self.energy.feature(element, offer.row, group)
            return
        for data in element:
            for child in data:
                self.register.kept[child.tag] += 1
                add_foreign(child, attributes)

    def _space(self, element: Element, offer: Offer, name: str, attributes: dict[str, Any]) -> None:
        """Read a section or space of a road: its surfaces are the road's, its attributes are nested."""
        if not len(element):
            add_property(element, VALUE, name, attributes)
        for space in element:
            nested: dict[str, Any] = {"id": gml_id(space)} if gml_id(space) else {}
            for child in space:
                if MEANINGS[child.tag].role == GEOMETRY:  # free space, which casts no shade
                    self.register.unread[child.tag] += 1
                else:
                    self._property(child, offer, nested, None)
            if nested:
                add_nested(attributes, name, nested)

    def _identifier(self, element: Element, kind: str, parent: int) -> str:
        """Return an object's identifier, made up if it has none, and changed if it is taken."""
        found, lines = self.found, self.register.lines
        identifier = gml_id(element)
        if not identifier and kind in _BUILDINGS:
            name = "building" if parent < 0 else f"{found.ids[parent]}-part"
            identifier = f"{name}-{len(lines) + 1}"
            text = f"a building has no gml:id; it is called {identifier}"
            found.warn("id-missing", text, identifier, line(element))
        elif not identifier:
            self.register.unnamed[kind] += 1
            identifier = f"{kind}-{len(lines) + 1}"
        if identifier in lines:
            text = f"gml:id {identifier} is used twice, first on line {lines[identifier]}"
            if kind in _BUILDINGS:
                self.problems.add(text, line(element), "unique ids")
            identifier = f"{identifier}~{len(lines)}"
            if kind not in _BUILDINGS:
                found.warn("id-repeated", f"{text}; this {kind} is called {identifier}", identifier, line(element))
        lines[identifier] = line(element)
        return identifier

    # --- surfaces -----------------------------------------------------------------------------------------------------

    def _surfaces(self, holder: Iterable[Element], offer: Offer, host: int) -> None:
        """Note the thematic surfaces in a property, and the openings in them; ``host`` is the surface they are in."""
        offer.has_openings |= host >= 0
        for surface in holder:
            name = SURFACES[surface.tag]
            if name is None:
                self.register.unread[surface.tag] += 1
                continue
            identifier, group = gml_id(surface), next(self.register.groups)
            attributes: dict[str, Any] = {}
            for child in surface[:]:
                role, _, lod, kind, _ = MEANINGS[child.tag]
                if role == GEOMETRY:
                    code = self._codes[name]
                    offer.shapes.append(Shape(lod, kind, child, code, identifier, attributes, group, host))
                else:
                    self._property(child, offer, attributes, group)
            if name != local[surface.tag] and is_energy(surface.tag):
                attributes["surfaceClass"] = local[surface.tag]

    def _linked_surface(self, holder: Element, href: str, offer: Offer, host: int) -> None:
        """Note a thematic surface that another object of the feature has too."""
        target = self.polygons.target(href.removeprefix("#"))
        if target is None or SURFACES[target.tag] is None:
            text = f"{name_of(self.found, offer.row)} refers to surface {href}, which is not found in it"
            self.found.warn("xlink-dangling", text, self.found.ids[offer.row], line(holder))
        elif target not in self._following:
            self._following.add(target)
            self._surfaces([target], offer, host)
            self._following.discard(target)

    # --- geometry -----------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        """Read one geometry of every object of the feature."""
        for offer, lod in zip(self._offers, choose(self._offers, self.lod), strict=True):
            levels = offer.levels()
            self.found.lods_offered |= levels
            self.register.passed_over += len(levels - {lod})
            if lod is not None:
                self.found.lods[offer.row] = lod
                self.polygons.start_object()
                if not self._collect(offer.thematic(lod, self.lod), offer.row):
                    self._draw_plain(offer, lod)
                elif offer.zones:
                    self._draw_zones(offer)

    def _draw_plain(self, offer: Offer, lod: str) -> None:
        for shape in offer.plain(lod):
            if self._collect([shape], offer.row):
                return

    def _draw_zones(self, offer: Offer) -> None:
        """Read the openings that are given with thermal zones."""
        walls = self.draft.walls(offer.row)
        for zone in offer.zones:
            openings, homeless = zone_openings(zone, walls, self.register.groups)
            self.register.homeless += homeless
            for shapes in openings:
                lod = best(frozenset([shape.lod for shape in shapes]), self.lod)
                self._collect([shape for shape in shapes if shape.lod == lod], offer.row)

    def _collect(self, shapes: list[Shape], row: int) -> bool:
        """Read the polygons of some geometries; return whether there are any, or links that may lead to some."""
        waiting = len(self.pending)
        implicit = [shape for shape in shapes if shape.kind == IMPLICIT]
        if implicit:
            shapes = [shape for shape in shapes if shape.kind != IMPLICIT]
        count = self.polygons.collect(shapes, row)
        for shape in implicit:
            count += self._collect_implicit(shape, row)
        return count > 0 or len(self.pending) > waiting

    def _collect_implicit(self, shape: Shape, row: int) -> int:
        implicit = read_implicit(shape.element, self.polygons.target)
        if implicit.library:
            self.register.libraries[implicit.library] += 1
        if implicit.geometry is None:
            return 0
        if implicit.matrix is None:
            text = f"{name_of(self.found, row)} has an implicit geometry whose place cannot be read; it is left out"
            self.found.warn("implicit-geometry", text, self.found.ids[row], line(shape.element))
            return 0
        return self.polygons.place(implicit.geometry, row, shape, implicit.matrix)
