"""Wards, impedances, DC lines and motors of pandapower's tables: what they draw, and what they are between buses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.errors import TwinError
from twin.grid.files import read_grid
from twin.validation.grid.study import Study

BUS = "id,vn_kv\nA,110\nB,110\nC,20\n"
LINE = "id,from_bus,to_bus,length_km,r_ohm_per_km,x_ohm_per_km,c_nf_per_km,max_i_ka\n0,A,B,1,1,4,0,1\n"
TRAFO = (
    "id,hv_bus,lv_bus,sn_mva,vn_hv_kv,vn_lv_kv,vk_percent,vkr_percent,pfe_kw,i0_percent,shift_degree\n"
    "0,B,C,40,110,20,{vk},0.3,0,{i0},0\n"
)
IMPEDANCE = (
    "id,from_bus,to_bus,rft_pu,xft_pu,rtf_pu,xtf_pu,gf_pu,bf_pu,gt_pu,bt_pu,sn_mva\n"
    "0,B,C,0.01,0.1,{back},0.1,{g},0,0,0,40\n"
)


def folder(path: Path, **tables: str) -> Path:
    """Write a grid of a source, a line and what the tables add."""
    given = {"bus": BUS, "line": LINE, "ext_grid": "id,bus,vm_pu\n0,A,1.0\n", **tables}
    for name, text in given.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def voltages(path: Path, **tables: str) -> dict[str, complex]:
    case = read_grid(folder(path, **tables))
    study = Study(case)
    return dict(zip(case.grid.bus.ids.tolist(), study.voltage().tolist(), strict=True))


def impedance(back: float = 0.01, g: float = 0.0) -> str:
    return IMPEDANCE.format(back=back, g=g)


def test_ward_draws_power_and_is_an_impedance(tmp_path: Path) -> None:
    ward = "id,bus,ps_mw,qs_mvar,pz_mw,qz_mvar,in_service\n0,C,3,1,2,-1,True\n1,C,9,9,9,9,False\n"
    v = voltages(tmp_path, ward=ward, impedance=impedance())
    series = 40 / (0.01 + 0.1j)  # MVA at 1 pu
    into = v["C"] * np.conj(series * (v["B"] - v["C"]))
    assert into == pytest.approx(3 + 1j + (2 - 1j) * abs(v["C"]) ** 2, rel=1e-8)


def test_conductance_of_an_impedance_lies_at_its_end(tmp_path: Path) -> None:
    v = voltages(tmp_path, impedance=impedance(g=0.05))
    into_b = v["B"] * np.conj(110**2 / (1 + 4j) * (v["A"] - v["B"]))
    assert v["C"] == pytest.approx(v["B"], abs=1e-9)  # nothing flows through it
    assert into_b == pytest.approx(0.05 * 40 * abs(v["B"]) ** 2, rel=1e-7)


def test_impedance_that_differs_by_direction_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TwinError, match=r"impedance\.csv:2: its impedance differs by direction"):
        read_grid(folder(tmp_path, impedance=impedance(back=0.02)))


def test_extended_ward_holds_a_voltage_behind_its_impedance(tmp_path: Path) -> None:
    xward = "id,bus,ps_mw,qs_mvar,pz_mw,qz_mvar,r_ohm,x_ohm,vm_pu\n0,C,1,0,0,0,0.1,1,1.02\n"
    v = voltages(tmp_path, xward=xward, impedance=impedance())
    inner = v["xward 0"]
    assert abs(inner) == pytest.approx(1.02, abs=1e-9)
    fed = inner * np.conj(20**2 / (0.1 + 1j) * (inner - v["C"]))
    assert fed.real == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("sent", "from_b"), [(4.0, -4.0), (-4.0, 4 * 0.98 - 0.1)])
def test_dc_line_loses_on_the_way(tmp_path: Path, sent: float, from_b: float) -> None:
    table = "id,from_bus,to_bus,p_mw,loss_percent,loss_mw,vm_from_pu,vm_to_pu\n0,B,C,{},2,0.1,1.0,1.01\n"
    grid = read_grid(folder(tmp_path, dcline=table.format(sent), impedance=impedance())).grid
    fed: dict[str, Any] = dict(zip(grid.generator.ids.tolist(), grid.generator["p_w"].tolist(), strict=True))
    assert fed["gen dcline 0 from"] == pytest.approx(from_b * 1e6)
    assert sum(fed.values()) == pytest.approx(-(4 * 0.02 + 0.1) * 1e6)
    assert grid.generator["voltage_pu"].tolist() == [1.0, 1.01]


def test_motor_draws_what_it_turns_over_its_efficiency(tmp_path: Path) -> None:
    table = "id,bus,pn_mech_mw,cos_phi,efficiency_percent,loading_percent,scaling\n0,B,2,0.8,80,50,1\n"
    load = read_grid(folder(tmp_path, motor=table, impedance=impedance())).grid.load
    assert load["p_w"].tolist() == pytest.approx([1.25e6])
    assert load["q_var"].tolist() == pytest.approx([1.25e6 * 0.75])


def test_elements_at_a_bus_out_of_service_are_out_of_service(tmp_path: Path) -> None:
    xward = "id,bus,ps_mw,qs_mvar,pz_mw,qz_mvar,r_ohm,x_ohm,vm_pu\n0,D,1,0,0,0,0.1,1,1.02\n"
    bus = "id,vn_kv,in_service\nA,110,True\nB,110,True\nC,20,True\nD,20,False\n"
    grid = read_grid(folder(tmp_path, bus=bus, xward=xward, impedance=impedance())).grid
    assert grid.bus.ids.tolist() == ["A", "B", "C"]
    assert len(grid.generator) == 0


def test_a_reactance_below_zero_is_a_branch_of_a_star_at_high_voltage_only(tmp_path: Path) -> None:
    assert read_grid(folder(tmp_path, trafo=TRAFO.format(vk=-5, i0=0))).grid.transformer["vk_pct"].tolist() == [-5.0]
    low = TRAFO.format(vk=-5, i0=0).replace(",110,20,", ",20,20,")
    with pytest.raises(TwinError, match="vk_percent is below zero"):
        read_grid(folder(tmp_path, bus=BUS.replace("110", "20"), trafo=low))


def test_the_no_load_current_is_a_magnitude(tmp_path: Path) -> None:
    stated = read_grid(folder(tmp_path, trafo=TRAFO.format(vk=10, i0=-0.5))).grid.transformer
    assert stated["no_load_current_pct"].tolist() == [0.5]


@pytest.mark.parametrize("column", ["r_ohm_per_km", "c_nf_per_km"])
def test_values_below_zero_are_slips_at_medium_voltage_only(tmp_path: Path, column: str) -> None:
    names = LINE.splitlines()[0].split(",")
    cells = LINE.splitlines()[1].split(",")
    cells[names.index(column)] = "-0.1"
    line = ",".join(names) + "\n" + ",".join(cells) + "\n"
    assert len(read_grid(folder(tmp_path, line=line, impedance=impedance())).grid.line) == 1
    with pytest.raises(TwinError, match="line 0 has a negative"):
        read_grid(folder(tmp_path, line=line, bus=BUS.replace("110", "20"), impedance=impedance()))


def test_a_comma_in_a_name_does_not_separate_columns(tmp_path: Path) -> None:
    bus = 'id;vn_kv;"owner, until 2030"\nA;110;x\nB;110;y\nC;20;z\n'
    grid = read_grid(folder(tmp_path, bus=bus, impedance=impedance())).grid
    assert grid.bus.ids.tolist() == ["A", "B", "C"]
