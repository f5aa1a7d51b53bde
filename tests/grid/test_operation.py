"""A grid in operation: outages, tap changers and inverters that react, and areas that know nothing of each other."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from grid_case import make_grid, newton
from twin.engine.time import TimeAxis
from twin.grid.assemble import assemble
from twin.grid.branches import Branches
from twin.grid.inverters import Characteristic, Inverters
from twin.grid.model import make_table
from twin.grid.modules import Modules
from twin.grid.operation import GridOperation
from twin.grid.powerflow.areas import areas, without
from twin.grid.powerflow.balanced import TURN, positive_sequence, trios
from twin.grid.simulator import GridFlowsSimulator, GridSimulator
from twin.grid.taps import tapped

STEP_S = 900
LINE = (0.02, 0.008, 0.08, 0.03)


def two_stations(short_circuit_va=np.inf):
    """10 kV at bus 0, two transformers, three houses behind each: buses 3 to 5 and 6 to 8."""
    lines = [(1, 3, *LINE), (3, 4, *LINE), (4, 5, *LINE), (2, 6, *LINE), (6, 7, *LINE), (7, 8, *LINE)]
    units = [(0, 1, 250e3, "Dyn5"), (0, 2, 250e3, "Dyn5")]
    v_nom = np.array([10e3] + 8 * [400.0])
    return make_grid(lines, 9, 3, units, ((0, 1.0),), v_nom, short_circuit_va, connects=range(3, 9))


def operate(grid, power_va, first=0, **more):
    operation = GridOperation(grid, **more)
    seconds = first + STEP_S * np.arange(len(power_va))
    return operation, *operation.run(operation.begin(), seconds, STEP_S, power_va)


def random_power(grid, steps, seed, balanced=False):
    rng = np.random.default_rng(seed)
    n = int(grid.phase_node["connects"].sum())
    load = rng.gamma(1.0, 2e3, (steps, n // 3 if balanced else n))
    return -(np.repeat(load, 3, axis=1) if balanced else load) * (1 + 0.3j)


@pytest.mark.parametrize("balanced", [False, True])
@pytest.mark.parametrize("short_circuit_va", [np.inf, 1e8])
def test_areas_and_one_phase_for_three_do_not_show(balanced, short_circuit_va):
    """Both stations have an area of their own behind a stiff voltage; Newton knows nothing of that."""
    grid = two_stations(short_circuit_va)
    assert len(areas(assemble(grid).network)) == (2 if np.isinf(short_circuit_va) else 1)
    power = random_power(grid, 3, 1, balanced)
    operation, found, _ = operate(grid, power)
    for step in range(3):
        everywhere = np.zeros(len(grid.phase_node), dtype=complex)
        everywhere[operation.nodes] = power[step]
        assert np.abs(found.voltage[step] - newton(grid, everywhere)).max() < 2e-9


@pytest.mark.parametrize("connects", [range(3, 9), range(3, 6), range(1, 6), []])
@pytest.mark.parametrize("balanced", [False, True])
def test_a_step_by_itself_is_a_step_of_many(connects, balanced):
    """Areas side by side, some with nobody connected: as in one window, and as told from the step before."""
    grid = replace(two_stations(), phase_node=make_grid([], 9, 3, connects=connects).phase_node)
    power = random_power(grid, 6, 4, balanced)
    operation, whole, _ = operate(grid, power)
    carried, found = operation.begin(), []
    for step in range(6):
        one, carried = operation.run(carried, np.array([step * STEP_S]), STEP_S, power[step : step + 1])
        found.append(one.voltage[0])
    assert np.abs(np.array(found) - whole.voltage).max() < 2e-10


def test_a_lateral_of_one_phase():
    """What a single phase draws at the end of its lateral it draws through that phase's own and mutual impedances."""
    whole = make_grid([(0, 1, *LINE), (1, 2, *LINE)], 3, 3, connects=[1, 2])
    kept = np.flatnonzero((whole.phase_node["bus"] < 2) | (whole.phase_node["phase"] == 1))
    power = np.zeros((1, 4), dtype=complex)
    power[0, 3] = -3e3
    _, found, _ = operate(replace(whole, phase_node=whole.phase_node.take(kept)), power)
    own = (2 * (0.02 + 0.008j) + (0.08 + 0.03j)) / 3
    first, last = found.voltage[0, [4, 6]] * 400 / np.sqrt(3)
    assert first - last == pytest.approx(own * np.conj(3e3 / last), abs=1e-6)


