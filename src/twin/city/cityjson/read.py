"""Read CityJSON 1.0 to 2.0 and CityJSON text sequences."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

import msgspec
import numpy as np

from twin.city.found import TYPE_CODES, UNKNOWN_TYPE, Found, best_lod
from twin.city.source import Source
from twin.errors import Problems

__all__ = ["read_cityjson"]

_VERSION = re.compile(r"(1\.[01]|2\.0)(\.\d+)?")
_LOD = re.compile(r"\d(\.\d)?")
_DEEP = b"[" * 64  # far deeper than any boundary; only looked for once decoding has failed
_MAX_PROBLEMS = 100

# How many lists lie around a surface in "boundaries"; the same less one around its semantic value.
_NESTING = {"MultiSurface": 1, "CompositeSurface": 1, "Solid": 2, "MultiSolid": 3, "CompositeSolid": 3}
_BOUNDARIES: dict[int, Any] = {
    1: msgspec.json.Decoder(list[list[list[int]]]),
    2: msgspec.json.Decoder(list[list[list[list[int]]]]),
    3: msgspec.json.Decoder(list[list[list[list[list[int]]]]]),
}
_Values = list[int | None] | None
_VALUES: dict[int, Any] = {
    1: msgspec.json.Decoder(_Values),
    2: msgspec.json.Decoder(list[_Values] | None),
    3: msgspec.json.Decoder(list[list[_Values] | None] | None),
}


class _Semantics(msgspec.Struct):
    surfaces: list[dict[str, Any]] = []
    values: msgspec.Raw = msgspec.Raw(b"null")


class _Geometry(msgspec.Struct):
    type: str
    lod: str | float | None = None
    boundaries: msgspec.Raw = msgspec.Raw(b"[]")
    semantics: _Semantics | None = None


class _Object(msgspec.Struct):
    type: str
    attributes: dict[str, Any] | None = None
    parents: list[str] | None = None
    geometry: list[_Geometry] | None = None
    address: Any = None


class _Transform(msgspec.Struct):
    scale: tuple[float, float, float]
    translate: tuple[float, float, float]


class _Document(msgspec.Struct):
    type: str
    vertices: list[tuple[float, float, float]]
    CityObjects: msgspec.Raw
    version: str = ""
    transform: _Transform | None = None
    metadata: dict[str, Any] | None = None


class _Type(msgspec.Struct):
    type: str = ""


_DOCUMENT = msgspec.json.Decoder(_Document)
_OBJECTS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_OBJECT = msgspec.json.Decoder(_Object)


def read_cityjson(source: Source, lod: str) -> Found:
    """Read the buildings of a CityJSON file or text sequence, one geometry each.

    Of every building or part the highest level of detail not above ``lod`` is taken (else the lowest above it); of
    several geometries at that level one with semantics, a solid before surfaces.

    Raises
    ------
    TwinError
        If the file is no JSON, no CityJSON, of an unknown version, or its indices, parents or transform are wrong;
        names line and column or JSON pointer. All such problems of the file at once.
    """
    found = Found(str(source.path), rings_closed=False)
    with Problems(source.path) as problems:
        reader = _Reader(found, problems, lod)
        for place, text in _documents(source.read()):
            reader.document(text, place)
    found.close_block()
    return found


def _documents(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the place and text of the one document of a file, or of each line of a text sequence."""
    first, _, rest = data.partition(b"\n")
    if not (first.rstrip().endswith(b"}") and rest.strip()):
        yield "", data
        return
    for number, text in enumerate(data.split(b"\n"), 1):
        if text.strip():
            yield f"line {number}", text


