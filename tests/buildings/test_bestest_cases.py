"""Case files: inheritance, spellings of set back and night ventilation, and what is not understood."""

from __future__ import annotations

import json

import numpy as np
import pytest
from bestest_case import case_file

from twin.errors import TwinError
from twin.validation.bestest.cases import read_cases
from twin.validation.bestest.glazing import glazing
from twin.validation.bestest.rows import read_ranges, row
from twin.validation.bestest.schedules import NotUnderstoodError, as_number, table


def read(folder, **cases):
    return read_cases(case_file(folder, cases))


def test_a_case_is_its_base_except_for_what_it_says(tmp_path):
    found = read(tmp_path, B={"base": "A", "cooling_C": 20.0}, C={"base": "B", "window_orientation": "E,W"}).cases
    assert found["A"].windows == {"S": 12.0}
    assert found["C"].windows == {"E": 6.0, "W": 6.0}
    assert found["A"].cooling_degc == (27.0,) * 24
    assert found["C"].cooling_degc == (20.0,) * 24
    assert (found["C"].internal_gains_w, found["C"].infiltration_ach) == (200.0, 0.5)


def test_free_floating_has_no_set_points(tmp_path):
    found = read(tmp_path, FF={"base": "A", "hvac": "none (free floating)"}).cases["FF"]
    assert np.isnan((found.heating_degc, found.cooling_degc)).all()


@pytest.mark.parametrize(
    "setback",
    [
        {"heating_C": 10, "from_hour": 23, "to_hour": 7},
        {"setpoint_C": 10.0, "start": "23:00", "end": "07:00"},
        {"night_C": 10, "hours": "23-7"},
        "10 C from 23 h to 7 h, else 20 C",
        "heating 10 degC, 2300-0700",
        True,
    ],
)
@pytest.mark.parametrize("key", ["setback", "night setback", "heating_setback"])
def test_setback_in_the_spellings_found(tmp_path, key, setback):
    found = read(tmp_path, B={"base": "A", key: setback})
    assert not found.not_understood
    assert found.cases["B"].heating_degc == (10.0,) * 7 + (20.0,) * 16 + (10.0,)


@pytest.mark.parametrize(
    "fan",
    [
        {"flow_m3_h": 1703.16, "from_hour": 18, "to_hour": 7},
        {"ach": 1703.16 / 129.6, "hours": [18, 7]},
        "fan 1703.16 m3/h, 18-7 h",
        True,
    ],
)
@pytest.mark.parametrize("key", ["night_ventilation", "night ventilation"])
def test_night_ventilation_runs_the_fan_and_neither_cools_meanwhile_nor_heats(tmp_path, key, fan):
    found = read(tmp_path, B={"base": "A", key: fan}, BFF={"base": "B", "hvac": "none (free floating)"})
    assert not found.not_understood
    case = found.cases["B"]
    assert case.fan is not None
    assert case.fan.flow_m3_s == pytest.approx(0.4731)
    assert sorted(case.fan.hours) == [*range(7), *range(18, 24)]
    assert np.isnan(case.heating_degc).all()
    assert np.flatnonzero(np.isfinite(case.cooling_degc)).tolist() == list(range(7, 18))
    assert found.cases["BFF"].fan == case.fan


def test_windows_may_be_missing_opaque_or_described(tmp_path):
    found = read(
        tmp_path,
        none={"base": "A", "windows": "none: opaque wall"},
        panels={"base": "none", "windows": "high-conductance opaque panels in place of the windows"},
        glass={"base": "panels", "windows": "6 m2 E,W double"},
    ).cases
    assert found["none"].windows == {}
    assert found["panels"].panels
    assert not found["glass"].panels
    assert found["glass"].windows == {"E": 3.0, "W": 3.0}


def test_what_one_may_say_of_windows_gains_and_hours(tmp_path):
    found = read(
        tmp_path,
        both={"base": "A", "windows": {"S": 8, "N": 4}},
        south={"base": "both", "window_orientation": "S"},
        office={"base": "A", "heating_C": [15] * 8 + [21] * 10 + ["off"] * 6},
        people={"base": "A", "internal_gains_W": {"total": 500, "radiative_fraction": 0.3}},
    ).cases
    assert found["both"].windows == {"S": 8.0, "N": 4.0}
    assert found["south"].windows == {"S": 12.0}
    assert found["office"].heating_degc[:18] == (15.0,) * 8 + (21.0,) * 10
    assert np.isnan(found["office"].heating_degc[18:]).all()
    assert (found["people"].internal_gains_w, found["people"].radiant_share) == (500.0, 0.3)
    assert found["A"].radiant_share == 0.6


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"sunspace": "attached"}, "unknown key 'sunspace'"),
        ({"overhangs": {"depth_m": 1.0}}, "did you mean 'overhang'?"),
        ({"overhang": {"depth_m": 1.0, "tilt_deg": 20}}, "overhang says tilt_deg"),
        ({"window_orientation": "up"}, "expected some of N, E, S, W"),
        ({"construction": "straw"}, "expected one of plain"),
        ({"windows": {"S": 6, "roof": 2}}, "windows say roof; expected m2 by some of N, E, S, W"),
        ({"heating_C": [20, 10]}, "2 set points; expected one or 24"),
        ({"setback": "a little"}, "expected a temperature and hours"),
        ({"night_ventilation": "18-7"}, "states no flow"),
        ({"infiltration_ach": "much"}, "'much' is no number"),
    ],
)
def test_a_case_that_is_not_understood_is_left_out_and_says_why(tmp_path, said, why):
    found = read(tmp_path, B={"base": "A", **said}, C={"base": "B"})
    assert list(found.cases) == ["A"]
    assert why in found.not_understood["B"]
    assert found.not_understood["B"].startswith("/cases/B: ")
    assert why in found.not_understood["C"]


