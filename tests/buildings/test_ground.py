"""Heat by the ground: tables and limits of EN ISO 13370, and the temperature that an hourly simulation sees."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.buildings.kernel.ground import (
    SOILS,
    YEAR_S,
    Cellar,
    Edge,
    Floor,
    Void,
    characteristic_dimension,
    edge_transmittance,
    equivalent_thickness,
    floor_resistance,
    heated_basement,
    heated_basement_u,
    slab_on_ground,
    slab_u,
    suspended_floor,
    unheated_basement,
)
from twin.buildings.kernel.ground_temperature import Swing, annual_swing, virtual_ground_temperature

SAND, CLAY = SOILS["sand"], SOILS["clay"]
MONTH_S = YEAR_S / 12
KINDS = {
    "slab": slab_on_ground,
    "void": suspended_floor,
    "cellar": unheated_basement,
    "basement": lambda floor, soil: heated_basement(floor, soil, 2.0, 1.0),
}
houses = st.builds(
    Floor,
    area_m2=st.floats(20.0, 5000.0),
    perimeter_m=st.floats(5.0, 300.0),
    resistance_m2k_w=st.floats(0.0, 10.0),
    wall_m=st.floats(0.1, 0.6),
)


def test_bare_slabs_on_clay_lose_what_the_tables_derived_from_the_standard_say():
    """CIBSE Guide A, Table 3.15, from memory: P/A of 0.05 to 0.5 1/m, walls of 0.3 m, clay, nothing on the slab."""
    ratio = np.arange(0.05, 0.51, 0.05)
    b = characteristic_dimension(1.0, ratio)
    u = slab_u(b, equivalent_thickness(CLAY, 0.3, 0.21), CLAY)
    np.testing.assert_allclose(u, [0.13, 0.22, 0.30, 0.37, 0.44, 0.49, 0.55, 0.60, 0.65, 0.70], atol=0.0051)


def test_a_slab_by_hand():
    """10 x 8 m on sand: B' 4.444, d_t 0.72 bare; with 2 m2 K/W 4.72, which is more than B'."""
    floor = Floor(80.0, 36.0, np.array([0.0, 2.0]))
    steady = slab_on_ground(floor, SAND).steady_w_k
    b = 80.0 / 18.0
    bare = 2 * 2.0 / (np.pi * b + 0.72) * np.log(np.pi * b / 0.72 + 1)
    assert steady == pytest.approx([80 * bare, 80 * 2.0 / (0.457 * b + 4.72)])


def test_the_year_reaches_as_deep_as_the_standard_says():
    """EN ISO 13370, Table H.1, from memory: clay 2.2 m, sand 3.2 m, rock 4.2 m."""
    assert [soil.penetration_depth_m for soil in SOILS.values()] == pytest.approx([2.2, 3.2, 4.2], abs=0.05)


def test_the_swing_of_a_slab_by_hand():
    floor, depth = Floor(80.0, 36.0, 0.0), SAND.penetration_depth_m
    found = slab_on_ground(floor, SAND)
    ratio = depth / 0.72
    assert found.outdoor_w_k == pytest.approx(0.37 * 36 * 2 * np.log(ratio + 1))
    assert found.indoor_w_k == pytest.approx(80 * 2 / 0.72 * np.sqrt(2 / ((1 + ratio) ** 2 + 1)))
    assert found.lag_s == pytest.approx((1.5 - 0.42 * np.log(ratio + 1)) * MONTH_S)
    assert found.lead_s == pytest.approx((1.5 - 6 / np.pi * np.arctan(0.72 / (0.72 + depth))) * MONTH_S)


def test_the_resistance_of_a_floor_is_what_its_u_value_leaves_beside_the_surfaces():
    assert floor_resistance(np.array([1.0, 1.0, 8.0]), np.array([False, True, False])) == pytest.approx([0.79, 0.66, 0])


@given(houses, st.sampled_from(sorted(KINDS)))
def test_a_floor_never_loses_more_than_it_would_to_the_air(floor, kind):
    through = floor.resistance_m2k_w + (0.21 if kind in ("slab", "basement") else 0.34)
    at_most = floor.area_m2 / through
    if kind == "basement":
        at_most += 2.0 * floor.perimeter_m / (1.0 + 0.17)
    found = KINDS[kind](floor, SAND)
    assert 0.0 < found.steady_w_k[0] <= at_most * (1 + 1e-9)
    assert found.outdoor_w_k[0] > 0.0
    assert found.indoor_w_k[0] > 0.0


@given(houses, st.sampled_from(sorted(KINDS)), st.floats(0.01, 5.0))
def test_more_insulation_and_less_edge_lose_less(floor, kind, more):
    def with_(**changes):
        return KINDS[kind](Floor(**{**vars(floor), **changes}), SAND)

    usual, better = with_(), with_(resistance_m2k_w=floor.resistance_m2k_w + more)
    assert better.outdoor_w_k[0] <= usual.outdoor_w_k[0]
    sheltered = with_(perimeter_m=floor.perimeter_m / (1 + more))
    assert sheltered.steady_w_k[0] <= usual.steady_w_k[0]
    if kind != "basement":  # whose walls lose more where the floor is insulated
        assert better.steady_w_k[0] <= usual.steady_w_k[0] * (1 + 1e-3)  # the formulas for slabs all but meet


def test_the_two_formulas_for_slabs_meet_where_insulation_is_neither_little_nor_much():
    below, above = slab_u(5.0, 5.0 * (1 - 1e-12), SAND), slab_u(5.0, 5.0, SAND)
    assert below == pytest.approx(above, rel=1e-3)


def test_a_floor_without_exposed_edge_loses_nothing_to_outdoors():
    found = slab_on_ground(Floor(100.0, np.array([0.0, 40.0]), 1.0), SAND)
    assert found.steady_w_k[0] < 0.01 < found.steady_w_k[1]
    assert found.outdoor_w_k[0] == 0.0


def test_perfect_insulation_stops_all():
    for kind in KINDS.values():
        assert kind(Floor(100.0, 40.0, 1e9), SAND).indoor_w_k[0] < (50.0 if kind is KINDS["basement"] else 1e-5)
    assert slab_on_ground(Floor(100.0, 40.0, 1e9), SAND).steady_w_k[0] < 1e-6


@pytest.mark.parametrize("vertical", [False, True])
def test_edge_insulation_saves_and_only_as_far_as_it_reaches(vertical):
    floor = Floor(100.0, 40.0, 0.3)
    bare = slab_on_ground(floor, SAND)
    d = floor.thickness(SAND)
    edges = [Edge(1.5, 0.05, extent, vertical) for extent in (1e-9, 0.5, 1.0)]
    found = [slab_on_ground(floor, SAND, edge) for edge in edges]
    assert found[0].steady_w_k[0] == pytest.approx(bare.steady_w_k[0])
    assert found[0].outdoor_w_k[0] == pytest.approx(bare.outdoor_w_k[0])
    assert bare.steady_w_k[0] > found[1].steady_w_k[0] > found[2].steady_w_k[0]
    assert bare.outdoor_w_k[0] > found[1].outdoor_w_k[0] > found[2].outdoor_w_k[0]
    reach = 2.0 if vertical else 1.0
    by_hand = -2.0 / np.pi * (np.log(reach / d + 1) - np.log(reach / (d + 1.5 * 2.0 - 0.05) + 1))
    assert edge_transmittance(d, edges[2], SAND) == pytest.approx(by_hand)
    assert bare.steady_w_k[0] - found[2].steady_w_k[0] == pytest.approx(-40 * by_hand)


@given(houses)
def test_a_basement_of_no_depth_is_a_slab(floor):
    slab, basement = slab_on_ground(floor, SAND), heated_basement(floor, SAND, 0.0, 1.0)
    for name, value in vars(slab).items():
        assert getattr(basement, name) == pytest.approx(value, rel=1e-6)


def test_a_deeper_floor_loses_less_and_a_deeper_basement_more():
    floor, wall = heated_basement_u(5.0, 0.72, 1.0, np.array([0.5, 1.0, 2.0, 3.0]), SAND)
    assert (np.diff(floor) < 0).all()
    assert (np.diff(wall) < 0).all()
    steady = [heated_basement(Floor(100.0, 40.0, 1.0), SAND, z, 1.0).steady_w_k[0] for z in (0.5, 1.0, 2.0, 3.0)]
    assert (np.diff(steady) > 0).all()


def test_a_cellar_or_void_full_of_outdoor_air_leaves_the_floor_alone():
    floor = Floor(100.0, 40.0, 1.0)
    windy = unheated_basement(floor, SAND, Cellar(air_change_1_h=1e7))
    assert windy.steady_w_k[0] == pytest.approx(100 / 1.34, rel=1e-4)
    assert windy.outdoor_w_k[0] == pytest.approx(100 / 1.34, rel=1e-4)
    open_void = suspended_floor(floor, SAND, Void(openings_m2_m=1e6))
    assert open_void.steady_w_k[0] == pytest.approx(100 / 1.34, rel=1e-4)


def test_arrays_give_what_each_floor_gives_alone():
    area, perimeter, resistance = np.array([50.0, 900.0]), np.array([30.0, 100.0]), np.array([0.0, 4.0])
    for kind in KINDS.values():
        both = kind(Floor(area, perimeter, resistance), SAND)
        for i in range(2):
            one = kind(Floor(area[i], perimeter[i], resistance[i]), SAND)
            for name, value in vars(one).items():
                assert getattr(both, name)[i] == pytest.approx(value[0], rel=1e-12)


def test_the_swing_of_a_year_is_found():
    hour = (np.arange(8760) + 0.5) / 8760
    outdoor = 9.5 - 8.0 * np.cos(2 * np.pi * (hour - 0.05)) + 4.0 * np.sin(2 * np.pi * 365 * hour)
    swing = annual_swing(outdoor)
    assert swing.mean_degc == pytest.approx(9.5)
    assert swing.amplitude_k == pytest.approx(8.0)
    assert swing.coldest_s == pytest.approx(0.05 * YEAR_S)


YEAR = ((np.arange(8760) + 0.5) / 8760 * YEAR_S).astype(np.int64)


def test_the_ground_below_a_steady_climate_is_as_warm_as_the_air():
    exchange = slab_on_ground(Floor(100.0, 40.0, np.array([0.0, 1.0, 5.0])), SAND)
    below = virtual_ground_temperature(exchange, Swing(11.0, 0.0, 0.0), YEAR)
    np.testing.assert_allclose(below.expand(), 11.0, rtol=1e-14)


@given(houses, st.sampled_from(sorted(KINDS)), st.floats(-10.0, 28.0), st.floats(0.0, 20.0), st.floats(0.0, 1.0))
def test_flows_over_the_year_are_those_of_the_standard(floor, kind, mean, amplitude, coldest):
    exchange, swing = KINDS[kind](floor, SAND), Swing(mean, amplitude, coldest * YEAR_S)
    flow = exchange.steady_w_k * (20.0 - virtual_ground_temperature(exchange, swing, YEAR).expand())
    assert flow.mean() == pytest.approx(exchange.steady_w_k[0] * (20.0 - mean), rel=1e-6, abs=1e-6 * np.abs(flow).max())
    cold = 2 * np.pi * (YEAR - swing.coldest_s - exchange.lag_s[0]) / YEAR_S
    swings = min(exchange.outdoor_w_k[0], exchange.steady_w_k[0])
    expected = exchange.steady_w_k[0] * (20.0 - mean) + swings * amplitude * np.cos(cold)
    np.testing.assert_allclose(flow[:, 0], expected, rtol=1e-9, atol=1e-9 * (1.0 + np.abs(expected).max()))


def test_the_ground_is_coldest_after_the_air_and_swings_less():
    exchange = slab_on_ground(Floor(100.0, 40.0, 0.5), SAND)
    below = virtual_ground_temperature(exchange, Swing(10.0, 9.0, 0.04 * YEAR_S), YEAR).expand()[:, 0]
    assert 0.5 * MONTH_S < YEAR[below.argmin()] - 0.04 * YEAR_S < 1.5 * MONTH_S
    assert 1.0 < below.max() - 10.0 < 9.0


def test_the_ground_never_swings_more_than_the_air():
    narrow = slab_on_ground(Floor(20.0, 44.0, 0.0), SAND)  # 1 x 20 m, where the standard's approximation does not hold
    assert narrow.outdoor_w_k > narrow.steady_w_k
    below = virtual_ground_temperature(narrow, Swing(10.0, 9.0, 0.0), YEAR).expand()
    assert np.abs(below - 10.0).max() == pytest.approx(9.0, rel=1e-6)


def test_any_year_is_like_another():
    exchange, swing = slab_on_ground(Floor(100.0, 40.0, 0.5), SAND), Swing(10.0, 9.0, 2e6)
    now = virtual_ground_temperature(exchange, swing, np.array([1_700_000_000]))
    later = virtual_ground_temperature(exchange, swing, np.array([1_700_000_000 + int(4 * YEAR_S)]))
    assert now.expand()[0, 0] == pytest.approx(later.expand()[0, 0], abs=1e-5)
