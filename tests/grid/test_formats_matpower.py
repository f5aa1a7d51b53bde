"""MATPOWER's case files: matrices, and the statements that convert them."""

import numpy as np
import pytest

from nodal_case import nodal, solve
from twin.errors import TwinError
from twin.grid.assemble import assemble
from twin.grid.files import grid_format, read_grid
from twin.grid.formats.arithmetic import NotArithmeticError, evaluate

CASE = """function mpc = small
%SMALL  four buses; a comment with mpc.bus = [1 2; 3 4];
mpc.version = '2';
mpc.baseMVA = 100;

%% bus data
%	bus_i	type	Pd	Qd	Gs	Bs	area	Vm	Va	baseKV	zone	Vmax	Vmin
mpc.bus = [
	1	3	0	0	0	0	1	1	5	110	1	1.1	0.9;
	20	1	30	10	1	19	1	1	0	110	1	1.1	0.9;	% a shunt
	3	1	40, 5	0	0	1	1	0	20	1	1.1	0.9
	4	2	10	5	0	0	1	1	0	110	1	1.1	0.9;
	5	4	99	5	0	0	1	1	0	110	1	1.1	0.9;
];
mpc.gen = [
	1	0	0	300	-300	1.04	100	1	250	10;
	4	25	0	50	-40	1.02	100	1	250	10;
	4	25	0	50	-40	1.02	100	0	250	10;
	20	7	2	50	-40	1	100	1	250	10;
];
mpc.branch = [
	1	20	0.02	0.06	0.05	0	0	0	0	0	1	-360	360;
	20	3	0.01	0.2	0.03	50	0	0	0.96	-30	1	-360	360;
	1	4	0.03	0.09	0.04	80	0	0	0	0	1	-360	360;
	4	20	0.03	0.09	0.04	0	0	0	1.02	0	1	-360	360;
	20	4	9	9	0	0	0	0	0	0	0	-360	360;
];
mpc.gencost = [
	2	0	0	3	0.11	5	150;
];
"""


def written(folder, text=CASE):
    path = folder / "small.m"
    path.write_text(text)
    return path


def by_the_manual():
    """The admittance matrix as the User's Manual builds it (equations 3.2 to 3.13), on 100 MVA."""
    rows = [
        (0, 1, 0.02 + 0.06j, 0.05, 1.0, 0.0), (1, 2, 0.01 + 0.2j, 0.03, 0.96, -30.0),
        (0, 3, 0.03 + 0.09j, 0.04, 1.0, 0.0), (3, 1, 0.03 + 0.09j, 0.04, 1.02, 0.0),
    ]  # fmt: skip
    y = np.zeros((4, 4), dtype=complex)
    for f, t, z, b, tap, shift in rows:
        tap = tap * np.exp(1j * np.radians(shift))
        ytt = 1 / z + 0.5j * b
        y[f, f] += ytt / abs(tap) ** 2
        y[t, t] += ytt
        y[f, t] -= 1 / z / np.conj(tap)
        y[t, f] -= 1 / z / tap
    y[1, 1] += (1 + 19j) / 100
    return y


def test_branches_as_in_the_manual(tmp_path):
    path = written(tmp_path)
    assert grid_format(path) == "matpower"
    grid = read_grid(path).grid
    assert grid.bus.ids.tolist() == ["1", "20", "3", "4"]
    made = assemble(grid)
    assert np.allclose(nodal(made.network) * 1e5 / 1e8, by_the_manual(), rtol=1e-12, atol=1e-12)


def test_loads_and_generators(tmp_path):
    grid = read_grid(written(tmp_path)).grid
    assert (grid.load["p_w"] / 1e6).tolist() == [30, 40, 10]
    assert grid.static_generator.row(0)["p_w"] == 7e6
    assert len(grid.generator) == 1
    assert grid.generator.row(0)["voltage_pu"] == 1.02
    assert grid.generator.row(0)["q_min_var"] == -40e6
    assert grid.grid_source.row(0)["voltage_pu"] == 1.04
    assert grid.grid_source.row(0)["angle_deg"] == 5
    assert grid.line.row(1)["max_current_a"] == pytest.approx(80e6 / np.sqrt(3) / 110e3)


