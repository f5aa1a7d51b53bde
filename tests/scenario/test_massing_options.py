"""Options that change what stands: everything that is made for the buildings is made for those that then stand."""

import numpy as np
import pytest

from twin.errors import TwinError
from twin.scenario.prepare import prepare
from twin.scenario.read import read_scenario
from twin.table import MEASURE

TOWER = """
[[option.measure]]
kind = "new_building"
id = "tower"
at = [360540.0, 5706860.0]
width_m = 20
depth_m = 15
height_m = 40
year_of_construction = 2020
"""
MASSING = f"""
[[option]]
name = "tower"
base = "heat pumps"
{TOWER}
[[option.measure]]
kind = "demolish"
share = 0.05

[[option.measure]]
kind = "add_storeys"
where = "storeys_above_ground == 2"
storeys = 1

[[option]]
name = "tower with modules"
base = "tower"

[[option.measure]]
kind = "set_point"
heating_set_point_degc = 19.0
"""
GRID = ('archetypes = "tabula-de"', 'archetypes = "tabula-de"\ngrid = "synthesize"')


@pytest.fixture
def options(scenario_file):
    scenario = read_scenario(scenario_file(GRID, ("share = 0.5\n", "share = 0.5\n" + MASSING)))
    return {ready.option.name: ready for ready in prepare(scenario, scenario.options)}


def test_everything_is_made_for_the_buildings_that_then_stand(options):
    today, tower = options["today"].city, options["tower"].city
    gone = next(s.count for s in options["tower"].selections if s.measure.startswith("demolish"))
    assert len(tower.buildings) == len(today.buildings) + 1 - gone
    assert len(tower.table("connection")) == len(tower.buildings)
    assert len(tower.surfaces) == len(tower.attributes["surface"])
    row = tower.buildings.row("tower")
    assert row["heated_floor_area_m2"] == pytest.approx(300 * 13 * 0.85)
    assert row["building_type"] == "HR"
    assert tower.buildings.source("year_of_construction")[-1] >= MEASURE


def test_what_is_assumed_follows_the_storeys(options):
    today, tower = (options[name].city.buildings for name in ("today", "tower"))
    was = {str(name): row for row, name in enumerate(today.ids)}
    both = [(was[str(name)], row) for row, name in enumerate(tower.ids) if str(name) in was]
    before, after = np.array(both).T
    higher = tower["storeys_above_ground"][after] > today["storeys_above_ground"][before]
    assert higher.any()
    assert (today["storeys_above_ground"][before][higher] == 2).all()
    area, more = today["heated_floor_area_m2"][before], tower["heated_floor_area_m2"][after]
    assert more[higher] == pytest.approx(1.5 * area[higher])
    assert more[~higher] == pytest.approx(area[~higher])


def test_an_option_built_on_it_keeps_what_stands(options):
    base, option = options["tower"].city, options["tower with modules"].city
    assert option.buildings.ids.tolist() == base.buildings.ids.tolist()
    assert (option.buildings["heating_system"] == base.buildings["heating_system"]).all()
    assert "heat_pump" in option.buildings["heating_system"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("height_m = 40\n", "height_m = 40\nshare = 0.5\n", "new_building concerns nothing that is there already"),
        ("height_m = 40\n", 'height_m = 40\nwhere = "height_m > 3"\n', "so it takes no where"),
        ("width_m = 20\n", "", "at, width_m and depth_m belong together"),
        ("width_m = 20\n", "footprint = [[0, 0], [9, 0], [9, 9]]\n", "needs either a footprint, or at"),
        ("width_m = 20\n", "width_m = 0.1\n", "more than 4 m2"),
        ("height_m = 40\n", "height = 40\n", "did you mean 'height_m'"),
        ("storeys = 1\n", "storeys = 0\n", "greater than or equal to 1"),
    ],
)
def test_mistakes_are_told_with_their_line(scenario_file, old, new, words):
    assert old in MASSING
    file = scenario_file(("share = 0.5\n", "share = 0.5\n" + MASSING.replace(old, new)))
    with pytest.raises(TwinError, match=words) as caught:
        read_scenario(file)
    assert all(problem.place for problem in caught.value.problems)


def test_a_building_in_the_way_is_an_error_of_the_option(scenario_file):
    text = MASSING.replace("at = [360540.0, 5706860.0]", "at = [360200.0, 5706400.0]").replace("_m = 20", "_m = 900")
    scenario = read_scenario(scenario_file(("share = 0.5\n", "share = 0.5\n" + text)))
    with pytest.raises(TwinError, match="overlaps building DENW"):
        prepare(scenario, [scenario.option("tower")])
