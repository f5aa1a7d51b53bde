"""Thermal flexibility: when the set point is lifted and lowered, by hand, and that any cut gives the same."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from buildings_case import BERLIN, boxes, cut, filled
from twin.devices.heating.flexibility import build
from twin.devices.heating.flexibility_measures import ThermalFlexibility, make_flexible
from twin.devices.heating.measures import HeatPump, install_heat_pump
from twin.devices.heating.wing import WING
from twin.engine import Simulator, TimeAxis
from twin.engine.signals import Constant, TimeOfUse, UseWindow
from twin.errors import TwinError
from twin.ledger import Ledger
from twin.registry import Setup, resolve
from twin.table import Table

HOUR = 3600
CODE = Ledger().measure("flexibility")
DAY = TimeAxis.at("2023-01-10", HOUR, 24, BERLIN.timezone)
TARIFF = TimeOfUse(0.3, (UseWindow(0, 4 * HOUR, 0.2), UseWindow(17 * HOUR, 21 * HOUR, 0.4)), BERLIN)
SIGNALS = {"prices.electricity": TARIFF, "emissions.electricity": Constant(1e-7)}


def pumps(n=1):
    return filled(install_heat_pump(filled(boxes(n), WING), np.arange(n), HeatPump(), CODE), WING)


def flexible(city, rows=None, **params):
    rows = np.arange(len(city.buildings)) if rows is None else rows
    return make_flexible(city, rows, ThermalFlexibility(**params), CODE)


def built(city, step_s=HOUR):
    return build(Setup(city, {}, BERLIN, step_s, SIGNALS))


def shifts(city, axis=DAY, steps=None, **inputs):
    simulator = built(city, axis.step_s)
    shape = (axis.n, len(city.buildings))
    arrays = {q: np.broadcast_to(np.asarray(v, dtype=float), shape) for q, v in inputs.items()}
    return cut(simulator, axis, arrays, steps or [axis.n])["heating_set_point_shift"]


def test_cheap_hours_lift_and_dear_hours_lower():
    shift = shifts(flexible(pumps(), signal="price", raise_k=1.5, lower_k=0.5))
    assert shift[:, 0].tolist() == [1.5] * 4 + [0] * 13 + [-0.5] * 4 + [0] * 3


def test_the_hours_are_as_many_as_are_asked_for():
    shift = shifts(flexible(pumps(), signal="price", hours=2))
    assert np.flatnonzero(shift > 0).tolist() == [0, 1]
    assert np.flatnonzero(shift < 0).tolist() == [19, 20]


def test_where_all_hours_are_the_same_nothing_changes():
    assert not shifts(flexible(pumps(), signal="emissions")).any()


def test_only_the_buildings_chosen_are_flexible_and_each_in_its_way():
    city = flexible(pumps(4), np.array([1]), signal="price")
    city = flexible(city, np.array([2]), signal="solar_surplus", surplus_share=2.0)
    load, sun = np.full((24, 4), 500.0), np.zeros((24, 4))
    sun[12], sun[13] = 1500.0, 900.0
    shift = shifts(city, electric_load=load, solar_generation=sun)
    assert not shift[:, [0, 3]].any()
    assert np.flatnonzero(shift[:, 1] > 0).tolist() == [0, 1, 2, 3]
    assert np.flatnonzero(shift[:, 2]).tolist() == [12]


def with_grid(city):
    return city.with_table(Table("bus", ["bus"]))


def test_voltage_lifts_and_lowers_within_its_bounds():
    city = with_grid(flexible(pumps(), signal="grid", voltage_high_pu=1.01, voltage_low_pu=0.97))
    voltage = np.ones((24, 1))
    voltage[3:6, 0] = 1.01, 1.02, 1.0099
    voltage[18:21, 0] = 0.97, 0.95, 0.98
    shift = shifts(city, voltage=voltage)
    assert np.flatnonzero(shift > 0).tolist() == [3, 4]
    assert np.flatnonzero(shift < 0).tolist() == [18, 19]
    assert [read.delay for read in built(city).reads] == [1]


def test_who_follows_a_grid_needs_one():
    with pytest.raises(TwinError, match="there is no grid"):
        built(flexible(pumps(), signal="grid"))


def test_without_the_measure_nobody_is_flexible():
    assert built(pumps()) is None


@given(st.sets(st.integers(1, 47), max_size=5))
@settings(max_examples=20)
def test_any_cut_gives_the_same(cuts):
    axis = TimeAxis(DAY.start - HOUR, HOUR, 48)
    edges = [0, *sorted(cuts), 48]
    steps = np.diff(edges).tolist()
    assert np.array_equal(shifts(CITY, axis, steps), shifts(CITY, axis))


CITY = flexible(pumps(2), signal="price")


def test_steps_of_two_hours_take_the_mean():
    axis = TimeAxis(DAY.start, 2 * HOUR, 12)
    shift = shifts(flexible(pumps(), signal="price", hours=3), axis)
    assert shift[:, 0].tolist() == [1, 0.5] + [0] * 7 + [-1, -0.5, 0]


def test_ports_keep_the_contract():
    simulator = built(flexible(pumps(), signal="price"))
    assert isinstance(simulator, Simulator)
    assert simulator.reads == ()
    simulator.restore(simulator.state())


def test_gas_boilers_are_not_flexible():
    with pytest.raises(TwinError, match=r"thermal_flexibility: 1 of the 1 buildings .* have neither heat pump"):
        flexible(filled(boxes(), WING), signal="price")


@pytest.mark.parametrize("signal", ["price", "solar_surplus", "grid"])
def test_the_measure_writes_only_what_it_declares(signal):
    city = pumps(2)
    spec = next(m for m in WING.measures if m.kind == "thermal_flexibility")
    model = resolve(spec.params)
    after = resolve(spec.apply)(city, np.array([1]), model(signal=signal), CODE).buildings
    assert set(after.names) - set(city.buildings.names) <= set(spec.writes)
    assert all(after[n] is city.buildings[n] for n in city.buildings.names)
    assert after["heat_flexibility"].tolist() == ["", signal]
    assert all(field.description for field in model.model_fields.values())


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"signal": "weather"},
        {"signal": "price", "hours": 12},
        {"signal": "grid", "hours": 3},
        {"signal": "price", "surplus_share": 1.0},
        {"signal": "price", "voltage_high_pu": 1.05},
        {"signal": "grid", "voltage_high_pu": 0.95},
        {"signal": "price", "raise_k": -1.0},
    ],
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        ThermalFlexibility(**wrong)
