"""Helpers for tests of measures that change what stands."""

from __future__ import annotations

import numpy as np

from twin.city import City
from twin.city.geometry.sizes import measure


def off_plane(city: City) -> float:
    return float(measure(city.geometry).off_plane.max())


def assert_equal(a: City, b: City) -> None:
    """Two cities have the same tables, to 1e-9 of each number, and the same geometry."""
    assert a.tables.keys() == b.tables.keys()
    for name, table in a.tables.items():
        other = b.table(name)
        assert table.ids.tolist() == other.ids.tolist()
        assert table.names == other.names
        for column in table.names:
            np.testing.assert_array_equal(table.source(column), other.source(column), f"{name}.{column}")
            if table[column].dtype.kind == "f":
                np.testing.assert_allclose(table[column], other[column], rtol=1e-9, atol=1e-9, err_msg=column)
            else:
                np.testing.assert_array_equal(table[column], other[column], f"{name}.{column}")
    for name in ("ring_vertices", "ring_offsets", "surface_offsets", "vertices"):
        np.testing.assert_array_equal(getattr(a.geometry, name), getattr(b.geometry, name), name)
    assert {k: tuple(v) for k, v in a.attributes.items()} == {k: tuple(v) for k, v in b.attributes.items()}
    assert [(x.fine, x.coarse, x.rows.tolist()) for x in a.links] == [
        (x.fine, x.coarse, x.rows.tolist()) for x in b.links
    ]
