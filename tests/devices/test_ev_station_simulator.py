"""Stations in a city: who comes and when, a depot's day by hand, and nobody's chance depends on others."""

import gc
import tomllib
from datetime import date
from importlib.resources import files

import numpy as np
import pytest

from buildings_case import BERLIN, boxes, filled
from twin.devices.days import CivilDays
from twin.devices.ev.sessions import DRAWS, arrival_shares, draw_sessions, session_model
from twin.devices.ev.station_measures import DepotCharging, PublicCharging, build_depots, build_stations
from twin.devices.ev.station_simulator import build
from twin.devices.ev.station_visits import Fleet, depot_visits, public_visits, station_sessions
from twin.devices.ev.wing import WING
from twin.engine.coupling import Coupling
from twin.engine.graph import Graph
from twin.engine.ports import Simulator
from twin.engine.recorder import Recorder
from twin.engine.time import CivilTime, TimeAxis
from twin.ledger import Ledger
from twin.random import Streams, entity_keys
from twin.registry import Setup
from twin.results.indicators import evaluate, streams_of

QUARTER, HOUR = 900, 3600
AXIS = TimeAxis.at("2023-03-20", QUARTER, 14 * 96, BERLIN.timezone)  # with the change to summer time
CODE = Ledger().measure("stations")
ALL = slice(None)


def stations(n=2, **params):
    return build_stations(filled(boxes(n)), ALL, PublicCharging(**{"points": 2, **params}), CODE)


def depot(n=1, **params):
    given = {"points": 1, "vehicles": 3, "fleet": "vans", **params}
    return build_depots(filled(boxes(n)), ALL, DepotCharging(**given), CODE)


def simulate(city, axis=AXIS, cut=None, seed=1, civil=BERLIN):
    """Return what the stations of a city write over an axis, in windows of so many steps."""
    simulator = build(Setup(city, {}, civil, axis.step_s))
    simulator.start(axis, Streams(seed))
    parts, now = [], axis.start
    for n in cut or [axis.n]:
        window = TimeAxis(now, axis.step_s, n)
        parts.append(simulator.advance(window, {}))
        now = window.end
    assert now == axis.end
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


# -- a depot by hand


def test_a_depots_day_by_hand():
    """Three vans return at 17:00 and leave at 07:00; one point of 10 kW, and each wants 50 kWh.

    The first charges until 22:00, the second until 03:00, the third has four hours until it leaves: it lacks 10 kWh.
    They wait 0, 5 and 10 hours.
    """
    spreads = {"return_spread": "0min", "departure_spread": "0min"}
    city = depot(charger_kw=10.0, kwh_per_day=50.0, **spreads)
    axis = TimeAxis.at("2023-03-21T12:00", HOUR, 24, BERLIN.timezone)
    out = {name: values[:, 0] for name, values in simulate(city, axis).items()}
    at = axis.calendar(BERLIN).hour.astype(int).tolist().index
    load = np.zeros(24)
    load[at(17) : at(7)] = 10e3
    np.testing.assert_array_equal(out["electric_load"], load)
    waiting = np.zeros(24)
    waiting[at(17) : at(22)], waiting[at(22) : at(3)] = 2, 1
    np.testing.assert_array_equal(out["waiting_vehicles"], waiting)
    np.testing.assert_array_equal(out["occupied_points"], load / 10e3)
    assert np.flatnonzero(out["charging_sessions"]).tolist() == [at(17)]
    assert out["charging_sessions"][at(17)] * HOUR == pytest.approx(3)
    assert np.flatnonzero(out["unserved_charging"]).tolist() == [at(7)]
    assert out["unserved_charging"].sum() == pytest.approx(10e3)
    assert out["requested_charging"].sum() == pytest.approx(150e3)


def fleet(n=5, **changed):
    given = {"energy": 1e8, "return_h": 17.0, "return_spread_h": 0.75, "departure_h": 7.0, "departure_spread_h": 0.5}
    return Fleet(entity_keys([f"van {k}" for k in range(n)]), **{**given, "daily": False, **changed})


def clock_of(visits, days, what):
    """Return day of the axis and hour of the clock of arrivals or departures."""
    at = np.array([getattr(visit, what) for visit in visits])
    local = np.concatenate([TimeAxis(int(t), 1, 1).calendar(BERLIN).hour for t in at])
    return (at - days.axis.start) / 86400, local


