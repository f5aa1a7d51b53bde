"""Axes in UTC and the clock on the wall."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from twin.engine.time import CivilTime, TimeAxis, parse_clock_window, parse_duration, utc_offset


def test_a_year_starts_at_midnight_on_the_wall():
    axis = TimeAxis.at("2023-01-01", 3600, 8760, "Europe/Berlin")
    assert str(axis.seconds[0].astype("datetime64[s]")) == "2022-12-31T23:00:00"
    calendar = axis.calendar(CivilTime("Europe/Berlin"))
    assert (calendar.year[0], calendar.month[0], calendar.day[0], calendar.hour[0]) == (2023, 1, 1, 0)
    assert calendar.weekday[0] == 6  # a Sunday
    assert calendar.day_of_year[-1] == 365


def test_daylight_saving_skips_an_hour_and_repeats_one():
    axis = TimeAxis.at("2023-03-26", 3600, 5, "Europe/Berlin")
    assert axis.calendar(CivilTime("Europe/Berlin")).hour.tolist() == [0, 1, 3, 4, 5]
    axis = TimeAxis.at("2023-10-29", 3600, 5, "Europe/Berlin")
    assert axis.calendar(CivilTime("Europe/Berlin")).hour.tolist() == [0, 1, 2, 2, 3]


def test_leap_day():
    calendar = TimeAxis.at("2024-02-29", 86400, 2).calendar()
    assert calendar.month.tolist() == [2, 3]
    assert calendar.day.tolist() == [29, 1]


def test_offsets_of_zones_off_the_hour():
    assert utc_offset(TimeAxis(0, 900, 4), "Asia/Kathmandu").tolist() == [19800] * 4


def test_windows_and_steps():
    axis = TimeAxis(0, 3600, 24)
    assert axis.with_step(900).n == 96
    assert axis.between(3600, 7200) == TimeAxis(3600, 3600, 1)
    with pytest.raises(ValueError, match="no whole number"):
        axis.with_step(7 * 3600)
    np.testing.assert_array_equal(np.diff(axis.seconds), 3600)


@pytest.mark.parametrize(("text", "seconds"), [("15min", 900), ("1h", 3600), ("14d", 1209600), ("30s", 30)])
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "1", "h", "1.5h", "-1h", "0h", "1 fortnight"])
def test_what_is_no_duration(text):
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)


def test_windows_on_the_clock():
    assert parse_clock_window("06:10-08:15") == (6 * 3600 + 600, 8 * 3600 + 900)
    assert parse_clock_window("22:30-24:00") == (22 * 3600 + 1800, 86400)
    for text in ("6-8", "06:00", "24:00-02:00", "06:00-08:00 ", "06:60-08:00"):
        with pytest.raises(ValueError, match="is no window"):
            parse_clock_window(text)


def test_holidays_are_those_of_the_place():
    civil = CivilTime.of("Europe/Berlin", [date(2024, 12, 25)])
    days = TimeAxis.at("2024-12-24", 86400, 3, "Europe/Berlin").calendar(civil)
    assert days.holiday.tolist() == [False, True, False]
    assert days.weekday.tolist() == [1, 2, 3]
    assert days.schedule_weekday.tolist() == [1, 6, 3]


def test_offsets_change_within_the_day_on_which_the_clock_does():
    axis = TimeAxis.at("2024-03-30", 900, 3 * 96, "UTC")
    asked_one_by_one = [
        int(t.astimezone(ZoneInfo("Europe/Berlin")).utcoffset().total_seconds()) for t in _moments(axis)
    ]
    assert utc_offset(axis, "Europe/Berlin").tolist() == asked_one_by_one
    lord_howe = TimeAxis.at("2024-04-06", 900, 96, "UTC")  # half an hour of summer time
    assert set(utc_offset(lord_howe, "Australia/Lord_Howe").tolist()) == {39600, 37800}


def _moments(axis):
    return [datetime.fromtimestamp(int(s), UTC) for s in axis.seconds]
