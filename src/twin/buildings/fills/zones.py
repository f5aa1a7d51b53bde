"""What the thermal zones take from their building: areas, people and set points, by the use of each."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from twin.buildings.catalogue import Archetypes
from twin.buildings.fills.proposals import Inputs, Proposal, archetypes_of
from twin.buildings.model import RESIDENTIAL_USES
from twin.city.model import City
from twin.errors import Problem, TwinError
from twin.ledger import Ledger
from twin.table import DERIVED, Table

__all__ = ["air_changes", "areas", "people", "set_points", "uses"]

Floats = NDArray[np.float64]


def _derived(**columns: NDArray[np.generic]) -> Proposal:
    return {name: (values, np.full(len(values), DERIVED, dtype=np.uint16)) for name, values in columns.items()}


def _secondary(zones: Table) -> NDArray[np.bool_]:
    return np.asarray(zones["use"] == "secondary")


def _of_use(zones: Table, archetypes: Archetypes, name: str) -> Floats:
    values: Floats = archetypes.uses[name][archetypes.use_rows(zones["use_type"])]
    return values


def uses(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive the use of each zone from the two uses of its building.

    Raises
    ------
    TwinError
        For every use that the catalogue says nothing of.
    """
    zones, table, archetypes = city.table("zone"), city.buildings, archetypes_of(inputs)
    other = table["secondary_use_type"] if "secondary_use_type" in table else np.full(len(table), "")
    found = np.where(_secondary(zones), other[zones["building"]], table["use_type"][zones["building"]])
    unknown = found[archetypes.use_rows(found) < 0]
    if len(unknown):
        raise TwinError(
            *(
                Problem(
                    f"catalogue {archetypes.name} has no use {use}, which {count} thermal zones have",
                    expected="it in the three tables of uses",
                )
                for use, count in zip(*np.unique(unknown, return_counts=True), strict=True)
            )
        )
    return _derived(use_type=found)


def areas(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive the floor area of each zone from its share in volume and use."""
    zones, table = city.table("zone"), city.buildings
    second = np.where(table.missing("secondary_use_type"), 0.0, table["secondary_use_share"])[zones["building"]]
    share = zones["volume_share"] * np.where(_secondary(zones), second, 1.0 - second)
    return _derived(heated_floor_area_m2=share * table["heated_floor_area_m2"][zones["building"]])


def people(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Spread people over the zones of their building by floor area and density of the use, dwellings by floor area."""
    zones, archetypes = city.table("zone"), archetypes_of(inputs)
    area, per_person = zones["heated_floor_area_m2"], _of_use(zones, archetypes, "area_per_person")
    density = np.divide(1.0, per_person, out=np.zeros(len(area)), where=per_person > 0)
    homes = np.isin(zones["use_type"], RESIDENTIAL_USES)
    return _derived(
        occupants=_spread(city, "occupants", area * density), dwellings=_spread(city, "dwellings", area * homes)
    )


def _spread(city: City, name: str, weight: Floats) -> Floats:
    """Return a number of each building spread over its zones by weight, by floor area where nothing weighs."""
    zones, n = city.table("zone"), len(city.buildings)
    building = zones["building"]
    none = np.bincount(building, weight, n)[building] <= 0
    weight = np.where(none, zones["heated_floor_area_m2"], weight)
    shares = weight / np.bincount(building, weight, n)[building]
    spread: Floats = shares * np.nan_to_num(city.buildings[name].astype(np.float64))[building]
    return spread


def set_points(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive set points: the building's for its main use, those of the catalogue for the secondary one."""
    of_use = {
        "heating_set_point_degc": "heating_set_point",
        "heating_setback_degc": "heating_setback",
        "cooling_set_point_degc": "cooling_set_point",
    }
    return _by_use(city, inputs, tuple(of_use), lambda found, zones, name: _of_use(zones, found, of_use[name]))


def air_changes(city: City, inputs: Inputs, ledger: Ledger) -> Proposal:
    """Derive air changes: the building's for its main use; for the secondary one what it needs and what leaks in."""

    def of_use(archetypes: Archetypes, zones: Table, name: str) -> Floats:
        leaks: Floats = city.buildings["infiltration_1_h"][zones["building"]]
        return _of_use(zones, archetypes, "air_change") + leaks

    return _by_use(city, inputs, ("air_change_1_h",), of_use)


def _by_use(
    city: City, inputs: Inputs, names: tuple[str, ...], of_use: Callable[[Archetypes, Table, str], Floats]
) -> Proposal:
    zones, archetypes = city.table("zone"), archetypes_of(inputs)
    second = _secondary(zones)
    return _derived(
        **{
            name: np.where(second, of_use(archetypes, zones, name), city.buildings[name][zones["building"]])
            for name in names
        }
    )