class _Reader:
    """Adds documents to a `Found`; of a text sequence the first carries transform and metadata."""

    def __init__(self, found: Found, problems: Problems, lod: str) -> None:
        self.found, self.problems, self.lod = found, problems, lod
        self.transform: _Transform | None = None
        self.version = ""
        self.ids: set[str] = set()

    def problem(self, message: str, place: str, expected: str | None = None) -> None:
        if len(self.problems.found) < _MAX_PROBLEMS:
            self.problems.add(message, place or None, expected)

    def decode(self, decoder: Callable[[bytes | msgspec.Raw], Any], text: bytes | msgspec.Raw, place: str) -> Any:
        """Return what the decoder makes of a text, None after noting a problem."""
        try:
            return decoder(text)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at ")
            deep = "nested too deeply: " if _DEEP in bytes(text) else ""
            self.problem(deep + message[:1].lower() + message[1:], place + _pointer(path))
        except RecursionError:
            self.problem("nested too deeply", place, "the nesting of CityJSON")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self.problem(*_malformed(bytes(text), error, place))
        return None

    def document(self, text: bytes, place: str) -> None:
        """Read a CityJSON object or feature."""
        document = self.decode(_DOCUMENT.decode, text, place)
        if document is None:
            self._not_ours(text)
            return
        if document.type == "CityJSON":
            self._header(document, place)
        elif document.type != "CityJSONFeature" or not self.version:
            self.problem(f"this is JSON of type {document.type!r}, no CityJSON", f"{place}/type", '"CityJSON"')
            return
        objects = self._objects(document.CityObjects, place)
        start = self._vertices(document, place)
        if start is not None:
            self._buildings(objects, start, len(document.vertices), place)

    def _not_ours(self, text: bytes) -> None:
        """Replace a complaint about members by one about the whole file if it is something else altogether."""
        try:
            kind = msgspec.json.decode(text, type=_Type).type
        except (ValueError, RecursionError):
            return
        if kind not in ("CityJSON", "CityJSONFeature") and not self.version:
            what = f"of type {kind!r}" if kind else "without a type"
            self.problems.found.clear()
            self.problem(f"this is JSON {what}, no CityJSON", "/type", '"CityJSON"')

    def _header(self, document: _Document, place: str) -> None:
        self.version, self.transform = document.version, document.transform
        if not _VERSION.fullmatch(document.version):
            self.problem(f"version is {document.version!r}", f"{place}/version", "1.0, 1.1 or 2.0")
        metadata = document.metadata or {}
        stated = metadata.get("referenceSystem")
        self.found.crs_as_found = stated if isinstance(stated, str) else None
        for name, key in (("title", "title"), ("crs_as_found", "twin_crs_as_found")):
            if isinstance(metadata.get(key), str):
                self.found.metadata[name] = metadata[key]

    def _objects(self, raw: msgspec.Raw, place: str) -> dict[str, _Object]:
        texts = self.decode(_OBJECTS.decode, raw, f"{place}/CityObjects") or {}
        for identifier in _repeated(bytes(raw), texts):
            self.problem(
                f"object {identifier} is given twice", f"{place}/CityObjects/{_escape(identifier)}", "unique ids"
            )
        objects = {}
        for identifier, text in texts.items():
            here = f"{place}/CityObjects/{_escape(identifier)}"
            if "\0" in identifier:
                self.problem(f"object id {identifier!r} holds a NUL character", here, "printable text")
            elif (made := self.decode(_OBJECT.decode, text, here)) is not None:
                objects[identifier] = made
        return objects

    def _vertices(self, document: _Document, place: str) -> int | None:
        """Append the document's vertices, return the number of the first, None if they cannot be used."""
        corners = np.array(document.vertices, dtype=np.float64).reshape(-1, 3)
        if self.transform is not None:
            scale, translate = np.array(self.transform.scale), np.array(self.transform.translate)
            if not (np.isfinite(scale).all() and (scale != 0).all()):
                self.problem(f"scale is {scale.tolist()}", f"{place}/transform/scale", "numbers other than 0")
                return None
            with np.errstate(over="ignore", invalid="ignore"):
                corners = corners * scale + translate
            if not np.isfinite(corners).all():
                text = f"vertices are not finite under scale {scale.tolist()} and translate {translate.tolist()}"
                self.problem(text, f"{place}/transform", "numbers that stay finite")
                return None
        start = len(self.found.coordinates) // 3
        self.found.coordinates.frombytes(corners.tobytes())
        return start

    def _buildings(self, objects: dict[str, _Object], start: int, n_vertices: int, place: str) -> None:
        roots = self._roots(objects, place)
        rows: dict[str, int] = {}
        members: dict[str, list[str]] = {}
        for identifier in sorted(roots, key=lambda name: roots[name] != name):  # buildings before their parts
            if identifier in self.ids:
                here = f"{place}/CityObjects/{_escape(identifier)}"
                self.problem(f"object {identifier} is given twice", here, "unique ids")
            self.ids.add(identifier)
            root = roots[identifier]
            parent = -1 if root == identifier else rows[root]
            rows[identifier] = self.found.add_object(identifier, parent, _attributes(objects[identifier]))
            members.setdefault(root, []).append(identifier)
        for names in members.values():
            self._geometries(objects, rows, names, start, n_vertices, place)

    def _roots(self, objects: dict[str, _Object], place: str) -> dict[str, str]:
        """Return the top-level building of every building and part."""
        roots = {}
        for identifier, entry in objects.items():
            if entry.type not in ("Building", "BuildingPart"):
                continue
            here = f"{place}/CityObjects/{_escape(identifier)}"
            trail, current = [identifier], entry
            while current.parents:
                parent = current.parents[0]
                if parent in trail:
                    self.problem(f"object {identifier} is its own parent (cycle over {parent})", f"{here}/parents")
                    break
                if parent not in objects:
                    text = f"{trail[-1]} has the parent {parent}, which does not exist; it counts as a building"
                    self.found.warn("parent-missing", text, trail[-1], f"{here}/parents")
                    break
                if objects[parent].type not in ("Building", "BuildingPart"):
                    break
                trail.append(parent)
                current = objects[parent]
            if entry.type == "BuildingPart" and not entry.parents:
                self.problem(f"part {identifier} has no parents", here, "the building it is part of")
            roots[identifier] = trail[-1]
        return {identifier: root for identifier, root in roots.items() if roots.get(root) == root}

    def _geometries(
        self, objects: dict[str, _Object], rows: dict[str, int], names: list[str], start: int, n: int, place: str
    ) -> None:
        """Add one geometry of each of a building (the first name) and its parts."""
        offered = {name: self._offers(objects[name], name, place) for name in names}
        chosen = {name: best_lod(offered[name], self.lod) for name in names}
        of_parts = [lod for name, lod in chosen.items() if lod and name != names[0]]
        if of_parts and chosen[names[0]] != best_lod(filter(None, chosen.values()), self.lod):
            chosen[names[0]] = None  # the building's own, coarser geometry covers its parts once more
        for name in names:
            lod = chosen[name]
            if lod is None:
                continue
            number, geometry = offered[name][lod]
            here = f"{place}/CityObjects/{_escape(name)}/geometry/{number}"
            self.found.lods[rows[name]] = lod
            self._geometry(geometry, rows[name], start, n, here)

    def _offers(self, entry: _Object, name: str, place: str) -> dict[str, tuple[int, _Geometry]]:
        """Return by level of detail the number of the best geometry, and that geometry."""
        offers: dict[str, tuple[int, _Geometry]] = {}
        for number, geometry in enumerate(entry.geometry or []):
            if geometry.type not in _NESTING:
                continue
            lod = f"{geometry.lod:g}" if isinstance(geometry.lod, float) else str(geometry.lod)
            if not _LOD.fullmatch(lod):
                here = f"{place}/CityObjects/{_escape(name)}/geometry/{number}/lod"
                self.problem(f"lod is {geometry.lod!r}", here, "a level such as 2.2")
            elif lod not in offers or _rank(geometry) > _rank(offers[lod][1]):
                offers[lod] = number, geometry
        return offers

    def _geometry(self, geometry: _Geometry, row: int, start: int, n: int, place: str) -> None:
        found, depth = self.found, _NESTING[geometry.type]
        boundaries = self.decode(_BOUNDARIES[depth].decode, geometry.boundaries, f"{place}/boundaries")
        if boundaries is None:
            return
        surfaces: list[list[list[int]]] = _unnest(boundaries, depth)
        rings = list(chain.from_iterable(surfaces))
        corners = list(chain.from_iterable(rings))
        wrong = sorted({index for index in corners if not 0 <= index < n})
        if wrong:
            text = f"vertex index {', '.join(map(str, wrong[:5]))} of {found.ids[row]} is out of range"
            self.problem(text, f"{place}/boundaries", f"0 to {n - 1}")
            return
        found.ring_vertices.extend(index + start for index in corners)
        found.ring_sizes.extend(map(len, rings))
        for surface, semantic in zip(surfaces, self._semantics(geometry, row, surfaces, place), strict=True):
            found.add_surface(row, *semantic, len(surface))

    def _semantics(
        self, geometry: _Geometry, row: int, surfaces: Sequence[Any], place: str
    ) -> list[tuple[int, str, dict[str, Any]]]:
        """Return type, identifier and attributes of every surface."""
        unknown: tuple[int, str, dict[str, Any]] = (UNKNOWN_TYPE, "", {})
        if geometry.semantics is None:
            return [unknown] * len(surfaces)
        depth = _NESTING[geometry.type]
        here = f"{place}/semantics"
        values = self.decode(_VALUES[depth].decode, geometry.semantics.values, f"{here}/values")
        flat: list[int | None] = _unnest_values(values, depth)
        meanings = [self._meaning(entry, f"{here}/surfaces/{k}") for k, entry in enumerate(geometry.semantics.surfaces)]
        name = self.found.ids[row]
        wrong = {value for value in flat if value is not None and not 0 <= value < len(meanings)}
        if wrong:
            text = f"semantic value {min(wrong)} of {name} is out of range"
            self.problem(text, f"{here}/values", f"0 to {len(meanings) - 1}")
            return [unknown] * len(surfaces)
        if values is not None and len(flat) != len(surfaces):
            text = (
                f"{name} has {len(flat)} semantic values for {len(surfaces)} surfaces; the slope decides on all of them"
            )
            self.found.warn("semantics-incomplete", text, name, f"{here}/values")
            flat = []
        if not flat:
            return [unknown] * len(surfaces)
        return [unknown if value is None else meanings[value] for value in flat]

    def _meaning(self, entry: dict[str, Any], place: str) -> tuple[int, str, dict[str, Any]]:
        kind, identifier = entry.get("type"), entry.get("id")
        if not isinstance(kind, str):
            self.problem("semantic surface has no type", place, "a type such as RoofSurface")
            kind = ""
        code = UNKNOWN_TYPE if entry.get("twin_type_source") == "derived" else TYPE_CODES.get(kind, UNKNOWN_TYPE)
        left_out = {"type", "id", "parent", "children", "twin_type_source"}
        attributes = {name: value for name, value in entry.items() if name not in left_out}
        return code, identifier if isinstance(identifier, str) else "", attributes


