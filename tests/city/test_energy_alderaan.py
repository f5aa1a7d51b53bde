"""The two public cities with the Energy ADE: every class of it, in the ADE 3.0 and re-based on CityGML 3.0."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from twin.city import City, read_city
from twin.city.energy.series import series_values
from twin.city.read import iter_city
from twin.table import DERIVED, GIVEN, SERIES

pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def ade30(shared: Path) -> City:
    return read_city(shared / "data" / "citymodels" / "alderaan_energyade30_citygml20.gml.gz")


@pytest.fixture(scope="module")
def rebased(shared: Path) -> City:
    return read_city(shared / "data" / "citymodels" / "alderaan_energyade_citygml30_dynamizer.gml.gz")


def counts(city: City) -> dict[str, int]:
    return {name: len(table) for name, table in city.tables.items()}


def codes(city: City) -> set[str]:
    return {finding["code"] for finding in city.metadata["findings"]}


def test_every_zone_boundary_and_construction_of_the_ade_3_is_read(ade30: City) -> None:
    assert {
        "thermal_zone": 13,
        "thermal_boundary": 192,
        "thermal_opening": 49,
        "construction": 8,
        "layer": 18,
        "material": 18,
        "usage_zone": 15,
        "schedule": 23,
        "energy_system": 88,
        "qualified_size": 262,
    }.items() <= counts(ade30).items()


def test_every_zone_boundary_and_dynamizer_of_the_rebased_file_is_read(rebased: City) -> None:
    assert {
        "thermal_zone": 12,
        "thermal_boundary": 93,
        "thermal_opening": 36,
        "construction": 7,
        "material": 17,
        "usage_zone": 12,
        "schedule": 87,
        "time_series": 121,
        "time_series_value": 2534,
    }.items() <= counts(rebased).items()


@pytest.mark.parametrize("name", ["ade30", "rebased"])
def test_stated_area_and_direction_are_those_of_the_surface_linked(name: str, request: pytest.FixtureRequest) -> None:
    city = request.getfixturevalue(name)
    boundaries, surfaces = city.table("thermal_boundary"), city.surfaces
    given = boundaries.source("surface") == GIVEN
    assert given.any()
    rows = boundaries["surface"][given]
    openings = np.nan_to_num(surfaces["opening_m2"][rows]) if "opening_m2" in surfaces else 0.0
    assert surfaces["area_m2"][rows] + openings == pytest.approx(boundaries["area_m2"][given], rel=1e-4)
    assert surfaces["tilt_deg"][rows] == pytest.approx(boundaries["inclination_deg"][given], abs=0.01)
    facing = given & ~boundaries.missing("azimuth_deg")
    turned = surfaces["azimuth_deg"][boundaries["surface"][facing]] - boundaries["azimuth_deg"][facing]
    assert np.abs((turned + 180.0) % 360.0 - 180.0).max() < 0.01


def test_shared_walls_name_the_wall_on_the_other_side(ade30: City) -> None:
    boundaries = ade30.table("thermal_boundary")
    shared = boundaries["type"] == "sharedWall"
    assert shared.sum() == 24
    assert (boundaries["beyond"][shared] == "zone").all()
    rows = {str(identifier): row for row, identifier in enumerate(boundaries.ids)}
    other = {row: rows[name] for row in np.flatnonzero(shared) if (name := boundaries["other_zone"][row]) in rows}
    assert len(other) == 24
    assert all(other[other[row]] == row for row in other)


def test_reversed_constructions_have_the_transmittance_of_their_base(ade30: City) -> None:
    table = ade30.table("construction")
    turned = ~table.missing("base")
    assert turned.sum() == 3
    assert (table["u_w_m2k"][turned] == table["u_w_m2k"][table["base"][turned]]).all()
    assert (table.source("u_w_m2k")[turned] == DERIVED).all()


def test_dual_value_schedule_has_its_times_of_use(ade30: City) -> None:
    table = ade30.table("schedule")
    schedule = dict(table.row("id_dual_value_schedule_1"))
    assert (schedule["value"], schedule["idle_value"], schedule["start_h"], schedule["end_h"]) == (19, 12, 7, 21)


def test_composite_schedule_is_five_days_and_two(ade30: City) -> None:
    components = ade30.table("schedule_component")
    own = components["schedule"] == ade30.table("schedule").index("id_composite_schedule_1")
    assert components["repetitions"][own].tolist() == [5, 2]
    assert components["day_type"][own].tolist() == ["weekDay", "weekendDay"]
    assert ade30.table("schedule").ids[components["component"][own]].tolist() == [
        "id_atomic_schedule_6",
        "id_atomic_schedule_7",
    ]


def test_dynamizer_gives_a_demand_its_yearly_energy(rebased: City) -> None:
    table = rebased.table("energy_demand")
    demand = table.index("id_energy_demand_1")
    monthly_kwh = [200, 180, 160, 120, 80, 0, 0, 0, 40, 60, 10, 150]
    assert table["energy_j_a"][demand] == pytest.approx(sum(monthly_kwh) * 3.6e6)
    assert table.source("energy_j_a")[demand] == SERIES
    times, values = series_values(rebased.table("time_series_value"), table["series"][demand])
    assert values.tolist() == monthly_kwh
    assert np.diff(times) == pytest.approx(8760 * 3600 / 12)


def test_daily_pattern_of_two_half_years_has_two_components(rebased: City) -> None:
    schedules, components = rebased.table("schedule"), rebased.table("schedule_component")
    own = components["schedule"] == schedules.index("id_building_1_cooling_schedule_1")
    assert components["period_start"][own].tolist() == ["2017-01-01", "2017-07-01"]
    assert schedules.source("value")[schedules.index("id_building_1_cooling_schedule_1")] == SERIES


def test_every_dynamizer_is_used_or_listed(rebased: City) -> None:
    listed = [f for f in rebased.metadata["findings"] if f["code"].startswith("dynamizer-")]
    times = [int(f["message"].rpartition("(")[2].split()[0]) if f["message"].endswith("times)") else 1 for f in listed]
    assert sum(times) == 115
    assert {f["code"] for f in listed} == {"dynamizer-mean", "dynamizer-kept", "dynamizer-empty"}


def test_units_that_are_none_are_named(ade30: City, rebased: City) -> None:
    texts = [f["message"] for city in (ade30, rebased) for f in city.metadata["findings"] if f["code"] == "energy-unit"]
    assert any("J/K/mol" in text for text in texts)  # a gas constant in the place of a resistance
    assert any("'test'" in text for text in texts)


def test_what_has_no_meaning_to_us_is_kept_and_counted(ade30: City) -> None:
    assert {"energy-kept", "energy-geometry"} <= codes(ade30)
    objects = ade30.table("energy_object")
    row = objects.index("id_epc_1")
    assert ade30.attributes["energy_object"][row]["label"] == "A+++"
    assert objects["owner"][row] == "id_building_1"


def test_tiles_share_the_libraries_in_front(shared: Path) -> None:
    path = shared / "data" / "citymodels" / "alderaan_energyade30_citygml20.gml.gz"
    tiles = list(iter_city(path, buildings=4))
    assert len(tiles) > 1
    for city in tiles:
        if "thermal_boundary" in city.tables:
            assert not city.table("thermal_boundary").missing("construction").any()


def test_choosing_buildings_takes_their_zones_along(ade30: City, shared: Path) -> None:
    path = shared / "data" / "citymodels" / "alderaan_energyade30_citygml20.gml.gz"
    some = read_city(path, where="year_of_construction < 1950")
    assert some.buildings.ids.tolist() == ["id_building_8", "id_building_11"]
    zones = some.table("thermal_zone")
    assert some.buildings.ids[zones["building"]].tolist() == ["id_building_8", "id_building_11", "id_building_11"]
    boundaries = some.table("thermal_boundary")
    whole = ade30.table("thermal_boundary")
    of_them = np.isin(ade30.buildings.ids[whole["building"]], some.buildings.ids)
    assert boundaries.ids.tolist() == whole.ids[of_them].tolist()
    linked = ~boundaries.missing("surface")
    assert (some.surfaces["building"][boundaries["surface"][linked]] == boundaries["building"][linked]).all()
