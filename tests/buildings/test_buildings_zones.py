"""From tables to heat transfer: computed by hand for one box of 16 x 12 x 9 m."""

import numpy as np
import pytest

from buildings_case import boxes, filled
from twin.buildings.model import SITE_COLUMNS, SURFACE_COLUMNS
from twin.buildings.zones.envelope import (
    conductances,
    exposed_areas,
    sky_areas,
    solar_areas,
    sum_by_building,
    unheated_neighbour_areas,
    window_areas,
)
from twin.buildings.zones.thermal_zones import ThermalZones, design_heat_load
from twin.errors import TwinError
from twin.table import GIVEN, MISSING, Column, Table

ONLY = {
    "wall_u_w_m2k": 1.0,
    "roof_u_w_m2k": 0.5,
    "base_u_w_m2k": 2.0,
    "window_u_w_m2k": 3.0,
    "thermal_bridge_u_w_m2k": 0.1,
    "window_to_wall_north": 0.1,
    "window_to_wall_east": 0.2,
    "window_to_wall_south": 0.3,
    "window_to_wall_west": 0.4,
    "window_g": 0.6,
    "frame_fraction": 0.25,
    "wall_absorptance": 0.6,
    "roof_absorptance": 0.5,
    "heated_floor_area_m2": 480.0,
    "air_change_1_h": 0.5,
    "airing_1_h": 3.0,
    "shading_factor": 0.5,
    "ground_temperature_factor": 0.5,
    "thermal_capacity_j_m2k": 162000.0,
}
WINDOW = 0.1 * 144 + 0.2 * 108 + 0.3 * 144 + 0.4 * 108
WALL = 2 * 144 + 2 * 108
BRIDGES = 0.1


def box(n=1, **changes):
    return filled(boxes(n, **{**ONLY, **changes}))


def test_windows_take_their_share_of_each_side_of_the_compass():
    assert window_areas(box()) == pytest.approx([14.4, 21.6, 43.2, 43.2, 0, 0])


def test_transmission_is_the_sum_of_u_times_area():
    windows, opaque, ground = ThermalZones(box()).transmission
    assert windows[0] == pytest.approx(3.0 * WINDOW)
    assert opaque[0] == pytest.approx(1.0 * (WALL - WINDOW) + 0.5 * 192 + BRIDGES * (WALL + 192))
    assert ground[0] == pytest.approx(0.5 * 192 * (2.0 + BRIDGES))


def test_a_roof_over_an_unheated_attic_loses_less():
    through = conductances(box(roof_temperature_factor=0.8))
    assert through.opaque[4] == pytest.approx(0.8 * 192 * (0.5 + BRIDGES))
    assert solar_areas(box(roof_temperature_factor=0.8))[1][4] == pytest.approx(0.8 * 192 * 0.5 * 0.04 * 0.5)


def test_the_parts_of_the_envelope_have_their_areas():
    table = box().buildings
    areas = {name: table[name][0] for name in ("outer_wall_m2", "window_m2", "roof_m2", "base_m2")}
    expected = {"outer_wall_m2": WALL - WINDOW, "window_m2": WINDOW, "roof_m2": 192, "base_m2": 192}
    assert areas == pytest.approx(expected)


def test_ventilation_and_design_heat_load():
    city = box()
    zones = ThermalZones(city)
    assert zones.ventilation[0] == pytest.approx(1200 * 480 * 2.5 * 0.5 / 3600)
    assert zones.airing[0] == pytest.approx(1200 * 480 * 2.5 * 2.5 / 3600)
    load = (sum(h[0] for h in zones.transmission) + zones.ventilation[0]) * (20 - -10)
    assert design_heat_load(city)[0] == pytest.approx(load)
    assert city.buildings["design_heat_load_w"][0] == pytest.approx(load)
    assert city.buildings["heating_capacity_w"][0] == pytest.approx(load + 11 * 480)


def test_heat_recovery_spares_what_fans_move_and_not_what_leaks_in():
    zones = ThermalZones(box(heat_recovery=0.8, infiltration_1_h=0.2))
    assert zones.ventilation[0] == pytest.approx(1200 * 480 * 2.5 * (0.2 + 0.3 * 0.2) / 3600)


def test_thin_air_takes_less_heat_along():
    city = box()
    high = Table("site", ["site"]).put(SITE_COLUMNS["air_heat_capacity_j_m3k"], 1000.0)
    ratio = ThermalZones(city.with_table(high)).ventilation / ThermalZones(city).ventilation
    assert ratio == pytest.approx([1000 / 1200])


def test_party_walls_lose_nothing_and_have_no_windows():
    city = box(party_wall_m2=108.0)
    assert exposed_areas(city) == pytest.approx([144, 0, 144, 108, 192, 192])
    assert window_areas(city)[1] == 0
    assert [areas[1] for areas in solar_areas(city)] == [0, 0]
    assert conductances(city).opaque[1] == 0


def test_a_wall_shared_with_a_garage_loses_half():
    city = box(2, party_wall_m2=108.0, function=np.array(["31001_1010", "31001_2463"]), heated_floor_area_m2=[480, 0])
    pairs = Table("party_walls", ["p"])
    for name, value in {"surface_a": 1, "surface_b": 7, "area_m2": 50.0}.items():
        kind = "float" if name == "area_m2" else "int"
        pairs = pairs.put(Column(name, "-", kind, name), value)
    city = city.with_table(pairs)
    assert unheated_neighbour_areas(city)[[1, 7]].tolist() == [50.0, 0.0]
    assert conductances(city).opaque[1] == pytest.approx(50.0 * 0.5 * 1.0)


