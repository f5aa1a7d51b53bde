"""Reading a four-wire feeder with single-phase loads and profiles, in the terms of the IEEE test feeders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import Problem, Problems, TwinError
from twin.grid.formats.case import Complex, GridCase, case_of, three_phase_nodes
from twin.grid.formats.frame import Frame, load_json, read_csv
from twin.grid.model import ElectricGrid, make_table

__all__ = ["read_four_wire"]


def read_four_wire(path: Path, problems: Problems) -> GridCase:
    """Return the feeder of a folder with ``linecodes.csv``; loads follow their profiles, power factors lag."""
    net = load_json(path / "network.json")
    bus, line, code, load = (
        read_csv(path / f"{name}.csv", problems) for name in ("buses", "lines", "linecodes", "loads")
    )
    try:
        transformer, source = _transformer(net), _source(net)
        ids = [str(net["transformer"]["from_bus"]), *bus.text("bus")]
        volts = net["source"]["kv_ll"] * 1e3, net["transformer"]["kv_secondary"] * 1e3
    except (KeyError, TypeError) as error:
        raise TwinError(Problem(f"has no {error}", file=path / "network.json")) from None
    n = len(ids)
    position = {axis: np.concatenate([bus.numbers(axis)[:1], bus.numbers(axis)]) for axis in ("x_m", "y_m")}
    at, phase = load.find("bus", ids, "bus"), _phases(load)
    power = _profiles(path, load, problems)
    loads = {
        "bus": at,
        "phases": np.array(list("abc"))[phase],
        "p_w": load.numbers("kw_base") * 1e3,
        "q_var": load.numbers("kw_base") * 1e3 * np.tan(np.arccos(load.numbers("pf"))),
    }
    grid = ElectricGrid(
        make_table("bus", ids, {"v_nom_v": np.r_[volts[0], np.full(n - 1, volts[1])], **position}, problems=problems),
        three_phase_nodes(ids, at * 3 + phase, problems),
        make_table("line", line.text("line"), _lines(line, code, ids), problems=problems),
        make_table("transformer", ["transformer"], transformer, problems=problems),
        make_table("grid_source", ["source"], source, problems=problems),
        load=make_table("load", load.text("load"), loads, problems=problems),
        frequency_hz=float(net.get("base_frequency_hz", 50.0)),
    )
    problems.raise_if_any()
    return case_of(grid, {"load": power})


def _phases(load: Frame) -> Any:
    phase = np.array(["ABC".find(p) if p else -1 for p in load.text("phase")], dtype=np.int64)
    for k in np.flatnonzero(phase < 0):
        load.wrong(int(k), f"phase is {load.text('phase')[k]!r}", "A, B or C")
    return phase


def _lines(line: Frame, code: Frame, ids: list[str]) -> dict[str, Any]:
    kind = line.find("linecode", code.text("linecode"), "line code")
    columns: dict[str, Any] = {
        "from_bus": line.find("from_bus", ids, "bus"),
        "to_bus": line.find("to_bus", ids, "bus"),
        "type": line.text("linecode"),
        "length_m": line.numbers("length_m"),
        "parallel": 1,
        "max_current_a": 1e3,  # the feeder states none
    }
    for ours, theirs in (("", "1"), ("0", "0")):
        columns |= {f"{q}{ours}_ohm_m": code.numbers(f"{q}{theirs}_ohm_km")[kind] / 1e3 for q in "rx"}
        capacitance = code.numbers(f"c{theirs}_nf_km", 0.0)[kind] / 1e12
        if capacitance.any():
            columns[f"c{ours}_f_m"] = capacitance
    return columns


def _transformer(net: Any) -> dict[str, Any]:
    trafo = net["transformer"]
    columns = {
        "hv_bus": 0,
        "lv_bus": 1,
        "parallel": 1,
        "s_rated_va": trafo["kva"] * 1e3,
        "hv_rated_v": trafo["kv_primary"] * 1e3,
        "lv_rated_v": trafo["kv_secondary"] * 1e3,
        "vk_pct": float(np.hypot(trafo["xhl_percent"], trafo["r_percent"])),
        "vkr_pct": trafo["r_percent"],
        "vector_group": "Dyn1",
    }
    return {name: [value] for name, value in columns.items()}


def _source(net: Any) -> dict[str, Any]:
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


def _profiles(path: Path, load: Frame, problems: Problems) -> Complex:
    """Return what every load draws, from its profile and power factor, VA, shape ``(step, load)``."""
    profiles = read_csv(path / "profiles_kw.csv", problems)
    series = {name: profiles.numbers(f"p{name}") for name in sorted(set(load.text("profile")))}
    kilowatt = np.stack([series[name] for name in load.text("profile")], axis=1) * load.numbers("kw_base")
    return np.asarray(kilowatt * 1e3 * (1 + 1j * np.tan(np.arccos(load.numbers("pf")))))
