"""Objects as columns: in blocks of any size, and however odd some are, the same is found and the same is refused."""

from __future__ import annotations

import copy
import gzip
import json
from typing import Any

import pytest
from city_cases import Vertices, box, cityjson, geometry

from twin.city.cityjson import objects, read_cityjson, sequence
from twin.city.source import Source
from twin.errors import TwinError


def found_in(folder, content: Any, tile=None) -> list:
    path = folder / "city.city.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return list(read_cityjson(Source(path), "2", tile))


def told(folder, document: Any, monkeypatch, at_once: int) -> Any:
    """Return what is found in a document of which so many objects are looked at together, or what is refused."""
    monkeypatch.setattr(objects, "_AT_ONCE", at_once)
    try:
        (found,) = found_in(folder, document)
    except TwinError as error:
        return str(error)
    blocks = [(b.ring_vertices.tolist(), b.surface_objects.tolist(), b.surface_types.tolist()) for b in found.blocks]
    lists = (found.ids, found.types, found.parents, found.attributes, found.lods, found.members, found.findings)
    return blocks, lists, found.lods_offered


def houses(n: int = 7) -> dict[str, Any]:
    return cityjson({f"b{k}": box(3 * k, 0, 1, 1, 1 + k) for k in range(n)})


def with_levels(*lods: Any) -> list[dict[str, Any]]:
    vertices = Vertices()
    return [geometry(box(0, 0, 1, 1, 1), vertices, lod) for lod in lods]


ODD: dict[str, dict[str, dict[str, Any]]] = {
    "nothing": {},
    "parts": {"b1": {"type": "BuildingPart", "parents": ["b0"]}, "b4": {"type": "BuildingPart", "parents": ["b6"]}},
    "coarser than its part": {"b0": {"geometry": with_levels("1")}, "b1": {"type": "BuildingPart", "parents": ["b0"]}},
    "no parent": {"b1": {"type": "BuildingPart"}, "b2": {"type": "BuildingPart", "parents": []}},
    "missing parents": {"b1": {"parents": ["ghost"]}, "b3": {"parents": ["ghost", "b2"]}, "b5": {"parents": ["b4"]}},
    "several parents": {
        "b0": {"type": "CityObjectGroup", "children": ["b1"], "children_roles": ["x"]},
        "b1": {"parents": ["b0", "b2"]},
    },
    "circle": {"b1": {"parents": ["b2"]}, "b2": {"parents": ["b1"]}},
    "groups": {"b2": {"type": "CityObjectGroup", "children": ["b1", "b0"]}, "b3": {"type": "CityObjectGroup"}},
    "several levels": {"b1": {"geometry": with_levels("1", "2.2", 3)}, "b4": {"geometry": with_levels("2", 2.0)}},
    "no geometry": {"b0": {"geometry": []}, "b3": {"geometry": None}},
    "points": {"b0": {"geometry": [{"type": "MultiPoint", "lod": "1", "boundaries": [0]}]}},
    "addresses": {"b2": {"address": [{"a": 1, "location": {}}]}, "b4": {"attributes": None, "address": {"b": 2}}},
    "further members": {"b2": {"+own": [1]}, "b3": {"attributes": {"k": 1}}},
    "wrong level": {"b1": {"geometry": with_levels("high", "2")}, "b5": {"geometry": with_levels(None)}},
    "wrong level, then a lone part": {"b1": {"type": "BuildingPart"}, "b2": {"geometry": with_levels("9.99")}},
    "wrong children": {"b1": {"type": "CityObjectGroup", "children": [1]}, "b2": {"geometry": with_levels("x")}},
    "no such template": {"b1": {"geometry": [{"type": "GeometryInstance", "template": 0, "boundaries": [0]}]}},
}


@pytest.mark.parametrize("case", ODD)
@pytest.mark.parametrize("templates", [False, True])
def test_one_by_one_gives_the_same_as_all_at_once(tmp_path, monkeypatch, case, templates):
    document = houses()
    for name, members in ODD[case].items():
        document["CityObjects"][name] |= copy.deepcopy(members)
    if templates:
        shape = {"type": "MultiSurface", "lod": "2", "boundaries": [[[0, 1, 2]]]}
        document["geometry-templates"] = {"templates": [shape], "vertices-templates": [[0, 0, 0], [1, 0, 0], [0, 1, 0]]}
    whole = told(tmp_path, document, monkeypatch, 1000)
    assert all(told(tmp_path, document, monkeypatch, n) == whole for n in (1, 2, 3))


def test_problems_come_in_the_order_of_the_objects(tmp_path):
    document = houses(5)
    changes = {"b0": {"geometry": with_levels("high")}, "b1": {"type": "BuildingPart"}}
    changes |= {"b3": {"geometry": with_levels("2", "low")}, "b4": {"type": "BuildingPart", "parents": []}}
    for name, members in changes.items():
        document["CityObjects"][name] |= members
    with pytest.raises(TwinError) as caught:
        found_in(tmp_path, document)
    places = [problem.place for problem in caught.value.problems]
    assert places == [f"/CityObjects/{rest}" for rest in ("b0/geometry/0/lod", "b1", "b3/geometry/1/lod", "b4")]


