"""CityJSON text sequences, and files cut in tiles: as they are unpacked, and the same in any cut."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pytest
from city_cases import box, cityjson, geometry, read_document
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city.cityjson import read, read_cityjson
from twin.city.read import iter_city, read_city
from twin.city.source import Source
from twin.errors import TwinError


def feature(name: str, x: float = 0.0, **members) -> dict:
    one = cityjson({name: box(x, 0, 1, 1, 2)})
    one["CityObjects"][name] |= members
    return {"type": "CityJSONFeature", "id": name} | {k: one[k] for k in ("CityObjects", "vertices")}


def header(**members) -> dict:
    return cityjson({}) | members


def lines(*documents) -> str:
    return "\n".join(json.dumps(document) for document in documents) + "\n"


def founds(folder, text: str | bytes, tile=None, packed=False) -> list:
    path = folder / "city.city.jsonl"
    content = text.encode() if isinstance(text, str) else text
    path.write_bytes(gzip.compress(content) if packed else content)
    return list(read_cityjson(Source(path), "2", tile))


@pytest.mark.parametrize("packed", [False, True])
def test_tiles_of_features_carry_the_header(tmp_path, packed):
    text = lines(header(metadata={"title": "T", "referenceSystem": "EPSG:7415"}), *map(feature, "abcde"))
    tiles = founds(tmp_path, text.replace("\n", "\r\n\n"), tile=2, packed=packed)
    assert [found.ids for found in tiles] == [["a", "b"], ["c", "d"], ["e"]]
    assert {found.crs_as_found for found in tiles} == {"EPSG:7415"}
    assert {found.metadata["title"] for found in tiles} == {"T"}
    for found in tiles:
        (block,) = found.blocks
        assert block.ring_vertices.max() == len(block.coordinates) - 1
        np.testing.assert_allclose(block.coordinates.max(axis=0), [1, 1, 2])


def test_a_feature_may_hold_a_family_and_none(tmp_path):
    family = feature("a")
    family["CityObjects"] |= {
        "p": {"type": "BuildingPart", "parents": ["a"]},
        "r": {"type": "BuildingRoom", "parents": ["p"]},
    }
    empty = {"type": "CityJSONFeature", "id": "n", "CityObjects": {"n": {"type": "Road"}}, "vertices": []}
    (found,) = founds(tmp_path, lines(header(), family, empty, feature("b", 5.0)))
    assert (found.ids, found.parents) == (["a", "p", "r", "n", "b"], [-1, 0, 1, -1, -1])
    first, second = (found.blocks[0].coordinates[found.blocks[0].ring_vertices[k]] for k in (0, -1))
    assert (first[0] <= 1, second[0] >= 5) == (True, True)


def test_a_sequence_without_features(tmp_path):
    (found,) = founds(tmp_path, lines(header(), {"type": "CityJSONFeature", "CityObjects": {}, "vertices": []}), tile=3)
    assert found.ids == []


def test_several_sequences_in_one_file(tmp_path):
    moved = header(transform={"scale": [0.001] * 3, "translate": [100.0, 0.0, 0.0]})
    found = founds(tmp_path, lines(header(), feature("a"), moved, feature("b")))[0]
    np.testing.assert_allclose([block.coordinates[:, 0].max() for block in found.blocks], [1, 101])
    other = header(metadata={"referenceSystem": "EPSG:28992"})
    with pytest.raises(TwinError, match=r"line 3/metadata/referenceSystem.*the reference system changes"):
        founds(tmp_path, lines(header(), feature("a"), other, feature("b")))


@pytest.mark.parametrize(
    ("documents", "words"),
    [
        ([header(), feature("a"), feature("a")], ["line 3/CityObjects/a", "is given twice"]),
        ([feature("a"), feature("b")], ["line 1/type", "CityJSONFeature"]),
        ([header(version="9.9"), feature("a")], ["line 1/version", "9.9"]),
        ([header(), {"type": "Feature"}], ["line 2/type", "no CityJSON"]),
        ([header(), feature("a") | {"vertices": [[0, 0]]}], ["line 2/vertices/0"]),
        ([header(), feature("a"), feature("b") | {"vertices": [[0, 0, 0]]}], ["line 3/CityObjects/b", "0 to 0"]),
        ([header(), feature("a", type=1), feature("b", geometry=3)], ["line 2/CityObjects/a", "line 3/CityObjects/b"]),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, documents, words):
    for tile in (None, 1):
        with pytest.raises(TwinError) as caught:
            founds(tmp_path, lines(*documents), tile)
        for word in words[: 1 if tile and len(documents) == 3 and words[0].startswith("line 2") else None]:
            assert word in str(caught.value)


def test_the_index_of_a_feature_is_not_that_of_another(tmp_path):
    """All boundaries of a batch are read at once."""
    wrong = feature("b")
    wrong["CityObjects"]["b"]["geometry"][0]["boundaries"][0][0][0][0] = 8
    with pytest.raises(TwinError, match=r"line 3/CityObjects/b/geometry/0/boundaries.*index 8 of b.*0 to 7"):
        founds(tmp_path, lines(header(), feature("a"), wrong, feature("c")))


def test_members_of_features_that_are_left_out_are_counted(tmp_path):
    (found,) = founds(tmp_path, lines(header(), feature("a") | {"+more": 1}, feature("b")))
    assert [(entry["severity"], entry["code"]) for entry in found.findings] == [("note", "member-unread")]


def many(n: int) -> Iterator[str]:
    yield json.dumps(header()) + "\n"
    text = json.dumps(feature("NAME"))
    for k in range(n):
        yield text.replace("NAME", f"b{k}") + "\n"


def test_memory_is_that_of_a_tile(tmp_path):
    """Of twenty tiles no more is held at a time than of two."""
    peaks = []
    for n in (400, 4000):
        path = tmp_path / f"{n}.city.jsonl.gz"
        path.write_bytes(gzip.compress("".join(many(n)).encode()))
        tracemalloc.start()
        assert sum(len(found.ids) for found in read_cityjson(Source(path), "2", 200)) == n
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0] + 200 * 4000  # the identifiers of all are kept, to find those given twice


def assert_same_content(whole, tiles) -> None:
    """Objects, parents and surfaces are the same, in any order."""

    def content(founds) -> dict:
        objects = {}
        for found in founds:
            for row, name in enumerate(found.ids):
                parent = found.ids[found.parents[row]] if found.parents[row] >= 0 else None
                objects[name] = [found.types[row], parent, found.attributes[row], found.lods[row], []]
            at = 0
            for block in found.blocks:
                corners = block.coordinates[block.ring_vertices]
                ends = np.cumsum(block.ring_sizes)[np.cumsum(block.surface_rings) - 1]
                surfaces = np.split(corners, ends[:-1])
                for surface, row, code in zip(surfaces, block.surface_objects, block.surface_types, strict=True):
                    said = (
                        found.type_names[code] if code >= 0 else "",
                        found.surface_ids[at],
                        dict(found.surface_attributes[at]),
                    )
                    objects[found.ids[row]][4].append((surface.tolist(), *said))
                    at += 1
        return objects

    assert content(tiles) == content(whole)


names = st.lists(
    st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=4), unique=True, min_size=1, max_size=7
)


@settings(max_examples=60, deadline=None)
@given(names, st.randoms(use_true_random=False), st.integers(1, 4), st.integers(1, 5000))
def test_any_cut_gives_the_same(tmp_path_factory, names, random, tile, batch):
    folder = tmp_path_factory.mktemp("cut")
    document = cityjson({name: box(3 * k, 0, 1 + k, 1, 1) for k, name in enumerate(names)})
    objects = document["CityObjects"]
    for k, name in enumerate(names[1:], 1):
        if random.random() < 0.5:
            objects[name] |= {
                "type": random.choice(["BuildingPart", "BuildingRoom"]),
                "parents": [names[random.randrange(k)]],
            }
            objects[name]["geometry"][0]["lod"] = random.choice(["1", "2"])
    document["CityObjects"] = dict(random.sample(sorted(objects.items()), len(objects)))
    path = folder / "city.city.json"
    path.write_text(json.dumps(document))
    whole = list(read_cityjson(Source(path), "2"))
    tiles = list(read_cityjson(Source(path), "2", tile))
    assert_same_content(whole, tiles)
    assert all(sum(kind == "Building" for kind in found.types) <= tile for found in tiles)

    tops = {name: name for name in objects}
    for name in names:
        tops[name] = tops[objects[name].get("parents", [name])[0]]
    features = [
        {
            "type": "CityJSONFeature",
            "CityObjects": {n: objects[n] for n in names if tops[n] == top},
            "vertices": document["vertices"],
        }
        for top in dict.fromkeys(tops.values())
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(read, "_BATCH", batch)
        for cut in (None, tile):
            assert_same_content(whole, founds(folder, lines(header(), *features), cut))


def test_a_city_is_the_same_in_tiles(tmp_path):
    document = cityjson({name: box(3 * k, 0, 1, 1, 1) for k, name in enumerate("abcde")})
    whole = read_document(tmp_path, document)
    tiles = list(iter_city(tmp_path / "city.city.json", buildings=2))
    assert [city.buildings.ids.tolist() for city in tiles] == [["a", "b"], ["c", "d"], ["e"]]
    volumes = np.concatenate([city.buildings["volume_m3"] for city in tiles])
    np.testing.assert_allclose(volumes, whole.buildings["volume_m3"])


@pytest.mark.parametrize("end", ["", "\n", "\n\n  \n"])
def test_a_document_on_one_line_is_no_sequence(tmp_path, end):
    path = tmp_path / "x"
    path.write_text(json.dumps(cityjson({"a": box(0, 0, 1, 1, 1)})) + end)
    assert len(read_city(path).buildings) == 1


def test_levels_of_a_whole_sequence(tmp_path):
    one = cityjson({})
    solids = [geometry(box(0, 0, 1, 1, h), lambda p: 0, lod) for lod, h in (("1", 1.0), ("2.2", 2.0))]
    one["CityObjects"]["a"] = {"type": "Building", "geometry": solids}
    entry = {"type": "CityJSONFeature", "CityObjects": one["CityObjects"], "vertices": [[0, 0, 0]]}
    (found,) = founds(tmp_path, lines(header(), entry))
    assert (found.lods, found.lods_offered) == (["2.2"], {"1", "2.2"})
