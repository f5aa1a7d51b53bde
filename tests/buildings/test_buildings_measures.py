"""Measures change the rows chosen, say so, and leave the city they start from alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from buildings_case import boxes, filled
from twin.buildings.measures.declared import MEASURES
from twin.buildings.measures.envelope import (
    Airtightness,
    Insulation,
    ShadingDevices,
    Windows,
    insulate,
    insulated_u_value,
    make_airtight,
)
from twin.buildings.measures.shared import set_columns
from twin.buildings.model import COLUMNS, SURFACE_COLUMNS
from twin.ledger import Ledger
from twin.registry import resolve
from twin.table import GIVEN, MEASURE

CODE = Ledger().measure("insulation")
SECOND = np.array([1])
PARAMS = {
    "insulation": {"refurbishment": "usual", "wall_u_w_m2k": 0.2},
    "windows": {"window_u_w_m2k": 0.9, "window_g": 0.5, "frame_fraction": 0.25, "n50_1_h": 3.0},
    "airtightness": {"n50_1_h": 1.5},
    "shading_devices": {},
    "ventilation_system": {"air_change_1_h": 0.5, "n50_1_h": 1.0},
    "night_ventilation": {},
    "set_point": {"heating_setback_degc": 15.0, "cooling_set_point_degc": 26.0},
    "building_automation": {"efficiency_class": "A"},
    "usage": {"use_type": "OFFICE", "secondary_use_type": "RETAIL", "secondary_use_share": 0.3},
    "rebound": {"take_back_k": 1.0, "reference": "test"},
    "performance_gap": {"heating_use_factor": 0.8, "reference": "test"},
}


def test_a_refurbished_envelope_follows_from_its_archetype():
    before = filled(boxes(3))
    after = filled(insulate(before, SECOND, Insulation(refurbishment="usual"), CODE))
    assert after.buildings["archetype"].tolist() == ["MFH_D", "MFH_D_NR", "MFH_D"]
    assert after.buildings["wall_u_w_m2k"].tolist() == [1.2, 0.23, 1.2]
    assert after.buildings.source("refurbishment")[1] == CODE
    assert after.buildings["design_heat_load_w"][1] < 0.5 * before.buildings["design_heat_load_w"][1]
    assert after.buildings["design_heat_load_w"][0] == before.buildings["design_heat_load_w"][0]


def test_refurbishment_replaces_what_was_given_of_the_old_envelope():
    before = filled(boxes(2, wall_u_w_m2k=1.6))
    after = filled(insulate(before, SECOND, Insulation(refurbishment="advanced"), CODE))
    assert after.buildings["wall_u_w_m2k"].tolist() == [1.6, 0.13]


def test_single_values_hold_against_archetypes():
    city = filled(boxes(2))
    params = Insulation(wall_u_w_m2k=0.3, n50_1_h=1.0)
    after = filled(insulate(city, np.array([False, True]), params, CODE))
    assert after.buildings["wall_u_w_m2k"].tolist() == [1.2, 0.3]
    assert after.buildings["roof_u_w_m2k"].tolist() == [1.08, 1.08]
    assert after.buildings["air_change_1_h"] == pytest.approx([0.575, 0.47])
    assert after.buildings.source("wall_u_w_m2k").tolist()[1] >= MEASURE


def test_insulation_adds_its_resistance_to_what_is_there():
    # 1 / (1 / 1.2 + 0.16 / 0.035) = 0.18502 by hand
    city = filled(boxes(2))
    after = insulate(city, SECOND, Insulation(wall_insulation_m=0.16), CODE).buildings
    assert after["wall_u_w_m2k"] == pytest.approx([1.2, 0.18502], rel=1e-4)
    assert after["roof_u_w_m2k"].tolist() == city.buildings["roof_u_w_m2k"].tolist()


def test_insulation_on_insulation_adds_up():
    once = insulate(filled(boxes(1)), np.array([0]), Insulation(roof_insulation_m=0.24), CODE)
    twice = insulate(filled(boxes(1)), np.array([0]), Insulation(roof_insulation_m=0.12), CODE)
    twice = insulate(twice, np.array([0]), Insulation(roof_insulation_m=0.12), CODE)
    assert once.buildings["roof_u_w_m2k"] == pytest.approx(twice.buildings["roof_u_w_m2k"], rel=1e-12)


@given(st.floats(0.05, 10), st.floats(0.01, 0.6), st.floats(0.01, 0.2))
def test_insulation_never_makes_it_worse_and_is_never_better_than_alone(u, thickness, conductivity):
    after = float(insulated_u_value(np.array([u]), thickness, conductivity)[0])
    assert 0 < after < min(u, conductivity / thickness)


def test_windows_change_nothing_but_windows_and_what_leaks_by_them():
    city = filled(boxes(2))
    params = Windows(window_u_w_m2k=0.9, window_g=0.5, n50_1_h=3.0)
    after = filled(insulate(city, SECOND, params, CODE)).buildings
    assert after["window_u_w_m2k"][1] == 0.9
    assert after["window_g"][1] == 0.5
    assert after["air_change_1_h"][1] == pytest.approx(0.4 + 0.07 * 3.0)
    assert after["wall_u_w_m2k"].tolist() == [1.2, 1.2]


def test_an_air_change_that_was_stated_falls_with_the_leaks():
    city = filled(boxes(2, air_change_1_h=0.9, n50_1_h=5.0))
    after = filled(make_airtight(city, SECOND, Airtightness(n50_1_h=1.0), CODE)).buildings
    assert after["air_change_1_h"] == pytest.approx([0.9, 0.9 - 0.07 * 4.0])
    assert after["infiltration_1_h"] == pytest.approx([0.35, 0.07])
    none_left = make_airtight(
        filled(boxes(1, air_change_1_h=0.1, n50_1_h=5.0)), np.array([0]), Airtightness(n50_1_h=0), 1
    )
    assert none_left.buildings["air_change_1_h"].tolist() == [0.0]


def test_blinds():
    after = set_columns(filled(boxes(2)), SECOND, ShadingDevices(), CODE).buildings
    assert after["movable_shading_factor"].tolist() == [1.0, 0.25]


def test_the_city_before_stays_as_it_was_and_shares_what_did_not_change():
    before = filled(boxes(2, wall_u_w_m2k=1.6))
    after = insulate(before, SECOND, Insulation(refurbishment="usual"), CODE)
    assert before.buildings["wall_u_w_m2k"].tolist() == [1.6, 1.6]
    assert (before.buildings.source("wall_u_w_m2k") == GIVEN).all()
    assert after.buildings["year_of_construction"] is before.buildings["year_of_construction"]
    assert after.surfaces is before.surfaces


@pytest.mark.parametrize("spec", MEASURES, ids=lambda spec: spec.kind)
def test_measures_write_only_what_they_declare_and_only_where_they_should(spec):
    city = filled(boxes(3, air_change_1_h=0.9))
    after = resolve(spec.apply)(city, SECOND, resolve(spec.params)(**PARAMS[spec.kind]), CODE).buildings
    changed = {n for n in after.names if not np.array_equal(after.source(n), city.buildings.source(n))}
    assert changed
    assert changed <= set(spec.writes) <= set(COLUMNS)
    for name in changed:
        others = [0, 2]
        assert (after.source(name)[others] == city.buildings.source(name)[others]).all()
        np.testing.assert_array_equal(after[name][others], city.buildings[name][others])


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"refurbishment": "great"},
        {"wall_u": 0.2},
        {"wall_u_w_m2k": -1.0},
        {"wall_u_w_m2k": "0.2"},
        {"conductivity_w_mk": 0.03},
        {"wall_insulation_m": 16.0},
        {"wall_insulation_m": 0.1, "wall_u_w_m2k": 0.2},
        {"wall_insulation_m": 0.1, "refurbishment": "usual"},
    ],
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        Insulation(**wrong)


def test_every_parameter_is_explained():
    for spec in MEASURES:
        model = resolve(spec.params)
        assert model.__doc__
        assert all(field.description for field in model.model_fields.values()), spec.kind


def test_insulation_changes_what_was_known_of_single_surfaces():
    city = filled(boxes(2))
    surfaces = city.surfaces.put(SURFACE_COLUMNS["u_w_m2k"], 1.0).put(SURFACE_COLUMNS["window_u_w_m2k"], 2.0)
    city, wall, roof = city.with_table(surfaces), 0, 4
    thicker = insulate(city, np.array([0]), Insulation(wall_insulation_m=0.14, conductivity_w_mk=0.035), CODE).surfaces
    assert thicker["u_w_m2k"][[wall, roof, wall + 6]] == pytest.approx([1 / 5, 1.0, 1.0])
    replaced = insulate(city, np.array([0]), Insulation(wall_u_w_m2k=0.2), CODE).surfaces
    assert replaced.missing("u_w_m2k")[[wall, roof, wall + 6]].tolist() == [True, False, False]
    glazed = insulate(city, np.array([0]), Windows(window_u_w_m2k=0.9), CODE).surfaces
    assert glazed.missing("window_u_w_m2k")[[wall, wall + 6]].tolist() == [True, False]
    assert not glazed.missing("u_w_m2k").any()
