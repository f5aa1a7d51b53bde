"""A balanced grid per unit, in the terms of MATPOWER's cases: buses with loads and shunts, branches, generators.

A branch whose tap or base voltages are not 1 to 1 is a transformer: an ideal ratio (and lag) at its ``from`` end, then
its impedance; its charging becomes a shunt at either end (MATPOWER User's Manual, section 3.2). Other branches are
lines one metre long. A reactance may be below zero, an impedance may not be zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, Problems, TwinError
from twin.grid.formats.case import GridCase, balanced_nodes, case_of, numbered, stiff_sources
from twin.grid.formats.frame import Frame, load_json, positive_number, read_csv
from twin.grid.model import ElectricGrid, make_table
from twin.table import Table

__all__ = ["grid_per_unit", "read_per_unit"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_FREQUENCY_HZ = 50.0  # charging is stated as a susceptance, so that any will do


def read_per_unit(path: Path, problems: Problems) -> GridCase:
    """Return the grid of a folder with ``branch.csv``, ``bus.csv`` and ``case.json``, ``gen.csv`` if there is one."""
    base_mva, slack = _stated(path / "case.json")
    bus, branch = (read_csv(path / f"{name}.csv", problems) for name in ("bus", "branch"))
    gen = read_csv(path / "gen.csv", problems, missing_ok=True)
    return case_of(grid_per_unit(bus, branch, gen, base_mva, slack, problems))


def _stated(file: Path) -> tuple[float, dict[str, tuple[float, float]]]:
    about = load_json(file)
    if not (isinstance(about, dict) and "slack_bus" in about):
        raise TwinError(Problem("has no slack_bus", file=file, expected="an object of base_mva, slack_bus, slack_v_pu"))
    with Problems(file) as problems:
        base_mva, volt = (positive_number(about, name, f"/{name}", problems) for name in ("base_mva", "slack_v_pu"))
    return base_mva, {str(about["slack_bus"]): (volt, 0.0)}


def grid_per_unit(
    bus: Frame,
    branch: Frame,
    gen: Frame,
    base_mva: float,
    slack: Mapping[str, tuple[float, float]],
    problems: Problems,
) -> ElectricGrid:
    """Return a grid from its frames.

    Parameters
    ----------
    bus
        ``bus, p_load_mw, q_load_mvar, gs_mw, bs_mvar`` (at 1 pu, bs fed in) and ``base_kv``.
    branch
        ``from, to, r_pu, x_pu, b_pu, tap, shift_deg, rate_a_mva, in_service``.
    gen
        Those that keep a voltage: ``bus, p_mw, q_mvar, vm_pu, min_q_mvar, max_q_mvar``; with an empty ``vm_pu`` one
        that does not.
    slack
        Voltage (pu) and angle (deg) of each bus that keeps both.
    """
    branch = branch.take(branch.numbers("in_service", 1.0) != 0)
    ids = bus.need_rows("bus").text("bus")
    base_v = bus.numbers("base_kv") * 1e3
    near, far = (branch.find(end, ids, "bus") for end in ("from", "to"))
    tap, shift = branch.numbers("tap", 0.0), branch.numbers("shift_deg", 0.0)
    ratio = np.where(tap == 0, 1.0, tap)
    is_line = (ratio == 1) & (shift == 0) & (base_v[near] == base_v[far])
    columns = {
        "near": near,
        "far": far,
        "r": branch.numbers("r_pu"),
        "x": branch.numbers("x_pu"),
        "b": branch.numbers("b_pu", 0.0),
        "ratio": ratio,
        "shift": shift,
        "rate": branch.numbers("rate_a_mva", 0.0),
    }
    names = np.array(numbered("branch", len(branch)), dtype=np.str_)
    power = bus.numbers("p_load_mw") + 1j * bus.numbers("q_load_mvar")
    loads = np.flatnonzero(power)
    problems.raise_if_any()
    none = np.flatnonzero((columns["r"] == 0) & (columns["x"] == 0))
    branch.wrong_cells("x_pu", {int(k): "r_pu and x_pu are 0" for k in none}, "an impedance")
    line, unit = ({key: values[kind] for key, values in columns.items()} for kind in (is_line, ~is_line))
    unknown = [name for name in slack if name not in ids]
    for name in unknown:
        problems.add(f"the slack bus is {name!r}, but there is no such bus", file=bus.file)
    fed = {name: at for name, at in slack.items() if name in ids}
    source = {
        "bus": [ids.index(name) for name in fed],
        "voltage_pu": [v for v, _ in fed.values()],
        "angle_deg": [angle for _, angle in fed.values()],
    }
    return ElectricGrid(
        make_table("bus", ids, {"v_nom_v": base_v}, problems=problems),
        balanced_nodes(ids, loads, problems),
        make_table("line", names[is_line], _lines(line, base_v, base_mva), problems=problems),
        make_table("transformer", names[~is_line], _transformers(unit, base_v, base_mva), problems=problems),
        stiff_sources(source, problems),
        load=_powers("load", bus, ids, loads, power),
        static_generator=_static(gen, ids),
        generator=_keeping(gen, ids),
        shunt=_shunts(bus, ids, unit, names[~is_line], base_mva),
        frequency_hz=_FREQUENCY_HZ,
    )


def _lines(line: Mapping[str, Any], base_v: Floats, base_mva: float) -> dict[str, Any]:
    base_ohm = base_v[line["near"]] ** 2 / (base_mva * 1e6)
    rated = line["rate"] * 1e6 / np.sqrt(3) / base_v[line["near"]]
    return {
        "from_bus": line["near"],
        "to_bus": line["far"],
        "length_m": 1.0,
        "parallel": 1,
        "r_ohm_m": line["r"] * base_ohm,
        "x_ohm_m": line["x"] * base_ohm,
        "c_f_m": line["b"] / base_ohm / (2 * np.pi * _FREQUENCY_HZ),
        "max_current_a": np.where(line["rate"] > 0, rated, 1e3),  # where the case states none
    }


def _transformers(unit: Mapping[str, Any], base_v: Floats, base_mva: float) -> dict[str, Any]:
    rated = np.where(unit["rate"] > 0, unit["rate"], base_mva)
    return {
        "hv_bus": unit["near"],
        "lv_bus": unit["far"],
        "parallel": 1,
        "s_rated_va": rated * 1e6,
        "hv_rated_v": base_v[unit["near"]] * unit["ratio"],
        "lv_rated_v": base_v[unit["far"]],
        # below zero: a series capacitor, or a branch of the star that stands for three windings
        "vk_pct": np.copysign(np.hypot(unit["r"], unit["x"]), unit["x"] + 0.0) * rated / base_mva * 100,
        "vkr_pct": unit["r"] * rated / base_mva * 100,
        "vector_group": "YNyn0",
        "shift_deg": unit["shift"],
    }


def _powers(name: str, frame: Frame, ids: list[str], rows: Ints, power: NDArray[np.complex128]) -> Table:
    """Return loads or generators at the buses of some rows of a frame; power in MW and Mvar."""
    at = frame.take(np.isin(np.arange(len(frame)), rows))
    columns = {"bus": at.find("bus", ids, "bus"), "p_w": power.real[rows] * 1e6, "q_var": power.imag[rows] * 1e6}
    names = [f"{name.replace('_', ' ')} {k + 1}" for k in rows]
    return make_table(name, names, columns, problems=frame.problems)


def _static(gen: Frame, ids: list[str]) -> Table:
    power = gen.numbers("p_mw", 0.0) + 1j * gen.numbers("q_mvar", 0.0)
    return _powers("static_generator", gen, ids, np.flatnonzero(~gen.given("vm_pu")), power)


def _keeping(gen: Frame, ids: list[str]) -> Table:
    own = gen.take(gen.given("vm_pu"))
    columns = {
        "bus": own.find("bus", ids, "bus"),
        "p_w": own.numbers("p_mw", 0.0) * 1e6,
        "voltage_pu": own.numbers("vm_pu", 1.0),
        "q_min_var": own.numbers("min_q_mvar", -np.inf) * 1e6,
        "q_max_var": own.numbers("max_q_mvar", np.inf) * 1e6,
    }
    return make_table("generator", numbered("generator", len(own)), columns, problems=gen.problems)


def _shunts(bus: Frame, ids: list[str], unit: Mapping[str, Any], names: NDArray[np.str_], base_mva: float) -> Table:
    """Return the shunts of buses, and half the charging of each transformer at either end."""
    of_bus = bus.numbers("gs_mw", 0.0) - 1j * bus.numbers("bs_mvar", 0.0)
    charging = -1j * unit["b"] / 2 * base_mva
    own, charged = np.flatnonzero(of_bus), np.flatnonzero(charging)
    at = np.concatenate([own, unit["near"][charged], unit["far"][charged]])
    power = np.concatenate([of_bus[own], (charging / unit["ratio"] ** 2)[charged], charging[charged]])
    labels = [f"shunt {ids[k]}" for k in own] + [f"{names[k]}/{end}" for end in ("from", "to") for k in charged]
    columns = {"bus": at, "p_w": power.real * 1e6, "q_var": power.imag * 1e6}
    return make_table("shunt", labels, columns, problems=bus.problems)
