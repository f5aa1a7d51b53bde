"""CityJSON text sequences as we write them: one feature a line, tile by tile, complete or not at all."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

import numpy as np
import pytest
from city_cases import assert_same, box, city_of, cityjson, read_document
from write_cases import found_with

from twin.city import City, read_city
from twin.city.assemble import assemble
from twin.city.cityjson import write_cityjson, write_cityjsonseq
from twin.city.write import write_city
from twin.errors import TwinError

SHAPES = {"a": box(0, 0, 10, 8, 6), "b": box(10, 0, 5, 8, 4), "c": box(30, 40, 2, 2, 2)}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def with_part(folder):
    """A building with a part, and two more."""
    document = cityjson(SHAPES, title="x")
    document["CityObjects"]["b"] |= {"type": "BuildingPart", "parents": ["a"]}
    document["CityObjects"]["a"]["children"] = ["b"]
    return read_document(folder, document)


def test_one_feature_a_line_with_vertices_of_its_own(tmp_path):
    write_cityjsonseq(with_part(tmp_path), tmp_path / "out.city.jsonl")
    head, first, second = lines(tmp_path / "out.city.jsonl")
    assert (head["type"], head["version"]) == ("CityJSON", "2.0")
    assert (head["CityObjects"], head["vertices"]) == ({}, [])
    assert head["metadata"]["geographicalExtent"] == [0.0, 0.0, 0.0, 32.0, 42.0, 6.0]
    assert head["metadata"]["referenceSystem"].endswith("/25832")
    assert [(line["type"], line["id"]) for line in (first, second)] == [
        ("CityJSONFeature", "a"),
        ("CityJSONFeature", "c"),
    ]
    assert not {"transform", "version", "metadata"} & first.keys()
    assert list(first["CityObjects"]) == ["a", "b"]
    assert len(first["vertices"]) == 8 + 8 - 2  # two corners on the ground are shared
    assert len(second["vertices"]) == 8
    corners = np.array(second["vertices"]) * head["transform"]["scale"] + head["transform"]["translate"]
    np.testing.assert_allclose(corners.min(axis=0), [30, 40, 0])
    assert np.max(second["CityObjects"]["c"]["geometry"][0]["boundaries"]) == 7


def test_there_and_back(tmp_path):
    city = with_part(tmp_path)
    write_cityjsonseq(city, tmp_path / "1.city.jsonl")
    again = read_city(tmp_path / "1.city.jsonl")
    assert_same(city, again)
    write_cityjsonseq(again, tmp_path / "2.city.jsonl")
    assert (tmp_path / "1.city.jsonl").read_bytes() == (tmp_path / "2.city.jsonl").read_bytes()


def test_the_name_of_a_file_decides(tmp_path):
    city = with_part(tmp_path)
    write_cityjson(city, tmp_path / "document")
    write_cityjsonseq(city, tmp_path / "sequence")
    for name in ("x.city.jsonl", "x.JSONL"):
        write_city(city, tmp_path / name)
        assert (tmp_path / name).read_bytes() == (tmp_path / "sequence").read_bytes()
    for name in ("x.city.json", "x.json", "x"):
        write_city(city, tmp_path / name)
        assert (tmp_path / name).read_bytes() == (tmp_path / "document").read_bytes()
    write_city(city, tmp_path / "x.city.jsonl.gz")
    assert gzip.decompress((tmp_path / "x.city.jsonl.gz").read_bytes()) == (tmp_path / "sequence").read_bytes()


# --- tile by tile -----------------------------------------------------------------------------------------------------


def tiles(folder, *names: str) -> Iterator[City]:
    """One city per name, each only made when it is asked for."""
    for name in names:
        yield city_of(folder, {name: SHAPES[name]})


def test_tiles_become_one_sequence(tmp_path):
    """All on the grid of the first, so that corners left and below of it are negative."""
    results = {"heat": {"values": [1.0, 2.0, 3.0], "unit": "kWh"}}
    write_cityjsonseq(tiles(tmp_path, "c", "a", "b"), tmp_path / "out.city.jsonl", results)
    head, *features = lines(tmp_path / "out.city.jsonl")
    assert "geographicalExtent" not in head["metadata"]  # nobody knows it yet
    assert head["metadata"]["twin_units"] == {"twin_heat": "kWh"}
    assert [feature["id"] for feature in features] == ["c", "a", "b"]
    assert np.min(features[1]["vertices"]) == -40000
    again = read_city(tmp_path / "out.city.jsonl")
    assert again.buildings.ids.tolist() == ["c", "a", "b"]
    assert again.buildings["volume_m3"] == pytest.approx([8, 480, 160])
    assert [kept["twin_heat"] for kept in again.attributes["building"]] == [1.0, 2.0, 3.0]


def test_only_one_tile_is_held_at_a_time(tmp_path):
    held = 0

    class Counted(City):
        def __del__(self):
            nonlocal held
            held -= 1

    def counted():
        nonlocal held
        for name in "abc":
            city = city_of(tmp_path, {name: SHAPES[name]})
            held += 1
            assert held <= 2  # the one just written, and this one
            yield Counted(**{field: getattr(city, field) for field in City.__dataclass_fields__})

    write_cityjsonseq(counted(), tmp_path / "out.city.jsonl")
    assert len(lines(tmp_path / "out.city.jsonl")) == 4


@pytest.mark.parametrize("values", [[1.0], [1.0, 2.0], [1.0, 2.0, 3.0, 4.0]])
def test_results_must_match_all_buildings(tmp_path, values):
    with pytest.raises(TwinError, match=r"result (twin_)?heat has"):
        write_cityjsonseq(tiles(tmp_path, "a", "b", "c"), tmp_path / "out.city.jsonl", {"heat": values})
    assert not (tmp_path / "out.city.jsonl").exists()


def test_tiles_in_different_reference_systems(tmp_path):
    def mixed():
        yield read_document(tmp_path, cityjson({"a": SHAPES["a"]}))
        yield read_document(tmp_path, cityjson({"b": SHAPES["b"]}, crs="EPSG:28992"))

    with pytest.raises(TwinError, match="EPSG:25832 and EPSG:28992"):
        write_cityjsonseq(mixed(), tmp_path / "out.city.jsonl")
    assert [path.name for path in tmp_path.iterdir()] == ["city.city.json"]


def test_no_tile_at_all(tmp_path):
    with pytest.raises(TwinError, match="no city to write"):
        write_cityjsonseq([], tmp_path / "out.city.jsonl")


def test_a_tile_that_cannot_be_read_leaves_the_old_file(tmp_path):
    (tmp_path / "out.city.jsonl").write_text("old")

    def breaking():
        yield city_of(tmp_path, {"a": SHAPES["a"]})
        raise TwinError("line 7 is broken")

    with pytest.raises(TwinError, match="line 7"):
        write_cityjsonseq(breaking(), tmp_path / "out.city.jsonl")
    assert (tmp_path / "out.city.jsonl").read_text() == "old"
    assert list(tmp_path.glob(".*")) == []


# --- groups -----------------------------------------------------------------------------------------------------------


def grouped():
    """A building, a tree and a group of both, in which each has its role."""
    found = found_with(["WallSurface"] * 6)
    found.add_object("tree", -1, {}, "SolitaryVegetationObject")
    group = found.add_object("yard", -1, {}, "CityObjectGroup")
    found.members[group] = {"children": ["tree", "gone", "a"], "children_roles": ["shade", "well", "home"]}
    return assemble(found)


def test_a_group_names_its_members_and_they_name_it(tmp_path):
    write_cityjson(grouped(), tmp_path / "out.json")
    objects = json.loads((tmp_path / "out.json").read_text())["CityObjects"]
    assert objects["yard"] == {
        "type": "CityObjectGroup",
        "children": ["tree", "a"],
        "children_roles": ["shade", "home"],
    }
    assert objects["a"]["parents"] == objects["tree"]["parents"] == ["yard"]


def test_groups_there_and_back(tmp_path):
    for write, name in ((write_cityjson, "1.city.json"), (write_cityjsonseq, "1.city.jsonl")):
        write(grouped(), tmp_path / name)
        again = read_city(tmp_path / name)
        assert again.members["yard"] == {"children": ["tree", "a"], "children_roles": ["shade", "home"]}
        write(again, tmp_path / "2")
        assert (tmp_path / "2").read_bytes() == (tmp_path / name).read_bytes()


def test_a_group_and_its_members_are_one_feature(tmp_path):
    write_cityjsonseq(grouped(), tmp_path / "out.city.jsonl")
    _, *features = lines(tmp_path / "out.city.jsonl")
    assert [(feature["id"], sorted(feature["CityObjects"])) for feature in features] == [
        ("yard", ["a", "tree", "yard"])
    ]
