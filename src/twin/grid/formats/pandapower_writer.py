"""Writing grids as pandapower's JSON files, without that tool."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems
from twin.grid.check_rows import report
from twin.grid.model import ElectricGrid
from twin.grid.phases import LETTERS, joined
from twin.grid.sequences import given
from twin.grid.transformers import shift_rad
from twin.table import Table

__all__ = ["write_pandapower"]

Frames = dict[str, dict[str, Any]]
Floats = NDArray[np.float64]

_VERSION = "3.0.0"  # of the format, from which on taps say their kind
_LETTER = {"bus": "b", "line": "l", "transformer": "t"}
_POWERS = {
    "load": ("load", "asymmetric_load"),
    "static_generator": ("sgen", "asymmetric_sgen"),
    "storage": ("storage", ""),
}


def write_pandapower(grid: ElectricGrid, path: str | Path) -> None:
    """Write a grid as a network of pandapower.

    Rows keep their order, identifiers stand in ``name``. Buses are of type ``n`` where customers may be connected,
    ``b`` at transformers and sources, else ``m`` (joints). Sources become external grids; their short-circuit power
    goes along, but that tool's power flow takes their voltage as stiff.

    Raises
    ------
    TwinError
        Naming what such a network cannot hold: lines by phase matrices, regulators, transformers of single phases,
        single-phase storages and shunts.
    """
    with Problems() as problems:
        _check(grid, problems)
    frames: Frames = {
        "bus": _buses(grid),
        "line": _lines(grid),
        "trafo": _transformers(grid),
        "trafo3w": _transformers_3w(grid.transformer_3w),
        "ext_grid": _sources(grid.grid_source),
        "gen": _generators(grid.generator),
        "switch": _switches(grid.switch),
        "shunt": _shunts(grid),
    }
    for name, (even, uneven) in _POWERS.items():
        frames |= _connected(grid, getattr(grid, name), even, uneven)
    net: dict[str, Any] = {name: _frame(columns) for name, columns in frames.items() if name}
    net |= {"version": _VERSION, "format_version": _VERSION, "name": "", "f_hz": grid.frequency_hz, "sn_mva": 1.0}
    document = {"_module": "pandapower.auxiliary", "_class": "pandapowerNet", "_object": net}
    Path(path).write_text(json.dumps(document, allow_nan=False), encoding="utf-8")


def _check(grid: ElectricGrid, problems: Problems) -> None:
    whole = "which a network of pandapower cannot hold"
    report(
        grid.line_matrix, np.ones(len(grid.line_matrix), dtype=bool), f"is part of a phase matrix, {whole}", problems
    )
    report(grid.regulator, np.ones(len(grid.regulator), dtype=bool), f"is a regulator, {whole}", problems)
    if grid.phases == 1:
        return
    for table, ends in ((grid.line, ("from_bus", "to_bus")), (grid.transformer, ("hv_bus", "lv_bus"))):
        report(table, ~joined(grid, table, *ends).all(axis=1), f"has not all phases, {whole}", problems)
    for table in (grid.storage, grid.shunt):
        report(table, ~joined(grid, table, "bus").all(axis=1), f"has not all phases, {whole}", problems)


def _frame(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return a data frame in split form."""
    values = [np.asarray(cells).tolist() for cells in columns.values()]
    n = max((len(cells) for cells in values if isinstance(cells, list)), default=0)
    spread = [cells if isinstance(cells, list) else [cells] * n for cells in values]
    data = [[_cell(cells[k]) for cells in spread] for k in range(n)]
    split = {"columns": list(columns), "index": list(range(n)), "data": data}
    kinds = {name: _dtype(cells) for name, cells in zip(columns, spread, strict=True)}
    return {
        "_module": "pandas.core.frame",
        "_class": "DataFrame",
        "_object": json.dumps(split, allow_nan=False),
        "orient": "split",
        "dtype": kinds,
        "is_multiindex": False,
        "is_multicolumn": False,
    }


def _cell(value: Any) -> Any:
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _dtype(cells: list[Any]) -> str:
    kinds = {type(cell) for cell in cells}
    known = {bool: "bool", int: "int64", float: "float64"}
    return known.get(next(iter(kinds)), "object") if len(kinds) == 1 else "object"


