"""Rows of modules on flat roofs: how far apart they stand, what they hide."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pvlib.bifacial.utils import vf_row_sky_2d_integ

from twin.devices.pv.racks import masked_sky, row_coverage, winter_noon_elevation


def test_the_sun_at_noon_of_the_winter_solstice():
    assert winter_noon_elevation(51.56) == pytest.approx(15.0)
    assert winter_noon_elevation(-51.56) == pytest.approx(15.0)
    assert winter_noon_elevation(70.0) == 5.0  # polar night: what rows are spaced for then


def test_rows_at_45_degrees_under_a_sun_at_45_degrees_repeat_at_the_square_root_of_two():
    assert row_coverage(45.0, 45.0) == pytest.approx(1 / math.sqrt(2))
    assert row_coverage(30.0, 15.0) == pytest.approx(1 / (math.cos(math.pi / 6) + 0.5 / math.tan(math.pi / 12)))
    assert row_coverage(1e-9, 15.0) == pytest.approx(1.0)  # no racks to speak of


@given(tilt=st.floats(1, 60), latitude=st.floats(-80, 80))
def test_racks_neither_overlap_nor_shade_each_other_at_noon(tilt, latitude):
    elevation = winter_noon_elevation(latitude)
    coverage = row_coverage(tilt, elevation)
    slope = math.radians(tilt)
    assert coverage * math.cos(slope) <= 1 + 1e-12
    # from the foot of a row, the upper edge in front stands no higher than the sun
    edge = math.atan2(math.sin(slope), 1 / coverage - math.cos(slope))
    assert edge <= math.radians(elevation) + 1e-9


@pytest.mark.parametrize(("tilt", "coverage"), [(15, 0.47), (30, 0.38), (10, 0.45), (60, 0.9), (5, 1.0)])
def test_the_sky_that_rows_hide_is_what_pvlib_sees_missing(tilt, coverage):
    free = (1 + math.cos(math.radians(tilt))) / 2
    hidden = 1 - float(vf_row_sky_2d_integ(tilt, coverage)) / free
    assert 0 < masked_sky(tilt, coverage) == pytest.approx(hidden, rel=1e-6)
