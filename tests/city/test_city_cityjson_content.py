"""What a CityJSON file holds beside buildings of walls and roofs: all of it is found, or named as left out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from city_cases import GROUND, ROOF, WALL, Vertices, box, cityjson, codes, geometry, read_document

from twin.city import read_city
from twin.city.cityjson import read_cityjson
from twin.city.found import Found
from twin.city.source import Source
from twin.errors import TwinError


def found_in(folder: Path, document: Any, lod: str = "2") -> Found:
    path = folder / "city.city.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    (found,) = read_cityjson(Source(path), lod)
    return found


def surfaces_of(found: Found, identifier: str) -> list[np.ndarray]:
    """The outer rings of an object, as coordinates."""
    rings = []
    for block in found.blocks:
        ends = np.cumsum(block.ring_sizes)
        first = np.cumsum(block.surface_rings) - block.surface_rings
        for surface in np.flatnonzero(block.surface_objects == found.ids.index(identifier)).tolist():
            ring = first[surface]
            rows = block.ring_vertices[ends[ring] - block.ring_sizes[ring] : ends[ring]]
            rings.append(block.coordinates[rows])
    return rings


def types_of(found: Found) -> list[str]:
    codes = [code for block in found.blocks for code in block.surface_types.tolist()]
    return ["" if code < 0 else found.type_names[code] for code in codes]


def with_object(name: str, shape: Any = None, **members: Any) -> dict[str, Any]:
    """A city of one cube, and one more object; its geometry from a function of the vertices."""
    vertices = Vertices()
    document = cityjson({})
    objects = document["CityObjects"]
    objects["a"] = {"type": "Building", "geometry": [geometry(box(0, 0, 1, 1, 1), vertices)]}
    objects[name] = members
    if shape is not None:
        objects[name]["geometry"] = [shape(vertices)]
    document["vertices"] = vertices.points
    return document


# --- objects ----------------------------------------------------------------------------------------------------------

FIRST = ["Road", "PlantCover", "SolitaryVegetationObject", "WaterBody", "LandUse", "CityFurniture", "Bridge", "Tunnel"]
FIRST += ["GenericCityObject", "OtherConstruction", "CityObjectGroup", "+NoiseBarrier", "Railway", "TransportSquare"]
WITHIN = ["BuildingPart", "BuildingInstallation", "BuildingRoom", "BuildingStorey", "BuildingUnit", "BuildingFurniture"]


@pytest.mark.parametrize("kind", FIRST)
def test_every_class_becomes_an_object(tmp_path, kind):
    cube = [(WALL, rings) for _, rings in box(5, 0, 1, 1, 1)]
    document = with_object("x", lambda v: geometry(cube, v, kind="MultiSurface"), type=kind, attributes={"k": 1})
    found = found_in(tmp_path, document)
    assert (found.ids, found.types, found.parents) == (["a", "x"], ["Building", kind], [-1, -1])
    assert (found.attributes[1], found.lods) == ({"k": 1}, ["2", "2"])
    assert len(surfaces_of(found, "x")) == 6


@pytest.mark.parametrize("kind", WITHIN)
def test_objects_within_a_building_know_their_parent(tmp_path, kind):
    document = with_object("x", type=kind, parents=["a"])
    assert found_in(tmp_path, document).parents == [-1, 0]


def test_a_parent_may_follow_its_child_and_groups_are_no_parents(tmp_path):
    document = with_object("g", type="CityObjectGroup", children=["a"], children_roles=["all"])
    objects = document["CityObjects"]
    objects["room"] = {"type": "BuildingRoom", "parents": ["g", "storey"]}
    objects["storey"] = {"type": "BuildingStorey", "parents": ["a"]}
    found = found_in(tmp_path, document)
    parents = {name: found.ids[row] for name, row in zip(found.ids, found.parents, strict=True) if row >= 0}
    assert parents == {"room": "storey", "storey": "a"}
    assert found.members[1] == {"children": ["a"], "children_roles": ["all"]}


def test_terrain_is_a_composite_surface(tmp_path):
    triangle = {"type": "CompositeSurface", "lod": "1", "boundaries": [[[0, 1, 2]], [[0, 2, 3]]]}
    found = found_in(tmp_path, with_object("ground", lambda _: triangle, type="TINRelief"))
    assert [len(ring) for ring in surfaces_of(found, "ground")] == [3, 3]


@pytest.mark.parametrize("kind", ["MultiSolid", "CompositeSolid"])
def test_several_solids(tmp_path, kind):
    def two(vertices):
        solids = [geometry(box(x, 0, 1, 1, 1), vertices) for x in (3, 4)]
        values = [solid["semantics"]["values"] for solid in solids]
        semantics = {"surfaces": solids[0]["semantics"]["surfaces"], "values": values}
        boundaries = [solid["boundaries"] for solid in solids]
        return {"type": kind, "lod": "2", "boundaries": boundaries, "semantics": semantics}

    found = found_in(tmp_path, with_object("b", two, type="Building"))
    assert types_of(found)[6:] == [GROUND, ROOF, WALL, WALL, WALL, WALL] * 2


def test_kinds_of_geometry_mix(tmp_path):
    """Solids and surfaces stand in a different number of lists."""
    document = with_object("b", lambda v: geometry(box(3, 0, 1, 1, 1), v, kind="MultiSurface"), type="Building")
    found = found_in(tmp_path, document)
    assert types_of(found) == [GROUND, ROOF, WALL, WALL, WALL, WALL] * 2
    np.testing.assert_allclose(surfaces_of(found, "b")[1] - surfaces_of(found, "a")[1], [[3, 0, 0]] * 4)


def test_holes_are_rings_of_their_surface(tmp_path):
    roof = {"type": "MultiSurface", "lod": "2", "boundaries": [[[0, 1, 2, 3], [4, 5, 6]], [[7, 0, 1]]]}
    found = found_in(tmp_path, with_object("b", lambda _: roof, type="Building"))
    (block,) = found.blocks
    assert block.ring_sizes[6:].tolist() == [4, 3, 3]
    assert block.surface_rings[6:].tolist() == [2, 1]


# --- what is kept, and what is named as left out ----------------------------------------------------------------------


def test_members_that_are_not_understood_are_kept(tmp_path):
    document = with_object("x", type="+Barrier", geographicalExtent=[0] * 6, **{"+height": 3, "odd": {"a": [1]}})
    document |= {"extensions": {"Noise": {"url": "https://example.org", "version": "1"}}, "+all": [1, 2]}
    document["metadata"] |= {"title": "T", "identifier": "i-1", "geographicalExtent": [0] * 6}
    found = found_in(tmp_path, document)
    assert found.members == {1: {"+height": 3, "odd": {"a": [1]}}}
    assert found.metadata["members"] == {"extensions": document["extensions"], "+all": [1, 2]}
    assert found.metadata["metadata"] == {"identifier": "i-1"}
    assert found.metadata["title"] == "T"
    city = read_document(tmp_path, document)
    assert city.members == {"x": {"+height": 3, "odd": {"a": [1]}}}


def test_what_is_left_out_is_counted_once_per_kind(tmp_path):
    document = cityjson({"a": box(0, 0, 1, 1, 1), "b": box(3, 0, 1, 1, 1)})
    for entry in document["CityObjects"].values():
        (solid,) = entry["geometry"]
        solid["material"] = {"": {"value": 0}}
        entry["geometry"] += [solid | {"lod": "1"}, {"type": "MultiPoint", "lod": "1", "boundaries": [0]}]
    found = found_in(tmp_path, document | {"appearance": {"materials": [{"name": "m"}]}})
    assert {entry["severity"] for entry in found.findings} == {"note"}
    counts = {entry["code"]: re.search(r": (\d+) geometries", entry["message"])[1] for entry in found.findings}
    assert counts == {"lod-unread": "2", "geometry-unread": "2", "appearance-unread": "2"}
    assert found.lods_offered == {"1", "2"}


def test_orphans_are_counted(tmp_path):
    document = with_object("x", type="BuildingRoom", parents=["ghost"])
    document["CityObjects"]["y"] = {"type": "BuildingRoom", "parents": ["ghost"]}
    city = read_document(tmp_path, document)
    assert codes(city) == ["parent-missing"]
    assert "x has the parent ghost" in city.metadata["findings"][0]["message"]
    assert "(1 more such)" in city.metadata["findings"][0]["message"]


# --- semantics --------------------------------------------------------------------------------------------------------

PANE = ("Window", [[(0.2, 0, 0.2), (0.8, 0, 0.2), (0.8, 0, 0.8), (0.2, 0, 0.8)]])


def with_window(parent: Any = 2) -> dict[str, Any]:
    document = cityjson({"a": [*box(0, 0, 1, 1, 1), PANE]})
    document["CityObjects"]["a"]["geometry"][0]["semantics"]["surfaces"][6]["parent"] = parent
    return document


def test_windows_know_the_surface_they_are_in(tmp_path):
    found = found_in(tmp_path, with_window())
    (block,) = found.blocks
    assert block.surface_hosts.tolist() == [-1] * 6 + [block.surface_groups[2]]
    assert len(set(block.surface_groups.tolist())) == 7


@pytest.mark.parametrize("parent", [6, 7, -1, "wall", 2**70])
def test_a_window_in_nothing(tmp_path, parent):
    found = found_in(tmp_path, with_window(parent))
    assert [entry["code"] for entry in found.findings] == ["host-missing"]
    assert found.blocks[0].surface_hosts.tolist() == [-1] * 7


def test_surfaces_of_one_thing_are_one_group_and_those_of_nothing_are_apart(tmp_path):
    document = cityjson({"a": box(0, 0, 1, 1, 1)})
    document["CityObjects"]["a"]["geometry"][0]["semantics"] = {
        "surfaces": [{"type": WALL, "id": "w", "colour": "red"}, {"type": "+Shed"}],
        "values": [[None, 1, 0, 0, 0, None]],
    }
    found = found_in(tmp_path, document)
    (block,) = found.blocks
    groups = block.surface_groups.tolist()
    assert groups[2] == groups[3] == groups[4]
    assert len(set(groups)) == 4
    assert types_of(found) == ["", "+Shed", WALL, WALL, WALL, ""]
    assert found.surface_ids == ["", "", "w", "w", "w", ""]
    assert [dict(attributes) for attributes in found.surface_attributes] == [{}, {}, *[{"colour": "red"}] * 3, {}]


def test_a_null_for_a_whole_shell(tmp_path):
    document = cityjson({"a": box(0, 0, 1, 1, 1)})
    document["CityObjects"]["a"]["geometry"][0]["semantics"]["values"] = None
    assert types_of(found_in(tmp_path, document)) == [""] * 6


TRICKY = ['{"x": 1}', "}, {", "},{", "}],[{", "[{", '"},{"type":"RoofSurface"', "\\", "", "ä"]


@pytest.mark.parametrize("layout", [None, 1, "compact"])
@pytest.mark.parametrize("text", TRICKY)
def test_attributes_of_surfaces_that_look_like_surfaces(tmp_path, text, layout):
    """Surfaces are told apart by their text where that is safe."""
    document = cityjson({name: box(x, 0, 1, 1, 1) for x, name in enumerate("abc")})
    for name in "abc":
        surfaces = document["CityObjects"][name]["geometry"][0]["semantics"]["surfaces"]
        surfaces[1] |= {"note": text, name: {"list": [{"type": "Door"}, []]}}
    separators = (",", ":") if layout == "compact" else None
    found = found_in(tmp_path, json.dumps(document, indent=layout if layout == 1 else None, separators=separators))
    assert types_of(found) == [GROUND, ROOF, WALL, WALL, WALL, WALL] * 3
    given = [dict(attributes) for attributes in found.surface_attributes if attributes]
    assert given == [{"note": text, name: {"list": [{"type": "Door"}, []]}} for name in "abc"]


NAMES = ["WallSurface", "RoofSurface", "GroundSurface", "ClosureSurface", "OuterCeilingSurface", "Door", "+X"]
NAMES += ["+WallSurface", "WallSurfacf", "Surface", "WxllSurface", "GroundSurfxce"]


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_types_are_told_apart_letter_by_letter(tmp_path, separators):
    document = cityjson({name: box(10 * k, 0, 1, 1, 1) for k, name in enumerate(NAMES)})
    for name in NAMES:
        document["CityObjects"][name]["geometry"][0]["semantics"] = {"surfaces": [{"type": name}], "values": [[0] * 6]}
    found = found_in(tmp_path, json.dumps(document, separators=separators))
    assert types_of(found) == [name for name in NAMES for _ in range(6)]
    assert not any(found.surface_attributes)


@pytest.mark.parametrize("value", [b"1e999", b'"\xff"', b'{"\xff": 1}', b"9" * 5000])
@pytest.mark.parametrize("member", [b'"type": "RoofSurface", "note": ', b'"measuredHeight": '])
def test_what_json_cannot_hold_is_refused_while_reading(tmp_path, member, value):
    document = cityjson({"a": box(0, 0, 1, 1, 1)})
    document["CityObjects"]["a"]["attributes"] = {"measuredHeight": 0}
    document["CityObjects"]["a"]["geometry"][0]["semantics"]["surfaces"][1]["note"] = 0
    text = json.dumps(document).encode()
    assert member + b"0" in text
    path = tmp_path / "city.city.json"
    path.write_bytes(text.replace(member + b"0", member + value))
    with pytest.raises(TwinError, match="/CityObjects/a"):
        read_city(path)


def test_names_of_members_may_be_written_with_escapes(tmp_path):
    document = cityjson({"a": box(0, 0, 1, 1, 1)})
    surfaces = document["CityObjects"]["a"]["geometry"][0]["semantics"]["surfaces"]
    surfaces[1] |= {"ID": "r", "Slope": 90}
    text = json.dumps(document, separators=(",", ":")).replace('"ID"', r'"\u0069d"')
    found = found_in(tmp_path, text)
    assert found.surface_ids == ["", "r", "", "", "", ""]
    assert [attributes for attributes in found.surface_attributes if attributes] == [{"Slope": 90}]


# --- templates --------------------------------------------------------------------------------------------------------

TURN = [0, -2, 0, 10, 2, 0, 0, 20, 0, 0, 2, 30, 0, 0, 0, 1]  # a quarter turn, twice as large, moved


def with_trees(**changes: Any) -> dict[str, Any]:
    """Two instances of a template of two triangles."""
    document = with_object("tree", type="SolitaryVegetationObject")
    document["geometry-templates"] = {
        "templates": [
            {
                "type": "MultiSurface",
                "lod": "2.1",
                "boundaries": [[[0, 1, 2]], [[0, 2, 3]]],
                "semantics": {"surfaces": [{"type": "+Leaf", "id": "l"}], "values": [0, None]},
            }
        ],
        "vertices-templates": [[0, 0, 0], [1, 0, 0], [0, 1, 0.5], [7, 7, 7], [9, 9, 9]],
    }
    instance = {"type": "GeometryInstance", "template": 0, "boundaries": [7], "transformationMatrix": TURN} | changes
    document["CityObjects"]["tree"]["geometry"] = [instance]
    document["CityObjects"]["twin"] = {
        "type": "SolitaryVegetationObject",
        "geometry": [instance | {"boundaries": [0]}],
    }
    return document


@pytest.mark.parametrize("version", ["1.0", "1.1", "2.0"])
def test_instances_of_templates_are_placed(tmp_path, version):
    document = with_trees() | {"version": version}
    found = found_in(tmp_path, document)
    place = np.array(document["vertices"]) * 0.001
    for name, row in (("tree", 7), ("twin", 0)):
        first, second = surfaces_of(found, name)
        np.testing.assert_allclose(first, place[row] + [[10, 20, 30], [10, 22, 30], [8, 20, 31]])
        np.testing.assert_allclose(second[2], place[row] + [10 - 14, 20 + 14, 30 + 14])
    assert found.lods[1:] == ["2.1", "2.1"]
    assert types_of(found)[6:] == ["+Leaf", "", "+Leaf", ""]
    assert found.surface_ids[6:] == ["l", "", "l", ""]
    groups = np.concatenate([block.surface_groups for block in found.blocks])
    assert len(set(groups.tolist())) == 10
    assert len(found.blocks[1].coordinates) == 8  # those that are used, twice


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"template": 1}, ["/CityObjects/tree/geometry/0/template", "no template 1"]),
        ({"template": None}, ["/CityObjects/tree/geometry/0/template"]),
        ({"boundaries": [99]}, ["/CityObjects/tree/geometry/0/boundaries", "99", "0 to 7"]),
        ({"boundaries": [[1]]}, ["/CityObjects/tree/geometry/0/boundaries/0", "int"]),
        ({"transformationMatrix": TURN[:12]}, ["/CityObjects/tree/geometry/0/transformationMatrix", "16 numbers"]),
        ({"transformationMatrix": [*TURN[:12], 1, 2, 3, 1]}, ["transformationMatrix", "0 0 0 1"]),
    ],
)
def test_instances_that_are_wrong(tmp_path, changes, words):
    with pytest.raises(TwinError) as caught:
        found_in(tmp_path, with_trees(**changes))
    for word in words:
        assert word in str(caught.value)


def test_a_template_that_is_wrong(tmp_path):
    document = with_trees()
    document["geometry-templates"]["templates"][0]["boundaries"][1][0][2] = 5
    with pytest.raises(TwinError, match=r"/geometry-templates/templates/0/boundaries.*vertex index 5"):
        found_in(tmp_path, document)


def test_templates_without_vertices(tmp_path):
    document = with_trees()
    document["geometry-templates"]["vertices-templates"] = []
    with pytest.raises(TwinError, match=r"/geometry-templates/templates/0/boundaries.*out of range"):
        found_in(tmp_path, document)


def test_bytes_in_an_identifier_that_are_no_text(tmp_path):
    text = json.dumps(cityjson({"NAME": box(0, 0, 1, 1, 1)})).encode()
    path = tmp_path / "city.city.json"
    path.write_bytes(text.replace(b"NAME", b"b\x80"))
    with pytest.raises(TwinError, match="utf-8"):
        next(read_cityjson(Source(path), "2"))
