"""What rays start from and are cast at does not depend on the order in which it was written down."""

import numpy as np
import pytest
from sun_case import ROOF, SOUTH, box, city_of, panel, scene_of_boxes, scene_of_faces

from twin.city.model import OBJECT_COLUMNS, OBJECT_SURFACE_COLUMNS, Geometry
from twin.sun.sight.scene import Scene, scene_of
from twin.table import Table

BOXES = ((0, 0, 10, 8, 6), (20, 0, 10, 8, 12))


def test_normals_and_areas_of_a_box():
    scene = scene_of_boxes(BOXES[0])
    assert scene.areas == pytest.approx([80, 80, 60, 48, 60, 48])
    outward = [[0, 0, -1], [0, 0, 1], [0, -1, 0], [1, 0, 0], [0, 1, 0], [-1, 0, 0]]
    np.testing.assert_allclose(scene.normals, outward, atol=1e-12)
    assert scene.offsets.tolist() == list(range(0, 13, 2))


@pytest.mark.parametrize(("tilt", "azimuth"), [(0, 0), (30, 180), (60, 135), (90, 270), (120, 45)])
def test_panels_look_where_they_are_told_to(tilt, azimuth):
    scene = scene_of_faces([panel(5, 5, 5, tilt, azimuth, size=2.0)])
    assert scene.areas == pytest.approx([4.0])
    flat = np.sin(np.radians(tilt))
    towards = [flat * np.sin(np.radians(azimuth)), flat * np.cos(np.radians(azimuth)), np.cos(np.radians(tilt))]
    np.testing.assert_allclose(scene.normals[0], towards, atol=1e-12)


def test_a_sliver_has_no_normal():
    flat = [[0, 0, 0], [1, 0, 0], [2, 0, 0]]
    scene = Scene.of(np.array([flat, flat], dtype=float), np.array([0, 1]), 2)
    assert not scene.normals.any()
    assert not scene.areas.any()


def shuffled(scene, rng):
    """Return the same surfaces with triangles in another order and other corners named first."""
    order = rng.permutation(len(scene.triangles))
    turns = (np.arange(3) + rng.integers(0, 3, len(order))[:, None]) % 3
    triangles = np.take_along_axis(scene.triangles[order], turns[:, :, None], axis=1)
    return triangles, np.where(scene.surface < scene.n_surfaces, scene.surface, -1)[order], scene.is_ground[order]


def test_neither_order_of_triangles_nor_first_corner_matter():
    faces = np.concatenate([box(*b) for b in BOXES])
    scene = scene_of_faces(faces, n_surfaces=6, is_ground=np.arange(12) == 6)
    triangles, surface, ground = shuffled(scene, np.random.default_rng(4))
    again = Scene.of(triangles, surface, 6, ground)
    assert np.array_equal(again.keys, scene.keys)
    assert np.array_equal(again.contents, scene.contents)
    assert np.array_equal(again.is_ground, scene.is_ground)
    assert again.digest == scene.digest


def test_a_surfaces_key_goes_with_it():
    faces = np.concatenate([box(*b) for b in BOXES])
    order = np.random.default_rng(7).permutation(len(faces))
    scene, other = scene_of_faces(faces), scene_of_faces(faces[order])
    assert len(set(scene.keys.tolist())) == len(faces)
    assert np.array_equal(other.keys, scene.keys[order])
    assert other.digest != scene.digest  # its rows mean others


def test_a_surface_and_its_other_side_are_two():
    # walls that two houses share are the same triangles twice, back to back
    there = scene_of_faces(box(*BOXES[0])[[SOUTH]])
    back = Scene.of(there.triangles[:, ::-1], there.surface, 1)
    np.testing.assert_allclose(there.normals, -back.normals, atol=1e-12)
    assert there.keys[0] != back.keys[0]
    assert there.digest != back.digest


def test_what_only_casts_shade_comes_last_each_triangle_for_itself():
    faces = np.concatenate([box(*b) for b in BOXES])
    scene = scene_of_faces(faces, n_surfaces=6)
    assert scene.own == 12
    assert scene.surface[12:].tolist() == list(range(6, 18))
    assert len(scene.areas) == len(scene.normals) == 6
    assert len(scene.keys) == 18


def test_the_origin_stays_when_something_small_changes():
    far = np.array([84_000.0, 447_000.0, 0.0])
    scene, more = (scene_of_faces(np.concatenate([box(*b) for b in some]) + far) for some in (BOXES, BOXES[:1]))
    assert np.array_equal(scene.origin, more.origin)
    assert np.abs(scene.triangles - scene.origin).max() < 1000.0


def test_an_empty_scene():
    scene = Scene.of(np.zeros((0, 3, 3)), np.zeros(0, dtype=np.int64), 0)
    assert len(scene.keys) == len(scene.areas) == 0
    assert not scene.origin.any()


def test_the_scene_of_a_city_has_its_surfaces_in_their_rows():
    city = city_of(*BOXES)
    scene = scene_of(city)
    assert scene.n_surfaces == 12
    assert scene.areas == pytest.approx(city.surfaces["area_m2"])
    assert not scene.is_ground.any()  # the floor of a house is seen from within only, through a wall that is shared
    assert scene.normals[ROOF] == pytest.approx([0, 0, 1])


def with_objects(city, **objects):
    """Return the city with one quadrilateral object for each type named, whether or not it stands outdoors."""
    names = list(objects)
    corners = np.concatenate([objects[name][0] for name in names])
    table = Table("city_object", names).put(OBJECT_COLUMNS["type"], [name.partition("_")[0] for name in names])
    table = table.put(OBJECT_COLUMNS["casts_shade"], [objects[name][1] for name in names])
    faces = Table("city_object_surface", names).put(OBJECT_SURFACE_COLUMNS["city_object"], np.arange(len(names)))
    n = len(names)
    around = Geometry(corners, np.arange(4 * n), 4 * np.arange(n + 1), np.arange(n + 1))
    city = city.with_table(table).with_table(faces)
    return type(city)(**{**{f: getattr(city, f) for f in city.__dataclass_fields__}, "surroundings": around})


def test_terrain_is_ground_trees_cast_shade_and_rooms_do_neither():
    level, tree = panel(50, 0, 0, 0, 0, size=9.0), panel(40, 0, 3, 90, 180, size=2.0)
    city = with_objects(
        city_of(*BOXES),
        TINRelief=(level, True),
        SolitaryVegetationObject=(tree, True),
        BuildingRoom=(tree + 1.0, False),
    )
    scene = scene_of(city)
    assert scene.n_surfaces == 12
    others = scene.triangles[scene.own :]
    assert len(others) == 4
    ground = scene.is_ground[scene.own :]
    assert (others[ground][:, :, 2] == 0.0).all()
    assert ground.sum() == 2
    assert others[~ground][:, :, 2].max() == pytest.approx(4.0)
