"""Walls that touch: which come into question, how much they share, and what the tables say of it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from city_cases import WALL, box, city_of, cityjson, neighbours_of, prism, read_document
from geometry_cases import geometry_of, outlines, star
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city.derive import with_party_walls
from twin.city.geometry import shared_walls
from twin.city.geometry.clip import convex, overlap_areas
from twin.city.geometry.neighbours import facing_pairs
from twin.city.geometry.polygons import Flat


def flat(*shapes: list[tuple[float, float]]) -> Flat:
    geometry = geometry_of([(WALL, [[(x, y, float(k)) for x, y in shape]]) for k, shape in enumerate(shapes)])
    return Flat(geometry, geometry.corners[:, :2])


@settings(max_examples=200, deadline=None)
@given(outlines, outlines, st.booleans(), st.booleans(), st.tuples(st.floats(-4, 4), st.floats(-4, 4)))
def test_overlap_of_any_two_polygons_is_what_geos_says(one, other, round_one, round_other, shift):
    """Convex ones are clipped by ourselves, others by GEOS; whichever way they run."""
    shapes = [star([(2.0, share) for _, share in spokes]) if round_ else star(spokes)
              for spokes, round_ in ((one, round_one), (other, round_other))]  # fmt: skip
    moved = [(x + shift[0], y + shift[1]) for x, y in shapes[1]]
    polygons = [shapely.make_valid(shapely.Polygon(shape)) for shape in (shapes[0], moved)]
    expected = polygons[0].intersection(polygons[1]).area
    assert overlap_areas(flat(shapes[0]), flat(moved)) == pytest.approx([expected], abs=1e-6)
    assert overlap_areas(flat(shapes[0]), flat(moved[::-1])) == pytest.approx([expected], abs=1e-6)


def test_edges_in_common_are_no_matter():
    square = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]
    right = [(1.0, 0.0), (3.0, 0.0), (3.0, 2.0), (1.0, 2.0)]
    beside = [(2.0, 0.0), (4.0, 0.0), (4.0, 2.0), (2.0, 2.0)]
    area = overlap_areas(flat(square, square, square), flat(square, right, beside))
    assert area == pytest.approx([4.0, 2.0, 0.0])


def test_a_star_that_winds_twice_is_not_convex():
    pentagram = [(np.cos(4 * np.pi * k / 5), np.sin(4 * np.pi * k / 5)) for k in range(5)]
    square = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]
    assert convex(flat(pentagram, square, square[::-1], [*square, (1.0, 1.0)])).tolist() == [False, True, True, False]


ends = st.tuples(st.floats(-30, 30), st.floats(-30, 30), st.floats(0, 360), st.floats(0.1, 40))


@settings(max_examples=100, deadline=None)
@given(st.lists(ends, min_size=1, max_size=12), st.floats(-0.3, 0.3), st.floats(-6, 6))
def test_no_pair_of_walls_that_may_touch_is_overlooked(traces, gap, turn):
    """Every wall gets a neighbour across a small gap, nearly opposite; all that come near must be among the pairs."""
    walls = []
    for x, y, azimuth, length in traces:
        for facing, off in ((azimuth, 0.0), ((azimuth + 180 + turn) % 360, gap)):
            a = np.radians(facing)
            across, normal = np.array([np.cos(a), -np.sin(a)]), np.array([np.sin(a), np.cos(a)])
            middle = np.array([x, y]) - off * normal
            walls.append((facing, middle - across * length / 2, middle + across * length / 2))
    azimuth = np.array([wall[0] for wall in walls])
    lines = np.array([wall[1:] for wall in walls])
    a, b = facing_pairs(lines, azimuth, 5.0, 0.2)
    assert (a < b).all()
    found = set(zip(a.tolist(), b.tolist(), strict=True))
    assert len(found) == len(a)
    shapes = shapely.linestrings(lines)
    for i in range(len(walls)):
        for j in range(i + 1, len(walls)):
            opposite = abs((azimuth[i] - azimuth[j] + 360) % 360 - 180) <= 4.999
            if opposite and shapely.distance(shapes[i], shapes[j]) <= 0.1999:
                assert (i, j) in found


def test_no_walls_no_pairs():
    a, b = facing_pairs(np.zeros((0, 2, 2)), np.zeros(0), 5.0, 0.2)
    assert len(a) == len(b) == 0


def test_many_walls_in_one_place_are_compared_in_portions(monkeypatch):
    from twin.city.geometry import neighbours

    lines = np.tile(np.array([[0.0, 0.0], [5.0, 0.0]]), (20, 1, 1))
    azimuth = np.array([0.0, 180.0] * 10)
    whole = facing_pairs(lines, azimuth, 5.0, 0.2)
    monkeypatch.setattr(neighbours, "PAIRS", 7)
    np.testing.assert_array_equal(facing_pairs(lines, azimuth, 5.0, 0.2), whole)
    assert len(whole[0]) == 100


# --- tables -----------------------------------------------------------------------------------------------------------


def test_party_walls_are_a_table(tmp_path):
    city = neighbours_of(tmp_path, {"large": box(0, 0, 10, 8, 9), "small": box(10, 2, 5, 4, 6)})
    walls, surfaces = city.table("party_walls"), city.surfaces
    assert walls["area_m2"] == pytest.approx([24.0])
    first, second = int(walls["surface_a"][0]), int(walls["surface_b"][0])
    assert walls.ids.tolist() == [f"{surfaces.ids[first]}|{surfaces.ids[second]}"]
    assert surfaces["building"][[first, second]].tolist() == [0, 1]
    share = surfaces["party_wall_m2"] / surfaces["area_m2"]
    assert share[[first, second]] == pytest.approx([24 / 72, 1.0])
    assert share.sum() == pytest.approx(24 / 72 + 1)


def test_a_city_without_neighbours_has_an_empty_table(tmp_path):
    city = neighbours_of(tmp_path, {"alone": box(0, 0, 10, 8, 9)})
    assert len(city.table("party_walls")) == 0
    assert city.surfaces["party_wall_m2"].sum() == 0


def test_parts_share_interior_walls_and_party_walls_at_once(tmp_path):
    document = cityjson({"main": box(0, 0, 10, 8, 9), "annex": box(10, 0, 5, 8, 4), "other": box(10, 0, 5, 8, 9, 4)})
    document["CityObjects"]["annex"] |= {"type": "BuildingPart", "parents": ["main"]}
    city = with_party_walls(read_document(tmp_path, document))
    assert city.buildings["interior_wall_m2"] == pytest.approx([64.0, 0.0])  # of both sides
    assert city.buildings["party_wall_m2"] == pytest.approx([40.0, 40.0])
    walls = shared_walls(city)
    assert (walls.party[2], walls.interior[2]) == (pytest.approx([40.0]), pytest.approx([32.0]))
    both = city.surfaces["party_wall_m2"] + city.surfaces["interior_wall_m2"]
    assert (both <= city.surfaces["area_m2"] + 1e-9).all()


places = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 9)), min_size=1, max_size=8)


@settings(max_examples=30, deadline=None)
@given(places, st.floats(0, 6.28), st.randoms())
def test_what_one_side_shares_the_other_does_too(tmp_path_factory, blocks, turn, random):
    """Towers on a grid: the shared area follows from their heights, whatever the order and direction."""
    height = {(x, y): float(h) for x, y, h in blocks}
    c, s = np.cos(turn), np.sin(turn)

    def tower(x: int, y: int, h: float):
        corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
        return prism([(4e5 + 6 * (c * u - s * v), 5e6 + 6 * (s * u + c * v)) for u, v in corners], 0.0, h)

    names = list(height)
    random.shuffle(names)
    folder = tmp_path_factory.mktemp("grid")
    city = with_party_walls(city_of(folder, {f"{x}-{y}": tower(x, y, height[x, y]) for x, y in names}))
    expected = sum(
        6 * min(h, height[other])
        for (x, y), h in height.items()
        for other in ((x + 1, y), (x, y + 1))
        if other in height
    )
    walls = city.table("party_walls")
    assert walls["area_m2"].sum() == pytest.approx(expected, rel=2e-3, abs=1e-9)
    assert city.surfaces["party_wall_m2"].sum() == pytest.approx(2 * walls["area_m2"].sum())
    sides = np.concatenate([walls["surface_a"], walls["surface_b"]])
    per_surface = np.bincount(sides, np.tile(walls["area_m2"], 2), len(city.surfaces))
    np.testing.assert_allclose(city.surfaces["party_wall_m2"], per_surface, atol=1e-9)
