"""Strategies of charging: a day of one car worked out by hand for each, and what must hold for all of them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from buildings_case import BERLIN
from ev_case import (
    QUARTER,
    Given,
    Kept,
    accepted,
    advance,
    charging,
    controlled,
    energy,
    fleet,
    with_transformer,
)
from twin.devices.ev.model import STRATEGIES
from twin.devices.ev.simulator import build
from twin.engine.coupling import Coupling
from twin.engine.graph import Graph
from twin.engine.ports import Simulator, Stateless, Write
from twin.engine.signals import Series
from twin.engine.time import TimeAxis
from twin.errors import TwinError
from twin.quantities import QUANTITIES, Link
from twin.random import Streams
from twin.registry import Setup
from twin.table import Table

KWH = 3.6e6
HOUR = 3600
DAY = TimeAxis(10 * 86400 + 12 * HOUR, HOUR, 24)  # from noon to noon
NOON = DAY.start


BOTH = ("prices.electricity", "prices.vehicle_feed_in")  # of what is drawn and of what is given back


def hourly(values, first=0):
    """Return a price that has these values, ct/kWh, from an hour after noon on and 30 else."""
    steps = np.full(24, 30.0)
    steps[first : first + len(values)] = values
    return Series(DAY, steps / 100 / KWH)


def one_car(strategy, **params):
    """Return a city with one car of 50 kWh at a point of 11 kW."""
    cars = {name: params.pop(name) for name in ("target_soc", "taper_from") if name in params}
    city = fleet(1, 0.2, battery_kwh=50.0, **cars)
    assert len(city.table("vehicle")) == 1
    return controlled(city, strategy, **params)


def day(city, arrives, leaves, kwh, signals=None, **inputs):
    """Return by quantity what one visit, in hours after noon, makes of every hour, kW."""
    simulator = charging(city, HOUR, signals)
    simulator.diary = Given((0, NOON + int(arrives * HOUR), NOON + int(leaves * HOUR), kwh * KWH))
    sizes = {name: len(table) for name, table in city.tables.items()}
    given_ = {}
    for read in simulator.reads:
        values = np.zeros(24)
        values[: len(inputs.get(read.key, ()))] = inputs.get(read.key, ())
        given_[read.key] = np.repeat(values[:, None], sizes[read.per], axis=1)
    out = advance(simulator, DAY, given_)
    again = advance(simulator, DAY, given_, [1] * 24)
    assert all(np.array_equal(out[name], again[name]) for name in out)
    return {name: values[:, 0] / 1e3 for name, values in out.items()}


def kw(expected, first):
    """Return a day that is zero but for some hours."""
    values = np.zeros(24)
    values[first : first + len(expected)] = expected
    return pytest.approx(values, abs=1e-9)


# -- a day by hand: at home from 18:00 to 07:00 (hours 6 to 19 after noon)


def test_uncontrolled():
    out = day(one_car("uncontrolled"), 6, 19, 30.25)
    assert out["electric_load"] == kw([11, 11, 8.25], 6)
    assert np.array_equal(out["requested_charging"], out["electric_load"])


def test_uncontrolled_at_the_end_of_a_battery():
    """From 60 to 96 % at 11 kW: 10 kWh to the transition, then what is left of 10 kWh falls by exp(-t / tau)."""
    out = day(one_car("uncontrolled", target_soc=0.96), 6, 19, 18)
    tau, flat = 10 / 11, 10 / 11  # h
    room = 10 * np.exp(-(np.arange(1, 4) - flat) / tau)
    expected = [20 - room[0], room[0] - room[1], room[1] - 2]
    assert room[2] < 2 < room[1]
    assert out["electric_load"] == kw(expected, 6)


def test_cheapest_hours():
    prices = hourly([40, 35, 20, 25, 9, 10, 28], 6)
    out = day(one_car("cheapest_hours"), 6.5, 19, 30.25, {"prices.electricity": prices})
    assert out["electric_load"] == kw([0, 0, 8.25, 0, 11, 11], 6)


def test_lowest_emissions():
    signals = {"emissions.electricity": hourly([9, 8, 7, 1, 1], 6), "prices.electricity": hourly([1, 1, 1, 9], 6)}
    out = day(one_car("lowest_emissions"), 6.5, 10.5, 30.25, signals)
    assert out["electric_load"] == kw([0, 2.75, 11, 11, 5.5], 6)


def test_pv_surplus_from_six_amperes_on():
    """6 A on three phases are 4.14 kW: less is left alone."""
    city = one_car("pv_surplus", guarantee=False)
    sun, load = [4.0, 5.0, 9.0, 14.0, 5.5], [0.0, 0.5, 1.0, 1.0, 1.0]
    inputs = {"building_generation": 1e3 * np.array(sun), "building_load": 1e3 * np.array(load)}
    out = day(city, 0, 6, 33, **inputs)
    assert out["electric_load"] == kw([0, 4.5, 8, 11, 4.5], 0)
    assert out["unserved_charging"] == kw([5], 6)


def test_pv_surplus_with_a_guarantee():
    """Without enough sun 33 kWh need the last three hours; 4.5 kWh of sun push that to 8.5 kWh in the first of them."""
    city = one_car("pv_surplus")
    out = day(city, 0, 6, 33, building_generation=[4000.0, 4500.0])
    assert out["electric_load"] == kw([0, 4.5, 0, 6.5, 11, 11], 0)
    assert not out["unserved_charging"].any()


def test_voltage_aware_sees_the_hour_before():
    """Half of the power at the middle of the band, 0.375 of it below; the first hour knows no voltage yet."""
    city = one_car("voltage_aware")
    out = day(city, 6, 9, 33, voltage=[1, 1, 1, 1, 1, 1, 0.96, 0.925, 0.90])
    assert out["electric_load"] == kw([11, 5.5, 4.125], 6)
    assert out["unserved_charging"] == kw([33 - 20.625], 9)


def test_feeder_limit():
    """0.9 of 20 kW less the load of others, but never less than 4.2 kW."""
    city = with_transformer(one_car("feeder_limit", limit_share=0.9), 20)
    load = [0] * 6 + [5e3, 12e3, 17e3, 30e3, 12e3]
    out = day(city, 6, 19, 33, transformer_load=load, transformer_generation=[0] * 10 + [1e3])
    assert out["electric_load"] == kw([11, 6, 4.2, 4.2, 7, 0.6], 6)


def test_vehicle_to_grid():
    """Of 30 kWh 15 may leave the battery, 12 come back: 10 in the dearest hour and 2 in the next."""
    city = one_car("vehicle_to_grid", round_trip_efficiency=0.8, wear_cost_eur_per_kwh=0.01)
    out = day(city, 6, 12, 10, dict.fromkeys(BOTH, hourly([39, 40, 20, 10, 10, 10], 6)))
    assert out["electric_generation"] == kw([2, 10], 6)
    assert out["electric_load"] == kw([0, 0, 0, 11, 11, 3], 6)
    assert out["requested_charging"] == kw([0, 0, 0, 0, 7, 3], 6)  # 15 kWh make up for what was given
    assert np.array_equal(out["vehicle_discharging"], out["electric_generation"])


def test_who_comes_with_little_gives_nothing():
    city = one_car("vehicle_to_grid", round_trip_efficiency=0.8)
    out = day(city, 6, 19, 26, dict.fromkeys(BOTH, hourly([90, 90, 20, 10, 10], 6)))
    assert not out["electric_generation"].any()
    assert out["electric_load"] == kw([0, 0, 4, 11, 11], 6)


def test_beyond_the_run_its_last_day_goes_on():
    """At 10:00 of the last day a car plans until 15:00; what noon to 15:00 cost today they will cost tomorrow."""
    prices = hourly([5, 6, 50], 0)
    out = day(one_car("cheapest_hours"), 22, 27, 22, {"prices.electricity": prices})
    assert not out["electric_load"].any()


def test_two_cars_at_one_point_within_an_hour():
    simulator = charging(one_car("uncontrolled"), HOUR)
    visits = (0, NOON, NOON + 600, 1 * KWH), (0, NOON + 900, NOON + 1800, 2 * KWH)
    simulator.diary = Given(*visits)
    out = advance(simulator, DAY)
    assert out["electric_load"][0, 0] == pytest.approx(3000)


# -- what must hold for all


FORTNIGHT = TimeAxis.at("2023-03-20", QUARTER, 14 * 96, BERLIN.timezone)
PRICES = Series(FORTNIGHT.with_step(HOUR), np.random.default_rng(3).gamma(4.0, 0.07 / KWH, 14 * 24))
SIGNALS = {"prices.electricity": PRICES, "prices.vehicle_feed_in": PRICES, "emissions.electricity": PRICES}


def quarter(strategy, n=2, **params):
    cars = {name: params.pop(name) for name in ("target_soc", "charger_kw") if name in params}
    return controlled(with_transformer(fleet(n, 1.0, **cars), 40), strategy, **params)


def around(simulator, city, axis=FORTNIGHT):
    """Return what simulators may read: voltages that sway, sun at noon, a load that swells in the evening."""
    hour = axis.calendar(BERLIN).hour
    sizes = {name: len(table) for name, table in city.tables.items()}
    sun = np.maximum(np.sin((hour - 6) / 12 * np.pi), 0.0)
    series = {
        "voltage": 0.93 + 0.04 * np.cos(hour),
        "building_generation": 12e3 * sun,
        "building_load": np.full(axis.n, 1e3),
        "transformer_load": 15e3 + 10e3 * (hour > 17),
        "transformer_generation": 5e3 * sun,
    }
    return {r.key: np.repeat(series[r.key][:, None], sizes[r.per], axis=1) for r in simulator.reads}


def complete(city):
    """Return what is written of all visits that are over in the fortnight, and the energy that each car wanted."""
    simulator = charging(city, QUARTER, SIGNALS)
    simulator.diary = Kept(simulator.diary, FORTNIGHT.end)
    out = advance(simulator, FORTNIGHT, around(simulator, city))
    visits = list(accepted(simulator.diary.seen))
    vehicle, joule = np.array([v for v, *_ in visits]), np.array([e for *_, e in visits])
    return out, np.bincount(vehicle, joule, minlength=len(city.table("vehicle")))


ALL = list(STRATEGIES)
STEADY = [s for s in ALL if s != "vehicle_to_grid"]  # that one plans at constant power


@pytest.mark.parametrize("strategy", ALL)
def test_what_is_charged_and_what_is_not_is_what_was_wanted(strategy):
    city = quarter(strategy, charger_kw=7.0)
    out, wanted = complete(city)
    given_ = out.get("electric_generation", np.zeros(1))
    kept = energy(out["electric_load"]) - energy(given_) / 0.85
    np.testing.assert_allclose(kept + energy(out["unserved_charging"]), wanted, rtol=1e-9)
    np.testing.assert_allclose(energy(out["requested_charging"]), wanted, rtol=1e-9)
    assert all((values >= 0).all() for values in out.values())
    assert out["electric_load"].max() <= 7000 * (1 + 1e-9)
    assert given_.any() == (strategy == "vehicle_to_grid")


@pytest.mark.parametrize(("strategy", "target"), [*((s, 0.8) for s in ALL), *((s, 0.95) for s in STEADY)])
def test_any_cut_gives_the_same(strategy, target):
    city = quarter(strategy, target_soc=target)
    simulator = charging(city, QUARTER, SIGNALS)
    inputs = around(simulator, city)
    whole = advance(simulator, FORTNIGHT, inputs)
    assert whole["electric_load"].any()
    for steps in ([96] * 14, [5, 700, FORTNIGHT.n - 705]):
        parts = advance(simulator, FORTNIGHT, inputs, steps)
        assert all(np.array_equal(whole[name], parts[name]) for name in whole)


@pytest.mark.parametrize("strategy", ALL)
def test_restore_goes_back(strategy):
    city = quarter(strategy)
    simulator = charging(city, QUARTER, SIGNALS)
    inputs = around(simulator, city)
    simulator.start(FORTNIGHT, Streams(1))

    def go(first, n):
        window = TimeAxis(FORTNIGHT.start + first * QUARTER, QUARTER, n)
        out = simulator.advance(window, {q: v[first : first + n] for q, v in inputs.items()})
        return {name: values.copy() for name, values in out.items()}

    go(0, 500)
    state = simulator.state()
    once = go(500, 300)
    simulator.restore(state)
    again = go(500, 300)
    assert once["electric_load"].any()
    assert all(np.array_equal(once[name], again[name]) for name in once)


@pytest.mark.parametrize("strategy", [s for s in ALL if s not in ("pv_surplus", "feeder_limit")])
def test_another_car_changes_nobody(strategy):
    few, many = (controlled(fleet(3, share), strategy) for share in (0.3, 0.8))
    ids = many.tables["charging_point"].ids.tolist()
    rows = [ids.index(name) for name in few.tables["charging_point"].ids.tolist()]
    run = {}
    for city in (few, many):
        simulator = charging(city, QUARTER, SIGNALS)
        run[len(city.table("vehicle"))] = advance(simulator, FORTNIGHT, around(simulator, city))
    alone, among = run[len(rows)], run[len(ids)]
    for name, values in alone.items():
        np.testing.assert_allclose(values, among[name][:, rows], rtol=1e-9, atol=1e-6)


def test_strategies_side_by_side_are_strategies_alone():
    """All but those that share with each other: their cars change nothing for the others."""
    city = quarter("uncontrolled", 3)
    names = [s for s in ALL if s not in ("pv_surplus", "feeder_limit")]
    mixed = city
    for k, name in enumerate(names):
        mixed = controlled(mixed, name, np.arange(k, len(city.table("charging_point")), len(names)))
    simulator = charging(mixed, QUARTER, SIGNALS)
    assert [read.key for read in simulator.reads] == ["voltage"]
    together = advance(simulator, FORTNIGHT, around(simulator, mixed))
    for k, name in enumerate(names):
        one = controlled(city, name)
        simulator = charging(one, QUARTER, SIGNALS)
        alone = advance(simulator, FORTNIGHT, around(simulator, one))
        for quantity, values in alone.items():
            np.testing.assert_allclose(
                together[quantity][:, k :: len(names)], values[:, k :: len(names)], rtol=1e-9, atol=1e-6
            )


def test_surplus_and_limit_read_the_same_quantities_of_different_sets():
    city = quarter("pv_surplus")
    both = controlled(city, "feeder_limit", np.array([0]))
    reads = charging(both).reads
    assert {(r.quantity, r.per) for r in reads} == {
        (f"electric_{what}", per) for what in ("load", "generation") for per in ("building", "transformer")
    }
    assert len({r.key for r in reads}) == 4
    assert all("ev_charging" in r.without and "street_battery" in r.without for r in reads)
    simulator = charging(both)
    out = advance(simulator, FORTNIGHT, around(simulator, both))
    assert (energy(out["electric_load"]) > 0).all()


class Houses(Stateless):
    """Two houses: one makes 6 kW and draws 1, one draws 50 and makes none."""

    name, version, step_s, reads = "houses", "1", QUARTER, ()
    writes = (Write("electric_load", "building"), Write("electric_generation", "building"))

    def advance(self, window, inputs):
        kw = {"electric_load": (1e3, 50e3), "electric_generation": (6e3, 0.0)}
        return {quantity: np.tile(watts, (window.n, 1)) for quantity, watts in kw.items()}


def test_in_a_run_both_sets_are_summed_apart():
    """Their transformer has 3 of 48 kW left, the first house has 5 kW left and the second nothing."""
    city = controlled(fleet(2), "pv_surplus", guarantee=False)
    city = controlled(with_transformer(city, 48), "feeder_limit", np.array([0]), least_kw=0.0)
    feeds = Link.belongs("building", "transformer", np.zeros(2, dtype=int))
    city = replace(city, links=(*(k for k in city.links if k.coarse != "transformer"), feeds))
    sizes = {name: len(table) for name, table in city.tables.items()}
    simulators, drawn = [charging(city), Houses()], []
    advance_cars = simulators[0].advance

    def watch(window, inputs):
        out = advance_cars(window, inputs)
        drawn.append(out["electric_load"].max(axis=0))
        return out

    simulators[0].advance = watch
    Coupling(Graph(simulators, sizes, city.links)).run(FORTNIGHT.start, FORTNIGHT.end, seed=1)
    building, drew = city.table("charging_point")["building"], np.max(drawn, axis=0)
    assert drew[0] == pytest.approx(3e3)
    assert drew[1:][building[1:] == 0] == pytest.approx(5e3)
    assert not drew[building == 1].any()


@given(st.lists(st.integers(-3, 40), min_size=12, max_size=12), st.floats(0, 8), st.floats(0.2, 9), st.floats(1, 39))
@settings(max_examples=60)
def test_the_cheapest_hours_never_cost_more_and_giving_back_still_less(prices, arrives, stay, kwh):
    signal = {"prices.electricity": hourly(prices), "prices.vehicle_feed_in": hourly(prices)}
    price = signal["prices.electricity"].values(DAY) * HOUR * 1e3
    stay = min(stay, 12 - arrives)

    def cost(out, wear=0.0):
        return price @ out["electric_load"] - (price - wear) @ out.get("electric_generation", np.zeros(24))

    plain, cheap = (day(CAR[name], arrives, arrives + stay, kwh, signal) for name in ("uncontrolled", "cheapest_hours"))
    assert cheap["electric_load"].sum() == pytest.approx(plain["electric_load"].sum(), rel=1e-9)
    assert cheap["unserved_charging"].sum() == pytest.approx(plain["unserved_charging"].sum(), abs=1e-6)
    assert cost(cheap) <= cost(plain) + 1e-9
    both = day(CAR["vehicle_to_grid"], arrives, arrives + stay, kwh, signal)
    assert both["unserved_charging"].sum() == pytest.approx(plain["unserved_charging"].sum(), abs=1e-6)
    assert cost(both, 0.05) <= cost(cheap) + 1e-9
    late = [day(CAR[name], arrives, arrives + stay, kwh, signal) for name in ("tapered", "tapered cheapest")]
    assert late[1]["electric_load"].sum() == pytest.approx(late[0]["electric_load"].sum(), rel=1e-9)
    assert cost(late[1]) <= cost(late[0]) + 1e-9


CAR = {name: one_car(name) for name in ("uncontrolled", "cheapest_hours", "vehicle_to_grid")} | {
    "tapered": one_car("uncontrolled", target_soc=0.95),
    "tapered cheapest": one_car("cheapest_hours", target_soc=0.95),
}


GUARANTEED = ["cheapest_hours", "lowest_emissions", "pv_surplus"]


@pytest.mark.parametrize(
    ("strategy", "target"), [("vehicle_to_grid", 0.8), *((s, t) for s in GUARANTEED for t in (0.8, 0.95))]
)
def test_where_energy_is_guaranteed_no_more_is_missed_than_at_full_power(strategy, target):
    plain, _ = complete(quarter("uncontrolled", target_soc=target, charger_kw=3.0))
    other, _ = complete(quarter(strategy, target_soc=target, charger_kw=3.0))
    missed, least = energy(other["unserved_charging"]), energy(plain["unserved_charging"])
    assert least.any()
    np.testing.assert_allclose(missed, least, rtol=1e-6, atol=10.0)


@pytest.mark.parametrize("parallel", [1, 2])
def test_the_limit_of_a_feeder_is_held(parallel):
    city = controlled(with_transformer(fleet(4, 2.0), 40 / parallel, parallel), "feeder_limit", least_kw=0.0)
    simulator = charging(city)
    inputs = around(simulator, city)
    others = {name: values / parallel for name, values in inputs.items()}
    load = advance(simulator, FORTNIGHT, others)["electric_load"].sum(axis=1)
    left = 40e3 - (inputs["transformer_load"] - inputs["transformer_generation"])[:, 0]
    assert (load <= left * (1 + 1e-9)).all()
    assert (load > 0.99 * left).sum() > 20
    free = advance(charging(controlled(city, "uncontrolled")), FORTNIGHT)["electric_load"].sum(axis=1)
    assert free.max() > 1.5 * left.max()


def test_who_is_dimmed_keeps_his_least_power():
    city = controlled(with_transformer(fleet(4, 2.0), 10), "feeder_limit")
    simulator = charging(city, 60)
    axis = FORTNIGHT.with_step(60).between(FORTNIGHT.start, FORTNIGHT.start + 3 * 86400)
    inputs = around(simulator, city, axis)
    load = advance(simulator, axis, inputs)["electric_load"]
    whole = (load > 0) & (np.roll(load, 1, axis=0) > 0) & (np.roll(load, -1, axis=0) > 0)
    assert load[whole].min() >= 4200 - 1e-6


def test_the_most_urgent_goes_first():
    """Both want two hours; who leaves after three has one to spare, who leaves after nine has seven."""
    city = fleet(1, 0.3)
    assert len(city.table("vehicle")) == 2
    city = controlled(with_transformer(city, 11), "feeder_limit", least_kw=0.0)
    simulator = charging(city, HOUR)
    simulator.diary = Given((0, NOON, NOON + 9 * HOUR, 22 * KWH), (1, NOON, NOON + 3 * HOUR, 22 * KWH))
    none = {read.key: np.zeros((24, 1)) for read in simulator.reads}
    load = advance(simulator, DAY, none)["electric_load"] / 1e3
    assert load[:5].T.tolist() == [pytest.approx([0, 0, 11, 11, 0]), pytest.approx([11, 11, 0, 0, 0])]


# -- ports and errors


@pytest.mark.parametrize(
    ("strategy", "reads"),
    [
        ("uncontrolled", set()),
        ("cheapest_hours", set()),
        ("vehicle_to_grid", set()),
        ("voltage_aware", {("voltage", "charging_point")}),
        ("pv_surplus", {("electric_load", "building"), ("electric_generation", "building")}),
        ("feeder_limit", {("electric_load", "transformer"), ("electric_generation", "transformer")}),
    ],
)
def test_only_what_is_needed_is_read(strategy, reads):
    simulator = charging(quarter(strategy), QUARTER, SIGNALS)
    assert isinstance(simulator, Simulator)
    assert (simulator.name, simulator.version) == ("ev_charging", "2")
    assert {(r.quantity, r.per) for r in simulator.reads} == reads
    written = {w.quantity for w in simulator.writes}
    assert ("electric_generation" in written) == (strategy == "vehicle_to_grid")
    assert written <= set(QUANTITIES)


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ("feeder_limit", "share what a transformer has left, but the model has no electric grid"),
        ("voltage_aware", "follow the voltage, but the model has no electric grid"),
        ("pv_surplus", "charge from surplus sun, but the model has no solar modules"),
        ("cheapest_hours", "follow cheapest_hours, but nothing states prices.electricity"),
    ],
)
def test_what_a_strategy_needs_must_be_there(strategy, message):
    with pytest.raises(TwinError, match=message):
        build(Setup(controlled(fleet(), strategy), {}, BERLIN, QUARTER))


def test_with_modules_surplus_can_be_followed():
    city = controlled(fleet(), "pv_surplus").with_table(Table("pv_array", ["a"]))
    assert build(Setup(city, {}, BERLIN, QUARTER)) is not None


def test_what_no_battery_can_do_is_refused():
    with pytest.raises(TwinError, match="give back want more than taper_from"):
        charging(controlled(fleet(target_soc=0.9), "vehicle_to_grid"), QUARTER, SIGNALS)
