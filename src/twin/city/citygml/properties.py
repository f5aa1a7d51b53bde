"""What CityGML says of an object beside its geometry, under the names CityJSON uses.

Of a structured property, and of any property of an extension (ADE) that nobody interprets, the content is kept as
plain data: a text, or a dict of the element's children by name, of its XML attributes as ``"@name"`` and of its text as
``"#text"``; what is repeated is a list. Properties of an extension are called ``prefix:name``.
"""

from __future__ import annotations

from math import isfinite
from typing import Any

from twin.city.citygml.names import GENERIC, HEIGHT, LINK, MEANINGS, REFERENCE, VALUE, Learned, local
from twin.city.citygml.polygons import HREF
from twin.city.citygml.stream import Element

__all__ = ["add_foreign", "add_nested", "add_property"]

Attributes = dict[str, Any]

_NUMBER: dict[str, type[int] | type[float]] = {"int": int, "double": float, "measure": float}
_FEET = {"ft", "foot", "feet", "urn:ogc:def:uom:epsg::9002", "urn:ogc:def:uom:ucum::[ft_i]"}
_COORDINATES = {"pos", "posList", "coordinates"}
FOOT_M = 0.3048

# Kind of a generic attribute, by its tag
_WRAPPER, _SET = "generic", "set"
_KINDS = Learned(lambda tag: _SET if tag.lower().endswith("set") else local[tag][: -len("Attribute")].lower())


def add_property(element: Element, role: int, name: str, attributes: Attributes) -> None:
    """Add a property of a city object or surface to its attributes."""
    _READERS[role](element, name, attributes)


def add_foreign(element: Element, attributes: Attributes) -> None:
    """Add a property of an extension as plain data."""
    _add(attributes, _key(element), _plain(element))


def _plain(element: Element) -> Any:
    """Return an element's content as plain data; "" for an empty one."""
    text = (element.text or "").strip()
    data: Attributes = {f"@{local[key]}": value for key, value in element.items()}
    for child in element:
        _add(data, _key(child), _plain(child))
    if not data:
        return text
    if text:
        data["#text"] = text
    return data


def _key(element: Element) -> str:
    """Return the name of an element, with its prefix unless it is of CityGML or GML itself."""
    tag = element.tag
    name = local[tag]
    foreign = MEANINGS[tag].foreign and element.prefix
    return f"{element.prefix}:{name}" if foreign else name


def _add(attributes: Attributes, name: str, value: Any) -> None:
    """Add a value; a repeated one becomes a list."""
    if name not in attributes:
        attributes[name] = value
    else:
        add_nested(attributes, name, value)


def add_nested(attributes: Attributes, name: str, value: Any) -> None:
    """Add a value of a property that is a list however often it occurs."""
    values = attributes.setdefault(name, [])
    if not isinstance(values, list):
        values = attributes[name] = [values]
    values.append(value)


def _note(attributes: Attributes, kind: str, name: str, said: str) -> None:
    """Keep the code space or unit of a property beside it."""
    noted = attributes.setdefault(kind, {})
    if isinstance(noted, dict):  # else an attribute of that name is in the way
        noted[name] = said


def _leaf(element: Element, name: str, attributes: Attributes) -> None:
    """Add a property of plain text, or a mere link."""
    text = (element.text or "").strip() or str(element.get(HREF) or "")
    if not text:
        return
    _add(attributes, name, text)
    if element.keys():
        for key in ("codeSpace", "uom"):
            if said := element.get(key):
                _note(attributes, key, name, said)


def _value(element: Element, name: str, attributes: Attributes) -> None:
    """Add a property: a text, or what is below it."""
    if len(element):
        add_nested(attributes, name, _plain(element))
    else:
        _leaf(element, name, attributes)


def _reference(element: Element, name: str, attributes: Attributes) -> None:
    """Add an address or an external reference; there may be several."""
    add_nested(attributes, name, _flat(element))


def _flat(element: Element) -> dict[str, Any]:
    """Return all texts below an element by local name. Geometry is left out."""
    texts: dict[str, Any] = {}
    for leaf in element.iter():
        text = (leaf.text or "").strip()
        name = local[leaf.tag]
        if len(leaf) == 0 and text and name not in _COORDINATES:
            _add(texts, name, text)
    if (href := element.get(HREF)) is not None:
        texts.setdefault("href", str(href))
    return texts


def _generic(element: Element, name: str, attributes: Attributes) -> None:
    """Add a generic attribute: CityGML 1 and 2 name it in an XML attribute, 3 in a child of what it wraps."""
    kind = _KINDS[element.tag]
    if kind == _WRAPPER:
        for child in element:
            _generic(child, name, attributes)
        return
    key = (element.get("name") or _text(element, "name")).strip()
    if not key:
        return
    if kind == _SET:
        nested: Attributes = {}
        for child in element:
            if MEANINGS[child.tag].role == GENERIC:
                _generic(child, name, nested)
        _add(attributes, key, nested)
        return
    text = ""
    for child in element[:]:
        if local[child.tag] == "value":
            text = (child.text or "").strip()
            if kind == "measure" and (unit := child.get("uom")):
                _note(attributes, "uom", key, unit)
            break
    _add(attributes, key, _typed(text, kind) if kind in _NUMBER else text)


def _text(element: Element, name: str) -> str:
    """Return the text of the first child of that name, "" if there is none."""
    return next((child.text.strip() for child in element if local[child.tag] == name and child.text), "")


def _typed(text: str, kind: str) -> Any:
    try:
        number = _NUMBER[kind](text)
        return number if isfinite(number) else text
    except (ValueError, OverflowError):
        return text


def _height(element: Element, name: str, attributes: Attributes) -> None:
    """Add ``measuredHeight`` in metres, which CityGML 3 calls ``height``, and says more of."""
    value: Element | None = element
    if len(element):
        add_nested(attributes, "height", _plain(element))
        value = element.find(".//{*}value")
    text = "" if value is None else (value.text or "").strip()
    if value is None or not text or "measuredHeight" in attributes:
        return
    try:
        factor = FOOT_M if value.get("uom", "").lower() in _FEET else 1.0
        attributes["measuredHeight"] = round(float(text) * factor, 6)
    except ValueError:
        attributes["measuredHeight"] = text


_READERS = {VALUE: _value, GENERIC: _generic, LINK: _leaf, REFERENCE: _reference, HEIGHT: _height}
