"""Inverters that follow the voltage: a term more in the fixed point, for all of them and many steps at once.

Every element that reacts has a voltage that its power is taken from, ``x``, with the power ``f(x)`` by its curves. At
rest ``x`` is the voltage that there is, ``v``. In between, ``dx = (I + S D)^-1 (v - x)``: ``S`` says how voltages
answer to powers in the unloaded network, ``D`` how the powers fall between ``x`` and ``v``, by the chord. Of ``S``, the
directions that matter are kept, so that a step's matrix is small; what is left of it shrinks by the iteration itself,
or stands as a diagonal of half its size where it would not.
A step that does not come to rest soon goes on with half of the steepest slopes in place of the chords: where voltages
answer alike both ways, each iteration is then a contraction by ``r / (2 + r)``, ``r`` being the largest eigenvalue of
slopes times sensitivities.

Source: the equations are those of Newton's method for functions that have no derivative at corners, Qi & Sun, A
nonsmooth version of Newton's method, Mathematical Programming 58 (1993), with chords; inverse by Woodbury's formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.grid.powerflow.connected import Planes
from twin.grid.powerflow.curves import Curve, Falling, check_curves
from twin.grid.powerflow.network import Complex, Floats, Ints

if TYPE_CHECKING:
    from twin.grid.powerflow.solve import PowerFlow

__all__ = ["Reaction", "Reactions", "sensitivity"]

Bools = NDArray[np.bool_]

_MOST_MODES = 24
_LEAST_MODE = 0.4  # of slopes times sensitivities: what is smaller shrinks fast enough by itself
_BY_CHORDS = 30  # iterations; from then on by half of the steepest slopes
_CHORD_PU = 1e-6  # the shortest


class Reactions:
    """Curves of a network's elements, made ready for any number of steps.

    An element may have one volt-var and one volt-watt curve.

    Parameters
    ----------
    flow
        The network.

    Attributes
    ----------
    element
        The elements that react, shape ``(m,)``.
    row
        Row among them of every power that is controlled, reactive ones first, shape ``(c,)``.

    Raises
    ------
    TwinError
        If a curve is none, or an element has two of one kind.
    """

    def __init__(self, flow: PowerFlow, curves: Sequence[Curve]) -> None:
        check_curves(curves)
        by_kind = [[c for c in curves if c.active == active] for active in (False, True)]
        self.var, self.watt = (Falling(kind) for kind in by_kind)
        self.element: Ints = np.union1d(self.var.element, self.watt.element)
        self.row: Ints = np.asarray(
            np.searchsorted(self.element, np.r_[self.var.element, self.watt.element]), dtype=np.int64
        )
        self.apparent: Floats = _of_each(by_kind[0], lambda c: np.inf if c.apparent is None else c.apparent)
        self.while_feeding: Bools = _of_each([*by_kind[0], *by_kind[1]], lambda c: float(c.while_feeding)) > 0
        ports, connected = flow.ports, flow.connected
        port = ports.of_element[self.element]
        self.nominal: Floats = connected.v_nominal[self.element][:, None]
        self.without_load: Floats = np.abs(ports.across(flow.no_load)[port])[:, None] / self.nominal
        self.still_full: Floats = _lowest(self)
        const_i, const_z = connected.const_i[self.element], connected.const_z[self.element]
        parts = 1 - const_i - const_z, const_i / self.nominal[:, 0], const_z / self.nominal[:, 0] ** 2
        self.shares = tuple(part[self.row][:, None] for part in parts)
        self.places = ports.places
        self._make_modes(flow)

    def _make_modes(self, flow: PowerFlow) -> None:
        """Keep the directions in which powers that fall with the voltage act most on voltages."""
        steepest = np.r_[self.var.steepest, self.watt.steepest]
        self.half_slope: Floats = 0.5 * steepest[:, None]
        element = self.element[self.row]
        answer = sensitivity(flow, self.element, element, np.arange(len(element)) >= len(self.var))
        by_power = np.sqrt(steepest)
        by_voltage = np.sqrt(np.bincount(self.row, steepest, len(self.element)))
        left, size, right = np.linalg.svd(by_voltage[:, None] * answer * by_power, full_matrices=False)
        kept = min(_MOST_MODES, int(np.count_nonzero(size > _LEAST_MODE)))
        rest = float(size[kept]) if kept < len(size) and size[kept] > _LEAST_MODE else 0.0
        with np.errstate(divide="ignore"):
            own = np.where(steepest > 0, 0.5 * rest / steepest, 0.0)
        self.own: Floats | None = own[:, None] if rest else None
        by_power[by_power == 0], by_voltage[by_voltage == 0] = 1.0, np.inf
        root = np.sqrt(size[:kept])
        self.spread: Floats = left[:, :kept] * root / by_voltage[:, None]
        self.gather: Floats = root[:, None] * right[:kept] / by_power
        products = self.gather[:, None, :] * self.spread[self.row].T[None]
        self.products: Floats = products.reshape(kept * kept, len(steepest))

    def acting(self, power: Complex) -> Bools:
        """Return in which steps any curve acts, for powers of all elements before they react, shape ``(step,)``."""
        if not self.while_feeding.all():
            return np.ones(len(power), dtype=bool)
        return np.asarray((power[:, self.element].real > 0).any(axis=1))


class Reaction:
    """Some steps of a network whose elements react.

    Parameters
    ----------
    reactions
        What reacts.
    power
        Of every element before it reacts, shape ``(step, k)``.
    size
        Voltages over nominal that the elements' powers are taken from at first, shape ``(m, 1)``; those without load
        if None.

    Attributes
    ----------
    parts
        The controlled powers as they are now, reactive ones first, shape ``(c, step)``.
    """

    def __init__(self, reactions: Reactions, power: Complex, size: Floats | None = None) -> None:
        self._of = reactions
        self._n_var = len(reactions.var)
        chosen = power[:, reactions.element[reactions.row]].T
        self._available: Floats = np.ascontiguousarray(chosen.real)
        self._given: Floats = np.r_[chosen[: self._n_var].imag, chosen[self._n_var :].real]
        idle = reactions.while_feeding[:, None] & (self._available <= 0)
        self._idle: Bools | None = idle if idle.any() else None
        self._find_partners()
        m, steps = len(reactions.element), len(power)
        self._from = np.empty((m, steps))  # the voltages that the powers are taken from
        self._from[:] = reactions.without_load if size is None else size
        self.parts, self._spare = np.empty((2, len(self._given), steps))
        self._write(self._from, self.parts)

    def _find_partners(self) -> None:
        """Find the active power that leaves its rest to each reactive power; constant limits are made once."""
        of, n = self._of, self._n_var
        self._limited = np.flatnonzero(np.isfinite(of.apparent))
        watt_of = dict(zip(of.watt.element.tolist(), range(len(of.watt)), strict=True))
        partner = np.array([watt_of.get(e, -1) for e in of.var.element[self._limited].tolist()], dtype=np.int64)
        self._partner = partner if (partner >= 0).any() else None
        self._limit = self._left_over(self._available[:n][self._limited])
        self._into: list[tuple[Floats, Ints, slice, Floats | None]] = []
        self._add: Callable[[Floats, Ints, Floats], None] = _add_to_rows

    def _left_over(self, active: Floats) -> Floats:
        apparent = self._of.apparent[self._limited][:, None]
        return np.asarray(np.sqrt(np.maximum(apparent**2 - active * active, 0.0)))

    def _write(self, size: Floats, out: Floats) -> None:
        """Write the controlled powers at voltages, shapes ``(m, step)`` and ``(c, step)``."""
        of, n = self._of, self._n_var
        reactive, active = out[:n], out[n:]
        if len(active):
            of.watt.write(_taken(size, of.row[n:]), active)
            np.maximum(active, 0.0, out=active)
            np.minimum(active, self._available[n:], out=active)
        if n:
            of.var.write(_taken(size, of.row[:n]), reactive)
        if len(self._limited):
            if self._partner is not None:
                both = self._partner >= 0
                left = self._available[:n][self._limited]
                left[both] = active[self._partner[both]]
                self._limit = self._left_over(left)
            if len(self._limited) == n:
                np.clip(reactive, -self._limit, self._limit, out=reactive)
            else:
                reactive[self._limited] = np.clip(reactive[self._limited], -self._limit, self._limit)
        if self._idle is not None:
            np.copyto(out, self._given, where=self._idle)

    def join(self, planes: Planes, order: Ints) -> None:
        """Let the controlled powers be part of those of the ports.

        Parameters
        ----------
        planes
            Powers, ``(2, place, step)`` each; the controlled parts as they were given. They are changed.
        order
            Port of each place.
        """
        of = self._of
        self.place: Ints = of.places(order)[of.element]
        rows = self.place[of.row]
        kinds = [(slice(0, self._n_var), 1), (slice(self._n_var, None), 0)]
        self._into = [
            (plane[part], rows[which], which, None if (share == 1).all() else share[which])
            for plane, share in zip(planes, of.shares, strict=True)
            if plane is not None and share.any()
            for which, part in kinds
        ]
        self._add = _add_to_rows if all(len(set(place)) == len(place) for _, place, _, _ in self._into) else np.add.at
        self._join(self.parts - self._given)

    def _join(self, change: Floats) -> None:
        """Add to the powers of the ports."""
        for plane, place, which, share in self._into:
            self._add(plane, place, change[which] if share is None else change[which] * share)

    def move(self, across: Floats, going: Bools, iteration: int) -> Floats:
        """Take the powers from voltages closer to rest; return the largest change of such a voltage at each step.

        Parameters
        ----------
        across
            Size of the voltages across the elements' ports, shape ``(m, step)``.
        going
            Steps that are to be changed.
        iteration
            How many there were, from 1.
        """
        of = self._of
        change = np.divide(across, of.nominal, out=across)
        change -= self._from
        if of.gather.size:
            self._answer(change, self._slopes(change, iteration))
        if not going.all():
            change *= going
        self._from += change
        self._write(self._from, self._spare)
        np.subtract(self._spare, self.parts, out=self.parts)
        self._join(self.parts)
        self.parts, self._spare = self._spare, self.parts
        largest: Floats = np.abs(change, out=change).max(axis=0, initial=0.0)
        return largest

    def _answer(self, change: Floats, slope: Floats) -> None:
        """Make changes smaller by how the voltages answer to them; both are overwritten."""
        of, damping = self._of, None
        if of.own is not None:
            damping = np.ones_like(change)
            for part in (slice(0, self._n_var), slice(self._n_var, None)):
                damping[of.row[part]] += of.own[part] * slope[part]
            np.reciprocal(damping, out=damping)
            slope *= _taken(damping, of.row)
        kept = len(of.gather)
        matrix = np.matmul(of.products, slope).reshape(kept, kept, -1)
        matrix[np.arange(kept), np.arange(kept)] += 1.0
        slope *= _taken(change, of.row)
        answer = of.spread @ _solved(matrix, of.gather @ slope)
        change -= answer
        if damping is not None:
            change *= damping

    def _slopes(self, distance: Floats, iteration: int) -> Floats:
        """Return how the powers fall with the voltage, shape ``(c, step)``."""
        of = self._of
        if iteration > _BY_CHORDS:
            return np.repeat(of.half_slope, distance.shape[1], axis=1)
        chord = np.where(np.abs(distance) < _CHORD_PU, _CHORD_PU, distance)
        slope = self._spare
        self._write(self._from + chord, slope)
        np.subtract(self.parts, slope, out=slope)
        slope /= _taken(chord, of.row)
        return np.maximum(slope, 0.0, out=slope)

    def put(self, power: Complex) -> None:
        """Write the controlled powers into those of all elements, shape ``(step, k)``."""
        of, n = self._of, self._n_var
        power.imag[:, of.var.element] = self.parts[:n].T
        power.real[:, of.watt.element] = self.parts[n:].T


def sensitivity(flow: PowerFlow, at: Ints, of: Ints, active: Bools) -> Floats:
    """Return what powers of some elements add to the voltages of others without load.

    Parameters
    ----------
    at, of
        Elements whose voltages are asked for, and those that feed in, shapes ``(m,)`` and ``(c,)``.
    active
        Whether active or reactive power is meant, shape ``(c,)``.

    Returns
    -------
    ndarray
        Magnitude over nominal over power per unit, shape ``(m, c)``.
    """
    port_at, port_of = flow.ports.of_element[at], flow.ports.of_element[of]
    both, which = np.unique(np.r_[port_at, port_of], return_inverse=True)
    place = which.reshape(-1)
    impedance = flow.port_impedance(both)[np.ix_(place[: len(at)], place[len(at) :])]
    across = flow.ports.across(flow.no_load)
    current = np.conj(np.where(active, 1.0, 1.0j) / across[port_of])
    direction = np.conj(across[port_at]) / np.abs(across[port_at])
    return np.asarray((direction[:, None] * impedance * current).real / flow.connected.v_nominal[at][:, None])


def _solved(matrix: Floats, right: Floats) -> Floats:
    """Solve small equations side by side by elimination, shapes ``(r, r, step)`` and ``(r, step)``; overwrites both.

    Without pivoting: the matrices are identities and what is positive semidefinite or nearly so.
    """
    size = len(right)
    for k in range(size - 1):
        factor = matrix[k + 1 :, k] / matrix[k, k]
        matrix[k + 1 :, k + 1 :] -= factor[:, None] * matrix[k, None, k + 1 :]
        right[k + 1 :] -= factor * right[k]
    for k in range(size - 1, -1, -1):
        right[k] -= (matrix[k, k + 1 :] * right[k + 1 :]).sum(axis=0)
        right[k] /= matrix[k, k]
    return right


def _of_each(curves: Sequence[Curve], value: Callable[[Curve], Floats | float]) -> Floats:
    """Return a value of each curve's elements, one after the other."""
    return np.concatenate([np.empty(0), *(np.broadcast_to(value(c), len(c.element)) for c in curves)])


def _taken(values: Floats, rows: Ints) -> Floats:
    """Return rows of an array; itself if these are all."""
    return values if np.array_equal(rows, np.arange(len(values))) else values[rows]


def _lowest(reactions: Reactions) -> Floats:
    """Return voltages over nominal up to which each element feeds in as much as ever, shape ``(m, 1)``."""
    lowest = np.full(len(reactions.element), np.inf)
    np.minimum.at(lowest, reactions.row, np.r_[reactions.var.first, reactions.watt.first])
    return lowest[:, None]


def _add_to_rows(into: Floats, rows: Ints, values: Floats) -> None:
    into[rows] += values