def test_what_is_known_of_a_surface_goes_before_its_building():
    city = box()
    surfaces = city.surfaces
    for name, value in {"u_w_m2k": 0.3, "window_share": 0.5, "window_u_w_m2k": 1.0, "window_g": 0.4}.items():
        codes = np.where(np.arange(6) == 2, GIVEN, MISSING).astype(np.uint16)
        surfaces = surfaces.put(SURFACE_COLUMNS[name], value, codes)
    through = conductances(city.with_table(surfaces))
    assert through.windows[2] == pytest.approx(72 * 1.0)
    assert through.opaque[2] == pytest.approx(72 * 0.3 + 144 * BRIDGES)
    assert np.delete(through.opaque, 2) == pytest.approx(np.delete(conductances(city).opaque, 2))
    assert solar_areas(city.with_table(surfaces))[0][2] == pytest.approx(72 * 0.5 * 0.4 * 0.9 * 0.75)


def test_windows_and_opaque_parts_collect_the_sun():
    windows, opaque = solar_areas(box())
    assert windows[2] == pytest.approx(43.2 * 0.5 * 0.6 * 0.9 * 0.75)
    assert opaque[2] == pytest.approx((144 - 43.2) * 0.6 * 0.04 * 1.0)
    assert opaque[4] == pytest.approx(192 * 0.5 * 0.04 * 0.5)
    assert windows[5] == opaque[5] == 0


def test_roofs_see_the_whole_sky_and_walls_half():
    walls = 0.5 * ((WALL - WINDOW) * 1.0 + WINDOW * 3.0)
    assert sky_areas(box()).sum() == pytest.approx(0.9 * 0.04 * (walls + 192 * 0.5))


def test_heat_transfer_coefficients_of_the_standard():
    zones = ThermalZones(box())
    z = zones.thermal()
    assert z.c_m[0] == pytest.approx(162000 * 480)
    assert z.h_tr_ms[0] == pytest.approx(9.1 * 2.5 * 480)
    assert z.h_tr_is[0] == pytest.approx(3.45 * 4.5 * 480)
    in_series = 1 / (1 / z.h_tr_em[0] + 1 / z.h_tr_ms[0])
    assert in_series == pytest.approx(zones.transmission[1][0] + zones.transmission[2][0])


def test_a_shop_below_dwellings_is_a_zone_with_the_ground_floor():
    city = box(2, secondary_use_type="RETAIL", secondary_use_share=[0.25, 0.0])
    zones = ThermalZones(city)
    assert zones.table.ids.tolist() == ["b0", "b0/secondary", "b1"]
    assert zones.table["use_type"].tolist() == ["MULTI_RES", "RETAIL", "MULTI_RES"]
    assert zones.floor_area.tolist() == [360.0, 120.0, 480.0]
    above, shop, whole = np.transpose(zones.transmission)
    assert above + shop == pytest.approx(whole)
    assert above[2] == 0.0
    assert shop[2] == pytest.approx(whole[2])
    assert shop[0] == pytest.approx(whole[0] / 4)
    table = city.table("zone")
    assert table["occupants"][:2].sum() == pytest.approx(city.buildings["occupants"][0])
    assert table["dwellings"].tolist() == [city.buildings["dwellings"][0], 0.0, city.buildings["dwellings"][1]]
    assert table["air_change_1_h"][1] != table["air_change_1_h"][0]


def test_what_zones_take_from_surfaces_adds_up():
    city = box(3, secondary_use_type=["RETAIL", "OFFICE", "OFFICE"], secondary_use_share=[0.25, 0.0, 0.5])
    zones = ThermalZones(city)
    values = np.arange(2.0 * len(city.surfaces)).reshape(2, -1)
    by_building = np.add.reduceat(zones.sum(values), [0, 2, 3], axis=1)
    assert by_building == pytest.approx(sum_by_building(city, values))


def test_sums_over_surfaces_leave_buildings_without_any_at_zero():
    city = boxes(4, surfaces_of=[1, 3])
    values = np.ones((2, len(city.surfaces)))
    assert sum_by_building(city, values).tolist() == [[0, 6, 0, 6]] * 2


def test_an_envelope_too_large_for_its_floor_is_named():
    city = box(heated_floor_area_m2=20.0)
    with pytest.raises(TwinError, match="building b0 loses more"):
        ThermalZones(city).thermal()


def test_a_building_all_of_whose_storeys_are_in_the_second_use_keeps_its_roof():
    whole, mixed = (
        ThermalZones(filled(boxes(secondary_use_type="OFFICE", secondary_use_share=share))) for share in (1.0, 0.25)
    )
    assert whole.table["use"].tolist() == ["secondary"]
    assert whole.sum(whole.city.surfaces["area_m2"]) == pytest.approx([888.0])  # 2 (16 x 9 + 12 x 9 + 16 x 12)
    assert mixed.sum(mixed.city.surfaces["area_m2"]) == pytest.approx([192 + 378, 192 + 126])


def test_what_is_used_as_something_unheated_has_no_zones_whatever_its_floor_area():
    city = filled(boxes(2, use_type=np.array(["UNHEATED", "OFFICE"]), heated_floor_area_m2=300.0))
    assert city.table("zone").ids.tolist() == ["b1"]
    assert design_heat_load(city)[0] == 0.0 < design_heat_load(city)[1]
