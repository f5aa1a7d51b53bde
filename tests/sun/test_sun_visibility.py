"""What surfaces see of the sky: the same however the work is cut, and whether looked at or followed from a change."""

import numpy as np
import pytest
from sun_case import (
    EAST,
    NORTH,
    ROOF,
    SOUTH,
    WEST,
    Counting,
    box,
    looked_at,
    panel,
    scene_of_boxes,
    scene_of_faces,
    sky_views,
)

from twin.sun.sight.patches import below, directions_as_patches, reinhart
from twin.sun.sight.rays import Targets, embree, unit_numbers
from twin.sun.sight.scene import Scene
from twin.sun.sight.visibility import follow, look
from twin.sun.sky import towards_sun

SKY = reinhart(1)
STREET = [(12.0 * k, 0, 10, 9, 6 + k % 3) for k in range(6)] + [(12.0 * k, 20, 10, 9, 8 + k % 2) for k in range(6)]
TERRACE = [(8.0 * k, 0, 8, 9, 6) for k in range(5)] + [(0, 22, 40, 9, 9)]  # houses wall to wall, a slab across


def bits_of(visibility):
    return visibility.seen(slice(None), slice(None)).astype(bool)


def hits_of(visibility):
    """Return the rays that end, as ``(surface, patch, what they hit)``."""
    hits = visibility.hits
    return set(zip(hits.origin.tolist(), hits.patch.tolist(), hits.surface.tolist(), strict=True))


def assert_same(a, b):
    assert np.array_equal(bits_of(a), bits_of(b))
    assert hits_of(a) == hits_of(b)


def test_a_box_alone_sees_half_of_the_sky_from_its_walls_and_none_from_below():
    seen = looked_at(scene_of_boxes((0, 0, 10, 8, 6)), SKY)
    assert sky_views(seen) == pytest.approx([0, 1, 0.5, 0.5, 0.5, 0.5])
    assert not len(seen.hits.patch)
    assert len(seen) == 6


def test_a_wall_close_by_takes_the_sky_behind_it_away():
    scene = scene_of_boxes((0, 0, 10, 8, 6), (0, 10, 10, 8, 60))
    views = sky_views(looked_at(scene, SKY))
    assert views[NORTH] < 0.15
    assert views[SOUTH] == pytest.approx(0.5)
    assert 0.7 < views[ROOF] < 0.85
    assert views[6 + SOUTH] == pytest.approx(0.5, abs=0.06)  # a low box hardly shades a high one


def test_rays_know_what_they_hit_first():
    scene = scene_of_boxes((0, 0, 10, 8, 6), (0, 10, 10, 8, 60), (0, 30, 10, 8, 90))
    seen = looked_at(scene, SKY)
    hits = seen.hits
    from_north = hits.surface[hits.offsets[NORTH] : hits.offsets[NORTH + 1]]
    assert np.bincount(from_north, minlength=18).argmax() == 6 + SOUTH
    assert 12 + SOUTH not in from_north
    assert (hits.origin == np.repeat(np.arange(18), np.diff(hits.offsets))).all()


def test_every_direction_a_surface_faces_is_seen_or_hits():
    scene = scene_of_boxes(*STREET)
    seen = looked_at(scene, SKY)
    facing = seen.normals @ SKY.directions.T > 0.0
    ended = np.zeros_like(facing)
    ended[seen.hits.origin, seen.hits.patch] = True
    seen_or_not = bits_of(seen).T | ended
    looking = bits_of(seen).any(axis=0)
    assert (seen_or_not[looking] >= facing[looking]).all()
    assert not (bits_of(seen).T & ended).any()


def test_order_of_surfaces_and_triangles_does_not_matter():
    rng = np.random.default_rng(3)
    faces = np.concatenate([box(*b) for b in STREET])
    order = rng.permutation(len(faces))
    seen, other = looked_at(scene_of_faces(faces), SKY), looked_at(scene_of_faces(faces[order]), SKY)
    assert np.array_equal(bits_of(other), bits_of(seen)[:, order])
    scene = scene_of_faces(faces)
    mixed = rng.permutation(len(scene.triangles))
    turned = np.roll(scene.triangles[mixed], 1, axis=1)
    again = Scene.of(turned, scene.surface[mixed], scene.n_surfaces)
    assert_same(looked_at(again, SKY), seen)


