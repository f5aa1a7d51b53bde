"""Medium voltage with low-voltage grids behind it: one network, cut at its stations, is what it is uncut."""

import numpy as np
import pytest

from grid_case import make_grid, newton, radial
from twin.grid.assemble import assemble
from twin.grid.powerflow import plan
from twin.grid.powerflow.batch import Batch
from twin.grid.powerflow.network import Connected, Status
from twin.grid.powerflow.solve import PowerFlow

MV, LV = 10e3, 400.0


def city(phases, low=(3, 5, 2), short_circuit_va=100e6, seed=0):
    """A ring of 10 kV with low-voltage grids behind its stations."""
    rng = np.random.default_rng(seed)
    n_mv = len(low) + 1
    lines = [(bus, (bus + 1) % n_mv, 0.4, 0.3, 1.6, 0.9) for bus in range(n_mv)]
    units, volts, customers = [], [MV] * n_mv, []
    for at, size in enumerate(low, start=1):
        first = len(volts)
        lines += [(a + first, b + first, *z) for a, b, *z in radial(rng, size, phases)]
        units.append((at, first, 250e3, "Dyn5" if at == 2 else "Dyn11"))
        volts += [LV] * size
        customers += range(first + 1, first + size)
    return make_grid(
        lines, len(volts), phases, units, v_nom=np.array(volts), short_circuit_va=short_circuit_va
    ), customers


def flow_of(grid, customers):
    network = assemble(grid).network
    return PowerFlow(network, Connected.constant_power(grid.nodes[:, customers].T.ravel()))


def powers(flow, steps, scale_va, seed=1):
    rng = np.random.default_rng(seed)
    k = len(flow.connected.node)
    return (rng.uniform(-6, 2, (steps, k)) + 0.3j * rng.uniform(-6, 2, (steps, k))) * scale_va / flow.network.base_va


def cut_at_stations(flow):
    """Plan the network cut at the buses above its transformers, as a city's is."""
    _, stations, *_ = plan._candidates(flow.admittance, flow.ports)
    flow.plan = plan.Plan(plan.split(flow.admittance, flow.ports, stations), 64)
    return flow


@pytest.mark.parametrize("phases", [3, 1])
@pytest.mark.parametrize("short_circuit_va", [np.inf, 100e6])
def test_levels_agree_with_newton(phases, short_circuit_va):
    grid, customers = city(phases, short_circuit_va=short_circuit_va)
    flow = cut_at_stations(flow_of(grid, customers))
    assert sorted(flow.network.bus[flow.plan.parts.cut]) == sorted(np.repeat([1, 2, 3], phases))
    power = powers(flow, 20, 9e3 / phases)
    found = flow.solve(power, nodes="all")
    assert (found.status == Status.SOLVED).all()
    assert np.abs(found.voltage).min() < 0.99
    side_by_side = Batch([flow]).solve(power)
    assert np.abs(side_by_side.across - found.voltage[:, flow.connected.node]).max() < 1e-9
    for step in (0, 19):
        at_nodes = np.zeros(len(grid.phase_node), complex)
        at_nodes[flow.connected.node] = power[step] * flow.network.base_va
        expected = newton(grid, at_nodes)
        assert np.abs(found.voltage[step, : len(expected)] - expected).max() < 1e-8


def test_wherever_a_city_is_cut_by_itself_it_is_what_it_is_uncut():
    grid, customers = city(3, low=(14,) * 8)
    flow = flow_of(grid, customers)
    assert len(flow.plan.parts.cut) > 0
    power = powers(flow, 3, 500)
    found = flow.solve(power, nodes="all")
    uncut = flow_of(grid, customers)
    uncut.plan = plan.Plan(
        plan.split(uncut.admittance, uncut.ports, next(plan._candidates(uncut.admittance, uncut.ports))), 64
    )
    assert np.abs(found.voltage - uncut.solve(power, nodes="all").voltage).max() < 1e-9


def test_collapse_of_one_grid_is_said_of_its_step_alone():
    grid, customers = city(3)
    flow = cut_at_stations(flow_of(grid, customers))
    power = powers(flow, 3, 500)
    power[1, :6] = -1000.0
    found = Batch([flow]).solve(power)
    assert (found.status[:, 0] == Status.COLLAPSED).tolist() == [False, True, False]
    assert np.isfinite(found.across).all()
