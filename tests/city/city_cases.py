"""Small cities to test with: boxes and houses as faces, and faces as CityJSON or CityGML."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from twin.city import City, read_city
from twin.city.derive import with_party_walls

Point = tuple[float, float, float]
Face = tuple[str, Sequence[Sequence[Point]]]  # type, rings (outer first)

WALL, ROOF, GROUND = "WallSurface", "RoofSurface", "GroundSurface"


def prism(outline: Sequence[tuple[float, float]], bottom: float, top: float) -> list[Face]:
    """A flat-roofed building over an outline that runs counter-clockwise."""
    low = [(x, y, bottom) for x, y in outline]
    high = [(x, y, top) for x, y in outline]
    following = [*range(1, len(outline)), 0]
    walls: list[Face] = [(WALL, [[low[i], low[j], high[j], high[i]]]) for i, j in enumerate(following)]
    return [(GROUND, [low[::-1]]), (ROOF, [high]), *walls]


def box(x: float, y: float, width: float, depth: float, height: float, bottom: float = 0.0) -> list[Face]:
    outline = [(x, y), (x + width, y), (x + width, y + depth), (x, y + depth)]
    return prism(outline, bottom, bottom + height)


def turned(faces: Iterable[Face]) -> list[Face]:
    """The same faces seen from the other side."""
    return [(kind, [list(ring)[::-1] for ring in rings]) for kind, rings in faces]


def geometry(faces: Sequence[Face], number: Any, lod: str = "2", kind: str = "Solid", semantics: bool = True) -> Any:
    boundaries = [[[number(p) for p in ring] for ring in rings] for _, rings in faces]
    values = list(range(len(faces)))
    made: dict[str, Any] = {"type": kind, "lod": lod, "boundaries": [boundaries] if kind == "Solid" else boundaries}
    if semantics:
        surfaces = [{"type": kind} for kind, _ in faces]
        made["semantics"] = {"surfaces": surfaces, "values": [values] if kind == "Solid" else values}
    return made


class Vertices:
    """Numbers points on a millimetre grid."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[int, ...], int] = {}

    def __call__(self, point: Point) -> int:
        key = tuple(round(c * 1000) for c in point)
        return self.numbers.setdefault(key, len(self.numbers))

    @property
    def points(self) -> list[list[int]]:
        return [list(key) for key in self.numbers]


def cityjson(
    buildings: Mapping[str, Sequence[Face]], crs: str | None = "EPSG:25832", **attributes: Any
) -> dict[str, Any]:
    """A CityJSON 2.0 document with one Solid per building; ``attributes`` go to all of them."""
    vertices = Vertices()
    objects = {
        name: {"type": "Building", "attributes": dict(attributes), "geometry": [geometry(faces, vertices)]}
        for name, faces in buildings.items()
    }
    document: dict[str, Any] = {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [0.001, 0.001, 0.001], "translate": [0.0, 0.0, 0.0]},
        "CityObjects": objects,
        "vertices": vertices.points,
    }
    if crs:
        document["metadata"] = {"referenceSystem": f"https://www.opengis.net/def/crs/EPSG/0/{crs.rpartition(':')[2]}"}
    return document


def read_document(folder: Path, document: Any, **options: Any) -> City:
    path = folder / "city.city.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return read_city(path, **options)


def city_of(folder: Path, buildings: Mapping[str, Sequence[Face]], **attributes: Any) -> City:
    return read_document(folder, cityjson(buildings, **attributes))


def neighbours_of(folder: Path, buildings: Mapping[str, Sequence[Face]], **attributes: Any) -> City:
    """The same with the walls that they share."""
    return with_party_walls(city_of(folder, buildings, **attributes))


GML = "http://www.opengis.net/gml"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<CityModel xmlns="http://www.opengis.net/citygml/2.0" xmlns:bldg="http://www.opengis.net/citygml/building/2.0" '
    'xmlns:gen="http://www.opengis.net/citygml/generics/2.0" xmlns:gml="http://www.opengis.net/gml" '
    'xmlns:xlink="http://www.w3.org/1999/xlink">\n'
)
ENVELOPE = '<gml:boundedBy><gml:Envelope srsName="{}"/></gml:boundedBy>\n'


