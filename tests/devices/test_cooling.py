"""Cooling and ventilation: power for cold by hand, what is assumed, what a measure changes, fans."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from buildings_case import BERLIN, boxes, cut, filled
from twin.buildings.zones import thermal_zones
from twin.devices.cooling.kernel import (
    COLD_SIDE_DEGC,
    CYCLING_BELOW,
    NOMINAL_EER,
    ROOM_HEIGHT_M,
    air_flow,
    cooling_power,
    energy_efficiency_ratio,
)
from twin.devices.cooling.measures import Cooling, install_cooling
from twin.devices.cooling.model import COOLING_SYSTEMS
from twin.devices.cooling.simulator import build_cooling, build_fans
from twin.devices.cooling.wing import WING
from twin.engine.ports import Simulator
from twin.engine.time import TimeAxis
from twin.ledger import Ledger
from twin.registry import Setup, resolve

AXIS = TimeAxis.at("2023-07-01", 3600, 24, BERLIN.timezone)
CODE = Ledger().measure("cooling")
SPLIT = np.array([3.2]), np.array([12.0])


def test_every_system_has_its_numbers():
    for table in (NOMINAL_EER, COLD_SIDE_DEGC, CYCLING_BELOW):
        assert ("none", *table) == COOLING_SYSTEMS


def test_the_efficiency_ratio_by_hand():
    """12 degC inside, 47 degC outside at the rating point: 35 K of lift, 25 K at 25 degC, never below 20 K."""
    outdoor = np.array([[35.0], [25.0], [10.0]])
    ratio = energy_efficiency_ratio(outdoor, *SPLIT)
    assert ratio[:, 0].tolist() == pytest.approx([3.2, 3.2 * 35 / 25, 3.2 * 35 / 20])


def power(cold, outdoor=35.0, capacity=4000.0):
    one = np.ones((1, 1))
    return cooling_power(cold * one, np.array([capacity]), outdoor * one, *SPLIT, np.array([0.25])).item()


def test_power_for_cold_by_hand():
    assert power(3200.0) == pytest.approx(1000)
    assert power(1000.0) == pytest.approx(1000 / 3.2)
    assert power(500.0) == pytest.approx(500 / (3.2 * 0.5 / 0.55))
    assert power(500.0, capacity=np.inf) == pytest.approx(500 / 3.2)
    assert power(0.0) == 0.0


@given(st.floats(0, 4000), st.floats(0, 4000), st.floats(-10, 50), st.floats(-10, 50))
def test_more_cold_and_warmer_air_take_more(one, other, here, there):
    less, more = sorted((one, other))
    mild, hot = sorted((here, there))
    assert power(less, mild) <= power(more, mild) * (1 + 1e-12) + 1e-9
    assert power(more, mild) <= power(more, hot) * (1 + 1e-12)


def setup(city):
    return Setup(city, {}, BERLIN, 3600)


def demands(city, cold=3000.0, outdoor=30.0):
    shape = (AXIS.n, len(city.buildings))
    return {"space_cooling_demand": np.full(shape, cold), "outdoor_temperature": np.full(shape, outdoor)}


def test_what_is_cooled_has_split_units_and_that_is_said():
    ledger = Ledger()
    table = filled(boxes(2, cooled=np.array([True, False])), WING, ledger=ledger).buildings
    assert table["cooling_system"].tolist() == ["split", "none"]
    assert table["cooling_efficiency"][0] == 3.2
    assert table.missing("cooling_efficiency").tolist() == [False, True]
    assert any("Split units make the cold" in rule.text for rule in ledger.assumptions)
    assert any("12 and 2 degC and give it off 12 K above" in rule.text for rule in ledger.statements)


def test_where_nothing_is_cooled_nothing_is_said_of_it():
    ledger = Ledger()
    filled(boxes(2), WING, ledger=ledger)
    assert not any("chillers" in rule.text for rule in ledger.statements)


def test_the_measure_brings_cold_and_what_it_takes():
    plain = filled(boxes(2), WING)
    assert build_cooling(setup(plain)) is None
    params = Cooling(system="chiller", cooling_set_point_degc=24.0, capacity_kw=10.0, efficiency=4.0)
    city = filled(install_cooling(plain, np.array([1]), params, CODE), WING)
    table = city.buildings
    assert table["cooled"].tolist() == [False, True]
    assert table["cooling_set_point_degc"][1] == 24.0
    assert table["cooling_capacity_w"][1] == 10e3
    out = cut(build_cooling(setup(city)), AXIS, demands(city), [AXIS.n])
    assert out["electric_load"][3].tolist() == pytest.approx([0, 3000 / (4.0 * 45 / 40)])
    assert np.array_equal(out["cooling_electricity"], out["electric_load"])
    other = filled(install_cooling(city, np.array([1]), Cooling(), CODE), WING).buildings
    assert (other["cooling_system"][1], other["cooling_efficiency"][1]) == ("split", 3.2)


def test_the_measure_writes_only_what_it_declares():
    city = filled(boxes(2), WING)
    spec = WING.measures[0]
    model = resolve(spec.params)
    after = resolve(spec.apply)(city, np.array([1]), model(capacity_kw=5.0, cooling_set_point_degc=25.0), CODE)
    old, new = city.buildings, after.buildings
    changed = {n for n in new.names if n not in old or not np.array_equal(new.source(n), old.source(n))}
    assert changed <= set(spec.writes)
    assert not new["cooled"][0]
    assert all(field.description for field in model.model_fields.values())


@pytest.mark.parametrize("wrong", [{"system": "ice"}, {"capacity_kw": 0.0}, {"efficiency": 30.0}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        Cooling(**wrong)


def ventilated(**given_):
    values = {
        "heated_floor_area_m2": 400.0,
        "air_change_1_h": 0.5,
        "infiltration_1_h": 0.14,
        "specific_fan_power_j_m3": np.array([1800.0, 0.0]),
    }
    return filled(boxes(2, **{**values, **given_}), WING)


def test_fans_by_hand():
    """400 m2 of 2.5 m, 0.36 air changes: 0.1 m3/s at 1800 J/m3."""
    assert air_flow(np.array([400.0]), np.array([0.5]), np.array([0.14])).tolist() == pytest.approx([0.1])
    out = cut(build_fans(setup(ventilated())), AXIS, {}, [AXIS.n])
    np.testing.assert_allclose(out["electric_load"], np.tile([180.0, 0.0], (AXIS.n, 1)))
    assert np.array_equal(out["fan_electricity"], out["electric_load"])


def test_fans_move_the_air_of_the_rooms_that_are_heated():
    assert ROOM_HEIGHT_M == thermal_zones.ROOM_HEIGHT_M


def test_without_fans_there_is_nothing_to_simulate_and_leaks_need_none():
    assert build_fans(setup(ventilated(specific_fan_power_j_m3=0.0))) is None
    assert build_fans(setup(ventilated(infiltration_1_h=0.6))) is None


def test_any_cut_gives_the_same_and_ports_keep_the_contract():
    city = ventilated(cooled=True)
    for build in (build_cooling, build_fans):
        simulator = build(setup(city))
        assert isinstance(simulator, Simulator)
        given_ = {r.quantity: demands(city)[r.quantity] for r in simulator.reads}
        whole, parts = (cut(simulator, AXIS, given_, steps) for steps in ([24], [1, 7, 16]))
        assert all(np.array_equal(parts[name], values) for name, values in whole.items())
