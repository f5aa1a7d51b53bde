"""Damaged grid files: whatever is wrong with one, reading gives a grid or a `TwinError` that names it."""

import re
import shutil
from pathlib import Path

import pytest

from twin.errors import TwinError
from twin.grid.files import read_grid

CASES = Path(__file__).parents[1] / "cases" / "grid"
FOLDERS = ("per_unit_mesh", "single_phase_load", "open_line_end", "voltage_held", "profiles", "simbench")
SIMBENCH = {
    "Node": "id;vmSetp;vaSetp;vmR\nn1;1.02;0;20\nn2;;;0.4\nn3;;;0.4\n",
    "ExternalNet": "id;node;calc_type\ne;n1;vavm\n",
    "Line": "id;nodeA;nodeB;type;length\nl;n2;n3;cable;0.1\n",
    "LineType": "id;r;x;b;iMax\ncable;0.3;0.08;0;200\n",
    "Transformer": "id;nodeHV;nodeLV;type;tappos\nt;n1;n2;unit;0\n",
    "TransformerType": "id;sR;vmHV;vmLV;va0;vmImp;pCu;pFe;iNoLoad;tapable\nunit;0.4;20;0.4;150;6;4;0.9;0.3;0\n",
    "Load": "id;node;profile;pLoad;qLoad\nload;n3;H0;0.02;0.005\n",
}


def copied(name, folder):
    """Return a case in a folder of its own."""
    if name != "simbench":
        return Path(shutil.copytree(CASES / name, folder / name))
    target = folder / name
    target.mkdir()
    for table, text in SIMBENCH.items():
        (target / f"{table}.csv").write_text(text)
    return target


def what_is_wrong(folder):
    """Return what a grid's reader says; whatever it raises but a `TwinError` fails the test."""
    try:
        read_grid(folder)
    except TwinError as error:
        return str(error)
    return ""


def tables():
    for name in FOLDERS:
        of_case = sorted(SIMBENCH) if name == "simbench" else sorted(p.stem for p in (CASES / name).glob("*.csv"))
        yield from ((name, f"{table}.csv") for table in of_case if not table.startswith("ref_"))


TABLES = list(tables())


def empty(path):
    path.write_text("")


def header_only(path):
    path.write_text(path.read_text().splitlines()[0] + "\n")


def blank_first_line(path):
    path.write_text("\n" + path.read_text())


def a_directory(path):
    path.unlink()
    path.mkdir()


def not_text(path):
    path.write_bytes(b"\xff\xfe\x00" * 20)


def words_for_cells(path):
    header, *rows = path.read_text().splitlines()
    cut = ";" if ";" in header else ","
    path.write_text("\n".join([header, *(cut.join("word" for _ in row.split(cut)) for row in rows)]) + "\n")


def short_rows(path):
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([header, *(row[:2] for row in rows)]) + "\n")


DAMAGES = (empty, header_only, blank_first_line, a_directory, not_text, words_for_cells, short_rows)
FATAL = (empty, blank_first_line, not_text)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda one: one.__name__)
@pytest.mark.parametrize(("name", "file"), TABLES)
def test_damaged_tables(tmp_path, name, file, damage):
    folder = copied(name, tmp_path)
    damage(folder / file)
    assert damage not in FATAL or file in what_is_wrong(folder)


@pytest.mark.parametrize(("name", "file"), TABLES)
def test_any_column_missing(tmp_path, name, file):
    folder = copied(name, tmp_path)
    path = folder / file
    text = path.read_text()
    cut = ";" if name == "simbench" else ","
    rows = [line.split(cut) for line in text.splitlines()]
    for gone in range(len(rows[0])):
        path.write_text("\n".join(cut.join(row[:gone] + row[gone + 1 :]) for row in rows) + "\n")
        told = what_is_wrong(folder)
        assert not told or str(folder) in told


@pytest.mark.parametrize(
    ("name", "file", "what"),
    [
        ("per_unit_mesh", "bus", "bus"),
        ("single_phase_load", "buses", "bus"),
        ("single_phase_load", "linecodes", "line code"),
        ("single_phase_load", "loads", "load"),
        ("single_phase_load", "profiles_kw", "step"),
        ("open_line_end", "bus", "bus"),
        ("simbench", "Node", "node"),
    ],
)
def test_tables_that_need_rows(tmp_path, name, file, what):
    folder = copied(name, tmp_path)
    header_only(folder / f"{file}.csv")
    with pytest.raises(TwinError, match=rf"{file}\.csv: has no rows; expected at least one {what}"):
        read_grid(folder)


