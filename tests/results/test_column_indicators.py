"""Indicators that are columns: what stands in a table, and its mean for the quarter."""

import numpy as np
import pytest

from twin.registry import Indicator
from twin.results.indicators import applicable, evaluate, streams_of
from twin.table import DERIVED, MISSING, Column, Table

HOURS = Column("sun_hours", "h", "float", "hours of sun")
AREA = Column("facade_m2", "m2", "float", "area of facades")


def indicator(**changes):
    return Indicator("hours", "Hours of sun", "h", "higher", column="sun_hours", **changes)


def table(hours, area=None):
    codes = np.where(np.isnan(hours), MISSING, DERIVED).astype(np.uint16)
    made = Table("building", [f"b{k}" for k in range(len(hours))]).put(HOURS, hours, codes)
    return made if area is None else made.put(AREA, area)


def values(one, buildings):
    found = evaluate("today", [one], {}, {"building": buildings}, {})
    return {value.entity: (value.level, value.value, value.unit) for value in found}


def test_the_quarter_has_the_mean_by_weight_of_those_that_have_one():
    found = values(indicator(per="facade_m2"), table(np.array([2.0, 6.0, np.nan]), np.array([300.0, 100.0, 50.0])))
    assert found == {
        "": ("quarter", pytest.approx(3.0), "h"),
        "b0": ("building", 2.0, "h"),
        "b1": ("building", 6.0, "h"),
    }


def test_the_quarter_has_the_sum_of_what_adds_up():
    assert values(indicator(adds_up=True), table(np.array([2.0, 6.0, np.nan])))[""][1] == 8.0


def test_without_a_weight_all_count_the_same():
    assert values(indicator(), table(np.array([2.0, 6.0, np.nan])))[""][1] == pytest.approx(4.0)


@pytest.mark.parametrize(("hours", "area"), [([np.nan, np.nan], [1.0, 1.0]), ([2.0, 3.0], [0.0, 0.0]), ([], [])])
def test_where_nothing_is_to_be_averaged_the_quarter_has_none(hours, area):
    found = values(indicator(per="facade_m2"), table(np.array(hours, dtype=float), np.array(area, dtype=float)))
    assert "" not in found


def test_numbers_are_shown_as_they_stand():
    # a column holds what is shown, in its unit: nothing is converted
    found = values(indicator(), table(np.array([5.0])))
    assert found["b0"] == ("building", 5.0, "h")


def test_nothing_is_recorded_for_it_and_it_is_there_where_its_column_is():
    one = indicator()
    assert streams_of(one) == []
    there, elsewhere = {"building": table(np.array([1.0]))}, {"building": Table("building", ["b"])}
    assert applicable([one], there, (), ()) == [one]
    assert applicable([one], elsewhere, (), ()) == []
    assert applicable([one], {}, (), ()) == []
