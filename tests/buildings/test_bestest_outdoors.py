"""A weather year around the room: means over the hours, the moving sun, the cold sky."""

from __future__ import annotations

import numpy as np
import pytest

from twin.validation.bestest.outdoors import Outdoors
from weather_case import clear_year


@pytest.fixture(scope="module")
def year():
    return clear_year()


@pytest.fixture(scope="module")
def outdoors(year):
    return Outdoors(year, 0.2)


def test_temperature_between_labels_is_straight_and_the_first_hour_is_as_at_its_end(year, outdoors):
    at_end = year.table["outdoor_temperature"]
    np.testing.assert_allclose(outdoors.temperature[1:], (at_end[1:] + at_end[:-1]) / 2.0)
    assert outdoors.temperature[0] == at_end[0]


def test_a_moving_sun_brings_less_to_the_ground_than_one_that_stops_at_noon(year, outdoors):
    flat = outdoors.plane(0.0, 0.0)
    noon = np.flatnonzero(outdoors.sky.sun[:, 2] > np.sin(np.radians(30.0)))
    stopped = year.table["direct_normal_irradiance"] * outdoors.sky.sun[:, 2]
    ratio = flat.beam.sum(axis=1)[noon] / stopped[noon]
    # the mean of the cosine over an hour, sin(7.5 deg) / 7.5 deg, of that part of the height that changes
    assert (ratio < 1.0).all()
    assert (ratio > 0.99).all()


def test_an_hour_of_sunrise_has_its_beam_while_the_sun_is_up(outdoors):
    up = outdoors.sun[:, :, 2] > 0.0
    rising = np.flatnonzero(up.any(axis=1) & ~up.all(axis=1))
    assert len(rising) > 300
    np.testing.assert_allclose(outdoors.shining[rising].sum(axis=1), 1.0)
    assert (outdoors.shining[~up] == 0.0).all()


def test_walls_see_half_of_the_cold_sky(outdoors):
    np.testing.assert_allclose(outdoors.sky_loss(90.0), outdoors.sky_loss(0.0) / 2.0)
    np.testing.assert_allclose(outdoors.sky_loss(180.0), 0.0, atol=1e-9)


def test_what_is_seen_and_lit_scales_the_parts(outdoors):
    free = outdoors.plane(90.0, 180.0)
    half = free.behind(np.full(free.beam.shape, 0.5), (0.25, 0.0, 1.0))
    expected = 0.5 * (free.beam + free.around).sum(axis=1) + 0.25 * free.dome + free.ground
    np.testing.assert_allclose(half.total, expected)


def test_wind_is_weaker_near_the_ground(outdoors):
    np.testing.assert_allclose(outdoors.wind(1.35), outdoors.wind(10.0) * 0.135**0.14)
    assert outdoors.wind(10.0).max() > 0.0
