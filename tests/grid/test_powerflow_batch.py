"""Networks side by side: each as if it were alone, a few steps as if they were many."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_powerflow_raised import long_lines

from powerflow_case import make_network, newton, random_branches, random_connected, random_power, surplus
from twin.grid.powerflow import abreast, plan
from twin.grid.powerflow.batch import Batch
from twin.grid.powerflow.network import Connected, Status
from twin.grid.powerflow.solve import PowerFlow

SIZES = (3, 7, 7, 4, 12)  # buses
ELEMENTS = (9, 12, 12, 5, 20)


def feeders(phases=3, mixed=True, seed=0, source_z=None):
    rng = np.random.default_rng(seed)
    made = []
    for n, k in zip(SIZES, ELEMENTS, strict=True):
        network = make_network(random_branches(rng, n, phases, int(n > 5)), n, phases, source_z)
        made.append(PowerFlow(network, random_connected(rng, network, k, mixed)))
    return made


def powers(batch, steps, scale=0.03, seed=1):
    return random_power(np.random.default_rng(seed), batch.elements[-1].stop, steps, scale)


def across_of(flow, voltage):
    return flow.ports.across(voltage)[flow.ports.of_element]


@pytest.mark.parametrize(("phases", "mixed"), [(3, True), (3, False), (1, True)])
def test_agrees_with_another_newton(phases, mixed):
    batch = Batch(feeders(phases, mixed))
    power = powers(batch, 2)
    found = batch.solve(power)
    assert (found.status == Status.SOLVED).all()
    for flow, own in zip(batch.flows, batch.elements, strict=True):
        for step in range(2):
            expected = newton(flow.network, flow.connected, power[step, own])
            assert np.abs(found.across[step, own] - across_of(flow, expected)).max() < 1e-9


def test_it_is_what_each_network_is_alone():
    """Voltages, currents, status and iterations; more steps than are worked on at once."""
    batch = Batch(feeders(source_z=0.01j))
    power = powers(batch, 40)
    found = batch.solve(power)
    for number, (flow, own) in enumerate(zip(batch.flows, batch.elements, strict=True)):
        alone = flow.solve(power[:, own], nodes="all")
        across = np.array([across_of(flow, voltage) for voltage in alone.voltage])
        assert np.abs(found.across[:, own] - across).max() < 1e-9
        assert np.abs(found.current[:, own] - alone.current).max() < 1e-9
        assert found.status[:, number].tolist() == alone.status.tolist()
        assert found.iterations[:, number].tolist() == alone.iterations.tolist()


@settings(max_examples=15, deadline=None)
@given(count=st.integers(1, 5), seed=st.integers(0, 99))
def test_networks_and_steps_beside_it_change_nothing(count, seed):
    """Nor does what it starts from: less than the tolerance."""
    flows = feeders()
    batch, fewer = Batch(flows), Batch(flows[:count])
    power = powers(batch, 3, seed=seed)
    n = fewer.elements[-1].stop
    together = batch.solve(power).across[:, :n]
    apart = np.concatenate([fewer.solve(step[None, :n]).across for step in power])
    assert np.abs(together - apart).max() < 1e-13
    warm = np.concatenate([fewer.solve(step[None, :n], together[0]).across for step in power])
    assert np.abs(together - warm).max() < 1e-9


def test_single_precision_at_first_is_exact_at_last(monkeypatch):
    """As large batches are solved; with little and with much load, cold and warm."""
    batch = Batch(feeders())
    for scale in (0.001, 0.03, 0.08):
        power = powers(batch, 4, scale)
        exact = batch.solve(power)
        monkeypatch.setattr(abreast, "_LARGE", 0)
        found = batch.solve(power)
        again = batch.solve(power, exact.across[1])
        monkeypatch.undo()
        assert (found.status == exact.status).all()
        assert np.abs(found.across - exact.across).max() < 1e-9
        assert np.abs(again.across - exact.across).max() < 1e-9


@pytest.mark.parametrize("large", [False, True])
def test_parts_of_cut_networks_stand_beside_each_other(large, monkeypatch):
    """Two networks cut into parts and one that is not are what they are uncut."""
    if large:
        monkeypatch.setattr(abreast, "_LARGE", 0)
    rng = np.random.default_rng(4)
    flows, whole = [], []
    for number in range(3):
        network = make_network(random_branches(rng, 40, 3, 2, 0.002), 40, 3, None if number else 0.01j)
        connected = random_connected(rng, network, 60)
        flows.append(PowerFlow(network, connected))
        whole.append(PowerFlow(network, connected))
        uncut, *sizes = plan._candidates(flows[-1].admittance, flows[-1].ports)
        chosen = sizes[number] if number < 2 else uncut
        flows[-1].plan = plan.Plan(plan.split(flows[-1].admittance, flows[-1].ports, chosen), 64)
        whole[-1].plan = plan.Plan(plan.split(flows[-1].admittance, flows[-1].ports, uncut), 64)
    assert [len(flow.plan.parts.cut) > 0 for flow in flows] == [True, True, False]
    power = random_power(rng, 180, steps=3, scale=0.05)
    found, expected = Batch(flows).solve(power), Batch(whole).solve(power)
    assert (found.status == Status.SOLVED).all()
    assert np.abs(found.across - expected.across).max() < 1e-9


def test_collapse_of_one_leaves_the_others_alone():
    batch = Batch(feeders(mixed=False))
    power = powers(batch, 3)
    well = batch.solve(power)
    power[1, batch.elements[2]] *= -1e4
    found = batch.solve(power)
    expected = np.full((3, 5), Status.SOLVED)
    expected[1, 2] = Status.COLLAPSED
    assert (found.status == expected).all()
    lost = np.zeros(power.shape, dtype=bool)
    lost[1, batch.elements[2]] = True
    assert not found.across[lost].any()
    assert not found.current[lost].any()
    assert np.abs(found.across - well.across)[~lost].max() < 1e-13
    after = batch.solve(power[2:], found.across[1])  # voltages of a step that has none are no start
    assert np.abs(after.across - well.across[2:]).max() < 1e-9


def test_newton_takes_over_next_to_collapse():
    """A resistance of 1 carries at most 1/4."""
    line = PowerFlow(make_network([(0, 1, 1.0)], 2), Connected.constant_power(np.array([1])))
    batch = Batch([line, line])
    found = batch.solve(np.array([[-0.1, -0.2499], [-0.26, -0.1]]))
    assert found.status.tolist() == [[Status.SOLVED, Status.BY_NEWTON], [Status.COLLAPSED, Status.SOLVED]]
    assert found.across[0, 1] == pytest.approx(0.5 + np.sqrt(0.25 - 0.2499), abs=1e-8)
    assert found.current[0, 1] == pytest.approx(-0.2499 / found.across[0, 1], abs=1e-8)


def test_charging_that_raises_voltages_is_started_from_below():
    network, voltage, power = long_lines(0)
    flow = PowerFlow(network, Connected.constant_power(np.arange(1, 12)))
    assert flow.admittance.raised
    found = Batch([flow]).solve(power[None])
    assert found.status[0, 0] != Status.COLLAPSED
    assert np.abs(found.across[0] - voltage[1:]).max() < 1e-8


def test_networks_without_elements_are_solved():
    none = PowerFlow(make_network([(0, 1, 0.1)], 2), Connected.constant_power(np.empty(0, dtype=np.int64)))
    found = Batch([none, *feeders()[:1], none]).solve(np.full((2, 9), -1e-3 + 0j))
    assert (found.status == Status.SOLVED).all()
    assert found.across.shape == (2, 9)
    assert Batch([none]).solve(np.empty((1, 0), complex)).status.tolist() == [[Status.SOLVED]]
    assert Batch([]).solve(np.empty((1, 0), complex)).status.shape == (1, 0)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), steps=st.integers(1, 8), soft=st.booleans())
def test_few_steps_are_what_they_are_among_many(seed, steps, soft):
    rng = np.random.default_rng(seed)
    network = make_network(random_branches(rng, 8, 3, 1), 8, 3, 0.02 + 0.05j if soft else None)
    connected = random_connected(rng, network, 10)
    flow = PowerFlow(network, connected)
    power = random_power(rng, 10, steps=20, scale=0.05)
    many = flow.solve(power, nodes="all")
    few = flow.solve(power[3 : 3 + steps], nodes="all")
    assert np.abs(few.voltage - many.voltage[3 : 3 + steps]).max() < 1e-9
    assert np.abs(few.current - many.current[3 : 3 + steps]).max() < 1e-9
    warm = flow.solve(power[3:4], nodes="all", start=many.voltage[2])
    assert np.abs(warm.voltage - many.voltage[3:4]).max() < 1e-9
    left = surplus(network, connected, power[3], few.voltage[0])[0 if soft else 3 :]
    assert np.abs(left).max() < 1e-8


def test_voltages_at_elements_are_those_of_their_nodes():
    """Asked for by default; the same as where all are asked for, few steps and many."""
    flow = replace_connected(feeders(mixed=False)[1])
    power = random_power(np.random.default_rng(2), 12, steps=30, scale=0.03)
    for steps in (slice(0, 2), slice(0, 30)):
        everywhere = flow.solve(power[steps], nodes="all").voltage
        assert np.abs(flow.solve(power[steps]).voltage - everywhere[:, flow.connected.node]).max() < 1e-9


def replace_connected(flow):
    """Return the network with all its elements to ground."""
    connected = replace(flow.connected, other=np.full(12, -1), v_nominal=np.ones(12))
    return PowerFlow(flow.network, connected)
