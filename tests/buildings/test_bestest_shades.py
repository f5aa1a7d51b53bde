"""Overhangs and fins against triangles drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

from twin.validation.bestest.shades import Blocker, Window, blockers, lit_share, view_shares, windows_of

WINDOW = Window((2.5, 5.5), (0.2, 2.2))
WIDE = Blocker(2, 2.7, (-1e4, 1e4), 1.0)


def towards(off_deg, altitude_deg):
    a, h = np.radians(off_deg), np.radians(altitude_deg)
    return np.array([[np.cos(h) * np.sin(a), np.cos(h) * np.cos(a), np.sin(h)]])


def test_two_windows_stand_in_the_middle_of_half_a_wall_each():
    left, right = windows_of(8.0, 12.0, 3.0, 2.0, 2.2)
    assert left.x == pytest.approx((0.5, 3.5))
    assert right.x == pytest.approx((4.5, 7.5))
    assert left.z == pytest.approx((0.2, 2.2))


def test_the_shadow_of_an_overhang_falls_by_the_tangent_of_the_altitude():
    for altitude in (10.0, 45.0, 60.0, 75.0):
        shadow = np.clip(np.tan(np.radians(altitude)) - 0.5, 0.0, 2.0)
        assert lit_share(WINDOW, [WIDE], towards(0.0, altitude))[0] == pytest.approx(1 - shadow / 2, abs=0.005)


def test_the_shadow_of_a_fin_falls_by_the_tangent_of_the_angle_off_the_wall():
    fins = blockers(WINDOW, 8.0, 1e4, None, {"depth_m": 1.0})
    for off in (-60.0, -30.0, 30.0, 60.0):
        shadow = np.tan(np.radians(abs(off))) / 3.0
        assert lit_share(WINDOW, fins, towards(off, 0.0))[0] == pytest.approx(1 - shadow, abs=0.01)


def test_nothing_comes_from_behind_the_wall_and_all_from_before_it():
    assert lit_share(WINDOW, [WIDE], towards(180.0, 20.0))[0] == 0.0
    assert lit_share(WINDOW, [], towards(30.0, 20.0))[0] == 1.0
    assert view_shares(WINDOW, []) == (1.0, 1.0, 1.0)


def test_an_endless_overhang_takes_its_view_factor_from_the_sky_and_nothing_from_the_ground():
    """Of a point h below its edge line: (1 - sin(arctan(h / d))) / 2 of the view, averaged over the window."""
    below = 2.7 - np.linspace(0.2, 2.2, 2001)
    taken = (1 - below / np.hypot(below, 1.0)) / 2
    dome, band, ground = view_shares(WINDOW, [WIDE])
    assert dome == pytest.approx(1 - taken.mean() / 0.5, abs=0.01)
    assert (band, ground) == (1.0, 1.0)
