"""Taps of transformers: another fixed one, or a changer that moves them under load."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.city.model import City
from twin.errors import Problem, TwinError
from twin.grid.measures.shared import Params, blanked, chosen, first_few, with_rows
from twin.grid.model import COLUMNS
from twin.table import Table

__all__ = ["FixedTap", "TapChanger", "install_tap_changers", "set_taps"]

Mask = NDArray[np.bool_]

USUAL_STEP_PCT = 2.5
LARGEST_PCT = 50.0
"""Voltage of all taps over the rated one beyond which they are taken for a mistake, %: at 100 a winding would be gone
(planning assumption)."""


class TapChanger(Params):
    """Give transformers taps that move under load to hold the voltage of their low-voltage side."""

    voltage_low_pu: float = Field(0.98, gt=0.8, lt=1.2)
    """Voltage over nominal below which it is raised (planning assumption: 2 % to either side of the nominal one)."""
    voltage_high_pu: float = Field(1.02, gt=0.8, lt=1.2)
    """Voltage over nominal above which it is lowered (planning assumption)."""
    steps: int = Field(4, ge=1, le=20)
    """Taps to either side of the neutral one (planning assumption: nine taps, as makers commonly offer)."""
    step_pct: float = Field(USUAL_STEP_PCT, gt=0, le=10)
    """Voltage of one tap over the rated one, % (planning assumption: as of usual taps that stay fixed)."""
    side: Literal["hv", "lv"] = "hv"
    """Winding with taps (planning assumption: the high-voltage one, whose currents are smaller)."""

    @model_validator(mode="after")
    def _comes_to_rest(self) -> TapChanger:
        if self.steps * self.step_pct > LARGEST_PCT:
            raise ValueError(_too_far(self.steps * self.step_pct))
        band = self.voltage_high_pu - self.voltage_low_pu
        if band <= self.step_pct / 100:
            raise ValueError(f"a band of {100 * band:g} % is no wider than a tap, {self.step_pct:g} %: it never rests")
        return self


class FixedTap(Params):
    """Set transformers to another tap, which stays as it is."""

    tap: int = Field(ge=-20, le=20)
    """Tap, counted from the neutral one: on the high-voltage side a positive one lowers the low voltage, on the
    low-voltage side it raises it."""
    step_pct: float | None = Field(None, gt=0, le=10)
    """Voltage of one tap over the rated one, %; if left out that of the transformer, 2.5 of one without known taps
    (planning assumption: two taps of 2.5 % to either side, believed to be those of EN 50588-1)."""
    side: Literal["hv", "lv"] | None = None
    """Winding with taps; if left out that of the transformer, the high-voltage one if not known (as above)."""


def install_tap_changers(city: City, rows: NDArray[Any], params: TapChanger, code: int) -> City:
    """Return the city in which the transformers chosen have taps that move under load, now at the neutral one.

    A tap changer that was there before goes.
    """
    table = city.table("transformer")
    where = chosen(table, rows)
    values = {"tap_side": params.side, "tap_pos": 0, "tap_neutral": 0, "tap_step_pct": params.step_pct}
    city = _without_changers(city.with_table(_tapped(table, where, values, code)), where)
    row = np.flatnonzero(where)
    columns = {
        "transformer": row,
        "tap_min": -params.steps,
        "tap_max": params.steps,
        "voltage_low_pu": params.voltage_low_pu,
        "voltage_high_pu": params.voltage_high_pu,
    }
    return with_rows(city, "tap_changer", [f"{name}/tap changer" for name in table.ids[row]], columns, code)


def set_taps(city: City, rows: NDArray[Any], params: FixedTap, code: int) -> City:
    """Return the city with another fixed tap at the transformers chosen.

    Raises
    ------
    TwinError
        If some of them have tap changers, which would move it, or if it is too far off.
    """
    table = city.table("transformer")
    where = chosen(table, rows)
    if "tap_changer" in city.tables:
        moved = np.intersect1d(city.table("tap_changer")["transformer"], np.flatnonzero(where))
        if len(moved):
            message = f"fixed_tap: the taps of {first_few(table.ids[moved])} move under load"
            raise TwinError(Problem(message, expected="transformers without tap_changer"))
    side, neutral, step = (_own(table, name, usual) for name, usual in _USUAL.items())
    usual = np.where(step == 0, USUAL_STEP_PCT, step)  # files state 0 of transformers without taps
    own = usual if params.step_pct is None else np.full(len(table), params.step_pct)
    far = np.abs(params.tap * own[where]).max(initial=0.0)
    if far > LARGEST_PCT:
        raise TwinError(Problem(f"fixed_tap: {_too_far(far)}", expected="a tap nearer to the neutral one"))
    values = {
        "tap_side": side if params.side is None else params.side,
        "tap_pos": neutral + params.tap,
        "tap_neutral": neutral,
        "tap_step_pct": own,
    }
    return city.with_table(_tapped(table, where, values, code))


def _too_far(reach_pct: float) -> str:
    return f"taps reach {reach_pct:g} % of the rated voltage, more than {LARGEST_PCT:g} %"


_USUAL: dict[str, Any] = {"tap_side": "hv", "tap_neutral": 0, "tap_step_pct": USUAL_STEP_PCT}


def _own(table: Table, name: str, usual: Any) -> NDArray[Any]:
    """Return a column of the transformers' own taps, and what is usual where they have none."""
    if name not in table:
        return np.full(len(table), usual)
    return np.where(table.missing(name), usual, table[name])


def _tapped(table: Table, where: Mask, values: dict[str, Any], code: int) -> Table:
    for name, cells in values.items():
        table = table.put(COLUMNS["transformer"][name], cells, code, where)
    return blanked(table, ("tap_step_deg",), where)


def _without_changers(city: City, where: Mask) -> City:
    if "tap_changer" not in city.tables:
        return city
    old = city.table("tap_changer")
    return city.with_table(old.take(~where[old["transformer"]]))
