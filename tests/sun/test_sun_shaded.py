"""Irradiance in the shade: the fast ways of summing it up against the plain one, however the work is cut."""

import numpy as np
import pytest
from sun_case import NORTH, ROOF, SOUTH, clear_hours, clear_sky, scene_of_boxes, under

from twin.sun.kernel import (
    components,
    irradiance,
    irradiance_series,
    lit_shares,
    planes_from,
    sunlit_steps,
    total_irradiance,
)
from twin.sun.sight.patches import below
from twin.sun.sky import perez_sky
from twin.sun.view import seen_planes

STREET = [(14.0 * k, 0, 12, 9, 6 + 2 * (k % 3)) for k in range(4)] + [(14.0 * k, 18, 12, 9, 9) for k in range(4)]
WEEK = slice(24 * 78, 24 * 85)


def street(sky):
    scene = scene_of_boxes(*STREET)
    seen, weights = under(sky, scene)
    ground, _ = under(sky, scene, below(1))
    return seen_planes(scene.normals, seen, ground), weights, seen


@pytest.fixture(scope="module")
def week():
    sky = clear_sky().during(WEEK)
    return sky, *street(sky)


def test_irradiance_is_the_sum_of_its_components(week):
    sky, planes, weights, seen = week
    plain = components(sky, planes, lit_shares(weights, seen)).total()
    np.testing.assert_allclose(irradiance(sky, planes, weights, seen), plain, rtol=1e-6, atol=1e-4)
    free = planes_from(np.array([0.0, 90, 130]), np.array([0.0, 180, 90]))
    np.testing.assert_allclose(irradiance(sky, free), components(sky, free).total(), rtol=1e-12, atol=1e-9)


def test_steep_overhangs_under_a_dark_horizon_do_not_send_light_back():
    beam, diffuse, _, zenith, azimuth, extra = (values[WEEK] for values in clear_hours())
    overcast = perez_sky(0.0 * beam, diffuse, diffuse, zenith, azimuth, extra)
    planes, weights, seen = street(overcast)
    tilted = type(planes)(planes.normal, planes.factors * [0.05, 1.0, 0.0])  # little dome, all of the horizon
    assert (overcast.horizon < 0.0).any()
    found = irradiance(overcast, tilted, weights, seen)
    assert (found >= 0.0).all()
    plain = components(overcast, tilted, lit_shares(weights, seen)).total()
    np.testing.assert_allclose(found, plain, rtol=1e-6, atol=1e-4)


def test_sums_over_the_steps_are_the_sums_of_the_steps(week):
    sky, planes, weights, seen = week
    whole = irradiance(sky, planes, weights, seen)
    assert total_irradiance(sky, planes, weights, seen) == pytest.approx(whole.sum(axis=0), rel=1e-12)
    free = irradiance(sky, planes)
    assert total_irradiance(sky, planes, None, None) == pytest.approx(free.sum(axis=0), rel=1e-12)


def series(*case):
    """Return total and beam, ``(planes, t)``, put together from the parts."""
    parts = [(part, total.copy(), beam.copy()) for part, total, beam in irradiance_series(*case)]
    assert [part.start for part, _, _ in parts] == [0, *(part.stop for part, _, _ in parts[:-1])]
    return (np.concatenate([part[k] for part in parts]) for k in (1, 2))


@pytest.mark.parametrize("planes_at_a_time", [1024, 16])
def test_series_are_the_same_in_single_precision_with_the_beam_apart(week, monkeypatch, planes_at_a_time):
    monkeypatch.setattr("twin.sun.kernel._PLANES", planes_at_a_time)
    sky, planes, weights, seen = week
    total, beam = series(sky, planes, weights, seen)
    plain = components(sky, planes, lit_shares(weights, seen))
    np.testing.assert_allclose(total.T, plain.total(), rtol=2e-6, atol=2e-4)
    np.testing.assert_allclose(beam.T, plain.beam, rtol=2e-5, atol=2e-3)


@pytest.mark.parametrize(("steps", "planes_at_a_time"), [(1, 8), (7, 16), (64, 24), (500, 4096)])
def test_blocks_do_not_change_the_result(week, monkeypatch, steps, planes_at_a_time):
    sky, planes, weights, seen = week
    whole = irradiance(sky, planes, weights, seen)
    hours = sunlit_steps(sky, planes, weights, seen)
    monkeypatch.setattr("twin.sun.kernel._STEPS", steps)
    monkeypatch.setattr("twin.sun.kernel._PLANES", planes_at_a_time)
    np.testing.assert_allclose(irradiance(sky, planes, weights, seen), whole, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(sunlit_steps(sky, planes, weights, seen), hours, rtol=1e-9)


def test_steps_one_by_one_are_the_steps_together(week):
    sky, planes, weights, seen = week
    whole = irradiance(sky, planes, weights, seen)
    for steps in (slice(0, 31), slice(31, 32), slice(32, 168)):
        part = irradiance(sky.during(steps), planes, weights.during(steps), seen)
        np.testing.assert_allclose(part, whole[steps], rtol=1e-9, atol=1e-9)


def test_shade_takes_away_and_never_adds(week):
    sky, planes, weights, seen = week
    scene = scene_of_boxes(*STREET)
    up = np.degrees(np.arccos(scene.normals[:, 2]))
    free = irradiance(sky, planes_from(up, np.degrees(np.arctan2(scene.normals[:, 0], scene.normals[:, 1]))))
    shaded = irradiance(sky, planes, weights, seen)
    assert (shaded <= free + 1e-3).all()
    lost = 1.0 - shaded.sum(axis=0) / np.maximum(free.sum(axis=0), 1.0)
    walls = lost.reshape(8, 6)
    assert walls[4:, SOUTH].min() > 0.05  # across the street from the others
    assert walls[:4, SOUTH] == pytest.approx(0.0, abs=1e-6)
    assert walls[0, ROOF] > 0.0
    assert walls[:4, NORTH].min() > 0.1


def test_shares_that_are_lit_lie_between_none_and_all(week):
    _, _, weights, seen = week
    lit = lit_shares(weights, seen)
    assert lit.min() >= 0.0
    assert lit.max() <= 1.0 + 1e-6
    assert lit.shape == (168, 48)


def test_hours_of_sun_of_a_free_wall_are_those_in_which_it_faces_the_sun():
    sky = clear_sky().during(slice(24 * 79, 24 * 80))
    planes, weights, seen = street(sky)
    up = np.flatnonzero(sky.sun[:, 2] > 0.0)
    hours = sunlit_steps(sky.during(up), planes, weights.during(up), seen)
    facing = (sky.sun[up] @ planes.normal.T > 0.0).sum(axis=0)
    assert hours[SOUTH] == pytest.approx(facing[SOUTH], rel=1e-3)  # a sun that grazes it finds few neighbours
    assert (hours <= facing + 1e-5).all()
    assert sunlit_steps(sky.during(up), planes, None, None).tolist() == facing.tolist()  # were nothing in its way
