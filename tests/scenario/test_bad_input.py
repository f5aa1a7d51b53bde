"""What a user may get wrong: every mistake at once, each with its place, and nothing half written."""

import gzip
from pathlib import Path

import pytest

from twin.cli import main
from twin.errors import TwinError
from twin.scenario.read import read_scenario
from twin.scenario.run import run


def complaint(file):
    with pytest.raises(TwinError) as caught:
        run(file)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("city.city.json", "cty.city.json", "small.toml:5: model.city = '../models/essen/cty.city.json': no such file"),
        ("title =", "titel =", "small.toml:1: unknown key titel; did you mean 'title'?"),
        ("days = 2", 'days = "two"', "small.toml:12: period.days is 'two'; expected a valid integer"),
        ("days = 2", "days = 0", "period.days is 0; expected greater than or equal to 1"),
        ('warm_up = "1d"', 'warm_up = "a day"', "period.warm_up is wrong: 'a day' is no duration"),
        ("0.40", "nan", "prices.electricity.value is nan; expected a finite number"),
        ('base = "today"', 'base = "todya"', "which is no option; expected one of 'today'; did you mean 'today'?"),
        ('name = "heat pumps"\nbase = "today"', 'name = "today"', "two options are called 'today'"),
        ('base = "today"', 'base = "heat pumps"', "option 'heat pumps' is based on itself"),
        ('kind = "heat_pump"', 'kind = "heat_pumb"', "small.toml:31: option[2].measure[1].kind is 'heat_pumb'"),
        ("share = 0.5", "share = 1.7", "option[2].measure[1].share is 1.7; expected less than or equal to 1"),
        ("share = 0.5", "shard = 0.5", "unknown key option[2].measure[1].shard; did you mean 'share'?"),
        ("storeys_above_ground <=", "storeys_over_ground <=", "did you mean 'storeys_above_ground'?"),
        (
            "storeys_above_ground <= 3",
            "storeys_above_ground > 90",
            "matches none of 117 buildings in option 'heat pumps'",
        ),
        ("../models", "../../../../models", "leaves"),
        ('"tabula-de"', '"tabula-dj"', "there is no archetype catalogue 'tabula-dj'"),
        ("Europe/Berlin", "Europe/Essen", "there is no time zone 'Europe/Essen'"),
        ("gas = { value = 0.10", "gass = { value = 0.10", "unknown key prices.gass"),
        ("kg/kWh", "EUR/kWh", "emissions.electricity is in 'EUR/kWh'; expected kg/kWh"),
    ],
)
def test_one_mistake(scenario_file, old, new, said):
    assert said in complaint(scenario_file((old, new)))


def test_all_mistakes_at_once_in_reading_order(scenario_file):
    file = scenario_file(
        ("title =", "titel ="), ("days = 2", "days = 0"), ("share = 0.5", "share = 7"), ("weather.csv", "wether.csv")
    )
    with pytest.raises(TwinError) as caught:
        read_scenario(file)
    lines = [int(p.place) for p in caught.value.problems if p.place]
    assert len(caught.value.problems) == 5  # the misspelt title is missing, too
    assert lines == sorted(lines)


def weather_with(project: Path, change) -> tuple[str, str]:
    lines = (project / "models" / "essen" / "weather.csv").read_text().splitlines()
    (project / "weather.csv").write_text("\n".join(change(lines)) + "\n")
    return ("../models/essen/weather.csv", "../weather.csv")


def test_a_weather_file_with_a_gap_says_which_hour(project, scenario_file):
    gap = weather_with(project, lambda lines: [x for x in lines if not x.startswith(("3,14,5,", "3,14,6,"))])
    message = complaint(scenario_file(gap))
    assert "weather.csv" in message
    assert "month 3, day 14, hour 5" in message


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        b"<html><body>404</body></html>",
        b'{"type": "FeatureCollection"}',
        gzip.compress(b"no city"),
    ],
)
def test_a_file_that_is_no_city(project, scenario_file, content):
    (project / "models.bin").write_bytes(content)
    message = complaint(scenario_file(("../models/essen/city.city.json", "../models.bin")))
    assert "models.bin" in message


def test_problems_of_city_and_weather_come_together_with_the_scenarios(project, scenario_file):
    (project / "models.bin").write_bytes(b"no city")
    gap = weather_with(project, lambda lines: lines[:-1])
    file = scenario_file(gap, ("../models/essen/city.city.json", "../models.bin"), ("share = 0.5", "share = 7"))
    message = complaint(file)
    for part in ("models.bin", "weather.csv", "share is 7"):
        assert part in message


def test_the_command_prints_problems_without_a_traceback_and_leaves_no_folder(project, scenario_file, capsys):
    file = scenario_file(("days = 2", "days = 0"), ("share = 0.5", "share = 7"))
    output = project / "results"
    assert main(["run", str(file), "-o", str(output)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    assert "2 problems" in captured.err
    assert not output.exists()


def test_nothing_is_written_when_a_selection_matches_nothing(project, scenario_file):
    file = scenario_file(("storeys_above_ground <= 3", "storeys_above_ground > 90"))
    with pytest.raises(TwinError):
        run(file, project / "results")
    assert not (project / "results").exists()


@pytest.mark.parametrize(
    ("arguments", "code"), [(["rum"], 2), (["run"], 2), (["run", "nothing.toml"], 1), (["--help"], 0)]
)
def test_exit_codes(arguments, code, capsys):
    assert main(arguments) == code
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ('line = ["line_loading"]', "record.series.line: no option has a line"),
        ('building = ["voltage"]', "nobody writes voltage in any option"),
        ('building = ["electric_laod"]', "there is no quantity 'electric_laod'; did you mean 'electric_load'?"),
        ('bulding = ["electric_load"]', "there is no entity set 'bulding'; did you mean 'building'?"),
    ],
)
def test_a_series_nobody_can_give_is_said_before_the_run(project, scenario_file, series, said):
    file = scenario_file(("[prices]", f"[record.series]\n{series}\n\n[prices]"))
    with pytest.raises(TwinError, match=said.replace("?", r"\?")):
        run(file, project / "out")
    assert not (project / "out").exists()


def test_a_folder_that_cannot_be_written_is_no_traceback(project, scenario_file, capsys):
    (project / "file").write_text("in the way")
    assert main(["run", str(scenario_file()), "-o", str(project / "file" / "out"), "--no-picture"]) == 1
    assert "Not a directory" in capsys.readouterr().err
