"""Reading a four-wire feeder with single-phase loads and profiles, in the terms of the IEEE test feeders."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from twin.errors import Problem, Problems, TwinError
from twin.grid.formats.case import Complex, GridCase, case_of, three_phase_nodes
from twin.grid.formats.frame import Frame, load_json, positive_number, read_csv
from twin.grid.formats.opendss_sources import short_circuit
from twin.grid.model import VECTOR_GROUPS, ElectricGrid, make_table

__all__ = ["read_four_wire"]

_PHASES = {"A": "a", "B": "b", "C": "c", "AB": "ab", "BC": "bc", "CA": "ca", "AC": "ca", "ABC": "abc"}
# Vector groups by the connections of primary and secondary, where the shift does not name one
_GROUPS = {
    ("delta", "wye grounded"): "Dyn1",
    ("delta", "wye"): "Dy1",
    ("delta", "delta"): "Dd0",
    ("wye grounded", "wye grounded"): "YNyn0",
    ("wye grounded", "delta"): "YNd1",
    ("wye", "wye grounded"): "Yyn0",
    ("wye", "delta"): "Yd1",
}
_GROUP = re.compile(r"\b[YDZ]N?[ydz]n?\d+\b")
_FREQUENCY = "base_frequency_hz"
_STATED = {
    "transformer": ("kva", "kv_primary", "kv_secondary", "xhl_percent"),
    "source": ("kv_ll", "pu", "isc3_a", "isc1_a", "x1_r1"),
}


def read_four_wire(path: Path, problems: Problems) -> GridCase:
    """Return the feeder of a folder with ``linecodes.csv``; loads follow their profiles, power factors lag."""
    net = load_json(path / "network.json")
    bus, line, code, load = (
        read_csv(path / f"{name}.csv", problems) for name in ("buses", "lines", "linecodes", "loads")
    )
    for frame, what in ((bus, "bus"), (code, "line code"), (load, "load")):
        frame.need_rows(what)
    trafo, feed, frequency_hz = _stated(net, path / "network.json")
    ids = [str(net["transformer"]["from_bus"]), *bus.text("bus")]
    lv_bus, group = _low_side(net["transformer"], ids, path / "network.json")
    volts = feed["kv_ll"] * 1e3, trafo["kv_secondary"] * 1e3
    n = len(ids)
    position = {axis: np.concatenate([bus.numbers(axis)[:1], bus.numbers(axis)]) for axis in ("x_m", "y_m")}
    at, phases = load.find("bus", ids, "bus"), _phases(load)
    served = [3 * bus + "abc".index(letter) for bus, letters in zip(at, phases, strict=True) for letter in letters]
    power = _profiles(path, load, problems)
    loads = {
        "bus": at,
        "phases": np.array(phases),
        "p_w": load.numbers("kw_base") * 1e3,
        "q_var": load.numbers("kw_base") * 1e3 * np.tan(np.arccos(load.numbers("pf"))),
    }
    grid = ElectricGrid(
        make_table("bus", ids, {"v_nom_v": np.r_[volts[0], np.full(n - 1, volts[1])], **position}, problems=problems),
        three_phase_nodes(ids, np.array(served), problems),
        make_table("line", line.text("line"), _lines(line, code, ids), problems=problems),
        make_table("transformer", ["transformer"], _transformer(trafo, lv_bus, group), problems=problems),
        make_table("grid_source", ["source"], _source(feed), problems=problems),
        load=make_table("load", load.text("load"), loads, problems=problems),
        frequency_hz=frequency_hz,
    )
    problems.raise_if_any()
    return case_of(grid, {"load": power})


def _stated(net: Any, file: Path) -> tuple[dict[str, float], dict[str, float], float]:
    """Return the numbers of the transformer and of the source, and the frequency."""
    with Problems(file) as problems:
        if not isinstance(net, dict) or not all(isinstance(net.get(part), dict) for part in _STATED):
            raise TwinError(Problem("lacks an object", file=file, expected=" and ".join(_STATED)))
        if "from_bus" not in net["transformer"]:
            problems.add("is missing", "/transformer/from_bus", "the bus of the source")
        trafo, source = (
            {key: positive_number(net[part], key, f"/{part}/{key}", problems) for key in keys}
            for part, keys in _STATED.items()
        )
        frequency_hz = positive_number({_FREQUENCY: 50.0, **net}, _FREQUENCY, f"/{_FREQUENCY}", problems)
        source["x0_r0"] = positive_number(
            {"x0_r0": source["x1_r1"], **net["source"]}, "x0_r0", "/source/x0_r0", problems
        )
        trafo["r_percent"] = positive_number(net["transformer"], "r_percent", "/transformer/r_percent", problems, True)
    return trafo, source, frequency_hz


def _low_side(unit: Mapping[str, Any], ids: list[str], file: Path) -> tuple[int, str]:
    """Return the row of the bus behind the transformer, the first one unless stated, and its vector group."""
    with Problems(file) as problems:
        bus = str(unit.get("to_bus", ids[1]))
        if bus not in ids[1:]:
            problems.add(f"is {bus!r}, but there is no such bus", "/transformer/to_bus")
        named = _GROUP.search(str(unit.get("phase_shift", "")))
        sides = str(unit.get("conn_primary", "delta")), str(unit.get("conn_secondary", "wye grounded"))
        group = named.group() if named else _GROUPS.get(sides, "")
        if group not in VECTOR_GROUPS:
            what = f"windings are {' and '.join(sides)}, the shift {unit.get('phase_shift')!r}"
            problems.add(what, "/transformer", "connections or a vector group that we know, such as Dyn1")
    return ids.index(bus, 1), group


def _phases(load: Frame) -> list[str]:
    names = load.text("phase")
    unknown = {k: f"phase is {name!r}" for k, name in enumerate(names) if name not in _PHASES}
    load.wrong_cells("phase", unknown, ", ".join(_PHASES))
    return [_PHASES.get(name, "a") for name in names]


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


def _transformer(trafo: Mapping[str, float], lv_bus: int, group: str) -> dict[str, Any]:
    columns = {
        "hv_bus": 0,
        "lv_bus": lv_bus,
        "parallel": 1,
        "s_rated_va": trafo["kva"] * 1e3,
        "hv_rated_v": trafo["kv_primary"] * 1e3,
        "lv_rated_v": trafo["kv_secondary"] * 1e3,
        "vk_pct": float(np.hypot(trafo["xhl_percent"], trafo["r_percent"])),
        "vkr_pct": trafo["r_percent"],
        "vector_group": group,
    }
    return {name: [value] for name, value in columns.items()}


def _source(source: Mapping[str, float]) -> dict[str, Any]:
    currents = {"isc3": source["isc3_a"], "isc1": source["isc1_a"]}
    z1, z0 = short_circuit(source["kv_ll"], currents, source["x1_r1"], source["x0_r0"])
    columns = {
        "bus": 0,
        "voltage_pu": source["pu"],
        "angle_deg": 0.0,
        "short_circuit_va": np.sqrt(3) * source["kv_ll"] * 1e3 * source["isc3_a"],
        "rx_ratio": 1 / source["x1_r1"],
        "z0_z1_ratio": abs(z0) / abs(z1),
        "rx0_ratio": 1 / source["x0_r0"],
    }
    return {name: [value] for name, value in columns.items()}


def _profiles(path: Path, load: Frame, problems: Problems) -> Complex:
    """Return what every load draws, from its profile and power factor, VA, shape ``(step, load)``."""
    profiles = read_csv(path / "profiles_kw.csv", problems).need_rows("step")
    series = {name: profiles.numbers(f"p{name}") for name in sorted(set(load.text("profile")))}
    kilowatt = np.stack([series[name] for name in load.text("profile")], axis=1) * load.numbers("kw_base")
    return np.asarray(kilowatt * 1e3 * (1 + 1j * np.tan(np.arccos(load.numbers("pf")))))
