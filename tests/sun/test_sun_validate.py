"""``twin validate sun``: closed forms, scenes of other programs, and every mistake with a word of what is wrong."""

import json
import zipfile

import numpy as np
import pytest
from sun_case import ROOF, SOUTH, box, clear_hours, scene_of_boxes

from twin.cli import main
from twin.validation.sun.scene_file import ResultFile, read_hours, read_scene

COLUMNS = ("ghi", "dni", "dhi", "zenith", "azimuth", "ext")
HOUSES = [(0, 0, 10, 9, 6), (0, -20, 10, 9, 14), (30, 0, 10, 9, 9)]
DAYS = slice(24 * 170, 24 * 174)


def arrays_of(boxes=HOUSES, context=6):
    """Return a scene as its file has it; the last faces only cast shade."""
    corners = np.concatenate([box(*b) for b in boxes]).reshape(-1, 3)
    n = len(corners) // 4
    faces = (4 * np.arange(n)[:, None, None] + [[0, 1, 2], [0, 2, 3]]).reshape(-1, 3)
    surface = np.repeat(np.arange(n), 2)
    surface[surface >= n - context] = -1
    return {"V": corners, "F": faces, "S": surface}


@pytest.fixture
def files(tmp_path):
    scene, weather = tmp_path / "scene.npz", tmp_path / "weather.csv"
    np.savez(scene, **arrays_of())
    beam, diffuse, total, zenith, azimuth, extra = (values[DAYS] for values in clear_hours())
    np.savetxt(
        weather,
        np.column_stack([total, beam, diffuse, zenith, azimuth, extra]),
        delimiter=",",
        header=",".join(COLUMNS),
        comments="",
        fmt="%.6f",
    )
    return {"scene": scene, "weather": weather, "out": tmp_path / "result.npz"}


def validate(files, **others):
    words = ["validate", "sun"]
    for name, value in {**files, **others}.items():
        words += [f"--{name}", str(value)] if value is not None else []
    return main(words)


