"""Passes in single precision, parts without elements, and a first pass that takes power instead of current."""

import numpy as np
import pytest

from powerflow_case import make_network, newton, random_branches, random_connected, random_power
from twin.grid.powerflow import iterate, plan
from twin.grid.powerflow.network import Connected, Status
from twin.grid.powerflow.parts import part_sizes
from twin.grid.powerflow.solve import PowerFlow
from twin.grid.powerflow.workspace import real_form, taking_power

STEPS = 30  # enough for them to be solved as a block


def cut_everywhere(network, connected, cut_buses):
    """Return a power flow whose network is cut at some buses."""
    flow = PowerFlow(network, connected)
    sizes = part_sizes(flow.admittance, flow.ports, np.isin(network.bus, cut_buses), 1)
    flow.plan = plan.Plan(plan.split(flow.admittance, flow.ports, sizes), 16)
    return flow


def test_a_matrix_may_take_power_instead_of_the_current_at_known_voltages():
    rng = np.random.default_rng(0)
    z, u, s = (rng.normal(size=shape) + 1j * rng.normal(size=shape) for shape in ((3, 3), 3, 3))
    power = np.r_[s.real, s.imag]
    by_power = taking_power(real_form(z)[None], u[None])[0] @ power
    expected = z @ np.conj(s / u)
    assert by_power == pytest.approx(np.r_[expected.real, expected.imag], abs=1e-12)


@pytest.mark.parametrize("mixed", [True, False])
@pytest.mark.parametrize("scale", [1e-7, 1e-3, 0.05])
def test_single_precision_at_first_is_exact_at_last(mixed, scale, monkeypatch):
    """With hardly any load and with much; constant power, current and impedance."""
    rng = np.random.default_rng(1)
    network = make_network(random_branches(rng, 12, 3, 1), 12, 3, 0.01j)
    connected = random_connected(rng, network, 15, mixed)
    power = random_power(rng, 15, STEPS, scale)
    found = PowerFlow(network, connected).solve(power, nodes="all")
    monkeypatch.setattr(iterate, "_COARSE", 0)
    exact = PowerFlow(network, connected).solve(power, nodes="all")
    assert (found.status == Status.SOLVED).all()
    assert np.abs(found.voltage - exact.voltage).max() < 1e-10
    assert np.abs(found.current - exact.current).max() < 1e-9 * scale
    assert np.abs(found.voltage[0] - newton(network, connected, power[0])).max() < 1e-9


def test_blocks_without_load_and_warm_starts_are_solved_alike():
    rng = np.random.default_rng(2)
    network = make_network(random_branches(rng, 10, 3), 10, 3)
    connected = random_connected(rng, network, 12)
    flow, power = PowerFlow(network, connected), random_power(rng, 12, STEPS, 0.05)
    cold = flow.solve(power, nodes="all")
    warm = flow.solve(power, nodes="all", start=cold.voltage[3])
    assert np.abs(warm.voltage - cold.voltage).max() < 1e-9
    still = flow.solve(0 * power, nodes="all")
    assert (still.iterations == 1).all()
    assert np.abs(still.voltage - flow.no_load).max() < 1e-12


def test_parts_without_elements_pass_nothing_on(monkeypatch):
    """Loads in one of many parts only; blocks of different lengths; whatever stood in the memory before."""
    empty = np.empty

    def filled(*args, **kwargs):
        made = empty(*args, **kwargs)
        if made.dtype.kind in "fc":
            made.fill(np.nan)
        return made

    monkeypatch.setattr(np, "empty", filled)
    network = make_network([(bus, bus + 1, 0.002 + 0.001j) for bus in range(15)], 16)
    connected = Connected.constant_power(np.array([7, 8]))
    power = random_power(np.random.default_rng(3), 2, STEPS, 0.3)
    cut = cut_everywhere(network, connected, np.arange(3, 16, 3))
    assert any(not len(part.ports) and len(part.boundary) for part in cut.plan.parts.parts)
    whole = PowerFlow(network, connected).solve(power, nodes="all")
    for steps in (slice(0, STEPS), slice(0, 9), slice(5, STEPS)):
        found = cut.solve(power[steps], nodes="all")
        assert (found.status == Status.SOLVED).all()
        assert np.abs(found.voltage - whole.voltage[steps]).max() < 1e-9
