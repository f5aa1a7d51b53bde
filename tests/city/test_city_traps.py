"""Traps met in real city files, each in a small file of our own; marked tests try the real ones."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from city_cases import (
    Vertices,
    box,
    city_of,
    cityjson,
    codes,
    geometry,
    gml_bounded,
    gml_building,
    gml_model,
    gml_solid,
    read_document,
    read_gml,
)

from twin.city import City, read_city
from twin.errors import TwinError
from twin.table import DERIVED, GIVEN, MISSING

HOUSE = box(0, 0, 10, 8, 6)
AREA = 2 * 10 * 8 + 2 * 6 * (10 + 8)


def total_area(city: City) -> float:
    return float(city.surfaces["area_m2"].sum())


# --- one building, several geometries ---------------------------------------------------------------------------------


def test_two_geometries_of_one_level_count_once(tmp_path):
    """Vienna gives every part as a solid without meaning and as surfaces with it."""
    vertices = Vertices()
    document = cityjson({})
    solid = geometry(HOUSE, vertices, semantics=False)
    surfaces = geometry(HOUSE, vertices, kind="MultiSurface")
    document["CityObjects"]["b"] = {"type": "Building", "geometry": [solid, surfaces]}
    document["vertices"] = vertices.points
    city = read_document(tmp_path, document)
    assert total_area(city) == pytest.approx(AREA)
    assert (city.surfaces.source("type") == GIVEN).all()


def test_two_geometries_of_one_level_in_citygml(tmp_path):
    """A solid that repeats the surfaces instead of pointing to them."""
    again = [f"<gml:surfaceMember>{_polygon(rings)}</gml:surfaceMember>" for _, rings in HOUSE]
    body = gml_solid(again) + gml_bounded(HOUSE, "b")
    assert total_area(read_gml(tmp_path, gml_model(gml_building("b", body)))) == pytest.approx(AREA)


def _polygon(rings):
    numbers = " ".join(f"{c!r}" for point in [*rings[0], rings[0][0]] for c in point)
    ring = f"<gml:LinearRing><gml:posList>{numbers}</gml:posList></gml:LinearRing>"
    return f"<gml:Polygon><gml:exterior>{ring}</gml:exterior></gml:Polygon>"


def test_geometry_on_parts_only_and_attributes_on_the_building(tmp_path):
    """Den Haag and TU Delft: the building has the year, its parts have the walls."""
    document = cityjson({"p1": box(0, 0, 5, 8, 6), "p2": box(5, 0, 5, 8, 9)})
    document["CityObjects"]["b"] = {
        "type": "Building",
        "attributes": {"yearOfConstruction": 1951, "function": "woonfunctie"},
        "children": ["p1", "p2"],
    }
    for name in ("p1", "p2"):
        document["CityObjects"][name] |= {"type": "BuildingPart", "parents": ["b"]}
    city = read_document(tmp_path, document)
    row = city.buildings.row("b")
    assert len(city.buildings) == 1
    assert (row["year_of_construction"], row["usage_class"]) == (1951, "RESIDENTIAL")
    assert row["footprint_m2"] == pytest.approx(80.0)
    assert row["height_m"] == 9.0


def test_attributes_on_parts_only(tmp_path):
    document = cityjson({"p1": box(0, 0, 5, 8, 6), "p2": box(5, 0, 5, 8, 9)})
    document["CityObjects"]["b"] = {"type": "Building", "children": ["p1", "p2"]}
    for name, height in (("p1", 6.2), ("p2", 9.4)):
        attributes = {"measuredHeight": height, "function": "31001_2020"}
        document["CityObjects"][name] |= {"type": "BuildingPart", "parents": ["b"], "attributes": attributes}
    row = read_document(tmp_path, document).buildings.row("b")
    assert (row["measured_height_m"], row["function"], row["usage_class"]) == (9.4, "31001_2020", "OFFICE")


# --- values that are none ---------------------------------------------------------------------------------------------


def test_sentinels(tmp_path):
    """PLATEAU: the year 0001 and 9999 storeys on every building."""
    body = (
        "<bldg:yearOfConstruction>0001</bldg:yearOfConstruction>"
        "<bldg:measuredHeight uom='m'>-9999</bldg:measuredHeight>"
        "<bldg:storeysAboveGround>9999</bldg:storeysAboveGround><bldg:storeysBelowGround>9999</bldg:storeysBelowGround>"
    )
    city = read_gml(tmp_path, gml_model(gml_building("b", body + gml_bounded(HOUSE, "b"))))
    for name in ("year_of_construction", "storeys_above_ground", "storeys_below_ground", "measured_height_m"):
        assert city.buildings.source(name).tolist() == [MISSING], name
    assert codes(city) == ["no-value"] * 4


def test_code_lists_by_code_space(tmp_path):
    """The same four digits mean different things in different lists."""
    spaces = {
        "sig3d": "http://www.sig3d.org/codelists/standard/building/2.0/_AbstractBuilding_function.xml",
        "adv": "https://repository.gdi-de.org/schemas/adv/citygml/Codelisten/BuildingFunctionTypeAdV.xml",
        "ours": "http://example.org/our-own.xml",
    }
    members = [
        gml_building(name, f'<bldg:function codeSpace="{space}">1120</bldg:function>{gml_bounded(HOUSE, name)}')
        for name, space in spaces.items()
    ]
    city = read_gml(tmp_path, gml_model(*members))
    assert city.buildings["usage_class"].tolist() == ["OFFICE", "RESIDENTIAL", ""]
    assert set(city.buildings.source("usage_class").tolist()) == {DERIVED, MISSING}
    assert city.buildings["function"].tolist() == ["1120"] * 3
    assert [attributes["codeSpace"]["function"] for attributes in city.attributes["building"]] == [*spaces.values()]
    assert codes(city) == ["usage-unknown"]


def test_names_in_japanese(tmp_path):
    attributes = {"建築年": "1988", "地上階数": 13, "用途": "共同住宅", "町・丁目コード": "1", "計測高さ": "53.4"}
    city = city_of(tmp_path, {"a": HOUSE}, **attributes)
    row = city.buildings.row("a")
    assert (row["year_of_construction"], row["storeys_above_ground"]) == (1988, 13)
    assert (row["usage_class"], row["measured_height_m"]) == ("MULTI_RES", 53.4)
    assert city.attributes["building"][0] == attributes
    assert codes(city) == []


# --- where it is ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "crs"),
    [
        ("https://www.opengis.net/def/crs/EPSG/0/28992", "EPSG:28992"),
        ("urn:ogc:def:crs:EPSG::28992", "EPSG:28992"),
        ("urn:ogc:def:crs,crs:EPSG::28992,crs:EPSG::5109", "EPSG:28992"),
        ("EPSG:28992", "EPSG:28992"),
        ("urn:adv:crs:ETRS89_UTM32*DE_DHHN2016_NH*GCG2016", "EPSG:25832"),
        ("urn:ogc:def:crs,crs:EPSG:6.12:3068,crs:EPSG:6.12:5783", "EPSG:3068"),
    ],
)
def test_six_spellings_of_a_reference_system(tmp_path, words, crs):
    city = read_gml(tmp_path, gml_model(gml_building("b", gml_bounded(HOUSE, "b")), crs=words))
    assert (city.crs, codes(city)) == (crs, [])


def in_degrees(latitude_first: bool) -> list:
    """A house of about 10 by 8 m in Tokyo, in degrees and metres."""
    east, north = 10 / 90_500, 8 / 110_900
    turned = []
    for kind, rings in HOUSE:
        points = [[(139.72 + x / 10 * east, 35.68 + y / 8 * north, z) for x, y, z in ring] for ring in rings]
        turned.append((kind, [[(y, x, z) if latitude_first else (x, y, z) for x, y, z in ring] for ring in points]))
    return turned


@pytest.mark.parametrize("latitude_first", [True, False])
def test_japanese_geographic_coordinates_in_either_order(tmp_path, latitude_first):
    """EPSG:6697 is latitude first; files exist both ways, and neither may come out mirrored or in degrees."""
    member = gml_building("b", gml_bounded(in_degrees(latitude_first), "b"))
    city = read_gml(tmp_path, gml_model(member, crs="http://www.opengis.net/def/crs/EPSG/0/6697"))
    assert city.crs == "EPSG:32654"
    assert codes(city) == (["crs-projected"] if latitude_first else ["crs-axes", "crs-projected"])
    assert total_area(city) == pytest.approx(AREA, rel=5e-3)
    assert (city.surfaces["tilt_deg"][city.surfaces["type"] == "RoofSurface"] < 1).all()
    assert city.buildings["volume_m3"][0] == pytest.approx(480, rel=5e-3)


def test_a_plane_system_with_north_first(tmp_path):
    """Japan's plane systems call north X. A file that follows them is no mirrored city of shells inside out."""
    north_first = [
        (kind, [[(-36_954 + y, -8_495 + x, z) for x, y, z in ring] for ring in rings]) for kind, rings in HOUSE
    ]
    city = city_of(tmp_path, {"a": north_first}, crs="EPSG:6677")
    assert codes(city) == ["crs-axes"]
    east, north, _ = city.geometry.vertices.min(axis=0)
    assert (east, north) == pytest.approx((-8_495, -36_954))
    walls = city.surfaces["type"] == "WallSurface"
    assert sorted(np.round(city.surfaces["azimuth_deg"][walls])) == [0, 90, 180, 270]
    assert city.buildings["volume_m3"][0] == pytest.approx(480)


