"""The two simulators: cuts, memory, unheated buildings, cooling, and what a year adds up to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildings_case import BERLIN, boxes, cut, filled, inputs, ports
from twin.buildings.households import HouseholdsSimulator
from twin.buildings.households import build as build_households
from twin.buildings.simulator import BuildingsSimulator, build
from twin.engine.ports import Simulator
from twin.engine.time import TimeAxis
from twin.errors import TwinError
from twin.registry import Setup

CITY = filled(boxes(3, function=np.array(["31001_1010", "31001_2463", "31001_2020"]), cooled=[False, False, True]))
CATALOGUE = inputs()["archetypes"]
AXIS = TimeAxis.at("2023-03-20", 3600, 24 * 14, BERLIN.timezone)


def simulators(city=CITY, step_s=3600):
    return [kind(city, CATALOGUE, BERLIN, step_s) for kind in (BuildingsSimulator, HouseholdsSimulator)]


def test_they_keep_the_contract():
    for simulator in simulators():
        assert isinstance(simulator, Simulator)


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, AXIS.n - 1), max_size=6, unique=True))
def test_any_cut_into_windows_gives_the_same(cuts):
    steps = np.diff([0, *sorted(cuts), AXIS.n]).tolist()
    for simulator in simulators():
        whole = cut(simulator, AXIS, ports(CITY, AXIS, gain=1500.0), [AXIS.n])
        parts = cut(simulator, AXIS, ports(CITY, AXIS, gain=1500.0), steps)
        for name, values in whole.items():
            assert parts[name] == pytest.approx(values, rel=1e-9, abs=1e-9), name


def test_restoring_a_state_repeats_the_window():
    for simulator in simulators():
        given = ports(CITY, AXIS)
        simulator.start(AXIS, None)
        simulator.advance(AXIS.between(AXIS.start, AXIS.start + 48 * 3600), {k: v[:48] for k, v in given.items()})
        rest, inputs_then = TimeAxis(AXIS.start + 48 * 3600, 3600, 48), {k: v[48:96] for k, v in given.items()}
        kept = simulator.state()
        first = {name: np.array(values) for name, values in simulator.advance(rest, inputs_then).items()}
        simulator.restore(kept)
        again = simulator.advance(rest, inputs_then)
        for name, values in first.items():
            assert np.array_equal(values, again[name]), name


def test_garages_ask_for_nothing_and_are_as_cold_as_outdoors():
    for simulator in simulators():
        given = ports(CITY, AXIS)
        for name, values in cut(simulator, AXIS, given, [AXIS.n]).items():
            expected = given["outdoor_temperature"][:, 1] if name == "indoor_temperature" else 0.0
            assert values[:, 1] == pytest.approx(expected), name


def test_only_cooled_buildings_are_cooled():
    summer = TimeAxis.at("2023-07-10", 3600, 24 * 7, BERLIN.timezone)
    given = ports(CITY, summer, gain=6000.0)
    given["outdoor_temperature"] = given["outdoor_temperature"] + 12.0
    out = cut(BuildingsSimulator(CITY, CATALOGUE, BERLIN, 3600), summer, given, [summer.n])
    assert out["space_cooling_demand"][:, 0].max() == 0
    assert out["indoor_temperature"][:, 0].max() > 26
    assert out["space_cooling_demand"][:, 2].max() > 0


def test_open_windows_keep_a_refurbished_building_bearable_and_heating_has_its_limit():
    city = filled(boxes(2, refurbishment="advanced", airing_1_h=[0.0, 3.0]))
    summer = TimeAxis.at("2023-06-01", 3600, 24 * 60, BERLIN.timezone)
    out = cut(BuildingsSimulator(city, CATALOGUE, BERLIN, 3600), summer, ports(city, summer, gain=1500.0), [summer.n])
    closed, aired = out["indoor_temperature"].max(axis=0)
    assert closed > aired + 3
    winter = TimeAxis.at("2023-01-01", 3600, 24 * 30, BERLIN.timezone)
    out = cut(BuildingsSimulator(city, CATALOGUE, BERLIN, 3600), winter, ports(city, winter), [winter.n])
    assert (out["space_heating_demand"] <= city.buildings["heating_capacity_w"] * (1 + 1e-12)).all()


def test_cooling_below_the_heating_set_point_is_refused():
    with pytest.raises(TwinError, match="b0 is to be cooled below"):
        BuildingsSimulator(filled(boxes(cooled=True, cooling_set_point_degc=18.0)), CATALOGUE, BERLIN, 3600)


def test_the_heat_people_and_lamps_give_off_is_the_electricity_and_their_bodies():
    out = cut(HouseholdsSimulator(CITY, CATALOGUE, BERLIN, 3600), AXIS, {}, [AXIS.n])
    bodies = out["internal_gain"] - out["electric_load"]
    most = CITY.buildings["occupants"] * 70.0
    assert (bodies >= 0).all()
    assert bodies.max(axis=0)[0] == pytest.approx(most[0])
    assert bodies.max(axis=0)[2] < most[2]
    assert out["internal_gain"][:, 1].max() == 0


def year_of(city, step_s=3600):
    axis = TimeAxis.at("2023-01-01", step_s, 365 * 86400 // step_s, BERLIN.timezone)
    buildings, households = simulators(city, step_s)
    used = cut(households, axis, {}, [axis.n])
    given = ports(city, axis)
    given["internal_gain"] = used["internal_gain"]
    made = cut(buildings, axis, given, [axis.n])
    area = city.buildings["heated_floor_area_m2"]
    flows = {k: v for k, v in {**used, **made}.items() if k != "indoor_temperature"}
    return {k: v.sum(axis=0) * step_s / 3.6e6 / area for k, v in flows.items()}


def test_a_year_of_a_block_of_1955_and_its_refurbishments_is_plausible():
    city = filled(boxes(3, refurbishment=np.array(["existing", "usual", "advanced"])))
    kwh_m2 = year_of(city)
    existing, usual, advanced = kwh_m2["space_heating_demand"]
    assert 110 < existing < 220
    assert 0.2 < usual / existing < 0.45
    assert advanced < usual
    assert kwh_m2["hot_water_demand"] == pytest.approx(14.8, abs=0.1)
    assert kwh_m2["electric_load"] == pytest.approx(28.9, abs=0.3)


def test_quarter_hours_give_the_year_of_hours():
    city = filled(boxes())
    hourly, fine = year_of(city), year_of(city, 900)
    for name in hourly:
        assert fine[name] == pytest.approx(hourly[name], rel=0.01), name


def test_nothing_is_built_where_nothing_is_heated():
    setup = Setup(filled(boxes(function="31001_2463")), {"archetypes": CATALOGUE}, BERLIN, 3600)
    assert build(setup) is None
    assert build_households(setup) is None
    assert build(Setup(CITY, {"archetypes": CATALOGUE}, BERLIN, 3600)).name == "buildings"
    assert build_households(Setup(CITY, {"archetypes": CATALOGUE}, BERLIN, 3600)).name == "appliances"
