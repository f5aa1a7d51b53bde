"""Where cars go, what they are given, and how a strategy is changed afterwards."""

import json

import numpy as np
import pytest
from pydantic import ValidationError

from buildings_case import BERLIN, boxes, filled
from twin.devices.ev.fleet import fleet_of
from twin.devices.ev.measures import ChargingStrategy, ElectricCars, bring_cars, set_strategy
from twin.devices.ev.model import CONTROL_COLUMNS, STRATEGIES
from twin.devices.ev.simulator import build
from twin.devices.ev.vehicle_models import read_catalogue, transcribe
from twin.engine.links import transfer
from twin.errors import TwinError
from twin.ledger import Ledger
from twin.quantities import Link
from twin.registry import Setup
from twin.table import Column, Table

FIRST = Ledger().measure("first")
SECOND = FIRST + 1
ALL = slice(None)


def cars(city, per_dwelling, rows=ALL, code=FIRST, **params):
    return bring_cars(city, rows, ElectricCars(cars_per_dwelling=per_dwelling, **params), code)


def numbers(city):
    return np.bincount(city.tables["charging_point"]["building"], minlength=len(city.buildings))


def test_cars_per_dwelling_are_right_in_sum_and_grow_only():
    city = filled(boxes(200))
    homes = city.buildings["dwellings"]
    before = np.zeros(200)
    for per_dwelling in (0.1, 0.25, 0.5, 1.0, 1.5):
        now = numbers(cars(city, per_dwelling))
        assert now.sum() == np.floor(per_dwelling * homes.sum() + 0.5)
        assert (np.abs(now - per_dwelling * homes) < 1.1).all()
        assert (now >= before).all()
        before = now


def test_every_car_has_a_point_of_its_own_at_its_building():
    city = cars(filled(boxes(3)), 0.8)
    points, vehicles = city.tables["charging_point"], city.tables["vehicle"]
    assert vehicles["charging_point"].tolist() == list(range(len(points)))
    at_home = [name.partition("/")[0] for name in points.ids.tolist()]
    assert at_home == city.buildings.ids[points["building"]].tolist()
    assert at_home == [name.partition("/")[0] for name in vehicles.ids.tolist()]
    assert len(set(points.ids.tolist())) == len(points)
    assert set(points["power_w"]) == {11_000}
    assert points.missing("voltage_low_pu").all()
    assert vehicles["home_charging_j"][0] == pytest.approx(12_320 / 100 * 20 * 0.65 * 3.6e6)
    sizes = {name: len(table) for name, table in city.tables.items()}
    summed = transfer(city.links, sizes, "vehicle", "building", extensive=True)(np.ones((1, len(vehicles))))
    assert summed[0].tolist() == numbers(city).tolist()


def test_a_second_measure_adds_up_to_its_number():
    city = filled(boxes(3))
    some = cars(city, 0.5, np.array([0]))
    more = cars(some, 1.0, code=SECOND, charger_kw=22.0)
    assert numbers(more).tolist() == numbers(cars(city, 1.0)).tolist()
    points, n = more.tables["charging_point"], len(some.tables["charging_point"])
    assert points.ids[:n].tolist() == some.tables["charging_point"].ids.tolist()
    assert set(points["power_w"][:n]) == {11_000}
    assert set(points["power_w"][n:]) == {22_000}
    assert set(points.source("power_w").tolist()) == {FIRST, SECOND}
    assert sum(link.fine == "charging_point" for link in more.links) == 1
    with pytest.raises(TwinError, match="bring no car to 3 buildings"):
        cars(more, 0.5)


