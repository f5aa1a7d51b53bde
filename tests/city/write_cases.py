"""Cities to write, and what was written of them."""

from __future__ import annotations

import json

import numpy as np
from city_cases import ROOF, Vertices, assert_same, box, cityjson, geometry

from twin.city import read_city
from twin.city.cityjson import write_cityjson
from twin.city.found import NOTHING, Block, Found


def there_and_back(city, path, **options):
    write_cityjson(city, path, **options)
    return read_city(path)


def written(city, path, **options):
    write_cityjson(city, path, **options)
    return json.loads(path.read_text())


def assert_wholly_same(city, again):
    """All of a city, down to the grid: also its surroundings, and what is kept of the file unread."""
    assert_same(city, again)
    for name in ("ring_vertices", "ring_offsets", "surface_offsets"):
        np.testing.assert_array_equal(getattr(city.surroundings, name), getattr(again.surroundings, name), name)
    np.testing.assert_allclose(again.surroundings.vertices, city.surroundings.vertices, rtol=0, atol=5.1e-4)
    assert city.members == again.members
    for name in ("title", "members", "crs_as_found", "volume_method"):
        assert city.metadata.get(name) == again.metadata.get(name), name


QUAD = [(0.0, 0.0, 3.0), (2.0, 0.0, 3.0), (2.0, 1.0, 3.0), (0.0, 1.0, 3.0)]
TRIANGLES = [("", [[(0.0, 0, 0), (9.0, 0, 0), (9.0, 9, 1)]]), ("", [[(0.0, 0, 0), (9.0, 9, 1), (0.0, 9, 0.5)]])]


def quarter() -> dict:
    """A building with a part, a balcony on the part and a room, and what stands and lies around it."""
    vertices = Vertices()

    def shape(faces, kind="MultiSurface", semantics=False):
        return [geometry(faces, vertices, kind=kind, semantics=semantics)]

    document = cityjson({}, crs="EPSG:28992")
    document["CityObjects"] = {
        "house": {
            "type": "Building",
            "children": ["annex", "hall"],
            "geometry": shape(box(0, 0, 10, 8, 9), "Solid", True),
            "funding": {"year": 2020},
        },
        "annex": {
            "type": "BuildingPart",
            "parents": ["house"],
            "children": ["balcony"],
            "attributes": {"colour": "red"},
            "geometry": shape(box(10, 0, 5, 8, 4), "Solid", True),
        },
        "balcony": {
            "type": "BuildingInstallation",
            "parents": ["annex"],
            "geometry": shape([(ROOF, [QUAD])], semantics=True),
        },
        "hall": {"type": "BuildingRoom", "parents": ["house"], "attributes": {"usage": "1000"}},
        "tree": {
            "type": "SolitaryVegetationObject",
            "attributes": {"species": "1040", "height": 5},
            "geometry": shape(box(20, 0, 2, 2, 5)),
        },
        "pond": {"type": "WaterBody", "geometry": shape([("WaterSurface", [QUAD])], semantics=True)},
        "lane": {"type": "Road", "geometry": shape(box(30, 0, 9, 2, 0.1))},
        "hill": {"type": "TINRelief", "geometry": shape(TRIANGLES, "CompositeSurface")},
        "sign": {"type": "+Billboard", "attributes": {"text": "twin"}, "geometry": shape(box(40, 0, 2, 1, 3))},
        "site": {"type": "GenericCityObject", "attributes": {"nothing": None}},
    }
    document["vertices"] = vertices.points
    return document


def found_with(types, hosts=None):
    """A box of six surfaces of given types, found in no file."""
    faces = box(0, 0, 4, 4, 4)
    vertices = Vertices()
    corners = [vertices(point) for _, rings in faces for point in rings[0]]
    found = Found("none", rings_closed=False)
    found.add_object("a", -1, {}, "Building")
    found.lods[0] = "2"
    n = len(faces)
    codes = np.array([found.type_code(name) for name in types])
    found.blocks.append(
        Block(
            np.array(vertices.points) / 1000,
            np.array(corners),
            np.full(n, 4),
            np.ones(n, dtype=np.int64),
            np.zeros(n, dtype=np.int64),
            codes,
            np.arange(n),
            np.full(n, -1) if hosts is None else np.array(hosts),
        )
    )
    found.surface_ids, found.surface_attributes = [""] * n, [NOTHING] * n
    return found
