"""The sun simulator fed by the weather simulator, as the engine does it."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city.model import SURFACE_COLUMNS, City, Geometry
from twin.engine.ports import Simulator
from twin.engine.time import CivilTime, TimeAxis
from twin.ledger import Ledger
from twin.quantities import QUANTITIES
from twin.random import Streams
from twin.registry import Setup, resolve
from twin.sun.simulator import attach, build
from twin.sun.wing import WING
from twin.table import MISSING, Table
from twin.weather.simulator import WeatherSimulator
from weather_case import clear_year

WEATHER = clear_year()


def box():
    """A box with a flat roof, four walls and a floor, and a sliver without orientation."""
    surfaces = Table("surface", ["roof", "north", "east", "south", "west", "floor", "sliver"])
    known = np.array([1, 1, 1, 1, 1, 1, MISSING], dtype=np.uint16)
    level = np.array([MISSING, 1, 1, 1, 1, MISSING, MISSING], dtype=np.uint16)
    surfaces = surfaces.put(SURFACE_COLUMNS["tilt_deg"], [0.0, 90, 90, 90, 90, 180, 0], known)
    surfaces = surfaces.put(SURFACE_COLUMNS["azimuth_deg"], [0.0, 0, 90, 180, 270, 0, 0], level)
    empty = np.zeros(1, dtype=np.int64)
    geometry = Geometry(np.zeros((0, 3)), np.zeros(0, dtype=np.int64), empty, empty)
    return City({"building": Table("building", ["b"]), "surface": surfaces, "site": Table("site", ["site"])}, geometry)


def simulators(step_s=3600):
    sun = build(Setup(city=box(), inputs={}, civil=CivilTime(), step_s=step_s))
    return WeatherSimulator(WEATHER, step_s), sun


def run(axis):
    weather, sun = simulators(axis.step_s)
    return sun.advance(axis, weather.advance(axis, {}))["irradiance"]


def test_a_june_day_goes_round_the_house():
    day = run(TimeAxis.at("2023-06-21", 3600, 24))
    roof, north, east, south, west, floor, sliver = day.T
    assert day.shape == (24, 7)
    assert east.argmax() < south.argmax() < west.argmax()
    assert roof.max() > south.max() > floor.max() > 0
    assert north[3:6].max() > 50  # in June the sun rises in the north-east
    assert not sliver.any()
    assert not day[0].any()


def test_simulator_keeps_the_contract():
    weather, sun = simulators()
    assert isinstance(sun, Simulator)
    written = {write.quantity for write in weather.writes}
    assert {read.quantity for read in sun.reads} <= written
    assert all(read.gather == "one" and read.delay == 0 for read in sun.reads)
    assert [(w.quantity, w.per) for w in sun.writes] == [("irradiance", "surface")]
    assert "irradiance" in QUANTITIES
    assert build(Setup(city=box(), inputs={}, civil=CivilTime(), step_s=86400)).step_s == 3600
    assert sun.state() is None


def test_inputs_are_left_as_they_are():
    axis = TimeAxis.at("2023-06-21", 3600, 24)
    weather, sun = simulators()
    inputs = weather.advance(axis, {})
    for values in inputs.values():
        values.flags.writeable = False
    assert sun.advance(axis, inputs)["irradiance"].flags.writeable


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.sampled_from([900, 3600]))
@settings(max_examples=20, deadline=None)
def test_any_cut_into_windows_gives_the_same(lengths, step_s):
    axis = TimeAxis.at("2024-02-27", step_s, sum(lengths))
    weather, sun = simulators(step_s)
    sun.start(axis, Streams(1))
    start, parts = axis.start, []
    for n in lengths:
        window = TimeAxis(start, step_s, n)
        parts.append(sun.advance(window, weather.advance(window, {}))["irradiance"])
        start += n * step_s
    np.testing.assert_allclose(np.concatenate(parts), run(axis), rtol=1e-9, atol=1e-9)


def test_the_ledger_says_what_is_taken_and_what_is_left_out():
    ledger = Ledger()
    city = box()
    assert attach(city, {}, ledger) is city
    texts = " ".join(rule.text for rule in ledger.statements)
    assert "reflects 20%" in texts
    assert "shadows" in texts


def test_without_a_site_there_is_no_sun():
    city = box()
    bare = City({name: table for name, table in city.tables.items() if name != "site"}, city.geometry)
    ledger = Ledger()
    assert build(Setup(city=bare, inputs={}, civil=CivilTime(), step_s=3600)) is None
    assert attach(bare, {}, ledger) is bare
    assert ledger.statements == []


def test_the_wing_names_what_exists():
    assert all(callable(resolve(entry.build)) for entry in WING.simulators)
    assert resolve(WING.attach) is attach
