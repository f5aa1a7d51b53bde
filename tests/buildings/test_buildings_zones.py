"""From tables to heat transfer: computed by hand for one box of 16 x 12 x 9 m."""

import numpy as np
import pytest

from buildings_case import boxes, filled
from twin.buildings.zones import (
    airing,
    design_heat_load,
    exposed_areas,
    sky_areas,
    solar_areas,
    sum_by_building,
    transmission,
    ventilation,
    window_areas,
    zones,
)
from twin.errors import TwinError

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


def box(**changes):
    return filled(boxes(**{**ONLY, **changes}))


def test_windows_take_their_share_of_each_side_of_the_compass():
    assert window_areas(box()) == pytest.approx([14.4, 21.6, 43.2, 43.2, 0, 0])


def test_transmission_is_the_sum_of_u_times_area():
    through_windows, through_the_rest = transmission(box())
    assert through_windows[0] == pytest.approx(3.0 * WINDOW)
    bridges = 0.1 * (WALL + 192 + 0.5 * 192)
    assert through_the_rest[0] == pytest.approx(1.0 * (WALL - WINDOW) + 0.5 * 192 + 0.5 * 2.0 * 192 + bridges)


def test_ventilation_and_design_heat_load():
    city = box()
    assert ventilation(city)[0] == pytest.approx(1200 * 480 * 2.5 * 0.5 / 3600)
    assert airing(city)[0] == pytest.approx(1200 * 480 * 2.5 * 2.5 / 3600)
    load = (sum(h[0] for h in transmission(city)) + ventilation(city)[0]) * (20 - -10)
    assert design_heat_load(city)[0] == pytest.approx(load)
    assert city.buildings["design_heat_load_w"][0] == pytest.approx(load)
    assert city.buildings["heating_capacity_w"][0] == pytest.approx(load + 11 * 480)


def test_party_walls_lose_nothing_and_have_no_windows():
    city = box(party_wall_m2=108.0)
    assert exposed_areas(city) == pytest.approx([144, 0, 144, 108, 192, 192])
    assert window_areas(city)[1] == 0
    assert solar_areas(city)[1] == 0


def test_windows_and_opaque_parts_collect_the_sun():
    south = solar_areas(box())[2]
    assert south == pytest.approx(43.2 * 0.5 * 0.6 * 0.9 * 0.75 + (144 - 43.2) * 0.6 * 0.04 * 1.0)
    assert solar_areas(box())[4] == pytest.approx(192 * 0.5 * 0.04 * 0.5)
    assert solar_areas(box())[5] == 0


def test_roofs_see_the_whole_sky_and_walls_half():
    walls = 0.5 * ((WALL - WINDOW) * 1.0 + WINDOW * 3.0)
    assert sky_areas(box())[0] == pytest.approx(0.9 * 0.04 * (walls + 192 * 0.5))


def test_heat_transfer_coefficients_of_the_standard():
    city = box()
    z = zones(city, np.array([0]))
    assert z.c_m[0] == pytest.approx(162000 * 480)
    assert z.h_tr_ms[0] == pytest.approx(9.1 * 2.5 * 480)
    assert z.h_tr_is[0] == pytest.approx(3.45 * 4.5 * 480)
    in_series = 1 / (1 / z.h_tr_em[0] + 1 / z.h_tr_ms[0])
    assert in_series == pytest.approx(transmission(city)[1][0])


def test_sums_over_surfaces_leave_buildings_without_any_at_zero():
    city = boxes(4, surfaces_of=[1, 3])
    values = np.ones((2, len(city.surfaces)))
    assert sum_by_building(city, values).tolist() == [[0, 6, 0, 6]] * 2


def test_an_envelope_too_large_for_its_floor_is_named():
    city = box(heated_floor_area_m2=20.0)
    with pytest.raises(TwinError, match="building b0 loses more"):
        zones(city, np.array([0]))
