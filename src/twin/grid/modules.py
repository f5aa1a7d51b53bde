"""Solar modules whose inverters react to the voltage: what reaches which phase, and what is held back of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.engine.links import composed
from twin.errors import Problem, TwinError
from twin.grid.inverters import NONE, Characteristic, Inverters, characteristics

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from twin.city.model import City
    from twin.table import Table

__all__ = ["Modules", "controlled_modules"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Modules:
    """Arrays of modules and the inverters that they are to the grid: one for every phase and pair of curves.

    Attributes
    ----------
    inverters
        Shape ``(m,)``.
    share
        Of each array's power that an inverter feeds in, shape ``(m, n_array)``.
    n_nodes
        Number of phase nodes.
    """

    inverters: Inverters
    share: csr_array
    n_nodes: int

    def __len__(self) -> int:
        """Number of arrays, whether they react or not."""
        return int(self.share.shape[1])

    def available(self, generation: Floats) -> Floats:
        """Return the active power that inverters could feed in, W, from that of the arrays."""
        return np.asarray((self.share @ generation.T).T)

    def given(
        self, generation: Floats, available: Floats, fed_va: NDArray[np.complex128], dark: NDArray[np.bool_]
    ) -> tuple[Floats, Floats]:
        """Return what is held back of every array, W, and the reactive power fed in at every phase node, var.

        Parameters
        ----------
        generation
            Of every array, W, shape ``(step, n_array)``.
        available, fed_va
            What inverters could feed in, W, and do, VA, shape ``(step, m)``.
        dark
            Where phase nodes have no voltage: nothing is held back there to keep it down, shape ``(step, n_node)``.
        """
        limited = (available > 0) & (self.inverters.volt_watt >= 0) & ~dark[:, self.inverters.node]
        kept = np.divide(fed_va.real, available, out=np.ones(available.shape), where=limited)
        held = generation * np.asarray((self.share.T @ np.clip(1.0 - kept, 0.0, 1.0).T).T)
        reactive = np.zeros((len(fed_va), self.n_nodes))
        np.add.at(reactive.T, self.inverters.node, fed_va.imag.T)
        return held, reactive


def controlled_modules(city: City) -> Modules | None:
    """Return the modules whose inverters follow a curve, None if there are none.

    Raises
    ------
    TwinError
        If arrays name curves that are not there, or of the other kind.
    """
    table = city.tables.get("pv_array")
    if table is None or "inverter_curve" not in city.tables:
        return None
    volt_var, volt_watt = (_curve_of(table, name) for name in ("volt_var_curve", "volt_watt_curve"))
    reacts = np.flatnonzero((volt_var >= 0) | (volt_watt >= 0))
    if not len(reacts):
        return None
    curves = characteristics(city.table("inverter_curve"))
    _check_curves(table, curves, volt_var, volt_watt)
    sizes = {name: len(other) for name, other in city.tables.items()}
    whole = composed(city.links, sizes, "pv_array", "phase_node")[:, reacts].tocoo()
    array = reacts[whole.col]
    keys = np.stack([whole.row, volt_var[array], volt_watt[array]], axis=1)
    kinds, inverter = np.unique(keys, axis=0, return_inverse=True)
    inverter = np.asarray(inverter).reshape(-1)
    node, var, watt = (np.ascontiguousarray(column) for column in kinds.T)
    bus = city.table("phase_node")["bus"][node]
    share = _shares(whole.data, inverter, array, (len(kinds), len(table)))
    return Modules(
        Inverters(
            node=node,
            group=np.unique(np.stack([bus, var, watt], axis=1), axis=0, return_inverse=True)[1].reshape(-1),
            active_w=np.asarray(share @ table["inverter_w"]),
            apparent_va=np.asarray(share @ _apparent(table)),
            volt_var=var,
            volt_watt=watt,
            curves=curves,
        ),
        share,
        len(city.table("phase_node")),
    )


def _shares(values: Floats, inverter: Ints, array: Ints, shape: tuple[int, int]) -> csr_array:
    from scipy.sparse import csr_array

    return csr_array((values, (inverter, array)), shape=shape)


def _curve_of(table: Table, column: str) -> Ints:
    """Return the curve that each array follows, -1 for none."""
    if column not in table:
        return np.full(len(table), NONE)
    return np.where(table.missing(column), NONE, table[column]).astype(np.int64)


def _apparent(table: Table) -> Floats:
    """Return the rated apparent power of each array's inverter, VA; its active power where that is not stated."""
    active = table["inverter_w"]
    if "inverter_va" not in table:
        return active
    return np.where(table.missing("inverter_va"), active, table["inverter_va"])


def _check_curves(table: Table, curves: dict[int, Characteristic], volt_var: Ints, volt_watt: Ints) -> None:
    wrong = []
    for name, chosen, active in (("volt_var_curve", volt_var, False), ("volt_watt_curve", volt_watt, True)):
        right = [number for number, curve in curves.items() if curve.active is active]
        lost = (chosen >= 0) & ~np.isin(chosen, right)
        wrong += [
            Problem(f"pv_array {name_}: there is no curve {number} for its {name}")
            for name_, number in zip(table.ids[lost].tolist(), chosen[lost].tolist(), strict=True)
        ]
    if wrong:
        raise TwinError(*wrong)
