"""Tables become primitive admittances as by hand, and the network solves as by independent ways."""

from dataclasses import replace

import numpy as np
import pytest

from grid_case import between_phases, dyn_windings, make_grid
from nodal_case import nodal, solve
from twin.grid.assemble import assemble
from twin.grid.check import check
from twin.grid.files import read_grid
from twin.grid.flow import power_flow
from twin.grid.model import VECTOR_GROUPS, make_table
from twin.grid.switches import set_switches
from twin.grid.transformers import incidence

BASE = 1e5
Z = (0.05, 0.02, 0.2, 0.08)
TURN = np.exp(-2j * np.pi / 3 * np.arange(3))


def block(assembled, table):
    """The primitive of the only element of a table."""
    (found,) = [b for b in assembled.network.blocks if b.table == table]
    return found.y[0]


def with_table(grid, name, ids, **columns):
    return replace(grid, **{name: make_table(name, ids, columns)})


# --- lines -----------------------------------------------------------------------------------------------------------


def test_a_transposed_line():
    """Own (z0 + 2 z1) / 3, mutual (z0 - z1) / 3, on 400 V and 100 kVA: 1.6 ohm."""
    grid = make_grid([(0, 1, *Z)], 2)
    series = np.linalg.inv(between_phases(0.05 + 0.02j, 0.2 + 0.08j) / 1.6)
    assert np.allclose(block(assemble(grid), "line"), np.kron([[1, -1], [-1, 1]], series), rtol=1e-12, atol=0)


def test_a_line_with_charging_and_a_leak():
    grid = make_grid([(0, 1, *Z)], 2, phases=1)
    line = make_table("line", ["l0"], {"c_f_m": [1e-6], "g_s_m": [1e-4]})
    for name in line.names:
        grid = replace(grid, line=grid.line.put(line.column(name), line[name]))
    y, half = 1.6 / (0.05 + 0.02j), (1e-4 + 2j * np.pi * 50 * 1e-6) * 1.6 / 2
    assert np.allclose(block(assemble(grid), "line"), [[y + half, -y], [-y, y + half]], rtol=1e-12, atol=0)


def test_a_line_by_its_matrix():
    """Two phases, b and c, with unlike own impedances; 60 Hz."""
    grid = make_grid([(0, 1, *Z)], 2)
    matrix = {
        "line": [0, 0, 0],
        "phase_a": [1, 2, 2],
        "phase_b": [1, 1, 2],
        "r_ohm_m": [0.3, 0.1, 0.4],
        "x_ohm_m": [0.2, 0.05, 0.3],
        "c_f_m": [3e-6, -1e-6, 2e-6],
    }
    grid = replace(with_table(grid, "line_matrix", ["bb", "cb", "cc"], **matrix), frequency_hz=60.0)
    z = np.array([[0.3 + 0.2j, 0.1 + 0.05j], [0.1 + 0.05j, 0.4 + 0.3j]]) / 1.6
    half = 1j * np.pi * 60 * np.array([[3e-6, -1e-6], [-1e-6, 2e-6]]) * 1.6
    series = np.linalg.inv(z)
    by_hand = np.block([[series + half, -series], [-series, series + half]])
    (found,) = assemble(grid).network.blocks
    assert found.nodes.tolist() == [[1, 2, 4, 5]]
    assert np.allclose(found.y[0], by_hand, rtol=1e-12, atol=1e-15)


# --- transformers ----------------------------------------------------------------------------------------------------


def one_transformer(group, phases=3, **columns):
    v_nom = np.array([10e3, 400.0])
    grid = make_grid([], 2, phases, transformers=[(0, 1, 250e3, "Dyn1")], v_nom=v_nom)
    table = make_table("transformer", ["t0"], {"vector_group": [group], **columns})
    for name in table.names:
        grid = replace(grid, transformer=grid.transformer.put(table.column(name), table[name]))
    return grid


SHORT = 0.012 + 1j * np.sqrt(0.04**2 - 0.012**2)


