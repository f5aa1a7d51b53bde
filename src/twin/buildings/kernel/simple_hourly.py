"""The simple hourly method of EN ISO 13790 (5R1C, Annex C), folded into a linear map with one state per building.

The standard solves each hour three times: free-floating, with a test power, with the power needed. All of it is
linear in the temperature of the mass, the inputs and the power, so the coefficients can be worked out once per
building; a step is then a multiplication, a clip and an addition over all buildings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from twin.buildings.kernel.control import Control
from twin.buildings.kernel.recurrence import Block, Coefficients, Inputs, Report, blocks
from twin.buildings.kernel.results import Destination, Scratch, Sink, Store
from twin.buildings.kernel.series import Series, Shared, spread

__all__ = [
    "H_IS_W_M2K",
    "H_MS_W_M2K",
    "Control",
    "Result",
    "Run",
    "Shared",
    "StepMap",
    "Zones",
    "fold",
    "simulate",
    "stream",
]

Floats = NDArray[np.float64]

H_MS_W_M2K = 9.1  # between mass and surfaces, EN ISO 13790, 12.2.2
H_IS_W_M2K = 3.45  # between surfaces and air, EN ISO 13790, 7.2.2.2
OPERATIVE_AIR = 0.3  # share of the air in the operative temperature, EN ISO 13790, C.4


@dataclass(frozen=True)
class Zones:
    """Thermal properties of buildings, each one zone (EN ISO 13790, 12.2.2), all of shape ``(n,)``.

    Attributes
    ----------
    h_tr_w
        Transmission through windows and other massless elements, W/K.
    h_tr_em
        Transmission between outdoors and the mass, W/K.
    h_tr_ms
        Between the mass and the surfaces, W/K.
    h_tr_is
        Between the surfaces and the air, W/K.
    h_ve
        Ventilation and infiltration, W/K; may be 0.
    c_m
        Internal heat capacity, J/K.
    to_mass, to_surface
        Shares of radiant gains that reach the mass and the surfaces, 1 (C.2, C.3); the rest leaves by the windows.
    """

    h_tr_w: Floats
    h_tr_em: Floats
    h_tr_ms: Floats
    h_tr_is: Floats
    h_ve: Floats
    c_m: Floats
    to_mass: Floats
    to_surface: Floats

    def take(self, rows: NDArray[np.int64]) -> Zones:
        """Return the zones of the chosen buildings."""
        return Zones(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


@dataclass(frozen=True)
class StepMap:
    """Coefficients of one step, all of shape ``(3, n)``: the first row gives the air without heating or cooling, mean
    over the step, the second the mass at the step's end, the third the surfaces, mean over the step.

    Attributes
    ----------
    mass
        From the mass at the step's start, 1.
    outdoor
        From the outdoor temperature, 1.
    internal, solar
        From internal and solar gains, K/W.
    boundary
        From heat into the mass, K/W.
    power
        From heating (positive) and cooling (negative) power, K/W.
    dtype
        In which a window is worked out: float64, or float32 for hourly loads within 1e-4 of it.
    """

    mass: Floats
    outdoor: Floats
    internal: Floats
    solar: Floats
    boundary: Floats
    power: Floats
    dtype: DTypeLike = np.float64

    @cached_property
    def by_air(self) -> Coefficients:
        """What the hot loop needs, worked out in float64 and kept in ``dtype``."""
        return self._coefficients(False)

    @cached_property
    def by_operative(self) -> Coefficients:
        """The same with the operative temperature controlled."""
        return self._coefficients(True)

    def _coefficients(self, by_operative: bool) -> Coefficients:
        inputs = [self.outdoor, self.internal, self.solar, self.boundary]
        every = np.stack([self.mass, self.power, *inputs])
        air, mass = every[:, 0], every[:, 1]
        operative = OPERATIVE_AIR * air + (1.0 - OPERATIVE_AIR) * every[:, 2]
        controlled, other = (operative, air) if by_operative else (air, operative)
        scale, response = controlled[0], controlled[1]
        feed = mass[1] / response  # warming of the mass where the controlled temperature is lifted by 1 K
        following = mass - feed * controlled
        start = np.zeros_like(controlled)
        start[0] = 1.0

        def kept(values: Floats) -> NDArray[Any]:
            return np.ascontiguousarray(values, dtype=self.dtype)

        def report(wanted: Floats) -> Report:
            by_kept = wanted[0] / scale
            rest = wanted - by_kept * controlled
            return Report(kept(by_kept), kept(rest[1]), kept(rest[2:]))

        keep, fed, now = kept(following[0]), kept(feed * scale), kept(controlled[2:])
        lag = scale * following[2:] - following[0] * controlled[2:]
        # where all is equally warm nothing changes, also after rounding: errors of float32 would add up over days
        lag[0] = 1.0 - keep.astype(np.float64) - fed - now[0]
        return Coefficients(
            scale=np.ascontiguousarray(scale),
            keep=keep,
            feed=fed,
            now=now,
            lag=kept(lag),
            response=kept(response),
            start=report(start),
            other=report(other),
            by_operative=by_operative,
        )


@dataclass(frozen=True)
class Result:
    """What a window gives, ``(step, building)``.

    Attributes
    ----------
    power
        Heating (positive) or cooling (negative), mean over the step, W.
    air
        Temperature of the indoor air, mean over the step, degC.
    mass
        Temperature of the mass at the steps' starts and at the window's end, degC, shape ``(n + 1, building)``; only
        its last row unless ``keep_mass``.
    airing
        Heat let out by ventilation beyond the zones' own: by the clock, and by windows opened because it was warm, W;
        None where there is no such ventilation.
    operative
        Operative temperature, mean over the step, degC; None unless asked for.
    """

    power: Floats
    air: Floats
    mass: Floats
    airing: Floats | None = None
    operative: Floats | None = None


def fold(zones: Zones, step_s: float, dtype: DTypeLike = np.float64) -> StepMap:
    """Return the coefficients of one Crank-Nicolson step (EN ISO 13790, C.1 to C.11).

    The quotient H_1 / H_ve of the standard is written H_is / (H_is + H_ve), which holds for H_ve = 0 too.

    Parameters
    ----------
    dtype
        In which windows are worked out, float64 or float32; the coefficients themselves are folded in float64.
    """
    z = zones
    to_air = z.h_tr_is + z.h_ve
    a = z.h_tr_is / to_air
    surface = z.h_tr_ms + z.h_tr_w + z.h_ve * a
    capacity = z.c_m / step_s
    loss = z.h_tr_em + z.h_tr_ms * (z.h_tr_w + z.h_ve * a) / surface
    denominator = capacity + loss / 2

    def response(outdoor: float, air: float | Floats, star: float | Floats, mass: float | Floats) -> Floats:
        """Return air, mass and surfaces for heat into the three nodes and one degree outdoors, the mass at 0."""
        into_star = star + (z.h_tr_w + z.h_ve * a) * outdoor + a * air
        new_mass = (mass + z.h_tr_em * outdoor + z.h_tr_ms / surface * into_star) / denominator
        star_degc = (into_star + z.h_tr_ms * new_mass / 2) / surface
        return np.stack([a * star_degc + (air + z.h_ve * outdoor) / to_air, new_mass, star_degc])

    by_mass = z.h_tr_ms / surface * capacity / denominator
    return StepMap(
        mass=np.stack([a * by_mass, (capacity - loss / 2) / denominator, by_mass]),
        outdoor=response(1.0, 0.0, 0.0, 0.0),
        internal=response(0.0, 0.5, 0.5 * z.to_surface, 0.5 * z.to_mass),
        solar=response(0.0, 0.0, z.to_surface, z.to_mass),
        boundary=response(0.0, 0.0, 0.0, 1.0),
        power=response(0.0, 1.0, 0.0, 0.0),
        dtype=dtype,
    )


def simulate(
    steps: StepMap,
    mass: Floats,
    outdoor: Series,
    internal: Series,
    solar: Series,
    control: Control,
    keep_mass: bool = False,
    operative: bool = False,
    by_operative: bool = False,
    boundary: Series | None = None,
) -> Result:
    """Run a window: the power that keeps the air between the set points, as far as it lasts.

    Parameters
    ----------
    mass
        Temperature of the mass at the start, degC, shape ``(building,)``.
    outdoor
        Outdoor temperature, degC, shape ``(step, building)`` or ``(step, 1)``, as those that follow, or `Shared`.
    internal, solar
        Gains, W; solar ones less what is lost to the sky.
    keep_mass
        Whether to return the mass at every step, as `twin.buildings.kernel.balance` needs it.
    operative
        Whether to return the operative temperature, 0.3 of the air and 0.7 of the surfaces (EN ISO 13790, C.4).
    by_operative
        Whether the set points are those of the operative temperature, which is then returned too.
    boundary
        Heat that enters the mass, W: what ground and unheated rooms, being warmer than outdoors, send through
        elements whose transmission is part of `Zones.h_tr_em`.

    Raises
    ------
    ValueError
        If a series does not fit, or air is to be let in where the operative temperature is controlled.
    """
    given = mass, outdoor, internal, solar, control
    return Run(steps, by_operative).simulate(*given, keep_mass, operative, boundary)


def stream(
    steps: StepMap,
    mass: Floats,
    outdoor: Series,
    internal: Series,
    solar: Series,
    control: Control,
    sinks: Sequence[Sink],
    operative: bool = False,
    by_operative: bool = False,
    boundary: Series | None = None,
) -> Floats:
    """Run a window and hand its results to sinks chunk by chunk instead of keeping them.

    Parameters are those of `simulate`.

    Returns
    -------
    mass
        Temperature of the mass at the window's end, degC, shape ``(building,)``.
    """
    return Run(steps, by_operative).stream(mass, outdoor, internal, solar, control, sinks, operative, boundary)


class Run:
    """Buildings ready for window after window, as `simulate` and `stream` run one.

    What does not change from one window to the next is worked out once, which matters where windows are short. Arrays
    that are the same objects as in the window before (shares of series, installed powers and openings of the control)
    are taken to hold the same values: give new ones instead of changing them in place.

    Parameters
    ----------
    by_operative
        Whether the set points are those of the operative temperature.
    """

    def __init__(self, steps: StepMap, by_operative: bool = False) -> None:
        coefficients = steps.by_operative if by_operative else steps.by_air
        self._dtype, self._by_operative = np.dtype(steps.dtype), by_operative
        self._n = len(coefficients.scale)
        self._blocks = [Block(coefficients, here) for here in blocks(self._n, self._dtype)]

    def simulate(
        self,
        mass: Floats,
        outdoor: Series,
        internal: Series,
        solar: Series,
        control: Control,
        keep_mass: bool = False,
        operative: bool = False,
        boundary: Series | None = None,
    ) -> Result:
        """Run a window and return its series; parameters are those of the function `simulate`."""
        shape = _steps(outdoor), self._n
        store = Store(shape, self._dtype, control.vents, operative or self._by_operative, keep_mass)
        end = self._run(mass, (outdoor, internal, solar, boundary), control, shape, store)
        store.mass[-1] = end
        return Result(store.power, store.air, store.mass, store.vented, store.operative)

    def stream(
        self,
        mass: Floats,
        outdoor: Series,
        internal: Series,
        solar: Series,
        control: Control,
        sinks: Sequence[Sink],
        operative: bool = False,
        boundary: Series | None = None,
    ) -> Floats:
        """Run a window into sinks and return the mass at its end; parameters are those of the function `stream`."""
        shape = _steps(outdoor), self._n
        scratch = Scratch(sinks, self._dtype, control.vents, operative or self._by_operative)
        return self._run(mass, (outdoor, internal, solar, boundary), control, shape, scratch)

    def _run(
        self,
        mass: Floats,
        given: Sequence[Series | None],
        control: Control,
        shape: tuple[int, int],
        destination: Destination,
    ) -> Floats:
        """Run all blocks through a window and return the mass at its end."""
        if self._by_operative and control.vents:
            raise ValueError("added ventilation works on the air; it cannot go with control by operative temperature")
        series = [spread(values, shape) for values in given if values is not None]
        inputs, end = Inputs(series, self._dtype), np.empty(self._n)
        for block in self._blocks:
            end[block.here] = block.run(inputs, control, series[0], mass[block.here], shape, destination)
            if len(self._blocks) > 1:
                block.forget()
        return end


def _steps(series: Series) -> int:
    return len(series.profiles if isinstance(series, Shared) else series)
