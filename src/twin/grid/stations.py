"""Where transformer stations stand, whom they feed, and how large they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely  # type: ignore[import-untyped]
from numpy.typing import NDArray

from twin.city.geometry.polygons import polygons
from twin.city.geometry.rings import take_surfaces
from twin.city.model import City
from twin.grid.catalogue import transformers
from twin.grid.demand import Customers
from twin.grid.feeders import routes_from

__all__ = ["Station", "place_stations"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONGEST_FEEDER_M = 500.0
PLANNED_UTILIZATION = 0.8
HARDLY_USED_VA = 64e3  # half of what the smallest transformer is planned for
BESIDE_M = 3.0
_MEDIAN_STEPS = 60
_SETTLING_STEPS = 100


@dataclass(frozen=True)
class Station:
    """A transformer station: the customers it feeds (rows), its place, and what stands in it."""

    customers: Ints
    xy: Floats
    type: str
    parallel: int
    load_va: float


def place_stations(city: City, customers: Customers) -> list[Station]:
    """Divide customers into areas, each with a station that can carry them and that no feeder leads too far from.

    Every customer belongs to the nearest station, and every station moves to the load-weighted median of its customers,
    in turns (Lloyd 1982; Cooper 1964 for medians). Areas that need more than one transformer, or whose feeders are
    longer than `LONGEST_FEEDER_M`, get a second station at their far end, and all turn again. In the end stations that
    would hardly be used are given up where the others can do without.
    """
    sites, owner = _enough_sites(customers)
    for k in np.flatnonzero(_loads(customers, owner) < HARDLY_USED_VA)[::-1]:
        if 1 < len(sites) > k:
            fewer = _settle(customers, np.delete(sites, k, axis=0))
            if not _far_ends(customers, fewer[1]):
                sites, owner = fewer
    footprints = _footprints(city)
    return [_station(customers, rows, footprints) for rows in _members(owner)]


def _enough_sites(customers: Customers) -> tuple[Floats, Ints]:
    sites, settled = _median(customers)[None], 0
    while True:
        sites, owner = _settle(customers, sites)
        more = _far_ends(customers, owner)
        if not more or len(sites) <= settled:  # the latter: customers at one place that no single transformer carries
            return sites, owner
        settled = len(sites)
        sites = np.vstack([sites, *more])


def _members(owner: Ints) -> list[Ints]:
    return [np.flatnonzero(owner == k) for k in range(owner.max() + 1)]


def _loads(customers: Customers, owner: Ints) -> Floats:
    return np.array([customers.take(rows).load_va for rows in _members(owner)])


def _far_ends(customers: Customers, owner: Ints) -> list[Floats]:
    ends = [_far_end(customers.take(rows)) for rows in _members(owner)]
    return [end for end in ends if end is not None]


def _largest_va() -> float:
    return float(max(t["s_rated_va"] for t in transformers().values()) * PLANNED_UTILIZATION)


def _settle(customers: Customers, sites: Floats) -> tuple[Floats, Ints]:
    """Let sites move until nobody changes from one to another; return those that are left and everybody's own."""
    before: Ints | None = None
    for _ in range(_SETTLING_STEPS):
        owner = np.argmin(np.hypot(*(customers.xy[:, None] - sites).T).T, axis=1)
        kept, owner = np.unique(owner, return_inverse=True)
        if before is not None and np.array_equal(owner, before):
            return sites, owner
        before = owner
        sites = np.array([_median(customers.take(np.flatnonzero(owner == k))) for k in range(len(kept))])
    return sites, owner


def _far_end(customers: Customers) -> Floats | None:
    """Return the place of the customer with the longest way, if one station is not enough for all; else None."""
    if len(customers) == 1:
        return None
    middle = _median(customers)
    if customers.load_va > _largest_va():
        routes = np.hypot(*(customers.xy - middle).T)
    else:
        routes = routes_from(middle, customers.xy)
        if routes.max() <= LONGEST_FEEDER_M:
            return None
    return np.asarray(customers.xy[np.argmax(routes)])


def _median(customers: Customers) -> Floats:
    """Return the point of least load-weighted distance (Weiszfeld 1937)."""
    weights = customers.weights
    point = np.average(customers.xy, axis=0, weights=weights)
    for _ in range(_MEDIAN_STEPS):
        pull = weights / np.maximum(np.hypot(*(customers.xy - point).T), 1.0)
        point = np.average(customers.xy, axis=0, weights=pull)
    return np.asarray(point)


def _station(customers: Customers, rows: Ints, footprints: NDArray[np.object_]) -> Station:
    own = customers.take(rows)
    needed = own.load_va / PLANNED_UTILIZATION
    sizes = [(name, t["s_rated_va"]) for name, t in transformers().items()]
    fitting = [name for name, size in sizes if size >= needed]
    parallel = 1 if fitting else int(np.ceil(needed / sizes[-1][1]))
    xy = _outside(_median(own), footprints)
    return Station(rows, xy, fitting[0] if fitting else sizes[-1][0], parallel, own.load_va)


def _footprints(city: City) -> NDArray[np.object_]:
    """Return the ground surfaces as polygons seen from above."""
    ground = np.flatnonzero(city.surfaces["type"] == "GroundSurface")
    some = take_surfaces(city.geometry, ground)
    shapes: NDArray[np.object_] = polygons(some, some.corners[:, :2])
    return shapes


def _outside(point: Floats, footprints: NDArray[np.object_]) -> Floats:
    """Move a point out of the building it lies in, to the nearest place beside all buildings."""
    spot = shapely.points(point)
    near = footprints[shapely.dwithin(footprints, spot, 100.0)]
    if not len(near):
        return point
    built = shapely.union_all(shapely.buffer(shapely.make_valid(near), BESIDE_M))
    if not shapely.contains(built, spot):
        return point
    moved = shapely.get_coordinates(shapely.shortest_line(shapely.boundary(built), spot))[0]
    return np.asarray(moved, dtype=np.float64)
