"""Grids as GeoJSON."""

import json
from dataclasses import replace

import numpy as np
import pytest

from grid_case import make_grid
from twin.errors import TwinError
from twin.grid.formats.geojson import write_geojson
from twin.grid.model import COLUMNS

Z = (0.05, 0.02, 0.2, 0.08)


def placed(x, y):
    grid = make_grid([(0, 1, *Z), (1, 2, *Z)], 3)
    bus = grid.bus.put(COLUMNS["bus"]["x_m"], x).put(COLUMNS["bus"]["y_m"], y)
    return replace(grid, bus=bus)


def test_points_and_lines(tmp_path):
    write_geojson(
        placed([7.0, 7.1, 7.2], [51.0, 51.1, 51.2]), tmp_path / "g.json", results={"line": {"loading": [0.5, 0.7]}}
    )
    document = json.loads((tmp_path / "g.json").read_text())
    assert document["type"] == "FeatureCollection"
    by_id = {feature["id"]: feature for feature in document["features"]}
    assert len(by_id) == 5
    assert by_id["bus/b1"]["geometry"] == {"type": "Point", "coordinates": [7.1, 51.1]}
    line = by_id["line/l1"]
    assert line["geometry"] == {"type": "LineString", "coordinates": [[7.1, 51.1], [7.2, 51.2]]}
    assert line["properties"]["loading"] == 0.7
    assert line["properties"]["max_current_a"] == 200


def test_projected_coordinates(tmp_path):
    """UTM zone 32: its middle meridian at 9 deg east is at 500 km."""
    write_geojson(placed([5e5, 5e5, 5e5], [5.65e6, 5.66e6, 5.67e6]), tmp_path / "g.json", crs="EPSG:25832")
    document = json.loads((tmp_path / "g.json").read_text())
    east, north = np.array([f["geometry"]["coordinates"] for f in document["features"][:3]]).T
    assert east == pytest.approx(9.0, abs=1e-8)
    assert np.diff(north) == pytest.approx(10e3 / 0.9996 / 111_240, rel=1e-3)


def test_coordinates_that_are_no_degrees(tmp_path):
    with pytest.raises(TwinError, match="expected the crs of the buses"):
        write_geojson(placed([5e5, 5e5, 5e5], [5.65e6, 5.66e6, 5.67e6]), tmp_path / "g.json")
    with pytest.raises(TwinError, match="1 buses have no coordinates, the first of them b1"):
        write_geojson(placed([7.0, np.nan, 7.2], [51.0, 51.1, 51.2]), tmp_path / "g.json")
