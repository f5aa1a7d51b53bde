"""The model we ship, and the measured models of the corpus, against what is known of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from city_cases import GROUND, ROOF, WALL, assert_same

from twin.city import City, read_city
from twin.city.cityjson import write_cityjson
from twin.city.geometry import party_walls, shared_walls, triangulate
from twin.errors import TwinError
from twin.table import GIVEN

SHIPPED = Path(__file__).parents[2] / "models" / "essen" / "city.city.json"


@pytest.fixture(scope="module")
def essen() -> City:
    return read_city(SHIPPED)


def counts(city: City) -> dict[str, int]:
    names, numbers = np.unique(city.surfaces["type"], return_counts=True)
    return dict(zip(names.tolist(), numbers.tolist(), strict=True))


def test_essen_is_whole(essen):
    assert len(essen.buildings) == 117
    assert counts(essen) == {WALL: 987, ROOF: 238, GROUND: 117}
    assert essen.metadata["findings"] == []
    assert essen.metadata["volume_method"] == {"divergence": 117, "footprint_x_height": 0}
    assert essen.crs == "EPSG:25832"
    assert essen.metadata["crs_as_found"] == "urn:adv:crs:ETRS89_UTM32*DE_DHHN2016_NH*GCG2016"
    assert essen.lod == "2"


def test_essen_says_what_buildings_are(essen):
    for name in ("function", "year_of_construction", "storeys_above_ground", "measured_height_m", "roof_type"):
        assert (essen.buildings.source(name) == GIVEN).all(), name
    years = essen.buildings["year_of_construction"]
    assert (years.min(), years.max()) == (1950, 1961)
    assert sorted(set(essen.buildings["storeys_above_ground"].tolist())) == [2, 3, 4]
    row = essen.buildings.row("DENW22AL500001kE")
    assert (row["function"], row["year_of_construction"], row["storeys_above_ground"]) == ("31001_1010", 1950, 2)
    assert essen.attributes["building"][row.index]["Gemeindeschluessel"] == "05113000"
    assert essen.attributes["building"][row.index]["address"][0]["ThoroughfareName"] == "Wildstr."


def test_essen_measures(essen):
    buildings, surfaces = essen.buildings, essen.surfaces
    np.testing.assert_allclose(buildings["height_m"], buildings["measured_height_m"], atol=0.002)
    assert buildings["footprint_m2"].sum() == pytest.approx(18249.6, abs=0.5)
    assert buildings["volume_m3"].sum() == pytest.approx(203631.4, abs=1.0)
    first, second, area = party_walls(essen)
    assert len(area) == 159
    assert area.sum() == pytest.approx(6282.6333, abs=1e-3)
    assert (surfaces["type"][first] == WALL).all()
    assert (surfaces["type"][second] == WALL).all()
    np.testing.assert_allclose(surfaces["tilt_deg"][surfaces["type"] == GROUND], 180, atol=1e-6)
    np.testing.assert_allclose(surfaces["tilt_deg"][surfaces["type"] == WALL], 90, atol=0.05)
    assert surfaces["tilt_deg"][surfaces["type"] == ROOF].max() < 60


def test_essen_there_and_back(essen, tmp_path):
    write_cityjson(essen, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == SHIPPED.read_bytes()
    assert SHIPPED.stat().st_size < 500_000


@pytest.mark.corpus
def test_essen_is_what_our_reader_and_writer_make_of_its_origin(shared, essen, tmp_path):
    origin = read_city(shared / "data" / "citymodels" / "essen_lod2_citygml10.gml.gz")
    write_cityjson(origin, tmp_path / "city.city.json")
    assert (tmp_path / "city.city.json").read_bytes() == SHIPPED.read_bytes()
    np.testing.assert_allclose(essen.surfaces["area_m2"], origin.surfaces["area_m2"], rtol=1e-3)
    assert_same(origin, essen)


# --- the corpus -------------------------------------------------------------------------------------------------------

EXPECTED = {
    "denhaag_lod2_cj11.city.json.gz": (844, {WALL: 11215, ROOF: 3004, GROUND: 1990}),
    "denhaag_lod2_citygml10.gml.gz": (844, {WALL: 11215, ROOF: 3004, GROUND: 1990}),
    # 633 faces of no extent are left out
    "rotterdam_delfshaven_lod2_cj20.city.json.gz": (853, {WALL: 11631 - 534, ROOF: 2998 - 99, GROUND: 853}),
    "random3dcity_100_lod2_cjseq20.city.jsonl.gz": (100, {WALL: 400, ROOF: 200, GROUND: 100}),
    "random3dcity_100_lod2_citygml30.gml.gz": (100, {WALL: 400, ROOF: 200, GROUND: 100}),
    "plateau_51311568_lod1_citygml20.gml.gz": (225, {WALL: 1496, ROOF: 225, GROUND: 225}),
    "plateau_53394517_lod2_citygml20.gml.gz": (1, {WALL: 370, ROOF: 279, GROUND: 1}),
    "plateau_53394517_lod2_citygml30.gml.gz": (1, {WALL: 370, ROOF: 279, GROUND: 1}),
}


@pytest.mark.corpus
@pytest.mark.parametrize("name", EXPECTED)
def test_counts(shared, name):
    city = read_city(shared / "data" / "citymodels" / name)
    assert (len(city.buildings), counts(city)) == EXPECTED[name]


@pytest.mark.corpus
@pytest.mark.parametrize("path", ["vienna_lod2_cjseq11.city.jsonl.gz", "tudelft_3dbag_lod22_cj11.city.json.gz"])
def test_corpus_there_and_back(shared, tmp_path, path):
    city = read_city(shared / "data" / "citymodels" / path)
    write_cityjson(city, tmp_path / "1.json")
    again = read_city(tmp_path / "1.json")
    assert_same(city, again)
    write_cityjson(again, tmp_path / "2.json")
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()


PAIRS = [
    ("denhaag_lod2_cj11.city.json.gz", "denhaag_lod2_citygml10.gml.gz", 1e-4),
    ("random3dcity_100_lod2_cjseq20.city.jsonl.gz", "random3dcity_100_lod2_citygml30.gml.gz", 1e-6),
    ("plateau_53394517_lod2_citygml20.gml.gz", "plateau_53394517_lod2_citygml30.gml.gz", 1e-9),
]


@pytest.mark.corpus
@pytest.mark.parametrize(("one", "other", "tolerance"), PAIRS)
def test_two_formats_of_one_city_agree(shared, one, other, tolerance):
    first, second = (read_city(shared / "data" / "citymodels" / name) for name in (one, other))
    order = [second.buildings.index(identifier) for identifier in first.buildings.ids]
    for name in ("footprint_m2", "volume_m3", "height_m"):
        total = first.buildings[name].sum()
        assert second.buildings[name].sum() == pytest.approx(total, rel=tolerance), name
        np.testing.assert_allclose(second.buildings[name][order], first.buildings[name], rtol=0.01, err_msg=name)


@pytest.mark.corpus
def test_vienna_states_its_areas_and_slopes(shared):
    """Slopes in the file are 90 for a flat roof; azimuths run clockwise from north."""
    city = read_city(shared / "data" / "citymodels" / "vienna_lod2_cjseq11.city.jsonl.gz")
    surfaces = city.surfaces

    def stated(name: str) -> np.ndarray:
        return np.array([float(attributes.get(name, "nan")) for attributes in city.attributes["surface"]])

    area = stated("Flaeche")
    error = np.abs(surfaces["area_m2"][area > 0] / area[area > 0] - 1)
    assert np.median(error) < 1e-4
    assert np.percentile(error, 99) < 0.02
    steep = np.isfinite(stated("Dachneigung")) & (surfaces["tilt_deg"] > 3)
    assert steep.sum() > 1400
    assert np.median(np.abs(90 - surfaces["tilt_deg"] - stated("Dachneigung"))[steep]) < 0.01
    turn = (surfaces["azimuth_deg"] - stated("Dachorientierung") + 180) % 360 - 180
    assert np.median(np.abs(turn[steep])) < 0.01


@pytest.mark.corpus
def test_den_haag_is_closed_and_states_its_slopes(shared):
    city = read_city(shared / "data" / "citymodels" / "denhaag_lod2_cj11.city.json.gz")
    assert city.metadata["volume_method"] == {"divergence": 1990, "footprint_x_height": 0}
    assert city.buildings["volume_m3"].sum() == pytest.approx(683_115, rel=1e-5)
    slope = np.array([float(attributes.get("Slope", "nan")) for attributes in city.attributes["surface"]])
    assert np.nanmedian(np.abs(90 - city.surfaces["tilt_deg"] - slope)) < 0.01


SHARED_WALLS = {
    "denhaag_lod2_cj11.city.json.gz": (2007, 52130.492068, 1667, 30522.797144),
    "rotterdam_delfshaven_lod2_cj20.city.json.gz": (480, 17038.091272, 0, 0.0),
    "tudelft_3dbag_lod22_cj11.city.json.gz": (2060, 16475.607956, 0, 0.0),
    "vienna_lod2_cjseq11.city.jsonl.gz": (222, 21135.441615, 927, 62080.695105),
}


@pytest.mark.corpus
@pytest.mark.parametrize("name", SHARED_WALLS)
def test_shared_walls_are_those_that_geos_finds_pair_by_pair(shared, name):
    """Counts and areas as found with an STRtree and one GEOS intersection for each pair."""
    walls = shared_walls(read_city(shared / "data" / "citymodels" / name))
    found = (len(walls.party[2]), walls.party[2].sum(), len(walls.interior[2]), walls.interior[2].sum())
    assert found == pytest.approx(SHARED_WALLS[name], rel=1e-9, abs=1e-6)


@pytest.mark.corpus
def test_triangles_of_surfaces_with_holes(shared):
    city = read_city(shared / "data" / "citymodels" / "tudelft_3dbag_lod22_cj11.city.json.gz")
    assert (np.diff(city.geometry.surface_offsets) > 1).sum() == 57
    triangles, surface = triangulate(city.geometry)
    corners = city.geometry.vertices[triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
    area = np.bincount(surface, np.linalg.norm(normal, axis=1))
    np.testing.assert_allclose(area, city.surfaces["area_m2"], rtol=1e-3, atol=5e-3)  # some are not quite planar


@pytest.mark.corpus
def test_broken_files_of_others_are_refused_or_named(shared):
    """Files that validators use: each gives a city or a `TwinError` that names the file."""

    def outcome(path: Path) -> str:
        try:
            findings = read_city(path).metadata["findings"]
        except TwinError as error:
            return str(error)
        return "\n".join(finding["message"] for finding in findings)

    folder = shared / "data" / "citymodels" / "invalid"
    texts = {path.name: outcome(path) for path in sorted(folder.iterdir())}
    assert all(name in text for name, text in texts.items() if text)
    for name, word in {
        "corpus_invalid_out_of_range_vertex_index.city.json": "out of range",
        "val3dity_invalid_json.city.json": "line",
        "val3dity_101.poly": "no city file",
        "plateau_53392642_undeclared_prefix_citygml20.gml.gz": ":538: ",
        "val3dity_unclosedbracket.city.jsonl": "line",
    }.items():
        assert word in texts[name], name
    assert "error" not in texts["cjval_nonascii_japanese.city.json"]
