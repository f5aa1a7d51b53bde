"""Devices on a single phase: chosen so that feeders are balanced, or drawn; kept; and linked to their phase alone."""

import numpy as np
import pytest

from buildings_case import boxes, filled
from grid_case import make_grid
from twin.devices.ev.measures import ElectricCars, bring_cars
from twin.devices.phases import PHASE, phase_links, with_phases
from twin.devices.pv.measures import install_pv
from twin.devices.pv.params import Pv
from twin.engine.links import transfer
from twin.grid.links import links
from twin.grid.model import make_table
from twin.ledger import Ledger
from twin.table import Column, Table

ALL = slice(None)
LEDGER = Ledger()
FIRST, SECOND = LEDGER.measure("one"), LEDGER.measure("other")
Z = (0.05, 0.02, 0.2, 0.08)


def on_grid(n, phases=3, own=None, feeder=None):
    """Return boxes at the end of a cable behind a transformer; ``own`` phases of their connections."""
    volts = np.array([10_000.0, 400.0, 400.0])
    grid = make_grid([(1, 2, *Z)], 3, phases, transformers=[(0, 1, 100e3, "Dyn5")], v_nom=volts)
    columns = {"building": np.arange(n), "bus": np.full(n, 2)}
    columns |= {} if own is None else {"phases": np.array(own)}
    columns |= {} if feeder is None else {"feeder": np.array(feeder)}
    connection = make_table("connection", [f"c{k}" for k in range(n)], columns)
    city = filled(boxes(n))
    for table in grid.tables:
        city = city.with_table(table)
    return city.with_table(connection, *links(grid, connection))


def devices(n, kw=3.0):
    """Return one device in each building."""
    table = Table("thing", [f"thing {k}" for k in range(n)])
    table = table.put(Column("building", "-", "int", "building"), np.arange(n))
    return table.put(Column("power_w", "W", "float", "power"), np.full(n, 1e3 * kw))


def chosen(city, table, choice="balanced", single=None):
    single = np.ones(len(table), dtype=bool) if single is None else single
    return with_phases(city, table, single, table["power_w"], choice, FIRST)


def test_along_every_feeder_phases_take_turns():
    table = chosen(on_grid(7, feeder=[0, 1, 0, 1, 0, 1, 0]), devices(7))
    assert table["phase"].tolist() == [0, 1, 1, 2, 2, 0, 0]
    assert set(table.source("phase").tolist()) == {FIRST}


def test_devices_that_have_a_phase_keep_it_and_count():
    city = on_grid(6)
    first = chosen(city, devices(6), single=np.arange(6) < 2)
    assert first["phase"].tolist() == [0, 1, 0, 0, 0, 0]
    assert first.missing("phase").tolist() == [False] * 2 + [True] * 4
    second = with_phases(city, first, np.ones(6, dtype=bool), first["power_w"], "balanced", SECOND)
    assert second["phase"].tolist() == [0, 1, 2, 0, 1, 2]
    assert second.source("phase").tolist() == [FIRST] * 2 + [SECOND] * 4


def test_a_device_can_have_only_the_phases_of_its_building():
    city = on_grid(5, own=["abc", "b", "b", "bc", "abc"])
    assert chosen(city, devices(5))["phase"].tolist() == [0, 1, 1, 2, 0]
    assert set(chosen(city, devices(5), "drawn")["phase"][1:3].tolist()) == {1}


def test_drawn_phases_belong_to_the_device_and_are_as_likely():
    city = on_grid(600)
    drawn = chosen(city, devices(600), "drawn")["phase"]
    assert np.bincount(drawn).min() > 160
    some = chosen(city, devices(600), "drawn", np.arange(600) % 2 == 0)
    assert some["phase"][::2].tolist() == drawn[::2].tolist()


