"""From attributes under many names and in many forms to the columns of buildings, and what becomes of the originals."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest
from city_cases import box, city_of, codes, read_document
from hypothesis import given
from hypothesis import strategies as st

from twin.city.attribute_values import EXACT, FULLER, ROUGH, UNREADABLE, read_values
from twin.city.attributes import ATTRIBUTE_NAMES, harmonize, is_blank, stated
from twin.city.cityjson import write_cityjson
from twin.city.found import Found
from twin.city.model import BUILDING_COLUMNS
from twin.table import DERIVED, GIVEN, MEASURE, MISSING, Table


def found_of(*attributes, parents=None, crs=None):
    """Buildings with attributes; parts where ``parents`` gives the row of their building."""
    found = Found("city", rings_closed=False, crs_as_found=crs)
    for k, one in enumerate(attributes):
        above = -1 if parents is None else parents[k]
        found.add_object(f"b{k}", above, dict(one), "Building" if above < 0 else "BuildingPart")
    return found


def columns_of(found):
    parents = np.array(found.parents)
    return harmonize(found, np.where(parents < 0, np.arange(len(parents)), parents), np.ones(len(parents), dtype=bool))


def cells(found, name):
    """Values of one column, None where missing."""
    values, sources = columns_of(found)[name]
    return [None if source == MISSING else value for value, source in zip(values.tolist(), sources, strict=True)]


@pytest.mark.parametrize(
    ("attributes", "column", "value"),
    [
        ({"yearOfConstruction": 1955}, "year_of_construction", 1955),
        ({"dateOfConstruction": "1955-01-01"}, "year_of_construction", 1955),
        ({"oorspronkelijkbouwjaar": 1951}, "year_of_construction", 1951),
        ({"baujahr": "1953"}, "year_of_construction", 1953),
        ({"建築年": "1988"}, "year_of_construction", 1988),
        ({"dateOfConstruction": {"beginning": "1954-01-01", "end": "1955-06-30"}}, "year_of_construction", 1955),
        ({"bldg:yearOfConstruction": 1955}, "year_of_construction", 1955),
        ({"+yearOfConstruction": 1955}, "year_of_construction", 1955),
        ({"yearofconstruction": 1955}, "year_of_construction", 1955),
        ({"storeysAboveGround": "3"}, "storeys_above_ground", 3),
        ({"numberOfFloorsAboveGround": 4}, "storeys_above_ground", 4),
        ({"anzahlDerOberirdischenGeschosse": 2}, "storeys_above_ground", 2),
        ({"地上階数": "13"}, "storeys_above_ground", 13),
        ({"b3_bouwlagen": 3.0}, "storeys_above_ground", 3),
        ({"building:levels": "5"}, "storeys_above_ground", 5),
        ({"地下階数": 1}, "storeys_below_ground", 1),
        ({"measuredHeight": "10,5"}, "measured_height_m", 10.5),
        ({"measuredHeight": "41 ft"}, "measured_height_m", 12.4968),
        ({"heightAboveGround": {"value": 41, "uom": "#ft"}}, "measured_height_m", 12.4968),
        ({"height": [{"Height": {"value": {"@uom": "#m", "#text": "9.0"}}}]}, "measured_height_m", 9.0),
        ({"計測高さ": 53.4}, "measured_height_m", 53.4),
        ({"b3_h_dak_max": 12.5, "b3_h_maaiveld": -1.5}, "measured_height_m", 14.0),
        ({"gebaeudefunktion": 1010}, "function", "1010"),
        ({"用途": "住宅"}, "usage", "住宅"),
        ({"gebruiksdoel": "woonfunctie,winkelfunctie"}, "function", "woonfunctie,winkelfunctie"),
        ({"b3_dak_type": "slanted"}, "roof_type", "slanted"),
    ],
)
def test_names_and_forms(attributes, column, value):
    found = found_of(attributes)
    assert cells(found, column) == [pytest.approx(value) if isinstance(value, float) else value]
    assert not found.findings
    standard = ATTRIBUTE_NAMES[column]
    plain = attributes.get(standard) == value or attributes.get(standard) == str(value)
    assert found.attributes[0] == ({} if plain else attributes)  # what is more than the column stays


def test_the_standard_name_counts_most_if_it_says_anything():
    attributes = {"yearOfConstruction": "0001", "建築年": 1988, "dateOfConstruction": "soon"}
    found = found_of(attributes, {"yearOfConstruction": 1970, "baujahr": 1960})
    assert cells(found, "year_of_construction") == [1988, 1970]
    assert [finding["code"] for finding in found.findings] == ["no-value", "attribute-odd"]
    assert found.attributes == [attributes, {"baujahr": 1960}]


@pytest.mark.parametrize(
    ("text", "year", "quality"),
    [
        ("1955", 1955, EXACT),
        ("1970+01:00", 1970, EXACT),
        ("1955-05", 1955, FULLER),
        ("01.05.1955", 1955, FULLER),
        ("19550501", 1955, FULLER),
        ("2019-11-17T00:00:00", 2019, FULLER),
        ("1955-1960", 1957, ROUGH),
        ("1955-60", 1957, ROUGH),
        ("1955 bis 1960", 1957, ROUGH),
        ("ca. 1900", 1900, ROUGH),
        ("1900 (ca.)", 1900, ROUGH),
        ("1950s", 1955, ROUGH),
        ("1960-1955", None, UNREADABLE),
        ("vor 1919", None, UNREADABLE),
        ("19.5", None, UNREADABLE),
        ("ca. " * 10_000 + "1900", None, UNREADABLE),
    ],
)
def test_years(text, year, quality):
    values, qualities = read_values([text, text], "year")
    assert qualities.tolist() == [quality] * 2
    assert math.isnan(values[0]) if year is None else values[0] == year


def test_about_is_said_and_the_original_kept():
    found = found_of({"yearOfConstruction": "1955-1960"}, {"yearOfConstruction": "ca. 1900"})
    assert cells(found, "year_of_construction") == [1957, 1900]
    assert [finding["code"] for finding in found.findings] == ["attribute-rough"]
    assert "'1955-1960'; it is taken as 1957 (1 more such)" in found.findings[0]["message"]
    assert found.attributes[0] == {"yearOfConstruction": "1955-1960"}


@pytest.mark.parametrize("storeys", ["1,5", 2.5, True, "many", -3, 10**400, {"a": 1}, [], "", None, [[[[[[[3]]]]]]]])
def test_storeys_that_are_none(storeys):
    found = found_of({"storeysAboveGround": storeys})
    assert cells(found, "storeys_above_ground") == [None]
    assert len(found.findings) == (0 if storeys in ([], "", None) else 1)
    assert found.attributes[0] == {"storeysAboveGround": storeys}


def test_sentinels_are_missing_and_stay_for_the_round_trip():
    sentinels = {"yearOfConstruction": "0001", "storeysAboveGround": 9999, "measuredHeight": -9999.0}
    found = found_of(sentinels, {"storeysAboveGround": 2})
    assert columns_of(found)["storeys_above_ground"][0].tolist() == [0, 2]
    assert [finding["code"] for finding in found.findings] == ["no-value"] * 3
    assert found.attributes == [sentinels, {}]


def test_buildings_inherit_from_parts_and_parts_from_buildings():
    whole = {"function": "31001_1010", "roofType": "1000"}
    parts = [
        {"measuredHeight": 9.0, "yearOfConstruction": 1960, "roofType": "3100"},
        {"measuredHeight": 12.0, "yearOfConstruction": 1950},
    ]
    found = found_of(whole, *parts, parents=[-1, 0, 0])
    found_columns = columns_of(found)
    rows = {name: values.tolist() for name, (values, _) in found_columns.items()}
    assert rows["measured_height_m"] == [12.0, 9.0, 12.0]
    assert rows["year_of_construction"] == [1960, 1960, 1950]
    assert rows["roof_type"] == ["1000", "3100", "1000"]
    assert rows["usage_class"] == ["RESIDENTIAL"] * 3
    assert found_columns["roof_type"][1].tolist() == [GIVEN, GIVEN, DERIVED]
    assert found_columns["year_of_construction"][1].tolist() == [GIVEN, GIVEN, GIVEN]
    assert found.attributes[1:] == parts  # only what a building says of itself moves into the column


def test_a_house_with_a_garage_is_a_house():
    found = found_of({}, {"function": "31001_2463"}, {"function": "31001_1010"}, parents=[-1, 0, 0])
    assert cells(found, "usage_class") == ["RESIDENTIAL", "UNHEATED", "RESIDENTIAL"]


def test_code_spaces_and_reference_systems_tell_the_list():
    stated_space = {"function": "1100", "codeSpace": {"function": "http://x/BuildingFunctionTypeAdV.xml"}}
    assert cells(found_of(stated_space), "usage_class") == ["RESIDENTIAL"]
    assert cells(found_of({"function": "1100"}), "usage_class") == ["UNHEATED"]
    assert cells(found_of({"function": "1100"}, crs="EPSG:25832"), "usage_class") == ["RESIDENTIAL"]
    assert cells(found_of({"usage": "421"}, crs="EPSG:6697"), "usage_class") == ["OFFICE"]
    assert cells(found_of({"usage": "421"}, crs="EPSG:25832"), "usage_class") == [None]


def test_unknown_uses_are_one_finding():
    found = found_of({"function": "lighthouse"}, {"function": "A7"}, {"usage": "A7"}, {"function": "school"})
    assert cells(found, "usage_class") == [None, None, None, "SCHOOL"]
    assert [finding["code"] for finding in found.findings] == ["usage-unknown"]
    assert "3 objects" in found.findings[0]["message"]
    assert "'A7' (2), 'lighthouse' (1)" in found.findings[0]["message"]


def test_only_buildings_and_parts_are_read():
    found = found_of({"function": "1000"}, {"function": "tree"})
    columns = harmonize(found, np.array([0, -1]), np.array([True, False]))
    assert columns["function"][0].tolist() == ["1000", ""]
    assert found.attributes[1] == {"function": "tree"}


def test_long_words_are_no_codes():
    found = found_of({"function": "x" * 1_000_000})
    assert columns_of(found)["function"][0].dtype.itemsize < 1000
    assert [finding["code"] for finding in found.findings] == ["usage-unknown", "attribute-odd"]


def test_originals_survive_writing_and_measures_win(tmp_path):
    given_ = {
        "yearOfConstruction": "ca. 1900",
        "function": ["31001_1010", "31001_2000"],
        "storeysAboveGround": 9999,
        "measuredHeight": "41 ft",
        "oorspronkelijkbouwjaar": 1905,
    }
    city = city_of(tmp_path, {"a": box(0, 0, 1, 1, 1)}, **copy.deepcopy(given_))
    write_cityjson(city, tmp_path / "out.json")
    again = read_document(tmp_path, (tmp_path / "out.json").read_text())
    assert again.attributes["building"][0] == city.attributes["building"][0] == given_
    assert codes(again) == codes(city)

    table = again.buildings.put(BUILDING_COLUMNS["storeys_above_ground"], 3, MEASURE)
    left = again.attributes["building"][0]
    assert stated(table, 0, left) == {"storeysAboveGround": 3}
    assert stated(table, 0)["yearOfConstruction"] == 1900


@pytest.mark.parametrize(
    ("name", "value", "blank"),
    [
        ("storeysAboveGround", "9999", True),
        ("storeysAboveGround", 9999.0, True),
        ("dateOfConstruction", "0001-01-01", True),
        ("uro:yearOfConstruction", "0001", True),
        ("storeysAboveGround", 2, False),
        ("storeysAboveGround", "many", False),
        ("measuredHeight", [9999], False),
        ("anything", 9999, False),
        ("anything", "", True),
        ("anything", None, True),
    ],
)
def test_blank_values(name, value, blank):
    assert is_blank(name, value) is blank


def test_stated_leaves_out_what_is_derived():
    table = Table("building", ["a"]).put(BUILDING_COLUMNS["measured_height_m"], 7.0, DERIVED)
    assert stated(table, 0) == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.from_regex(r"[0-9.,\- ]{1,12}"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "uom", "code", "#text"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([*ATTRIBUTE_NAMES.values(), "class", "baujahr", "codeSpace"]), json_values, max_size=5
        ),
        max_size=5,
    )
)
def test_any_attributes_give_columns_within_their_bounds(attributes):
    found = found_of(*copy.deepcopy(attributes))
    for name, (values, sources) in columns_of(found).items():
        column, there = BUILDING_COLUMNS[name], sources != MISSING
        assert not column.violations(values[there]).any()
        assert (values[~there] == column.blank(1)[0]).all() or column.kind == "float"
    for before, after in zip(attributes, found.attributes, strict=True):
        assert after.keys() <= before.keys()
