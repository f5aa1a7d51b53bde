"""Heating systems in the city: what is assumed, what a measure changes, what the simulators write."""

import numpy as np
import pytest
from pydantic import ValidationError

from buildings_case import BERLIN, boxes, cut, filled, ports
from twin.devices.heating.measures import (
    Boiler,
    DistrictHeat,
    ElectricHeating,
    HeatPump,
    install_boiler,
    install_district_heat,
    install_electric_heating,
    install_heat_pump,
)
from twin.devices.heating.model import BOILERS, COLUMNS
from twin.devices.heating.simulator import build_boiler, build_district_heat, build_electric, build_heat_pump
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


def insulated(city):
    """Return the city with walls, roof, floor and windows of a low-energy house."""
    table = city.buildings
    for name, u in {"wall": 0.15, "roof": 0.12, "base": 0.2, "window": 0.9}.items():
        table = table.put(table.column(f"{name}_u_w_m2k"), u, CODE)
    return filled(city.with_table(table), WING)


def demands(city, space=8000.0, water=2000.0, sun=0.0):
    shape = (AXIS.n, len(city.buildings))
    outdoor = ports(city, AXIS)["outdoor_temperature"]
    return {
        "space_heating_demand": np.full(shape, space),
        "hot_water_demand": np.full(shape, water),
        "outdoor_temperature": outdoor,
        "solar_heat": np.full(shape, sun),
        "relative_humidity": np.full(shape, 0.9),
    }


def setup(city):
    return Setup(city, {}, BERLIN, 3600)


def test_gas_is_assumed_and_said():
    ledger = Ledger()
    city = filled(boxes(), WING, ledger=ledger)
    assert city.buildings["heating_system"][0] == "gas_boiler"
    assert city.buildings["boiler_type"][0] == "low_temperature"
    assert city.buildings.missing("heat_pump_source")[0]
    reasons = {r.field: r for r in summarize(ledger, [city.buildings], {})}
    assert "Gas boiler" in reasons["heating_system"].reason
    assert "Zensus" in reasons["heating_system"].reference


def test_what_is_not_heated_has_no_heating():
    city = filled(boxes(function="31001_2463"), WING)
    assert city.buildings["heating_system"][0] == "none"
    assert build_boiler(setup(city)) is None


def test_fuels_follow_heat_in_the_buildings_that_have_boilers():
    """20 kW and more, low temperature: 87.5 + 1.5 log10(kW) at 30 % and at full load, so the loss is linear."""
    city = city_with("gas_boiler", "heat_pump", "electric", "oil_boiler")
    out = cut(build_boiler(setup(city)), AXIS, demands(city), [AXIS.n])
    assert set(out) == {"gas_consumption", "oil_consumption", "unserved_heat"}
    gas, oil = out["gas_consumption"][5], out["oil_consumption"][5]
    assert gas[0] == oil[3]
    assert 10000 / 0.91 < gas[0] < 10000 / 0.88
    assert gas[1:].tolist() == oil[:3].tolist() == [0, 0, 0]


def test_an_efficiency_that_is_stated_holds_at_any_load():
    city = install_boiler(city_with("", ""), np.arange(2), Boiler(fuel="biomass", efficiency=0.8), CODE)
    out = cut(build_boiler(setup(filled(city, WING))), AXIS, demands(city), [AXIS.n])
    np.testing.assert_allclose(out["biomass_consumption"], 10000 / 0.8)


def test_direct_electric_heating_draws_what_it_gives():
    city = city_with("gas_boiler", "electric")
    out = cut(build_electric(setup(city)), AXIS, demands(city), [AXIS.n])
    assert out["electric_load"][5].tolist() == [0, 10000]


def test_a_substation_takes_what_it_gives_and_loses():
    city = install_district_heat(city_with("", ""), np.array([1]), DistrictHeat(loss_w=150.0), CODE)
    out = cut(build_district_heat(setup(filled(city, WING))), AXIS, demands(city), [AXIS.n])
    assert out["district_heat_consumption"][5].tolist() == [0, 10150]


@pytest.mark.parametrize(
    ("install", "params", "build"),
    [
        (install_boiler, Boiler(fuel="gas", capacity_kw=7.0), build_boiler),
        (install_district_heat, DistrictHeat(capacity_kw=7.0), build_district_heat),
        (install_electric_heating, ElectricHeating(capacity_kw=7.0), build_electric),
        (install_heat_pump, HeatPump(sizing=0.001, backup_kw=7.0), build_heat_pump),
    ],
)
def test_what_is_too_small_leaves_heat_unserved(install, params, build):
    city = filled(install(city_with("", "oil_boiler"), np.array([0]), params, CODE), WING)
    out = cut(build(setup(city)), AXIS, demands(city), [AXIS.n])
    assert out["unserved_heat"][5, 0] == pytest.approx(3000, abs=100)
    assert out["unserved_heat"][5, 1] == 0