@pytest.mark.parametrize("group", ["Dyn1", "Dyn5", "Dyn7", "Dyn11"])
def test_delta_star_is_its_windings(group):
    windings = dyn_windings(group)
    by_hand = windings.T @ windings * 2.5 / SHORT
    assert np.allclose(block(assemble(one_transformer(group)), "transformer"), by_hand, rtol=0, atol=1e-12)


@pytest.mark.parametrize("group", [g for g in VECTOR_GROUPS if "z" not in g and "Yy" not in g and "YNy" not in g])
def test_any_group_is_its_windings(group):
    """A star that is not earthed has its neutral eliminated: what is left of the three windings sums to zero."""
    high, low = (side.astype(float) for side in incidence(group))
    for side in (high, low):
        if np.abs(side).sum(axis=1).max() == 2:
            side /= np.sqrt(3)
    hang = np.hstack([high, -low])
    letters = group.rstrip("0123456789")
    core = np.eye(3) - (1 / 3 if ("Y" in letters and "YN" not in letters) else 0)
    if letters == "Dy":
        core = np.eye(3) - 1 / 3
    by_hand = hang.T @ core @ hang * 2.5 / SHORT
    assert np.allclose(block(assemble(one_transformer(group)), "transformer"), by_hand, rtol=0, atol=1e-10)


@pytest.mark.parametrize("group", VECTOR_GROUPS)
def test_open_low_side_lags_by_the_clock(group):
    grid = one_transformer(group)
    assembled = assemble(grid)
    y = nodal(assembled.network)
    low = np.linalg.lstsq(y[3:, 3:], -y[3:, :3] @ TURN, rcond=1e-10)[0]
    hour = int(group.lstrip("YNDynzd"))
    assert np.allclose(low, TURN * np.exp(-1j * np.pi / 6 * hour), atol=1e-9)


def test_taps_and_magnetizing_by_hand():
    """Two taps of 2.5 % on the high side, balanced: a ratio of 1.05 before a T of z/2, y, z/2."""
    taps = {"tap_side": ["hv"], "tap_pos": [2], "tap_neutral": [0], "tap_step_pct": [2.5]}
    grid = one_transformer("YNyn0", 1, iron_loss_w=[500.0], no_load_current_pct=[0.5], **taps)
    z, m = SHORT / 2.5, (500 - 1j * np.sqrt(1250**2 - 500**2)) / BASE
    full = np.array([[2 / z, 0, -2 / z], [0, 2 / z, -2 / z], [-2 / z, -2 / z, 4 / z + m]])
    pi = full[:2, :2] - np.outer(full[:2, 2], full[2, :2]) / full[2, 2]
    ratio = np.diag([1 / 1.05, 1.0])
    assert np.allclose(block(assemble(grid), "transformer"), ratio @ pi @ ratio, rtol=1e-12, atol=0)


def test_quadrature_tap_and_phase_shifter():
    """A tap of 10 % at 90 deg makes 1 + 0.1j of the high side; one of degrees alone turns it."""
    for step, angle, turn in ((10.0, 90.0, 1 + 0.1j), (None, 5.0, np.exp(1j * np.radians(5)))):
        taps = {"tap_side": ["hv"], "tap_pos": [1], "tap_neutral": [0], "tap_step_deg": [angle]}
        taps |= {} if step is None else {"tap_step_pct": [step]}
        y = block(assemble(one_transformer("Dd0", 1, **taps)), "transformer")
        assert -y[1, 0] / y[1, 1] == pytest.approx(1 / turn, rel=1e-12)


def test_zero_sequence_of_two_earthed_stars():
    grid = one_transformer("YNyn0", vk0_pct=[3.0], vkr0_pct=[1.0])
    y = block(assemble(grid), "transformer")
    z0 = 0.01 + 1j * np.sqrt(0.03**2 - 0.01**2)
    assert y[0, :3].sum() == pytest.approx(2.5 / z0, rel=1e-12)
    assert y[0, 3:].sum() == pytest.approx(-2.5 / z0, rel=1e-12)


