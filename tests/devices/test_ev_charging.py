"""Cars at points of their own: energy is conserved, nobody's chance depends on others, low voltage slows charging."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildings_case import BERLIN, boxes, filled
from ev_case import (
    CODE,
    QUARTER,
    Given,
    Kept,
    accepted,
    advance,
    aware,
    charge,
    charging,
    energy,
    fleet,
)
from twin.devices.ev.kernel import droop
from twin.devices.ev.measures import ChargingStrategy, set_strategy
from twin.devices.ev.sessions import arrival_shares, average_day, energy_survival, home_sessions, stay_survival
from twin.devices.ev.simulator import build
from twin.engine import Read, Write
from twin.engine.coupling import Coupling
from twin.engine.graph import Graph, Loop
from twin.engine.ports import Simulator
from twin.engine.time import CivilTime, TimeAxis
from twin.quantities import Link
from twin.random import Streams
from twin.registry import Setup

AXIS = TimeAxis.at("2023-03-20", QUARTER, 14 * 96, BERLIN.timezone)  # with the change to summer time


# -- energy


def send(simulator, *sessions):
    """Let the first car make these visits (arrival, departure, J wanted) and the others none."""
    simulator.diary = Given(*((0, *session) for session in sessions))
    return simulator


def run_alone(axis, *sessions):
    """Return what the first of a few cars does at a point of 3 kW."""
    simulator = send(charging(fleet(1, 0.2, charger_kw=3.0, phases=1), axis.step_s), *sessions)
    return {name: values[:, 0] for name, values in advance(simulator, axis).items()}


def run_drawn(city, axis=AXIS, **inputs):
    """Run the drawn visits that are over by the end of the axis; return what is written and the visits by car."""
    simulator = charging(city)
    simulator.diary = Kept(simulator.diary, axis.end)
    out = advance(simulator, axis, inputs)
    visits = [[] for _ in range(len(city.tables["vehicle"]))]
    for vehicle, *visit in accepted(simulator.diary.seen):
        visits[vehicle].append(visit)
    return out, visits


def wanted_by(visits):
    return np.array([sum(joule for _, _, joule in of_one) for of_one in visits])


@pytest.mark.parametrize("params", [{}, {"charger_kw": 2.3, "phases": 1}])
def test_what_is_charged_and_what_is_not_is_what_the_sessions_want(params):
    out, visits = run_drawn(fleet(**params))
    wanted = wanted_by(visits)
    assert wanted.sum() > 1e9
    given, missed = energy(out["electric_load"]), energy(out["unserved_charging"])
    np.testing.assert_allclose(given + missed, wanted, rtol=1e-9)
    np.testing.assert_allclose(energy(out["requested_charging"]), wanted, rtol=1e-9)
    watts = 1e3 * params.get("charger_kw", 11.0)
    beyond = [sum(max(joule - watts * (b - a), 0.0) for a, b, joule in of_one) for of_one in visits]
    np.testing.assert_allclose(missed, beyond, rtol=1e-9)
    assert missed.any() == ("charger_kw" in params)  # 11 kW serve all: nobody wants more than they give in the stay


def test_energy_is_conserved_when_power_changes_with_the_voltage():
    city = aware(fleet(), least_share=0.0)
    voltage = np.random.default_rng(5).uniform(0.88, 0.97, (AXIS.n, len(city.tables["charging_point"])))
    out, visits = run_drawn(city, voltage=voltage)
    served = energy(out["electric_load"]) + energy(out["unserved_charging"])
    np.testing.assert_allclose(served, wanted_by(visits), rtol=1e-9)
    assert (out["electric_load"] <= 11_000 * droop(voltage, 0.90, 0.95, 0.0) + 1e-6).all()
    assert out["unserved_charging"].any()


def test_step_means_are_the_exact_integral_whatever_the_step():
    city = fleet()
    fine = charge(city, TimeAxis(AXIS.start, 60, AXIS.n * 15))
    coarse = charge(city, AXIS)
    for name in fine:
        np.testing.assert_allclose(fine[name].reshape(AXIS.n, 15, -1).mean(axis=1), coarse[name], rtol=1e-9, atol=1e-6)


def test_a_session_second_by_second():
    """100 kJ at 3 kW: 33 whole seconds, and 1 kJ in the 34th."""
    out = run_alone(TimeAxis(0, 1, 90), (5, 60, 100_000.0))
    assert out["electric_load"].tolist() == pytest.approx([0] * 5 + [3000] * 33 + [1000] + [0] * 51, abs=1e-9)
    assert np.array_equal(out["requested_charging"], out["electric_load"])


def test_who_leaves_early_leaves_without_the_rest():
    out = run_alone(TimeAxis(0, 1, 40), (5, 25, 100_000.0))
    assert out["electric_load"].sum() == pytest.approx(60_000)
    assert out["unserved_charging"].tolist() == pytest.approx([0] * 25 + [40_000] + [0] * 14)


def test_of_a_session_beyond_the_horizon_only_what_it_got_is_due():
    out = run_alone(TimeAxis(0, 1, 20), (5, 60, 100_000.0))
    assert out["electric_load"].sum() == pytest.approx(45_000)
    assert out["requested_charging"].sum() == pytest.approx(45_000)
    assert not out["unserved_charging"].any()


def test_a_car_that_is_still_there_does_not_come_again():
    out = run_alone(TimeAxis(0, 60, 200), (0, 7200, 1e6), (3600, 9000, 1e6), (7200, 9000, 1e6))
    assert energy(out["requested_charging"], 60) == pytest.approx(2e6)


@st.composite
def some_visits(draw):
    """Visits some of which want more than time allows, or begin during another."""
    drawn = draw(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 400), st.integers(0, 5_000_000)), max_size=8))
    arrivals = np.cumsum([pause for pause, _, _ in drawn]).tolist()
    return [(a, a + stay, float(joule)) for a, (_, stay, joule) in zip(arrivals, drawn, strict=True)]


voltages = st.lists(st.sampled_from([0.88, 0.91, 0.93, 1.0]), min_size=60, max_size=60)


@given(some_visits(), voltages, st.sampled_from([0.0, 0.4]))
def test_no_joule_is_lost_however_visits_and_voltages_fall_together(sessions, voltage, least):
    simulator = send(charging(SOME_AWARE[least], 30), *sessions)
    axis = TimeAxis(0, 30, 60)
    given_ = np.repeat(np.array(voltage)[:, None], len(SOME_AWARE[least].tables["charging_point"]), axis=1)
    out = advance(simulator, axis, {"voltage": given_})
    visits = [visit for _, *visit in accepted((0, *s) for s in sessions) if visit[0] < axis.end]
    over = sum(joule for _, departure, joule in visits if departure < axis.end)
    under_way = sum(joule for _, departure, joule in visits if departure >= axis.end)
    served = energy(out["electric_load"], 30)[0] + energy(out["unserved_charging"], 30)[0]
    assert over * (1 - 1e-9) - 1e-3 <= served <= (over + under_way) * (1 + 1e-9) + 1e-3
    assert (out["electric_load"] <= 11_000 * droop(given_, 0.90, 0.95, least) + 1e-6).all()


SOME_AWARE = {least: aware(fleet(1, 0.2), least_share=least) for least in (0.0, 0.4)}


# -- chance


@pytest.mark.parametrize("steps", [[1] * AXIS.n, [96] * 14, [5, 700, AXIS.n - 705]])
def test_any_cut_gives_the_same(steps):
    city = aware(fleet())
    whole, parts = charge(city, AXIS, 0.93), charge(city, AXIS, 0.93, steps)
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)


def test_the_seed_decides_and_nothing_else():
    city = fleet()
    one, same, other = (charge(city, AXIS, seed=seed)["electric_load"] for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


def test_more_cars_change_nothing_for_those_that_are_there():
    few, many = fleet(3, 0.3), fleet(3, 0.8)
    ids = many.tables["charging_point"].ids.tolist()
    rows = [ids.index(name) for name in few.tables["charging_point"].ids.tolist()]
    assert 0 < len(rows) < len(ids)
    for name, values in charge(few, AXIS).items():
        assert np.array_equal(values, charge(many, AXIS)[name][:, rows])


def test_a_later_start_changes_no_draw():
    early, late = charging(fleet()).diary, charging(fleet()).diary
    early.begin(AXIS, 1)
    late.begin(TimeAxis(AXIS.start + 4 * 86400, QUARTER, 96), 1)
    for name in ("vehicle", "arrival", "departure", "energy"):
        assert np.array_equal(getattr(early.visits(4), name), getattr(late.visits(0), name))
    assert early.begins[4] == late.begins[0]


def test_public_holidays_are_weekend_days():
    city, monday = fleet(6, 2.0), (AXIS.start + 3600) // 86400
    workday = charging(city).diary
    holiday = charging(city, civil=CivilTime(BERLIN.timezone, frozenset([monday]))).diary
    workday.begin(AXIS, 1)
    holiday.begin(AXIS, 1)
    one, other = workday.visits(0), holiday.visits(0)
    assert np.array_equal(one.vehicle, other.vehicle)  # as many come, only at other hours
    assert (one.arrival != other.arrival).all()
    for day in range(1, 6):
        assert np.array_equal(workday.visits(day).arrival, holiday.visits(day).arrival)


def test_one_pass_and_a_loop_give_the_same_while_the_voltage_is_high():
    city = fleet()
    plain, followed = charge(city, AXIS), charge(aware(city), AXIS, voltage=1.0)
    np.testing.assert_allclose(plain["electric_load"], followed["electric_load"], rtol=1e-9, atol=1e-6)


def test_arrivals_follow_the_fit_on_the_civil_clock():
    city = fleet(6, 2.0, annual_km=25_000.0)
    axis = TimeAxis.at("2023-03-06", QUARTER, 140 * 96, BERLIN.timezone)
    load = charge(city, axis)["electric_load"]
    begun = (load > 0) & (np.vstack([np.zeros(load.shape[1]), load[:-1]]) == 0)
    clock = axis.calendar(BERLIN)
    for weekend, mixture in ((False, home_sessions().weekday), (True, home_sessions().weekend)):
        days = (clock.weekday >= 5) == weekend
        hours = np.repeat(clock.hour[days], begun[days].sum(axis=1))
        found = np.histogram(hours, np.linspace(0, 24, 25))[0] / len(hours)
        gap = np.abs(np.cumsum(found - arrival_shares(mixture, np.linspace(0, 24, 25)))).max()
        assert gap < 1.95 / np.sqrt(len(hours)) + 0.01


def test_stays_and_energies_follow_the_curves():
    city = fleet(60, 2.0, battery_kwh=500.0)
    diary = charging(city).diary
    diary.begin(TimeAxis.at("2023-03-06", QUARTER, 70 * 96, BERLIN.timezone), 1)
    weeks = [diary.visits(k) for k in range(70)]
    stay = np.concatenate([(day.departure - day.arrival) / 3600 for day in weeks])
    kwh = np.concatenate([day.energy / 3.6e6 for day in weeks])
    model, points = home_sessions(), np.linspace(0.5, 60, 60)
    hours, shares = average_day(model.weekday, model.weekend)
    close = 1.95 / np.sqrt(len(stay)) + 0.005  # Kolmogorov, and the curves' half hours
    for values, curve in (
        (stay, stay_survival(model.stay, hours[:, None], points)),
        (kwh, energy_survival(model.energy, model.stay, hours[:, None], points)),
    ):
        assert np.abs((values[:, None] > points).mean(axis=0) - shares @ curve).max() < close


def test_the_year_s_energy_is_what_the_mileage_takes():
    city = fleet(5, 2.0)
    axis = TimeAxis.at("2023-01-01", 3600, 8760, BERLIN.timezone)
    wanted = energy(charge(city, axis)["requested_charging"], 3600)
    assert wanted.mean() == pytest.approx(12_320 / 100 * 20 * 0.65 * 3.6e6, rel=0.05)


def test_most_power_is_drawn_in_the_evening_and_less_at_a_time_the_more_cars_there_are():
    axis = TimeAxis.at("2023-03-06", QUARTER, 140 * 96, BERLIN.timezone)
    load = charge(fleet(6, 2.0), axis)["electric_load"]
    by_hour = np.array([load[axis.calendar(BERLIN).hour // 1 == h].sum() for h in range(24)])
    assert 17 <= by_hour.argmax() <= 21
    assert by_hour[17:22].mean() > 3 * by_hour[4:10].mean()
    sizes = [1, 3, 10, 30, load.shape[1]]
    coincidence = [load[:, :n].sum(axis=1).max() / (11_000 * n) for n in sizes]
    assert coincidence[0] == 1
    assert (np.diff(coincidence) <= 0).all()
    assert coincidence[-1] < 0.4


def test_restore_goes_back():
    city = aware(fleet())
    simulator, n = charging(city), len(city.tables["charging_point"])
    simulator.keeps_inputs = True
    half = TimeAxis(AXIS.start, QUARTER, 500)
    rest = TimeAxis(half.end, QUARTER, 300)
    simulator.start(AXIS, Streams(1))
    simulator.advance(half, {"voltage": np.full((500, n), 0.92)})
    saved = simulator.state()
    once = {q: v.copy() for q, v in simulator.advance(rest, {"voltage": np.full((300, n), 0.94)}).items()}
    simulator.restore(saved)
    again = simulator.advance(rest, {"voltage": np.full((300, n), 0.94)})
    assert all(np.array_equal(once[name], again[name]) for name in once)


# -- voltage


def test_the_droop():
    voltage = np.array([1.0, 0.95, 0.925, 0.91, 0.8])
    assert droop(voltage, 0.90, 0.95, 0.375).tolist() == pytest.approx([1, 1, 0.5, 0.375, 0.375])


def test_the_lower_the_voltage_the_slower_and_the_more_is_missed():
    city = aware(fleet(), least_share=0.05)
    runs = [charge(city, AXIS, voltage=v) for v in (0.96, 0.93, 0.91)]
    peaks = [run["electric_load"].max() for run in runs]
    missed = [energy(run["unserved_charging"]).sum() for run in runs]
    assert peaks == pytest.approx([11_000, 6600, 2200])
    assert missed[0] == 0
    assert missed[0] < missed[1] < missed[2]


def test_without_any_voltage_nobody_charges_and_all_is_missed():
    out = charge(aware(fleet(), least_share=0.0), AXIS, voltage=0.85)
    assert not out["electric_load"].any()
    assert np.array_equal(out["unserved_charging"], out["requested_charging"])
    assert energy(out["unserved_charging"]).sum() == pytest.approx(
        energy(charge(fleet(), AXIS)["electric_load"]).sum(), rel=0.1
    )


def test_points_without_control_keep_their_power():
    city = fleet()
    city = set_strategy(city, np.array([0]), ChargingStrategy(strategy="voltage_aware"), CODE)
    alone, together = charge(fleet(), AXIS), charge(city, AXIS, voltage=0.8)
    assert np.array_equal(alone["electric_load"][:, 1:], together["electric_load"][:, 1:])
    assert together["electric_load"][:, 0].max() == pytest.approx(0.375 * 11_000)


class Feeder:
    """A grid of one node whose voltage falls by 1 % for every 20 kW drawn."""

    name, version, step_s = "feeder", "1", QUARTER
    reads = (Read("electric_load", "phase_node", "sum"),)
    writes = (Write("voltage", "phase_node"),)

    def start(self, axis, streams):
        pass

    def advance(self, window, inputs):
        return {"voltage": 1 - inputs["electric_load"] / 2e6}

    def state(self):
        return None

    def restore(self, state):
        pass


def feed(city, window_s=None):
    from twin.engine.recorder import Recorder, Stream

    sizes = {**{name: len(table) for name, table in city.tables.items()}, "phase_node": 1}
    links = (*city.links, Link.belongs("charging_point", "phase_node", np.zeros(sizes["charging_point"], dtype=int)))
    stream = Stream(("voltage",), "hours_below", threshold=0.935)
    recorder = Recorder("phase_node", np.ones(1), QUARTER, [stream], AXIS.start, full_series=["electric_load"])
    graph = Graph([charging(city), Feeder(), recorder], sizes, links)
    Coupling(graph, window_s).run(AXIS.start, AXIS.end, seed=1)
    return graph, recorder.values(stream).total, recorder.total_series()["electric_load"]


def test_only_control_closes_a_loop_and_it_shortens_low_voltage():
    city = fleet(8, 2.0)
    plain, long, load = feed(city)
    controlled, short, smoothed = feed(aware(city))
    assert not any(isinstance(item, Loop) for item in plain.order)
    loops = [item for item in controlled.order if isinstance(item, Loop)]
    assert [{controlled.simulators[m].name for m in loop.members} for loop in loops] == [{"ev_charging", "feeder"}]
    assert long > 0
    assert short < 0.8 * long
    assert np.sort(smoothed)[-40:].mean() < np.sort(load)[-40:].mean()


def test_cutting_the_loop_into_windows_changes_nothing():
    city = aware(fleet(4, 2.0))
    np.testing.assert_allclose(feed(city, 86400)[2], feed(city)[2], rtol=1e-9, atol=1e-6)


def test_ports_keep_the_contract():
    simulator = build(Setup(fleet(), {}, BERLIN, QUARTER))
    assert isinstance(simulator, Simulator)
    assert simulator.reads == ()
    assert build(Setup(filled(boxes()), {}, BERLIN, QUARTER)) is None
