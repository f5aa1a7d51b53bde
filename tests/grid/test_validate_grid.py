"""``twin validate grid``: closed forms pass, a wrong figure fails, and what cannot be compared is said."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from twin.cli import main
from twin.errors import TwinError
from twin.grid.files import read_grid
from twin.validation.grid.rows import compared
from twin.validation.grid.study import Study
from twin.validation.grid.suite import run
from twin.validation.grid.tolerances import DEFAULTS, read_tolerances

OWN = Path(__file__).resolve().parents[1] / "cases" / "grid"


@pytest.fixture
def two_buses(tmp_path):
    return Path(shutil.copytree(OWN / "two_buses", tmp_path / "two_buses"))


def verdicts(rows):
    return {row["quantity"]: row["pass"] for row in rows}


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def edit(path, row, column, change):
    """Change one cell of a CSV file."""
    with path.open(newline="") as file:
        lines = list(csv.reader(file))
    place = lines[0].index(column)
    lines[row + 1][place] = str(change(lines[row + 1][place]))
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(lines)


@pytest.mark.parametrize("case", sorted(path.name for path in OWN.iterdir()))
def test_closed_forms(case):
    rows = run(OWN / case)
    assert rows
    assert [row for row in rows if row["pass"] is not True] == []
    assert {row["case"] for row in rows} == {case}


def test_without_a_folder_the_shipped_cases_are_run():
    assert {row["case"] for row in run()} == {path.name for path in OWN.iterdir()}


def test_the_closed_form_of_two_buses_is_what_its_source_says(two_buses):
    """|V2|^2 is the greater root of x^2 + (2 (P R + Q X) - |V1|^2) x + |S|^2 |Z|^2 = 0."""
    v1, v2 = (float(row["vm_pu"]) * 0.4 for row in table(two_buses / "ref_bus.csv"))
    (line,), (load,) = (table(two_buses / f"{name}.csv") for name in ("line", "load"))
    z = complex(float(line["r_ohm_per_km"]), float(line["x_ohm_per_km"])) * float(line["length_km"])
    s = complex(float(load["p_mw"]), float(load["q_mvar"]))
    left = v2**4 + (2 * (s.real * z.real + s.imag * z.imag) - v1**2) * v2**2 + abs(s) ** 2 * abs(z) ** 2
    assert left == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("file", "column", "wrong"),
    [
        ("ref_bus.csv", "vm_pu", "bus voltage"),
        ("ref_bus.csv", "va_degree", "bus voltage, angle"),
        ("ref_line.csv", "p_from_mw", "line power, near end"),
        ("ref_line.csv", "q_from_mvar", "line power, near end"),
        ("ref_line.csv", "pl_mw", "line losses"),
        ("ref_line.csv", "i_ka", "line current"),
        ("ref_line.csv", "loading_percent", "line loading"),
    ],
)
def test_a_reference_that_is_off_by_a_thousandth_fails(two_buses, file, column, wrong):
    row = 1 if file == "ref_bus.csv" else 0
    edit(two_buses / file, row, column, lambda cell: float(cell) * 1.001)
    found = verdicts(run(two_buses))
    assert found[wrong] is False
    spared = {"p_from_mw": {"line power, far end"}, "pl_mw": {"line power, far end"}}.get(column, set())
    assert all(good for quantity, good in found.items() if quantity not in {wrong, *spared})


def test_a_value_that_the_reference_does_not_know_is_left_out(two_buses):
    edit(two_buses / "ref_bus.csv", 1, "vm_pu", lambda _: "")
    assert all(row["pass"] for row in run(two_buses))


def test_tolerances_beside_the_case_count(two_buses):
    edit(two_buses / "ref_bus.csv", 1, "vm_pu", lambda cell: float(cell) + 1e-4)
    assert verdicts(run(two_buses))["bus voltage"] is False
    (two_buses / "tolerance.json").write_text('{"voltage_pu": 1e-3}')
    assert verdicts(run(two_buses))["bus voltage"] is True
    assert read_tolerances(two_buses) == ({**DEFAULTS, "voltage_pu": 1e-3, "element_voltage_pu": 1e-3}, ())
    (two_buses / "tolerance.json").unlink()
    assert read_tolerances(two_buses) == (dict(DEFAULTS), ())


def test_tolerances_that_make_no_sense_are_named_and_the_others_count(two_buses):
    (two_buses / "tolerance.json").write_text('{"voltage": 1e-3, "flow_rel": -1, "published_voltage_v": 0.1}')
    allowed, (unknown, wrong) = read_tolerances(two_buses)
    assert allowed == {**DEFAULTS, "published_voltage_v": 0.1}
    assert (unknown.message, unknown.suggestion) == ("unknown tolerance 'voltage'", "voltage_pu")
    assert (wrong.message, wrong.expected) == ("flow_rel is -1", "a positive number")
    assert verdicts(run(two_buses))["tolerance.json"] is None  # said, and nothing fails for it
    (two_buses / "tolerance.json").write_text("[1]")
    assert read_tolerances(two_buses)[0] == dict(DEFAULTS)


def test_a_case_that_cannot_be_read_is_a_row_that_fails(two_buses):
    edit(two_buses / "line.csv", 0, "r_ohm_per_km", lambda _: "much")
    (row,) = run(two_buses)
    assert row["pass"] is False
    assert "r_ohm_per_km is 'much'" in row["note"]


def test_a_program_that_fails_in_one_case_leaves_the_others(two_buses, monkeypatch):
    shutil.copytree(two_buses, two_buses.parent / "more")

    def read(folder):
        if folder.name == "more":
            raise IndexError("of our own")
        return read_grid(folder)

    monkeypatch.setattr("twin.validation.grid.suite.read_grid", read)
    rows = run(two_buses.parent)
    assert [row["note"] for row in rows if row["case"] == "more"] == ["the program failed: IndexError: of our own"]
    assert all(row["pass"] for row in rows if row["case"] == "two_buses")


def test_a_case_without_a_solution_is_a_row_that_fails(two_buses):
    edit(two_buses / "load.csv", 0, "p_mw", lambda _: 10.0)
    (row,) = run(two_buses)
    assert row["pass"] is False
    assert "no solution" in row["note"]


def test_a_reference_for_a_bus_that_is_not_there_fails(two_buses):
    edit(two_buses / "ref_bus.csv", 1, "bus", lambda _: "7")
    rows = run(two_buses)
    assert [row["note"].partition("the grid")[2] for row in rows if row["pass"] is False] == [" has no bus 7"]
    assert "line losses" in verdicts(rows)  # the other references are compared all the same


def test_references_that_are_not_known_and_cases_without_any_are_skipped(two_buses):
    (two_buses / "ref_line.csv").rename(two_buses / "ref_cable.csv")
    (two_buses / "ref_bus.csv").unlink()
    (row,) = run(two_buses)
    assert (row["quantity"], row["pass"]) == ("ref_cable.csv", None)
    (two_buses / "ref_cable.csv").unlink()
    (row,) = run(two_buses)
    assert (row["quantity"], row["pass"]) == ("all", None)


@pytest.fixture
def profiles(tmp_path):
    return Path(shutil.copytree(OWN / "profiles", tmp_path / "profiles"))


@pytest.mark.parametrize(
    ("file", "column", "wrong"),
    [
        ("ref_year_bus_stats.csv", "p97_5", "bus voltage of the year, p97_5"),
        ("ref_year_bus_stats.csv", "steps_outside_5pct", "steps outside 5 % of the nominal voltage"),
        ("ref_vm_pu_steps.csv", "bus1", "bus voltage at 3 steps"),
    ],
)
def test_a_year_that_is_off_fails(profiles, file, column, wrong):
    edit(profiles / file, 1, column, lambda cell: float(cell) + (1 if "steps_" in column else 1e-6))
    assert [quantity for quantity, good in verdicts(run(profiles)).items() if not good] == [wrong]


def test_energies_that_are_off_fail(profiles):
    about = json.loads((profiles / "ref_year.json").read_text())
    (profiles / "ref_year.json").write_text(json.dumps(about | {"slack_export_mwh": 1.001 * about["slack_export_mwh"]}))
    assert [quantity for quantity, good in verdicts(run(profiles)).items() if not good] == ["slack export"]


def test_what_a_year_lacks_is_said(profiles):
    edit(profiles / "sgen.csv", 0, "profile", lambda _: "wind")
    rows = {row["quantity"]: row for row in run(profiles)}
    assert rows["bus voltage"]["pass"] is True  # the first step needs no profile
    assert "there is no profile 'renewables:wind'" in rows["power flow of the year"]["note"]
    (profiles / "profiles_15min.npz").write_bytes(b"PK no archive")
    assert "cannot be read" in {row["quantity"]: row for row in run(profiles)}["power flow of the year"]["note"]
    (profiles / "profiles_15min.npz").unlink()
    assert (
        "has 0 files profiles*.npz" in {row["quantity"]: row for row in run(profiles)}["power flow of the year"]["note"]
    )


def test_a_step_that_the_case_has_not_is_said(profiles):
    edit(profiles / "ref_vm_pu_steps.csv", 0, "step", lambda _: "96")
    (row,) = (row for row in run(profiles) if row["pass"] is False)
    assert "step is '96'; expected a whole number from 0 to 95" in row["note"]


def test_a_minute_and_a_load_that_the_case_has_not_are_said(tmp_path):
    case = Path(shutil.copytree(OWN / "single_phase_load", tmp_path / "feeder"))
    (case / "ref_voltages_minute_2.csv").rename(case / "ref_voltages_minute_3.csv")
    (case / "ref_load_voltages_2.csv").write_text("minute,load9_V\n1,240\n")
    notes = [row["note"] for row in run(case) if row["pass"] is False]
    assert ["no minute 3" in notes[1], "there is no load for the column load9_V" in notes[0]] == [True, True]


def test_published_voltages_are_compared_in_volts(tmp_path):
    case = Path(shutil.copytree(OWN / "single_phase_load", tmp_path / "feeder"))
    (known,) = (row["load1_V"] for row in table(case / "ref_load_voltages_2.csv")[:1])
    (case / "published_load_voltages_2.csv").write_text(f"minute,load1_somebody_V\n1,{float(known) + 2e-3}\n")
    (row,) = (row for row in run(case) if "somebody" in row["quantity"])
    assert (row["worst"], row["unit"], row["pass"]) == (pytest.approx(2e-3, rel=1e-6), "V", True)


def test_totals_of_the_program_behind_an_element_file(tmp_path):
    case = Path(shutil.copytree(OWN / "unbalanced_elements", tmp_path / "feeder"))
    about = json.loads((case / "network.json").read_text())
    (case / "network.json").write_text(json.dumps(about | {"reference": {"losses_w": "20000", "total_power_kw": -1.0}}))
    found = verdicts(run(case))
    assert (found["losses"], found["power of the sources"], found["bus voltage"]) == (False, False, True)


def test_ends_of_open_lines_are_no_buses_of_the_file():
    """Charging raises the voltage there, of which references know nothing."""
    study = Study(read_grid(OWN / "open_line_end"))
    ids = study.grid.bus.ids[study.grid.phase_node["bus"]]
    assert [name for name in ids if name.endswith("/open")]
    assert not [name for name in ids[study.own_nodes] if name.endswith("/open")]


def test_nodes_of_neutral_conductors_are_left_out(tmp_path):
    case = Path(shutil.copytree(OWN / "unbalanced_elements", tmp_path / "feeder"))
    path = case / "ref_voltages.csv"
    first = table(path)[0]
    neutral = first | {"node": "4", **{name: "0.5" for name in first if name not in ("bus", "node")}}
    path.write_text(path.read_text().rstrip() + "\n" + ",".join(neutral[name] for name in first) + "\n")
    assert verdicts(run(case))["bus voltage"] is True


def test_what_else_lies_beside_the_cases_is_left_alone(two_buses):
    (two_buses.parent / "index.json").write_text("{}")
    (two_buses.parent / ".hidden").mkdir()
    assert {row["case"] for row in run(two_buses.parent)} == {"two_buses"}


def test_folders_without_cases_are_an_error(tmp_path):
    with pytest.raises(TwinError, match="holds no case"):
        run(tmp_path)
    with pytest.raises(TwinError, match="there is no such folder"):
        run(tmp_path / "nowhere")


def test_distances_that_are_no_numbers_fail_and_nothing_is_skipped():
    assert compared("a", "b", [1.0, np.nan], 1e9, "pu")["pass"] is False
    assert compared("a", "b", [], 1e-6, "pu")["pass"] is None
    assert compared("a", "b", [1e-7, -2e-7], 1e-6, "pu")["worst"] == 2e-7


def test_the_command_prints_one_document_and_tells_by_its_exit_code(two_buses, capsys):
    assert main(["validate", "grid", "--cases", str(two_buses), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["suite"], found["n_fail"], found["n_skipped"]) == ("grid", 0, 0)
    assert {"case", "quantity", "worst", "tolerance", "unit", "pass"} <= set(found["rows"][0])
    edit(two_buses / "ref_bus.csv", 1, "vm_pu", lambda cell: float(cell) + 1e-4)
    assert main(["validate", "grid", "--cases", str(two_buses)]) == 1


@pytest.mark.corpus
def test_published_and_independently_solved_networks(shared):
    rows = run(shared / "data" / "grids")
    assert [row for row in rows if row["pass"] is not True] == []
    assert len({row["case"] for row in rows}) == 10
    losses = next(row for row in rows if row["case"] == "matpower_case33bw" and row["quantity"] == "losses")
    assert losses["note"] == "of 202.677 kW"
