"""Reading grids from folders of CSV tables in three neutral layouts, told apart by the files in them.

- ``branch.csv``: a balanced network per unit with one load per bus, in the terms of MATPOWER's cases,
- ``linecodes.csv``: a four-wire feeder with single-phase loads and profiles, in the terms of the IEEE test feeders,
- ``ext_grid.csv``: a balanced network in physical units, in the terms of pandapower's tables.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError
from twin.grid.check import check
from twin.grid.model import COLUMNS, ElectricGrid, make_table
from twin.grid.network import FREQUENCY_HZ

__all__ = ["GridCase", "read_grid"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class GridCase:
    """A grid and what its file says is connected.

    Attributes
    ----------
    nodes
        Rows of ``grid.phase_node``, shape ``(k,)``, ascending.
    power_va
        Power fed in there (a load is negative), shape ``(step, k)``; one step where there is no profile.
    """

    grid: ElectricGrid
    nodes: Ints
    power_va: Complex


class _Csv:
    """A CSV file by column; cells that are no numbers are noted, not raised."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self.path, self.problems = path, problems
        try:
            with path.open(newline="", encoding="utf-8") as file:
                self.rows = list(csv.DictReader(file))
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise TwinError(Problem(f"cannot be read: {error}", file=path)) from None

    def __len__(self) -> int:
        return len(self.rows)

    def has(self, name: str) -> bool:
        return bool(self.rows) and name in self.rows[0]

    def text(self, name: str) -> list[str]:
        if self.rows and name not in self.rows[0]:
            raise TwinError(Problem(f"column {name} is missing", file=self.path))
        return [row[name] or "" for row in self.rows]

    def numbers(self, name: str, otherwise: float | None = None) -> Floats:
        """Return a column as numbers; ``otherwise`` stands for empty cells and a column that is not there."""
        if otherwise is not None and not self.has(name):
            return np.full(len(self.rows), otherwise)
        values = np.zeros(len(self.rows))
        for k, cell in enumerate(self.text(name)):
            try:
                values[k] = otherwise if cell == "" and otherwise is not None else float(cell)
            except ValueError:
                self.problems.add(f"{name} is {cell!r}", str(k + 2), "a number", file=self.path)
        return values

    def find(self, name: str, known: Sequence[str], kind: str) -> Ints:
        """Return the rows of the identifiers in a column, -1 and a problem for each that is not known."""
        rows = {key: k for k, key in enumerate(known)}
        for k, key in enumerate(self.text(name)):
            if key not in rows:
                self.problems.add(f"{name} is {key!r}, but there is no such {kind}", str(k + 2), file=self.path)
        return np.array([rows.get(key, -1) for key in self.text(name)], dtype=np.int64)

    def keep(self, kept: NDArray[np.bool_]) -> None:
        self.rows = [row for row, keep in zip(self.rows, kept, strict=True) if keep]


def read_grid(folder: str | Path) -> GridCase:
    """Read a grid from a folder of CSV tables.

    Raises
    ------
    TwinError
        For everything that is wrong with the tables or with the grid they describe.
    """
    path = Path(folder)
    readers = {"branch.csv": _read_per_unit, "linecodes.csv": _read_feeder, "ext_grid.csv": _read_physical}
    for name, reader in readers.items():
        if (path / name).is_file():
            with Problems(path) as problems:
                case = reader(path, problems)
            check(case.grid, path)
            return case
    raise TwinError(Problem("is no grid that we can read", file=path, expected="one of " + ", ".join(readers)))


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TwinError(Problem(f"cannot be read: {error}", file=path)) from None


def _one_node_per_bus(ids: Sequence[str], connects: NDArray[np.bool_], problems: Problems) -> Any:
    columns = {"bus": np.arange(len(ids)), "phase": 0, "connects": connects}
    return make_table("phase_node", ids, columns, problems=problems)


# --- per unit --------------------------------------------------------------------------------------------------------


