"""A grid from tables in the terms of pandapower, whether from its JSON files or from a folder of CSV files.

Powers are MW and Mvar, voltages kV, lengths km. As in that tool (from version 3) taps count where ``tap_changer_type``
says how, or where there is no such column; external grids keep their voltage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems
from twin.grid.formats.case import balanced_nodes, stiff_sources, three_phase_nodes
from twin.grid.formats.frame import Frame
from twin.grid.formats.pandapower_equivalents import EQUIVALENTS, with_equivalents
from twin.grid.formats.pandapower_transformers import transformers, transformers_3w
from twin.grid.model import ElectricGrid, make_table
from twin.grid.switches import OPEN
from twin.table import Table

__all__ = ["TABLES", "UNREAD", "grid_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TABLES = (
    "bus", "line", "trafo", "trafo3w", "ext_grid", "gen", "load", "sgen", "storage", "shunt", "switch",
    "asymmetric_load", "asymmetric_sgen", *EQUIVALENTS,
)  # fmt: skip
UNREAD = (
    "svc", "ssc", "tcsc", "vsc", "bus_dc", "line_dc", "load_dc",
    "source_dc", "b2b_vsc", "vsc_stacked", "vsc_bipolar",
)  # fmt: skip
_DONE = ("bus", *EQUIVALENTS)
_ENDS = {"line": ("from_bus", "to_bus"), "trafo": ("hv_bus", "lv_bus"), "trafo3w": ("hv_bus", "mv_bus", "lv_bus")}


class _Parts:
    """The frames of a grid and the identifiers of what they hold."""

    def __init__(self, frames: Mapping[str, Frame], problems: Problems) -> None:
        self.problems = problems
        frames = with_equivalents(frames)
        bus = frames["bus"].take(frames["bus"].flags("in_service", True))
        out = set(frames["bus"].text("id")) - set(bus.text("id"))
        self.bus, line = _with_stubs(bus, frames["line"], out)
        self.ids = self.bus.text("id")
        self.v_nom = self.bus.numbers("vn_kv") * 1e3
        kept = {**frames, "line": line}
        self.frames = {name: self._in_service(name, frame, out) for name, frame in kept.items() if name not in _DONE}

    def _in_service(self, name: str, frame: Frame, out: set[str]) -> Frame:
        kept = np.ones(len(frame), dtype=bool) if name == "switch" else frame.flags("in_service", True)
        for end in _ENDS.get(name, ("bus",)):
            kept &= ~np.isin(frame.text(end), list(out)) if out and len(frame) else kept
        return frame.take(kept)

    def at(self, frame: Frame, name: str) -> Ints:
        return frame.find(name, self.ids, "bus")

    def table(self, name: str, kind: str, frame: Frame, columns: Mapping[str, Any]) -> Table:
        return make_table(name, [f"{kind} {k}" for k in frame.text("id")], columns, problems=self.problems)


def _with_stubs(bus: Frame, line: Frame, out: set[str]) -> tuple[Frame, Frame]:
    """Return buses and lines in which a line to one bus that is out of service hangs at the other, open."""
    known = {name: k for k, name in enumerate(bus.text("id"))}
    rows, places, lines = list(bus.rows), list(bus.places), list(line.rows)
    names, ids = [line.text(end) for end in _ENDS["line"]], line.text("id")
    for k, pair in enumerate(zip(*names, strict=True)):
        at = dict(zip(_ENDS["line"], pair, strict=True))
        cut = [end for end, name in at.items() if name in out]
        near = [name for name in at.values() if name in known]
        if len(cut) == len(near) == 1:
            stub = f"line {ids[k]}{OPEN}"
            rows.append({**bus.rows[known[near[0]]], "id": stub})
            places.append(bus.places[known[near[0]]])
            lines[k] = {**line.rows[k], cut[0]: stub}
    return Frame(rows, bus.file, places, bus.problems), Frame(lines, line.file, line.places, line.problems)


def grid_of(frames: Mapping[str, Frame], problems: Problems, frequency_hz: float = 50.0) -> ElectricGrid:
    """Return the grid that frames by the names of `TABLES` describe; each row has an ``id``."""
    parts = _Parts(frames, problems)
    three_phase = any(len(parts.frames[name]) for name in ("asymmetric_load", "asymmetric_sgen"))
    generator, slack = _generators(parts)
    columns = {"v_nom_v": parts.v_nom} | _positions(parts.bus)
    customers = np.concatenate([parts.at(parts.frames[k], "bus") for k in ("load", "sgen", "storage")])
    if three_phase:
        customers = np.arange(3 * len(parts.ids))
    nodes = three_phase_nodes if three_phase else balanced_nodes
    line = _lines(parts, three_phase)
    return ElectricGrid(
        bus=make_table("bus", parts.ids, columns, problems=problems),
        phase_node=nodes(parts.ids, customers, problems),
        line=line,
        transformer=transformers(parts.frames["trafo"], parts.ids, problems),
        transformer_3w=transformers_3w(parts.frames["trafo3w"], parts.ids, problems),
        grid_source=_sources(parts, slack),
        switch=_switches(parts),
        load=_loads(parts),
        static_generator=_static_generators(parts),
        generator=generator,
        storage=_powers(parts, "storage", parts.frames["storage"]),
        shunt=_shunts(parts),
        frequency_hz=frequency_hz,
    )


def _positions(bus: Frame) -> dict[str, Floats]:
    if not (bus.has("x") and bus.has("y")):
        return {}
    return {"x_m": bus.numbers("x", np.nan), "y_m": bus.numbers("y", np.nan)}


def _lines(parts: _Parts, three_phase: bool) -> Table:
    line = parts.frames["line"]
    columns: dict[str, Any] = {
        "from_bus": parts.at(line, "from_bus"),
        "to_bus": parts.at(line, "to_bus"),
        "type": line.text("std_type", ""),
        "length_m": line.numbers("length_km") * 1e3,
        "parallel": line.whole("parallel", 1),
        "r_ohm_m": line.numbers("r_ohm_per_km") / 1e3,
        "x_ohm_m": line.numbers("x_ohm_per_km") / 1e3,
        "c_f_m": line.numbers("c_nf_per_km", 0.0) / 1e12,
    }
    if line.numbers("g_us_per_km", 0.0).any():
        columns["g_s_m"] = line.numbers("g_us_per_km", 0.0) / 1e9
    if line.has("max_i_ka"):
        columns["max_current_a"] = line.numbers("max_i_ka") * line.numbers("df", 1.0) * 1e3
    if three_phase and len(line):
        columns |= {f"{q}0_ohm_m": line.numbers(f"{q}0_ohm_per_km") / 1e3 for q in "rx"}
    elif line.has("r0_ohm_per_km") and line.has("x0_ohm_per_km"):
        columns |= {f"{q}0_ohm_m": line.numbers(f"{q}0_ohm_per_km", np.nan) / 1e3 for q in "rx"}
    if "r0_ohm_m" in columns:
        columns["c0_f_m"] = line.numbers("c0_nf_per_km", 0.0) / 1e12
    return parts.table("line", "line", line, columns)


def _sources(parts: _Parts, slack: Frame) -> Table:
    source = parts.frames["ext_grid"]
    columns = {
        "bus": np.concatenate([parts.at(source, "bus"), parts.at(slack, "bus")]),
        "voltage_pu": np.concatenate([source.numbers("vm_pu"), slack.numbers("vm_pu")]),
        "angle_deg": np.concatenate([source.numbers("va_degree", 0.0), slack.numbers("va_degree", 0.0)]),
    }
    return stiff_sources(columns, parts.problems)


def _generators(parts: _Parts) -> tuple[Table, Frame]:
    """Return generators that keep a voltage, and those that stand for an external grid (``slack``)."""
    gen = parts.frames["gen"]
    slack = gen.flags("slack", False)
    own, slack_gen = gen.take(~slack), gen.take(slack)
    columns: dict[str, Any] = {
        "bus": parts.at(own, "bus"),
        "p_w": own.numbers("p_mw") * own.numbers("scaling", 1.0) * 1e6,
        "voltage_pu": own.numbers("vm_pu"),
    }
    for ours, name, none in (("q_min_var", "min_q_mvar", -np.inf), ("q_max_var", "max_q_mvar", np.inf)):
        if own.has(name):
            columns[ours] = own.numbers(name, none) * 1e6
    return parts.table("generator", "gen", own, columns), slack_gen


def _loads(parts: _Parts) -> Table:
    """Return loads; one whose active and reactive power depend on the voltage in unlike ways becomes two."""
    load = parts.frames["load"]
    p, q = _power(load)
    share = {
        part: [load.numbers(f"const_{part}_{of}_percent", 0.0) / 100 for of in "pq"]
        if load.has(f"const_{part}_q_percent")
        else [load.numbers(f"const_{part}{old}_percent", 0.0) / 100] * 2
        for part in "iz"
        for old in ["_p" if load.has(f"const_{part}_p_percent") else ""]
    }
    unlike = np.logical_or.reduce([one != other for one, other in share.values()])
    rows = np.concatenate([np.arange(len(load)), np.flatnonzero(unlike)])
    extra = np.arange(len(rows)) >= len(load)
    columns: dict[str, Any] = {
        "bus": parts.at(load, "bus")[rows],
        "p_w": np.where(extra, 0.0, p[rows]),
        "q_var": np.where(~extra & unlike[rows], 0.0, q[rows]),
    }
    if any(values[k].any() for values in share.values() for k in (0, 1)):
        columns |= {f"const_{part}": np.where(extra, of_q[rows], of_p[rows]) for part, (of_p, of_q) in share.items()}
    names = [f"load {k}" for k in load.text("id")]
    ids = [f"{names[k]} q" if more else names[k] for k, more in zip(rows.tolist(), extra.tolist(), strict=True)]
    if load.has("type"):
        columns["connection"] = np.where(np.array(load.text("type", "wye")) == "delta", "delta", "wye")[rows]
    table = make_table("load", ids, columns, problems=parts.problems)
    return _with_phases(table, parts, "load", "asymmetric_load")


def _static_generators(parts: _Parts) -> Table:
    table = _powers(parts, "static_generator", parts.frames["sgen"])
    return _with_phases(table, parts, "static_generator", "asymmetric_sgen")


def _power(frame: Frame) -> tuple[Floats, Floats]:
    scaling = frame.numbers("scaling", 1.0) * 1e6
    return frame.numbers("p_mw") * scaling, frame.numbers("q_mvar", 0.0) * scaling


def _powers(parts: _Parts, name: str, frame: Frame) -> Table:
    p, q = _power(frame)
    return parts.table(name, name.replace("_", " "), frame, {"bus": parts.at(frame, "bus"), "p_w": p, "q_var": q})


def _with_phases(table: Table, parts: _Parts, name: str, frame_name: str) -> Table:
    """Return a table with the elements that have a power of their own in each phase: one row for each."""
    frame = parts.frames[frame_name]
    if not len(frame):
        return table
    scaling, bus = frame.numbers("scaling", 1.0) * 1e6, parts.at(frame, "bus")
    delta = np.array(frame.text("type", "wye")) == "delta"
    pieces = [table]
    for k, phase in enumerate("abc"):
        columns = {
            "bus": bus,
            "connection": np.where(delta, "delta", "wye"),
            "phases": np.where(delta, ("ab", "bc", "ca")[k], phase),
            "p_w": frame.numbers(f"p_{phase}_mw", 0.0) * scaling,
            "q_var": frame.numbers(f"q_{phase}_mvar", 0.0) * scaling,
        }
        ids = [f"{frame_name.replace('_', ' ')} {i} {phase}" for i in frame.text("id")]
        pieces.append(make_table(name, ids, columns, problems=parts.problems))
    return Table.concat(pieces)


def _shunts(parts: _Parts) -> Table:
    shunt = parts.frames["shunt"]
    bus = parts.at(shunt, "bus")
    v_nom = parts.v_nom[bus]
    scale = (
        shunt.numbers("step", 1.0)
        * (v_nom / np.where(shunt.given("vn_kv"), shunt.numbers("vn_kv", 1.0) * 1e3, v_nom)) ** 2
    )
    columns = {
        "bus": bus,
        "p_w": shunt.numbers("p_mw", 0.0) * scale * 1e6,
        "q_var": shunt.numbers("q_mvar") * scale * 1e6,
    }
    return parts.table("shunt", "shunt", shunt, columns)


def _switches(parts: _Parts) -> Table:
    """Return switches between buses, at lines and at two-winding transformers."""
    switch = parts.frames["switch"]
    kinds, closed = np.array(switch.text("et"), dtype=np.str_), switch.flags("closed")
    known = {"b": parts.ids, "l": parts.frames["line"].text("id"), "t": parts.frames["trafo"].text("id")}
    names = {"b": "bus", "l": "line", "t": "transformer"}
    there = np.zeros(len(switch), dtype=bool)
    for k, (kind, element) in enumerate(zip(kinds.tolist(), switch.text("element"), strict=True)):
        if kind in known:
            there[k] = element in known[kind]  # what is out of service is not there
        elif not (kind == "t3" and closed[k]):
            switch.wrong(k, f"a switch of kind {kind!r}", "b, l or t: at a bus, a line or a transformer")
    if switch.numbers("z_ohm", 0.0).any():
        switch.only("z_ohm", (0.0,))
    kept = switch.take(there)
    kinds = kinds[there]
    rows = [known[kind].index(e) for kind, e in zip(kinds.tolist(), kept.text("element"), strict=True)]
    columns = {
        "bus": parts.at(kept, "bus"),
        "element_type": np.array([names[kind] for kind in kinds.tolist()], dtype=np.str_),
        "element": np.array(rows, dtype=np.int64),
        "closed": closed[there],
    }
    return parts.table("switch", "switch", kept, columns)
