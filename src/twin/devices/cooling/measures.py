"""What an option can do to the cooling of buildings."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from twin.city.model import City
from twin.devices.cooling.model import COLUMNS
from twin.registry import wings
from twin.table import MISSING, Column

__all__ = ["Cooling", "install_cooling"]


class Cooling(BaseModel):
    """Cool the rooms."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    system: Literal["split", "chiller"] = "split"
    """What makes the cold: units in the rooms, or one machine for the building that cools water."""
    cooling_set_point_degc: float | None = Field(None, ge=0, le=50)
    """Indoor temperature that is kept, degC; that of the building's use if left out."""
    capacity_kw: float | None = Field(None, gt=0, le=100_000)
    """Most cold it can make, kW; enough if left out."""
    efficiency: float | None = Field(None, ge=0.5, le=20)
    """Cold per power at 35 degC outdoors and full load; 3.2 for split units and 3.0 for chillers if left out (planning
    assumption)."""


def install_cooling(city: City, rows: NDArray[Any], params: Cooling, code: int) -> City:
    """Return the city with the rooms of the buildings chosen cooled."""
    where = np.zeros(len(city.buildings), dtype=bool)
    where[rows] = True
    table = city.buildings
    values = {
        "cooled": True,
        "cooling_set_point_degc": params.cooling_set_point_degc,
        "cooling_capacity_w": None if params.capacity_kw is None else 1e3 * params.capacity_kw,
    }
    for name, value in values.items():
        if value is not None:
            table = table.put(_column(name), value, code, where)
    table = table.put(COLUMNS["cooling_system"], params.system, code, where)
    column = COLUMNS["cooling_efficiency"]
    if params.efficiency is None:  # that of what was there before goes with it
        return city.with_table(table.put(column, np.nan, MISSING, where))
    return city.with_table(table.put(column, params.efficiency, code, where))


def _column(name: str) -> Column:
    """Return the column of another wing by its name."""
    return next(c for wing in wings() for c in wing.columns.get("building", ()) if c.name == name)
