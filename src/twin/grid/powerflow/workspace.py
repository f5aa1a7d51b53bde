"""Arrays in which many steps of a network in parts are worked on at once, and what the parts do to each other.

Parts of about the same size are stacked, so that one call works on all of them; the smaller ones are filled up with
ports that carry nothing. Real and imaginary parts stand above each other, steps side by side: complex matrices become
real ones of twice the size, and every operation runs over contiguous memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from twin.grid.powerflow.network import Complex, Floats, Ints
from twin.grid.powerflow.parts import Part, Parts

__all__ = ["Reals", "Stack", "Workspace", "contiguous", "real_form", "taking_power"]

Reals = NDArray[Any]  # of single or double precision

_FILLED = 0.75  # the least of a stack's size that a part has to fill


def real_form(matrix: Complex) -> Floats:
    """Return the real matrix that does to ``[re; im]`` what a complex one does to complex numbers."""
    return np.block([[matrix.real, -matrix.imag], [matrix.imag, matrix.real]])


def contiguous(memory: Reals, *shape: int) -> Reals:
    """Return the beginning of an array's memory as a contiguous array of another shape."""
    return memory.reshape(-1)[: prod(shape)].reshape(shape)


def taking_power(matrix: Reals, start: Complex) -> Reals:
    """Return matrices that take the power fed in at given voltages where others take the current ``conj(S / U)``.

    Parameters
    ----------
    matrix
        Shape ``(s, rows, columns)``, the first ``2 k`` columns for currents.
    start
        Voltages, shape ``(s, k)``.
    """
    k, factor = start.shape[1], (1 / np.conj(start))[:, None]
    real, imaginary = matrix[:, :, :k], matrix[:, :, k : 2 * k]
    made = matrix.copy()
    made[:, :, :k] = real * factor.real + imaginary * factor.imag
    made[:, :, k : 2 * k] = real * factor.imag - imaginary * factor.real
    return made


class Stack:
    """Parts of about the same size: ``s`` of them with room for ``k`` ports and ``r`` cut nodes each.

    Attributes
    ----------
    k, r
        Ports and cut nodes of the largest.
    ports
        Port of every place, -1 where there is none, shape ``(s, k)``.
    inputs
        Currents of the ports, voltages of the cut nodes and ones, shape ``(s, 2 k + 2 r + 1, step)``.
    currents
        The first of these, shape ``(s, 2, k, step)``.
    passed_on
        The matrices from the currents to those passed on to the cut nodes, shape ``(s, 2 r, 2 k)``.
    """

    def __init__(self, parts: Sequence[Part], n_cuts: int, steps: int, dtype: DTypeLike = np.float64) -> None:
        self.parts = parts
        self.k, self.r = max(len(p.ports) for p in parts), max(len(p.boundary) for p in parts)
        self.ports = np.full((len(parts), self.k), -1)
        self.boundary = np.full((len(parts), self.r), -1)
        self.passed_on: Reals = np.zeros((len(parts), 2 * self.r, 2 * self.k), dtype)
        for place, part in enumerate(parts):
            k, r = len(part.ports), len(part.boundary)
            self.ports[place, :k], self.boundary[place, :r] = part.ports, part.boundary
            self.passed_on[place] = real_form(_filled(part.passed_on, self.r, self.k))
        known = self.boundary >= 0  # the row after the last cut node's is always zero
        rows = (np.where(known, self.boundary, 2 * n_cuts), np.where(known, self.boundary + n_cuts, 2 * n_cuts))
        self._gather = np.concatenate(rows, axis=1)
        self._memory: Reals = np.zeros((len(parts), 2 * (self.k + self.r) + 1, steps), dtype)

    @property
    def height(self) -> int:
        """Rows of what all parts pass on."""
        return len(self.parts) * 2 * self.r

    def resize(self, steps: int, arriving: Reals) -> None:
        """Work on fewer steps; ``arriving``, of shape ``(height, step)``, is for what the parts pass on."""
        self.inputs = contiguous(self._memory, *self._memory.shape[:2], steps)
        self.inputs[:, -1] = 1.0
        self.currents = self.inputs[:, : 2 * self.k].reshape(len(self.parts), 2, self.k, steps)
        self._arriving = arriving.reshape(len(self.parts), 2 * self.r, steps)
        if not self.k:
            arriving[:] = 0.0  # what passes nothing on is never asked to

    def pass_on(self, parts: slice, matrices: Reals | None = None) -> None:
        """Let some parts pass on currents to the cut nodes, by other matrices than `passed_on` if told."""
        if self.r:
            by = self.passed_on if matrices is None else matrices
            np.matmul(by[parts], self.inputs[parts, : 2 * self.k], out=self._arriving[parts])

    def gather(self, at_cut: Reals) -> None:
        """Take the voltages of the cut nodes."""
        if self.r:
            self.inputs[:, 2 * self.k : -1] = at_cut[self._gather]

    def exchange_columns(self, impedance: Complex) -> Floats:
        """Return the matrix from what these parts pass on to the voltages of all cut nodes."""
        m = len(impedance)
        padded = np.concatenate([impedance, np.zeros((m, 1))], axis=1)[:, self.boundary]
        columns = np.concatenate(
            [np.concatenate([padded.real, -padded.imag], axis=2), np.concatenate([padded.imag, padded.real], axis=2)]
        )
        return columns.reshape(2 * m, self.height)

    def matrices(self, no_load: Complex) -> Floats:
        """Return the matrices from the inputs to the voltages across the ports, shape ``(s, 2 k, 2 (k + r) + 1)``.

        Where there is no port, a voltage of one stands.
        """
        made = np.zeros((len(self.parts), 2 * self.k, 2 * (self.k + self.r) + 1))
        for place, part in enumerate(self.parts):
            base = np.ones(self.k, dtype=np.complex128)
            base[: len(part.ports)] = no_load[part.ports]
            own, far = _filled(part.inner, self.k, self.k), _filled(part.across, self.k, self.r)
            made[place] = np.concatenate([real_form(own), real_form(far), _column(base)], axis=1)
        return made

    def node_matrix(self, place: int, no_load: Complex) -> Floats:
        """Return the matrix from one part's inputs to the voltages of its nodes, shape ``(2 n, 2 (k + r) + 1)``."""
        part = self.parts[place]
        n = len(part.nodes)
        own, far = _filled(part.response, n, self.k), _filled(part.transfer, n, self.r)
        return np.concatenate([real_form(own), real_form(far), _column(no_load[part.nodes])], axis=1)


