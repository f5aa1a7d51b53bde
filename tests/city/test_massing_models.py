"""Demolition, storeys on top and new buildings in the shipped models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from massing_cases import assert_equal, off_plane

from twin.check import check_files
from twin.city import City, read_city, with_party_walls, write_city
from twin.city.massing import add_storeys, demolish, new_building, rectangle
from twin.city.select import take
from twin.table import MEASURE

MODELS = Path(__file__).parents[2] / "models"
CODE = MEASURE + 7


@pytest.fixture(scope="module", params=["essen", "delft"])
def model(request):
    return with_party_walls(read_city(MODELS / request.param / "city.city.json"))


def findings(city: City, file: Path, of: set[str]) -> set[tuple[str, str]]:
    """Code and object of what the checker finds in some objects of a city once it is written."""
    write_city(city, file)
    found = check_files([file])["findings"]
    return {(one["code"], one["object"]) for one in found if one["object"] in of}


def test_a_raised_quarter_adds_up_and_stays_sound(model, tmp_path):
    higher = add_storeys(model, np.arange(len(model.buildings)), 2)
    closed = model.buildings["volume_method"] == "divergence"
    gained = higher.buildings["volume_m3"][closed] - model.buildings["volume_m3"][closed]
    np.testing.assert_allclose(gained, 6 * model.buildings["footprint_m2"][closed], rtol=1e-9, atol=1e-6)
    assert higher.metadata["volume_method"] == model.metadata["volume_method"]
    assert off_plane(higher) <= off_plane(model) + 1e-9
    assert np.nansum(higher.buildings["party_wall_m2"]) > np.nansum(model.buildings["party_wall_m2"])
    assert higher.surfaces.ids.tolist() == model.surfaces.ids.tolist()
    sound = set(model.buildings.ids[closed].tolist())
    if "building_part" in model.tables:
        parts = model.table("building_part")
        sound |= set(parts.ids[closed[parts["building"]]].tolist())
    some = {"building": np.arange(len(model.buildings)) % 6 == 0}
    cities = (take(city, some) for city in (model, higher))
    before, after = (findings(city, tmp_path / f"{k}.city.json", sound) for k, city in enumerate(cities))
    assert after <= before


def test_some_of_a_quarter_leaves_the_others_as_they_were(model):
    chosen = np.arange(len(model.buildings)) % 3 == 0
    higher = add_storeys(model, chosen, 1, code=CODE)
    own = ("area_m2", "tilt_deg", "azimuth_deg")
    rest = ~chosen[model.surfaces["building"]]
    for name in own:
        np.testing.assert_allclose(higher.surfaces[name][rest], model.surfaces[name][rest], rtol=1e-9, atol=1e-9)
    for name in model.buildings.names:
        if name == "party_wall_m2":
            continue
        one, other = higher.buildings.source(name)[~chosen], model.buildings.source(name)[~chosen]
        np.testing.assert_array_equal(one, other, name)
    assert (
        higher.buildings.source("measured_height_m")[chosen & ~model.buildings.missing("measured_height_m")] == CODE
    ).all()


def test_a_quarter_without_some_of_its_buildings(model, tmp_path):
    gone = np.arange(len(model.buildings)) % 4 == 0
    fewer = demolish(model, gone)
    names = fewer.buildings.ids.tolist()
    assert names == model.buildings.ids[~gone].tolist()
    kept = [one for one, away in zip(model.attributes["building"], gone.tolist(), strict=True) if not away]
    assert list(fewer.attributes["building"]) == kept
    np.testing.assert_allclose(fewer.buildings["volume_m3"], model.buildings["volume_m3"][~gone], rtol=1e-9)
    write_city(fewer, tmp_path / "fewer.city.json")
    again = with_party_walls(read_city(tmp_path / "fewer.city.json"))
    np.testing.assert_allclose(again.buildings["party_wall_m2"], fewer.buildings["party_wall_m2"], rtol=1e-3, atol=0.5)


def test_a_tower_in_a_quarter(model, tmp_path):
    corner = model.geometry.vertices[:, :2].max(axis=0) + 30
    more = new_building(model, "tower", rectangle(corner, 20, 15, 30), 40.0, year_of_construction=2025)
    some = take(more, {"building": np.arange(len(more.buildings)) >= len(model.buildings) - 5})
    assert findings(some, tmp_path / "city.city.json", {"tower"}) == set()
    again = read_city(tmp_path / "city.city.json")
    assert again.buildings.row("tower")["volume_m3"] == pytest.approx(12000, rel=1e-4)
    assert again.buildings.row("tower")["storeys_above_ground"] == 13
    assert_equal(demolish(more, [len(model.buildings)]), model)
