"""What a grid is planned for: customers, where they are, and how much of their peaks falls together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.city.geometry import measure
from twin.city.geometry.shells import lowest
from twin.city.model import City
from twin.errors import Problem, TwinError
from twin.ledger import Ledger

__all__ = ["Customers", "coincident_va", "find_customers", "ground_positions", "planned_va", "simultaneity"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

DWELLING_PEAK_W = 14_500.0
SIMULTANEITY_OF_MANY = 0.07
SIMULTANEITY_EXPONENT = -0.75
OTHER_PEAK_W_M2 = 30.0
OTHER_SIMULTANEITY = 0.6
POWER_FACTOR = 0.95
DIN_18015 = "DIN 18015-1, dwellings without electric water heating"
KAUFMANN = "form of the curve: Kaufmann, Planung öffentlicher Elektrizitätsverteilungs-Systeme, VDE-Verlag 1995"

# where nothing is known of the use
STOREY_HEIGHT_M = 3.0
DWELLING_GROSS_M2 = 100.0
SMALLEST_HOUSE_M2 = 30.0


@dataclass(frozen=True)
class Customers:
    """Buildings that draw electricity of their own.

    Attributes
    ----------
    building
        Rows of the building table, shape ``(n,)``.
    xy, z
        Middle and height of the ground they stand on, m, shapes ``(n, 2)`` and ``(n,)``.
    dwellings
        Shape ``(n,)``.
    other_w
        Peak of what is not a dwelling, W, shape ``(n,)``.
    """

    building: Ints
    xy: Floats
    z: Floats
    dwellings: Floats
    other_w: Floats

    def __len__(self) -> int:
        return len(self.building)

    def take(self, rows: Ints) -> Customers:
        """Return some of them."""
        return Customers(self.building[rows], self.xy[rows], self.z[rows], self.dwellings[rows], self.other_w[rows])

    @property
    def weights(self) -> Floats:
        """What each adds to the coincident load of all, VA, shape ``(n,)``."""
        share = simultaneity(self.dwellings.sum())
        return (share * DWELLING_PEAK_W * self.dwellings + OTHER_SIMULTANEITY * self.other_w) / POWER_FACTOR

    @property
    def load_va(self) -> float:
        """Coincident load of all, VA."""
        return float(coincident_va(self.dwellings.sum(), self.other_w.sum(), self.other_w.max(initial=0.0)))


def simultaneity(dwellings: ArrayLike) -> Floats:
    """Return the share of their peaks that falls together, for ``n`` dwellings: g + (1 - g) n^-0.75."""
    n = np.maximum(np.asarray(dwellings, dtype=np.float64), 1.0)
    return np.asarray(SIMULTANEITY_OF_MANY + (1 - SIMULTANEITY_OF_MANY) * n**SIMULTANEITY_EXPONENT)


def coincident_va(dwellings: ArrayLike, other_w: ArrayLike, largest_other_w: ArrayLike) -> Floats:
    """Return the apparent power that a number of dwellings and others draw together at their common peak, VA."""
    homes = DWELLING_PEAK_W * np.asarray(dwellings) * simultaneity(dwellings)
    others = np.maximum(OTHER_SIMULTANEITY * np.asarray(other_w), largest_other_w)
    return np.asarray((homes + others) / POWER_FACTOR)


def ground_positions(city: City) -> Floats:
    """Return the middle of each building's ground surfaces and its lowest height, m, shape ``(n, 3)``.

    A building without ground surfaces is placed in the middle of all its surfaces.
    """
    measured, owner = measure(city.geometry), city.surfaces["building"]
    n = len(city.buildings)
    place = np.zeros((n, 3))
    place[:, 2] = lowest(city.geometry, owner, n)
    ground = np.where(city.surfaces["type"] == "GroundSurface", measured.area, 0.0)
    for weight in (measured.area, ground):  # the better one last
        total = np.bincount(owner, weight, n)
        known = total > 0
        for axis in range(2):
            moment = np.bincount(owner, weight * measured.centroid[:, axis], n)
            place[known, axis] = moment[known] / total[known]
    return place


def find_customers(city: City, ledger: Ledger) -> Customers:
    """Return the buildings that need a connection of their own, and state what they are taken to need.

    Raises
    ------
    TwinError
        If there is none.
    """
    dwellings, other_m2 = _uses(city, ledger)
    ledger.state(
        f"The grid is planned for {DWELLING_PEAK_W / 1e3:g} kW per dwelling, of which {SIMULTANEITY_OF_MANY:g} + "
        f"{1 - SIMULTANEITY_OF_MANY:g} n^{SIMULTANEITY_EXPONENT:g} fall together for n dwellings, and for "
        f"{OTHER_PEAK_W_M2:g} W per m2 of other floor area, of which {OTHER_SIMULTANEITY:g} fall together, at a power "
        f"factor of {POWER_FACTOR:g}: neither heat pumps nor cars were thought of.",
        f"{DIN_18015}; {KAUFMANN}; other uses: twin, planning assumption",
    )
    rows = np.flatnonzero((dwellings > 0) | (other_m2 > 0))
    if not len(rows):
        raise TwinError(Problem("no grid can be made up: no building has dwellings or a heated floor area"))
    place = ground_positions(city)[rows]
    return Customers(rows, place[:, :2], place[:, 2], dwellings[rows], OTHER_PEAK_W_M2 * other_m2[rows])


def _uses(city: City, ledger: Ledger) -> tuple[Floats, Floats]:
    """Return dwellings and other floor area of every building."""
    table = city.buildings
    if "dwellings" in table and "heated_floor_area_m2" in table:
        dwellings = table["dwellings"].astype(np.float64)
        return dwellings, np.where(dwellings > 0, 0.0, np.nan_to_num(table["heated_floor_area_m2"]))
    footprint = np.nan_to_num(table["footprint_m2"])
    height = np.nan_to_num(table["height_m"])
    storeys = np.maximum(np.round(height / STOREY_HEIGHT_M), 1)
    if "storeys_above_ground" in table:
        storeys = np.where(table.missing("storeys_above_ground"), storeys, table["storeys_above_ground"])
    dwellings = np.maximum(np.round(footprint * storeys / DWELLING_GROSS_M2), 1.0)
    ledger.state(
        f"The grid is planned for one dwelling per {DWELLING_GROSS_M2:g} m2 of gross floor area, as dwellings are not "
        f"known; buildings below {SMALLEST_HOUSE_M2:g} m2 have no connection of their own.",
        "twin: planning assumption",
    )
    return np.where(footprint >= SMALLEST_HOUSE_M2, dwellings, 0.0), np.zeros(len(table))


def planned_va(city: City) -> Floats:
    """Return what a grid is planned for at every building by itself, VA, shape ``(n,)``; 0 where nobody draws any."""
    dwellings, other_m2 = _uses(city, Ledger())
    other_w = OTHER_PEAK_W_M2 * other_m2
    return coincident_va(dwellings, other_w, other_w)
