"""The power flow against textbook, Newton's method, and what must not matter."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grid_case import BUS_V, make_grid, newton, nodal_admittance, radial
from twin.errors import TwinError
from twin.grid.flow import power_flow
from twin.grid.model import ElectricGrid, make_table
from twin.grid.operation import GridOperation
from twin.table import Table

seeds = st.integers(0, 2**32 - 1)


def loads(rng, grid, steps=3, most_w=6e3):
    """Return power fed in at all nodes but those of bus 0; some of it generation."""
    power = -rng.uniform(0, most_w, (steps, len(grid.phase_node))) * (1 + 0.3j)
    power[rng.random(power.shape) < 0.2] *= -1
    return power * (grid.phase_node["bus"] > 0)


def every_node(grid):
    return np.arange(len(grid.phase_node))


@given(p=st.floats(-150e3, 150e3), q=st.floats(-50e3, 100e3), r=st.floats(1e-3, 0.2), x=st.floats(1e-3, 0.2))
def test_one_line_follows_the_closed_form(p, q, r, x):
    """|V|^2 of the far end solves a quadratic: V^4 - (1 - 2(RP + XQ)) V^2 + (P^2 + Q^2)(R^2 + X^2) = 0."""
    grid = make_grid([(0, 1, r, x, r, x)], 2, phases=1)
    base = BUS_V**2
    drop, size = (r * p + x * q) / base, (p * p + q * q) * (r * r + x * x) / base**2
    rest = (0.5 - drop) ** 2 - size
    if abs(rest) < 0.02:
        return  # next to collapse either is right
    case = grid, np.array([1]), np.array([[-(p + 1j * q)]])
    if rest < 0 or drop > 0.5:
        with pytest.raises(TwinError, match="collapses"):
            power_flow(*case)
        return
    state = power_flow(*case)
    v = abs(state.voltage[0, 1])
    assert v**2 == pytest.approx(0.5 - drop + np.sqrt(rest), rel=1e-8)
    current = abs(p + 1j * q) / v / BUS_V / np.sqrt(3)
    assert state.line_loss[0, 0] == pytest.approx(3 * r * current**2, rel=1e-6, abs=1e-6)
    assert state.line_loading[0, 0] == pytest.approx(current / 200.0, rel=1e-6, abs=1e-9)


@settings(max_examples=25)
@given(seed=seeds, n=st.integers(2, 12), phases=st.sampled_from([1, 3]), meshes=st.integers(0, 2))
def test_agrees_with_newton(seed, n, phases, meshes):
    rng = np.random.default_rng(seed)
    grid = make_grid(radial(rng, n, meshes=min(meshes, n // 4)), n, phases, short_circuit_va=5e6)
    power = loads(rng, grid)
    state = power_flow(grid, every_node(grid), power)
    for step, fed_in in enumerate(power):
        assert np.abs(state.voltage[step] - newton(grid, fed_in)).max() < 1e-9


@pytest.mark.parametrize("group", ["Dyn1", "Dyn5", "Dyn7", "Dyn11"])
@pytest.mark.parametrize("phases", [1, 3])
def test_transformer_agrees_with_its_windings(group, phases):
    """Load on one phase: the delta winding passes it to two phases, and no zero sequence at all."""
    v_nom = np.array([10e3, 400.0, 400.0])
    grid = make_grid(
        [(1, 2, 0.02, 0.008, 0.08, 0.03)], 3, phases, [(0, 1, 100e3, group)], v_nom=v_nom, short_circuit_va=2e6
    )
    power = np.zeros((1, 3 * phases), dtype=complex)
    power[0, -1] = -20e3 - 5e3j
    state = power_flow(grid, every_node(grid), power)
    assert np.abs(state.voltage[0] - newton(grid, power[0])).max() < 1e-9
    hv = state.voltage[0, :phases]
    if phases == 3:
        assert abs(hv.sum()) < 1e-12


@settings(max_examples=20)
@given(seed=seeds, n=st.integers(2, 10))
def test_power_balances_at_every_node_and_step(seed, n):
    rng = np.random.default_rng(seed)
    v_nom = np.array([10e3] + [400.0] * n)
    lines = [(a + 1, b + 1, *z) for a, b, *z in radial(rng, n)]
    grid = make_grid(lines, n + 1, 3, [(0, 1, 250e3, "Dyn5")], v_nom=v_nom, short_circuit_va=100e6)
    power = loads(rng, grid, steps=4)
    state = power_flow(grid, every_node(grid), power)
    branches, _, _ = nodal_admittance(grid)
    found = state.voltage * np.conj((branches @ state.voltage.T).T) * 1e5 / 3
    through = np.abs(power).sum(axis=1)
    inner = grid.phase_node["bus"] > 0
    assert (np.abs(found - power)[:, inner].max(axis=1) <= 1e-9 * through).all()
    losses = state.line_loss.sum(axis=1) + state.transformer_loss.sum(axis=1)
    assert np.abs(found.sum(axis=1).real - losses).max() <= 1e-9 * through.max()


@given(seed=seeds, factor=st.floats(0.1, 10.0))
def test_scales_with_power_and_impedance(seed, factor):
    """Twice the power through half the impedance gives the same voltages and twice the losses."""
    rng = np.random.default_rng(seed)
    lines = radial(rng, 6)
    grid, other = make_grid(lines, 6), make_grid([(a, b, *(v / factor for v in z)) for a, b, *z in lines], 6)
    power = loads(rng, grid)
    one, two = power_flow(grid, every_node(grid), power), power_flow(other, every_node(other), power * factor)
    assert np.abs(two.voltage - one.voltage).max() < 1e-9
    assert two.line_loss == pytest.approx(one.line_loss * factor, rel=1e-6, abs=1e-6 * factor)


@given(seed=seeds)
def test_order_of_elements_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    grid = make_grid(radial(rng, 7), 7)
    power = loads(rng, grid)
    state = power_flow(grid, every_node(grid), power)
    bus, node, line = (rng.permutation(len(t)) for t in (grid.bus, grid.phase_node, grid.line))
    shuffled = ElectricGrid(
        grid.bus.take(bus),
        _renamed(grid.phase_node.take(node), bus, "bus"),
        _renamed(grid.line.take(line), bus, "from_bus", "to_bus"),
        grid.transformer,
        _renamed(grid.grid_source, bus, "bus"),
    )
    other = power_flow(shuffled, every_node(shuffled), power[:, node])
    assert np.abs(other.voltage - state.voltage[:, node]).max() < 1e-12
    assert other.line_loss == pytest.approx(state.line_loss[:, line], abs=1e-6)


def _renamed(table: Table, order, *names) -> Table:
    place = np.argsort(order)
    for name in names:
        table = table.put(table.column(name), place[table[name]])
    return table


@given(seed=seeds)
def test_three_equal_phases_are_the_balanced_grid(seed):
    rng = np.random.default_rng(seed)
    lines = radial(rng, 6)
    three, one = make_grid(lines, 6, 3, short_circuit_va=2e6), make_grid(lines, 6, 1, short_circuit_va=2e6)
    power = loads(rng, one, most_w=15e3)
    balanced = power_flow(one, every_node(one), power)
    phases = power_flow(three, every_node(three), np.repeat(power / 3, 3, axis=1))
    assert np.abs(np.abs(phases.voltage) - np.repeat(np.abs(balanced.voltage), 3, axis=1)).max() < 1e-9
    assert phases.line_loss == pytest.approx(balanced.line_loss, rel=1e-6, abs=1e-6)
    assert phases.line_loading == pytest.approx(balanced.line_loading, rel=1e-6, abs=1e-9)


@settings(max_examples=15)
@given(seed=seeds)
def test_four_times_the_load_converges_or_is_flagged(seed):
    """More load never converges where less does not; where it converges, it is to Newton's solution."""
    rng = np.random.default_rng(seed)
    grid = make_grid(radial(rng, 8), 8, 1, short_circuit_va=3e6)
    power = -np.outer([1.0, 4.0, 16.0, 64.0], rng.uniform(0, 10e3, 8) * (1 + 0.2j))
    operation = GridOperation(grid)
    found, _ = operation.run(operation.begin(), np.arange(4), 1, power)
    solved = ~found.collapsed.any(axis=1)
    assert solved[0]
    assert (np.diff(solved.astype(int)) <= 0).all()
    assert np.isfinite(found.voltage).all()
    for step in np.flatnonzero(solved):
        assert np.abs(found.voltage[step] - newton(grid, power[step])).max() < 1e-8
    if not solved.all():
        with pytest.raises(TwinError, match="the voltage collapses"):
            power_flow(grid, every_node(grid), power)


def test_what_the_tables_connect_gives_way():
    grid = make_grid(radial(np.random.default_rng(1), 4), 4)
    power = loads(np.random.default_rng(2), grid)
    columns = {"bus": [2], "phases": ["abc"], "p_w": [50e3], "q_var": [0.0]}
    more = replace(grid, load=make_table("load", ["load"], columns))
    assert np.array_equal(
        power_flow(more, every_node(grid), power).voltage, power_flow(grid, every_node(grid), power).voltage
    )
