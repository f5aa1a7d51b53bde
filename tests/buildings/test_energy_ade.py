"""What a file with energy data says of its buildings wins over archetypes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import twin
from twin.buildings.catalogue import read_catalogue
from twin.buildings.fills.energy_ade.harmonize import harmonize
from twin.buildings.model import COLUMNS
from twin.city import City, read_city
from twin.city.derive import with_party_walls
from twin.ledger import Ledger
from twin.scenario.explain import explain
from twin.scenario.prepare import fill, prepare
from twin.scenario.read import read_scenario
from twin.table import ASSUMED, GIVEN, MEASURE, SERIES

ROOT = Path(__file__).parents[2]
CASE = ROOT / "tests" / "cases" / "energy" / "ade10.gml"

SCENARIO = """
title = "Alderaan for three winter days"
seed = 1

[model]
city = "city.gml.gz"
weather = "weather.csv"
archetypes = "tabula-de"
timezone = "Europe/Berlin"

[period]
start = 2023-01-10
days = 3
step = "1h"

[prices]
electricity = { value = 0.41, unit = "EUR/kWh", source = "made up for this test" }
gas = { value = 0.13, unit = "EUR/kWh", source = "made up for this test" }

[emissions]
electricity = { value = 0.38, unit = "kg/kWh", source = "made up for this test" }
gas = { value = 0.2, unit = "kg/kWh", source = "made up for this test" }

