"""Heating systems in the city: what is assumed, what a measure changes, what the simulators write."""

import numpy as np
import pytest
from pydantic import ValidationError

from buildings_case import BERLIN, boxes, cut, filled, ports
from twin.devices.heating.measures import HeatPump, install_heat_pump
from twin.devices.heating.model import COLUMNS
from twin.devices.heating.simulator import build_boiler, build_electric, build_heat_pump
from twin.devices.heating.wing import WING
from twin.engine.ports import Simulator
from twin.engine.time import TimeAxis
from twin.ledger import Ledger, summarize
from twin.registry import Setup, resolve
from twin.table import MISSING

AXIS = TimeAxis.at("2023-01-01", 3600, 48, BERLIN.timezone)
CODE = Ledger().measure("heat_pump")


def city_with(*systems, **given):
    city = boxes(len(systems), **given)
    known = np.array([bool(s) for s in systems])
    table = city.buildings.put(COLUMNS["heating_system"], [s or "none" for s in systems], where=known)
    return filled(city.with_table(table), WING)


def demands(city, space=8000.0, water=2000.0, sun=0.0):
    shape = (AXIS.n, len(city.buildings))
    outdoor = ports(city, AXIS)["outdoor_temperature"]
    return {
        "space_heating_demand": np.full(shape, space),
        "hot_water_demand": np.full(shape, water),
        "outdoor_temperature": outdoor,
        "solar_heat": np.full(shape, sun),
    }


def setup(city):
    return Setup(city, {}, BERLIN, 3600)


def test_gas_is_assumed_and_said():
    ledger = Ledger()
    city = filled(boxes(), WING, ledger=ledger)
    assert city.buildings["heating_system"][0] == "gas_boiler"
    assert city.buildings["boiler_efficiency"][0] == 0.9
    assert city.buildings.missing("heat_pump_source")[0]
    reasons = {r.field: r for r in summarize(ledger, [city.buildings], {})}
    assert "Gas boiler" in reasons["heating_system"].reason
    assert "Zensus" in reasons["heating_system"].reference


def test_what_is_not_heated_has_no_heating():
    city = filled(boxes(function="31001_2463"), WING)
    assert city.buildings["heating_system"][0] == "none"
    assert build_boiler(setup(city)) is None


def test_gas_follows_heat_and_efficiency_in_the_buildings_that_have_boilers():
    city = city_with("gas_boiler", "heat_pump", "electric")
    out = cut(build_boiler(setup(city)), AXIS, demands(city), [AXIS.n])
    assert out["gas_consumption"][5].tolist() == pytest.approx([10000 / 0.9, 0, 0])


def test_direct_electric_heating_draws_what_it_gives():
    city = city_with("gas_boiler", "electric")
    out = cut(build_electric(setup(city)), AXIS, demands(city), [AXIS.n])
    assert out["electric_load"][5].tolist() == [0, 10000]


@pytest.mark.parametrize(("sun", "left"), [(500.0, 1500.0), (2500.0, 0.0)])
def test_heaters_give_what_the_sun_leaves_of_hot_water_and_all_of_space_heat(sun, left):
    city = city_with("gas_boiler", "heat_pump", "electric")
    for build in (build_boiler, build_electric, build_heat_pump):
        with_sun = cut(build(setup(city)), AXIS, demands(city, sun=sun), [AXIS.n])
        with_less = cut(build(setup(city)), AXIS, demands(city, water=left), [AXIS.n])
        assert all(np.array_equal(with_sun[q], with_less[q]) for q in with_sun)


def test_a_heat_pump_by_hand():
    city = city_with("heat_pump", heated_floor_area_m2=480.0)
    given = demands(city)
    given["outdoor_temperature"] = np.full((AXIS.n, 1), 0.0)
    space = 0.85 * (6.0801 - 0.0941 * 40 + 0.0005 * 40**2)
    water = 0.85 * (6.0801 - 0.0941 * 50 + 0.0005 * 50**2)
    out = cut(build_heat_pump(setup(city)), AXIS, given, [AXIS.n])
    assert out["electric_load"][0, 0] == pytest.approx(8000 / space + 2000 / water)


