"""A grid that cannot work is refused with everything that is wrong with it, by name."""

from dataclasses import replace

import numpy as np
import pytest

from grid_case import make_grid
from twin.errors import TwinError
from twin.grid.check import check
from twin.grid.model import COLUMNS, make_table
from twin.grid.operation import GridOperation

Z = (0.05, 0.02, 0.2, 0.08)


def changed(table, name, values):
    return table.put(COLUMNS[table.name][name], values)


def test_a_good_grid_passes():
    check(make_grid([(0, 1, *Z)], 2))


def test_islands_are_named():
    grid = make_grid([(0, 1, *Z), (2, 3, *Z)], 5, names=["station", "a", "b", "c", "far"])
    with pytest.raises(TwinError) as error:
        check(grid)
    assert "buses b, c are an island: no source feeds it" in str(error.value)
    assert "bus far is an island" in str(error.value)


def test_no_source():
    with pytest.raises(TwinError, match="the grid has no source"):
        check(make_grid([(0, 1, *Z)], 2, sources=()))


def test_everything_is_found_at_once():
    grid = make_grid([(0, 1, *Z), (1, 2, 0, 0, 0, 0), (2, 9, *Z), (1, 1, *Z)], 3)
    line = changed(grid.line, "max_current_a", [200.0, 0.0, -1.0, np.nan])
    line = changed(changed(line, "length_m", [1.0, 1.0, 0.0, 1.0]), "parallel", [1, 1, 1, 0])
    grid = type(grid)(grid.bus, grid.phase_node, line, grid.transformer, grid.grid_source)
    with pytest.raises(TwinError) as error:
        GridOperation(grid)
    found = [p.message for p in error.value.problems]
    for expected in (
        "line l1 has no impedance (r_ohm_m, x_ohm_m)",
        "line l1 has no impedance (r0_ohm_m, x0_ohm_m)",
        "line l2 has a to_bus that does not exist",
        "line l3 begins and ends at the same bus",
        "line l1 has a max_current_a that is not positive",
        "line l3 has a max_current_a that is not positive",
        "line l2 has a length_m that is not positive",
        "line l3 has a parallel that is not positive",
    ):
        assert expected in found


def test_zero_sequence_is_asked_for_only_with_three_phases():
    lines = [(0, 1, *Z[:2], np.nan, np.nan)]
    check(make_grid(lines, 2, phases=1))
    with pytest.raises(TwinError, match="line l0 has no impedance \\(r0_ohm_m, x0_ohm_m\\)"):
        check(make_grid(lines, 2, phases=3))


def test_transformer_ratings_and_ends():
    v_nom = np.array([10e3, 400.0])
    grid = make_grid([], 2, transformers=[(0, 1, -250e3, "Dyn5")], v_nom=v_nom)
    with pytest.raises(TwinError, match="transformer t0 has a s_rated_va that is not positive"):
        check(grid)
    with pytest.raises(TwinError, match="line l0 joins buses of different voltage"):
        check(make_grid([(0, 1, *Z)], 2, v_nom=v_nom))


def test_a_bus_needs_all_its_phases_once():
    grid = make_grid([(0, 1, *Z)], 2)
    node = changed(grid.phase_node, "phase", [0, 1, 1, 0, 1, 2])
    with pytest.raises(TwinError) as error:
        check(type(grid)(grid.bus, node, grid.line, grid.transformer, grid.grid_source))
    assert str(error.value) == "phase_node b0.2 has the bus and phase of another one"


def test_names_must_differ():
    with pytest.raises(TwinError, match="bus a appears more than once"):
        check(make_grid([(0, 1, *Z)], 2, names=["a", "a"]))


def lateral():
    """A source, a line of three phases, one of phase b to a bus that has no other."""
    grid = make_grid([(0, 1, *Z), (1, 2, *Z)], 3)
    return replace(grid, phase_node=grid.phase_node.take(np.array([0, 1, 2, 3, 4, 5, 7])))


def with_rows(grid, name, ids, **columns):
    return replace(grid, **{name: make_table(name, ids, columns)})


def problems(grid):
    with pytest.raises(TwinError) as error:
        check(grid)
    return [p.message for p in error.value.problems]


def test_a_lateral_of_one_phase():
    grid = lateral()
    check(grid)
    load = {"bus": [2, 2], "phases": ["b", "ab"], "p_w": 1e3, "q_var": 0.0, "connection": ["delta", "wye"]}
    assert problems(with_rows(grid, "load", ["x", "y"], **load)) == [
        "load y is connected to a phase that its bus has not",
        "load x is connected between phases, but to one only",
    ]


def test_phases_that_ends_have_not():
    grid = lateral()
    line = replace(grid, line=grid.line.put(COLUMNS["line"]["phases"], ["abc", "c"]))
    assert problems(line) == ["line l1 joins a phase that its bus has not"]


def test_a_phase_without_a_path():
    grid = make_grid([(0, 1, *Z), (1, 2, *Z)], 3)
    grid = replace(grid, line=grid.line.put(COLUMNS["line"]["phases"], ["ab", "abc"]))
    assert problems(grid) == [f"phase_node b{b}.{k} has no path to a source on its phase" for b, k in ((1, 5), (2, 8))]


