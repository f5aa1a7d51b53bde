"""The meter: power of one's own first, the rest from or to the grid."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from buildings_case import BERLIN, boxes, cut
from twin.devices.meter.simulator import build
from twin.devices.meter.wing import WING
from twin.engine.graph import Graph
from twin.engine.ports import Read, Write
from twin.engine.recorder import Recorder
from twin.engine.signals import Constant, TimeOfUse, UseWindow
from twin.engine.time import CivilTime, TimeAxis
from twin.quantities import Link
from twin.registry import Setup
from twin.results.indicators import applicable, evaluate, streams_of
from twin.scenario.signals import known_factors

AXIS = TimeAxis(0, 900, 6)
watts = arrays(float, (6, 3), elements=st.floats(0, 1e5))


EVENING = TimeOfUse(0.30, (UseWindow(1800, 3600, 0.60),), CivilTime())
SIGNALS = {
    "prices.electricity": EVENING,
    "prices.feed_in": Constant(0.08),
    "prices.vehicle_feed_in": EVENING,
    "emissions.electricity": Constant(0.4),
}


def metered(load, generation, steps=(6,), solar=None, charging=0.0, vehicles=0.0, curtailed=0.0):
    simulator = build(Setup(boxes(3), {}, BERLIN, 900, SIGNALS))
    solar = generation if solar is None else solar
    given_ = {
        "electric_load": load,
        "electric_generation": generation,
        "solar_generation": solar,
        "curtailed_generation": np.full((6, 3), curtailed),
        "battery_charging": np.full((6, 3), charging),
        "vehicle_discharging": np.full((6, 3), vehicles),
    }
    return cut(simulator, AXIS, given_, steps)


@given(watts, watts)
def test_every_watt_is_accounted_for(load, generation):
    out = metered(load, generation)
    np.testing.assert_allclose(out["grid_import"] + out["self_consumed_generation"], load, rtol=1e-12, atol=1e-9)
    np.testing.assert_allclose(out["grid_export"] + out["self_consumed_generation"], generation, rtol=1e-12, atol=1e-9)
    assert (np.minimum(out["grid_import"], out["grid_export"]) == 0).all()
    assert all((values >= 0).all() for name, values in out.items() if name != "electricity_cost")


def test_without_generation_the_grid_serves_the_load_to_the_last_bit():
    load = np.random.default_rng(1).uniform(0, 5000, (6, 3))
    out = metered(load, np.zeros((6, 3)))
    assert np.array_equal(out["grid_import"], load)
    assert not out["grid_export"].any()


def test_any_cut_gives_the_same():
    load, generation = np.random.default_rng(2).uniform(0, 5000, (2, 6, 3))
    whole, parts = metered(load, generation), metered(load, generation, (1, 2, 3))
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)


def test_what_is_taken_costs_what_it_costs_at_that_time_and_what_is_fed_in_is_paid():
    load, generation = np.full((6, 3), [1000.0, 0.0, 0.0]), np.full((6, 3), [0.0, 500.0, 0.0])
    out = metered(load, generation)
    np.testing.assert_allclose(out["electricity_cost"][:, 0], [300, 300, 600, 600, 300, 300])
    np.testing.assert_allclose(out["electricity_cost"][:, 1], -0.08 * 500)
    np.testing.assert_allclose(out["electricity_emissions"][:, 0], 400)
    assert not out["electricity_cost"][:, 2].any()


def test_what_a_battery_feeds_in_is_no_solar_power():
    out = metered(np.zeros((6, 3)), np.full((6, 3), 700.0), solar=np.full((6, 3), 500.0))
    np.testing.assert_array_equal(out["self_consumed_generation"], 0.0)
    out = metered(np.full((6, 3), 400.0), np.full((6, 3), 700.0), solar=np.full((6, 3), 500.0))
    np.testing.assert_array_equal(out["self_consumed_generation"], 200.0)


def test_what_a_battery_takes_in_is_not_consumed():
    out = metered(np.full((6, 3), 900.0), np.zeros((6, 3)), charging=400.0)
    np.testing.assert_array_equal(out["electricity_consumption"], 500.0)
    np.testing.assert_array_equal(out["grid_import"], 900.0)


def test_what_vehicles_feed_in_has_a_price_of_its_own_and_solar_power_goes_first():
    load, generation = np.full((6, 3), 100.0), np.full((6, 3), [900.0, 500.0, 300.0])
    out = metered(load, generation, solar=np.full((6, 3), [600.0, 0.0, 300.0]), vehicles=300.0)
    price = EVENING.values(AXIS)
    np.testing.assert_allclose(-out["electricity_cost"][:, 0], 600 * 0.08 + 200 * price)
    np.testing.assert_allclose(-out["electricity_cost"][:, 1], 100 * 0.08 + 300 * price)
    np.testing.assert_allclose(-out["electricity_cost"][:, 2], 200 * 0.08)


def test_solar_power_held_back_is_neither_used_nor_paid():
    load, generation = np.full((6, 3), [100.0, 400.0, 100.0]), np.full((6, 3), [900.0, 500.0, 100.0])
    out = metered(load, generation, curtailed=[300.0, 200.0, 0.0])
    np.testing.assert_allclose(out["grid_export"], np.full((6, 3), [500.0, 0.0, 0.0]))
    np.testing.assert_allclose(out["grid_import"], np.full((6, 3), [0.0, 100.0, 0.0]))
    np.testing.assert_allclose(out["self_consumed_generation"], np.full((6, 3), [100.0, 300.0, 100.0]))
    np.testing.assert_allclose(out["electricity_cost"][:, 0], -0.08 * 500)


class Stub:
    """A simulator of which only the ports matter."""

    step_s, version = 900, "1"

    def __init__(self, name, reads, writes):
        self.name, self.reads, self.writes = name, reads, writes


def test_the_meter_stands_behind_the_grid_that_holds_power_back():
    modules = Stub("pv", (), (Write("electric_generation", "pv_array"), Write("solar_generation", "pv_array")))
    cars = Stub("cars", (Read("voltage", "phase_node", delay=1),), (Write("electric_load", "building"),))
    reads = Read("electric_generation", "phase_node", "sum"), Read("electric_load", "phase_node", "sum")
    grid = Stub("grid", reads, (Write("voltage", "phase_node"), Write("curtailed_generation", "pv_array")))
    meter = build(Setup(boxes(3), {}, BERLIN, 900, SIGNALS))
    one = np.zeros(3, dtype=int)
    links = (
        Link.belongs("building", "phase_node", one),
        Link.belongs("pv_array", "building", np.arange(3)),
        Link.belongs("pv_array", "phase_node", one),
    )
    order = Graph([meter, grid, cars, modules], {"building": 3, "phase_node": 1, "pv_array": 3}, links).order
    assert [getattr(item, "members", item) for item in order] == [3, (2, 1), 0]  # the loop is that of cars and grid


@pytest.mark.parametrize(("name", "expected"), [("pv_yield", [3.0, 1.2]), ("self_consumption", [50.0, 100.0])])
def test_yield_and_own_use_count_what_is_made_after_all(name, expected):
    indicator = next(i for i in WING.indicators if i.id == name)
    series = {
        "solar_generation": np.full((6, 2), [3000.0, 1000.0]),
        "curtailed_generation": np.full((6, 2), [1000.0, 200.0]),
        "self_consumed_generation": np.full((6, 2), [1000.0, 800.0]),
    }
    recorder = Recorder("building", np.ones(2), 900, streams_of(indicator), 0)
    recorder.start(AXIS, None)
    recorder.advance(AXIS, series)
    blocks = evaluate("an option", [indicator], {"building": recorder}, {"building": boxes(2).buildings}, {}).blocks
    assert blocks[-1].values.tolist() == pytest.approx(expected)


CARRIERS = ("gas", "oil", "biomass", "district_heat")


@pytest.mark.parametrize(("indicator", "section"), [("energy_cost", "prices"), ("co2", "emissions")])
def test_every_carrier_has_its_price_and_its_factor(indicator, section):
    terms = next(i for i in WING.indicators if i.id == indicator).terms
    wanted = {f"{carrier}_consumption": f"{section}.{carrier}" for carrier in CARRIERS}
    assert {t.quantity: t.factor for t in terms if t.factor} == wanted
    for quantity, key in wanted.items():
        assert known_factors()[key].needed_by == (quantity,)


def test_costs_are_shown_whatever_carriers_there_are():
    """One term of a sum is enough; a share needs both what is above and what is below the line."""
    tables = {"building": boxes().buildings}
    metered_ = {write.quantity for write in build(Setup(boxes(), {}, BERLIN, 900, SIGNALS)).writes}
    shown = {i.id for i in applicable(WING.indicators, tables, metered_, metered_)}
    assert {"energy_cost", "co2", "grid_import"} <= shown
    assert not {"pv_yield", "self_consumption"} & shown
    assert {"pv_yield", "self_consumption"} <= {
        i.id for i in applicable(WING.indicators, tables, metered_, metered_ | {"solar_generation"})
    }
