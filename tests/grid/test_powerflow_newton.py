"""Newton's method on the ports alone against that on all nodes."""

import numpy as np
import pytest

from powerflow_case import make_network, random_branches, random_connected, random_power, surplus
from twin.grid.powerflow.network import Connected, Status
from twin.grid.powerflow.newton import Newton
from twin.grid.powerflow.port_newton import PortNewton
from twin.grid.powerflow.solve import PowerFlow


@pytest.mark.parametrize("source_z", [None, 0.02 + 0.05j])
def test_ports_alone_give_the_voltages_of_all_nodes(source_z):
    """Three phases, stars and deltas, constant power, current and impedance; two elements share a port."""
    rng = np.random.default_rng(5)
    network = make_network(random_branches(rng, 12, 3, meshes=2, scale=0.03), 12, 3, source_z=source_z)
    one = random_connected(rng, network, 14)
    connected = Connected(*(np.r_[part, part[:1]] for part in vars(one).values()))
    flow = PowerFlow(network, connected)
    power = random_power(rng, 15, steps=1, scale=0.15)[0]
    by_nodes, _ = Newton(flow.admittance, flow.ports, 1e-9).solve(power, flow.no_load)
    by_ports, _ = PortNewton(flow.admittance, flow.ports, 1e-9).solve(power)
    assert np.abs(by_ports - by_nodes).max() < 1e-10
    left = surplus(network, connected, power, by_ports)
    assert np.abs(left[flow.admittance.free]).max() < 1e-9


def test_up_to_the_nose_there_is_a_solution_and_beyond_it_none():
    """R = 1 carries 1/4 at most: V = (1 + sqrt(1 - 4 P)) / 2."""
    flow = PowerFlow(make_network([(0, 1, 0.5), (1, 2, 0.5)], 3), Connected.constant_power(np.array([2])))
    newton = PortNewton(flow.admittance, flow.ports, 1e-9)
    voltage, _ = newton.solve(np.array([-0.2499 + 0j]))
    assert voltage[2] == pytest.approx((1 + np.sqrt(1 - 4 * 0.2499)) / 2, abs=1e-9)
    assert voltage[1] == pytest.approx((1 + voltage[2]) / 2, abs=1e-12)
    assert newton.solve(np.array([-0.2501 + 0j]))[0] is None


def test_on_the_way_to_collapse_both_methods_part_at_the_same_load():
    rng = np.random.default_rng(8)
    buses = np.arange(1, 8)
    flow = PowerFlow(make_network(random_branches(rng, 8, scale=0.05), 8), Connected.constant_power(buses))
    by_nodes, by_ports = Newton(flow.admittance, flow.ports, 1e-9), PortNewton(flow.admittance, flow.ports, 1e-9)
    direction = -rng.uniform(0.5, 1, 7) * (1 + 0.3j)
    sizes = np.linspace(0.1, 1.6, 31)
    solved = np.array([by_nodes.solve(size * direction, flow.no_load)[0] is not None for size in sizes])
    assert 0 < solved.sum() < len(sizes)
    assert [by_ports.solve(size * direction)[0] is not None for size in sizes] == solved.tolist()
    status = flow.solve(sizes[:, None] * direction).status
    assert ((status != Status.COLLAPSED) == solved).all()
