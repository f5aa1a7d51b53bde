"""Feeder areas: what a transformer supplies, and sums and states carried along that link."""

from dataclasses import replace

import numpy as np
import pytest

from grid_case import houses, make_grid
from twin.engine.links import Transfer, transfer
from twin.errors import TwinError
from twin.grid.attach import attach
from twin.grid.links import feeder_areas, feeders, links
from twin.grid.model import make_table
from twin.ledger import Ledger

Z = (0.05, 0.02, 0.2, 0.08)
BUS_V = np.array([10_000.0, 10_000.0, 400.0, 400.0, 400.0, 400.0, 400.0])


def two_stations(**how):
    """A source at bus 0, a cable to bus 1; transformer t0 at bus 0 feeds 2 - 3, t1 at bus 1 feeds 4 - 5 - 6."""
    lines = [(0, 1, *Z), (2, 3, *Z), (4, 5, *Z), (5, 6, *Z)]
    transformers = how.pop("transformers", [(0, 2, 250e3, "Dyn5"), (1, 4, 400e3, "Dyn5")])
    return make_grid(lines + how.pop("lines", []), 7, transformers=transformers, v_nom=BUS_V, **how)


def area(grid) -> np.ndarray:
    """The link as a table: weight of each bus (column) in each transformer's area (row)."""
    link = feeder_areas(grid)
    table = np.zeros((len(grid.transformer), len(grid.bus)))
    table[link.rows, link.cols] = link.weights
    return table


def carry(grid, source, target, extensive=True) -> Transfer:
    sizes = {table.name: len(table) for table in grid.tables} | {"building": 2, "connection": 2}
    connection = make_table("connection", ["c0", "c1"], {"building": np.arange(2), "bus": np.array([3, 6])})
    return transfer(links(grid, connection), sizes, source, target, extensive)


def test_an_area_is_what_lines_join_to_the_low_voltage_side():
    np.testing.assert_array_equal(area(two_stations()), [[0, 0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1]])


def test_transformers_in_parallel_share_their_area():
    both = two_stations(transformers=[(0, 2, 250e3, "Dyn5"), (1, 4, 400e3, "Dyn5"), (1, 4, 250e3, "Dyn5")])
    np.testing.assert_array_equal(area(both), [[0, 0, 1, 1, 0, 0, 0], *2 * [[0, 0, 0, 0, 0.5, 0.5, 0.5]]])


def test_areas_that_a_line_joins_are_one_area_of_both_transformers():
    meshed = two_stations(lines=[(3, 6, *Z)])
    np.testing.assert_array_equal(area(meshed), 2 * [[0, 0, 0.5, 0.5, 0.5, 0.5, 0.5]])


def test_a_transformer_above_another_does_not_reach_through_it():
    """The transformer from 0 to 1 supplies bus 1 alone; what hangs on the one below belongs to that one."""
    volts = np.array([110_000.0, 10_000.0, 400.0])
    grid = make_grid([], 3, transformers=[(0, 1, 4e6, "Dyn5"), (1, 2, 250e3, "Dyn5")], v_nom=volts)
    np.testing.assert_array_equal(area(grid), [[0, 1, 0], [0, 0, 1]])


def test_what_a_source_feeds_by_itself_belongs_to_no_transformer():
    np.testing.assert_array_equal(area(two_stations(sources=[(0, 1.0), (3, 1.0)]))[0], np.zeros(7))
    lone = make_grid([(0, 1, *Z)], 2)
    assert len(feeder_areas(lone).rows) == 0


def test_sums_per_transformer_are_the_load_of_its_area():
    grid, rng = two_stations(), np.random.default_rng(1)
    per_node = rng.uniform(0, 5e3, (4, len(grid.phase_node)))
    per_bus = per_node.reshape(4, 7, 3).sum(axis=2)
    expected = np.column_stack([per_bus[:, 2:4].sum(axis=1), per_bus[:, 4:].sum(axis=1)])
    np.testing.assert_allclose(carry(grid, "phase_node", "transformer")(per_node), expected, rtol=1e-12)
    np.testing.assert_allclose(carry(grid, "bus", "transformer")(per_bus), expected, rtol=1e-12)
    houses_w = np.array([[1000.0, 30.0]])
    np.testing.assert_allclose(carry(grid, "building", "transformer")(houses_w), houses_w, rtol=1e-12)
    losses_w = np.array([[7.0, 1.0, 2.0, 3.0]])  # the cable between the stations is the source's
    np.testing.assert_allclose(carry(grid, "line", "transformer")(losses_w), [[1.0, 5.0]])


