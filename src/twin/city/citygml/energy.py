"""Read the Energy ADE (1.0, 3.0, and 1.0 re-based on CityGML 3.0) and CityGML 3.0's Dynamizer, in one pass."""

from __future__ import annotations

from functools import lru_cache

from lxml import etree

from twin.city.energy.items import EnergyFound, Item, Value
from twin.city.energy.names import CONSTRUCTION, SCHEDULES
from twin.city.found import Found

__all__ = ["EnergyReader"]

Element = etree._Element

_GML = "http://www.opengis.net/gml"
_HREF = "{http://www.w3.org/1999/xlink}href"
_IDS = (f"{{{_GML}}}id", f"{{{_GML}/3.2}}id")

# Properties that hold geometry; what they hold is counted, not read
_GEOMETRY = {"referencePoint", "volumeGeometry", "surfaceGeometry", "position", "geometry", "multiPoint", "Envelope"}
# Members that other objects refer to
_SHARED = {"LayeredConstructionLibrary", "MaterialLibrary", "ScheduleLibrary", "SolidMaterial", "Gas"}
_SHARED |= CONSTRUCTION | set(SCHEDULES)
# Properties whose object says nothing of energy
_APART = {"address", "xalAddress", "imageTexture", "appearance"}


class EnergyReader:
    """Collects energy objects into ``found.energy`` as the elements that hold them are completed.

    Parameters
    ----------
    before
        Energy objects of the tile read before, whose libraries this one may refer to.
    """

    def __init__(self, found: Found, before: EnergyFound | None = None) -> None:
        self.found = found
        libraries = [] if before is None else [item for item in before.members if item.kind in _SHARED]
        if libraries:
            found.energy = EnergyFound(members=libraries)

    def feature(self, element: Element, row: int, group: int | None = None) -> None:
        """Take a property of the object in ``row``, or of its thematic surface ``group``."""
        energy = self._energy()
        key = (row, -1 if group is None else group)
        if key not in energy.hosts:
            host = _host(element)
            name = "" if host is None else _split(str(host.tag))[1]
            energy.hosts[key] = Item(name, _identifier(host), _line(element))
        _property(element, energy.hosts[key])
        if group is None and len(element) == 0 and element.text and not element.get("uom"):
            name = _split(str(element.tag))[1]  # among the attributes at once, for those that say what a building is
            self.found.attributes[row].setdefault(name, element.text.strip())

    def member(self, element: Element) -> None:
        """Take a top-level object."""
        self._energy().members.append(_object(element))

    def _energy(self) -> EnergyFound:
        if self.found.energy is None:
            self.found.energy = EnergyFound()
        return self.found.energy


def _host(element: Element) -> Element | None:
    """Return the object that a property is of; CityGML 3 puts an extension's properties into a hook of the object's."""
    host = element.getparent()
    while host is not None:
        hook = host.getparent()
        if hook is None or not _split(str(hook.tag))[1].startswith("adeOf"):
            return host
        host = hook.getparent()
    return None


@lru_cache(maxsize=4096)
def _split(tag: str) -> tuple[str, str]:
    space, _, name = tag[1:].partition("}") if tag.startswith("{") else ("", "", tag)
    return space, name


def _identifier(element: Element | None) -> str:
    """Return the ``gml:id`` of an element, "" if it has none."""
    if element is None:
        return ""
    return next((str(element.get(name)) for name in _IDS if element.get(name) is not None), "")


def _line(element: Element) -> int | None:
    return int(element.sourceline) if element.sourceline else None


def _object(element: Element) -> Item:
    item = Item(_split(str(element.tag))[1], _identifier(element), _line(element))
    for child in element:
        _property(child, item)
    return item


def _property(element: Element, item: Item) -> None:
    """Add what a property holds to its owner: a value, a link, or objects; an ADE's hook adds what its object has."""
    space, name = _split(str(element.tag))
    href = element.get(_HREF)
    if not space or name in _APART or (name == "boundedBy" and space.startswith(_GML)):
        return
    if href is not None:
        item.links.append((name, str(href).rpartition("#")[2]))
    if name in _GEOMETRY or name.startswith("lod"):
        item.geometries += 1
    elif name.startswith("adeOf"):
        for hook in element:
            for child in hook:
                _property(child, item)
    elif len(element):
        item.parts += [(name, _object(child)) for child in element if isinstance(child.tag, str)]
    elif text := (element.text or "").strip():
        unit = element.get("uom") or element.get("unit") or ""
        item.values.append((name, Value(text, unit, _line(element))))
