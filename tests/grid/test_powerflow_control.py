"""Inverters that follow the voltage, generators that hold it, and networks that change over time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import root

from powerflow_case import make_network, random_branches, random_power, surplus
from twin.errors import TwinError
from twin.grid.powerflow.control import Curve, Reactions, Setpoints, solve_controlled
from twin.grid.powerflow.network import Connected, Status
from twin.grid.powerflow.solve import PowerFlow

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


def test_newton_goes_first_for_more_generators_than_steps_and_finds_what_turns_find():
    flow, power = tree(scale=0.03)
    points = Setpoints(np.array([3, 6]), np.array([1.0, 1.01]), np.array([-0.6, -0.2]), np.array([0.6, 0.2]))
    by_turns = solve_controlled(flow, power, setpoints=points, nodes="all")
    assert (by_turns.solution.status == Status.SOLVED).all()
    for step in range(0, 40, 3):
        one = solve_controlled(flow, power[step : step + 1], setpoints=points, nodes="all")
        assert one.solution.status[0] == Status.BY_NEWTON
        assert one.settled[0]
        assert np.abs(one.solution.voltage[0] - by_turns.solution.voltage[step]).max() < 1e-9
        assert np.abs(one.power[0] - by_turns.power[step]).max() < 1e-7


def test_what_no_generator_can_hold_up_is_not_settled_however_it_is_tried():
    """R = 1 carries 1/4 at most; a reactive power of 0.1 does not change that."""
    flow = PowerFlow(make_network([(0, 1, 1.0)], 2), Connected.constant_power(np.array([1, 1, 1])))
    points = Setpoints(np.array([1, 2]), np.ones(2), np.full(2, -0.05), np.full(2, 0.05))
    found = solve_controlled(flow, np.array([[-2.0, 0, 0]], dtype=complex), setpoints=points)
    assert not found.settled.any()
    assert found.solution.status[0] == Status.COLLAPSED


def by_brute_force(flow, power, react):
    """Solve one step with powers that are a function of the voltages, by scipy's root."""
    n = flow.network.n_nodes
    fixed = flow.network.source_node
    free = np.setdiff1d(np.arange(n), fixed)
    voltage = flow.no_load.copy()

    def mismatch(x):
        voltage[free] = x[: len(free)] + 1j * x[len(free) :]
        left = surplus(flow.network, flow.connected, react(power.copy(), voltage), voltage)[free]
        return np.r_[left.real, left.imag]

    found = root(mismatch, np.r_[voltage[free].real, voltage[free].imag], method="krylov", options={"fatol": 1e-12})
    assert np.abs(mismatch(found.x)).max() < 1e-10
    return voltage


@pytest.mark.parametrize("phases", [1, 3])
def test_brute_force_finds_the_same(phases):
    """Volt-var and volt-watt at the same inverters, reactive power giving way to active power."""
    rng = np.random.default_rng(4)
    network = make_network(random_branches(rng, 6, phases, scale=0.04), 6, phases)
    flow = PowerFlow(network, Connected.constant_power(np.arange(phases, 6 * phases)))
    rows = np.array([1, 4]) if phases == 1 else np.array([2, 4, 9, 13])
    power = random_power(rng, 5 * phases, steps=6, scale=0.15 / phases)
    rating = rng.uniform(0.4, 0.8, len(rows))
    power[:, rows] = np.linspace(0.1, 1, 6)[:, None] * rating
    watt = np.array([1.03, 1.08]), np.array([1.0, 0.2])
    apparent = 1.05 * rating
    curves = [Curve(rows, *VOLT_VAR, rating, apparent=apparent), Curve(rows, *watt, rating, active=True)]
    found = solve_controlled(flow, power, curves, nodes="all")
    assert found.settled.all()

    def react(step, voltage):
        size = np.abs(voltage[flow.connected.node[rows]])
        p = np.minimum(step[rows].real, rating * np.interp(size, *watt))
        q = rating * np.interp(size, *VOLT_VAR)
        most = np.sqrt(apparent**2 - p**2)
        step[rows] = p + 1j * np.clip(q, -most, most)
        return step

    for step in range(6):
        voltage = by_brute_force(flow, power[step], react)
        assert np.abs(found.solution.voltage[step] - voltage).max() < 1e-8
        assert np.abs(react(power[step].copy(), voltage) - found.power[step]).max() < 1e-7
    assert (np.abs(found.power[:, rows]) <= apparent + 1e-12).all()
    assert (found.power[-1, rows].real < power[-1, rows].real - 0.01).any()


