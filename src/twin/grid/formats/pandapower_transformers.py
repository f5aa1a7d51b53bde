"""Two- and three-winding transformers from tables in the terms of pandapower."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems
from twin.grid.formats.frame import Frame
from twin.grid.model import VECTOR_GROUPS, WINDINGS_3W, make_table
from twin.table import GIVEN, MISSING, Table

__all__ = ["transformers", "transformers_3w"]

_TAPPED = ("Ratio", "Symmetrical")


def transformers(trafo: Frame, ids: Sequence[str], problems: Problems) -> Table:
    """Return the table of two-winding transformers; ``ids`` are those of the buses."""
    shift = trafo.numbers("shift_degree", 0.0)
    columns: dict[str, Any] = {
        "hv_bus": trafo.find("hv_bus", ids, "bus"),
        "lv_bus": trafo.find("lv_bus", ids, "bus"),
        "type": trafo.text("std_type", ""),
        "parallel": trafo.whole("parallel", 1),
        "s_rated_va": trafo.numbers("sn_mva") * 1e6,
        "hv_rated_v": trafo.numbers("vn_hv_kv") * 1e3,
        "lv_rated_v": trafo.numbers("vn_lv_kv") * 1e3,
        "vk_pct": trafo.numbers("vk_percent"),
        "vkr_pct": trafo.numbers("vkr_percent"),
        "iron_loss_w": trafo.numbers("pfe_kw", 0.0) * 1e3,
        # a magnitude: the sign that converters write for charging counts for nothing in that tool (version 3)
        "no_load_current_pct": np.abs(trafo.numbers("i0_percent", 0.0)),
        "vector_group": _groups(trafo, shift),
        "shift_deg": shift,
    }
    if trafo.has("vk0_percent"):
        columns |= {f"{name}0_pct": trafo.numbers(f"{name}0_percent") for name in ("vk", "vkr")}
    names = [f"transformer {k}" for k in trafo.text("id")]
    return _with_taps(make_table("transformer", names, columns, problems=problems), trafo, problems)


def _groups(trafo: Frame, shift: NDArray[np.float64]) -> list[str]:
    """Return vector groups as they are given, else earthed star-star or delta-star by the hour."""
    found = []
    for name, angle in zip(trafo.text("vector_group", ""), shift, strict=True):
        hour = round(angle / 30) % 12
        options = [name, f"{name}{hour}", f"Dyn{hour}", f"YNyn{hour}"]
        found.append(next(option for option in [*options, "YNyn0"] if option in VECTOR_GROUPS))
    return found


def _with_taps(table: Table, trafo: Frame, problems: Problems) -> Table:
    """Return transformers with their taps, where they have any that count."""
    side = np.array(trafo.text("tap_side", ""), dtype=np.str_)
    kind = np.array(trafo.text("tap_changer_type", ""), dtype=np.str_)
    untold = not any("tap_changer_type" in row for row in trafo.rows)
    position, neutral = trafo.numbers("tap_pos", np.nan), trafo.numbers("tap_neutral", np.nan)
    step, angle = trafo.numbers("tap_step_percent", 0.0), trafo.numbers("tap_step_degree", 0.0)
    ideal = trafo.flags("tap_phase_shifter", False) if untold else kind == "Ideal"
    counts = (side != "") & np.isfinite(position) & np.isfinite(neutral) & (untold | ideal | np.isin(kind, _TAPPED))
    for k in np.flatnonzero(trafo.flags("tap_dependency_table", False)):
        trafo.wrong(int(k), "its taps follow a table, which we cannot take into account yet")
    if not counts.any():
        return table
    taps = np.where(counts, position - neutral, 0.0)
    chord = ideal & (angle == 0) & (taps != 0)  # a symmetrical phase shifter: percent of the chord
    angle = np.where(chord, np.degrees(2 * np.arcsin(taps * step / 200)) / np.where(chord, taps, 1.0), angle)
    columns = {
        "tap_side": side,
        "tap_pos": np.where(counts, position, 0.0).astype(np.int64),
        "tap_neutral": np.where(counts, neutral, 0.0).astype(np.int64),
        "tap_step_pct": np.where(ideal, 0.0, step),
        "tap_step_deg": angle,
    }
    sources = np.where(counts, GIVEN, MISSING)
    made = make_table(table.name, table.ids, columns, sources, problems)
    for column in made.columns:
        table = table.put(column, made[column.name], made.source(column.name))
    return table


def transformers_3w(trafo: Frame, ids: Sequence[str], problems: Problems) -> Table:
    """Return the table of three-winding transformers."""
    columns: dict[str, Any] = {f"{side}_bus": trafo.find(f"{side}_bus", ids, "bus") for side in ("hv", "mv", "lv")}
    for side in ("hv", "mv", "lv"):
        columns[f"{side}_rated_v"] = trafo.numbers(f"vn_{side}_kv") * 1e3
        columns[f"{side}_rated_va"] = trafo.numbers(f"sn_{side}_mva") * 1e6
    for ours, theirs in (("hv_mv", "hv"), ("mv_lv", "mv"), ("hv_lv", "lv")):
        columns[f"vk_{ours}_pct"] = trafo.numbers(f"vk_{theirs}_percent")
        columns[f"vkr_{ours}_pct"] = trafo.numbers(f"vkr_{theirs}_percent")
    columns |= {
        "iron_loss_w": trafo.numbers("pfe_kw", 0.0) * 1e3,
        "no_load_current_pct": np.abs(trafo.numbers("i0_percent", 0.0)),
        "shift_mv_deg": trafo.numbers("shift_mv_degree", 0.0),
        "shift_lv_deg": trafo.numbers("shift_lv_degree", 0.0),
    }
    names = [f"transformer3w {k}" for k in trafo.text("id")]
    table = make_table("transformer_3w", names, columns, problems=problems)
    groups = np.array([name.rstrip("0123456789") for name in trafo.text("vector_group", "")], dtype=np.str_)
    known = np.isin(groups, WINDINGS_3W)
    if known.any():
        made = make_table("transformer_3w", names, {"windings": groups}, np.where(known, GIVEN, MISSING), problems)
        table = table.put(made.column("windings"), made["windings"], made.source("windings"))
    for k in np.flatnonzero(trafo.flags("tap_at_star_point", False)):
        trafo.wrong(int(k), "its taps are at the star point, which we cannot take into account yet")
    return _with_taps(table, trafo, problems)