def test_a_step_by_itself_that_collapses_leaves_the_other_area_alone():
    grid = two_stations()
    power = random_power(grid, 1, 5)
    _, usual, _ = operate(grid, power)
    power[0, :9] -= 2e6
    operation, found, carried = operate(grid, power)
    dark = np.isin(grid.phase_node["bus"], [1, 3, 4, 5])
    assert (found.voltage[0, dark] == 0).all()
    assert found.collapsed[0].tolist() == dark.tolist()
    assert np.abs(found.voltage - usual.voltage)[0, ~dark].max() < 1e-10
    again, _ = operation.run(carried, np.array([STEP_S]), STEP_S, power * 0)
    assert np.abs(np.abs(again.voltage) - 1).max() < 1e-9


def test_positive_sequence_of_a_grid_without_symmetry_is_none():
    grid = two_stations()
    network = assemble(grid).network
    assert positive_sequence(network).n_nodes == 9
    lame = network.blocks[0].y.copy()
    lame[0, 0, 0] *= 1.01
    assert positive_sequence(replace(network, blocks=(replace(network.blocks[0], y=lame), *network.blocks[1:]))) is None
    assert trios(network)[:, 0].tolist() == [3 * k for k in range(9)]
    assert np.abs(TURN.sum()) < 1e-15


def with_outage(grid, kind, element, begin, end):
    columns = {"element_type": [kind], "element": [element], "from_s": [begin], "to_s": [end]}
    return replace(grid, outage=make_table("outage", ["outage"], columns))


def test_what_an_outage_cuts_off_is_dark_as_long_as_it_lasts():
    """The second line is out from 10 past the first step's end to within the third: steps 1 and 2."""
    grid = two_stations()
    power = random_power(grid, 5, 2)
    _, whole, _ = operate(grid, power)
    _, found, _ = operate(with_outage(grid, "line", 1, STEP_S + 600, 2 * STEP_S + 1), power)
    beyond = np.isin(grid.phase_node["bus"], [4, 5])
    assert found.dead[:, beyond].all(axis=1).tolist() == [False, True, True, False, False]
    assert not found.dead[:, ~beyond].any()
    assert (found.voltage[1:3, beyond] == 0).all()
    other_station = np.isin(grid.phase_node["bus"], [6, 7, 8])
    assert np.abs(found.voltage - whole.voltage)[:, other_station].max() < 1e-10
    assert np.abs(found.voltage - whole.voltage)[[0, 3, 4]].max() < 1e-10
    fewer = power.copy()
    fewer[:, np.isin(grid.phase_node["bus"][grid.phase_node["connects"]], [4, 5])] = 0
    _, alone, _ = operate(grid, fewer)
    assert np.abs(found.voltage - alone.voltage)[1:3, ~beyond].max() < 1e-10


def test_a_ring_takes_over():
    """With the ring closed an outage leaves nobody in the dark, and the other way carries all."""
    lines = [(0, 1, *LINE), (1, 2, *LINE), (0, 2, *LINE)]
    grid = make_grid(lines, 3, 3, connects=[1, 2])
    power = random_power(grid, 2, 3)
    _, found, _ = operate(with_outage(grid, "line", 0, 0, STEP_S), power)
    assert not found.dead.any()
    _, open_, _ = operate(make_grid(lines[1:], 3, 3, connects=[1, 2]), power)
    assert np.abs(found.voltage[0] - open_.voltage[0]).max() < 1e-10


