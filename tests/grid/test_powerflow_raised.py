"""Networks whose charging raises the voltages without load, and generators that hold voltages by Newton's method."""

from dataclasses import replace

import numpy as np
import pytest

from powerflow_case import TURN, make_network, nodal_matrix, surplus
from twin.grid.powerflow.admittance import admittance
from twin.grid.powerflow.control import Setpoints, solve_controlled
from twin.grid.powerflow.network import Connected, NodalNetwork, PrimitiveBlock, Status
from twin.grid.powerflow.newton import Newton
from twin.grid.powerflow.solve import PowerFlow


def long_lines(seed, n=12, meshes=5, charging=0.3, reactance=0.1):
    """Return a meshed network of long lines, voltages at which it could be run, and the powers fed in then."""
    rng = np.random.default_rng(seed)
    ends = np.array([(bus - 1, bus) for bus in range(1, n)] + [rng.choice(n, 2, replace=False) for _ in range(meshes)])
    through = 1 / (reactance * rng.uniform(0.5, 1.5, len(ends)) * (0.1 + 1j))
    own = through + 0.5j * charging
    y = np.stack([np.stack([own, -through], axis=-1), np.stack([-through, own], axis=-1)], axis=1)
    lines = PrimitiveBlock("line", np.arange(len(ends)), ends, y)
    network = NodalNetwork(
        n, np.arange(n), np.zeros(n, int), np.full(n, 1e5), 1e8, (lines,), np.array([0]), np.ones(1, complex)
    )
    voltage = rng.uniform(0.97, 1.04, n) * np.exp(1j * rng.uniform(-0.35, 0.1, n))
    voltage[0] = 1
    return network, voltage, (voltage * np.conj(nodal_matrix(network) @ voltage))[1:]


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_charging_that_raises_voltages_does_not_hide_the_solution(seed):
    """From the voltages without load, Newton's method ends elsewhere or nowhere."""
    network, voltage, power = long_lines(seed)
    flow = PowerFlow(network, Connected.constant_power(np.arange(1, 12)))
    assert np.abs(flow.no_load).max() > 1.3
    astray, _ = Newton(flow.admittance, flow.ports, 1e-9).solve(power, flow.no_load)
    assert astray is None or np.abs(astray - voltage).max() > 0.1
    found = flow.solve(power[None], nodes="all")
    assert found.status[0] != Status.COLLAPSED
    assert np.abs(found.voltage[0] - voltage).max() < 1e-8
    alone = flow.solve(np.stack([power, 1.001 * power]), nodes=np.array([5]))
    assert alone.voltage[0, 0] == pytest.approx(voltage[5], abs=1e-8)


def test_what_cannot_be_is_flagged_in_a_raised_network_too():
    network, _, power = long_lines(0)
    flow = PowerFlow(network, Connected.constant_power(np.arange(1, 12)))
    found = flow.solve(-200 * np.abs(power)[None], nodes="all")
    assert found.status[0] == Status.COLLAPSED
    assert not found.voltage.any()


def test_the_flat_start_keeps_what_transformers_turn_and_drops_what_charging_adds():
    """A line charged so that it resonates nearly, behind a transformer of 30 degrees that steps up by 0.1."""
    turn = 1.1 * np.exp(1j * np.pi / 6)
    y = np.array([[[-10j * abs(turn) ** 2, 10j * np.conj(turn)], [10j * turn, -10j]]])
    transformer = PrimitiveBlock("transformer", np.array([0]), np.array([[0, 1]]), y)
    network = make_network([(1, 2, 0.5j)], 3, blocks=(transformer,))
    line = network.blocks[0]
    charged = replace(line, y=line.y + 1.2j * np.eye(2) / 2)
    raised = admittance(replace(network, blocks=(charged, transformer)))
    assert raised.raised
    assert np.abs(raised.no_load).max() > 1.3
    assert np.degrees(np.angle(raised.flat[1:])) == pytest.approx([30, 30], abs=0.1)
    assert np.abs(raised.flat[1:]) == pytest.approx([1.05, 1.05], abs=1e-12)
    assert raised.flat[0] == 1


def test_an_ordinary_network_starts_without_load():
    ordinary = admittance(make_network([(0, 1, 0.1j)], 2, 3))
    assert ordinary.flat is ordinary.no_load
    assert np.abs(ordinary.flat - np.tile(TURN, 2)).max() < 1e-12


