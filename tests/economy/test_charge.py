"""The cost of a measure lands on the buildings that got something, in proportion to what it is charged by."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from twin.city.model import City, Geometry
from twin.economy.charge import begin, charge, check
from twin.economy.kernel import annuity_factor
from twin.economy.settings import Cost, EconomySettings
from twin.errors import TwinError
from twin.ledger import Ledger
from twin.registry import Measure
from twin.table import GIVEN, MEASURE, Column, Table

WALL = Column("outer_wall_m2", "m2", "float", "outer walls")
CAPACITY = Column("heat_pump_capacity_w", "W", "float", "capacity")
DWELLINGS = Column("dwellings", "-", "int", "dwellings")
BUILDING = Column("building", "-", "int", "row of the building")
POWER = Column("power_w", "W", "float", "power")
ENERGY = Column("capacity_j", "J", "float", "capacity")
NAME = Column("use_type", "-", "str", "use")
COLUMNS = {
    "building": {c.name: c for c in (WALL, CAPACITY, DWELLINGS, NAME)},
    "pv_array": {c.name: c for c in (BUILDING, POWER)},
    "battery": {c.name: c for c in (BUILDING, ENERGY)},
    "connection": {c.name: c for c in (BUILDING,)},
    "street_battery": {c.name: c for c in (ENERGY,)},
    "transformer": {"s_rated_va": Column("s_rated_va", "VA", "float", "rated power")},
}
RENOVATION = Measure("renovation", "building", "", "", ("outer_wall_m2",), "test")
PV = Measure("pv", "building", "", "", ("pv_array.building", "pv_array.power_w"), "test")
POINTS = Measure("strategy", "battery", "", "", ("capacity_j",), "test")
LARGER = Measure("larger", "transformer", "", "", ("s_rated_va",), "test")
STREET = Measure("street", "transformer", "", "", ("street_battery.capacity_j", "phase_node.connects"), "test")
ALL = np.ones(4, dtype=bool)
INPUTS = {"economy": EconomySettings(interest_rate=0.0)}


def city(**columns):
    table = Table("building", ["a", "b", "c", "d"])
    for name, values in {"outer_wall_m2": [100.0, 200.0, 0.0, 50.0], **columns}.items():
        table = table.put(COLUMNS["building"][name], values)
    none = np.zeros(0, dtype=np.int64)
    geometry = Geometry(np.zeros((0, 3)), none, np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))
    return City({"building": table, "surface": Table("surface", [])}, geometry)


def with_rows(before, name, ids, code=GIVEN, **columns):
    table = Table(name, ids)
    for column, values in columns.items():
        table = table.put(COLUMNS[name][column], values, code)
    return replace(before, tables={**before.tables, name: table})


def cost(value=100.0, unit="EUR/m2", per="outer_wall_m2", lifetime="40a", **more):
    return Cost(value=value, unit=unit, per=per, lifetime=lifetime, source="test", **more)


def charged(entries, before=None, after=None, rows=ALL, spec=RENOVATION, inputs=INPUTS):
    """Charge a measure after nothing has been spent; return the buildings and the ledger."""
    ledger = Ledger()
    before = begin(before or city(), inputs, ledger)
    after = before if after is None else after(before)
    done = charge(before, after, rows, spec, entries, inputs, ledger, ledger.measure("an option: renovation"))
    return done.buildings, ledger


def test_only_the_buildings_chosen_pay_in_proportion_to_their_walls():
    buildings, _ = charged([cost()], rows=np.array([True, False, True, True]))
    assert buildings["investment_eur"].tolist() == [10_000.0, 0.0, 0.0, 5_000.0]
    assert buildings["capital_cost_eur_a"].tolist() == [250.0, 0.0, 0.0, 125.0]
    assert (buildings.source("investment_eur") >= MEASURE).tolist() == [True, False, False, True]


def test_several_entries_add_up_with_a_life_upkeep_and_subsidy_each():
    entries = [cost(maintenance_pct=1.0, subsidy_pct=20.0), cost(3000.0, "EUR", None, "20a")]
    buildings, _ = charged(entries, rows=np.array([True, False, False, False]), inputs={"economy": EconomySettings()})
    assert buildings["investment_eur"][0] == pytest.approx(13_000.0)
    assert buildings["subsidy_eur"][0] == pytest.approx(2_000.0)
    assert buildings["maintenance_eur_a"][0] == pytest.approx(100.0)
    expected = 8000.0 * annuity_factor(0.03, 40.0) + 3000.0 * annuity_factor(0.03, 20.0)
    assert buildings["capital_cost_eur_a"][0] == pytest.approx(expected, rel=1e-12)


def test_measures_one_after_the_other_add_up():
    ledger = Ledger()
    one = begin(city(), INPUTS, ledger)
    for k in range(3):
        one = charge(one, one, ALL, RENOVATION, [cost()], INPUTS, ledger, ledger.measure(f"option {k}"))
    assert one.buildings["investment_eur"].tolist() == [30_000.0, 60_000.0, 0.0, 15_000.0]


@pytest.mark.parametrize(("unit", "value"), [("EUR/kW", 1500.0), ("EUR/W", 1.5), ("EUR/MW", 1.5e6)])
def test_a_cost_is_read_in_the_unit_people_use(unit, value):
    found = city(heat_pump_capacity_w=[8000.0, 10_000.0, 0.0, 0.0])
    buildings, _ = charged([cost(value, unit, "heat_pump_capacity_w")], found)
    assert buildings["investment_eur"] == pytest.approx([12_000.0, 15_000.0, 0.0, 0.0])


def test_it_is_charged_by_what_the_measure_leaves():
    def thicker(before):
        return before.with_table(before.buildings.put(WALL, [1.0, 2.0, 3.0, 4.0]))

    buildings, _ = charged([cost(1.0)], after=thicker)
    assert buildings["investment_eur"].tolist() == [1.0, 2.0, 3.0, 4.0]


def test_rows_added_to_another_table_are_summed_up_by_building():
    def modules(before):
        return with_rows(before, "pv_array", ["p", "q", "r"], building=[1, 1, 3], power_w=[4000.0, 2000.0, 1000.0])

    for per in ("power_w", "pv_array.power_w"):
        buildings, _ = charged([cost(1400.0, "EUR/kW", per)], after=modules, spec=PV)
        assert buildings["investment_eur"] == pytest.approx([0.0, 8400.0, 0.0, 1400.0])
    buildings, _ = charged([cost(500.0, "EUR", None)], after=modules, spec=PV)
    assert buildings["investment_eur"].tolist() == [0.0, 500.0, 0.0, 500.0]  # a building without modules pays nothing


def test_only_rows_that_are_new_are_charged():
    before = with_rows(city(), "pv_array", ["p"], building=[0], power_w=[9000.0])

    def more(found):
        return with_rows(found, "pv_array", ["p", "q"], building=[0, 2], power_w=[9000.0, 5000.0])

    buildings, _ = charged([cost(1000.0, "EUR/kW", "power_w")], before, more, spec=PV)
    assert buildings["investment_eur"] == pytest.approx([0.0, 0.0, 5000.0, 0.0])


def test_a_measure_on_what_belongs_to_buildings_is_charged_to_them():
    before = with_rows(city(), "battery", ["x", "y"], building=[2, 2], capacity_j=[3.6e7, 1.8e7])
    rows = np.array([True, True])
    buildings, _ = charged([cost(300.0, "EUR/kWh", "capacity_j")], before, rows=rows, spec=POINTS)
    assert buildings["investment_eur"] == pytest.approx([0.0, 0.0, 4500.0, 0.0])


def with_transformers():
    return with_rows(city(), "transformer", ["t", "u", "v"], s_rated_va=[250e3, 630e3, 160e3])


def exchanged(before):
    """Exchange the first and the last transformer in the name of the measure."""
    table, there = before.table("transformer"), np.array([True, False, True])
    column, code = table.column("s_rated_va"), MEASURE
    return before.with_table(table.put(column, [400e3, 0.0, 250e3], code, there))


@pytest.mark.parametrize(
    ("entry", "total"), [(cost(9e3, "EUR", None), 18e3), (cost(100.0, "EUR/kVA", "s_rated_va"), 65e3)]
)
def test_what_is_done_to_the_grid_is_borne_by_all_alike_and_counts_where_it_changed_something(entry, total):
    rows = np.ones(3, dtype=bool)  # all were chosen, but the largest is large enough
    buildings, ledger = charged([entry], with_transformers(), exchanged, rows, LARGER)
    assert buildings["investment_eur"] == pytest.approx(np.full(4, total / 4))
    assert any("paid by all buildings connected to it alike" in rule.text for rule in ledger.statements)


def test_only_buildings_with_a_connection_bear_what_is_done_to_the_grid():
    before = with_rows(with_transformers(), "connection", ["x", "y", "z"], building=[0, 2, 2])
    buildings, _ = charged([cost(9e3, "EUR", None)], before, exchanged, np.ones(3, dtype=bool), LARGER)
    assert buildings["investment_eur"] == pytest.approx([6e3, 0.0, 12e3, 0.0])


@pytest.mark.parametrize(
    ("entry", "total"), [(cost(5e3, "EUR", None), 5e3), (cost(300.0, "EUR/kWh", "capacity_j"), 3e4)]
)
def test_what_is_new_at_a_transformer_counts_even_if_it_belongs_to_nobody(entry, total):
    def battery(before):
        return with_rows(before, "street_battery", ["s"], MEASURE, capacity_j=[3.6e8])

    buildings, _ = charged([entry], with_transformers(), battery, np.ones(3, dtype=bool), STREET)
    assert buildings["investment_eur"].sum() == pytest.approx(total)


def test_a_new_building_pays_for_itself():
    def grown(before):
        table = Table.concat([before.buildings, Table("building", ["e"]).put(WALL, [30.0])])
        return before.with_table(table)

    spec = replace(RENOVATION, selects=False)
    buildings, _ = charged([cost(10.0)], after=grown, rows=np.zeros(4, dtype=bool), spec=spec)
    assert buildings["investment_eur"].tolist() == [0.0, 0.0, 0.0, 0.0, 300.0]


def test_what_is_gone_can_bear_no_cost():
    with pytest.raises(TwinError, match="leaves no building that would bear its cost"):
        charged([cost()], after=lambda c: c.with_table(c.buildings.take(np.array([0, 1, 2]))))


def test_a_cost_that_meets_nothing_is_an_error():
    with pytest.raises(TwinError, match=r"cost\[2\]: outer_wall_m2 is zero everywhere"):
        charged([cost(1.0, "EUR", None), cost()], rows=np.array([False, False, True, False]))


def test_the_ledger_says_what_was_charged_and_why():
    found = city(outer_wall_m2=[np.nan, 200.0, 0.0, 50.0])
    _, ledger = charged([cost(maintenance_pct=1.0, subsidy_pct=15.0)], found)
    said = {rule.text: rule.reference for rule in ledger.statements}
    text = "an option: renovation costs 100 EUR/m2 of outer_wall_m2, for 40 years, 1 % a year for upkeep, 15 % of it "
    assert said[text + "subsidized."] == "test"
    assert "an option: renovation: 1 without outer_wall_m2 cost nothing." in said
    assert any(rule.startswith("Investments are spread over their life at 0 % interest a year") for rule in said)


def complaints(entry, spec=RENOVATION):
    return [(field, str(problem)) for field, problem in check(entry, spec, lambda table: COLUMNS.get(table, {}))]


@pytest.mark.parametrize(
    ("entry", "spec", "field", "said"),
    [
        (cost(per="outer_wal_m2"), RENOVATION, "per", "did you mean 'outer_wall_m2'?"),
        (cost(per="use_type"), RENOVATION, "per", "per = 'use_type' is no number of what renovation concerns"),
        (cost(unit="EUR/kW"), RENOVATION, "unit", "unit is 'EUR/kW'; expected EUR/m2 per outer_wall_m2"),
        (cost(unit="EUR", per="heat_pump_capacity_w"), RENOVATION, "unit", "expected EUR/kW per heat_pump_capacity_w"),
        (cost(unit="EUR/m2", per=None), RENOVATION, "unit", "expected EUR for each building; per says what"),
        (cost(per="dwellings"), RENOVATION, "unit", "expected EUR per dwellings"),
        (cost(per="power_w", unit="EUR/kWh"), PV, "unit", "expected EUR/kW per power_w"),
        (cost(per="power_w", unit="EUR/kW"), RENOVATION, "per", "per = 'power_w' is no number"),
        (cost(), LARGER, "per", "per = 'outer_wall_m2' is no number of what larger concerns"),
        (cost(per="s_rated_va", unit="EUR"), LARGER, "unit", "unit is 'EUR'; expected EUR/kVA per s_rated_va"),
    ],
)
def test_what_is_wrong_is_found_before_anything_runs(entry, spec, field, said):
    [(where, message)] = complaints(entry, spec)
    assert where == field
    assert said in message


def test_what_is_right_is_left_alone():
    assert complaints(cost()) == []
    assert complaints(cost(unit="EUR", per="dwellings")) == []
    assert complaints(cost(unit="EUR", per=None)) == []
    assert complaints(cost(unit="EUR/kW", per="pv_array.power_w"), PV) == []
    assert complaints(cost(unit="EUR", per=None), LARGER) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": -1.0},
        {"lifetime": "40"},
        {"lifetime": "0a"},
        {"lifetime": 40},
        {"unit": "CHF"},
        {"subsidy_pct": 101.0},
    ],
)
def test_wrong_entries_are_refused(wrong):
    with pytest.raises(ValidationError):
        Cost(**{"value": 1.0, "unit": "EUR", "lifetime": "40a", "source": "test", **wrong})


def test_a_source_is_required():
    with pytest.raises(ValidationError, match="source"):
        Cost(value=1.0, unit="EUR", lifetime="40a")
