"""What pandapower's tables have beyond ours, put as rows of its other tables: wards, impedances, DC lines, motors.

Source: that tool's documentation, "Ward", "Extended Ward", "Impedance", "DC Line", "Motor" (element models).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from twin.grid.formats.frame import Frame

__all__ = ["EQUIVALENTS", "with_equivalents"]

EQUIVALENTS = ("impedance", "ward", "xward", "dcline", "motor")

Row = tuple[str, dict[str, Any]]


def with_equivalents(frames: Mapping[str, Frame]) -> dict[str, Frame]:
    """Return frames in which the elements of `EQUIVALENTS` are rows of other tables; each of theirs has an ``id``.

    A ward is a load and a shunt, an extended ward these and a generator behind an impedance; an impedance becomes a
    transformer of the nominal voltages of its ends, with shunts; a DC line two generators; a motor a load.
    """
    made: dict[str, Frame] = dict(frames)
    voltage = dict(zip(frames["bus"].text("id"), frames["bus"].numbers("vn_kv").tolist(), strict=True))
    out = set(frames["bus"].take(~frames["bus"].flags("in_service", True)).text("id"))
    for kind, rows_of in _MAKERS.items():
        frame = _in_service(frames[kind], out)
        ids = frame.text("id") if len(frame) else []
        for row, (name, values) in rows_of(frame, voltage) if len(frame) else ():
            values = {"id": f"{kind} {ids[row]}" + values.pop("end", ""), **values}
            target, place = made[name], f"{frame.file.name}:{frame.places[row]}"
            made[name] = Frame([*target.rows, values], target.file, [*target.places, place], target.problems)
    return made


def _in_service(frame: Frame, out: set[str]) -> Frame:
    """Return the elements in service; those at a bus that is not are not, either."""
    if not len(frame):
        return frame
    kept = frame.flags("in_service", True)
    for end in ("bus", "from_bus", "to_bus"):
        if frame.has(end):
            kept &= ~np.isin(frame.text(end), list(out))
    return frame.take(kept)


def _ward(frame: Frame, voltage: Mapping[str, float]) -> Iterator[tuple[int, Row]]:
    p, q, g, b = (frame.numbers(name).tolist() for name in ("ps_mw", "qs_mvar", "pz_mw", "qz_mvar"))
    for k, bus in enumerate(frame.text("bus")):
        yield k, ("load", {"bus": bus, "p_mw": p[k], "q_mvar": q[k]})
        yield k, ("shunt", {"bus": bus, "p_mw": g[k], "q_mvar": b[k]})


def _xward(frame: Frame, voltage: Mapping[str, float]) -> Iterator[tuple[int, Row]]:
    yield from _ward(frame, voltage)
    r, x, v = (frame.numbers(name).tolist() for name in ("r_ohm", "x_ohm", "vm_pu"))
    for k, (name, bus) in enumerate(zip(frame.text("id"), frame.text("bus"), strict=True)):
        inner = f"xward {name}"
        yield k, ("bus", {"vn_kv": voltage.get(bus, 1.0)})
        branch = {"from_bus": bus, "to_bus": inner, "length_km": 1.0, "r_ohm_per_km": r[k], "x_ohm_per_km": x[k]}
        yield k, ("line", {**branch, "r0_ohm_per_km": r[k], "x0_ohm_per_km": x[k], "max_i_ka": 1e3})
        yield k, ("gen", {"bus": inner, "p_mw": 0.0, "vm_pu": v[k]})


def _impedance(frame: Frame, voltage: Mapping[str, float]) -> Iterator[tuple[int, Row]]:
    r, x, rated = (frame.numbers(name) for name in ("rft_pu", "xft_pu", "sn_mva"))
    back = frame.numbers("rtf_pu") + 1j * frame.numbers("xtf_pu")
    unlike = np.flatnonzero(back != r + 1j * x)
    what = "its impedance differs by direction, which we cannot take into account"
    frame.wrong_cells("rtf_pu", {int(k): what for k in unlike}, "rtf_pu as rft_pu, xtf_pu as xft_pu")
    size = np.copysign(np.hypot(r, x), x + 0.0) * 100
    ends = {end: frame.text(f"{end}_bus") for end in ("from", "to")}
    shunted = {end: (frame.numbers(f"g{end[0]}_pu", 0.0), frame.numbers(f"b{end[0]}_pu", 0.0)) for end in ends}
    for k in range(len(frame)):
        branch = {
            "hv_bus": ends["from"][k],
            "lv_bus": ends["to"][k],
            "sn_mva": rated[k],
            "vn_hv_kv": voltage.get(ends["from"][k], 1.0),
            "vn_lv_kv": voltage.get(ends["to"][k], 1.0),
            "vk_percent": size[k],
            "vkr_percent": r[k] * 100,
            "vector_group": "YNyn0",
        }
        yield k, ("trafo", branch)
        for end, (g, b) in shunted.items():
            if g[k] or b[k]:
                power = {"p_mw": g[k] * rated[k], "q_mvar": -b[k] * rated[k]}
                yield k, ("shunt", {"bus": ends[end][k], "end": f" {end}", **power})


def _dcline(frame: Frame, voltage: Mapping[str, float]) -> Iterator[tuple[int, Row]]:
    sent = frame.numbers("p_mw")
    left = np.abs(sent) * (1 - frame.numbers("loss_percent", 0.0) / 100) - frame.numbers("loss_mw", 0.0)
    forward = sent > 0
    power = {"from": np.where(forward, -np.abs(sent), left), "to": np.where(forward, left, -np.abs(sent))}
    for end, p in power.items():
        bus, v = frame.text(f"{end}_bus"), frame.numbers(f"vm_{end}_pu").tolist()
        limits = {f"{side}_q_mvar": f"{side}_q_{end}_mvar" for side in ("min", "max")}
        for k in range(len(frame)):
            stated = {ours: frame.rows[k].get(theirs) for ours, theirs in limits.items()}
            yield k, ("gen", {"bus": bus[k], "end": f" {end}", "p_mw": p[k], "vm_pu": v[k], **stated})


def _motor(frame: Frame, voltage: Mapping[str, float]) -> Iterator[tuple[int, Row]]:
    share = frame.numbers("scaling", 1.0) * frame.numbers("loading_percent", 100.0) / 100
    p = frame.numbers("pn_mech_mw") / (frame.numbers("efficiency_percent", 100.0) / 100) * share
    q = p * np.tan(np.arccos(frame.numbers("cos_phi")))
    for k, bus in enumerate(frame.text("bus")):
        yield k, ("load", {"bus": bus, "p_mw": p[k], "q_mvar": q[k]})


_MAKERS = {"impedance": _impedance, "ward": _ward, "xward": _xward, "dcline": _dcline, "motor": _motor}