@settings(max_examples=20, deadline=None)
@given(slope=st.floats(0.5, 200), r=st.floats(0.005, 0.1), x=st.floats(0.005, 0.1))
def test_curves_of_any_slope_come_to_rest_where_a_bisection_finds_it(slope, r, x):
    """The far end of one line: |V|^2 = a + sqrt(a^2 - |Z|^2 |S|^2) with a = 1/2 + R P + X Q; Q falls with V."""
    flow = PowerFlow(make_network([(0, 1, r + 1j * x)], 2), Connected.constant_power(np.array([1])))
    corners = np.array([0.99 - 0.4 / slope, 0.99, 1.01, 1.01 + 0.4 / slope]), np.array([0.4, 0.0, 0.0, -0.4])
    feed = np.linspace(0.0, 1.0, 11)
    found = solve_controlled(flow, feed[:, None].astype(complex), [Curve(np.array([0]), *corners, np.ones(1))])
    assert found.settled.all()
    size = np.abs(found.solution.voltage[:, 0])
    for step, p in enumerate(feed):
        low, high = 0.8, 1.2
        for _ in range(60):
            v = (low + high) / 2
            q = np.interp(v, *corners)
            a = 0.5 + r * p + x * q
            above = v * v > a + np.sqrt(a * a - (r * r + x * x) * (p * p + q * q))
            low, high = (low, v) if above else (v, high)
        assert size[step] == pytest.approx(v, abs=1e-8)
    by_size = np.argsort(size)
    assert (np.diff(found.power[by_size, 0].imag) < 1e-8 * slope).all()


def many_inverters(steps=60, scale=0.04, buses=40):
    """Return a three-phase feeder with a load and an inverter at most nodes, and two days of power."""
    rng = np.random.default_rng(11)
    network = make_network(random_branches(rng, buses, 3, scale=scale), buses, 3)
    node = rng.choice(np.arange(3, 3 * buses), 2 * buses, replace=False)
    flow = PowerFlow(network, Connected.constant_power(np.r_[node, node]))
    rating = rng.uniform(0.5, 1.0, len(node)) * 0.05
    sun = np.maximum(0.0, np.sin(np.arange(steps) / steps * 4 * np.pi))
    drawn = -0.01 * rng.random((steps, len(node))) * (1 + 0.3j)
    power = np.concatenate([sun[:, None] * rating, drawn], axis=1).astype(complex)
    return flow, power, np.arange(len(node)), rating


def test_many_inverters_work_by_day_and_rest_at_night():
    flow, power, rows, rating = many_inverters()
    found = solve_controlled(flow, power, [Curve(rows, *VOLT_VAR, rating, while_feeding=True)])
    assert found.settled.all()
    by_day = power[:, 0].real > 0
    asked = rating * np.interp(np.abs(found.solution.voltage[:, rows]), *VOLT_VAR)
    assert np.abs(found.power[:, rows].imag - asked)[by_day].max() < 1e-8
    assert np.abs(asked[by_day]).max() > 0.005
    assert not found.power[~by_day][:, rows].imag.any()
    without = np.abs(flow.solve(power).voltage).max()
    assert np.abs(found.solution.voltage).max() < without - 0.001
    plain = flow.solve(found.power)
    assert np.abs(plain.voltage - found.solution.voltage).max() < 3e-9


def test_a_horizon_may_be_cut_and_curves_made_ready_once():
    flow, power, rows, rating = many_inverters()
    curves = [Curve(rows, *VOLT_VAR, rating, apparent=rating)]
    whole = solve_controlled(flow, power, curves)
    ready = Reactions(flow, curves)
    for first, last in ((0, 1), (1, 20), (20, 60)):
        part = solve_controlled(flow, power[first:last], ready)
        assert np.abs(part.solution.voltage - whole.solution.voltage[first:last]).max() < 1e-12
        assert np.abs(part.power - whole.power[first:last]).max() < 1e-12


def test_far_too_many_inverters_come_to_rest_all_the_same():
    """Slopes times sensitivities of some 20: powers that jump to what a voltage asks for would swing without end."""
    flow, power, rows, rating = many_inverters(scale=0.08)
    steep = np.array([0.97, 0.99, 1.01, 1.03]), np.array([0.8, 0.0, 0.0, -0.8])
    found = solve_controlled(flow, 2 * power, [Curve(rows, *steep, 2 * rating)])
    assert found.settled.all()
    asked = 2 * rating * np.interp(np.abs(found.solution.voltage[:, rows]), *steep)
    assert np.abs(found.power[:, rows].imag - asked).max() < 1e-7


