"""Small cities of boxes, weather out of formulas, and the fills run as a scenario runs them."""

import numpy as np

from twin.buildings.attach import with_zones
from twin.buildings.catalogue import read_catalogue
from twin.buildings.settings import BuildingSettings
from twin.buildings.wing import WING as BUILDINGS
from twin.city.model import BUILDING_COLUMNS, SURFACE_COLUMNS, City, Geometry
from twin.city.usage import usage_class
from twin.engine.time import CivilTime, TimeAxis
from twin.ledger import Ledger
from twin.registry import resolve
from twin.table import ASSUMED, DERIVED, GIVEN, MEASURE, MISSING, Table
from twin.weather.wing import WEATHER_COLUMNS

WIDTH_M, DEPTH_M, STOREY_M = 16.0, 12.0, 3.0
BERLIN = CivilTime("Europe/Berlin")


def boxes(n=1, storeys=3, party_wall_m2=0.0, surfaces_of=None, **given):
    """Return a city of free-standing boxes, four walls, roof and floor each; ``given`` are columns of buildings.

    ``function`` and ``usage`` become a usage class, as they do when a file is read.
    """
    height = STOREY_M * storeys
    table = Table("building", [f"b{i}" for i in range(n)])
    values = {
        "function": np.full(n, "31001_1010"),
        "year_of_construction": np.full(n, 1955),
        "storeys_above_ground": np.full(n, storeys),
        "footprint_m2": np.full(n, WIDTH_M * DEPTH_M),
        "volume_m3": np.full(n, WIDTH_M * DEPTH_M * height),
        "party_wall_m2": np.full(n, party_wall_m2),
    }
    columns = {**BUILDING_COLUMNS, **{c.name: c for c in BUILDINGS.columns["building"]}}
    for name, value in {**values, **given}.items():
        if value is not None:
            table = table.put(columns[name], np.broadcast_to(value, (n,)), GIVEN)
    table = _with_use(table)
    with_surfaces = np.arange(n) if surfaces_of is None else np.asarray(surfaces_of)
    return City({"building": table, "surface": _surfaces(with_surfaces, height, party_wall_m2)}, _no_geometry())


def _with_use(table):
    stated = [table[name].tolist() for name in ("usage", "function") if name in table]
    uses = np.array([next(filter(None, map(usage_class, codes)), "") for codes in zip(*stated, strict=True)])
    if not (uses != "").any():
        return table
    return table.put(BUILDING_COLUMNS["usage_class"], uses, np.where(uses != "", DERIVED, MISSING).astype(np.uint16))


def _surfaces(buildings, height, party_wall_m2):
    one = {
        "type": ["WallSurface"] * 4 + ["RoofSurface", "GroundSurface"],
        "area_m2": [WIDTH_M * height, DEPTH_M * height] * 2 + [WIDTH_M * DEPTH_M] * 2,
        "tilt_deg": [90.0] * 4 + [0.0, 180.0],
        "azimuth_deg": [0.0, 90.0, 180.0, 270.0, 0.0, 0.0],
        "party_wall_m2": [0.0, party_wall_m2, 0.0, 0.0, 0.0, 0.0],
    }
    n = len(buildings)
    table = Table("surface", [f"s{i}" for i in range(6 * n)])
    table = table.put(SURFACE_COLUMNS["building"], np.repeat(buildings, 6))
    for name, values in one.items():
        table = table.put(SURFACE_COLUMNS[name], np.tile(values, n))
    return table


def _no_geometry():
    none = np.zeros(0, dtype=np.int64)
    return Geometry(np.zeros((0, 3)), none, np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))


def inputs(ledger=None):
    return {"archetypes": read_catalogue("tabula-de", ledger or Ledger())}


def filled(city, *wings, ledger=None, found=None):
    """Return the city with all gaps filled by the wings, buildings first; measured and given cells stay.

    Thermal zones are attached once the buildings are known. ``found`` is what the scenario's files hold.
    """
    ledger = ledger or Ledger()
    found = found or inputs(ledger)
    for wing in (BUILDINGS, *wings):
        for fill in wing.fills:
            if fill.table == "zone" and "zone" not in city.tables:
                city = with_zones(city, BuildingSettings(), ledger)
            if fill.table in city.tables:
                city = _filled(city, fill, found, ledger)
    return city


def _filled(city, fill, found, ledger):
    proposal = resolve(fill.apply)(city, found, ledger)
    assert set(proposal) == {c.name for c in fill.writes}
    for column in fill.writes:
        table = city.table(fill.table)
        values, codes = proposal[column.name]
        assert len(values) == len(codes) == len(table)
        source = table.source(column.name) if column.name in table else np.zeros(len(values))
        open_cells = (source == MISSING) | (source == DERIVED) | ((source >= ASSUMED) & (source < MEASURE))
        city = city.with_table(table.put(column, values, codes, open_cells))
    return city


def weather(axis, mean=10.0, season=9.0, day=4.0):
    """Return outdoor temperature, sky radiation and irradiance per compass direction of a made-up temperate climate.

    Irradiance is of north, east, south, west, up and down, W/m2, shape ``(n, 6)``.
    """
    hours = axis.seconds / 3600.0
    year, daily = 2 * np.pi * hours / 8766.0, 2 * np.pi * hours / 24.0
    outdoor = mean - season * np.cos(year) - day * np.cos(daily - np.pi / 12)
    sky = 0.8 * 5.67e-8 * (outdoor + 273.15) ** 4
    sun = np.maximum(-np.cos(daily) * 0.9 - 0.25 * np.cos(year), 0.0)
    directions = np.array([0.15, 0.35, 0.55, 0.35, 0.7, 0.0]) * 600.0
    return outdoor, sky, sun[:, None] * directions


def with_weather(city):
    """Return the city with the outdoor temperature of a whole made-up year, as a weather file would bring it."""
    axis = TimeAxis.at("2023-01-01", 3600, 8760, BERLIN.timezone)
    table = Table("weather", [str(h) for h in range(axis.n)])
    return city.with_table(table.put(WEATHER_COLUMNS["outdoor_temperature"], weather(axis)[0]))


def ports(city, axis, gain=0.0):
    """Return what the buildings simulator reads from others over an axis."""
    outdoor, sky, sun = weather(axis)
    n = len(city.buildings)
    return {
        "outdoor_temperature": np.broadcast_to(outdoor[:, None], (axis.n, n)),
        "sky_infrared_irradiance": np.broadcast_to(sky[:, None], (axis.n, n)),
        "irradiance": np.tile(sun, len(city.surfaces) // 6),
        "internal_gain": np.full((axis.n, len(city.table("zone"))), gain),
        "heating_set_point_shift": np.zeros((axis.n, n)),
    }


def cut(simulator, axis, given, steps):
    """Run a simulator over an axis in windows of the given numbers of steps and join what it writes."""
    simulator.start(axis, None)
    parts, at = [], 0
    for n in steps:
        window = TimeAxis(axis.start + at * axis.step_s, axis.step_s, n)
        out = simulator.advance(window, {k: v[at : at + n] for k, v in given.items()})
        parts.append({k: np.array(v) for k, v in out.items()})
        at += n
    assert at == axis.n
    return {k: np.concatenate([p[k] for p in parts]) for k in parts[0]}
