"""The scripts in ``viz/`` draw what their first lines promise."""

import runpy
import sys
from pathlib import Path

import pytest

from twin.scenario.run import run

VIZ = Path(__file__).parents[2] / "viz"


@pytest.mark.parametrize("script", sorted(p.name for p in VIZ.glob("*.py")))
def test_every_script_writes_its_picture(project, scenario_file, monkeypatch, script):
    grid = ('archetypes = "tabula-de"', 'archetypes = "tabula-de"\ngrid = "synthesize"')
    run(scenario_file(grid, ("days = 2", "days = 1")), project / "out")
    picture = project / "picture.png"
    monkeypatch.setattr(sys, "argv", [script, str(project / "out"), str(picture)])
    runpy.run_path(str(VIZ / script), run_name="__main__")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 20_000