def with_mark(text):
    return "\ufeff" + text


def with_carriage_returns(text):
    return text.replace("\n", "\r\n")


def by_semicolons(text):
    return text.replace(",", ";")


@pytest.mark.parametrize("style", [with_mark, with_carriage_returns, by_semicolons], ids=lambda one: one.__name__)
@pytest.mark.parametrize("name", FOLDERS)
def test_other_ways_to_write_the_same(tmp_path, name, style):
    """A byte order mark, Windows line ends and semicolons change nothing."""
    folder = copied(name, tmp_path)
    plain = read_grid(folder)
    for path in [*folder.glob("*.csv"), *folder.glob("*.json")]:
        if path.suffix == ".csv" or style is not by_semicolons:
            path.write_bytes(style(path.read_text()).encode())
    case = read_grid(folder)
    assert [t.ids.tolist() for t in case.grid.tables] == [t.ids.tolist() for t in plain.grid.tables]
    assert (case.power_va == plain.power_va).all()


@pytest.mark.parametrize(
    ("name", "file"),
    [("per_unit_mesh", "case.json"), ("single_phase_load", "network.json"), ("open_line_end", "network.json")],
)
@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", "directory"])
def test_damaged_documents(tmp_path, name, file, content):
    folder = copied(name, tmp_path)
    (folder / file).unlink()
    if content == "directory":
        (folder / file).mkdir()
    else:
        (folder / file).write_text(content)
    told = what_is_wrong(folder)
    assert file in told or (name, content, told) == ("open_line_end", "{}", "")  # 50 Hz, then


@pytest.mark.parametrize("value", ['"text"', "0", "null", "[]", "NaN", "-Infinity", "1" + 400 * "0"])
@pytest.mark.parametrize("key", ["kva", "kv_ll", "isc1_a", "x1_r1", "r_percent", "base_frequency_hz", "pu"])
def test_bad_values_in_a_document(tmp_path, key, value):

    folder = copied("single_phase_load", tmp_path)
    path = folder / "network.json"
    path.write_text(re.sub(rf'"{key}": [^,\n]+', f'"{key}": {value}', path.read_text()))
    if (key, value) == ("r_percent", "0"):
        read_grid(folder)
        return
    with pytest.raises(TwinError):
        read_grid(folder)


def test_a_negative_short_circuit_voltage_in_a_table(tmp_path):
    folder = copied("tapped_transformer", tmp_path)
    header, row = (folder / "trafo.csv").read_text().splitlines()[:2]
    cells = row.split(",")
    at = header.split(",").index("vk_percent")
    cells[at] = f"-{cells[at]}"
    (folder / "trafo.csv").write_text(f"{header}\n{','.join(cells)}\n")
    with pytest.raises(TwinError, match=r"trafo\.csv:2: vk_percent is below zero; expected a number above zero"):
        read_grid(folder)


def test_thousands_of_bad_cells_are_counted(tmp_path):
    """The first 20 of a column are named, the others counted."""
    n = 3000
    (tmp_path / "case.json").write_text('{"base_mva": 1, "slack_bus": "bus 0", "slack_v_pu": 1.0}')
    rows = "".join(f"bus {k},x,y,0,0,z\n" for k in range(n))
    (tmp_path / "bus.csv").write_text("bus,p_load_mw,q_load_mvar,gs_mw,bs_mvar,base_kv\n" + rows)
    rows = "".join(f"bas {k},bas {k + 1},r,x\n" for k in range(n))
    (tmp_path / "branch.csv").write_text("from,to,r_pu,x_pu\n" + rows)
    with pytest.raises(TwinError) as error:
        read_grid(tmp_path)
    text = str(error.value)
    assert len(text.splitlines()) == 7 * 21
    assert f"{n - 20} more cells of column base_kv are wrong; expected a number" in text
    assert "bus.csv:21: p_load_mw is 'x'" in text
    assert "bus.csv:22: p_load_mw" not in text
