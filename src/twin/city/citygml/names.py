"""What the elements of CityGML 1.0, 2.0 and 3.0 mean, looked up by their full tag."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

__all__ = [
    "ADE_HOOK",
    "CHILD",
    "CLASSES",
    "DERIVED",
    "ENERGY",
    "FOLDED",
    "FOREIGN",
    "GENERIC",
    "GEOMETRY",
    "HEIGHT",
    "IMPLICIT",
    "LINK",
    "LOST",
    "Learned",
    "MEANINGS",
    "OPENING",
    "PLAIN_ORDER",
    "REFERENCE",
    "SPACE",
    "SURFACES",
    "THEMATIC",
    "VALUE",
    "Meaning",
    "Tag",
    "is_energy",
    "local",
]

_OURS = ("http://www.opengis.net/", "http://www.citygml.org/citygml/", "urn:oasis:")
_GML = "http://www.opengis.net/gml"
_ENERGY = re.compile(
    r"http://www\.sig3d\.org/citygml/\d[.\d]*/energy/|http://www\.citygml\.org/ade/energy/|www\.energyADE\."
)
_DYNAMIZER = "http://www.opengis.net/citygml/dynamizer/"
_MAX_LEARNED = 20_000  # a file may hold any number of tags; no schema has that many

# What a property of a city object or a thematic surface is
VALUE, GENERIC, LINK, REFERENCE, HEIGHT = range(5)  # attributes
GEOMETRY, THEMATIC, OPENING, CHILD, SPACE, ENERGY, ADE_HOOK, FOREIGN, LOST, DERIVED = range(5, 15)

FOLDED = "{twin}triangles"  # an element of our own: many triangles as one text
IMPLICIT = "ImplicitRepresentation"
_LOD = re.compile(rf"lod([0-4])(Solid|MultiSolid|MultiSurface|Surface|Geometry|FootPrint|RoofEdge|{IMPLICIT})")

# Of several geometries without semantics the first of these is taken
PLAIN_ORDER = (
    "Solid",
    "MultiSolid",
    "MultiSurface",
    "Surface",
    "Geometry",
    "FootPrint",
    "RoofEdge",
    "tin",
    IMPLICIT,
)

_ROLES = {
    "boundedBy": THEMATIC,
    "boundary": THEMATIC,
    "trafficArea": THEMATIC,
    "auxiliaryTrafficArea": THEMATIC,
    "opening": OPENING,
    "fillingSurface": OPENING,
    "filling": OPENING,
    "externalReference": REFERENCE,
    "address": REFERENCE,
    "height": HEIGHT,
    "measuredHeight": HEIGHT,
    "generalizesTo": LINK,
    "relatedTo": LINK,
    "predecessor": LINK,
    "successor": LINK,
    "parent": LINK,
    "section": SPACE,
    "intersection": SPACE,
    "trafficSpace": SPACE,
    "auxiliaryTrafficSpace": SPACE,
    "clearanceSpace": LOST,
    "appearance": LOST,
    "depiction": LOST,
    "pointCloud": LOST,
    "grid": LOST,
    "reliefPoints": LOST,
    "ridgeOrValleyLines": LOST,
    "breaklines": LOST,
    "extent": LOST,
}

# Properties that lead to objects of their own where they hold one
_CHILD = re.compile(
    r"consistsOf|(building|bridge|tunnel)(Part|Installation|Room|Subdivision|ConstructiveElement|Furniture)$"
    r"|(outer|interior)[A-Z]|(room|bridgeRoom|hollowSpace)Installation$|bridgeConstruction|hollowSpace$"
    r"|reliefComponent$|groupMember$|waterBody$"
)
_GENERIC = re.compile(
    r"(string|int|double|date|uri|measure|code)Attribute|generic(Attribute|AttributeSet)", re.IGNORECASE
)

# Class -> what CityJSON calls it; classes that CityJSON lacks are written as an extension writes them
_CLASSES = {
    **{
        name: name
        for name in (
            *("Building", "BuildingPart", "BuildingInstallation", "BuildingConstructiveElement", "BuildingFurniture"),
            *("BuildingStorey", "BuildingRoom", "BuildingUnit", "OtherConstruction", "CityFurniture", "LandUse"),
            *("Bridge", "BridgePart", "BridgeInstallation", "BridgeConstructiveElement", "BridgeRoom"),
            *("BridgeFurniture", "Tunnel", "TunnelPart", "TunnelInstallation", "TunnelConstructiveElement"),
            *("TunnelHollowSpace", "TunnelFurniture", "CityObjectGroup", "GenericCityObject", "PlantCover"),
            *("SolitaryVegetationObject", "TINRelief", "Road", "Railway", "Waterway", "WaterBody"),
        )
    },
    "IntBuildingInstallation": "BuildingInstallation",
    "Room": "BuildingRoom",
    "BridgeConstructionElement": "BridgeConstructiveElement",
    "IntBridgeInstallation": "BridgeInstallation",
    "IntTunnelInstallation": "TunnelInstallation",
    "HollowSpace": "TunnelHollowSpace",
    "Square": "TransportSquare",
    "GenericOccupiedSpace": "GenericCityObject",
    "GenericUnoccupiedSpace": "GenericCityObject",
    "GenericLogicalSpace": "GenericCityObject",
    "Track": "+Track",
    "TransportationComplex": "+TransportationComplex",
    "RasterRelief": "+RasterRelief",
    "MassPointRelief": "+MassPointRelief",
    "BreaklineRelief": "+BreaklineRelief",
}

# Thematic surface -> what CityJSON calls it; any other keeps its name
_SURFACES = {
    "WindowSurface": "Window",
    "DoorSurface": "Door",
    "Marking": "TransportationMarking",
    "HoleSurface": "TransportationHole",
    "PartyWallSurface": "WallSurface",  # of the Energy ADE 3.0
}

T = TypeVar("T")
Tag = Any  # always a str here; lxml's types allow for more


class Learned(dict[Tag, T], Generic[T]):
    """A dictionary that works out what is asked for the first time."""

    def __init__(self, work_out: Callable[[str], T]) -> None:
        self.work_out = work_out

    def __missing__(self, tag: str) -> T:
        if len(self) >= _MAX_LEARNED:
            self.clear()
        found = self[tag] = self.work_out(tag)
        return found


class Meaning(NamedTuple):
    """What a property is: its role, local name, for geometry its level of detail and kind, and whether of an ADE."""

    role: int
    name: str
    lod: str
    shape: str
    foreign: bool


def _split(tag: str) -> tuple[str, str]:
    space, _, name = tag.rpartition("}")
    return space[1:], name


def is_energy(tag: Tag) -> bool:
    """Tell whether an element belongs to the Energy ADE or to CityGML 3's dynamizers."""
    return bool(_ENERGY.match(_split(tag)[0])) or tag.startswith("{" + _DYNAMIZER)