def _rank(geometry: _Geometry) -> tuple[bool, bool]:
    meant = geometry.semantics is not None and bool(geometry.semantics.surfaces)
    return meant, geometry.type.endswith("Solid")


def _attributes(entry: _Object) -> dict[str, Any]:
    """Return an object's attributes with its address among them, as a list without geometry."""
    attributes = dict(entry.attributes or {})
    addresses = entry.address if isinstance(entry.address, list) else [entry.address]
    kept = [{k: v for k, v in address.items() if k != "location"} for address in addresses if isinstance(address, dict)]
    if kept and "address" not in attributes:
        attributes["address"] = kept
    return attributes


def _unnest(boundaries: list[Any], depth: int) -> list[list[list[int]]]:
    """Return the surfaces of all shells and solids in one list."""
    for _ in range(depth - 1):
        boundaries = list(chain.from_iterable(boundaries))
    return boundaries


def _unnest_values(values: list[Any] | None, depth: int) -> list[int | None]:
    for _ in range(depth - 1):
        values = list(chain.from_iterable(shell or [] for shell in values or []))
    return values or []


def _repeated(raw: bytes, texts: dict[str, msgspec.Raw]) -> list[str]:
    """Return keys that an object holds more than once, of which a decoder keeps only the last.

    Without blanks an object is as long as its keys and values and their punctuation; only where that does not add up
    (a repeated key, or one written with escapes) is the text parsed again.
    """
    blanks = b" \t\r\n"
    keys = sum(len(msgspec.json.encode(key).translate(None, blanks)) for key in texts)
    values = sum(len(bytes(value).translate(None, blanks)) for value in texts.values())
    if keys + values + 2 * len(texts) + (1 if texts else 2) == len(raw.translate(None, blanks)):
        return []
    repeated: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if made.keys() == texts.keys() and len(pairs) > len(made):
            repeated.extend(name for name, uses in Counter(name for name, _ in pairs).items() if uses > 1)
        return made

    with suppress(RecursionError):  # too deep for this parser: the objects' own decoding will say so
        json.loads(raw, object_pairs_hook=note, parse_int=float)
    return repeated


def _escape(name: str) -> str:
    """Return a key as a token of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _pointer(path: str) -> str:
    """Return msgspec's path (`` `$.geometry[0].lod` ``) as a JSON pointer."""
    return re.sub(r"[.\[]", "/", path.strip("`").removeprefix("$")).replace("]", "")


def _malformed(text: bytes, error: Exception, place: str) -> tuple[str, str, str]:
    """Return message, place and expectation for text that is no JSON."""
    match = re.search(r"\(byte (\d+)\)", str(error))
    at = int(match[1]) if match else getattr(error, "start", None)
    offset = len(text) if at is None else at
    line, column = text.count(b"\n", 0, offset) + 1, offset - text.rfind(b"\n", 0, offset)
    near = text[offset : offset + 12].decode("utf-8", "replace")
    reason = re.sub(r"\s*\(byte \d+\)|JSON is malformed: ", "", str(error))
    where = place or f"{line}:{column}"
    what = f"{place or f'line {line}'}, column {column}: {reason}" + (f" at {near!r}" if near else " (end of file)")
    return what[:1].lower() + what[1:], where, "JSON"