def test_heaters_nobody_sized_are_large_enough():
    city = city_with(*BOILERS, "electric", "district_heat")
    given = demands(city, space=city.buildings["heating_capacity_w"][0])
    for build in (build_boiler, build_electric, build_district_heat):
        assert not cut(build(setup(city)), AXIS, given, [AXIS.n])["unserved_heat"].any()


@pytest.mark.parametrize(("sun", "left"), [(500.0, 1500.0), (2500.0, 0.0)])
def test_heaters_give_what_the_sun_leaves_of_hot_water_and_all_of_space_heat(sun, left):
    city = city_with("gas_boiler", "heat_pump", "electric")
    for build in (build_boiler, build_electric, build_heat_pump):
        with_sun = cut(build(setup(city)), AXIS, demands(city, sun=sun), [AXIS.n])
        with_less = cut(build(setup(city)), AXIS, demands(city, water=left), [AXIS.n])
        assert all(np.array_equal(with_sun[q], with_less[q]) for q in with_sun)


def test_a_heat_pump_by_hand():
    """0 degC outdoors, design -10: 0.6 of the load, so 20 + 30 * 0.6 ** (1 / 1.3) + 5 * 0.6 degC flow."""
    city = city_with("heat_pump", design_outdoor_temperature_degc=-10.0)
    given = demands(city)
    given["outdoor_temperature"] = np.full((AXIS.n, 1), 0.0)
    flow = 20 + 30 * 0.6 ** (1 / 1.3) + 3.0
    space = 0.85 * (6.0801 - 0.0941 * flow + 0.0005 * flow**2)
    water = 0.85 * (6.0801 - 0.0941 * 50 + 0.0005 * 50**2)
    assert city.buildings["heat_pump_capacity_w"][0] * 1.14 > 10000
    out = cut(build_heat_pump(setup(city)), AXIS, given, [AXIS.n])
    assert out["electric_load"][0, 0] == pytest.approx(8000 / space + 2000 / water)
    assert out["heat_pump_heat"][0, 0] == 10000
    assert np.array_equal(out["heat_pump_electricity"], out["electric_load"])


def drawn(outdoor=-5.0, space=8000.0, city=None, **params):
    """Return the electricity of a heat pump at one outdoor temperature, W."""
    city = filled(install_heat_pump(city or city_with(""), np.array([0]), HeatPump(**params), CODE), WING)
    given = demands(city, space=space)
    given["outdoor_temperature"] = np.full((AXIS.n, 1), outdoor)
    simulator = build_heat_pump(setup(city))
    given = {read.quantity: given[read.quantity] for read in simulator.reads}
    return cut(simulator, AXIS, given, [AXIS.n])["electric_load"][0, 0]


def test_the_ground_is_better_than_the_air_in_the_cold_and_floors_better_than_radiators():
    for emission in ("radiator", "floor"):
        ground, water, air = (drawn(source=s, emission=emission) for s in ("ground", "water", "air"))
        assert max(ground, water) < air
        assert ground == pytest.approx(water, rel=0.05)
    for source in ("air", "ground", "water"):
        assert drawn(source=source, emission="floor") < drawn(source=source, emission="radiator")


def test_colder_water_takes_less_power():
    assert drawn(supply_temperature_degc=45.0) < drawn() < drawn(supply_temperature_degc=70.0)


def test_an_inverter_gains_at_part_load_what_switching_loses():
    switching, turning, fleet = (drawn(5.0, 2000.0, operation=o) for o in ("on_off", "inverter", "fleet"))
    assert turning < fleet < switching
    assert drawn(-5.0, 60e3, operation="on_off") < drawn(-5.0, 60e3, operation="fleet")


def test_frost_is_only_counted_where_it_is_asked_for():
    assert build_heat_pump(setup(city_with("heat_pump"))).reads[-1].quantity == "outdoor_temperature"
    assert drawn(1.0, 3000.0, defrost_loss=0.1) == pytest.approx(drawn(1.0, 3000.0) / 0.9)
    assert drawn(-9.0, 3000.0, defrost_loss=0.1) == drawn(-9.0, 3000.0)


def test_radiators_stay_as_they_were_when_walls_are_insulated():
    plain = filled(boxes(), WING)
    better = insulated(plain)
    assert better.buildings["design_heat_load_w"][0] < 0.5 * plain.buildings["design_heat_load_w"][0]
    assert better.buildings["emitter_heat_load_w"][0] == plain.buildings["emitter_heat_load_w"][0]
    assert drawn(space=2000.0, city=better) < 0.9 * drawn(space=2000.0)
    # new floors are sized for what the building needs then
    floor = install_heat_pump(better, np.array([0]), HeatPump(emission="floor"), CODE).buildings
    assert floor["emitter_heat_load_w"][0] == better.buildings["design_heat_load_w"][0]


