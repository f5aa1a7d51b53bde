"""What is planned for a civil day: ranks, days of 23 and 25 hours, and windows on the clock."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.devices.days import rank_within_days
from twin.devices.heating.planning import (
    civil_hours,
    inside,
    parse_windows,
    shift,
    whole_parts,
)
from twin.devices.heating.storage import DRAW, FILL, FOLLOW
from twin.engine.time import CivilTime, TimeAxis

BERLIN = CivilTime("Europe/Berlin")
HOUR = 3600


def berlin(start, hours, step_s=HOUR):
    return TimeAxis.at(start, step_s, hours * HOUR // step_s, BERLIN.timezone)


def test_ranks_count_within_each_day_and_time_decides_between_equals():
    values = np.array([3.0, 1.0, 2.0, 1.0, 5.0, 5.0, 4.0])
    day = np.array([0, 0, 0, 0, 1, 1, 1])
    assert rank_within_days(values, day).tolist() == [3, 0, 2, 1, 1, 2, 0]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), min_size=1, max_size=60))
def test_ranks_are_places_in_a_stable_order(pairs):
    day, values = np.array(sorted(pairs), dtype=float).T
    values = np.roll(values, 1)
    ranks = rank_within_days(values, day.astype(int))
    for d in np.unique(day):
        here = day == d
        assert ranks[here].tolist() == np.argsort(np.argsort(values[here], kind="stable")).tolist()


@pytest.mark.parametrize(("day", "length"), [("2023-03-26", 23), ("2023-03-27", 24), ("2023-10-29", 25)])
@pytest.mark.parametrize("step_s", [HOUR, 900])
def test_days_of_any_length_have_as_many_hours_to_fill_and_to_draw(day, length, step_s):
    axis = berlin(day, length, step_s)
    hours = civil_hours(axis, BERLIN)
    assert len(np.unique(hours.day)) == 1
    assert len(np.unique(hours.hour)) == length
    price = np.cos(hours.clock // HOUR / 12 * np.pi) + (hours.hour - hours.hour[0]) * 1e-3
    mode = shift(price, hours, 5, 3)
    assert [np.count_nonzero(mode == m) * step_s // HOUR for m in (FILL, DRAW, FOLLOW)] == [5, 3, length - 8]
    assert price[mode == FILL].max() < price[mode == FOLLOW].min()
    assert price[mode == DRAW].min() > price[mode == FOLLOW].max()


def test_each_day_is_ranked_by_itself():
    axis = berlin("2023-01-01", 48)
    hours = civil_hours(axis, BERLIN)
    price = np.concatenate([np.arange(24.0), 100 + np.arange(24.0)])
    mode = shift(price, hours, 2, 1)
    assert np.flatnonzero(mode == FILL).tolist() == [0, 1, 24, 25]
    assert np.flatnonzero(mode == DRAW).tolist() == [23, 47]


def test_where_nothing_is_to_gain_nothing_is_shifted():
    axis = berlin("2023-01-01", 48, 900)
    hours = civil_hours(axis, BERLIN)
    flat = 0.3 + 1e-15 * np.random.default_rng(0).standard_normal(axis.n)  # as rounding leaves it
    assert (shift(flat, hours, 4, 4) == FOLLOW).all()
    two_tier = np.where(hours.clock < 2 * HOUR, 0.2, 0.3)
    mode = shift(two_tier, hours, 4, 4)
    assert np.unique(hours.clock[mode == FILL] // HOUR).tolist() == [0, 1]
    assert np.unique(hours.clock[mode == DRAW] // HOUR).tolist() == [20, 21, 22, 23]


def test_the_mean_of_an_hour_counts():
    axis = berlin("2023-01-01", 24, 900)
    price = np.full(axis.n, 1.0)
    price[4:8] = [0.0, 0.0, 0.0, 2.0]  # 0.5 in the mean
    price[8:12] = [0.6] * 4
    mode = shift(price, civil_hours(axis, BERLIN), 1, 1)
    assert np.flatnonzero(mode == FILL).tolist() == [4, 5, 6, 7]


def test_windows_on_the_clock():
    windows = parse_windows("06:00-08:15, 22:30-24:00,23:00-01:00")
    assert windows == ((6 * HOUR, 8 * HOUR + 900), (22 * HOUR + 1800, 24 * HOUR), (23 * HOUR, HOUR))
    clock = np.array([0, HOUR - 1, HOUR, 6 * HOUR, 8 * HOUR + 899, 8 * HOUR + 900, 22 * HOUR + 1800])
    assert inside(clock, windows).tolist() == [True, True, False, True, True, False, True]
    assert parse_windows("") == ()


def test_parts_of_a_step_lie_within_one_hour_of_the_clock():
    assert whole_parts(berlin("2023-01-01", 24), BERLIN) == HOUR
    assert whole_parts(berlin("2023-01-01", 24, 6 * HOUR), BERLIN) == HOUR
    assert whole_parts(berlin("2023-01-01", 24), BERLIN, parse_windows("06:15-08:00")) == 900
    assert whole_parts(TimeAxis.at("2023-01-01", HOUR, 24), CivilTime("Asia/Kathmandu")) == 900  # 5 h 45 min ahead
