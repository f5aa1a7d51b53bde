"""Transformers as branches of symmetrical components, and those of fewer phases winding by winding.

Two windings are a T of halves of the short-circuit impedance around the magnetizing admittance, turned into a pi
(star-delta), with the low-voltage side as reference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.grid.model import clock, windings
from twin.grid.sequences import BASE_VA, Branches, given, short_circuit, stacked
from twin.table import Table

__all__ = ["incidence", "magnetizing", "rated_voltages", "shift_rad", "single_units", "transformer_branches"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_TURNED = (2, 6, 10, 3, 7, 11)  # hours at which a winding is reversed, beside phases exchanged in turn


def rated_voltages(table: Table, sides: tuple[str, ...]) -> tuple[Complex, ...]:
    """Return the rated voltage of every side at the tap in use, V, shape ``(n,)`` each; its angle is that of the tap.

    A tap adds a voltage of ``tap_step_pct`` at ``tap_step_deg`` (quadrature and symmetrical regulation), or turns by
    ``tap_step_deg`` where it has no ``tap_step_pct`` (an ideal phase shifter).
    """
    position = given(table, "tap_pos", 0.0) - given(table, "tap_neutral", 0.0)
    step, angle = given(table, "tap_step_pct", 0.0) / 100, np.radians(given(table, "tap_step_deg", 0.0))
    tap = np.where(step != 0, 1 + position * step * np.exp(1j * angle), np.exp(1j * position * angle))
    where = table["tap_side"] if "tap_side" in table else np.full(len(table), "")
    return tuple(table[f"{side}_rated_v"] * np.where(where == side, tap, 1.0) for side in sides)


def shift_rad(table: Table) -> Floats:
    """Return by how much the low-voltage side lags in the positive sequence: the vector group's hours, or as given."""
    hours = np.array([clock(str(group)) for group in table["vector_group"]], dtype=np.float64)
    return np.radians(given(table, "shift_deg", 30.0 * hours))


def magnetizing(table: Table, rated_va: Floats) -> Complex:
    """Return the admittance of core losses and magnetizing current, per unit of `BASE_VA`, of one transformer."""
    conductance = given(table, "iron_loss_w", 0.0)
    total = given(table, "no_load_current_pct", 0.0) / 100 * rated_va
    susceptance = np.sqrt(np.maximum(total**2 - conductance**2, 0.0)) * np.sign(total)
    return np.asarray(conductance - 1j * susceptance) / BASE_VA


def transformer_branches(table: Table, v_nom: Floats, near: Ints, far: Ints, phases: int) -> Branches:
    """Return three-phase transformers.

    Parameters
    ----------
    v_nom
        Nominal voltage of every bus, V.
    near, far
        What stands for the high- and the low-voltage bus in the result, shape ``(n,)``.

    Notes
    -----
    Zero sequence passes where both stars are earthed. Otherwise a side whose star or zigzag is earthed is an
    impedance to earth if a delta (or the zigzag itself) balances it; for an earthed star beside one that is not, the
    core decides, and it counts only where ``vk0_pct`` is given. All else is open.
    """
    hv, lv = rated_voltages(table, ("hv", "lv"))
    low = np.abs(lv) / v_nom[table["lv_bus"]]
    rated = table["s_rated_va"] * table["parallel"]
    shunted = magnetizing(table, table["s_rated_va"]) * table["parallel"] / low**2
    series, shunt = _pi(_referred(table, "vk_pct", "vkr_pct", rated, low), shunted)
    turns = hv / lv * v_nom[table["lv_bus"]] / v_nom[table["hv_bus"]]
    ratio = turns * np.exp(1j * shift_rad(table))
    if phases == 1:
        return Branches(near, far, series[None], shunt[None], shunt[None], ratio[None])
    through, hv_earth, lv_earth = _zero_paths(table)
    z0 = _referred(table, "vk0_pct", "vkr0_pct", rated, low)
    series0, shunt0 = (np.where(through, y, 0.0) for y in _pi(z0, shunted))
    reversed_ = np.isin(np.round(np.degrees(shift_rad(table)) / 30).astype(np.int64) % 12, _TURNED)
    return Branches(
        near=near,
        far=far,
        series=stacked(series0, series, 3),
        near_shunt=stacked(shunt0 + np.where(hv_earth, 1 / z0, 0.0), shunt, 3),
        far_shunt=stacked(shunt0 + np.where(lv_earth, 1 / z0, 0.0), shunt, 3),
        ratio=stacked(np.abs(turns) * np.where(reversed_ & through, -1.0, 1.0) + 0j, ratio, 3, ratio.conj()),
    )


