from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from twin.view.layers import joined
from twin.view.shapes import Ground, feature_edges, fit_camera, orientation_marks, round_length

SQUARE = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], dtype=float)


def two_triangles(shift: float = 0.0, fold: float = 0.0) -> np.ndarray:
    corners = SQUARE + np.array([shift, 0, 0])
    corners[3, 2] += fold
    return corners[[[0, 1, 2], [0, 2, 3]]]


def test_a_flat_square_has_its_outline_but_not_its_diagonal():
    assert len(feature_edges(two_triangles(), np.zeros(2, int))) == 4


def test_a_fold_is_drawn():
    assert len(feature_edges(two_triangles(fold=0.5), np.zeros(2, int))) == 5


def test_a_fold_is_seen_whichever_way_round_the_corners_run():
    flat = two_triangles()
    flat[1] = flat[1][::-1]
    assert len(feature_edges(flat, np.zeros(2, int))) == 4


def test_the_line_between_neighbours_is_drawn_for_both():
    squares = np.concatenate([two_triangles(), two_triangles(shift=1.0)])
    assert len(feature_edges(squares, np.array([0, 0, 0, 0]))) == 6
    assert len(feature_edges(squares, np.array([0, 0, 1, 1]))) == 8


def test_a_gabled_house_has_fifteen_edges(quarter):
    house = joined([quarter]).triangles[0][:14]
    assert len(feature_edges(house, np.zeros(len(house), int))) == 15


def test_nothing_has_no_edges():
    assert feature_edges(np.empty((0, 3, 3)), np.empty(0, int)).shape == (0, 2, 3)


def in_picture(points: np.ndarray, camera, aspect: float, view_deg: float) -> np.ndarray:
    """Where points are in the picture, each axis from -1 to 1."""
    ahead = (camera.focus - camera.position) / camera.distance
    right = np.cross(ahead, [0, 0, 1])
    right /= np.linalg.norm(right)
    rays = points - camera.position
    depth = rays @ ahead
    tall = np.tan(np.radians(view_deg) / 2)
    return np.column_stack([rays @ right / depth / tall / aspect, rays @ np.cross(right, ahead) / depth / tall])


@given(
    st.lists(st.tuples(*[st.floats(-500, 500)] * 2, st.floats(0, 60)), min_size=2, max_size=40),
    st.floats(0.4, 3.0),
    st.floats(0, 360),
    st.floats(10, 80),
)
def test_the_camera_sees_everything_and_no_nearer_one_would(points, aspect, azimuth, elevation):
    cloud = np.array(points) + np.array([[0, 0, 0]] * (len(points) - 1) + [[7.0, 5.0, 3.0]])
    margins = (0.05, 0.1, 0.03, 0.15)
    camera = fit_camera(cloud, aspect, 20.0, azimuth, elevation, margins)
    ahead = (camera.focus - camera.position) / camera.distance
    assume(((cloud - camera.position) @ ahead).min() > 0.1)  # seen end-on it may stand at the foremost point itself
    x, y = in_picture(cloud, camera, aspect, 20.0).T
    slack = np.array([x.min() + 0.9, 0.8 - x.max(), y.min() + 0.94, 0.7 - y.max()])
    assert slack.min() > -1e-6
    # it stands as near as it can: both sides of one direction are touched
    assert min(slack[0] + slack[1], slack[2] + slack[3]) < 1e-6


def test_the_camera_stands_in_the_south_and_looks_down(quarter):
    camera = fit_camera(quarter.coordinates, 1.6, 12.0, 180.0, 42.0, (0.0, 0.0, 0.0, 0.0))
    away = camera.position - camera.focus
    assert away[0] == pytest.approx(0, abs=1e-6)
    assert away[1] < 0
    assert np.degrees(np.arctan2(away[2], -away[1])) == pytest.approx(42)


def test_the_ground_carries_every_house_and_ends_beyond_the_last(quarter):
    shapes = joined([quarter])
    ground = Ground(shapes.standing, shapes.rows[:, :2], margin=5.0)
    assert len(shapes.standing) == 30
    assert ground.drape(shapes.standing[:, :2])[:, 2] == pytest.approx(shapes.standing[:, 2], abs=0.6)
    assert ground.rim.min(axis=0)[:2] == pytest.approx(shapes.rows.min(axis=0)[:2] - 5, abs=0.2)
    assert ground.rim.max(axis=0)[:2] == pytest.approx(shapes.rows.max(axis=0)[:2] + 5, abs=0.2)
    points, quads = ground.sheet()
    assert quads.max() < len(points)


def test_shadows_fall_away_from_the_sun_onto_the_ground():
    ground = Ground(SQUARE * 100, SQUARE[:, :2] * 100, margin=1.0)
    pole = np.array([[[50, 50, 0], [50, 50, 10], [50, 50, 5]]], dtype=float)
    cast = ground.shadow(pole, np.zeros(1), np.array([-1.0, 0.0, 1.0]))
    assert cast[0] == pytest.approx(np.array([[50, 50, 0], [60, 50, 0], [55, 50, 0]]))


@pytest.mark.parametrize("azimuth", [150.0, 180.0, 210.0])
def test_the_arrow_points_north_and_the_bar_is_as_long_as_it_says(quarter, azimuth):
    shapes = joined([quarter])
    ground = Ground(shapes.standing, shapes.rows[:, :2], margin=5.0)
    marks = orientation_marks(ground, azimuth)
    tip, _, notch, _ = marks.arrow
    assert (tip - notch)[[0, 2]] == pytest.approx([0, 0])
    assert tip[1] > notch[1]
    assert np.linalg.norm(marks.bar[1] - marks.bar[0]) == pytest.approx(marks.length)
    assert marks.length in (5, 10, 20)


def test_lengths_are_round():
    assert [round_length(x) for x in (0.9, 1, 4.9, 70, 130, 260, 1e4)] == [0.5, 1, 2, 50, 100, 200, 1e4]
