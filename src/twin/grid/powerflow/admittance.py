"""A nodal network's admittance matrix, what its sources drive through it, and the voltages without any load.

Source of the nodal formulation: Kersting, Distribution System Modeling and Analysis; Bazrafshan & Gatsis, IEEE Trans.
Power Systems 33 (2018).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from twin.errors import Problem, TwinError
from twin.grid.powerflow.network import Complex, Ints, NodalNetwork, PrimitiveBlock

if TYPE_CHECKING:
    from scipy.sparse import csc_array

__all__ = ["Admittance", "admittance", "csc", "plausible"]

_PIVOT = 1e-13  # a pivot this small beside its column's largest entry means that a node floats
_ORDINARY = 0.8, 1.2  # voltages without load, per unit, from which an iteration may well begin
_BY_CHARGING = 0.1  # change of a voltage by charging and shunts that makes them the cause
_CLIP = 0.95, 1.05  # sizes of the voltages of a flat start
_KEPT = 1e-3  # of shunts and charging in a flat start: little, yet what they alone tie to ground does not float
_PLAUSIBLE = 0.7, 1.3  # voltages of a solution, per unit, beyond which another one is looked for


@dataclass(frozen=True)
class Admittance:
    """The network's equations ``matrix @ V = drive + fed in``, but at stiff nodes, which keep their voltage.

    Attributes
    ----------
    matrix
        Per unit, with the sources' own admittances, shape ``(n, n)``.
    drive
        Currents of the sources behind an admittance, shape ``(n,)``.
    stiff
        Nodes that keep their voltage.
    stiff_voltage
        Their voltage.
    """

    network: NodalNetwork
    matrix: csc_array
    drive: Complex
    stiff: Ints
    stiff_voltage: Complex

    @cached_property
    def free(self) -> Ints:
        """Nodes whose voltage is to be found."""
        return np.setdiff1d(np.arange(self.network.n_nodes), self.stiff)

    @cached_property
    def free_matrix(self) -> csc_array:
        """The equations of the free nodes alone."""
        return self.between(self.free, self.free)

    def between(self, rows: Ints, columns: Ints) -> csc_array:
        """Return the admittances from some nodes to others."""
        return csc(self._by_rows[rows][:, columns])

    @cached_property
    def _by_rows(self) -> Any:
        return self.matrix.tocsr()

    @cached_property
    def factors(self) -> Any:
        """Sparse LU factors of `free_matrix`.

        Raises
        ------
        TwinError
            If nodes have no path to a source or to ground, so that their voltage is not determined.
        """
        from scipy.sparse.linalg import splu

        try:
            factors = splu(self.free_matrix)
        except RuntimeError:
            raise TwinError(self._floating()) from None
        largest = abs(self.free_matrix).max(axis=0).toarray().ravel()[factors.perm_c]
        if (np.abs(factors.U.diagonal()) < _PIVOT * largest).any():
            raise TwinError(self._floating())
        return factors

    @cached_property
    def no_load(self) -> Complex:
        """Voltages while nothing is fed in or drawn, shape ``(n,)``."""
        voltage = np.zeros(self.network.n_nodes, dtype=np.complex128)
        voltage[self.stiff] = self.stiff_voltage
        if len(self.free):
            fed = np.asarray(self.drive - self.matrix @ voltage)[self.free]
            found = self.factors.solve(fed)
            # again with what rounding left: parts that next to nothing ties to ground are moved by it
            voltage[self.free] = found + self.factors.solve(np.asarray(fed - self.free_matrix @ found))
        return voltage

    @cached_property
    def raised(self) -> bool:
        """Whether charging or shunts bring the voltages without load out of any ordinary range; taps may."""
        if _within(self.no_load, _ORDINARY):
            return False
        try:
            uncharged = self._uncharged
        except TwinError:  # parts that nothing else ties to ground stand where charging and shunts put them
            return False
        return bool((np.abs(np.abs(self.no_load) - np.abs(uncharged)) > _BY_CHARGING).any())

    @cached_property
    def _uncharged(self) -> Complex:
        """Voltages without load, charging and shunts."""
        return admittance(replace(self.network, blocks=tuple(_uncharged(b) for b in self.network.blocks))).no_load

    @cached_property
    def flat(self) -> Complex:
        """Voltages to start from, shape ``(n,)``: those without load, and without charging where that raises them."""
        if not self.raised:
            return self.no_load
        voltage = self._uncharged.copy()
        size = np.abs(voltage)
        voltage[size > 0] *= np.clip(size, *_CLIP)[size > 0] / size[size > 0]
        voltage[self.stiff] = self.stiff_voltage
        return voltage

    def _floating(self) -> Problem:
        from scipy.sparse.csgraph import connected_components

        label = connected_components(abs(self.matrix), directed=False)[1]
        fed = np.isin(label, label[self.network.source_node])
        lost = np.unique(self.network.bus[~fed])
        where = f"buses (rows) {', '.join(map(str, lost[:10]))}" if len(lost) else "a delta winding's side"
        return Problem(
            f"the voltage of {where} is not determined: nothing ties it to a source or to ground",
            expected="a path to a source, or an earthing such as a shunt",
        )


def plausible(voltage: Complex) -> bool:
    """Return whether voltages per unit are of a size at which a grid may be run."""
    return _within(voltage, _PLAUSIBLE)


def _within(voltage: Complex, limits: tuple[float, float]) -> bool:
    size = np.abs(voltage)
    return bool(((size >= limits[0]) & (size <= limits[1])).all())


def _uncharged(block: PrimitiveBlock) -> PrimitiveBlock:
    """Return lines and shunts with next to none of what they have to ground."""
    if block.table == "shunt":
        return replace(block, y=_KEPT * block.y)
    if block.table != "line":
        return block
    half = block.y.shape[-1] // 2
    near, far = slice(0, half), slice(half, None)
    y = block.y.copy()
    for own, other in ((near, far), (far, near)):
        y[:, own, own] -= (1 - _KEPT) * (block.y[:, own, own] + block.y[:, own, other])
    return replace(block, y=y)


def csc(matrix: Any) -> csc_array:
    """Return a sparse matrix by columns."""
    from scipy.sparse import csc_array

    return csc_array(matrix)


def admittance(network: NodalNetwork) -> Admittance:
    """Sum the admittances of all elements.

    Parameters
    ----------
    network
        Elements may stand in any order; ground's entries are left out.
    """
    from scipy.sparse import coo_array

    n = network.n_nodes
    rows, columns, values = [np.empty(0, int)], [np.empty(0, int)], [np.empty(0, complex)]
    blocks = [(block.nodes, block.y) for block in network.blocks]
    if network.source_admittance is not None:
        blocks.append((network.source_node[None], network.source_admittance[None]))
    for nodes, y in blocks:
        near, far = np.broadcast_arrays(nodes[:, :, None], nodes[:, None, :])
        kept = (near >= 0) & (far >= 0) & (y != 0)
        rows.append(near[kept])
        columns.append(far[kept])
        values.append(y[kept])
    entries = np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))
    matrix = coo_array(entries, shape=(n, n)).tocsc()
    drive = np.zeros(n, dtype=np.complex128)
    if network.source_admittance is None:
        return Admittance(network, matrix, drive, network.source_node, network.source_voltage)
    np.add.at(drive, network.source_node, network.source_admittance @ network.source_voltage)
    none = np.empty(0, dtype=np.int64)
    return Admittance(network, matrix, drive, none, none.astype(np.complex128))