def test_open_switches_make_islands():
    grid = make_grid([(0, 1, *Z), (1, 2, *Z)], 3)
    switch = {"bus": [1, 2, 0], "element_type": ["line", "line", "bus"], "element": [1, 0, 7], "closed": False}
    assert problems(with_rows(grid, "switch", ["s0", "s1", "s2"], **switch)) == [
        "switch s2 joins a bus that does not exist",
        "switch s1 is at a bus where its line does not end",
    ]
    switch = {name: values if name == "closed" else values[:1] for name, values in switch.items()}
    assert problems(with_rows(grid, "switch", ["s0"], **switch)) == ["bus b2 is an island: no source feeds it"]


def test_matrices_of_lines():
    grid = make_grid([(0, 1, *Z)], 2)
    rows = {"line": [0, 0, 5], "phase_a": [0, 1, 1], "phase_b": [1, 0, 1], "r_ohm_m": 0.1, "x_ohm_m": 0.1}
    assert problems(with_rows(grid, "line_matrix", ["ab", "ba", "bb"], **rows)) == [
        "line_matrix bb belongs to a line that does not exist",
        "line_matrix ba has the line and phases of another one",
        "line_matrix ab couples a phase whose own impedance is missing",
        "line_matrix ba couples a phase whose own impedance is missing",
    ]


def test_regulators_generators_and_shares():
    grid = make_grid([(0, 1, *Z)], 3)
    grid = with_rows(grid, "regulator", ["r"], from_bus=[1], to_bus=[2], phases=["abc"], r_ohm=[0.0], x_ohm=[0.0])
    generator = {"bus": [2], "p_w": 1.0, "voltage_pu": [0.0], "q_min_var": [2.0], "q_max_var": [1.0]}
    grid = with_rows(grid, "generator", ["g"], **generator)
    grid = with_rows(grid, "load", ["l"], bus=[1], p_w=[np.nan], q_var=[0.0], const_i=[0.6], const_z=[0.6])
    assert problems(grid) == [
        "regulator r has no impedance (r_ohm, x_ohm)",
        "regulator r has no ratio_a",
        "regulator r has no ratio_b",
        "regulator r has no ratio_c",
        "load l has a p_w that is no number",
        "load l has a const_i and a const_z that add up to more than 1",
        "generator g has a voltage_pu that is not positive",
        "generator g has a q_min_var above its q_max_var",
    ]


def test_parts_of_a_transformer():
    grid = make_grid([], 2, transformers=[(0, 1, 250e3, "Dyn5")], v_nom=np.array([10e3, 400.0]))
    table = grid.transformer
    for name, values in {"phases": ["a"], "vector_group": ["Yzn5"], "tap_side": ["hv"], "vkr_pct": [5.0]}.items():
        table = changed(table, name, values)
    assert problems(replace(grid, transformer=table)) == [
        "transformer t0 has a vkr_pct outside of 0 .. vk_pct",
        "transformer t0 has a tap_side, but no tap_pos",
        "transformer t0 has a tap_side, but no tap_neutral",
        "transformer t0 has a tap_side, but no tap_step_pct",
        "transformer t0 has not all phases, but a zigzag winding or a star whose neutral is not earthed",
    ]


def test_tap_changers_and_outages():
    grid = make_grid([(0, 1, *Z)], 3, 3, [(1, 2, 100e3, "Dyn5")], v_nom=np.array([400.0, 400.0, 400.0]))
    band = {"tap_min": [-2, 3], "tap_max": 4, "voltage_low_pu": [0.98, 1.02], "voltage_high_pu": [1.02, 0.98]}
    with_taps = grid.transformer
    for name, value in {"tap_side": "hv", "tap_pos": 1, "tap_neutral": 0, "tap_step_pct": 2.5}.items():
        with_taps = changed(with_taps, name, [value])
    lacking = with_rows(grid, "tap_changer", ["x", "y"], transformer=[0, 4], **band)
    assert problems(lacking)[:2] == [
        "tap_changer y belongs to a transformer that does not exist",
        "tap_changer x belongs to a transformer that does not state all of tap_side, tap_pos, tap_neutral, "
        "tap_step_pct",
    ]
    both = with_rows(replace(grid, transformer=with_taps), "tap_changer", ["x", "y"], transformer=[0, 0], **band)
    assert problems(both) == [
        "tap_changer y belongs to a transformer whose tap is not between tap_min and tap_max",
        "tap_changer y has a voltage_low_pu that is not below voltage_high_pu",
        "tap_changer y belongs to a transformer that has another one",
    ]
    times = {"element_type": ["line", "transformer"], "element": [0, 3], "from_s": [5, 5], "to_s": [5, 6]}
    assert problems(with_rows(grid, "outage", ["o", "p"], **times)) == [
        "outage p is of no transformer",
        "outage o does not end after it begins",
    ]


def test_single_phase_loads_need_single_nodes():
    grid = make_grid([(0, 1, *Z)], 2, phases=1)
    load = with_rows(grid, "load", ["l"], bus=[1], phases=["a"], p_w=[1.0], q_var=[0.0])
    assert problems(load) == ["load l is connected to some phases, but one node stands for all"]
