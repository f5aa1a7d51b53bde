"""The scenario's ``[sun]``: what can be set, what comes of it, and what light and air a new tower takes."""

import numpy as np
import pytest

from twin.errors import TwinError
from twin.scenario.prepare import prepare
from twin.scenario.read import read_scenario
from twin.scenario.run import run

TOWER = """
[[option]]
name = "tower"
base = "today"

[[option.measure]]
kind = "new_building"
id = "tower"
at = [360540.0, 5706860.0]
width_m = 20.0
depth_m = 15.0
height_m = 60.0
year_of_construction = 2020
"""


def read_with(scenario_file, section, *others):
    return read_scenario(scenario_file(("[prices]", f"{section}\n\n[prices]"), *others))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('sky = "blue"', "sun.sky is 'blue'; expected 'perez' or 'haydavies'"),
        ("shadow = false", "unknown key sun.shadow; did you mean 'shading'?"),
        ("albedo = 1.2", "sun.albedo is 1.2; expected less than or equal to 1"),
        ("facade_reflectance = 1.0", "sun.facade_reflectance is 1.0; expected less than 1"),
        ('quality = "best"', "sun.quality is 'best'; expected 'standard' or 'fine'"),
        ('rays = "guess"', "sun.rays is 'guess'"),
        ('sunlight_date = "02-30"', "'02-30' is no month and day such as 03-21"),
        ('sunlight_date = "21 March"', "'21 March' is no month and day"),
        ('sunlight_hours = "9 to 5"', "sun.sunlight_hours is '9 to 5'"),
        ("sunlight_required_h = 0", "sun.sunlight_required_h is 0; expected greater than 0"),
        ("shading = 1", "sun.shading is 1"),
    ],
)
def test_mistakes_are_told_with_their_line(scenario_file, line, said):
    with pytest.raises(TwinError) as caught:
        read_with(scenario_file, f"[sun]\n{line}")
    (problem,) = caught.value.problems
    assert said in str(problem)
    text = problem.file.read_text().splitlines()
    assert text[int(problem.place) - 1] == line


def test_without_the_section_everything_has_its_default(scenario_file):
    settings = read_scenario(scenario_file()).settings["sun"]
    assert (settings.sky, settings.shading, settings.quality, settings.light_and_air) == (
        "perez",
        True,
        "standard",
        False,
    )
    assert read_with(scenario_file, '[sun]\nsky = "haydavies"').settings["sun"].sky == "haydavies"


def prepared(scenario_file, section, *others):
    """Return the cities of the options of a scenario, by name."""
    scenario = read_with(scenario_file, section, ("days = 2", "days = 1"), *others)
    return {ready.option.name: ready.city for ready in prepare(scenario, scenario.options)}


def mean(table, column, weight):
    there = ~table.missing(column)
    return np.average(table[column][there], weights=table[weight][there])


def test_shade_takes_sun_and_air_away(scenario_file):
    shaded = prepared(scenario_file, "[sun]\nlight_and_air = true")["today"]
    free = prepared(scenario_file, "[sun]\nlight_and_air = true\nshading = false")["today"]
    for name in ("sky_view_factor", "sky_component", "sun_hours", "annual_sun_hours"):
        less, more = (mean(city.buildings, f"facade_{name}", "facade_m2") for city in (shaded, free))
        assert 0.3 * more < less < more
    assert mean(free.buildings, "facade_sky_view_factor", "facade_m2") == pytest.approx(0.5, abs=0.01)
    less, more = (mean(city.surfaces, "solar_irradiation_kwh_m2", "area_m2") for city in (shaded, free))
    assert 0.5 * more < less < more


def test_another_sky_is_another_but_not_by_much(scenario_file):
    perez, hay = (
        mean(prepared(scenario_file, section)["today"].surfaces, "solar_irradiation_kwh_m2", "area_m2")
        for section in ("[sun]", '[sun]\nsky = "haydavies"')
    )
    assert perez != hay == pytest.approx(perez, rel=0.06)


def test_a_tower_takes_light_from_its_neighbours_and_from_nobody_else(scenario_file):
    cities = prepared(scenario_file, "[sun]\nlight_and_air = true", ("share = 0.5\n", "share = 0.5\n" + TOWER))
    today, tower = (cities[name].buildings for name in ("today", "tower"))
    assert "tower" in tower.ids
    rows = [tower.index(str(name)) for name in today.ids]
    lost = today["facade_sky_component"] - tower["facade_sky_component"][rows]
    assert np.nanmax(lost) > 0.15  # per cent: it stands apart from the others
    assert np.nanmin(lost) >= -1e-9  # what stood there sees the rest of the sky by the same rays
    assert np.nanmedian(lost) == 0.0


def test_an_option_built_on_modules_and_a_tower_has_both(scenario_file):
    modules = """
[[option]]
name = "modules"
base = "today"

[[option.measure]]
kind = "pv"
"""
    cities = prepared(
        scenario_file, "[sun]", ("share = 0.5\n", "share = 0.5\n" + modules + TOWER.replace('"today"', '"modules"'))
    )
    pv, tower = (cities[name].table("pv_array") for name in ("modules", "tower"))
    assert "tower" in cities["tower"].buildings.ids
    assert set(pv.ids.tolist()) < set(tower.ids.tolist())  # the tower has modules, too
    owner = cities["tower"].surfaces["building"][tower["surface"]]
    assert owner.tolist() == tower["building"].tolist()


def test_a_run_shows_them_as_indicators(scenario_file):
    file = scenario_file(("days = 2", "days = 1"), ("[prices]", "[sun]\nlight_and_air = true\n\n[prices]"))
    scenario = read_scenario(file)
    found = {
        (value.indicator, value.entity): value.value
        for value in run(scenario, options=["today"]).option("today").values
        if value.level in ("quarter", "building")
    }
    (ready,) = prepare(scenario, [scenario.option("today")])
    table = ready.city.buildings
    hours = mean(table, "facade_sun_hours", "facade_m2")
    assert found["sun_hours", ""] == pytest.approx(hours)
    known = [str(name) for name in table.ids[~table.missing("facade_sun_hours")]]
    assert {entity for name, entity in found if name == "sun_hours"} == {"", *known}
    assert 0.0 < found["facade_sunlit", ""] < 100.0
