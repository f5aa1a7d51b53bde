"""What a city makes only when it is asked for: nobody can tell, and nothing is missing."""

from __future__ import annotations

import numpy as np
import pytest
from city_cases import box, cityjson, codes, read_document

from twin.city.lazy import Lookup, Made
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
