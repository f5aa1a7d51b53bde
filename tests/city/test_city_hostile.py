"""Whatever a file holds, reading it gives a city or one clear error: never a crash, a leak or a wait."""

from __future__ import annotations

import copy
import csv
import gzip
import json
import re
import resource
import zlib
from pathlib import Path

import pytest
from city_cases import HEAD, box, cityjson, gml_bounded, gml_building, gml_model, gml_multi, look_into, read_gml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from twin.city import read_city
from twin.city.source import Limits
from twin.errors import TwinError

CUBE = box(0, 0, 1, 1, 1)
GOOD_GML = gml_model(
    gml_building("b1", gml_bounded(CUBE, "b1")), gml_building("b2", gml_bounded(box(3, 0, 1, 1, 1), "b2"))
)
GOOD_JSON = json.dumps(cityjson({"a": CUBE, "b": box(1, 0, 2, 2, 2)}, yearOfConstruction=1950, function="1000"))


def refused(path: Path, **options: Limits) -> str:
    with pytest.raises(TwinError) as caught:
        read_city(path, **options)
    assert path.name in str(caught.value)
    return str(caught.value)


def put(folder: Path, content: bytes | str, name: str = "city.gml") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# --- no city file at all ----------------------------------------------------------------------------------------------


def test_no_such_file_suggests_its_neighbour(tmp_path):
    put(tmp_path, GOOD_GML, "essen.gml")
    message = refused(tmp_path / "esen.gml")
    assert "no such file" in message
    assert "did you mean 'essen.gml'" in message


def test_a_folder(tmp_path):
    assert "folder" in refused(tmp_path)


@pytest.mark.parametrize("content", [b"", b" \n\t", b"\xef\xbb\xbf", gzip.compress(b"")])
def test_nothing_in_it(tmp_path, content):
    assert "empty" in refused(put(tmp_path, content))


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
        (b"PK\x03\x04" + bytes(100), "ZIP"),
        (b"<!DOCTYPE html>\n<html><body>404</body></html>", "HTML"),
        (b'<?xml version="1.0"?>\n<html xmlns="http://www.w3.org/1999/xhtml"/>', "HTML"),
        (b'{"type": "FeatureCollection", "features": []}', "FeatureCollection"),
        (b'{"type": "CityJSONFeature", "CityObjects": {}, "vertices": []}', "CityJSONFeature"),
        (b'{"hello": 1}', "without a type"),
        (b"[1, 2]", "no city file"),
        (b"id;x;y\n1;2;3\n", "no city file"),
        (b'<?xml version="1.0"?><kml><Placemark/></kml>', "<kml>"),
        (gzip.compress(gzip.compress(GOOD_GML.encode())), "gzip"),
        (bytes(range(1, 200)), "no city file"),
    ],
)
def test_something_else(tmp_path, content, word):
    assert word in refused(put(tmp_path, content))


@pytest.mark.parametrize("options", [{"lod": "high"}, {"lod": "7"}, {"crs": "Essen"}, {"crs": "EPSG:999999"}])
def test_options_that_mean_nothing(tmp_path, options):
    with pytest.raises(TwinError):
        read_city(put(tmp_path, GOOD_GML), **options)


# --- attacks ----------------------------------------------------------------------------------------------------------

DOCTYPES = {
    "billion laughs": '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>',
    "local file": '<!DOCTYPE x [<!ENTITY b SYSTEM "file:///etc/hostname">]>',
    "network": '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
    "parameter entity": '<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///etc/hostname"> %p;]>',
    "behind a comment": "<!-- " + "x" * 10_000 + ' --><!DOCTYPE x [<!ENTITY b "ha">]>',
}


@pytest.mark.parametrize("name", DOCTYPES)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_document_types_are_refused(tmp_path, name, encoding):
    text = GOOD_GML.replace("?>\n", f"?>\n{DOCTYPES[name]}\n", 1).replace("UTF-8", encoding)
    assert re.search("DOCTYPE|entit", refused(put(tmp_path, text.encode(encoding))))


