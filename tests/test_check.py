"""`twin check`: any file at all gives one document that says what it is and what is wrong with it."""

from __future__ import annotations

import copy
import csv
import gzip
import json
import pickle
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.check import SCHEMA, check_files
from twin.city.check.codes import CODES
from twin.cli import main

ROOT = Path(__file__).resolve().parents[1]
CUBE = """8 3 0 0
0 0 0 0
1 1 0 0
2 1 1 0
3 0 1 0
4 0 0 1
5 1 0 1
6 1 1 1
7 0 1 1
6 0
1 0
4 0 3 2 1
1 0
4 4 5 6 7
1 0
4 0 1 5 4
1 0
4 1 2 6 5
1 0
4 2 3 7 6
1 0
4 3 0 4 7
0
0
"""
CITY = {
    "type": "CityJSON",
    "version": "2.0",
    "transform": {"scale": [1.0] * 3, "translate": [0.0] * 3},
    "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/25832"},
    "CityObjects": {
        "b": {
            "type": "Building",
            "geometry": [
                {
                    "type": "Solid",
                    "lod": "1",
                    "boundaries": [
                        [
                            [[0, 3, 2, 1]],
                            [[4, 5, 6, 7]],
                            [[0, 1, 5, 4]],
                            [[1, 2, 6, 5]],
                            [[2, 3, 7, 6]],
                            [[3, 0, 4, 7]],
                        ]
                    ],
                }
            ],
        }
    },
    "vertices": [[0, 0, 0], [9, 0, 0], [9, 9, 0], [0, 9, 0], [0, 0, 6], [9, 0, 6], [9, 9, 6], [0, 9, 6]],
}


def checked(path: Path) -> dict[str, Any]:
    """What is found, after looking whether it is said as the contract wants it."""
    document = check_files([path])
    assert set(document) == {"schema", "status", "files", "findings"}
    assert document["schema"] == SCHEMA
    (file,) = document["files"]
    assert set(file) == {"file", "format", "status"}
    for finding in document["findings"]:
        assert set(finding) == {"file", "severity", "code", "object", "place", "message"}
        assert finding["code"] in CODES
        assert finding["severity"] == CODES[finding["code"]].severity
        assert path.name in finding["message"]
        assert finding["place"] is None or finding["place"] in finding["message"]
    severities = {finding["severity"] for finding in document["findings"]}
    assert document["status"] == next((one for one in ("error", "warning") if one in severities), "ok")
    return document


def codes(path: Path) -> list[str]:
    """What is found, without what is merely noted."""
    return [finding["code"] for finding in checked(path)["findings"] if finding["severity"] != "note"]


