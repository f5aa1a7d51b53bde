"""Years of many feeders: the statistics of each are those of all its steps at once."""

import numpy as np
import pytest

from grid_case import make_grid, newton, radial
from twin.errors import TwinError
from twin.grid.assemble import assemble
from twin.grid.branches import Branches
from twin.grid.many import year_statistics
from twin.grid.model import make_table
from twin.grid.powerflow.solve import PowerFlow
from twin.grid.statistics import GridStatistics

QUARTER_HOUR = 900
STEPS = 700


def feeder(number, n=5):
    """Return a radial feeder with a load at one phase of every bus but the first."""
    rng = np.random.default_rng(number)
    grid = make_grid(radial(rng, n + number), n + number)
    buses = np.arange(1, n + number)
    columns = {"bus": buses, "phases": rng.choice(["a", "b", "c"], len(buses)), "connection": "wye"}
    loads = make_table("load", [f"load {bus}" for bus in buses], columns | {"p_w": 1e3, "q_var": 0.0})
    return type(grid)(**{table.name: table for table in grid.tables}, load=loads)


def drawn(number, made, steps):
    """Return quarter hours of power at the loads, some more from feeder to feeder."""
    draw = np.random.default_rng(3).gamma(0.5, 3e3, (STEPS, 12))[steps, : len(made.grid.load)]
    return made.power_of({"load": draw * (1 + 0.1 * number) + 0j})


@pytest.mark.parametrize("workers", [1, 2])
def test_statistics_are_those_of_all_steps_at_once(workers):
    found = list(year_statistics(feeder, 3, drawn, STEPS, QUARTER_HOUR, branches=True, workers=workers))
    assert len(found) == 3
    for number, statistics in enumerate(found):
        grid = feeder(number)
        made = assemble(grid)
        voltage = PowerFlow(made.network, made.connected).solve(drawn(number, made, slice(0, STEPS)), made.node).voltage
        state = Branches(made, grid).state(voltage)
        whole = GridStatistics(QUARTER_HOUR, len(grid.phase_node), grid.nodes, len(grid.line))
        whole.take(voltage, state.line_loading, state.line_loss)
        expected = whole.result()
        assert statistics.voltage_min == pytest.approx(expected.voltage_min, abs=1e-9)
        assert statistics.percentile == pytest.approx(expected.percentile, abs=1e-9)
        assert statistics.unbalance_max == pytest.approx(expected.unbalance_max, abs=1e-9)
        assert statistics.loading_max == pytest.approx(expected.loading_max, rel=1e-7)
        assert statistics.loss_j == pytest.approx(expected.loss_j, rel=1e-7)
        assert statistics.weeks == 1


def test_statistics_of_customers_alone():
    """One steady step after the other: lowest, highest and mean voltage are those of another power flow."""

    def steady(number, made, steps):
        return np.tile(2.0 * made.power, (steps.stop - steps.start, 1))

    first, second = year_statistics(feeder, 2, steady, 300, QUARTER_HOUR, percentiles=(), workers=1)
    assert first.voltage_min.shape == (4,)
    assert first.steps == second.steps == 300
    assert first.percentile.shape == (0, 0, 4)
    grid = feeder(1)
    made = assemble(grid)
    power = np.zeros(len(grid.phase_node), complex)
    power[made.connected.node] = -2e3
    expected = np.abs(newton(grid, power)[made.connected.node])
    for found in (second.voltage_min, second.voltage_max, second.voltage_mean):
        assert found == pytest.approx(expected, abs=1e-8)


def test_more_load_than_a_feeder_carries_is_counted():
    def heavy(number, made, steps):
        power = np.tile(made.power, (steps.stop - steps.start, 1))
        power[np.arange(steps.start, steps.stop) % 100 == 7] *= 1e5
        return power

    (found,) = year_statistics(feeder, 1, heavy, 300, QUARTER_HOUR, workers=1)
    assert (found.steps, found.unsolved) == (297, 3)


def test_a_grid_that_is_wrong_is_said_to_be():
    def cut_off(number):
        return make_grid([(0, 1, 0.1, 0.1, 0.1, 0.1)], 3)

    with pytest.raises(TwinError):
        list(year_statistics(cut_off, 1, drawn, 10, QUARTER_HOUR, workers=1))