def test_vans_return_in_the_evening_and_leave_on_the_next_working_day():
    civil = CivilTime.of(BERLIN.timezone, [date(2023, 3, 30)])  # a Thursday
    days = CivilDays(AXIS, civil)
    visits = list(depot_visits(fleet(), days, seed=1))
    assert [visit.arrival for visit in visits] == sorted(visit.arrival for visit in visits)
    day, hour = clock_of(visits, days, "arrival")
    returned = np.bincount(np.floor(day + 0.1).astype(int), minlength=14)
    assert returned.tolist() == [5, 5, 5, 5, 5, 0, 0, 5, 5, 5, 0, 5, 0, 0]
    assert np.abs(hour - 17).max() <= 3 * 0.75 + 1e-3
    leaves, hour = clock_of(visits, days, "departure")
    assert np.abs(hour - 7).max() <= 3 * 0.5 + 1e-3
    nights = np.round(leaves - day).astype(int)
    assert set(nights[np.floor(day) == 4]) == {3}  # over the weekend
    assert set(nights[np.floor(day) == 9]) == {2}  # over the holiday
    assert set(nights[np.floor(day) == 1]) == {1}


def test_who_works_at_night_leaves_on_the_same_day():
    days = CivilDays(AXIS, BERLIN)
    visits = list(depot_visits(fleet(return_h=6.0, departure_h=18.0, daily=True), days, seed=1))
    stays = np.array([visit.departure - visit.arrival for visit in visits]) / HOUR
    assert len(visits) == 14 * 5
    assert stays.mean() == pytest.approx(12, abs=0.5)


def test_a_vehicle_more_changes_no_hour_of_the_others():
    days = CivilDays(AXIS, BERLIN)
    few = {(v.arrival, v.departure) for v in depot_visits(fleet(5), days, seed=1)}
    many = {(v.arrival, v.departure) for v in depot_visits(fleet(40), days, seed=1)}
    assert few < many


# -- public stations


