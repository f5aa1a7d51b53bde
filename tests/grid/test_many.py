"""Many feeders side by side or one after the other: each as if it were alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grid_case import make_grid, newton, radial
from twin.grid.flow import PowerFlow
from twin.grid.many import FeederBatch, year_statistics
from twin.grid.statistics import GridStatistics

SIZES = (3, 7, 7, 4, 12)  # buses: 9 to 36 injections, of which some stacks are filled up
QUARTER_HOUR = 900


def feeders(sizes=SIZES, phases=3, seed=0):
    rng = np.random.default_rng(seed)
    return [
        PowerFlow(make_grid(radial(rng, n, phases, meshes=int(n > 5)), n, phases, connects=range(1, n))) for n in sizes
    ]


def powers(batch, steps, worst=-4e3, seed=1):
    n = batch.injections[-1].stop
    rng = np.random.default_rng(seed)
    return rng.uniform(worst, 1e3, (steps, n)) + 1j * rng.uniform(-1e3, 1e3, (steps, n))


@pytest.mark.parametrize("phases", [3, 1])
def test_batch_agrees_with_newton(phases):
    flows = feeders(phases=phases)
    batch = FeederBatch(flows)
    power = powers(batch, 2)
    found = batch.solve(power)
    assert found.solved.all()
    for flow, own in zip(flows, batch.injections, strict=True):
        for step in range(2):
            at_nodes = np.zeros(len(flow.grid.phase_node), complex)
            at_nodes[flow.nodes] = power[step, own]
            assert np.abs(found.voltage[step, own] - newton(flow.grid, at_nodes)[flow.nodes]).max() < 1e-9


def test_batch_is_what_each_feeder_is_alone():
    flows = feeders()
    batch = FeederBatch(flows)
    power = powers(batch, 5)
    found = batch.solve(power)
    for flow, own in zip(flows, batch.injections, strict=True):
        alone = flow.solve(power[:, own])
        assert np.abs(found.voltage[:, own] - alone.voltage).max() < 1e-10
        assert np.abs(flow.magnitude(found.current[:, own]) - flow.magnitude(alone.current)).max() < 1e-10


@given(count=st.integers(1, 5), seed=st.integers(0, 99))
def test_feeders_beside_it_change_nothing(count, seed):
    """Nor do steps solved with it, or what it starts from: less than the tolerance."""
    flows = feeders()
    batch, fewer = FeederBatch(flows), FeederBatch(flows[:count])
    power = powers(batch, 3, seed=seed)
    n = fewer.injections[-1].stop
    together = batch.solve(power).voltage[:, :n]
    start = batch.solve(power[:1]).voltage[0, :n]
    alone = np.concatenate([fewer.solve(step[None, :n], start).voltage for step in power])
    assert np.abs(together - alone).max() < 2e-10


def test_power_leaves_the_feeder_as_it_came():
    """What the source gives is what the loads take and the lines lose."""
    (flow,) = flows = feeders((7,))
    batch = FeederBatch(flows)
    power = powers(batch, 4)
    state = flow.state(batch.solve(power).current)
    into = flow.grid.line["from_bus"] == 0
    assert into.sum() >= 1
    z = (flow.grid.line["r_ohm_m"] + 1j * flow.grid.line["x_ohm_m"])[into]
    z0 = (flow.grid.line["r0_ohm_m"] + 1j * flow.grid.line["x0_ohm_m"])[into]
    drop = (
        state.voltage[:, flow.grid.nodes[:, 0]][:, None]
        - state.voltage[:, flow.grid.nodes].transpose(0, 2, 1)[:, flow.grid.line["to_bus"][into]]
    )
    volts = 400 / np.sqrt(3)
    shared = drop.mean(axis=2, keepdims=True)
    current = volts * ((drop - shared) / z[:, None] + shared / z0[:, None])
    source = volts * state.voltage[:, None, flow.grid.nodes[:, 0]] * current.conj()
    given = source.sum(axis=(1, 2)).real
    assert given == pytest.approx(-power.sum(axis=1).real + state.line_loss.sum(axis=1), rel=1e-9)


def test_collapse_of_one_feeder_leaves_the_others_alone():
    flows = feeders()
    batch = FeederBatch(flows)
    power = powers(batch, 3)
    well = batch.solve(power)
    power[1, batch.injections[2]] *= 1e4
    found = batch.solve(power)
    expected = np.ones((3, 5), dtype=bool)
    expected[1, 2] = False
    assert (found.solved == expected).all()
    assert np.isfinite(found.voltage).all()
    others = np.ones(power.shape, dtype=bool)
    others[1, batch.injections[2]] = False
    assert np.abs(found.voltage - well.voltage)[others].max() < 1e-10


def test_no_feeder_without_injections_is_lost():
    flows = [*feeders((3,)), PowerFlow(make_grid(radial(np.random.default_rng(0), 3), 3, connects=[]))]
    found = FeederBatch(flows).solve(np.full((2, 6), -1e3 + 0j))
    assert found.solved.all()
    assert found.iterations[:, 1].tolist() == [0, 0]


@pytest.mark.parametrize("workers", [1, 2])
def test_year_statistics_are_those_of_all_steps_at_once(workers):
    flows = feeders((3, 5, 4))
    draw = np.random.default_rng(3).gamma(0.5, 3e3, (700, 36))

    def power(feeder, nodes, steps):
        return -draw[steps, : len(nodes)] * (1 + 0.1 * feeder) + 0j

    found = list(year_statistics(flows.__getitem__, 3, power, 700, QUARTER_HOUR, branches=True, workers=workers))
    assert len(found) == 3
    for feeder, (flow, statistics) in enumerate(zip(flows, found, strict=True)):
        state = flow.state(flow.solve(power(feeder, flow.nodes, slice(0, 700))).current)
        whole = GridStatistics(QUARTER_HOUR, len(flow.grid.phase_node), flow.grid.nodes, len(flow.grid.line))
        whole.take(state.voltage, state.line_loading, state.line_loss)
        expected = whole.result()
        assert statistics.voltage_min == pytest.approx(expected.voltage_min, abs=1e-12)
        assert statistics.percentile == pytest.approx(expected.percentile, abs=1e-12)
        assert statistics.unbalance_max == pytest.approx(expected.unbalance_max, abs=1e-12)
        assert statistics.loss_j == pytest.approx(expected.loss_j, rel=1e-9)
        assert statistics.weeks == 1


def test_year_statistics_of_customers_alone():
    flows = feeders((3, 5))

    def power(feeder, nodes, steps):
        return np.full((steps.stop - steps.start, len(nodes)), -2e3 * (feeder + 1) + 0j)

    first, second = year_statistics(flows.__getitem__, 2, power, 300, QUARTER_HOUR, percentiles=(), workers=1)
    assert first.voltage_min.shape == (6,)
    assert first.steps == second.steps == 300
    assert first.percentile.shape == (0, 0, 6)
    expected = np.abs(flows[1].solve(power(1, flows[1].nodes, slice(0, 1))).voltage[0])
    assert second.voltage_max == pytest.approx(expected, abs=1e-12)
