"""Reading the input data of power-grid-model (JSON).

Source: the data model in that tool's user manual ("Components", "Serialization"). Impedances, which it states in ohm
and farad for the whole line, become those of lines one metre long. It splits a transformer's magnetizing admittance
between the two ends; here it lies in the middle of the short-circuit impedance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError
from twin.grid.formats.case import GridCase, balanced_nodes, case_of, three_phase_nodes
from twin.grid.formats.frame import Frame
from twin.grid.formats.power_grid_model_branches import (
    WINDINGS,
    charging,
    generic_branches,
    tap_positions,
    three_windings,
)
from twin.grid.model import VECTOR_GROUPS, ElectricGrid, make_table
from twin.table import Table

__all__ = ["looks_like_power_grid_model", "read_power_grid_model"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_READ = (
    "node", "line", "link", "transformer", "generic_branch", "three_winding_transformer", "source", "sym_load",
    "asym_load", "sym_gen", "asym_gen", "shunt",
)  # fmt: skip
# Measurements, faults and automatic taps say nothing about a power flow at given taps
_IGNORED = (
    "sym_voltage_sensor", "asym_voltage_sensor", "sym_power_sensor", "asym_power_sensor", "sym_current_sensor",
    "asym_current_sensor", "fault", "transformer_tap_regulator",
)  # fmt: skip
_FREQUENCY_HZ = 50.0  # that tool's default; the file does not state it


def looks_like_power_grid_model(content: Any) -> bool:
    """Whether the content of a JSON file is a data set of power-grid-model."""
    return isinstance(content, dict) and isinstance(content.get("data"), dict | list) and "is_batch" in content


def read_power_grid_model(content: Any, path: Path, problems: Problems) -> GridCase:
    """Return the grid of an input data set; three-phase if it has loads or generators of unlike phases."""
    if content.get("type") != "input" or content.get("is_batch"):
        raise TwinError(Problem(f"is a data set of type {content.get('type')!r}", path, expected="one of type 'input'"))
    data, attributes = content["data"], content.get("attributes") or {}
    if not isinstance(data, dict) or not isinstance(attributes, dict) or not data.get("node"):
        raise TwinError(Problem("has no nodes", path, "/data/node"))
    for name in data:
        if name not in (*_READ, *_IGNORED) and data[name]:
            problems.add(f"{name} is not read yet", f"/data/{name}", "none of them", file=path)
    return case_of(_Reader({name: _frame(data, attributes, name, path, problems) for name in _READ}, problems).grid())


def _frame(data: Mapping[str, Any], attributes: Mapping[str, Any], name: str, path: Path, problems: Problems) -> Frame:
    rows = data.get(name) or []
    names = attributes.get(name) or ()
    if not isinstance(names, list | tuple) or not all(isinstance(one, str) for one in names):
        raise TwinError(Problem(f"names of {name} are no list of text", path, f"/attributes/{name}"))
    if not isinstance(rows, list) or not all(isinstance(row, dict | list) for row in rows):
        raise TwinError(Problem(f"{name} is no list of components", path, f"/data/{name}"))
    # compact rows are lists, whose attributes stand apart
    rows = [dict(zip(names, row, strict=False)) if isinstance(row, list) else row for row in rows]
    places = [f"/data/{name}/{k} ({name} {row.get('id')})" for k, row in enumerate(rows)]
    return Frame(rows, path, places, problems)


class _Reader:
    """The components of a data set as tables."""

    def __init__(self, frames: Mapping[str, Frame], problems: Problems) -> None:
        self.frames, self.problems = frames, problems
        self.ids = frames["node"].text("id")
        self.u_rated = frames["node"].numbers("u_rated")
        self.three_phase = len(frames["asym_load"]) + len(frames["asym_gen"]) > 0

    def grid(self) -> ElectricGrid:
        load, static = self._powers("load"), self._powers("static_generator")
        customers = np.unique(np.concatenate([load["bus"], static["bus"]]))
        if self.three_phase:
            customers = (3 * customers[:, None] + np.arange(3)).ravel()
        nodes = three_phase_nodes if self.three_phase else balanced_nodes
        return ElectricGrid(
            make_table("bus", self.ids, {"v_nom_v": self.u_rated}, problems=self.problems),
            nodes(self.ids, customers, self.problems),
            self._table("line", "line", self._lines()),
            Table.concat([self._table("transformer", "transformer", self._transformers()), self._generic()]),
            self._sources(),
            transformer_3w=self._three_windings(),
            switch=self._switches(),
            load=load,
            static_generator=static,
            shunt=self._shunts(),
            frequency_hz=_FREQUENCY_HZ,
        )

    def _at(self, frame: Frame, name: str) -> Ints:
        return frame.find(name, self.ids, "node")

    def _table(self, name: str, kind: str, columns: Mapping[str, Any]) -> Table:
        return make_table(name, [f"{name} {k}" for k in self.frames[kind].text("id")], columns, problems=self.problems)

    def _lines(self) -> dict[str, Any]:
        line = self.frames["line"]
        omega = 2 * np.pi * _FREQUENCY_HZ
        columns: dict[str, Any] = {
            "from_bus": self._at(line, "from_node"),
            "to_bus": self._at(line, "to_node"),
            "length_m": 1.0,
            "parallel": 1,
            "r_ohm_m": line.numbers("r1"),
            "x_ohm_m": line.numbers("x1"),
            "c_f_m": line.numbers("c1", 0.0),
        }
        lossy = line.numbers("tan1", 0.0) * columns["c_f_m"] * omega
        if lossy.any():
            columns["g_s_m"] = lossy
        if line.has("i_n"):
            columns["max_current_a"] = line.numbers("i_n", 1e30)
        if self.three_phase:
            columns |= {
                "r0_ohm_m": line.numbers("r0"),
                "x0_ohm_m": line.numbers("x0"),
                "c0_f_m": line.numbers("c0", 0.0),
            }
            unlike = line.numbers("tan0", 0.0) * columns["c0_f_m"] * omega - lossy
            for k in np.flatnonzero(np.abs(unlike) > 1e-12 * omega * columns["c0_f_m"]):
                line.wrong(
                    int(k), "its losses to earth differ between the sequences, which we cannot take into account"
                )
        return columns

    def _transformers(self) -> dict[str, Any]:
        unit = self.frames["transformer"]
        rated = unit.numbers("sn")
        sides = [unit.numbers(name) for name in ("u1", "u2")]
        on_low = unit.numbers("tap_side", 0.0) == 1
        return {
            "hv_bus": self._at(unit, "from_node"),
            "lv_bus": self._at(unit, "to_node"),
            "parallel": 1,
            "s_rated_va": rated,
            "hv_rated_v": sides[0],
            "lv_rated_v": sides[1],
            "vk_pct": unit.numbers("uk") * 100,
            "vkr_pct": unit.numbers("pk") / rated * 100,
            "iron_loss_w": unit.numbers("p0", 0.0),
            "no_load_current_pct": unit.numbers("i0", 0.0) * 100,
            "vector_group": self._groups(unit),
            "tap_side": np.where(on_low, "lv", "hv"),
            **tap_positions(unit),
            "tap_step_pct": unit.numbers("tap_size", 0.0) / np.where(on_low, sides[1], sides[0]) * 100,
        }

    def _generic(self) -> Table:
        branch = self.frames["generic_branch"]
        if self.three_phase:
            for k in range(len(branch)):
                branch.wrong(k, "a generic branch has no zero sequence", "loads and generators of three like phases")
        near, far = (self._at(branch, f"{end}_node") for end in ("from", "to"))
        return self._table("transformer", "generic_branch", generic_branches(branch, near, far, self.u_rated))

    def _three_windings(self) -> Table:
        unit = self.frames["three_winding_transformer"]
        off = np.logical_and.reduce([unit.numbers(f"status_{k}", 1.0) == 0 for k in (1, 2, 3)])
        unit = unit.take(~off)
        one, two, three = (self._at(unit, f"node_{k}") for k in (1, 2, 3))
        names = [f"three_winding_transformer {k}" for k in unit.text("id")]
        columns = three_windings(unit, (one, two, three))
        return make_table("transformer_3w", names, columns, problems=self.problems)

    def _groups(self, unit: Frame) -> NDArray[np.str_]:
        found = []
        windings = zip(unit.whole("winding_from"), unit.whole("winding_to"), unit.whole("clock"), strict=True)
        for k, (one, other, hour) in enumerate(windings):
            known = 0 <= one < len(WINDINGS) and 0 <= other < len(WINDINGS)
            name = f"{WINDINGS[one]}{WINDINGS[other].lower()}{hour % 12}" if known else "none"
            if name not in VECTOR_GROUPS:
                unit.wrong(k, f"windings {one} and {other} with clock {hour} are no vector group that we know")
            found.append(name if name in VECTOR_GROUPS else VECTOR_GROUPS[0])
        return np.array(found, dtype=np.str_)

    def _sources(self) -> Table:
        source = self.frames["source"].take(self.frames["source"].numbers("status", 1.0) != 0)
        columns = {
            "bus": self._at(source, "node"),
            "voltage_pu": source.numbers("u_ref"),
            "angle_deg": np.degrees(source.numbers("u_ref_angle", 0.0)),
            "short_circuit_va": source.numbers("sk", 1e10),
            "rx_ratio": source.numbers("rx_ratio", 0.1),
            "z0_z1_ratio": source.numbers("z01_ratio", 1.0),
        }
        return make_table("grid_source", [f"source {k}" for k in source.text("id")], columns, problems=self.problems)

    def _switches(self) -> Table:
        """Return links that are closed as switches between buses, and open ends of lines and transformers."""
        link = self.frames["link"]
        closed = (link.numbers("from_status", 1.0) != 0) & (link.numbers("to_status", 1.0) != 0)
        bus, element = self._at(link, "from_node"), self._at(link, "to_node")
        pieces = [
            make_table(
                "switch",
                [f"link {k}" for k in link.text("id")],
                {"bus": bus, "element_type": "bus", "element": element, "closed": closed},
                problems=self.problems,
            )
        ]
        first = {"generic_branch": len(self.frames["transformer"])}  # these stand behind the transformers
        for kind, table in (("line", "line"), ("transformer", "transformer"), ("generic_branch", "transformer")):
            frame = self.frames[kind]
            for end in ("from", "to"):
                rows = np.flatnonzero(frame.numbers(f"{end}_status", 1.0) == 0)
                columns = {
                    "bus": self._at(frame, f"{end}_node")[rows],
                    "element_type": table,
                    "element": first.get(kind, 0) + rows,
                    "closed": False,
                }
                names = [f"{kind} {frame.text('id')[k]} {end}" for k in rows]
                pieces.append(make_table("switch", names, columns, problems=self.problems))
        return Table.concat(pieces)

    def _powers(self, table: str) -> Table:
        """Return loads, or generators; what is fed in as an impedance or current is a load below zero."""
        pieces = []
        for kind in ("load", "gen"):
            for like, frame in (("sym", self.frames[f"sym_{kind}"]), ("asym", self.frames[f"asym_{kind}"])):
                constant = frame.whole("type", 0) == 0
                here = (kind == "load") | ~constant if table == "load" else (kind == "gen") & constant
                own = frame.take(here & (frame.numbers("status", 1.0) != 0))
                pieces += list(self._drawn(table, own, f"{like} {kind}", like == "asym", -1 if kind == "gen" else 1))
        return Table.concat(pieces)

    def _drawn(self, table: str, frame: Frame, name: str, by_phase: bool, sign: int) -> Iterator[Table]:
        if not by_phase:
            columns = self._power_columns(table, frame, sign)
            yield make_table(table, [f"{name} {i}" for i in frame.text("id")], columns, problems=self.problems)
            return
        for k, phase in enumerate("abc" if len(frame) else ""):
            single = Frame([_of_phase(row, k) for row in frame.rows], frame.file, frame.places, self.problems)
            columns = self._power_columns(table, single, sign) | {"phases": phase}
            names = [f"{name} {i} {phase}" for i in frame.text("id")]
            yield make_table(table, names, columns, problems=self.problems)

    def _power_columns(self, table: str, frame: Frame, sign: int) -> dict[str, Any]:
        kind = frame.whole("type", 0)
        sign = sign if table == "load" else 1
        columns: dict[str, Any] = {
            "bus": self._at(frame, "node"),
            "p_w": sign * frame.numbers("p_specified", 0.0),
            "q_var": sign * frame.numbers("q_specified", 0.0),
        }
        if table == "load":
            columns |= {"const_z": (kind == 1) * 1.0, "const_i": (kind == 2) * 1.0}
        return columns

    def _shunts(self) -> Table:
        shunt = self.frames["shunt"].take(self.frames["shunt"].numbers("status", 1.0) != 0)
        bus = self._at(shunt, "node")
        power = shunt.numbers("g1", 0.0) - 1j * shunt.numbers("b1", 0.0)
        if self.three_phase:
            zero = shunt.numbers("g0", 0.0) - 1j * shunt.numbers("b0", 0.0)
            for k in np.flatnonzero(zero != power):
                shunt.wrong(int(k), "its sequences differ, which we cannot take into account yet")
        power = power * self.u_rated[bus] ** 2
        columns = {"bus": bus, "p_w": power.real, "q_var": power.imag}
        own = make_table("shunt", [f"shunt {k}" for k in shunt.text("id")], columns, problems=self.problems)
        return Table.concat([own, *self._charging()])

    def _charging(self) -> list[Table]:
        """Return what generic branches that are closed at both ends draw there, by end."""
        branch = self.frames["generic_branch"]
        far = self._at(branch, "to_node")
        closed = (branch.numbers("from_status", 1.0) != 0) & (branch.numbers("to_status", 1.0) != 0)
        power = charging(branch, far, self.u_rated)
        for k in np.flatnonzero(~closed & (power[1] != 0)):
            branch.wrong(int(k), "is open at an end and has g1 or b1, which we cannot take into account yet")
        found = []
        for end, bus, drawn in zip(("from", "to"), (self._at(branch, "from_node"), far), power, strict=True):
            rows = np.flatnonzero(closed & (drawn != 0))
            columns = {"bus": bus[rows], "p_w": drawn.real[rows], "q_var": drawn.imag[rows]}
            names = [f"generic_branch {branch.text('id')[k]} {end}" for k in rows]
            found.append(make_table("shunt", names, columns, problems=self.problems))
        return found


def _of_phase(row: Mapping[str, Any], phase: int) -> dict[str, Any]:
    """Return a row in which the values of the three phases are those of one."""
    return {name: value[phase] if isinstance(value, list) and len(value) == 3 else value for name, value in row.items()}
