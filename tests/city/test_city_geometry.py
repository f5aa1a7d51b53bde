"""Areas, directions, volumes, shared walls and triangles against what a ruler says."""

from __future__ import annotations

import numpy as np
import pytest
from city_cases import GROUND, ROOF, WALL, box, cityjson, codes, neighbours_of, prism, read_document, turned
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city.derive import with_party_walls
from twin.city.geometry import interior_walls, party_walls, triangulate
from twin.city.geometry.rings import reverse_rings, take_surfaces
from twin.city.geometry.sizes import measure
from twin.city.layers import building_triangles, city_triangles, surface_triangles
from twin.city.model import Geometry


def areas(city, kind):
    return city.surfaces["area_m2"][city.surfaces["type"] == kind]


def triangle_areas(city):
    triangles, surface = triangulate(city.geometry)
    corners = city.geometry.vertices[triangles]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
    return np.bincount(surface, np.linalg.norm(normal, axis=1)), normal, surface


def test_unit_cube(tmp_path):
    city = neighbours_of(tmp_path, {"cube": box(0, 0, 1, 1, 1)})
    np.testing.assert_allclose(city.surfaces["area_m2"], 1.0)
    assert city.buildings["volume_m3"] == pytest.approx([1.0])
    assert city.buildings["footprint_m2"] == pytest.approx([1.0])
    assert city.buildings["height_m"] == pytest.approx([1.0])
    assert sorted(city.surfaces["tilt_deg"].round(9)) == [0, 90, 90, 90, 90, 180]
    walls = city.surfaces["type"] == WALL
    assert city.surfaces["azimuth_deg"][walls] == pytest.approx([180, 90, 0, 270])  # south, east, north, west
    assert city.surfaces["azimuth_deg"][~walls] == pytest.approx([0, 0])
    assert city.metadata["volume_method"] == {"divergence": 1, "footprint_x_height": 0}
    assert codes(city) == []


def test_far_from_the_origin_nothing_is_lost(tmp_path):
    city = neighbours_of(tmp_path, {"cube": box(360000.123, 5706000.456, 1, 1, 1, bottom=45.678)})
    np.testing.assert_allclose(city.surfaces["area_m2"], 1.0, rtol=1e-8)
    assert city.buildings["volume_m3"] == pytest.approx([1.0], rel=1e-8)


def test_pitched_roof_faces_east_and_west(tmp_path):
    eaves, ridge = 5.0, 8.0
    a, b, c, d = (0, 0), (8, 0), (8, 10), (0, 10)
    low = {p: (*p, 0.0) for p in (a, b, c, d)}
    high = {p: (*p, eaves) for p in (a, b, c, d)}
    south, north = (4, 0, ridge), (4, 10, ridge)
    house = [
        (GROUND, [[low[a], low[d], low[c], low[b]]]),
        (ROOF, [[high[a], south, north, high[d]]]),
        (ROOF, [[high[b], high[c], north, south]]),
        (WALL, [[low[a], low[b], high[b], south, high[a]]]),
        (WALL, [[low[b], low[c], high[c], high[b]]]),
        (WALL, [[low[c], low[d], high[d], north, high[c]]]),
        (WALL, [[low[d], low[a], high[a], high[d]]]),
    ]
    city = neighbours_of(tmp_path, {"house": house})
    roofs = city.surfaces["type"] == ROOF
    assert city.surfaces["tilt_deg"][roofs] == pytest.approx([np.degrees(np.arctan2(3, 4))] * 2)
    assert city.surfaces["azimuth_deg"][roofs] == pytest.approx([270, 90])
    assert city.surfaces["area_m2"][roofs] == pytest.approx([50, 50])
    assert city.buildings["volume_m3"] == pytest.approx([80 * (5 + 1.5)])


@pytest.mark.parametrize("hole_runs", [1, -1])
def test_a_hole_is_subtracted_whichever_way_it_runs(tmp_path, hole_runs):
    hole = [(1, 1, 3), (1, 2, 3), (2, 2, 3), (2, 1, 3)][::hole_runs]
    city = neighbours_of(tmp_path, {"b": [(ROOF, [[(0, 0, 3), (4, 0, 3), (4, 4, 3), (0, 4, 3)], hole])]})
    assert city.surfaces["area_m2"] == pytest.approx([15.0])
    assert city.surfaces["tilt_deg"] == pytest.approx([0.0])
    area, _, _ = triangle_areas(city)
    assert area == pytest.approx([15.0])


