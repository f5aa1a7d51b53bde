"""CityJSON 2.0 as we write it: what it looks like, that it says all we know, and that it reads back the same."""

from __future__ import annotations

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
    geometry,
    read_document,
    turned,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from write_cases import assert_wholly_same, there_and_back, written

from twin.city import read_city
from twin.city.cityjson import write_cityjson, write_cityjsonseq
from twin.city.cityjson.write_header import extension
from twin.city.model import BUILDING_COLUMNS
from twin.errors import TwinError
from twin.table import ASSUMED, DERIVED, MEASURE

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


def test_what_a_file_says_of_itself_is_kept(tmp_path):
    document = cityjson({"a": box(0, 0, 1, 1, 1)})
    document["metadata"] |= {
        "title": "Quarter",
        "referenceDate": "2024-05-01",
        "pointOfContact": {"contactName": "City", "emailAddress": "a@b.example", "address": "Main Street 1"},
        "geographicalExtent": [9.0] * 6,
    }
    extensions = {"Census": {"url": "https://example.org/census.ext.json", "version": "0.7.2"}}
    document |= {"extensions": extensions, "+census": {"percent_men": 49.5}}
    again = written(read_document(tmp_path, document), tmp_path / "out.json")
    assert again["extensions"] == extensions
    assert again["+census"] == {"percent_men": 49.5}
    metadata = again["metadata"]
    assert (metadata["title"], metadata["referenceDate"]) == ("Quarter", "2024-05-01")
    assert metadata["geographicalExtent"] == [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    # CityJSON 2.0 wants an object where 1.1 had a text
    assert metadata["pointOfContact"]["address"] == {"text": "Main Street 1"}
    assert_wholly_same(*(read_city(tmp_path / name) for name in ("city.city.json", "out.json")))


# --- results and the extension ----------------------------------------------------------------------------------------


def test_results_that_are_no_numbers_are_null(tmp_path):
    city = city_of(tmp_path, {"a": box(0, 0, 1, 1, 1), "b": box(2, 0, 1, 1, 1)})
    objects = written(city, tmp_path / "out.json", results={"heat": [np.nan, np.inf]})["CityObjects"]
    assert [objects[name]["attributes"] for name in "ab"] == [{"twin_heat": None}] * 2


def test_results_of_an_earlier_run_stay_with_their_units(tmp_path):
    city = city_of(tmp_path, {"a": box(0, 0, 1, 1, 1)})
    first = there_and_back(city, tmp_path / "1.json", results={"heat": {"values": [1.5], "unit": "kWh"}})
    document = written(first, tmp_path / "2.json", results={"power": {"values": [2], "unit": "kW"}})
    assert document["CityObjects"]["a"]["attributes"] == {"twin_heat": 1.5, "twin_power": 2}
    assert document["metadata"]["twin_units"] == {"twin_heat": "kWh", "twin_power": "kW"}


def test_no_extension_is_named_unless_it_is_published(tmp_path):
    city, results = city_of(tmp_path, {"a": box(0, 0, 1, 1, 1)}), {"heat": {"values": [1.5], "unit": "kWh"}}
    plain = written(city, tmp_path / "1.json", results=results)
    assert "extensions" not in plain
    assert not any(name.startswith("+") for name in plain)
    url = "https://example.org/twin.ext.json"
    named = written(city, tmp_path / "2.json", results=results, extension_url=url)
    assert named["extensions"] == {"twin": {"url": url, "version": extension()["version"]}}
    assert named["+twin"] == {"units": {"twin_heat": "kWh"}}
    assert named["metadata"] == plain["metadata"]
    assert named["CityObjects"] == plain["CityObjects"]


def test_the_extension_is_one(tmp_path):
    """The nine members that CityJSON 2.0 (section 8.2) asks for; every name it brings begins with a plus."""
    made = extension()
    assert made["type"] == "CityJSONExtension"
    assert made["versionCityJSON"] == "2.0"
    assert {"name", "url", "version"} <= made.keys()
    for group in ("extraRootProperties", "extraAttributes", "extraCityObjects", "extraSemanticSurfaces"):
        assert all(name.startswith("+") for name in made[group]), group
    assert list(made["extraRootProperties"]) == ["+twin"]


# --- whatever is written reads back the same --------------------------------------------------------------------------

names = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)
said = st.dictionaries(names, values, max_size=3)
boxes = st.tuples(
    st.floats(-1e5, 1e6), st.floats(0, 6e6), st.floats(0.5, 50), st.floats(0.5, 50), st.floats(0.5, 50), st.booleans()
)
OTHERS = ("BuildingInstallation", "BuildingRoom", "PlantCover", "Road", "TINRelief", "WaterBody", "+Kiosk")


