"""The inside of the room: view factors that are known, where the sun falls, light that is neither lost nor found."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.validation.bestest.room import Face, exchange_areas, fallen, in_wall, interreflection
from twin.validation.bestest.shades import Window, blockers, windows_of

SIDES = ("N", "E", "S", "W", "up", "down")
ROOM = (8.0, 6.0, 2.7)


def box(size, windows=()):
    holes = tuple(in_wall(size, "S", window) for window in windows)
    faces = [Face((in_wall(size, side),), holes if side == "S" else ()) for side in SIDES]
    return [*faces, Face(holes)] if holes else faces


def areas(size):
    east, north, up = size
    return np.array([east * up, north * up, east * up, north * up, east * north, east * north])


def test_the_faces_of_a_cube_see_each_other_as_the_textbook_says():
    found = exchange_areas(box((1.0, 1.0, 1.0)))
    opposite = 0.19982  # Incropera & DeWitt, aligned parallel rectangles
    assert found[0, 2] == pytest.approx(opposite, abs=1e-5)
    np.testing.assert_allclose(found[0, [1, 3, 4, 5]], (1 - found[0, 2]) / 4, rtol=1e-9)


@given(st.tuples(*[st.floats(0.5, 20.0)] * 3))
def test_a_face_sees_the_rest_of_its_box_and_nothing_else(size):
    found = exchange_areas(box(size))
    np.testing.assert_allclose(found.sum(axis=1), areas(size), rtol=1e-6)
    np.testing.assert_array_equal(found, found.T)
    assert (np.diag(found) == 0.0).all()


def test_a_window_takes_its_view_from_the_wall_it_is_in():
    windows = windows_of(8.0, 12.0, 3.0, 2.0, 2.2)
    whole, cut = exchange_areas(box(ROOM)), exchange_areas(box(ROOM, windows))
    np.testing.assert_allclose(cut[2, :6] + cut[6, :6], whole[2], atol=1e-9)
    assert cut[6].sum() == pytest.approx(12.0)


def test_light_goes_about_until_it_is_taken_up():
    exchange = exchange_areas(box(ROOM))
    reflectance = np.array([0.1, 0.4, 0.9, 0.5, 0.8, 0.3])
    falls = interreflection(exchange, reflectance)
    np.testing.assert_allclose((1.0 - reflectance) @ falls, 1.0, rtol=1e-9)
    np.testing.assert_allclose(interreflection(exchange, np.zeros(6)).sum(axis=0), 1.0, rtol=1e-9)


def sun(altitude_deg, azimuth_deg):
    """Towards the sun as a south window sees it (it looks out, left is east) and by the compass."""
    h, a = np.radians(altitude_deg), np.radians(azimuth_deg)
    by_compass = np.array([[np.cos(h) * np.sin(a), np.cos(h) * np.cos(a), np.sin(h)]])
    return by_compass * np.array([1.0, -1.0, 1.0]), by_compass


def falls(altitude_deg, azimuth_deg, window, before=()):
    return fallen(ROOM, "S", window, before, sun(altitude_deg, azimuth_deg), box(ROOM))[0]


def test_a_high_sun_lights_the_floor_and_a_low_one_the_wall_opposite():
    window = Window((0.5, 3.5), (0.2, 2.2))
    np.testing.assert_array_equal(falls(60.0, 180.0, window), [0, 0, 0, 0, 0, 1])
    np.testing.assert_array_equal(falls(0.5, 180.0, window), [1, 0, 0, 0, 0, 0])
    height = 6.0 * np.tan(np.radians(15.0))  # above it, beams reach the wall 6 m away before the floor
    np.testing.assert_allclose(
        falls(15.0, 180.0, window)[[0, 5]], [(2.2 - height) / 2.0, (height - 0.2) / 2.0], atol=0.01
    )


def test_the_morning_sun_lights_the_western_wall():
    window = Window((0.5, 3.5), (0.2, 2.2))
    morning, evening = falls(10.0, 120.0, window), falls(10.0, 240.0, window)
    # a beam meets the wall x tan(10 deg) / sin(60 deg) lower; from x = 0.98 m on, the lowest meet the floor before it
    fall = np.tan(np.radians(10.0)) / np.sin(np.radians(60.0)) * np.linspace(0.5, 3.5, 2001)
    assert morning[3] == pytest.approx(1.0 - np.maximum(fall - 0.2, 0.0).mean() / 2.0, abs=0.005)
    assert morning[1] == evening[3] == 0.0
    assert evening.sum() == morning.sum() == 1.0


def test_what_an_overhang_takes_falls_nowhere():
    window = Window((0.5, 3.5), (0.2, 2.2))
    before = blockers(window, 8.0, 2.7, {"depth_m": 1.0, "above_window_top_m": 0.5}, None)
    shadow = np.tan(np.radians(50.0)) - 0.5
    assert falls(50.0, 180.0, window, before).sum() == pytest.approx(1.0 - shadow / 2.0, abs=0.005)


def test_the_beam_misses_no_face_and_hits_none_twice():
    window = Window((0.5, 3.5), (0.2, 2.2))
    faces = box(ROOM, windows_of(8.0, 12.0, 3.0, 2.0, 2.2))
    for altitude in (5.0, 20.0, 40.0, 80.0):
        for azimuth in (100.0, 150.0, 210.0, 265.0):
            shares = fallen(ROOM, "S", window, (), sun(altitude, azimuth), faces)
            assert shares.sum() == pytest.approx(1.0)


def test_windows_that_fit_no_wall_of_their_height_become_higher():
    (one,) = windows_of(4.0, 9.0, 3.0, 2.0, 2.2)
    assert one.x == (0.0, 4.0)
    assert one.z == pytest.approx((0.0, 2.25))
