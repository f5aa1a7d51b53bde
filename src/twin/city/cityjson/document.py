"""CityJSON as it is decoded: typed where it is small, left as text where arrays are made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import compress, count
from typing import Any, NamedTuple

import msgspec
from msgspec import Raw

__all__ = [
    "ABSENT",
    "INSTANCE",
    "NESTING",
    "OBJECT",
    "OBJECTS",
    "OBJECT_LOOSE",
    "ROOT",
    "SERIALS",
    "TEXTS",
    "CityObject",
    "Document",
    "Geometry",
    "Pick",
    "Picks",
    "Root",
    "Semantics",
    "Transform",
]

ABSENT = Raw(b"null")
INSTANCE = "GeometryInstance"
SERIALS = count()

# How many lists lie around a surface in "boundaries"; the same less one around its semantic value.
NESTING = {"MultiSurface": 1, "CompositeSurface": 1, "Solid": 2, "MultiSolid": 3, "CompositeSolid": 3}


class Semantics(msgspec.Struct, gc=False):
    """The thematic surfaces of a geometry, and which of them each of its polygons belongs to."""

    surfaces: Raw = ABSENT
    values: Raw = ABSENT


class Geometry(msgspec.Struct, gc=False):
    """A geometry, or an instance of a template; what becomes arrays stays text."""

    type: str
    lod: str | float | None = None
    boundaries: Raw = Raw(b"[]")
    semantics: Semantics | None = None
    template: int | None = None
    matrix: list[float] | None = msgspec.field(default=None, name="transformationMatrix")
    material: Raw = ABSENT
    texture: Raw = ABSENT


class CityObject(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A city object without members of its own.

    Attributes
    ----------
    serial
        Counts all objects decoded: of a key given twice a decoder keeps the last value only, without a word.
    """

    type: str
    attributes: dict[str, Any] | None = None
    parents: list[str] | None = None
    children: Raw = ABSENT
    geometry: list[Geometry] | None = None
    address: Any = None
    geographicalExtent: Raw = ABSENT  # noqa: N815 - CityJSON's name
    serial: int = msgspec.field(default_factory=SERIALS.__next__, name="#serial")


class Root(msgspec.Struct, forbid_unknown_fields=True):
    """A CityJSON object or feature without members of its own, whose objects have none either."""

    type: str
    CityObjects: dict[str, CityObject]
    vertices: Raw
    version: Raw = ABSENT
    transform: Raw = ABSENT
    metadata: Raw = ABSENT
    extensions: Raw = ABSENT
    templates: Raw = msgspec.field(default=ABSENT, name="geometry-templates")
    appearance: Raw = ABSENT
    id: Raw = ABSENT

    def texts(self) -> dict[str, Raw]:
        """Return the members that are text, by name."""
        texts = {name: getattr(self, field) for name, field in _ROOT_TEXTS}
        return {name: text for name, text in texts.items() if text is not ABSENT}


_ROOT_TEXTS = [
    (name, field)
    for name, field in zip(Root.__struct_encode_fields__, Root.__struct_fields__, strict=True)
    if field not in ("type", "CityObjects", "vertices")
]


class LooseObject(CityObject, forbid_unknown_fields=False, gc=False):
    """A city object, whatever else it holds."""


class Transform(msgspec.Struct):
    """From integers to coordinates."""

    scale: tuple[float, float, float]
    translate: tuple[float, float, float]


@dataclass(slots=True, eq=False)
class Document:
    """A CityJSON object or one feature of a text sequence.

    Attributes
    ----------
    place
        Where it is, for messages: ``"line 3"`` in a sequence, else "".
    members
        By identifier, members of objects that CityJSON does not define.
    first_vertex, n_vertices
        The rows of its vertices in the array that holds those of several documents; -1 of them if they are unusable.
    """

    place: str
    vertices: Raw
    objects: dict[str, CityObject]
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    first_vertex: int = 0
    n_vertices: int = 0

    def where(self, identifier: str) -> str:
        """Return the place of an object."""
        return f"{self.place}/CityObjects/{escape(identifier)}"


class Pick(NamedTuple):
    """A geometry that is read, and where it is.

    Attributes
    ----------
    row
        Of its owner in `twin.city.found.Found`; -1 for a template.
    number
        Among the geometries of its owner, or among the templates.
    """

    geometry: Geometry
    row: int
    number: int
    owner: str
    document: Document

    @property
    def place(self) -> str:
        """For messages."""
        if self.row < 0:
            return f"{self.document.place}/geometry-templates/templates/{self.number}"
        return f"{self.document.where(self.owner)}/geometry/{self.number}"


@dataclass(slots=True)
class Picks:
    """Geometries that are read, as columns; a row of them is a `Pick`."""

    geometries: list[Geometry]
    rows: list[int]
    numbers: list[int]
    owners: list[str]
    documents: list[Document]

    @classmethod
    def none(cls) -> Picks:
        """Return no picks."""
        return cls([], [], [], [], [])

    def __len__(self) -> int:
        return len(self.rows)

    def extend(self, more: Picks) -> None:
        """Add others behind them."""
        for column, other in zip(self._columns(), more._columns(), strict=True):
            column += other

    def pick(self, k: int) -> Pick:
        """Return one of them."""
        return Pick(self.geometries[k], self.rows[k], self.numbers[k], self.owners[k], self.documents[k])

    def part(self, start: int, stop: int) -> Picks:
        """Return consecutive ones."""
        return Picks(*(column[start:stop] for column in self._columns()))

    def where(self, mask: Sequence[object]) -> Picks:
        """Return some of them; the same if that is all."""
        return self if all(mask) else Picks(*(list(compress(column, mask)) for column in self._columns()))

    def _columns(self) -> tuple[list[Any], ...]:
        return self.geometries, self.rows, self.numbers, self.owners, self.documents


def escape(name: str) -> str:
    """Return a key as a token of a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


TEXTS = msgspec.json.Decoder(dict[str, Raw])
ROOT = msgspec.json.Decoder(Root)
OBJECTS = msgspec.json.Decoder(dict[str, CityObject])
OBJECT = msgspec.json.Decoder(CityObject)
OBJECT_LOOSE = msgspec.json.Decoder(LooseObject)
