"""A made-up grid: radial, complete, the same every time, and honest about being made up."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grid_case import houses
from twin.city.read import read_city
from twin.errors import TwinError
from twin.grid.catalogue import cables, transformers
from twin.grid.check import check
from twin.grid.demand import coincident_va, ground_positions, simultaneity
from twin.grid.feeders import HIGHEST_DROP
from twin.grid.flow import power_flow
from twin.grid.stations import LONGEST_FEEDER_M, PLANNED_UTILIZATION
from twin.grid.synthesize import synthesize
from twin.ledger import Ledger
from twin.table import ASSUMED

ESSEN = Path(__file__).resolve().parents[2] / "models" / "essen" / "city.city.json"


def street(n=30, spacing=18.0):
    """Houses along both sides of a street."""
    along = np.arange(n) // 2 * spacing
    return np.column_stack([along, np.where(np.arange(n) % 2, 12.0, -12.0)])


def is_radial(grid):
    """Every bus but the fed ones hangs on exactly one line or transformer towards its source."""
    children = np.concatenate([grid.line["to_bus"], grid.transformer["lv_bus"]])
    roots = grid.grid_source["bus"]
    return sorted([*children, *roots]) == list(range(len(grid.bus)))


def test_simultaneity():
    """One dwelling has its peak to itself; of very many, 7 % falls together."""
    assert simultaneity(1) == 1.0
    assert coincident_va(1, 0, 0) == pytest.approx(14_500 / 0.95)
    assert simultaneity(1e12) == pytest.approx(0.07, abs=1e-6)
    many = coincident_va(np.arange(1, 400), 0, 0)
    assert (np.diff(many) > 0).all()
    assert (np.diff(many / np.arange(1, 400)) < 0).all()


def test_a_street():
    made = synthesize(houses(street(), dwellings=2), Ledger())
    check(made.grid)
    assert is_radial(made.grid)
    assert made.metrics.transformers == 1
    assert 2 <= made.metrics.feeders <= 8
    assert made.metrics.customers == 30
    assert len(np.unique(made.bus_of_building)) == 30


def test_planned_load_keeps_the_voltage():
    """At the planned load, balanced and shared out, the far end sees the drop planned for and the transformer's."""
    made = synthesize(houses(street(60), dwellings=3), Ledger())
    grid, load = made.grid, made.metrics.planned_load_va
    nodes = grid.nodes[:, made.bus_of_building].ravel()
    power = np.full((1, len(nodes)), -load / len(nodes) * (0.95 + 1j * np.sqrt(1 - 0.95**2)))
    state = power_flow(grid, nodes, power)
    assert np.abs(state.voltage).min() > 1 - HIGHEST_DROP - 0.03
    assert state.line_loading.max() < 1.0
    assert state.transformer_loading.max() == pytest.approx(load / made.metrics.rated_va, rel=0.06)
    assert state.transformer_loading.max() < PLANNED_UTILIZATION + 0.05


def test_long_ways_get_more_stations():
    made = synthesize(houses(street(80, spacing=40.0), dwellings=1), Ledger())
    assert made.metrics.transformers > 2
    assert made.metrics.longest_feeder_m <= LONGEST_FEEDER_M


def test_heavy_loads_get_larger_and_more_transformers():
    small = synthesize(houses(street(20), dwellings=2), Ledger()).metrics
    large = synthesize(houses(street(20), dwellings=40), Ledger()).metrics
    assert large.rated_va > 2 * small.rated_va
    assert large.planned_load_va <= PLANNED_UTILIZATION * large.rated_va
    lone = synthesize(houses([[0, 0]], dwellings=0, floor_m2=60_000.0), Ledger())
    assert lone.grid.transformer["parallel"].tolist() == [4]
    assert lone.grid.line["parallel"].min() > 4


def test_garages_share_a_connection():
    city = houses([[0, 0], [30, 0], [6, 15]], dwellings=[1, 1, 0], floor_m2=[100.0, 100.0, 0.0])
    made = synthesize(city, Ledger())
    assert made.metrics.customers == 2
    assert made.bus_of_building[2] == made.bus_of_building[0]