def put(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def city(folder: Path, **changes: Any) -> Path:
    return put(folder, "city.city.json", json.dumps({**CITY, **changes}))


# --- which kind of file it is -----------------------------------------------------------------------------------------


def test_formats_are_told_by_content(tmp_path):
    shipped = {
        "models/essen/weather.csv": "weather",
        "scenarios/essen_heat.toml": "scenario",
    }
    kinds = {name: checked(ROOT / name)["files"][0]["format"] for name in shipped}
    assert kinds == shipped
    assert checked(put(tmp_path, "a.txt", CUBE))["files"][0]["format"] == "poly"
    assert checked(put(tmp_path, "b.txt", json.dumps(CITY)))["files"][0]["format"] == "cityjson"
    assert checked(put(tmp_path, "c.txt", gzip.compress(json.dumps(CITY).encode())))["status"] == "ok"
    header = {**CITY, "CityObjects": {}, "vertices": []}
    feature = {"type": "CityJSONFeature", "id": "b", "CityObjects": CITY["CityObjects"], "vertices": CITY["vertices"]}
    sequence = put(tmp_path, "d.txt", f"{json.dumps(header)}\n{json.dumps(feature)}\n")
    assert checked(sequence)["files"] == [{"file": str(sequence), "format": "cityjsonseq", "status": "ok"}]


def test_the_shipped_models_and_scenarios_hold():
    for path in sorted(ROOT.glob("scenarios/*.toml")):
        assert checked(path)["status"] == "ok", path


def test_weather_may_be_packed(tmp_path):
    plain = (ROOT / "models" / "essen" / "weather.csv").read_bytes()
    assert codes(put(tmp_path, "w.csv.gz", gzip.compress(plain))) == codes(put(tmp_path, "w.csv", plain))
    assert codes(put(tmp_path, "cut.csv.gz", gzip.compress(plain)[:-2000])) == ["weather-invalid"]


OTHERS = {
    "picture.png": b"\x89PNG\r\n\x1a\n" + bytes(50),
    "array.npy": b"\x93NUMPY\x01\x00" + bytes(50),
    "model.pkl": pickle.dumps({"a": 1}),
    "settings.yaml": "a: !!python/object/apply:os.system [true]\n",
    "places.geojson": '{"type": "FeatureCollection", "features": []}',
    "grid.json": '{"version": "1.0", "type": "input", "data": {}}',
    "loads.csv": "time,load\n2023-01-01,1\n",
    "noise.bin": bytes(range(256)),
    "page.html": "<!DOCTYPE html>\n<html><body>404</body></html>",
    "note.txt": "Dear reader, there is nothing here.\n",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_kinds_are_one_error(tmp_path, name):
    assert len(codes(put(tmp_path, name, OTHERS[name]))) == 1
    assert checked(tmp_path / name)["status"] == "error"


def test_a_zip_archive_is_not_opened(tmp_path):
    with zipfile.ZipFile(tmp_path / "stops.zip", "w") as archive:
        archive.writestr("../../stops.txt", "stop_id\n")
    assert codes(tmp_path / "stops.zip") == ["904"]


@pytest.mark.parametrize("name", ["nothing.json", ""])
def test_missing_files_and_folders(tmp_path, name):
    assert codes(tmp_path / name) == ["901"]


def test_a_folder_of_grid_tables(tmp_path):
    put(tmp_path, "ext_grid.csv", "id,bus\n")
    put(tmp_path, "bus.csv", "id\n")
    assert set(codes(tmp_path)) == {"grid-invalid"}
    assert checked(tmp_path / "bus.csv")["files"][0]["format"] == "grid"


def test_all_problems_of_a_scenario_come_at_once(tmp_path):
    path = put(tmp_path, "s.toml", 'title = "x"\n[model]\ncity = "none.json"\nwether = "w.csv"\n')
    found = checked(path)["findings"]
    assert {finding["code"] for finding in found} == {"scenario-invalid"}
    assert len(found) > 2
    assert "4" in {finding["place"] for finding in found}


# --- the rules of CityJSON --------------------------------------------------------------------------------------------


def building(**members: Any) -> dict[str, Any]:
    return {"b": {**CITY["CityObjects"]["b"], **members}}  # type: ignore[dict-item,index]


def test_a_sound_city(tmp_path):
    assert codes(city(tmp_path)) == []


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("member-unknown", {"hello": 1}),
        ("member-unknown", {"CityObjects": building(hugo="x")}),
        ("extension-undeclared", {"+noise": 1}),
        ("type-unknown", {"CityObjects": {**building(), "c": {"type": "Castle"}}}),
        ("extension-undeclared", {"CityObjects": {**building(), "c": {"type": "+Castle"}}}),
        ("children-inconsistent", {"CityObjects": building(children=["room"])}),
        ("vertices-duplicate", {"vertices": [*CITY["vertices"], [0, 0, 0]]}),  # type: ignore[misc]
        ("vertices-unused", {"vertices": [*CITY["vertices"], [1, 2, 3]]}),  # type: ignore[misc]
        ("crs-missing", {"metadata": {}}),
    ],
)
def test_breaches_of_the_format_are_warnings(tmp_path, code, changes):
    assert code in codes(city(tmp_path, **changes))
    assert checked(tmp_path / "city.city.json")["status"] == "warning"


def test_a_declared_extension_is_no_breach(tmp_path):
    declared = {"extensions": {"Noise": {"url": "https://example.org/noise.json", "version": "1.0"}}, "+noise": 1}
    assert "extension-undeclared" not in codes(city(tmp_path, **declared))


def test_a_file_without_buildings_is_checked_all_the_same(tmp_path):
    bridge = {"b": {**CITY["CityObjects"]["b"], "type": "Bridge"}}  # type: ignore[dict-item,index]
    assert codes(city(tmp_path, CityObjects=bridge)) == ["no-buildings"]


