"""The series store: what goes in window by window comes out whole, however it was cut."""

from itertools import pairwise

import h5netcdf
import numpy as np
import pytest

from twin.engine.groups import QUARTER
from twin.engine.time import TimeAxis
from twin.results import series
from twin.results.series import SeriesFile, StoredSeries

HOUR = 3600
LOAD = "electric_load"
WEEKS = (TimeAxis(0, HOUR, 30), TimeAxis(1_000_000 * HOUR, HOUR, 20))  # typical weeks, one after the other


def stored(path, cuts, repeat=False):
    """Write two stretches of five buildings in windows cut at some steps, and return what is in the file."""
    values = np.random.default_rng(1).normal(size=(50, 5))
    with SeriesFile(path, WEEKS, [1.0, 1.0]) as file:
        file.add("building", [f"b{k}" for k in range(5)], [LOAD])
        file.add("group:use_type", ["OFFICE", "RETAIL"], [LOAD])
        file.add_totals([LOAD])
        before = 0
        for week in WEEKS:
            edges = sorted({0, week.n, *(c for c in cuts if c < week.n)})
            for first, last in [*pairwise(edges)] * (2 if repeat else 1):
                window = TimeAxis(week.start + first * HOUR, HOUR, last - first)
                part = values[before + first : before + last]
                file.write("building", LOAD, window, part)
                file.write("group:use_type", LOAD, window, part[:, :2])
                file.write(QUARTER, LOAD, window, part.sum(axis=1, keepdims=True))
            before += week.n
    with h5netcdf.File(path) as file:
        return values, {name: file[f"{name}_{LOAD}"][:] for name in ("building", "group_use_type", QUARTER)}


@pytest.mark.parametrize(
    ("chunk", "cuts", "repeat"), [(876, [], False), (876, [11], True), (7, [3, 4, 20], False), (7, [9], True)]
)
def test_any_cut_stores_the_same(tmp_path, monkeypatch, chunk, cuts, repeat):
    monkeypatch.setattr(series, "_CHUNK", (chunk, 2))
    values, found = stored(tmp_path / "series.nc", cuts, repeat)
    np.testing.assert_array_equal(found["building"], values.astype(np.float32))
    np.testing.assert_array_equal(found["group_use_type"], values[:, :2].astype(np.float32))
    np.testing.assert_array_equal(found[QUARTER], values.sum(axis=1).astype(np.float32))


def test_a_hole_is_no_zero(tmp_path):
    with SeriesFile(tmp_path / "series.nc", WEEKS, [1.0, 1.0]) as file:
        file.add_totals([LOAD])
        file.write(QUARTER, LOAD, TimeAxis(5 * HOUR, HOUR, 2), np.ones((2, 1)))
    found = StoredSeries(tmp_path / "series.nc")[LOAD]
    assert np.flatnonzero(~np.isnan(found)).tolist() == [5, 6]


def test_of_many_buildings_few_steps_are_held_back(tmp_path):
    with SeriesFile(tmp_path / "series.nc", [TimeAxis(0, HOUR, 8760)], [1.0]) as file:
        file.add("building", [f"b{k}" for k in range(100_000)], [LOAD])
        assert sum(buffer.values.nbytes for buffer in file._buffers.values()) <= 16 * 1024**2