def test_where_nobody_lives_there_are_no_cars():
    with pytest.raises(TwinError, match="0 dwellings"):
        cars(filled(boxes(2, function="31001_2020")), 0.5)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"phases": 1}, r"charger_kw = 11 on one phase"),
        ({"annual_km": 90_000.0}, "more than a session a day"),
        ({"voltage_low_pu": 0.96}, "voltage_low_pu = 0.96 is not below"),
        ({"target_soc": 1.0}, "target_soc = 1, but from taper_from on power falls to nothing"),
        ({"target_soc": 0.9, "strategy": "vehicle_to_grid"}, "target_soc = 0.9 of cars that give back"),
        ({"vehicle_model": "Renault Zo"}, "did you mean 'Renault Zoe'"),
        ({"vehicle_model": "mix", "battery_kwh": 50.0}, "vehicle_model = 'mix' and battery_kwh"),
    ],
)
def test_what_cannot_be_is_said(params, message):
    with pytest.raises(TwinError, match=message):
        cars(filled(boxes()), 1.0, **params)


@pytest.mark.parametrize("wrong", [{}, {"cars_per_dwelling": 1.0, "phases": 2}, {"cars_per_dwelling": 1}])
def test_wrong_parameters_are_refused(wrong):
    if wrong == {"cars_per_dwelling": 1}:
        assert ElectricCars(**wrong).cars_per_dwelling == 1.0
        return
    with pytest.raises(ValidationError):
        ElectricCars(**wrong)


# -- strategies


def test_a_strategy_can_be_changed_and_changed_back():
    plain = cars(filled(boxes(2)), 0.5)
    some = set_strategy(plain, np.array([1]), ChargingStrategy(strategy="voltage_aware"), SECOND)
    points = some.tables["charging_point"]
    assert points["strategy"].tolist().count("voltage_aware") == 1
    assert points["voltage_low_pu"][1] == 0.9
    assert points.source("strategy")[1] == SECOND
    assert points.missing("voltage_low_pu")[0]
    back = set_strategy(some, ALL, ChargingStrategy(strategy="uncontrolled"), SECOND).tables["charging_point"]
    assert set(back["strategy"]) == {"uncontrolled"}
    assert back.missing("voltage_low_pu").all()
    assert set(plain.tables["charging_point"]["strategy"]) == {"uncontrolled"}


def test_following_the_voltage_needs_a_grid():
    city = cars(filled(boxes()), 0.5, strategy="voltage_aware")
    with pytest.raises(TwinError, match="the model has no electric grid"):
        build(Setup(city, {}, BERLIN, 900))


def test_each_strategy_is_told_what_it_needs_and_nothing_else():
    plain = cars(filled(boxes(2)), 0.5)
    for strategy, needs in STRATEGIES.items():
        points = set_strategy(plain, ALL, ChargingStrategy(strategy=strategy), SECOND).tables["charging_point"]
        told = {name for name in CONTROL_COLUMNS if not points.missing(name).any()} - {"strategy", "guarantee"}
        assert told == set(needs) - {"guarantee"}
        assert points["guarantee"].all() == (strategy == "pv_surplus")
    grid = set_strategy(plain, ALL, ChargingStrategy(strategy="vehicle_to_grid"), SECOND).tables["charging_point"]
    assert grid["discharge_wear"][0] * 3.6e6 == pytest.approx(0.05)
    assert grid["discharge_w"][0] == 10_000


# -- models of cars


def test_a_model_brings_its_battery_and_its_charger():
    city = cars(filled(boxes(2)), 0.5, vehicle_model="Renault Zoe")
    vehicles = city.tables["vehicle"]
    assert set(vehicles["model"]) == {"Renault Zoe"}
    assert set(vehicles["battery_j"]) == {52 * 3.6e6}
    assert (set(vehicles["onboard_w"]), set(vehicles["onboard_phases"])) == ({22_000}, {3})


def test_a_mix_is_drawn_for_each_car_by_registrations():
    vehicles = cars(filled(boxes(300)), 1.0, vehicle_model="mix").tables["vehicle"]
    known = read_catalogue()
    total = sum(model.registrations for model in known.values())
    for name, model in known.items():
        share = (vehicles["model"] == name).mean()
        assert share == pytest.approx(model.registrations / total, abs=0.025)
        assert set(vehicles["battery_j"][vehicles["model"] == name]) == {model.battery_kwh * 3.6e6}
    few = cars(filled(boxes(300)), 0.3, vehicle_model="mix").tables["vehicle"]
    of_many = dict(zip(vehicles.ids.tolist(), vehicles["model"].tolist(), strict=True))
    assert [of_many[name] for name in few.ids.tolist()] == few["model"].tolist()