@pytest.mark.parametrize("chunk", [8, 16, 24])
def test_neither_does_the_number_of_surfaces_at_a_time(monkeypatch, chunk):
    scene = scene_of_boxes(*STREET)
    whole = looked_at(scene, SKY)
    monkeypatch.setattr("twin.sun.sight.visibility.CHUNK", chunk)
    in_parts = looked_at(scene, SKY)
    assert_same(in_parts, whole)
    assert np.array_equal(in_parts.bits, whole.bits)


def test_nor_the_number_of_processes(monkeypatch):
    monkeypatch.setattr("twin.sun.sight.visibility.CHUNK", 24)
    scene = scene_of_boxes(*STREET)
    alone, told = looked_at(scene, SKY), []
    shared_out = look(scene, SKY, embree(scene), lambda *progress: told.append(progress), workers=2)
    assert_same(shared_out, alone)
    assert told == [("sun: rays", 1, 3), ("sun: rays", 2, 3), ("sun: rays", 3, 3)]


def test_other_buildings_do_not_change_where_a_surfaces_rays_start():
    scene, more = scene_of_boxes(*STREET[:3]), scene_of_boxes(*STREET)
    few, many = Targets(scene, SKY), Targets(more, SKY)
    rows = np.arange(scene.n_surfaces)
    pairs, same = few.facing(rows), many.facing(rows)
    assert np.array_equal(pairs.direction, same.direction)
    for ours, theirs in zip(few.draw(pairs), many.draw(same), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_rays_start_all_over_their_surface_and_only_there():
    scene = scene_of_faces([panel(5, 5, 5, 60, 150, size=4.0)])
    targets = Targets(scene, reinhart(4))
    origins, directions = targets.draw(targets.facing(np.array([0])))
    normal = scene.normals[0]
    from_middle = origins + scene.origin - [5, 5, 5]
    np.testing.assert_allclose(from_middle @ normal, 0.01, atol=1e-4)
    across = np.cross(normal, [0, 0, 1])
    across /= np.linalg.norm(across)
    u, v = from_middle @ across, from_middle @ np.cross(across, normal)
    counts = np.histogram2d(u, v, bins=4, range=[[-2, 2], [-2, 2]])[0]
    assert counts.sum() == len(origins)
    assert counts.min() > 0.8 * counts.mean()
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0, atol=1e-6)
    assert (directions @ normal).min() > 0.009


def test_unit_numbers_are_even_from_the_first():
    for n in (50, 500):
        counts = np.histogramdd(unit_numbers(n), bins=2, range=[[0, 1]] * 3)[0]
        assert counts.min() > 0.6 * n / 8


def test_a_buried_wall_sees_nothing_at_the_cost_of_a_sample():
    scene = scene_of_boxes((0, 0, 8, 9, 6), (8, 0, 8, 9, 6))
    caster = Counting(scene)
    seen = look(scene, SKY, caster)
    assert not bits_of(seen)[:, [EAST, 6 + WEST]].any()
    free = scene_of_boxes((0, 0, 8, 9, 6), (800, 0, 8, 9, 6))
    freely = Counting(free)
    look(free, SKY, freely)
    per_wall = bits_of(looked_at(free, SKY))[:, EAST].sum()
    assert caster.rays < freely.rays - 1.2 * per_wall


def test_every_place_of_the_sun_is_looked_at():
    # between two walls the sun is seen for one moment of many: no sample of the moments may decide
    scene = scene_of_faces([panel(5, -0.5, 0, 0, 0), *box(0, 0, 10, 1, 8)[2:], *box(0, -2, 10, 1, 8)[2:]], 1)
    azimuth = np.arange(40.0, 140.0, 2.5)
    sun = towards_sun(np.full(len(azimuth), 60.0), azimuth)
    lit = bits_of(looked_at(scene, directions_as_patches(sun)))[:, 0]
    assert azimuth[lit].min() > 80.0
    assert azimuth[lit].max() < 100.0
    for k in np.flatnonzero(lit):  # whichever is numbered first
        turned = np.roll(sun, 1 - k, axis=0)
        assert bits_of(looked_at(scene, directions_as_patches(turned)))[:, 0].any()


