"""Zones of a building of two parts, one twice as large as the other, read from a file."""

import json

import numpy as np
import pytest

from buildings_case import filled
from twin.buildings.attach import with_zones
from twin.buildings.settings import BuildingSettings
from twin.buildings.zones.thermal_zones import ThermalZones
from twin.city.derive import with_party_walls
from twin.city.read import read_city
from twin.ledger import Ledger

_FACES = ([3, 2, 1, 0], [4, 5, 6, 7], [0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7])
_TYPES = ("GroundSurface", "RoofSurface", *["WallSurface"] * 4)


def _box(x, width, height, depth=10):
    return [[a, b, c] for c in (0, height) for a, b in ((x, 0), (x + width, 0), (x + width, depth), (x, depth))]


@pytest.fixture
def city(tmp_path):
    """A hall 20 m wide and a tower of half its plan and twice its height, side by side; and a house without parts."""
    boxes = {"hall": _box(0, 20, 6), "tower": _box(20, 10, 12), "house": _box(100, 10, 6)}
    objects = {"whole": {"type": "Building", "children": ["hall", "tower"], "attributes": {"function": "31001_1010"}}}
    for k, name in enumerate(boxes):
        faces = [[[8 * k + corner for corner in face]] for face in _FACES]
        semantics = {"surfaces": [{"type": kind} for kind in _TYPES], "values": [list(range(6))]}
        solid = {"type": "Solid", "lod": "2", "boundaries": [faces], "semantics": semantics}
        part = {"type": "BuildingPart", "parents": ["whole"]} if name != "house" else {"type": "Building"}
        objects[name] = {**part, "geometry": [solid]}
    document = {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [1, 1, 1], "translate": [0, 0, 0]},
        "metadata": {"referenceSystem": "https://www.opengis.net/def/crs/EPSG/0/25832"},
        "CityObjects": objects,
        "vertices": [point for corners in boxes.values() for point in corners],
    }
    path = tmp_path / "parts.city.json"
    path.write_text(json.dumps(document))
    return with_party_walls(read_city(path))


def zoned(city, zoning):
    ledger = Ledger()
    found = filled(city)
    found = with_zones(found, BuildingSettings(zoning=zoning), ledger)
    return filled(found), ledger


def test_parts_are_zones_that_share_floor_area_by_volume(city):
    by_part, ledger = zoned(city, "part")
    table = by_part.table("zone")
    assert table.ids.tolist() == ["hall", "tower", "house"]
    assert table["volume_share"].tolist() == pytest.approx([0.5, 0.5, 1.0])
    area = by_part.buildings["heated_floor_area_m2"]
    assert table["heated_floor_area_m2"] == pytest.approx([area[0] / 2, area[0] / 2, area[1]])
    assert any("by volume" in rule.text for rule in ledger.statements)


def test_every_surface_belongs_to_the_zone_of_its_part(city):
    by_part, whole = (ThermalZones(zoned(city, zoning)[0]) for zoning in ("part", "building"))
    hall, tower, house = np.transpose(by_part.transmission)
    both, same = np.transpose(whole.transmission)
    assert hall + tower == pytest.approx(both)
    assert house == pytest.approx(same)
    assert hall[2] == pytest.approx(2 * tower[2])  # the ground floor is twice as large
    assert tower[1] > hall[1] * 0.8  # its walls rise above the hall, and its roof is smaller


def test_there_is_one_zone_per_building_unless_parts_are_asked_for(city):
    assert zoned(city, "building")[0].table("zone").ids.tolist() == ["whole", "house"]
