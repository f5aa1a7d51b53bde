"""The patches of the sky, what stands for them, and how the sun is spread over them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sun_case import clear_sky

from twin.sun.sight.patches import below, directions_as_patches, reinhart, sun_weights, thinned
from twin.sun.sky import towards_sun
from twin.sun.view import overcast


@pytest.mark.parametrize(("subdivision", "count"), [(1, 145), (2, 577), (4, 2305)])
def test_patches_cover_the_half_sphere(subdivision, count):
    sky = reinhart(subdivision)
    assert len(sky) == count
    assert sky.solid_angles.sum() == pytest.approx(2 * np.pi, rel=1e-12)
    assert np.linalg.norm(sky.directions, axis=1) == pytest.approx(np.ones(count))
    assert sky.directions[:, 2].min() > 0.0
    assert sky.at_horizon.sum() == 30 * subdivision


@pytest.mark.parametrize(("subdivision", "off"), [(1, 6e-3), (2, 1.5e-3), (4, 4e-4)])
def test_a_horizontal_plane_sees_them_all_nearly(subdivision, off):
    sky = reinhart(subdivision)
    assert sky.directions[:, 2] @ sky.solid_angles == pytest.approx(np.pi, rel=off)
    for azimuth in (0.0, 90.0, 180.0, 270.0):
        wall = towards_sun(np.array([90.0]), np.array([azimuth]))[0]
        seen = np.maximum(sky.directions @ wall, 0.0) @ sky.solid_angles
        assert seen == pytest.approx(np.pi / 2, rel=1.6 * off)


def test_the_ground_is_the_sky_upside_down():
    sky, ground = reinhart(1), below(1)
    assert np.array_equal(ground.directions[:, :2], sky.directions[:, :2])
    assert np.array_equal(ground.directions[:, 2], -sky.directions[:, 2])
    assert ground.solid_angles.sum() == pytest.approx(2 * np.pi)


def sums_of_rings(patches, size_rad):
    ring = np.round(np.arcsin(patches.directions[:, 2]) / size_rad - 0.5).astype(int)
    return np.bincount(ring, patches.solid_angles)


@pytest.mark.parametrize("subdivision", [1, 2, 4])
def test_where_the_sun_never_stands_fewer_patches_stand_for_all(subdivision):
    sky = reinhart(subdivision)
    sun = clear_sky().sun
    few = thinned(sky, sun[sun[:, 2] > 0.0])
    assert 0.3 * len(sky) < len(few) < 0.9 * len(sky)
    assert sums_of_rings(few, sky.size_rad) == pytest.approx(sums_of_rings(sky, sky.size_rad), rel=1e-12)
    north_high = few.directions @ [0.0, np.sin(np.radians(30)), np.cos(np.radians(30))]
    assert few.solid_angles[north_high > 0.97].max() > 3 * sky.solid_angles.min()


def test_the_patches_around_the_sun_all_stay():
    sky = reinhart(2)
    sun = towards_sun(np.array([50.0]), np.array([180.0]))
    few = thinned(sky, sun)
    near = few.directions[(few.directions @ sun[0]) > np.cos(np.radians(8.0))]
    assert len(near) == ((sky.directions @ sun[0]) > np.cos(np.radians(8.0))).sum() >= 5
    assert sorted(sun_weights(sun, few).share[0]) == sorted(sun_weights(sun, sky).share[0])


def test_without_any_sun_one_patch_in_four_is_left():
    assert len(thinned(reinhart(2), np.zeros((0, 3)))) == pytest.approx(577 / 4, rel=0.02)


ANYWHERE = st.lists(st.tuples(st.floats(0, 90), st.floats(0, 360)), min_size=1, max_size=8)


@given(ANYWHERE, st.sampled_from([1, 2, 4]))
def test_the_sun_is_spread_over_patches_of_which_the_nearest_counts_most(places, subdivision):
    sky = reinhart(subdivision)
    sun = towards_sun(*np.array(places).T)
    weights = sun_weights(sun, sky)
    assert (weights.share.sum(axis=1) == 1.0).all()
    assert (weights.share[:, ::-1].cumsum(axis=1)[:, -1] == 1.0).all()  # to the last digit, in any order
    assert (weights.share >= 0.0).all()
    cosines = np.einsum("tk,tpk->tp", sun, sky.directions[weights.patch])
    assert cosines[np.arange(len(sun)), weights.share.argmax(axis=1)] == pytest.approx(cosines.max(axis=1), abs=1e-7)
    assert (sun @ sky.directions.T).max(axis=1) == pytest.approx(cosines.max(axis=1), abs=1e-12)
    middle = np.einsum("tk,tkc->tc", weights.share, sky.directions[weights.patch])
    assert (np.einsum("tc,tc->t", middle, sun) > np.cos(np.radians(16.0))).all()


def test_weights_do_not_depend_on_how_the_steps_are_cut(monkeypatch):
    sun, sky = clear_sky().sun[:2000], reinhart(2)
    whole = sun_weights(sun, sky)
    apart = [sun_weights(part, sky) for part in np.array_split(sun, [1, 30, 555, 556, 1700])]
    assert np.array_equal(np.concatenate([w.patch for w in apart]), whole.patch)
    assert np.array_equal(np.concatenate([w.share for w in apart]), whole.share)
    monkeypatch.setattr("twin.sun.sight.patches._STEPS", 17)
    assert np.array_equal(sun_weights(sun, sky).share, whole.share)


def test_the_matrix_of_weights_holds_them_all():
    weights = sun_weights(clear_sky().sun[4000:4010], reinhart(2))
    used, matrix = weights.matrix()
    for step in range(10):
        assert matrix[step, np.searchsorted(used, weights.patch[step])] == pytest.approx(weights.share[step])
    assert matrix.sum() == pytest.approx(10.0)


def test_points_of_the_sky_can_be_looked_at_like_patches():
    points = towards_sun(np.array([10.0, 40.0]), np.array([0.0, 90.0]))
    assert np.array_equal(directions_as_patches(points).directions, points)


def test_the_overcast_sky_gives_a_free_wall_about_forty_per_cent():
    # 0.396, by integrating (1 + 2 sin altitude) / 3 over the quarter sphere: 3/7 (1/2 + 4/(3 pi))
    for subdivision, off in ((2, 2e-3), (4, 5e-4)):
        sky = reinhart(subdivision)
        light = overcast(sky)
        assert light @ sky.directions[:, 2] == pytest.approx(1.0)
        wall = np.maximum(sky.directions @ [0.0, -1.0, 0.0], 0.0) @ light
        assert wall == pytest.approx(3.0 / 7.0 * (0.5 + 4.0 / (3.0 * np.pi)), rel=off * 2)