def _buses(grid: ElectricGrid) -> dict[str, Any]:
    x, y = given(grid.bus, "x_m", np.nan), given(grid.bus, "y_m", np.nan)
    geo = [
        json.dumps({"type": "Point", "coordinates": [a, b]}) if np.isfinite(a + b) else None
        for a, b in zip(x, y, strict=True)
    ]
    connects, ends = np.zeros(len(grid.bus), dtype=bool), np.zeros(len(grid.bus), dtype=bool)
    connects[grid.phase_node["bus"][grid.phase_node["connects"]]] = True
    for bus in (grid.transformer["hv_bus"], grid.transformer["lv_bus"], grid.grid_source["bus"]):
        ends[bus] = True
    return {
        "name": grid.bus.ids,
        "vn_kv": grid.bus["v_nom_v"] / 1e3,
        "type": np.select([connects, ends], ["n", "b"], "m"),
        "zone": None,
        "in_service": True,
        "geo": geo,
    }


def _lines(grid: ElectricGrid) -> dict[str, Any]:
    line = grid.line
    c = given(line, "c_f_m", 0.0)
    columns = {
        "name": line.ids,
        "std_type": _text(line, "type"),
        "from_bus": line["from_bus"],
        "to_bus": line["to_bus"],
        "length_km": line["length_m"] / 1e3,
        "r_ohm_per_km": line["r_ohm_m"] * 1e3,
        "x_ohm_per_km": line["x_ohm_m"] * 1e3,
        "c_nf_per_km": c * 1e12,
        "g_us_per_km": given(line, "g_s_m", 0.0) * 1e9,
        "max_i_ka": given(line, "max_current_a", np.nan) / 1e3,
        "df": 1.0,
        "parallel": line["parallel"],
        "type": "",
        "in_service": True,
    }
    if grid.phases == 3:
        columns |= {f"{q}0_ohm_per_km": line[f"{q}0_ohm_m"] * 1e3 for q in "rx"}
        columns["c0_nf_per_km"] = given(line, "c0_f_m", c) * 1e12
    return columns


def _transformers(grid: ElectricGrid) -> dict[str, Any]:
    unit = grid.transformer
    columns = {
        "name": unit.ids,
        "std_type": _text(unit, "type"),
        "hv_bus": unit["hv_bus"],
        "lv_bus": unit["lv_bus"],
        "sn_mva": unit["s_rated_va"] / 1e6,
        "vn_hv_kv": unit["hv_rated_v"] / 1e3,
        "vn_lv_kv": unit["lv_rated_v"] / 1e3,
        "vk_percent": unit["vk_pct"],
        "vkr_percent": unit["vkr_pct"],
        "pfe_kw": given(unit, "iron_loss_w", 0.0) / 1e3,
        "i0_percent": given(unit, "no_load_current_pct", 0.0),
        "shift_degree": np.degrees(shift_rad(unit)),
        **_taps(unit),
        "parallel": unit["parallel"],
        "df": 1.0,
        "in_service": True,
        "vector_group": unit["vector_group"],
    }
    if grid.phases == 3:
        columns |= {
            "vk0_percent": given(unit, "vk0_pct", unit["vk_pct"]),
            "vkr0_percent": given(unit, "vkr0_pct", unit["vkr_pct"]),
            "mag0_percent": 100.0,
            "mag0_rx": 0.0,
            "si0_hv_partial": 0.9,
        }
    return columns


def _text(table: Table, name: str) -> NDArray[Any]:
    if table.missing(name).all():
        return np.full(len(table), "")
    return table[name]


def _taps(unit: Table) -> dict[str, Any]:
    none = unit.missing("tap_side")
    step = given(unit, "tap_step_pct", 0.0)
    side, kinds = _text(unit, "tap_side"), np.where(step == 0, "Ideal", "Ratio").tolist()
    return {
        "tap_side": [None if no else str(one) for no, one in zip(none, side, strict=True)],
        "tap_pos": np.where(none, np.nan, given(unit, "tap_pos", 0.0)),
        "tap_neutral": np.where(none, np.nan, given(unit, "tap_neutral", 0.0)),
        "tap_step_percent": np.where(none, np.nan, step),
        "tap_step_degree": np.where(none, np.nan, given(unit, "tap_step_deg", 0.0)),
        "tap_changer_type": [None if no else kind for no, kind in zip(none, kinds, strict=True)],
    }


