"""Medium voltage with low-voltage grids behind it: in turns or all at once, it is one solution."""

import numpy as np
import pytest

from grid_case import make_grid, radial
from twin.errors import TwinError
from twin.grid.flow import PowerFlow
from twin.grid.levels import TwoLevels

MV, LV = 10e3, 400.0
LV_SIZES = (3, 5, 2)


def case(phases, seed=0, short_circuit_va=100e6):
    """A ring of 10 kV with three low-voltage grids, apart and as one grid, and the rows of either in the other."""
    rng = np.random.default_rng(seed)
    ring = [(a, b, 0.4, 0.3, 1.6, 0.9) for a, b in ((0, 1), (1, 2), (2, 3), (3, 0))]
    medium = make_grid(ring, 4, phases, v_nom=np.full(4, MV), short_circuit_va=short_circuit_va, connects=[2])
    low, lines, units, volts, connects, rows = [], list(ring), [], [MV] * 4, [2], []
    for at, size in enumerate(LV_SIZES, start=1):
        behind = [(a + 1, b + 1, *z) for a, b, *z in radial(rng, size, phases)]
        v_nom = np.array([MV] + [LV] * size)
        unit = [(0, 1, 250e3, "Dyn5" if at == 2 else "Dyn11")]
        low.append(make_grid(behind, size + 1, phases, unit, v_nom=v_nom, connects=range(2, size + 1)))
        first = len(volts) - 1
        lines += [(a + first, b + first, *z) for a, b, *z in behind]
        units.append((at, first + 1, *unit[0][2:]))
        volts += [LV] * size
        rows.append(first + np.arange(2, size + 1))
        connects += rows[-1].tolist()
    whole = make_grid(
        lines, len(volts), phases, units, v_nom=np.array(volts), short_circuit_va=short_circuit_va, connects=connects
    )
    return medium, low, whole, rows


def powers(levels, steps, scale=1.0, seed=1):
    rng = np.random.default_rng(seed)
    draw = [
        rng.uniform(-6e3, 2e3, (steps, len(nodes), 2)) * scale for nodes in (*levels.low_nodes, levels.medium_nodes)
    ]
    *low, medium = [values[..., 0] + 0.3j * values[..., 1] for values in draw]
    return 10 * medium, low


@pytest.mark.parametrize("phases", [3, 1])
@pytest.mark.parametrize("short_circuit_va", [np.inf, 100e6])
def test_levels_agree_with_the_joint_solution(phases, short_circuit_va):
    medium, low, whole, rows = case(phases, short_circuit_va=short_circuit_va)
    levels = TwoLevels(medium, low, [1, 2, 3])
    medium_va, low_va = powers(levels, 20, scale=9 / phases)
    found = levels.solve(medium_va, low_va)
    assert found.solved.all()

    joint = PowerFlow(whole)
    power = np.zeros((20, len(whole.phase_node)), complex)
    power[:, levels.medium_nodes] = medium_va
    places = []
    for grid, nodes, mine, va in zip(low, levels.low_nodes, rows, low_va, strict=True):
        bus, phase = grid.phase_node["bus"][nodes], grid.phase_node["phase"][nodes]
        places.append(whole.nodes[phase, mine[bus - 2]])
        power[:, places[-1]] = va
    voltage = joint.state(joint.solve(power[:, joint.nodes]).current).voltage
    assert np.abs(voltage[:, places[1]]).min() < 0.99
    assert np.abs(found.medium - voltage[:, : found.medium.shape[1]]).max() < 1e-9
    for mine, place in zip(found.low, places, strict=True):
        assert np.abs(mine - voltage[:, place]).max() < 1e-9
    assert found.rounds.max() < 12


def test_a_step_does_not_depend_on_the_steps_beside_it():
    medium, low, _, _ = case(3)
    levels = TwoLevels(medium, low, [1, 2, 3])
    medium_va, low_va = powers(levels, 9)
    whole = levels.solve(medium_va, low_va)
    alone = levels.solve(medium_va[4:5], [va[4:5] for va in low_va])
    assert np.abs(whole.medium[4] - alone.medium[0]).max() < 1e-12
    assert whole.rounds[4] == alone.rounds[0]


def test_collapse_of_one_grid_is_said_of_its_step_alone():
    medium, low, _, _ = case(3)
    levels = TwoLevels(medium, low, [1, 2, 3])
    medium_va, low_va = powers(levels, 3)
    low_va[1][1] *= 1000
    found = levels.solve(medium_va, low_va)
    assert found.solved.tolist() == [True, False, True]
    assert np.isfinite(found.medium).all()


def test_what_does_not_fit_is_said_at_once():
    medium, low, _, _ = case(3)
    with pytest.raises(TwinError, match=r"(?s)0 to 3.*low-voltage grid 2.*nominal voltage of 400 V"):
        TwoLevels(medium, [*low[:2], make_grid([], 1)], [1, 7, 3])
    with pytest.raises(TwinError, match="3 low-voltage grids are connected at 2 buses"):
        TwoLevels(medium, low, [1, 2])