def test_a_state_of_the_transformer_reaches_every_house_it_supplies():
    loading = np.array([[0.4, 1.1]])
    assert carry(two_stations(), "transformer", "building", extensive=False)(loading).tolist() == [[0.4, 1.1]]
    with pytest.raises(TwinError, match="2 of 7 buses belong to no transformer"):
        carry(two_stations(), "transformer", "bus", extensive=False)


def test_nothing_else_changes_its_path():
    """The transformer's own losses still fall to the bus that it feeds, voltage still comes from bus and phase node."""
    grid = two_stations()
    losses = carry(grid, "transformer", "bus")(np.array([[460.0, 600.0]]))
    assert losses.tolist() == [[0, 0, 460.0, 0, 600.0, 0, 0]]
    assert carry(grid, "transformer", "transformer").is_identity
    voltage = np.arange(21.0)[None, :] / 100
    expected = voltage.reshape(7, 3)[[3, 6]].mean(axis=1)
    np.testing.assert_allclose(carry(grid, "phase_node", "building", extensive=False)(voltage)[0], expected)


def test_a_made_up_grid_has_every_house_in_one_area():
    places = np.column_stack([np.arange(80) // 2 * 40.0, np.where(np.arange(80) % 2, 12.0, -12.0)])
    city = attach(houses(places, dwellings=1), {"grid": "synthesize"}, Ledger())
    sizes = {name: len(table) for name, table in city.tables.items()}
    assert sizes["transformer"] > 2
    sums = transfer(city.links, sizes, "building", "transformer", extensive=True)(np.ones((1, 80)))
    assert sums.sum() == pytest.approx(80)
    assert (sums > 0).all()


def with_switches(grid, *switches):
    """Return a grid with switches: bus, kind, element and whether it is closed."""
    bus, kind, element, closed = zip(*switches, strict=True)
    columns = {"bus": np.array(bus), "element_type": np.array(kind), "element": np.array(element)}
    columns["closed"] = np.array(closed)
    return replace(grid, switch=make_table("switch", [f"w{k}" for k in range(len(bus))], columns))


def test_an_open_switch_ends_an_area_and_a_closed_one_joins_two():
    grid = two_stations(lines=[(3, 6, *Z)])
    apart = [[0, 0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1]]
    np.testing.assert_array_equal(area(with_switches(grid, (6, "line", 4, False))), apart)
    coupled = with_switches(two_stations(), (3, "bus", 6, True), (2, "line", 1, True))
    np.testing.assert_array_equal(area(coupled), 2 * [[0, 0, 0.5, 0.5, 0.5, 0.5, 0.5]])


def test_a_transformer_that_is_switched_off_feeds_nothing():
    both = two_stations(transformers=[(0, 2, 250e3, "Dyn5"), (1, 4, 400e3, "Dyn5"), (1, 4, 250e3, "Dyn5")])
    alone = [[0, 0, 1, 1, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1], [0] * 7]
    for bus in (1, 4):
        np.testing.assert_array_equal(area(with_switches(both, (bus, "transformer", 2, False))), alone)


def test_a_feeder_is_what_hangs_on_one_cable_of_a_station():
    """Three cables leave the busbar 1; one goes on to 3, one to 5 and 6, the last one ends at an open switch at 7."""
    lines = [(1, 2, *Z), (2, 3, *Z), (1, 4, *Z), (4, 5, *Z), (5, 6, *Z), (1, 7, *Z), (7, 6, *Z)]
    grid = make_grid(lines, 8, transformers=[(0, 1, 250e3, "Dyn5")], v_nom=np.array([10_000.0] + 7 * [400.0]))
    number, metres = feeders(with_switches(grid, (7, "line", 6, False)))
    assert number[2] == number[3]
    assert number[4] == number[5] == number[6]
    assert len(set(number[[0, 1, 2, 4, 7]].tolist())) == 5
    assert metres.tolist() == [0, 0, 1, 2, 1, 2, 3, 1]
