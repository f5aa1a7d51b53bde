"""The simple hourly method of EN ISO 13790 (5R1C, Annex C), folded into a linear map with one state per building.

The standard solves each hour three times: free-floating, with a test power, with the power needed. All of it is
linear in the temperature of the mass, the inputs and the power, so the coefficients can be worked out once per
building; a step is then a multiplication, a clip and an addition over all buildings.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

__all__ = ["Balance", "Control", "Result", "StepMap", "Zones", "balance", "fold", "simulate"]

Floats = NDArray[np.float64]

BLOCK_BUILDINGS = 4096  # state, coefficients and forcing of a block stay in the caches
BLOCK_STEPS = 32


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
    """Coefficients of one step, all of shape ``(2, n)``: the first row gives the air without heating or cooling, mean
    over the step, the second the mass at the step's end.

    Attributes
    ----------
    mass
        From the mass at the step's start, 1.
    outdoor
        From the outdoor temperature, 1.
    internal, solar
        From internal and solar gains, K/W.
    power
        From heating (positive) and cooling (negative) power, K/W.
    """

    mass: Floats
    outdoor: Floats
    internal: Floats
    solar: Floats
    power: Floats


@dataclass(frozen=True)
class Control:
    """What is done about the temperature of the air; None leaves a means out.

    Attributes
    ----------
    heating_set, cooling_set
        Set points, degC, shape ``(step, building)``.
    heating_max, cooling_max
        Installed powers, W, both positive, shape ``(building,)``; unlimited if None.
    airing_from
        Windows are opened as far as needed where the air would be warmer than this and than outdoors, degC, shape
        ``(building,)``; infinite where nobody opens them, as in all cooled buildings.
    airing_max
        Ventilation added by windows wide open, W/K, shape ``(building,)``.
    """

    heating_set: Floats
    cooling_set: Floats | None = None
    heating_max: Floats | None = None
    cooling_max: Floats | None = None
    airing_from: Floats | None = None
    airing_max: Floats | None = None

    def of(self, here: slice, shape: tuple[int, int]) -> Control:
        """Return the control of a block of buildings; ``shape`` is that of all."""

        def block(values: Floats | None, shape: tuple[int, ...]) -> Floats | None:
            return None if values is None else np.broadcast_to(values, shape)[..., here]

        return Control(
            np.broadcast_to(self.heating_set, shape)[:, here],
            block(self.cooling_set, shape),
            *(block(v, shape[1:]) for v in (self.heating_max, self.cooling_max, self.airing_from, self.airing_max)),
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
        Heat let out by windows opened because it was warm, W; None without airing.
    """

    power: Floats
    air: Floats
    mass: Floats
    airing: Floats | None = None


@dataclass(frozen=True)
class Balance:
    """Heat flows of a window, ``(step, building)``, W: gains + power = transmission + ventilation + storage."""

    gains: Floats
    transmission: Floats
    ventilation: Floats
    storage: Floats


def fold(zones: Zones, step_s: float) -> StepMap:
    """Return the coefficients of one Crank-Nicolson step (EN ISO 13790, C.1 to C.11).

    The quotient H_1 / H_ve of the standard is written H_is / (H_is + H_ve), which holds for H_ve = 0 too.
    """
    z = zones
    to_air = z.h_tr_is + z.h_ve
    a = z.h_tr_is / to_air
    surface = z.h_tr_ms + z.h_tr_w + z.h_ve * a
    capacity = z.c_m / step_s
    loss = z.h_tr_em + z.h_tr_ms * (z.h_tr_w + z.h_ve * a) / surface
    denominator = capacity + loss / 2

    def response(outdoor: float, air: float | Floats, star: float | Floats, mass: float | Floats) -> Floats:
        """Return air and mass for heat into the three nodes and one degree outdoors, the mass starting at 0."""
        into_star = star + (z.h_tr_w + z.h_ve * a) * outdoor + a * air
        new_mass = (mass + z.h_tr_em * outdoor + z.h_tr_ms / surface * into_star) / denominator
        star_degc = (into_star + z.h_tr_ms * new_mass / 2) / surface
        return np.stack([a * star_degc + (air + z.h_ve * outdoor) / to_air, new_mass])

    return StepMap(
        mass=np.stack([a * z.h_tr_ms / surface * capacity / denominator, (capacity - loss / 2) / denominator]),
        outdoor=response(1.0, 0.0, 0.0, 0.0),
        internal=response(0.0, 0.5, 0.5 * z.to_surface, 0.5 * z.to_mass),
        solar=response(0.0, 0.0, z.to_surface, z.to_mass),
        power=response(0.0, 1.0, 0.0, 0.0),
    )


