"""Networks of pandapower as JSON: read, solved as that tool solves them, and written back."""

import json

import numpy as np
import pytest

from nodal_case import solve
from twin.errors import TwinError
from twin.grid.assemble import assemble
from twin.grid.files import grid_format, read_grid
from twin.grid.formats.pandapower_writer import write_pandapower


def frame(columns, *rows, index=None):
    split = {"columns": columns.split(), "index": index or list(range(len(rows))), "data": [list(row) for row in rows]}
    kind = {"_module": "pandas.core.frame", "_class": "DataFrame", "orient": "split"}
    return {**kind, "_object": json.dumps(split), "is_multiindex": False, "is_multicolumn": False}


def network(**more):
    """110, 20 and 10 kV: two- and three-winding transformers with taps, a ring with an open end, a bus coupler."""
    tables = {
        "bus": frame(
            "name vn_kv type in_service geo",
            ["hv", 110.0, "b", True, '{"coordinates":[7.0,51.0],"type":"Point"}'],
            *([f"mv{k}", 20.0, "b", True, None] for k in range(4)),
            ["lv", 10.0, "b", True, None],
            ["out", 20.0, "b", False, None],
            index=[3, 4, 5, 6, 7, 8, 9],
        ),
        "ext_grid": frame("bus vm_pu va_degree in_service", [3, 1.02, 10.0, True]),
        "line": frame(
            "from_bus to_bus length_km r_ohm_per_km x_ohm_per_km c_nf_per_km g_us_per_km max_i_ka parallel df "
            "in_service std_type",
            [4, 5, 3.0, 0.2, 0.12, 250.0, 1.0, 0.3, 2, 1.0, True, "NA2XS2Y"],
            [5, 6, 2.0, 0.2, 0.12, 250.0, 0.0, 0.3, 1, 1.0, True, "NA2XS2Y"],
            [4, 6, 4.0, 0.2, 0.12, 250.0, 0.0, 0.3, 1, 1.0, True, "NA2XS2Y"],
            [4, 9, 4.0, 0.2, 0.12, 250.0, 0.0, 0.3, 1, 1.0, True, "NA2XS2Y"],
        ),
        "trafo": frame(
            "hv_bus lv_bus sn_mva vn_hv_kv vn_lv_kv vk_percent vkr_percent pfe_kw i0_percent shift_degree vector_group "
            "tap_side tap_neutral tap_step_percent tap_step_degree tap_pos tap_changer_type parallel df in_service",
            [3, 4, 25.0, 110.0, 20.0, 12.0, 0.41, 14.0, 0.07, 150.0, "YNd5", "hv", 0, 1.5, 0.0, -2, "Ratio",
             1, 1.0, True],
        ),
        "trafo3w": frame(
            "hv_bus mv_bus lv_bus sn_hv_mva sn_mv_mva sn_lv_mva vn_hv_kv vn_mv_kv vn_lv_kv vk_hv_percent vk_mv_percent "
            "vk_lv_percent vkr_hv_percent vkr_mv_percent vkr_lv_percent pfe_kw i0_percent shift_mv_degree "
            "shift_lv_degree tap_side tap_neutral tap_step_percent tap_step_degree tap_pos tap_at_star_point "
            "tap_changer_type in_service",
            [3, 7, 8, 40.0, 25.0, 15.0, 110.0, 21.0, 10.0, 11.0, 12.0, 13.0, 0.3, 0.31, 0.32, 30.0, 0.1, 150.0, 150.0,
             "mv", 0, 1.2, 0.0, 3, False, "Ratio", True],
        ),
        "load": frame(
            "bus p_mw q_mvar const_z_p_percent const_i_p_percent const_z_q_percent const_i_q_percent scaling "
            "in_service",
            [5, 4.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.5, True],
            [6, 3.0, 1.0, 20.0, 30.0, 20.0, 30.0, 1.0, True],
            [8, 5.0, 2.0, 0.0, 0.0, 0.0, 0.0, 1.0, True],
            [8, 99.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, False],
        ),
        "sgen": frame("bus p_mw q_mvar scaling in_service type", [7, 1.5, -0.2, 1.0, True, "PV"]),
        "storage": frame("bus p_mw q_mvar scaling in_service max_e_mwh", [5, 0.4, 0.0, 1.0, True, 1.0]),
        "shunt": frame("bus q_mvar p_mw vn_kv step in_service", [8, -0.5, 0.01, 10.5, 2, True]),
        "switch": frame(
            "bus element et closed z_ohm",
            [4, 7, "b", False, 0.0],
            [6, 2, "l", False, 0.0],
            [4, 0, "l", True, 0.0],
            [3, 0, "t", True, 0.0],
        ),
        **more,
    }  # fmt: skip
    net = {**tables, "version": "3.0.0", "format_version": "3.0.0", "name": "", "f_hz": 50.0, "sn_mva": 1.0}
    return {"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": net}


