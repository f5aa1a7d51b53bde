"""A scenario small enough to run in a blink: the quarter of Essen for two winter days."""

import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TEXT = """\
title = "Two days in January"
seed = 1

[model]
city = "../models/essen/city.city.json"
weather = "../models/essen/weather.csv"
archetypes = "tabula-de"
timezone = "Europe/Berlin"

[period]
start = 2023-01-10
days = 2
warm_up = "1d"

[prices]
electricity = { value = 0.40, unit = "EUR/kWh", source = "test" }
gas = { value = 0.10, unit = "EUR/kWh", source = "test" }

[emissions]
electricity = { value = 0.4, unit = "kg/kWh", source = "test" }
gas = { value = 0.2, unit = "kg/kWh", source = "test" }

[[option]]
name = "today"

[[option]]
name = "heat pumps"
base = "today"

[[option.measure]]
kind = "heat_pump"
where = "storeys_above_ground <= 3"
share = 0.5
"""


@pytest.fixture
def project(tmp_path):
    """A project folder with the shipped models and a scenario to edit."""
    shutil.copytree(ROOT / "models" / "essen", tmp_path / "models" / "essen")
    (tmp_path / "scenarios").mkdir()
    return tmp_path


@pytest.fixture
def scenario_file(project):
    """Write a scenario, with some of its text replaced, and return its path."""

    def write(*replacements: tuple[str, str]) -> Path:
        text = TEXT
        for old, new in replacements:
            assert old in text, f"{old!r} is not in the scenario"
            text = text.replace(old, new, 1)
        file = project / "scenarios" / "small.toml"
        file.write_text(text)
        return file

    return write