def test_the_heat_pump_measure_sizes_after_the_design_heat_load():
    before = filled(boxes(3), WING)
    after = filled(install_heat_pump(before, np.array([True, False, True]), HeatPump(sizing=0.6), CODE), WING)
    assert after.buildings["heating_system"].tolist() == ["heat_pump", "gas_boiler", "heat_pump"]
    assert after.buildings["heat_pump_source"].tolist() == ["air", "", "air"]
    assert after.buildings["heating_setback_degc"].tolist() == [20, 17, 20]
    load = after.buildings["design_heat_load_w"][0]
    assert after.buildings["heat_pump_capacity_w"][0] == pytest.approx(0.6 * load)
    assert after.buildings.source("boiler_type")[0] == MISSING
    assert after.buildings["boiler_type"][1] == "low_temperature"
    assert before.buildings["heating_system"].tolist() == ["gas_boiler"] * 3


def test_the_night_set_back_can_stay():
    kept = install_heat_pump(filled(boxes(), WING), np.array([0]), HeatPump(night_setback=True), CODE)
    assert kept.buildings["heating_setback_degc"][0] == 17


def test_better_walls_make_the_heat_pump_smaller():
    pumps = install_heat_pump(filled(boxes(), WING), np.array([0]), HeatPump(), CODE)
    plain = filled(pumps, WING).buildings["heat_pump_capacity_w"][0]
    better = insulated(pumps)
    assert better.buildings["heat_pump_capacity_w"][0] < 0.5 * plain


def test_any_cut_gives_the_same_and_ports_keep_the_contract():
    city = city_with("gas_boiler", "heat_pump", "electric", "district_heat", "biomass_boiler")
    for build in (build_boiler, build_electric, build_heat_pump, build_district_heat):
        simulator = build(setup(city))
        assert isinstance(simulator, Simulator)
        given = {r.quantity: demands(city)[r.quantity] for r in simulator.reads}
        whole = cut(simulator, AXIS, given, [AXIS.n])
        parts = cut(simulator, AXIS, given, [1, 7, AXIS.n - 8])
        for name, values in whole.items():
            assert np.array_equal(parts[name], values)
        simulator.restore(simulator.state())


def test_another_system_takes_with_it_what_belonged_to_the_old_one():
    city = filled(install_heat_pump(filled(boxes(2), WING), np.arange(2), HeatPump(source="ground"), CODE), WING)
    city = filled(install_boiler(city, np.array([0]), Boiler(fuel="oil"), CODE), WING)
    table = city.buildings
    assert table["heating_system"].tolist() == ["oil_boiler", "heat_pump"]
    for name in ("heat_pump_source", "heat_pump_capacity_w", "backup_capacity_w", "heating_control"):
        assert table.missing(name).tolist() == [True, False]
    assert table["boiler_type"].tolist() == ["condensing", ""]
    assert table.missing("heater_capacity_w").tolist() == [False, True]


@pytest.mark.parametrize(
    ("kind", "params"),
    [
        ("heat_pump", {"source": "air", "emission": "floor", "sizing": 1.0, "operation": "inverter", "backup_kw": 6.0}),
        ("heat_pump", {"source": "water", "night_setback": True}),
        ("boiler", {"fuel": "gas"}),
        ("boiler", {"fuel": "biomass", "efficiency": 0.85, "capacity_kw": 30.0}),
        ("district_heat", {"capacity_kw": 30.0, "loss_w": 50.0}),
        ("electric_heating", {}),
    ],
)
def test_measures_write_only_what_they_declare(kind, params):
    city = filled(install_heat_pump(filled(boxes(3), WING), np.array([1]), HeatPump(source="ground"), CODE), WING)
    spec = next(m for m in WING.measures if m.kind == kind)
    made = resolve(spec.params)(**params)
    after = resolve(spec.apply)(city, np.array([1, 2]), made, CODE).buildings
    old = city.buildings
    changed = {n for n in after.names if n not in old or not np.array_equal(after.source(n), old.source(n))}
    assert changed <= set(spec.writes)
    assert after["heating_system"][0] == old["heating_system"][0]
    assert all(field.description for field in type(made).model_fields.values())


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (HeatPump, {"source": "river"}),
        (HeatPump, {"sizing": 0.0}),
        (HeatPump, {"size": 1.0}),
        (HeatPump, {"source": "ground", "defrost_loss": 0.1}),
        (Boiler, {}),
        (Boiler, {"fuel": "coal"}),
        (Boiler, {"fuel": "biomass", "condensing": True}),
        (DistrictHeat, {"capacity_kw": 0.0}),
    ],
)
def test_wrong_parameters_are_refused(model, wrong):
    with pytest.raises(ValidationError):
        model(**wrong)