def _read_per_unit(path: Path, problems: Problems) -> GridCase:
    """Read ``bus.csv``, ``branch.csv`` and ``case.json``; impedances become ohms of lines one metre long."""
    case, bus, branch = _json(path / "case.json"), _Csv(path / "bus.csv", problems), _Csv(path / "branch.csv", problems)
    branch.keep(branch.numbers("in_service", 1.0) != 0)
    for name in ("gs_mw", "bs_mvar"):
        _only(bus, name, (0.0,))
    _only(branch, "tap", (0.0, 1.0))
    ids = bus.text("bus")
    base_v = bus.numbers("base_kv") * 1e3
    start = branch.find("from", ids, "bus")
    base_ohm = base_v[start] ** 2 / (case["base_mva"] * 1e6)
    power = np.asarray((bus.numbers("p_load_mw") + 1j * bus.numbers("q_load_mvar")) * -1e6, dtype=np.complex128)
    loads = np.flatnonzero(power)
    lines = {
        "from_bus": start,
        "to_bus": branch.find("to", ids, "bus"),
        "length_m": 1.0,
        "parallel": 1,
        "r_ohm_m": branch.numbers("r_pu") * base_ohm,
        "x_ohm_m": branch.numbers("x_pu") * base_ohm,
        "c_f_m": branch.numbers("b_pu") / base_ohm / (2 * np.pi * FREQUENCY_HZ),
        "max_current_a": 1e3,  # the cases state none
    }
    source = {"bus": [ids.index(str(case["slack_bus"]))], "voltage_pu": [case["slack_v_pu"]]}
    grid = ElectricGrid(
        make_table("bus", ids, {"v_nom_v": base_v}, problems=problems),
        _one_node_per_bus(ids, power != 0, problems),
        make_table("line", _numbered("branch", len(branch)), lines, problems=problems),
        make_table("transformer", [], _empty("transformer")),
        _stiff_source(source, problems),
    )
    return GridCase(grid, loads, power[None, loads])


def _only(table: _Csv, name: str, allowed: tuple[float, ...]) -> None:
    for k, value in enumerate(table.numbers(name, allowed[0])):
        if value not in allowed:
            expected = " or ".join(f"{a:g}" for a in allowed)
            what = f"{name} is {value:g}, which we cannot take into account yet"
            table.problems.add(what, str(k + 2), expected, file=table.path)


def _numbered(kind: str, n: int) -> list[str]:
    return [f"{kind} {k + 1}" for k in range(n)]


def _empty(table: str) -> dict[str, Any]:
    return {name: column.blank(0) for name, column in COLUMNS[table].items()}


def _stiff_source(columns: dict[str, Any], problems: Problems) -> Any:
    everything = {"angle_deg": 0.0, "short_circuit_va": np.inf, "rx_ratio": 1.0, "z0_z1_ratio": 1.0, **columns}
    return make_table("grid_source", _numbered("source", len(columns["bus"])), everything, problems=problems)


# --- physical units --------------------------------------------------------------------------------------------------


