"""Demolition, storeys on top and new buildings: volumes add up, shells stay closed, and everything else follows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from city_cases import (
    GROUND,
    ROOF,
    WALL,
    Vertices,
    box,
    city_of,
    cityjson,
    geometry,
    neighbours_of,
    prism,
    read_document,
    turned,
)
from geometry_cases import L_SHAPE, geometry_of, outlines, star
from hypothesis import given, settings
from hypothesis import strategies as st
from massing_cases import assert_equal, off_plane

from twin.city import City
from twin.city.geometry.lifting import Roles, lift, standing
from twin.city.geometry.sizes import measure
from twin.city.massing import add_storeys, demolish, new_building, rectangle
from twin.errors import TwinError
from twin.table import GIVEN, MEASURE, Column, Table

CODE = MEASURE + 7

# A house of 10 m by 8 m with eaves at 6 m and a ridge at 9 m along x
GABLED = [
    (GROUND, [[(0, 0, 0), (0, 8, 0), (10, 8, 0), (10, 0, 0)]]),
    (WALL, [[(0, 0, 0), (10, 0, 0), (10, 0, 6), (0, 0, 6)]]),
    (WALL, [[(10, 8, 0), (0, 8, 0), (0, 8, 6), (10, 8, 6)]]),
    (WALL, [[(10, 0, 0), (10, 8, 0), (10, 8, 6), (10, 4, 9), (10, 0, 6)]]),
    (WALL, [[(0, 8, 0), (0, 0, 0), (0, 0, 6), (0, 4, 9), (0, 8, 6)]]),
    (ROOF, [[(0, 0, 6), (10, 0, 6), (10, 4, 9), (0, 4, 9)]]),
    (ROOF, [[(10, 8, 6), (0, 8, 6), (0, 4, 9), (10, 4, 9)]]),
]
# A roof on the bare ground
TENT = [
    (GROUND, [[(0, 0, 0), (0, 8, 0), (10, 8, 0), (10, 0, 0)]]),
    (WALL, [[(10, 0, 0), (10, 8, 0), (10, 4, 5)]]),
    (WALL, [[(0, 8, 0), (0, 0, 0), (0, 4, 5)]]),
    (ROOF, [[(0, 0, 0), (10, 0, 0), (10, 4, 5), (0, 4, 5)]]),
    (ROOF, [[(10, 8, 0), (0, 8, 0), (0, 4, 5), (10, 4, 5)]]),
]
TENT_ASIDE = [(kind, [[(x, y + 40, z) for x, y, z in ring] for ring in rings]) for kind, rings in TENT]
# A slope: half of the house stands 3 m higher than the other
STEPPED = [
    (GROUND, [[(0, 0, 0), (0, 8, 0), (5, 8, 0), (5, 0, 0)]]),
    (GROUND, [[(5, 0, 3), (5, 8, 3), (10, 8, 3), (10, 0, 3)]]),
    (WALL, [[(5, 0, 0), (5, 8, 0), (5, 8, 3), (5, 0, 3)]]),
    (WALL, [[(0, 0, 0), (5, 0, 0), (5, 0, 3), (10, 0, 3), (10, 0, 9), (0, 0, 9)]]),
    (WALL, [[(10, 8, 3), (5, 8, 3), (5, 8, 0), (0, 8, 0), (0, 8, 9), (10, 8, 9)]]),
    (WALL, [[(10, 0, 3), (10, 8, 3), (10, 8, 9), (10, 0, 9)]]),
    (WALL, [[(0, 8, 0), (0, 0, 0), (0, 0, 9), (0, 8, 9)]]),
    (ROOF, [[(0, 0, 9), (10, 0, 9), (10, 8, 9), (0, 8, 9)]]),
]
# A wall that leans inward as it rises
LEANING = [
    (GROUND, [[(0, 0, 0), (0, 8, 0), (10, 8, 0), (10, 0, 0)]]),
    (WALL, [[(0, 0, 0), (10, 0, 0), (10, 2, 6), (0, 2, 6)]]),
    (WALL, [[(10, 8, 0), (0, 8, 0), (0, 8, 6), (10, 8, 6)]]),
    (WALL, [[(10, 0, 0), (10, 8, 0), (10, 8, 6), (10, 2, 6)]]),
    (WALL, [[(0, 8, 0), (0, 0, 0), (0, 2, 6), (0, 8, 6)]]),
    (ROOF, [[(0, 2, 6), (10, 2, 6), (10, 8, 6), (0, 8, 6)]]),
]
SHAPES = {"gabled": GABLED, "tent": TENT, "stepped": STEPPED, "leaning": LEANING, "L": prism(L_SHAPE, 2.0, 8.0)}


def volumes(city: City) -> dict[str, float]:
    return dict(zip(city.buildings.ids.tolist(), city.buildings["volume_m3"].tolist(), strict=True))


def corners(city: City, identifier: str) -> np.ndarray:
    """Corners of a surface."""
    rings = slice(*city.geometry.surface_offsets[city.surfaces.index(identifier) + np.array([0, 1])])
    offsets = city.geometry.ring_offsets[rings.start : rings.stop + 1]
    return city.geometry.corners[offsets[0] : offsets[-1]]


# --- storeys on top ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHAPES)
def test_storeys_add_footprint_times_height(tmp_path, name):
    city = city_of(tmp_path, {name: SHAPES[name]})
    higher = add_storeys(city, [0], 2, 2.5)
    before, after = city.buildings.row(0), higher.buildings.row(0)
    assert after["volume_method"] == before["volume_method"] == "divergence"
    assert after["volume_m3"] == pytest.approx(before["volume_m3"] + 5 * before["footprint_m2"], rel=1e-12)
    assert after["height_m"] == pytest.approx(before["height_m"] + 5)
    assert after["footprint_m2"] == before["footprint_m2"]
    assert off_plane(higher) < 1e-9


def test_a_roof_is_lifted_as_it_is_and_walls_grow(tmp_path):
    city = city_of(tmp_path, {"h": GABLED})
    higher = add_storeys(city, [0], 1)
    areas, after = city.surfaces["area_m2"], higher.surfaces["area_m2"]
    assert after == pytest.approx(areas + np.array([0, 30, 30, 24, 24, 0, 0]))
    np.testing.assert_allclose(higher.surfaces["tilt_deg"], city.surfaces["tilt_deg"], atol=1e-9)
    np.testing.assert_allclose(higher.surfaces["azimuth_deg"], city.surfaces["azimuth_deg"], atol=1e-9)


def test_under_a_roof_that_reached_the_ground_walls_are_added(tmp_path):
    city = city_of(tmp_path, {"b": box(-20, 0, 5, 5, 4), "tent": TENT, "z": box(20, 0, 5, 5, 4)})
    higher = add_storeys(city, [1], 1)
    added = [name for name in higher.surfaces.ids.tolist() if "-added-" in name]
    assert len(added) == 2
    rows = [higher.surfaces.index(name) for name in added]
    assert higher.surfaces["type"][rows].tolist() == [WALL, WALL]
    assert higher.surfaces["area_m2"][rows] == pytest.approx([30, 30])
    assert (np.diff(higher.surfaces["building"]) >= 0).all()
    assert len(higher.attributes["surface"]) == len(higher.surfaces)
    assert higher.links[0].rows.tolist() == higher.surfaces["building"].tolist()
    twice = add_storeys(higher, [1], 1)  # the walls are there by now
    assert len(twice.surfaces) == len(higher.surfaces)
    assert volumes(twice)["tent"] == pytest.approx(volumes(city)["tent"] + 6 * 80)


def test_attributes_stay_with_their_surfaces_when_walls_are_added(tmp_path):
    city = city_of(tmp_path, {"tent": TENT, "z": box(20, 0, 5, 5, 4)})
    names = city.surfaces.ids.tolist()
    city = replace(city, attributes={**city.attributes, "surface": tuple({"name": name} for name in names)})
    higher = add_storeys(city, [0], 1)
    named = dict(zip(higher.surfaces.ids.tolist(), higher.attributes["surface"], strict=True))
    assert all(named[name] == {"name": name} for name in names)
    assert sum(not left for left in named.values()) == 2


def test_rows_that_refer_to_surfaces_still_do_when_walls_are_added(tmp_path):
    city = city_of(tmp_path, {"tent": TENT, "z": box(20, 0, 5, 5, 4)})
    last = city.surfaces.ids[-1]
    number = Column("surface", "-", "int", "a surface", low=0, refers="surface")
    boundary = Table("thermal_boundary", ["t"]).put(number, [len(city.surfaces) - 1])
    higher = add_storeys(city.with_table(boundary), [0], 1)
    assert higher.surfaces.ids[higher.table("thermal_boundary")["surface"][0]] == last


def test_parts_that_stand_on_others_go_up_with_them(tmp_path):
    vertices = Vertices()
    parts = {"low": box(0, 0, 10, 10, 6), "tower": box(0, 0, 5, 5, 20, bottom=6), "beside": box(10, 0, 5, 5, 4)}
    document = cityjson({})
    document["CityObjects"] = {"b": {"type": "Building", "children": list(parts)}}
    for name, faces in parts.items():
        document["CityObjects"][name] = {
            "type": "BuildingPart",
            "parents": ["b"],
            "geometry": [geometry(faces, vertices)],
        }
    document["vertices"] = vertices.points
    city = read_document(tmp_path, document)
    higher = add_storeys(city, [0], 1)
    assert volumes(higher)["b"] == pytest.approx(volumes(city)["b"] + 3 * (100 + 25))
    part = higher.surfaces["part"]
    for name, bottom, top in (("low", 0, 9), ("tower", 9, 29), ("beside", 0, 7)):
        row = higher.table("building_part").index(name)
        ids = higher.surfaces.ids[part == row].tolist()
        z = np.concatenate([corners(higher, one)[:, 2] for one in ids])
        assert (z.min(), z.max()) == pytest.approx((bottom, top))


def test_what_is_nearly_flat_stands_on_the_ground_and_not_on_itself():
    slab = geometry_of(prism(L_SHAPE, 2.0, 2.05))
    n = len(slab.surface_offsets) - 1
    ground, one = np.arange(n) == 0, np.zeros(n, dtype=np.int64)
    assert standing(slab, measure(slab), ground, one, one).tolist() == ground.tolist()


def test_the_ceiling_of_a_passage_over_a_lower_wing_goes_up_with_it(tmp_path):
    """Two bodies of one building, one over half of the other and apart from it, whose floor is a ground surface too."""
    city = city_of(tmp_path, {"b": [*box(0, 0, 10, 10, 3), *box(5, 0, 10, 10, 4, bottom=5)]})
    higher = add_storeys(city, [0], 1)
    z = higher.geometry.corners[:, 2]
    assert sorted(set(z.tolist())) == [0, 6, 8, 12]
    assert higher.buildings["volume_m3"][0] == pytest.approx(300 + 400 + 300)


def facade(*openings):
    """A box of 10 m by 8 m and 6 m, its front with rectangles ``(type, x, z, width, height)``, as holes or on it."""
    faces = box(0, 0, 10, 8, 6)
    front = [(0, 0, 0), (10, 0, 0), (10, 0, 6), (0, 0, 6)]
    wall, rest = [front], []
    for kind, x, z, width, height, hole in openings:
        ring = [(x, 0, z), (x + width, 0, z), (x + width, 0, z + height), (x, 0, z + height)]
        rest.append((kind, [ring]))
        if hole:
            wall.append(ring[::-1])
    return [*(face for face in faces if face[1][0] != front), (WALL, wall), *rest]


@pytest.mark.parametrize("hole", [True, False])
def test_windows_go_up_with_their_wall_and_entrances_stay(tmp_path, hole):
    faces = facade(("Window", 2, 1.5, 1, 1, hole), ("Door", 5, 0.2, 1, 2, hole), ("Door", 8, 3.2, 1, 2, hole))
    city = city_of(tmp_path, {"h": faces})
    higher = add_storeys(city, [0], 1)
    z = [sorted({round(float(v), 6) for v in corners(higher, f"h-{k}")[:, 2]}) for k in (7, 8, 9)]
    assert z == [[4.5, 5.5], [0.2, 2.2], [6.2, 8.2]]
    assert higher.buildings["volume_m3"][0] == pytest.approx(9 * 80)
    assert higher.buildings["volume_method"][0] == "divergence"
    front = higher.surfaces.index("h-6")
    assert higher.surfaces["opening_m2"][front] == pytest.approx(5)
    assert higher.surfaces["area_m2"][front] == pytest.approx(90 - 5)
    assert higher.surfaces["opening_of"][higher.surfaces.index("h-8")] == front


def test_a_door_at_the_ground_and_the_window_over_it_stay(tmp_path):
    door = [(4, 0, 0), (6, 0, 0), (6, 0, 2), (4, 0, 2)]
    window = [(4, 0, 2), (6, 0, 2), (6, 0, 3), (4, 0, 3)]
    ground = [(0, 0, 0), (0, 8, 0), (10, 8, 0), (10, 0, 0), (6, 0, 0), (4, 0, 0)]
    front = [(0, 0, 0), (4, 0, 0), (4, 0, 2), (4, 0, 3), (6, 0, 3), (6, 0, 2), (6, 0, 0), (10, 0, 0), (10, 0, 6)]
    faces = [*box(0, 0, 10, 8, 6)[1:2], *box(0, 0, 10, 8, 6)[3:], (GROUND, [ground]), (WALL, [[*front, (0, 0, 6)]])]
    city = city_of(tmp_path, {"h": [*faces, ("Door", [door]), ("Window", [window])]})
    higher = add_storeys(city, [0], 1)
    assert corners(higher, "h-7")[:, 2].max() == 2
    assert set(corners(higher, "h-8")[:, 2].tolist()) == {2.0, 3.0}
    assert higher.buildings["volume_method"][0] == "divergence"
    assert higher.buildings["volume_m3"][0] == pytest.approx(9 * 80)


def test_what_is_on_a_building_goes_up_and_what_stands_at_it_stays(tmp_path):
    document = cityjson({"h": box(0, 0, 10, 8, 6), "n": box(30, 0, 10, 8, 6)})
    vertices = Vertices()
    vertices.numbers = {tuple(point): k for k, point in enumerate(document["vertices"])}
    things = {
        "chimney": ("h", box(4, 4, 1, 1, 2, bottom=6)),
        "stairs": ("h", box(-2, 0, 2, 2, 1)),
        "other": ("n", box(34, 4, 1, 1, 2, bottom=6)),
    }
    for name, (parent, faces) in things.items():
        document["CityObjects"][parent].setdefault("children", []).append(name)
        document["CityObjects"][name] = {
            "type": "BuildingInstallation",
            "parents": [parent],
            "geometry": [geometry(faces, vertices, kind="MultiSurface", semantics=False)],
        }
    document["vertices"] = vertices.points
    higher = add_storeys(read_document(tmp_path, document), [0], 1)
    owner = higher.table("city_object_surface")["city_object"]
    z = higher.surroundings.corners[:, 2].reshape(-1, 4)
    lowest = {name: z[owner == k].min() for k, name in enumerate(higher.table("city_object").ids.tolist())}
    assert lowest == {"chimney": 9, "stairs": 0, "other": 6}


def test_walls_that_stand_on_nothing_modelled_still_reach_down(tmp_path):
    """A shell without ground surfaces, on a slope: the free lower edges of its walls are where it stands."""
    faces = [face for face in STEPPED if face[0] != GROUND and face[1][0][0] != (5, 0, 0)]
    city = city_of(tmp_path, {"h": faces})
    higher = add_storeys(city, [0], 1)
    wall = corners(higher, "h-1")
    assert sorted(wall[:, 2].tolist()) == [0, 0, 3, 3, 12, 12]
    assert higher.buildings["height_m"][0] == pytest.approx(12)


def test_storeys_set_what_is_known_and_leave_the_rest(tmp_path):
    attributes = {"storeysAboveGround": 2, "measuredHeight": 6.5, "yearOfConstruction": 1960}
    city = city_of(tmp_path, {"a": box(0, 0, 10, 8, 6), "b": box(30, 0, 10, 8, 6)}, **attributes)
    area = Column("heated_floor_area_m2", "m2", "float", "floor area", low=0)
    homes = Column("dwellings", "-", "int", "dwellings", low=0)
    buildings = city.buildings.put(area, [120.0, 120.0]).put(homes, [3, 3], [GIVEN, 0x1000])
    higher = add_storeys(city.with_table(buildings), np.array([True, False]), 1, code=CODE)
    table = higher.buildings
    assert table["storeys_above_ground"].tolist() == [3, 2]
    assert table["measured_height_m"].tolist() == [9.5, 6.5]
    assert table["year_of_construction"].tolist() == [1960, 1960]
    assert table["heated_floor_area_m2"].tolist() == [180.0, 120.0]
    assert table["dwellings"].tolist() == [5, 3]  # 4.5, rounded
    for name in ("storeys_above_ground", "measured_height_m", "heated_floor_area_m2"):
        assert table.source(name).tolist() == [CODE, GIVEN], name
    assert table.source("dwellings").tolist() == [CODE, 0x1000]
    assert table.source("year_of_construction").tolist() == [GIVEN, GIVEN]


def test_cells_that_are_assumed_are_left_to_be_filled_anew(tmp_path):
    city = city_of(tmp_path, {"a": box(0, 0, 10, 8, 6)}, storeysAboveGround=2)
    area = Column("heated_floor_area_m2", "m2", "float", "floor area", low=0)
    higher = add_storeys(city.with_table(city.buildings.put(area, [120.0], 0x1000)), [0], 1)
    assert higher.buildings["heated_floor_area_m2"].tolist() == [120.0]
    assert higher.buildings.missing("measured_height_m").all()


@pytest.mark.parametrize(("how", "word"), [((0,), "storeys is 0"), ((1, -3.0), "storey_height_m"), ((999,), "at most")])
def test_storeys_that_cannot_be(tmp_path, how, word):
    city = city_of(tmp_path, {"a": box(0, 0, 10, 8, 6)}, storeysAboveGround=2)
    with pytest.raises(TwinError, match=word):
        add_storeys(city, [0], *how)


@settings(max_examples=25)
@given(plan=outlines, bottom=st.floats(-5, 5), high=st.floats(2.5, 20), more=st.floats(0.5, 30))
def test_any_block_gains_its_plan_times_the_height(plan, bottom, high, more):
    shape = geometry_of(prism(star(plan), bottom, bottom + high))
    n = len(shape.surface_offsets) - 1
    ground, none = np.arange(n) == 0, np.zeros(n, dtype=bool)
    roles = Roles(np.zeros(n, dtype=np.int64), 1, ground, ground, none, none, np.full(n, -1))
    lifted = lift(shape, measure(shape), roles, more)
    assert len(lifted.added) == 0
    before, after = measure(shape), measure(lifted.geometry)
    gained = (after.area - before.area)[2:]
    edges = np.linalg.norm(np.diff([*star(plan), star(plan)[0]], axis=0), axis=1)
    np.testing.assert_allclose(gained, edges * more, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(after.vector.sum(axis=0), 0, atol=1e-9)


# --- neighbours -------------------------------------------------------------------------------------------------------

ROW = {"a": box(0, 0, 10, 8, 6), "b": box(10, 0, 10, 8, 9), "c": box(20, 0, 10, 8, 6)}


def test_shared_walls_follow(tmp_path):
    city = neighbours_of(tmp_path, ROW)
    assert city.buildings["party_wall_m2"].tolist() == pytest.approx([48, 96, 48])
    higher = add_storeys(city, [0], 2)  # 12 m now, beside 9 m
    assert higher.buildings["party_wall_m2"].tolist() == pytest.approx([72, 120, 48])
    fewer = demolish(city, [1])
    assert fewer.buildings["party_wall_m2"].tolist() == [0, 0]
    assert len(fewer.table("party_walls")) == 0
    more = new_building(fewer, "new", [(10, 0), (20, 0), (20, 8), (10, 8)], 3.0)
    assert more.buildings["party_wall_m2"].tolist() == pytest.approx([24, 24, 48])
    pairs = more.table("party_walls")
    assert {str(more.buildings.ids[b]) for b in more.surfaces["building"][pairs["surface_b"]]} == {"new"}


def test_a_city_without_shared_walls_gets_none(tmp_path):
    city = city_of(tmp_path, ROW)
    assert "party_walls" not in demolish(city, [1]).tables


def test_a_demolished_building_takes_all_that_is_its_own(tmp_path):
    city = neighbours_of(tmp_path, ROW, note="as found")
    fewer = demolish(city, np.array([True, False, False]))
    assert fewer.buildings.ids.tolist() == ["b", "c"]
    assert set(fewer.surfaces["building"].tolist()) == {0, 1}
    assert [len(fewer.attributes[name]) for name in ("building", "surface")] == [2, 12]
    assert fewer.metadata["volume_method"] == {"divergence": 2, "footprint_x_height": 0}
    with pytest.raises(TwinError, match="no building of the city would be left"):
        demolish(city, [0, 1, 2])


# --- new buildings ----------------------------------------------------------------------------------------------------


def test_a_new_building_is_a_block(tmp_path):
    city = city_of(tmp_path, {"a": box(0, 0, 10, 8, 6, bottom=50)}, storeysAboveGround=2)
    more = new_building(
        city, "tower", rectangle([40, 20], 12, 8, 30), 30, year_of_construction=2025, usage_class="OFFICE", code=CODE
    )
    row = more.buildings.row("tower")
    assert (row["footprint_m2"], row["volume_m3"], row["height_m"]) == pytest.approx((96, 2880, 30))
    assert (row["storeys_above_ground"], row["usage_class"], row["year_of_construction"]) == (10, "OFFICE", 2025)
    assert row["volume_method"] == "divergence"
    own = more.surfaces["building"] == 1
    assert more.surfaces["type"][own].tolist() == [GROUND, ROOF, WALL, WALL, WALL, WALL]
    assert sorted(more.surfaces["azimuth_deg"][own][2:]) == pytest.approx([30, 120, 210, 300])
    assert more.geometry.corners[-24:, 2].min() == 50  # as its neighbour
    for name in ("storeys_above_ground", "usage_class", "year_of_construction", "measured_height_m", "lod"):
        assert more.buildings.source(name)[1] == CODE, name
    assert more.buildings.source("storeys_above_ground")[0] == GIVEN


def test_a_footprint_may_run_either_way_and_be_closed(tmp_path):
    city = city_of(tmp_path, {"a": box(0, 0, 10, 8, 6)})
    plan = [(x + 50, y) for x, y in L_SHAPE]
    for footprint in (plan, plan[::-1], [*plan, plan[0]]):
        more = new_building(city, "L", footprint, 4.0, ground_m=7.0)
        assert volumes(more)["L"] == pytest.approx(4 * 18)
        assert more.geometry.corners[-12:, 2].min() == 7


@pytest.mark.parametrize(
    ("footprint", "how", "word"),
    [
        ([(5, 0), (20, 0), (20, 8), (5, 8)], {}, r"overlaps building a by 40\.0 m2; expected .*replace"),
        ([(50, 0), (60, 0)], {}, "2 corners"),
        ([(50, 0), (60, 10), (60, 0), (50, 10)], {}, "Self-intersection"),
        ([(50, 0), (51, 0), (51, 1)], {}, "more than 4 m2"),
        (rectangle([1e6, 1e6], 10, 10), {}, r"1414 km from the nearest building; expected coordinates in EPSG:25832"),
        (rectangle([50, 50], 10, 10), {"identifier": "a"}, "a building has that id already"),
        (rectangle([50, 50], 10, 10), {"height_m": -3.0}, "a positive height"),
    ],
)
def test_new_buildings_that_cannot_be(tmp_path, footprint, how, word):
    city = city_of(tmp_path, {"a": box(0, 0, 10, 8, 6)})
    arguments = {"identifier": "new", "footprint": footprint, "height_m": 9.0, **how}
    with pytest.raises(TwinError, match=word):
        new_building(city, **arguments)


def test_every_building_in_the_way_is_named_or_demolished(tmp_path):
    city = neighbours_of(tmp_path, ROW)
    plan = [(5, 0), (15, 0), (15, 8), (5, 8)]
    with pytest.raises(TwinError) as caught:
        new_building(city, "a", plan, 9.0)
    assert len(caught.value.problems) == 3  # two in the way, and one has the id
    more = new_building(city, "a", plan, 9.0, replace=True)
    assert more.buildings.ids.tolist() == ["c", "a"]
    assert volumes(more)["a"] == pytest.approx(720)
    alone = new_building(city_of(tmp_path, {"a": box(0, 0, 10, 8, 6)}), "b", plan, 9.0, replace=True)
    assert alone.buildings.ids.tolist() == ["b"]


def test_a_neighbour_to_the_centimetre_is_not_in_the_way(tmp_path):
    city = neighbours_of(tmp_path, {"a": box(0, 0, 10, 8, 6)})
    more = new_building(city, "b", [(9.99, 0), (20, 0), (20, 8), (9.99, 8)], 6.0)
    assert more.buildings["party_wall_m2"].tolist() == pytest.approx([48, 48])


@settings(max_examples=15)
@given(
    x=st.floats(-50, -10),
    width=st.floats(3, 9),
    depth=st.floats(3, 20),
    turn=st.floats(-90, 90),
    height=st.floats(2.5, 60),
)
def test_what_is_built_and_demolished_again_was_never_there(tmp_path_factory, x, width, depth, turn, height):
    city = neighbours_of(tmp_path_factory.mktemp("city"), {**ROW, "tent": TENT_ASIDE}, storeysAboveGround=2)
    more = new_building(city, "new", rectangle([x - 20, 0], width, depth, turn), height)
    assert volumes(more)["new"] == pytest.approx(width * depth * height, rel=1e-9)
    assert_equal(demolish(more, [len(city.buildings)]), city)


def test_a_shell_inside_out_is_no_matter(tmp_path):
    """Readers turn what faces the wrong way; raised, it still encloses its volume."""
    city = city_of(tmp_path, {"h": turned(GABLED)})
    assert volumes(add_storeys(city, [0], 1))["h"] == pytest.approx(volumes(city)["h"] + 240)
