"""Writing grids as GeoJSON (RFC 7946): buses and transformers as points, lines between them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.errors import Problem, TwinError
from twin.grid.model import ElectricGrid
from twin.grid.sequences import given
from twin.table import Table

__all__ = ["write_geojson"]

Floats = NDArray[np.float64]

_DECIMALS = 8  # of a degree: about a millimetre
_POINTS = {"bus": "bus", "transformer": "lv_bus", "transformer_3w": "lv_bus"}
_LINES = ("line", "regulator")


def write_geojson(
    grid: ElectricGrid,
    path: str | Path,
    crs: str | None = None,
    results: Mapping[str, Mapping[str, ArrayLike]] | None = None,
) -> None:
    """Write buses, lines and transformers with all that their tables say.

    Parameters
    ----------
    crs
        Reference system of the buses' coordinates, such as ``EPSG:25832``; longitude and latitude if None.
    results
        Further properties by table and name, one value per row: loadings, lowest voltages.

    Raises
    ------
    TwinError
        If buses have no coordinates, or these are no degrees and no ``crs`` says what they are.
    """
    places = _degrees(grid.bus, crs)
    extra = results or {}
    features = []
    for name, end in _POINTS.items():
        table = getattr(grid, name)
        rows = np.arange(len(table)) if name == "bus" else table[end]
        features += [
            _feature("Point", places[row].tolist(), table, k, extra.get(name, {})) for k, row in enumerate(rows)
        ]
    for name in _LINES:
        table = getattr(grid, name)
        for k, ends in enumerate(zip(table["from_bus"], table["to_bus"], strict=True)):
            features.append(_feature("LineString", places[list(ends)].tolist(), table, k, extra.get(name, {})))
    document = {"type": "FeatureCollection", "features": features}
    Path(path).write_text(json.dumps(document, allow_nan=False), encoding="utf-8")


def _degrees(bus: Table, crs: str | None) -> Floats:
    """Return longitude and latitude of the buses, shape ``(n, 2)``."""
    x, y = given(bus, "x_m", np.nan), given(bus, "y_m", np.nan)
    lacking = bus.ids[~np.isfinite(x + y)]
    if len(lacking):
        raise TwinError(Problem(f"{len(lacking)} buses have no coordinates, the first of them {lacking[0]}"))
    if crs is not None:
        from pyproj import Transformer

        x, y = Transformer.from_crs(crs, "EPSG:4326", always_xy=True).transform(x, y)
    if (np.abs(x) > 180).any() or (np.abs(y) > 90).any():
        raise TwinError(Problem("coordinates are no longitudes and latitudes", expected="the crs of the buses"))
    return np.asarray(np.round(np.stack([x, y], axis=1), _DECIMALS), dtype=np.float64)


def _feature(kind: str, at: Any, table: Table, row: int, extra: Mapping[str, ArrayLike]) -> dict[str, Any]:
    told = {name: value for name, value in table.row(row).items() if name not in ("x_m", "y_m")}
    told |= {name: np.asarray(values)[row].item() for name, values in extra.items()}
    properties = {name: _cell(value) for name, value in told.items() if value is not None}
    return {
        "type": "Feature",
        "id": f"{table.name}/{table.ids[row]}",
        "geometry": {"type": kind, "coordinates": at},
        "properties": {"table": table.name, "name": str(table.ids[row]), **properties},
    }


def _cell(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value
