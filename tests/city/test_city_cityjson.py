"""Reading CityJSON: versions, levels of detail, kinds of geometry; and what is refused, and where."""

from __future__ import annotations

import gzip
import json

import pytest
from city_cases import (
    ROOF,
    Vertices,
    box,
    city_of,
    cityjson,
    codes,
    geometry,
    prism,
    read_document,
)

from twin.city import read_city
from twin.errors import TwinError
from twin.table import DERIVED, GIVEN, MISSING

# --- versions, levels, kinds ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.0.1", "2.0"])
def test_versions(tmp_path, version):
    document = cityjson({"a": box(0, 0, 1, 1, 1)}) | {"version": version}
    assert len(read_document(tmp_path, document).surfaces) == 6


def test_version_1_0_with_urn_and_number_as_level_and_real_coordinates(tmp_path):
    document = cityjson({"a": box(0, 0, 1, 1, 1)})
    del document["transform"]
    document["vertices"] = [[c / 1000 for c in point] for point in document["vertices"]]
    document["metadata"] = {"referenceSystem": "urn:ogc:def:crs:EPSG::7415"}
    document["CityObjects"]["a"]["geometry"][0]["lod"] = 2
    document["CityObjects"]["a"]["address"] = {"LocalityName": "Delft"}
    city = read_document(tmp_path, document | {"version": "1.0"})
    assert (city.crs, city.lod) == ("EPSG:7415", "2")
    assert city.buildings["volume_m3"] == pytest.approx([1.0])
    assert city.attributes["building"][0] == {"address": [{"LocalityName": "Delft"}]}


@pytest.mark.parametrize(("wanted", "taken"), [(None, "2.2"), ("1", "1.3"), ("1.2", "1.2"), ("3", "3")])
def test_one_of_several_levels(tmp_path, wanted, taken):
    vertices = Vertices()
    levels = {"0": 0.5, "1.2": 1.0, "1.3": 2.0, "2.2": 3.0, "3": 4.0}
    solids = [geometry(box(0, 0, 1, 1, height), vertices, lod) for lod, height in levels.items()]
    document = cityjson({})
    document["CityObjects"]["a"] = {"type": "Building", "geometry": solids}
    document["vertices"] = vertices.points
    city = read_document(tmp_path, document, lod=wanted)
    assert city.lod == taken
    assert city.buildings["volume_m3"] == pytest.approx([levels[taken]])


def test_of_two_geometries_at_one_level_the_one_with_semantics(tmp_path):
    """Vienna gives each part a solid without, and surfaces with semantics."""
    vertices = Vertices()
    bare = geometry(box(0, 0, 1, 1, 1), vertices, semantics=False)
    meant = geometry(box(0, 0, 1, 1, 1), vertices, kind="MultiSurface")
    document = cityjson({})
    document["CityObjects"]["a"] = {"type": "Building", "geometry": [bare, meant]}
    document["vertices"] = vertices.points
    city = read_document(tmp_path, document)
    assert len(city.surfaces) == 6
    assert (city.surfaces.source("type") == GIVEN).all()


def test_a_text_sequence(tmp_path):
    whole = cityjson({"a": box(0, 0, 1, 1, 1), "b": box(5, 0, 2, 2, 2)})
    lines = [whole | {"CityObjects": {}, "vertices": []}]
    for name in "ab":
        one = cityjson({name: box(0, 0, 1, 1, 1) if name == "a" else box(5, 0, 2, 2, 2)})
        lines.append({"type": "CityJSONFeature", "id": name} | {k: one[k] for k in ("CityObjects", "vertices")})
    city = read_document(tmp_path, "\n".join(json.dumps(line) for line in lines) + "\n")
    assert city.buildings.ids.tolist() == ["a", "b"]
    assert city.buildings["volume_m3"] == pytest.approx([1, 8])
    broken = "\n".join(json.dumps(line) for line in lines)[:-20]
    with pytest.raises(TwinError, match="line 3"):
        read_document(tmp_path, broken)


def test_gzip_and_byte_order_mark(tmp_path):
    text = json.dumps(cityjson({"a": box(0, 0, 1, 1, 1)}))
    path = tmp_path / "x"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    assert len(read_city(path).buildings) == 1