def test_the_ground_is_better_than_the_air_in_the_cold_and_floors_better_than_radiators():
    pumps = {}
    for source in ("air", "ground"):
        for emission in ("radiator", "floor"):
            params = HeatPump(source=source, emission=emission)
            city = filled(install_heat_pump(city_with(""), np.array([0]), params, CODE), WING)
            given = demands(city)
            given["outdoor_temperature"] = np.full((AXIS.n, 1), -5.0)
            out = cut(build_heat_pump(setup(city)), AXIS, given, [AXIS.n])
            pumps[source, emission] = out["electric_load"].sum()
    assert pumps["ground", "radiator"] < pumps["air", "radiator"]
    assert pumps["ground", "floor"] < pumps["air", "floor"]
    assert pumps["air", "floor"] < pumps["air", "radiator"]


def test_the_heat_pump_measure_sizes_after_the_design_heat_load():
    before = filled(boxes(3), WING)
    after = filled(install_heat_pump(before, np.array([True, False, True]), HeatPump(sizing=0.6), CODE), WING)
    assert after.buildings["heating_system"].tolist() == ["heat_pump", "gas_boiler", "heat_pump"]
    assert after.buildings["heat_pump_source"].tolist() == ["air", "", "air"]
    assert after.buildings["heating_setback_degc"].tolist() == [20, 17, 20]
    load = after.buildings["design_heat_load_w"][0]
    assert after.buildings["heat_pump_capacity_w"][0] == pytest.approx(0.6 * load)
    assert after.buildings.source("boiler_efficiency")[0] == MISSING
    assert after.buildings["boiler_efficiency"][1] == 0.9
    assert before.buildings["heating_system"].tolist() == ["gas_boiler"] * 3


def test_the_night_set_back_can_stay():
    kept = install_heat_pump(filled(boxes(), WING), np.array([0]), HeatPump(night_setback=True), CODE)
    assert kept.buildings["heating_setback_degc"][0] == 17


def test_better_walls_make_the_heat_pump_smaller():
    from twin.buildings.measures import Insulation, insulate

    pumps = install_heat_pump(filled(boxes(), WING), np.array([0]), HeatPump(), CODE)
    plain = filled(pumps, WING).buildings["heat_pump_capacity_w"][0]
    better = filled(insulate(pumps, np.array([0]), Insulation(refurbishment="usual"), CODE), WING)
    assert better.buildings["heat_pump_capacity_w"][0] < 0.5 * plain


def test_any_cut_gives_the_same_and_ports_keep_the_contract():
    city = city_with("gas_boiler", "heat_pump", "electric")
    for build in (build_boiler, build_electric, build_heat_pump):
        simulator = build(setup(city))
        assert isinstance(simulator, Simulator)
        given = {r.quantity: demands(city)[r.quantity] for r in simulator.reads}
        whole = cut(simulator, AXIS, given, [AXIS.n])
        parts = cut(simulator, AXIS, given, [1, 7, AXIS.n - 8])
        for name, values in whole.items():
            assert np.array_equal(parts[name], values)
        simulator.restore(simulator.state())


def test_measures_write_only_what_they_declare():
    city = filled(boxes(2), WING)
    spec = next(m for m in WING.measures if m.kind == "heat_pump")
    params = resolve(spec.params)(source="ground", emission="floor", sizing=1.0)
    after = resolve(spec.apply)(city, np.array([1]), params, CODE).buildings
    changed = {n for n in after.names if not np.array_equal(after.source(n), city.buildings.source(n))}
    assert changed == set(spec.writes)
    assert all(field.description for field in type(params).model_fields.values())


@pytest.mark.parametrize("wrong", [{"source": "water"}, {"sizing": 0.0}, {"size": 1.0}])
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        HeatPump(**wrong)