def test_a_single_phase_unit():
    """100 kVA at a third of the base of one phase each: three times the admittance of three phases."""
    grid = one_transformer("YNyn0")
    table = make_table("transformer", ["t0"], {"phases": ["b"]})
    grid = replace(grid, transformer=grid.transformer.put(table.column("phases"), table["phases"]))
    (found,) = assemble(grid).network.blocks
    assert found.nodes.tolist() == [[1, 4]]
    y = 3 * 2.5 / SHORT
    assert np.allclose(found.y[0], [[y, -y], [-y, y]], rtol=1e-12)


def test_three_single_phase_units_are_one_of_three_phases():
    whole = one_transformer("YNyn0", iron_loss_w=[900.0], no_load_current_pct=[1.0])
    third = np.zeros((6, 6), dtype=complex)
    columns = {name: whole.transformer[name] for name in whole.transformer.names}
    columns |= {"s_rated_va": whole.transformer["s_rated_va"] / 3, "iron_loss_w": np.array([300.0])}
    for phase in "abc":
        one = replace(whole, transformer=make_table("transformer", ["t0"], {**columns, "phases": [phase]}))
        (found,) = assemble(one).network.blocks
        third[np.ix_(found.nodes[0], found.nodes[0])] += found.y[0]
    assert np.allclose(third, block(assemble(whole), "transformer"), rtol=0, atol=1e-11)


def star_case(phases=1):
    grid = make_grid([], 3, phases, v_nom=np.array([110e3, 20e3, 10e3]))
    columns = {"hv_bus": 0, "mv_bus": 1, "lv_bus": 2, "windings": "YNynd", "shift_mv_deg": 0.0, "shift_lv_deg": 150.0}
    for side, volt, rated in (("hv", 110e3, 40e6), ("mv", 20e3, 25e6), ("lv", 10e3, 15e6)):
        columns |= {f"{side}_rated_v": volt, f"{side}_rated_va": rated}
    for pair, vk in (("hv_mv", 10.0), ("mv_lv", 6.0), ("hv_lv", 12.0)):
        columns |= {f"vk_{pair}_pct": vk, f"vkr_{pair}_pct": 0.0}
    columns |= {"iron_loss_w": 0.0, "no_load_current_pct": 0.0}
    return with_table(grid, "transformer_3w", ["t"], **{k: [v] for k, v in columns.items()})


def test_a_star_of_three_windings():
    """Between two sides, the third open, lies their short-circuit impedance: 10 % of 25 MVA, 6 % and 12 % of 15 MVA."""
    y = block(assemble(star_case()), "transformer_3w")
    for one, other, vk, rated in ((0, 1, 0.10, 25e6), (1, 2, 0.06, 15e6), (0, 2, 0.12, 15e6)):
        third = 3 - one - other
        pair = y - np.outer(y[:, third], y[third]) / y[third, third]
        assert abs(1 / pair[one, one]) == pytest.approx(vk * BASE / rated, rel=1e-8)
    assert np.angle(-y[2, 0], deg=True) == pytest.approx(360 - 90 - 150, abs=1e-9)


def test_the_delta_of_three_windings_earths_the_zero_sequence():
    y = block(assemble(star_case(3)), "transformer_3w")
    zero = y.reshape(3, 3, 3, 3).sum(axis=(1, 3)) / 3
    assert np.allclose(zero[2], 0, atol=1e-9)
    high = zero[0, 0] - zero[0, 1] * zero[1, 0] / zero[1, 1]  # the medium side open
    assert 1 / high == pytest.approx(1j * 0.12 / 15e6 * BASE, rel=1e-6)


