"""Rays in NumPy alone: they meet what stands in the way, where it stands, whatever raster they march over."""

import csv

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from sun_case import ROOF, SOUTH, panel, scene_of_boxes, scene_of_faces, sky_views

from twin.sun.sight import raster
from twin.sun.sight.march import march
from twin.sun.sight.patches import below, reinhart, sun_weights
from twin.sun.sight.rays import embree, has_embree
from twin.sun.sight.scene import Scene
from twin.sun.sight.visibility import look
from twin.validation.sun.closed_forms import canyon


def looked_at(scene, patches):
    return look(scene, patches, march(scene))


SEEDS = st.integers(0, 2**32 - 1)


def triangles_from(seed, n=40, size=6.0):
    """Return triangles of all kinds in a room of 40 m: leaning, upright, level, and drawn out to the thin."""
    rng = np.random.default_rng(seed)
    triangles = rng.uniform(0.0, 40.0, (n, 1, 3)) + rng.normal(0.0, size, (n, 3, 3))
    upright, level, thin = np.split(np.arange(n), 4)[:3]
    triangles[upright, 2, :2] = triangles[upright, 0, :2]
    triangles[level, :, 2] = triangles[level, :1, 2]
    triangles[thin, 1] = triangles[thin, 0] + rng.normal(0.0, 0.05, (len(thin), 3))
    return triangles


