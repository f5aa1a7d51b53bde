"""One step against its reference: voltages of buses and nodes, flows of lines and transformers, losses."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, TwinError
from twin.validation.grid.references import Reference, read_json, stated_number
from twin.validation.grid.rows import Row, compared
from twin.validation.grid.study import BranchState, Study

__all__ = ["SNAPSHOT", "Compare", "Tolerances", "voltage_rows"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Tolerances = Mapping[str, float]
Compare = Callable[[str, Path, Study, Tolerances], Iterator[Row]]

# Below these a flow is compared with what is left of it as an absolute value: solvers stop at about 1e-3 VA
_LEAST_VA = 10.0
_LEAST_A = 0.01
_LEAST_LOADING = 1e-4
_MOST_NODES = 99  # of a bus


def _bus_rows(case: str, path: Path, study: Study, allowed: Tolerances) -> Iterator[Row]:
    """Compare the voltages of balanced buses, angles against the source."""
    reference, tolerance = Reference(path), allowed["voltage_pu"]
    size, angle = reference.numbers("vm_pu", "va_degree").T
    nodes = study.nodes_of(reference.text("bus"), 0)
    yield from voltage_rows(case, "bus voltage", reference, study.voltage(), nodes, size, angle, tolerance)


def _node_rows(case: str, path: Path, study: Study, allowed: Tolerances) -> Iterator[Row]:
    """Compare voltages of buses, or of the nodes of buses (1, 2, 3), whichever the file lists.

    Nodes beyond are neutral conductors, which a grid has folded in.
    """
    reference = Reference(path)
    buses = reference.text("bus")
    if "node" in reference.columns:
        size, angle = reference.numbers("v_pu", "angle_deg").T
        phase = reference.integers("node", 1, _MOST_NODES) - 1
        size = np.where(phase < 3, size, np.nan)
        nodes = np.choose(np.minimum(phase, 2), [study.nodes_of(buses, p) for p in range(3)])
        tolerance = allowed["element_voltage_pu"]
    else:
        size, angle = reference.numbers("vm_pu", "va_deg").T
        nodes, tolerance = study.nodes_of(buses, 0), allowed["voltage_pu"]
    yield from voltage_rows(case, "bus voltage", reference, study.voltage(), nodes, size, angle, tolerance)


def voltage_rows(
    case: str,
    quantity: str,
    reference: Reference,
    voltage: Complex,
    nodes: NDArray[np.int64],
    size: Floats,
    angle_deg: Floats,
    tolerance: float,
) -> Iterator[Row]:
    """Yield how far magnitudes (pu) and angles (rad) are from a reference; what has no reference value is left out.

    Raises
    ------
    TwinError
        Naming the rows of the reference for which the grid has no node.
    """
    known = np.isfinite(size)
    _all_there(reference, known & (nodes < 0))
    found = voltage[nodes[known]]
    yield compared(case, quantity, np.abs(found) - size[known], tolerance, "pu")
    turn = found * np.exp(-1j * np.radians(angle_deg[known]))
    yield compared(case, f"{quantity}, angle", np.angle(turn[np.isfinite(turn)]), tolerance, "rad")


def _all_there(reference: Reference, lost: NDArray[np.bool_]) -> None:
    places = np.flatnonzero(lost)
    if len(places):
        named = ", ".join(str(reference.text(reference.columns[0])[k]) for k in places[:5])
        more = f" and {len(places) - 5} more" if len(places) > 5 else ""
        what = f"the grid has no {reference.columns[0]} {named}{more}"
        raise TwinError(Problem(what, reference.path, str(places[0] + 2)))


def _line_rows(case: str, path: Path, study: Study, allowed: Tolerances) -> Iterator[Row]:
    reference, tolerance = Reference(path), allowed["flow_rel"]
    state, ids = study.branches("line"), study.grid.line.ids.tolist()
    p, q, loss, current, loading = reference.numbers("p_from_mw", "q_from_mvar", "pl_mw", "i_ka", "loading_percent").T
    rows, known = _matched(reference, "line", ids, p)
    ends = (p + 1j * q)[known] * 1e6, loss[known] * 1e6
    yield from _flow_rows(case, "line", state, rows, *ends, tolerance)
    amperes = current[known] * 1e3
    yield _relative(case, "line current", state.current_a[rows], amperes, _LEAST_A, tolerance)
    yield _relative(case, "line loading", state.loading[rows], loading[known] / 100, _LEAST_LOADING, tolerance)


def _transformer_rows(case: str, path: Path, study: Study, allowed: Tolerances) -> Iterator[Row]:
    reference, tolerance = Reference(path), allowed["flow_rel"]
    state, ids = study.branches("transformer"), study.grid.transformer.ids.tolist()
    p, q, loss, loading = reference.numbers("p_hv_mw", "q_hv_mvar", "pl_mw", "loading_percent").T
    rows, known = _matched(reference, "trafo", ids, p)
    ends = (p + 1j * q)[known] * 1e6, loss[known] * 1e6
    yield from _flow_rows(case, "transformer", state, rows, *ends, tolerance)
    loads = loading[known] / 100
    yield _relative(case, "transformer loading", state.loading[rows], loads, _LEAST_LOADING, tolerance)


def _matched(
    reference: Reference, column: str, ids: Sequence[str], flow: Floats
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return our rows of the branches in a reference, and which rows of the reference these are.

    Branches that we have not (out of service) are left out where the reference has no flow either.
    """
    place: dict[str, int] = {}
    for k, name in enumerate(ids):  # those of a file's own branches stand before what other elements became
        place.setdefault(name.partition(" ")[2] or name, k)  # without its kind
    rows = np.array([place.get(name, -1) for name in reference.text(column)], dtype=np.int64)
    _all_there(reference, (rows < 0) & (np.nan_to_num(flow) != 0))
    known = (rows >= 0) & np.isfinite(flow)
    return rows[known], known