class Workspace:
    """A network in parts, with room for some steps.

    Attributes
    ----------
    order
        The port of every place of all stacks, one after the other; -1 where there is none.
    """

    def __init__(self, parts: Parts, steps: int, dtype: DTypeLike = np.float64) -> None:
        self._cuts = len(parts.cut)
        self.stacks = [Stack(group, self._cuts, steps, dtype) for group in _alike(parts.parts)]
        none = np.empty(0, dtype=np.int64)
        self.order: Ints = np.concatenate([none, *(stack.ports.ravel() for stack in self.stacks)])
        columns = [stack.exchange_columns(parts.impedance) for stack in self.stacks]
        self._impedance: Reals = np.concatenate([np.empty((2 * self._cuts, 0)), *columns], axis=1).astype(dtype)
        self._arriving: Reals = np.empty((self._impedance.shape[1], steps), dtype)
        self._at_cut: Reals = np.zeros((2 * self._cuts + 1, steps), dtype)
        self.steps = 0
        self.resize(steps)

    def resize(self, steps: int) -> None:
        """Work on fewer steps."""
        if steps == self.steps:
            return
        self.steps = steps
        self._passed = contiguous(self._arriving, len(self._arriving), steps)
        self._cut_voltages = contiguous(self._at_cut, len(self._at_cut), steps)
        self._cut_voltages[-1] = 0.0
        first = 0
        for stack in self.stacks:
            stack.resize(steps, self._passed[first : first + stack.height])
            first += stack.height

    def pass_on(self) -> None:
        """Let all parts pass on their currents to the cut nodes."""
        for stack in self.stacks:
            stack.pass_on(slice(None))

    def meet(self) -> None:
        """Let what was passed on act on the cut nodes, whose voltages then stand among every part's inputs."""
        if not self._cuts:
            return
        np.matmul(self._impedance, self._passed, out=self._cut_voltages[:-1])
        for stack in self.stacks:
            stack.gather(self._cut_voltages)

    def currents(self) -> Floats:
        """Return the currents at all places, shape ``(2, place, step)`` in `order`."""
        return np.concatenate(
            [
                np.empty((2, 0, self.steps)),
                *(s.currents.transpose(1, 0, 2, 3).reshape(2, -1, self.steps) for s in self.stacks),
            ],
            axis=1,
        )


def _alike(parts: Sequence[Part]) -> list[list[Part]]:
    """Group parts whose numbers of ports and of cut nodes are about the same."""
    groups: list[list[Part]] = []
    for part in sorted(parts, key=lambda p: (-len(p.boundary), -len(p.ports))):
        for group in groups:
            k, r = max(len(p.ports) for p in group), len(group[0].boundary)
            if len(part.ports) >= _FILLED * k - 1 and len(part.boundary) >= _FILLED * r - 1 and len(part.ports) <= k:
                group.append(part)
                break
        else:
            groups.append([part])
    return groups


def _filled(matrix: Complex, rows: int, columns: int) -> Complex:
    """Return a matrix with zeros below and to the right."""
    made = np.zeros((rows, columns), dtype=np.complex128)
    made[: matrix.shape[0], : matrix.shape[1]] = matrix
    return made


def _column(values: Complex) -> Floats:
    return np.concatenate([values.real, values.imag])[:, None]