def _local(tag: str) -> str:
    return _split(tag)[1]


def _meaning(tag: str) -> Meaning:
    space, name = _split(tag)
    foreign = not space.startswith(_OURS)
    if is_energy(tag) or name == "dynamizer":
        return Meaning(ENERGY, name, "", "", foreign)
    if match := _LOD.fullmatch(name):
        return Meaning(GEOMETRY, name, match[1], match[2], foreign)
    if name == "tin" and not foreign:
        return Meaning(GEOMETRY, name, "", name, foreign)
    if space.startswith(_GML) and name == "boundedBy":
        return Meaning(DERIVED, name, "", "", foreign)
    return Meaning(FOREIGN if foreign else _role(name), name, "", "", foreign)


def _role(name: str) -> int:
    if name in _ROLES:
        return _ROLES[name]
    if name.startswith("adeOf"):
        return ADE_HOOK
    if _GENERIC.fullmatch(name):
        return GENERIC
    if re.match(r"lod\d", name):
        return LOST
    return CHILD if _CHILD.match(name) else VALUE


def _class(tag: str) -> str | None:
    space, name = _split(tag)
    if is_energy(tag):
        return None
    if space.startswith(_OURS) or not space:
        return _CLASSES.get(name)
    return f"+{name}"


def _surface(tag: str) -> str | None:
    space, name = _split(tag)
    known = _SURFACES.get(name, name)
    if space.startswith((*_OURS, *([space] if is_energy(tag) else []))):
        return known if name[:1].isupper() else None
    return f"+{known}" if space else None


MEANINGS = Learned(_meaning)
CLASSES = Learned(_class)
SURFACES = Learned(_surface)
local = Learned(_local)
