"""A station by hand, and its queue against Erlang's formulas."""

import math
from itertools import count

import numpy as np
import pytest
from ev_station_case import Stations, integral, serve
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student

from twin.devices.ev.station_kernel import equal_share, seconds_until
from twin.devices.ev.station_queue import BOOKED, Plan, Visit
from twin.engine.time import TimeAxis
from twin.random import Streams

# -- by hand


def test_a_session_second_by_second():
    """100 kJ at 3 kW: 33 whole seconds, and 1 kJ in the 34th; the point is taken until the vehicle leaves."""
    out = serve(Plan(1, 3000.0), [Visit(5, 100_000.0, 5, stay=60)], 90)
    assert out["electric_load"].tolist() == [0] * 5 + [3000] * 33 + [1000] + [0] * 51
    assert out["occupied_points"].tolist() == [0] * 5 + [1] * 60 + [0] * 25
    assert np.flatnonzero(out["charging_sessions"]).tolist() == [5]
    assert not out["unserved_charging"].any()
    assert not out["waiting_vehicles"].any()


def test_who_leaves_early_leaves_without_the_rest():
    out = serve(Plan(1, 3000.0), [Visit(5, 100_000.0, 5, stay=20)], 40)
    assert integral(out["electric_load"]) == 60_000
    assert out["unserved_charging"].tolist() == [0] * 25 + [40_000] + [0] * 14


def test_a_vehicle_waits_its_turn_as_long_as_its_patience_lasts():
    """One point. The first holds it from 0 to 20; the second waits for it from 2, the third from 3 to 13, and goes."""
    visits = [Visit(0, 1e3, 10, stay=20), Visit(2, 1e3, 22, stay=10), Visit(3, 7e3, 13, stay=10)]
    out = serve(Plan(1, 1000.0), visits, 40)
    waiting = np.zeros(40)
    waiting[2:20] += 1
    waiting[3:13] += 1
    np.testing.assert_array_equal(out["waiting_vehicles"], waiting)
    assert np.flatnonzero(out["turned_away_sessions"]).tolist() == [13]
    assert out["unserved_charging"][13] == 7e3
    assert out["electric_load"].tolist() == [1000] + [0] * 19 + [1000] + [0] * 19
    assert out["occupied_points"].tolist() == [1] * 30 + [0] * 10


def test_who_does_not_wait_is_turned_away_at_once():
    out = serve(Plan(1, 1000.0), [Visit(0, 1e3, 0, stay=20), Visit(5, 1e3, 5, stay=20), Visit(20, 1e3, 20, 5)], 30)
    assert np.flatnonzero(out["turned_away_sessions"]).tolist() == [5]
    assert not out["waiting_vehicles"].any()
    assert integral(out["charging_sessions"]) == 3


def test_a_vehicle_whose_patience_ends_as_a_point_gets_free_leaves():
    """And the next in the queue gets the point."""
    visits = [Visit(0, 0.0, 0, stay=10), Visit(1, 5.0, 10, stay=10), Visit(2, 0.0, 30, stay=10)]
    out = serve(Plan(1, 1000.0), visits, 30)
    assert np.flatnonzero(out["turned_away_sessions"]).tolist() == [10]
    assert out["occupied_points"].tolist() == [1] * 20 + [0] * 10


def test_the_limit_is_shared_and_shares_change_at_the_very_second():
    """Both want an hour of 11 kW, all that there is; the second comes 1,800 s later.

    The first has half of what it wants by then, and gets the rest at 5.5 kW until 5,400. By then the second has
    5.5 kW for 3,600 s, half of what it wants, and the rest takes 1,800 s more at full power.
    """
    both = [Visit(0, 11e3 * 3600, 0, stay=86400), Visit(1800, 11e3 * 3600, 1800, stay=86400)]
    out = serve(Plan(2, 11e3, limit=11e3), both, 8000)
    assert out["electric_load"].tolist() == [11e3] * 7200 + [0] * 800
    early = [Visit(0, 11e3 * 3600, 0, stay=5399), both[1]]  # a second before it has what it wants
    out = serve(Plan(2, 11e3, limit=11e3), early, 8000)
    assert out["unserved_charging"][5399] == 5500
    assert integral(out["unserved_charging"]) == 5500
    assert integral(out["electric_load"]) == pytest.approx(22e3 * 3600 - 5500, rel=1e-12)
    assert out["electric_load"].nonzero()[0].max() == 7199


