"""CityJSON there and back: identifiers, geometry, attributes and semantics; and what is refused, and where."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest
from city_cases import (
    GROUND,
    ROOF,
    WALL,
    Vertices,
    assert_same,
    box,
    city_of,
    cityjson,
    codes,
    geometry,
    prism,
    read_document,
    turned,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city import read_city
from twin.city.cityjson import write_cityjson
from twin.city.model import BUILDING_COLUMNS
from twin.errors import TwinError
from twin.table import ASSUMED, DERIVED, GIVEN, MEASURE, MISSING


def there_and_back(city, path, **options):
    write_cityjson(city, path, **options)
    return read_city(path)


def written(city, path, **options):
    write_cityjson(city, path, **options)
    return json.loads(path.read_text())


# --- there and back ---------------------------------------------------------------------------------------------------

GIVEN_ATTRIBUTES = {
    "function": "31001_1010",
    "yearOfConstruction": 1950,
    "storeysAboveGround": 3,
    "measuredHeight": 10.5,
    "roofType": "3100",
    "note": {"nested": [1, "zwei", None, True]},
}


def test_there_and_back(tmp_path):
    city = city_of(tmp_path, {"a": box(0, 0, 10, 8, 6), "b": box(10, 1, 5, 5, 4.321)}, **GIVEN_ATTRIBUTES)
    again = there_and_back(city, tmp_path / "out.json")
    assert_same(city, again)
    assert again.attributes["building"][0] == {"note": {"nested": [1, "zwei", None, True]}}
    assert again.buildings.row("a")["storeys_above_ground"] == 3


def test_written_form(tmp_path):
    city = city_of(tmp_path, {"a": box(360000.5, 5706000.25, 10, 8, 6)}, **GIVEN_ATTRIBUTES)
    document = written(city, tmp_path / "out.json")
    assert document["version"] == "2.0"
    assert document["transform"] == {"scale": [0.001] * 3, "translate": [360000.0, 5706000.0, 0.0]}
    assert document["metadata"]["referenceSystem"] == "https://www.opengis.net/def/crs/EPSG/0/25832"
    assert document["metadata"]["geographicalExtent"] == [360000.5, 5706000.25, 0.0, 360010.5, 5706008.25, 6.0]
    assert len(document["vertices"]) == 8
    building = document["CityObjects"]["a"]
    assert building["attributes"] == GIVEN_ATTRIBUTES
    (solid,) = building["geometry"]
    assert (solid["type"], solid["lod"]) == ("Solid", "2")
    assert solid["semantics"]["surfaces"] == [{"type": GROUND}, {"type": ROOF}, {"type": WALL}]
    assert solid["semantics"]["values"] == [[0, 1, 2, 2, 2, 2]]


def test_the_same_city_gives_the_same_bytes(tmp_path):
    city = city_of(tmp_path, {"a": box(0, 0, 10, 8, 6)}, **GIVEN_ATTRIBUTES)
    for name in ("1.json", "2.json", "1.json.gz", "2.json.gz"):
        write_cityjson(city, tmp_path / name)
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    assert (tmp_path / "1.json.gz").read_bytes() == (tmp_path / "2.json.gz").read_bytes()
    write_cityjson(read_city(tmp_path / "1.json.gz"), tmp_path / "3.json")
    assert (tmp_path / "3.json").read_bytes() == (tmp_path / "1.json").read_bytes()
    assert sorted(path.name for path in tmp_path.glob(".*")) == []


def test_an_open_shell_is_written_as_surfaces(tmp_path):
    city = city_of(tmp_path, {"a": box(0, 0, 10, 8, 6)[1:]})
    (surfaces,) = written(city, tmp_path / "out.json")["CityObjects"]["a"]["geometry"]
    assert surfaces["type"] == "MultiSurface"
    assert_same(city, read_city(tmp_path / "out.json"))


def test_parts_and_addresses_survive(tmp_path):
    document = cityjson({"main": box(0, 0, 10, 8, 9), "annex": box(10, 0, 5, 8, 4)})
    document["CityObjects"]["annex"] |= {
        "type": "BuildingPart",
        "parents": ["main"],
        "attributes": {"yearOfConstruction": 1980, "storeysAboveGround": 1},
    }
    document["CityObjects"]["main"] |= {"children": ["annex"], "address": [{"LocalityName": "Essen"}]}
    city = read_document(tmp_path, document)
    assert city.attributes["building"][0]["address"] == [{"LocalityName": "Essen"}]
    assert city.buildings.row("main")["year_of_construction"] == 1980
    again = there_and_back(city, tmp_path / "out.json")
    assert_same(city, again)
    objects = json.loads((tmp_path / "out.json").read_text())["CityObjects"]
    assert objects["main"]["children"] == ["annex"]
    assert objects["annex"]["parents"] == ["main"]
    assert objects["main"]["address"] == [{"LocalityName": "Essen"}]


def test_what_the_slope_decided_stays_derived(tmp_path):
    vertices = Vertices()
    document = cityjson({})
    solid = geometry(box(0, 0, 4, 4, 4), vertices, lod="1", semantics=False)
    document["CityObjects"]["b"] = {"type": "Building", "geometry": [solid]}
    document["vertices"] = vertices.points
    city = read_document(tmp_path, document)
    assert city.lod == "1"
    assert (city.surfaces.source("type") == DERIVED).all()
    assert_same(city, there_and_back(city, tmp_path / "out.json"))


def test_surface_identifiers_and_attributes_survive(tmp_path):
    document = cityjson({"a": box(0, 0, 1, 1, 1)})
    meanings = document["CityObjects"]["a"]["geometry"][0]["semantics"]["surfaces"]
    meanings[1] |= {"id": "roof", "slope": 0.5}
    city = read_document(tmp_path, document)
    assert city.surfaces.ids.tolist() == ["a-1", "roof", "a-3", "a-4", "a-5", "a-6"]
    assert city.attributes["surface"][1] == {"slope": 0.5}
    assert_same(city, there_and_back(city, tmp_path / "out.json"))


def test_measures_are_written_and_assumptions_are_not(tmp_path):
    city = city_of(tmp_path, {"a": box(0, 0, 1, 1, 1)})
    year, storeys = BUILDING_COLUMNS["year_of_construction"], BUILDING_COLUMNS["storeys_above_ground"]
    table = city.buildings.put(year, 1960, ASSUMED).put(storeys, 5, MEASURE)
    document = written(city.with_table(table), tmp_path / "out.json")
    assert document["CityObjects"]["a"]["attributes"] == {"storeysAboveGround": 5}


def test_results_become_attributes_with_units(tmp_path):
    city = city_of(tmp_path, {"a": box(0, 0, 1, 1, 1), "b": box(2, 0, 1, 1, 1)})
    results = {"heat": {"values": np.array([1.5, 2.5]), "unit": "kWh"}, "class": ["A", "B"]}
    document = written(city, tmp_path / "out.json", results=results)
    assert document["metadata"]["twin_units"] == {"twin_heat": "kWh", "twin_class": "-"}
    assert document["CityObjects"]["b"]["attributes"] == {"twin_heat": 2.5, "twin_class": "B"}
    assert read_city(tmp_path / "out.json").attributes["building"][0] == {"twin_heat": 1.5, "twin_class": "A"}


def test_results_must_match_the_buildings(tmp_path):
    city = city_of(tmp_path, {"a": box(0, 0, 1, 1, 1)})
    with pytest.raises(TwinError, match="result heat has shape"):
        write_cityjson(city, tmp_path / "out.json", {"heat": [1.0, 2.0]})
    assert not (tmp_path / "out.json").exists()


def test_a_folder_that_is_not_there(tmp_path):
    city = city_of(tmp_path, {"a": box(0, 0, 1, 1, 1)})
    with pytest.raises(TwinError, match="cannot be written"):
        write_cityjson(city, tmp_path / "nowhere" / "out.json")


names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
boxes = st.tuples(
    st.floats(-1e5, 1e6), st.floats(0, 6e6), st.floats(0.5, 50), st.floats(0.5, 50), st.floats(0.5, 50), st.booleans()
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(names, st.tuples(boxes, st.dictionaries(names, values, max_size=3)), min_size=1, max_size=4))
def test_whatever_is_written_reads_back_the_same(tmp_path_factory, cities):
    folder = tmp_path_factory.mktemp("trip")
    shapes = {}
    for name, ((x, y, width, depth, height, backwards), _) in cities.items():
        faces = box(x, y, width, depth, height)
        shapes[name] = turned(faces) if backwards else faces
    document = cityjson(shapes)
    for name, (_, attributes) in cities.items():
        document["CityObjects"][name]["attributes"] = attributes
    city = read_document(folder, document)
    assert city.buildings.ids.tolist() == list(cities)
    again = there_and_back(city, folder / "1.json")
    assert_same(city, again)
    write_cityjson(again, folder / "2.json")
    assert (folder / "1.json").read_bytes() == (folder / "2.json").read_bytes()


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
