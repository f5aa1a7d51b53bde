"""What the wing knows: the columns of heating systems, solar modules, charging points and vehicles, declared once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from twin.city.model import SURFACE_COLUMNS, City
from twin.quantities import Link
from twin.table import MISSING, Column, Table

__all__ = [
    "COLUMNS",
    "EMISSIONS",
    "HEATING_SYSTEMS",
    "POINT_COLUMNS",
    "PV_COLUMNS",
    "SOURCES",
    "STRATEGIES",
    "VEHICLE_COLUMNS",
    "append",
    "with_entities",
]

HEATING_SYSTEMS = ("gas_boiler", "heat_pump", "electric", "none")
SOURCES = ("air", "ground")
EMISSIONS = ("radiator", "floor")
STRATEGIES = ("uncontrolled", "voltage_aware")


def _by_name(*columns: Column) -> dict[str, Column]:
    return {c.name: c for c in columns}


_BUILDING = Column("building", "-", "int", "row of the building it belongs to", low=0)

COLUMNS = _by_name(
    Column("heating_system", "-", "str", "what makes heat and hot water", categories=HEATING_SYSTEMS),
    Column("heat_emission", "-", "str", "what gives the heat to the rooms", categories=EMISSIONS),
    Column(
        "boiler_efficiency", "1", "float", "useful heat per gas of the year, lower heating value", low=0.3, high=1.11
    ),
    Column("heat_pump_source", "-", "str", "where the heat pump takes its heat from", categories=SOURCES),
    Column("heat_pump_sizing", "1", "float", "heat pump capacity per design heat load", low=0.0, high=3.0),
    Column("heat_pump_capacity_w", "W", "float", "thermal capacity of the heat pump", low=0),
    Column("ground_source_temperature_degc", "degC", "float", "temperature of the undisturbed ground", low=-5, high=40),
)

PV_COLUMNS = _by_name(
    _BUILDING,
    Column("surface", "-", "int", "row of the surface the modules lie on", low=0),
    Column("module_area_m2", "m2", "float", "area of the modules", low=0),
    SURFACE_COLUMNS["tilt_deg"],
    SURFACE_COLUMNS["azimuth_deg"],
    Column("power_w", "W", "float", "direct-current power under standard test conditions", low=0),
    Column("inverter_w", "W", "float", "most alternating-current power of the inverter", low=0),
    Column("system_loss", "1", "float", "lost to soiling, mismatch, wiring and outages", low=0, high=1),
)

POINT_COLUMNS = _by_name(
    _BUILDING,
    Column("power_w", "W", "float", "most power it gives", low=0),
    Column("phases", "-", "int", "how many phases it is connected to", low=1, high=3),
    Column("strategy", "-", "str", "what decides how fast it charges", categories=STRATEGIES),
    Column("voltage_high_pu", "pu", "float", "voltage from which it gives full power", low=0.5, high=1.5),
    Column("voltage_low_pu", "pu", "float", "voltage at which it gives least power", low=0.5, high=1.5),
    Column("least_share", "1", "float", "share of its power that it gives at the lowest voltage", low=0, high=1),
)

VEHICLE_COLUMNS = _by_name(
    Column("charging_point", "-", "int", "row of the charging point it charges at", low=0),
    Column("battery_j", "J", "float", "energy that the battery holds", low=0),
    Column("home_charging_j", "J", "float", "energy it charges here in a year", low=0),
)


def append(old: Table | None, name: str, ids: Sequence[str], values: Mapping[Column, Any], code: int) -> Table:
    """Return a table with rows added, all of one source; the rows there were come first and keep theirs.

    Parameters
    ----------
    old
        The table so far, None if there is none.
    ids
        Identifiers of the new rows, shape ``(n,)``.
    values
        By column one value per new row, or one for all; NaN where there is none.
    """
    table = Table(name, [*([] if old is None else old.ids.tolist()), *ids])
    for column, given in values.items():
        cells = np.broadcast_to(column.cast(given), (len(ids),))
        codes = np.where(cells != cells, MISSING, code).astype(np.uint16)  # NaN alone differs from itself
        if old is not None:
            cells = np.concatenate([old[column.name], cells])
            codes = np.concatenate([old.source(column.name), codes])
        table = table.put(column, cells, codes)
    return table


def with_entities(city: City, table: Table, *owners: str) -> City:
    """Return the city with a table of this wing added or replaced, and with links from it to all its owners.

    Parameters
    ----------
    owners
        Entity sets that the rows belong to; each is also the name of the column that holds the owner's row.
    """
    others = tuple(link for link in city.links if link.fine != table.name)
    links = tuple(Link.belongs(table.name, owner, table[owner]) for owner in owners)
    return replace(city, tables={**city.tables, table.name: table}, links=others + links)
