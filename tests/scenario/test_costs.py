"""Costs of measures through a whole run: what they come to, what options are worth, and the folder that keeps it."""

import csv
import json

import pytest

import twin
from twin.cli import main
from twin.errors import TwinError
from twin.results.store import read_results
from twin.scenario.prepare import prepare
from twin.scenario.read import read_scenario
from twin.scenario.run import run

COSTS = """
[[option.measure.cost]]
value = 1500.0
unit = "EUR/kW"
per = "heat_pump_capacity_w"
lifetime = "20a"
maintenance_pct = 2.0
source = "test"

[[option]]
name = "insulated too"
base = "heat pumps"
against = "today"

[[option.measure]]
kind = "insulation"
where = "storeys_above_ground <= 3 and use_type in ['SINGLE_RES', 'MULTI_RES']"
wall_insulation_m = 0.16
cost = [
  { value = 150.0, unit = "EUR/m2", per = "outer_wall_m2", lifetime = "40a", subsidy_pct = 15.0, source = "test" },
  { value = 5000.0, unit = "EUR", lifetime = "40a", source = "test: scaffold" },
]
"""
WITH_COSTS = ("share = 0.5\n", "share = 0.5\n" + COSTS)
JUDGED = {"payback", "net_annual_cost", "co2_abatement_cost", "energy_saved", "energy_saved_share", "energy_cost_saved"}


def test_costs_come_with_the_measure_and_from_the_base_option(scenario_file):
    scenario = read_scenario(scenario_file(WITH_COSTS))
    today, pumps, both = (ready.city.buildings for ready in prepare(scenario, scenario.options))
    assert not today["investment_eur"].any()
    chosen = pumps["heating_system"] == "heat_pump"
    assert pumps["investment_eur"][chosen] == pytest.approx(1.5 * pumps["heat_pump_capacity_w"][chosen])
    assert not pumps["investment_eur"][~chosen].any()
    insulated = both["wall_u_w_m2k"] < today["wall_u_w_m2k"]
    walls = 150.0 * both["outer_wall_m2"] + 5000.0
    assert both["investment_eur"][insulated] == pytest.approx((pumps["investment_eur"] + walls)[insulated])


def test_options_are_judged_against_another_and_all_is_written(project, scenario_file, capsys):
    file, out = scenario_file(WITH_COSTS), project / "out"
    results = run(file, out)
    pumps = results.option("heat pumps")
    per_year = 365.0 / 2.0
    saved = results.option("today").value("energy_cost") - pumps.value("energy_cost")
    assert pumps.value("energy_cost_saved") == pytest.approx(per_year * saved, rel=1e-9)
    net = pumps.value("capital_cost") + pumps.value("maintenance_cost") - per_year * saved
    assert pumps.value("net_annual_cost") == pytest.approx(net, rel=1e-9)
    assert sum(pumps.by_entity("net_annual_cost").values()) == pytest.approx(net, rel=1e-9)
    assert [option.against for option in results.options] == [None, "today", "today"]
    with (out / "options/heat-pumps/indicators.csv").open() as handle:
        written = {(row["indicator"], row["level"]) for row in csv.DictReader(handle)}
    assert {("net_annual_cost", "building"), ("energy_saved", "quarter")} <= written
    again = read_results(out)
    assert [option.against for option in again.options] == [None, "today", "today"]
    assert twin.compare(again).as_dict() == twin.compare(results).as_dict()
    assert {"investment", "net_annual_cost"} <= {row.indicator for row in twin.compare(again).rows}
    assert main(["compare", str(out), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["against"] == {"today": None, "heat pumps": "today", "insulated too": "today"}
    rows = {row["indicator"]: row for row in shown["rows"]}
    assert rows["net_annual_cost"]["values"]["today"] is None
    assert main(["compare", str(out), "--best", "net_annual_cost"]) == 0
    assert "insulated too" in capsys.readouterr().out


def test_a_run_that_goes_on_says_the_same_to_the_last_byte(project, scenario_file):
    file, out = scenario_file(WITH_COSTS), project / "out"
    run(file, out)
    tables = sorted(out.rglob("indicators.csv"))
    before = {table: table.read_bytes() for table in tables}
    (out / "run.json").unlink()
    run(file, out)
    assert {table: table.read_bytes() for table in tables} == before


def test_an_option_run_alone_is_not_judged(scenario_file):
    [pumps] = run(scenario_file(WITH_COSTS), options=["heat pumps"]).options
    assert pumps.against is None
    assert not JUDGED & {value.indicator for value in pumps.values}
    assert pumps.value("investment") > 0


def test_a_scenario_without_costs_has_no_investment(scenario_file):
    results = run(scenario_file())
    assert not {"investment", "payback"} & {indicator["id"] for indicator in results.indicators}
    assert results.option("heat pumps").value("energy_saved") > 0


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('per = "heat_pump_capacity_w"', 'per = "heat_pump_capacity"', "did you mean 'heat_pump_capacity_w'?"),
        ("EUR/kW", "EUR/m2", "option[2].measure[1].cost[1]: unit is 'EUR/m2'; expected EUR/kW per heat_pump_capacity"),
        ('lifetime = "20a"', 'lifetime = "20"', "option[2].measure[1].cost[1].lifetime is wrong: '20' is no number of"),
        ('source = "test"\n\n', "\n", "option[2].measure[1].cost[1].source is missing"),
        ('against = "today"', 'against = "todya"', "which is no other option; expected one of 'today', 'heat pumps'"),
        ("value = 1500.0", "valu = 1500.0", "unknown key option[2].measure[1].cost[1].valu; did you mean 'value'?"),
    ],
)
def test_mistakes_are_named_with_their_place(scenario_file, old, new, said):
    file = scenario_file(WITH_COSTS)
    text = file.read_text()
    assert old in text
    head, tail = text.split(COSTS[:10], 1)
    file.write_text(head + COSTS[:10] + tail.replace(old, new, 1))
    with pytest.raises(TwinError) as caught:
        read_scenario(file)
    assert said in str(caught.value)
    assert "small.toml:" in str(caught.value)


def test_a_cost_that_cannot_be_borne_is_an_error_with_its_line(scenario_file):
    gone = """
[[option]]
name = "cleared"

[[option.measure]]
kind = "demolish"
share = 0.1
cost = [{ value = 100.0, unit = "EUR/m3", per = "volume_m3", lifetime = "50a", source = "test" }]
"""
    scenario = read_scenario(scenario_file(("share = 0.5\n", "share = 0.5\n" + gone)))
    with pytest.raises(TwinError, match=r"small\.toml:\d+: demolish.*leaves no building that would bear its cost"):
        prepare(scenario, scenario.options)