def test_one_phase_takes_all_and_the_others_are_connected_as_their_building():
    city = on_grid(3, own=["abc", "abc", "ca"])
    table = chosen(city, devices(3), single=np.array([True, False, False]))
    (link,) = phase_links(city, table)
    sizes = {name: len(t) for name, t in city.tables.items()} | {"thing": 3}
    at = transfer((link,), sizes, "thing", "phase_node", extensive=True)(np.eye(3) * 600.0)
    assert at[:, 6:].tolist() == [[600, 0, 0], pytest.approx([200, 200, 200]), [300, 0, 300]]
    assert not at[:, :6].any()


def test_without_nodes_of_their_own_phases_do_not_matter():
    for city in (on_grid(3, phases=1), filled(boxes(3))):
        table = chosen(city, devices(3))
        assert PHASE.name not in table
        assert phase_links(city, table) == ()


# -- solar modules and charging points


def pv(city, rows=ALL, code=FIRST, **params):
    return install_pv(city, rows, Pv(**params), code)


def test_small_inverters_feed_one_phase_and_larger_ones_three():
    city = on_grid(6)
    small = pv(city, max_kw_per_building=4.0).table("pv_array")
    assert not small.missing("phase").any()
    assert np.bincount(small["phase"], small["inverter_w"]) == pytest.approx([8e3 / 1.1] * 3)
    assert pv(city, max_kw_per_building=6.0).table("pv_array").missing("phase").all()
    assert pv(city, max_kw_per_building=4.0, phases=3).table("pv_array").missing("phase").all()
    assert not pv(city, max_kw_per_building=6.0, phases=1).table("pv_array").missing("phase").any()
    assert not pv(city, max_kw_per_building=6.0, single_phase_kva=10.0).table("pv_array").missing("phase").any()


def test_what_is_fed_in_arrives_at_the_phase():
    city = pv(on_grid(4), max_kw_per_building=4.0)
    table = city.table("pv_array")
    sizes = {name: len(t) for name, t in city.tables.items()}
    at = transfer(city.links, sizes, "pv_array", "phase_node", extensive=True)(table["inverter_w"][None])[0]
    assert at[6:] == pytest.approx(np.bincount(table["phase"], table["inverter_w"], 3))
    building = transfer(city.links, sizes, "pv_array", "building", extensive=True)(table["inverter_w"][None])[0]
    assert building == pytest.approx(np.bincount(table["building"], table["inverter_w"]))


def test_more_modules_leave_those_before_as_they_are():
    some = pv(on_grid(6), np.array([1, 4]), max_kw_per_building=4.0)
    more = pv(some, code=SECOND, max_kw_per_building=4.0).table("pv_array")
    n = len(some.table("pv_array"))
    assert more["phase"][:n].tolist() == some.table("pv_array")["phase"].tolist()
    assert np.bincount(more["phase"], more["inverter_w"]) == pytest.approx([8e3 / 1.1] * 3)


def test_cars_and_modules_do_not_care_who_comes_first():
    def cars(city):
        params = ElectricCars(cars_per_dwelling=1.0, phases=1, charger_kw=4.6)
        return bring_cars(city, ALL, params, FIRST)

    one, other = pv(cars(on_grid(6)), max_kw_per_building=4.0), cars(pv(on_grid(6), max_kw_per_building=4.0))
    for name in ("pv_array", "charging_point"):
        assert one.table(name)["phase"].tolist() == other.table(name)["phase"].tolist()
    points = one.table("charging_point")
    assert np.ptp(np.bincount(points["phase"], minlength=3)) <= 1


def test_columns_of_other_measures_survive_more_modules():
    city = pv(on_grid(4), np.array([0]))
    arrays, other = city.table("pv_array"), Column("inverter_va", "VA", "float", "of another measure")
    city = pv(city.with_table(arrays.put(other, 5e3)), code=SECOND)
    table, n = city.table("pv_array"), len(arrays)
    assert set(table["inverter_va"][:n]) == {5e3}
    assert table.missing("inverter_va")[n:].all()