def written(folder, content):
    path = folder / "net.json"
    path.write_text(json.dumps(content))
    return path


# By Newton's method of pandapower 3.5.6 on this network (T model of transformers, tolerance 1e-10 MVA); the generator
# is away from the load that follows the voltage, as that tool applies such a load's shares to all that is at its bus
VM_PU = [1.02, 1.04577603333, 1.04123109858, 1.03768857217, 1.10501974968, 1.00836397429]
VA_DEG = [10.0, -141.37180916, -141.44806028, -141.49340812, -140.33426332, -142.20213084]


def test_as_pandapower_solves_it(tmp_path):
    path = written(tmp_path, network())
    assert grid_format(path) == "pandapower"
    case = read_grid(path)
    assert case.grid.bus.ids.tolist() == ["3", "4", "5", "6", "7", "8", "line 3/open"]
    made = assemble(case.grid)
    found = solve(made)[made.node][:6]
    assert np.abs(found) == pytest.approx(VM_PU, abs=1e-9)
    assert np.degrees(np.angle(found)) == pytest.approx(VA_DEG, abs=1e-6)


def test_there_and_back(tmp_path):
    grid = read_grid(written(tmp_path, network())).grid
    write_pandapower(grid, tmp_path / "again.json")
    again = read_grid(tmp_path / "again.json").grid
    for table in grid.tables:
        other = getattr(again, table.name)
        for name in table.names:
            assert (table.missing(name) == other.missing(name)).all(), name
            left, right = table[name], other[name]
            if left.dtype.kind == "f":
                assert left == pytest.approx(right, rel=1e-12, nan_ok=True)
            else:
                assert left.tolist() == right.tolist()


def test_active_and_reactive_power_that_follow_the_voltage_in_unlike_ways(tmp_path):
    """One load becomes two: its active and its reactive part."""
    load = frame(
        "bus p_mw q_mvar const_z_p_percent const_i_p_percent const_z_q_percent const_i_q_percent scaling in_service",
        [6, 3.0, 1.0, 20.0, 30.0, 50.0, 0.0, 1.0, True],
    )
    table = read_grid(written(tmp_path, network(load=load))).grid.load
    assert table.ids.tolist() == ["load 0", "load 0 q"]
    assert table["p_w"].tolist() == [3e6, 0]
    assert table["q_var"].tolist() == [0, 1e6]
    assert table["const_z"] == pytest.approx([0.2, 0.5])
    assert table["const_i"] == pytest.approx([0.3, 0.0])


def test_loads_of_one_phase_need_and_make_three(tmp_path):
    single = frame("bus p_a_mw q_a_mvar p_b_mw q_b_mvar p_c_mw q_c_mvar scaling in_service type",
                   [5, 0.3, 0.1, 0.0, 0.0, 0.0, 0.0, 1.0, True, "wye"])  # fmt: skip
    with pytest.raises(TwinError, match="column r0_ohm_per_km is missing"):
        read_grid(written(tmp_path, network(asymmetric_load=single)))


def test_what_is_not_read_is_named(tmp_path):
    svc = frame("bus x_l_ohm", [4, 1.0])
    broken = network(svc=svc, load=frame("bus p_mw q_mvar scaling in_service", [77, "much", 0.0, 1.0, True]))
    with pytest.raises(TwinError) as error:
        read_grid(written(tmp_path, broken))
    text = str(error.value)
    assert "/_object/svc: svc is not read yet; expected no rows" in text
    assert "/_object/load/0: bus is '77', but there is no such bus" in text
    assert "/_object/load/0: p_mw is 'much'; expected a number" in text


def test_a_switch_without_a_line_at_its_bus(tmp_path):
    switch = frame("bus element et closed z_ohm", [8, 0, "l", True, 0.0])
    with pytest.raises(TwinError, match="switch switch 0 is at a bus where its line does not end"):
        read_grid(written(tmp_path, network(switch=switch)))


def test_tables_that_are_no_frames(tmp_path):
    with pytest.raises(TwinError, match="/_object/line: table line cannot be read"):
        read_grid(written(tmp_path, network(line={"_object": "{}"})))
