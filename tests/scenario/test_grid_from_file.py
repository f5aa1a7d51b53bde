"""Scenarios on a grid from a file: the same answers as from the grid it was written from, and errors that say where."""

from dataclasses import replace

import numpy as np
import pytest

from grid_case import make_grid
from twin.check import check_files
from twin.errors import TwinError
from twin.grid.formats.pandapower_writer import write_pandapower
from twin.grid.model import ElectricGrid, make_table
from twin.results.provenance import file_hashes
from twin.scenario.explain import explain
from twin.scenario.prepare import prepare
from twin.scenario.read import read_scenario
from twin.scenario.run import run

SHORT = ("days = 2", 'duration = "3h"')
WARM = ('warm_up = "1d"', 'warm_up = "1h"')
Z = (0.02, 0.01, 0.08, 0.04)


def on(grid, settings=""):
    text = f'archetypes = "tabula-de"\ngrid = "{grid}"'
    return (('archetypes = "tabula-de"', text), ("[prices]", f"{settings}\n\n[prices]"), SHORT, WARM)


def connected(project, ids, buses):
    """Connect buildings to some buses in turn."""
    rows = [f"{name},{buses[k % len(buses)]}" for k, name in enumerate(ids)]
    (project / "scenarios" / "connections.csv").write_text("building,bus\n" + "\n".join(rows) + "\n")
    return rows


_KNOWN: dict[str, tuple[str, list[str]]] = {}  # made once for all tests


@pytest.fixture
def made(project, scenario_file):
    """The grid that is made up for the quarter, as ``models/grid.json``; returns the buildings' identifiers."""
    path = project / "models" / "grid.json"
    if not _KNOWN:
        scenario = read_scenario(scenario_file(*on("synthesize")))
        city = prepare(scenario, scenario.options[:1])[0].city
        write_pandapower(ElectricGrid.of(city), path)
        _KNOWN["essen"] = path.read_text(), city.buildings.ids.tolist()
    text, ids = _KNOWN["essen"]
    path.write_text(text)
    return ids


def test_a_run_on_the_grid_written_and_read_back_gives_the_same_voltages(made, scenario_file):
    one, other = (
        run(scenario_file(*on(grid)), options=["today"]).options[0] for grid in ("synthesize", "../models/grid.json")
    )
    for indicator, level in (("voltage_min", "bus"), ("line_loading_max", "line")):
        expected, found = (option.by_entity(indicator, level) for option in (one, other))
        assert found.keys() == expected.keys()
        assert np.array(list(found.values())) == pytest.approx(np.array(list(expected.values())), abs=1e-9)
    assert one.value("voltage_min") < 0.9995


def test_what_is_made_of_the_file_is_explained(made, scenario_file):
    scenario = read_scenario(scenario_file(*on("../models/grid.json")))
    reasons = " ".join(entry["reason"] for entry in explain(scenario, "today")["assumptions"])
    assert (
        f"{len(made)} buildings are connected to the nearest bus of low voltage: 0 m in the median, 0 m at most"
        in reasons
    )


def test_a_run_is_another_one_when_grid_or_connections_are_edited(made, project, scenario_file):
    connected(project, made, ["station 1/0.4 kV"])
    file = scenario_file(*on("../models/grid.json", '[grid]\nconnections = "connections.csv"'))
    before = file_hashes(read_scenario(file).files)
    for path in (project / "models" / "grid.json", project / "scenarios" / "connections.csv"):
        path.write_text(path.read_text() + "\n")
    after = file_hashes(read_scenario(file).files)
    assert {key for key in before if before[key] != after[key]} == {"grid/grid.json", "grid.connections"}


