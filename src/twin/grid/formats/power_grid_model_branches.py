"""Generic branches and three-winding transformers of power-grid-model as columns of the tables of transformers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.grid.formats.frame import Frame
from twin.grid.model import WINDINGS_3W

__all__ = ["WINDINGS", "charging", "generic_branches", "tap_positions", "three_windings"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

WINDINGS = ("Y", "YN", "D", "Z", "ZN")
_TAP_SIDES = ("hv", "mv", "lv")
_RATED_VA = 1e8  # on which impedances are stated here where a branch has no rating


def tap_positions(unit: Frame) -> dict[str, Ints]:
    """Return taps in use and neutral ones; counted downwards where the highest voltage is at the lowest tap."""
    direction = np.where(unit.numbers("tap_max", 1.0) >= unit.numbers("tap_min", -1.0), 1, -1)
    return {
        "tap_pos": unit.whole("tap_pos", 0) * direction,
        "tap_neutral": unit.whole("tap_nom", 0) * direction,
    }


def generic_branches(branch: Frame, near: Ints, far: Ints, u_rated: Floats) -> dict[str, Any]:
    """Return branches with a ratio as transformers without losses in their core; see `charging` for the rest.

    Source: power-grid-model's user manual, "Generic branch": a pi in ohm and siemens of the side ``to``, behind a
    ratio ``k`` to that of the nodes' rated voltages that turns by ``theta``.
    """
    z = branch.numbers("r1") + 1j * branch.numbers("x1")
    none = np.flatnonzero(z == 0)
    branch.wrong_cells("x1", {int(k): "r1 and x1 are 0" for k in none}, "an impedance")
    rated = branch.numbers("sn", 0.0)
    rated = np.where(rated > 0, rated, _RATED_VA)
    percent = 100 * rated / u_rated[far] ** 2
    return {
        "hv_bus": near,
        "lv_bus": far,
        "parallel": 1,
        "s_rated_va": rated,
        "hv_rated_v": u_rated[near] * branch.numbers("k", 1.0),
        "lv_rated_v": u_rated[far],
        "vk_pct": np.copysign(np.abs(z), z.imag + 0.0) * percent,
        "vkr_pct": z.real * percent,
        "vector_group": "YNyn0",
        "shift_deg": np.degrees(branch.numbers("theta", 0.0)),
    }


def charging(branch: Frame, far: Ints, u_rated: Floats) -> tuple[Complex, Complex]:
    """Return what half of a generic branch's admittance to earth draws at its near and far end, VA."""
    admittance = branch.numbers("g1", 0.0) - 1j * branch.numbers("b1", 0.0)
    half = np.asarray(admittance / 2 * u_rated[far] ** 2, dtype=np.complex128)
    return np.asarray(half / branch.numbers("k", 1.0) ** 2), half


def three_windings(unit: Frame, ends: tuple[Ints, Ints, Ints]) -> dict[str, Any]:
    """Return transformers of three windings, of which none is switched off; both tools state them on like ratings."""
    columns: dict[str, Any] = {f"{side}_bus": bus for side, bus in zip(_TAP_SIDES, ends, strict=True)}
    rated = {}
    for k, name in enumerate(_TAP_SIDES, start=1):
        columns[f"{name}_rated_v"] = unit.numbers(f"u{k}")
        columns[f"{name}_rated_va"] = rated[k] = unit.numbers(f"sn_{k}")
        for row in np.flatnonzero(unit.numbers(f"status_{k}", 1.0) == 0):
            unit.wrong(int(row), f"status_{k} is 0: a winding that is off, which we cannot take into account yet", "1")
    for one, other in ((1, 2), (2, 3), (1, 3)):
        pair = f"{_TAP_SIDES[one - 1]}_{_TAP_SIDES[other - 1]}"
        columns[f"vk_{pair}_pct"] = unit.numbers(f"uk_{one}{other}") * 100
        smaller = np.minimum(rated[one], rated[other])
        columns[f"vkr_{pair}_pct"] = unit.numbers(f"pk_{one}{other}") / smaller * 100
    side = unit.whole("tap_side", 0)
    of_side = np.choose(np.clip(side, 0, 2), [columns[f"{name}_rated_v"] for name in _TAP_SIDES])
    return columns | {
        "windings": _windings(unit),
        "iron_loss_w": unit.numbers("p0", 0.0),
        "no_load_current_pct": unit.numbers("i0", 0.0) * 100,
        "shift_mv_deg": unit.numbers("clock_12") * 30.0,
        "shift_lv_deg": unit.numbers("clock_13") * 30.0,
        "tap_side": np.array(_TAP_SIDES)[np.clip(side, 0, 2)],
        "tap_step_pct": unit.numbers("tap_size", 0.0) / of_side * 100,
        **tap_positions(unit),
    }


def _windings(unit: Frame) -> NDArray[np.str_]:
    found = []
    for k, kinds in enumerate(zip(*(unit.whole(f"winding_{side}") for side in (1, 2, 3)), strict=True)):
        names = [WINDINGS[kind] if 0 <= kind < len(WINDINGS) else "?" for kind in kinds]
        name = names[0] + "".join(names[1:]).lower()
        if name not in WINDINGS_3W:
            unit.wrong(k, f"windings {', '.join(map(str, kinds))} are none that we know", ", ".join(WINDINGS_3W))
        found.append(name if name in WINDINGS_3W else WINDINGS_3W[0])
    return np.array(found, dtype=np.str_)