def come(place="public", per_day=8.0, days=AXIS.n * QUARTER // 86400, weekend_share=0.5, seed=2):
    axis = TimeAxis.at("2023-03-20", QUARTER, days * 96, BERLIN.timezone)
    on = CivilDays(axis, BERLIN)
    random = Streams(seed).generator("charging station", "a")
    return axis, list(public_visits(station_sessions(place), on, random, per_day, weekend_share, 600.0))


def test_as_many_come_as_are_to_come_and_fewer_on_weekends():
    axis, visits = come(days=700)
    arrival = np.array([visit.arrival for visit in visits])
    assert (np.diff(arrival) >= 0).all()
    weekday = TimeAxis(axis.start, 1, 1).with_step(1).calendar(BERLIN).weekday[0]
    assert weekday == 0
    of_weekend = ((arrival - axis.start + HOUR) // 86400 % 7) >= 5
    assert (~of_weekend).sum() / 500 == pytest.approx(8.0, abs=3 * np.sqrt(8.0 / 500))
    assert of_weekend.sum() / 200 == pytest.approx(4.0, abs=3 * np.sqrt(4.0 / 200) + 0.1)
    assert all(visit.gives_up == visit.arrival + 600 for visit in visits)


def test_arrivals_follow_the_fit_on_the_civil_clock():
    axis, visits = come("workplace", 20.0, 210, weekend_share=0.0)
    steps = np.array([visit.arrival - axis.start for visit in visits]) // QUARTER
    hours = axis.calendar(BERLIN).hour[steps]
    edges = np.linspace(0, 24, 25)
    found = np.histogram(hours, edges)[0] / len(hours)
    gap = np.cumsum(found - arrival_shares(station_sessions("workplace").weekday, edges))
    assert np.abs(gap).max() < 1.95 / np.sqrt(len(hours)) + 0.01
    assert (axis.calendar(BERLIN).weekday[steps] < 5).all()


def test_energy_is_what_vehicles_wanted():
    axis = TimeAxis.at("2023-03-20", QUARTER, 60 * 96, BERLIN.timezone)
    city = stations(charger_kw=3.7, patience="0min", points=1, sessions_per_day=3.0)
    out = simulate(city, axis)
    end = axis.end - 5 * 86400
    sessions = 0
    for row, name in enumerate(city.tables["charging_station"].ids.tolist()):
        random = Streams(1).generator("charging station", name)
        drawn = list(public_visits(station_sessions("public"), CivilDays(axis, BERLIN), random, 3.0, 0.9, 0.0))
        sessions += len(drawn)
        assert out["charging_sessions"][:, row].sum() * QUARTER == pytest.approx(len(drawn))
        wanted = sum(visit.energy for visit in drawn if visit.arrival < end)
        late = sum(visit.energy for visit in drawn if visit.arrival >= end)
        requested = out["requested_charging"][:, row].sum() * QUARTER
        assert wanted * (1 - 1e-9) <= requested <= (wanted + late) * (1 + 1e-9)
        both = out["electric_load"][:, row] + out["unserved_charging"][:, row]
        np.testing.assert_allclose(out["requested_charging"][:, row], both, rtol=1e-12)
    assert out["turned_away_sessions"].any()
    assert sessions > 200


def test_with_direct_current_vehicles_make_room():
    slow, fast = (simulate(stations(points=1, sessions_per_day=6.0, current=c)) for c in ("AC", "DC"))
    assert fast["turned_away_sessions"].sum() < slow["turned_away_sessions"].sum()
    np.testing.assert_array_equal(fast["occupied_points"] > 0, fast["electric_load"] > 0)


def test_a_limit_caps_the_load():
    free = simulate(stations(points=6, sessions_per_day=20.0))
    capped = simulate(stations(points=6, sessions_per_day=20.0, limit_kw=25.0))
    assert free["electric_load"].max() > 40e3
    assert capped["electric_load"].max() <= 25e3 + 11e3 / QUARTER
    assert capped["unserved_charging"].sum() > free["unserved_charging"].sum()
    np.testing.assert_array_equal(free["occupied_points"], capped["occupied_points"])


@pytest.mark.parametrize(("hours", "held"), [("17:00-20:00", range(17, 20)), ("22:00-06:00", {22, 23, *range(6)})])
def test_a_limit_holds_in_its_hours_on_the_civil_clock(hours, held):
    free = simulate(stations(points=6, sessions_per_day=30.0))["electric_load"]
    load = simulate(stations(points=6, sessions_per_day=30.0, limit_kw=25.0, limit_hours=hours))["electric_load"]
    dimmed = np.isin(AXIS.calendar(BERLIN).hour.astype(int), list(held))
    assert free[dimmed].max() > 30e3
    assert load[dimmed].max() <= 25e3 + 6 * 11e3 / QUARTER
    assert load[~dimmed].max() > 30e3


# -- chance


@pytest.mark.parametrize("cut", [[1] * AXIS.n, [96] * 14, [5, 700, AXIS.n - 705]])
def test_any_cut_gives_the_same(cut):
    city = stations(limit_kw=9.0, sessions_per_day=6.0)
    whole, parts = simulate(city), simulate(city, cut=cut)
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)


def test_step_means_are_the_exact_integral_whatever_the_step():
    city = stations(sessions_per_day=6.0)
    fine = simulate(city, TimeAxis(AXIS.start, 60, AXIS.n * 15))
    for name, values in simulate(city).items():
        np.testing.assert_allclose(fine[name].reshape(AXIS.n, 15, -1).mean(axis=1), values, rtol=1e-9, atol=1e-6)


def test_the_seed_decides_and_nothing_else():
    one, same, other = (simulate(stations(), seed=seed) for seed in (1, 1, 2))
    assert all(one[name].tobytes() == same[name].tobytes() for name in one)
    assert not np.array_equal(one["electric_load"], other["electric_load"])


def test_another_station_changes_nobody():
    alone = simulate(stations())
    more = build_stations(stations(), np.array([1]), PublicCharging(points=5, sessions_per_day=9.0), CODE)
    more = build_depots(more, np.array([0]), DepotCharging(fleet="buses", vehicles=4, points=2), CODE)
    among = simulate(more)
    for name, values in alone.items():
        assert np.array_equal(values, among[name][:, :2])
    assert among["electric_load"][:, 2:].any(axis=0).all()


def test_restore_replays():
    simulator = build(Setup(stations(), {}, BERLIN, QUARTER))
    simulator.start(AXIS, Streams(1))
    simulator.advance(TimeAxis(AXIS.start, QUARTER, 500), {})
    saved, rest = simulator.state(), TimeAxis(AXIS.start + 500 * QUARTER, QUARTER, 300)
    once = simulator.advance(rest, {})
    simulator.restore(saved)
    again = simulator.advance(rest, {})
    assert all(np.array_equal(once[name], again[name]) for name in once)


def test_thirty_years_take_no_more_memory_than_one():
    day = 86400
    axis = TimeAxis(AXIS.start, day, 30 * 365)
    simulator = build(Setup(depot(vehicles=1), {}, BERLIN, day))
    alive = []
    simulator.start(axis, Streams(1))
    for k in range(axis.n):
        simulator.advance(TimeAxis(axis.start + k * day, day, 1), {})
        if k in (364, axis.n - 1):
            gc.collect()
            alive.append(len(gc.get_objects()))
    assert abs(alive[1] - alive[0]) < 500  # some sessions are drawn ahead, some vehicles are there


# -- ports and indicators


def test_ports_keep_the_contract():
    simulator = build(Setup(stations(), {}, BERLIN, QUARTER))
    assert isinstance(simulator, Simulator)
    assert simulator.reads == ()
    assert build(Setup(filled(boxes()), {}, BERLIN, QUARTER)) is None


def test_indicators_by_hand():
    """The depot's day again: 3 sessions wait 15 h, the only point is taken for 14 of 24 h, a fifteenth is unserved."""
    city = depot(charger_kw=10.0, kwh_per_day=50.0, return_spread="0min", departure_spread="0min")
    level = "charging_station"
    indicators = [i for i in WING.indicators if i.level == level]
    streams = [s for i in indicators for s in streams_of(i)]
    axis = TimeAxis.at("2023-03-21T12:00", HOUR, 24, BERLIN.timezone)
    recorder = Recorder(level, np.ones(1), HOUR, streams, axis.start)
    on_building = Recorder("building", np.ones(1), HOUR, [], axis.start, full_series=["electric_load"])
    simulator = build(Setup(city, {}, BERLIN, HOUR))
    sizes = {name: len(table) for name, table in city.tables.items()}
    Coupling(Graph([simulator, recorder, on_building], sizes, city.links)).run(axis.start, axis.end, seed=1)
    found = {
        row.indicator: (row.value, row.unit)
        for row in evaluate("today", indicators, {level: recorder}, city.tables, {})
        if row.level == "quarter"
    }
    assert found["charging_sessions"] == (pytest.approx(3), "1")
    assert found["charging_wait"] == (pytest.approx(5), "h")
    assert found["point_utilisation"] == (pytest.approx(100 * 14 / 24), "pct")
    assert found["turned_away_share"] == (0, "pct")
    assert on_building.total_series()["electric_load"].sum() == pytest.approx(140e3)


# -- the data


@pytest.mark.corpus
@pytest.mark.parametrize("place", ["public", "workplace"])
def test_fitting_again_gives_the_parameters_that_are_shipped(shared, tmp_path, place):
    from twin.devices.ev.fit import fit, goodness, read_tables, write

    tables = read_tables(shared / "data" / "mobility" / "ev", place)
    parameters = fit(tables, place)
    write(tmp_path / "again.toml", parameters, goodness(tables, session_model(parameters)), place)
    again = tomllib.loads((tmp_path / "again.toml").read_text())
    shipped = tomllib.loads((files("twin.devices.ev") / "catalogue" / f"ev_sessions_{place}.toml").read_text())
    for section, values in shipped.items():
        for name, value in values.items():
            assert again[section][name] == pytest.approx(value, rel=5e-3, abs=5e-3), (section, name)


@pytest.mark.corpus
@pytest.mark.parametrize(("place", "stay", "energy"), [("public", 0.03, 0.13), ("workplace", 0.04, 0.10)])
def test_draws_look_like_the_raw_tables(shared, place, stay, energy):
    from twin.devices.ev.fit import read_tables

    tables, n = read_tables(shared / "data" / "mobility" / "ev", place), 40_000
    close = 1.95 / np.sqrt(n)
    random = np.random.default_rng(4)
    week = draw_sessions(station_sessions(place), random.random(n) < 2 / 7, random.random((n, DRAWS)))
    weekdays = draw_sessions(station_sessions(place), np.zeros(n, dtype=bool), random.random((n, DRAWS)))
    found = np.histogram(weekdays.arrival_h, np.linspace(0, 24, 97))[0] / n
    assert np.abs(np.cumsum(found - tables.weekday)).max() < 0.01 + close
    exceeded = np.arange(1, 100) / 100
    for values, table, distance in ((week.stay_h, tables.stay_h, stay), (week.energy_kwh, tables.energy_kwh, energy)):
        assert np.abs((values[:, None] > table).mean(axis=0) - exceeded).max() < distance + close