def test_a_script_brings_all_its_files_and_may_not_look_outside(project, scenario_file, tmp_path):
    folder = project / "models" / "feeder"
    folder.mkdir()
    (folder / "codes.dss").write_text("")
    master = folder / "master.dss"
    master.write_text(
        "New Circuit.c bus1=a basekv=0.4 pu=1.0\nRedirect codes.dss\n"
        "New Line.l bus1=a bus2=b length=1 r1=0.01 x1=0.01 r0=0.04 x0=0.02 c1=0 c0=0\n"
        "New Load.d bus1=b kv=0.4 kw=1\nSet voltagebases=[0.4]\nCalcvoltagebases\n"
    )
    scenario = read_scenario(scenario_file(*on("../models/feeder/master.dss")))
    assert sorted(key for key in scenario.files if "/" in key) == ["grid/codes.dss", "grid/master.dss"]
    outside = project.parent / f"{project.name}.dss"
    outside.write_text("! nothing to see\nSet mode=snap\n")
    master.write_text(master.read_text().replace("codes.dss", f"../../../{outside.name}"))
    with pytest.raises(TwinError, match=r"small\.toml:8: model\.grid = .*master\.dss' reads .* which leaves"):
        read_scenario(scenario_file(*on("../models/feeder/master.dss")))


def test_mistakes_name_file_and_line(made, project, scenario_file):
    rows = connected(project, made, ["station 1/0.4 kV"])
    (project / "scenarios" / "connections.csv").write_text("building,bus\n" + "\n".join([*rows, rows[0]]))
    file = scenario_file(*on("../models/grid.json", '[grid]\nconnections = "connections.csv"'))
    with pytest.raises(TwinError, match=rf"connections\.csv:{len(rows) + 2}: building \w+ is in line 2 already"):
        explain(read_scenario(file))
    assert "is in line 2 already" in str(check_files([file]))
    with pytest.raises(TwinError, match=r"small\.toml: grid\.loads is set, but the grid is made up"):
        explain(read_scenario(scenario_file(*on("synthesize", '[grid]\nloads = "keep"'))))
    with pytest.raises(TwinError, match=r"small\.toml:8: model\.grid: the grid is 'grid\.json'.*'\./grid\.json'"):
        read_scenario(scenario_file(*on("grid.json")))
    with pytest.raises(TwinError, match=r"small\.toml:\d+: grid\.connections = 'conections\.csv': no such file; did"):
        read_scenario(scenario_file(*on("../models/grid.json", '[grid]\nconnections = "conections.csv"')))


MEASURES = """
[[option.measure]]
kind = "pv"
max_kw_per_building = 4.0

[[option.measure]]
kind = "electric_cars"
cars_per_dwelling = 0.5
phases = 1
charger_kw = 3.7
strategy = "feeder_limit"

[[option.measure]]
kind = "street_battery"
where = "lv_rated_v < 1000"
capacity_kwh = 50
"""


@pytest.mark.parametrize("phases", [1, 3])
def test_devices_go_with_grids_of_any_kind(made, project, scenario_file, phases):
    """Parallel cables, an open ring, no coordinates, a transformer above another; one node for all phases or three."""
    volts = np.array([110e3, 20e3, 400.0, 400.0, 400.0, 400.0])
    lines = [(2, 3, *Z), (2, 3, *Z), (3, 4, *Z), (2, 5, *Z), (4, 5, *Z)]
    grid = make_grid(lines, 6, phases, transformers=[(0, 1, 40e6, "Yd5"), (1, 2, 800e3, "Dyn5")], v_nom=volts)
    ring = {"bus": np.array([4]), "element_type": np.array(["line"]), "element": np.array([4]), "closed": False}
    grid = replace(grid, switch=make_table("switch", ["open ring"], ring))
    write_pandapower(grid, project / "models" / "own.json")
    connected(project, made, ["b3", "b4", "b5"])
    settings = '[grid]\nconnections = "connections.csv"'
    file = scenario_file(*on("../models/own.json", settings))
    file.write_text(file.read_text() + MEASURES)
    option = run(file, options=["heat pumps"]).options[0]
    assert 0.8 < option.value("voltage_min") < option.value("voltage_max") < 1.05
    assert option.by_entity("transformer_loading_max", "transformer")["t1"] > 5
    assert option.by_entity("line_loading_max", "line")["l4"] == pytest.approx(0, abs=1e-9)
    assert option.value("voltage_unbalance_max") == 0 if phases == 1 else option.value("voltage_unbalance_max") > 0
    assert not [layer for layer in option.layers if layer.entity in ("line", "bus") and len(layer.ids)]
