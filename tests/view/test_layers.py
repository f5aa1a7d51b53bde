from __future__ import annotations

import numpy as np
import pytest

from twin.errors import TwinError
from twin.view import DrawnLayer, city_scene
from twin.view.around import near
from twin.view.layers import joined, selected


def layer(kind="triangles", rows=6, offsets=(0, 3, 6), ids=("a", "b"), entity="building"):
    return DrawnLayer("demo", kind, entity, np.arange(3.0 * rows).reshape(-1, 3), np.array(offsets), ids)


def test_rows_are_taken_in_threes_twos_and_ones():
    assert joined([layer()]).triangles[1].tolist() == [0, 1]
    assert joined([layer("lines", offsets=(0, 4, 6))]).segments[1].tolist() == [0, 0, 1]
    assert joined([layer("points", rows=3, offsets=(0, 1, 3))]).points[1].tolist() == [0, 1, 1]


def test_edges_of_bodies_are_found_from_their_faces_and_not_drawn_twice():
    assert joined([layer(), layer("lines", offsets=(0, 2, 6))]).segments[0].shape == (0, 2, 3)
    assert joined([layer(), layer("lines", offsets=(0, 2, 6), entity="cable")]).segments[0].shape == (3, 2, 3)


def test_entities_are_numbered_through_all_layers():
    shapes = joined([layer(), layer("points", rows=2, offsets=(0, 1, 2), ids=("c", "d"))])
    assert shapes.ids == ("a", "b", "c", "d")
    assert shapes.points[1].tolist() == [2, 3]
    assert shapes.triangles[1].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (layer(offsets=(0, 6)), "2 offsets for 2 ids"),
        (layer(offsets=(0, 3, 9)), "offsets run from 0 to 9"),
        (layer(offsets=(0, 9, 6)), "rising from 0 to 6"),
        (layer(offsets=(3, 3, 6)), "offsets run from 3 to 6"),
        (layer(offsets=(0, 4, 6)), "a has rows left over; expected 3 for each"),
        (layer("boxes"), "the kind is 'boxes'"),
        (DrawnLayer("demo", "points", "bus", np.zeros((2, 2)), np.array([0, 2]), ["a"]), r"shape \(2, 2\)"),
        (DrawnLayer("demo", "points", "bus", np.full((1, 3), np.nan), np.array([0, 1]), ["a"]), "no number"),
    ],
)
def test_a_layer_that_does_not_add_up_is_refused(wrong, message):
    with pytest.raises(TwinError, match=message):
        city_scene([wrong], {"a": 1.0}, "title", "legend")


def test_all_problems_of_all_layers_are_told_at_once():
    with pytest.raises(TwinError) as caught:
        city_scene([layer(offsets=(0, 6)), layer("boxes")], {"x": 1.0}, "title", "legend")
    assert len(caught.value.problems) == 3


def test_values_of_other_entities_are_an_error():
    with pytest.raises(TwinError, match="no layer has an entity 'z'"):
        city_scene([layer()], {"z": 1.0}, "Today", "legend")


def test_nothing_to_draw_is_an_error():
    with pytest.raises(TwinError, match="nothing to draw"):
        city_scene([], {}, "title", "legend")


# -- faces of bodies, with values of their own


def test_faces_are_drawn_only_where_they_have_the_colours(quarter, faces):
    lines = layer("lines", offsets=(0, 2, 6), entity="line")
    assert selected([quarter, faces], {"building"}) == [quarter]
    assert selected([quarter, faces], set()) == [quarter]
    assert selected([quarter, faces, lines], {"line"}) == [quarter, lines]
    assert selected([quarter, faces, lines], {"surface"}) == [quarter, faces]


def test_bodies_stand_and_cast_shadows_while_their_faces_are_coloured(quarter, faces):
    alone, both = joined([quarter]), joined([quarter, faces])
    n = len(quarter.ids)
    assert not alone.has_skin
    assert both.has_skin
    np.testing.assert_array_equal(both.standing, alone.standing)
    np.testing.assert_array_equal(both.bodies[1], alone.triangles[1])
    np.testing.assert_array_equal(both.triangles[0], alone.triangles[0])
    assert both.triangles[1].tolist() == list(range(n, n + len(faces.ids)))


# -- around a place


def test_rows_of_houses_are_kept_whole(quarter, faces):
    houses, there = near([quarter, faces], np.array([4.0, 35.0]), 9.0)
    assert houses.ids == [f"house {k}" for k in range(6, 12)]  # one is that near, and touches the next
    assert there.ids == [name for name in faces.ids if name.split("/")[0] in houses.ids]
    assert len(there.coordinates) == len(houses.coordinates) == houses.offsets[-1]


def test_of_networks_what_is_near_itself_is_kept():
    stops = DrawnLayer("stops", "points", "bus", np.array([[0.0, 0, 0], [5, 0, 0], [50, 0, 0]]), np.arange(4), "abc")
    (kept,) = near([stops], np.array([0.0, 0.0]), 10.0)
    assert kept.ids == ["a", "b"]
    assert kept.offsets.tolist() == [0, 1, 2]


def test_an_entity_without_rows_is_nowhere():
    houses = layer(offsets=(0, 6, 6))
    (kept,) = near([houses], houses.coordinates[:, :2].mean(axis=0), 1.0)
    assert kept.ids == ["a"]
