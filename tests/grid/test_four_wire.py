"""Feeders in the layout of line codes: windings, phases and the order of buses as the files state them."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from nodal_case import solve
from twin.errors import TwinError
from twin.grid.assemble import assemble
from twin.grid.files import read_grid

OWN = Path(__file__).resolve().parents[1] / "cases" / "grid" / "single_phase_load"


@pytest.fixture
def feeder(tmp_path):
    return Path(shutil.copytree(OWN, tmp_path / "feeder"))


def with_unit(feeder, **changes):
    path = feeder / "network.json"
    about = json.loads(path.read_text())
    about["transformer"] |= changes
    path.write_text(json.dumps(about))
    return feeder


def with_load(feeder, **changes):
    path = feeder / "loads.csv"
    (row,) = csv.DictReader(path.read_text().splitlines())
    row |= changes
    path.write_text(f"{','.join(row)}\n{','.join(row.values())}\n")
    return feeder


def voltages(feeder):
    """Return the voltage of every node, per unit, by name."""
    case = read_grid(feeder)
    made = assemble(case.grid)
    return dict(zip(case.grid.phase_node.ids.tolist(), solve(made)[made.node], strict=True))


def test_the_transformer_leads_to_the_bus_that_is_named(feeder):
    before = voltages(feeder)
    head, first, second = (feeder / "buses.csv").read_text().split()
    (feeder / "buses.csv").write_text("\n".join((head, second, first)) + "\n")
    after = voltages(feeder)
    assert all(abs(after[name] - before[name]) < 1e-9 for name in before)


@pytest.mark.parametrize(
    ("changes", "group"),
    [
        ({"phase_shift": ""}, "Dyn1"),
        ({"phase_shift": "secondary leads (Dyn11)"}, "Dyn11"),
        ({"phase_shift": "none", "conn_primary": "wye grounded"}, "YNyn0"),
        ({"phase_shift": "none", "conn_primary": "wye"}, "Yyn0"),
    ],
)
def test_vector_groups(feeder, changes, group):
    assert read_grid(with_unit(feeder, **changes)).grid.transformer["vector_group"].tolist() == [group]


@pytest.mark.parametrize("changes", [{"phase_shift": "", "conn_primary": "?"}, {"phase_shift": "Dyn2"}])
def test_windings_that_are_not_known_are_named(feeder, changes):
    with pytest.raises(TwinError, match=r"/transformer: windings are"):
        read_grid(with_unit(feeder, **changes))


def test_a_bus_that_is_not_there_is_named(feeder):
    with pytest.raises(TwinError, match=r"/transformer/to_bus: is '9', but there is no such bus"):
        read_grid(with_unit(feeder, to_bus=9))


def test_a_load_of_three_phases_is_balanced(feeder):
    found = voltages(with_load(feeder, phase="ABC"))
    size = np.abs([found[f"2.{k}"] for k in (1, 2, 3)])
    assert size == pytest.approx(size[0], abs=1e-9)
    assert size[0] < abs(found["1.1"])


def test_a_load_of_two_phases_leaves_the_third_alone(feeder):
    grid = read_grid(with_load(feeder, phase="AC")).grid
    assert grid.load["phases"].tolist() == ["ca"]
    assert grid.phase_node.ids[grid.phase_node["connects"]].tolist() == ["2.1", "2.3"]


def test_phases_that_are_none_are_named(feeder):
    with pytest.raises(TwinError, match="phase is 'N'"):
        read_grid(with_load(feeder, phase="N"))