def test_a_sequence_whose_head_names_no_reference_system(tmp_path):
    document = cityjson({"a": HOUSE}, crs=None)
    head = {key: document[key] for key in ("type", "version", "transform")} | {"CityObjects": {}, "vertices": []}
    head["metadata"] = {"geographicalExtent": [0, 0, 0, 10, 8, 6]}
    objects, vertices = document["CityObjects"], document["vertices"]
    feature = {"type": "CityJSONFeature", "id": "a", "CityObjects": objects, "vertices": vertices}
    path = tmp_path / "city.city.jsonl"
    path.write_text("\n".join(map(json.dumps, (head, feature))))
    city = read_city(path)
    assert city.crs is None
    assert codes(city) == ["crs-missing"]
    assert read_city(path, crs="EPSG:25832").crs == "EPSG:25832"


# --- the real ones ----------------------------------------------------------------------------------------------------


def real(shared: Path, name: str) -> City:
    return read_city(shared / "data" / "citymodels" / name)


@pytest.mark.corpus
def test_plateau_states_nothing_of_age_and_storeys(shared):
    city = real(shared, "plateau_51311568_lod1_citygml20.gml.gz")
    assert len(city.buildings) == 225
    for name in ("year_of_construction", "storeys_above_ground", "storeys_below_ground"):
        assert city.buildings.missing(name).all(), name
    assert set(city.buildings["usage"].tolist()) == {"461"}  # which is "unknown"
    assert city.buildings.missing("usage_class").all()
    assert "usage-unknown" not in codes(city)
    assert city.crs == "EPSG:32652"
    assert np.median(city.buildings["footprint_m2"]) > 10


