"""What a planner meets first: ``twin info`` and ``twin convert``."""

from __future__ import annotations

import json

import numpy as np
import pytest
from city_cases import box, city_of, cityjson, read_document

from twin import read_city
from twin.cli import main

PAIR = {"large": box(0, 0, 10, 8, 9), "small": box(10, 2, 5, 4, 6)}


@pytest.fixture
def city_file(tmp_path):
    city_of(tmp_path, PAIR, yearOfConstruction=1961, name="x")
    return tmp_path / "city.city.json"


def told(capsys, *words: object) -> dict:
    """The one JSON document that a command prints."""
    assert main([*map(str, words), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_info_counts_and_measures(city_file, capsys):
    told_ = told(capsys, "info", city_file)
    assert (told_["n_buildings"], told_["n_building_parts"], told_["crs"], told_["lods"]) == (2, 0, "EPSG:25832", ["2"])
    walls = 2 * (10 + 8) * 9 + 2 * (5 + 4) * 6
    assert told_["surfaces"] == {
        "GroundSurface": {"count": 2, "area_m2": 100},
        "RoofSurface": {"count": 2, "area_m2": 100},
        "WallSurface": {"count": 8, "area_m2": walls},
    }
    assert told_["volume_m3"] == pytest.approx(80 * 9 + 20 * 6)
    assert told_["volume_method"]["divergence"] == 2
    assert (told_["footprint_m2"], told_["party_wall_m2"], told_["interior_wall_m2"]) == (100, 24, 0)
    assert told_["attributes"] == {"name": 1, "yearOfConstruction": 1}


def test_info_looks_at_the_finest_geometry(tmp_path, capsys):
    document = cityjson({"a": box(0, 0, 10, 8, 9)})
    coarse, fine = document["CityObjects"]["a"]["geometry"][0], cityjson({"a": box(0, 0, 10, 8, 9)})
    fine = json.loads(json.dumps(coarse))
    coarse["lod"], fine["lod"] = "1.2", "3"
    document["CityObjects"]["a"]["geometry"] = [coarse, fine]
    read_document(tmp_path, document)
    told_ = told(capsys, "info", tmp_path / "city.city.json")
    assert told_["lods"] == ["1.2", "3"]
    assert sum(kind["count"] for kind in told_["surfaces"].values()) == 6


def test_an_attribute_that_says_nothing_is_not_filled(tmp_path, capsys):
    document = cityjson(PAIR)
    for year, entry in zip(("0001", "1950"), document["CityObjects"].values(), strict=True):
        entry["attributes"] = {"yearOfConstruction": year, "note": None}
    read_document(tmp_path, document)
    assert told(capsys, "info", tmp_path / "city.city.json")["attributes"] == {"yearOfConstruction": 0.5}


def test_info_for_people(city_file, capsys):
    assert main(["info", str(city_file)]) == 0
    text = capsys.readouterr().out
    assert "2 buildings" in text
    assert "party walls" in text


def test_info_of_what_is_no_city(tmp_path, capsys):
    (tmp_path / "a.json").write_text('{"type": "FeatureCollection"}')
    assert main(["info", str(tmp_path / "a.json"), "--json"]) == 1
    out = capsys.readouterr()
    assert json.loads(out.out)["status"] == "error"
    assert "a.json" in out.err


@pytest.mark.parametrize("name", ["out.city.json", "out.city.json.gz", "out.city.jsonl", "out.city.jsonl.gz"])
def test_convert_keeps_everything(city_file, tmp_path, capsys, name):
    assert told(capsys, "convert", city_file, tmp_path / name)["buildings"] == 2
    before, after = read_city(city_file), read_city(tmp_path / name)
    assert after.buildings.ids.tolist() == before.buildings.ids.tolist()
    np.testing.assert_allclose(after.surfaces["area_m2"], before.surfaces["area_m2"])
    assert after.attributes["building"] == before.attributes["building"]


def test_convert_a_part_of_a_city(city_file, tmp_path, capsys):
    target = tmp_path / "some.city.json"
    told_ = told(capsys, "convert", city_file, target, "--where", "height_m < 7")
    assert (told_["buildings"], read_city(target).buildings.ids.tolist()) == (1, ["small"])