def test_a_limit_that_comes_and_goes_changes_the_power_at_once():
    """Two vehicles at 10 kW each; from 100 to 300 s there are 10 kW for both."""
    plan, axis = Plan(2, 10e3), TimeAxis(0, 1, 500)
    stations = Stations(plan, 1, lambda *_: iter([Visit(0, 3e6, 0, stay=900), Visit(0, 1e9, 0, stay=900)]), 1)
    begin = stations.begin

    def begin_with_limits(axis, streams):
        begin(axis, streams)
        stations.env.process(stations.open[0].follow([(100, 10e3), (300, math.inf)]))

    stations.begin = begin_with_limits
    stations.start(axis, Streams(0))
    load = stations.advance(axis, {})["electric_load"][:, 0]
    assert load.tolist() == [20e3] * 100 + [10e3] * 200 + [20e3] * 100 + [10e3] * 100


def test_no_vehicle_is_dimmed_below_the_least_power():
    assert equal_share(11e3, math.inf, 0.0, 5) == 11e3
    assert equal_share(11e3, 30e3, 4e3, 5) == 6e3
    assert equal_share(11e3, 30e3, 4e3, 10) == 4e3
    assert equal_share(11e3, 30e3, 4e3, 1) == 11e3
    assert seconds_until(100_000.0, 3000.0) == 33


def returned(departures):
    """Three vans that return one after the other, a second apart, each for 10 s of charging."""
    return [Visit(k, 10e3, leave, departure=leave) for k, leave in enumerate(departures)]


def test_who_returned_first_or_who_leaves_first_gets_the_next_free_point():
    """One point, vehicles make room when charged: 0-10, 10-20, 20-30. The third has to leave at 25."""
    by_return = serve(Plan(1, 1e3, leaves_when_charged=True), returned([100, 100, 25]), 120)
    assert np.flatnonzero(by_return["unserved_charging"]).tolist() == [25]
    assert integral(by_return["unserved_charging"]) == 5e3
    first_to_leave = Plan(1, 1e3, leaves_when_charged=True, first_to_leave=True)
    by_departure = serve(first_to_leave, returned([100, 100, 25]), 120)
    assert not by_departure["unserved_charging"].any()
    for out in (by_return, by_departure):
        assert integral(out["waiting_vehicles"]) == (10 - 1) + (20 - 2)
        assert integral(out["electric_load"]) + integral(out["unserved_charging"]) == 30e3


def test_who_gets_no_point_before_it_has_to_leave_leaves_without_anything():
    out = serve(Plan(1, 1e3, leaves_when_charged=True), returned([100, 100, 15]), 120)
    assert np.flatnonzero(out["turned_away_sessions"]).tolist() == [15]
    assert integral(out["unserved_charging"]) == 10e3


def test_the_last_second_takes_the_point_too():
    """Each wants 2.5 s of 1 kW, and has the point for three."""
    visits = [Visit(0, 2500.0, 90, stay=60), Visit(0, 2500.0, 90, stay=60)]
    out = serve(Plan(1, 1e3, leaves_when_charged=True), visits, 9)
    assert out["electric_load"].tolist() == [1e3, 1e3, 500, 1e3, 1e3, 500, 0, 0, 0]
    assert out["occupied_points"].tolist() == [1] * 6 + [0] * 3
    assert out["waiting_vehicles"].tolist() == [1] * 3 + [0] * 6


# -- conservation

visit_lists = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 3_000_000), st.integers(0, 90), st.integers(1, 300)), max_size=25
)


@given(visit_lists, st.integers(1, 4), st.sampled_from([math.inf, 9e3, 20e3]), st.booleans(), st.booleans())
def test_no_joule_and_no_vehicle_is_lost(drawn, points, limit, leaves, first_to_leave):
    arrivals = np.cumsum([pause for pause, *_ in drawn]).tolist()
    visits = [Visit(a, float(j), a + p, stay=s) for a, (_, j, p, s) in zip(arrivals, drawn, strict=True)]
    for k, visit in enumerate(visits):
        if k % 3 == 0:  # some know when they leave
            visit.stay, visit.departure = None, int(visit.gives_up) + drawn[k][3]
    end = 5000  # when all have left
    out = serve(Plan(points, 11e3, limit, 2e3, leaves, first_to_leave), visits, end, step_s=10)
    charged, unserved = integral(out["electric_load"], 10), integral(out["unserved_charging"], 10)
    assert charged + unserved == pytest.approx(sum(j for _, j, *_ in drawn), rel=1e-9, abs=1e-6)
    assert integral(out["charging_sessions"], 10) == pytest.approx(len(drawn))
    assert all((values >= -1e-9).all() for values in out.values())
    assert (out["electric_load"] <= max(min(points * 11e3, limit), points * 2e3) + points * 11e3 / 10 + 1e-6).all()
    assert (out["occupied_points"] <= points + 1e-9).all()
    assert out["occupied_points"][-1] == out["waiting_vehicles"][-1] == 0


