"""What lists of thematic surfaces say: read off their text, put off, or decoded, and always what JSON says."""

from __future__ import annotations

import json

import numpy as np
import pytest
from city_cases import box, cityjson
from hypothesis import given
from hypothesis import strategies as st

from twin.city.cityjson import kinds as kinds_module
from twin.city.cityjson.kinds import Kinds
from twin.city.cityjson.pieces import COMMON, Pieces, Unread
from twin.city.found import Found
from twin.city.lazy import Lookup
from twin.city.read import find

WALL, ROOF, GROUND = "WallSurface", "RoofSurface", "GroundSurface"


def compact(lists):
    return [json.dumps(surfaces, separators=(",", ":")).encode() for surfaces in lists]


def said(texts):
    """Return type, identifier and attributes of every surface, as `Kinds` reads them; None where it finds them odd."""
    kinds = Kinds(Found("a.city.json", rings_closed=False))
    some = kinds.of(texts)
    if some is None:
        return None
    names = [kinds.found.type_names[code] if code >= 0 else "" for code in some.codes.tolist()]
    ids, attributes = (Lookup(items, some.kinds) for items in kinds.told())
    flat = list(zip(names, ids, map(dict, attributes), strict=True))
    ends = np.cumsum(some.counts).tolist()
    return [flat[end - count : end] for count, end in zip(some.counts.tolist(), ends, strict=True)]


def expected(texts):
    """Return the same by the standard library."""
    lists = []
    for text in texts:
        lists.append([])
        for surface in json.loads(text):
            identifier, name = surface.pop("id", ""), surface.pop("type")
            if surface.pop("twin_type_source", "") == "derived":
                name = ""
            for member in ("parent", "children"):
                surface.pop(member, None)
            lists[-1].append((name, identifier if isinstance(identifier, str) else "", surface))
    return lists


def decoded(texts, monkeypatch):
    """Return how many surfaces are decoded while their lists are read, as against when they are asked for."""
    pieces = []
    take = Pieces.texts
    monkeypatch.setattr(Pieces, "texts", lambda self, rows: pieces.append(len(rows)) or take(self, rows))
    assert said(texts) == expected(texts)
    return sum(pieces)


PLAIN = [[{"type": name} for name in COMMON], [{"type": ROOF}], [{"type": GROUND}, {"type": WALL}]]
SLOPES = [[{"type": WALL}, {"type": ROOF, "Slope": k % 3, "Direction": 90.5}] for k in range(20)]


def test_common_types_are_read_off(monkeypatch):
    assert decoded(compact(PLAIN), monkeypatch) == 0


def test_what_is_said_beside_is_put_off(monkeypatch):
    assert decoded(compact(PLAIN + SLOPES), monkeypatch) == 0


def test_a_few_are_decoded_at_once(monkeypatch):
    assert decoded(compact(SLOPES[:3]), monkeypatch) == 3


def test_other_types_are_decoded(monkeypatch):
    lists = [[{"type": "OuterFloorSurface"}, {"type": WALL, "note": "high"}, {"type": "+Shed", "note": 1}], *SLOPES]
    assert decoded(compact(lists), monkeypatch) == 2


@pytest.mark.parametrize(
    ("first", "more"),
    [
        ('{"type":"Window","parent":0}', 1),  # needed now
        ('{"id":"w","type":"WallSurface"}', 1),  # where does the type begin?
        ('{"type": "WallSurface"}', 1),
        ('{"type":"WallSurface" }', 0),
        ('{"type":"WallSurface" ,"a" : [1, 2]}', 0),
        ('{"type":"WallSurfaceX"}', 1),
        ('{"type":"WallSurface","note":"' + "x" * 300 + '"}', 1),
        ('{"type":"WallSurface","height":' + "9" * 200 + "}", 0),
    ],
)
def test_a_surface_is_decoded_alone(monkeypatch, first, more):
    texts = [b"[" + first.encode() + b',{"type":"GroundSurface"}]', *compact(SLOPES)]
    assert decoded(texts, monkeypatch) == more


@pytest.mark.parametrize(
    "odd",
    [
        '"type":"GroundSurface"',
        '"a":1, "type" : "GroundSurface"',
        '"\\u0074ype":"GroundSurface"',
        '"\\u0069d":"w"',
        '"twin_type_source":"derived"',
        '"name":"Jäger"',
        '"weight":1e5',
        '"weight":1E5',
    ],
)
def test_what_may_be_of_harm_is_not_put_off(monkeypatch, odd):
    texts = [b'[{"type":"WallSurface",' + odd.encode() + b"}]", *compact(SLOPES)]
    assert decoded(texts, monkeypatch) == 21


@pytest.mark.parametrize("note", ["yes", "type", "a_b", "e5", "5 e", "two }"])
def test_what_looks_like_harm(note):
    texts = compact([[{"type": ROOF, "note": note, "y": "type", "id": "r"}], *SLOPES])
    assert said(texts) == expected(texts)


@pytest.mark.parametrize("value", ["1e999", "9" * 5000, '"\xff"'])
def test_what_json_cannot_hold_is_odd_at_once(value):
    text = '[{"type":"RoofSurface","note":' + value + "}]"
    assert said([text.encode("latin-1"), *compact(SLOPES)]) is None


