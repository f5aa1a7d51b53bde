"""Unheated attics and basements: reduction factors by hand and at their limits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.buildings.kernel.ground import SOILS, Cellar, Floor, floor_resistance, unheated_basement
from twin.buildings.kernel.unheated import attic_factor, attic_volume, reduction_factor, roof_factor

SAND = SOILS["sand"]


def test_between_heated_room_and_outdoors():
    assert reduction_factor(np.array([100.0, 100.0, 0.0]), np.array([300.0, 0.0, 0.0])) == pytest.approx([0.75, 0, 1])


def test_an_attic_by_hand():
    """100 m2 of ceiling with U = 1 below 130 m2 of roof with U = 3, 200 m3 of air changed once an hour."""
    outside = 130 * 3.0 + 1200 / 3600 * 200
    assert attic_factor(1.0, 100.0, 130.0, 3.0, 1.0, 200.0) == pytest.approx(outside / (100 + outside))


def test_the_volume_of_a_gable_roof():
    """10 x 10 m below 45 degrees: the ridge is 5 m high, so 250 m3; nothing below a flat roof."""
    assert attic_volume(np.array([100.0 * np.sqrt(2), 100.0, 90.0]), 100.0) == pytest.approx([250.0, 0.0, 0.0])


def test_the_roof_stands_for_the_ceiling_below():
    roof = 150.0
    b = attic_factor(0.8, 100.0, roof)
    assert roof_factor(0.8, 100.0, roof) * 0.8 * roof == pytest.approx(b * 0.8 * 100.0)


@given(st.floats(0.05, 5.0), st.floats(20.0, 2000.0), st.floats(1.0, 2.0), st.floats(0.1, 10.0))
def test_better_ceilings_see_more_of_the_cold_and_lose_less(u, ceiling, pitch, air_change):
    def b(u):
        return attic_factor(u, ceiling, pitch * ceiling, air_change_1_h=air_change)

    assert 0.0 < b(u) < 1.0
    assert b(u / 2) > b(u)
    assert b(u / 2) * u / 2 < b(u) * u


def test_a_windy_attic_is_as_cold_as_outdoors():
    assert attic_factor(1.0, 100.0, 130.0, air_change_1_h=1e9) == pytest.approx(1.0)


def cellar_factor(u, area, perimeter, cellar=None):
    """Return the reduction factor of floors over an unheated basement."""
    floor = Floor(area, perimeter, floor_resistance(u, over_cellar=True))
    return float(unheated_basement(floor, SAND, cellar).steady_w_k[0]) / (area * u)


@given(st.floats(0.1, 2.9), st.floats(30.0, 3000.0), st.floats(10.0, 300.0))
def test_what_a_cellar_leaves_of_the_loss(u, area, perimeter):
    b = cellar_factor(u, area, perimeter)
    assert 0.0 < b < 1.0
    assert cellar_factor(u, area, perimeter, Cellar(air_change_1_h=5.0)) > b


def test_a_usual_cellar_ceiling_sees_about_half_of_the_cold():
    """TABULA and DIN V 18599 have 0.5 to 0.6 for floors over unheated basements."""
    assert 0.4 < cellar_factor(1.0, 80.0, 36.0) < 0.75
