"""Rules of CityJSON that reading does without: members, classes, extensions, parents and children, vertices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twin.city.cityjson.document import escape
from twin.city.geometry.rings import number_rows

__all__ = ["Note", "Rules", "as_list", "as_object"]

_Json = Mapping[str, Any]

# CityJSON 2.0.1, sections 1 to 3; of 1.0 and 1.1 what these had besides.
_ROOT = {"type", "version", "CityObjects", "vertices", "transform", "metadata", "extensions", "appearance", "id"}
_ROOT |= {"geometry-templates"}
_OBJECT = {"type", "geographicalExtent", "attributes", "geometry", "parents", "children", "address", "children_roles"}
_SPACES = ("Building", "Bridge", "Tunnel")
_CLASSES = {f"{space}{kind}" for space in _SPACES for kind in ("", "Part", "Installation", "Furniture")}
_CLASSES |= {f"{space}ConstructiveElement" for space in _SPACES} | {"BuildingConstructionElement"}
_CLASSES |= {"BridgeConstructionElement", "BuildingRoom", "BuildingStorey", "BuildingUnit", "BridgeRoom"}
_CLASSES |= {"TunnelHollowSpace", "CityFurniture", "CityObjectGroup", "GenericCityObject", "LandUse"}
_CLASSES |= {"OtherConstruction", "PlantCover", "SolitaryVegetationObject", "TINRelief", "WaterBody", "WaterWay"}
_CLASSES |= {"Waterway", "Road", "Railway", "TransportSquare"}
_SURFACES = {
    *("WallSurface", "RoofSurface", "GroundSurface", "ClosureSurface", "OuterCeilingSurface", "OuterFloorSurface"),
    *("Window", "Door", "InteriorWallSurface", "CeilingSurface", "FloorSurface", "WaterSurface", "WaterGroundSurface"),
    *("WaterClosureSurface", "TrafficArea", "AuxiliaryTrafficArea", "TransportationMarking", "TransportationHole"),
}


class Note(NamedTuple):
    """A breach of the format: code, what was found, its place, the object concerned and how often it is there."""

    code: str
    message: str
    place: str
    object: str | None = None
    times: int = 1


class Rules:
    """Gathers breaches, of each kind the first one with a count."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Note] = {}
        self._declared: set[str] = set()
        self._unused = self._twice = 0
        self._place_of_vertices = ""

    def note(self, code: str, message: str, place: str, entity: str | None = None, alike: str | None = None) -> None:
        """Note one breach; those of one code with the same message, or that are called ``alike``, are counted."""
        key = code, message if alike is None else alike
        old = self._found.get(key)
        self._found[key] = Note(code, message, place, entity) if old is None else old._replace(times=old.times + 1)

    def notes(self) -> list[Note]:
        """Return what was found."""
        if self._twice:
            text = f"{self._twice} vertices are listed again"
            self.note("vertices-duplicate", text, self._place_of_vertices)
        if self._unused:
            self.note("vertices-unused", f"{self._unused} vertices are used by no geometry", self._place_of_vertices)
        return list(self._found.values())

    def document(self, document: _Json, header: _Json, place: str) -> None:
        """Look at a CityJSON object or a feature of a sequence."""
        if document is header:
            self._header(header, place)
        for name in set(document) - _ROOT:
            self._member(name, f"the file has the member {name!r}", f"{place}/{escape(name)}", None)
        objects = as_object(document.get("CityObjects"))
        for identifier, entry in objects.items():
            self._object(identifier, entry, f"{place}/CityObjects/{escape(identifier)}", header)
        self._families(objects, place)

    def _header(self, header: _Json, place: str) -> None:
        if header.get("version") != "1.0" and "transform" not in header:
            # the lines of a sequence hold whole numbers, which mean nothing without it
            code = "901" if place else "transform-missing"
            self.note(code, "there is no transform", f"{place}/transform")
        for name in as_object(header.get("extensions")):
            self._declared.add(name)

    def _member(self, name: str, what: str, place: str, entity: str | None) -> None:
        if not name.startswith("+"):
            self.note("member-unknown", what, place, entity)
        elif not self._declared:
            self.note("extension-undeclared", f"{what}, but no extension is declared", place, entity)

    def _object(self, identifier: str, entry: _Json, place: str, header: _Json) -> None:
        kind = str(entry.get("type"))
        if kind.startswith("+") and not self._declared:
            text = f"objects are of the class {kind}, but no extension is declared"
            self.note("extension-undeclared", text, f"{place}/type", identifier)
        elif not kind.startswith("+") and kind not in _CLASSES:
            self.note("type-unknown", f"objects are of the class {kind}", f"{place}/type", identifier)
        for name in set(entry) - _OBJECT:
            self._member(name, f"objects have the member {name!r}", f"{place}/{escape(name)}", identifier)
        for k, geometry in enumerate(as_list(entry.get("geometry"))):
            self._geometry(geometry, f"{place}/geometry/{k}", identifier, str(header.get("version")))

    def _geometry(self, geometry: _Json, place: str, identifier: str, version: str) -> None:
        lod = geometry.get("lod")
        if lod is not None and not isinstance(lod, str) and version != "1.0":
            self.note("lod-not-text", f"the level of detail {lod} is a number", f"{place}/lod", identifier)
        for k, surface in enumerate(as_list(as_object(geometry.get("semantics")).get("surfaces"))):
            kind = str(as_object(surface).get("type"))
            here = f"{place}/semantics/surfaces/{k}/type"
            if kind.startswith("+") and not self._declared:
                text = f"surfaces are of the class {kind}, but no extension is declared"
                self.note("extension-undeclared", text, here, identifier)
            elif not kind.startswith("+") and kind not in _SURFACES:
                self.note("type-unknown", f"surfaces are of the class {kind}", here, identifier)

    def _families(self, objects: Mapping[str, _Json], place: str) -> None:
        """Look whether parents and children name each other; parents that do not exist are the reader's business."""
        for identifier, entry in objects.items():
            here = f"{place}/CityObjects/{escape(identifier)}"
            for child in _names(entry.get("children")):
                if identifier not in _names(objects.get(child, {}).get("parents")):
                    what = "does not name it as its parent" if child in objects else "does not exist"
                    text = f"{identifier} names the child {child}, which {what}"
                    self.note("children-inconsistent", text, f"{here}/children", identifier)
            for parent in _names(entry.get("parents")):
                if parent in objects and identifier not in _names(objects[parent].get("children")):
                    text = f"{identifier} names the parent {parent}, which does not name it as its child"
                    self.note("children-inconsistent", text, f"{here}/parents", identifier)

    def vertices(self, vertices: NDArray[np.float64], used: NDArray[np.int64], place: str) -> None:
        """Look for vertices that are there twice, or for nothing."""
        if not len(vertices):
            return
        twice = len(vertices) - (int(number_rows(*vertices.T).max()) + 1)
        unused = len(vertices) - len(np.unique(used))
        if (twice or unused) and not (self._twice or self._unused):
            self._place_of_vertices = f"{place}/vertices"
        self._twice += twice
        self._unused += unused


def _names(value: Any) -> Iterable[str]:
    return [name for name in as_list(value) if isinstance(name, str)]


def as_object(value: Any) -> _Json:
    """Return a JSON object, an empty one for what is none."""
    return value if isinstance(value, Mapping) else {}


def as_list(value: Any) -> Sequence[Any]:
    """Return a JSON array, an empty one for what is none."""
    return value if isinstance(value, list) else ()
