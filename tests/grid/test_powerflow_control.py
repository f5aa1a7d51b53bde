"""Inverters that follow the voltage, generators that hold it, and networks that change over time."""

import numpy as np
import pytest

from powerflow_case import make_network, random_branches, random_power
from twin.grid.powerflow.control import Curve, Setpoints, solve_controlled
from twin.grid.powerflow.network import Connected, Status
from twin.grid.powerflow.solve import PowerFlow
from twin.grid.powerflow.states import TapChanger, follow_taps, solve_by_state

VOLT_VAR = (np.array([0.95, 0.98, 1.02, 1.05]), np.array([0.4, 0.0, 0.0, -0.4]))


def tree(seed=1, n=10, scale=0.02):
    rng = np.random.default_rng(seed)
    buses = np.arange(1, n)
    flow = PowerFlow(make_network(random_branches(rng, n, scale=scale), n), Connected.constant_power(buses))
    return flow, random_power(rng, n - 1, steps=40, scale=0.15)


def test_reactive_power_lies_on_the_curve():
    flow, power = tree()
    rows = np.array([2, 5, 7])
    power[:, rows] = np.linspace(-0.2, 1.2, 40)[:, None]  # from drawing to feeding in
    found = solve_controlled(flow, power, [Curve(rows, *VOLT_VAR, np.array([0.5, 0.4, 0.8]))])
    assert found.settled.all()
    voltage = np.abs(found.solution.voltage[:, rows])
    asked = np.interp(voltage, *VOLT_VAR) * [0.5, 0.4, 0.8]
    assert np.abs(found.power[:, rows].imag - asked).max() < 1e-7
    assert np.array_equal(found.power.real, power.real)
    assert np.ptp(asked, axis=0).min() > 0.01  # the curve is at work
    alone = solve_controlled(flow, power[7:8], [Curve(rows, *VOLT_VAR, np.array([0.5, 0.4, 0.8]))])
    assert np.abs(alone.power - found.power[7]).max() < 1e-9


def test_volt_watt_cuts_what_would_raise_the_voltage_too_far():
    """R = 0.1: of 2 that are available, what stays is where the falling line and the rising voltage meet."""
    flow = PowerFlow(make_network([(0, 1, 0.1)], 2), Connected.constant_power(np.array([1])))
    curve = Curve(np.array([0]), np.array([1.05, 1.15]), np.array([1.0, 0.0]), np.array([2.0]), active=True)
    found = solve_controlled(flow, np.array([[2.0], [0.2]]), [curve])
    v = found.solution.voltage[0, 0].real
    assert found.power[0, 0].real == pytest.approx(2 * (1.15 - v) / 0.1, abs=1e-7)
    assert v == pytest.approx(1 + 0.1 * found.power[0, 0].real / v, abs=1e-9)
    assert found.power[1, 0] == 0.2


def test_generators_hold_their_voltage_until_their_reactive_power_ends():
    flow, power = tree(scale=0.03)
    rows = np.array([3, 6])
    points = Setpoints(rows, np.array([1.0, 1.01]), np.array([-0.6, -0.2]), np.array([0.6, 0.2]))
    found = solve_controlled(flow, power, setpoints=points)
    assert found.settled.all()
    voltage, reactive = np.abs(found.solution.voltage[:, rows]), found.power[:, rows].imag
    at_most, at_least = reactive >= points.most - 1e-12, reactive <= points.least + 1e-12
    free = ~(at_most | at_least)
    assert free.any()
    assert (at_most | at_least).any()
    assert np.abs(voltage - points.voltage)[free].max() < 1e-8
    assert (voltage[at_most] <= np.broadcast_to(points.voltage, voltage.shape)[at_most] + 1e-8).all()
    assert (voltage[at_least] >= np.broadcast_to(points.voltage, voltage.shape)[at_least] - 1e-8).all()


def test_a_step_that_collapses_does_not_hold_up_the_others():
    flow = PowerFlow(make_network([(0, 1, 1.0)], 2), Connected.constant_power(np.array([1, 1])))
    curve = Curve(np.array([1]), *VOLT_VAR, np.array([0.01]))
    found = solve_controlled(flow, np.array([[-0.1, 0], [-10.0, 0]]), [curve])
    assert found.settled.tolist() == [True, False]
    assert found.solution.status.tolist() == [Status.SOLVED, Status.COLLAPSED]


def tapped(positions=5):
    """Return a line behind a source whose voltage has several positions, as behind a transformer's taps."""
    flows = []
    for position in range(positions):
        network = make_network([(0, 1, 0.05 + 0.05j)], 2)
        network.source_voltage[:] = 0.95 + 0.025 * position
        flows.append(PowerFlow(network, Connected.constant_power(np.array([1]))))
    return flows


def test_steps_are_solved_in_the_network_of_their_state():
    flows, rng = tapped(), np.random.default_rng(2)
    state, power = rng.integers(0, 5, 50), random_power(rng, 1, 50)
    found = solve_by_state(flows, state, power, nodes="all")
    for step in range(50):
        alone = flows[state[step]].solve(power[step : step + 1], nodes="all")
        assert np.abs(found.voltage[step] - alone.voltage[0]).max() < 1e-12


def test_taps_follow_the_voltage_step_by_step():
    flows, changer = tapped(), TapChanger(1, 0.985, 1.015)
    drawn = 0.4 * (1 + np.sin(np.arange(300) / 15.0))[:, None]
    found, positions, last = follow_taps(flows, changer, -drawn.astype(complex), 2)
    position = 2
    for step in range(300):
        assert positions[step] == position
        v = abs(flows[position].solve(-drawn[step : step + 1].astype(complex)).voltage[0, 0])
        assert v == pytest.approx(abs(found.voltage[step, 0]), abs=1e-9)
        position = min(4, position + 1) if v < 0.985 else max(0, position - 1) if v > 1.015 else position
    assert last == position
    assert len(np.unique(positions)) > 2


def test_following_taps_can_be_cut_anywhere():
    flows, changer = tapped(), TapChanger(1, 0.985, 1.015)
    power = -0.4 * (1 + np.sin(np.arange(300) / 15.0))[:, None].astype(complex)
    whole, positions, last = follow_taps(flows, changer, power, 0)
    first, a, between = follow_taps(flows, changer, power[:111], 0)
    second, b, end = follow_taps(flows, changer, power[111:], between)
    assert np.array_equal(positions, np.r_[a, b])
    assert end == last
    assert np.abs(whole.voltage - np.r_[first.voltage, second.voltage]).max() < 1e-12
