"""Profiles run on the clock of the wall."""

from datetime import date

import numpy as np
import pytest

from buildings_case import BERLIN, inputs
from twin.buildings.people.schedules import profile, read_clock
from twin.engine.time import CivilTime, TimeAxis

MULTI_RES = 8


def heating(axis, civil=BERLIN):
    catalogue = inputs()["archetypes"]
    assert catalogue.use_types[MULTI_RES] == "MULTI_RES"
    return profile(catalogue, "heating", read_clock(axis, civil), seasonal=False)[:, MULTI_RES]


def test_the_night_ends_at_five_by_the_clock_in_summer_and_winter():
    winter = heating(TimeAxis.at("2023-01-09", 3600, 24, BERLIN.timezone))
    summer = heating(TimeAxis.at("2023-07-10", 3600, 24, BERLIN.timezone))
    assert np.flatnonzero(winter)[[0, -1]].tolist() == [5, 21]
    assert np.array_equal(winter, summer)


def test_the_day_the_clocks_change_has_23_hours():
    axis = TimeAxis.at("2023-03-26", 3600, 23, BERLIN.timezone)
    assert np.flatnonzero(heating(axis))[0] == 4
    assert read_clock(axis, BERLIN).hour_of_week[-1, 0] == 6 * 24 + 23


def test_saturday_differs_from_friday():
    catalogue = inputs()["archetypes"]
    axis = TimeAxis.at("2023-01-13", 3600, 48, BERLIN.timezone)
    water = profile(catalogue, "hot_water", read_clock(axis, BERLIN))[:, MULTI_RES]
    assert water[:24].argmax() == 5
    assert water[24:].argmax() == 18


@pytest.mark.parametrize("step_s", [300, 900, 1800, 5400, 7200, 10800, 86400])
def test_any_step_has_the_mean_of_its_hours(step_s):
    week = TimeAxis.at("2023-01-09", 3600, 168, BERLIN.timezone)
    catalogue = inputs()["archetypes"]
    fine = profile(catalogue, "appliances", read_clock(week, BERLIN))
    coarse = profile(catalogue, "appliances", read_clock(week.with_step(step_s), BERLIN))
    assert coarse.mean(axis=0) == pytest.approx(fine.mean(axis=0), rel=1e-12)
    hourly = np.repeat(fine, 12, axis=0)  # five minutes at a time
    assert coarse == pytest.approx(hourly.reshape(len(coarse), -1, fine.shape[1]).mean(axis=1), rel=1e-12)


def test_half_hour_time_zones_are_split_at_full_hours():
    axis = TimeAxis.at("2023-01-09", 3600, 24, "UTC")
    assert read_clock(axis, CivilTime("Asia/Kolkata")).hour_of_week.shape == (24, 2)
    shares = heating(axis, CivilTime("Asia/Kolkata"))
    assert set(shares) == {0.0, 0.5, 1.0}


def test_a_public_holiday_is_lived_as_a_sunday():
    labour_day = TimeAxis.at("2023-05-01", 3600, 24, BERLIN.timezone)  # a Monday
    civil = CivilTime.of("Europe/Berlin", [date(2023, 5, 1)])
    assert (read_clock(labour_day, BERLIN).hour_of_week[:, 0] == np.arange(24)).all()
    assert (read_clock(labour_day, civil).hour_of_week[:, 0] == 6 * 24 + np.arange(24)).all()