def test_closed_forms_as_one_json_document(capsys):
    assert main(["validate", "sun", "--quality", "fine", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["suite"] == "sun"
    assert (found["n_pass"], found["n_fail"], found["n_skipped"]) == (len(found["rows"]), 0, 0) != (0, 0, 0)
    keys = {"case", "quantity", "unit", "pass", "ours", "reference", "worst", "tolerance"}
    assert all(keys <= set(row) for row in found["rows"])


def test_the_exit_code_says_whether_one_is_missed(capsys, monkeypatch):
    monkeypatch.setattr("twin.validation.sun.closed_forms.TOLERANCE", 1e-9)
    assert main(["validate", "sun"]) == 1
    assert "FAIL" in capsys.readouterr().out


def test_a_scene_gives_irradiance_on_its_surfaces(files, capsys):
    assert validate(files) == 0
    assert "irradiation" in capsys.readouterr().out
    found = np.load(files["out"])
    assert set(found.files) == {"E", "beam", "ids", "rays", "view", "irradiance", "seconds"}
    assert found["ids"].tolist() == list(range(12))
    assert found["E"].shape == found["beam"].shape == (12, 96)
    assert found["E"].dtype == np.float32
    assert float(found["seconds"]) == pytest.approx(sum(float(found[k]) for k in ("rays", "view", "irradiance")))
    total, beam = found["E"], found["beam"]
    assert (beam <= total + 1e-3).all()
    assert (beam >= 0.0).all()
    assert total[ROOF].sum() > total[SOUTH].sum() > 0.0
    assert not total[0].any()  # floors see no sky, and the ground is black
    assert total[:, clear_hours()[3][DAYS] > 91.0].max() == 0.0


def test_what_is_printed_is_the_mean_of_what_is_written(files, capsys):
    assert main(["validate", "sun", "--json", *(w for k, v in files.items() for w in (f"--{k}", str(v)))]) == 0
    (row,) = json.loads(capsys.readouterr().out)["rows"]
    assert row["pass"] is None
    areas = scene_of_boxes(*HOUSES[:2]).areas
    energy = np.load(files["out"])["E"].sum(axis=1, dtype=float) / 1e3
    assert row["ours"] == pytest.approx(areas @ energy / areas.sum(), rel=1e-5)


def test_choices_change_what_is_found(files):
    found = {}
    for name, choice in {
        "plain": {},
        "fine": {"quality": "fine"},
        "perez": {"sky": "perez"},
        "ground": {"albedo": 0.5},
    }.items():
        assert validate(files, **choice) == 0
        found[name] = np.load(files["out"])["E"].sum(axis=1, dtype=float)
    for name in ("fine", "perez", "ground"):
        assert found[name] != pytest.approx(found["plain"], rel=1e-5)
    outside = [k for k in range(12) if k % 6 != 0]
    assert found["fine"][outside] == pytest.approx(found["plain"][outside], rel=0.08)
    assert (found["ground"][2:6] > found["plain"][2:6]).all()


def test_surfaces_without_area_or_number_are_left_out(files):
    arrays = arrays_of()
    arrays["S"] = np.where(arrays["S"] == 3, 40, arrays["S"])  # a surface 40, and none called 3
    arrays["V"][16:20] = 0.0  # and the fifth is a point
    np.savez(files["scene"], **arrays)
    assert validate(files) == 0
    assert np.load(files["out"])["ids"].tolist() == [0, 1, 2, 5, 6, 7, 8, 9, 10, 11, 40]


# -- what a user may get wrong


def complaint(capsys, files, code=1, **others):
    before = files["out"].exists()
    assert validate(files, **others) == code
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err + printed.out
    assert printed.out == ""
    assert files["out"].exists() == before
    assert not list(files["out"].parent.glob("*.part"))
    return " ".join(printed.err.split())


@pytest.mark.parametrize("name", ["scene", "weather"])
def test_a_file_that_is_not_there(files, capsys, name):
    files[name].unlink()
    assert f"{name}" in (said := complaint(capsys, files))
    assert "no such file" in said


@pytest.mark.parametrize("content", [b"", b"V,F,S", b"PK\x03\x04 but no more", b"\x93NUMPY"])
def test_a_scene_that_is_no_npz(files, capsys, content):
    files["scene"].write_bytes(content)
    assert "is no NPZ file" in complaint(capsys, files)


def test_one_array_alone_is_no_scene(files, capsys):
    with files["scene"].open("wb") as handle:
        np.save(handle, np.zeros((3, 3)))
    assert "is no NPZ file" in complaint(capsys, files)


def test_a_zip_of_something_else_is_no_scene(files, capsys):
    with zipfile.ZipFile(files["scene"], "w") as archive:
        archive.writestr("V.npy", b"no array")
    said = complaint(capsys, files)
    assert "is |S8 of shape ()" in said
    assert "has no array F" in said


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"V": None, "S": None}, ["has no array V", "has no array S", "(n, 3) numbers"]),
        ({"F": np.zeros((4, 3))}, ["is float64 of shape (4, 3)", "integers"]),
        ({"V": np.zeros((4, 2))}, ["is float64 of shape (4, 2)", "(n, 3) numbers"]),
        ({"S": np.zeros(5, dtype=int)}, ["F has 36 triangles, S 5"]),
        ({"S": np.full(36, -1)}, ["no triangle belongs to a surface"]),
        ({"S": np.zeros((36, 1), dtype=int)}, ["is int64 of shape (36, 1)"]),
        ({"F": np.full((36, 3), 72)}, ["points to vertices 72 .. 72", "0 .. 71"]),
        ({"F": np.full((36, 3), -1)}, ["points to vertices -1 .. -1"]),
        ({"V": np.full((72, 3), np.nan)}, ["216 coordinates are not finite"]),
        ({"V": np.full((72, 3), "x")}, ["is <U1 of shape (72, 3)"]),
        ({"V": np.array([{}, {}], dtype=object)}, ["is no NPZ file"]),
        ({"F": np.zeros((0, 3), dtype=int), "S": np.zeros(0, dtype=int)}, ["no triangle belongs to a surface"]),
    ],
)
def test_a_scene_whose_arrays_are_not_in_order(files, capsys, changes, said):
    arrays = {name: array for name, array in {**arrays_of(), **changes}.items() if array is not None}
    np.savez(files["scene"], **arrays)
    complained = complaint(capsys, files)
    for words in said:
        assert words in complained


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("dni", "beam", ["has no column dni", "the columns ghi, dni, dhi, zenith, azimuth, ext"]),
        ("0.000000", "none", ["weather.csv:2", "is 'none'; expected a number"]),
        ("0.000000", "-50", ["is -50; expected -20 .. 2000"]),
        ("0.000000", "nan", ["is nan"]),
        ("0.000000", "", ["is ''; expected a number"]),
    ],
)
def test_weather_that_is_not_in_order(files, capsys, old, new, said):
    files["weather"].write_text(files["weather"].read_text().replace(old, new, 1))
    complained = complaint(capsys, files)
    for words in said:
        assert words in complained