def test_without_names_dead_nodes():
    network = assemble(two_stations()).network
    left, dead = without(network, {"transformer": np.array([1])})
    assert np.flatnonzero(dead).tolist() == [*range(6, 9), *range(18, 27)]
    assert {block.table for block in left.blocks} == {"line", "transformer", "bus"}


def with_tap_changer(grid, units=(0,), band=(0.98, 1.02), side="hv"):
    n = len(grid.transformer)
    taps = {"tap_side": side, "tap_pos": 0, "tap_neutral": 0, "tap_step_pct": 2.5}
    table = grid.transformer
    for name, value in taps.items():
        table = table.put(make_table("transformer", ["t"], {name: [value]}).column(name), np.full(n, value))
    columns = {"transformer": list(units), "tap_min": -4, "tap_max": 4}
    columns |= {"voltage_low_pu": band[0], "voltage_high_pu": band[1]}
    changer = make_table("tap_changer", [f"changer {k}" for k in units], columns)
    return replace(grid, transformer=table, tap_changer=changer)


@pytest.mark.parametrize("side", ["hv", "lv"])
def test_taps_keep_the_voltage_in_its_band(side):
    """Heavy load lowers the busbar to 0.95; within the same step the taps bring it back, and stay when load is gone."""
    grid = with_tap_changer(two_stations(), side=side)
    power = np.zeros((6, 18), dtype=complex)
    power[2:4, :9] = -22e3 * (1 + 0.5j)
    _, fixed, _ = operate(two_stations(), power)
    _, found, carried = operate(grid, power)
    busbar = grid.nodes[:, 1]
    assert np.abs(fixed.voltage[2, busbar]).mean() < 0.975
    mean = np.abs(found.voltage[:, busbar]).mean(axis=1)
    assert ((mean > 0.98) & (mean < 1.02)).all()
    up = 1 if side == "lv" else -1
    tap = (found.tap[:, 0] * up).tolist()
    assert tap[0] == tap[1] == 0 < tap[2] == tap[3]
    assert found.moved[:, 0].tolist() == np.diff(found.tap[:, 0], prepend=0).tolist()
    assert carried.tap.tolist() == [found.tap[-1, 0]]
    assert np.abs(found.voltage - fixed.voltage)[:, np.isin(grid.phase_node["bus"], [2, 6, 7, 8])].max() < 1e-10


def test_taps_stop_at_their_end():
    grid = with_tap_changer(two_stations(), band=(1.2, 1.3))
    _, found, _ = operate(grid, np.zeros((3, 18), dtype=complex))
    assert found.tap[:, 0].tolist() == [-4, -4, -4]
    assert found.moved[:, 0].tolist() == [-4, 0, 0]


def test_a_band_narrower_than_a_tap_does_not_hunt():
    """1.0 is above the band, a tap below it is under: they may move once a step, never back and forth within one."""
    grid = with_tap_changer(two_stations(), band=(0.985, 0.99))
    _, found, _ = operate(grid, np.zeros((4, 18), dtype=complex))
    assert np.abs(found.moved[:, 0]).tolist() == [1, 1, 1, 1]


def side_by_side(short_circuit_va=np.inf, phases=3):
    """Two transformers on one busbar, and a line to a house."""
    v_nom = np.array([10e3, 400.0, 400.0])
    units = 2 * [(0, 1, 250e3, "Dyn5")]
    return make_grid([(1, 2, *LINE)], 3, phases, units, ((0, 1.0),), v_nom, short_circuit_va, connects=[2])


def opened(grid, *ends):
    columns = {"bus": [b for b, _ in ends], "element_type": "transformer", "element": [t for _, t in ends]}
    columns |= {"closed": False}
    return replace(grid, switch=make_table("switch", [f"switch {k}" for k in range(len(ends))], columns))