def test_degenerate_faces_are_dropped_and_named(tmp_path):
    document = cityjson({"a": box(0, 0, 1, 1, 1)})
    shell = document["CityObjects"]["a"]["geometry"][0]["boundaries"][0]
    shell[1] = [[0, 1, 1, 0]]
    city = read_document(tmp_path, document)
    assert codes(city) == ["101", "302"]
    assert len(city.surfaces) == 5
    assert city.surfaces.ids.tolist() == [f"a-{k}" for k in range(1, 6)]


def test_semantic_values_that_do_not_match(tmp_path):
    document = cityjson({"a": box(0, 0, 1, 1, 1), "b": box(3, 0, 1, 1, 1)})
    document["CityObjects"]["b"]["geometry"][0]["semantics"]["values"] = [[0, 1, 2]]
    city = read_document(tmp_path, document)
    assert codes(city) == ["semantics-incomplete"]
    assert "b has 3 semantic values for 6 surfaces" in city.metadata["findings"][0]["message"]
    source = city.surfaces.source("type")
    assert source.tolist() == [GIVEN] * 6 + [DERIVED] * 6


def test_null_semantics_leave_it_to_the_slope(tmp_path):
    document = cityjson({"a": prism([(0, 0), (1, 0), (1, 1), (0, 1)], 0, 1)})
    document["CityObjects"]["a"]["geometry"][0]["semantics"]["values"][0][1] = None
    city = read_document(tmp_path, document)
    assert city.surfaces["type"][1] == ROOF
    assert city.surfaces.source("type").tolist() == [GIVEN, DERIVED] + [GIVEN] * 4


def test_a_part_whose_parent_is_not_there(tmp_path):
    document = cityjson({"a": box(0, 0, 1, 1, 1)})
    document["CityObjects"]["a"] |= {"type": "BuildingPart", "parents": ["ghost"]}
    city = read_document(tmp_path, document)
    assert city.buildings.ids.tolist() == ["a"]
    assert codes(city) == ["parent-missing"]


def test_year_under_another_name(tmp_path):
    city = city_of(tmp_path, {"a": box(0, 0, 1, 1, 1)}, oorspronkelijkbouwjaar=1951)
    assert city.buildings["year_of_construction"].tolist() == [1951]
    assert city.attributes["building"][0] == {"oorspronkelijkbouwjaar": 1951}


@pytest.mark.parametrize("odd", [True, 2.5, "many", {"a": 1}, -3, 10**30])
def test_storeys_that_are_none(tmp_path, odd):
    city = city_of(tmp_path, {"a": box(0, 0, 1, 1, 1)}, storeysAboveGround=odd)
    assert city.buildings.source("storeys_above_ground").tolist() == [MISSING]
    assert codes(city) == ["attribute-odd"]


# --- what is refused, and where ---------------------------------------------------------------------------------------


def change(document, path, value):
    *head, last = path
    for key in head:
        document = document[key]
    if value is ...:
        del document[last]
    else:
        document[last] = value


