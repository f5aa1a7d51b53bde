"""What a network of pandapower says that its own power flow leaves out: short-circuit power, kinds of buses, names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from twin.grid.formats.frame import Frame
from twin.grid.model import COLUMNS, ElectricGrid
from twin.table import GIVEN

__all__ = ["beyond_power_flow"]

_CUSTOMER, _JOINT = "n", "m"
_NAMED = {"bus": ("bus", ""), "line": ("line", "line "), "transformer": ("trafo", "transformer ")}
_LOW_VOLTAGE_V = 1000.0
_RX_RATIO = 0.1  # IEC 60909-0, where it is not known


def beyond_power_flow(frames: Mapping[str, Frame], grid: ElectricGrid) -> dict[str, Any]:
    """Return the fields ``grid_source``, ``may_connect`` and ``names`` of a `GridCase`.

    Buses of type ``m`` (muff) are joints of cables. Where buses of low voltage are of type ``n`` (node), customers may
    be connected to these only; ``b`` is what that tool calls any bus.
    """
    bus = frames["bus"]
    kinds = dict(zip(bus.text("id"), bus.text("type", ""), strict=True))
    kind = np.array([kinds.get(name, _JOINT) for name in grid.bus.ids.tolist()], dtype=np.str_)  # others: open ends
    node = kind == _CUSTOMER
    known = bool((node & (grid.bus["v_nom_v"] <= _LOW_VOLTAGE_V)).any())
    return {
        "grid_source": _sources(frames["ext_grid"], grid),
        "may_connect": node if known else kind != _JOINT,
        "names": {
            name: found for name, (of, prefix) in _NAMED.items() if (found := _names(frames[of], prefix, grid, name))
        },
    }


def _names(frame: Frame, prefix: str, grid: ElectricGrid, table: str) -> list[str]:
    """Return the names of a table's rows; nothing where some have none, or two the same."""
    ids: list[str] = getattr(grid, table).ids.tolist()
    own = {f"{prefix}{k}": name for k, name in zip(frame.text("id"), frame.text("name", ""), strict=True)}
    names = [own.get(k, k) for k in ids]  # what we made of something else has none
    return names if all(names) and len(set(names)) == len(names) else []


def _sources(stated: Frame, grid: ElectricGrid) -> Any:
    """Return the sources behind their short-circuit power; None if none is stated."""
    buses = set(grid.bus.ids.tolist())
    there = [name in buses for name in stated.text("bus")]
    source = stated.take(stated.flags("in_service", True) & np.array(there, dtype=bool))
    if not source.has("s_sc_max_mva"):
        return None
    power = source.numbers("s_sc_max_mva", np.inf) * 1e6
    ratio = source.numbers("rx_max", _RX_RATIO)
    zero = np.where(source.given("r0x0_max"), source.numbers("r0x0_max", 0.0), ratio)
    z0_z1 = source.numbers("x0x_max", 1.0) * np.sqrt((1 + zero**2) / (1 + ratio**2))
    source.wrong_cells("s_sc_max_mva", _not_above_zero("s_sc_max_mva", power), "a number above zero")
    table = grid.grid_source
    rows = np.arange(len(table)) < len(source)  # generators that stand for external grids come last
    columns = {"short_circuit_va": power, "rx_ratio": ratio, "rx0_ratio": zero, "z0_z1_ratio": z0_z1}
    for name, values in columns.items():
        whole = np.ones(len(table))
        whole[rows] = values
        table = table.put(COLUMNS["grid_source"][name], whole, GIVEN, rows)
    return table


def _not_above_zero(name: str, values: Any) -> dict[int, str]:
    return {int(k): f"{name} is {values[k] / 1e6:g}" for k in np.flatnonzero(values <= 0)}
