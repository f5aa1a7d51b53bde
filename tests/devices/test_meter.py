"""The meter: power of one's own first, the rest from or to the grid."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from buildings_case import BERLIN, boxes, cut
from twin.devices.meter import build
from twin.engine.time import TimeAxis
from twin.registry import Setup

AXIS = TimeAxis(0, 900, 6)
watts = arrays(float, (6, 3), elements=st.floats(0, 1e5))


def metered(load, generation, steps=(6,)):
    simulator = build(Setup(boxes(3), {}, BERLIN, 900))
    return cut(simulator, AXIS, {"electric_load": load, "electric_generation": generation}, steps)


@given(watts, watts)
def test_every_watt_is_accounted_for(load, generation):
    out = metered(load, generation)
    np.testing.assert_allclose(out["grid_import"] + out["self_consumed_generation"], load, rtol=1e-12)
    np.testing.assert_allclose(out["grid_export"] + out["self_consumed_generation"], generation, rtol=1e-12)
    assert (np.minimum(out["grid_import"], out["grid_export"]) == 0).all()
    assert all((values >= 0).all() for values in out.values())


def test_without_generation_the_grid_serves_the_load_to_the_last_bit():
    load = np.random.default_rng(1).uniform(0, 5000, (6, 3))
    out = metered(load, np.zeros((6, 3)))
    assert np.array_equal(out["grid_import"], load)
    assert not out["grid_export"].any()


def test_any_cut_gives_the_same():
    load, generation = np.random.default_rng(2).uniform(0, 5000, (2, 6, 3))
    whole, parts = metered(load, generation), metered(load, generation, (1, 2, 3))
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)