@st.composite
def documents(draw):
    """Buildings, parts and other objects in any order, each somewhere, of some shape, with some things said of it."""
    ids = draw(st.lists(names, min_size=1, max_size=7, unique=True))
    vertices, document, kinds = Vertices(), cityjson({}), {}
    for k, name in enumerate(ids):
        homes = [other for other, kind in kinds.items() if kind in ("Building", "BuildingPart")]
        kind = "Building" if k == 0 else draw(st.sampled_from(("Building", "BuildingPart", *OTHERS)))
        kinds[name] = kind
        entry: dict = {"type": kind, "attributes": draw(said)}
        if kind in ("BuildingPart", "BuildingInstallation", "BuildingRoom"):
            homes = [other for other in homes if kinds[other] == "Building"] if kind == "BuildingPart" else homes
            entry["parents"] = [draw(st.sampled_from(homes))]
        if k == 0 or draw(st.booleans()):
            x, y, width, depth, height, backwards = draw(boxes)
            faces = box(x, y, width, depth, height)[draw(st.integers(0, 1)) :]
            faces = turned(faces) if backwards else faces
            entry["geometry"] = [geometry(faces, vertices, kind="MultiSurface", semantics=draw(st.booleans()))]
        document["CityObjects"][name] = entry
    for name, entry in document["CityObjects"].items():
        for parent in entry.get("parents", ()):
            document["CityObjects"][parent].setdefault("children", []).append(name)
    order = draw(st.permutations(ids))
    document["CityObjects"] = {name: document["CityObjects"][name] for name in order}
    document["vertices"] = vertices.points
    return document


@settings(max_examples=60, deadline=None)
@given(documents())
def test_whatever_is_written_reads_back_the_same(tmp_path_factory, document):
    folder = tmp_path_factory.mktemp("trip")
    city = read_document(folder, document)
    again = there_and_back(city, folder / "1.json")
    assert_wholly_same(city, again)
    write_cityjson(again, folder / "2.json")
    assert (folder / "1.json").read_bytes() == (folder / "2.json").read_bytes()


@settings(max_examples=30, deadline=None)
@given(documents())
def test_so_does_a_sequence(tmp_path_factory, document):
    """In which objects that are no buildings stand with the building they belong to, wherever they stood before."""
    folder = tmp_path_factory.mktemp("trip")
    city = read_document(folder, document)
    write_cityjsonseq(city, folder / "1.city.jsonl")
    again = read_city(folder / "1.city.jsonl")
    for name in ("building", "building_part", "surface"):
        assert (name in city.tables) == (name in again.tables)
        if name in city.tables:
            assert city.table(name).ids.tolist() == again.table(name).ids.tolist()
            assert city.attributes[name] == again.attributes[name]
    np.testing.assert_array_equal(again.geometry.ring_vertices, city.geometry.ring_vertices)
    np.testing.assert_allclose(again.geometry.vertices, city.geometry.vertices, rtol=0, atol=5.1e-4)
    if "city_object" in city.tables:
        assert sorted(city.table("city_object").ids) == sorted(again.table("city_object").ids)
    write_cityjsonseq(again, folder / "2.city.jsonl")
    assert (folder / "1.city.jsonl").read_bytes() == (folder / "2.city.jsonl").read_bytes()
