"""Vehicles at their points as arrays: what each may draw, how its battery takes it, what its point is told to do."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.errors import Problem, TwinError
from twin.table import Table

__all__ = ["LEAST_CURRENT_A", "PHASE_V", "Fleet", "fleet_of"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_CURRENT_A = 6.0  # per phase, below which vehicles do not charge: IEC 61851-1
PHASE_V = 230.0


@dataclass(frozen=True)
class Fleet:
    """One entry per vehicle.

    Attributes
    ----------
    points
        The table of charging points.
    point
        Row of the vehicle's point.
    strategy
        What decides how fast it charges there.
    power
        Most power that point and on-board charger allow, W.
    least_power
        Power at the least current of IEC 61851-1 on the phases in use, W.
    battery, target
        What the battery holds, and how much of it the vehicle wants to leave with, J.
    spare, tau
        How the battery takes power, as in `twin.devices.ev.kernel.charged`.
    """

    points: Table
    point: Ints
    strategy: NDArray[np.str_]
    power: Floats
    least_power: Floats
    battery: Floats
    target: Floats
    spare: Floats
    tau: Floats

    def __len__(self) -> int:
        return len(self.point)

    def of_point(self, column: str) -> NDArray[np.generic]:
        """Return a column of the points, by vehicle."""
        return np.asarray(self.points[column][self.point])


def fleet_of(city: City) -> Fleet:
    """Return the vehicles of a city.

    Raises
    ------
    TwinError
        If batteries could never reach their target, or would have to plan what they cannot.
    """
    points, vehicles = city.table("charging_point"), city.table("vehicle")
    point = vehicles["charging_point"]
    phases = vehicles["onboard_phases"]
    in_use = np.minimum(points["phases"][point], phases)
    power = np.minimum(points["power_w"][point], vehicles["onboard_w"] * in_use / phases)
    battery, taper_from = vehicles["battery_j"], vehicles["taper_from"]
    target = vehicles["target_soc"] * battery
    tapers = taper_from < 1.0
    # without a second stage the target is all that ends charging
    tau = np.where(tapers, (1.0 - taper_from) * battery / vehicles["onboard_w"], 1.0)
    spare = np.where(tapers, battery - target, power)
    strategy = points["strategy"][point]
    _check(vehicles, tapers, strategy)
    return Fleet(
        points,
        point,
        strategy,
        power,
        np.minimum(LEAST_CURRENT_A * PHASE_V * in_use, power),
        battery,
        target,
        spare,
        tau,
    )


def _check(vehicles: Table, tapers: NDArray[np.bool_], strategy: NDArray[np.str_]) -> None:
    problems = []
    never = int((tapers & (vehicles["target_soc"] >= 1.0)).sum())
    if never:
        message = f"{never} vehicles want full batteries whose power falls to nothing: they would charge for ever"
        problems.append(Problem(message, expected="target_soc below 1, or taper_from = 1"))
    late = int(((strategy == "vehicle_to_grid") & (vehicles["target_soc"] > vehicles["taper_from"])).sum())
    if late:
        message = f"{late} vehicles that give back want more than taper_from, but they plan at constant power"
        problems.append(Problem(message, expected="target_soc of at most taper_from"))
    if problems:
        raise TwinError(*problems)
