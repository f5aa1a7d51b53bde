"""Heat pumps against numbers worked out by hand from the paper's coefficients and from standards."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.devices.heating.emission_kernel import flow_temperature
from twin.devices.heating.kernel import (
    COEFFICIENTS,
    CORRECTION,
    CYCLING_BELOW,
    air_capacity_factor,
    coefficient_of_performance,
    defrost_loss,
    heat_pump_supply,
    water_source_temperature,
)
from twin.devices.heating.model import OPERATIONS, SOURCES
from twin.devices.part_load import part_load_factor

AIR, GROUND, WATER = (np.array(COEFFICIENTS[s]) for s in ("air", "ground", "water"))
watts = st.floats(0.0, 1e5)


@pytest.mark.parametrize(
    ("coefficients", "lift", "in_the_laboratory"),
    [
        (AIR, 35.0, 6.0801 - 3.2935 + 0.6125),
        (AIR, 50.0, 6.0801 - 4.705 + 1.25),
        (GROUND, 30.0, 10.288 - 6.252 + 1.08),
        (GROUND, 45.0, 10.288 - 9.378 + 2.43),
        (WATER, 30.0, 9.9696 - 6.147 + 1.08),
    ],
)
def test_cop_by_hand(coefficients, lift, in_the_laboratory):
    assert coefficient_of_performance(np.array(lift), coefficients) == pytest.approx(0.85 * in_the_laboratory)
    assert coefficient_of_performance(np.array(lift), coefficients, 1.0) == pytest.approx(in_the_laboratory)


@pytest.mark.parametrize("lift", [20.0, 35.0, 50.0, 60.0])
def test_the_paper_prints_the_same_coefficients_rounded(lift):
    air = 6.08 - 0.09 * lift + 0.0005 * lift**2
    ground = 10.29 - 0.21 * lift + 0.0012 * lift**2
    water = 9.97 - 0.20 * lift + 0.0012 * lift**2
    assert coefficient_of_performance(np.array(lift), AIR) == pytest.approx(0.85 * air, abs=0.25)
    assert coefficient_of_performance(np.array(lift), GROUND) == pytest.approx(0.85 * ground, abs=0.1)
    assert coefficient_of_performance(np.array(lift), WATER) == pytest.approx(0.85 * water, abs=0.3)


def test_every_source_and_operation_has_its_numbers():
    assert tuple(COEFFICIENTS) == SOURCES
    assert tuple(CORRECTION) == tuple(CYCLING_BELOW) == OPERATIONS
    assert water_source_temperature(np.array([10.0])).tolist() == [5]


@pytest.mark.parametrize("coefficients", [AIR, GROUND, WATER])
def test_the_cop_falls_with_the_lift_and_stops_at_the_paper_s_floor(coefficients):
    lifts = np.linspace(-10, 130, 400)
    cop = coefficient_of_performance(lifts, coefficients)
    assert (np.diff(cop) <= 1e-12).all()
    assert (cop > 1).all()
    assert cop[0] == coefficient_of_performance(np.array(15.0), coefficients)


def radiators(outdoor, design_flow=55.0, ratio=1.0, exponent=1.3, spread=10.0):
    return flow_temperature(np.array(outdoor), design_flow, -10.0, ratio, exponent, spread)


def test_the_heating_curve_by_hand():
    """55/45 at -10 degC; half the load needs 0.5867 of the excess of 30 K and half of the spread."""
    assert radiators([-20.0, -10.0, 2.5, 15.0, 25.0]).tolist() == pytest.approx(
        [55, 55, 20 + 30 * 0.5 ** (1 / 1.3) + 2.5, 20, 20]
    )
    assert radiators([-10.0], 35.0, exponent=1.1, spread=7.0) == pytest.approx([35])


def test_the_curve_is_near_the_paper_s_line_where_most_heat_is_wanted():
    outdoor = np.linspace(-3, 10, 14)
    assert np.abs(radiators(outdoor) - (40.0 - outdoor)).max() < 4.0


def test_insulated_buildings_need_less_warm_water_from_the_same_radiators():
    assert radiators([-10.0], ratio=0.5) == pytest.approx([20 + 30 * 0.5 ** (1 / 1.3) + 2.5])
    flows = [radiators(np.linspace(-15, 20, 36), ratio=r) for r in (0.0, 0.3, 0.6, 1.0)]
    assert all((less <= more).all() for less, more in pairwise(flows))
    assert (np.diff(flows[-1]) <= 0).all()


def test_air_heat_pumps_give_less_in_the_cold():
    assert air_capacity_factor(np.array([-40.0, -12.0, -7.0, 3.0, 40.0])).tolist() == pytest.approx(
        [0.7, 0.9, 1.0, 1.2, 1.3]
    )


def test_frost_needs_humid_air_around_freezing():
    outdoor, humidity = np.array([-8.0, -3.5, 0.0, 2.0, 5.0, 8.0]), np.full(6, 0.9)
    assert defrost_loss(outdoor, humidity, np.array(0.1)).tolist() == pytest.approx([0, 0.05, 0.1, 0.1, 0.05, 0])
    assert defrost_loss(outdoor, np.full(6, 0.5), np.array(0.1)).tolist() == [0] * 6
    assert defrost_loss(outdoor[2], np.array(0.65), np.array(0.1)) == pytest.approx(0.05)


def test_switching_costs_as_en_14825_has_it():
    load = np.array([1.0, 0.5, 0.1, 0.0])
    factor = part_load_factor(load, np.array(1.0))
    assert factor.tolist() == pytest.approx([1, 0.5 / 0.55, 0.1 / 0.19, 1])
    assert part_load_factor(load, np.array(0.25)).tolist() == pytest.approx([1, 1, 0.4 / 0.46, 1])
    assert part_load_factor(load, np.array(0.0)).tolist() == [1, 1, 1, 1]


def supply(space, water, cop_space, cop_water, capacity, backup=np.inf):
    one = np.ones((1, 1))
    return heat_pump_supply(
        space * one, water * one, cop_space * one, cop_water * one, np.array([capacity]), np.array([backup])
    )


def test_within_capacity_each_demand_has_its_own_cop():
    found = supply(6000, 2000, 4, 2, 9000.0)
    assert found.electric.item() == pytest.approx(1500 + 1000)
    assert (found.heat.item(), found.backup.item(), found.unserved.item()) == (8000, 0, 0)


def test_beyond_capacity_the_heater_does_the_rest():
    found = supply(6000, 2000, 4, 2, 4000.0)
    assert (found.heat.item(), found.backup.item(), found.unserved.item()) == (4000, 4000, 0)
    assert found.electric.item() == pytest.approx(0.5 * (1500 + 1000) + 4000)


def test_beyond_both_somebody_is_cold():
    found = supply(6000, 2000, 4, 2, 4000.0, 3000.0)
    assert (found.heat.item(), found.backup.item(), found.unserved.item()) == (4000, 3000, 1000)


@given(
    space=watts,
    water=watts,
    capacity=watts,
    backup=watts,
    cop_space=st.floats(1.0, 8.0),
    cop_water=st.floats(1.0, 8.0),
)
def test_no_heat_is_lost_or_made(space, water, capacity, backup, cop_space, cop_water):
    found = supply(space, water, cop_space, cop_water, capacity, backup)
    demand, given_ = space + water, found.heat.item() + found.backup.item()
    assert given_ + found.unserved.item() == pytest.approx(demand)
    assert found.heat.item() <= capacity
    assert found.unserved.item() >= 0
    best = max(cop_space, cop_water)
    assert given_ / best - 1e-6 <= found.electric.item() <= given_ * (1 + 1e-12) + 1e-6
