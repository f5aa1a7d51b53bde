"""Whether references keep generators within the limits of their reactive power."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twin.grid.files import read_grid
from twin.validation.grid.study import Study
from twin.validation.grid.suite import run

FILES = {
    "bus.csv": "id,vn_kv\n0,20\n1,20\n",
    "ext_grid.csv": "id,bus,vm_pu\n0,0,1.0\n",
    "line.csv": "id,from_bus,to_bus,length_km,r_ohm_per_km,x_ohm_per_km,c_nf_per_km,max_i_ka\n0,0,1,10,0.1,0.4,0,1\n",
    "load.csv": "id,bus,p_mw,q_mvar\n0,1,4,2\n",
    "gen.csv": "id,bus,p_mw,vm_pu,min_q_mvar,max_q_mvar\n0,1,1,1.02,-1,0.5\n",
}


def folder(path: Path, about: dict[str, Any]) -> Path:
    """Write a grid whose generator cannot hold its 1.02 within its limits, with a reference in which it does."""
    for name, text in FILES.items():
        (path / name).write_text(text, encoding="utf-8")
    (path / "network.json").write_text(json.dumps(about), encoding="utf-8")
    held = Study(read_grid(path), within_limits=False).voltage()
    rows = [f"{k},{abs(v):.10f},{np.degrees(np.angle(v)):.10f}" for k, v in enumerate(held)]
    (path / "ref_bus.csv").write_text("\n".join(["bus,vm_pu,va_degree", *rows]) + "\n", encoding="utf-8")
    return path


def test_a_generator_beyond_its_limits_does_not_hold_its_voltage(tmp_path: Path) -> None:
    case = read_grid(folder(tmp_path, {}))
    assert abs(Study(case, within_limits=False).voltage()[1]) == pytest.approx(1.02, abs=1e-9)
    assert abs(Study(case).voltage()[1]) < 1.0


@pytest.mark.parametrize(
    ("about", "left_out"),
    [
        ({}, False),
        ({"enforce_q_lims": False}, True),
        ({"enforce_q_lims": True, "reference": "pandapower"}, False),
        ({"reference": "pandapower 3.5.6 runpp, Newton, tolerance 1e-9 MVA"}, True),
        ({"reference": "pandapower runpp, enforce_q_lims"}, False),
        ({"reference": "runpp(net, enforce_q_lims=False)"}, True),
        ({"reference": "own Newton"}, False),
    ],
)
def test_limits_count_unless_the_reference_leaves_them_out(
    tmp_path: Path, about: dict[str, Any], left_out: bool
) -> None:
    rows = [row for row in run(folder(tmp_path, about)) if row["quantity"] == "bus voltage"]
    assert [row["pass"] for row in rows] == [left_out]


def test_branches_whose_names_hold_blanks_are_found(tmp_path: Path) -> None:
    for name, text in {**FILES, "gen.csv": "id,bus,p_mw,vm_pu\n"}.items():
        (tmp_path / name).write_text(text.replace("\n0,0,1,10", "\nmain street 2,0,1,10"), encoding="utf-8")
    reference = "line,p_from_mw,q_from_mvar,pl_mw,i_ka,loading_percent\nmain street 2,{},{},,,\n"
    power = Study(read_grid(tmp_path)).branches("line").near_va[0] / 1e6
    (tmp_path / "ref_line.csv").write_text(reference.format(power.real, power.imag), encoding="utf-8")
    rows = [row for row in run(tmp_path) if row["quantity"] == "line power, near end"]
    assert [row["pass"] for row in rows] == [True]