def test_a_regulator_raises_each_phase():
    grid = make_grid([], 2)
    columns = {"from_bus": [0], "to_bus": [1], "phases": ["abc"], "r_ohm": [0.016], "x_ohm": [0.0]}
    columns |= {f"ratio_{p}": [r] for p, r in zip("abc", (1.05, 1.0, 0.95), strict=True)}
    grid = with_table(grid, "regulator", ["r"], **columns)
    (found,) = assemble(grid).network.blocks
    y = 100.0
    assert np.allclose(found.y[0], [[1.05**2 * y, -1.05 * y], [-1.05 * y, y]], rtol=1e-12)
    assert np.abs(solve(assemble(grid))) == pytest.approx([1, 1, 1, 1.05, 1.0, 0.95])


# --- what is connected -----------------------------------------------------------------------------------------------


def test_loads_between_phases_and_to_earth():
    grid = make_grid([(0, 1, *Z)], 2)
    loads = {
        "bus": [1, 1, 1],
        "connection": ["wye", "delta", "delta"],
        "phases": ["ab", "ca", "abc"],
        "p_w": [2000.0, 1000.0, 3000.0],
        "q_var": [200.0, 0.0, 300.0],
        "const_i": [0.25, 0.0, 0.0],
        "const_z": [0.5, 0.0, 1.0],
    }
    made = assemble(with_table(grid, "load", ["one", "two", "three"], **loads))
    at = made.connected
    assert list(zip(at.node.tolist(), at.other.tolist(), strict=True)) == [
        (3, -1), (4, -1), (5, 3), (3, 4), (4, 5), (5, 3),
    ]  # fmt: skip
    assert made.row.tolist() == [0, 0, 1, 2, 2, 2]
    assert at.v_nominal == pytest.approx([1, 1] + 4 * [np.sqrt(3)])
    assert made.power * made.network.base_va == pytest.approx([-1000 - 100j] * 2 + [-1000] + [-1000 - 100j] * 3)
    twice = made.power_of({"load": 2 * np.array([[2000 + 200j, 1000, 3000 + 300j]])})
    assert twice[0] == pytest.approx(2 * made.power)


def test_shunts_and_storages():
    grid = make_grid([(0, 1, *Z)], 2)
    shunts = {
        "bus": [1, 1],
        "connection": ["wye", "delta"],
        "phases": ["a", "bc"],
        "p_w": 0.0,
        "q_var": [-600.0, -900.0],
    }
    grid = with_table(grid, "shunt", ["c1", "c2"], **shunts)
    grid = with_table(grid, "storage", ["s"], bus=[1], p_w=[900.0], q_var=[0.0])
    made = assemble(grid)
    y = nodal(made.network) - nodal(assemble(make_grid([(0, 1, *Z)], 2)).network)
    assert y[3, 3] == pytest.approx(600j / (BASE / 3))
    assert y[4, 5] == pytest.approx(-900j / BASE)
    assert made.power * BASE / 3 == pytest.approx([-300] * 3)


def test_a_delta_load_alone():
    """1,000 W of constant impedance between two phases at a stiff bus draw P / (sqrt(3) U) of current in both."""
    grid = make_grid([(0, 1, 1e-5, 0, 1e-5, 0)], 2)
    load = {"bus": [1], "connection": ["delta"], "phases": ["ab"], "p_w": [1000.0], "q_var": [0.0], "const_z": [1.0]}
    made = assemble(with_table(grid, "load", ["l"], **load))
    voltage = solve(made)
    current = nodal(made.network)[:3] @ voltage
    amps = np.abs(current) * (BASE / 3) / (400 / np.sqrt(3))
    assert amps == pytest.approx([2.5, 2.5, 0.0], abs=1e-5)


# --- sources ---------------------------------------------------------------------------------------------------------


def test_stiff_and_soft_sources_together():
    """Beside a stiff source, one with an impedance gets a stiff node behind it: the same as a line there."""
    both = make_grid([(0, 1, *Z)], 2, sources=((0, 1.0), (1, 1.02)), short_circuit_va=np.array([np.inf, 2e6]))
    made = assemble(both)
    assert made.network.source_admittance is None
    assert made.network.n_nodes == 9
    found = solve(made)[:6]
    state = power_flow(both, np.array([3]), np.zeros((1, 1), complex))
    assert np.allclose(found, state.voltage[0], atol=1e-12)


