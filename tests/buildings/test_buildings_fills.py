"""What is assumed, and that it is said."""

from dataclasses import replace

import numpy as np
import pytest

from buildings_case import boxes, filled, inputs
from twin.buildings.catalogue import read_catalogue
from twin.buildings.model import USE_TYPES
from twin.city.model import USAGE_CLASSES
from twin.errors import TwinError
from twin.ledger import Ledger, summarize
from twin.table import DERIVED, GIVEN, MISSING


def row(city, name):
    return city.buildings[name][0]


def source(city, name):
    return city.buildings.source(name)[0]


def test_a_block_of_1955_gets_its_tabula_envelope():
    city = filled(boxes())
    assert row(city, "use_type") == "MULTI_RES"
    assert row(city, "heated_floor_area_m2") == pytest.approx(0.85 * 3 * 192)
    assert row(city, "dwellings") == 7
    assert row(city, "building_type") == "MFH"
    assert row(city, "archetype") == "MFH_D"
    assert row(city, "wall_u_w_m2k") == 1.2
    assert row(city, "air_change_1_h") == pytest.approx(0.4 + 0.07 * 2.5)
    assert not row(city, "cooled")


def test_what_is_given_always_wins_and_what_follows_from_it_too():
    city = filled(boxes(wall_u_w_m2k=0.7, dwellings=1, party_wall_m2=40.0))
    assert (row(city, "wall_u_w_m2k"), source(city, "wall_u_w_m2k")) == (0.7, GIVEN)
    assert row(city, "building_type") == "TH"
    assert row(city, "archetype") == "TH_D"
    assert row(city, "roof_u_w_m2k") == 0.65


def test_every_filled_cell_has_a_source_and_every_assumption_a_text_and_a_reference():
    ledger = Ledger()
    city = filled(boxes(), ledger=ledger)
    for name in set(city.buildings.names) - {"secondary_use_type"}:
        assert source(city, name) != MISSING, name
    rows = [r for r in summarize(ledger, [city.buildings], {}) if r.source.startswith("assumed")]
    assert len(rows) > 20
    assert all(len(r.reason) > 10 and len(r.reference) > 10 for r in rows)
    walls = next(r for r in rows if r.field == "wall_u_w_m2k")
    assert "MFH_D" in walls.reason
    assert "BauSIM 2024" in walls.reference


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"dwellings": 1}, "SFH_D"),
        ({"dwellings": 2, "party_wall_m2": 54.0}, "TH_D"),
        ({"dwellings": 2, "party_wall_m2": 4.0}, "SFH_D"),
        ({"dwellings": 12}, "MFH_D"),
        ({"dwellings": 13}, "AB_D"),
        ({"dwellings": 60, "storeys_above_ground": 12, "year_of_construction": 1972}, "HR_F"),
        ({"refurbishment": "usual"}, "MFH_D_NR"),
        ({"refurbishment": "advanced"}, "MFH_D_AR"),
        ({"year_of_construction": 1700}, "MFH_A"),
        ({"year_of_construction": 2024}, "MFH_L"),
        ({"year_of_construction": 2050}, "MFH_L"),
        ({"function": "31001_3021"}, "NWG_4_A"),
        ({"function": "31001_3021", "refurbishment": "usual"}, "NWG_4_C"),
        ({"dwellings": 60, "year_of_construction": 1990}, "MFH_H"),
        ({"dwellings": 60, "storeys_above_ground": 12, "year_of_construction": 1955}, "AB_D"),
        ({"dwellings": 1, "party_wall_m2": 54.0, "year_of_construction": 1800}, "SFH_A"),
    ],
)
def test_archetypes_follow_size_age_use_and_state(given, expected):
    assert row(filled(boxes(**given)), "archetype") == expected


def test_a_class_that_stands_in_is_recorded():
    ledger = Ledger()
    city = filled(boxes(dwellings=60, year_of_construction=1990), ledger=ledger)
    assert "MFH_H stands in" in ledger.rule(int(source(city, "archetype"))).text
    assert source(filled(boxes()), "archetype") == DERIVED