CHANGES = {
    "removed": (STREET, STREET[:2] + STREET[3:]),
    "added": (STREET, [*STREET, (30, 40, 12, 12, 30)]),
    "raised": (STREET, [*STREET[:7], (12.0, 20, 10, 9, 20), *STREET[8:]]),
    "all at once": (STREET, [(30, 40, 12, 12, 30), *STREET[3:6], (72, 0, 10, 9, 14), *STREET[6:]]),
    "nothing": (STREET, STREET),
    "out of a row": (TERRACE, TERRACE[:2] + TERRACE[3:]),
    "into a row": (TERRACE[:2] + TERRACE[3:], TERRACE),
    "a storey on a row": (TERRACE, [*TERRACE[:2], (16, 0, 8, 9, 9), *TERRACE[3:]]),
}


@pytest.mark.parametrize("sky", [reinhart(2), below(1)], ids=["sky", "ground"])
@pytest.mark.parametrize("change", CHANGES)
def test_following_a_change_finds_what_looking_anew_finds(change, sky):
    old, new = (scene_of_boxes(*boxes) for boxes in CHANGES[change])
    before, anew = look(old, sky, embree(old)), look(new, sky, embree(new))
    assert_same(follow(before, old, new, embree(new)), anew)


def test_trees_that_are_felled_or_planted_are_followed_too():
    houses = np.concatenate([box(*b) for b in STREET])
    trees = np.array([panel(6.0 + 9 * k, 14, 4, 90, 180, size=5.0) for k in range(5)])
    wood, glade = (scene_of_faces([*houses, *some], len(houses)) for some in (trees, trees[[0, 3]]))
    for old, new in ((wood, glade), (glade, wood)):
        assert_same(follow(looked_at(old, SKY), old, new, embree(new)), looked_at(new, SKY))


@pytest.mark.parametrize(("change", "most"), [("removed", 0.3), ("added", 0.5), ("nothing", 0.0)])
def test_following_a_change_casts_few_rays(change, most):
    # the more of a city is left alone, the fewer: here one building of twelve changes
    old, new = (scene_of_boxes(*boxes) for boxes in CHANGES[change])
    whole, part = Counting(new), Counting(new)
    look(new, SKY, whole)
    follow(looked_at(old, SKY), old, new, part)
    assert part.rays <= most * whole.rays


def test_there_and_back_again_is_where_it_began():
    old, new = scene_of_boxes(*STREET), scene_of_boxes(*STREET[:5])
    before = looked_at(old, SKY)
    there = follow(before, old, new, embree(new))
    assert_same(follow(there, new, old, embree(old)), before)


def test_a_niche_that_sees_little_is_the_same_by_any_way():
    # a tower takes the few sampled rays that a wall in a gap has left: which are cast must not depend on what was known
    heights = [17.0, 18.0, 20.0, 21.0, 14.0, 15.0, 20.0, 21.0, 15.0, 16.0, 20.0, 17.0, 16.0, 20.0, 16.0, 17.0]
    corners = [(k * (4.15 + 0.1 * k), j * (4.15 + 0.1 * k)) for k in range(4) for j in range(4)]
    block = [(x, y, 4, 4, height) for (x, y), height in zip(corners, heights, strict=True)]
    tower = (-7.553005597324153, 7.017117206780925, 3.8694869044249387, 2.105252056380611, 25.36535900487133)
    for old, new in ((block, [*block, tower]), ([*block, tower], block)):
        a, b = scene_of_boxes(*old), scene_of_boxes(*new)
        assert_same(follow(looked_at(a, SKY), a, b, embree(b)), looked_at(b, SKY))


def test_some_surfaces_can_be_taken_more_than_once():
    seen = looked_at(scene_of_boxes(*STREET), SKY)
    rows = np.array([8, 2, 2, 70, 31])
    some = seen.take(rows)
    assert np.array_equal(bits_of(some), bits_of(seen)[:, rows])
    assert np.array_equal(some.normals, seen.normals[rows])
    assert some.hits is None


def test_seen_gives_any_patches_of_surfaces_from_a_multiple_of_eight():
    seen = looked_at(scene_of_boxes(*STREET), SKY)
    everything = seen.seen(slice(None), slice(None))
    assert everything.shape == (145, 72)
    assert np.array_equal(seen.seen(np.array([3, 100]), slice(16, 21)), everything[[3, 100], 16:21])


def test_nothing_to_look_from():
    scene = Scene.of(np.zeros((0, 3, 3)), np.zeros(0, dtype=np.int64), 0)
    seen = look(scene, SKY, lambda origins, directions: np.full(len(origins), -1, dtype=np.int32))
    assert len(seen) == 0
    assert seen.bits.shape == (145, 0)
