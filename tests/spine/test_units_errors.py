"""Units are converted in one place; errors are collected and placed."""

import pytest

from twin.errors import Problem, Problems, TwinError, nearest
from twin.units import convert, pretty, scale


def test_units():
    assert convert(1.0, "MWh", "kWh") == 1000
    assert scale("EUR/kWh")[1] * 3.6e6 == pytest.approx(1.0)
    assert pretty(1_234_000.0, "kWh") == (1234.0, "MWh")
    assert pretty(55.0, "kWh") == (55.0, "kWh")
    with pytest.raises(ValueError, match="cannot convert kW to kWh"):
        convert(1.0, "kW", "kWh")


def test_a_problem_names_file_place_expectation_and_suggestion():
    problem = Problem("unknown key titel", "a.toml", "3", "title", "title")
    assert str(problem) == "a.toml:3: unknown key titel; expected title; did you mean 'title'?"


def test_problems_are_raised_together():
    def check():
        with Problems("a.toml") as problems:
            problems.add("one", "1")
            problems.add("two", "2")
            raise TwinError("three")

    with pytest.raises(TwinError) as caught:
        check()
    assert [str(p) for p in caught.value.problems] == ["a.toml:1: one", "a.toml:2: two", "three"]


def test_nearest():
    assert nearest("insulatoin", ["insulation", "heat_pump"]) == "insulation"
    assert nearest("xyz", ["insulation"]) is None