def test_missing_years_are_the_median_of_the_given_ones():
    years = np.array([1950, 1954, 1961, 0])
    city = boxes(4)
    table = city.buildings
    codes = np.array([GIVEN, GIVEN, GIVEN, MISSING])
    city = city.with_table(table.put(table.column("year_of_construction"), years, codes))
    assert filled(city).buildings["year_of_construction"].tolist() == [1950, 1954, 1961, 1954]


def test_no_year_and_no_storeys_at_all():
    city = filled(boxes(year_of_construction=None, storeys_above_ground=None))
    assert row(city, "year_of_construction") == 1978
    assert row(city, "storeys_above_ground") == 3
    blind = filled(boxes(storeys_above_ground=None, volume_m3=None))
    assert row(blind, "storeys_above_ground") == 2


def test_garages_are_not_heated():
    city = filled(boxes(function="31001_2463"))
    assert row(city, "use_type") == "UNHEATED"
    assert row(city, "heated_floor_area_m2") == 0
    assert row(city, "design_heat_load_w") == 0


def test_small_buildings_of_unknown_use_are_sheds():
    ledger = Ledger()
    city = filled(boxes(function="", footprint_m2=18.0), ledger=ledger)
    assert row(city, "use_type") == "UNHEATED"
    assert "shed" in ledger.rule(int(source(city, "use_type"))).text
    assert row(filled(boxes(footprint_m2=18.0)), "use_type") == "SINGLE_RES"


def test_unknown_functions_are_taken_as_residential_and_said_so():
    ledger = Ledger()
    city = filled(boxes(function="lighthouse"), ledger=ledger)
    assert row(city, "use_type") == "MULTI_RES"
    assert "unknown" in ledger.rule(int(source(city, "use_type"))).text
    by_usage = filled(boxes(function="lighthouse", usage="31001_2020"))
    assert (row(by_usage, "use_type"), source(by_usage, "use_type")) == ("OFFICE", DERIVED)


def test_usage_classes_are_the_use_types():
    assert set(USAGE_CLASSES) - {"RESIDENTIAL"} == set(USE_TYPES)


def test_every_use_has_values_in_the_catalogue():
    catalogue = inputs()["archetypes"]
    uses = set(USE_TYPES) - {"UNHEATED"}
    assert (catalogue.use_rows(np.array(sorted(uses))) >= 0).all()
    for use in sorted(uses):
        city = filled(boxes(use_type=use))
        assert row(city, "air_change_1_h") >= 0


@pytest.mark.parametrize("name", ["tabula-dk", "ch", "sg"])
def test_what_is_said_of_uses_is_what_the_catalogue_has(name):
    ledger = Ledger()
    found = {"archetypes": read_catalogue(name, ledger)}
    city = filled(boxes(), ledger=ledger, found=found)
    rows = {r.field: r for r in summarize(ledger, [city.buildings], {}) if r.source.startswith("assumed")}
    said, where = rows["heating_set_point_degc"].reason, rows["heating_set_point_degc"].reference
    assert f"heated to {row(city, 'heating_set_point_degc'):g} degC while" in said
    assert f"{row(city, 'heating_setback_degc'):g} degC otherwise" in said
    assert {"tabula-dk": "Mikrozensus", "ch": "Switzerland", "sg": "Singapore"}[name] in where
    per_person = row(city, "heated_floor_area_m2") / row(city, "occupants")
    assert f"one person per {per_person:g} m2" in rows["occupants"].reason
    assert rows["occupants"].reference == where


def test_a_use_that_the_catalogue_does_not_have_is_a_problem():
    whole = inputs()["archetypes"]
    less = replace(whole, use_types=np.where(whole.use_types == "OFFICE", "BUREAU", whole.use_types))
    with pytest.raises(TwinError, match="catalogue tabula-de has no use OFFICE, which 2 thermal zones have"):
        filled(boxes(3, use_type=np.array(["OFFICE", "OFFICE", "SCHOOL"])), found={"archetypes": less})
