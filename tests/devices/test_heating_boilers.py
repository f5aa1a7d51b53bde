"""Boilers and substations against numbers worked out by hand from the directive and the standard."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.devices.heating.boiler_kernel import (
    boiler_efficiency,
    boiler_fuel,
    fuel_curve,
    standby_loss,
    substation_loss,
    with_stated_efficiency,
)
from twin.devices.heating.model import BOILER_TYPES

KW = 1e3
EVERY = np.array(BOILER_TYPES)


def test_efficiencies_of_the_directive_at_10_and_100_kw():
    types = np.array(["standard", "low_temperature", "condensing", "wood"])
    full, part = boiler_efficiency(types, np.full(4, 10 * KW))
    assert full.tolist() == pytest.approx([0.86, 0.89, 0.92, 0.88])
    assert part.tolist() == pytest.approx([0.83, 0.89, 0.98, 0.88])
    larger, _ = boiler_efficiency(types, np.full(4, 100 * KW))
    assert (larger - full).tolist() == pytest.approx([0.02, 0.015, 0.01, 0.01])
    assert (
        boiler_efficiency(types, np.full(4, 1 * KW))[0].tolist()
        == boiler_efficiency(types, np.full(4, 4 * KW))[0].tolist()
    )


def fuel(load, kind="condensing", capacity=10 * KW, stated=np.nan):
    types, power = np.array([kind]), np.array([capacity])
    curve = fuel_curve(power, *boiler_efficiency(types, power), standby_loss(types))
    return boiler_fuel(np.array([[load * capacity]]), with_stated_efficiency(curve, np.array([stated]))).item()


@pytest.mark.parametrize("kind", BOILER_TYPES)
def test_the_efficiency_is_met_at_full_and_at_30_per_cent_load(kind):
    full, part = boiler_efficiency(np.array([kind]), np.array([10 * KW]))
    assert fuel(1.0, kind) == pytest.approx(10 * KW / full.item())
    assert fuel(0.3, kind) == pytest.approx(3 * KW / part.item())


def test_between_the_points_the_loss_is_linear_and_a_boiler_nobody_asks_is_off():
    assert fuel(0.65) == pytest.approx((fuel(1.0) + fuel(0.3)) / 2)
    assert fuel(1e-9) == pytest.approx(70.0, rel=1e-4)
    assert fuel(0.0) == 0.0


def test_a_stated_efficiency_holds_at_every_load():
    assert [fuel(load, stated=0.8) for load in (0.0, 0.1, 1.0)] == pytest.approx([0.0, 1.25 * KW, 12.5 * KW])


def test_a_boiler_that_is_too_large_burns_more():
    assert fuel(0.1, "standard", 30 * KW) > fuel(0.3, "standard", 10 * KW)


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(BOILER_TYPES))
def test_more_heat_takes_more_fuel_and_none_is_made(one, other, kind):
    less, more = sorted((one, other))
    assert fuel(less, kind) <= fuel(more, kind) * (1 + 1e-12)
    assert fuel(more, kind) >= more * 10 * KW


def test_substations_lose_60_w_at_20_kw_and_twice_that_at_eight_times_the_size():
    assert substation_loss(np.array([20e3, 160e3, 0.0])).tolist() == pytest.approx([60, 120, 0])