def _read_physical(path: Path, problems: Problems) -> GridCase:
    bus, line, trafo = (_Csv(path / f"{name}.csv", problems) for name in ("bus", "line", "trafo"))
    load, source = (_Csv(path / f"{name}.csv", problems) for name in ("load", "ext_grid"))
    for table in (bus, line, trafo, load, source):
        table.keep(np.array([cell == "True" for cell in table.text("in_service")], dtype=bool))
    _only(line, "g_us_per_km", (0.0,))
    for name in ("const_z_p_percent", "const_i_p_percent"):
        _only(load, name, (0.0,))
    all_ids = bus.text("id")
    kept, of = _merged(path, all_ids, problems)
    ids = [all_ids[k] for k in kept]
    power = np.zeros(len(ids), dtype=np.complex128)
    draw = (load.numbers("p_mw") + 1j * load.numbers("q_mvar")) * load.numbers("scaling", 1.0) * 1e6
    np.add.at(power, of[load.find("bus", all_ids, "bus")], -draw)
    loads = np.flatnonzero(power)
    sources = {
        "bus": of[source.find("bus", all_ids, "bus")],
        "voltage_pu": source.numbers("vm_pu"),
        "angle_deg": source.numbers("va_degree"),
    }
    lines = {
        "from_bus": of[line.find("from_bus", all_ids, "bus")],
        "to_bus": of[line.find("to_bus", all_ids, "bus")],
        "type": line.text("std_type"),
        "length_m": line.numbers("length_km") * 1e3,
        "parallel": line.numbers("parallel").astype(np.int64),
        "r_ohm_m": line.numbers("r_ohm_per_km") / 1e3,
        "x_ohm_m": line.numbers("x_ohm_per_km") / 1e3,
        "c_f_m": line.numbers("c_nf_per_km") / 1e12,
        "max_current_a": line.numbers("max_i_ka") * 1e3,
    }
    grid = ElectricGrid(
        make_table("bus", ids, {"v_nom_v": bus.numbers("vn_kv")[kept] * 1e3}, problems=problems),
        _one_node_per_bus(ids, power != 0, problems),
        make_table("line", [f"line {k}" for k in line.text("id")], lines, problems=problems),
        _physical_transformers(trafo, of, all_ids, problems),
        _stiff_source(sources, problems),
    )
    return GridCase(grid, loads, power[None, loads])


def _physical_transformers(trafo: _Csv, of: Ints, ids: Sequence[str], problems: Problems) -> Any:
    tap = 1 + (trafo.numbers("tap_pos", 0.0) - trafo.numbers("tap_neutral", 0.0)) * (
        trafo.numbers("tap_step_percent", 0.0) / 100
    )
    side = np.array(trafo.text("tap_side"))
    columns = {
        "hv_bus": of[trafo.find("hv_bus", ids, "bus")],
        "lv_bus": of[trafo.find("lv_bus", ids, "bus")],
        "parallel": trafo.numbers("parallel").astype(np.int64),
        "s_rated_va": trafo.numbers("sn_mva") * 1e6,
        "hv_rated_v": trafo.numbers("vn_hv_kv") * 1e3 * np.where(side == "hv", tap, 1.0),
        "lv_rated_v": trafo.numbers("vn_lv_kv") * 1e3 * np.where(side == "lv", tap, 1.0),
        "vk_pct": trafo.numbers("vk_percent"),
        "vkr_pct": trafo.numbers("vkr_percent"),
        "iron_loss_w": trafo.numbers("pfe_kw") * 1e3,
        "no_load_current_pct": trafo.numbers("i0_percent"),
        "vector_group": [f"Dyn{shift / 30:.0f}" for shift in trafo.numbers("shift_degree")],
    }
    return make_table("transformer", [f"transformer {k}" for k in trafo.text("id")], columns, problems=problems)


def _merged(path: Path, ids: Sequence[str], problems: Problems) -> tuple[Ints, Ints]:
    """Merge buses that closed switches join; return the buses kept and, for every bus, its row among these."""
    joined = np.arange(len(ids))
    if (path / "switch.csv").is_file():
        switch = _Csv(path / "switch.csv", problems)
        one, other = switch.find("bus", ids, "bus"), switch.find("element", ids, "bus")
        for k, (kind, closed) in enumerate(zip(switch.text("et"), switch.text("closed"), strict=True)):
            if kind != "b":
                problems.add(f"a switch of kind {kind!r}", str(k + 2), "b: between two buses", file=switch.path)
            elif closed == "True":
                joined[joined == joined[other[k]]] = joined[one[k]]
    return np.unique(joined, return_inverse=True)


# --- four-wire feeder ------------------------------------------------------------------------------------------------


