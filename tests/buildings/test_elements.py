"""Elements of EN ISO 52016-1: resistances add up to the U-value, masses to the class, and zones to a network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from twin.buildings.kernel.elements import (
    MASS_POSITIONS,
    SOURCES,
    assemble,
    ground_floor,
    heavy_class,
    internal_mass,
    opaque,
    usable_capacity,
    window,
)
from twin.buildings.kernel.films import CONVECTION_W_M2K
from twin.buildings.kernel.ground import SOILS
from twin.buildings.kernel.layers import Layers, effective_capacity

SAND = SOILS["sand"]
ONE = np.ones(1)
RADIATION = 5.13


def air_to_air(element):
    """Return the resistance from the air indoors to outdoors, m2 K/W."""
    inside = 1 / (CONVECTION_W_M2K[element.heat_flow] + RADIATION)
    return inside + element.resistance.sum(axis=1) + 1 / element.outside_w_m2k


@given(st.floats(0.05, 6.5), st.sampled_from(sorted(MASS_POSITIONS)), st.sampled_from(sorted(CONVECTION_W_M2K)))
def test_resistances_in_a_row_make_the_u_value(u, position, heat_flow):
    assume(u < 1 / (1 / (CONVECTION_W_M2K[heat_flow] + RADIATION) + 0.01))
    wall = opaque(ONE, u * ONE, 110e3 * ONE, position, heat_flow)
    assert air_to_air(wall) == pytest.approx([1 / u])
    assert (wall.resistance > 0).all()
    assert wall.capacity.sum() == pytest.approx(110e3)


def test_five_nodes_by_hand():
    """U = 0.5: 2 m2 K/W less 1 / 7.63 inside and 1 / 24.14 outside."""
    wall = opaque(ONE, 0.5 * ONE, 8.0 * ONE, "D", "horizontal")
    own = 2.0 - 1 / 7.63 - 1 / 24.14
    assert wall.resistance[0] == pytest.approx(own * np.array([1, 2, 2, 1]) / 6)
    assert wall.capacity[0] == pytest.approx([1, 2, 2, 2, 1])
    assert wall.outside_w_m2k == pytest.approx([24.14])


def test_mass_lies_where_its_class_says():
    nodes = {p: opaque(ONE, ONE, ONE, p, "horizontal").capacity[0].tolist() for p in ("I", "E", "IE", "M")}
    assert nodes == {"I": [0, 0, 0, 0, 1], "E": [1, 0, 0, 0, 0], "IE": [0.5, 0, 0, 0, 0.5], "M": [0, 0, 1, 0, 0]}


def test_windows_have_two_nodes_and_no_mass_down_to_a_single_pane():
    panes = window(np.ones(3), np.array([0.8, 2.8, 5.7]))
    assert air_to_air(panes) == pytest.approx(1 / np.array([0.8, 2.8, 5.7]))
    assert panes.capacity.tolist() == [[0, 0]] * 3


def test_no_wall_conducts_more_than_its_surfaces_let_through():
    for element in (window(ONE, 10.0 * ONE), opaque(ONE, 10.0 * ONE, ONE, "D", "up")):
        assert (element.resistance > 0).all()
        assert (element.outside_w_m2k > 0).all()
        assert air_to_air(element) > 0.1


@given(st.floats(0.05, 3.0), st.floats(0.0, 8.0), st.sampled_from(sorted(MASS_POSITIONS)))
def test_a_floor_lies_on_half_a_metre_of_ground(u, resistance, position):
    floor = ground_floor(ONE, u * ONE, resistance * ONE, 110e3 * ONE, position, SAND)
    assert air_to_air(floor) == pytest.approx([1 / u])
    assert (floor.resistance > 0).all()
    assert (floor.outside_w_m2k > 0).all()
    earth = floor.capacity.sum() - 110e3
    assert 0 < earth <= 0.5 * 2e6 * (1 + 1e-9)
    if resistance + 0.25 < 0.8 * (1 / u - 1 / 5.83):
        assert earth == pytest.approx(1e6)
        assert floor.resistance.sum() == pytest.approx(max(resistance, 0.005) + 0.25)


def test_classes_of_mass_meet_those_of_the_simple_method():
    assert heavy_class(np.array([50e3, 80e3, 165e3, 370e3, 500e3])) == pytest.approx([50e3, 50e3, 110e3, 250e3, 250e3])


def test_mass_at_the_inner_surface_is_used_whole_and_none_beyond_insulation():
    assert usable_capacity(opaque(ONE, 0.3 * ONE, 1e5 * ONE, "I", "up")) == pytest.approx([1e5])
    assert usable_capacity(opaque(ONE, 0.3 * ONE, 1e5 * ONE, "E", "up")) == pytest.approx([0.0], abs=1e-6)


def test_a_day_uses_about_as_much_of_a_wall_as_the_exact_solution_has():
    """0.24 m of brick, 0.6 W/(m K), in five nodes against EN ISO 13786."""
    brick = Layers(*np.array([[0.24], [0.6], [1200.0], [1000.0]]))
    u = 1 / (0.4 + 1 / 7.63 + 1 / 24.14)
    wall = opaque(ONE, u * ONE, brick.capacities.sum() * ONE, "D", "horizontal")
    assert usable_capacity(wall)[0] == pytest.approx(effective_capacity(brick), rel=0.1)


def room(n=2, floor=100.0):
    area = np.full(n, 1.0)
    kappa = 110e3 * area
    return [
        opaque(80 * area, 0.4 * area, kappa, "D", "horizontal"),
        opaque(60 * area, 0.3 * area, kappa, "I", "up"),
        ground_floor(50 * area, 0.35 * area, 1.0 * area, kappa, "M", SAND),
        window(15 * area, 1.3 * area),
        internal_mass(200 * area, 60e3 * area),
    ]


def test_all_heat_that_enters_arrives():
    kinds = room()
    net = assemble(kinds, np.array([30.0, 60.0]), np.array([1e6, 2e6]))
    into = net.sources.sum(axis=1)
    ground = 50 * kinds[2].outside_w_m2k
    for k, name in enumerate(SOURCES):
        assert into[:, k] == pytest.approx(ground if name == "ground" else [1.0, 1.0])
    np.testing.assert_array_equal(net.conductance, net.conductance.transpose(0, 2, 1))
    assert (net.conductance >= 0).all()
    assert net.capacity.sum(axis=1) == pytest.approx(
        np.array([1e6, 2e6]) + 110e3 * 190 + 50 * 1e6 + 200 * 60e3, rel=1e-9
    )


def test_the_radiant_node_is_the_mean_of_the_surfaces_by_area():
    net = assemble(room(1), np.zeros(1), np.ones(1))
    radiant = net.conductance[0, -2]
    surfaces = np.flatnonzero(radiant)
    assert radiant[surfaces] / radiant.sum() == pytest.approx(np.array([80, 60, 50, 15, 200]) / 405)


def test_a_kind_that_a_zone_lacks_changes_nothing():
    def settled(kinds):
        net = assemble(kinds, np.array([30.0]), np.array([1e6]))
        matrix = np.diag(net.conductance[0].sum(axis=1) + net.outdoor[0]) - net.conductance[0]
        return np.linalg.solve(matrix, net.sources[0, :, 0])[-1]

    nothing = opaque(np.zeros(1), np.array([5.0]), np.array([250e3]), "E", "down")
    assert settled([*room(1), nothing]) == pytest.approx(settled(room(1)), rel=1e-6)
