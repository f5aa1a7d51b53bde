"""Batteries as simulators: rules, hours by price, wear over years, any cut, storages refilled, and the grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildings_case import BERLIN, boxes, cut
from grid_case import make_grid
from twin.devices.battery.measures import Battery, StreetBattery, install_batteries, install_street_batteries
from twin.devices.battery.plan import steps_that_pay
from twin.devices.battery.simulator import build, build_street
from twin.devices.days import civil_days
from twin.engine.coupling import Coupling
from twin.engine.graph import Graph
from twin.engine.ports import Read, Simulator, Stateless, Storage, Write
from twin.engine.signals import Constant, Series
from twin.engine.time import TimeAxis
from twin.grid.links import links
from twin.grid.model import ElectricGrid, make_table
from twin.grid.simulator import GridSimulator
from twin.ledger import Ledger
from twin.registry import Setup
from twin.table import Table

HOUR, DAY, YEAR = 3600, 86400, 31_557_600
KWH = 3.6e6
CODE = Ledger().measure("batteries")
ALL = slice(None)
IDEAL = {"charge_efficiency": 1.0, "discharge_efficiency": 1.0, "self_discharge_pct_per_month": 0.0}
LASTING = {"cycle_life": 1e12, "calendar_life_years": 1e12}
WINTER = TimeAxis.at("2023-01-09", HOUR, 48, BERLIN.timezone)


def homes(n=1, rows=ALL, **params):
    return install_batteries(boxes(n), rows, Battery(**{"capacity_kwh": 10.0, **params}), CODE)


def simulator(city, step_s=HOUR, price=None, emissions=None):
    flat = Constant(1e-7)
    signals = {"prices.electricity": price or flat, "emissions.electricity": emissions or flat}
    return build(Setup(city, {}, BERLIN, step_s, signals))


def run(batteries, axis, load, generation=0.0):
    """Return what the batteries of one building do at loads and generation in W, constant or of shape (step,)."""
    given_ = {
        name: np.broadcast_to(np.reshape(values, (-1, 1)), (axis.n, 1))
        for name, values in (("electric_load", load), ("electric_generation", generation))
    }
    return cut(batteries, axis, given_, [axis.n])


def by_hour(values):
    return np.asarray(values)[:, 0] / 1e3


# -- rules


def test_self_consumption_takes_surplus_and_covers_net_load():
    load = np.tile([500.0] * 8 + [1000.0] * 16, 2)
    sun = np.tile([0.0] * 10 + [4000.0] * 3 + [0.0] * 11, 2)
    out = run(simulator(homes(power_kw=2.0, **IDEAL, **LASTING)), WINTER, load, sun)
    assert by_hour(out["electric_load"])[:24].tolist() == [0] * 10 + [2] * 3 + [0] * 11
    assert by_hour(out["electric_generation"])[:24].tolist() == [0] * 13 + [1] * 6 + [0] * 5
    assert np.array_equal(out["electric_load"], out["battery_charging"])
    assert np.array_equal(out["electric_generation"], out["battery_discharging"])


def test_peak_shaving_holds_a_limit_as_long_as_energy_suffices():
    load = np.array([1000.0] * 6 + [5000.0] * 3 + [1000.0] * 15 + [7000.0] * 12 + [0.0] * 12)
    city = homes(strategy="peak_shaving", limit_kw=3.0, reserve=1.0, power_kw=3.0, **IDEAL, **LASTING)
    out = run(simulator(city), WINTER, load)
    net = by_hour(out["electric_load"] - out["electric_generation"]) + load / 1e3
    assert net[:24].tolist() == pytest.approx([3.0] * 5 + [1.0] + [3.0] * 3 + [3.0] * 3 + [1.0] * 12)
    assert net[24:36].tolist() == pytest.approx([4.0] * 3 + [6.0] + [7.0] * 8)  # 10 kWh at 3 kW are gone
    assert by_hour(out["stored_energy"] / 3600)[5:9] == pytest.approx([10.0, 8.0, 6.0, 4.0])


@given(st.integers(0, 1000), st.floats(0.5, 6.0))
def test_a_limit_holds_if_power_and_energy_are_plenty(seed, limit):
    load = np.random.default_rng(seed).uniform(0, 8000, 48)
    city = homes(capacity_kwh=1000.0, soc_start=1.0, strategy="peak_shaving", limit_kw=limit, reserve=1.0)
    out = run(simulator(city), WINTER, load)
    net = load + (out["electric_load"] - out["electric_generation"])[:, 0]
    assert (net <= 1e3 * limit + 1e-6).all()


def test_a_limit_may_be_a_share_of_the_largest_net_load_so_far():
    load = np.array([1000.0, 4000.0, 2000.0, 6000.0] + [1000.0] * 44)
    city = homes(strategy="peak_shaving", limit_share_of_peak=0.5, reserve=1.0, soc_start=0.6, **IDEAL, **LASTING)
    out = run(simulator(city), WINTER, load)
    net = by_hour(out["electric_load"] - out["electric_generation"]) + load / 1e3
    assert net[:5].tolist() == pytest.approx([0.5, 2.0, 2.0, 3.0, 3.0])  # 0.5, 2, 0 and 3 of 6 kWh


def test_above_its_reserve_a_battery_that_shaves_peaks_covers_the_net_load():
    load = np.array([1000.0] * 6 + [5000.0] * 2 + [1000.0] * 40)
    city = homes(strategy="peak_shaving", limit_kw=2.0, reserve=0.5, soc_start=0.8, **IDEAL, **LASTING)
    out = run(simulator(city), WINTER, load)
    assert by_hour(out["stored_energy"] / 3600)[:12].tolist() == pytest.approx([7, 6, 5, 5, 5, 5, 2, 0, 1, 2, 3, 4])


def test_batteries_at_one_building_share_what_is_there():
    city = homes(power_kw=2.0, **IDEAL, **LASTING)
    table = city.table("battery")
    twice = Table.concat(
        [table, install_batteries(boxes(1), ALL, Battery(capacity_kwh=5.0, **IDEAL), CODE).table("battery")]
    )
    twice = city.with_table(twice)
    out = run(simulator(twice), WINTER, 0.0, np.full(48, 1000.0))
    assert out["electric_load"][0].tolist() == pytest.approx([400.0, 600.0])  # by 2 and 3 kW


# -- hours by price


def hourly(axis, prices):
    return Series(TimeAxis(axis.start, HOUR, axis.n * axis.step_s // HOUR), np.asarray(prices, dtype=float))


def test_it_charges_in_the_cheapest_hours_and_discharges_in_the_dearest():
    prices = np.tile(
        [30.0, 10, 11, 12, 40, 50, 60, 80, 70, 50, 40, 30, 20, 21, 30, 40, 60, 90, 100, 95, 70, 60, 50, 40], 2
    )
    city = homes(strategy="cheapest_hours", reserve=1.0, power_kw=4.0, **IDEAL, **LASTING)  # 2.5 h to fill and empty
    out = run(simulator(city, price=hourly(WINTER, prices)), WINTER, np.full(48, 6000.0))
    assert by_hour(out["electric_load"])[:24].tolist() == [0, 4, 4, 2] + [0] * 20
    assert by_hour(out["electric_generation"])[:24].tolist() == pytest.approx([0] * 17 + [4, 4, 2] + [0] * 4)


def test_behind_a_meter_it_gives_no_more_than_the_net_load():
    prices = np.tile([10.0] * 4 + [50.0] * 16 + [100.0] * 4, 2)
    city = homes(strategy="cheapest_hours", reserve=1.0, power_kw=4.0, **IDEAL, **LASTING)
    out = run(simulator(city, price=hourly(WINTER, prices)), WINTER, np.full(48, 700.0))
    assert by_hour(out["electric_generation"])[20:23].tolist() == pytest.approx([0.7] * 3)


def test_a_spread_that_does_not_pay_the_losses_is_left_alone():
    prices = np.tile([80.0] * 12 + [100.0] * 12, 2)  # 0.9 * 0.9 * 100 = 81 pays, 0.9 * 0.88 * 100 = 79.2 does not
    for out_efficiency, pays in ((0.9, True), (0.88, False)):
        given_ = {"charge_efficiency": 0.9, "discharge_efficiency": out_efficiency}
        city = homes(strategy="cheapest_hours", reserve=1.0, **given_)
        out = run(simulator(city, price=hourly(WINTER, prices)), WINTER, np.full(48, 700.0))
        assert out["electric_load"].any() == pays


def test_emissions_are_ranked_by_the_same_rule():
    factors = np.tile([5.0] * 5 + [1.0] + [5.0] * 14 + [9.0] + [5.0] * 3, 2)
    city = homes(strategy="lowest_emissions", reserve=1.0, capacity_kwh=1.0, power_kw=1.0, **IDEAL, **LASTING)
    out = run(simulator(city, emissions=hourly(WINTER, factors)), WINTER, np.full(48, 6000.0))
    assert np.flatnonzero(out["electric_load"][:, 0]).tolist() == [5, 29]
    assert np.flatnonzero(out["electric_generation"][:, 0]).tolist() == [20, 44]


@pytest.mark.parametrize(("day", "hours"), [("2023-03-26", 23), ("2023-10-29", 25), ("2023-05-02", 24)])
def test_days_are_those_of_the_clock_on_the_wall(day, hours):
    """Cheapest at the last hour of every civil day, dearest at the first: one UTC hour aside, either would be lost."""
    axis = TimeAxis(TimeAxis.at(day, HOUR, 1, BERLIN.timezone).start - DAY, HOUR, 24 + hours + 24)
    days = civil_days(axis, BERLIN)
    assert np.unique(days, return_counts=True)[1].tolist() == [24, hours, 24]
    clock = axis.calendar(BERLIN)
    first, last = np.append(True, np.diff(days) > 0), np.append(np.diff(days) > 0, True)
    prices = 50.0 + clock.hour / 100 - 40.0 * last + 40.0 * first
    city = homes(
        strategy="cheapest_hours", reserve=1.0, capacity_kwh=1.0, power_kw=1.0, soc_start=1.0, **IDEAL, **LASTING
    )
    out = run(simulator(city, price=hourly(axis, prices)), axis, np.full(axis.n, 6000.0))
    assert np.array_equal(out["electric_load"][:, 0] > 0, last)
    assert np.array_equal(out["electric_generation"][:, 0] > 0, first)


def test_how_many_steps_pay():
    ordered = np.array([10.0, 20.0, 30.0, 40.0, 50.0, 60.0])
    assert steps_that_pay(ordered, 2, 2, 0.9) == (2, 2)
    assert steps_that_pay(ordered, 6, 6, 1.0) == (3, 3)
    assert steps_that_pay(ordered, 2, 1, 0.5) == (2, 1)  # 10 and 20 for 0.5 * 60
    assert steps_that_pay(ordered, 3, 2, 0.5) == (2, 2)  # 30 is not below 0.5 * 50
    assert steps_that_pay(np.full(6, 10.0), 3, 3, 1.0) == (0, 0)


@given(
    st.lists(st.integers(-50, 50), min_size=1, max_size=30), st.integers(1, 40), st.integers(1, 40), st.floats(0.1, 1)
)
def test_no_step_is_for_both_and_every_pair_earns(prices, charging, discharging, efficiency):
    ordered = np.sort(np.array(prices, dtype=float))
    m, k = steps_that_pay(ordered, charging, discharging, efficiency)
    assert 0 <= m <= charging
    assert 0 <= k <= discharging
    assert m + k <= len(ordered)
    if m and k:
        assert ordered[m - 1] < ordered[len(ordered) - k]
        assert ordered[m - 1] < efficiency * ordered[len(ordered) - k]


# -- wear


def test_wear_over_years_against_hand_numbers():
    """One full cycle a day for three years at 1,000 cycles and 15 years of life, the capacity shrinking meanwhile."""
    axis = TimeAxis(0, 12 * HOUR, 2 * 3 * 365)
    city = homes(capacity_kwh=12.0, power_kw=1.0, cycle_life=1000.0, calendar_life_years=15.0, **IDEAL)
    surplus = np.tile([1000.0, -1000.0], 3 * 365)
    out = run(simulator(city, 12 * HOUR), axis, np.maximum(-surplus, 0), np.maximum(surplus, 0))
    left, cycles = 1.0, 0.0
    for day in range(3 * 365):
        left = 1.0 - 0.2 * cycles / 1000.0 - 0.2 * day * DAY / (15 * YEAR)
        assert out["battery_health"][2 * day, 0] == pytest.approx(left, rel=1e-12)
        assert out["stored_energy"][2 * day, 0] == pytest.approx(12 * KWH * left, rel=1e-12)
        cycles += left
    assert 0.75 < left < 0.78
    assert out["battery_cycling"].sum() * 12 * HOUR == pytest.approx(cycles, rel=1e-12)


# -- contract

MIXED = TimeAxis.at("2023-03-24", 900, 5 * 96, BERLIN.timezone)


def mixed():
    """Return nine homes with batteries of all strategies, and prices."""
    city = boxes(9)
    for k, (strategy, more) in enumerate(
        [
            ("self_consumption", {}),
            ("peak_shaving", {"limit_kw": 1.0}),
            ("peak_shaving", {"limit_share_of_peak": 0.6}),
            ("cheapest_hours", {}),
            ("lowest_emissions", {"c_rate": 0.3}),
            ("cheapest_hours", {"c_rate": 1.0, "reserve": 0.2}),
        ]
    ):
        city = install_batteries(
            city, np.array([k + 2]), Battery(capacity_kwh=6.0 + k, strategy=strategy, **more), CODE
        )
    return city


def mixed_inputs(n=9, seed=3):
    random = np.random.default_rng(seed)
    sun = np.maximum(np.sin(2 * np.pi * (np.arange(MIXED.n) / 96 - 0.25)), 0)[:, None]
    return {
        "electric_load": random.gamma(1.0, 800.0, (MIXED.n, n)),
        "electric_generation": sun * random.uniform(0, 6000, n),
    }


def mixed_simulator(city=None):
    prices = hourly(MIXED, np.random.default_rng(8).uniform(-0.05, 0.4, MIXED.n // 4))
    return simulator(
        city or mixed(), 900, prices, hourly(MIXED, np.random.default_rng(9).uniform(0.1, 0.6, MIXED.n // 4))
    )


WHOLE = cut(mixed_simulator(), MIXED, mixed_inputs(), [MIXED.n])


@given(st.lists(st.integers(1, 200), min_size=1, max_size=8))
def test_any_cut_gives_the_same(parts):
    ends = np.minimum(np.cumsum(parts), MIXED.n)
    steps = [k for k in np.diff(np.append(0, np.append(ends, MIXED.n))).tolist() if k]
    parts = cut(mixed_simulator(), MIXED, mixed_inputs(), steps)
    for name, values in WHOLE.items():
        np.testing.assert_allclose(parts[name], values, rtol=1e-9, atol=1e-6 * np.abs(values).max())


def test_step_by_step_is_the_same():
    parts = cut(mixed_simulator(), MIXED, mixed_inputs(), [1] * MIXED.n)
    for name, values in WHOLE.items():
        np.testing.assert_allclose(parts[name], values, rtol=1e-9, atol=1e-9 * np.abs(values).max())


def test_everybody_does_something_and_nobody_feeds_the_grid():
    assert WHOLE["electric_load"].any(axis=0).all()
    assert WHOLE["electric_generation"].any(axis=0).all()
    given_ = mixed_inputs()
    net = (given_["electric_load"] - given_["electric_generation"])[:, 2:8]
    assert (WHOLE["electric_generation"] <= np.maximum(net, 0) + 1e-6).all()


def test_energy_is_conserved_over_all_strategies():
    before = np.vstack([np.zeros(6), WHOLE["stored_energy"][:-1]])
    kept = (WHOLE["stored_energy"] - before) / 900
    rest = WHOLE["electric_load"] - WHOLE["electric_generation"] - WHOLE["battery_losses"] - kept
    throughput = WHOLE["electric_load"].sum(axis=0)
    assert (np.abs(rest).sum(axis=0) <= 1e-9 * throughput).all()
    assert (WHOLE["battery_losses"] >= -1e-9).all()


def test_state_takes_it_back():
    batteries, given_ = mixed_simulator(), mixed_inputs()
    batteries.start(MIXED, None)
    window = MIXED.between(MIXED.start, MIXED.start + 100 * 900)
    rest = MIXED.between(window.end, window.end + 150 * 900)
    batteries.advance(window, {k: v[:100] for k, v in given_.items()})
    saved = batteries.state()
    later = {k: v[100:250] for k, v in given_.items()}
    once = {k: np.array(v) for k, v in batteries.advance(rest, later).items()}
    batteries.restore(saved)
    again = batteries.advance(rest, later)
    assert all(np.array_equal(again[name], values) for name, values in once.items())
    for name, values in once.items():
        np.testing.assert_allclose(values, WHOLE[name][100:250], rtol=1e-9, atol=1e-6)


def test_the_order_of_batteries_changes_nothing():
    city = mixed()
    order = np.array([3, 0, 5, 1, 4, 2])
    shuffled = city.with_table(city.table("battery").take(order))
    other = cut(mixed_simulator(shuffled), MIXED, mixed_inputs(), [MIXED.n])
    assert all(np.array_equal(values[:, order], other[name]) for name, values in WHOLE.items())


def test_ports_keep_the_contract():
    batteries = mixed_simulator()
    assert isinstance(batteries, Simulator)
    assert isinstance(batteries, Storage)
    assert build(Setup(boxes(), {}, BERLIN, HOUR)) is None
    assert build_street(Setup(boxes(), {}, BERLIN, HOUR)) is None


# -- through the engine


class Household(Stateless):
    """Draws and makes the same every day."""

    name, version, step_s, reads = "household", "1", HOUR, ()
    writes = (Write("electric_load", "building"), Write("electric_generation", "building"))

    def __init__(self, n, load=1000.0, sun=4000.0):
        self.n, self.load, self.sun = n, load, sun

    def advance(self, window, inputs):
        hour = window.seconds // HOUR % 24
        sun = np.where((hour >= 10) & (hour < 15), self.sun, 0.0)
        return {
            "electric_load": np.full((window.n, self.n), self.load),
            "electric_generation": np.repeat(sun[:, None], self.n, axis=1),
        }


class Watcher(Stateless):
    """Keeps what it reads."""

    version, writes = "1", ()

    def __init__(self, per, quantities, step_s=HOUR):
        self.name, self.step_s, self.seen = f"watcher per {per}", step_s, {}
        self.reads = tuple(Read(q, per, "sum") for q in quantities)

    def start(self, axis, streams):
        self.seen = {read.quantity: [] for read in self.reads}

    def advance(self, window, inputs):
        for name, values in inputs.items():
            self.seen[name].append(np.array(values))
        return {}

    def __getitem__(self, name):
        return np.concatenate(self.seen[name])


def sizes(city):
    return {name: len(table) for name, table in city.tables.items()}


def test_a_typical_week_ends_as_full_as_it_began():
    city = homes(2, capacity_kwh=60.0, power_kw=4.0, soc_start=0.9, soc_min=0.1)
    batteries, begun = simulator(city), []
    restock = batteries.restock
    batteries.restock = lambda stored: begun.append(stored.copy()) or restock(stored)
    graph = Graph([Household(2, 800.0), batteries], sizes(city), city.links)
    Coupling(graph).run(0, 8 * DAY, cyclic_from=DAY)
    np.testing.assert_allclose(batteries.stored(), begun[-1], atol=1e-4)
    assert (np.abs(begun[0] - begun[-1]) > 0.01).all()  # it had to be looked for


def test_restocking_fills_to_a_share_of_the_capacity_when_new():
    batteries = simulator(homes(3))
    batteries.start(WINTER, None)
    batteries.restock(np.array([0.2, 0.5, 1.0]))
    assert batteries.stored().tolist() == pytest.approx([0.2, 0.5, 1.0])
    out = batteries.advance(WINTER, {q: np.zeros((48, 3)) for q in ("electric_load", "electric_generation")})
    assert out["stored_energy"][0] / (10 * KWH) == pytest.approx([0.2, 0.5, 1.0], rel=1e-4)


Z = (0.05, 0.02, 0.2, 0.08)


def street(n=2, **params):
    """Return ``n`` homes at the end of a cable behind a transformer of 100 kVA, a street battery at its busbar."""
    volts = np.array([10_000.0, 400.0, 400.0])
    grid = make_grid([(1, 2, *Z)], 3, transformers=[(0, 1, 100e3, "Dyn5")], v_nom=volts, connects=[2])
    city = boxes(n)
    for table in grid.tables:
        city = city.with_table(table)
    at = np.full(n, 2)
    connection = make_table("connection", [f"c{k}" for k in range(n)], {"building": np.arange(n), "bus": at})
    city = city.with_table(connection, *links(grid, connection))
    return install_street_batteries(city, ALL, StreetBattery(**params), CODE)


def run_street(city, n=2, hours=48, load=1000.0):
    flat = {"prices.electricity": Constant(1e-7), "emissions.electricity": Constant(1e-7)}
    batteries = build_street(Setup(city, {}, BERLIN, HOUR, flat))
    watchers = [
        Watcher("phase_node", ("electric_load", "electric_generation")),
        Watcher("building", ("electric_load",)),
        Watcher("street_battery", ("street_battery_charging", "street_battery_discharging")),
    ]
    house = [simulator(city)] if "battery" in city.tables else []
    grid = GridSimulator(ElectricGrid.of(city), HOUR)
    Coupling(Graph([Household(n, load), *house, batteries, grid, *watchers], sizes(city), city.links)).run(
        0, hours * HOUR
    )
    return watchers


def test_a_street_battery_serves_its_area_through_the_grid_and_behind_no_meter():
    city = street(capacity_kwh=20.0, power_kw=3.0, **IDEAL, **LASTING)
    assert city.table("phase_node")["connects"].tolist() == [False] * 3 + [True] * 6
    nodes, buildings, battery = run_street(city)
    charging = battery["street_battery_charging"][:24, 0]
    assert charging.tolist() == [0] * 10 + [3000] * 5 + [0] * 9  # of a surplus of 6 kW
    assert battery["street_battery_discharging"][15:24, 0].tolist() == pytest.approx([2000] * 7 + [1000, 0])
    at_busbar = nodes["electric_load"][:, 3:6]
    np.testing.assert_allclose(at_busbar, np.repeat(charging[:, None] / 3, 3, axis=1)[[*range(24)] * 2], rtol=1e-12)
    assert (buildings["electric_load"] == 1000).all()


def test_house_batteries_decide_before_those_of_the_street():
    city = street(capacity_kwh=20.0, power_kw=50.0, **IDEAL, **LASTING)
    city = install_batteries(city, ALL, Battery(capacity_kwh=100.0, power_kw=1.0, **IDEAL, **LASTING), CODE)
    _, buildings, battery = run_street(city)
    assert buildings["electric_load"][10].tolist() == [2000, 2000]
    assert battery["street_battery_charging"][10, 0] == pytest.approx(4000)  # 2 * (4 - 1 - 1) kW


def test_a_street_battery_keeps_the_transformer_below_a_share_of_its_rating():
    limit = {"strategy": "peak_shaving", "limit_share_of_rated": 0.3}
    city = street(10, capacity_kwh=500.0, soc_start=0.5, **limit)
    _, _, battery = run_street(city, 10, load=4000.0)
    net = 40_000 + battery["street_battery_charging"] - battery["street_battery_discharging"]
    hour = np.arange(48) % 24
    dark = (hour < 10) | (hour >= 15)
    assert net[dark] == pytest.approx(30_000)
    assert (net[~dark] - 40_000 <= 30_000 + 1e-6).all()


def test_a_street_battery_may_feed_the_grid_when_that_pays():
    city = street(capacity_kwh=10.0, power_kw=10.0, strategy="cheapest_hours", **IDEAL, **LASTING)
    prices = hourly(WINTER, np.tile([10.0] + [50.0] * 22 + [100.0], 2) / 3.6e9)
    signals = {"prices.electricity": prices, "emissions.electricity": Constant(1.0)}
    batteries = build_street(Setup(city, {}, BERLIN, HOUR, signals))
    out = cut(batteries, WINTER, {q: np.zeros((48, 1)) for q in ("electric_load", "electric_generation")}, [48])
    assert by_hour(out["electric_load"]) == pytest.approx(([10] + [0] * 23) * 2)
    assert by_hour(out["electric_generation"]) == pytest.approx(([0] * 23 + [10]) * 2)
    # 10 kWh bought at 10 and sold at 100 EUR/MWh, on each of two days
    assert out["street_battery_cost"].sum() * HOUR == pytest.approx(2 * (0.1 - 1.0))
    assert out["street_battery_emissions"].sum() == pytest.approx(0.0, abs=1e-9)
