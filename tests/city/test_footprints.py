"""Footprints for a GIS: the right area at the right place, with all that is known of a building."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest
import shapely
from city_cases import ROOF, box, city_of, cityjson, prism, read_document

from twin.city import read_city
from twin.city.footprints import footprints, write_footprints
from twin.city.write import write_city
from twin.errors import TwinError

COURT = [(0, 0), (9, 0), (9, 9), (0, 9)]
ELLE = [(20, 0), (26, 0), (26, 2), (22, 2), (22, 6), (20, 6)]


def test_outlines_and_their_areas(tmp_path):
    city = city_of(tmp_path, {"square": prism(COURT, 0, 5), "elle": prism(ELLE, 3, 6)})
    square, elle = footprints(city)
    assert square.equals(shapely.Polygon(COURT))
    assert elle.equals(shapely.Polygon(ELLE))
    assert shapely.is_ccw(shapely.get_exterior_ring([square, elle])).all()
    np.testing.assert_allclose(shapely.area([square, elle]), city.buildings["footprint_m2"])


def test_parts_are_united_and_a_building_may_lie_in_pieces(tmp_path):
    document = cityjson({"a": box(0, 0, 4, 4, 4), "b": box(4, 0, 4, 4, 8), "c": box(20, 0, 1, 1, 1)})
    for name in "bc":
        document["CityObjects"][name] |= {"type": "BuildingPart", "parents": ["a"]}
    document["CityObjects"]["a"]["children"] = ["b", "c"]
    (shape,) = footprints(read_document(tmp_path, document))
    assert shape.equals(shapely.MultiPolygon([shapely.box(0, 0, 8, 4), shapely.box(20, 0, 21, 1)]))
    assert len(shape.geoms) == 2


def test_roofs_where_there_is_no_ground_and_nothing_where_there_is_neither(tmp_path):
    faces = box(0, 0, 4, 3, 4)
    city = city_of(tmp_path, {"roofed": faces[1:], "walls": [face for face in faces if face[0] == "WallSurface"]})
    roofed, walls = footprints(city)
    assert roofed.equals(shapely.box(0, 0, 4, 3))
    assert walls is None


def test_a_courtyard_is_a_hole_that_runs_the_other_way(tmp_path):
    yard = [(3, 3), (3, 6), (6, 6), (6, 3)]
    roof = (ROOF, [[(x, y, 5.0) for x, y in ring] for ring in (COURT, yard)])
    (shape,) = footprints(city_of(tmp_path, {"a": [roof]}))
    assert shape.area == pytest.approx(81 - 9)
    assert not shapely.is_ccw(shapely.get_interior_ring(shape, 0))


# --- GeoJSON ----------------------------------------------------------------------------------------------------------

RESULTS = {"heat": {"values": [1.5, np.nan], "unit": "kWh"}, "class": ["A", "B"]}


def two_boxes(folder):
    """Two boxes in Essen, in UTM zone 32."""
    shapes = {"a": box(360000, 5706000, 10, 8, 6), "b": box(360020, 5706000, 5, 5, 4)}
    return city_of(folder, shapes, yearOfConstruction=1950, twin_rank=3)


def test_geojson(tmp_path):
    write_city(two_boxes(tmp_path), tmp_path / "out.geojson", RESULTS)
    collection = json.loads((tmp_path / "out.geojson").read_text())
    assert collection["type"] == "FeatureCollection"
    units = collection["twin_units"]
    assert (units["footprint_m2"], units["twin_heat"], units["year_of_construction"]) == ("m2", "kWh", "a")
    assert "twin_class" not in units
    first, second = collection["features"]
    assert (first["type"], first["id"], first["geometry"]["type"]) == ("Feature", "a", "Polygon")
    stated = first["properties"]
    assert (stated["id"], stated["year_of_construction"], stated["function"]) == ("a", 1950, None)
    assert (stated["footprint_m2"], stated["volume_m3"]) == (80.0, 480.0)
    assert (stated["twin_rank"], stated["twin_heat"], stated["twin_class"]) == (3, 1.5, "A")
    assert second["properties"]["twin_heat"] is None


def test_geojson_is_longitude_and_latitude_to_seven_digits_and_right_handed(tmp_path):
    import pyproj

    write_footprints(two_boxes(tmp_path), tmp_path / "out.geojson")
    first = json.loads((tmp_path / "out.geojson").read_text())["features"][0]
    shape = shapely.from_geojson(json.dumps(first["geometry"]))
    assert shapely.is_ccw(shape.exterior)
    corners = shapely.get_coordinates(shape)
    np.testing.assert_array_equal(corners, np.round(corners, 7))
    assert 6.9 < corners[:, 0].mean() < 7.1
    assert 51.4 < corners[:, 1].mean() < 51.6
    area, _ = pyproj.Geod(ellps="WGS84").geometry_area_perimeter(shape)
    assert area == pytest.approx(80.0, rel=2e-3)  # seven digits are a centimetre


def test_the_same_city_gives_the_same_bytes(tmp_path):
    for name in ("1.geojson", "2.geojson", "1.geojson.gz", "2.geojson.gz"):
        write_footprints(two_boxes(tmp_path), tmp_path / name)
    for end in (".geojson", ".geojson.gz"):
        assert (tmp_path / f"1{end}").read_bytes() == (tmp_path / f"2{end}").read_bytes()


def test_no_longitude_without_a_reference_system(tmp_path):
    city = read_document(tmp_path, cityjson({"a": box(0, 0, 1, 1, 1)}, crs=None))
    with pytest.raises(TwinError, match="no reference system"):
        write_footprints(city, tmp_path / "out.geojson")
    assert not (tmp_path / "out.geojson").exists()


# --- GeoParquet -------------------------------------------------------------------------------------------------------


def test_geoparquet_without_pyarrow_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(TwinError, match=r"twin\[gis\]"):
        write_footprints(two_boxes(tmp_path), tmp_path / "out.parquet")


def test_geoparquet(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    write_city(two_boxes(tmp_path), tmp_path / "out.parquet", RESULTS)
    table = parquet.read_table(tmp_path / "out.parquet")
    geo = json.loads(table.schema.metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    column = geo["columns"]["geometry"]
    assert (column["encoding"], column["geometry_types"]) == ("WKB", ["Polygon"])
    assert column["crs"]["id"] == {"authority": "EPSG", "code": 25832}
    assert column["bbox"] == [360000.0, 5706000.0, 360025.0, 5706008.0]
    assert column["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]
    first, second = table.to_pylist()
    assert shapely.from_wkb(first["geometry"]).equals(shapely.box(360000, 5706000, 360010, 5706008))
    assert second["bbox"] == {"xmin": 360020.0, "ymin": 5706000.0, "xmax": 360025.0, "ymax": 5706005.0}
    assert (first["id"], first["year_of_construction"], first["function"]) == ("a", 1950, None)
    assert (first["twin_rank"], first["twin_heat"], second["twin_heat"]) == (3, 1.5, None)
    assert table.schema.field("footprint_m2").metadata == {b"unit": b"m2"}
    assert str(table.schema.field("function").type) == "string"  # though nothing is known of it


# --- the corpus -------------------------------------------------------------------------------------------------------


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("essen_lod2_citygml10.gml.gz", 1e-9),
        ("rotterdam_delfshaven_lod2_cj20.city.json.gz", 1e-9),
        ("tudelft_3dbag_lod22_cj11.city.json.gz", 1e-9),
        ("vienna_lod2_cjseq11.city.jsonl.gz", 1e-6),
        ("denhaag_lod2_cj11.city.json.gz", 1e-2),  # parts of one building overlap
    ],
)
def test_footprints_have_the_area_of_the_grounds(shared, name, tolerance):
    city = read_city(shared / "data" / "citymodels" / name)
    areas = np.nan_to_num(shapely.area(footprints(city)))
    stated = np.nan_to_num(city.buildings["footprint_m2"])
    assert areas.sum() == pytest.approx(stated.sum(), rel=tolerance)
    assert (areas <= stated + 0.01).all()  # corners lie on a millimetre grid
