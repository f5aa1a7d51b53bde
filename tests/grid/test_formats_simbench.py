"""SimBench data sets: types beside elements, voltages at nodes, profiles beside all."""

import numpy as np
import pytest

from nodal_case import solve
from twin.errors import TwinError
from twin.grid.assemble import assemble
from twin.grid.files import grid_format, read_grid
from twin.grid.formats.simbench import read_profiles

TABLES = {
    "Node": """id;type;vmSetp;vaSetp;vmR;coordID;subnet
MV;busbar;1.025;0;20;c1;MV
LV;busbar;NULL;NULL;0.4;c2;LV
LV aux;auxiliary;NULL;NULL;0.4;c2;LV
far;node;NULL;NULL;0.4;c3;LV""",
    "Coordinates": "id;x;y\nc1;11.8;53.4\nc2;11.81;53.4\nc3;11.82;53.41",
    "ExternalNet": "id;node;calc_type;dspf;pExtNet\ngrid;MV;vavm;1;NULL",
    "Line": "id;nodeA;nodeB;type;length;loadingMax\ncable;LV aux;far;NAYY 4x150;0.2;100",
    "LineType": "id;r;x;b;iMax;type\nNAYY 4x150;0.2067;0.0804248;260.752;270;cable",
    "Transformer": "id;nodeHV;nodeLV;type;tappos;autoTap\nstation;MV;LV;0.25 MVA;-1;0",
    "TransformerType": """id;sR;vmHV;vmLV;va0;vmImp;pCu;pFe;iNoLoad;tapable;tapside;dVm;dVa;tapNeutr;tapMin;tapMax
0.25 MVA;0.25;20;0.4;150;4;2.35;0.4;0.24;1;HV;2.5;0;0;-2;2""",
    "Switch": "id;nodeA;nodeB;type;cond\ncoupler;LV;LV aux;CB;1",
    "Load": "id;node;profile;pLoad;qLoad;sR\nhouse;far;H0-A;0.02;0.005;0.021\nshop;LV aux;G1-A;0.03;0.01;0.03",
    "LoadProfile": "time;H0-A_pload;H0-A_qload;G1-A_pload;G1-A_qload\n1;0.5;0.4;1;1\n2;0.1;0.2;0;0\n3;1;1;0;0",
    "RES": "id;node;type;profile;calc_type;pRES;qRES;sR\nroof;far;PV;PV1;pq;0.01;0;0.01",
    "RESProfile": "time;PV1\n1;0\n2;0.25\n3;1",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in TABLES.items():
        (tmp_path / f"{name}.csv").write_text(text.replace("\n", "\r\n") + "\r\n")
    return tmp_path


def test_types_become_values(folder):
    assert grid_format(folder) == "simbench"
    grid = read_grid(folder).grid
    line, unit = grid.line.row("cable"), grid.transformer.row("station")
    assert line["r_ohm_m"] == pytest.approx(0.2067e-3)
    assert line["c_f_m"] == pytest.approx(260.752e-9 / (2 * np.pi * 50))
    assert line["max_current_a"] == 270
    assert unit["vkr_pct"] == pytest.approx(2.35 / 250 * 100)
    assert (unit["vector_group"], unit["tap_side"], unit["tap_pos"]) == ("Dyn5", "hv", -1)
    assert grid.bus["x_m"].tolist() == [11.8, 11.81, 11.81, 11.82]


def test_the_coupler_joins_and_the_tap_lifts(folder):
    made = assemble(read_grid(folder).grid)
    voltage = solve(made, 0 * made.power)[made.node]
    assert np.abs(voltage[1:]) == pytest.approx(1.025 / 0.975, rel=1e-3)
    assert np.degrees(np.angle(voltage[1])) == pytest.approx(-150, abs=0.1)
    assert voltage[1] == voltage[2]


def test_profiles(folder):
    power = read_profiles(folder)
    assert power["load"] == pytest.approx(np.array([[10e3 + 2e3j, 30e3 + 10e3j], [2e3 + 1e3j, 0], [20e3 + 5e3j, 0]]))
    assert power["static_generator"][:, 0] == pytest.approx(np.array([0, 2.5e3, 10e3]))
    some = read_profiles(folder, first=1, count=1)
    assert some["load"] == pytest.approx(power["load"][1:2])
    made = assemble(read_grid(folder).grid)
    steps = made.power_of(power) * made.network.base_va
    assert steps.sum(axis=1) == pytest.approx(np.array([-40e3 - 12e3j, 0.5e3 - 1e3j, -10e3 - 5e3j]))


def test_what_is_wrong_names_its_line(folder):
    (folder / "Load.csv").write_text("id;node;profile;pLoad;qLoad\nhouse;farr;H0-B;many;0.005\n")
    with pytest.raises(TwinError) as error:
        read_grid(folder)
    text = str(error.value)
    assert f"{folder / 'Load.csv'}:2: node is 'farr', but there is no such node; did you mean 'far'?" in text
    assert f"{folder / 'Load.csv'}:2: pLoad is 'many'; expected a number" in text
    with pytest.raises(TwinError, match=r"profile is 'H0-B', but LoadProfile\.csv has none of that name"):
        read_profiles(folder)


def test_a_type_that_is_missing(folder):
    (folder / "LineType.csv").unlink()
    with pytest.raises(TwinError, match=r"type is 'NAYY 4x150', but there is no such row of LineType\.csv"):
        read_grid(folder)
