"""Kernels on all polygons at once against what is counted, summed or turned one by one."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import shapely
from city_cases import WALL, box, prism
from geometry_cases import L_SHAPE, geometry_of, moved, outlines, star
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city.geometry import measure, triangulate
from twin.city.geometry.rings import compact, in_order, reverse_rings, runs_of, take_runs, take_surfaces, weld
from twin.city.geometry.shells import heights, inside_out, lowest, seams, shells, turned_faces
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


@pytest.mark.parametrize("far", [0.0, -5e6, 1e8])
def test_vertices_half_a_millimetre_apart_are_welded_as_they_are_rounded(far):
    """To the even one of two millimetres, wherever on Earth."""
    coordinates = far + np.array([[x * 0.5e-3, -x * 0.5e-3, 0.0] for x in range(-6, 7)])
    whole = np.rint(coordinates / 1e-3).astype(int).tolist()
    assert weld(coordinates, np.arange(13)).tolist() == [whole.index(row) for row in whole]


def test_hashes_that_collide_do_not_weld(monkeypatch):
    from twin.city.geometry import rings

    monkeypatch.setattr(rings, "_HASH", (1, 1, 1))
    coordinates = np.array([(1.0, 2.0, 3.0), (3.0, 2.0, 1.0), (1.0, 2.0, 3.0), (2.0, 2.0, 2.0)])
    assert weld(coordinates, np.arange(4)).tolist() == [0, 1, 0, 3]


def test_two_of_many_vertices_that_agree_are_found():
    """However far apart they are in the file, and whatever else falls into the slot of their hash."""
    coordinates = np.random.default_rng(1).permutation(5000).reshape(-1, 1) * [1.0, 2.0, 3.0]
    corners = np.arange(5000)
    assert weld(coordinates, corners) is corners
    for one, other in np.random.default_rng(2).integers(0, 5000, (20, 2)).tolist():
        twice = coordinates.copy()
        twice[other] = coordinates[one] + 1e-4
        assert weld(twice, corners)[max(one, other)] == min(one, other)


@pytest.mark.parametrize("block", [4, 1 << 14])
@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=3, max_size=30))
def test_vertices_are_numbered_by_first_use(block, corners):
    """Whether corners are looked at all at once or block by block."""
    coordinates = np.random.default_rng(1).random((10, 3))
    geometry = Geometry(coordinates, np.array(corners), np.array([0, len(corners)]), np.array([0, 1]))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twin.city.geometry.rings.BLOCK", block)
        small = compact(geometry)
    np.testing.assert_array_equal(small.corners, geometry.corners)
    assert list(dict.fromkeys(small.ring_vertices.tolist())) == list(range(len(set(corners))))


def test_a_geometry_without_unused_vertices_is_compact_already():
    geometry = geometry_of(box(0, 0, 1, 1, 1))
    assert compact(geometry) is geometry


HOLED = (WALL, [[(0, 0, 0), (9, 0, 0), (9, 0, 9), (0, 0, 9)], [(1, 0, 1), (1, 0, 2), (2, 0, 2)]])


@pytest.mark.parametrize("faces", [prism(L_SHAPE, 0, 3), [*box(0, 0, 1, 1, 1)[:4], HOLED, *box(3, 3, 1, 1, 1)[:3]]])
def test_runs_of_surfaces_are_taken_as_their_surfaces_are(faces):
    geometry, owner = geometry_of(faces), np.array([5, 5, 2, 7, 7, 7, 2, 2])
    runs, chosen = runs_of(owner), np.array([2, 0, 3])
    assert runs.tolist() == [0, 2, 3, 6, 8]
    taken, surfaces = take_runs(geometry, runs, chosen)
    assert surfaces.tolist() == [3, 4, 5, 0, 1, 6, 7]
    one_by_one = compact(take_surfaces(geometry, surfaces))
    for name in ("vertices", "ring_vertices", "ring_offsets", "surface_offsets"):
        assert getattr(taken, name).tolist() == getattr(one_by_one, name).tolist()


def test_a_run_by_itself_is_taken_without_the_vertices_of_the_others():
    geometry = geometry_of([*box(0, 0, 1, 1, 1), *box(5, 5, 1, 1, 1)])
    runs = np.array([0, 6, 12])
    (first, _), (second, surfaces) = (take_runs(geometry, runs, np.array([run])) for run in (0, 1))
    assert surfaces.tolist() == list(range(6, 12))
    np.testing.assert_array_equal(second.vertices, geometry.vertices[8:])
    np.testing.assert_array_equal(second.corners, take_surfaces(geometry, surfaces).corners)
    assert second.vertices.base is None, "else the others would live on"
    assert first.ring_vertices.tolist() == second.ring_vertices.tolist()


@given(st.lists(st.integers(0, 2) | st.integers(0, (1 << 63) - 1), max_size=20))
def test_rows_in_order_of_their_numbers_keep_their_order_where_these_are_equal(numbers):
    rows = in_order(np.array(numbers, dtype=np.int64))
    assert rows.tolist() == sorted(range(len(numbers)), key=numbers.__getitem__)


def test_nothing_has_no_runs():
    assert runs_of(np.zeros(0, dtype=np.int64)).tolist() == [0]
    taken, surfaces = take_runs(geometry_of(box(0, 0, 1, 1, 1)), np.array([0, 6]), np.zeros(0, dtype=np.int64))
    assert (len(taken.surface_offsets), len(taken.ring_vertices), len(surfaces)) == (1, 0, 0)


def test_a_ring_may_begin_where_the_one_before_ended():
    corners = np.array([0, 1, 2, 2, 3, 0, 0, 0, 3, 4, 4, 2, 1])
    rings, each = np.array([3, 3, 4, 3]), np.ones(4, dtype=np.int64)
    coordinates = np.random.default_rng(3).random((5, 3))
    tidied = tidy(coordinates, corners, rings, each)
    assert tidied.geometry.ring_vertices.tolist() == [0, 1, 2, 2, 3, 0, 0, 3, 4, 4, 2, 1]
    untouched = tidy(coordinates, corners[:6], rings[:2], each[:2])
    assert untouched.geometry.ring_vertices.tolist() == [0, 1, 2, 2, 3, 0]


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


SQUARE = [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("rings", "tidied"),
    [
        ([SQUARE, [3, 4, 5]], [SQUARE, [3, 4, 5]]),  # the next ring begins where this one ends
        ([SQUARE, [3, 4, 4, 5]], [SQUARE, [3, 4, 5]]),
        ([[0, 1, 2, 3, 0], [5, 4, 3]], [SQUARE, [5, 4, 3]]),
        ([SQUARE, [4, 5, 6, 4]], [SQUARE, [4, 5, 6]]),
        ([[], SQUARE, [4, 5]], [SQUARE]),
        ([], []),
    ],
)
def test_only_what_is_untidy_is_changed(rings, tidied):
    coordinates, corners = np.random.default_rng(1).random((7, 3)), [corner for ring in rings for corner in ring]
    sizes = np.array([len(ring) for ring in rings], dtype=np.int64)
    done = tidy(coordinates, np.array(corners, dtype=np.int64), sizes, np.ones(len(rings), dtype=np.int64)).geometry
    ends = done.ring_offsets.tolist()
    assert [done.ring_vertices[a:b].tolist() for a, b in pairwise(ends)] == tidied


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
@given(
    st.lists(st.tuples(outlines, st.floats(-1e-3, 20.0), st.booleans()), min_size=1, max_size=4),
    st.floats(0, 6.2),
    st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 6e6), st.floats(-100, 3000)),
)
def test_shells_are_inside_out_where_their_measured_volume_is_negative(buildings, turn, shift):
    """Wherever the city is and however wide it is; a building of no or negative height among them."""
    faces = [prism([(x + 9e3 * k, y) for x, y in star(spokes)], 0, top) for k, (spokes, top, _) in enumerate(buildings)]
    geometry = moved(geometry_of([face for building in faces for face in building]), turn, shift)
    owner = np.repeat(np.arange(len(faces)), [len(building) for building in faces])
    geometry = reverse_rings(geometry, np.array([inward for *_, inward in buildings])[owner])
    joined, exact = seams(geometry, owner, len(faces)), shells(geometry, measure(geometry), owner, len(faces))
    assert joined.closed.all()
    assert (np.abs(joined.volume - exact.volume) <= joined.error).all()
    assert inside_out(joined, geometry, owner).tolist() == (exact.volume < 0).tolist()


def test_only_shells_in_doubt_are_measured(monkeypatch):
    """A sheet of two faces encloses nothing; what a hole takes off depends on which way it runs."""
    sheet = [(WALL, [ring]) for ring in ([(0, 0, 0), (1, 0, 0), (1, 1, 1)], [(1, 1, 1), (1, 0, 0), (0, 0, 0)])]
    tunnel = [(WALL, [ring[::-1]]) for _, (ring,) in box(21, 1, 1, 1, 3)[2:]]
    holes = [rings[0][::-1] for _, rings in box(21, 1, 1, 1, 3)[:2]]
    lids = [(kind, [*rings, hole]) for (kind, rings), hole in zip(box(20, 0, 3, 3, 3)[:2], holes, strict=True)]
    faces = [*box(0, 0, 9, 9, 9), *sheet, *lids, *box(20, 0, 3, 3, 3)[2:], *tunnel]
    owner = np.repeat([0, 1, 2], [6, 2, 10])
    geometry, measured = geometry_of(faces), []
    monkeypatch.setattr(
        "twin.city.geometry.shells.measure",
        lambda some: measured.append(len(some.surface_offsets) - 1) or measure(some),
    )
    joined = seams(geometry, owner, 3)
    assert joined.closed.all()
    assert joined.volume[:2] == pytest.approx([729.0, 0.0])
    assert np.isinf(joined.error).tolist() == [False, False, True]
    assert not inside_out(joined, geometry, owner).any()
    assert measured == [12]
    inward = reverse_rings(geometry, owner != 1)
    assert inside_out(seams(inward, owner, 3), inward, owner).tolist() == [True, False, True]


def test_looking_at_seams_leaves_coordinates_alone():
    """However they are laid out; where the axes change places they stand column by column."""
    geometry = geometry_of(box(0, 0, 1, 1, 1))
    vertices = np.asfortranarray(geometry.vertices)
    seams(
        Geometry(vertices, geometry.ring_vertices, geometry.ring_offsets, geometry.surface_offsets), np.zeros(6, int), 1
    )
    np.testing.assert_array_equal(vertices, geometry.vertices)


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
