"""What can be done about a grid, in a scenario: choices by identifier, costs, times, and mistakes with their places."""

import numpy as np
import pytest

from twin.errors import TwinError
from twin.scenario.prepare import prepare
from twin.scenario.read import read_scenario

GRID = ('archetypes = "tabula-de"', 'archetypes = "tabula-de"\ngrid = "synthesize"')
OPTIONS = """
[[option]]
name = "stronger"

[[option.measure]]
kind = "reinforce_lines"
where = 'type == "NAYY 4x50 SE"'
cost = [{ value = 100.0, unit = "EUR/m", per = "length_m", lifetime = "40a", source = "test" }]

[[option.measure]]
kind = "reinforce_transformers"
type = "630 kVA 10/0.4 kV"
cost = [{ value = 9000.0, unit = "EUR", lifetime = "40a", source = "test" }]

[[option]]
name = "dark"
base = "stronger"

[[option.measure]]
kind = "line_outage"
where = 'id == "DENW22AL500004qQ/main"'
start = 2023-01-11T17:30:00
hours = 4.0
"""


def with_options(scenario_file, *replacements):
    text = OPTIONS
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new, 1)
    return read_scenario(scenario_file(GRID, ("share = 0.5\n", "share = 0.5\n" + text)))


def test_what_is_done_to_a_grid_is_paid_and_happens_when_it_is_said_to(scenario_file):
    scenario = with_options(scenario_file)
    today, _, stronger, dark = prepare(scenario, scenario.options)
    before, line = today.city.table("line"), dark.city.table("line")
    thin = before["type"] == "NAYY 4x50 SE"
    assert (line["type"][thin] == "NAYY 4x150 SE").all()
    small = today.city.table("transformer")["s_rated_va"] < 630e3
    assert 0 < small.sum() < len(small)
    spent = 100.0 * before["length_m"][thin].sum() + 9000.0 * small.sum()
    assert dark.city.buildings["investment_eur"].sum() == pytest.approx(spent, rel=1e-12)
    assert np.ptp(dark.city.buildings["investment_eur"]) == pytest.approx(0.0, abs=1e-6)
    assert today.city.buildings["investment_eur"].sum() == 0.0
    assert "outage" not in stronger.city.tables
    row = dark.city.table("outage").row(0)
    assert line.ids[row["element"]] == "DENW22AL500004qQ/main"
    midnight = scenario.spans[0].start
    assert [row["from_s"] - midnight, row["to_s"] - midnight] == [86400 + 17.5 * 3600, 86400 + 21.5 * 3600]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2023-01-11T17:30:00", '"17:30"', r"small\.toml:\d+: .*start is '17:30'; expected a valid datetime"),
        ("2023-01-11T", "0001-01-11T", r"start is wrong: 0001-01-11 17:30:00 is not in the years 1900 to 2200"),
        ('"line_outage"', '"inverter_control"\nvolt_var = "vde"', r"\]\.volt_var is 'vde'; expected 'vde_ar_n_4105'"),
        ('"NAYY 4x50 SE"', "50", r"where: type is compared with 50; expected text"),
        ('type = "630 kVA', 'type = "600 kVA', r"type is '600 kVA 10/0\.4 kV'"),
        ("EUR/m", "EUR/m2", r"unit is 'EUR/m2'; expected EUR/m per length_m"),
    ],
)
def test_mistakes_in_the_file_are_named(scenario_file, old, new, said):
    with pytest.raises(TwinError, match=said):
        with_options(scenario_file, (old, new))


def test_mistakes_that_only_the_grid_shows_are_named_all_at_once(scenario_file):
    mistakes = (("2023-01-11T", "2023-02-11T"), ("where = 'type == \"NAYY 4x50 SE\"'", 'type = "NAYY 4x50 SE"'))
    scenario = with_options(scenario_file, *mistakes)
    with pytest.raises(TwinError) as caught:
        prepare(scenario, scenario.options)
    said = str(caught.value)
    assert "reinforce_lines: every line chosen is NAYY 4x50 SE or thicker already" in said
    assert (
        "line_outage: 2023-02-11 17:30 to 2023-02-11 21:30 is not simulated; expected within 2023-01-10 00:00" in said
    )
    assert said.count("small.toml:") == 2
