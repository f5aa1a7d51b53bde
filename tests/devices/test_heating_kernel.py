"""Boilers and heat pumps against numbers worked out by hand from the paper's coefficients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.devices.heating.kernel import (
    COEFFICIENTS,
    SINKS,
    boiler_gas,
    coefficient_of_performance,
    ground_source_temperature,
    heat_pump_supply,
    sink_temperature,
)

AIR, GROUND = (np.array(COEFFICIENTS[s]) for s in ("air", "ground"))
watts = st.floats(0.0, 1e5)


@pytest.mark.parametrize(
    ("coefficients", "lift", "in_the_laboratory"),
    [
        (AIR, 35.0, 6.0801 - 3.2935 + 0.6125),
        (AIR, 50.0, 6.0801 - 4.705 + 1.25),
        (GROUND, 30.0, 10.288 - 6.252 + 1.08),
        (GROUND, 45.0, 10.288 - 9.378 + 2.43),
    ],
)
def test_cop_by_hand(coefficients, lift, in_the_laboratory):
    assert coefficient_of_performance(np.array(lift), coefficients) == pytest.approx(0.85 * in_the_laboratory)


@pytest.mark.parametrize("lift", [20.0, 35.0, 50.0, 60.0])
def test_the_paper_prints_the_same_coefficients_rounded(lift):
    air = 6.08 - 0.09 * lift + 0.0005 * lift**2
    ground = 10.29 - 0.21 * lift + 0.0012 * lift**2
    assert coefficient_of_performance(np.array(lift), AIR) == pytest.approx(0.85 * air, abs=0.25)
    assert coefficient_of_performance(np.array(lift), GROUND) == pytest.approx(0.85 * ground, abs=0.1)


def test_heating_curves_of_the_paper():
    outdoor = np.array([-10.0, 0.0, 15.0])
    assert sink_temperature(outdoor, *SINKS["radiator"]).tolist() == [50, 40, 25]
    assert sink_temperature(outdoor, *SINKS["floor"]).tolist() == [35, 30, 22.5]
    assert ground_source_temperature(np.array([10.0])).tolist() == [5]


@pytest.mark.parametrize("coefficients", [AIR, GROUND])
def test_the_cop_falls_with_the_lift_and_stops_at_the_paper_s_floor(coefficients):
    lifts = np.linspace(-10, 130, 400)
    cop = coefficient_of_performance(lifts, coefficients)
    assert (np.diff(cop) <= 1e-12).all()
    assert (cop > 1).all()
    assert cop[0] == coefficient_of_performance(np.array(15.0), coefficients)


def test_gas_is_heat_over_efficiency():
    heat = np.array([[9000.0, 4500.0], [0.0, 900.0]])
    assert boiler_gas(heat, np.array([0.9, 1.0])).tolist() == [[10000, 4500], [0, 900]]


def test_within_capacity_each_demand_has_its_own_cop():
    one = np.ones((1, 1))
    supply = heat_pump_supply(6000 * one, 2000 * one, 4 * one, 2 * one, np.array([9000.0]))
    assert supply.electric.item() == pytest.approx(1500 + 1000)
    assert (supply.heat.item(), supply.backup.item()) == (8000, 0)


def test_beyond_capacity_the_heater_does_the_rest():
    one = np.ones((1, 1))
    supply = heat_pump_supply(6000 * one, 2000 * one, 4 * one, 2 * one, np.array([4000.0]))
    assert (supply.heat.item(), supply.backup.item()) == (4000, 4000)
    assert supply.electric.item() == pytest.approx(0.5 * (1500 + 1000) + 4000)


@given(space=watts, water=watts, capacity=watts, cop_space=st.floats(1.0, 8.0), cop_water=st.floats(1.0, 8.0))
def test_no_heat_is_lost_or_made(space, water, capacity, cop_space, cop_water):
    def array(value):
        return np.array([[value]])

    supply = heat_pump_supply(array(space), array(water), array(cop_space), array(cop_water), np.array([capacity]))
    demand = space + water
    assert supply.heat.item() + supply.backup.item() == pytest.approx(demand)
    assert supply.heat.item() <= capacity
    best = max(cop_space, cop_water)
    assert demand / best - 1e-6 <= supply.electric.item() <= demand * (1 + 1e-12) + 1e-6
