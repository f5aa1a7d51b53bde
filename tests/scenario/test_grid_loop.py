"""The whole loop: cars that charge by the voltage they cause, in a grid that carries the quarter."""

import hashlib

import numpy as np
import pytest

from twin.engine.coupling import Coupling
from twin.engine.graph import Graph, Loop
from twin.engine.recorder import Recorder, Stream
from twin.errors import TwinError
from twin.scenario.option import make_job
from twin.scenario.prepare import prepare
from twin.scenario.read import read_scenario
from twin.scenario.run import run

GRID = ('archetypes = "tabula-de"', 'archetypes = "tabula-de"\ngrid = "synthesize"')
STEPS = ("[prices]", '[steps]\ngrid = "15min"\nev_charging = "15min"\nmeter = "15min"\n\n[prices]')
OPTIONS = """\

[[option]]
name = "cars"
base = "heat pumps"
[[option.measure]]
kind = "pv"
share = 0.3
[[option.measure]]
kind = "electric_cars"
cars_per_dwelling = 1.0

[[option]]
name = "smart"
base = "cars"
[[option.measure]]
kind = "charging_strategy"
strategy = "voltage_aware"
voltage_high_pu = 0.99
voltage_low_pu = 0.96
"""


@pytest.fixture
def scenario(scenario_file):
    return read_scenario(scenario_file(GRID, STEPS, ("share = 0.5\n", "share = 0.5\n" + OPTIONS)))


@pytest.fixture
def options(scenario):
    return {option.name: option for option in run(scenario).options}


def test_more_load_lowers_the_voltage_and_smart_charging_raises_it(options):
    lowest = [options[name].value("voltage_min") for name in ("today", "heat pumps", "cars")]
    assert lowest == sorted(lowest, reverse=True)
    assert options["smart"].value("voltage_min") > options["cars"].value("voltage_min")
    assert options["smart"].value("line_loading_max") < options["cars"].value("line_loading_max")
    for option in options.values():
        assert option.value("voltage_min") < 1 <= option.value("voltage_max") + 1e-3
        losses, drawn = option.value("grid_losses"), option.value("electricity_demand")
        assert 0 < losses < 0.1 * drawn


def test_what_slow_charging_leaves_is_accounted_for(options):
    cars, smart = options["cars"], options["smart"]
    assert cars.value("unserved_energy") == pytest.approx(0, abs=1e-6)
    assert smart.value("unserved_energy") >= 0
    charged = {
        o.name: o.value("electricity_demand") - options["heat pumps"].value("electricity_demand") for o in (cars, smart)
    }
    for option in (cars, smart):
        asked = option.value("ev_demand")
        assert charged[option.name] + option.value("unserved_energy") == pytest.approx(asked, rel=1e-9)


def test_the_worst_moment_is_the_same_for_all_lines(options):
    option = options["cars"]
    worst, highest = option.by_entity("line_loading_worst_step", "line"), option.by_entity("line_loading_max", "line")
    assert max(worst.values()) == pytest.approx(option.value("line_loading_max"), rel=1e-12)
    assert all(worst[line] <= highest[line] * (1 + 1e-12) for line in worst)
    assert option.moments["line_loading_worst_step"].startswith("2023-01-1")


def test_only_the_loop_is_stepped(scenario):
    option = scenario.option("smart")
    graph = make_job(scenario, prepare(scenario, [option])[0]).graph
    loops = [item for item in graph.order if isinstance(item, Loop)]
    assert [{graph.simulators[m].name for m in loop.members} for loop in loops] == [{"grid", "ev_charging"}]


def test_cutting_the_period_changes_nothing_in_the_loop(scenario):
    def record(window_s):
        ready = prepare(scenario, [scenario.option("smart")])[0]
        graph = make_job(scenario, ready).graph
        n = graph.sizes["phase_node"]
        streams = [Stream(("voltage",), "min", "min"), Stream(("voltage",), "mean")]
        recorder = Recorder("phase_node", np.ones(n), 900, streams, scenario.spans[0].start)
        whole = Graph([*graph.simulators, recorder], graph.sizes, graph.links)
        Coupling(whole, window_s=window_s).run(
            scenario.spans[0].start - 86400, scenario.spans[0].end, 1, [scenario.spans[0].start]
        )
        return np.concatenate([recorder.values(s).entity for s in streams])

    np.testing.assert_allclose(record(6 * 3600), record(None), rtol=1e-9)


def test_two_runs_with_a_loop_give_the_same_bytes(scenario, project):
    for name in ("one", "two"):
        run(scenario, project / name, options=["smart"])
    for file in ("series.nc", "indicators.csv", "ledger.csv", "city.city.json"):
        one, two = (project / name / "options" / "smart" / file for name in ("one", "two"))
        assert hashlib.sha256(one.read_bytes()).digest() == hashlib.sha256(two.read_bytes()).digest(), file


def test_an_unknown_grid_gets_a_suggestion(scenario_file):
    with pytest.raises(TwinError, match="did you mean 'synthesize'"):
        read_scenario(scenario_file((GRID[0], GRID[1].replace("synthesize", "synthesise"))))
