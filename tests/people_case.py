"""Rows of homes for tests of people: buildings and their zones, without walls."""

import numpy as np

from twin.buildings.catalogue import read_catalogue
from twin.buildings.model import ZONE_COLUMNS
from twin.buildings.people.settings import PeopleSettings
from twin.city.model import City, Geometry
from twin.engine.time import CivilTime, TimeAxis
from twin.ledger import Ledger
from twin.random import Streams
from twin.table import Table

BERLIN = CivilTime("Europe/Berlin")
CATALOGUE = read_catalogue("tabula-de", Ledger())
STOCHASTIC = PeopleSettings(profiles="stochastic")
DWELLING_M2, PEOPLE = 74.0, 1.72


def homes(n=1, dwellings=1, use="MULTI_RES", people=PEOPLE, building=None):
    """Return a city of ``n`` zones with some dwellings each; every zone is a building of its own unless stated."""
    none = np.zeros(0, dtype=np.int64)
    geometry = Geometry(np.zeros((0, 3)), none, np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))
    building = np.arange(n) if building is None else np.asarray(building)
    zones = Table("zone", [f"z{i}" for i in range(n)])
    values = {
        "building": building,
        "use_type": np.broadcast_to(use, (n,)),
        "heated_floor_area_m2": np.broadcast_to(DWELLING_M2 * np.asarray(dwellings), (n,)),
        "occupants": np.broadcast_to(people * np.asarray(dwellings, dtype=float), (n,)),
        "dwellings": np.broadcast_to(np.asarray(dwellings, dtype=float), (n,)),
    }
    for name, value in values.items():
        zones = zones.put(ZONE_COLUMNS[name], np.array(value))
    return City({"building": Table("building", [f"b{i}" for i in range(building.max() + 1)]), "zone": zones}, geometry)


def simulator(kind, city, settings=STOCHASTIC, step_s=900, civil=BERLIN, **more):
    return kind(city, CATALOGUE, civil, step_s, settings, **more)


def axis_of(days, step_s=900, start="2023-01-09", civil=BERLIN):
    return TimeAxis.at(start, step_s, days * 86400 // step_s, civil.timezone)


def run(it, axis, steps=None, seed=1):
    """Run a simulator over an axis, in windows of the given numbers of steps, and join what it writes."""
    it.start(axis, Streams(seed))
    parts, at = [], 0
    for n in steps or [axis.n]:
        window = TimeAxis(axis.start + at * axis.step_s, axis.step_s, n)
        parts.append({name: np.array(values) for name, values in it.advance(window, {}).items()})
        at += n
    assert at == axis.n
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
