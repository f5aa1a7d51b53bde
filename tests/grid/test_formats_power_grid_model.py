"""Input data of power-grid-model, row by row and in compact form."""

import json

import numpy as np
import pytest

from nodal_case import solve
from twin.errors import TwinError
from twin.grid.assemble import assemble
from twin.grid.files import grid_format, read_grid

LINE = {"r1": 0.05, "x1": 0.02, "c1": 1e-6, "tan1": 0.01, "r0": 0.2, "x0": 0.08, "c0": 5e-7, "tan0": 0.02, "i_n": 200.0}
UNIT = {
    "u1": 10000.0, "u2": 410.0, "sn": 250000.0, "uk": 0.04, "pk": 3000.0, "i0": 0.002, "p0": 300.0,
    "winding_from": 2, "winding_to": 1, "clock": 5,
    "tap_side": 0, "tap_pos": 1, "tap_min": -2, "tap_max": 2, "tap_nom": 0, "tap_size": 250.0,
}  # fmt: skip
BOTH = {"from_status": 1, "to_status": 1}


def document(**more):
    data = {
        "node": [[1, 10000.0], [2, 400.0], [3, 400.0], [4, 400.0], [5, 400.0]],
        "line": [
            {"id": 10, "from_node": 2, "to_node": 3, **BOTH, **LINE},
            {"id": 11, "from_node": 3, "to_node": 4, "from_status": 1, "to_status": 0, **LINE},
        ],
        "link": [{"id": 12, "from_node": 4, "to_node": 3, **BOTH}, {"id": 16, "from_node": 5, "to_node": 3, **BOTH}],
        "transformer": [{"id": 13, "from_node": 1, "to_node": 2, **BOTH, **UNIT}],
        "source": [
            {"id": 14, "node": 1, "status": 1, "u_ref": 1.02, "u_ref_angle": 0.1, "sk": 1e8, "rx_ratio": 0.2,
             "z01_ratio": 1.5}
        ],
        "sym_load": [
            {"id": 20, "node": 3, "status": 1, "type": 0, "p_specified": 40e3, "q_specified": 8e3},
            {"id": 21, "node": 5, "status": 1, "type": 1, "p_specified": 10e3, "q_specified": 2e3},
            {"id": 22, "node": 4, "status": 1, "type": 2, "p_specified": 10e3, "q_specified": 0.0},
            {"id": 29, "node": 4, "status": 0, "type": 0, "p_specified": 1e9, "q_specified": 0.0},
        ],
        "sym_gen": [{"id": 23, "node": 3, "status": 1, "type": 0, "p_specified": 5e3, "q_specified": 0.0}],
        "shunt": [{"id": 24, "node": 3, "status": 1, "g1": 0.001, "b1": 0.02, "g0": 0.001, "b0": 0.02}],
        **more,
    }  # fmt: skip
    attributes = {"node": ["id", "u_rated"]}
    return {"version": "1.0", "type": "input", "is_batch": False, "attributes": attributes, "data": data}


ASYM = {"id": 30, "node": 3, "status": 1, "type": 0, "p_specified": [9e3, 2e3, 0.0], "q_specified": [1e3, 0.0, 0.0]}


def written(folder, content):
    path = folder / "input.json"
    path.write_text(json.dumps(content))
    return path


def test_taps_links_and_loads(tmp_path):
    path = written(tmp_path, document())
    assert grid_format(path) == "power_grid_model"
    grid = read_grid(path).grid
    assert grid.transformer.row(0)["vector_group"] == "Dyn5"
    assert grid.transformer["tap_step_pct"] == pytest.approx(2.5)
    assert grid.load["const_z"].tolist() == [0, 1, 0]
    assert grid.load["const_i"].tolist() == [0, 0, 1]
    made = assemble(grid)
    assert made.grid.bus.ids.tolist() == ["1", "2", "3", "line 11/open"]


# By Newton's method of power-grid-model 1.12 on these data. That tool splits the magnetizing admittance between the
# ends of a transformer and takes a link for a large admittance: 4e-7 apart
SYMMETRIC = [1.01981441, 1.01583821, 0.99772841, 0.99772841, 0.99772841]
UNLIKE = [
    [1.01984529, 1.01969694, 1.01979176],
    [1.0137459, 1.01534971, 1.01595862],
    [0.97770921, 0.99994141, 1.00210431],
    [0.97770921, 0.99994141, 1.00210431],
    [0.97770921, 0.99994141, 1.00210431],
]


def test_against_its_own_solution(tmp_path):
    made = assemble(read_grid(written(tmp_path, document())).grid)
    found = solve(made)[made.node]
    assert np.abs(found) == pytest.approx(np.array(SYMMETRIC), abs=1e-6)


def test_unlike_phases_against_its_own_solution(tmp_path):
    content = document(asym_load=[ASYM], line=[{**row, "tan0": 0.02} for row in document()["data"]["line"]])
    made = assemble(read_grid(written(tmp_path, content)).grid)
    found = solve(made)[made.node].reshape(5, 3)
    assert np.abs(found) == pytest.approx(np.array(UNLIKE), abs=1e-6)