def test_two_inverters_at_one_node_and_one_between_phases_react_each_by_its_own_voltage():
    network = make_network([(0, 1, (0.06 + 0.05j) * (np.eye(3) + 0.3))], 2, 3)
    wide = np.sqrt(3)
    one = Connected(np.array([3, 3, 4]), np.array([-1, -1, 5]), np.array([1, 1, wide]), np.zeros(3), np.zeros(3))
    flow, power = PowerFlow(network, one), np.array([[0.5, 0.7, 1.0], [0.1, 0.2, 1.5]], dtype=complex)
    rating = np.array([0.5, 1.0, 1.5])
    found = solve_controlled(flow, power, [Curve(np.arange(3), *VOLT_VAR, rating)], nodes="all")
    assert found.settled.all()
    v = found.solution.voltage
    size = np.abs(np.stack([v[:, 3], v[:, 3], (v[:, 4] - v[:, 5]) / wide], axis=1))
    assert found.power.imag == pytest.approx(rating * np.array([np.interp(s, *VOLT_VAR) for s in size]), abs=1e-8)
    assert np.abs(found.power[:, 2].imag).min() > 0.001


def test_reactive_power_of_inverters_keeps_a_grid_from_collapse():
    """X = 0.5 and P = 1.05: without support the most is 1 / (2 X) = 1; the fixed point does not get there."""
    flow = PowerFlow(make_network([(0, 1, 0.5j)], 2), Connected.constant_power(np.array([1, 1])))
    power = np.array([[-1.05, 0.0], [-0.2, 0.0], [-3.0, 0.0]], dtype=complex)
    alone = flow.solve(power)
    assert alone.status[0] == Status.COLLAPSED
    found = solve_controlled(flow, power, [Curve(np.array([1]), *VOLT_VAR, np.array([1.0]))])
    assert found.settled.tolist() == [True, True, False]
    assert found.solution.status[2] == Status.COLLAPSED
    size = np.abs(found.solution.voltage[:2, 1])
    assert found.power[:2, 1].imag == pytest.approx(np.interp(size, *VOLT_VAR), abs=1e-7)
    assert found.power[2, 1] == 0


def test_generators_hold_their_voltage_beside_inverters_that_follow_it():
    flow, power = tree(scale=0.05)
    rows, held = np.array([2, 5, 7]), np.array([3, 6])
    power[:, rows] = np.linspace(0, 1.0, 40)[:, None]
    curve = Curve(rows, *VOLT_VAR, np.array([1.5, 1.4, 1.8]))
    points = Setpoints(held, np.array([1.0, 1.01]), np.array([-0.6, -0.5]), np.array([0.6, 0.5]))
    found = solve_controlled(flow, power, [curve], points)
    assert found.settled.all()
    size, reactive = np.abs(found.solution.voltage), found.power.imag
    asked = curve.rating * np.interp(size[:, rows], *VOLT_VAR)
    assert np.abs(reactive[:, rows] - asked).max() < 1e-7
    free = (reactive[:, held] < points.most - 1e-9) & (reactive[:, held] > points.least + 1e-9)
    assert free.any()
    assert np.abs(size[:, held] - points.voltage)[free].max() < 1e-7
    over = size[:, held] > points.voltage + 1e-7
    assert (reactive[:, held] == points.least)[over].all()


def test_what_is_no_curve_is_refused_with_all_that_is_wrong():
    flow, _ = tree()
    falling, one = np.array([1.0, 0.0]), np.ones(1)
    wrong = [
        Curve(np.array([1]), np.array([1.1, 1.0]), falling, one),
        Curve(np.array([2]), np.array([1.0, 1.1]), falling[::-1], one),
        Curve(np.array([2]), np.array([1.0, 1.1]), falling, -one),
    ]
    with pytest.raises(TwinError) as raised:
        solve_controlled(flow, np.zeros((1, 9), complex), wrong)
    assert len(raised.value.problems) == 4  # element 2 has two curves besides


def test_a_step_that_collapses_does_not_hold_up_the_others():
    flow = PowerFlow(make_network([(0, 1, 1.0)], 2), Connected.constant_power(np.array([1, 1])))
    curve = Curve(np.array([1]), *VOLT_VAR, np.array([0.01]))
    found = solve_controlled(flow, np.array([[-0.1, 0], [-10.0, 0]]), [curve])
    assert found.settled.tolist() == [True, False]
    assert found.solution.status.tolist() == [Status.SOLVED, Status.COLLAPSED]