def test_centroid_of_a_surface_with_a_hole():
    outer, hole = [(0, 0), (4, 0), (4, 4), (0, 4)], [(2, 1), (2, 3), (4, 3), (4, 1)]
    points = np.array([(x, y, 0.0) for x, y in outer + hole])
    geometry = Geometry(points, np.arange(8), np.array([0, 4, 8]), np.array([0, 2]))
    # (16 * 2 - 4 * 3) / 12
    assert measure(geometry).centroid[0] == pytest.approx([5 / 3, 2.0, 0.0])


def test_l_shape_is_triangulated_without_leaving_it(tmp_path):
    outline = [(0, 0), (6, 0), (6, 2), (2, 2), (2, 5), (0, 5)]
    city = neighbours_of(tmp_path, {"l": prism(outline, 0, 3)})
    assert areas(city, GROUND) == pytest.approx([18.0])
    assert city.buildings["volume_m3"] == pytest.approx([54.0])
    area, normal, surface = triangle_areas(city)
    np.testing.assert_allclose(area, city.surfaces["area_m2"])
    facing = (normal * measure(city.geometry).normal[surface]).sum(axis=1)
    assert (facing > 0).all()


def test_a_shell_that_is_inside_out_is_turned_round(tmp_path):
    city = neighbours_of(tmp_path, {"b": turned(box(0, 0, 2, 2, 2))})
    assert codes(city) == ["405"]
    assert city.buildings["volume_m3"] == pytest.approx([8.0])
    assert city.surfaces["tilt_deg"][city.surfaces["type"] == ROOF] == pytest.approx([0.0])


def test_an_open_shell_has_an_estimated_volume(tmp_path):
    city = neighbours_of(tmp_path, {"b": box(0, 0, 2, 3, 4)[:-1]})
    assert codes(city) == ["302"]
    assert city.buildings["volume_m3"] == pytest.approx([24.0])
    assert city.metadata["volume_method"] == {"divergence": 0, "footprint_x_height": 1}


def test_faces_that_disagree_are_turned_and_named(tmp_path):
    faces = box(0, 0, 2, 2, 2)
    city = neighbours_of(tmp_path, {"b": [*turned(faces[:1]), *faces[1:]]})
    assert codes(city) == ["307"]
    assert city.buildings["volume_m3"] == pytest.approx([8.0])
    assert city.buildings["volume_method"].tolist() == ["divergence"]
    assert sorted(city.surfaces["tilt_deg"].round(9)) == [0, 90, 90, 90, 90, 180]


def test_faces_of_a_shell_that_leaks_stay_as_they_are(tmp_path):
    faces = box(0, 0, 2, 2, 2)[:-1]
    city = neighbours_of(tmp_path, {"b": [*turned(faces[:1]), *faces[1:]]})
    assert codes(city) == ["302"]
    assert city.surfaces["tilt_deg"][0] == pytest.approx(0.0)


def test_most_faces_inside_out_are_turned_as_well(tmp_path):
    faces = box(0, 0, 2, 2, 2)
    city = neighbours_of(tmp_path, {"b": [*turned(faces[:5]), *faces[5:]]})
    assert codes(city) == ["307", "405"]
    assert city.buildings["volume_m3"] == pytest.approx([8.0])


def test_a_bent_surface_is_named(tmp_path):
    faces = box(0, 0, 2, 2, 2)
    faces[1] = (ROOF, [[(0, 0, 2), (2, 0, 2), (2, 2, 3.5), (0, 2, 2)]])
    assert "203" in codes(neighbours_of(tmp_path, {"b": faces}))


def test_boxes_of_unequal_size_share_exactly_the_overlap(tmp_path):
    city = neighbours_of(tmp_path, {"large": box(0, 0, 10, 8, 9), "small": box(10, 2, 5, 4, 6)})
    first, second, area = party_walls(city)
    assert area == pytest.approx([24.0])
    owners = {city.surfaces["building"][first[0]], city.surfaces["building"][second[0]]}
    assert owners == {0, 1}
    assert city.buildings["party_wall_m2"] == pytest.approx([24.0, 24.0])
    assert city.surfaces["party_wall_m2"].max() == pytest.approx(24.0)


@pytest.mark.parametrize(("gap", "shared"), [(0.0, 30.0), (0.15, 30.0), (0.25, 0.0), (-0.15, 30.0)])
def test_open_data_do_not_match_exactly(tmp_path, gap, shared):
    city = neighbours_of(tmp_path, {"a": box(0, 0, 10, 5, 6), "b": box(10 + gap, 0, 10, 5, 6)})
    assert city.buildings["party_wall_m2"] == pytest.approx([shared, shared])


