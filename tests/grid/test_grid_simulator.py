"""The grid in the engine: who feeds it, what it says, and that windows do not show."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grid_case import houses, make_grid
from twin.engine.coupling import Coupling
from twin.engine.graph import Graph
from twin.engine.ports import Read, Write
from twin.engine.time import CivilTime, TimeAxis
from twin.errors import TwinError
from twin.grid.attach import attach, read_choice
from twin.grid.layers import buses, lines, transformers
from twin.grid.model import ElectricGrid
from twin.grid.quality import VoltageQualitySimulator
from twin.grid.simulator import GridFlowsSimulator, GridSimulator, build, build_flows
from twin.grid.wing import WING
from twin.ledger import Ledger
from twin.quantities import QUANTITIES
from twin.registry import Setup, resolve

STEP_S = 900
Z = (0.05, 0.02, 0.2, 0.08)


def inputs(load, generation=0.0, reactive=0.0):
    load = np.asarray(load, dtype=float)
    same = {"electric_generation": generation, "reactive_load": reactive}
    return {"electric_load": load} | {q: np.broadcast_to(np.asarray(v, float), load.shape) for q, v in same.items()}


def run(grid, **flows):
    given = inputs(**flows)
    return advance(GridSimulator(grid, STEP_S), GridFlowsSimulator(grid, STEP_S), 0, given)


def advance(power_flow, flows, start, given):
    """Run both simulators over one window."""
    window = TimeAxis(start, STEP_S, len(given["electric_load"]))
    voltages = power_flow.advance(window, given)
    return {**voltages, **flows.advance(window, voltages)}


def feeder(r=0.05):
    return make_grid([(0, 1, r, 0.02, 4 * r, 0.08), (1, 2, r, 0.02, 4 * r, 0.08)], 3, connects=[1, 2])


def test_load_lowers_and_generation_raises_the_voltage():
    load = np.zeros((3, 9))
    load[1, 6:] = 5e3
    generation = np.zeros((3, 9))
    generation[2, 6:] = 5e3
    out = run(feeder(), load=load, generation=generation)
    quiet, loaded, feeding = out["voltage"][:, 6]
    assert quiet == pytest.approx(1.0)
    assert loaded < 1.0 < feeding
    assert out["line_losses"][0].sum() == pytest.approx(0.0, abs=1e-9)
    assert out["line_losses"][1].sum() == pytest.approx(2 * 3 * 0.05 * (5e3 / 230.94 / loaded) ** 2, rel=1e-3)


def test_unbalanced_load_pulls_its_own_phase_down_most():
    load = np.zeros((1, 9))
    load[0, 6] = 5e3
    one, two, three = run(feeder(), load=load)["voltage"][0, 6:]
    assert one < 0.985
    assert one < min(two, three)


def test_limits():
    """0.9 .. 1.1 pu at every phase of the bus, and 100 % beside it."""
    load = np.zeros((3, 9))
    load[1, 6] = 30e3  # undervoltage at the end, within limits at the start
    load[2, 3:6] = 50e3  # 217 A on lines of 200 A: the first line, at both of its ends
    out = run(feeder(0.01), load=load)
    assert out["limit_violation"][0].tolist() == [0, 0, 0]
    low = (out["voltage"].reshape(3, 3, 3).min(axis=2) < 0.9) | (out["voltage"].reshape(3, 3, 3).max(axis=2) > 1.1)
    assert out["line_loading"][2, 0] > 1.0 > out["line_loading"][2, 1]
    assert out["limit_violation"][2].tolist() == [1, 1, float(low[2, 2])]


def test_undervoltage_is_a_violation_of_that_bus_alone():
    load = np.zeros((1, 9))
    load[0, 6] = 15e3
    out = run(feeder(0.08), load=load)
    assert out["voltage"][0, 6] < 0.9 < out["voltage"][0, 3]
    assert out["line_loading"].max() < 1.0
    assert out["limit_violation"][0].tolist() == [0, 0, 1]


def test_a_step_without_a_solution_is_dark_and_counted():
    """500 kW on one phase of a 230 V cable: no voltage carries that. The steps beside it are as if it were not."""
    load = np.zeros((4, 9))
    load[:, 6:] = 1e3
    usual = run(feeder(), load=load)
    load[2, 6:] = 500e3
    out = run(feeder(), load=load)
    assert out["voltage_collapse"].tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert out["voltage"][2] == pytest.approx([1] * 3 + [0] * 6)
    assert out["unsupplied_load"][2, 6:].tolist() == [500e3] * 3
    assert out["limit_violation"][2].tolist() == [0, 1, 1]
    for quantity, values in usual.items():
        assert np.allclose(out[quantity][[0, 1, 3]], values[[0, 1, 3]], atol=1e-9), quantity


def test_power_where_nothing_connects_is_refused():
    load = np.zeros((1, 9))
    load[0, 1] = 1.0
    with pytest.raises(TwinError, match=r"phase node b0\.1, which connects nobody"):
        run(feeder(), load=load)


@settings(max_examples=20, deadline=None)
@given(cuts=st.sets(st.integers(1, 599), max_size=6), seed=st.integers(0, 99))
def test_windows_do_not_show(cuts, seed):
    load = np.random.default_rng(seed).gamma(0.5, 4e3, (600, 9))
    load[:, :3] = 0.0
    grid = feeder()
    whole = run(grid, load=load, reactive=load / 5)
    both = GridSimulator(grid, STEP_S), GridFlowsSimulator(grid, STEP_S)
    edges = [0, *sorted(cuts), 600]
    parts = [advance(*both, a * STEP_S, inputs(load[a:b], reactive=load[a:b] / 5)) for a, b in pairwise(edges)]
    for quantity, values in whole.items():
        cut = np.concatenate([part[quantity] for part in parts])
        assert np.abs(cut - values).max(initial=0.0) <= 1e-9 * max(1.0, np.abs(values).max(initial=0.0))


class _Houses:
    """Draws the power given, per building."""

    name, version, step_s, reads = "houses", "1", STEP_S, ()
    writes = (Write("electric_load", "building"),)

    def __init__(self, power):
        self.power = power

    def start(self, axis, streams):
        self.first = axis.start

    def advance(self, window, inputs):
        k = (window.start - self.first) // STEP_S
        return {"electric_load": self.power[k : k + window.n]}

    def state(self):
        return None

    def restore(self, state):
        pass


class _Listener:
    """Remembers what it reads: the voltage at the buildings, and losses at the buses."""

    name, version, step_s, writes = "listener", "1", STEP_S, ()
    reads = (Read("voltage", "building"), Read("line_losses", "bus", "sum"), Read("transformer_losses", "bus", "sum"))

    def start(self, axis, streams):
        self.heard = {}

    def advance(self, window, inputs):
        self.heard = {q: v.copy() for q, v in inputs.items()}
        return {}

    def state(self):
        return None

    def restore(self, state):
        pass


def attached(ledger=None):
    places = np.column_stack([np.arange(12) * 20.0, np.zeros(12)])
    return attach(houses(places, dwellings=2), {"grid": "synthesize"}, ledger or Ledger())


def test_from_building_to_grid_and_back():
    city = attached()
    power = np.full((4, 12), 3e3)
    power[2] = 0.0
    setup, listener = Setup(city, {}, CivilTime(), STEP_S), _Listener()
    sizes = {name: len(table) for name, table in city.tables.items()}
    Coupling(Graph([_Houses(power), build_flows(setup), build(setup), listener], sizes, city.links)).run(0, 4 * STEP_S)
    heard = listener.heard
    assert heard["voltage"].shape == (4, 12)
    assert (heard["voltage"][[0, 1, 3]] < heard["voltage"][2]).all()
    assert heard["voltage"][2] == pytest.approx(heard["voltage"][2, 0])
    assert heard["line_losses"].sum(axis=1)[2] < 1e-6 < heard["line_losses"].sum(axis=1)[0]
    assert heard["transformer_losses"].sum(axis=1)[2] == pytest.approx(460, rel=0.01)  # iron


def test_no_grid_is_no_grid():
    city = houses([[0, 0]], dwellings=1)
    assert attach(city, {"grid": "none"}, Ledger()) is city
    assert build(Setup(city, {}, CivilTime(), STEP_S)) is None
    for layer in (buses, lines, transformers):
        coordinates, offsets, ids = layer(city)
        assert len(coordinates) == len(ids) == 0
        assert offsets.tolist() == [0]
    with pytest.raises(TwinError, match="did you mean 'synthesize'"):
        read_choice("synthesise", Ledger())


def test_layers_lie_above_the_ground():
    city = attached()
    grid = ElectricGrid.of(city)
    coordinates, offsets, ids = lines(city)
    assert coordinates.shape == (2 * len(grid.line), 3)
    assert offsets[-1] == len(coordinates)
    assert ids.tolist() == grid.line.ids.tolist()
    assert (coordinates[:, 2] > 50.0).all()
    assert len(buses(city)[0]) == len(grid.bus)
    assert len(transformers(city)[0]) == 1


def test_wing_declares_what_it_brings():
    for entry in (*WING.inputs, *WING.simulators, *WING.layers):
        assert callable(resolve(getattr(entry, "read", None) or entry.build))
    for indicator in WING.indicators:
        assert all(term.quantity in QUANTITIES for term in indicator.terms)
    simulators = (GridSimulator, GridFlowsSimulator, VoltageQualitySimulator)
    written = {write.quantity for simulator in simulators for write in simulator.writes}
    assert {t.quantity for i in WING.indicators for t in i.terms} < written


def test_unbalance_is_told_of_every_bus():
    """One phase alone draws at the end: what it loses more than the others is the unbalance, largest at the end."""
    load = np.zeros((2, 9))
    load[1, 6] = 5e3
    none, some = run(feeder(), load=load)["voltage_unbalance"]
    assert none.tolist() == [0, 0, 0]
    assert 0 == some[0] < some[1] < some[2] == pytest.approx(2 * some[1], rel=0.01)
    alike = run(feeder(), load=np.tile([0, 0, 0, 2e3, 2e3, 2e3, 0, 0, 0], (1, 1)))
    assert alike["voltage_unbalance"].tolist() == [[0, 0, 0]]