def test_what_instruments_measure_below_zero_at_night_is_nothing(files):
    text = files["weather"].read_text()
    files["weather"].write_text(text.replace("0.000000", "-2.5", 1))
    assert read_hours(files["weather"])["ghi"].min() == 0.0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no column ghi"),
        ((",".join(COLUMNS) + "\n").encode(), "has no rows"),
        ((",".join(COLUMNS) + "\n1,2,3\n").encode(), "is None; expected a number"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"ghi\x00,dni\n\x001", "weather.csv"),
    ],
)
def test_weather_that_is_something_else(files, capsys, content, said):
    files["weather"].write_bytes(content)
    assert said in complaint(capsys, files)


def test_a_folder_where_a_file_should_be(files, capsys):
    folder = files["out"].parent
    assert complaint(capsys, {**files, "scene": folder})
    assert complaint(capsys, {**files, "weather": folder})
    assert "no such folder to write to" in complaint(capsys, {**files, "out": folder / "nowhere" / "result.npz"})


@pytest.mark.parametrize("missing", [("weather", "out"), ("out",), ("scene",)])
def test_scene_weather_and_out_go_together(files, capsys, missing):
    said = complaint(capsys, files, **dict.fromkeys(missing))
    assert all(f"--{name}" in said for name in missing)
    assert "together" in said


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        ({"quality": "best"}, "--quality is 'best'; expected standard or fine"),
        ({"sky": "blue"}, "--sky is 'blue'; expected perez or haydavies"),
        ({"albedo": 1.5}, "--albedo is 1.5; expected 0 .. 1"),
        ({"albedo": "nan"}, "--albedo is nan; expected 0 .. 1"),
        ({"cases": "."}, "--cases means nothing to the suite sun"),
    ],
)
def test_choices_that_there_are_not(files, capsys, choice, said):
    assert said in complaint(capsys, files, **choice)


def test_usage(files, capsys):
    complaint(capsys, files, code=2, albedo="much")
    complaint(capsys, files, code=2, colour="red")
    assert main(["validate", "sum"]) == 1
    assert "did you mean 'sun'?" in capsys.readouterr().err
    assert main(["validate", "sum", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["status"] == "error"
    assert "there is no suite 'sum'" in found["problems"][0]


def test_a_result_that_is_there_stays_until_the_new_one_is_whole(files):
    files["out"].write_bytes(b"yesterday's")

    def parts():
        yield np.zeros((1, 4), dtype=np.float32), np.zeros((1, 4), dtype=np.float32)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ResultFile(files["out"], np.arange(2), 4).write(parts(), {})
    assert files["out"].read_bytes() == b"yesterday's"
    assert not list(files["out"].parent.glob("*.part"))


def test_files_are_read_as_they_were_written(files):
    scene = read_scene(files["scene"])
    assert scene.n_surfaces == 12
    assert scene.areas == pytest.approx(scene_of_boxes(*HOUSES[:2]).areas)
    hours = read_hours(files["weather"])
    assert list(hours) == list(COLUMNS)
    np.testing.assert_allclose(hours["dni"], clear_hours()[0][DAYS], atol=1e-6)
    files["weather"].write_bytes(b"\xef\xbb\xbf" + files["weather"].read_bytes())
    assert len(read_hours(files["weather"])["ghi"]) == 96