@pytest.mark.corpus
def test_a_tokyo_file_in_plane_coordinates_lies_in_roppongi(shared):
    city = real(shared, "invalid/cjval_nonascii_japanese.city.json")
    east, north, _ = np.median(city.geometry.vertices, axis=0)
    assert (round(east, -3), round(north, -3)) == (-8_000, -37_000)
    assert "405" not in codes(city)
    assert "町・丁目コード" in city.attributes["building"][0] or "大字・町コード" in city.attributes["building"][0]
    assert city.buildings["usage_class"].tolist() == ["OFFICE", "OFFICE"]


@pytest.mark.corpus
def test_an_undeclared_prefix_is_refused_or_read_with_a_finding(shared):
    """Which of the two is the reader's to decide; never a crash, and never silence."""
    name = "invalid/plateau_53392642_undeclared_prefix_citygml20.gml.gz"
    try:
        said = " ".join(finding["message"] for finding in real(shared, name).metadata["findings"])
    except TwinError as error:
        said = str(error)
    assert "energy" in said


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "crs"),
    [
        ("denhaag_lod2_cj11.city.json.gz", "EPSG:7415"),
        ("denhaag_lod2_citygml10.gml.gz", "EPSG:28992"),
        ("alderaan_energyade30_citygml20.gml.gz", "EPSG:28992"),
        ("ingolstadt_4018279_lod3_citygml20.gml.gz", "EPSG:32632"),
        ("essen_lod2_citygml10.gml.gz", "EPSG:25832"),
        ("random3dcity_100_lod2_citygml30.gml.gz", "EPSG:3068"),
    ],
)
def test_real_spellings(shared, name, crs):
    city = real(shared, name)
    assert city.crs == crs
    assert not {"crs-axes", "crs-projected", "crs-unknown"} & set(codes(city))


@pytest.mark.corpus
def test_words_of_alderaan(shared):
    city = real(shared, "alderaan_energyade30_citygml20.gml.gz")
    use = dict(zip(city.buildings["function"].tolist(), city.buildings["usage_class"].tolist(), strict=True))
    assert use.pop("residential building") in ("RESIDENTIAL", "SINGLE_RES", "MULTI_RES")
    assert use == {"hangar": "UNHEATED", "hospital": "HOSPITAL", "": ""}


@pytest.mark.corpus
def test_heights_of_delft_come_from_heights_above_the_datum(shared):
    city = real(shared, "tudelft_3dbag_lod22_cj11.city.json.gz")
    height = city.buildings["measured_height_m"]
    known = ~city.buildings.missing("measured_height_m")
    assert known.sum() == 429
    assert set(city.buildings.source("measured_height_m")[known].tolist()) == {DERIVED}
    off = height[known] - city.buildings["height_m"][known]
    assert np.median(np.abs(off)) < 1.0