def test_parents_may_be_in_another_block(tmp_path, monkeypatch):
    monkeypatch.setattr(objects, "_AT_ONCE", 2)
    document = houses(5)
    document["CityObjects"]["b0"] |= {"type": "BuildingPart", "parents": ["b4"]}
    document["CityObjects"]["b4"] |= {"parents": ["b2"]}
    (found,) = found_in(tmp_path, document)
    assert found.parents == [4, -1, -1, -1, 2]


def test_numbers_and_texts_are_the_same_level(tmp_path):
    document = houses(4)
    for name, lod in zip(document["CityObjects"], ("2", 2, 2.0, "1"), strict=True):
        document["CityObjects"][name]["geometry"] = with_levels(lod)
    (found,) = found_in(tmp_path, document)
    assert (found.lods, found.lods_offered) == (["2", "2", "2", "1"], {"1", "2"})


def test_levels_of_objects_with_and_without_geometry(tmp_path):
    """Each object has its own level, none where nothing is read of it."""
    same, others = houses(4), houses(4)
    for document in (same, others):
        del document["CityObjects"]["b0"]["geometry"]
        document["CityObjects"]["b2"]["geometry"] = []
    others["CityObjects"]["b3"]["geometry"] = with_levels("1")
    others["CityObjects"]["b1"]["geometry"] = [*with_levels("2"), {"type": "MultiPoint", "boundaries": [0]}]
    (alike,), (apart,) = found_in(tmp_path, same), found_in(tmp_path, others)
    assert (alike.lods, [one["code"] for one in alike.findings]) == (["", "2", "", "2"], [])
    assert (apart.lods, [one["code"] for one in apart.findings]) == (["", "2", "", "1"], ["geometry-unread"])


def test_objects_without_attributes_share_none(tmp_path):
    document = houses(3)
    for entry in document["CityObjects"].values():
        entry.pop("attributes")
    document["CityObjects"]["b1"]["address"] = {"street": "S"}
    (found,) = found_in(tmp_path, document)
    assert found.attributes == [{}, {"address": [{"street": "S"}]}, {}]


# --- the text ---------------------------------------------------------------------------------------------------------


def as_lines(document: dict[str, Any], **members: Any) -> bytes:
    """The same as a text sequence, one feature per object."""
    first = document | members | {"CityObjects": {}, "vertices": []}
    features = [
        {"type": "CityJSONFeature", "CityObjects": {name: entry}, "vertices": document["vertices"]}
        for name, entry in document["CityObjects"].items()
    ]
    return "\n".join(json.dumps(one) for one in (first, *features)).encode()


MARK = b"\xef\xbb\xbf"


@pytest.mark.parametrize("room", [1, 1000, 1 << 26])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("before", "behind"), [(b"", b""), (MARK, b"\n"), (b"\n", b"\n  \n"), (b"", b"\n" + b" " * 10**6)]
)
def test_a_text_grows_as_it_must(tmp_path, monkeypatch, room, packed, before, behind):
    monkeypatch.setattr(sequence, "_LEAST", room)
    monkeypatch.setattr(sequence, "_MOST", room)
    document = houses() | {"+long": "x" * 10**6}  # several chunks
    text = before + json.dumps(document).encode() + behind
    (found,) = found_in(tmp_path, gzip.compress(text) if packed else text)
    assert found.ids == list(document["CityObjects"])
    assert len(found.blocks[0].coordinates) == len(document["vertices"])


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("before", "blanks"), [(b"", b""), (MARK, b"\r\n\n"), (b"", b" " * 10**6 + b"\n")])
def test_a_sequence_may_begin_with_a_long_line_and_blanks(tmp_path, packed, before, blanks):
    """Whether a second JSON object follows may be seen many chunks behind the first."""
    first, behind = as_lines(houses(), **{"+long": "x" * 10**6}).split(b"\n", 1)
    text = before + first + b"\n" + blanks + behind
    tiles = found_in(tmp_path, gzip.compress(text) if packed else text, tile=3)
    assert [found.ids for found in tiles] == [["b0", "b1", "b2"], ["b3", "b4", "b5"], ["b6"]]


@pytest.mark.parametrize("member", ["+own", "appearance"])
def test_bytes_that_are_no_text_where_nothing_is_read(tmp_path, member):
    text = json.dumps(houses() | {member: {"a": "BYTES"}}).encode().replace(b"BYTES", b"\xff\xfe")
    if member == "appearance":
        assert len(found_in(tmp_path, text)[0].ids) == 7
    else:
        with pytest.raises(TwinError, match="utf-8"):
            found_in(tmp_path, text)