def test_bases_that_are_not_there_or_go_round_are_errors(tmp_path):
    with pytest.raises(TwinError) as error:
        read(tmp_path, B={"base": "AA"}, C={"base": "D"}, D={"base": "C"})
    text = str(error.value)
    assert "there is no case 'AA'" in text
    assert "did you mean 'A'?" in text
    assert "C is its own base" in text


def test_a_file_that_is_none_says_what_is_missing(tmp_path):
    path = tmp_path / "cases.json"
    path.write_text('{"common": {}}')
    with pytest.raises(TwinError, match="/glazing: the section is missing"):
        read_cases(path)
    path.write_text("{")
    with pytest.raises(TwinError, match="this is no JSON"):
        read_cases(path)


def test_a_box_that_is_not_whole_is_told_with_all_that_is_missing(tmp_path):
    path = case_file(tmp_path, {}, geometry={"length_ew_m": 8.0, "width_ns_m": "six", "wall_area_gross_m2": {"N": 0}})
    with pytest.raises(TwinError) as error:
        read_cases(path)
    text = str(error.value)
    assert "/common/geometry/width_ns_m: 'six' is stated" in text
    assert "/common/geometry/volume_m3: nothing is stated" in text
    assert "/common/geometry/wall_area_gross_m2/N: 0 is stated" in text
    assert "length_ew_m" not in text


def test_numbers_are_read_from_objects_that_say_just_these():
    np.testing.assert_array_equal(table([{"a": 1, "b": "2", "name": "x"}], ("a", "b"), "a layer"), [[1.0, 2.0]])
    with pytest.raises(NotUnderstoodError, match="a layer states no b, but lambda"):
        table([{"a": 1, "lambda": 2}], ("a", "b"), "a layer")
    with pytest.raises(NotUnderstoodError, match="a layer says c; known are a"):
        table([{"a": 1, "c": 2}], ("a",), "a layer")
    with pytest.raises(NotUnderstoodError, match="expected a list"):
        table("same", ("a",), "a layer")


def test_ranges_are_read_with_all_their_problems_at_once(tmp_path):
    path = tmp_path / "ranges.csv"
    path.write_text("case,quantity,unit,ref_min,ref_max,accept_low,accept_high\nA,x,W,2,1,,\nA,y,W,one,2,,\n")
    with pytest.raises(TwinError) as error:
        read_ranges(path)
    assert "2: ref_min 2 is above ref_max 1" in str(error.value)
    assert "3: ref_min is 'one'" in str(error.value)


def test_a_row_prefers_limits_of_acceptance_and_passes_no_judgement_on_what_is_not_there(tmp_path):
    path = tmp_path / "ranges.csv"
    path.write_text("case,quantity,unit,ref_min,ref_max,accept_low,accept_high\nA,x,W,1,2,1,3\nA,y,W,1,2,,\n")
    x, y = read_ranges(path)
    assert (row(x, {"x": 2.5})["basis"], row(x, {"x": 2.5})["pass"]) == ("acceptance", True)
    assert (row(y, {"y": 2.5})["basis"], row(y, {"y": 2.5})["pass"]) == ("range", False)
    assert row(y, {"x": 2.5})["pass"] is None
    assert row(y, {})["note"] == "no such case in the file"


@pytest.mark.parametrize(
    ("section", "name", "value", "said"),
    [
        ("common", "thermostat", "20 C", "thermostat is no object"),
        ("common", "surface", None, "surface is no object"),
        ("constructions", "light", [1], "light is no object"),
        ("glazing", "clear", 3, "clear is no object"),
    ],
)
def test_what_should_be_an_object_and_is_none_is_said(tmp_path, section, name, value, said):
    path = case_file(tmp_path, {})
    content = json.loads(path.read_text())
    content[section][name] = value
    path.write_text(json.dumps(content))
    with pytest.raises(TwinError, match=said):
        read_cases(path)


@pytest.mark.parametrize("base", [None, ["A"]])
def test_a_base_that_is_no_name_is_said(tmp_path, base):
    with pytest.raises(TwinError, match="the base of B is"):
        read(tmp_path, B={"base": base})


@pytest.mark.parametrize("number", ["warm", float("nan"), "1e999"])
def test_what_is_no_finite_number_is_not_understood(number):
    with pytest.raises(NotUnderstoodError, match="number"):
        as_number(number)


@pytest.mark.parametrize(
    ("pane", "gap", "said"),
    [
        ({"solar_transmittance": 0.95}, {}, "cannot be"),
        ({"thickness_m": 0.0}, {}, "cannot be"),
        ({"ir_emissivity_front": 1.2}, {}, "cannot be"),
        ({}, {"thickness_m": -0.012}, "nowhere wide"),
    ],
)
def test_glass_that_cannot_be_is_not_understood(tmp_path, pane, gap, said):
    file = read(tmp_path)
    name = next(iter(file.glazings))
    stated = file.glazings[name]
    stated["panes_outside_to_inside"][0] |= pane
    stated["gap"] |= gap
    with pytest.raises(NotUnderstoodError, match=said):
        glazing(file, name)
