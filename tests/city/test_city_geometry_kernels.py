"""Kernels on all polygons at once against what is counted, summed or turned one by one."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import shapely
from city_cases import WALL, box, prism
from geometry_cases import L_SHAPE, geometry_of, moved, outlines, star
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city.geometry import measure, triangulate
from twin.city.geometry.rings import compact, reverse_rings, take_surfaces, weld
from twin.city.geometry.shells import heights, lowest, shells, turned_faces
from twin.city.geometry.tidy import tidy
from twin.city.model import Geometry


def enclosed(geometry: Geometry):
    n = len(geometry.surface_offsets) - 1
    return shells(geometry, measure(geometry), np.zeros(n, dtype=np.int64), 1)


# --- vertices and rings ---------------------------------------------------------------------------------------------

points = st.tuples(*[st.integers(-3, 3)] * 3, *[st.integers(-4, 4)] * 3)


@settings(max_examples=50, deadline=None)
@given(st.lists(points, min_size=1, max_size=30), st.data())
def test_vertices_that_agree_to_a_millimetre_become_the_one_used_first(found, data):
    coordinates = np.array([np.array(p[:3]) * 1e-3 + np.array(p[3:]) * 1e-4 for p in found])
    corners = np.array(data.draw(st.lists(st.integers(0, len(found) - 1), min_size=1, max_size=60)))
    first: dict[tuple[int, ...], int] = {}
    expected = [first.setdefault(tuple(np.rint(coordinates[c] / 1e-3).astype(int)), c) for c in corners]
    assert weld(coordinates, corners).tolist() == expected


def test_hashes_that_collide_do_not_weld(monkeypatch):
    from twin.city.geometry import rings

    monkeypatch.setattr(rings, "_HASH", (1, 1, 1))
    coordinates = np.array([(1.0, 2.0, 3.0), (3.0, 2.0, 1.0), (1.0, 2.0, 3.0), (2.0, 2.0, 2.0)])
    assert weld(coordinates, np.arange(4)).tolist() == [0, 1, 0, 3]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=3, max_size=30))
def test_vertices_are_numbered_by_first_use(corners):
    coordinates = np.random.default_rng(1).random((10, 3))
    geometry = Geometry(coordinates, np.array(corners), np.array([0, len(corners)]), np.array([0, 1]))
    small = compact(geometry)
    np.testing.assert_array_equal(small.corners, geometry.corners)
    assert list(dict.fromkeys(small.ring_vertices.tolist())) == list(range(len(set(corners))))


def test_rings_are_opened_and_emptied_of_repeated_corners():
    square = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    line = [(0, 0, 1), (1, 0, 1), (0, 0, 1)]
    coordinates = np.array([*square, square[0], *line, *square, square[3], square[0]], dtype=float)
    tidied = tidy(coordinates, np.arange(len(coordinates)), np.array([5, 3, 6, 0]), np.array([1, 1, 1, 1]), True)
    assert tidied.kept.tolist() == [0, 2]
    assert tidied.too_few.tolist() == [1, 3]
    assert tidied.unclosed.tolist() == []
    assert np.diff(tidied.geometry.ring_offsets).tolist() == [4, 4]
    open_ring = tidy(coordinates[:4], np.arange(4), np.array([4]), np.array([1]), True)
    assert open_ring.unclosed.tolist() == [0]


def test_a_hole_without_area_is_dropped_and_its_surface_kept():
    outer = [(0, 0, 0), (9, 0, 0), (9, 9, 0), (0, 9, 0)]
    coordinates = np.array([*outer, (1, 1, 0), (2, 2, 0)], dtype=float)
    tidied = tidy(coordinates, np.arange(6), np.array([4, 2]), np.array([2]))
    assert (tidied.kept.tolist(), tidied.too_few.tolist()) == ([0], [0])
    assert measure(tidied.geometry).area == pytest.approx([81.0])


# --- sizes ------------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(outlines, st.floats(0, 6.2), st.floats(0.1, 1.5))
def test_area_and_centroid_of_any_polygon_in_any_plane(spokes, turn, slope):
    """With as few as three corners and as many as eighteen, as one kernel takes the few and another the many."""
    outline = star(spokes)
    shape = shapely.Polygon(outline)
    rise = np.array([[1, 0, 0], [0, np.cos(slope), np.sin(slope)]])
    ring = (np.array(outline) @ rise).tolist()
    middles = [tuple((np.array(a) + b) / 2) for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True)]
    fine = [p for pair in zip(map(tuple, ring), middles, strict=True) for p in pair]
    geometry = moved(geometry_of([(WALL, [ring]), (WALL, [fine])]), turn, (3e5, 5e6, 40.0))
    measured = measure(geometry)
    np.testing.assert_allclose(measured.area, shape.area, rtol=1e-6)
    np.testing.assert_allclose(measured.tilt, np.degrees(slope), atol=1e-4)
    back = moved(Geometry(measured.centroid - (3e5, 5e6, 40.0), *[np.zeros(0, dtype=int)] * 3), -turn, (0, 0, 0))
    middle = np.array(shape.centroid.coords[0]) @ rise
    np.testing.assert_allclose(back.vertices, [middle, middle], atol=1e-5)
    assert measured.off_plane.max() < 1e-6


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 6.2), st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 6e6), st.floats(-100, 3000)))
def test_moving_a_city_changes_no_size(turn, shift):
    there, here = moved(geometry_of(prism(L_SHAPE, 1, 4)), turn, shift), geometry_of(prism(L_SHAPE, 1, 4))
    before, after = measure(here), measure(there)
    np.testing.assert_allclose(after.area, before.area, rtol=1e-6)
    np.testing.assert_allclose(after.tilt, before.tilt, atol=1e-4)
    walls = before.tilt == 90
    round_the_compass = (before.azimuth - np.degrees(turn) - after.azimuth + 180) % 360 - 180
    np.testing.assert_allclose(round_the_compass[walls], 0, atol=1e-4)
    assert enclosed(there).closed.all()
    np.testing.assert_allclose(enclosed(there).volume, 54.0, rtol=1e-6)
    np.testing.assert_allclose(heights(there, np.zeros(8, dtype=int), 1), 3.0, atol=1e-6)
    np.testing.assert_allclose(lowest(there, np.zeros(8, dtype=int), 1), 1.0 + shift[2], atol=1e-6)


def test_how_far_corners_lie_off_their_plane():
    bent = [(0, 0, 0), (2, 0, 0), (2, 2, 0.4), (0, 2, 0)]
    flat = [(0, 0, 0), (2, 0, 0), (2, 2, 0), (1, 3, 0), (0, 2, 0)]
    off = measure(geometry_of([(WALL, [bent]), (WALL, [flat]), (WALL, [bent[:3]])])).off_plane
    assert 0.1 < off[0] < 0.14  # from the plane through the centroid; 0.1 from the one in between
    assert off[1:] == pytest.approx([0, 0], abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(outlines)
def test_triangles_cover_their_surface_and_face_as_it_does(spokes):
    geometry = geometry_of(prism(star(spokes), 0, 3))
    triangles, surface = triangulate(geometry)
    corners = geometry.vertices[triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
    measured = measure(geometry)
    np.testing.assert_allclose(np.bincount(surface, np.linalg.norm(normal, axis=1)), measured.area, rtol=1e-6)
    assert ((normal * measured.normal[surface]).sum(axis=1) > -1e-9).all()


# --- shells -----------------------------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from([0, 1, -1]), min_size=12, max_size=12))
def test_closed_means_that_every_edge_is_used_as_often_in_both_directions(use):
    """Two boxes that share a wall, of which faces are left out or turned."""
    both = [*box(0, 0, 2, 2, 2), *box(2, 0, 2, 2, 2)]
    faces = [(kind, [ring[::sign] for ring in rings]) for (kind, rings), sign in zip(both, use, strict=True) if sign]
    if not faces:
        return
    geometry = geometry_of(faces)
    ahead: Counter[tuple[int, int]] = Counter()
    for start, stop in zip(geometry.ring_offsets, geometry.ring_offsets[1:], strict=False):
        ring = geometry.ring_vertices[start:stop].tolist()
        ahead.update(zip(ring, [*ring[1:], ring[0]], strict=True))
    found = enclosed(geometry)
    assert found.closed[0] == all(ahead[a, b] == ahead[b, a] for a, b in ahead)
    assert found.paired[0] == all((ahead[a, b] + ahead[b, a]) % 2 == 0 for a, b in ahead)


def test_shells_are_told_apart_in_any_order():
    faces = [*box(0, 0, 1, 1, 1), *box(5, 5, 2, 2, 2)[:-1], *box(9, 9, 3, 3, 3)]
    owner = np.array([2] * 6 + [0] * 5 + [3] * 6)
    order = np.random.default_rng(3).permutation(len(faces))
    geometry = geometry_of([faces[k] for k in order])
    found = shells(geometry, measure(geometry), owner[order], 4)
    assert found.closed.tolist() == [False, False, True, True]
    assert found.volume[[2, 3]] == pytest.approx([1.0, 27.0])
    assert heights(geometry, owner[order], 4) == pytest.approx([2.0, 0.0, 1.0, 3.0])


def test_what_is_not_counted_leaves_a_shell_closed():
    pane = (WALL, [[(0.2, 0, 0.2), (0.8, 0, 0.2), (0.8, 0, 0.8), (0.2, 0, 0.8)]])
    geometry = geometry_of([*box(0, 0, 1, 1, 1), pane])
    owner, counted = np.zeros(7, dtype=np.int64), np.arange(7) < 6
    assert not shells(geometry, measure(geometry), owner, 1).closed[0]
    found = shells(geometry, measure(geometry), owner, 1, counted)
    assert found.closed[0]
    assert found.volume == pytest.approx([1.0])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.booleans(), min_size=8, max_size=8), st.permutations(range(8)))
def test_faces_are_turned_until_they_agree(wrong, order):
    faces = prism(L_SHAPE, 0, 3)
    geometry = take_surfaces(reverse_rings(geometry_of(faces), np.array(wrong)), np.array(order))
    turned = turned_faces(geometry, np.zeros(8, dtype=np.int64))
    assert turned.sum() <= 4
    found = enclosed(reverse_rings(geometry, turned))
    assert found.closed.all()
    assert np.abs(found.volume) == pytest.approx([54.0])


def test_a_moebius_strip_is_left_alone():
    n = 12
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    across = np.stack([np.cos(angle / 2) * np.cos(angle), np.cos(angle / 2) * np.sin(angle), np.sin(angle / 2)], axis=1)
    middle = 5 * np.stack([np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    sides = [[tuple(p) for p in middle + sign * across] for sign in (1, -1)]
    strip = [(WALL, [[sides[0][i], sides[0][i + 1], sides[1][i + 1], sides[1][i]]]) for i in range(n - 1)]
    strip.append((WALL, [[sides[0][-1], sides[1][0], sides[0][0], sides[1][-1]]]))
    assert not turned_faces(geometry_of(strip), np.zeros(n, dtype=np.int64)).any()
