"""Symmetrical components: branches by sequence, per unit, and what they are between phases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.table import Table

__all__ = ["BASE_VA", "FORTESCUE", "Branches", "given", "in_phases", "short_circuit", "stacked"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BASE_VA = 1e5  # of three phases together

_A = np.exp(2j * np.pi / 3)
# Phase values from zero, positive and negative sequence (Fortescue 1918), for three phases and for one
_THREE: Complex = np.array([[1, 1, 1], [1, _A**2, _A], [1, _A, _A**2]])
_ONE: Complex = np.ones((1, 1), dtype=np.complex128)
FORTESCUE = {1: _ONE, 3: _THREE}


@dataclass(frozen=True)
class Branches:
    """Lines or transformers as two-ports, per unit: an ideal ratio at the near end, then a pi.

    Attributes
    ----------
    near, far
        Buses at its ends, shape ``(n,)``.
    series, near_shunt, far_shunt
        Admittances of every sequence, shape ``(sequences, n)``; the near shunt lies behind the ratio.
    ratio
        Near voltage over the voltage behind the ratio, shape ``(sequences, n)``; None if 1 everywhere.
    """

    near: Ints
    far: Ints
    series: Complex
    near_shunt: Complex
    far_shunt: Complex
    ratio: Complex | None

    def two_port(self) -> tuple[Complex, Complex, Complex, Complex]:
        """Return the admittances near-near, near-far, far-near and far-far, each ``(sequences, n)``."""
        ratio = np.ones_like(self.series) if self.ratio is None else self.ratio
        near = (self.series + self.near_shunt) / np.abs(ratio) ** 2
        return near, -self.series / np.conj(ratio), -self.series / ratio, self.series + self.far_shunt


def in_phases(sequences: Complex, phases: int) -> Complex:
    """Return what an admittance of each sequence is between the phases, shape ``(n, phases, phases)``."""
    turn = FORTESCUE[phases]
    return np.asarray(np.einsum("ps,sn,sq->npq", turn, sequences, np.conj(turn.T) / phases))


def stacked(zero: Complex, positive: Complex, phases: int, negative: Complex | None = None) -> Complex:
    """Stack the values of the sequences; the negative one is as the positive if it is not given."""
    if phases == 1:
        return positive[None]
    return np.stack([zero, positive, positive if negative is None else negative])


def given(table: Table, name: str, otherwise: ArrayLike) -> Floats:
    """Return a column, and something else where it is missing."""
    if name not in table:
        return np.broadcast_to(np.asarray(otherwise, dtype=np.float64), (len(table),))
    return np.where(table.missing(name), otherwise, table[name])


def short_circuit(vk_pct: Floats, vkr_pct: Floats) -> Complex:
    """Return the impedance behind a short-circuit voltage, per unit of the transformer's own ratings.

    A voltage below zero means a reactance below zero.
    """
    return np.asarray(vkr_pct + 1j * np.copysign(np.sqrt(vk_pct**2 - vkr_pct**2), vk_pct)) / 100
