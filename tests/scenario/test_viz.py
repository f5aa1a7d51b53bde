"""The scripts in ``viz/`` draw what their first lines promise."""

import runpy
import sys
from pathlib import Path

import pytest
from PIL import Image

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


TOWER = """
[sun]
light_and_air = true

[[option]]
name = "a tower"
base = "today"

[[option.measure]]
kind = "new_building"
id = "tower"
at = [359993.0, 5706293.0]
width_m = 20.0
depth_m = 20.0
height_m = 40.0
year_of_construction = 2025
"""


def test_a_tower_takes_sun_from_its_neighbours_and_from_nobody_else(project, scenario_file, monkeypatch):
    file = scenario_file(("days = 2", "days = 1"))
    file.write_text(file.read_text() + TOWER)
    today, tower = run(file, project / "out", options=["today", "a tower"]).options
    before, after = (option.by_entity("surface_sun_hours", "surface") for option in (today, tower))
    lost = {name: before[name] - after[name] for name in before}
    assert max(lost.values()) > 1.0
    assert sum(hours == 0.0 for hours in lost.values()) > 0.7 * len(lost)
    assert tower.total("vertical_sky_component") < today.total("vertical_sky_component")

    pictures = [project / "sun.png", project / "tower.png"]
    monkeypatch.setattr(sys, "argv", ["sun.py", str(project / "out"), *map(str, pictures)])
    runpy.run_path(str(VIZ / "sun.py"), run_name="__main__")
    sizes = []
    for picture in pictures:
        with Image.open(picture) as image:
            sizes.append(image.size)
    assert sizes == [(1600, 1000), (1700, 850)]