def _referred(table: Table, vk: str, vkr: str, rated: Floats, low: Floats) -> Complex:
    """Return a short-circuit impedance seen from the low side; that of the positive sequence if it is missing."""
    z = short_circuit(given(table, vk, table["vk_pct"]), given(table, vkr, table["vkr_pct"]))
    return np.asarray(z * BASE_VA / rated * low**2)


def _pi(z: Complex, shunted: Complex) -> tuple[Complex, Complex]:
    """Return the series and shunt admittances of the pi that is alike to a T of z/2, a shunt and z/2."""
    return np.asarray(1 / (z + z**2 * shunted / 4)), np.asarray(shunted / (2 + z * shunted / 2))


def _zero_paths(table: Table) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where the zero sequence passes, where it reaches earth on the high and where on the low side."""
    sides = np.array([windings(str(group)) for group in table["vector_group"]], dtype=np.str_).reshape(-1, 2)
    high, low = sides.T
    through = (high == "YN") & (low == "yn")
    by_core = ~table.missing("vk0_pct")
    hv_earth = (high == "YN") & ((low == "d") | ((low == "y") & by_core))
    lv_earth = (low == "zn") | ((low == "yn") & ((high == "D") | ((high == "Y") & by_core)))
    return through, hv_earth, lv_earth


def incidence(vector_group: str) -> tuple[Floats, Floats]:
    """Return between which phases the three windings of each side lie, ``(3, 3)`` each: winding by phase.

    A row of a star holds a single 1, one of a delta 1 and -1. Derived from two pictures: like windings of hour 0, and
    Dy1, whose low-voltage phase a is wound with the high-voltage winding between a and c; four hours exchange the
    phases in turn, six reverse a winding, and Yd is Dy seen from the other side (IEC 60076-1).
    """
    (high, low), hour = windings(vector_group), clock(vector_group)
    one = np.eye(3)
    if low == "d" and high != "D":
        other, own = incidence(f"Dyn{-hour % 12}")
        return own, other
    reverse = hour in _TURNED
    steps = ((hour - (6 if reverse else 0) - (hour % 2)) // 4) % 3
    turned = np.roll(one, steps, axis=1)
    sign = -1.0 if reverse else 1.0
    if low == "d":
        return turned - np.roll(turned, 1, axis=1), sign * (one - np.roll(one, 1, axis=1))
    if high == "D":
        return turned - np.roll(turned, 2, axis=1), sign * one
    return turned, sign * one


def single_units(table: Table, v_nom: Floats, row: int, phases: NDArray[np.bool_]) -> tuple[Ints, Complex]:
    """Return a transformer of fewer phases than three as single-phase units.

    Units of `incidence` whose windings lie between phases that it joins are there; they share its rated power.

    Returns
    -------
    nodes
        Phases at the high side (0 to 2), then at the low one (3 to 5), shape ``(k,)``.
    y
        Per unit, shape ``(k, k)``; none if no winding fits.
    """
    one = table.take(np.array([row]))
    sides = incidence(str(one["vector_group"][0]))
    fits = np.logical_and.reduce([~(side[:, ~phases] != 0).any(axis=1) for side in sides])
    volts = rated_voltages(one, ("hv", "lv"))
    rated = float(one["s_rated_va"][0] * one["parallel"][0]) / max(int(fits.sum()), 1)
    z = short_circuit(one["vk_pct"], one["vkr_pct"]) * BASE_VA / 3 / rated
    shunted = magnetizing(one, one["s_rated_va"]) * one["parallel"] / max(int(fits.sum()), 1) * 3
    series, shunt = (y[0] for y in _pi(z, shunted))
    scaled = []
    for side, volt, bus in zip(sides, volts, ("hv_bus", "lv_bus"), strict=True):
        of_winding = np.abs(side).sum(axis=1)  # 1 in a star, 2 in a delta, whose voltage is sqrt(3) times higher
        scaled.append(side[fits] / (np.sqrt(2 * of_winding[fits] - 1) * np.abs(volt) / v_nom[one[bus][0]])[:, None])
    hang = np.zeros((2 * int(fits.sum()), 6))
    hang[0::2, :3], hang[1::2, 3:] = scaled
    unit = np.array([[series + shunt, -series], [-series, series + shunt]])
    y = hang.T @ np.kron(np.eye(int(fits.sum())), unit) @ hang
    nodes = np.flatnonzero(np.abs(hang).sum(axis=0)).astype(np.int64)
    return nodes, np.asarray(y[np.ix_(nodes, nodes)], dtype=np.complex128)
