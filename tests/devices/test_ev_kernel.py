"""How batteries take power and points share it: closed forms, beside small steps and numbers worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.devices.ev.kernel import charged, last_energy, seconds_needed, share_out

KWH = 3.6e6
# 50 kWh, of which the last fifth tapers at 10 kW: tau is an hour
BATTERY, POWER, TAU = 50 * KWH, 1e4, 3600.0


def one(value):
    return np.array([float(value)])


def take(missing_kwh, hours, power=POWER, spare_kwh=1.0):
    return charged(one(missing_kwh * KWH), one(hours * 3600), one(power), one(spare_kwh * KWH), one(TAU))[0] / KWH


def test_full_power_until_the_transition_and_then_an_exponential():
    """From 60 to 98 %: 10 kWh take an hour at 10 kW; of the 10 kWh of room left, 10 (1 - exp(-t / h)) are taken."""
    assert take(19, 0.5) == pytest.approx(5)
    assert take(19, 1.0) == pytest.approx(10)
    assert take(19, 2.0) == pytest.approx(10 + 10 * (1 - np.exp(-1)))
    assert take(19, 9.0) == 19
    needed = seconds_needed(one(19 * KWH), one(POWER), one(KWH), one(TAU))[0]
    assert needed == pytest.approx(3600 * (1 + np.log(10)))


def test_at_less_power_the_first_stage_lasts_longer():
    """At 5 kW the transition is where the battery takes 5 kW: at 90 % instead of 80 %."""
    assert take(19, 3.0, power=5e3) == pytest.approx(15)
    assert take(19, 4.0, power=5e3) == pytest.approx(15 + 5 * (1 - np.exp(-1)))


def test_without_power_nothing_is_taken():
    assert take(19, 1.0, power=0.0) == 0


def small_steps(missing, seconds, power, spare, tau):
    """ACN-Sim's battery in steps of a second."""
    taken = 0.0
    for _ in range(seconds):
        taken = min(taken + min(power, (missing + spare - taken) / tau), missing)
    return taken


@given(st.floats(0, 30), st.integers(0, 20_000), st.floats(500, 22_000), st.floats(0.5, 20))
def test_the_closed_form_is_the_limit_of_small_steps(missing_kwh, seconds, power, spare_kwh):
    exact = take(missing_kwh, seconds / 3600, power, spare_kwh)
    stepped = small_steps(missing_kwh * KWH, seconds, power, spare_kwh * KWH, TAU) / KWH
    assert exact == pytest.approx(stepped, rel=2e-3, abs=2e-3)


numbers = st.floats(0, 20)


@given(numbers, numbers, st.floats(500, 22_000), st.floats(0.01, 20), st.floats(0, 1))
def test_charging_in_parts_is_charging_in_one(missing_kwh, hours, power, spare_kwh, part):
    whole = take(missing_kwh, hours, power, spare_kwh)
    first = take(missing_kwh, part * hours, power, spare_kwh)
    second = take(missing_kwh - first, (1 - part) * hours, power, spare_kwh)
    assert first + second == pytest.approx(whole, rel=1e-9, abs=1e-9)


@given(st.floats(0.01, 20), st.floats(500, 22_000), st.floats(0.01, 20), st.floats(0, 1))
def test_time_needed_and_energy_at_the_end_are_inverse(missing_kwh, power, spare_kwh, part):
    missing, rest = one(missing_kwh * KWH), (one(power), one(spare_kwh * KWH), one(TAU))
    needed = seconds_needed(missing, *rest)
    assert charged(missing, needed, *rest)[0] == pytest.approx(missing[0], rel=1e-9)
    assert last_energy(needed, *rest)[0] == pytest.approx(missing[0], rel=1e-6)
    before = charged(missing, (1 - part) * needed, *rest)[0]
    assert before + last_energy(part * needed, *rest)[0] == pytest.approx(missing[0], rel=1e-6)


# -- sharing


def shares(amount, group, least, most, firm):
    group, least, most = np.array(group), np.full(len(group), float(least)), np.full(len(group), float(most))
    return share_out(np.array(amount, dtype=float), group, least, most, firm).tolist()


def test_who_came_first_is_served_first_and_none_below_its_least():
    assert shares([10], [0, 0, 0], 4, 11, firm=False) == [6, 4, 0]
    assert shares([3.9], [0, 0], 4, 11, firm=False) == [0, 0]
    assert shares([30], [0, 0], 4, 11, firm=False) == [11, 11]
    assert shares([-5], [0], 4, 11, firm=False) == [0]


def test_groups_have_nothing_to_do_with_each_other():
    assert shares([10, 5], [1, 0, 1, 0], 4, 11, firm=False) == [5, 6, 0, 4]


def test_a_firm_least_is_given_to_all():
    assert shares([20], [0, 0, 0], 4, 11, firm=True) == [11, 5, 4]
    assert shares([5], [0, 0, 0], 4, 11, firm=True) == [4, 4, 4]
    assert shares([15], [0, 0, 0], 0, 11, firm=True) == [11, 4, 0]