@pytest.mark.parametrize(
    ("point", "model", "expected"),
    [
        ((11.0, 3), "Renault Zoe", 11.0),  # the point's limit
        ((22.0, 3), "Tesla Model 3", 11.0),  # the car's
        ((22.0, 3), "Peugeot 208", 7.4),  # one phase of the point
        ((7.4, 1), "Tesla Model 3", 11 / 3),  # one phase of the car
    ],
)
def test_point_and_car_limit_each_other(point, model, expected):
    city = cars(filled(boxes(1)), 0.2, charger_kw=point[0], phases=point[1], vehicle_model=model)
    assert fleet_of(city).power[0] == pytest.approx(1e3 * expected)


@pytest.mark.corpus
def test_transcribing_again_gives_the_catalogue_that_is_shipped(shared):
    facts = json.loads((shared / "data" / "mobility" / "ev" / "ev_specs_nl.json").read_text())
    assert {model.name: model for model in transcribe(facts)} == dict(read_catalogue())


# -- phases


def with_grid(n):
    """Return boxes on a grid of two nodes, every building on all three phases of one of them."""
    node = np.arange(n) % 2
    served = Link.belongs("building", "connection", np.arange(n))
    phases = Link(
        "connection", "phase_node", np.concatenate([3 * node + p for p in range(3)]), np.tile(np.arange(n), 3),
        np.full(3 * n, 1 / 3),
    )  # fmt: skip
    nodes = Table("phase_node", [f"n{k}.{p}" for k in range(2) for p in "abc"])
    nodes = nodes.put(Column("phase", "-", "int", "phase"), np.tile(np.arange(3), 2))
    city = filled(boxes(n)).with_table(nodes)
    building = Column("building", "-", "int", "row of the building it serves")
    return city.with_table(Table("connection", city.buildings.ids).put(building, np.arange(n)), served, phases)


def per_phase(city, watts=1000.0):
    sizes = {name: len(table) for name, table in city.tables.items()}
    carry = transfer(city.links, sizes, "charging_point", "phase_node", extensive=True)
    return carry(np.eye(sizes["charging_point"]) * watts)


def test_three_phase_points_load_the_phases_of_their_building_alike():
    city = cars(with_grid(3), 0.5)
    loads = per_phase(city)
    assert loads.sum(axis=1) == pytest.approx(1000)
    node = city.tables["charging_point"]["building"] % 2
    for load, k in zip(loads, node, strict=True):
        assert load[3 * k : 3 * k + 3] == pytest.approx([1000 / 3] * 3)


def test_a_single_phase_point_loads_one_phase_of_its_building():
    city = cars(with_grid(3), 0.5, np.array([0, 1]))
    city = cars(city, 2.0, charger_kw=4.6, phases=1, code=SECOND)
    points, loads = city.tables["charging_point"], per_phase(city)
    single = points["phases"] == 1
    assert ((loads > 0).sum(axis=1) == np.where(single, 1, 3)).all()
    assert (loads.argmax(axis=1)[single] // 3 == points["building"][single] % 2).all()
    assert loads.sum(axis=1) == pytest.approx(1000)
    assert (loads[single].sum(axis=0) > 0).all()  # spread over all phases
    sizes = {name: len(table) for name, table in city.tables.items()}
    voltage = np.array([[0.91, 0.92, 0.93, 0.94, 0.95, 0.96]])
    seen = transfer(city.links, sizes, "phase_node", "charging_point", extensive=False)(voltage)[0]
    assert seen[~single] == pytest.approx(np.where(points["building"][~single] % 2, 0.95, 0.92))
    assert seen[single] == pytest.approx(voltage[0, loads.argmax(axis=1)[single]])