@pytest.mark.parametrize("phases", [1, 3])
@pytest.mark.parametrize("short_circuit_va", [np.inf, 1e8])
@pytest.mark.parametrize("ends", [[(1, 1)], [(0, 1), (1, 1)]])
def test_taps_behind_open_switches_do_nothing(ends, short_circuit_va, phases):
    """A transformer that switches cut off does not answer to the busbar that the other one feeds."""
    grid = opened(side_by_side(short_circuit_va, phases), *ends)
    power = np.full((3, phases), -60e3 * (1 + 0.5j) / phases)
    _, without_taps, _ = operate(grid, power)
    _, found, _ = operate(with_tap_changer(grid, (1,), (0.995, 1.02)), power)
    assert np.abs(without_taps.voltage[0, grid.nodes[:, 1]]).max() < 0.995
    assert np.abs(found.voltage - without_taps.voltage).max() < 1e-10
    assert not found.moved.any()


def test_taps_of_a_transformer_that_is_out_of_service_stay():
    """While the second is out the first alone answers to the load; once it is back both stand where they are left."""
    grid = with_tap_changer(side_by_side(), (0, 1), (0.979, 1.02))
    grid = with_outage(grid, "transformer", 1, STEP_S, 3 * STEP_S)
    _, found, _ = operate(grid, np.full((4, 3), -90e3 * (1 + 0.5j)))
    assert found.tap[1:3, 0].tolist() == [-1, -1]
    assert not found.moved[:3, 1].any()


@pytest.mark.parametrize("short_circuit_va", [np.inf, 1e6])
def test_a_grid_of_one_bus(short_circuit_va):
    power = np.full((2, 3), -1e4 + 0j)
    _, found, _ = operate(make_grid([], 1, 3, short_circuit_va=short_circuit_va), power)
    drop = 0.0 if np.isinf(short_circuit_va) else 0.03 * 0.3 / np.sqrt(1.09)
    assert np.abs(found.voltage) == pytest.approx(np.full((2, 3), 1 - drop), abs=1e-3)


def test_areas_that_wait_for_nothing_stay_side_by_side_beside_others():
    """An outage in one area, months away, and taps in it: single steps of the other are solved as ever."""
    grid = with_outage(with_tap_changer(two_stations()), "line", 1, 10**7, 2 * 10**7)
    power = random_power(grid, 5, 6)
    operation, whole, _ = operate(grid, power)
    carried = operation.begin()
    for step in range(5):
        one, carried = operation.run(carried, np.array([step * STEP_S]), STEP_S, power[step : step + 1])
        assert np.abs(one.voltage[0] - whole.voltage[step]).max() < 2e-10
        assert len(carried.across) == 9
        assert [voltage is None for voltage in carried.voltage] == [False, True]


def reacting(grid, bus, curve, active_w=50e3):
    node = grid.nodes[:, bus]
    one = np.ones(3)
    none = np.full(3, -1)
    which = np.zeros(3, dtype=int)
    var, watt = (none, which) if curve.active else (which, none)
    return Inverters(node, which, one * active_w, one * active_w / 0.9, var, watt, {0: curve})


VOLT_VAR = Characteristic(np.array([0.93, 0.97, 1.03, 1.07]), np.array([0.436, 0.0, 0.0, -0.436]), False)
VOLT_WATT = Characteristic(np.array([1.04, 1.08]), np.array([1.0, 0.0]), True)


@pytest.mark.parametrize("unlike", [0.0, 3e3])
@pytest.mark.parametrize("curve", [VOLT_VAR, VOLT_WATT])
def test_inverters_follow_their_curve(curve, unlike):
    """What they feed in is what the curve says at the voltage that follows from it."""
    grid = two_stations()
    operation = GridOperation(grid, inverters=reacting(grid, 5, curve))
    power = np.zeros((2, 18), dtype=complex)
    power[1, 0] = -unlike
    available = np.full((2, 3), 50e3)
    found, _ = operation.run(operation.begin(), np.array([0, STEP_S]), STEP_S, power, available)
    size = np.abs(found.voltage[:, grid.nodes[:, 5]])
    says = np.interp(size, curve.voltage, curve.value)
    assert (size > 1.03).all()
    if curve.active:
        assert found.inverter_va.real == pytest.approx(np.minimum(50e3, says * 50e3), rel=1e-6)
        assert (found.inverter_va.real < 50e3).all()
    else:
        assert found.inverter_va.real == pytest.approx(available)
        assert found.inverter_va.imag == pytest.approx(says * 50e3 / 0.9, abs=1e-2)
    free = GridOperation(grid).run(
        GridOperation(grid).begin(), np.array([0, STEP_S]), STEP_S, _plus(grid, power), None
    )[0]
    assert (size < np.abs(free.voltage[:, grid.nodes[:, 5]])).all()


