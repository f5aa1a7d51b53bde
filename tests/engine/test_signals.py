"""Signals: exact means of prices over steps of any length, on the civil clock."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.engine import CivilTime, TimeAxis
from twin.engine.signals import Constant, Series, TimeOfUse, UseWindow

BERLIN = CivilTime.of("Europe/Berlin", [date(2023, 12, 25)])
H = 3600


def hours(*pairs, **how):
    return tuple(UseWindow(a * H, b * H, value, **how) for a, b, value in pairs)


def test_a_constant_is_the_same_at_every_step():
    assert Constant(0.3).values(TimeAxis(5, 900, 3)).tolist() == [0.3, 0.3, 0.3]


def test_a_tariff_follows_the_clock_on_the_wall_through_the_change_to_summer_time():
    tariff = TimeOfUse(0.30, hours((17, 21, 0.50)), BERLIN)
    for day, utc in (("2023-03-25", 16), ("2023-03-27", 15)):
        axis = TimeAxis.at(day, H, 24)
        assert np.flatnonzero(tariff.values(axis) == 0.50).tolist() == [utc, utc + 1, utc + 2, utc + 3]


def test_a_window_that_ends_within_a_step_counts_for_its_part():
    tariff = TimeOfUse(1.0, (UseWindow(9 * H, 9 * H + 900, 5.0),), CivilTime())
    assert tariff.values(TimeAxis(0, H, 24))[9] == pytest.approx(2.0)


def test_a_window_over_midnight_and_the_last_of_two_that_overlap():
    tariff = TimeOfUse(1.0, hours((22, 6, 0.5), (5, 7, 2.0)), CivilTime())
    values = tariff.values(TimeAxis(0, H, 24))
    assert values.tolist() == [0.5] * 5 + [2.0] * 2 + [1.0] * 15 + [0.5] * 2


def test_a_public_holiday_is_a_sunday():
    tariff = TimeOfUse(1.0, hours((0, 24, 0.5), weekdays=frozenset({5, 6})), BERLIN)
    monday = TimeAxis.at("2023-12-25", H, 24, "Europe/Berlin")
    assert (tariff.values(monday) == 0.5).all()
    ordinary = TimeOfUse(1.0, hours((0, 24, 0.5), weekdays=frozenset({5, 6})), CivilTime("Europe/Berlin"))
    assert (ordinary.values(monday) == 1.0).all()


def test_a_window_of_some_months():
    tariff = TimeOfUse(1.0, hours((0, 24, 3.0), months=frozenset({2})), CivilTime())
    year = tariff.values(TimeAxis.at("2024-01-01", 86400, 366))
    assert (year == 3.0).sum() == 29


@given(st.lists(st.floats(-100, 3000), min_size=24, max_size=24), st.sampled_from([300, 900, 1800, 7200, 21600, 86400]))
def test_a_series_keeps_its_mean_at_any_step(prices, step_s):
    series = Series(TimeAxis(0, H, 24), np.array(prices))
    values = series.values(TimeAxis(0, step_s, 86400 // step_s))
    assert values.mean() == pytest.approx(np.mean(prices), abs=1e-9)


def test_a_series_is_held_within_its_steps_and_ends_where_it_ends():
    series = Series(TimeAxis(0, H, 3), np.array([1.0, 5.0, 3.0]))
    assert series.values(TimeAxis(0, 900, 12)).tolist() == [1.0] * 4 + [5.0] * 4 + [3.0] * 4
    with pytest.raises(ValueError, match="does not cover"):
        series.values(TimeAxis(2 * H, H, 2))


@given(st.integers(1, 23))
def test_any_cut_gives_the_same_values(k):
    tariff = TimeOfUse(0.3, hours((7, 9, 0.5), (21, 5, 0.2)), BERLIN)
    day = TimeAxis.at("2023-10-29", H, 24, "Europe/Berlin")
    cut = day.start + k * H
    parts = [tariff.values(day.between(day.start, cut)), tariff.values(day.between(cut, day.end))]
    np.testing.assert_array_equal(np.concatenate(parts), tariff.values(day))