def test_geometry_that_no_run_would_read_is_checked_too(tmp_path):
    coarse = CITY["CityObjects"]["b"]["geometry"][0]  # type: ignore[index]
    inward = [[[ring[::-1] for ring in rings] for rings in shell] for shell in coarse["boundaries"]]
    fine = {**coarse, "lod": "3", "boundaries": inward}
    assert codes(city(tmp_path, CityObjects=building(geometry=[coarse, fine]))) == ["405"]


def test_surfaces_that_leave_a_gap_are_no_breach_but_said(tmp_path):
    shell = CITY["CityObjects"]["b"]["geometry"][0]["boundaries"][0]  # type: ignore[index]
    surfaces = {"type": "MultiSurface", "lod": "2", "boundaries": shell[1:]}
    assert codes(city(tmp_path, CityObjects=building(geometry=[surfaces]))) == ["not-closed"]


def test_depth_where_nothing_is_read(tmp_path):
    lines = {"type": "MultiLineString", "lod": "1", "boundaries": "@"}
    text = json.dumps({**CITY, "CityObjects": building(geometry=[lines])}).replace('"@"', "[" * 50_000 + "]" * 50_000)
    assert codes(put(tmp_path, "deep.city.json", text)) == ["901"]


def test_degrees_are_projected_before_lengths_are_looked_at(tmp_path):
    vertices = [[51 + y * 1e-5, 7 + x * 1e-5, z] for x, y, z in CITY["vertices"]]  # type: ignore[misc]
    crs = {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/4979"}
    assert codes(city(tmp_path, vertices=vertices, metadata=crs)) == ["crs-projected"]


NODES = st.sampled_from(
    [None, True, -1, 0, 3, 1.5, 2**40, 1e300, "", "b", "Solid", "+x", "3", [], [0], [[0]], [[[0, 1, 2]]], {}, {"b": 1}]
)


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, child in children:
        yield from places(child, (*path, key))


SEVERAL = {
    **CITY,
    "CityObjects": {
        "b": {**CITY["CityObjects"]["b"], "children": ["p"]},  # type: ignore[dict-item,index]
        "p": {**CITY["CityObjects"]["b"], "type": "BuildingPart", "parents": ["b"]},  # type: ignore[dict-item,index]
    },
    "geometry-templates": {"templates": CITY["CityObjects"]["b"]["geometry"], "vertices-templates": CITY["vertices"]},  # type: ignore[index]
    "extensions": {},
}
PLACES = [path for path in places(SEVERAL) if path]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PLACES), NODES), min_size=1, max_size=2))
def test_any_city_is_checked_or_refused(tmp_path_factory, changes):
    document = copy.deepcopy(SEVERAL)
    for (*head, last), value in changes:
        node: Any = document
        try:
            for key in head:
                node = node[key]
            node[last] = copy.deepcopy(value)
        except (TypeError, IndexError, KeyError):
            continue  # an earlier change took this place away
    checked(put(tmp_path_factory.mktemp("city"), "city.city.json", json.dumps(document)))


# --- the command ------------------------------------------------------------------------------------------------------


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str]:
    code = main(["check", *map(str, words)])
    return code, capsys.readouterr().out


def test_exit_codes(tmp_path, capsys):
    fine, doubtful = city(tmp_path), put(tmp_path, "open.poly", CUBE.replace("6 0\n1 0\n4 0 3 2 1\n", "5 0\n"))
    assert run(capsys, fine)[0] == 0
    assert run(capsys, doubtful)[0] == 0
    assert run(capsys, fine, tmp_path / "none")[0] == 1
    assert run(capsys)[0] == 2


def test_the_document_is_one_also_for_several_files(tmp_path, capsys):
    code, out = run(capsys, city(tmp_path), tmp_path / "none", "--json")
    document = json.loads(out)
    assert (code, document["status"]) == (1, "error")
    assert [file["status"] for file in document["files"]] == ["ok", "error"]
    assert json.loads(run(capsys, "--json")[1])["status"] == "usage"


def test_text_for_people_shows_every_kind_of_finding(tmp_path, capsys):
    _, out = run(capsys, city(tmp_path, hello=1, vertices=[*CITY["vertices"], [1, 2, 3]]))  # type: ignore[misc]
    assert "warning member-unknown" in out
    assert "warning vertices-unused" in out
    assert "0 errors, 2 warnings in 1 files" in out


