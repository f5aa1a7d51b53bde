"""Energy tables of small files: zones, constructions, schedules, series, and what is wrong in them."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city import City, read_city
from twin.city.energy.exchange import tables_as_json, tables_from_json
from twin.city.energy.series import attribute_of, seconds, series_values, time_mean
from twin.city.energy.transmittance import capacities, resistances, transmittances
from twin.errors import TwinError
from twin.table import DERIVED, GIVEN, MISSING, SERIES

CASE = Path(__file__).parents[1] / "cases" / "energy" / "ade10.gml"


@pytest.fixture(scope="module")
def house() -> City:
    return read_city(CASE)


def changed(tmp_path: Path, *pairs: tuple[str, str]) -> City:
    """The house with some of its text replaced."""
    text = CASE.read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "house.gml"
    path.write_text(text)
    return read_city(path)


def row(city: City, table: str, identifier: str) -> dict[str, Any]:
    return dict(city.table(table).row(identifier))


def findings(city: City, code: str) -> list[dict[str, Any]]:
    return [finding for finding in city.metadata["findings"] if finding["code"] == code]


# -- ISO 6946 ---------------------------------------------------------------------------------------------------------


def test_insulated_brick_wall_has_the_transmittance_of_a_hand_calculation(house: City) -> None:
    # plaster 0.015/0.70, brick 0.24/0.81, insulation 0.10/0.04; 0.13 inside, 0.04 outside
    by_hand = 1 / (0.13 + 0.015 / 0.70 + 0.24 / 0.81 + 0.10 / 0.04 + 0.04)
    wall = row(house, "construction", "layered")
    assert wall["u_w_m2k"] == pytest.approx(by_hand, rel=1e-12)
    assert by_hand == pytest.approx(0.335, abs=5e-4)
    assert house.table("construction").source("u_w_m2k").tolist() == [DERIVED, GIVEN, DERIVED, GIVEN]
    stored = 0.015 * 1400 * 1000 + 0.24 * 1800 * 1000 + 0.10 * 30 * 1030
    assert wall["heat_capacity_j_m2k"] == pytest.approx(stored)


def test_heat_flow_sets_the_resistance_inside() -> None:
    u = transmittances(np.array([2.0, 2.0, 2.0]), np.array(["upwards", "horizontal", "downwards"]))
    assert 1 / u == pytest.approx([2.14, 2.17, 2.21])


def test_materials_side_by_side_conduct_by_their_share() -> None:
    # a timber frame: 15 % wood of 1 m2 K/W beside 85 % insulation of 4 m2 K/W, behind a board of 0.1 m2 K/W
    total = resistances(
        np.array([0, 0, 0]), np.array([0, 0, 1]), np.array([0.15, 0.85, 1.0]), np.array([1.0, 4.0, 0.1]), 1
    )
    assert total == pytest.approx([1 / (0.15 / 1.0 + 0.85 / 4.0) + 0.1])


def test_an_unknown_layer_leaves_the_construction_unknown() -> None:
    total = resistances(np.array([0, 0]), np.array([0, 1]), np.ones(2), np.array([1.0, np.nan]), 2)
    assert np.isnan(total).all()  # and so is one without layers
    assert np.isnan(capacities(np.array([0]), np.ones(1), np.array([np.nan]), 1)).all()


@given(st.lists(st.floats(1e-3, 10), min_size=1, max_size=8))
def test_every_layer_insulates(layers: list[float]) -> None:
    n = len(layers)
    total = resistances(np.zeros(n, np.int64), np.arange(n), np.ones(n), np.array(layers), 1)
    assert total == pytest.approx([sum(layers)])
    assert 0 < transmittances(total, np.array(["horizontal"]))[0] < 1 / 0.17


# -- the house --------------------------------------------------------------------------------------------------------


def test_zone_has_the_best_floor_area_stated(house: City) -> None:
    zone = row(house, "thermal_zone", "zone")
    assert (zone["floor_area_m2"], zone["floor_area_type"]) == (125.0, "energyReferenceArea")
    assert (zone["heated"], zone["cooled"], zone["infiltration_1_h"]) == (True, False, 0.28)
    assert zone["heat_capacity_j_k"] == pytest.approx(31.25e6)  # stated in kJ/K
    assert zone["thermal_bridge_u_w_m2k"] == 0.05


def test_boundaries_know_zone_construction_and_surface(house: City) -> None:
    south = row(house, "thermal_boundary", "wall-south")
    assert house.surfaces.ids[south["surface"]] == "south"
    assert house.table("construction").ids[south["construction"]] == "layered"
    assert (south["type"], south["beyond"], south["area_m2"], south["azimuth_deg"]) == (
        "outerWall",
        "outdoors",
        60,
        180,
    )
    shared = row(house, "thermal_boundary", "wall-shared")
    assert shared["beyond"] == "zone"
    opening = row(house, "thermal_opening", "window")
    assert house.table("thermal_boundary").ids[opening["boundary"]] == "wall-south"


def test_boundary_without_a_link_is_found_by_its_geometry(house: City) -> None:
    boundaries = house.table("thermal_boundary")
    slab = boundaries.index("slab")
    assert house.surfaces.ids[boundaries["surface"][slab]] == "ground"
    assert boundaries.source("surface")[slab] == DERIVED
    assert boundaries.missing("azimuth_deg")[slab]  # -1 stands for none


def test_construction_seen_from_the_other_side_has_the_same_transmittance(house: City) -> None:
    turned = row(house, "construction", "turned")
    assert house.table("construction").ids[turned["base"]] == "plain"
    assert turned["u_w_m2k"] == 1.2


def test_total_and_solar_transmittance_are_told_apart(house: City) -> None:
    glazing = row(house, "construction", "glazing")
    assert (glazing["total_transmittance"], glazing["solar_transmittance"], glazing["glazing_share"]) == (
        0.75,
        0.6,
        0.7,
    )


def test_usage_zone_has_people_units_and_schedules(house: City) -> None:
    zone = row(house, "usage_zone", "usage")
    assert (zone["usage"], zone["occupants"], zone["building_units"], zone["storeys"]) == ("residential", 5, 2, 2)
    assert (zone["internal_gain_w_m2"], zone["convective_share"]) == (2.5, 0.6)
    schedules = house.table("schedule")
    assert schedules.ids[zone["heating_schedule"]] == "heating"
    assert schedules.ids[zone["occupancy_schedule"]] == "presence"
    assert row(house, "schedule", "presence")["value"] == 0.7


def test_daily_pattern_says_on_which_days_and_when(house: City) -> None:
    (component,) = [house.table("schedule_component").row(k) for k in range(1)]
    assert (component["day_type"], component["period_start"], component["period_end"]) == (
        "weekDay",
        "2022-01-01",
        "2022-12-31",
    )
    times, values = series_values(house.table("time_series_value"), component["series"])
    assert times.tolist() == [3600.0 * hour for hour in range(24)]
    assert (values[5], values[6], values[22]) == (17.0, 21.0, 17.0)


def test_irregular_series_gives_its_demand_a_mean_over_time(house: City) -> None:
    demand = row(house, "energy_demand", "heat-demand")
    # 2 kW for 3 h, 8 kW for 1 h, and 8 kW for as long as steps usually last (2 h)
    assert demand["energy_j_a"] == pytest.approx(5e3 * 8760 * 3600)
    assert house.table("energy_demand").source("energy_j_a").tolist() == [SERIES]
    assert (demand["carrier"], demand["max_load_w"]) == ("naturalGas", 9000.0)


def test_nothing_is_lost(house: City) -> None:
    assert house.attributes["building"][0]["constructionWeight"] == "heavy"
    kinds = house.table("energy_object")["type"].tolist()
    assert sorted(kinds) == ["BuildingUnit", "BuildingUnit", "Occupants"]
    sizes = house.table("qualified_size")
    assert dict(zip(sizes["type"].tolist(), np.fmax(sizes["area_m2"], sizes["volume_m3"]), strict=True)) == {
        "grossVolume": 480.0,
        "grossFloorArea": 160.0,
        "netFloorArea": 130.0,
        "energyReferenceArea": 125.0,
    }


# -- what is wrong in a file ------------------------------------------------------------------------------------------


def test_dangling_link_is_named_with_line_and_id(house: City) -> None:
    (finding,) = findings(house, "xlink-dangling")
    assert finding["object"] == "wall-shared"
    assert CASE.read_text().splitlines()[int(finding["place"]) - 1].strip().startswith("<energy:ThermalBoundary")
    assert "#zone-next-door" in finding["message"]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('<energy:uValue uom="W/(K*m^2)">1.2<', '<energy:uValue uom="W/(K*m^2)">about one<', "energy-value"),
        ('<energy:uValue uom="W/(K*m^2)">1.2<', '<energy:uValue uom="W/(K*m^2)">-1.2<', "energy-value"),
        ('<energy:uValue uom="W/(K*m^2)">1.2<', '<energy:uValue uom="W/(K*m^2)">nan<', "energy-value"),
        ('<energy:uValue uom="W/(K*m^2)">1.2<', '<energy:uValue uom="apples">1.2<', "energy-unit"),
    ],
)
def test_number_that_cannot_be_read_is_left_out_and_named(tmp_path: Path, old: str, new: str, code: str) -> None:
    city = changed(tmp_path, (old, new))
    (finding,) = findings(city, code)
    line = (tmp_path / "house.gml").read_text()[: (tmp_path / "house.gml").read_text().index(new)].count("\n") + 1
    assert (finding["object"], finding["place"]) == ("plain", str(line))
    assert row(city, "construction", "plain")["u_w_m2k"] is None


def test_constructions_that_are_each_other_reversed_are_no_endless_loop(tmp_path: Path) -> None:
    city = changed(
        tmp_path, ('<energy:baseConstruction xlink:href="#plain"/>', '<energy:baseConstruction xlink:href="#turned"/>')
    )
    assert [finding["object"] for finding in findings(city, "energy-cycle")] == ["turned"]
    assert row(city, "construction", "turned")["u_w_m2k"] is None


def test_odd_value_in_a_series_is_missing(tmp_path: Path) -> None:
    city = changed(tmp_path, ("17 17 17 17 17 17 21", "17 17 x 17 17 17 21"))
    assert findings(city, "energy-value")[0]["object"] == "heating-weekday"
    values = city.table("time_series_value")
    assert (values.missing("value").sum(), len(values)) == (1, 27)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_change_of_a_word_brings_the_reader_down(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = CASE.read_text()
    start = text.index("<energy:constructionWeight>")
    places = [m.span() for m in re.finditer(r'(?<=>)[^<>\s]+(?=<)|(?<==")[^"]+(?=")', text) if m.start() > start]
    first, last = data.draw(st.sampled_from(places))
    word = data.draw(st.sampled_from(["", "x", "-1", "1e400", "NaN", "#zone", "#nowhere", "#layered", "9" * 40]))
    path = tmp_path_factory.getbasetemp() / "mutated.gml"
    path.write_text(text[:first] + word + text[last:])
    with suppress(TwinError):
        assert len(read_city(path).buildings) == 1


# -- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("//nrg:EnergyDemand[@gml:id='d1']/nrg:energyAmount", ("d1", "energyAmount")),
        ('//bldg:Building[@gml:id = "b"]/con:height[1]', ("b", "height")),
        ("id('b')/bldg:measuredHeight", ("b", "measuredHeight")),
        ("#b/usage", ("b", "usage")),
        ("everything", None),
        ("", None),
    ],
)
def test_attribute_references_name_object_and_attribute(reference: str, target: tuple[str, str] | None) -> None:
    assert attribute_of(reference) == target


def test_times_are_read_with_or_without_a_day() -> None:
    assert seconds("07:30:00") == 27000.0
    assert (seconds("2017-01-02") or 0) - (seconds("2017-01-01T12:00:00Z") or 0) == 43200.0
    assert seconds("yesterday") is None


def test_a_value_holds_until_the_next() -> None:
    times, values = np.array([0.0, 1.0, 4.0]), np.array([10.0, 0.0, 0.0])
    assert time_mean(times, values, float("nan")) == pytest.approx(10.0 / (1 + 3 + 2))
    assert time_mean(np.arange(3.0), values, 1.0) == pytest.approx(10.0 / 3)
    assert np.isnan(time_mean(np.zeros(0), np.zeros(0), 1.0))


# -- Dynamizers -------------------------------------------------------------------------------------------------------

DYNAMIZER = """
      <core:dynamizer xmlns:core="http://www.opengis.net/citygml/3.0" xmlns:dyn="http://www.opengis.net/citygml/dynamizer/3.0">
        <dyn:Dynamizer gml:id="dynamizer">
          <dyn:attributeRef>//bldg:Building[@gml:id='house']/{attribute}</dyn:attributeRef>
          <dyn:startTime>2020-01-01T00:00:00Z</dyn:startTime>
          <dyn:dynamicData><dyn:GenericTimeseries gml:id="series">
            <dyn:observationProperty>height</dyn:observationProperty><dyn:uom>cm</dyn:uom>
            <dyn:timeValuePair><dyn:TimeValuePair>
              <dyn:timestamp>2020-01-01</dyn:timestamp><dyn:doubleValue>600</dyn:doubleValue>
            </dyn:TimeValuePair></dyn:timeValuePair>
            <dyn:timeValuePair><dyn:TimeValuePair>
              <dyn:timestamp>2020-01-02</dyn:timestamp><dyn:doubleValue>700</dyn:doubleValue>
            </dyn:TimeValuePair></dyn:timeValuePair>
          </dyn:GenericTimeseries></dyn:dynamicData>
        </dyn:Dynamizer>
      </core:dynamizer>
      <energy:constructionWeight>"""


def test_dynamizer_puts_its_mean_in_place_of_the_attribute(tmp_path: Path) -> None:
    city = changed(tmp_path, ("<energy:constructionWeight>", DYNAMIZER.format(attribute="con:measuredHeight")))
    assert city.buildings["measured_height_m"].tolist() == [6.5]
    assert city.buildings.source("measured_height_m").tolist() == [SERIES]
    series = row(city, "time_series", "series")
    assert (series["entity"], series["attribute"], series["unit"]) == ("house", "measuredHeight", "cm")
    assert findings(city, "dynamizer-mean")


def test_dynamizer_of_no_column_is_kept_and_listed(tmp_path: Path) -> None:
    city = changed(tmp_path, ("<energy:constructionWeight>", DYNAMIZER.format(attribute="bldg:mood")))
    assert [finding["object"] for finding in findings(city, "dynamizer-kept")] == ["dynamizer"]
    assert row(city, "time_series", "series")["attribute"] == "mood"


# -- exchange ---------------------------------------------------------------------------------------------------------


def test_tables_survive_the_way_through_json(house: City) -> None:
    stored = json.loads(json.dumps(tables_as_json(house)))
    bare = read_city(CASE)
    again = tables_from_json(bare, stored)
    assert tables_as_json(again) == stored
    for name in stored:
        old, new = house.table(name), again.table(name)
        assert old.ids.tolist() == new.ids.tolist()
        for column in old.names:
            known = old.source(column) != MISSING
            assert old.source(column).tolist() == new.source(column).tolist()
            assert old[column][known].tolist() == new[column][known].tolist()


@pytest.mark.parametrize("damaged", [{"construction": 1}, {"construction": {"ids": ["a"]}}, {"layer": {"ids": 3}}])
def test_damaged_tables_are_an_error(house: City, damaged: dict[str, Any]) -> None:
    with pytest.raises(TwinError, match="energy tables"):
        tables_from_json(house, damaged)
