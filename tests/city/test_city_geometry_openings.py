"""Windows and doors: the wall each is in, what it takes of that wall, and a shell that stays closed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from city_cases import ROOF, WALL, Face, Vertices, box, city_of, cityjson, codes, read_document

from twin.city import City, read_city
from twin.city.derive import derive, with_party_walls
from twin.city.envelope import SECTORS, envelope_by_orientation
from twin.table import DERIVED, GIVEN

WINDOW, DOOR = "Window", "Door"

# In the south wall (y = 0) of a house 10 m wide, 8 m deep and 6 m high
HOLE = [(2.0, 0.0, 1.0), (5.0, 0.0, 1.0), (5.0, 0.0, 3.0), (2.0, 0.0, 3.0)]
SOUTH = [(0.0, 0.0, 0.0), (10.0, 0.0, 0.0), (10.0, 0.0, 6.0), (0.0, 0.0, 6.0)]


def pane(y: float = 0.0, x: float = 2.0, width: float = 3.0, low: float = 1.0, high: float = 3.0) -> list[Any]:
    return [(x, y, low), (x + width, y, low), (x + width, y, high), (x, y, high)]


def house(*openings: Face, hole: bool = False) -> list[Face]:
    """A house whose south wall comes first."""
    faces = box(0, 0, 10, 8, 6)
    south = next(k for k, face in enumerate(faces) if sorted(face[1][0]) == sorted(SOUTH))
    wall = (WALL, [SOUTH, HOLE[::-1]] if hole else [SOUTH])
    return [wall, *faces[:south], *faces[south + 1 :], *openings]


def read(folder, faces: list[Face], stated: bool = True) -> City:
    """The house as a file; openings are said to be in the first surface."""
    document = cityjson({"house": faces})
    surfaces = document["CityObjects"]["house"]["geometry"][0]["semantics"]["surfaces"]
    for number, surface in enumerate(surfaces):
        if surface["type"] in (WINDOW, DOOR) and stated:
            surface["parent"] = 0
            surfaces[0].setdefault("children", []).append(number)
    return read_document(folder, document)


def south_wall(city: City) -> tuple[float, float]:
    """Net area of the south wall, and the area of its windows."""
    surfaces = city.surfaces
    wall = (surfaces["type"] == WALL) & (surfaces["azimuth_deg"] == 180)
    assert wall.sum() == 1
    return float(surfaces["area_m2"][wall][0]), float(surfaces["opening_m2"][wall][0])


@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("y", [0.0, -0.05, 0.2])
def test_a_window_laid_on_a_wall_is_taken_out_of_it(tmp_path, stated, y):
    city = read(tmp_path, house((WINDOW, [pane(y)])), stated)
    window = int(np.flatnonzero(city.surfaces["type"] == WINDOW)[0])
    host = int(city.surfaces["opening_of"][window])
    assert city.surfaces.source("opening_of")[window] == (GIVEN if stated else DERIVED)
    assert (city.surfaces["type"][host], city.surfaces["azimuth_deg"][host]) == (WALL, 180)
    assert city.surfaces.missing("opening_of").sum() == len(city.surfaces) - 1
    assert south_wall(city) == (pytest.approx(54.0), pytest.approx(6.0))
    assert city.surfaces["area_m2"][window] == pytest.approx(6.0)
    assert codes(city) == []
    assert city.buildings["volume_method"].tolist() == ["divergence"]
    assert city.buildings["volume_m3"] == pytest.approx([480.0])
    assert city.buildings["envelope_m2"] == pytest.approx([2 * (80 + 60 + 48)])


@pytest.mark.parametrize("stated", [True, False])
def test_a_window_in_a_hole_takes_nothing_and_closes_the_shell(tmp_path, stated):
    city = read(tmp_path, house((WINDOW, [pane()]), hole=True), stated)
    assert south_wall(city) == (pytest.approx(54.0), pytest.approx(6.0))
    assert codes(city) == []
    assert city.buildings["volume_m3"] == pytest.approx([480.0])
    assert city.buildings["envelope_m2"] == pytest.approx([2 * (80 + 60 + 48)])
    without = read(tmp_path, house(hole=True))
    assert codes(without) == ["302"]
    assert south_wall(without) == (pytest.approx(54.0), 0.0)


def test_a_window_set_back_behind_its_hole_is_seen_through_it(tmp_path):
    y, (a, b, c, d) = 0.3, pane()
    back = pane(y)
    reveals: list[Face] = [
        (WALL, [[p, q, back[k], back[j]]]) for p, q, j, k in ((a, b, 0, 1), (b, c, 1, 2), (c, d, 2, 3), (d, a, 3, 0))
    ]
    city = read(tmp_path, house((WINDOW, [back]), *reveals, hole=True))
    south = (city.surfaces["type"] == WALL) & (city.surfaces["area_m2"] > 50) & (city.surfaces["azimuth_deg"] == 180)
    assert city.surfaces["area_m2"][south] == pytest.approx([54.0])
    assert city.surfaces["opening_m2"][south] == pytest.approx([6.0])
    assert codes(city) == []
    assert city.buildings["volume_m3"] == pytest.approx([480.0 - 6.0 * y])


def test_a_window_that_reaches_over_its_hole_takes_only_what_is_left(tmp_path):
    city = read(tmp_path, house((WINDOW, [pane(x=1.0, width=5.0)]), hole=True))
    net, windows = south_wall(city)
    assert net == pytest.approx(54.0 - 2 * 2.0)
    assert windows == pytest.approx(10.0)


def test_windows_that_overlap_count_once(tmp_path):
    city = read(tmp_path, house((WINDOW, [pane()]), (DOOR, [pane(x=4.0, low=0.0, high=2.0)])))
    assert south_wall(city) == (pytest.approx(60 - 11.0), pytest.approx(11.0))


def test_a_window_of_many_polygons_is_as_large_as_what_is_seen_of_it(tmp_path):
    """A pane with a frame that stands out: two faces and four sides, all one window."""
    front, back = pane(-0.1), pane(0.0)[::-1]
    sides = [[front[k], front[k - 1], pane(0.0)[k - 1], pane(0.0)[k]] for k in range(4)]
    document = cityjson({"house": house(*((WINDOW, [ring]) for ring in (front, back, *sides)))})
    semantics = document["CityObjects"]["house"]["geometry"][0]["semantics"]
    n = len(house())
    semantics["surfaces"] = [*semantics["surfaces"][:n], {"type": WINDOW, "parent": 0}]
    semantics["surfaces"][0]["children"] = [n]
    semantics["values"] = [[*range(n), *[n] * 6]]
    city = read_document(tmp_path, document)
    assert south_wall(city) == (pytest.approx(54.0), pytest.approx(6.0))
    assert (~city.surfaces.missing("opening_of")).sum() == 6
    assert city.buildings["volume_method"].tolist() == ["divergence"]
    assert codes(city) == []


def test_a_window_that_faces_inward_is_turned(tmp_path):
    city = read(tmp_path, house((WINDOW, [pane()[::-1]])))
    window = city.surfaces["type"] == WINDOW
    assert city.surfaces["azimuth_deg"][window] == pytest.approx([180.0])
    assert codes(city) == ["307"]
    assert city.buildings["volume_m3"] == pytest.approx([480.0])


def test_a_house_inside_out_is_turned_with_its_windows(tmp_path):
    faces = [(kind, [ring[::-1] for ring in rings]) for kind, rings in house((WINDOW, [pane()]))]
    city = read(tmp_path, faces)
    assert codes(city) == ["405"]
    assert city.surfaces["azimuth_deg"][city.surfaces["type"] == WINDOW] == pytest.approx([180.0])
    assert south_wall(city) == (pytest.approx(54.0), pytest.approx(6.0))


def test_a_window_that_lies_in_no_wall_has_no_host(tmp_path):
    city = read(tmp_path, house((WINDOW, [pane(-3.0)])), stated=False)
    assert "opening_of" not in city.surfaces
    assert south_wall(city) == (pytest.approx(60.0), 0.0)


def test_windows_are_found_for_each_building_by_itself(tmp_path):
    """The neighbour's wall lies in the same plane and nearer."""
    document = cityjson({"house": house((WINDOW, [pane(0.1)])), "other": box(0, 0.1, 10, 5, 6)})
    city = read_document(tmp_path, document)
    window = int(np.flatnonzero(city.surfaces["type"] == WINDOW)[0])
    assert city.surfaces["building"][city.surfaces["opening_of"][window]] == city.surfaces["building"][window]