def _read_feeder(path: Path, problems: Problems) -> GridCase:
    net = _json(path / "network.json")
    bus, line, code, load = (_Csv(path / f"{name}.csv", problems) for name in ("buses", "lines", "linecodes", "loads"))
    fed = [str(net["transformer"]["from_bus"])]
    ids = fed + bus.text("bus")
    n = len(ids)
    kind = line.find("linecode", code.text("linecode"), "line code")
    lines = {
        "from_bus": line.find("from_bus", ids, "bus"),
        "to_bus": line.find("to_bus", ids, "bus"),
        "type": line.text("linecode"),
        "length_m": line.numbers("length_m"),
        "parallel": 1,
        "max_current_a": 1e3,  # the feeder states none
    }
    values = {f"{z}{s}_ohm_km": code.numbers(f"{z}{s}_ohm_km")[kind] / 1e3 for z in "rx" for s in "10"}
    lines |= {name.replace("1_ohm_km", "_ohm_m").replace("0_ohm_km", "0_ohm_m"): v for name, v in values.items()}
    position = {axis: np.concatenate([bus.numbers(axis)[:1], bus.numbers(axis)]) for axis in ("x_m", "y_m")}
    v_nom = np.full(n, net["transformer"]["kv_secondary"] * 1e3)
    v_nom[0] = net["source"]["kv_ll"] * 1e3
    node = load.find("bus", ids, "bus") * 3 + np.array(["ABC".find(p) for p in load.text("phase")], dtype=np.int64)
    connects = np.isin(np.arange(3 * n), node)
    nodes = {"bus": np.repeat(np.arange(n), 3), "phase": np.tile(np.arange(3), n), "connects": connects}
    grid = ElectricGrid(
        make_table("bus", ids, {"v_nom_v": v_nom, **position}, problems=problems),
        make_table("phase_node", [f"{b}.{p}" for b in ids for p in (1, 2, 3)], nodes, problems=problems),
        make_table("line", line.text("line"), lines, problems=problems),
        make_table("transformer", ["transformer"], _feeder_transformer(net), problems=problems),
        make_table("grid_source", ["source"], _feeder_source(net), problems=problems),
    )
    order = np.argsort(node, kind="stable")
    return GridCase(grid, node[order], _profiles(path, load, problems)[:, order])


def _feeder_transformer(net: Any) -> dict[str, Any]:
    trafo = net["transformer"]
    vk = float(np.hypot(trafo["xhl_percent"], trafo["r_percent"]))
    columns = {
        "hv_bus": 0,
        "lv_bus": 1,
        "parallel": 1,
        "s_rated_va": trafo["kva"] * 1e3,
        "hv_rated_v": trafo["kv_primary"] * 1e3,
        "lv_rated_v": trafo["kv_secondary"] * 1e3,
        "vk_pct": vk,
        "vkr_pct": trafo["r_percent"],
        "vector_group": "Dyn1",
    }
    return {name: [value] for name, value in columns.items()}


def _feeder_source(net: Any) -> dict[str, Any]:
    source = net["source"]
    columns = {
        "bus": 0,
        "voltage_pu": source["pu"],
        "angle_deg": 0.0,
        "short_circuit_va": np.sqrt(3) * source["kv_ll"] * 1e3 * source["isc3_a"],
        "rx_ratio": 1 / source["x1_r1"],
        # one phase to ground: 3 E / (2 Z1 + Z0)
        "z0_z1_ratio": 3 * source["isc3_a"] / source["isc1_a"] - 2,
    }
    return {name: [value] for name, value in columns.items()}


def _profiles(path: Path, load: _Csv, problems: Problems) -> Complex:
    """Return the power of every load from its profile and power factor (lagging), VA, shape ``(step, load)``."""
    profiles = _Csv(path / "profiles_kw.csv", problems)
    series = {name: profiles.numbers(f"p{name}") for name in sorted(set(load.text("profile")))}
    kilowatt = np.stack([series[name] for name in load.text("profile")], axis=1) * load.numbers("kw_base")
    return np.asarray(-kilowatt * 1e3 * (1 + 1j * np.tan(np.arccos(load.numbers("pf")))))