def test_tolerances_can_be_set(tmp_path, capsys):
    vertices = np.array(CITY["vertices"], dtype=float)
    vertices[6, 2] += 0.2
    path = city(tmp_path, vertices=vertices.tolist())
    assert "203" in run(capsys, path)[1]
    assert "203" not in run(capsys, path, "--planarity", 0.1)[1]


# --- files of others --------------------------------------------------------------------------------------------------

NOT_READ_YET = {"gtfs", "npy", "pickle", "yaml"}
# Made-up keys: any scenario error is right. Sixty hours without temperature are more than we fill in.
OTHERWISE = {"epw_missing_codes.epw.gz": "error"}


@pytest.mark.corpus
def test_the_hostile_corpus_behaves_as_its_index_says(shared, capsys):
    folder = shared / "data" / "hostile"
    rows = list(csv.DictReader((folder / "index.csv").read_text().splitlines()))
    wrong = {}
    for row in rows:
        document = json.loads(run(capsys, folder / row["file"], "--json")[1])
        text = "\n".join(finding["message"] for finding in document["findings"])
        others = row["format"] in NOT_READ_YET | {"toml"}
        expected = "error" if others else OTHERWISE.get(row["file"], row["expected"])
        words = [row["file"]] if others else row["message_must_name"].split(";")
        missing = [word for word in words if word and not re.search(word, text, re.IGNORECASE)]
        if document["status"] != {"warn": "warning"}.get(expected, expected) or missing:
            wrong[row["file"]] = (document["status"], missing, text)
    assert wrong == {}


@pytest.mark.corpus
def test_published_cases_give_exactly_their_code(shared):
    """val3dity's own test files, with the code in their name."""
    files = sorted((shared / "data" / "citymodels" / "invalid").glob("val3dity_*.poly"))
    assert len(files) == 15
    for path in files:
        expected = re.search(r"\d{3}", path.name)
        assert expected
        assert codes(path) == [expected[0]], path.name


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("val3dity_501.city.json", {"501", "no-buildings"}),
        ("val3dity_502.city.json", {"502", "no-buildings"}),
        ("val3dity_601.city.json", {"601", "crs-missing"}),
        ("val3dity_several_lods_invalid.city.json", {"601"}),
        ("val3dity_emptygeom.city.json", {"no-geometry", "crs-missing"}),
        ("val3dity_invalid_json.city.json", {"901"}),
        ("val3dity_invalid_schema.city.json", {"901"}),
        ("val3dity_unclosedbracket.city.jsonl", {"901"}),
        ("cjval_duplicate_keys_or_vertices.city.json", {"901"}),
        ("cjval_sem.city.json", {"901"}),
        ("corpus_invalid_missing_type.city.json", {"901"}),
        ("corpus_invalid_out_of_range_vertex_index.city.json", {"901"}),
        ("citygml4j_invalid_building_v3.gml", {"gml-id-invalid", "value-not-allowed", "crs-missing"}),
        ("plateau_53392642_undeclared_prefix_citygml20.gml.gz", {"prefix-undeclared"}),
    ],
)
def test_other_broken_files_are_seen_through(shared, name, expected):
    found = set(codes(shared / "data" / "citymodels" / "invalid" / name))
    assert expected <= found
    if not name.startswith("plateau"):  # real, and with other faults
        assert {code for code in found if code.isdigit()} == {code for code in expected if code.isdigit()}


@pytest.mark.corpus
def test_one_city_in_two_formats_has_the_same_faults(shared):
    """Den Haag as CityJSON and CityGML: as many objects with each fault, but for rounding at the tolerance."""
    models = shared / "data" / "citymodels"
    found = [codes(models / name) for name in ("denhaag_lod2_cj11.city.json.gz", "denhaag_lod2_citygml10.gml.gz")]
    counts = [[one.count(code) for code in ("102", "104", "203", "302", "303", "405", "601")] for one in found]
    np.testing.assert_allclose(counts[0], counts[1], atol=1)
    assert counts[0][:2] == [5, 2]
    assert counts[0][3:6] == [0, 0, 0]