def _transformers_3w(unit: Table) -> dict[str, Any]:
    columns: dict[str, Any] = {"name": unit.ids, "std_type": ""}
    for side in ("hv", "mv", "lv"):
        columns |= {
            f"{side}_bus": unit[f"{side}_bus"],
            f"vn_{side}_kv": unit[f"{side}_rated_v"] / 1e3,
            f"sn_{side}_mva": unit[f"{side}_rated_va"] / 1e6,
        }
    for theirs, ours in (("hv", "hv_mv"), ("mv", "mv_lv"), ("lv", "hv_lv")):
        columns |= {f"{what}_{theirs}_percent": unit[f"{what}_{ours}_pct"] for what in ("vk", "vkr")}
    return columns | {
        "pfe_kw": given(unit, "iron_loss_w", 0.0) / 1e3,
        "i0_percent": given(unit, "no_load_current_pct", 0.0),
        "shift_mv_degree": unit["shift_mv_deg"],
        "shift_lv_degree": unit["shift_lv_deg"],
        **_taps(unit),
        "tap_at_star_point": False,
        "in_service": True,
        "vector_group": _text(unit, "windings"),
    }


def _sources(source: Table) -> dict[str, Any]:
    ratio = source["rx_ratio"]
    zero = given(source, "rx0_ratio", ratio)
    return {
        "name": source.ids,
        "bus": source["bus"],
        "vm_pu": source["voltage_pu"],
        "va_degree": source["angle_deg"],
        "slack_weight": 1.0,
        "in_service": True,
        "s_sc_max_mva": source["short_circuit_va"] / 1e6,
        "rx_max": source["rx_ratio"],
        "x0x_max": given(source, "z0_z1_ratio", 1.0) * np.sqrt((1 + ratio**2) / (1 + zero**2)),
        "r0x0_max": zero,
    }


def _generators(table: Table) -> dict[str, Any]:
    return {
        "name": table.ids,
        "bus": table["bus"],
        "p_mw": table["p_w"] / 1e6,
        "vm_pu": table["voltage_pu"],
        "sn_mva": np.full(len(table), np.nan),
        "min_q_mvar": given(table, "q_min_var", np.nan) / 1e6,
        "max_q_mvar": given(table, "q_max_var", np.nan) / 1e6,
        "scaling": 1.0,
        "slack": False,
        "slack_weight": 0.0,
        "in_service": True,
        "type": "",
    }


def _switches(switch: Table) -> dict[str, Any]:
    return {
        "bus": switch["bus"],
        "element": switch["element"],
        "et": np.array([_LETTER[str(kind)] for kind in switch["element_type"]], dtype=np.str_),
        "type": "",
        "closed": switch["closed"],
        "name": switch.ids,
        "z_ohm": 0.0,
    }


def _shunts(grid: ElectricGrid) -> dict[str, Any]:
    shunt = grid.shunt
    return {
        "bus": shunt["bus"],
        "name": shunt.ids,
        "q_mvar": shunt["q_var"] / 1e6,
        "p_mw": shunt["p_w"] / 1e6,
        "vn_kv": grid.bus["v_nom_v"][shunt["bus"]] / 1e3,
        "step": 1,
        "max_step": 1,
        "in_service": True,
    }


def _connected(grid: ElectricGrid, table: Table, even: str, uneven: str) -> Frames:
    """Return loads or generators of all phases, and those of some."""
    phases = joined(grid, table, "bus")
    whole: NDArray[np.bool_] = np.asarray(phases[:, : grid.phases].all(axis=1))
    delta = np.zeros(len(table), dtype=bool)
    if "connection" in table:
        delta = table["connection"] == "delta"
    common = {"name": table.ids, "bus": table["bus"], "scaling": 1.0, "in_service": True}
    common["type"] = np.where(delta, "delta", "wye")
    powers = {"p_mw": table["p_w"] / 1e6, "q_mvar": table["q_var"] / 1e6}
    first = common | powers | {"sn_mva": np.full(len(table), np.nan)}
    if even == "load":
        for part in "iz":
            share = given(table, f"const_{part}", 0.0) * 100
            first |= {f"const_{part}_p_percent": share, f"const_{part}_q_percent": share}
    if even == "storage":
        first |= {"soc_percent": np.nan, "min_e_mwh": 0.0, "max_e_mwh": np.nan}
    second = dict(common)
    pair = phases & np.roll(phases, -1, axis=1)  # ab, bc, ca
    there = np.where(delta[:, None], pair, phases)
    share = there / np.maximum(there.sum(axis=1, keepdims=True), 1)
    for k, letter in enumerate(LETTERS):
        second |= {
            f"{q}_{letter}_{unit}": powers[f"{q}_{unit}"] * share[:, k] for q, unit in (("p", "mw"), ("q", "mvar"))
        }
    return {even: _rows(first, whole), uneven: _rows(second, ~whole)}


def _rows(columns: Mapping[str, Any], kept: NDArray[np.bool_]) -> dict[str, Any]:
    return {name: np.broadcast_to(np.asarray(cells), kept.shape)[kept] for name, cells in columns.items()}