def test_inverters_of_unlike_size_are_not_alike():
    """The same sun on all phases, but one inverter of twice the size: three phases, not one for all."""
    grid = two_stations()
    inverters = reacting(grid, 5, VOLT_VAR)
    larger = replace(inverters, apparent_va=inverters.apparent_va * np.array([1, 1, 2]))
    operation = GridOperation(grid, inverters=larger)
    power = np.zeros((1, 18), dtype=complex)
    found, _ = operation.run(operation.begin(), np.array([0]), STEP_S, power, np.full((1, 3), 50e3))
    size = np.abs(found.voltage[0, inverters.node])
    says = np.interp(size, VOLT_VAR.voltage, VOLT_VAR.value) * larger.apparent_va
    assert found.inverter_va[0].imag == pytest.approx(says, abs=1e-2)
    assert abs(says[2]) > 1.2 * abs(says[0])


def test_inverters_at_the_source_feed_in_what_its_voltage_lets_them():
    curve = Characteristic(np.array([0.98, 1.06]), np.array([1.0, 0.0]), True)
    grid = make_grid([(0, 1, *LINE)], 2, 3)
    operation = GridOperation(grid, inverters=reacting(grid, 0, curve))
    found, _ = operation.run(operation.begin(), np.array([0]), STEP_S, np.zeros((1, 6), complex), np.full((1, 3), 5e4))
    assert found.inverter_va[0] == pytest.approx(np.full(3, 0.75 * 5e4))


def test_inverters_feed_in_nothing_where_the_voltage_collapses():
    grid = two_stations()
    operation = GridOperation(grid, inverters=reacting(grid, 5, VOLT_WATT))
    power = np.zeros((2, 18), dtype=complex)
    power[1, :9] = -3e6
    found, _ = operation.run(operation.begin(), np.array([0, STEP_S]), STEP_S, power, np.full((2, 3), 1e4))
    assert found.inverter_va.tolist() == [3 * [1e4], 3 * [0.0]]


def test_single_steps_of_inverters_do_not_show():
    """Both curves at once, day and night, beside a line that is out: step by step as in one window."""
    grid = with_outage(two_stations(1e8), "line", 5, 5 * STEP_S, 9 * STEP_S)
    inverters = replace(
        reacting(grid, 5, VOLT_VAR), volt_watt=np.ones(3, dtype=int), curves={0: VOLT_VAR, 1: VOLT_WATT}
    )
    operation = GridOperation(grid, inverters=inverters)
    power, sun = 4 * random_power(grid, 20, 2), np.clip(np.sin(np.arange(20) / 4), 0, 1)
    seconds, available = STEP_S * np.arange(20), 60e3 * np.outer(sun, np.ones(3))
    whole, _ = operation.run(operation.begin(), seconds, STEP_S, power, available)
    carried = operation.begin()
    for step in range(20):
        own = slice(step, step + 1)
        one, carried = operation.run(carried, seconds[own], STEP_S, power[own], available[own])
        assert np.abs(one.inverter_va[0] - whole.inverter_va[step]).max() < 1e-9 * 60e3


def test_nothing_is_held_back_where_there_is_no_voltage():
    """Half is held back by the curve in the first step; in the second the grid is out, whatever the curve says."""
    inverters = reacting(two_stations(), 5, VOLT_WATT)
    share = csr_array(np.full((3, 1), 1 / 3))
    modules, dark = Modules(inverters, share, 27), np.zeros((2, 27), dtype=bool)
    dark[1] = True
    generation = np.full((2, 1), 6e3)
    fed = np.array([3 * [1e3], 3 * [0.0]], dtype=complex)
    held, _ = modules.given(generation, modules.available(generation), fed, dark)
    assert held[:, 0] == pytest.approx([3e3, 0.0])


