"""Three-winding transformers as stars whose middle is eliminated, by sequence."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from twin.grid.sequences import BASE_VA, in_phases, short_circuit
from twin.grid.transformers import magnetizing, rated_voltages
from twin.table import Table

__all__ = ["star_admittances"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]

_LEAST = 1e-9  # of an impedance: instead of 0, which the middle winding of three on one core may well have
_SIDES = ("hv", "mv", "lv")
_PAIRS = (("hv", "mv"), ("mv", "lv"), ("hv", "lv"))


def star_admittances(table: Table, v_nom: Floats, phases: int) -> Complex:
    """Return the admittances of three-winding transformers, per unit, shape ``(n, 3 phases, 3 phases)``.

    Each winding is half the sum of its two short-circuit impedances less the third one (all on one base); core losses
    and magnetizing current lie within the high-voltage winding. Zero-sequence impedances are as the positive ones; a
    star that is earthed leads to the middle, a delta ties the middle to earth, a star that is not earthed is open.
    """
    z = _windings(table)
    turns = _turns(table, v_nom)
    shunted = magnetizing(table, table["hv_rated_va"])
    one = _eliminated(1 / z, np.zeros_like(z), shunted)
    if phases == 1:
        return _between_sides(one[:, None], turns[None], 1)
    kinds = _kinds(table)
    through = np.where(np.isin(kinds, ("YN", "yn")), 1 / z, 0.0)
    to_earth = np.where(np.isin(kinds, ("D", "d")), 1 / z, 0.0)
    zero = _eliminated(through, to_earth, np.where(kinds[0] == "YN", shunted, 0.0))
    ratios = np.stack([np.abs(turns) + 0j, turns, turns.conj()])
    return _between_sides(np.stack([zero, one, one], axis=1), ratios, 3)


def _windings(table: Table) -> Complex:
    """Return the impedance of each winding, per unit of `BASE_VA`, shape ``(3, n)``."""
    pair: dict[str, Complex] = {}
    for one, other in _PAIRS:
        rating = np.minimum(table[f"{one}_rated_va"], table[f"{other}_rated_va"])
        z = short_circuit(table[f"vk_{one}_{other}_pct"], table[f"vkr_{one}_{other}_pct"])
        pair[one + other] = np.asarray(z * BASE_VA / rating)
    hm, ml, hl = pair["hvmv"], pair["mvlv"], pair["hvlv"]
    z = np.stack([hm + hl - ml, hm + ml - hl, hl + ml - hm]) / 2
    least = _LEAST * np.abs(hm)
    return np.asarray(np.where(np.abs(z) < least, 1j * least, z))


def _turns(table: Table, v_nom: Floats) -> Complex:
    """Return the voltage of each side over that of the middle, shape ``(3, n)``."""
    volts = rated_voltages(table, _SIDES)
    lag = np.zeros(len(table)), table["shift_mv_deg"], table["shift_lv_deg"]
    size = [volt / v_nom[table[f"{side}_bus"]] for side, volt in zip(_SIDES, volts, strict=True)]
    return np.stack([u * np.exp(-1j * np.radians(angle)) for u, angle in zip(size, lag, strict=True)])


def _kinds(table: Table) -> NDArray[np.str_]:
    """Return the windings of each side, shape ``(3, n)``."""
    found = [re.findall("YN|Y|D|yn|y|d", str(name)) for name in table["windings"]]
    return np.array(found, dtype=np.str_).reshape(-1, 3).T


def _eliminated(series: Complex, to_earth: Complex, shunted: Complex) -> Complex:
    """Return the admittances between the three sides, the middle eliminated (Kron), shape ``(3, 3, n)``.

    The high-voltage winding is a T around the magnetizing admittance.
    """
    n = series.shape[1]
    z = np.divide(1, series[0], out=np.zeros(n, dtype=np.complex128), where=series[0] != 0)
    hv_series = series[0] / (1 + z * shunted / 4)
    hv_shunt = np.where(series[0] != 0, shunted / (2 + z * shunted / 2), 0.0)
    y = np.stack([hv_series, series[1], series[2]])
    middle = y.sum(axis=0) + to_earth.sum(axis=0) + hv_shunt
    share = np.divide(y, middle, out=np.zeros_like(y), where=middle != 0)
    full = -y[:, None] * share[None]
    for k in range(3):
        full[k, k] += y[k]
    full[0, 0] += hv_shunt
    return np.asarray(full)


def _between_sides(y: Complex, turns: Complex, phases: int) -> Complex:
    """Return the blocks of admittances ``(3, sequences, 3, n)`` seen from the sides, shape ``(n, 3 phases, 3 phases)``.

    ``turns`` is ``(sequences, 3, n)``.
    """
    result = np.empty((y.shape[-1], 3 * phases, 3 * phases), dtype=np.complex128)
    for i, j in np.ndindex(3, 3):
        block = in_phases(y[i, :, j] / (turns[:, i].conj() * turns[:, j]), phases)
        result[:, i * phases : (i + 1) * phases, j * phases : (j + 1) * phases] = block
    return result