def test_walls_side_by_side_or_back_to_front_are_not_shared(tmp_path):
    in_line = neighbours_of(tmp_path, {"a": box(0, 0, 10, 5, 6), "b": box(10, 0, 10, 5, 6, bottom=6)})
    assert in_line.buildings["party_wall_m2"] == pytest.approx([0, 0])
    corner = neighbours_of(tmp_path, {"a": box(0, 0, 10, 5, 6), "b": box(10, 5, 10, 5, 6)})
    assert corner.buildings["party_wall_m2"] == pytest.approx([0, 0])


def test_a_window_in_the_wall_is_not_shared_ground(tmp_path):
    wall = [(10, 0, 0), (10, 5, 0), (10, 5, 6), (10, 0, 6)]
    hole = [(10, 2, 2), (10, 2, 4), (10, 3, 4), (10, 3, 2)]
    faces = [face if face[1] != [wall] else (WALL, [wall, hole]) for face in box(0, 0, 10, 5, 6)]
    assert (WALL, [wall, hole]) in faces
    city = neighbours_of(tmp_path, {"a": faces, "b": box(10, 0, 10, 5, 6)})
    assert party_walls(city)[2] == pytest.approx([28.0])


def test_no_wall_shares_more_than_it_has(tmp_path):
    """Two neighbours that overlap each other both touch the same wall."""
    city = neighbours_of(tmp_path, {"a": box(0, 0, 10, 6, 6), "b": box(10, 0, 4, 6, 6), "c": box(10.1, 0, 4, 6, 6)})
    assert (city.surfaces["party_wall_m2"] <= city.surfaces["area_m2"] + 1e-9).all()
    assert city.buildings["party_wall_m2"][0] == pytest.approx(36.0)


def test_walls_between_parts_are_interior_and_no_party_walls(tmp_path):
    document = cityjson({"main": box(0, 0, 10, 8, 9), "annex": box(10, 0, 5, 8, 4)})
    document["CityObjects"]["annex"] |= {"type": "BuildingPart", "parents": ["main"]}
    city = with_party_walls(read_document(tmp_path, document))
    assert len(city.buildings) == 1
    assert city.buildings["party_wall_m2"] == pytest.approx([0.0])
    assert interior_walls(city)[2] == pytest.approx([32.0])
    assert city.buildings["volume_m3"] == pytest.approx([720 + 160])


angles = st.floats(0, 2 * np.pi)
sizes = st.floats(1.0, 30.0)


@settings(max_examples=40, deadline=None)
@given(angle=angles, depth=sizes, other=sizes, height=sizes, shift=st.floats(-20.0, 20.0))
def test_party_wall_is_the_overlap_in_every_direction(tmp_path_factory, angle, depth, other, height, shift):
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])

    def rotated(x, y, width, long, tall):
        outline = np.array([(x, y), (x + width, y), (x + width, y + long), (x, y + long)]) @ turn.T
        return prism([tuple(p) for p in outline], 0, tall)

    buildings = {"a": rotated(0, 0, 5, depth, 10.0), "b": rotated(5, shift, 5, other, height)}
    city = neighbours_of(tmp_path_factory.mktemp("party"), buildings)
    along = max(0.0, min(depth, shift + other) - max(0.0, shift))
    assert city.surfaces["party_wall_m2"].sum() / 2 == pytest.approx(along * min(10.0, height), abs=0.3)
    first, second, area = party_walls(city)
    assert (first < second).all()
    assert (area <= np.minimum(city.surfaces["area_m2"][first], city.surfaces["area_m2"][second]) + 1e-9).all()


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(4)), st.integers(0, 4))
def test_totals_do_not_depend_on_the_order_of_objects(tmp_path_factory, order, start):
    shapes = [box(0, 0, 4, 4, 6), box(4, 0, 4, 4, 3), box(4, 4, 3, 9, 5), box(0, 4, 4, 2, 8)]
    names = "abcd"
    faces = {names[i]: shapes[i][start:] + shapes[i][:start] for i in order}
    city = neighbours_of(tmp_path_factory.mktemp("order"), faces)
    by_name = dict(zip(city.buildings.ids.tolist(), city.buildings["party_wall_m2"].tolist(), strict=True))
    assert by_name == pytest.approx({"a": 4 * 3 + 4 * 6, "b": 4 * 3 + 3 * 3, "c": 3 * 3 + 2 * 5, "d": 4 * 6 + 2 * 5})
    assert city.buildings["volume_m3"].sum() == pytest.approx(96 + 48 + 135 + 64)


