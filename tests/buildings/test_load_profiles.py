"""Standard load profiles from a file: seasons, days, units, and what is wrong with bad files."""

from datetime import date

import numpy as np
import pytest

from twin.buildings.people.load_profiles import DAYS, SEASONS, read_load_profiles, seasons
from twin.engine.time import CivilTime, TimeAxis
from twin.errors import TwinError
from twin.ledger import Ledger

BERLIN = CivilTime.of("Europe/Berlin", [date(2023, 5, 1)])


def rows(value=lambda season, day, hour: "1.0", hours=range(24)):
    return [f"{s},{d},{h:02d}:00,{value(s, d, h)}" for s in SEASONS for d in DAYS for h in hours]


def file(tmp_path, lines, header="season,day,time,MULTI_RES [1]"):
    path = tmp_path / "profiles.csv"
    path.write_text("\n".join(["# a comment", header, *lines]) + "\n", encoding="utf-8")
    return path


def complaints(path):
    with pytest.raises(TwinError) as error:
        read_load_profiles(path, Ledger())
    return "\n".join(map(str, error.value.problems))


def evening(season, day, hour):
    return f"{1.5 if hour >= 12 else 0.5},{171.2 if hour >= 12 else 57.1}"


def test_a_file_in_multiples_and_in_watts_at_a_thousand_kwh(tmp_path):
    ledger = Ledger()
    profiles = read_load_profiles(file(tmp_path, rows(evening), "season,day,time,MULTI_RES [1],SINGLE_RES [W]"), ledger)
    assert profiles.part_s == 3600
    axis = TimeAxis.at("2023-01-09", 3600, 24, "Europe/Berlin")
    for level in profiles.levels(axis, BERLIN).values():
        assert level == pytest.approx([0.5] * 12 + [1.5] * 12, rel=2e-3)
        assert level.mean() == pytest.approx(1.0)
    assert "profiles.csv" in ledger.statements[0].text


def test_seasons_and_days_and_holidays_of_the_standard_profiles(tmp_path):
    words = {"winter": 1.3, "transition": 1.0, "summer": 0.7, "workday": 0.0, "saturday": 0.1, "sunday": 0.2}
    path = file(tmp_path, rows(lambda season, day, hour: f"{words[season] + words[day] - 0.05:.2f}"))
    profiles = read_load_profiles(path, Ledger())

    def on(day):
        axis = TimeAxis.at(day, 3600, 24, "Europe/Berlin")
        return profiles.levels(axis, BERLIN)["MULTI_RES"][0]

    base = on("2023-04-03")  # a Monday of the transition
    assert on("2023-05-01") / base == pytest.approx(1.15 / 0.95)  # labour day
    assert on("2023-04-08") / base == pytest.approx(1.05 / 0.95)
    assert on("2023-03-20") / base == pytest.approx(1.25 / 0.95)  # the last day of winter
    assert on("2023-03-21") == pytest.approx(base)
    assert on("2023-05-15") / base == pytest.approx(0.65 / 0.95)
    assert on("2023-09-15") == pytest.approx(base)
    year = TimeAxis.at("2023-01-01", 86400, 365).calendar()
    assert np.bincount(seasons(year)).tolist() == [140, 102, 123]


@pytest.mark.parametrize("step_s", [300, 900, 10800, 86400])
def test_any_step_has_the_mean_of_its_parts(tmp_path, step_s):
    profiles = read_load_profiles(file(tmp_path, rows(lambda s, d, h: f"{1 + (h - 11.5) / 24:.4f}")), Ledger())
    axis = TimeAxis.at("2023-06-05", step_s, 7 * 86400 // step_s, "Europe/Berlin")
    hourly = profiles.levels(axis.with_step(3600) if step_s > 3600 else axis, BERLIN)["MULTI_RES"]
    level = profiles.levels(axis, BERLIN)["MULTI_RES"]
    assert level == pytest.approx(hourly.reshape(len(level), -1).mean(axis=1))
    assert level.mean() == pytest.approx(1.0)


def test_all_that_is_wrong_is_said_at_once_with_its_line(tmp_path):
    lines = rows()
    lines[0] = "winters,workday,00:00,1.0"
    lines[1] = "winter,workday,1 am,1.0"
    lines[2] = "winter,workday,02:00,-1.0"
    lines[3] = "winter,workday,03:00,one"
    lines[4] = "winter,workday,04:00"
    text = complaints(file(tmp_path, lines))
    for part in (
        "profiles.csv:3: 'winters' is none of winter, transition, summer; did you mean 'winter'?",
        "profiles.csv:4: '1 am' is no time of day",
        "profiles.csv:5: -1.0: a load is negative",
        "profiles.csv:6: one are no numbers",
        "profiles.csv:7: has 3 fields; expected 4",
        "5 of 216 rows are missing, the first winter,workday,00:00",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("season,day,time,MULTI_RESI [1]", "did you mean 'MULTI_RES'?"),
        ("season,day,time,MULTI_RES [kW]", "has the unit 'kW'"),
        ("season,day,time,MULTI_RES", "has the unit ''"),
        ("season,day,time,MULTI_RES [W]", "has a mean of 1 over the year; expected 114.2 W"),
        ("day,time,MULTI_RES [1]", "is no table of load profiles"),
    ],
)
def test_bad_headers(tmp_path, header, found):
    assert found in complaints(file(tmp_path, rows(), header))


def test_bad_tables(tmp_path):
    assert "is there twice" in complaints(file(tmp_path, [*rows(), rows()[0]]))
    assert "has 23 times of day" in complaints(file(tmp_path, rows(hours=range(1, 24))))
    assert "has a mean of 2 over the year; expected 1" in complaints(file(tmp_path, rows(lambda *_: "2.0")))
    assert "there is no such file" in complaints(tmp_path / "none.csv")
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "is not UTF-8" in complaints(binary)
    two = file(tmp_path, rows(lambda *_: "1.0,1.0"), "season,day,time,MULTI_RES [1],MULTI_RES [1]")
    assert "there twice" in complaints(two)


def test_a_quote_left_open_is_a_problem_of_its_line(tmp_path):
    lines = rows()
    lines[0] = lines[0].replace("1.0", '"1.0')
    lines[1] = lines[1].replace("1.0", '"one')
    assert "4: one are no numbers" in complaints(file(tmp_path, lines))
    huge = complaints(file(tmp_path, [*rows(), "winter," + "x" * 200_000]))
    assert "cannot be read: field larger than field limit" in huge
