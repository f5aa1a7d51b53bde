"""What an option can do to the heating of buildings."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from twin.city.model import City
from twin.devices.heating.model import COLUMNS

__all__ = ["HeatPump", "install_heat_pump"]


class HeatPump(BaseModel):
    """Replace the heating by a heat pump with electric back-up."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    source: Literal["air", "ground"] = "air"
    """Where the heat comes from: outdoor air or boreholes in the ground."""
    emission: Literal["radiator", "floor"] | None = None
    """What gives the heat to the rooms; as before if left out."""
    sizing: float | None = Field(None, gt=0, le=3)
    """Thermal capacity as share of the design heat load; 0.8 if left out."""
    night_setback: bool = False
    """Whether rooms may still cool down at night; heat pumps are usually run through, as reheating needs the heater."""


def install_heat_pump(city: City, rows: NDArray[Any], params: HeatPump, code: int) -> City:
    """Return the city with heat pumps in the rows chosen."""
    values = {
        "heating_system": "heat_pump",
        "heat_pump_source": params.source,
        "heat_emission": params.emission,
        "heat_pump_sizing": params.sizing,
    }
    where = np.zeros(len(city.buildings), dtype=bool)
    where[rows] = True
    table = city.buildings
    for name, value in values.items():
        if value is not None:
            table = table.put(COLUMNS[name], value, code, where)
    if not params.night_setback:
        through = table["heating_set_point_degc"]
        table = table.put(table.column("heating_setback_degc"), through, code, where & ~np.isnan(through))
    return city.with_table(table)
