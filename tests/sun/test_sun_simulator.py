"""The sun simulator fed by the weather simulator, as the engine does it: surfaces, modules and collectors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sun_case import EAST, FLOOR, NORTH, ROOF, SOUTH, WEST, city_of

from twin.city.model import SURFACE_COLUMNS, City
from twin.engine.ports import Simulator
from twin.engine.time import CivilTime, TimeAxis
from twin.ledger import Ledger
from twin.quantities import QUANTITIES
from twin.random import Streams
from twin.registry import Setup, resolve
from twin.sun.settings import SunSettings
from twin.sun.simulator import attach, build
from twin.sun.wing import WING
from twin.table import Column, Table
from twin.weather.simulator import WeatherSimulator
from weather_case import clear_year

WEATHER = clear_year()
HOUSE = (0, 0, 10, 10, 6)
TALL = (-10, -25, 30, 10, 20)
ACROSS = (-10, 25, 30, 10, 12)
JUNE, DECEMBER = (TimeAxis.at(f"2023-{month}-21", 3600, 24) for month in ("06", "12"))


def mounted(name, surface, tilt, azimuth):
    """Return a table of planes on surfaces."""
    table = Table(name, [f"{name}{k}" for k in range(len(surface))])
    table = table.put(Column("surface", "-", "int", "row of the surface"), surface)
    return table.put(SURFACE_COLUMNS["tilt_deg"], tilt).put(SURFACE_COLUMNS["azimuth_deg"], azimuth)


def simulators(axis, *boxes, tables=(), party_walls=False, **sun):
    """Return the weather and the sun over a city of boxes, both at the beginning of an axis."""
    city = city_of(*(boxes or (HOUSE,)), party_walls=party_walls)
    for table in tables:
        city = city.with_table(table)
    inputs = {"sun": SunSettings(**sun)} if sun else {}
    setup = Setup(city=city, inputs=inputs, civil=CivilTime(), step_s=axis.step_s)
    weather, light = WeatherSimulator(WEATHER, axis.step_s), build(setup)
    for simulator in (weather, light):
        simulator.start(axis, Streams(1))
    return weather, light


def run(axis, *boxes, **case):
    weather, sun = simulators(axis, *boxes, **case)
    return sun.advance(axis, weather.advance(axis, {}))


def irradiance(axis, *boxes, **case):
    return run(axis, *boxes, **case)["irradiance"]


def test_a_june_day_goes_round_the_house():
    day = irradiance(JUNE)
    assert day.shape == (24, 6)
    floor, roof, south, east, north, west = day.T
    assert east.argmax() < south.argmax() < west.argmax()
    assert roof.max() > south.max() > floor.max() > 0
    assert north[3:6].max() > 50  # in June the sun rises in the north-east
    assert not day[0].any()


def test_a_tall_neighbour_casts_its_shadow_where_and_when_it_should():
    free, shaded = irradiance(DECEMBER), irradiance(DECEMBER, HOUSE, TALL)
    assert shaded[12, SOUTH] < 0.2 * free[12, SOUTH]
    assert shaded[:, NORTH].sum() == pytest.approx(free[:, NORTH].sum(), rel=0.03)
    june = irradiance(JUNE, HOUSE, TALL)
    assert june[12, ROOF] > 0.9 * irradiance(JUNE)[12, ROOF]  # over which the sun of June climbs
    assert irradiance(DECEMBER, HOUSE, TALL, shading=False)[:, SOUTH] == pytest.approx(free[:, SOUTH], rel=0.01)


def test_simulator_keeps_the_contract():
    weather, sun = simulators(JUNE)
    assert isinstance(sun, Simulator)
    written = {write.quantity for write in weather.writes}
    assert {read.quantity for read in sun.reads} <= written
    assert all(read.gather == "one" and read.delay == 0 for read in sun.reads)
    assert [(w.quantity, w.per) for w in sun.writes] == [("irradiance", "surface")]
    assert simulators(JUNE.with_step(86400))[1].step_s == 3600
    assert sun.state() is None


def test_where_there_are_modules_and_collectors_their_light_is_written_too():
    tables = (mounted("pv_array", [ROOF], [0.0], [0.0]), mounted("solar_collector", [SOUTH], [90.0], [180.0]))
    _, sun = simulators(JUNE, tables=tables)
    written = {(write.quantity, write.per) for write in sun.writes}
    assert written == {
        ("irradiance", "surface"),
        ("plane_of_array_irradiance", "pv_array"),
        ("cell_irradiance", "pv_array"),
        ("collector_irradiance", "solar_collector"),
    }
    assert {quantity for quantity, _ in written} <= set(QUANTITIES)
    assert set(run(JUNE, tables=tables)) == {quantity for quantity, _ in written}
    _, without = simulators(JUNE, tables=[Table("pv_array", [])])
    assert len(without.writes) == 1


def test_inputs_are_left_as_they_are():
    weather, sun = simulators(JUNE)
    inputs = weather.advance(JUNE, {})
    for values in inputs.values():
        values.flags.writeable = False
    assert sun.advance(JUNE, inputs)["irradiance"].flags.writeable


MOUNTED = (
    mounted("pv_array", [ROOF, ROOF, SOUTH], [0.0, 30.0, 90.0], [0.0, 180.0, 180.0]),
    mounted("solar_collector", [ROOF], [45.0], [180.0]),
)


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.sampled_from([900, 3600]), st.sampled_from([0.0, 0.3]))
@settings(max_examples=15)
def test_any_cut_into_windows_gives_the_same(lengths, step_s, reflectance):
    case = {"tables": MOUNTED, "facade_reflectance": reflectance}
    axis = TimeAxis.at("2024-02-27", step_s, sum(lengths))
    weather, sun = simulators(axis, HOUSE, TALL, **case)
    start, parts = axis.start, []
    for n in lengths:
        window = TimeAxis(start, step_s, n)
        parts.append(sun.advance(window, weather.advance(window, {})))
        start += n * step_s
    for quantity, values in run(axis, HOUSE, TALL, **case).items():
        together = np.concatenate([part[quantity] for part in parts])
        np.testing.assert_allclose(together, values, rtol=1e-9, atol=1e-9, err_msg=quantity)


def test_quarters_of_an_hour_hold_the_hour():
    hours, quarters = irradiance(JUNE, HOUSE, TALL), irradiance(JUNE.with_step(900), HOUSE, TALL)
    np.testing.assert_allclose(quarters, np.repeat(hours, 4, axis=0), rtol=1e-12, atol=1e-9)


def test_the_simulator_s_year_is_the_irradiation_of_the_study():
    year = TimeAxis.at("2023-01-01", 3600, 8760)
    weather, sun = simulators(year, HOUSE, TALL)
    found = sun.advance(year, weather.advance(year, {}))["irradiance"].sum(axis=0)
    city = attach(city_of(HOUSE, TALL), {}, Ledger())
    walls = [k for k in range(12) if k % 6 != FLOOR]
    # the sun of 2023 is not quite that of the year that a typical year is taken to be
    assert city.surfaces["solar_irradiation_kwh_m2"][walls] == pytest.approx(found[walls] / 1e3, rel=1e-3)


# -- modules and collectors


def test_modules_that_lie_as_the_roof_does_get_what_the_roof_gets():
    pitched = (mounted("pv_array", [ROOF, SOUTH], [0.0, 90.0], [0.0, 180.0]),)
    for axis in (JUNE, DECEMBER):
        out = run(axis, HOUSE, TALL, tables=pitched)
        np.testing.assert_allclose(
            out["plane_of_array_irradiance"], out["irradiance"][:, [ROOF, SOUTH]], rtol=1e-5, atol=1e-3
        )


def test_racks_tilted_to_the_south_get_more_in_winter_and_share_the_roof_s_shade():
    racks = (mounted("pv_array", [ROOF, ROOF], [0.0, 40.0], [0.0, 180.0]),)
    flat, tilted = run(DECEMBER, tables=racks)["plane_of_array_irradiance"].sum(axis=0)
    assert tilted > 1.8 * flat
    shaded = run(DECEMBER, HOUSE, TALL, tables=racks)["plane_of_array_irradiance"].sum(axis=0)
    assert (shaded < [0.6 * flat, 0.5 * tilted]).all()


def test_glass_keeps_some_light_out_most_of_it_where_it_is_grazed():
    out = run(JUNE, HOUSE, TALL, tables=MOUNTED)
    before, behind = out["plane_of_array_irradiance"], out["cell_irradiance"]
    there = before > 1.0
    assert (behind <= before + 1e-9).all()
    share = behind[there] / before[there]
    assert 0.5 < share.min() < share.max() < 1.0
    assert (behind[12] / before[12])[1] > (behind[12] / before[12])[2]  # at noon in June walls are grazed


def test_collectors_get_what_is_behind_their_cover():
    same = (mounted("pv_array", [ROOF], [45.0], [180.0]), mounted("solar_collector", [ROOF], [45.0], [180.0]))
    out = run(JUNE, tables=same)
    assert np.array_equal(out["collector_irradiance"], out["cell_irradiance"])


def test_modules_without_shade():
    out = run(DECEMBER, HOUSE, TALL, tables=MOUNTED, shading=False)
    assert out["plane_of_array_irradiance"][:, 2] == pytest.approx(out["irradiance"][:, SOUTH])


# -- reflection, and parts that are shared


def test_light_walls_across_brighten_a_wall_and_what_is_mounted_on_it():
    case = {"tables": MOUNTED}
    plain = run(DECEMBER, HOUSE, ACROSS, **case)
    light = run(DECEMBER, HOUSE, ACROSS, facade_reflectance=0.5, **case)
    more = light["irradiance"] - plain["irradiance"]
    assert more.min() >= -1e-9
    assert more[:, NORTH].sum() > 0.05 * plain["irradiance"][:, NORTH].sum()  # looks at a wall in the sun
    across = 6 + SOUTH
    assert more[12, NORTH] < 0.5 * plain["irradiance"][12, across]
    assert more[:, [SOUTH, 6 + NORTH]].max() == pytest.approx(0.0, abs=1e-9)  # look at nothing


def test_half_a_wall_outdoors_has_as_much_sun_per_area_as_a_whole_one():
    half = irradiance(JUNE, HOUSE, (10, 0, 10, 5, 6), party_walls=True)
    whole = irradiance(JUNE)
    assert half[:, EAST].sum() == pytest.approx(whole[:, EAST].sum(), rel=0.35)  # a few rays in a day
    assert half[:, 6 + WEST].max() == 0.0
    assert half[:, WEST] == pytest.approx(whole[:, WEST], rel=1e-6)


def test_rays_marched_in_numpy_find_the_same():
    embree, marched = (irradiance(JUNE, HOUSE, TALL, rays=rays) for rays in ("embree", "numpy"))
    assert marched.sum(axis=0) == pytest.approx(embree.sum(axis=0), rel=0.01, abs=1.0)


# -- the ledger and the wing


def said(**sun):
    ledger = Ledger()
    attach(city_of(HOUSE), {"sun": SunSettings(**sun)}, ledger)
    return " ".join(f"{rule.text} ({rule.reference})" for rule in ledger.statements)


def test_the_ledger_says_what_is_taken_and_what_is_left_out():
    assert "reflects 20%" in said()
    assert "cast shade" in said()
    assert "buildings reflect no light onto each other" in said()
    assert "standard quality, sky by perez" in said()
    assert "all surfaces reflect 30%" in said(facade_reflectance=0.3)
    assert "fine quality, sky by haydavies" in said(quality="fine", sky="haydavies")
    assert "shadows of other buildings, trees and hills are left out" in said(shading=False)
    assert "NumPy" in said(rays="numpy")


def test_without_a_site_there_is_no_sun():
    city = city_of(HOUSE)
    bare = City({name: table for name, table in city.tables.items() if name not in ("site", "weather")}, city.geometry)
    ledger = Ledger()
    assert build(Setup(city=bare, inputs={}, civil=CivilTime(), step_s=3600)) is None
    assert attach(bare, {}, ledger) is bare
    assert ledger.statements == []


def test_the_wing_names_what_exists():
    assert all(callable(resolve(entry.build)) for entry in WING.simulators)
    assert resolve(WING.attach) is attach
    assert all(callable(resolve(section.params)) for section in WING.sections)
    declared = {column.name for columns in WING.columns.values() for column in columns}
    assert {indicator.column for indicator in WING.indicators} <= declared