def test_conversions_in_the_file(tmp_path):
    """Loads in kVA with a power factor, impedances in ohm: as in cases of distribution grids."""
    converted = CASE.replace("mpc.gencost", """
pf = 0.85;
mpc.bus(:, QD) = mpc.bus(:, PD) * sin(acos(pf)) / 1e3;
mpc.bus(:, PD) = mpc.bus(:, PD) .* pf / 1e3;
[PQ, PV, REF, NONE, BUS_I, BUS_TYPE] = idx_bus;
Vbase = mpc.bus(1, BASE_KV) * 1e3;   %% in Volts
Sbase = mpc.baseMVA * 1e6;
mpc.branch(:, [BR_R BR_X]) = mpc.branch(:, [BR_R BR_X]) / (Vbase^2 / Sbase);
mpc.gencost""")  # fmt: skip
    grid = read_grid(written(tmp_path, converted)).grid
    assert grid.load["p_w"] == pytest.approx(np.array([30, 40, 10]) * 850)
    assert grid.load["q_var"] == pytest.approx(np.array([30, 40, 10]) * 1e3 * np.sqrt(1 - 0.85**2))
    assert grid.line.row(0)["r_ohm_m"] == pytest.approx(0.02)


def test_what_cannot_be_followed_is_named(tmp_path):
    text = CASE.replace("mpc.gencost", "mpc = loadcase('other');\nfor k = 1:3\nmpc.gencost")
    with pytest.raises(TwinError) as error:
        read_grid(written(tmp_path, text))
    found = [(p.place, p.message) for p in error.value.problems]
    line = CASE.splitlines().index("mpc.gencost = [") + 1
    assert found[0][0] == str(line)
    assert "cannot follow" in found[0][1]
    assert len(found) == 2


def test_bad_cells_name_their_row(tmp_path):
    with pytest.raises(TwinError, match=r"\(mpc.branch, row 3\): to is '44', but there is no such bus"):
        read_grid(written(tmp_path, CASE.replace("\t1\t4\t0.03", "\t1\t44\t0.03")))
    with pytest.raises(TwinError, match=r"has no mpc\.gen of 6 columns"):
        read_grid(written(tmp_path, CASE.replace("mpc.gen =", "mpc.areas =")))


def test_arithmetic_is_only_that():
    assert evaluate("2 ** 3 - a / 4", {"a": np.array([4.0])}).tolist() == [7.0]
    for text in ("__import__('os')", "a.real", "[1]", "b", "sin(1, 2)", "1 if a else 2"):
        with pytest.raises(NotArithmeticError):
            evaluate(text, {"a": 1.0})


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["matpower_case33bw", "matpower_case69", "matpower_case141"])
def test_the_same_as_the_tables(shared, tmp_path, name):
    """The neutral tables written as a case file give the same voltages."""
    case = read_grid(shared / "data" / "grids" / name)
    expected = solve(assemble(case.grid))
    base = 10.0
    buses, branches = [], []
    power = dict(zip(case.grid.load["bus"].tolist(), case.grid.load["p_w"] + 1j * case.grid.load["q_var"], strict=True))
    for k in range(len(case.grid.bus)):
        s, kv = power.get(k, 0) / 1e6, case.grid.bus["v_nom_v"][k] / 1e3
        kind = 3 if k == case.grid.grid_source["bus"][0] else 1
        buses.append(f"{k + 1} {kind} {s.real:.17g} {s.imag:.17g} 0 0 1 1 0 {kv:.17g} 1 1.1 0.9")
    for row in range(len(case.grid.line)):
        line = case.grid.line.row(row)
        ohm = case.grid.bus["v_nom_v"][line["from_bus"]] ** 2 / (base * 1e6)
        r, x = line["r_ohm_m"] / ohm, line["x_ohm_m"] / ohm
        branches.append(f"{line['from_bus'] + 1} {line['to_bus'] + 1} {r:.17g} {x:.17g} 0 0 0 0 0 0 1")
    v, at = case.grid.grid_source["voltage_pu"][0], case.grid.grid_source["bus"][0] + 1
    text = f"mpc.baseMVA = {base};\nmpc.bus = [\n" + ";\n".join(buses) + "];\n"
    text += f"mpc.gen = [{at} 0 0 9 -9 {v} 10 1];\nmpc.branch = [\n" + "\n".join(branches) + "\n];\n"
    found = solve(assemble(read_grid(written(tmp_path, text)).grid))
    assert np.abs(found - expected).max() < 1e-12