def rays_from(seed, n=400):
    rng = np.random.default_rng([seed, 1])
    directions = rng.normal(size=(n, 3))
    directions[: n // 4, 0] = 0.0  # along the raster, and straight up
    directions[: n // 8, 1] = 0.0
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return rng.uniform(0.0, 40.0, (n, 3)).astype(np.float32), directions.astype(np.float32)


def met(triangles, origins, directions):
    """Return, by Moeller & Trumbore in double precision, the triangle met first and whether that is beyond doubt."""
    one, other = (triangles[:, k] - triangles[:, 0] for k in (1, 2))
    across = np.cross(directions[:, None].astype(float), other)
    scale = np.einsum("tk,rtk->rt", one, across)
    scale = np.where(scale == 0.0, 1e-300, scale)
    to = origins[:, None] - triangles[:, 0]
    u = np.einsum("rtk,rtk->rt", to, across) / scale
    beside = np.cross(to, one)
    v = np.einsum("rk,rtk->rt", directions.astype(float), beside) / scale
    t = np.einsum("tk,rtk->rt", other, beside) / scale
    inside = np.minimum(np.minimum(u, v), 1.0 - u - v)
    ahead = np.where((inside >= 0.0) & (t > 0.0), t, np.inf)
    first = np.where(np.isfinite(ahead).any(axis=1), ahead.argmin(axis=1), -1)
    near_edge = ((np.abs(inside) < 1e-3) & (t > -1e-2)) | ((inside > -1e-3) & (np.abs(t) < 1e-2))
    close = np.sort(ahead, axis=1)[:, :2]
    return first, ~near_edge.any(axis=1) & ~(close[:, 1] - np.where(first < 0, 0.0, close[:, 0]) < 1e-3)


@given(SEEDS, st.sampled_from([0.7, 2.0, 7.3]))
@settings(max_examples=40)
def test_a_ray_meets_first_what_stands_first_in_its_way(seed, cell_m):
    triangles = triangles_from(seed)
    scene = Scene.of(triangles, np.arange(len(triangles)), len(triangles))
    origins, directions = rays_from(seed)
    expected, sure = met(scene.triangles, origins, directions)
    assert sure.mean() > 0.5
    assert (expected[sure] >= 0).any()
    found = march(scene, cell_m)(origins - scene.origin.astype(np.float32), directions)
    np.testing.assert_array_equal(found[sure], expected[sure])


@given(SEEDS)
@settings(max_examples=20)
def test_triangles_are_filed_in_every_cell_they_lie_over_and_in_no_other(seed):
    triangles = triangles_from(seed, n=12)
    corners = triangles[:, :, :2] - triangles[:, :, :2].min(axis=(0, 1)) + 1.0
    entries = raster.covered(corners)
    n = int(corners.max()) + 2
    filed = np.zeros((len(triangles), n, n), dtype=bool)
    filed[entries.triangle, entries.column, entries.row] = True
    assert filed.sum() == len(entries.triangle)
    shapes = shapely.convex_hull(shapely.multipoints(corners))
    column, row = np.meshgrid(np.arange(n), np.arange(n), indexing="ij")
    cells = shapely.box(column, row, column + 1, row + 1)
    assert filed[shapely.intersects(shapes[:, None, None], cells)].all()
    assert (shapely.distance(shapes[:, None, None], cells)[filed] < 0.01).all()


@given(SEEDS, st.sampled_from([0.5, 3.0]))
@settings(max_examples=20)
def test_what_a_cell_holds_lies_between_its_bottom_and_its_top(seed, cell_m):
    triangles = triangles_from(seed, n=12)
    filed = raster.rasterize(triangles, cell_m)
    weights = np.random.default_rng(seed).dirichlet(np.ones(3), size=(len(triangles), 30))
    points = np.einsum("npk,nkd->npd", weights, triangles)
    place = np.floor((points[..., :2] - filed.corner) / cell_m).astype(int)
    cell = (place[..., 1] << filed.bits) + place[..., 0]
    assert (filed.heights[cell] >= points[..., 2]).all()
    for triangle, number in enumerate(cell):
        for point, c in zip(points[triangle], number, strict=True):
            held = slice(filed.first[c], filed.first[c + 1])
            entry = held.start + int(np.flatnonzero(filed.triangle[held] == triangle)[0])
            assert filed.bottom[entry] <= point[2] <= filed.top[entry]


def test_a_plane_is_cut_to_its_height_over_each_cell():
    """A roof that rises by 1 m per m, over 4 m."""
    roof = np.array([[[0, 0, 0], [4, 0, 4], [4, 1, 4]], [[0, 0, 0], [4, 1, 4], [0, 1, 0]]], dtype=float)
    filed = raster.rasterize(roof, 1.0)
    heights = filed.heights.reshape(filed.n_rows, -1)
    np.testing.assert_allclose(heights[0], [0.5, 1.5, 2.5, 3.5, 4.0, -np.inf, -np.inf, -np.inf], atol=0.01)
    np.testing.assert_array_equal(np.isneginf(heights[2]), True)
    pyramid = filed.pyramid(filed.heights)
    assert pyramid[0][2, 2] == heights[1, 3]
    assert pyramid[-1].max() == heights.max()


def test_a_wide_scene_gets_a_coarser_raster(monkeypatch):
    triangles = triangles_from(1)
    scene = Scene.of(triangles, np.arange(len(triangles)), len(triangles))
    rays = rays_from(1)
    fine = march(scene, 1.0)(*rays)
    monkeypatch.setattr(raster, "MOST_CELLS", 100)
    coarse = raster.rasterize(triangles, 1.0)
    assert coarse.cell_m == 8.0
    assert coarse.n_columns * coarse.n_rows <= 100
    np.testing.assert_array_equal(march(scene, 1.0)(*rays), fine)


def test_rays_do_not_depend_on_each_other_nor_on_the_order_of_triangles():
    triangles = triangles_from(2)
    surface = np.arange(len(triangles))
    scene = Scene.of(triangles, surface, len(triangles))
    origins, directions = rays_from(2, n=50_000)  # more than are under way at a time
    found = march(scene)(origins, directions)
    apart = np.concatenate([march(scene)(origins[some], directions[some]) for some in np.split(surface_of(origins), 7)])
    np.testing.assert_array_equal(apart, found[np.concatenate(np.split(surface_of(origins), 7))])
    mixed = np.random.default_rng(0).permutation(len(triangles))
    other = Scene.of(triangles[mixed], surface[mixed], len(triangles))
    np.testing.assert_array_equal(march(other)(origins, directions), found)


def surface_of(rays):
    """Return numbers of rays in another order, as many as can be shared out evenly among seven."""
    return np.random.default_rng(3).permutation(len(rays))[: len(rays) // 7 * 7]


def test_a_roof_alone_sees_the_whole_sky_and_a_wall_half_of_it():
    scene = scene_of_boxes((0, 0, 10, 10, 10))
    views = sky_views(looked_at(scene, reinhart(2)))
    assert views[ROOF] == pytest.approx(1.0, abs=1e-3)
    assert views[SOUTH] == pytest.approx(0.5, abs=1e-2)


def test_a_wall_before_a_wall_hides_the_sky_up_to_its_edge():
    """Its edge stands 10 m above a panel 10 m away, and far to both sides: up to 45 degrees where one looks at it."""
    wall = np.array([[-1e4, -10, 0], [1e4, -10, 0], [1e4, -10, 10], [-1e4, -10, 10]], dtype=float)
    scene = scene_of_faces([panel(0, 0, 0, 90, 180, size=0.01), wall], n_surfaces=1)
    sky = reinhart(4)
    seen = looked_at(scene, sky)
    towards = sky.directions[:, 1] < -1e-6
    height = np.degrees(np.arctan2(sky.directions[:, 2], -sky.directions[:, 1]))
    free = seen.seen(slice(None), slice(0, 1))[:, 0] > 0.0
    assert free[towards & (height > 45.2)].all()
    assert not free[towards & (height < 44.8)].any()
    assert min(seen.hits.surface) > 0


def test_light_comes_in_below_a_bridge():
    bridge = np.array([[-3, -3, 5], [3, -3, 5], [3, 3, 5], [-3, 3, 5]], dtype=float)
    scene = scene_of_faces([panel(0, 0, 0, 0, 180, size=0.01), bridge], n_surfaces=1)
    sky = reinhart(2)
    free = looked_at(scene, sky).seen(slice(None), slice(0, 1))[:, 0] > 0.0
    beside = np.abs(sky.directions[:, :2] / sky.directions[:, 2:] * 5.0).max(axis=1)
    sure = np.abs(beside - 3.0) > 0.02  # the panel has a size, and rays start 1 cm above it
    np.testing.assert_array_equal(free[sure], beside[sure] > 3.0)


def test_walls_look_down_on_ground_where_nothing_stands_before_it():
    """A hedge of 2.5 m, 5 m away from a window 5 m up, hides what lies between 45 and 26.6 degrees below."""
    ground = np.array([[-200, -200, 0], [200, -200, 0], [200, 200, 0], [-200, 200, 0]], dtype=float)
    hedge = np.array([[-200, -5, 0], [200, -5, 0], [200, -5, 2.5], [-200, -5, 2.5]], dtype=float)
    patches = below(4)
    steep = np.degrees(np.arctan2(-patches.directions[:, 2], -patches.directions[:, 1]))
    hidden = (steep < 45.0) & (steep > 26.57)
    sure = (patches.directions[:, 1] < -0.1) & (np.abs(steep - 45.0) > 0.2) & (np.abs(steep - 26.57) > 0.2)
    for faces, seen in (([ground], True), ([ground, hedge], ~hidden[sure])):
        is_ground = np.array([False, True, False])[: len(faces) + 1]
        scene = scene_of_faces([panel(0, 0, 5, 90, 180, size=0.01), *faces], n_surfaces=1, is_ground=is_ground)
        free = looked_at(scene, patches).seen(slice(None), slice(0, 1))[:, 0] > 0.0
        np.testing.assert_array_equal(free[sure], seen)


def test_nothing_stands_in_the_way_where_there_is_nothing():
    scene = Scene.of(np.zeros((0, 3, 3)), np.zeros(0, dtype=int), 0)
    origins, directions = rays_from(0)
    assert (march(scene)(origins, directions) == -1).all()
    assert len(looked_at(scene, reinhart(1))) == 0


@pytest.mark.skipif(not has_embree(), reason="embreex has no wheel here")
def test_streets_look_the_same_as_by_embree():
    boxes = [(x * 14.0, y * 17.0, 9.0, 11.0, 5.0 + (7 * x + 3 * y) % 11) for x in range(5) for y in range(4)]
    scene = scene_of_boxes(*boxes)
    ours, theirs = looked_at(scene, reinhart(2)), look(scene, reinhart(2), embree(scene))
    assert np.unpackbits(ours.bits ^ theirs.bits).sum() <= 1e-4 * len(scene.areas) * len(ours.patches)
    assert len(ours.hits.surface) == pytest.approx(len(theirs.hits.surface), rel=1e-3)


@pytest.mark.corpus
@pytest.mark.parametrize(("height", "width"), [(10, 10), (40, 20)])
def test_canyons_see_what_the_closed_form_says(shared, height, width):
    with (shared / "data/solar/analytic_view_factors.csv").open() as file:
        table = {
            (row["case"], row["params"]): float(row["cos_weighted_sky_view_factor"]) for row in csv.DictReader(file)
        }
    known = [table[f"canyon_{part}_mean", f"H={height};W={width}"] for part in ("floor", "wall")]
    scene = canyon(float(height), float(width))
    views = sky_views(looked_at(scene, reinhart(2)))
    assert [half.mean() for half in np.split(views, 2)] == pytest.approx(known, rel=0.02)  # that of 577 patches


@pytest.mark.corpus
def test_a_year_on_surfaces_of_delft_is_that_of_brute_force(shared):
    folder = shared / "data/solar"
    stored = np.load(folder / "scene_delft.npz")
    reference = np.genfromtxt(folder / "reference_surfaces.csv", delimiter=",", names=True)
    rows = reference["surface"].astype(int)
    surface = np.full(int(stored["S"].max()) + 2, -1)  # the others only cast shade
    surface[rows] = np.arange(len(rows))
    scene = Scene.of(stored["V"].astype(float)[stored["F"]], surface[stored["S"]], len(rows))
    brute = np.load(folder / "reference_lit.npz")
    hours = np.genfromtxt(folder / "weather_pvgis_45N_8E.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    hours = hours[brute["rows"]]
    zenith, azimuth = np.radians(hours["zenith"]), np.radians(hours["azimuth"])
    sun = np.column_stack([np.sin(zenith) * np.sin(azimuth), np.sin(zenith) * np.cos(azimuth), np.cos(zenith)])
    seen = looked_at(scene, reinhart(2))
    used, share = sun_weights(sun, seen.patches).matrix()
    lit = (share @ seen.seen(used, slice(0, len(rows)))).T
    views = sky_views(seen)
    around_sun = hours["dni"] / hours["ext"]
    facing = np.maximum(seen.normals @ sun.T, 0.0)
    beam = facing * (hours["dni"] + hours["dhi"] * around_sun / np.maximum(np.cos(zenith), 0.01745))
    rest = (hours["dhi"] * (1.0 - around_sun)).sum()
    ours = (lit * beam).sum(axis=1) + views * rest
    theirs = (brute["lit"] / brute["rays"] * beam).sum(axis=1) + reference["svf_cos"] * rest
    off = (ours - theirs) / theirs.mean()
    assert abs(off.mean()) < 0.01
    assert np.sqrt((off**2).mean()) < 0.03
