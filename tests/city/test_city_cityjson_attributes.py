"""Attributes of CityJSON objects: read late, and yet refused at once where they cannot be read."""

from __future__ import annotations

import json

import pytest
from city_cases import box, cityjson, read_document
from msgspec import Raw

from twin.city.cityjson.attributes import Attributes
from twin.city.read import find, read_city
from twin.errors import TwinError


def raws(*texts):
    return [Raw(text) for text in texts]


def test_attributes_are_those_of_the_text_in_order():
    attributes = Attributes()
    assert attributes.add(raws(b'{"a": 1}', b"null", b"{}"), [None, None, None]) == []
    assert attributes.add(raws(b'{"b":{"c":[1.5,"{"]}}'), [None]) == []
    assert attributes.read() == [{"a": 1}, {}, {}, {"b": {"c": [1.5, "{"]}}]


def test_addresses_are_attributes_without_their_place():
    attributes, street = Attributes(), {"street": "Hof", "location": {"type": "MultiPoint"}}
    attributes.add(raws(b"null", b'{"address":"known"}'), [None, street])
    attributes.add(raws(b"{}", b"{}", b"{}"), [None, [street], "nonsense"])
    assert attributes.read() == [{}, {"address": "known"}, {}, {"address": [{"street": "Hof"}]}, {}]


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1e5}',
        b'{"hex":"3e"}',
        b'{"a":"\xc3\xa9"}',
        b'{"n":' + b"9" * 400 + b"}",
        b'{"a":' + b"[" * 150 + b"]" * 150 + b"}",
    ],
)
def test_what_might_not_be_read_later_is_read_at_once(text):
    attributes = Attributes()
    assert attributes.add(raws(b"{}", text), [None, None]) == []
    assert attributes.read() == [{}, json.loads(text)]


@pytest.mark.parametrize(
    "text", [b"[]", b"7", b'"{}"', b"true", b'{"a":"\xff"}', b'{"a":1e999}', b'{"a":1' + b"0" * 400 + b".5}"]
)
def test_what_cannot_be_read_is_named(text):
    attributes = Attributes()
    assert attributes.add(raws(b"{}", text, b"null", text), [None] * 4) == [1, 3]


@pytest.mark.parametrize("value", [[], "text", 3])
def test_a_file_with_other_attributes_is_refused_while_reading(tmp_path, value):
    document = cityjson({"a": box(0, 0, 1, 1, 1), "b": box(5, 0, 1, 1, 1)})
    document["CityObjects"]["b"]["attributes"] = value
    path = tmp_path / "city.city.json"
    path.write_text(json.dumps(document))
    with pytest.raises(TwinError, match="/CityObjects/b/attributes: expected `object"):
        next(find(path))


def test_a_city_keeps_all_attributes_in_parts_of_any_size(tmp_path, monkeypatch):
    document = cityjson({f"b{k}": box(3 * k, 0, 1, 1, 1) for k in range(7)})
    for k, entry in enumerate(document["CityObjects"].values()):
        entry["attributes"] = {"colour": f"c{k}"} if k % 3 else {"depth": "1e"}
    whole = read_document(tmp_path, document)
    monkeypatch.setattr("twin.city.cityjson.objects._AT_ONCE", 2)
    parted = read_city(tmp_path / "city.city.json")
    assert [one.get("colour") for one in whole.attributes["building"]] == [None, "c1", "c2", None, "c4", "c5", None]
    assert list(parted.attributes["building"]) == list(whole.attributes["building"])
