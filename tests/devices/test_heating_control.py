"""Buffers and controls in the city: a day by hand under each strategy, and what must hold whatever happens."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from buildings_case import BERLIN, boxes, filled
from twin.buildings.wing import WING as BUILDINGS
from twin.devices.heating.buffered import build_shifted, build_thermostat
from twin.devices.heating.control_measures import HeatBuffer, HeatingControl, install_buffer, set_control
from twin.devices.heating.emission_kernel import flow_temperature
from twin.devices.heating.kernel import air_capacity_factor, coefficient_of_performance, heat_pump_supply
from twin.devices.heating.measures import ElectricHeating, HeatPump, install_electric_heating, install_heat_pump
from twin.devices.heating.model import COLUMNS
from twin.devices.heating.simulator import build_electric, build_heat_pump
from twin.devices.heating.storage import StoreState
from twin.devices.heating.wing import WING
from twin.devices.water import WATER_J_M3K
from twin.engine import Read, Simulator, Storage, TimeAxis, Write
from twin.engine.coupling import Coupling
from twin.engine.graph import Graph
from twin.engine.signals import Constant, TimeOfUse, UseWindow
from twin.errors import TwinError
from twin.ledger import Ledger
from twin.random import Streams
from twin.registry import Setup, resolve
from twin.table import GIVEN, MISSING

HOUR, KW = 3600, 1e3
CODE = Ledger().measure("control")
DAY = TimeAxis.at("2023-01-10", HOUR, 24, BERLIN.timezone)
LITRES_10_KWH = 1e3 * 36e6 / (10 * WATER_J_M3K)  # 10 kWh in a band of 10 K
TARIFF = TimeOfUse(0.3, (UseWindow(0, 4 * HOUR, 0.2), UseWindow(17 * HOUR, 21 * HOUR, 0.4)), BERLIN)
SIGNALS = {"prices.electricity": TARIFF, "emissions.electricity": Constant(1e-7)}
DESIGN = {c.name: c for w in BUILDINGS.columns.values() for c in w}["design_heat_load_w"]
STRATEGIES = ("thermostat", "lock", "price", "emissions")


def electric(n=1, load_w=10 * KW):
    """Houses with electric heaters of 10 kW."""
    city = boxes(n)
    table = city.buildings.put(COLUMNS["heating_system"], "electric").put(DESIGN, load_w, GIVEN)
    return filled(city.with_table(table), WING)


def pumps(n=1, **of_pump):
    return filled(install_heat_pump(filled(boxes(n), WING), np.arange(n), HeatPump(**of_pump), CODE), WING)


def with_control(city, strategy, buffer=None, rows=None, **params):
    rows = np.arange(len(city.buildings)) if rows is None else rows
    if buffer is not None:
        city = filled(install_buffer(city, rows, buffer, CODE), WING)
    return filled(set_control(city, rows, HeatingControl(strategy=strategy, **params), CODE), WING)


def build(city, step_s=HOUR, signals=SIGNALS):
    setup = Setup(city, {}, BERLIN, step_s, signals)
    return build_thermostat(setup) or build_shifted(setup)


def empty(simulator):
    """Let all stores begin at the lower edge."""
    low = simulator._store.low
    off = np.zeros(len(low), dtype=bool)
    simulator.restore(StoreState(low.copy(), off, off))


def run(simulator, axis, given, cuts=(), begin=empty):
    simulator.start(axis, Streams(1))
    if begin:
        begin(simulator)
    parts, edges = [], [0, *sorted(cuts), axis.n]
    for a, b in pairwise(edges):
        window = TimeAxis(axis.start + a * axis.step_s, axis.step_s, b - a)
        parts.append(simulator.advance(window, {q: v[a:b] for q, v in given.items()}))
    return {q: np.concatenate([p[q] for p in parts]) for q in parts[0]}


def asking(axis, n, space=5 * KW, water=0.0, outdoor=0.0, sun=0.0):
    shape = (axis.n, n)
    values = {"space_heating_demand": space, "hot_water_demand": water, "outdoor_temperature": outdoor}
    values["solar_heat"] = sun
    return {q: np.broadcast_to(np.asarray(v, dtype=float), shape) for q, v in values.items()}


def day_by_hand(strategy, space=5 * KW, **params):
    """A day of an electric heater of 10 kW with a lossless buffer of 10 kWh, empty at midnight, in kW and kWh."""
    buffer = HeatBuffer(volume_l=LITRES_10_KWH, loss_w_k=0.0)
    out = run(build(with_control(electric(), strategy, buffer, **params)), DAY, asking(DAY, 1, space))
    starts = out["heating_starts"].sum() * HOUR
    return [np.round(out[q][:, 0] / unit, 9).tolist() for q, unit in _UNITS.items()] + [starts]


_UNITS = {"electric_load": KW, "heat_stored": 3.6e6, "unserved_heat": KW}


def test_a_day_under_the_thermostat():
    load, stored, unserved, starts = day_by_hand("thermostat")
    assert load == [10, 10, 0, 0] * 6
    assert stored == [5, 10, 5, 0] * 6
    assert not any(unserved)
    assert starts == pytest.approx(6)


def test_a_day_under_the_thermostat_with_switching_between_hours():
    """4 kW: full after 1 h 40 min, empty again 2 h 30 min later, so a cycle of 4 h 10 min."""
    load, stored, _, _ = day_by_hand("thermostat", 4 * KW)
    third = 10 / 3
    assert load[:9] == pytest.approx([10, 2 * third, 0, 0, 25 / 3, 25 / 3, 0, 0, 20 / 3])
    assert stored[:5] == pytest.approx([6, 10 - 4 / 3, 10 - 16 / 3, 10 - 28 / 3, 5])


def test_a_day_by_the_price():
    """Full after two hours, kept so; two hours of rest in the evening until it is empty."""
    load, stored, unserved, starts = day_by_hand("price")
    assert load == [10, 10, 5, 5] + [5] * 13 + [0, 0] + [5] * 5
    assert stored == [5] + [10] * 16 + [5, 0, 0, 0, 0, 0, 0]
    assert not any(unserved)
    assert starts == pytest.approx(2)


def test_a_day_by_emissions_that_are_always_the_same_is_as_any_other():
    load, stored, _, _ = day_by_hand("emissions")
    assert load == [5] * 24
    assert stored == [0] * 24


def test_a_day_with_locks():
    """Blocked 6 to 8, 11 to 13 and 17 to 19; the store is full at 6, half full at 11 and empty at 17."""
    load, _, unserved, _ = day_by_hand("lock")
    assert load == [10, 10, 0, 0, 10, 10, 0, 0, 10, 10, 0, 0, 0, 10, 10, 0, 0, 0, 0, 10, 10, 0, 0, 10]
    assert np.flatnonzero(unserved).tolist() == [12, 17, 18]
    assert set(unserved) == {0, 5}


def test_locks_within_an_hour_and_over_midnight():
    city = with_control(electric(), "lock", locked=["23:30-00:15", "12:00-12:45"])
    out = run(build(city), DAY, asking(DAY, 1), begin=None)
    by_hour = dict(enumerate(out["unserved_heat"][:, 0]))
    assert {h: v for h, v in by_hour.items() if v} == {0: pytest.approx(1250), 12: pytest.approx(3750), 23: 2500}
    np.testing.assert_allclose(out["electric_load"] + out["unserved_heat"], 5 * KW)


def test_without_a_buffer_a_lock_changes_nothing_at_other_hours():
    """Heat pumps heat to what space heat and hot water need."""
    given_ = asking(DAY, 2, 8 * KW, 2 * KW, -3.0)
    free = run(build_heat_pump(Setup(pumps(2), {}, BERLIN, HOUR)), DAY, given_, begin=None)["electric_load"]
    locked = run(build(with_control(pumps(2), "lock")), DAY, given_, begin=None)["electric_load"]
    blocked = np.isin(np.arange(24), [6, 7, 11, 12, 17, 18])
    np.testing.assert_allclose(locked[~blocked], free[~blocked], rtol=1e-12)
    assert not locked[blocked].any()


def test_a_heat_pump_heats_its_buffer_to_the_temperature_it_has():
    """Ground at 10 degC: brine at 5, water from 45 to 55 degC, no demand but what fills the store."""
    city = with_control(pumps(source="ground"), "thermostat", HeatBuffer(litres_per_kw=1e3, loss_w_k=0.0))
    out = run(build(city), DAY, asking(DAY, 1, 0.0))
    capacity = city.buildings["heat_pump_capacity_w"][0]
    filling_h = 10 * WATER_J_M3K / 1e3 / 3.6e6 * 1e3  # 1 m3 per kW: 11.47 h
    cops = coefficient_of_performance(np.array([40.0, 50.0]), np.array([10.288, -0.2084, 0.0012]))
    assert out["heat_stored"][-1, 0] == pytest.approx(capacity * filling_h * HOUR)
    assert out["electric_load"].sum() == pytest.approx(capacity * filling_h * (1 / cops).mean(), rel=1e-9)
    assert (np.diff(out["electric_load"][:11, 0]) > 0).all()  # the warmer, the dearer


def random_demand(axis, n, seed=0):
    rng = np.random.default_rng(seed)
    wanted = rng.gamma(1.0, 6 * KW, (axis.n, n)), rng.gamma(0.3, 3 * KW, (axis.n, n)), rng.normal(0, 6, (axis.n, 1))
    return asking(axis, n, *wanted)


def mixed(city, *strategies, buffer=None):
    """Return the city with one strategy for each building."""
    for k, strategy in enumerate(strategies):
        city = with_control(city, strategy, buffer or HeatBuffer(), rows=np.array([k]))
    return city


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_heat_made_is_heat_served_lost_and_stored(strategy):
    n, axis = 5, TimeAxis(DAY.start, HOUR, 72)
    city = with_control(electric(n, np.linspace(4, 20, n) * KW), strategy, HeatBuffer(litres_per_kw=70.0))
    given_ = random_demand(axis, n)
    out = run(build(city), axis, given_)
    demand = given_["space_heating_demand"] + given_["hot_water_demand"]
    made = out["electric_load"].sum(axis=0) * HOUR
    kept = (demand - out["unserved_heat"] + out["buffer_losses"]).sum(axis=0) * HOUR + out["heat_stored"][-1]
    np.testing.assert_allclose(made, kept, rtol=1e-9)
    assert out["buffer_losses"].min() > 0
    assert (out["unserved_heat"] >= 0).all()
    assert out["unserved_heat"].any() == (strategy == "lock")


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_buffers_serve_what_the_sun_leaves_of_hot_water(strategy):
    city = with_control(pumps(2), strategy, HeatBuffer())
    with_sun, with_less = asking(DAY, 2, 4 * KW, 2 * KW, sun=1.5 * KW), asking(DAY, 2, 4 * KW, 0.5 * KW)
    one, other = (run(build(city), DAY, given_, begin=None) for given_ in (with_sun, with_less))
    assert all(np.array_equal(one[q], other[q]) for q in one)


@cache
def uncut(strategy):
    """Return a simulator, what it is given from an hour before midnight on, and what it makes of it in one go."""
    axis = TimeAxis(DAY.start - HOUR, HOUR, 48)
    simulator, given_ = build(with_control(pumps(3), strategy, HeatBuffer())), random_demand(axis, 3)
    return simulator, axis, given_, run(simulator, axis, given_, begin=None)


@given(strategy=st.sampled_from(STRATEGIES), cuts=st.sets(st.integers(1, 47), max_size=5))
@settings(max_examples=40)
def test_any_cut_gives_the_same(strategy, cuts):
    simulator, axis, given_, whole = uncut(strategy)
    parts = run(simulator, axis, given_, cuts, begin=None)
    for quantity, values in whole.items():
        np.testing.assert_array_equal(parts[quantity], values)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_a_state_can_be_gone_back_to(strategy):
    simulator = build(with_control(pumps(3), strategy, HeatBuffer()))
    assert isinstance(simulator, Simulator)
    assert isinstance(simulator, Storage) == (strategy in ("price", "emissions"))
    axis, given_ = DAY, random_demand(DAY, 3)
    run(simulator, axis.between(axis.start, axis.start + 10 * HOUR), {q: v[:10] for q, v in given_.items()})
    simulator.start(axis, Streams(1))
    simulator.advance(axis.between(axis.start, axis.start + 10 * HOUR), {q: v[:10] for q, v in given_.items()})
    saved = simulator.state()
    rest = axis.between(axis.start + 10 * HOUR, axis.end), {q: v[10:] for q, v in given_.items()}
    once = simulator.advance(*rest)
    simulator.restore(saved)
    again = simulator.advance(*rest)
    assert all(np.array_equal(once[q], again[q]) for q in once)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("step_s", [900, 2 * HOUR])
def test_any_step_gives_the_same_energy(strategy, step_s):
    coarse = TimeAxis(DAY.start, 2 * HOUR, 12)
    buffer = HeatBuffer(litres_per_kw=15.0)
    city, given_ = with_control(pumps(3), strategy, buffer), random_demand(coarse, 3)
    energy = []
    for s in (HOUR, step_s):
        held = {q: np.repeat(v, 2 * HOUR // s, axis=0) for q, v in given_.items()}
        energy.append(run(build(city, s), coarse.with_step(s), held)["electric_load"].sum(axis=0) * s)
    np.testing.assert_allclose(*energy, rtol=1e-9)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_another_order_of_buildings_gives_each_the_same(strategy):
    order = np.array([2, 0, 3, 1])
    city, given_ = with_control(pumps(4), strategy, HeatBuffer(litres_per_kw=30.0)), random_demand(DAY, 4)
    turned = city.with_table(city.buildings.take(order))
    plain = run(build(city), DAY, given_, begin=None)
    other = run(build(turned), DAY, {q: v[:, order] for q, v in given_.items()}, begin=None)
    for quantity, values in plain.items():
        np.testing.assert_array_equal(other[quantity], values[:, order])


def test_without_a_control_heat_is_made_as_it_is_asked_for_bit_for_bit():
    city, given_ = pumps(3), random_demand(DAY, 3)
    space, water, outdoor, _ = given_.values()
    air = np.repeat([[6.0801], [-0.0941], [0.0005]], 3, axis=1)
    design = city.buildings["design_outdoor_temperature_degc"]
    flow = flow_temperature(outdoor, np.full(3, 55.0), design, np.ones(3), np.full(3, 1.3), np.full(3, 10.0))
    cops = [coefficient_of_performance(sink - outdoor, air) for sink in (flow, 50.0)]
    capacity = city.buildings["heat_pump_capacity_w"] * air_capacity_factor(outdoor)
    wanted = heat_pump_supply(space, water, *cops, capacity, city.buildings["backup_capacity_w"]).electric
    setup = Setup(city, {}, BERLIN, HOUR)
    assert build_thermostat(setup) is build_shifted(setup) is None
    alone = run(build_heat_pump(setup), DAY, given_, begin=None)["electric_load"]
    assert np.array_equal(alone, wanted)
    # nor does it matter what others do, or that a buffer stands by
    among = with_control(with_control(city, "follow", HeatBuffer()), "price", rows=np.array([1]))
    followed = run(build_heat_pump(Setup(among, {}, BERLIN, HOUR)), DAY, given_, begin=None)["electric_load"]
    assert np.array_equal(followed[:, [0, 2]], wanted[:, [0, 2]])
    assert not followed[:, 1].any()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_heat_of_heat_pumps_is_counted_and_electric_heaters_are_none(strategy):
    axis, given_ = TimeAxis(DAY.start, HOUR, 72), random_demand(TimeAxis(DAY.start, HOUR, 72), 2)
    out = run(build(with_control(pumps(2), strategy, HeatBuffer())), axis, given_)
    demand = given_["space_heating_demand"] + given_["hot_water_demand"]
    kept = (demand - out["unserved_heat"] + out["buffer_losses"]).sum(axis=0) * HOUR + out["heat_stored"][-1]
    np.testing.assert_allclose(out["heat_pump_heat"].sum(axis=0) * HOUR, kept, rtol=1e-9)
    np.testing.assert_array_equal(out["heat_pump_electricity"], out["electric_load"])
    none = run(build(with_control(electric(), strategy, HeatBuffer())), DAY, asking(DAY, 1))
    assert not any(none[quantity].any() for quantity in ("heat_pump_heat", "heat_pump_electricity"))


def test_a_back_up_that_is_too_small_leaves_heat_unserved():
    city = with_control(pumps(sizing=0.01, backup_kw=1.0), "thermostat", HeatBuffer(litres_per_kw=10.0))
    out = run(build(city), DAY, asking(DAY, 1, 10 * KW))
    assert out["unserved_heat"].min() > 8 * KW
    np.testing.assert_allclose(out["unserved_heat"] + out["heat_pump_heat"], 10 * KW, atol=500)


def test_every_heater_is_simulated_once():
    city = mixed(pumps(5), "follow", "thermostat", "lock", "price", "emissions")
    setup, given_ = Setup(city, {}, BERLIN, HOUR, SIGNALS), asking(DAY, 5)
    simulators = [make(setup) for make in (build_heat_pump, build_thermostat, build_shifted)]
    assert build_electric(setup) is None
    loads = [run(s, DAY, given_, begin=None)["electric_load"].any(axis=0).tolist() for s in simulators]
    assert np.sum(loads, axis=0).tolist() == [1] * 5


def test_demand_response_leaves_nobody_cold_and_the_dear_hours_emptier():
    city, given_ = with_control(pumps(3), "price", HeatBuffer()), asking(DAY, 3, [4 * KW, 8 * KW, 12 * KW])
    out = run(build(city), DAY, given_)
    plain = run(build_heat_pump(Setup(pumps(3), {}, BERLIN, HOUR)), DAY, given_, begin=None)["electric_load"]
    dear = slice(17, 21)
    assert not out["unserved_heat"].any()
    assert (out["electric_load"][dear].sum(axis=0) < plain[dear].sum(axis=0)).all()
    assert (out["electric_load"][:4].sum(axis=0) > plain[:4].sum(axis=0)).all()


def test_thermostats_do_not_all_start_at_once_and_newcomers_change_nobody_s_draw():
    simulators = [build(with_control(pumps(n), "thermostat", HeatBuffer())) for n in (3, 6)]
    few, many = (
        run(s, DAY, asking(DAY, n), begin=None)["heat_stored"] for s, n in zip(simulators, (3, 6), strict=True)
    )
    assert len(np.unique(many[0])) == 6
    np.testing.assert_array_equal(few, many[:, :3])


class Wanted:
    """Asks for the same heat at all times."""

    name, version, step_s, reads = "wanted", "1", HOUR, ()
    writes = tuple(Write(q, "building") for q in ("space_heating_demand", "hot_water_demand", "outdoor_temperature"))

    def start(self, axis, streams):
        pass

    def advance(self, window, inputs):
        return asking(window, 2)

    def state(self):
        return None

    def restore(self, state):
        pass


class Watch(Wanted):
    name, writes = "watch", ()
    reads = (Read("heat_stored", "building"),)

    def advance(self, window, inputs):
        self.stored = inputs["heat_stored"].copy()
        return {}


def test_a_typical_day_leaves_buffers_as_it_found_them():
    simulator, watch = build(with_control(pumps(2), "price", HeatBuffer(litres_per_kw=300.0), draw_hours=1)), Watch()
    day = DAY.start
    coupling = Coupling(Graph([Wanted(), simulator, watch], {"building": 2}))
    coupling.run(day - 24 * HOUR, day + 24 * HOUR, cyclic_from=day)
    before = simulator.stored()
    assert (before > 0).all()
    simulator.restock(before / 2)
    np.testing.assert_allclose(simulator.stored(), before / 2)
    again = Coupling(Graph([Wanted(), simulator, watch], {"building": 2}))
    again.run(day, day + 24 * HOUR, cyclic_from=day)
    np.testing.assert_allclose(simulator.stored(), before, atol=1e-3)


def test_buffers_and_controls_are_derived_and_said():
    ledger = Ledger()
    city = filled(install_buffer(pumps(2), np.array([1]), HeatBuffer(litres_per_kw=40.0), CODE), WING, ledger=ledger)
    table = city.buildings
    assert table["heating_control"].tolist() == ["follow", "thermostat"]
    assert any("thermostat of a buffer" in rule.text for rule in ledger.assumptions)
    litres = 0.04 * table["heat_pump_capacity_w"][1]
    assert table["heat_buffer_volume_m3"][1] == pytest.approx(litres / 1e3)
    assert table["heat_buffer_loss_w_k"][1] == pytest.approx((12 + 5.93 * litres**0.4) / 45)
    assert table.missing("heat_buffer_volume_m3").tolist() == [True, False]
    fixed = filled(install_buffer(city, np.array([1]), HeatBuffer(volume_l=500, loss_w_k=2.0), CODE), WING).buildings
    assert (fixed["heat_buffer_volume_m3"][1], fixed["heat_buffer_loss_w_k"][1]) == (0.5, 2.0)
    assert fixed.source("heat_buffer_label")[1] == fixed.source("heat_buffer_sizing_l_kw")[1] == MISSING
    back = filled(install_buffer(city.with_table(fixed), np.array([1]), HeatBuffer(), CODE), WING).buildings
    assert back["heat_buffer_volume_m3"][1] == pytest.approx(litres / 1e3 * 50 / 40)


def test_gas_boilers_have_neither_control_nor_buffer():
    city = filled(boxes(2), WING)
    assert city.buildings.missing("heating_control").all()
    with pytest.raises(TwinError, match=r"heat_buffer: 2 of the 2 buildings chosen have neither heat pump .* b0"):
        install_buffer(city, np.arange(2), HeatBuffer(), CODE)
    with pytest.raises(TwinError, match=r"heating_control: 1 of the 1 buildings .* a measure heat_pump before"):
        set_control(city, np.array([1]), HeatingControl(strategy="lock"), CODE)


@pytest.mark.parametrize("strategy", ["thermostat", "price", "emissions"])
def test_a_control_that_needs_a_buffer_says_so(strategy):
    with pytest.raises(TwinError, match=f"1 buildings have heating_control = '{strategy}' but no buffer, such as b0"):
        build(with_control(electric(), strategy))


@pytest.mark.parametrize(
    ("kind", "params"),
    [("heat_buffer", {}), ("heating_control", {"strategy": "price"}), ("heating_control", {"strategy": "lock"})],
)
def test_measures_write_only_what_they_declare(kind, params):
    city = pumps(2)
    spec = next(m for m in WING.measures if m.kind == kind)
    model = resolve(spec.params)
    after = resolve(spec.apply)(city, np.array([1]), model(**params), CODE).buildings
    assert {n for n in after.names if n not in city.buildings or after[n] is not city.buildings[n]} <= set(spec.writes)
    assert set(after.names) - set(city.buildings.names) <= set(spec.writes)
    assert all(field.description for field in model.model_fields.values())
    assert after.take(np.array([0])).missing("heat_buffer_label").all()


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (HeatBuffer, {"volume_l": 100.0, "litres_per_kw": 10.0}),
        (HeatBuffer, {"label": "A", "loss_w_k": 1.0}),
        (HeatBuffer, {"low_degc": 55.0, "high_degc": 55.0}),
        (HeatBuffer, {"label": "G"}),
        (HeatingControl, {}),
        (HeatingControl, {"strategy": "cheap"}),
        (HeatingControl, {"strategy": "price", "fill_hours": 20}),
        (HeatingControl, {"strategy": "thermostat", "fill_hours": 4}),
        (HeatingControl, {"strategy": "price", "locked": ["06:00-08:00"]}),
        (HeatingControl, {"strategy": "lock", "locked": ["6-8"]}),
        (HeatingControl, {"strategy": "lock", "locked": ["06:00-06:00"]}),
    ],
)
def test_wrong_parameters_are_refused(model, wrong):
    with pytest.raises(ValidationError):
        model(**wrong)


def test_an_electric_heater_before_a_buffer_has_the_capacity_that_is_stated():
    stated = filled(install_electric_heating(filled(boxes(1), WING), [0], ElectricHeating(capacity_kw=4.0), CODE), WING)
    city = with_control(stated, "thermostat", HeatBuffer(litres_per_kw=50.0))
    assert city.buildings["heat_buffer_volume_m3"].tolist() == pytest.approx([0.2])
    out = run(build(city), DAY, asking(DAY, 1, space=6 * KW))
    assert out["electric_load"].max() <= 4 * KW * (1 + 1e-9)
    assert out["unserved_heat"].min() >= 2 * KW * (1 - 1e-9)
    free = with_control(electric(load_w=10 * KW), "thermostat", HeatBuffer(litres_per_kw=50.0))
    assert free.buildings["heat_buffer_volume_m3"].tolist() == pytest.approx([0.5])
