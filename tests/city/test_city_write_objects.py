"""What CityJSON 2.0 makes of objects that are no buildings, of windows and doors, and of names it does not know."""

from __future__ import annotations

import json

import numpy as np
import pytest
from city_cases import GROUND, ROOF, WALL, Vertices, box, cityjson, geometry, read_document
from write_cases import assert_wholly_same, found_with, quarter, there_and_back, written

from twin.city import read_city
from twin.city.assemble import assemble
from twin.city.cityjson import write_cityjson
from twin.city.model import BUILDING_COLUMNS, SURFACE_COLUMNS
from twin.errors import TwinError
from twin.table import GIVEN, MISSING


def test_other_objects_keep_their_class_their_place_and_what_is_said_of_them(tmp_path):
    document = quarter()
    objects = written(read_document(tmp_path, document), tmp_path / "out.json")["CityObjects"]
    given = document["CityObjects"]
    assert objects.keys() == given.keys()
    for name, entry in objects.items():
        assert entry["type"] == given[name]["type"], name
        assert entry.get("attributes") == given[name].get("attributes"), name
        assert entry.get("parents") == given[name].get("parents"), name
        assert sorted(entry.get("children", [])) == sorted(given[name].get("children", [])), name
    assert objects["house"]["funding"] == {"year": 2020}
    kinds = {name: entry["geometry"][0]["type"] for name, entry in objects.items() if "geometry" in entry}
    assert kinds == {
        "house": "Solid",
        "annex": "Solid",
        "balcony": "MultiSurface",
        "tree": "Solid",  # its surfaces close
        "pond": "MultiSurface",
        "lane": "MultiSurface",  # as it must be, closed or not
        "hill": "CompositeSurface",
        "sign": "Solid",
    }
    assert objects["pond"]["geometry"][0]["semantics"] == {"surfaces": [{"type": "WaterSurface"}], "values": [0]}
    assert "semantics" not in objects["tree"]["geometry"][0]


def test_a_quarter_there_and_back(tmp_path):
    city = read_document(tmp_path, quarter())
    again = there_and_back(city, tmp_path / "1.json")
    assert_wholly_same(city, again)
    write_cityjson(again, tmp_path / "2.json")
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


# --- surfaces within a geometry ---------------------------------------------------------------------------------------


def test_openings_point_to_their_wall_and_back(tmp_path):
    """Two windows in one wall, one in another that is otherwise alike; a door whose wall is not known."""
    types = [WALL, "Window", "Window", WALL, "Window", "Door"]
    city = assemble(found_with(types))
    hosts = np.array([-1, 0, 0, -1, 3, -1])
    source = np.where(hosts >= 0, GIVEN, MISSING).astype(np.uint16)
    city = city.with_table(city.surfaces.put(SURFACE_COLUMNS["opening_of"], np.maximum(hosts, 0), source))
    (solid,) = written(city, tmp_path / "out.json")["CityObjects"]["a"]["geometry"]
    assert solid["semantics"]["surfaces"] == [
        {"type": WALL, "children": [1, 2]},
        {"type": "Window", "parent": 0},
        {"type": "Window", "parent": 0},
        {"type": WALL, "children": [4]},
        {"type": "Window", "parent": 3},
        {"type": "Door"},
    ]
    assert solid["semantics"]["values"] == [[0, 1, 2, 3, 4, 5]]


