"""Codes and words for the use of buildings, as several countries write them."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.city.model import USAGE_CLASSES
from twin.city.usage import Stated, code_lists, main_use, usage_class, usage_classes

SIG3D = "http://www.sig3d.org/codelists/standard/building/2.0/_AbstractBuilding_{}.xml"
ADV = "https://repository.gdi-de.org/schemas/adv/citygml/Codelisten/BuildingFunctionTypeAdV.xml"
INSPIRE = "http://inspire.ec.europa.eu/codelist/CurrentUseValue/"


@pytest.mark.parametrize(
    ("code", "use"),
    [
        # German cadastre
        ("31001_1000", "RESIDENTIAL"),
        ("31001_1123", "RESIDENTIAL"),
        ("31001_1022", "MULTI_RES"),
        ("31001_2054", "RETAIL"),
        ("31001_2111", "INDUSTRIAL"),
        ("31001_2523", "UNHEATED"),
        ("31001_3023", "UNIVERSITY"),
        ("31001_3051", "HOSPITAL"),
        ("31001_3211", "GYM"),
        ("31001 2463", "UNHEATED"),
        ("51009_1611", "UNHEATED"),
        ("31001_9998", ""),
        ("31001_0500", None),
        ("31001_4000", None),
        (ADV + "#31001_2020", "OFFICE"),
        # CityGML 2
        ("1010", "RESIDENTIAL"),
        (1630, "UNHEATED"),
        ("2310", "HOSPITAL"),
        ("Residential building", "RESIDENTIAL"),
        ("2015", None),
        # Netherlands
        ("woonfunctie", "RESIDENTIAL"),
        ("winkelfunctie,woonfunctie", "RESIDENTIAL"),
        (["kantoorfunctie", "overige gebruiksfunctie"], "OFFICE"),
        ("overige_gebruiksfunctie", "UNHEATED"),
        # Japan
        ("401", "OFFICE"),
        ("412", "MULTI_RES"),
        ("461", ""),
        ("文教厚生施設", "SCHOOL"),
        ({"code": "441", "value": "工場"}, "INDUSTRIAL"),
        # INSPIRE
        (INSPIRE + "individualResidence", "SINGLE_RES"),
        (INSPIRE + "moreThanTwoDwelling/", "MULTI_RES"),
        ([{"currentUse": INSPIRE + "office", "percentage": 100}], "OFFICE"),
        ("1_residential", "RESIDENTIAL"),
        ("4_2_retail", "RETAIL"),
        # words
        ("apartments", "MULTI_RES"),
        ("semidetached_house", "SINGLE_RES"),
        ("Supermarket", "FOODSTORE"),
        ("Bürogebäude", "OFFICE"),
        ("Résidentiel", "RESIDENTIAL"),
        ("yes", ""),
        ("Business, trade", "OFFICE"),
        # nothing
        ("lighthouse", None),
        ("", None),
        (None, None),
        (True, None),
    ],
)
def test_codes_and_words(code, use):
    assert usage_class(code) == use


def test_the_code_space_tells_the_list():
    """1100 is a holiday house in CityGML's list of functions, a school in its classes, a mixed use in the cadastre."""
    assert usage_class("1100", SIG3D.format("function")) == "UNHEATED"
    assert usage_class("1100", SIG3D.format("class"), "class") == "SCHOOL"
    assert usage_class("1100", ADV) == "RESIDENTIAL"
    assert usage_class("1100", "http://example.org/our-own-codes.xml") is None
    assert usage_class("31001_1100", "http://example.org/our-own-codes.xml") == "RESIDENTIAL"
    assert usage_class("residential", "http://example.org/our-own-codes.xml") == "RESIDENTIAL"


def test_the_country_rules_lists_out():
    assert usage_class("421", country="JP") == "OFFICE"
    assert usage_class("421", country="DE") is None
    assert usage_class("421", "../../codelists/Building_usage.xml", country="DE") == "OFFICE"


def test_of_several_uses_dwellings_count_most_and_garages_least():
    assert main_use(["UNHEATED", "RETAIL", "SINGLE_RES"]) == "SINGLE_RES"
    assert main_use(["UNHEATED", "RETAIL"]) == "RETAIL"
    assert main_use([None, "", "UNHEATED"]) == "UNHEATED"
    assert main_use([None, ""]) == ""
    assert main_use([None]) is None


def uses(*codes, field="function", **options):
    return usage_classes([Stated(field, codes, [None] * len(codes))], len(codes), **options)


@pytest.mark.parametrize(
    ("codes", "country", "last"),
    [
        (["1010", "1123"], "", "RESIDENTIAL"),  # 1123 is in the cadastre's list alone, so the other is of it too
        (["3021", "1120"], "", "RESIDENTIAL"),
        (["1000", "1120"], "", "OFFICE"),  # in both: CityGML's list
        (["1000", "1120"], "DE", "RESIDENTIAL"),  # in both, and in Germany: the cadastre's
        (["1000", "1120"], "NL", "OFFICE"),
        (["3021", "1120"], "NL", "OFFICE"),
    ],
)
def test_four_digits_are_of_the_list_that_knows_most_of_them(codes, country, last):
    assert uses(*codes, country=country).classes[-1] == last


def test_what_is_used_wins_and_the_class_helps_out():
    stated = [
        Stated("usage", ["office", None, "461", None], [None] * 4),
        Stated("function", ["residential", "residential", "retail", "lighthouse"], [None] * 4),
        Stated("class", [None, "single-family house", None, "habitation"], [None] * 4),
    ]
    found = usage_classes(stated, 4)
    assert found.classes.tolist() == ["OFFICE", "SINGLE_RES", "RETAIL", "RESIDENTIAL"]
    assert not found.unknown


def test_unknown_codes_are_counted():
    found = uses("lighthouse", None, "A7", "lighthouse", "school", "yes")
    assert found.classes.tolist() == ["", "", "", "", "SCHOOL", ""]
    assert found.unknown == {"lighthouse": 2, "A7": 1}
    assert found.first_unknown == 0
    assert not uses("A7", field="class").unknown


def test_no_objects_and_no_attributes():
    assert len(usage_classes([], 0).classes) == 0
    assert usage_classes([], 2).classes.tolist() == ["", ""]


def test_every_list_says_where_it_is_from_and_holds_classes_only():
    seen: dict[str, str] = {}
    for key, one in code_lists().items():
        assert min(map(len, (one.name, one.publisher, one.source, one.checked))) > 3, key
        assert set(one.codes.values()) | set(one.names.values()) | {one.otherwise} <= {"", *USAGE_CLASSES}, key
        for word, use in one.names.items():
            plain = "".join(c for c in word.casefold() if c.isalnum())
            assert seen.setdefault(plain, use) == use, f"{word} means something else in another list than in {key}"
    names = tomllib.loads((files("twin.city") / "catalogue" / "attribute_names.toml").read_text("utf-8"))
    assert all(model["source"] for model in names["names"] + names["differences"])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.sampled_from(["code", "value", "a"]), x),
    )
)
def test_any_value_has_a_class_or_none(value):
    assert usage_class(value) in (None, "", *USAGE_CLASSES)
    assert np.isin(uses(value, value).classes, ("", *USAGE_CLASSES)).all()
