"""Buffer storages behind heaters, and what decides when these run."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin.city.model import City
from twin.devices.heating.model import COLUMNS, CONTROLLABLE
from twin.engine.time import CLOCK_WINDOW
from twin.errors import Problem, TwinError
from twin.table import MISSING, Table

__all__ = ["HeatBuffer", "HeatingControl", "chosen", "install_buffer", "put_values", "set_control"]

_SIZING_L_KW = 50.0
_LABEL = "B"
_HOURS = 4
_LOCKED = ("06:00-08:00", "11:00-13:00", "17:00-19:00")


class _Params(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)


class HeatBuffer(_Params):
    """Put a buffer storage behind heat pumps and electric heaters."""

    volume_l: float | None = Field(None, gt=0)
    """Water in every building's buffer, l; instead of litres_per_kw."""
    litres_per_kw: float | None = Field(None, gt=0, le=1000)
    """Water per kW that the heater can make; 50 if neither is given (planning assumption: guides for installers name
    30 to 50 with radiators, less with floor heating, more to bridge blocked hours)."""
    low_degc: float = Field(45.0, ge=25, le=90)
    """Temperature down to which heat is drawn, degC (planning assumption: in the middle of the band is the 50 degC to
    which heat pumps heat hot water)."""
    high_degc: float = Field(55.0, ge=30, le=95)
    """Temperature up to which the buffer is heated, degC (planning assumption, as low_degc)."""
    label: Literal["A+", "A", "B", "C", "D", "E", "F"] | None = None
    """Energy label, from whose highest standing loss ours follows; B if neither it nor loss_w_k is given (planning
    assumption: C is the worst that may be sold since 2017, Regulation (EU) No 814/2013)."""
    loss_w_k: float | None = Field(None, ge=0)
    """Standing loss per kelvin above the surroundings, W/K; instead of a label."""

    @model_validator(mode="after")
    def _one_of_each(self) -> HeatBuffer:
        if self.volume_l is not None and self.litres_per_kw is not None:
            raise ValueError("needs either volume_l or litres_per_kw")
        if self.label is not None and self.loss_w_k is not None:
            raise ValueError("needs either label or loss_w_k")
        if self.low_degc >= self.high_degc:
            raise ValueError("low_degc must be below high_degc")
        return self


class HeatingControl(_Params):
    """Change what decides when heat pumps and electric heaters run."""

    strategy: Literal["follow", "thermostat", "price", "emissions", "lock"]
    """Heat as it is asked for, past any buffer; the buffer's thermostat; the cheapest or the cleanest hours of a civil
    day; or the thermostat, but for hours in which the grid operator blocks the heater with its back-up."""
    fill_hours: int | None = Field(None, ge=1, le=22)
    """With price or emissions: hours of a civil day in which the buffer is filled; 4 if left out (planning
    assumption)."""
    draw_hours: int | None = Field(None, ge=1, le=22)
    """With price or emissions: hours of a civil day in which the heater rests while the buffer lasts; 4 if left out
    (planning assumption)."""
    locked: list[Annotated[str, Field(pattern=CLOCK_WINDOW)]] | None = Field(None, min_length=1)
    """With lock: hours of the civil day, such as 17:00-19:00; three times two hours in the morning, at noon and in the
    evening if left out (planning assumption; the most that section 7 of the BTOElt of 1989 allowed)."""

    @model_validator(mode="after")
    def _fits_the_strategy(self) -> HeatingControl:
        if self.strategy not in ("price", "emissions") and (self.fill_hours or self.draw_hours):
            raise ValueError("fill_hours and draw_hours go with price or emissions")
        if (self.fill_hours or _HOURS) + (self.draw_hours or _HOURS) > 23:
            raise ValueError("fill_hours and draw_hours are more than the 23 hours of the shortest day")
        if self.strategy != "lock" and self.locked is not None:
            raise ValueError("locked goes with lock")
        if any(begin == end for begin, _, end in (window.partition("-") for window in self.locked or ())):
            raise ValueError("locked has a window that ends as it begins")
        return self


def install_buffer(city: City, rows: NDArray[Any], params: HeatBuffer, code: int) -> City:
    """Return the city with buffer storages in the buildings chosen.

    Raises
    ------
    TwinError
        If some of them have neither a heat pump nor an electric heater.
    """
    where = chosen(city.buildings, rows, "heat_buffer")
    sizing = params.litres_per_kw if params.volume_l is None else np.nan
    label = params.label if params.loss_w_k is None else ""
    values = {
        "heat_buffer_volume_m3": np.nan if params.volume_l is None else params.volume_l / 1e3,
        "heat_buffer_sizing_l_kw": _SIZING_L_KW if sizing is None else sizing,
        "heat_buffer_low_degc": params.low_degc,
        "heat_buffer_high_degc": params.high_degc,
        "heat_buffer_label": _LABEL if label is None else label,
        "heat_buffer_loss_w_k": np.nan if params.loss_w_k is None else params.loss_w_k,
    }
    return city.with_table(put_values(city.buildings, values, code, where))


def set_control(city: City, rows: NDArray[Any], params: HeatingControl, code: int) -> City:
    """Return the city with another control of the heaters chosen.

    Raises
    ------
    TwinError
        If some of the buildings have neither a heat pump nor an electric heater.
    """
    where = chosen(city.buildings, rows, "heating_control")
    ahead = params.strategy in ("price", "emissions")
    values = {
        "heating_control": params.strategy,
        "heating_fill_hours": (params.fill_hours or _HOURS) if ahead else np.nan,
        "heating_draw_hours": (params.draw_hours or _HOURS) if ahead else np.nan,
        "heating_lock": ", ".join(params.locked or _LOCKED) if params.strategy == "lock" else "",
    }
    return city.with_table(put_values(city.buildings, values, code, where))


def chosen(table: Table, rows: NDArray[Any], kind: str) -> NDArray[np.bool_]:
    """Return where a measure reaches.

    Raises
    ------
    TwinError
        If some of these buildings have neither a heat pump nor an electric heater.
    """
    where = np.zeros(len(table), dtype=bool)
    where[rows] = True
    wrong = np.flatnonzero(where & ~np.isin(table["heating_system"], CONTROLLABLE))
    if len(wrong):
        what = f"{kind}: {len(wrong)} of the {where.sum()} buildings chosen have neither heat pump nor electric heater"
        hint = 'where = \'heating_system in ["heat_pump", "electric"]\', or a measure heat_pump before'
        raise TwinError(Problem(f"{what}, such as {table.ids[wrong[0]]}", expected=hint))
    return where


def put_values(table: Table, values: dict[str, Any], code: int, where: NDArray[np.bool_]) -> Table:
    """Put values in the rows chosen; NaN and empty text for none."""
    for name, value in values.items():
        none = value in ("",) or value != value
        column = COLUMNS[name]
        table = table.put(column, column.blank(1)[0] if none else value, MISSING if none else code, where)
    return table