RING = ("CityObjects", "b", "geometry", 0, "boundaries", 0, 2, 0)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ((*RING, 1), 999999, ["/CityObjects/b/geometry/0/boundaries", "999999", "0 to 7"]),
        ((*RING, 1), -1, ["/CityObjects/b/geometry/0/boundaries", "-1"]),
        ((*RING, 1), 1.5, ["/CityObjects/b/geometry/0/boundaries/0/2/0/1", "int"]),
        ((*RING, 1), True, ["/CityObjects/b/geometry/0/boundaries/0/2/0/1", "int"]),
        ((*RING, 1), "1", ["/CityObjects/b/geometry/0/boundaries/0/2/0/1", "int"]),
        ((*RING, 1), 2**70, ["/CityObjects/b/geometry/0/boundaries"]),
        (RING, 7, ["/CityObjects/b/geometry/0/boundaries/0/2/0", "array"]),
        (("CityObjects", "b", "geometry"), {}, ["/CityObjects/b/geometry", "array"]),
        (("CityObjects", "b", "type"), ..., ["/CityObjects/b", "type"]),
        (("CityObjects", "b", "geometry", 0, "lod"), "high", ["/CityObjects/b/geometry/0/lod", "high"]),
        (
            ("CityObjects", "b", "geometry", 0, "semantics", "values"),
            [[9] * 6],
            ["/CityObjects/b/geometry/0/semantics/values", "9"],
        ),
        (("CityObjects", "b", "geometry", 0, "semantics", "surfaces", 1), {}, ["semantics/surfaces/1", "type"]),
        (("CityObjects", "b", "parents"), ["b"], ["/CityObjects/b/parents", "cycle"]),
        (("CityObjects", "b", "type"), "BuildingPart", ["/CityObjects/b", "no parents"]),
        (("vertices",), ..., ["vertices"]),
        (("vertices", 5), [0, 0], ["/vertices/5"]),
        (("vertices", 5, 0), None, ["/vertices/5/0"]),
        (("vertices", 5, 0), 10**15, ["vertex 5", "Earth"]),
        (("transform", "scale", 1), 0, ["/transform/scale", "0.0"]),
        (("transform", "scale"), [1e308] * 3, ["/transform", "finite"]),
        (("transform",), [], ["/transform"]),
        (("version",), "9.9", ["/version", "9.9"]),
        (("type",), "FeatureCollection", ["no CityJSON", "FeatureCollection"]),
        (("CityObjects",), {}, ["no buildings"]),
    ],
)
def test_what_is_wrong_is_named_with_its_place(tmp_path, path, value, words):
    document = cityjson({"b": box(0, 0, 1, 1, 1)})
    change(document, path, value)
    with pytest.raises(TwinError) as caught:
        read_document(tmp_path, document)
    for word in ["city.city.json", *words]:
        assert word in str(caught.value)


def test_all_problems_at_once(tmp_path):
    document = cityjson({name: box(0, 0, 1, 1, 1) for name in "abc"})
    for name in "ac":
        change(document, ("CityObjects", name, *RING[2:], 0), -5)
    with pytest.raises(TwinError) as caught:
        read_document(tmp_path, document)
    assert [problem.place for problem in caught.value.problems] == [
        "/CityObjects/a/geometry/0/boundaries",
        "/CityObjects/c/geometry/0/boundaries",
    ]


@pytest.mark.parametrize("layout", [None, 2])
@pytest.mark.parametrize("name", ["twice", 'zweimal ä/~ \\ "'])
def test_a_key_given_twice(tmp_path, layout, name):
    """Every parser keeps the last one silently."""
    document = cityjson({name: box(0, 0, 1, 1, 1), "other": box(3, 0, 1, 1, 1)})
    text = json.dumps(document, indent=layout).replace('"other"', json.dumps(name))
    with pytest.raises(TwinError, match="is given twice"):
        read_document(tmp_path, text)
    assert len(read_document(tmp_path, json.dumps(document, indent=layout)).buildings) == 2


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('"version"', '"version', ["line 1, column"]),
        ("[0, 0, 0]", "[NaN, 0, 0]", ["NaN", "line 1, column"]),
        ("0.001", "Infinity", ["Infinity", "line 1, column"]),
        ("[0, 0, 0]", "[" * 100000 + "]" * 100000, ["nested too deeply"]),
        ("[0, 0, 0]", "[" + "9" * 10000 + ", 0, 0]", ["/vertices/3/0", "range"]),
    ],
)
def test_malformed_json(tmp_path, before, after, words):
    text = json.dumps(cityjson({"a": box(0, 0, 1, 1, 1)}))
    assert before in text
    with pytest.raises(TwinError) as caught:
        read_document(tmp_path, text.replace(before, after, 1))
    for word in ["city.city.json", *words]:
        assert word in str(caught.value)


def test_line_and_column(tmp_path):
    text = json.dumps(cityjson({"a": box(0, 0, 1, 1, 1)}), indent=1)
    line = text.splitlines().index("   0,") + 1
    broken = text.replace("\n   0,", "\n   0;", 1)
    with pytest.raises(TwinError, match=f"line {line}, column 5"):
        read_document(tmp_path, broken)
