"""The second model we ship, a quarter of 3D BAG, against what is known of it and against its origin."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from city_cases import GROUND, ROOF, WALL, assert_same, codes

from twin.city import City, read_city
from twin.city.cityjson import write_cityjson
from twin.table import GIVEN

SHIPPED = Path(__file__).parents[2] / "models" / "delft" / "city.city.json"
COUNTS = {WALL: 19_543 - 30, ROOF: 1_658, GROUND: 430}  # 30 walls without three different corners are left out


@pytest.fixture(scope="module")
def delft() -> City:
    return read_city(SHIPPED)


def counts(city: City) -> dict[str, int]:
    names, numbers = np.unique(city.surfaces["type"], return_counts=True)
    return dict(zip(names.tolist(), numbers.tolist(), strict=True))


def test_delft_is_whole(delft):
    assert (len(delft.buildings), len(delft.table("building_part"))) == (432, 430)
    assert counts(delft) == COUNTS
    assert (delft.crs, delft.lod) == ("EPSG:7415", "2.2")
    assert delft.metadata["title"].startswith("3D BAG")
    assert delft.metadata["volume_method"] == {"divergence": 426, "footprint_x_height": 4}
    assert codes(delft) == ["302"] * 4 + ["no-geometry"] * 3
    assert SHIPPED.stat().st_size < 2_500_000


def test_delft_says_what_buildings_are(delft):
    years = delft.buildings["year_of_construction"]
    assert (delft.buildings.source("year_of_construction") == GIVEN).all()
    assert (years.min(), years.max(), np.median(years)) == (1868, 2011, 1951)
    assert set(delft.buildings["roof_type"]) == {"horizontal", "multiple horizontal", "slanted", "no points"}
    row = delft.buildings.row("NL.IMBAG.Pand.0503100000004247")
    assert row["year_of_construction"] == 1951
    kept = delft.attributes["building"][row.index]
    assert (kept["identificatie"], kept["h_dak_max"]) == ("NL.IMBAG.Pand.0503100000004247", 7.730000019073486)
    assert kept["status"] == "Pand in gebruik"
    assert any("on_footprint_edge" in attributes for attributes in delft.attributes["surface"])


def test_delft_measures(delft):
    buildings, surfaces = delft.buildings, delft.surfaces
    assert np.nansum(buildings["footprint_m2"]) == pytest.approx(77_392.2, abs=0.5)
    assert np.nansum(buildings["volume_m3"]) == pytest.approx(930_299, abs=5)
    areas = {name: surfaces["area_m2"][surfaces["type"] == name].sum() for name in COUNTS}
    assert areas == pytest.approx({WALL: 167_075.5, ROOF: 86_807.8, GROUND: 77_392.2}, abs=0.5)


def test_delft_there_and_back(delft, tmp_path):
    write_cityjson(delft, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == SHIPPED.read_bytes()


@pytest.mark.corpus
def test_delft_is_what_our_reader_and_writer_make_of_its_origin(shared, delft, tmp_path):
    origin = read_city(shared / "data" / "citymodels" / "tudelft_3dbag_lod22_cj11.city.json.gz")
    write_cityjson(origin, tmp_path / "city.city.json")
    assert (tmp_path / "city.city.json").read_bytes() == SHIPPED.read_bytes()
    assert_same(origin, delft)
    np.testing.assert_allclose(delft.surfaces["area_m2"], origin.surfaces["area_m2"], rtol=1e-6, atol=1e-6)
    for name in ("footprint_m2", "volume_m3"):
        assert np.nansum(delft.buildings[name]) == pytest.approx(np.nansum(origin.buildings[name]), rel=1e-9), name


@pytest.mark.corpus
def test_delft_has_every_attribute_of_its_origin(shared):
    """Compared as JSON, without our reader between."""
    packed = shared / "data" / "citymodels" / "tudelft_3dbag_lod22_cj11.city.json.gz"
    origin, ours = json.loads(gzip.decompress(packed.read_bytes())), json.loads(SHIPPED.read_bytes())
    assert origin["CityObjects"].keys() == ours["CityObjects"].keys()
    for name, entry in origin["CityObjects"].items():
        written = ours["CityObjects"][name]
        assert entry["attributes"].items() <= written.get("attributes", {}).items(), name
        assert (entry["type"], entry.get("parents")) == (written["type"], written.get("parents")), name
        assert sorted(entry.get("children", [])) == sorted(written.get("children", [])), name
