"""All geometry of a CityJSON file or text sequence as primitives, whatever its level of detail."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from twin.city.check.metres import in_metres
from twin.city.check.primitives import Collector, Owner, Primitives
from twin.city.check.rules import Note, Rules, as_list, as_object
from twin.city.cityjson.document import escape
from twin.city.source import Source

__all__ = ["read_cityjson_primitives"]

# How many lists lie around a surface in "boundaries"
_NESTING = {"MultiSurface": 1, "CompositeSurface": 1, "Solid": 2, "MultiSolid": 3, "CompositeSolid": 3}
_BUILDINGS = ("Building", "BuildingPart")
Floats = NDArray[np.float64]
_Json = Mapping[str, Any]


def read_cityjson_primitives(source: Source, crs: str | None = None) -> tuple[Primitives, list[Note]]:
    """Return the geometry of a file that `twin.city.cityjson.read_cityjson` accepts, and breaches of the format.

    Coordinates are brought to metres; geometry templates are looked at once, where they are defined.
    """
    collected = Collector(rings_closed=False)
    rules = Rules()
    header: _Json = {}
    for place, text in _documents(source.read()):
        try:
            document = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:  # in what reading passes over
            raise source.error(f"cannot be decoded ({error})", place or None, "CityJSON") from error
        header = document if document.get("type") == "CityJSON" else header
        rules.document(document, header, place)
        _Geometries(collected, rules, document, header, place).read()
    primitives = collected.done()
    stated = as_object(header.get("metadata")).get("referenceSystem")
    return in_metres(primitives, stated if isinstance(stated, str) else None, crs), rules.notes()


def _documents(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the one document of a file, or each line of a text sequence, with its place."""
    first, _, rest = data.partition(b"\n")
    if not (first.rstrip().endswith(b"}") and rest.strip()):
        yield "", data
        return
    for number, text in enumerate(data.split(b"\n"), 1):
        if text.strip():
            yield f"line {number}", text


class _Geometries:
    """Adds the geometry of one document."""

    def __init__(self, collected: Collector, rules: Rules, document: _Json, header: _Json, place: str) -> None:
        self.collected, self.rules, self.document, self.place = collected, rules, document, place
        self.transform = header.get("transform")
        self.others: list[int] = []  # vertices of points, lines and instances of templates

    def read(self) -> None:
        self._templates()
        objects = as_object(self.document.get("CityObjects"))
        vertices = np.array(self.document.get("vertices") or [], dtype=np.float64).reshape(-1, 3)
        start, n = self.collected.add_coordinates(self._transformed(vertices)), len(vertices)
        first = len(self.collected.corners)
        rows: dict[str, int] = {}
        for identifier, entry in objects.items():
            rows[identifier] = len(self.collected.objects)
            self.collected.objects.append(Owner(identifier, str(entry.get("type"))))
        for identifier, entry in objects.items():
            root = _root(identifier, objects)
            if root is not None:
                self.collected.objects[rows[identifier]] = Owner(identifier, str(entry.get("type")), rows[root])
            for k, geometry in enumerate(as_list(entry.get("geometry"))):
                here = f"{self.place}/CityObjects/{escape(identifier)}/geometry/{k}"
                self._add(geometry, rows[identifier], start, n, here)
            self._unread(entry.get("address"))
        used = np.array(self.collected.corners[first:], dtype=np.int64) - start
        self.rules.vertices(vertices, np.concatenate([used, np.array(self.others, dtype=np.int64)]), self.place)

    def _templates(self) -> None:
        held = as_object(self.document.get("geometry-templates"))
        templates = as_list(held.get("templates"))
        if not templates:
            return
        vertices = np.array(held.get("vertices-templates") or [], dtype=np.float64).reshape(-1, 3)
        start = self.collected.add_coordinates(vertices)
        row = len(self.collected.objects)
        self.collected.objects.append(Owner("geometry templates", "template"))
        for k, template in enumerate(templates):
            self._add(template, row, start, len(vertices), f"{self.place}/geometry-templates/templates/{k}")

    def _transformed(self, vertices: Floats) -> Floats:
        if not self.transform:
            return vertices
        scale, translate = (np.array(self.transform[name], dtype=np.float64) for name in ("scale", "translate"))
        moved: Floats = vertices * scale + translate
        return moved

    def _add(self, geometry: _Json, row: int, start: int, n: int, place: str) -> None:
        depth = _NESTING.get(str(geometry.get("type")))
        if depth is None:
            self._unread(geometry.get("boundaries"))
            return
        try:
            solids = _solids(geometry.get("boundaries") or [], depth, start, n)
        except IndexError as error:
            text = f"vertex index {error} is out of range, expected 0 to {n - 1}"
            self.rules.note("901", text, f"{place}/boundaries", self.collected.objects[row].id)
            return
        except TypeError:
            text = f"the boundaries are not nested like those of a {geometry['type']}, or hold what is no whole number"
            self.rules.note("901", text, f"{place}/boundaries", self.collected.objects[row].id)
            return
        self.collected.add(str(geometry["type"]), row, _lod(geometry), place, solids)

    def _unread(self, value: Any) -> None:
        """Note which vertices are used by what is no surface."""
        if type(value) is int:
            self.others.append(value)
        elif isinstance(value, Mapping):
            self._unread(as_object(value.get("location")).get("boundaries"))
        elif isinstance(value, list):
            for part in value:
                self._unread(part)


def _lod(geometry: _Json) -> str:
    lod = geometry.get("lod", "")
    return f"{lod:g}" if isinstance(lod, float) else str(lod)


def _root(identifier: str, objects: Mapping[str, _Json]) -> str | None:
    """Return the top-level building of a building or part, None for other objects."""
    if objects[identifier].get("type") not in _BUILDINGS:
        return None
    trail = {identifier}
    while parents := objects[identifier].get("parents"):
        parent = parents[0]
        if parent in trail or objects.get(parent, {}).get("type") not in _BUILDINGS:
            break
        trail.add(parent)
        identifier = parent
    return identifier


_Surface = tuple[str | tuple[int | str, ...], list[list[int]]]


def _solids(boundaries: Sequence[Any], depth: int, start: int, n: int) -> list[list[list[_Surface]]]:
    """Return solids of shells of surfaces with their path, vertices numbered on from ``start``.

    Raises
    ------
    IndexError, TypeError
        If an index is none of the ``n`` vertices, or lists are nested differently.
    """

    def shell(surfaces: Sequence[Any], *path: int) -> list[_Surface]:
        return [
            (("boundaries", *path, k), [_ring(ring, start, n) for ring in rings]) for k, rings in enumerate(surfaces)
        ]

    if depth == 1:
        return [[shell(boundaries)]]
    if depth == 2:
        return [[shell(surfaces, s) for s, surfaces in enumerate(boundaries)]]
    return [[shell(surfaces, b, s) for s, surfaces in enumerate(shells)] for b, shells in enumerate(boundaries)]


def _ring(ring: Sequence[int], start: int, n: int) -> list[int]:
    if any(type(index) is not int for index in ring):
        raise TypeError
    if ring and not 0 <= min(ring) <= max(ring) < n:
        raise IndexError(min(ring) if min(ring) < 0 else max(ring))
    return [index + start for index in ring]
