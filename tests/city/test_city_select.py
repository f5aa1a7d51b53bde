"""Parts of a city, tiles of a file, and cities put together."""

from __future__ import annotations

import gc
import json
import weakref

import numpy as np
import pytest
from city_cases import box, city_of, cityjson, read_document
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city import City, read_city
from twin.city.model import SURFACE_TYPES
from twin.city.read import find, iter_city
from twin.city.select import concat, take
from twin.city.surfaces import read_surfaces
from twin.errors import TwinError

ROW = {f"b{k}": box(20 * k, 0, 10, 8, 3 * (k + 1)) for k in range(5)}


def sequence(document: dict) -> str:
    """A document as a CityJSON text sequence, one feature per building."""
    header = {**document, "CityObjects": {}, "vertices": []}
    features = [
        {"type": "CityJSONFeature", "id": name, "CityObjects": {name: entry}, "vertices": document["vertices"]}
        for name, entry in document["CityObjects"].items()
    ]
    return "\n".join(json.dumps(line) for line in (header, *features)) + "\n"


def totals(city: City) -> dict[str, tuple[float, float, int]]:
    """Footprint, volume and number of surfaces by building."""
    count = np.bincount(city.surfaces["building"], minlength=len(city.buildings))
    columns = zip(city.buildings["footprint_m2"], city.buildings["volume_m3"], count, strict=True)
    return dict(zip(city.buildings.ids.tolist(), [(float(f), float(v), int(n)) for f, v, n in columns], strict=True))


def test_a_box_keeps_what_comes_into_it(tmp_path):
    city_of(tmp_path, ROW)
    city = read_city(tmp_path / "city.city.json", bbox=(25, 1, 45, 2))
    assert city.buildings.ids.tolist() == ["b1", "b2"]
    assert set(city.surfaces["building"].tolist()) == {0, 1}
    assert city.buildings["volume_m3"] == pytest.approx([10 * 8 * 6, 10 * 8 * 9])


def test_a_condition_on_columns_of_file_and_geometry(tmp_path):
    document = cityjson(ROW)
    for k, entry in enumerate(document["CityObjects"].values()):
        entry["attributes"] = {"yearOfConstruction": 1950 + 10 * k}
    read_document(tmp_path, document)
    city = read_city(tmp_path / "city.city.json", where="year_of_construction < 1985 and height_m > 5")
    assert city.buildings.ids.tolist() == ["b1", "b2", "b3"]


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"where": "yaer_of_construction < 1980"}, "year_of_construction"),
        ({"where": "height_m > 500"}, "no building meets"),
        ({"bbox": (900, 900, 910, 910)}, "no building meets"),
        ({"bbox": (10, 0, 0, 10)}, "x_min"),
    ],
)
def test_filters_that_make_no_sense(tmp_path, options, word):
    city_of(tmp_path, ROW)
    with pytest.raises(TwinError, match=word):
        read_city(tmp_path / "city.city.json", **options)


@pytest.mark.parametrize("buildings", [1, 2, 3, 100])
def test_tiles_of_a_sequence_are_the_city(tmp_path, buildings):
    path = tmp_path / "city.city.jsonl"
    path.write_text(sequence(cityjson(ROW)))
    whole, tiles = read_city(path), list(iter_city(path, buildings=buildings))
    assert len(tiles) == -(-len(ROW) // buildings)
    assert totals(concat(tiles)) == totals(whole)
    assert concat(tiles).geometry.corners.tolist() == whole.geometry.corners.tolist()


def test_a_tile_is_let_go_of_without_the_garbage_collector(tmp_path):
    """What a reader keeps of a tile in a cycle would be held until the collector looks, which may be never."""
    path = tmp_path / "city.city.jsonl"
    path.write_text(sequence(cityjson(ROW)))
    gone = []
    gc.disable()
    try:
        for found in find(path, tile=1):
            gone.append(weakref.ref(found))
            del found
            assert sum(one() is not None for one in gone) <= 1
    finally:
        gc.enable()
    assert len(gone) == len(ROW)


def test_the_surfaces_of_a_city_as_lean_arrays(tmp_path):
    path = tmp_path / "city.city.jsonl"
    path.write_text(sequence(cityjson(ROW)))
    whole, lean = read_city(path), read_surfaces(path)
    assert lean.building_ids.tolist() == list(ROW)
    assert lean.building.tolist() == whole.surfaces["building"].tolist()
    assert [SURFACE_TYPES[code] for code in lean.type] == whole.surfaces["type"].tolist()
    for name in ("area_m2", "tilt_deg", "azimuth_deg"):
        np.testing.assert_allclose(getattr(lean, name), whole.surfaces[name], rtol=1e-6)
    assert len(read_surfaces(path, where="height_m > 8").building_ids) == 3


@settings(max_examples=30, deadline=None)
@given(chosen=st.lists(st.booleans(), min_size=4, max_size=4).filter(any))
def test_what_is_taken_is_as_it_was(tmp_path_factory, chosen):
    folder = tmp_path_factory.mktemp("city")
    city = city_of(folder, {f"h{k}": box(15 * k, 0, 10, 8, 5 + k) for k in range(4)})
    some = take(city, {"building": np.array(chosen)})
    rest = take(city, {"building": ~np.array(chosen)})
    expected = {name: total for (name, total), kept in zip(totals(city).items(), chosen, strict=True) if kept}
    assert totals(some) == expected
    assert totals(concat([some, rest])) == totals(city) if len(rest.buildings) else True


def test_cities_that_cannot_be_put_together(tmp_path):
    city = city_of(tmp_path, ROW)
    with pytest.raises(TwinError, match="b0 occurs 2 times"):
        concat([city, city])
    other = read_document(tmp_path, cityjson({"x": box(0, 0, 1, 1, 1)}, crs="EPSG:28992"))
    with pytest.raises(TwinError, match=r"EPSG:25832 and EPSG:28992"):
        concat([city, other])
