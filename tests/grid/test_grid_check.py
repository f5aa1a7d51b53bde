"""A grid that cannot work is refused with everything that is wrong with it, by name."""

import numpy as np
import pytest

from grid_case import make_grid
from twin.errors import TwinError
from twin.grid.check import check
from twin.grid.flow import PowerFlow
from twin.grid.model import COLUMNS

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
        PowerFlow(grid)
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
    assert "phase_node b0.2 has the bus and phase of another one" in str(error.value)
    assert "bus b0 has not the 3 phase nodes that the others have" in str(error.value)


def test_names_must_differ():
    with pytest.raises(TwinError, match="bus a appears more than once"):
        check(make_grid([(0, 1, *Z)], 2, names=["a", "a"]))