[[option]]
name = "today"
"""

STATED = ("wall_u_w_m2k", "roof_u_w_m2k", "base_u_w_m2k", "window_u_w_m2k", "window_g", "n50_1_h")


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture(scope="module")
def house(ledger: Ledger) -> City:
    return harmonize(read_city(CASE), {}, ledger)


def value(city: City, name: str) -> float:
    assert city.buildings.source(name).tolist() == [GIVEN], name
    return city.buildings[name].item()


def test_transmittances_are_means_by_area_over_the_outer_boundaries(house: City) -> None:
    insulated = 1 / (0.13 + 0.015 / 0.70 + 0.24 / 0.81 + 0.10 / 0.04 + 0.04)
    opaque_south, north = 60.0 - 15.0, 60.0
    assert value(house, "wall_u_w_m2k") == pytest.approx(
        (opaque_south * insulated + north * 1.2) / (opaque_south + north)
    )
    assert value(house, "base_u_w_m2k") == pytest.approx(1.2)
    assert value(house, "window_u_w_m2k") == pytest.approx(2.7)  # the shared wall of the same construction is none


def test_glazing_has_total_transmittance_and_frame(house: City) -> None:
    assert value(house, "window_g") == pytest.approx(0.75)
    assert value(house, "frame_fraction") == pytest.approx(0.3)


def test_windows_face_where_the_file_says(house: City) -> None:
    assert value(house, "window_to_wall_south") == pytest.approx(0.25)
    assert value(house, "window_to_wall_north") == 0.0
    # no wall of the zone faces east or west: the share of all walls
    assert value(house, "window_to_wall_east") == value(house, "window_to_wall_west") == pytest.approx(0.125)


def test_zone_and_usage_become_columns(house: City) -> None:
    assert value(house, "heated_floor_area_m2") == 125.0
    assert value(house, "thermal_capacity_j_m2k") == pytest.approx(31.25e6 / 125.0)
    assert value(house, "thermal_bridge_u_w_m2k") == pytest.approx(0.05)
    assert (value(house, "occupants"), value(house, "dwellings")) == (5.0, 2)
    assert (value(house, "use_type"), value(house, "cooled")) == ("SINGLE_RES", False)


def test_set_points_are_the_ends_of_the_schedule(house: City) -> None:
    buildings = house.buildings
    assert (buildings["heating_set_point_degc"][0], buildings["heating_setback_degc"][0]) == (21.0, 17.0)
    assert buildings.source("heating_set_point_degc")[0] == SERIES


def test_stated_infiltration_comes_on_top_of_what_the_use_needs(house: City) -> None:
    city = fill(with_party_walls(house), {"archetypes": read_catalogue("tabula-de", Ledger())}, Ledger())
    catalogue = read_catalogue("tabula-de", Ledger())
    needed = catalogue.uses["air_change"][catalogue.use_rows(np.array(["SINGLE_RES"]))][0]
    assert city.buildings["air_change_1_h"][0] == pytest.approx(needed + 0.28)


def test_fills_leave_what_the_file_states(house: City) -> None:
    city = fill(with_party_walls(house), {"archetypes": read_catalogue("tabula-de", Ledger())}, Ledger())
    for name in house.buildings.names:
        stated = np.isin(house.buildings.source(name), (GIVEN, SERIES))
        assert (city.buildings[name][stated] == house.buildings[name][stated]).all(), name
    # and the rest is filled as ever: nothing says what the roof is made of
    assert ASSUMED <= city.buildings.source("roof_u_w_m2k")[0] < MEASURE


def test_ledger_tells_what_the_file_states(ledger: Ledger, house: City) -> None:
    said = " ".join(rule.text for rule in ledger.statements)
    assert "wall_u_w_m2k of 1" in said
    assert "ISO 6946" in said


def test_gross_floor_area_of_the_building_counts_where_zones_state_none(tmp_path: Path) -> None:
    text = CASE.read_text()
    for kind in ("netFloorArea", "energyReferenceArea"):
        text = text.replace(f">{kind}<", ">somethingElse<")
    path = tmp_path / "house.gml"
    path.write_text(text)
    assert value(harmonize(read_city(path), {}, Ledger()), "heated_floor_area_m2") == pytest.approx(0.85 * 160.0)


def test_values_that_cannot_be_true_are_left_to_the_archetype(tmp_path: Path) -> None:
    path = tmp_path / "house.gml"
    path.write_text(CASE.read_text().replace('"W/(m^2*K)">0.05<', '"W/(m^2*K)">10<'))
    ledger = Ledger()
    city = harmonize(read_city(path), {}, ledger)
    assert "thermal_bridge_u_w_m2k" not in city.buildings
    assert any("thermal_bridge_u_w_m2k of 1 buildings is 10" in rule.text for rule in ledger.statements)


def test_a_city_without_energy_data_stays_as_it_is() -> None:
    city = read_city(ROOT / "models" / "essen" / "city.city.json")
    assert harmonize(city, {}, Ledger()) is city


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "count"),
    [("alderaan_energyade30_citygml20.gml.gz", 11), ("alderaan_energyade_citygml30_dynamizer.gml.gz", 12)],
)
def test_alderaan_runs_with_its_own_transmittances(shared: Path, tmp_path: Path, name: str, count: int) -> None:
    shutil.copy(shared / "data" / "citymodels" / name, tmp_path / "city.gml.gz")
    shutil.copy(ROOT / "models" / "essen" / "weather.csv", tmp_path)
    (tmp_path / "scenario.toml").write_text(SCENARIO)
    scenario = read_scenario(tmp_path / "scenario.toml")
    (ready,) = prepare(scenario, scenario.options)
    buildings = ready.city.buildings
    own = buildings.source("wall_u_w_m2k") == GIVEN
    assert own.sum() == count
    for column, stated in zip(STATED[:4], (0.31, 0.39, 0.42, 1.9), strict=True):
        assert buildings[column][own] == pytest.approx(stated), column
    for column in STATED:
        assert (buildings.source(column)[own] == GIVEN).all(), column
        assert COLUMNS[column].violations(buildings[column]).sum() == 0
    if count == len(buildings):
        assumed = [rule for rule in explain(scenario)["assumptions"] if "nvelope of archetype" in rule["reason"]]
        assert not {f"building.{column}" for column in STATED} & {f for rule in assumed for f in rule["fields"]}
    results = twin.run(scenario, tmp_path / "results")
    heat = next(v.value for v in results.options[0].values if v.indicator == "heat_demand" and v.level == "quarter")
    assert heat > 0