def test_deriving_again_changes_nothing(tmp_path):
    city = read(tmp_path, house((WINDOW, [pane()]), (DOOR, [pane(x=7.0, low=0.0, width=1.0)]), hole=True))
    again = derive(city)
    for name in city.surfaces.names:
        np.testing.assert_array_equal(again.surfaces[name], city.surfaces[name])
    assert again.buildings["volume_m3"] == pytest.approx(city.buildings["volume_m3"])


# --- envelopes --------------------------------------------------------------------------------------------------------


def test_envelope_by_orientation(tmp_path):
    city = with_party_walls(read(tmp_path, house((WINDOW, [pane()]))))
    envelope = envelope_by_orientation(city)
    walls = dict(zip(SECTORS, envelope.wall[0].tolist(), strict=True))
    assert walls == pytest.approx(
        {"N": 60, "E": 48, "S": 54, "W": 48, "NE": 0, "SE": 0, "SW": 0, "NW": 0, "horizontal": 0}
    )
    assert envelope.roof[0] == pytest.approx([0] * 8 + [80])
    assert envelope.ground[0] == pytest.approx([0] * 8 + [80])
    assert envelope.opening[0] == pytest.approx([0, 0, 0, 0, 6, 0, 0, 0, 0])
    assert envelope.shared.sum() == 0
    total = sum(part.sum() for part in (envelope.wall, envelope.roof, envelope.ground, envelope.opening))
    assert total == pytest.approx(city.buildings["envelope_m2"][0])