def test_taps_alone_do_not_make_a_network_raised():
    """A transformer that steps up by 0.3: its voltage without load is meant."""
    y = np.array([[[-16.9j, 13j], [13j, -10j]]])
    made = admittance(
        make_network([(1, 2, 0.5j)], 3, blocks=(PrimitiveBlock("transformer", np.array([0]), np.array([[0, 1]]), y),))
    )
    assert np.abs(made.no_load) == pytest.approx([1, 1.3, 1.3])
    assert not made.raised
    assert made.flat is made.no_load


def held_case(seed=0):
    """Return long lines with a load at every bus, and three generators that hold the voltages of the case."""
    network, voltage, power = long_lines(seed)
    rows = np.array([3, 7, 10])
    connected = Connected.constant_power(np.r_[np.arange(1, 12), rows + 1])
    loads = np.concatenate([power, np.zeros(3)])
    loads[rows] = -0.3 - 0.1j  # at each generator's bus, so that the generator feeds in the rest
    loads[11:] = power[rows].real + 0.3
    reactive = power[rows].imag + 0.1
    return PowerFlow(network, connected), loads, np.abs(voltage[rows + 1]), reactive, voltage


@pytest.mark.parametrize("seed", [0, 2, 3])
def test_three_generators_hold_their_voltages(seed):
    flow, power, size, reactive, voltage = held_case(seed)
    beyond = np.full(3, np.inf)
    found = solve_controlled(flow, power[None], setpoints=Setpoints(np.arange(11, 14), size, -beyond, beyond))
    assert found.settled.all()
    at = flow.connected.node[11:]
    assert np.abs(found.solution.voltage[0, 11:] - voltage[at]).max() < 1e-7
    assert found.power[0, 11:].imag == pytest.approx(reactive, abs=1e-6)


def test_a_generator_at_its_limit_lets_go_of_its_voltage_and_only_then():
    """Each of the three gets a limit that it needs more or less than: at most, at least, none."""
    flow, power, size, reactive, _ = held_case()
    least, most = reactive - np.array([9, -0.05, 9]), reactive + np.array([-0.05, 9, 9])
    steps = np.stack([power, 0.9 * power, 0.6 * power])
    found = solve_controlled(flow, steps, setpoints=Setpoints(np.arange(11, 14), size, least, most), nodes="all")
    assert found.settled.all()
    limited = 0
    for step in range(3):
        v, q = found.solution.voltage[step], found.power[step, 11:].imag
        off = np.abs(v[flow.connected.node[11:]]) - size
        at_most, at_least = q > most - 1e-8, q < least + 1e-8
        limited += np.count_nonzero(at_most | at_least)
        assert (q < most + 1e-7).all()
        assert (q > least - 1e-7).all()
        assert np.abs(off[~(at_most | at_least)]).max(initial=0) < 1e-7
        assert (off[at_most] < 1e-7).all()
        assert (off[at_least] > -1e-7).all()
        left = surplus(flow.network, flow.connected, found.power[step], v)[1:]
        assert np.abs(left).max() < 1e-7
        currents = np.conj(found.power[step] / v[flow.connected.node])
        assert found.solution.current[step] == pytest.approx(currents, abs=1e-7)
    assert limited


def test_generators_at_one_bus_share_and_one_at_the_source_is_left_alone():
    flow, power, size, reactive, _ = held_case()
    node = np.r_[flow.connected.node, flow.connected.node[13], 0]
    both = PowerFlow(flow.network, Connected.constant_power(node))
    rows, wide = np.arange(11, 16), np.array([40.0, 40.0, 20.0, 60.0, 40.0])
    points = Setpoints(rows, np.r_[size, size[2], 1.0], -wide, wide)
    found = solve_controlled(both, np.r_[power, 0, 0][None], setpoints=points)
    assert found.settled.all()
    q = found.power[0, rows].imag
    assert q[:2] == pytest.approx(reactive[:2], abs=1e-6)
    assert q[2] + q[3] == pytest.approx(reactive[2], abs=1e-6)
    assert q[4] == 0


def test_steps_that_newton_holds_stand_beside_one_that_has_no_solution():
    flow, power, size, _, voltage = held_case()
    hopeless = power.copy()
    hopeless[:11] *= 1000
    beyond = np.full(3, np.inf)
    found = solve_controlled(
        flow, np.stack([hopeless, power]), setpoints=Setpoints(np.arange(11, 14), size, -beyond, beyond), nodes="all"
    )
    assert found.settled.tolist() == [False, True]
    assert found.solution.status[0] == Status.COLLAPSED
    assert np.abs(found.solution.voltage[1] - voltage).max() < 1e-7
