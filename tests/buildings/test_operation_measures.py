"""Measures that change how buildings are run: temperatures, ventilation, automation, and who uses them."""

import numpy as np
import pytest
from pydantic import ValidationError

from buildings_case import boxes, filled
from twin.buildings.measures.operation import (
    BuildingAutomation,
    PerformanceGap,
    Rebound,
    SetPoint,
    Usage,
    VentilationSystem,
    automate,
    change_use,
    set_points,
    take_back,
    use_other_heat,
    ventilate,
)
from twin.errors import TwinError
from twin.ledger import Ledger

CODE = Ledger().measure("a measure")
SECOND = np.array([1])


def test_storeys_that_nobody_heats_are_no_second_use():
    with pytest.raises(ValidationError, match="'MULTI_RES'"):
        Usage(secondary_use_type="UNHEATED", secondary_use_share=0.3)
    with pytest.raises(ValidationError, match="has no secondary one"):
        Usage(use_type="UNHEATED", secondary_use_type="OFFICE", secondary_use_share=0.3)


def test_set_points():
    city = filled(boxes(2))
    after = filled(set_points(city, SECOND, SetPoint(heating_set_point_degc=18.0, cooling_set_point_degc=25.0), CODE))
    assert after.buildings["heating_set_point_degc"].tolist() == [20, 18]
    assert after.buildings["cooled"].tolist() == [False, True]
    assert after.buildings["heating_setback_degc"].tolist() == [17, 17]


def test_ventilation_with_heat_recovery_leaves_the_air_that_people_need():
    city = filled(boxes(2))
    after = filled(ventilate(city, SECOND, VentilationSystem(n50_1_h=1.0), CODE)).buildings
    assert after["heat_recovery"].tolist() == [0.0, 0.8]
    assert after["specific_fan_power_j_m3"].tolist() == [0.0, 1620.0]
    assert after["air_change_1_h"] == pytest.approx([0.575, 0.47])
    assert after["design_heat_load_w"][1] < city.buildings["design_heat_load_w"][1]


def test_an_air_change_stated_with_the_system_holds():
    after = filled(ventilate(filled(boxes(2)), SECOND, VentilationSystem(air_change_1_h=0.3), CODE)).buildings
    assert after["air_change_1_h"] == pytest.approx([0.575, 0.3])


def test_a_class_of_automation_multiplies_the_heat_by_use():
    city = filled(boxes(3, function=["31001_1010", "31001_1010", "31001_2020"]))
    assert city.buildings["use_type"].tolist() == ["MULTI_RES", "MULTI_RES", "OFFICE"]
    rows = np.array([1, 2])
    after = automate(city, rows, BuildingAutomation(efficiency_class="B"), CODE)
    assert after.buildings["heating_use_factor"] == pytest.approx([1.0, 0.88, 0.79])
    worse = automate(city, rows, BuildingAutomation(efficiency_class="C", before="D"), CODE)
    assert worse.buildings["heating_use_factor"] == pytest.approx([1.0, 1.0 / 1.09, 1.0 / 1.44])


def test_factors_of_several_measures_multiply():
    city = use_other_heat(filled(boxes(1)), np.array([0]), PerformanceGap(heating_use_factor=0.7, reference="test"), 1)
    after = automate(city, np.array([0]), BuildingAutomation(efficiency_class="A"), CODE)
    assert after.buildings["heating_use_factor"] == pytest.approx([0.7 * 0.81])


def test_automation_that_is_simulated_sets_back():
    after = automate(filled(boxes(2)), SECOND, BuildingAutomation(heating_setback_degc=16.0), CODE).buildings
    assert after["heating_setback_degc"].tolist() == [17.0, 16.0]
    assert after["heating_use_factor"].tolist() == [1.0, 1.0]


def test_a_use_that_the_standard_does_not_know_is_an_error():
    city = filled(boxes(2, usage_class="PARKING", function=None))
    with pytest.raises(TwinError, match="no factor for PARKING"):
        automate(city, SECOND, BuildingAutomation(efficiency_class="A"), CODE)


def test_people_take_back_degrees_by_day_and_by_night():
    after = take_back(filled(boxes(2)), SECOND, Rebound(take_back_k=0.5, reference="test"), CODE).buildings
    assert after["heating_set_point_degc"].tolist() == [20.0, 20.5]
    assert after["heating_setback_degc"].tolist() == [17.0, 17.5]


def test_another_use_brings_its_own_people_and_temperatures():
    city = filled(boxes(2))
    after = filled(change_use(city, SECOND, Usage(use_type="OFFICE"), CODE)).buildings
    assert after["use_type"].tolist() == ["MULTI_RES", "OFFICE"]
    assert after["dwellings"][1] == 0
    assert after["occupants"][1] != city.buildings["occupants"][1]


def test_a_shop_below_takes_dwellings_away():
    city = filled(boxes(2))
    params = Usage(secondary_use_type="RETAIL", secondary_use_share=1.0 / 3.0)
    after = filled(change_use(city, SECOND, params, CODE)).buildings
    assert after["secondary_use_type"].tolist()[1] == "RETAIL"
    assert after["use_type"].tolist() == ["MULTI_RES", "MULTI_RES"]
    assert 0 < after["dwellings"][1] < city.buildings["dwellings"][1]


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (SetPoint, {}),
        (Usage, {}),
        (Usage, {"secondary_use_type": "RETAIL"}),
        (Usage, {"use_type": "CASTLE"}),
        (BuildingAutomation, {}),
        (BuildingAutomation, {"efficiency_class": "A", "heating_setback_degc": 16.0}),
        (BuildingAutomation, {"efficiency_class": "E"}),
        (Rebound, {"take_back_k": 1.0}),
        (PerformanceGap, {"heating_use_factor": 0.8}),
        (PerformanceGap, {"heating_use_factor": 0.01, "reference": "test"}),
        (VentilationSystem, {"heat_recovery": 1.2}),
    ],
)
def test_wrong_parameters_are_refused(model, wrong):
    with pytest.raises(ValidationError):
        model(**wrong)