def _plus(grid, power):
    more = power.copy()
    more[:, 6:9] += 50e3
    return more


@settings(max_examples=15, deadline=None)
@given(cuts=st.sets(st.integers(1, 199), max_size=5), seed=st.integers(0, 99))
def test_windows_do_not_show_in_taps_and_outages(cuts, seed):
    grid = with_outage(with_tap_changer(two_stations(1e8), (0, 1), (0.99, 1.012)), "line", 1, 40_000, 70_000)
    load = np.zeros((200, 27))
    load[:, 9:] = np.random.default_rng(seed).gamma(0.7, 15e3, (200, 18))

    def run(edges):
        both = GridSimulator(grid, STEP_S), GridFlowsSimulator(grid, STEP_S)
        parts = []
        for a, b in pairwise(edges):
            zero = np.zeros((b - a, 27))
            given = {"electric_load": load[a:b], "electric_generation": zero, "reactive_load": zero}
            window = TimeAxis(a * STEP_S, STEP_S, b - a)
            voltages = both[0].advance(window, given)
            parts.append({**voltages, **both[1].advance(window, voltages)})
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    whole, cut = run([0, 200]), run([0, *sorted(cuts), 200])
    assert whole["tap_changes"].any()
    for name, values in whole.items():
        assert np.abs(cut[name] - values).max() <= 1e-9 * max(1.0, np.abs(values).max()), name


@pytest.mark.parametrize("short_circuit_va", [np.inf, 1e8])
@pytest.mark.parametrize("balanced", [False, True])
def test_energy_is_conserved_whatever_the_taps(short_circuit_va, balanced):
    """What the transformers take at their upper ends is what is drawn and what stays in them and in lines."""
    grid = with_tap_changer(two_stations(short_circuit_va), (0, 1), (0.995, 1.02))
    power = 3 * random_power(grid, 40, 3, balanced)
    operation, found, _ = operate(grid, power)
    assert len(np.unique(found.tap)) > 1
    state = Branches(operation.assembled, grid).state(found.voltage, found.tap.astype(float))
    for step, taps in enumerate(found.tap.tolist()):
        taken = 0.0
        for block in tapped(operation.assembled, np.arange(2), tuple(taps)):
            at = found.voltage[step, block.nodes]
            current = np.einsum("kij,kj->ki", block.y, at)
            taken += (at * current.conj())[:, :3].real.sum() * operation.assembled.network.base_va
        stays = state.line_loss[step].sum() + state.transformer_loss[step].sum()
        assert taken == pytest.approx(stays - power[step].real.sum(), rel=1e-9)


def test_loadings_follow_the_taps():
    """Power into a transformer is power out of it and its loss, whatever the tap."""
    grid = with_tap_changer(two_stations(), band=(1.03, 1.05))
    power = np.zeros((1, 18), dtype=complex)
    power[0, :9] = -8e3
    operation, found, _ = operate(grid, power)
    tap = np.zeros((1, 2))
    tap[:, 0] = found.tap[:, 0]
    assert tap[0, 0] == -2
    state = Branches(operation.assembled, grid).state(found.voltage, tap)
    a = 8e3 / (400 / np.sqrt(3)) / np.abs(found.voltage[0, grid.nodes[0, [3, 4, 5]]])
    rated = 250e3 / np.sqrt(3) / 400
    assert state.transformer_loading[0, 0] == pytest.approx(a.sum() / rated / 0.95, rel=1e-3)
    assert state.transformer_loss[0, 0] == pytest.approx(0.012 * 250e3 * (a.sum() / rated) ** 2, rel=0.01)
    assert state.line_loading[0, 2] == pytest.approx(a[2] / 200.0, rel=1e-9)