def simulate(
    steps: StepMap,
    mass: Floats,
    outdoor: Floats,
    internal: Floats,
    solar: Floats,
    control: Control,
    keep_mass: bool = False,
) -> Result:
    """Run a window: the power that keeps the air between the set points, as far as it lasts.

    Parameters
    ----------
    mass
        Temperature of the mass at the start, degC, shape ``(building,)``.
    outdoor
        Outdoor temperature, degC, shape ``(step, building)`` or ``(step, 1)``, as those that follow.
    internal, solar
        Gains, W; solar ones less what is lost to the sky.
    keep_mass
        Whether to return the mass at every step, as `balance` needs it.
    """
    n, n_buildings = shape = (len(outdoor), len(mass))
    airing = None if control.airing_from is None or control.airing_max is None else np.empty(shape)
    result = Result(np.empty(shape), np.empty(shape), np.empty((n + 1 if keep_mass else 1, n_buildings)), airing)
    series = [np.broadcast_to(v, shape) for v in (outdoor, internal, solar)]
    for begin in range(0, n_buildings, BLOCK_BUILDINGS):
        here = slice(begin, begin + BLOCK_BUILDINGS)
        _block(
            StepMap(**{f.name: getattr(steps, f.name)[:, here] for f in fields(steps)}),
            mass[here].copy(),
            [v[:, here] for v in series],
            control.of(here, shape),
            Result(
                result.power[:, here],
                result.air[:, here],
                result.mass[:, here],
                None if airing is None else airing[:, here],
            ),
        )
    return result


def _block(steps: StepMap, mass: Floats, series: list[Floats], control: Control, out: Result) -> None:
    """Run a block of buildings through a window, the forcing of some steps at a time worked out by array passes."""
    response = steps.power[0]
    mass_per_kelvin = steps.power[1] / response  # warming of the mass where power lifts the air by 1 K
    most = None if control.heating_max is None else control.heating_max * response
    least = None if control.cooling_max is None else -control.cooling_max * response
    airing = None
    if control.airing_from is not None and control.airing_max is not None:
        airing = _Airing(control.airing_from, control.airing_max, response)
    free = np.empty((2, len(mass)))
    free_air, free_mass = free
    keep = len(out.mass) > 1
    for begin in range(0, len(out.power), BLOCK_STEPS):
        here = slice(begin, begin + BLOCK_STEPS)
        outdoor, internal, solar = (v[here, None] for v in series)
        forcing = outdoor * steps.outdoor
        forcing += internal * steps.internal
        forcing += solar * steps.solar
        if airing:
            airing.prepare(series[0][here])
        rows = zip(forcing, control.heating_set[here], out.air[here], out.power[here], strict=True)
        for k, (force, lower, air, lift) in enumerate(rows):
            if keep:
                out.mass[begin + k] = mass
            np.multiply(steps.mass, mass, out=free)
            np.add(free, force, out=free)
            np.maximum(airing.aired(k, free_air) if airing else free_air, lower, out=air)
            if control.cooling_set is not None:
                np.minimum(air, control.cooling_set[begin + k], out=air)
            np.subtract(air, free_air, out=lift)
            if most is not None:
                np.minimum(lift, most, out=lift)
            if least is not None:
                np.maximum(lift, least, out=lift)
            if most is not None or least is not None:
                np.add(free_air, lift, out=air)
            np.multiply(lift, mass_per_kelvin, out=mass)
            np.add(mass, free_mass, out=mass)
        out.power[here] /= response
        if airing and out.airing is not None:
            np.multiply(np.maximum(-out.power[here], 0.0), airing.where, out=out.airing[here])
            out.power[here] += out.airing[here]
    out.mass[-1] = mass


class _Airing:
    """Opened windows: ventilation added to the air alone, so that its effect follows from the free air."""

    def __init__(self, airing_from: Floats, airing_max: Floats, response: Floats) -> None:
        self._from = airing_from
        self.where = np.isfinite(airing_from)
        # wide open, air = free + response * h (outdoor - air)
        self._inside = 1.0 / (1.0 + response * airing_max)
        self._outside: Floats = np.empty((0, 0))
        self._air = np.empty(len(response))

    def prepare(self, outdoor: Floats) -> None:
        """Take the outdoor temperature of the steps to come."""
        self._outside = outdoor * (1.0 - self._inside)

    def aired(self, k: int, free: Floats) -> Floats:
        """Return the air of the ``k``-th of these steps with the windows as far open as they are needed."""
        np.multiply(free, self._inside, out=self._air)
        np.add(self._air, self._outside[k], out=self._air)
        np.maximum(self._air, self._from, out=self._air)
        return np.minimum(self._air, free, out=self._air)


def balance(zones: Zones, step_s: float, outdoor: Floats, internal: Floats, solar: Floats, result: Result) -> Balance:
    """Return where the heat of a window went, from a result with ``keep_mass``.

    Parameters are those given to `simulate`.
    """
    z = zones
    mean_mass = (result.mass[:-1] + result.mass[1:]) / 2
    radiant = 0.5 * internal + solar
    into_star = z.to_surface * radiant + z.h_tr_w * outdoor + z.h_tr_is * result.air
    star = (z.h_tr_ms * mean_mass + into_star) / (z.h_tr_ms + z.h_tr_w + z.h_tr_is)
    lost_by_windows = (1.0 - z.to_mass - z.to_surface) * radiant
    return Balance(
        gains=internal + solar,
        transmission=z.h_tr_w * (star - outdoor) + z.h_tr_em * (mean_mass - outdoor) + lost_by_windows,
        ventilation=z.h_ve * (result.air - outdoor) + (0.0 if result.airing is None else result.airing),
        storage=z.c_m / step_s * np.diff(result.mass, axis=0),
    )
