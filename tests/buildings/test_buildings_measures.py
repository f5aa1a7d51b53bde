"""Measures change the rows chosen, say so, and leave the city they start from alone."""

import numpy as np
import pytest
from pydantic import ValidationError

from buildings_case import boxes, filled
from twin.buildings.measures import Insulation, SetPoint, insulate, set_points
from twin.buildings.wing import WING
from twin.ledger import Ledger
from twin.registry import resolve
from twin.table import GIVEN, MEASURE

CODE = Ledger().measure("insulation")
SECOND = np.array([1])


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


def test_set_points():
    city = filled(boxes(2))
    after = filled(set_points(city, SECOND, SetPoint(heating_set_point_degc=18.0, cooling_set_point_degc=25.0), CODE))
    assert after.buildings["heating_set_point_degc"].tolist() == [20, 18]
    assert after.buildings["cooled"].tolist() == [False, True]
    assert after.buildings["heating_setback_degc"].tolist() == [17, 17]


def test_the_city_before_stays_as_it_was_and_shares_what_did_not_change():
    before = filled(boxes(2, wall_u_w_m2k=1.6))
    after = insulate(before, SECOND, Insulation(refurbishment="usual"), CODE)
    assert before.buildings["wall_u_w_m2k"].tolist() == [1.6, 1.6]
    assert (before.buildings.source("wall_u_w_m2k") == GIVEN).all()
    assert after.buildings["year_of_construction"] is before.buildings["year_of_construction"]
    assert after.surfaces is before.surfaces


def test_measures_write_only_what_they_declare():
    city = filled(boxes(2))
    calls = {
        "insulation": Insulation(refurbishment="usual", wall_u_w_m2k=0.2),
        "set_point": SetPoint(heating_setback_degc=15.0),
    }
    for spec in WING.measures:
        after = resolve(spec.apply)(city, SECOND, calls[spec.kind], CODE).buildings
        changed = {n for n in after.names if not np.array_equal(after.source(n), city.buildings.source(n))}
        assert changed <= set(spec.writes)
        assert isinstance(calls[spec.kind], resolve(spec.params))


@pytest.mark.parametrize(
    "wrong", [{}, {"refurbishment": "great"}, {"wall_u": 0.2}, {"wall_u_w_m2k": -1.0}, {"wall_u_w_m2k": "0.2"}]
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(ValidationError):
        Insulation(**wrong)


def test_every_parameter_is_explained():
    for spec in WING.measures:
        model = resolve(spec.params)
        assert model.__doc__
        assert all(field.description for field in model.model_fields.values())