def test_floating_parts_are_tied_to_earth():
    v_nom = np.array([10e3, 400.0, 400.0])
    grid = make_grid([(1, 2, *Z)], 3, transformers=[(0, 1, 250e3, "Dyn1")], v_nom=v_nom)
    assert len(assemble(grid).afloat) == 0
    group = make_table("transformer", ["t0"], {"vector_group": ["YNd1"]})
    grid = replace(grid, transformer=grid.transformer.put(group.column("vector_group"), ["YNd1"]))
    made = assemble(grid)
    assert made.afloat.tolist() == [1]
    assert np.abs(solve(made)) == pytest.approx(1.0, abs=1e-7)


# --- switches --------------------------------------------------------------------------------------------------------


def switched(**columns):
    grid = make_grid([(0, 1, *Z), (2, 3, *Z), (1, 3, *Z)], 5)
    return with_table(grid, "switch", [f"s{k}" for k in range(len(columns["bus"]))], **columns)


def test_closed_switches_join_buses():
    grid = switched(bus=[1, 4], element_type=["bus", "bus"], element=[2, 3], closed=[True, True])
    check(grid)
    made = set_switches(grid)
    assert made.bus.tolist() == [0, 1, 1, 2, 2]
    assert made.grid.bus.ids.tolist() == ["b0", "b1", "b3"]
    assert made.grid.line["from_bus"].tolist() == [0, 1, 1]
    assert made.grid.line["to_bus"].tolist() == [1, 2, 2]
    assert assemble(grid).node.tolist() == [0, 1, 2, 3, 4, 5, 3, 4, 5, 6, 7, 8, 6, 7, 8]


def test_open_switches_cut_lines():
    """Open at one end: the line hangs at the other; open at both: gone."""
    grid = switched(
        bus=[1, 1, 3, 2, 3],
        element_type=["bus", "line", "bus", "line", "line"],
        element=[2, 2, 4, 1, 1],
        closed=[True, False, True, True, True],
    )
    made = set_switches(grid)
    assert made.grid.bus.ids.tolist() == ["b0", "b1", "b3", "l2/open"]
    assert made.grid.line["from_bus"].tolist() == [0, 1, 3]
    check(grid)
    gone = switched(bus=[1, 1, 3, 3], element_type=["line", "bus", "line", "bus"], element=[2, 2, 2, 4],
                    closed=[False, True, False, True])  # fmt: skip
    assert set_switches(gone).rows["line"].tolist() == [0, 1]


def test_an_open_line_still_charges():
    """Its half charging and the other half behind its impedance: y/2 + 1 / (z + 2/y)."""
    grid = make_grid([(0, 1, *Z), (0, 2, *Z)], 3, phases=1)
    c = make_table("line", ["l0", "l1"], {"c_f_m": [1e-3, 0.0]})
    grid = replace(grid, line=grid.line.put(c.column("c_f_m"), c["c_f_m"]))
    cut = {"bus": [1, 1], "element_type": ["line", "bus"], "element": [0, 2], "closed": [False, True]}
    made = assemble(with_table(grid, "switch", ["s", "t"], **cut))
    current = (nodal(made.network) @ solve(made))[0]
    half = 1j * np.pi * 50 * 1e-3 * 1.6
    assert current == pytest.approx(half + 1 / ((0.05 + 0.02j) / 1.6 + 1 / half), rel=1e-9)


# --- the shared cases ------------------------------------------------------------------------------------------------


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["matpower_case33bw", "matpower_case69", "cigre_lv", "kerber_vorstadt_kabel_1"])
def test_the_same_as_by_symmetrical_components(shared, name):
    case = read_grid(shared / "data" / "grids" / name)
    made = assemble(case.grid)
    state = power_flow(case.grid, case.nodes, case.power_va[:1])
    assert np.allclose(solve(made)[made.node], state.voltage[0], rtol=0, atol=1e-10)
