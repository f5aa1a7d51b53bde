"""Indicators by group: sums, ratios and columns of groups fit those of their buildings and of the quarter."""

import numpy as np
import pytest

from twin.engine.groups import Groups
from twin.engine.recorder import Recorder
from twin.engine.time import TimeAxis
from twin.errors import TwinError
from twin.registry import Indicator, Term
from twin.results.compare import compare
from twin.results.indicators import evaluate, streams_of
from twin.results.model import OptionResult, Results
from twin.results.store import write_indicators
from twin.results.values import IndicatorBlock, IndicatorValue, IndicatorValues
from twin.scenario.groups import group_problems, groups_of
from twin.table import GIVEN, MISSING, Column, Table

HOUR = 3600
USES = Column("use_type", "-", "str", "use", categories=("SINGLE_RES", "OFFICE", "RETAIL"))
YEAR = Column("year_of_construction", "a", "int", "year")
COOLED = Column("cooled", "-", "bool", "whether it is cooled")
AREA = Column("heated_floor_area_m2", "m2", "float", "floor area")
COST = Column("cost_eur", "EUR", "float", "cost")
HEAT = Term("space_heating_demand")


def buildings():
    table = Table("building", ["b0", "b1", "b2", "b3"])
    table = table.put(USES, ["RETAIL", "SINGLE_RES", "SINGLE_RES", "OFFICE"])
    table = table.put(YEAR, [1960, 1960, 2000, 0], np.array([GIVEN, GIVEN, GIVEN, MISSING], dtype=np.uint16))
    return table.put(COOLED, [True, False, False, True]).put(AREA, [100.0, 200.0, 300.0, 0.0])


def by_use(indicator, watts=((1e3, 2e3, 4e3, 0.0), (5e3, 4e3, 0.0, 0.0)), table=None, factors=None):
    """Return an indicator of two hours by (level, entity)."""
    table = table or buildings()
    groups = groups_of(table, ["use_type"])
    recorder = Recorder("building", table[AREA.name], HOUR, streams_of(indicator), 0, groups=groups)
    recorder.start(TimeAxis(0, HOUR, 2), None)
    recorder.advance(TimeAxis(0, HOUR, 2), {q: np.array(watts) for q in recorder.quantities})
    found = evaluate("today", [indicator], {"building": recorder}, {"building": table}, factors or {}, groups)
    return {(v.level, v.entity): v.value for v in found}


def test_sums_of_groups_make_up_the_quarter():
    found = by_use(Indicator("heat", "Heat", "kWh", "lower", (HEAT,)))
    assert found["group:use_type", "SINGLE_RES"] == pytest.approx(10.0)
    assert found["group:use_type", "RETAIL"] == found["building", "b0"] == pytest.approx(6.0)
    assert found["group:use_type", "OFFICE"] == 0.0
    assert found["quarter", ""] == pytest.approx(16.0)


def test_per_floor_area_is_the_groups_sum_over_the_groups_floor_area():
    found = by_use(Indicator("heat", "Heat", "kWh/m2", "lower", (HEAT,), per=AREA.name))
    assert found["group:use_type", "SINGLE_RES"] == pytest.approx(10.0 / 500.0)
    assert ("group:use_type", "OFFICE") not in found  # nothing of it is heated
    assert found["quarter", ""] == pytest.approx(16.0 / 600.0)


def test_shares_and_prices_hold_for_groups():
    share = Indicator("share", "Share", "pct", "higher", (HEAT,), over=(HEAT, Term("hot_water_demand")))
    assert by_use(share)["group:use_type", "SINGLE_RES"] == pytest.approx(50.0)
    cost = Indicator("cost", "Cost", "EUR", "lower", (Term(HEAT.quantity, "prices.gas"),))
    assert by_use(cost, factors={"prices.gas": 0.1 / 3.6e6})["group:use_type", "SINGLE_RES"] == pytest.approx(1.0)


def test_a_groups_peak_is_coincident():
    found = by_use(Indicator("peak", "Peak", "kW", "lower", (HEAT,), reduction="max"))
    assert found["group:use_type", "SINGLE_RES"] == pytest.approx(6.0)  # 2 + 4 and 4 + 0 kW
    assert found["quarter", ""] == pytest.approx(9.0)


