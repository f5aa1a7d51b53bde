"""Published and independently solved networks, read and solved."""

import csv
import json

import numpy as np
import pytest

from grid_case import nodal_admittance
from nodal_case import solve
from twin.check import check_files
from twin.errors import TwinError
from twin.grid.assemble import assemble
from twin.grid.files import read_grid
from twin.grid.flow import power_flow

BALANCED = ("matpower_case33bw", "matpower_case69", "matpower_case141", "kerber_vorstadt_kabel_1", "cigre_lv")


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def numbers(path, *names):
    return np.array([[float(row[name]) for name in names] for row in rows(path)])


@pytest.mark.corpus
@pytest.mark.parametrize("name", BALANCED)
def test_balanced_networks(shared, name):
    """Voltages to 1e-8 pu, losses to 1e-7; references by Newton's method (own, or pandapower's)."""
    folder = shared / "data" / "grids" / name
    case = read_grid(folder)
    state = power_flow(case.grid, case.nodes, case.power_va)
    per_unit = name.startswith("matpower")
    reference = rows(folder / ("ref_voltages.csv" if per_unit else "ref_bus.csv"))
    found = dict(zip(case.grid.bus.ids.tolist(), np.abs(state.voltage[0]), strict=True))
    known = {row["bus"]: float(row["vm_pu"]) for row in reference}
    assert max(abs(v - known[bus]) for bus, v in found.items()) < 1e-8
    about = json.loads((folder / ("case.json" if per_unit else "network.json")).read_text())
    losses = (state.line_loss.sum() + state.transformer_loss.sum()) / 1e3
    assert losses == pytest.approx(about["ref_losses_kw" if per_unit else "losses_kw"], rel=1e-7)
    if not per_unit:
        loading = numbers(folder / "ref_line.csv", "loading_percent")[:, 0]
        assert np.abs(100 * state.line_loading[0] - loading).max() < 1e-6
        loading = numbers(folder / "ref_trafo.csv", "loading_percent")[:, 0]
        assert np.abs(100 * state.transformer_loading[0] - loading).max() < 1e-6


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["cigre_lv", "cigre_mv", "kerber_vorstadt_kabel_1", "simbench_lv_urban6_2"])
def test_physical_networks_over_nodes(shared, name):
    """Voltages of every bus of the file to 1e-8 pu and 1e-6 deg, open lines and joined buses among them."""
    folder = shared / "data" / "grids" / name
    case = read_grid(folder)
    made = assemble(case.grid)
    voltage = dict(zip(case.grid.bus.ids.tolist(), solve(made)[made.node], strict=True))
    for row in rows(folder / "ref_bus.csv"):
        found = voltage[case.merged.get(row["bus"], row["bus"])]
        assert abs(found) == pytest.approx(float(row["vm_pu"]), abs=1e-8)
        assert np.degrees(np.angle(found)) == pytest.approx(float(row["va_degree"]), abs=1e-6)


@pytest.mark.corpus
def test_baran_and_wu(shared):
    """Baran & Wu 1989, 33 buses: losses 202.677 kW, lowest voltage 0.91309 pu."""
    case = read_grid(shared / "data" / "grids" / "matpower_case33bw")
    state = power_flow(case.grid, case.nodes, case.power_va)
    assert state.line_loss.sum() == pytest.approx(202_677, abs=1)
    assert np.abs(state.voltage).min() == pytest.approx(0.91309, abs=1e-5)


@pytest.fixture(scope="module")
def european(shared):
    folder = shared / "data" / "grids" / "ieee_european_lv"
    case = read_grid(folder)
    return folder, case, power_flow(case.grid, case.nodes, case.power_va).voltage


@pytest.mark.corpus
def test_european_feeder_at_every_node(european):
    """IEEE European low-voltage feeder: 906 buses, 55 single-phase loads; all nodes at three minutes."""
    folder, _, voltage = european
    for minute in (1, 566, 1440):
        path = folder / f"ref_voltages_minute_{minute}.csv"
        size, angle = (numbers(path, *(f"v{p}_{what}" for p in "abc")) for what in ("mag_pu", "ang_deg"))
        found = voltage[minute - 1, 3:].reshape(-1, 3) * np.exp(1j * np.pi / 6)  # without the transformer's shift
        assert np.abs(found - size * np.exp(1j * np.radians(angle))).max() < 2e-9


@pytest.mark.corpus
def test_european_feeder_as_published(european):
    """The day of 1,440 minutes as IEEE published it, by OpenDSS and GridLAB-D, within 3 mV of about 250 V."""
    folder, case, voltage = european
    for load in rows(folder / "loads.csv"):
        number = int(load["load"].removeprefix("LOAD"))
        node = np.flatnonzero(case.grid.phase_node.ids == f"{load['bus']}.{'ABC'.index(load['phase']) + 1}")
        own = np.abs(voltage[:, int(node[0])]) * 416 / np.sqrt(3)
        reference = numbers(folder / "ref_load_voltages_1440.csv", f"load{number}_V")[:, 0]
        assert np.abs(own - reference).max() < 1e-4
        if number in (1, 32, 53):
            for tool in ("opendss", "gridlabd"):
                published = numbers(folder / "published_load_voltages_1440.csv", f"load{number}_{tool}_V")[:, 0]
                assert np.abs(own - published).max() < 3e-3


