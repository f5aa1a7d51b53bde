"""The first reflection between surfaces: how they look at each other, and that no light comes from nowhere."""

import numpy as np
import pytest
from sun_case import EAST, NORTH, SOUTH, WEST, box, clear_sky, looked_at, panel, scene_of_boxes, scene_of_faces, under

from twin.sun.kernel import irradiance
from twin.sun.reflection import exchange
from twin.sun.sight.patches import below, reinhart
from twin.sun.view import seen_planes


def views(scene, subdivision=2):
    """Return what part of its view each surface has of each other, above and below the horizon."""
    return exchange(*(looked_at(scene, patches(subdivision)) for patches in (reinhart, below))).toarray()


def facing_rectangles(width, height, distance):
    """View factor between equal, parallel, opposite rectangles: Howell, A catalog of configuration factors, C-11."""
    x, y = width / distance, height / distance
    a, b = np.hypot(1.0, x), np.hypot(1.0, y)
    total = np.log(a * b / np.sqrt(1.0 + x**2 + y**2))
    total += x * b * np.arctan(x / b) + y * a * np.arctan(y / a) - x * np.arctan(x) - y * np.arctan(y)
    return 2.0 / (np.pi * x * y) * total


@pytest.mark.parametrize(("height", "distance"), [(10.0, 10.0), (10.0, 20.0), (20.0, 10.0)])
def test_walls_face_to_face(height, distance):
    # many strips, whose mean is what the wall as a whole sees
    n, length = 64, 40.0
    step = length / n
    strips = [box(k * step, -1.0, step, 1.0, height)[NORTH] for k in range(n)]
    across = [box(k * step, distance, step, 1.0, height)[SOUTH] for k in range(n)]
    found = views(scene_of_faces([*strips, *across]))
    exact = facing_rectangles(length, height, distance)
    assert found[:n, n:].sum(axis=1).mean() == pytest.approx(exact, rel=0.02)
    assert found[n:, :n].sum(axis=1).mean() == pytest.approx(exact, rel=0.02)
    assert not found[:n, :n].any()


def test_from_within_a_closed_room_all_that_is_seen_is_walls():
    room = box(0, 0, 6, 5, 3)[:, ::-1]
    found = views(scene_of_faces(room), subdivision=4)
    rows = found.sum(axis=1)
    assert rows == pytest.approx(1.0, abs=0.01)
    assert (np.diag(found) == 0.0).all()
    areas = scene_of_faces(room).areas
    np.testing.assert_allclose(areas[:, None] * found, (areas[:, None] * found).T, atol=0.05 * areas.max())


def test_no_surface_sees_more_than_there_is():
    street = [(14.0 * k, 0, 12, 9, 6 + k) for k in range(4)] + [(14.0 * k, 18, 12, 9, 9) for k in range(4)]
    found = views(scene_of_boxes(*street))
    assert found.min() >= 0.0
    assert found.sum(axis=1).max() <= 1.005
    assert found.sum() > 1.0


def test_a_wall_between_houses_gets_no_light_from_what_lies_behind_it():
    found = views(scene_of_boxes((0, 0, 8, 9, 6), (8, 0, 8, 9, 6), (0, 20, 16, 9, 9)))
    buried = [EAST, 6 + WEST]
    assert not found[buried].any()
    assert not found[:, buried].any()
    assert found[NORTH].any()


def test_what_only_casts_shade_reflects_nothing():
    scene = scene_of_faces([panel(0, 0, 5, 90, 180), panel(0, -5, 5, 90, 0, size=8.0)], n_surfaces=1)
    assert not views(scene).any()


def test_a_street_with_light_walls_is_brighter_but_by_no_more_than_they_reflect():
    scene = scene_of_boxes((0, 0, 40, 9, 12), (0, 20, 40, 9, 12))
    sky = clear_sky().during(slice(24 * 170, 24 * 175))
    seen, weights = under(sky, scene)
    ground, _ = under(sky, scene, below(1))
    first = irradiance(sky, seen_planes(scene.normals, seen, ground), weights, seen)
    reflectance = 0.4
    second = reflectance * (exchange(seen, ground) @ first.T).T
    assert second.sum(axis=0)[[NORTH, 6 + SOUTH]].min() > 0.0
    assert second[:, NORTH].sum() > 0.03 * first[:, NORTH].sum()  # opposite a wall in the sun
    assert (second @ scene.areas <= reflectance * (first @ scene.areas) * 1.01 + 1e-9).all()


def test_surfaces_taken_out_of_their_scene_cannot_tell_what_reflects():
    seen = looked_at(scene_of_boxes((0, 0, 40, 9, 12))).take(np.arange(6))
    with pytest.raises(ValueError, match="taken out of their scene"):
        exchange(seen)
