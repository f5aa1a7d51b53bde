"""The examples of docs/OWN_SIMULATORS.md are run as they are written."""

import re
from pathlib import Path

import numpy as np
import pytest

from twin.scenario.run import run

TEXT = (Path(__file__).parents[2] / "docs" / "OWN_SIMULATORS.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


def examples() -> dict[str, tuple[str, str]]:
    """Code and scenario text by name of the file: every Python block is followed by the text that names it."""
    named = {code.splitlines()[0].removeprefix("# "): code for code in blocks("python")}
    return {name: (code, next(t for t in blocks("toml") if name in t)) for name, code in named.items()}


@pytest.fixture
def with_example(project, scenario_file):
    """Write an example's file beside a scenario that names it."""

    def write(name: str, *replacements: tuple[str, str]) -> Path:
        code, text = examples()[name]
        (project / "scenarios" / name).write_text(code)
        file = scenario_file(*replacements)
        file.write_text(file.read_text() + "\n" + text)
        return file

    return write


def test_street_lights_burn_at_night_and_show_in_the_results(scenario_file, with_example):
    before = run(scenario_file()).options[0].value("electricity_demand")
    results = run(with_example("street_lights.py"), allow_code=True)
    hours = results.options[0].value("street_lighting") / (117 * 0.040)
    assert 2 * 15 <= hours <= 2 * 17  # nights in the middle of January
    added = results.options[0].value("electricity_demand") - before
    assert added == pytest.approx(results.options[0].value("street_lighting"))
    assert "Street lighting" in {i["title"] for i in results.indicators}


def test_the_example_is_about_twenty_lines():
    code, _ = examples()["street_lights.py"]
    assert len([line for line in code.splitlines() if line and not line.startswith("#")]) <= 20


def test_heating_rods_yield_to_the_voltage_they_draw_down(with_example):
    grid = ('timezone = "Europe/Berlin"', 'timezone = "Europe/Berlin"\ngrid = "synthesize"')
    file = with_example("heating_rods.py", grid)
    file.write_text(file.read_text() + '\n[record.series]\nbuilding = ["voltage"]\n')
    today, yielding = run(file, allow_code=True).options
    assert "heating_rods" in yielding.seconds
    assert "heating_rods" not in today.seconds
    file.write_text(file.read_text().replace("power_w = 4000.0", "power_w = 4000.0, low_pu = 0.0"))
    stubborn = run(file, options=["heat pumps"], allow_code=True).options[0]
    mean = [np.asarray(option.series["voltage"]).mean() for option in (today, yielding, stubborn)]
    assert mean[0] > mean[1] > mean[2]
    assert yielding.value("electricity_demand") < 0.99 * stubborn.value("electricity_demand")


def test_a_sentence_of_the_document_names_this_test():
    assert f"tests/scenario/{Path(__file__).name}" in TEXT
