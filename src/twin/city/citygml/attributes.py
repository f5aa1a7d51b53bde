"""What CityGML says of an object beside its geometry, under the names CityJSON uses."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from math import isfinite
from typing import Any

from twin.city.citygml.gml import Element, local_name

__all__ = ["read_attributes"]

# Properties that lead to other objects or to geometry, read elsewhere or not at all.
_ELSEWHERE = re.compile(
    r"lod\d|boundedBy$|boundary$|consistsOf|buildingPart$|outerBuilding|interior|building(Installation|Room|Subdivision"
    r"|ConstructiveElement|Furniture)$|opening$|fillingSurface$|appearance$|depiction$|generalizesTo$|referencePoint$"
)
_OURS = ("http://www.opengis.net/", "http://www.citygml.org/citygml/", "urn:oasis:")
_GENERIC = re.compile(
    r"(string|int|double|date|uri|measure|code)Attribute|generic(Attribute|AttributeSet)", re.IGNORECASE
)
_NUMBER: dict[str, type[int] | type[float]] = {"int": int, "double": float, "measure": float}
_FEET = {"ft", "foot", "feet", "urn:ogc:def:uom:epsg::9002", "urn:ogc:def:uom:ucum::[ft_i]"}
FOOT_M = 0.3048


def read_attributes(element: Element, unread: Counter[str]) -> dict[str, Any]:
    """Return the attributes of a building, part or surface.

    Parameters
    ----------
    unread
        Counts structured elements of unknown extensions, which are left out.
    """
    attributes: dict[str, Any] = {}
    for child in element:
        name = local_name(child)
        match _kind(name):
            case "elsewhere":
                continue
            case "generic":
                _generic(child, attributes)
            case "reference":
                attributes.setdefault(name, []).append(_flat(child))
            case "height":
                _height(child, attributes)
            case _ if len(child) == 0:
                _leaf(child, name, attributes)
            case _ if not str(child.tag)[1:].startswith(_OURS):
                unread[str(child.tag)] += 1
    return attributes


@lru_cache(maxsize=1024)
def _kind(name: str) -> str:
    """Return how a property of that name is read."""
    if _ELSEWHERE.match(name):
        return "elsewhere"
    if _GENERIC.fullmatch(name):
        return "generic"
    kinds = {"externalReference": "reference", "address": "reference", "height": "height", "measuredHeight": "height"}
    return kinds.get(name, "other")


def _leaf(element: Element, name: str, attributes: dict[str, Any]) -> None:
    """Add a property of plain text; a repeated one becomes a list."""
    text = (element.text or "").strip()
    if not text:
        return
    old = attributes.get(name)
    attributes[name] = text if old is None else [*(old if isinstance(old, list) else [old]), text]
    if space := element.get("codeSpace"):
        attributes.setdefault("codeSpace", {})[name] = space


def _flat(element: Element) -> dict[str, str]:
    """Return all texts below an element by local name; the first of a name wins. Geometry is left out."""
    texts: dict[str, str] = {}
    for leaf in element.iter():
        text = (leaf.text or "").strip()
        if len(leaf) == 0 and text and local_name(leaf) not in ("pos", "posList", "coordinates"):
            texts.setdefault(local_name(leaf), text)
    return texts


def _generic(element: Element, attributes: dict[str, Any]) -> None:
    """Add a generic attribute: CityGML 1 and 2 name it in an XML attribute, 3 in a child of what it wraps."""
    name = local_name(element)
    if name == "genericAttribute":
        for child in element:
            _generic(child, attributes)
        return
    key = (element.get("name") or _text(element, "name")).strip()
    if not key:
        return
    if name.lower() == "genericattributeset":
        nested: dict[str, Any] = {}
        for child in element:
            if _kind(local_name(child)) == "generic":
                _generic(child, nested)
        attributes[key] = nested
    else:
        attributes[key] = _typed(_text(element, "value"), name[: -len("Attribute")].lower())


def _text(element: Element, name: str) -> str:
    """Return the text of the first child of that name, "" if there is none."""
    return next((child.text.strip() for child in element if local_name(child) == name and child.text), "")


def _typed(text: str, kind: str) -> Any:
    try:
        number = _NUMBER[kind](text) if kind in _NUMBER else 0
        return number if kind in _NUMBER and isfinite(number) else text
    except (ValueError, OverflowError):
        return text


def _height(element: Element, attributes: dict[str, Any]) -> None:
    """Add ``measuredHeight`` in metres, which CityGML 3 calls ``height``."""
    value = element if len(element) == 0 else element.find(".//{*}value")
    text = "" if value is None else (value.text or "").strip()
    if value is None or not text or "measuredHeight" in attributes:
        return
    try:
        factor = FOOT_M if value.get("uom", "").lower() in _FEET else 1.0
        attributes["measuredHeight"] = round(float(text) * factor, 6)
    except ValueError:
        attributes["measuredHeight"] = text