def _flow_rows(
    case: str,
    kind: str,
    state: BranchState,
    rows: NDArray[np.int64],
    near_va: Complex,
    loss_w: Floats,
    tolerance: float,
) -> Iterator[Row]:
    """Compare P + jQ at both ends, over the apparent power at the near end, and losses.

    Of the far end the reference states P as that of the near end less the losses.
    """
    size = np.maximum(np.abs(near_va), _LEAST_VA)
    yield compared(case, f"{kind} power, near end", np.abs(state.near_va[rows] - near_va) / size, tolerance, "1")
    far = loss_w - near_va.real
    yield compared(case, f"{kind} power, far end", (state.far_va.real[rows] - far) / size, tolerance, "1")
    losses = (state.near_va + state.far_va).real[rows]
    yield _relative(case, f"{kind} losses", losses, loss_w, _LEAST_VA, tolerance)


def _relative(case: str, quantity: str, found: Floats, known: Floats, least: float, tolerance: float) -> Row:
    """Compare what has a reference value, relative to this, ``least`` at least."""
    stated = np.isfinite(known)
    off = (found - known)[stated] / np.maximum(np.abs(known[stated]), least)
    return compared(case, quantity, off, tolerance, "1")


def _total_rows(case: str, path: Path, study: Study, allowed: Tolerances) -> Iterator[Row]:
    """Compare what the case says of the whole grid: losses, and the lowest voltage."""
    about = read_json(path)
    losses = stated_number(about, "ref_losses_kw", "losses_kw")
    if losses is not None:
        off = study.losses_w() / 1e3 / losses - 1
        yield compared(case, "losses", off, allowed["losses_rel"], "1", f"of {losses:.6g} kW")
    lowest = stated_number(about, "ref_vmin_pu", "vmin_pu")
    if lowest is not None:
        off = np.abs(study.voltage()[study.own_nodes]).min() - lowest
        yield compared(case, "lowest voltage", off, allowed["voltage_pu"], "pu")
    totals = about.get("reference")
    if isinstance(totals, dict):
        yield from _program_rows(case, totals, study, allowed["flow_rel"])


def _program_rows(case: str, totals: dict[str, Any], study: Study, tolerance: float) -> Iterator[Row]:
    """Compare losses and the power of the sources with those of the program that solved an element file."""
    losses, source = (values[0] for values in study.losses_and_source_w)
    known = stated_number(totals, "losses_w")
    if known:
        yield compared(case, "losses", losses / known - 1, tolerance, "1", f"of {known / 1e3:.6g} kW")
    known = stated_number(totals, "total_power_kw")  # negative: into the sources
    if known:
        yield compared(case, "power of the sources", source / 1e3 / -known - 1, tolerance, "1", f"of {-known:.6g} kW")


SNAPSHOT: Mapping[str, Compare] = {
    "ref_bus.csv": _bus_rows,
    "ref_voltages.csv": _node_rows,
    "ref_line.csv": _line_rows,
    "ref_trafo.csv": _transformer_rows,
    "case.json": _total_rows,
    "network.json": _total_rows,
}
"""How each file with references for the first step is compared; all raise `TwinError` if it is not in order."""
