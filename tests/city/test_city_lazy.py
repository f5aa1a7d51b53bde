"""What a city makes only when it is asked for: nobody can tell, and nothing is missing."""

from __future__ import annotations

import numpy as np
import pytest
from city_cases import WALL, box, cityjson, codes, read_document, turned

from twin.check import check_files
from twin.city import faces
from twin.city.found import Found
from twin.city.geometry.sizes import measure
from twin.city.lazy import Lookup, Made, Once
from twin.city.read import find, iter_city


def counted(items):
    calls = []

    def make():
        calls.append(1)
        return items

    return Made(make), calls


def test_items_are_made_once_and_late():
    made, calls = counted(["a", "b", "c"])
    assert not calls
    assert len(made) == 3
    assert made[1] == "b"
    assert list(made[1:]) == ["b", "c"]
    assert made == ["a", "b", "c"]
    assert made != ["a", "b"]
    assert [*made, "d"] == ["a", "b", "c", "d"]
    assert repr(made) == "['a', 'b', 'c']"
    assert len(calls) == 1


def test_what_is_made_once_is_made_late():
    calls = []
    once = Once(lambda: calls.append(1) or {"a": 1})
    assert not calls
    assert once() is once() == {"a": 1}
    assert calls == [1]


def test_findings_that_were_put_off_take_their_place():
    found = Found("city.json", rings_closed=False)
    found.note("first", "is known")
    found.put_off(lambda of: [{"code": f"looked at {of.file}"}])
    found.put_off(lambda _: [])
    found.note("last", "is known")
    assert [finding["code"] for finding in found.findings] == ["first", "last"]
    for _ in range(2):
        assert [finding["code"] for finding in found.all_findings()] == ["first", "looked at city.json", "last"]


def test_a_lookup_is_the_sequence_it_stands_for():
    lookup = Lookup(["wall", "roof"], np.array([0, 0, 1, 0]))
    assert lookup == ["wall", "wall", "roof", "wall"]
    assert lookup[2] == lookup[-2] == "roof"
    assert lookup[1:3] == ["wall", "roof"]
    assert lookup.take(np.array([2, 0])) == ["roof", "wall"]
    assert lookup.count("wall") == 3
    with pytest.raises(IndexError):
        lookup[4]


def test_a_lookup_does_not_make_its_items_before_one_is_asked_for():
    items, calls = counted([{"slope": 90}, {}])
    lookup = Lookup(items, np.array([1, 1, 0]))
    assert len(lookup.take(slice(2))) == 2
    assert not calls
    assert lookup[2] == {"slope": 90}
    assert calls


ODD = {"yearOfConstruction": 9999, "storeysAboveGround": "many", "measuredHeight": 3.5, "owner": "Ada"}


def odd_city(tmp_path):
    document = cityjson({"a": box(0, 0, 1, 1, 1), "b": box(5, 0, 1, 1, 1)})
    document["CityObjects"]["a"]["attributes"] = ODD
    return read_document(tmp_path, document)


@pytest.mark.parametrize("first", ["findings", "attributes", "column", "source"])
def test_findings_attributes_and_columns_agree_whichever_is_looked_at_first(tmp_path, first):
    city = odd_city(tmp_path)
    if first == "findings":
        assert codes(city) == ["attribute-odd", "no-value"]
    elif first == "attributes":
        assert city.attributes["building"][0]["owner"] == "Ada"
    elif first == "column":
        assert np.isnan(city.buildings["measured_height_m"][1])
    else:
        assert city.buildings.missing("year_of_construction").all()
    assert codes(city) == ["attribute-odd", "no-value"]
    left = {"yearOfConstruction": 9999, "storeysAboveGround": "many", "owner": "Ada"}  # what did not become a column
    assert city.attributes["building"] == [left, {}]
    assert city.buildings["measured_height_m"][0] == 3.5
    assert city.buildings.missing("storeys_above_ground").tolist() == [True, True]


def test_findings_outlive_a_city_made_of_another(tmp_path):
    city = odd_city(tmp_path)
    other = city.with_table(city.buildings)
    del city
    assert codes(other) == ["attribute-odd", "no-value"]


