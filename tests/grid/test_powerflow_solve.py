"""The power flow over any nodes against closed forms, another Newton method, and what must not matter."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from powerflow_case import (
    TURN,
    make_network,
    newton,
    random_branches,
    random_connected,
    random_power,
    surplus,
)
from twin.errors import TwinError
from twin.grid.powerflow.network import Connected, PrimitiveBlock, Status
from twin.grid.powerflow.solve import PowerFlow

seeds = st.integers(0, 2**32 - 1)


@given(p=st.floats(-0.5, 0.5), q=st.floats(-0.3, 0.3), r=st.floats(0.01, 0.5), x=st.floats(0.01, 0.5))
def test_one_line_follows_the_closed_form(p, q, r, x):
    """|V|^2 of the far end solves a quadratic: V^4 - (1 - 2(RP + XQ)) V^2 + (P^2 + Q^2)(R^2 + X^2) = 0."""
    drop, size = r * p + x * q, (p * p + q * q) * (r * r + x * x)
    rest = (0.5 - drop) ** 2 - size
    if abs(rest) < 0.01:
        return  # next to collapse either is right
    flow = PowerFlow(make_network([(0, 1, r + 1j * x)], 2), Connected.constant_power(np.array([1])))
    found = flow.solve(np.array([[-(p + 1j * q)]]), nodes="all")
    if rest < 0 or drop > 0.5:
        assert found.status[0] == Status.COLLAPSED
        assert found.voltage[0, 1] == 0
    else:
        assert found.status[0] != Status.COLLAPSED
        assert abs(found.voltage[0, 1]) ** 2 == pytest.approx(0.5 - drop + np.sqrt(rest), rel=1e-8)


@pytest.mark.parametrize(("const_i", "const_z"), [(1.0, 0.0), (0.0, 1.0), (0.3, 0.2)])
def test_a_load_on_a_resistance_follows_its_voltage(const_i, const_z):
    """With R = 0.1 and P = 1: constant current drops 0.1; constant impedance divides 1 : 0.1; in between a root."""
    one = np.ones(1)
    connected = Connected(np.array([1]), np.array([-1]), one, const_i * one, const_z * one)
    found = PowerFlow(make_network([(0, 1, 0.1)], 2), connected).solve(np.array([[-1.0]]))
    v = found.voltage[0, 0].real
    drawn = (1 - const_i - const_z) + const_i * v + const_z * v * v
    assert v + 0.1 * drawn / v == pytest.approx(1.0, abs=1e-9)
    if const_i == 1:
        assert v == pytest.approx(0.9, abs=1e-9)
    if const_z == 1:
        assert v == pytest.approx(1 / 1.1, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(
    seed=seeds,
    n=st.integers(2, 6),
    phases=st.sampled_from([1, 3]),
    meshes=st.integers(0, 3),
    soft=st.booleans(),
    mixed=st.booleans(),
)
def test_agrees_with_another_newton_and_balances(seed, n, phases, meshes, soft, mixed):
    rng = np.random.default_rng(seed)
    branches = random_branches(rng, n, phases, meshes)
    network = make_network(branches, n, phases, 0.02 + 0.05j if soft else None)
    connected = random_connected(rng, network, int(rng.integers(1, 12)), mixed)
    power = random_power(rng, len(connected.node))
    found = PowerFlow(network, connected).solve(power, nodes="all")
    assert (found.status != Status.COLLAPSED).all()
    free = np.arange(network.n_nodes) if soft else np.arange(phases, network.n_nodes)
    for step, fed_in in enumerate(power):
        voltage = newton(network, connected, fed_in)
        assert np.abs(found.voltage[step] - voltage).max() < 1e-9
        left = surplus(network, connected, fed_in, found.voltage[step])[free]
        assert np.abs(found.voltage[step, free] * np.conj(left)).max(initial=0.0) < 1e-9


@settings(max_examples=12, deadline=None)
@given(seed=seeds, phases=st.sampled_from([1, 3]), meshes=st.integers(0, 12), soft=st.booleans())
def test_cuts_do_not_matter(seed, phases, meshes, soft):
    """Many loads: the network is cut into parts; the voltages are those of one dense matrix."""
    from twin.grid.powerflow import plan

    rng = np.random.default_rng(seed)
    n = 60
    network = make_network(random_branches(rng, n, phases, meshes, 0.002), n, phases, 0.01j if soft else None)
    connected = random_connected(rng, network, 90)
    power = random_power(rng, 90, steps=4, scale=0.05)
    whole, cut = PowerFlow(network, connected), PowerFlow(network, connected)
    uncut, *sizes = plan._candidates(cut.admittance, cut.ports)
    sizes = [candidate for candidate in sizes if len(candidate.cut)]
    whole.plan = plan.Plan(plan.split(whole.admittance, whole.ports, uncut), 64)
    cut.plan = plan.Plan(plan.split(cut.admittance, cut.ports, sizes[int(rng.integers(len(sizes)))]), 64)
    assert len(cut.plan.parts.cut) > 0
    assert len(whole.plan.parts.cut) == 0
    a, b = whole.solve(power, nodes="all"), cut.solve(power, nodes="all")
    assert (a.status == Status.SOLVED).all()
    assert np.abs(a.voltage - b.voltage).max() < 1e-9
    assert np.abs(a.current - b.current).max() < 1e-9
    some = rng.integers(0, network.n_nodes, 9)
    assert np.abs(cut.solve(power, nodes=some).voltage - a.voltage[:, some]).max() < 1e-9


def feeder(seed=3, n=20, k=30, phases=3, scale=0.03):
    rng = np.random.default_rng(seed)
    network = make_network(random_branches(rng, n, phases, 1, 0.004), n, phases, 0.01j)
    connected = random_connected(rng, network, k)
    return network, connected, random_power(rng, k, steps=700, scale=scale)


def test_a_step_does_not_depend_on_the_steps_beside_it():
    network, connected, power = feeder()
    power *= np.linspace(0.05, 1.0, len(power))[:, None]  # so that steps take different numbers of iterations
    flow = PowerFlow(network, connected)
    whole = flow.solve(power, nodes="all")
    assert len(np.unique(whole.iterations)) > 1
    for chosen in (slice(0, 1), slice(100, 117), slice(350, 690)):
        part = flow.solve(power[chosen], nodes="all")
        assert np.abs(part.voltage - whole.voltage[chosen]).max() < 1e-12
        assert np.array_equal(part.iterations, whole.iterations[chosen])


def test_the_start_does_not_matter():
    network, connected, power = feeder()
    flow = PowerFlow(network, connected)
    cold = flow.solve(power[:1], nodes="all")
    warm = flow.solve(power[:1], nodes="all", start=flow.solve(power[1:2], nodes="all").voltage[0])
    assert np.abs(cold.voltage - warm.voltage).max() < 1e-9


def test_scaling_impedances_and_loads_leaves_voltages_alone():
    network, connected, power = feeder(phases=1)
    factor = 7.0
    blocks = tuple(replace(block, y=block.y / factor) for block in network.blocks)
    scaled = replace(network, blocks=blocks, source_admittance=network.source_admittance / factor)
    a = PowerFlow(network, connected).solve(power[:5], nodes="all")
    b = PowerFlow(scaled, connected).solve(power[:5] / factor, nodes="all")
    assert np.abs(a.voltage - b.voltage).max() < 1e-11


def test_the_order_of_elements_does_not_matter():
    network, connected, power = feeder()
    order = np.random.default_rng(1).permutation(len(connected.node))
    turned = Connected(*(getattr(connected, f)[order] for f in ("node", "other", "v_nominal", "const_i", "const_z")))
    block = network.blocks[0]
    reverse = replace(network, blocks=(replace(block, nodes=block.nodes[::-1], y=block.y[::-1]),))
    a = PowerFlow(network, connected).solve(power[:5], nodes="all")
    b = PowerFlow(reverse, turned).solve(power[:5, order], nodes="all")
    assert np.abs(a.voltage - b.voltage).max() < 1e-11
    assert np.abs(a.current[:, order] - b.current).max() < 1e-10


def test_three_single_phase_copies_are_one_balanced_network():
    rng = np.random.default_rng(5)
    branches = random_branches(rng, 12, 1, 1)
    buses, power = np.arange(1, 12), random_power(rng, 11)
    one = PowerFlow(make_network(branches, 12), Connected.constant_power(buses)).solve(power, nodes="all")
    nodes = (3 * buses[:, None] + np.arange(3)).ravel()
    three = PowerFlow(make_network(branches, 12, 3), Connected.constant_power(nodes))
    found = three.solve(np.repeat(power, 3, axis=1), nodes="all")
    assert np.abs(found.voltage.reshape(3, 12, 3) - one.voltage[:, :, None] * TURN).max() < 1e-9


def test_no_steps_are_no_steps():
    rng = np.random.default_rng(9)
    network = make_network(random_branches(rng, 80, 1, 0), 80)
    flow = PowerFlow(network, Connected.constant_power(np.arange(1, 80)))
    found = flow.solve(np.zeros((0, 79), dtype=complex), nodes="all")
    assert found.voltage.shape == (0, 80)
    assert found.current.shape == (0, 79)


def test_elements_at_the_same_node_add_up():
    network = make_network([(0, 1, 0.05 + 0.02j)], 2)
    two = PowerFlow(network, Connected.constant_power(np.array([1, 1])))
    one = PowerFlow(network, Connected.constant_power(np.array([1])))
    a, b = two.solve(np.array([[-0.3, -0.1 - 0.1j]])), one.solve(np.array([[-0.4 - 0.1j]]))
    assert np.abs(a.voltage - b.voltage[:, [0, 0]]).max() < 1e-12
    assert a.current.sum() == pytest.approx(b.current[0, 0], abs=1e-9)


def test_a_load_at_a_stiff_source_draws_its_current():
    found = PowerFlow(make_network([(0, 1, 0.1)], 2), Connected.constant_power(np.array([0]))).solve(np.array([[-0.5]]))
    assert found.voltage[0, 0] == 1
    assert found.current[0, 0] == -0.5


def test_near_collapse_newton_takes_over_and_beyond_it_the_step_is_flagged():
    """A resistance of 1 carries at most 1/4; the steps beside it are solved as ever."""
    flow = PowerFlow(make_network([(0, 1, 1.0)], 2), Connected.constant_power(np.array([1])))
    found = flow.solve(np.array([[-0.1], [-0.2499], [-0.26], [-100.0], [0.0]]), nodes="all")
    assert found.status.tolist() == [Status.SOLVED, Status.BY_NEWTON, Status.COLLAPSED, Status.COLLAPSED, Status.SOLVED]
    assert found.voltage[1, 1] == pytest.approx(0.5 + np.sqrt(0.25 - 0.2499), abs=1e-8)
    assert not found.voltage[2:4].any()
    assert not found.current[2:4].any()
    assert np.isfinite(found.voltage).all()


def test_growing_load_is_solved_or_flagged_and_agrees_with_newton():
    network, connected, power = feeder(n=8, k=8, scale=0.2)
    factors = np.array([1, 4, 8, 12, 16, 24, 32, 100])
    drawn = -np.abs(power[:1].real) * (1 + 0.3j)
    found = PowerFlow(network, connected).solve(drawn * factors[:, None], nodes="all")
    solved = found.status != Status.COLLAPSED
    assert solved[0]
    assert not solved[-1]
    for step in np.flatnonzero(solved):
        left = surplus(network, connected, drawn[0] * factors[step], found.voltage[step])
        assert np.abs(found.voltage[step] * np.conj(left)).max() < 1e-8
    assert not found.voltage[~solved].any()


def test_what_floats_is_an_error():
    """A line that touches nothing else."""
    network = make_network([(0, 1, 0.1), (2, 3, 0.1)], 4)
    with pytest.raises(TwinError, match=r"buses \(rows\) 2, 3"):
        PowerFlow(network, Connected.constant_power(np.array([1]))).solve(np.zeros((1, 1), complex))


def test_a_shunt_to_ground_is_a_load_of_constant_impedance():
    y = np.array([[[0.2 - 0.1j]]])
    shunt = PrimitiveBlock("shunt", np.array([0]), np.array([[1]]), y)
    none = Connected.constant_power(np.empty(0, dtype=np.int64))
    branches = [(0, 1, 0.1 + 0.05j)]
    empty = np.zeros((1, 0), dtype=complex)
    with_shunt = PowerFlow(make_network(branches, 2, blocks=(shunt,)), none).solve(empty, nodes="all")
    load = Connected(np.array([1]), np.array([-1]), np.ones(1), np.zeros(1), np.ones(1))
    with_load = PowerFlow(make_network(branches, 2), load).solve(-np.conj(y[0]), nodes="all")
    assert np.abs(with_shunt.voltage - with_load.voltage).max() < 1e-9
