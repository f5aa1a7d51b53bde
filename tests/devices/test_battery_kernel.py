"""Batteries as equations: a day by hand, energy conserved, limits kept, self-discharge exact, wear by hand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.devices.battery.kernel import Batteries, Results, advance, health, largest_net_load

HOUR = 3600
KWH = 3.6e6
NEVER = 1e30


def batteries(n=1, step_s=HOUR, **given):
    values = {
        "capacity": 4 * KWH,
        "power": 2000.0,
        "charge_efficiency": 0.9,
        "discharge_efficiency": 0.8,
        "self_discharge": 0.0,
        "soc_min": 0.1,
        "soc_max": 1.0,
        "cycle_life": NEVER,
        "calendar_life": NEVER,
        **given,
    }
    return Batteries(**{k: np.broadcast_to(np.asarray(v, dtype=float), (n,)) for k, v in values.items()}, step_s=step_s)


def follow(some, wanted, stored, capacity=None, below=None, reserve=None):
    """Return what batteries do from a store on; ``wanted`` is (step, n) or (step,) in W."""
    wanted = np.array(wanted, dtype=float).reshape(len(wanted), -1)
    n = wanted.shape[1]
    out = Results.empty(*wanted.shape)
    stored = np.broadcast_to(np.asarray(stored, dtype=float), (n,)).copy()
    capacity = some.capacity if capacity is None else np.full(n, capacity)
    below = None if below is None else np.array(below, dtype=float).reshape(wanted.shape)
    advance(some, stored, capacity, wanted.copy(), out, below, None if reserve is None else np.full(n, reserve))
    return out


# surplus in kW hour by hour, and what a battery of 4 kWh, 2 kW, 90 % in and 80 % out makes of it from 1 kWh on
SURPLUS = [-0.2] * 6 + [0, 1, 3, 2] + [1] * 6 + [0, -1.6, -3, -1] + [-0.5] * 4
CHARGING = [0] * 7 + [1, 2, 1] + [0] * 14
DISCHARGING = [0.2, 0.2, 0.08] + [0] * 14 + [1.6, 1.28] + [0] * 5
STORED = [0.75, 0.5, 0.4, 0.4, 0.4, 0.4, 0.4, 1.3, 3.1] + [4.0] * 8 + [2.0] + [0.4] * 6
LOSSES = [0.05, 0.05, 0.02] + [0] * 4 + [0.1, 0.2, 0.1] + [0] * 7 + [0.4, 0.32] + [0] * 5


def test_a_day_by_hand():
    out = follow(batteries(), 1e3 * np.array(SURPLUS), KWH)
    assert out.charging[:, 0] / 1e3 == pytest.approx(CHARGING, abs=1e-12)
    assert out.discharging[:, 0] / 1e3 == pytest.approx(DISCHARGING, abs=1e-12)
    assert out.stored[:, 0] / KWH == pytest.approx(STORED, abs=1e-12)
    assert out.losses[:, 0] / 1e3 == pytest.approx(LOSSES, abs=1e-12)
    # 3.6 kWh went into the cells and 4.2 out of them: 7.8 of the 8 that make a cycle
    assert out.cycling.sum() * HOUR == pytest.approx(7.8 / 8)


def test_self_discharge_is_exact_whatever_the_step():
    fine, coarse = (batteries(step_s=s, self_discharge=1e-4) for s in (60, HOUR))
    power = np.array([1500.0, 0.0, -700.0])
    once = follow(coarse, power, 2 * KWH).stored[:, 0]
    often = follow(fine, np.repeat(power, 60), 2 * KWH).stored[59::60, 0]
    np.testing.assert_allclose(often, once, rtol=1e-12)


def test_at_rest_a_store_decays_by_e_also_below_its_lower_limit():
    out = follow(batteries(self_discharge=1.0 / (10 * HOUR)), np.zeros(40), 4 * KWH)
    assert out.stored[9, 0] == pytest.approx(4 * KWH / np.e)
    assert out.stored[39, 0] == pytest.approx(4 * KWH / np.e**4)
    assert not out.discharging.any()
    assert not out.charging.any()


def test_below_its_lower_limit_it_charges_but_does_not_give():
    out = follow(batteries(), [-1000.0, 100.0, -1000.0], 0.2 * KWH)
    assert out.discharging.tolist() == [[0], [0], [0]]
    assert out.stored[-1, 0] == pytest.approx(0.29 * KWH)


def test_what_a_worn_battery_no_longer_holds_is_lost_and_given_to_nobody():
    out = follow(batteries(), [0.0, -500.0], 4 * KWH, capacity=3 * KWH)
    assert out.stored[0, 0] == 3 * KWH
    assert out.losses[0, 0] == pytest.approx(1000.0)
    assert out.discharging[:, 0].tolist() == pytest.approx([0.0, 500.0])


# -- reserve


def test_the_reserve_is_reached_exactly():
    """Above 2 kWh it gives 1 kW, below it takes 0.5 kW: it comes to rest on the border, losing nothing."""
    out = follow(batteries(), [-1000.0] * 4, 4 * KWH, below=[500.0] * 4, reserve=2 * KWH)
    assert out.stored[:, 0] / KWH == pytest.approx([2.75, 2.0, 2.0, 2.0])
    assert out.discharging[:, 0] == pytest.approx([1000.0, 600.0, 0.0, 0.0])
    up = follow(batteries(), [-1000.0] * 4, 1.4 * KWH, below=[500.0] * 4, reserve=2 * KWH)
    assert up.charging[:, 0] == pytest.approx([500.0, 166.66666666666667, 0.0, 0.0])


def test_beyond_what_the_reserve_may_give_it_gives_below_it_too():
    out = follow(batteries(), [-1500.0], 2 * KWH, below=[-400.0], reserve=2 * KWH)
    assert out.discharging[0, 0] == pytest.approx(400.0)


# -- laws

unit = st.floats(0.05, 1.0)


@st.composite
def cases(draw):
    n, steps = draw(st.integers(1, 4)), draw(st.integers(1, 12))
    rows = lambda strategy: np.array(draw(st.lists(strategy, min_size=n, max_size=n)))  # noqa: E731
    low = rows(st.floats(0.0, 0.5))
    some = Batteries(
        capacity=rows(st.floats(1e3, 1e9)),
        power=rows(st.floats(1.0, 1e6)),
        charge_efficiency=rows(unit),
        discharge_efficiency=rows(unit),
        self_discharge=rows(st.sampled_from([0.0, 1e-9, 1e-6, 1e-3])),
        soc_min=low,
        soc_max=low + rows(st.floats(0.01, 0.5)),
        cycle_life=rows(st.floats(1.0, 1e4)),
        calendar_life=rows(st.floats(1e6, 1e9)),
        step_s=draw(st.sampled_from([60, 900, HOUR])),
    )
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    wanted = seed.uniform(-2, 2, (steps, n)) * some.power
    wanted[seed.random(wanted.shape) < 0.2] = 0.0
    stored = seed.random(n) * some.soc_max * some.capacity
    return some, wanted, stored


def self_discharged(some, stored, out):
    """Return the mean power of self-discharge: the exact mean of what is held, times its rate."""
    s, dt = some.self_discharge, float(some.step_s)
    into = out.charging * some.charge_efficiency - out.discharging / some.discharge_efficiency
    before = np.vstack([stored, out.stored[:-1]])
    with np.errstate(divide="ignore", invalid="ignore"):
        # mean of E0 e^-st + q (1 - e^-st) / s over the step; both integrals are short series for small s t
        x = s * dt
        first = np.where(x > 1e-4, -np.expm1(-x) / x, 1 - x / 2 + x**2 / 6)
        second = np.where(x > 1e-4, (1 - first) / s, dt * (0.5 - x / 6 + x**2 / 24))
    return s * (before * first + into * second)


@given(cases())
def test_no_joule_is_made_or_lost(case):
    some, wanted, stored = case
    out = follow(some, wanted, stored)
    losses = (
        out.charging * (1 - some.charge_efficiency)
        + out.discharging * (1 / some.discharge_efficiency - 1)
        + self_discharged(some, stored, out)
    )
    before = np.vstack([stored, out.stored[:-1]])
    kept = (out.stored - before) / some.step_s
    size = out.charging + out.discharging + np.maximum(before, out.stored) / some.step_s
    assert (np.abs(out.charging - out.discharging - losses - kept) <= 1e-9 * size).all()
    assert (np.abs(out.losses - losses) <= 1e-9 * size).all()


@given(cases())
def test_power_and_state_of_charge_stay_within_their_limits(case):
    some, wanted, stored = case
    out = follow(some, wanted, stored)
    # power is the difference of two energies, each known to some digits of the capacity
    rounding = 1e-15 * some.capacity * np.maximum(some.charging_per_energy, -some.discharging_per_energy)
    most = some.power * (1 + 1e-9) + rounding
    assert (out.charging <= np.minimum(most, np.maximum(wanted, 0) + 1e-6 * some.power)).all()
    assert (out.discharging <= np.minimum(most, np.maximum(-wanted, 0) + 1e-6 * some.power)).all()
    assert not (out.charging * out.discharging).any()
    assert (out.stored <= some.soc_max * some.capacity * (1 + 1e-12)).all()
    drained = np.vstack([stored, out.stored[:-1]]) * np.exp(-some.self_discharge * some.step_s)
    floor = np.minimum(some.soc_min * some.capacity, drained)
    assert (out.stored >= floor * (1 - 1e-12)).all()


@given(cases())
def test_more_is_moved_only_if_limits_leave_room(case):
    """What is wanted is done in full wherever the store ends strictly between its limits and power suffices."""
    some, wanted, stored = case
    out = follow(some, wanted, stored)
    inside = (out.stored < some.soc_max * some.capacity * (1 - 1e-6)) & (
        out.stored > some.soc_min * some.capacity * (1 + 1e-6)
    )
    done = out.charging - out.discharging
    possible = np.clip(wanted, -some.power, some.power)
    scale = some.power + some.capacity / some.step_s
    assert (np.abs(done - possible)[inside] <= (1e-9 * np.broadcast_to(scale, done.shape))[inside]).all()


@given(cases(), st.integers(0, 100))
def test_the_order_of_batteries_changes_nothing(case, seed):
    some, wanted, stored = case
    order = np.random.default_rng(seed).permutation(len(stored))
    shuffled = replace(
        some, **{name: getattr(some, name)[order] for name in Batteries.__dataclass_fields__ if name != "step_s"}
    )
    one, other = follow(some, wanted, stored), follow(shuffled, wanted[:, order], stored[order])
    assert all(np.array_equal(getattr(one, name)[:, order], getattr(other, name)) for name in vars(one))


# -- wear


def test_wear_by_hand():
    """3 years of 15 take 4 %, 1,000 cycles of 5,000 another 4 %; at 80 % the battery goes on."""
    some = batteries(3, cycle_life=5000.0, calendar_life=15 * 365 * 86400.0)
    years = 365 * 86400
    cycles = np.array([0.0, 1000.0, 4000.0])
    assert health(some, cycles, 0) == pytest.approx([1.0, 0.96, 0.84])
    assert health(some, cycles, 3 * years) == pytest.approx([0.96, 0.92, 0.80])
    assert health(some, np.full(3, 1e6), 3 * years).tolist() == [0.0, 0.0, 0.0]


def test_the_largest_net_load_so_far():
    surplus = np.array([[-1.0, 4.0], [-3.0, -1.0], [-2.0, -5.0]])
    peaks = largest_net_load(surplus, np.array([2.0, 0.0]))
    assert peaks.tolist() == [[2.0, 0.0], [3.0, 1.0], [3.0, 5.0]]
    assert surplus[0].tolist() == [-1.0, 4.0]