def test_shared_walls_by_orientation(tmp_path):
    city = with_party_walls(city_of(tmp_path, {"a": box(0, 0, 4, 5, 6), "b": box(4, 0, 4, 5, 3)}))
    envelope = envelope_by_orientation(city)
    assert envelope.shared[:, SECTORS.index("E")] == pytest.approx([15, 0])
    assert envelope.shared[:, SECTORS.index("W")] == pytest.approx([0, 15])


def test_compactness(tmp_path):
    buildings = city_of(tmp_path, {"cube": box(0, 0, 1, 1, 1), "hall": box(5, 5, 10, 10, 10)}).buildings
    assert buildings["envelope_m2"] == pytest.approx([6, 600])
    assert buildings["surface_to_volume_ratio"] == pytest.approx([6, 0.6])


# --- how volumes are found --------------------------------------------------------------------------------------------


def test_every_building_says_how_its_volume_was_found(tmp_path):
    closed, leaking = box(0, 0, 2, 2, 2), box(5, 0, 2, 2, 2)[:-1]
    document = cityjson(
        {"closed": closed, "open": leaking, "both": box(9, 0, 2, 2, 2), "part": box(11, 0, 2, 2, 2)[:-1], "none": []}
    )
    document["CityObjects"]["part"] |= {"type": "BuildingPart", "parents": ["both"]}
    buildings = read_document(tmp_path, document).buildings
    assert [buildings.row(name)["volume_method"] for name in ("closed", "open", "both", "none")] == [
        "divergence",
        "footprint_x_height",
        "mixed",
        None,
    ]
    assert [buildings.row(name)["volume_m3"] for name in ("closed", "open", "both")] == pytest.approx([8, 8, 16])


@pytest.mark.parametrize(("measured", "volume"), [(7.5, 45.0), (None, None)])
def test_a_footprint_has_the_measured_height(tmp_path, measured, volume):
    document = cityjson({"flat": [(ROOF, [[(0, 0, 3), (3, 0, 3), (3, 2, 3), (0, 2, 3)]])]})
    entry = document["CityObjects"]["flat"]
    vertices = Vertices()
    entry["geometry"] = [
        {
            "type": "MultiSurface",
            "lod": "0",
            "boundaries": [[[vertices(p) for p in [(0, 0, 3), (3, 0, 3), (3, 2, 3), (0, 2, 3)]]]],
        }
    ]
    document["vertices"] = vertices.points
    if measured:
        entry["attributes"]["measuredHeight"] = measured
    row = read_document(tmp_path, document).buildings.row("flat")
    assert row["footprint_m2"] == pytest.approx(6.0)
    assert (row["volume_m3"], row["height_m"]) == (volume, measured)
    assert row["volume_method"] == ("footprint_x_height" if volume else None)


def test_a_surface_without_area_is_named(tmp_path):
    sliver = (WALL, [[(0, 0, 0), (1, 0, 0), (2, 0, 0)]])
    assert "no-area" in codes(city_of(tmp_path, {"b": [*box(0, 0, 2, 2, 2), sliver]}))


# --- measured models --------------------------------------------------------------------------------------------------


@pytest.mark.corpus
def test_ingolstadt_has_windows_in_the_holes_of_its_walls(shared):
    city = read_city(shared / "data" / "citymodels" / "ingolstadt_4018279_lod3_citygml20.gml.gz", lod="3")
    surfaces = city.surfaces
    opening = np.flatnonzero(~surfaces.missing("opening_of"))
    hosts = surfaces["opening_of"][opening]
    assert (surfaces["type"][hosts] == WALL).all()
    assert len(opening) == np.isin(surfaces["type"], [WINDOW, DOOR]).sum()
    holes = np.diff(city.geometry.surface_offsets)[np.unique(hosts)] - 1
    assert holes.sum() >= 20  # of 31 openings
    windows, walls = surfaces["opening_m2"].sum(), surfaces["area_m2"][surfaces["type"] == WALL].sum()
    assert windows == pytest.approx(31.8, abs=0.5)
    assert windows / (windows + walls) == pytest.approx(0.051, abs=0.002)


@pytest.mark.corpus
def test_alderaan_has_windows_on_its_walls(shared):
    city = read_city(shared / "data" / "citymodels" / "alderaan_energyade30_citygml20.gml.gz", lod="3")
    surfaces = city.surfaces
    opening = np.flatnonzero(surfaces["type"] == WINDOW)
    hosts = surfaces["opening_of"][opening]
    assert len(opening) > 40
    assert (surfaces["type"][hosts] == WALL).all()
    assert (surfaces["building"][hosts] == surfaces["building"][opening]).all()
    np.testing.assert_allclose(surfaces["azimuth_deg"][hosts], surfaces["azimuth_deg"][opening], atol=0.1)
    assert surfaces["opening_m2"].sum() == pytest.approx(surfaces["area_m2"][opening].sum())
    assert (surfaces["area_m2"][hosts] > 0).all()
