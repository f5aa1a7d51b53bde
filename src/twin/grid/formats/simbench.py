"""Reading SimBench data sets: folders of semicolon-separated tables, with a year of profiles.

Source: SimBench documentation, "Electrical data format" (S. Meinecke et al., Energies 2020, 13(12), 3290): MW, Mvar,
kV, km, ohm/km, uS/km, A; voltages to keep stand at the node.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems
from twin.grid.formats.case import GridCase, balanced_nodes, case_of, stiff_sources
from twin.grid.formats.frame import Frame, read_csv
from twin.grid.model import ElectricGrid, make_table
from twin.table import GIVEN, MISSING, Table

__all__ = ["read_profiles", "read_simbench"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_NEEDED = ("Node", "ExternalNet")
_READ = (
    *_NEEDED, "Line", "LineType", "Transformer", "TransformerType", "Load", "RES", "PowerPlant", "Storage", "Shunt",
    "Switch", "Coordinates",
)  # fmt: skip
_UNREAD = ("Transformer3W", "DCLine")
_FREQUENCY_HZ = 50.0
# What a table's elements are connected as, their columns of power, and the profiles that these are multiplied by
_POWERS = {
    "Load": ("load", "pLoad", "qLoad", "LoadProfile"),
    "RES": ("static_generator", "pRES", "qRES", "RESProfile"),
    "PowerPlant": ("static_generator", "pPP", "qPP", "PowerPlantProfile"),
    "Storage": ("storage", "pStor", "qStor", "StorageProfile"),
}


def read_simbench(path: Path, problems: Problems) -> GridCase:
    """Return the grid of a folder at the power that it states; see `read_profiles` for that of each step."""
    frames = _frames(path, problems)
    for name in _UNREAD:
        if len(read_csv(path / f"{name}.csv", problems, ";", missing_ok=True)):
            problems.add(f"{name} is not read yet", expected="no rows", file=path / f"{name}.csv")
    grid = _Reader(frames, problems).grid()
    problems.raise_if_any()
    return case_of(grid)


def read_profiles(folder: str | Path, first: int = 0, count: int | None = None) -> dict[str, Complex]:
    """Return the power of loads, generators and storages over time.

    Parameters
    ----------
    first, count
        Steps to read; all that follow the first one if ``count`` is None.

    Returns
    -------
    dict
        By table, VA as the table counts it, shape ``(step, n)`` in the order of `read_simbench`'s tables; what
        `twin.grid.assemble.Assembled.power_of` takes. Generators that keep a voltage are left out.

    Raises
    ------
    TwinError
        If a profile is missing, or no number.
    """
    path = Path(folder)
    with Problems(path) as problems:
        frames = _frames(path, problems)
        found: dict[str, list[Complex]] = {}
        for name, (table, p, q, profiles) in _POWERS.items():
            rows = _without_voltage(frames[name])
            if len(rows):
                series = read_csv(path / f"{profiles}.csv", problems, ";")
                kept = np.arange(len(series)) >= first
                if count is not None:
                    kept &= np.arange(len(series)) < first + count
                found.setdefault(table, []).append(_profiled(rows, series.take(kept), p, q, name == "Load"))
    return {table: np.concatenate(parts, axis=1) for table, parts in found.items()}


def _profiled(rows: Frame, series: Frame, p: str, q: str, of_both: bool) -> Complex:
    """Return power times profile, VA, shape ``(step, n)``; loads have a profile of reactive power too."""
    names = rows.text("profile")
    p_ends, q_ends = ("_pload", "_qload") if of_both else ("", "")
    known = set(series.rows[0]) if series.rows else set()
    for k, name in enumerate(names):
        if f"{name}{p_ends}" not in known:
            rows.wrong(k, f"profile is {name!r}, but {series.file.name} has none of that name")
    rows.problems.raise_if_any()
    columns = {end: {name: series.numbers(f"{name}{end}") for name in set(names)} for end in {p_ends, q_ends}}
    active = np.stack([columns[p_ends][name] for name in names], axis=1) * rows.numbers(p)
    reactive = np.stack([columns[q_ends][name] for name in names], axis=1) * rows.numbers(q, 0.0)
    return np.asarray((active + 1j * reactive) * 1e6)


def _frames(path: Path, problems: Problems) -> dict[str, Frame]:
    return {name: read_csv(path / f"{name}.csv", problems, ";", missing_ok=name not in _NEEDED) for name in _READ}


def _without_voltage(frame: Frame) -> Frame:
    """Return the rows that feed in or draw what they state, whatever the voltage (``calc_type`` pq)."""
    return frame.take(np.array([kind != "pvm" for kind in frame.text("calc_type", "pq")], dtype=bool))


class _Reader:
    """The tables of a data set."""

    def __init__(self, frames: dict[str, Frame], problems: Problems) -> None:
        self.frames, self.problems = frames, problems
        self.node = frames["Node"].need_rows("node")
        self.ids = self.node.text("id")
        self.v_nom = self.node.numbers("vmR") * 1e3

    def grid(self) -> ElectricGrid:
        powers = {name: self._powers(name) for name in _POWERS}
        customers = np.unique(np.concatenate([table["bus"] for table in powers.values()]))
        return ElectricGrid(
            make_table("bus", self.ids, {"v_nom_v": self.v_nom, **self._positions()}, problems=self.problems),
            balanced_nodes(self.ids, customers, self.problems),
            self._lines(),
            self._transformers(),
            self._sources(),
            switch=self._switches(),
            load=powers["Load"],
            static_generator=Table.concat([powers["RES"], powers["PowerPlant"]]),
            storage=powers["Storage"],
            generator=self._generators(),
            shunt=self._shunts(),
            frequency_hz=_FREQUENCY_HZ,
        )

    def _at(self, frame: Frame, name: str = "node") -> Ints:
        return frame.find(name, self.ids, "node")

    def _typed(self, name: str) -> tuple[Frame, Frame, Ints]:
        frame, types = self.frames[name], self.frames[f"{name}Type"]
        row = frame.find("type", types.text("id"), f"row of {name}Type.csv")
        if (row < 0).any():
            self.problems.raise_if_any()
        return frame, types, row

    def _positions(self) -> dict[str, Floats]:
        known = {str(row["id"]): row for row in self.frames["Coordinates"].rows}
        places = [known.get(name, {}) for name in self.node.text("coordID", "")]
        if not any(places):
            return {}
        frame = Frame(places, self.frames["Coordinates"].file, self.node.places, self.problems)
        return {"x_m": frame.numbers("x", np.nan), "y_m": frame.numbers("y", np.nan)}

    def _lines(self) -> Table:
        line, types, kind = self._typed("Line")
        columns = {
            "from_bus": self._at(line, "nodeA"),
            "to_bus": self._at(line, "nodeB"),
            "type": line.text("type"),
            "length_m": line.numbers("length") * 1e3,
            "parallel": 1,
            "r_ohm_m": types.numbers("r")[kind] / 1e3,
            "x_ohm_m": types.numbers("x")[kind] / 1e3,
            "c_f_m": types.numbers("b", 0.0)[kind] * 1e-9 / (2 * np.pi * _FREQUENCY_HZ),
            "max_current_a": types.numbers("iMax")[kind],
        }
        return make_table("line", line.text("id"), columns, problems=self.problems)

    def _transformers(self) -> Table:
        unit, types, kind = self._typed("Transformer")
        rated = types.numbers("sR")[kind] * 1e6
        shift = types.numbers("va0", 0.0)[kind]
        hours = np.round(shift / 30).astype(np.int64) % 12
        columns: dict[str, Any] = {
            "hv_bus": self._at(unit, "nodeHV"),
            "lv_bus": self._at(unit, "nodeLV"),
            "type": unit.text("type"),
            "parallel": 1,
            "s_rated_va": rated,
            "hv_rated_v": types.numbers("vmHV")[kind] * 1e3,
            "lv_rated_v": types.numbers("vmLV")[kind] * 1e3,
            "vk_pct": types.numbers("vmImp")[kind],
            "vkr_pct": types.numbers("pCu")[kind] * 1e3 / rated * 100,
            "iron_loss_w": types.numbers("pFe", 0.0)[kind] * 1e3,
            "no_load_current_pct": types.numbers("iNoLoad", 0.0)[kind],
            "vector_group": [f"Dyn{hour}" if hour % 2 else f"YNyn{hour}" for hour in hours],
            "shift_deg": shift,
        }
        table = make_table("transformer", unit.text("id"), columns, problems=self.problems)
        has_taps = types.flags("tapable", False)[kind]
        taps = {
            "tap_side": np.char.lower(np.array(types.text("tapside", "HV"), dtype=np.str_)[kind]),
            "tap_pos": unit.whole("tappos", 0),
            "tap_neutral": types.whole("tapNeutr", 0)[kind],
            "tap_step_pct": types.numbers("dVm", 0.0)[kind],
            "tap_step_deg": types.numbers("dVa", 0.0)[kind],
        }
        made = make_table("transformer", unit.text("id"), taps, np.where(has_taps, GIVEN, MISSING), self.problems)
        for column in made.columns:
            table = table.put(column, made[column.name], made.source(column.name))
        return table

    def _sources(self) -> Table:
        net = self.frames["ExternalNet"]
        for k, kind in enumerate(net.text("calc_type", "vavm")):
            if kind != "vavm":
                net.wrong(k, f"calc_type is {kind!r}, which we cannot take into account yet", "vavm")
        bus = self._at(net)
        columns = {
            "bus": bus,
            "voltage_pu": self.node.numbers("vmSetp", 1.0)[bus],
            "angle_deg": self.node.numbers("vaSetp", 0.0)[bus],
        }
        return stiff_sources(columns, self.problems)

    def _powers(self, name: str) -> Table:
        table, p, q, _ = _POWERS[name]
        frame = _without_voltage(self.frames[name])
        columns = {"bus": self._at(frame), "p_w": frame.numbers(p) * 1e6, "q_var": frame.numbers(q, 0.0) * 1e6}
        return make_table(table, frame.text("id"), columns, problems=self.problems)

    def _generators(self) -> Table:
        found = []
        for name in ("RES", "PowerPlant"):
            frame = self.frames[name]
            kept = np.array([kind == "pvm" for kind in frame.text("calc_type", "pq")], dtype=bool)
            own = frame.take(kept)
            bus = self._at(own)
            columns = {
                "bus": bus,
                "p_w": own.numbers(_POWERS[name][1]) * 1e6,
                "voltage_pu": self.node.numbers("vmSetp", 1.0)[bus],
                "q_min_var": own.numbers("qMin", -np.inf) * 1e6,
                "q_max_var": own.numbers("qMax", np.inf) * 1e6,
            }
            found.append(make_table("generator", own.text("id"), columns, problems=self.problems))
        return Table.concat(found)

    def _switches(self) -> Table:
        switch = self.frames["Switch"]
        columns = {
            "bus": self._at(switch, "nodeA"),
            "element_type": "bus",
            "element": self._at(switch, "nodeB"),
            "closed": switch.flags("cond"),
        }
        return make_table("switch", switch.text("id"), columns, problems=self.problems)

    def _shunts(self) -> Table:
        shunt = self.frames["Shunt"]
        bus = self._at(shunt)
        v_nom = self.v_nom[bus]
        rated = np.where(shunt.given("vmR"), shunt.numbers("vmR", 1.0) * 1e3, v_nom)
        scale = shunt.numbers("step", 1.0) * (v_nom / rated) ** 2 * 1e6
        columns = {"bus": bus, "p_w": shunt.numbers("p0", 0.0) * scale, "q_var": shunt.numbers("q0", 0.0) * scale}
        return make_table("shunt", shunt.text("id"), columns, problems=self.problems)