@pytest.mark.parametrize(
    "texts",
    [
        [b'[{"type":"WallSurface","a":{"type":"RoofSurface"}}]'],
        [b'[{"type":"WallSurface","a":[{"type":"RoofSurface"},{"type":"RoofSurface"}]},{"type":"Door"}]'],
        [b'[{"type":"WallSurface","a":[[],[{"type":"RoofSurface"}],[{"type":"RoofSurface"}]]}]'],
        [b'[{"type":"WallSurface","a":"},{","b":2}]'],
        [b'[{"type":"WallSurface","a":"},{",":1,":"x"}]'],
        [b'[{"type":"WallSurface","a":"},{",",b":":","},{":"},{"},{"type":"Door"}]'],
        [b'[{"type":"WallSurface","a":"},{\\"type\\":\\"Door\\"},{"}]'],
        [b'[{"type":"WallSurface","a":"}],[{"}]', b'[{"type":"Door"}]'],
        [b"[]", b'[{"type":"WallSurface"}]', b"[]"],
        [b'[{"type":"WallSurface"} , {"type":"Door"}]', b'[ {"type":"WallSurface","a":" "} ]'],
    ],
)
def test_braces_that_are_not_around_surfaces(texts):
    assert said(texts) in (None, expected(texts))  # None for a closer look, one geometry after the other


@pytest.mark.parametrize(
    "text", [b"[{}]", b"[{},{}]", b'[{"a":1}]', b'[{"type":1}]', b"null", b"{}", b"[1]", b"[[{}]]"]
)
def test_what_is_no_list_of_surfaces(text):
    assert said([text]) is None
    assert said([*compact(SLOPES), text]) is None
    assert said([b'[{"type":"WallSurface"}]', text, b'[{"type":"WallSurface"}]']) is None


TEXTS = st.text(alphabet='{}[],:" \\aye_1\u00e4', max_size=6)
VALUES = st.recursive(
    st.one_of(TEXTS, st.integers(), st.booleans(), st.none(), st.just({"type": WALL})),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(TEXTS, inner, max_size=2)),
    max_leaves=4,
)
NAMES = st.sampled_from([*COMMON, "OuterFloorSurface", "+Shed", "WallSurfaces", "Doo", "_"])
SURFACES = st.builds(
    lambda name, more, ahead: {**more, "type": name} if ahead else {"type": name, **more},
    NAMES,
    st.dictionaries(TEXTS, VALUES, max_size=2),
    st.booleans(),
)


@given(st.lists(st.lists(SURFACES, max_size=4), min_size=1, max_size=4), st.booleans(), st.booleans())
def test_any_surfaces_are_what_json_says(lists, blanks, ascii_only):
    separators = (", ", ": ") if blanks else (",", ":")
    texts = [json.dumps(some, separators=separators, ensure_ascii=ascii_only).encode() for some in lists]
    texts += compact(SLOPES)  # so that it is worth putting off
    assert said(texts) in (None, expected(texts))


def counted_reads(monkeypatch):
    reads = []
    read = Unread.read
    monkeypatch.setattr(Unread, "read", lambda self: reads.append(len(self)) or read(self))
    return reads


def test_what_was_put_off_is_decoded_once_for_all(monkeypatch):
    reads = counted_reads(monkeypatch)
    kinds = Kinds(Found("a.city.json", rings_closed=False))
    first, second = kinds.of(compact(SLOPES)), kinds.of(compact([[{"type": WALL, "id": "w", "Slope": 7}] * 11]))
    ids, attributes = kinds.told()
    late = Lookup(attributes, first.kinds)
    assert len(late) == 40
    assert not reads
    assert late[1] == {"Slope": 0, "Direction": 90.5}
    assert late[1] is late[7]  # as both say the same
    assert Lookup(ids, second.kinds) == ["w"] * 11
    assert Lookup(attributes, second.kinds) == [{"Slope": 7}] * 11
    assert reads == [31]


def test_without_identifiers_nothing_is_decoded_for_them(monkeypatch):
    reads = counted_reads(monkeypatch)
    kinds = Kinds(Found("a.city.json", rings_closed=False))
    some = kinds.of(compact(SLOPES))
    ids, _ = kinds.told()
    assert not any(Lookup(ids, some.kinds))
    assert not reads


def test_kinds_are_forgotten_and_still_right(monkeypatch):
    monkeypatch.setattr(kinds_module, "_REMEMBERED", 2)
    kinds = Kinds(Found("a.city.json", rings_closed=False))
    lists = [[{"type": "+Shed", "number": k}] for k in range(5)] * 2
    numbers = np.concatenate([kinds.of(compact([one])).kinds for one in lists])
    assert Lookup(kinds.told()[1], numbers) == [{"number": k} for k in range(5)] * 2


def test_a_city_some_of_whose_geometries_say_nothing(tmp_path):
    document = cityjson({name: box(10 * k, 0, 1, 1, 1) for k, name in enumerate("abcde")})
    shapes = {name: document["CityObjects"][name]["geometry"][0] for name in "abcde"}
    shapes["a"]["semantics"]["surfaces"][1]["Slope"] = 30
    del shapes["b"]["semantics"]
    shapes["c"]["semantics"] = {"surfaces": [{"type": WALL}]}
    shapes["d"]["semantics"] = {"values": [[None] * 6]}
    path = tmp_path / "city.city.json"
    path.write_text(json.dumps(document))
    (found,) = find(path)
    (block,) = found.blocks
    assert (block.surface_types < 0).reshape(5, 6).all(axis=1).tolist() == [False, True, True, True, False]
    assert len(set(block.surface_groups.tolist())) == 30
    assert [dict(more) for more in found.surface_attributes if more] == [{"Slope": 30}]
    assert found.surface_ids == [""] * 30
