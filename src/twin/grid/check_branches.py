"""What can be wrong with lines, transformers, regulators and switches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problems
from twin.grid.check_rows import inside, not_positive, report
from twin.grid.model import ElectricGrid
from twin.grid.phases import at_bus, joined
from twin.table import Table

__all__ = ["check_branches"]

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

# IEC 60038: the highest medium voltage. Above, branches may stand for parts of a grid that were left out (Ward
# equivalents) or for windings of a star, and what they are made of may be below zero; below it, that is a slip.
_EQUIVALENTS_ABOVE_V = 36e3


def check_branches(grid: ElectricGrid, problems: Problems) -> None:
    """Add what is wrong with whatever joins buses."""
    _check_matrices(grid, problems)
    _check_lines(grid, problems)
    _check_transformers(grid, problems)
    _check_star_transformers(grid, problems)
    _check_regulators(grid, problems)
    _check_switches(grid, problems)


def _check_lines(grid: ElectricGrid, problems: Problems) -> None:
    line = grid.line
    _check_ends(grid, line, ("from_bus", "to_bus"), problems, same_voltage=True)
    for name in ("length_m", "parallel"):
        report(line, not_positive(line[name]), f"has a {name} that is not positive", problems)
    if "max_current_a" in line:
        bad = ~line.missing("max_current_a") & not_positive(line["max_current_a"])
        report(line, bad, "has a max_current_a that is not positive", problems)
    by_matrix = np.zeros(len(line), dtype=bool)
    by_matrix[grid.line_matrix["line"][inside(grid.line_matrix["line"], len(line))]] = True
    slip = ~_may_be_equivalent(grid, line, "from_bus")
    sequences = ("r_ohm_m", "x_ohm_m"), ("r0_ohm_m", "x0_ohm_m")
    for r, x in sequences[: 1 if grid.phases == 1 else 2]:
        absent = line.missing(r) | line.missing(x)
        report(line, ~by_matrix & absent, f"has no {r} or {x}, nor rows of line_matrix", problems)
        if r in line and x in line:
            given = ~by_matrix & ~absent
            report(line, given & ~(np.abs(line[r] + 1j * line[x]) > 0), f"has no impedance ({r}, {x})", problems)
            report(line, given & slip & (line[r] < 0), f"has a negative {r}", problems)
    for name in ("c_f_m", "c0_f_m"):
        if name in line:
            report(line, slip & ~line.missing(name) & (line[name] < 0), f"has a negative {name}", problems)


def _may_be_equivalent(grid: ElectricGrid, table: Table, *ends: str) -> Mask:
    """Return whether a branch may stand for what is no line and no transformer."""
    known = np.clip(np.stack([table[end] for end in ends]), 0, len(grid.bus) - 1)
    return np.asarray((grid.bus["v_nom_v"][known] > _EQUIVALENTS_ABOVE_V).any(axis=0))


def _check_matrices(grid: ElectricGrid, problems: Problems) -> None:
    table = grid.line_matrix
    if not len(table):
        return
    known = inside(table["line"], len(grid.line))
    report(table, ~known, "belongs to a line that does not exist", problems)
    low, high = np.minimum(table["phase_a"], table["phase_b"]), np.maximum(table["phase_a"], table["phase_b"])
    key = table["line"] * 9 + low * 3 + high
    _, first = np.unique(key, return_index=True)
    report(table, ~np.isin(np.arange(len(table)), first), "has the line and phases of another one", problems)
    own = known & (low == high)
    report(table, own & ~(np.abs(table["r_ohm_m"] + 1j * table["x_ohm_m"]) > 0), "has no impedance", problems)
    present = np.zeros((len(grid.line), 3), dtype=bool)
    present[table["line"][own], low[own]] = True
    lacking = known & ~(present[table["line"] * known, low] & present[table["line"] * known, high])
    report(table, lacking, "couples a phase whose own impedance is missing", problems)
    if grid.phases == 1:
        problems.add("line_matrix has rows, but one node stands for all phases of a bus", expected="sequence values")


def _check_transformers(grid: ElectricGrid, problems: Problems) -> None:
    table = grid.transformer
    _check_ends(grid, table, ("hv_bus", "lv_bus"), problems)
    for name in ("s_rated_va", "hv_rated_v", "lv_rated_v", "parallel"):
        report(table, not_positive(table[name]), f"has a {name} that is not positive", problems)
    report(table, not_positive(np.abs(table["vk_pct"])), "has a vk_pct that is zero or infinite", problems)
    slip = ~_may_be_equivalent(grid, table, "hv_bus", "lv_bus")
    for vk, vkr in (("vk_pct", "vkr_pct"), ("vk0_pct", "vkr0_pct")):
        if vk in table and vkr in table:
            bad = (slip & (table[vkr] < 0)) | (np.abs(table[vkr]) > np.abs(table[vk]))
            report(table, bad, f"has a {vkr} outside of 0 .. {vk}", problems)
    _check_taps(table, problems)
    if grid.phases == 3 and len(table) and "phases" in table:
        part = ~table.missing("phases") & (table["phases"] != "abc")
        star = np.char.find(np.char.replace(np.char.lower(table["vector_group"]), "yn", ""), "y") >= 0
        zigzag = np.char.find(table["vector_group"], "z") >= 0
        what = "has not all phases, but a zigzag winding or a star whose neutral is not earthed"
        report(table, part & (star | zigzag), what, problems)


def _check_taps(table: Table, problems: Problems) -> None:
    side = ~table.missing("tap_side")
    for name in ("tap_pos", "tap_neutral"):
        report(table, side & table.missing(name), f"has a tap_side, but no {name}", problems)
    step = table.missing("tap_step_pct") & table.missing("tap_step_deg")
    report(table, side & step, "has a tap_side, but no tap_step_pct", problems)


def _check_star_transformers(grid: ElectricGrid, problems: Problems) -> None:
    table = grid.transformer_3w
    if not len(table):
        return
    _check_ends(grid, table, ("hv_bus", "mv_bus", "lv_bus"), problems)
    for what in ("rated_v", "rated_va"):
        for side in ("hv", "mv", "lv"):
            name = f"{side}_{what}"
            report(table, not_positive(table[name]), f"has a {name} that is not positive", problems)
    for pair in ("hv_mv", "mv_lv", "hv_lv"):
        vk, vkr = table[f"vk_{pair}_pct"], table[f"vkr_{pair}_pct"]
        report(table, not_positive(vk), f"has a vk_{pair}_pct that is not positive", problems)
        report(table, (vkr < 0) | (vkr > vk), f"has a vkr_{pair}_pct outside of 0 .. vk_{pair}_pct", problems)
    _check_taps(table, problems)
    if grid.phases == 3:
        report(table, table.missing("windings"), "has no windings, on which the zero sequence hangs", problems)


def _check_regulators(grid: ElectricGrid, problems: Problems) -> None:
    table = grid.regulator
    if not len(table):
        return
    good = _check_ends(grid, table, ("from_bus", "to_bus"), problems, same_voltage=True)
    none = ~(np.abs(table["r_ohm"] + 1j * table["x_ohm"]) > 0)
    report(table, none, "has no impedance (r_ohm, x_ohm)", problems)
    phases = np.zeros((len(table), 3), dtype=bool)
    phases[good] = joined(grid, table.take(good), "from_bus", "to_bus")
    for k, name in enumerate(("ratio_a", "ratio_b", "ratio_c")):
        absent = table.missing(name)
        report(table, phases[:, k] & absent, f"has no {name}", problems)
        if name in table:
            bad = phases[:, k] & ~absent & not_positive(table[name])
            report(table, bad, f"has a {name} that is not positive", problems)


def _check_switches(grid: ElectricGrid, problems: Problems) -> None:
    table = grid.switch
    if not len(table):
        return
    at = inside(table["bus"], len(grid.bus))
    report(table, ~at, "is at a bus that does not exist", problems)
    ends = {"bus": None, "line": ("from_bus", "to_bus"), "transformer": ("hv_bus", "lv_bus")}
    for kind, names in ends.items():
        element: Table = getattr(grid, kind)
        here = table["element_type"] == kind
        known = inside(table["element"], len(element))
        report(table, here & ~known, f"joins a {kind} that does not exist", problems)
        here &= known & at
        if names is None:
            one, other = (grid.bus["v_nom_v"][table[end] * here] for end in ("bus", "element"))
            unlike = here & table["closed"] & (one != other)
            report(table, unlike, "joins buses of different voltage", problems)
        elif here.any():
            row = table["element"][here]
            away = np.zeros(len(table), dtype=bool)
            away[here] = ~np.logical_or.reduce([element[name][row] == table["bus"][here] for name in names])
            report(table, away, f"is at a bus where its {kind} does not end", problems)


def _check_ends(
    grid: ElectricGrid, table: Table, names: tuple[str, ...], problems: Problems, same_voltage: bool = False
) -> Mask:
    """Report ends at buses or phases that do not exist; return which elements have good ends."""
    n = len(grid.bus)
    known = {name: inside(table[name], n) for name in names}
    for name, good in known.items():
        report(table, ~good, f"has a {name} that does not exist", problems)
    good = np.asarray(np.logical_and.reduce(list(known.values())))
    same = np.zeros(len(table), dtype=bool)
    for i, one in enumerate(names):
        for other in names[i + 1 :]:
            same |= table[one] == table[other]
    report(table, good & same, "begins and ends at the same bus", problems)
    if n and same_voltage:
        volt, far_volt = (grid.bus["v_nom_v"][np.where(good, table[name], 0)] for name in names)
        report(table, good & (volt != far_volt), "joins buses of different voltage", problems)
    _check_phases(grid, table, names, good, problems)
    return good


def _check_phases(grid: ElectricGrid, table: Table, names: tuple[str, ...], good: Mask, problems: Problems) -> None:
    if grid.phases == 1 or not good.any():
        return
    some = table.take(good)
    if table.name == "line" and not good.all():
        return  # rows of line_matrix go by the row of the line; the ends come first
    wanted = joined(grid, some, *names)
    lacking = np.zeros(len(some), dtype=bool)
    for name in names:
        lacking |= (wanted & ~at_bus(grid)[some[name]]).any(axis=1)
    report(some, lacking, "joins a phase that its bus has not", problems)
    report(some, np.asarray(~wanted.any(axis=1)), "joins buses that have no phase in common", problems)