@pytest.mark.corpus
def test_european_feeder_balances_power(european):
    """At every node to 1e-9 of the largest load of the day, lines of 0.1 m and all."""
    _, case, voltage = european
    branches, _, _ = nodal_admittance(case.grid)
    left = voltage * np.conj((branches @ voltage.T).T) * 1e5 / 3
    left[:, case.nodes] -= case.power_va
    assert np.abs(left[:, 3:]).max() <= 1e-9 * np.abs(case.power_va).sum(axis=1).max()


CASE = '{"base_mva": 1, "slack_bus": 1, "slack_v_pu": 1.0}'
BUS = "bus,type,p_load_mw,q_load_mvar,gs_mw,bs_mvar,base_kv\n1,slack,0,0,0,0,10\n2,PQ,0.5,0.1,0,0,10\n"
BRANCH = "from,to,r_pu,x_pu,b_pu,tap,in_service\n"


def write(folder, branch, bus=BUS):
    (folder / "case.json").write_text(CASE)
    (folder / "bus.csv").write_text(bus)
    (folder / "branch.csv").write_text(BRANCH + branch)
    return folder


def test_two_buses(tmp_path):
    case = read_grid(write(tmp_path, "1,2,0.01,0.02,0,0,1\n"))
    state = power_flow(case.grid, case.nodes, case.power_va)
    assert abs(state.voltage[0, 1]) == pytest.approx(1 - 0.007, abs=3e-4)


def test_problems_name_file_and_line(tmp_path):
    write(tmp_path, "1,2,abc,0.02,0,0,1\n1,7,0.01,-0.02,0,1.05,1\n")
    with pytest.raises(TwinError) as error:
        read_grid(tmp_path)
    text = str(error.value)
    assert f"{tmp_path / 'branch.csv'}:2: r_pu is 'abc'; expected a number" in text
    assert f"{tmp_path / 'branch.csv'}:3: to is '7', but there is no such bus" in text


def test_zero_impedance_names_its_line(tmp_path):
    with pytest.raises(TwinError, match=r"branch\.csv:2: r_pu and x_pu are 0; expected an impedance"):
        read_grid(write(tmp_path, "1,2,0,0,0,0,1\n"))


@pytest.mark.parametrize("ratio", [0, 0.95])
@pytest.mark.parametrize("x", [-0.04, 0.04])
def test_series_capacitors(tmp_path, x, ratio):
    """Two buses in closed form: u^2 is the upper root of u^4 + (2 (p r + q x) - e^2) u^2 + |z|^2 |s|^2 = 0."""
    r, p, q = 0.01, 0.5, 0.1
    grid = read_grid(write(tmp_path, f"1,2,{r},{x},0,{ratio},1\n")).grid
    e = 1 / (ratio or 1)
    half = e**2 / 2 - p * r - q * x
    expected = np.sqrt(half + np.sqrt(half**2 - (r**2 + x**2) * (p**2 + q**2)))
    voltage = solve(assemble(grid))
    assert abs(voltage[1]) == pytest.approx(expected, rel=1e-9)
    assert np.sign(np.angle(voltage[1])) == np.sign(-(p * x - q * r))


def test_island_in_a_file(tmp_path):
    bus = BUS + "3,PQ,0.1,0,0,0,10\n4,PQ,0.1,0,0,0,10\n"
    write(tmp_path, "1,2,0.01,0.02,0,0,1\n3,4,0.01,0.02,0,0,1\n2,3,0.01,0.02,0,0,0\n", bus)
    with pytest.raises(TwinError, match="buses 3, 4 are an island"):
        read_grid(tmp_path)


def test_taps_shunts_and_shifts_per_unit(tmp_path):
    """An ideal ratio of 0.95 before the branch lifts what lies behind it; a shunt of 1 Mvar is fed in at 1 pu."""
    bus = BUS.replace("2,PQ,0.5,0.1,0,0,10", "2,PQ,0,0,0,1,10")
    grid = read_grid(write(tmp_path, "1,2,0,0.02,0,0.95,1\n", bus)).grid
    assert abs(solve(assemble(grid))[1]) == pytest.approx(1 / 0.95 / (1 - 0.02), rel=1e-12)


def test_check_knows_grids_by_their_content(tmp_path):
    (tmp_path / "net.json").write_text('{"_class": "pandapowerNet", "_object": {}}')
    (tmp_path / "case.m").write_text("mpc.baseMVA = 1;\n")
    (tmp_path / "other.json").write_text('{"rows": []}')
    told = check_files([tmp_path / "net.json", tmp_path / "case.m", tmp_path / "other.json", write(tmp_path, "")])
    assert [one["format"] for one in told["files"]] == ["grid", "grid", None, "grid"]
    codes = {finding["code"] for finding in told["findings"]}
    assert codes == {"grid-invalid", "grid-island", "904"}


def test_no_grid_at_all(tmp_path):
    with pytest.raises(TwinError, match="is no grid that we can read"):
        read_grid(tmp_path)
    write(tmp_path, "").joinpath("bus.csv").unlink()
    with pytest.raises(TwinError, match="cannot be read"):
        read_grid(tmp_path)