def test_findings_of_tiles_are_each_tile_s_own(tmp_path):
    odd_city(tmp_path)
    (path,) = tmp_path.glob("*.json*")
    assert [codes(tile) for tile in iter_city(path, buildings=1)] == [["attribute-odd", "no-value"], []]


def test_kinds_of_surfaces_are_held_once(tmp_path):
    document = cityjson({name: box(10 * k, 0, 1, 1, 1) for k, name in enumerate("abc")})
    for name in "abc":
        document["CityObjects"][name]["geometry"][0]["semantics"]["surfaces"][1] |= {"Slope": 90}
    read_document(tmp_path, document)
    (path,) = tmp_path.glob("*.json*")
    found = next(find(path))
    described = [attributes for attributes in found.surface_attributes if attributes]
    assert described == [{"Slope": 90}] * 3
    assert len({id(attributes) for attributes in described}) == 1


BENT = (WALL, [[(0, 0, 0), (9, 0, 0), (9, 1, 9), (0, 0, 9)]])
FLAT = (WALL, [[(0, 0, 0), (1, 0, 0), (2, 0, 0)]])
LOOKS = {
    "area": lambda city: city.surfaces["area_m2"],
    "slope": lambda city: city.surfaces["type"],
    "volume": lambda city: city.buildings["volume_m3"],
    "findings": lambda city: list(city.metadata["findings"]),
}


def wrong_city(tmp_path):
    """One building inside out, one with a face the wrong way, one that is open, bent and flat, and one of nothing."""
    crossed = [*box(20, 0, 1, 1, 1)[:5], *turned(box(20, 0, 1, 1, 1)[5:])]
    document = cityjson({"a": turned(box(0, 0, 1, 1, 1)), "b": [BENT, FLAT], "c": crossed, "d": box(40, 0, 1, 1, 1)})
    document["CityObjects"]["d"] = {"type": "Building", "attributes": ODD}
    document["CityObjects"]["a"]["geometry"][0]["semantics"]["surfaces"][2] = {"type": "+Moss"}
    return read_document(tmp_path, document)


@pytest.mark.parametrize("first", LOOKS)
def test_surfaces_are_measured_once_and_late_whatever_is_asked_for_first(tmp_path, monkeypatch, first):
    calls = []
    monkeypatch.setattr(faces, "measure", lambda geometry: calls.append(1) or measure(geometry))
    city = wrong_city(tmp_path)
    assert not calls
    assert (measure(city.geometry).tilt[:2] == [180, 0]).all()  # ground and roof face outward all the same
    assert city.metadata["volume_method"] == {"divergence": 2, "footprint_x_height": 1}
    assert not calls
    LOOKS[first](city)
    assert codes(city) == sorted(
        ["307", "405", "302", "203", "no-area", "no-geometry", "surface-type-unknown", *ODDITIES]
    )
    assert city.buildings["volume_m3"][[0, 2]] == pytest.approx([1.0, 1.0])
    assert city.surfaces["tilt_deg"][:2].tolist() == [180, 0]
    assert calls == [1]


ODDITIES = ["attribute-odd", "no-value"]


def test_findings_keep_their_order(tmp_path):
    """Shells, then surfaces, then buildings, then types and attributes, whenever they are found."""
    expected = [
        "307",
        "405",
        "302",
        "203",
        "no-area",
        "no-geometry",
        "surface-type-unknown",
        "no-value",
        "attribute-odd",
    ]
    assert [finding["code"] for finding in wrong_city(tmp_path).metadata["findings"]] == expected


def test_a_check_looks_at_what_was_put_off(tmp_path):
    wrong_city(tmp_path)
    (path,) = tmp_path.glob("*.json*")
    assert "no-area" in [finding["code"] for finding in check_files([path])["findings"]]


def test_windows_need_measures_at_once_which_are_kept(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(faces, "measure", lambda geometry: calls.append(1) or measure(geometry))
    pane = ("Window", [[(0.2, 0, 0.2), (0.8, 0, 0.2), (0.8, 0, 0.8), (0.2, 0, 0.8)]])
    city = read_document(tmp_path, cityjson({"a": [*box(0, 0, 1, 1, 1), pane]}))
    assert calls == [1]
    assert city.surfaces["opening_m2"].sum() == pytest.approx(0.36)
    assert codes(city) == []
    assert calls == [1]