THREE = {
    "id": 40, "node_1": 1, "node_2": 6, "node_3": 7, "status_1": 1, "status_2": 1, "status_3": 1,
    "u1": 10e3, "u2": 3e3, "u3": 410.0, "sn_1": 4e5, "sn_2": 2.5e5, "sn_3": 2e5,
    "uk_12": 0.06, "uk_13": 0.07, "uk_23": 0.03, "pk_12": 2e3, "pk_13": 2e3, "pk_23": 1e3, "i0": 0.0, "p0": 0.0,
    "winding_1": 2, "winding_2": 1, "winding_3": 1, "clock_12": 5, "clock_13": 11,
    "tap_side": 1, "tap_pos": 2, "tap_min": -2, "tap_max": 2, "tap_nom": 0, "tap_size": 75.0,
}  # fmt: skip
GENERIC = {
    "id": 41, "from_node": 6, "to_node": 8, **BOTH, "r1": 0.002, "x1": 0.01, "g1": 1e-3, "b1": 2e-3, "k": 1.03,
    "theta": 0.1, "sn": 2e5,
}  # fmt: skip


def three_levels(**more):
    """Nodes 6 (3 kV), 7 and 8 (400 V) behind a transformer of three windings; 8 behind a generic branch."""
    fed = {"status": 1, "q_specified": 0.0}
    plain = document()["data"]
    return document(
        node=[*plain["node"], [6, 3e3], [7, 400.0], [8, 400.0]],
        sym_load=[*plain["sym_load"], {**fed, "id": 63, "node": 8, "type": 0, "p_specified": 5e4, "q_specified": 1e4}],
        sym_gen=[
            {**fed, "id": 60, "node": 7, "type": 2, "p_specified": 2e4, "q_specified": 5e3},
            {**fed, "id": 61, "node": 8, "type": 1, "p_specified": 1e4, "q_specified": -2e3},
            {**fed, "id": 62, "node": 8, "type": 0, "p_specified": 1e4},
        ],
        **({"three_winding_transformer": [THREE], "generic_branch": [GENERIC]} | more),
    )


# By Newton's method of power-grid-model 1.12, tolerance 1e-7
THREE_LEVELS = [1.01972146, 1.01546995, 0.99577007, 0.99577007, 0.99577007, 1.06859591, 1.04461442, 1.03639432]
THREE_LEVELS_RAD = [0.09936597, -2.52776694, -2.5331066, -2.5331066, -2.5331066, -2.5207625, 0.62382315, -2.622329]


def test_three_windings_generic_branches_and_generators_of_any_type(tmp_path):
    made = assemble(read_grid(written(tmp_path, three_levels())).grid)
    found = solve(made)[made.node]
    known = np.array(THREE_LEVELS) * np.exp(1j * np.array(THREE_LEVELS_RAD))
    assert np.abs(found - known).max() < 1e-6


def test_generators_that_are_no_constant_power_are_loads_below_zero(tmp_path):
    grid = read_grid(written(tmp_path, three_levels())).grid
    fed_in = grid.load.take(grid.load["p_w"] < 0)
    assert fed_in["p_w"].tolist() == [-2e4, -1e4]
    assert (fed_in["const_i"].tolist(), fed_in["const_z"].tolist()) == ([1, 0], [0, 1])
    assert grid.static_generator.ids.tolist() == ["sym gen 62"]


def test_windings_that_are_off_and_branches_without_zero_sequence_are_named(tmp_path):
    content = three_levels(three_winding_transformer=[{**THREE, "status_2": 0}], asym_load=[ASYM])
    with pytest.raises(TwinError) as error:
        read_grid(written(tmp_path, content))
    assert "status_2 is 0" in str(error.value)
    assert "a generic branch has no zero sequence" in str(error.value)
    gone = {**THREE, "status_1": 0, "status_2": 0, "status_3": 0}
    with pytest.raises(TwinError, match="no source feeds"):
        read_grid(written(tmp_path, three_levels(three_winding_transformer=[gone])))


def test_what_is_not_understood_is_named(tmp_path):
    content = document(asym_line=[{"id": 40}])
    content["data"]["line"][0]["to_node"] = 99
    with pytest.raises(TwinError) as error:
        read_grid(written(tmp_path, content))
    assert "/data/asym_line: asym_line is not read yet" in str(error.value)
    assert "/data/line/0 (line 10): to_node is '99', but there is no such node" in str(error.value)


def test_results_are_no_grid(tmp_path):
    with pytest.raises(TwinError, match="is a data set of type 'sym_output'"):
        read_grid(written(tmp_path, {**document(), "type": "sym_output"}))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("data", "node"), []),
        (("data", "line"), 3),
        (("data", "line", 0), "x"),
        (("data", "transformer", 0, "sn"), 0),
        (("data", "transformer", 0, "winding_to"), float("nan")),
        (("data", "sym_load", 0, "p_specified"), "much"),
        (("attributes", "node"), [1, {}]),
    ],
)
def test_whatever_stands_there_no_other_error(tmp_path, path, value):
    content = document()
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(TwinError):
        read_grid(written(tmp_path, content))