def gml_polygon(rings: Sequence[Sequence[Point]], name: str = "") -> str:
    tags = ["exterior", *["interior"] * (len(rings) - 1)]
    body = ""
    for tag, ring in zip(tags, rings, strict=True):
        numbers = " ".join(f"{c!r}" for point in [*ring, ring[0]] for c in point)
        body += f"<gml:{tag}><gml:LinearRing><gml:posList>{numbers}</gml:posList></gml:LinearRing></gml:{tag}>"
    return f"<gml:Polygon{f' gml:id={chr(34)}{name}{chr(34)}' if name else ''}>{body}</gml:Polygon>"


def gml_multi(members: Iterable[str]) -> str:
    inner = "".join(f"<gml:surfaceMember>{member}</gml:surfaceMember>" for member in members)
    return f"<gml:MultiSurface>{inner}</gml:MultiSurface>"


def gml_bounded(faces: Sequence[Face], name: str, lod: int = 2) -> str:
    """Boundary surfaces with polygons called ``<name>-p<k>``."""
    return "".join(
        f'<bldg:boundedBy><bldg:{kind} gml:id="{name}-s{k}"><bldg:lod{lod}MultiSurface>'
        f"{gml_multi([gml_polygon(rings, f'{name}-p{k}')])}</bldg:lod{lod}MultiSurface></bldg:{kind}></bldg:boundedBy>"
        for k, (kind, rings) in enumerate(faces)
    )


def gml_solid(members: Iterable[str], lod: int = 2) -> str:
    inner = "".join(
        member if member.startswith("<gml:surfaceMember") else f"<gml:surfaceMember>{member}</gml:surfaceMember>"
        for member in members
    )
    return (
        f"<bldg:lod{lod}Solid><gml:Solid><gml:exterior><gml:CompositeSurface>{inner}"
        f"</gml:CompositeSurface></gml:exterior></gml:Solid></bldg:lod{lod}Solid>"
    )


def gml_links(name: str, n: int) -> list[str]:
    return [f'<gml:surfaceMember xlink:href="#{name}-p{k}"/>' for k in range(n)]


def gml_building(name: str, body: str) -> str:
    return f'<cityObjectMember><bldg:Building gml:id="{name}">{body}</bldg:Building></cityObjectMember>\n'


def gml_model(*members: str, crs: str | None = "urn:ogc:def:crs:EPSG::25832") -> str:
    return HEAD + (ENVELOPE.format(crs) if crs else "") + "".join(members) + "</CityModel>\n"


def read_gml(folder: Path, text: str | bytes, **options: Any) -> City:
    path = folder / "city.gml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_city(path, **options)


def look_into(city: City) -> None:
    """Ask for all that is made only when it is asked for, none of which may fail."""
    for table in city.tables.values():
        assert len(table.ids) == len(table)
        for name in table.names:
            assert len(table[name]) == len(table)
    for name, attributes in city.attributes.items():
        assert len(list(attributes)) == len(city.tables[name]) if name in city.tables else not list(attributes)
    assert all(finding["message"] for finding in city.metadata["findings"])


def codes(city: City) -> list[str]:
    """The codes of what was doubtful, sorted."""
    return sorted(finding["code"] for finding in city.metadata["findings"])


def assert_same(a: City, b: City) -> None:
    """Two cities are the same but for rounding to the millimetre, and for what was doubtful when they were read."""
    assert a.tables.keys() == b.tables.keys()
    for name, table in a.tables.items():
        other = b.table(name)
        assert list(table.ids) == list(other.ids)
        assert table.names == other.names
        for column in table.names:
            np.testing.assert_array_equal(table.source(column), other.source(column), column)
            if table[column].dtype.kind != "f":
                np.testing.assert_array_equal(table[column], other[column], column)
    for name in ("footprint_m2", "volume_m3", "height_m"):
        np.testing.assert_allclose(b.buildings[name], a.buildings[name], rtol=1e-3, atol=0.05, err_msg=name)
    for name in ("ring_vertices", "ring_offsets", "surface_offsets"):
        np.testing.assert_array_equal(getattr(a.geometry, name), getattr(b.geometry, name), name)
    np.testing.assert_allclose(b.geometry.vertices, a.geometry.vertices, rtol=0, atol=5.1e-4)
    assert (a.crs, a.lod) == (b.crs, b.lod)
    assert a.attributes == b.attributes