def with_openings():
    """A box of named roof and walls; a window of two polygons and one of one fill a hole, a door lies on a wall."""
    _, roof, south, *others = box(0, 0, 8, 4, 3)
    (ring,) = south[1]

    def pane(x, width, y=0.0, tall=1.0):
        return [(x, y, 1.0), (x + width, y, 1.0), (x + width, y, 1.0 + tall), (x, y, 1.0 + tall)]

    wall = (WALL, [ring, pane(1, 3)[::-1]])
    windows = [("Window", [pane(1, 1)]), ("Window", [pane(2, 1)]), ("Window", [pane(3, 1)])]
    faces = [roof, wall, *others, *windows, ("Door", [pane(6, 1, 0.0, 1.9)])]
    vertices, document = Vertices(), cityjson({})
    made = geometry(faces, vertices, kind="MultiSurface")
    made["semantics"] = {
        "surfaces": [
            {"type": ROOF, "id": "top"},
            {"type": WALL, "id": "south", "children": [3, 4, 5]},
            {"type": WALL},
            {"type": "Window", "id": "wide", "glazing": "double", "parent": 1},
            {"type": "Window", "parent": 1},
            {"type": "Door", "id": "entrance", "parent": 1},
        ],
        "values": [0, 1, *[2] * len(others), 3, 3, 4, 5],
    }
    document["CityObjects"]["a"] = {"type": "Building", "geometry": [made]}
    document["vertices"] = vertices.points
    return document


def test_openings_of_several_polygons_there_and_back(tmp_path):
    document = with_openings()
    city = read_document(tmp_path, document)
    again = there_and_back(city, tmp_path / "out.json")
    assert_wholly_same(city, again)
    (made,) = json.loads((tmp_path / "out.json").read_text())["CityObjects"]["a"]["geometry"]
    assert made["semantics"] == document["CityObjects"]["a"]["geometry"][0]["semantics"]


def test_a_named_surface_of_several_polygons_keeps_its_name(tmp_path):
    document = cityjson({"a": box(0, 0, 1, 1, 1)})
    semantics = document["CityObjects"]["a"]["geometry"][0]["semantics"]
    semantics |= {"surfaces": [{"type": GROUND}, {"type": WALL, "id": "hull"}], "values": [[0, 1, 1, 1, 1, 1]]}
    city = read_document(tmp_path, document)
    assert city.surfaces.ids.tolist() == ["a-1", "hull", "hull-2", "hull-3", "hull-4", "hull-5"]
    (solid,) = written(city, tmp_path / "out.json")["CityObjects"]["a"]["geometry"]
    assert solid["semantics"] == semantics
    assert_wholly_same(city, read_city(tmp_path / "out.json"))


@pytest.mark.parametrize(
    ("found", "written_as"), [("4", "3"), ("3.9", "3"), ("2.2", "2.2"), ("0.1", "0.1"), ("1.0", "1.0")]
)
def test_levels_the_schema_does_not_know(tmp_path, found, written_as):
    city = assemble(found_with([WALL] * 6))
    city = city.with_table(city.buildings.put(BUILDING_COLUMNS["lod"], np.array([found])))
    (solid,) = written(city, tmp_path / "out.json")["CityObjects"]["a"]["geometry"]
    assert solid["lod"] == written_as


@pytest.mark.parametrize(
    ("kind", "written_as"),
    [
        ("Waterway", "Waterway"),
        ("+Billboard", "+Billboard"),
        ("+GenericCityObject", "GenericCityObject"),
        ("Billboard", "+Billboard"),
        ("ns:bill board", "+Nsbillboard"),
        ("7", "+CityObject7"),
    ],
)
def test_classes_the_schema_does_not_know_get_a_plus(tmp_path, kind, written_as):
    found = found_with([WALL] * 6)
    found.add_object("other", -1, {"x": 1}, kind)
    objects = written(assemble(found), tmp_path / "out.json")["CityObjects"]
    assert objects["other"] == {"type": written_as, "attributes": {"x": 1}}


def test_what_needs_a_parent_and_has_none(tmp_path):
    """The schema asks for the member; an installation whose building is not there has no parents, but is no error."""
    found = found_with([WALL] * 6)
    found.add_object("left alone", -1, {}, "BuildingInstallation")
    objects = written(assemble(found), tmp_path / "out.json")["CityObjects"]
    assert objects["left alone"] == {"type": "BuildingInstallation", "parents": []}


def test_two_objects_of_one_name(tmp_path):
    found = found_with([WALL] * 6)
    found.add_object("a", -1, {}, "PlantCover")
    with pytest.raises(TwinError, match="two objects are called 'a'"):
        write_cityjson(assemble(found), tmp_path / "out.json")