def test_reversing_twice_changes_nothing(tmp_path):
    geometry = neighbours_of(tmp_path, {"l": prism([(0, 0), (6, 0), (6, 2), (2, 2), (2, 5), (0, 5)], 0, 3)}).geometry
    mask = np.arange(8) % 2 == 0
    there = reverse_rings(geometry, mask)
    np.testing.assert_allclose(measure(there).vector, measure(geometry).vector * np.where(mask, -1, 1)[:, None])
    np.testing.assert_array_equal(reverse_rings(there, mask).ring_vertices, geometry.ring_vertices)


def test_surfaces_can_be_taken_in_any_order(tmp_path):
    geometry = neighbours_of(tmp_path, {"b": box(0, 0, 1, 2, 3)}).geometry
    rows = np.array([4, 0, 0, 2])
    np.testing.assert_allclose(measure(take_surfaces(geometry, rows)).area, measure(geometry).area[rows])


def test_triangles_per_building(tmp_path):
    city = neighbours_of(tmp_path, {"a": box(0, 0, 1, 1, 1), "b": box(1, 0, 1, 1, 1), "empty": []})
    coordinates, offsets, ids = building_triangles(city)
    assert ids.tolist() == ["a", "b", "empty"]
    assert offsets.tolist() == [0, 36, 72, 72]  # six faces, two triangles, three corners
    assert coordinates.shape == (72, 3)
    assert coordinates[36:, 0].min() == pytest.approx(1.0)


def test_triangles_per_surface_leave_out_those_that_buildings_stand_on(tmp_path):
    city = neighbours_of(tmp_path, {"a": box(0, 0, 1, 1, 1), "b": box(1, 0, 1, 1, 3)})
    shown = city.surfaces["type"] != "GroundSurface"
    coordinates, offsets, ids = surface_triangles(city)
    assert ids.tolist() == city.surfaces.ids[shown].tolist()
    assert np.diff(offsets).tolist() == [6] * 10
    corners = coordinates.reshape(-1, 3, 3)
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 2
    assert areas.reshape(-1, 2).sum(axis=1) == pytest.approx(city.surfaces["area_m2"][shown])


def test_a_geometry_is_cut_into_triangles_once(tmp_path, monkeypatch):
    city = neighbours_of(tmp_path, {"a": box(0, 0, 1, 1, 1)})
    drawn = building_triangles(city)
    monkeypatch.setattr("twin.city.layers.triangulate", None)
    assert np.array_equal(building_triangles(city).coordinates, drawn.coordinates)
    with pytest.raises(TypeError):
        building_triangles(neighbours_of(tmp_path, {"a": box(0, 0, 1, 1, 2)}))


def test_triangles_of_buildings_and_of_all_else(tmp_path):
    document = cityjson({"a": box(0, 0, 1, 1, 1)})
    ground = cityjson({"ground": [("GroundSurface", [[(0, 0, 0), (5, 0, 0), (5, 4, 0), (0, 4, 0)]])]})
    entry = ground["CityObjects"]["ground"]
    first = len(document["vertices"])
    entry["type"], entry["geometry"][0]["type"] = "LandUse", "MultiSurface"
    entry["geometry"][0]["boundaries"] = [[[first, first + 1, first + 2, first + 3]]]
    del entry["geometry"][0]["semantics"]
    document["vertices"] += ground["vertices"]
    document["CityObjects"]["ground"] = entry
    city = read_document(tmp_path, document)
    vertices, triangles, surface = city_triangles(city, shading=True)
    u, v = (vertices[triangles[:, k]] - vertices[triangles[:, 0]] for k in (1, 2))
    area = np.bincount(surface, np.linalg.norm(np.cross(u, v), axis=1) / 2)
    assert area == pytest.approx([1.0] * 6 + [20.0])


def test_a_crossing_too_small_to_see_is_cut_like_any_other(tmp_path):
    """The hole's corner lies 5 mm outside."""
    hole = [(4.005, 2, 3), (3, 1, 3), (3, 3, 3)]
    city = neighbours_of(tmp_path, {"b": [(ROOF, [[(0, 0, 3), (4, 0, 3), (4, 4, 3), (0, 4, 3)], hole])]})
    area, _, _ = triangle_areas(city)
    assert area == pytest.approx([15.0], abs=0.05)


def test_an_outline_that_crosses_itself_is_still_drawn(tmp_path):
    city = neighbours_of(tmp_path, {"b": [(ROOF, [[(0, 0, 3), (4, 3, 3), (4, 0, 3), (0, 4, 3)]])]})
    _, surface = triangulate(city.geometry)
    assert surface.tolist() == [0, 0]
