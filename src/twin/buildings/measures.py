"""What an option can do to buildings: better envelopes, other set points."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin.buildings.model import COLUMNS, ENVELOPE
from twin.city.model import City
from twin.table import MISSING, Table

__all__ = ["Insulation", "SetPoint", "insulate", "set_points"]


def _like(name: str) -> Any:
    """Return a field that may be left out and keeps the bounds of the column it sets."""
    return Field(None, ge=COLUMNS[name].low, le=COLUMNS[name].high)


class _Params(BaseModel):
    """Parameters of which at least one must be given."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if all(value is None for value in _given(self, type(self)).values()):
            raise ValueError("says nothing to change")
        return self


class Insulation(_Params):
    """Insulate the envelope."""

    refurbishment: Literal["usual", "advanced"] | None = None
    """State of TABULA that the whole envelope is brought to; U-values then follow from the archetype."""
    wall_u_w_m2k: float | None = _like("wall_u_w_m2k")
    """Thermal transmittance of the outer walls afterwards, W/(m2 K)."""
    roof_u_w_m2k: float | None = _like("roof_u_w_m2k")
    """Thermal transmittance of the roof or upper ceiling afterwards, W/(m2 K)."""
    base_u_w_m2k: float | None = _like("base_u_w_m2k")
    """Thermal transmittance of the floor to ground or cellar afterwards, W/(m2 K)."""
    window_u_w_m2k: float | None = _like("window_u_w_m2k")
    """Thermal transmittance of the windows afterwards, W/(m2 K)."""
    window_g: float | None = _like("window_g")
    """Solar energy transmittance of the new glazing."""
    n50_1_h: float | None = _like("n50_1_h")
    """Air change at 50 Pa afterwards, 1/h."""


class SetPoint(_Params):
    """Change the temperatures that are kept indoors."""

    heating_set_point_degc: float | None = _like("heating_set_point_degc")
    """Heating set point while people are active, degC."""
    heating_setback_degc: float | None = _like("heating_setback_degc")
    """Heating set point otherwise, degC."""
    cooling_set_point_degc: float | None = _like("cooling_set_point_degc")
    """Cooling set point, degC; gives the buildings active cooling."""


def insulate(city: City, rows: NDArray[Any], params: Insulation, code: int) -> City:
    """Return the city with better envelopes.

    With ``refurbishment``, what was known of the envelope of these rows no longer holds, be it given or from an earlier
    measure: it is withdrawn, and the archetype of the new state fills the gap. Single values come on top.
    """
    table, where = city.buildings, _mask(city, rows)
    values = _given(params, Insulation)
    if params.refurbishment:
        for name in ("archetype", "thermal_bridge_u_w_m2k", "air_change_1_h", *ENVELOPE):
            table = _withdraw(table, name, where)
    return city.with_table(_put(table, values, where, code))


def set_points(city: City, rows: NDArray[Any], params: SetPoint, code: int) -> City:
    """Return the city with other set points."""
    values = _given(params, SetPoint)
    if params.cooling_set_point_degc is not None:
        values["cooled"] = True
    return city.with_table(_put(city.buildings, values, _mask(city, rows), code))


def _given(params: BaseModel, model: type[BaseModel]) -> dict[str, Any]:
    """Return the parameters that the model itself declares; a scenario adds selection to them."""
    return {name: getattr(params, name) for name in model.model_fields if name in COLUMNS}


def _mask(city: City, rows: NDArray[Any]) -> NDArray[np.bool_]:
    where = np.zeros(len(city.buildings), dtype=bool)
    where[rows] = True
    return where


def _put(table: Table, values: dict[str, Any], where: NDArray[np.bool_], code: int) -> Table:
    for name, value in values.items():
        if value is not None:
            table = table.put(COLUMNS[name], value, code, where)
    return table


def _withdraw(table: Table, name: str, where: NDArray[np.bool_]) -> Table:
    """Make the values of a column missing in the rows chosen."""
    return table.put(COLUMNS[name], table[name], MISSING, where) if name in table else table
