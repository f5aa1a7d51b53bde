"""Exposed perimeters: boxes, terraces, courtyards and slopes by hand, and the models we ship against GEOS."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from twin.buildings.zones.perimeter import ground_perimeter
from twin.city import read_city
from twin.city.model import SURFACE_COLUMNS, City, Geometry
from twin.table import Table

MODELS = Path(__file__).parents[2] / "models"


def rectangle(x, y, width, depth):
    return [(x, y), (x + width, y), (x + width, y + depth), (x, y + depth)]


def city_on(*floors, buildings=None, heights=None):
    """Return a city of ground floors, each a list of rings, each of one building unless said."""
    buildings = list(range(len(floors))) if buildings is None else buildings
    heights = [0.0] * len(floors) if heights is None else heights
    rings = [[(*corner, z) for corner in ring] for floor, z in zip(floors, heights, strict=True) for ring in floor]
    geometry = Geometry(
        np.array([corner for ring in rings for corner in ring], dtype=float).reshape(-1, 3),
        np.arange(sum(map(len, rings))),
        np.cumsum([0, *map(len, rings)]),
        np.cumsum([0, *map(len, floors)]),
    )
    surfaces = Table("surface", [f"s{i}" for i in range(len(floors))])
    surfaces = surfaces.put(SURFACE_COLUMNS["building"], np.array(buildings, dtype=int))
    surfaces = surfaces.put(SURFACE_COLUMNS["type"], np.full(len(floors), "GroundSurface"))
    table = Table("building", [f"b{i}" for i in range(max(buildings, default=0) + 1)])
    return City({"building": table, "surface": surfaces}, geometry)


@pytest.mark.parametrize("reverse", [False, True])
def test_alone_every_edge_is_exposed(reverse):
    step = -1 if reverse else 1
    assert ground_perimeter(city_on([rectangle(0, 0, 10, 8)[::step]])) == pytest.approx([36.0])
    corner = [(0, 0), (10, 0), (10, 4), (4, 4), (4, 10), (0, 10)]
    assert ground_perimeter(city_on([corner[::step]])) == pytest.approx([40.0])


@pytest.mark.parametrize("reverse", [False, True])
def test_in_a_terrace_only_front_and_back_are(reverse):
    step = -1 if reverse else 1
    row = [[rectangle(6 * i, 0, 6, 10)[:: step if i % 2 else 1]] for i in range(4)]
    assert ground_perimeter(city_on(*row)) == pytest.approx([22.0, 12.0, 12.0, 22.0])


def test_neighbours_touch_as_far_as_they_reach():
    deep, shallow = [rectangle(0, 0, 6, 12)], [rectangle(6.1, 3, 6, 5)]
    assert ground_perimeter(city_on(deep, shallow)) == pytest.approx([36.0 - 5.0, 22.0 - 5.0])
    apart = [rectangle(6.3, 3, 6, 5)]
    assert ground_perimeter(city_on(deep, apart)) == pytest.approx([36.0, 22.0])


def test_two_that_cover_the_same_length_cover_it_once():
    wide = [rectangle(0, 0, 10, 10)]
    one, other = [rectangle(0, 10, 6, 5)], [rectangle(4, 10.05, 6, 5)]
    assert ground_perimeter(city_on(wide, one, other))[0] == pytest.approx(30.0)


def test_floors_of_one_building_touch_too():
    """An L of two rectangles whose edges do not share all corners; a courtyard with its hole either way round."""
    parts = [rectangle(0, 0, 10, 4)], [rectangle(0, 4, 4, 6)]
    assert ground_perimeter(city_on(*parts, buildings=[0, 0])) == pytest.approx([40.0])
    for hole in (rectangle(3, 3, 4, 4), rectangle(3, 3, 4, 4)[::-1]):
        assert ground_perimeter(city_on([rectangle(0, 0, 10, 10), hole])) == pytest.approx([56.0])
    filled = [rectangle(0, 0, 10, 10), rectangle(3, 3, 4, 4)], [rectangle(3, 3, 4, 4)]
    assert ground_perimeter(city_on(*filled)) == pytest.approx([40.0, 0.0])


def test_on_a_slope_neighbours_touch_but_not_a_storey_apart():
    pair = [rectangle(0, 0, 6, 10)], [rectangle(6, 0, 6, 10)]
    assert ground_perimeter(city_on(*pair, heights=[0.0, 1.5])) == pytest.approx([22.0, 22.0])
    assert ground_perimeter(city_on(*pair, heights=[0.0, 4.0])) == pytest.approx([32.0, 32.0])


def test_what_has_no_floor_has_no_perimeter():
    city = city_on([rectangle(0, 0, 5, 5)], buildings=[1])
    assert ground_perimeter(city) == pytest.approx([0.0, 20.0])
    walls = city.surfaces.put(SURFACE_COLUMNS["type"], np.array(["WallSurface"]))
    assert ground_perimeter(city.with_table(walls)) == pytest.approx([0.0, 0.0])
    none = City({"building": city.buildings, "surface": city.surfaces}, city_on().geometry)
    assert ground_perimeter(none) == pytest.approx([0.0, 0.0])


@given(st.floats(0, 360), st.floats(-1e6, 1e6), st.integers(1, 6), st.integers(1, 6))
def test_a_block_has_the_outline_of_its_houses_however_it_lies(turn, shift, columns, rows):
    angle = np.radians(turn)
    about = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    floors = [
        [(np.array(rectangle(7.0 * i, 9.0 * j, 7.0, 9.0)) @ about + shift).tolist()]
        for i in range(columns)
        for j in range(rows)
    ]
    assert ground_perimeter(city_on(*floors)).sum() == pytest.approx(14.0 * columns + 18.0 * rows, rel=1e-6)


@pytest.mark.parametrize("model", ["essen", "delft"])
def test_all_houses_together_have_the_outline_of_their_blocks(model):
    """Floors widened by half the gap between neighbours, united by GEOS, and narrowed again."""
    city = read_city(MODELS / model / "city.city.json")
    ground = np.flatnonzero(city.surfaces["type"] == "GroundSurface")
    geometry = city.geometry
    rings = geometry.surface_offsets
    polygons = []
    for s in ground:
        corners = [
            geometry.vertices[geometry.ring_vertices[a:b], :2]
            for a, b in zip(
                geometry.ring_offsets[rings[s] : rings[s + 1]],
                geometry.ring_offsets[rings[s] + 1 : rings[s + 1] + 1],
                strict=True,
            )
        ]
        polygons.append(shapely.Polygon(corners[0], corners[1:]))
    together = shapely.union_all(shapely.buffer(polygons, 0.1, join_style="mitre"))
    outline = shapely.buffer(together, -0.1, join_style="mitre").length
    ours = ground_perimeter(city)
    assert ours.sum() == pytest.approx(outline, rel=0.01)
    own = np.bincount(city.surfaces["building"][ground], shapely.length(polygons), len(ours))
    assert (ours <= own + 1e-9).all()
    assert ours.sum() < 0.95 * own.sum()
