"""Glass and layers against values worked out by hand and published ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.buildings.kernel.films import ROUGH, SMOOTH, forced_convection, natural_convection, outside_film
from twin.buildings.kernel.glass import (
    Panes,
    from_around,
    from_horizon,
    gap_conductance,
    hemispherical,
    inside_film,
    inward_shares,
    optics,
    resistances,
    solar_factor,
    u_value,
)
from twin.buildings.kernel.layers import Layers, effective_capacity, mass_area, resistance

CLEAR = (0.003048, 1.0, 0.834, 0.075, 0.075, 0.84, 0.84)
COATED = (0.00318, 1.0, 0.452, 0.359, 0.397, 0.84, 0.047)


def panes(*rows):
    return Panes(*(np.array(column) for column in zip(*rows, strict=True)))


def test_a_pane_alone_has_its_own_values_at_normal_incidence():
    light = optics(panes(CLEAR), np.array([1.0]))
    np.testing.assert_allclose(light.transmittance, 0.834, rtol=1e-9)
    np.testing.assert_allclose(light.reflectance, 0.075, rtol=1e-9)


def test_two_panes_throw_light_back_and_forth():
    light = optics(panes(CLEAR, CLEAR), np.array([1.0]))
    np.testing.assert_allclose(light.transmittance, 0.834**2 / (1 - 0.075**2), rtol=1e-9)


@given(st.lists(st.sampled_from([CLEAR, COATED]), min_size=1, max_size=4), st.floats(0.0, 1.0))
def test_no_light_is_lost(rows, cosine):
    light = optics(panes(*rows), np.array([cosine]))
    np.testing.assert_allclose(light.transmittance + light.reflectance + light.absorptance.sum(axis=0), 1.0, rtol=1e-12)
    assert (light.absorptance >= -1e-12).all()


@given(st.lists(st.sampled_from([CLEAR, COATED]), min_size=1, max_size=4), st.floats(0.1, 1.0))
def test_as_much_goes_through_from_either_side(rows, cosine):
    glazing = panes(*rows)
    there, back = (optics(g, np.array([cosine])).transmittance for g in (glazing, glazing.turned()))
    np.testing.assert_allclose(there, back, rtol=1e-12)


def test_slanting_light_comes_through_less_and_none_at_grazing():
    light = optics(panes(CLEAR, CLEAR), np.cos(np.radians([0.0, 40.0, 60.0, 80.0, 90.0])))
    assert (np.diff(light.transmittance) < 0.0).all()
    assert light.transmittance[-1] < 1e-3
    diffuse = hemispherical(panes(CLEAR, CLEAR)).transmittance
    assert light.transmittance[3] < diffuse < light.transmittance[2] + 0.05


def test_light_from_the_horizon_comes_in_steeper_than_that_of_the_dome():
    glazing = panes(CLEAR, CLEAR)
    azimuth = (np.arange(20_000) + 0.5) / 20_000 * np.pi / 2.0
    by_hand = (optics(glazing, np.cos(azimuth)).transmittance * np.cos(azimuth)).sum() / np.cos(azimuth).sum()
    assert from_horizon(glazing).transmittance == pytest.approx(by_hand, abs=1e-5)
    assert from_horizon(glazing).transmittance > hemispherical(glazing).transmittance


def test_a_small_disc_is_a_point_and_a_hemisphere_is_the_hemisphere():
    glazing = panes(COATED, CLEAR)
    cosine = np.array([1.0, 0.7, 0.3])
    np.testing.assert_allclose(
        from_around(glazing, cosine, 0.5).transmittance, optics(glazing, cosine).transmittance, rtol=1e-3
    )
    whole = from_around(glazing, np.array([1.0]), 90.0)
    assert whole.transmittance[0] == pytest.approx(float(hemispherical(glazing).transmittance), rel=1e-3)
    assert (whole.transmittance + whole.reflectance + whole.absorptance.sum(axis=0))[0] == pytest.approx(1.0)


def test_the_edge_of_a_disc_at_grazing_incidence_comes_in_better_than_its_middle():
    wide, point = from_around(panes(CLEAR), np.array([0.05]), 25.0), optics(panes(CLEAR), np.array([0.05]))
    assert wide.transmittance[0] > 2.0 * point.transmittance[0]


def test_a_gap_of_air_conducts_and_radiates_by_en_673():
    radiation = 4 * 5.670374419e-8 * 283.0**3 / (2 / 0.84 - 1)
    assert gap_conductance("air", 0.012, (0.84, 0.84)) == pytest.approx(0.02496 / 0.012 + radiation)
    assert gap_conductance("argon", 0.012, (0.047, 0.84)) < 0.4 * gap_conductance("air", 0.012, (0.84, 0.84))


def test_a_double_window_of_clear_glass_has_the_transmittance_of_the_textbook():
    between = resistances(panes(CLEAR, CLEAR), [("air", 0.012)])
    assert u_value(between, 25.0, inside_film(0.837)) == pytest.approx(2.87, abs=0.03)  # EN 673 for 3-12-3: 2.8 to 2.9


def test_a_gap_in_winter_conducts_as_window_finds_it_for_ashrae_140():
    clear = resistances(panes(CLEAR, CLEAR), [("air", 0.012)], winter=True)
    assert 1.0 / (clear[1] - 0.003048) == pytest.approx(5.208, rel=0.005)  # case 600
    coated = resistances(panes(COATED, CLEAR), [("argon", 0.012)], winter=True)
    assert 1.0 / (coated[1] - 0.003114) == pytest.approx(1.792, rel=0.05)  # case 660; EN 673 has less convection
    np.testing.assert_array_equal(resistances(panes(CLEAR), [], winter=True), resistances(panes(CLEAR), []))


def test_a_warm_gap_conducts_more_than_a_cold_one():
    cold, warm = (gap_conductance("krypton", 0.008, (0.84, 0.84), mean, 15.0) for mean in (263.0, 293.0))
    assert 1.05 * cold < warm


def test_double_glass_lets_through_at_every_angle_what_ashrae_140_states():
    light = optics(panes(CLEAR, CLEAR), np.cos(np.radians([0.0, 20.0, 40.0, 50.0, 60.0, 70.0, 80.0])))
    stated = [0.703, 0.699, 0.678, 0.646, 0.577, 0.438, 0.208]
    np.testing.assert_allclose(light.transmittance, stated, atol=0.008)
    assert hemispherical(panes(CLEAR, CLEAR)).transmittance == pytest.approx(0.601, abs=0.002)


def test_heat_absorbed_in_a_pane_leaves_by_either_side():
    between = resistances(panes(CLEAR), [])
    inward, outward = inward_shares(between, 25.0, 8.0), inward_shares(between[::-1], 8.0, 25.0)
    np.testing.assert_allclose(inward + outward, 1.0)
    light = optics(panes(CLEAR), np.array([1.0]))
    assert solar_factor(light, inward)[0] == pytest.approx(0.834 + 0.091 * inward[0])


def test_the_capacity_of_a_thin_and_of_an_endless_layer():
    thin = Layers(np.array([0.01, 0.1]), np.array([100.0, 0.001]), np.array([1000.0, 0.0]), np.array([1000.0, 0.0]))
    inside_out = Layers(
        *(v[::-1] for v in (thin.thickness_m, thin.conductivity_w_mk, thin.density_kg_m3)), np.array([0.0, 1000.0])
    )
    assert effective_capacity(inside_out) == pytest.approx(0.01 * 1e6, rel=0.01)  # all of it, behind it insulation
    endless = Layers(np.array([3.0]), np.array([1.0]), np.array([2000.0]), np.array([1000.0]))
    penetration = np.sqrt(1.0 / 2e6 * 86400 / np.pi)
    assert effective_capacity(endless) == pytest.approx(2e6 * penetration / np.sqrt(2), rel=0.01)  # EN ISO 13786, A.2
    assert resistance(endless) == 3.0


def test_mass_area_is_the_area_for_equal_elements():
    assert mass_area(np.array([5e4, 5e4]), np.array([10.0, 30.0])) == pytest.approx(40.0)


def test_convection():
    np.testing.assert_allclose(natural_convection(np.array([8.0, -8.0]), "horizontal"), 2.62)
    assert natural_convection(np.array([8.0]), "down") > natural_convection(np.array([-8.0]), "down")
    assert natural_convection(np.array([-8.0]), "up") > natural_convection(np.array([8.0]), "up")
    wind = np.array([0.0, 2.0, 5.0])
    assert (np.diff(forced_convection(wind, ROUGH)) > 0).all()
    assert (forced_convection(wind[1:], ROUGH) > forced_convection(wind[1:], SMOOTH)).all()


def test_the_film_outdoors_by_hand():
    still, air, wall = np.zeros(1), np.array([0.0]), np.array([8.0])
    radiant = 5.670374419e-8 * (273.15**2 + 281.15**2) * (273.15 + 281.15)
    film = outside_film(air, wall, still, SMOOTH, 0.9, "horizontal")
    np.testing.assert_allclose(film, 1.31 * 2.0 + 0.9 * radiant)
    roof, floor = (outside_film(air, wall, still, ROUGH, 0.0, flow) for flow in ("up", "down"))
    np.testing.assert_allclose([roof[0], floor[0]], [9.482 / 6.283 * 2.0, 1.81 / 2.382 * 2.0])
    assert outside_film(air, wall, still + 5.0, ROUGH, 0.9, "up") > 2.0 * roof


def test_gaps_are_worked_out_for_many_temperatures_at_once():
    mean, across = np.array([263.0, 283.0, 303.0]), np.array([5.0, 15.0, 20.0])
    together = gap_conductance("argon", 0.012, (0.84, 0.84), mean, across)
    each = [gap_conductance("argon", 0.012, (0.84, 0.84), m, a) for m, a in zip(mean, across, strict=True)]
    np.testing.assert_allclose(together, each)
