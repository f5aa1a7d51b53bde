"""`twin explain`: the graph of a scenario as data, as text and as a picture."""

import json
import xml.etree.ElementTree as ET

import pytest

from twin.cli import main
from twin.scenario.explain import explain
from twin.scenario.read import read_scenario

GRID = ('timezone = "Europe/Berlin"', 'timezone = "Europe/Berlin"\ngrid = "synthesize"')
CARS = """
[[option.measure]]
kind = "electric_cars"
cars_per_dwelling = 1.0

[[option.measure]]
kind = "charging_strategy"
strategy = "voltage_aware"
"""


@pytest.fixture
def with_cars(scenario_file):
    file = scenario_file(GRID)
    file.write_text(file.read_text() + CARS)
    return file


def test_the_data_say_who_feeds_whom_and_what_comes_late(with_cars):
    today, cars = explain(read_scenario(with_cars))["graphs"]
    assert (today["options"], cars["options"]) == (["today"], ["heat pumps"])
    assert today["loops"] == []
    (loop,) = cars["loops"]
    assert set(loop["members"]) >= {"ev_charging", "grid"}
    charging = next(s for s in cars["simulators"] if s["name"] == "ev_charging")
    voltage = next(r for r in charging["reads"] if r["quantity"] == "voltage")
    assert (voltage["from"], voltage["late"]) == (["grid"], True)
    json.dumps(cars)


def test_text_fits_a_terminal_and_marks_the_loop(with_cars, capsys):
    assert main(["explain", str(with_cars), "--option", "heat pumps"]) == 0
    drawing = [line for line in capsys.readouterr().out.splitlines() if any(sign in line for sign in "●◆◇")]
    assert max(map(len, drawing)) <= 100
    (charging,) = (line for line in drawing if "ev_charging  " in line and "<-" in line)
    assert charging.lstrip()[0] in "╭│╰"
    assert "late <- grid" in charging


def test_the_picture_is_written_and_has_every_simulator(with_cars, project, capsys):
    picture = project / "graph.svg"
    assert main(["explain", str(with_cars), "--svg", str(picture)]) == 0
    assert capsys.readouterr().out.strip() == f"Drawing: {picture}"
    first = picture.read_bytes()
    drawn = [e.get("data-name") for e in ET.fromstring(first).iter() if e.get("data-name")]
    graphs = explain(read_scenario(with_cars))["graphs"]
    assert sorted(drawn) == sorted(s["name"] for g in graphs for s in g["simulators"])
    assert main(["explain", str(with_cars), "--svg", str(picture), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["svg"] == str(picture)
    assert picture.read_bytes() == first


def test_after_a_run_the_picture_shows_the_seconds(scenario_file, project, capsys):
    file, out, picture = scenario_file(), project / "out", project / "graph.svg"
    assert main(["run", str(file), "-o", str(out), "--no-picture"]) == 0
    assert main(["explain", str(file), "--results", str(out), "--svg", str(picture)]) == 0
    assert "Seconds and bars: the last run of today" in picture.read_text(encoding="utf-8")


def test_a_picture_that_cannot_be_written_is_no_traceback(scenario_file, project, capsys):
    assert main(["explain", str(scenario_file()), "--svg", str(project / "nowhere" / "graph.svg")]) == 1
    assert "Traceback" not in capsys.readouterr().err
