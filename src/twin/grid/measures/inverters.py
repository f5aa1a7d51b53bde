"""Inverters of solar modules that follow the voltage: reactive and most active power by characteristic."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.city.model import City
from twin.errors import Problem, TwinError
from twin.grid.measures.shared import Params, chosen, with_rows
from twin.grid.model import COLUMNS

__all__ = ["VOLT_VAR", "VOLT_WATT", "InverterControl", "control_inverters"]

Corner = Annotated[list[float], Field(min_length=2, max_length=2)]

VOLT_VAR: dict[str, list[list[float]]] = {
    "vde_ar_n_4105": [[0.93, 0.436], [0.97, 0.0], [1.03, 0.0], [1.07, -0.436]],
    "ieee_1547_a": [[0.90, 0.25], [1.00, 0.0], [1.10, -0.25]],
    "ieee_1547_b": [[0.92, 0.44], [0.98, 0.0], [1.02, 0.0], [1.08, -0.44]],
}
"""Corners (voltage over nominal, reactive power fed in over rated apparent power): the standard characteristic of
VDE-AR-N 4105:2018 (at its end a power factor of 0.9: sqrt(1 - 0.9^2) = 0.436), and the defaults of categories A and B
of IEEE 1547-2018; all from memory, believed to be theirs."""

VOLT_WATT: dict[str, list[list[float]]] = {"ieee_1547": [[1.06, 1.0], [1.10, 0.2]]}
"""Corners (voltage over nominal, most active power over rated): the default of IEEE 1547-2018, from memory, believed to
be its."""

_HIGHEST_PU, _LOWEST_PU = 1.5, 0.5
_VALUES = {"volt_var": (-1.0, 1.0), "volt_watt": (0.0, 1.0)}


class InverterControl(Params):
    """Let the inverters of solar modules follow the voltage where they are connected."""

    volt_var: Literal[tuple(VOLT_VAR)] | list[Corner] | None = None  # type: ignore[valid-type]
    """Reactive power by voltage: a characteristic by name, or corners ``[voltage over nominal, reactive power fed in
    over rated apparent power]``; beyond the first and the last one theirs holds."""
    volt_watt: Literal[tuple(VOLT_WATT)] | list[Corner] | None = None  # type: ignore[valid-type]
    """Most active power by voltage: by name, or corners ``[voltage over nominal, power over rated active power]``. The
    German rules are believed to ask for none."""
    rated_power_factor: float = Field(0.9, ge=0.5, le=1)
    """Active over apparent power of the inverter at its limits (VDE-AR-N 4105:2018 asks for 0.9 at full power of plants
    above 4.6 kVA, from memory)."""

    @model_validator(mode="after")
    def _makes_sense(self) -> InverterControl:
        if self.volt_var is None and self.volt_watt is None:
            raise ValueError("needs volt_var or volt_watt")
        for name, curve in (("volt_var", self.volt_var), ("volt_watt", self.volt_watt)):
            if isinstance(curve, list):
                _check_corners(name, curve)
        return self


def _check_corners(name: str, corners: list[list[float]]) -> None:
    volts, values = zip(*corners, strict=True) if corners else ((), ())
    least, most = _VALUES[name]
    if len(corners) < 2:
        raise ValueError(f"{name} needs two corners at least")
    if any(b <= a for a, b in pairwise(volts)):
        raise ValueError(f"the voltages of {name} do not rise from corner to corner")
    if any(b > a for a, b in pairwise(values)):
        raise ValueError(f"the powers of {name} rise with the voltage, which would drive it away")
    if not all(_LOWEST_PU <= volt <= _HIGHEST_PU for volt in volts):
        raise ValueError(f"the voltages of {name} are not within {_LOWEST_PU:g} and {_HIGHEST_PU:g} of nominal")
    if not all(least <= value <= most for value in values):
        raise ValueError(f"the powers of {name} are not within {least:g} and {most:g} of rated")


def control_inverters(city: City, rows: NDArray[Any], params: InverterControl, code: int) -> City:
    """Return the city in which the inverters of the arrays chosen follow characteristics.

    One that ``params`` leave out stays as it was; the rated power factor is the one of ``params`` for both.

    Raises
    ------
    TwinError
        If there is no grid, so that nothing could be followed.
    """
    if "bus" not in city.tables:
        message = "inverter_control: there is no electric grid whose voltage inverters could follow"
        raise TwinError(Problem(message, expected='[model] grid = "synthesize", or the path of a file'))
    for kind, named, wanted in (("volt_var", VOLT_VAR, params.volt_var), ("volt_watt", VOLT_WATT, params.volt_watt)):
        if wanted is not None:
            corners = named[wanted] if isinstance(wanted, str) else wanted
            city = _following(city, rows, kind, corners, code)
    arrays = city.table("pv_array")
    rated = arrays["inverter_w"] / params.rated_power_factor
    return city.with_table(arrays.put(COLUMNS["pv_array"]["inverter_va"], rated, code, chosen(arrays, rows)))


def _following(city: City, rows: NDArray[Any], kind: str, corners: list[list[float]], code: int) -> City:
    """Return the city with one more curve, and arrays that follow it."""
    old = city.tables.get("inverter_curve")
    number = int(old["curve"].max()) + 1 if old is not None and len(old) else 0
    voltage, value = np.array(corners).T
    values = {"curve": number, "kind": kind, "voltage_pu": voltage, "value_pu": value}
    ids = [f"curve {number}/{k + 1}" for k in range(len(corners))]
    arrays = city.table("pv_array")
    table = arrays.put(COLUMNS["pv_array"][f"{kind}_curve"], number, code, chosen(arrays, rows))
    return with_rows(city.with_table(table), "inverter_curve", ids, values, code)
