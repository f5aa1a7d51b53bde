"""One pass of the fixed point over a network in parts, in single or in double precision.

In single precision, what is iterated is how far voltages are from those without load: its rounding then is that part of
a voltage drop, not of a voltage.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import DTypeLike, NDArray

from twin.grid.powerflow.connected import Planes, fed_in
from twin.grid.powerflow.network import Complex, Floats
from twin.grid.powerflow.parts import Parts
from twin.grid.powerflow.workspace import Reals, Stack, Workspace, contiguous, taking_power

__all__ = ["Sweep", "Voltages"]

Bools = NDArray[np.bool_]

_CACHE_VALUES = 1 << 17  # voltages that are worked on together


class Voltages:
    """The voltages across one stack's ports, in arrays that are used again by every block.

    Parts are worked on a few at a time, from the voltages of the cut nodes to the currents that they pass on to these,
    so that all they need stays in the processor's cache.

    Attributes
    ----------
    now
        Voltages, in single precision less those without load, shape ``(s, 2 k, step)``.
    """

    def __init__(self, stack: Stack, no_load: Complex, steps: int, dtype: DTypeLike) -> None:
        self.stack = stack
        self.no_load = self._at_places(no_load)
        self._differences = np.dtype(dtype) == np.float32
        matrices = stack.matrices(no_load)
        self._matrices: Reals = (matrices[:, :, :-1] if self._differences else matrices).astype(dtype)
        self._inputs = self._matrices.shape[2]
        shape = len(stack.parts), 2 * stack.k, steps
        self._memory: tuple[Reals, Reals] = np.empty(shape, dtype), np.empty(shape, dtype)
        self._together = int(np.clip(_CACHE_VALUES // (2 * stack.k * steps), 1, len(stack.parts)))
        self._work: Reals = np.empty((self._together, 6 * stack.k, steps), dtype)
        self._base = _column(self.no_load).astype(dtype).reshape(len(stack.parts), 2, stack.k, 1)
        self._cold = self._first_of(self.no_load)

    def _at_places(self, across: Complex) -> Complex:
        """Return voltages across all ports place by place, one where there is none, shape ``(s, k)``."""
        return np.asarray(np.append(across, 1.0)[self.stack.ports])

    def _first_of(self, start: Complex) -> tuple[Reals, Reals]:
        """Return the matrices of the first pass, which take power, and those that pass on."""
        return taking_power(self._matrices, start), taking_power(self.stack.passed_on, start)

    def begin(self, planes: Planes, start: Complex | None) -> None:
        """Begin a block with its powers, shape ``(s, 2, k, step)`` each, from voltages across all ports.

        What parts pass on then follows from the currents at these voltages.
        """
        begin = self.no_load if start is None else self._at_places(start)
        self._first, passed_on = self._cold if start is None else self._first_of(begin)
        self._begin = _column(begin - self.no_load if self._differences else begin).astype(self._work.dtype)
        self._take(planes)
        _power_at(planes, np.abs(begin), self.stack.currents)
        self.stack.pass_on(slice(None), passed_on)

    def take_over(self, coarse: Voltages, planes: Planes) -> None:
        """Go on from where single precision has come to."""
        self._take(planes)
        np.add(coarse.now, _column(self.no_load), out=self.now)
        np.copyto(self.stack.currents, coarse.stack.currents)
        self.stack.pass_on(slice(None))

    def _take(self, planes: Planes) -> None:
        shape = len(self.stack.parts), 2 * self.stack.k, planes[0].shape[-1]
        self._planes = planes
        self.now, self._spare = (contiguous(memory, *shape) for memory in self._memory)
        self._fed_work = contiguous(self._work, self._together, 6, self.stack.k, shape[2])
        self._change = contiguous(self._work, self._together, *shape[1:])

    def improve(self, going: Bools | None, first: bool, feed: bool) -> Reals:
        """Replace the voltages, of some steps only if told; return the largest change at each step.

        Parameters
        ----------
        first
            Whether this is the first pass since `begin`.
        feed
            Whether the ports then are to feed in at the new voltages.
        """
        largest: Reals = np.zeros(self.now.shape[2], self._work.dtype)
        for parts in self._groups():
            following = self._spare[parts]
            matrices, before = (self._first, self._begin) if first else (self._matrices, self.now)
            np.matmul(matrices[parts], self.stack.inputs[parts, : self._inputs], out=following)
            change = np.subtract(following, before[parts], out=self._change[: len(following)])
            np.maximum(largest, np.abs(change, out=change).max(axis=(0, 1)), out=largest)
            if going is not None:
                np.copyto(self.now[parts], following, where=going)
            if feed:
                self._feed_in(parts, following if going is None else self.now[parts])
        if going is None:
            self.now, self._spare = self._spare, self.now
        return largest

    def feed_in(self) -> None:
        """Let the ports feed in at the voltages that there are."""
        for parts in self._groups():
            self._feed_in(parts, self.now[parts])

    def _groups(self) -> list[slice]:
        n = len(self.stack.parts)
        return [slice(first, min(first + self._together, n)) for first in range(0, n, self._together)]

    def _feed_in(self, parts: slice, voltage: Reals) -> None:
        work, planes = self._fed_work[: len(voltage)], self._planes
        across: Reals = voltage.reshape(len(voltage), 2, self.stack.k, -1)
        if self._differences:
            across = np.add(across, self._base[parts], out=work[:, 4:])
        power, current, impedance = (None if part is None else part[parts] for part in planes)
        assert power is not None
        fed_in((power, current, impedance), across, self.stack.currents[parts], work[:, :4])
        self.stack.pass_on(parts)


class Sweep:
    """A network in parts, with room for some steps, and a precision to work in.

    Attributes
    ----------
    voltages
        Of every stack with ports.
    """

    def __init__(self, parts: Parts, no_load: Complex, steps: int, dtype: DTypeLike) -> None:
        self.workspace = Workspace(parts, steps, dtype)
        self.voltages = [Voltages(stack, no_load, steps, dtype) for stack in self.workspace.stacks if stack.k]
        self._dtype = dtype

    def begin(self, planes: Planes, start: Complex | None) -> None:
        """Begin a block with its powers, shape ``(2, place, step)`` each, from voltages across all ports."""
        self.workspace.resize(planes[0].shape[2])
        for voltages, own in self._stacked(planes):
            voltages.begin(own, start)

    def take_over(self, coarse: Sweep, planes: Planes) -> None:
        """Go on from where single precision has come to."""
        self.workspace.resize(planes[0].shape[2])
        for (voltages, own), others in zip(self._stacked(planes), coarse.voltages, strict=True):
            voltages.take_over(others, own)

    def _stacked(self, planes: Planes) -> Iterator[tuple[Voltages, Planes]]:
        """Yield every stack's own powers."""
        first = 0
        for voltages in self.voltages:
            shape = voltages.stack.ports.shape
            last = first + voltages.stack.ports.size
            power, current, impedance = (
                None
                if plane is None
                else plane[:, first:last].reshape(2, *shape, -1).transpose(1, 0, 2, 3).astype(self._dtype, copy=False)
                for plane in planes
            )
            assert power is not None
            yield voltages, (power, current, impedance)
            first = last

    def improve(self, going: Bools | None, first: bool, feed: bool) -> Floats:
        """Replace the voltages, of some steps only if told; return the largest change of any at each step.

        Parameters
        ----------
        going, first, feed
            As of `Voltages.improve`.
        """
        self.workspace.meet()
        largest: Floats = np.zeros(self.workspace.steps)
        for voltages in self.voltages:
            np.maximum(largest, voltages.improve(going, first, feed), out=largest)
        return largest

    def feed_in(self) -> None:
        """Let all ports feed in at the voltages that there are."""
        for voltages in self.voltages:
            voltages.feed_in()


def _column(values: Complex) -> Floats:
    """Return real over imaginary parts, shape ``(s, k)`` in, ``(s, 2 k, 1)`` out."""
    return np.concatenate([values.real, values.imag], axis=1)[:, :, None]


def _power_at(planes: Planes, magnitude: Floats, out: Reals) -> None:
    """Write the power that is fed in at voltages of a magnitude, shape ``(s, k)``."""
    constant_p, constant_i, constant_z = planes
    np.copyto(out, constant_p)
    for part, factor in ((constant_i, magnitude), (constant_z, magnitude * magnitude)):
        if part is not None:
            out += (part * factor[:, None, :, None]).astype(out.dtype, copy=False)