def test_stations_stand_beside_buildings():
    city = houses([[0, 0], [10, 0], [20, 0]], dwellings=5)
    made = synthesize(city, Ledger())
    at = made.grid.transformer["lv_bus"][0]
    assert abs(made.grid.bus["y_m"][at]) > 7.9


def test_without_dwellings_the_size_of_the_house_tells():
    ledger = Ledger()
    made = synthesize(houses(street(10), size_m=12.0), ledger)
    assert made.metrics.customers == 10
    assert any("dwellings are not known" in rule.text for rule in ledger.statements)
    with pytest.raises(TwinError, match="no grid can be made up"):
        synthesize(houses(street(4), dwellings=0, floor_m2=0.0), Ledger())


def test_every_cell_is_marked_as_assumed():
    ledger = Ledger()
    made = synthesize(houses(street(6), dwellings=1), ledger)
    for table in (made.grid.bus, made.grid.line, made.grid.transformer, made.grid.grid_source):
        for name in table.names:
            codes = table.source(name)
            assert (codes >= ASSUMED).all()
            assert ledger.rule(int(codes[0])).reference
    assert "made up: 1 transformers" in ledger.statements[-1].text


def test_it_is_the_same_again_and_with_buildings_in_another_order():
    rng = np.random.default_rng(4)
    places = rng.uniform(0, 300, (40, 2))
    one, two = (synthesize(houses(places, dwellings=2), Ledger()) for _ in range(2))
    for a, b in zip(one.grid.tables, two.grid.tables, strict=True):
        assert a.ids.tolist() == b.ids.tolist()
        for name in a.names:
            assert a[name].tolist() == b[name].tolist()
    other = synthesize(houses(places[::-1], dwellings=2), Ledger()).metrics
    assert other.main_cable_m == pytest.approx(one.metrics.main_cable_m)
    assert other.rated_va == one.metrics.rated_va


@settings(max_examples=30, deadline=None)
@given(
    places=st.lists(st.tuples(st.floats(0, 900), st.floats(0, 900)), min_size=1, max_size=25),
    dwellings=st.integers(1, 60),
)
def test_any_arrangement_is_connected(places, dwellings):
    """Also houses on top of each other, in a row, or far apart."""
    made = synthesize(houses(places, dwellings=dwellings), Ledger())
    check(made.grid)
    assert is_radial(made.grid)
    assert len(np.unique(made.bus_of_building)) == len(places)
    assert made.metrics.planned_load_va <= PLANNED_UTILIZATION * made.metrics.rated_va * (1 + 1e-9)
    assert made.metrics.largest_drop <= HIGHEST_DROP


def test_the_quarter_of_essen():
    """117 houses along 800 m: a few stations with several feeders each, and cable as in suburban grids."""
    made = synthesize(read_city(ESSEN), Ledger())
    check(made.grid)
    metrics = made.metrics
    assert is_radial(made.grid)
    assert metrics.customers == 117
    assert 2 <= metrics.transformers <= 5
    assert 2 * metrics.transformers <= metrics.feeders <= 8 * metrics.transformers
    assert 20 < metrics.cable_m_per_customer < 60
    assert metrics.longest_feeder_m <= LONGEST_FEEDER_M
    assert metrics.largest_drop <= HIGHEST_DROP
    assert 0.4 < metrics.planned_load_va / metrics.rated_va <= PLANNED_UTILIZATION


def test_middle_of_the_ground():
    assert ground_positions(houses([[3, 4], [50, 60]])) == pytest.approx(np.array([[3, 4, 50], [50, 60, 50]]))


def test_catalogue_is_in_si_and_sorted():
    assert cables()["NAYY 4x150 SE"]["r_ohm_m"] == pytest.approx(0.208e-3)
    assert cables()["NAYY 4x150 SE"]["max_current_a"] == 270
    assert [t["s_rated_va"] for t in transformers().values()] == [160e3, 250e3, 400e3, 630e3]
    currents = [c["max_current_a"] for c in cables().values()]
    assert currents == sorted(currents)