def test_a_column_is_averaged_over_the_buildings_that_have_it():
    column = Indicator("sun", "Sun", "h", "higher", column="sun_h", per=AREA.name)
    hours = Column("sun_h", "h", "float", "sun")
    table = buildings().put(hours, [3.0, 1.0, 2.0, 5.0])
    assert by_use(column, table=table)["group:use_type", "SINGLE_RES"] == pytest.approx((200 * 1 + 300 * 2) / 500)


def test_groups_come_in_the_order_of_categories_or_values():
    found = groups_of(buildings(), ["use_type", "year_of_construction", "cooled", "nothing"])
    labels = {level: list(groups.labels) for level, groups in found.items()}
    assert labels == {
        "group:use_type": ["SINGLE_RES", "OFFICE", "RETAIL"],
        "group:year_of_construction": ["1960", "2000", "missing"],
        "group:cooled": ["false", "true"],
    }
    assert found["group:use_type"].member.tolist() == [2, 0, 0, 1]
    assert found["group:year_of_construction"].member.tolist() == [0, 0, 1, 2]


def test_too_many_groups_are_no_summary():
    many = Table("building", [f"b{k}" for k in range(150)]).put(YEAR, np.arange(1850, 2000))
    assert not group_problems([buildings()], ["use_type", "year_of_construction"])
    (problem,) = group_problems([buildings(), many], ["year_of_construction"])
    assert (problem.message, problem.expected) == (
        "record.groups: buildings have 150 different values of year_of_construction",
        "at most 100",
    )
    (problem,) = group_problems([buildings()], ["roof_type"])
    assert "no building of any option has a roof_type" in problem.message


def result(name, rows):
    return OptionResult(name, name, values=IndicatorValues.of(IndicatorValue(name, *row) for row in rows))


def run_of(*options):
    described = {"id": "heat", "title": "Heat", "unit": "kWh", "direction": "lower", "headline": True}
    return Results("Test", "1", list(options), [described])


def test_options_are_compared_group_by_group():
    today = result("today", [("heat", "group:use_type", g, v, "kWh") for g, v in (("OFFICE", 10.0), ("RETAIL", 4.0))])
    better = result("better", [("heat", "group:use_type", "OFFICE", 5.0, "kWh")])
    rows = {row.group: row for row in compare(run_of(today, better), "use_type").rows}
    assert rows["OFFICE"].values == (10.0, 5.0)
    assert rows["OFFICE"].change == (0.0, -0.5)
    assert rows["RETAIL"].values == (4.0, None)
    with pytest.raises(TwinError, match="no results by use_typ; expected one of use_type; did you mean 'use_type'"):
        compare(run_of(today), "use_typ")
    with pytest.raises(TwinError, match=r"expected record\.groups in the scenario"):
        compare(run_of(result("today", [])), "use_type")


def test_values_are_rows_made_of_columns():
    block = IndicatorBlock("today", "heat", "building", "kWh", ["b0", "b1"], np.array([1.0, np.nan]))
    values = IndicatorValues([block])
    assert list(values) == [IndicatorValue("today", "heat", "building", "b0", 1.0, "kWh")]
    assert (len(values), values[0].entity, values[-1].value) == (1, "b0", 1.0)
    values.append(IndicatorValue("today", "heat", "quarter", "", 3.0, "kWh"))
    values += [IndicatorValue("today", "cold", "building", name, 2.0, "kWh") for name in ("b0", "b1")]
    assert [(b.indicator, b.level, len(b)) for b in values.blocks] == [
        ("heat", "building", 1),
        ("heat", "quarter", 1),
        ("cold", "building", 2),
    ]
    assert list(IndicatorValues.of(values)) == list(values)


def test_what_is_written_is_read_again(tmp_path):
    rows = [("heat", "quarter", "", 3.0, "kWh"), ("heat", "building", "b0", 0.1, "kWh")]
    values = result("today", rows).values
    write_indicators(tmp_path / "indicators.csv", values)
    lines = (tmp_path / "indicators.csv").read_text().splitlines()
    assert lines == [
        "option,indicator,level,entity,value,unit",
        "today,heat,quarter,,3.0,kWh",
        "today,heat,building,b0,0.1,kWh",
    ]


def test_groups_hold_every_building_once():
    groups = groups_of(buildings(), ["use_type"])["group:use_type"]
    assert isinstance(groups, Groups)
    assert groups.sums(np.ones((1, 4)))[0].tolist() == [2.0, 1.0, 1.0]
