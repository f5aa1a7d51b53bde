"""Thermal flexibility: the mass of buildings as a store that heat pumps and electric heaters fill ahead of time."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin.city.model import City
from twin.devices.heating.control_measures import chosen, put_values

__all__ = ["ThermalFlexibility", "make_flexible"]

_HOURS = 4
_SURPLUS = 1.0
_HIGH_PU, _LOW_PU = 1.02, 0.98


class ThermalFlexibility(BaseModel):
    """Heat rooms ahead of time on a signal, and let them cool a little while it is against heating.

    Only heat pumps and electric heaters; by how much it is warmer or cooler are the bounds of comfort.
    """

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    signal: Literal["price", "emissions", "solar_surplus", "grid"]
    """What decides: the cheapest or cleanest hours of a civil day, more solar power than the house draws besides, or
    the voltage at its connection, a step late."""
    raise_k: float = Field(1.0, ge=0, le=10)
    """By how much the heating set point is lifted, K (planning assumption: within a category of EN 16798-1)."""
    lower_k: float = Field(1.0, ge=0, le=10)
    """By how much it is lowered, K (planning assumption, as raise_k); never by solar_surplus."""
    hours: int | None = Field(None, ge=1, le=11)
    """With price or emissions: hours of a civil day in which it is lifted, and as many in which it is lowered; 4 if
    left out (planning assumption)."""
    surplus_share: float | None = Field(None, gt=0, le=100)
    """With solar_surplus: solar power over the load of appliances and fans from which it is lifted; 1 if left out."""
    voltage_high_pu: float | None = Field(None, ge=0.8, le=1.2)
    """With grid: voltage over nominal from which it is lifted; 1.02 if left out (planning assumption)."""
    voltage_low_pu: float | None = Field(None, ge=0.8, le=1.2)
    """With grid: voltage over nominal up to which it is lowered; 0.98 if left out (planning assumption)."""

    @model_validator(mode="after")
    def _fits_the_signal(self) -> ThermalFlexibility:
        if self.signal not in ("price", "emissions") and self.hours is not None:
            raise ValueError("hours goes with price or emissions")
        if self.signal != "solar_surplus" and self.surplus_share is not None:
            raise ValueError("surplus_share goes with solar_surplus")
        if self.signal != "grid" and (self.voltage_high_pu or self.voltage_low_pu):
            raise ValueError("voltage_high_pu and voltage_low_pu go with grid")
        if (self.voltage_low_pu or _LOW_PU) >= (self.voltage_high_pu or _HIGH_PU):
            raise ValueError("voltage_low_pu must be below voltage_high_pu")
        return self


def make_flexible(city: City, rows: NDArray[Any], params: ThermalFlexibility, code: int) -> City:
    """Return the city with flexible heating in the buildings chosen.

    Raises
    ------
    TwinError
        If some of them have neither a heat pump nor an electric heater.
    """
    where = chosen(city.buildings, rows, "thermal_flexibility")
    ahead, grid = params.signal in ("price", "emissions"), params.signal == "grid"
    surplus = params.signal == "solar_surplus"
    values = {
        "heat_flexibility": params.signal,
        "flexibility_raise_k": params.raise_k,
        "flexibility_lower_k": 0.0 if surplus else params.lower_k,
        "flexibility_hours": (params.hours or _HOURS) if ahead else np.nan,
        "flexibility_surplus_share": (params.surplus_share or _SURPLUS) if surplus else np.nan,
        "flexibility_high_pu": (params.voltage_high_pu or _HIGH_PU) if grid else np.nan,
        "flexibility_low_pu": (params.voltage_low_pu or _LOW_PU) if grid else np.nan,
    }
    return city.with_table(put_values(city.buildings, values, code, where))
