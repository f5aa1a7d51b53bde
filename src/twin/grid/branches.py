"""What flows through lines and transformers, and what stays in them, from the voltages at their ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from twin.grid.assemble import Assembled
from twin.grid.model import ElectricGrid
from twin.grid.powerflow.network import GROUND, PrimitiveBlock
from twin.grid.taps import tapped

__all__ = ["BranchState", "Branches", "rated_current"]

Complex = NDArray[np.complex128]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KINDS = ("line", "transformer")
_VALUES = 1 << 15  # voltages looked at together, so that what is computed from them stays in the cache


@dataclass(frozen=True)
class BranchState:
    """Lines and transformers at every step.

    Attributes
    ----------
    line_loading, transformer_loading
        Largest current of any phase and end over what may flow for good, shapes ``(step, line)`` and
        ``(step, transformer)``; 0 where a file states no rating, and where an element is cut off at both ends.
    line_loss, transformer_loss
        Active power that stays in them, W, same shapes.
    """

    line_loading: Floats
    transformer_loading: Floats
    line_loss: Floats
    transformer_loss: Floats

    def of(self, kind: str) -> tuple[Floats, Floats]:
        """Return loadings and losses of ``line`` or ``transformer``."""
        return getattr(self, f"{kind}_loading"), getattr(self, f"{kind}_loss")


class Branches:
    """Lines and transformers made ready to say what flows through them.

    Parameters
    ----------
    assembled
        Rows of lines and transformers, and phase nodes, count as in the grid as it was given there.
    grid
        That grid.
    """

    def __init__(self, assembled: Assembled, grid: ElectricGrid) -> None:
        self._assembled, self._grid = assembled, grid
        self._sizes = {kind: len(getattr(grid, kind)) for kind in KINDS}
        network = assembled.network
        self._image = np.full(network.n_nodes, GROUND, dtype=np.int64)
        self._image[assembled.node[::-1]] = np.arange(len(assembled.node))[::-1]
        self._base_a = network.base_va * grid.phases / 3 / network.base_v
        self._blocks = [self._ready(block, self._image) for block in network.blocks if block.table in KINDS]
        widest = max((len(block.rows) * block.width for block in self._blocks), default=1)
        self._steps = max(1, _VALUES // max(1, widest))
        self._at_tap = cache(self._tapped)

    def _ready(self, block: PrimitiveBlock, image: Ints) -> _Block:
        rated = rated_current(self._grid, block.table)
        return _Block(_seen(block, image), self._assembled.rows[block.table], self._base_a, rated, image)

    def _tapped(self, unit: int, tap: int) -> tuple[list[_Block], Ints]:
        """Return one transformer, by its row in the grid as it was given, with another tap, and its phase nodes."""
        moved = self._assembled.block_rows("transformer", np.array([unit]))
        blocks = tapped(self._assembled, moved, (tap,)) if moved[0] >= 0 else []
        nodes = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *(block.nodes.ravel() for block in blocks)]))
        seen = nodes[(nodes >= 0) & (self._image[nodes] >= 0)]
        image = np.full(len(self._image), GROUND, dtype=np.int64)
        image[seen] = np.arange(len(seen))
        return [self._ready(block, image) for block in blocks], self._image[seen]

    def state(self, voltage: Complex, tap: Floats | None = None) -> BranchState:
        """Return loadings and losses at every step.

        Parameters
        ----------
        voltage
            Per unit, at every phase node, shape ``(step, phase_node)``.
        tap
            Position of the transformers whose taps move, shape ``(step, transformer)``; others are as they stand.
        """
        found = BranchState(*(np.zeros((len(voltage), self._sizes[kind])) for kind in (*KINDS, *KINDS)))
        for first in range(0, len(voltage), self._steps):
            steps = np.arange(first, min(first + self._steps, len(voltage)))
            self._write(found, self._blocks, voltage[first : first + self._steps], steps)
        if tap is not None:
            for unit in np.unique(self._grid.tap_changer["transformer"]).tolist():
                for position in np.unique(tap[:, unit]).tolist():
                    steps = np.flatnonzero(tap[:, unit] == position)
                    blocks, nodes = self._at_tap(unit, int(position))
                    self._write(found, blocks, voltage[steps[:, None], nodes], steps)
        return found

    def _write(self, found: BranchState, blocks: Sequence[_Block], voltage: Complex, steps: Ints) -> None:
        """Write what blocks say of the voltages at some steps, shape ``(len(steps), n)``, into those steps."""
        at_nodes = np.ascontiguousarray(voltage.T)
        dark = at_nodes == 0
        for block in blocks:
            over, stays = block.state(at_nodes)
            if dark.any():  # nothing flows to where nothing arrives
                over[block.ends_in(dark)] = stays[block.ends_in(dark)] = 0.0
            loading, loss = found.of(block.kind)
            loading[steps[:, None], block.rows] = over.T
            loss[steps[:, None], block.rows] = stays.T * self._assembled.network.base_va


@dataclass(frozen=True)
class _Seen:
    """A block of elements of which only ends with a phase node are left; others carry no current."""

    kind: str
    rows: Ints
    nodes: Ints
    y: Complex


def _seen(block: PrimitiveBlock, image: Ints) -> _Seen:
    """Return a block without the ends that lead nowhere (behind an open switch): Kron reduction of each element."""
    known = np.where(block.nodes >= 0, image[block.nodes], GROUND) >= 0
    nodes, y = block.nodes, block.y
    lost = (block.nodes >= 0) & ~known
    if lost.any():
        y = y.copy()
        for element in np.flatnonzero(lost.any(axis=1)):
            here, gone = np.flatnonzero(~lost[element]), np.flatnonzero(lost[element])
            own = y[element]
            inner = own[np.ix_(gone, gone)]
            own[np.ix_(here, here)] -= own[np.ix_(here, gone)] @ np.linalg.solve(inner, own[np.ix_(gone, here)])
            own[gone], own[:, gone] = 0.0, 0.0
        nodes = np.where(lost, GROUND, nodes)
    return _Seen(block.table, block.rows, nodes, y)


class _Block:
    """Elements of one kind that join the same number of nodes.

    Where both ends have the same admittance between them, as lines have, losses are taken from the drop across it, and
    not from the difference of two large flows.
    """

    def __init__(self, block: _Seen, rows: Ints, base_a: Floats, rated_a: Floats, image: Ints) -> None:
        self.kind, self.rows = block.kind, rows[block.rows]
        half = block.nodes.shape[1] // 2
        self.width = 2 * half
        self._half = half
        self._place = np.where(block.nodes >= 0, image[block.nodes], GROUND)
        # per unit of the current that may flow: that of a node at rated current
        scale = np.where(block.nodes >= 0, base_a[block.nodes], 0.0)
        with np.errstate(divide="ignore"):
            rated = rated_a[:, self.rows]
            self._scale = np.concatenate([scale[:, :half] / rated[0][:, None], scale[:, half:] / rated[1][:, None]], 1)
        self._y = block.y
        across = block.y[:, :half, half:]
        self._series = -across if np.array_equal(across, block.y[:, half:, :half]) and half else None
        self._shunts: tuple[Complex, Complex] | None = None
        if self._series is not None:
            near, far = block.y[:, :half, :half] + across, block.y[:, half:, half:] + across
            self._shunts = (near, far)
            self._charged = bool(max(np.abs(near).max(initial=0.0), np.abs(far).max(initial=0.0)) > 0)

    def state(self, voltage: Complex) -> tuple[Floats, Floats]:
        """Return loadings and losses per unit, shape ``(element, step)``, from voltages ``(phase_node, step)``."""
        at = voltage[self._place]
        at[self._place < 0] = 0.0
        if self._series is None:
            current = np.matmul(self._y, at)
            return self._loading(current), _power(at, current)
        near, far = at[:, : self._half], at[:, self._half :]
        drop = near - far
        flow = np.matmul(self._series, drop)
        loss = _power(drop, flow)
        if not self._charged:
            return self._loading(np.concatenate([flow, flow], axis=1)), loss
        assert self._shunts is not None
        leaks = [np.matmul(y, end) for y, end in zip(self._shunts, (near, far), strict=True)]
        loss += _power(near, leaks[0]) + _power(far, leaks[1])
        return self._loading(np.concatenate([flow + leaks[0], leaks[1] - flow], axis=1)), loss

    def ends_in(self, dark: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return which elements end at a node that is dark, shape ``(phase_node, step)`` to ``(element, step)``."""
        return np.asarray((dark[self._place] & (self._place >= 0)[:, :, None]).any(axis=1))

    def _loading(self, current: Complex) -> Floats:
        size = np.square(current.real)
        size += np.square(current.imag)
        size *= np.square(self._scale)[:, :, None]
        return np.asarray(np.sqrt(size.max(axis=1, initial=0.0)))


def _power(voltage: Complex, current: Complex) -> Floats:
    """Return the active power that currents take in, of all nodes together, shape ``(element, step)``."""
    power = voltage.real * current.real
    power += voltage.imag * current.imag
    return np.asarray(power.sum(axis=1))


def rated_current(grid: ElectricGrid, kind: str) -> Floats:
    """Return what may flow for good at either end of all ``line`` or ``transformer``, A, shape ``(2, n)``.

    Infinite where it is not stated.
    """
    if kind == "line":
        line = grid.line
        stated = line["max_current_a"] if "max_current_a" in line else np.full(len(line), np.nan)
        one = np.where(np.isnan(stated), np.inf, stated * line["parallel"])
        return np.stack([one, one])
    unit = grid.transformer
    volts = np.stack([unit["hv_rated_v"], unit["lv_rated_v"]])
    return np.asarray(unit["s_rated_va"] * unit["parallel"] / np.sqrt(3) / volts)