# -- Erlang

STAY_S = 36_000.0


def erlang_b(points, offered):
    """Return the share of arrivals lost in M/M/c/c."""
    lost = 1.0
    for c in range(1, points + 1):
        lost = offered * lost / (c + offered * lost)
    return lost


def erlang_c_wait(points, offered):
    """Return the mean waiting time in M/M/c over the mean stay."""
    lost = erlang_b(points, offered)
    waits = lost / (1 - offered / points * (1 - lost))
    return waits / (points - offered)


def poisson_visits(offered, patience):
    """Return visits with exponential times between them and exponential stays."""

    def visits(row, axis, streams):
        random, now = streams.generator("visits", str(row)), 0.0
        for _ in count():
            pauses, stays = random.exponential(STAY_S / offered, 256), random.exponential(STAY_S, 256)
            for pause, stay in zip(pauses.tolist(), stays.tolist(), strict=True):
                now += pause
                arrival = round(now)
                yield Visit(arrival, 0.0, arrival + patience, stay=round(stay))

    return visits


def queues(points, offered, patience, customers, replications, seed):
    """Return by replication what is booked in steady state: independent stations, after 100 stays of warm-up."""
    step_s = int(10 * STAY_S)
    warm_up, n = 10, int(customers / replications / offered / 10) + 1
    stations = Stations(Plan(points, 1e3), replications, poisson_visits(offered, patience), step_s)
    stations.start(TimeAxis(0, step_s, warm_up + n), Streams(seed))
    stations.advance(TimeAxis(0, step_s, warm_up), {})
    out = stations.advance(TimeAxis(warm_up * step_s, step_s, n), {})
    assert set(out) == set(BOOKED)
    return {name: values.sum(axis=0) * step_s for name, values in out.items()}


def interval(above, below):
    """Return a ratio of means and the half width of its 99 % confidence interval, from independent replications.

    Of the ratio estimator with its linearised variance (Law 2015, Simulation Modeling and Analysis, section 9.5.3).
    """
    ratio = above.sum() / below.sum()
    spread = (above - ratio * below).std(ddof=1) / below.mean() / np.sqrt(len(above))
    return ratio, student.ppf(0.995, len(above) - 1) * spread


SMALL = (40_000, 100)
MANY = (1_000_000, 400)


@pytest.mark.parametrize(
    ("points", "offered", "customers", "replications"),
    [(1, 0.6, *SMALL), (3, 1.8, *SMALL), pytest.param(3, 1.8, *MANY, marks=pytest.mark.slow)],
)
def test_mean_waiting_time_is_erlang_c(points, offered, customers, replications):
    booked = queues(points, offered, math.inf, customers, replications, seed=5)
    assert booked["charging_sessions"].sum() > 0.99 * customers
    wait, half = interval(booked["waiting_vehicles"], booked["charging_sessions"])
    exact = erlang_c_wait(points, offered) * STAY_S
    assert half < (0.15 if customers < 1e6 else 0.03) * exact  # narrow enough to find a mistake
    assert abs(wait - exact) < half
    assert not booked["turned_away_sessions"].any()


@pytest.mark.parametrize(("points", "offered"), [(2, 1.5), (5, 4.0)])
def test_share_turned_away_is_erlang_b(points, offered):
    booked = queues(points, offered, 0, *SMALL, seed=6)
    share, half = interval(booked["turned_away_sessions"], booked["charging_sessions"])
    exact = erlang_b(points, offered)
    assert half < 0.05 * exact
    assert abs(share - exact) < half
    assert not booked["waiting_vehicles"].any()
    taken, near = interval(booked["occupied_points"], booked["charging_sessions"])
    assert abs(taken - STAY_S * (1 - exact)) < near  # Little's law


def test_the_formulas_are_the_textbooks():
    """Erlang B of 2 points and 1 erlang is 1/5, Erlang C 1/3; M/M/1 waits rho / (1 - rho) stays."""
    assert erlang_b(2, 1.0) == pytest.approx(0.2)
    assert erlang_c_wait(2, 1.0) == pytest.approx(1 / 3)
    assert erlang_c_wait(1, 0.6) == pytest.approx(1.5)