def test_entities_without_a_document_type(tmp_path):
    assert "ntit" in refused(put(tmp_path, GOOD_GML.replace("</CityModel>", "&x;</CityModel>")))


def test_deep_nesting(tmp_path):
    assert "depth" in refused(put(tmp_path, GOOD_GML.replace("</CityModel>", "<a>" * 20_000 + "</a>" * 20_000)))


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize(
    ("filling", "packed"),
    [
        (b"<a/>" * 3_000_000, False),
        (b"<a/>" * 20_000_000, True),
        (b" " * 100_000_000, True),
        (b"<a/><!---->" * 3_000_000, False),
    ],
)
def test_bombs_are_refused_in_bounded_memory(tmp_path, filling, packed):
    content = HEAD.encode() + filling + b"</CityModel>"
    path = put(tmp_path, gzip.compress(content, 6) if packed else content)
    del filling, content
    before = peak_mb()
    assert "limit" in refused(path)
    assert peak_mb() - before < 300


def test_a_bomb_in_one_building(tmp_path):
    assert "limit" in refused(put(tmp_path, gml_model(gml_building("b", "<a/>" * 1_500_000))))


def test_limits_can_be_set(tmp_path):
    path = put(tmp_path, GOOD_GML)
    assert "limit" in refused(path, limits=Limits(max_bytes=100))
    packed = put(tmp_path, gzip.compress(b" " * 100_000 + GOOD_GML.encode()), "city.gml.gz")
    assert "ratio" in refused(packed, limits=Limits(max_ratio=5, free_bytes=1000))


def test_damaged_gzip(tmp_path):
    packed = gzip.compress(GOOD_GML.encode())
    for damaged in (packed[:-20], packed[:60] + b"\0\0\0\0" + packed[64:], packed[:8]):
        assert "gzip" in refused(put(tmp_path, damaged))
    assert zlib.crc32(packed)


def test_wrong_bytes_are_placed(tmp_path):
    assert "line" in refused(put(tmp_path, GOOD_GML.replace("b2", "b\xe9").encode("latin-1")))
    assert "line 1" in refused(put(tmp_path, GOOD_JSON.replace("1000", "\xe9").encode("latin-1")))


def test_every_place_to_cut_a_file(tmp_path):
    for text in (GOOD_GML, GOOD_JSON):
        for end in range(1, len(text) - 2, 97):
            assert refused(put(tmp_path, text[:end]))


# --- mutations --------------------------------------------------------------------------------------------------------


def read_or_refuse(path: Path) -> None:
    """Read a file; anything but a `TwinError` fails the test, and any error once it is read."""
    try:
        city = read_city(path)
    except TwinError:
        return
    look_into(city)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("mutations") / "city"


@settings(max_examples=300, deadline=None)
@given(
    good=st.sampled_from([GOOD_GML.encode(), GOOD_JSON.encode()]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=3), st.integers(0, 4)), min_size=1, max_size=4),
)
def test_bytes_replaced(scratch, good, changes):
    for where, new, length in changes:
        at = int(where * len(good))
        good = good[:at] + new + good[at + length :]
    scratch.write_bytes(good)
    read_or_refuse(scratch)


TOKENS = re.compile(r"<[^>]*>|[^<]+")
TOKEN_POOL = sorted(set(TOKENS.findall(GOOD_GML)))
tokens = st.sampled_from(
    [*TOKEN_POOL, "", "NaN", "1e999", "-1", "\u0000", "<a>", "</a>", "0 0 0", "x" * 100, '<b xlink:href="#b1-p0"/>']
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 0.999), tokens), min_size=1, max_size=3))
def test_elements_replaced(scratch, changes):
    parts = TOKENS.findall(GOOD_GML)
    for where, new in changes:
        parts[int(where * len(parts))] = new
    scratch.write_text("".join(parts))
    read_or_refuse(scratch)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 0.999), st.floats(0, 0.999)), min_size=1, max_size=3))
def test_elements_swapped(scratch, changes):
    """Still well-formed: whole elements of one line change places."""
    parts = re.findall(
        r"<bldg:boundedBy>.*?</bldg:boundedBy>|<(?:gml:)?(?:exterior|surfaceMember).*?>|[^<]+|<[^>]*>", GOOD_GML
    )
    for one, other in changes:
        i, j = int(one * len(parts)), int(other * len(parts))
        parts[i], parts[j] = parts[j], parts[i]
    scratch.write_text("".join(parts))
    read_or_refuse(scratch)


nodes = st.sampled_from(
    [
        None,
        True,
        -1,
        0,
        7,
        1.5,
        2**40,
        2**70,
        1e300,
        "",
        "a",
        "b",
        "Building",
        [],
        [0],
        [[0]],
        [[[0, 1, 2]]],
        {},
        {"a": 1},
        {"type": "x"},
    ]
)


def places(node, path=()):
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


PLACES = [path for path in places(json.loads(GOOD_JSON)) if path]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), nodes), min_size=1, max_size=2))
def test_nodes_replaced(scratch, changes):
    document = json.loads(GOOD_JSON)
    for (*head, last), value in changes:
        node = document
        try:
            for key in head:
                node = node[key]
            node[last] = copy.deepcopy(value)
        except (TypeError, IndexError, KeyError):
            continue  # an earlier change took this place away
    scratch.write_text(json.dumps(document))
    read_or_refuse(scratch)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.sampled_from([0.0, 1.0, 2.0, 1e-4, 1e7]), min_size=3, max_size=3), min_size=0, max_size=6))
@example([[1e7, 0.0, 0.0], [0.0, 1.0, 1.0], [0.0, 1e7, 0.0], [0.0, 0.0, 0.0]])  # centroid below its lowest corner
def test_any_ring_is_a_surface_or_a_finding(tmp_path_factory, points):
    numbers = " ".join(str(c) for point in points for c in point)
    ring = f"<gml:LinearRing><gml:posList>{numbers}</gml:posList></gml:LinearRing>"
    polygon = f"<gml:Polygon><gml:exterior>{ring}</gml:exterior></gml:Polygon>"
    body = f"<bldg:lod2MultiSurface>{gml_multi([polygon])}</bldg:lod2MultiSurface>"
    city = read_gml(tmp_path_factory.mktemp("ring"), gml_model(gml_building("b", body)))
    assert len(city.surfaces) or "101" in {finding["code"] for finding in city.metadata["findings"]}
    assert (city.surfaces["area_m2"] >= 0).all()
    assert not city.surfaces["tilt_deg"].size or (city.surfaces["tilt_deg"] <= 180).all()


# --- the corpus of hostile files --------------------------------------------------------------------------------------

NOT_COVERED: dict[str, str] = {}  # every city file of the corpus is


@pytest.mark.corpus
def test_the_hostile_corpus_behaves_as_its_index_says(shared):
    folder = shared / "data" / "hostile"
    rows = list(csv.DictReader((folder / "index.csv").read_text().splitlines()))
    rows = [row for row in rows if re.match("gml_|cj_|cjs_", row["file"]) and row["file"] not in NOT_COVERED]
    assert len(rows) > 40
    wrong = {}
    for row in rows:
        before = peak_mb()
        try:
            findings = read_city(folder / row["file"]).metadata["findings"]
            outcome = "warn" if findings else "ok"
            text = "\n".join(finding["message"] for finding in findings)
        except TwinError as error:
            outcome, text = "error", str(error)
        missing = [
            words for words in filter(None, row["message_must_name"].split(";")) if not re.search(words, text, re.I)
        ]
        if outcome != row["expected"] or missing or peak_mb() - before > 300:
            wrong[row["file"]] = (outcome, missing, text)
    assert wrong == {}
