"""Coordinate reference systems: the spellings found in city files, and coordinates brought to metres."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.city.axes import (
    WEST_SOUTH,
    Winding,
    covers,
    degrees_of,
    easting_first,
    middle,
    northing_first,
    projection,
    turned,
)
from twin.errors import Problem, TwinError

if TYPE_CHECKING:
    import pyproj

__all__ = ["Settled", "country", "epsg_code", "grid_convergence", "ogc_url", "settle"]

Floats = NDArray[np.float64]

# "EPSG:25832", "urn:ogc:def:crs:EPSG:6.12:3068", ".../def/crs/EPSG/0/7415", ".../gml/srs/epsg.xml#4326"; of a compound
# name the first code is the horizontal system.
_EPSG = re.compile(r"epsg(?:\.xml)?[:/#]{1,2}(?:[\w.]*[:/])?(\d{4,6})(?!\d)", re.IGNORECASE)

# Names of the German surveys (AdV, GeoInfoDok 6 and 7), which carry no code. The part behind "*" is the height system.
_ADV = re.compile(r"(ETRS89_UTM|DE_DHDN_3GK)(\d{1,2})\b", re.IGNORECASE)
_ADV_BASE = {"ETRS89_UTM": 25800, "DE_DHDN_3GK": 31464}

# OGC's own names with longitude first: WGS 84, NAD83, NAD27 (OGC 06-042, annex B)
_LONGITUDE_FIRST = re.compile(r"\bCRS:?(84|83|27)h?\b", re.IGNORECASE)
_CRS_CODES = {"84": 4326, "83": 4269, "27": 4267}

# A system spelled out, or called by its name. Files that PROJ would open are never asked for.
_WELL_KNOWN_TEXT = re.compile(r"\s*(PROJ|GEOG|GEOD|COMPD_?|COMPOUND|BOUND)_?(CS|CRS)?\s*\[", re.IGNORECASE)
_PROJ_TEXT = re.compile(r"\s*\+proj=")
_NAME = re.compile(r"[A-Z][\w .()+-]{2,40} / [\w .()/+-]{2,60}", re.ASCII)  # "ETRS89 / UTM zone 32N"
_OPENS_FILES = re.compile(r"grids\s*=\s*(?!@null)|PARAMETERFILE|init\s*=|FILENAME", re.IGNORECASE)
_LONGEST = 20_000

# What may be degrees: a building at least, away from where the equator meets Greenwich's meridian, in the ocean
_FEWEST_CORNERS = 8
_NEAREST_DEG = 2.0

# Systems that tell the country; those of larger regions, such as WGS 84, tell none.
_COUNTRIES = {
    "DE": {25831, 25832, 25833, *range(31466, 31470), 3068, 4647, *range(5649, 5654), 5555, 5556},
    "NL": {28992, 7415},
    "JP": {4612, 6668, 6697, *range(2443, 2462), *range(6669, 6688), *range(3097, 3102), *range(6688, 6693)},
}


@dataclass(frozen=True, slots=True)
class Settled:
    """Coordinates in metres, easting first, and what was done to get them.

    Attributes
    ----------
    crs
        ``"EPSG:n"``, or None if unknown.
    remarks
        ``(finding code, text)`` of what had to be worked round.
    """

    crs: str | None
    coordinates: Floats
    remarks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _System:
    """A reference system as a file names it.

    Attributes
    ----------
    name
        ``"EPSG:n"``, or the system's own name if it is in no registry.
    whole, flat
        The system, and its horizontal part.
    height_factor
        Metres per unit of height.
    longitude_first
        Whether the name itself says so.
    """

    name: str
    whole: pyproj.CRS
    flat: pyproj.CRS
    height_factor: float
    longitude_first: bool


def epsg_code(text: str) -> int | None:
    """Return the EPSG code behind a spelling of a reference system, None if it holds none we know."""
    if match := _EPSG.search(text):
        return int(match[1])
    if match := _ADV.search(text):
        return _ADV_BASE[match[1].upper()] + int(match[2])
    match = _LONGITUDE_FIRST.search(text)
    return _CRS_CODES[match[1]] if match else None


def ogc_url(crs: str) -> str:
    """Return ``"EPSG:n"`` as the OGC URL CityJSON asks for."""
    return f"https://www.opengis.net/def/crs/EPSG/0/{crs.rpartition(':')[2]}"


def country(text: str) -> str:
    """Return the country whose systems a spelling is one of, ``DE``, ``NL`` or ``JP``; "" if that cannot be told."""
    code = epsg_code(text)
    return next((name for name, codes in _COUNTRIES.items() if code in codes), "")


def settle(
    coordinates: Floats,
    as_found: str | None,
    override: str | None,
    target: str | None = None,
    winding: Winding | None = None,
) -> Settled:
    """Find the reference system and return coordinates in metres, easting first.

    Geographic systems, and projected ones in another unit than the metre, are projected to the UTM zone of their
    middle (WGS 84), so that areas are never taken in degrees or feet. Heights keep their datum. Where the file's order
    of axes is not the usual one, columns change places (`twin.city.axes.easting_first`).

    Parameters
    ----------
    coordinates
        As in the file, shape ``(n, 3)``.
    as_found
        The file's own words, None if it states no system.
    override
        The caller's, which wins.
    target
        Where to project to if that is needed, ``"EPSG:n"``: pieces of one city must share one system.
    winding
        Returns `twin.city.axes.winding` of the surfaces; asked where the order of axes is in doubt.

    Raises
    ------
    TwinError
        If the override is no known system, coordinates lie outside the one stated, or degrees would be taken as metres.
    """
    words = override or as_found
    if words is None:
        _refuse_degrees(coordinates, "no coordinate reference system is stated")
        text = "states no coordinate reference system (srsName, referenceSystem); coordinates are taken as metres"
        return Settled(None, coordinates, (("crs-missing", text),))
    system = _system(words[:_LONGEST])
    if system is None or not (system.flat.is_projected or system.flat.is_geographic):
        if override and system is None:
            raise TwinError(Problem(f"{override!r} is no known reference system", expected="a code like EPSG:25832"))
        _refuse_degrees(coordinates, f"coordinate reference system {words[:80]!r} is not known")
        what = "is not known" if system is None else "is no map or geographic system"
        text = f"coordinate reference system {words[:80]!r} {what}; coordinates are taken as metres"
        return Settled(None, coordinates, (("crs-unknown", text),))
    remarks = () if epsg_code(words) else (("crs-spelling", f"{words[:80]!r} is taken as {system.name}"),)
    settled = _in_metres(coordinates, system, target, winding)
    return Settled(settled.crs, settled.coordinates, remarks + settled.remarks)


def grid_convergence(crs: str | None, x: float, y: float) -> float | None:
    """Return the angle from true north to the grid's north at a position, clockwise, degrees.

    A direction's azimuth from true north is that from grid north plus this angle.

    Parameters
    ----------
    crs
        A projected system, ``"EPSG:n"``; None gives None, as does one that has no grid.
    x, y
        Easting and northing in its unit.
    """
    system = _system(crs) if crs else None
    if system is None or not system.flat.is_projected:
        return None
    longitude, latitude = degrees_of(system.flat, x, y)
    if not np.isfinite([longitude, latitude]).all():
        return None
    angle = float(projection(system.flat).get_factors(longitude, latitude).meridian_convergence)
    return angle if np.isfinite(angle) else None


@lru_cache(maxsize=64)
def _system(words: str) -> _System | None:
    """Return the system behind a spelling, None if it is not known."""
    import pyproj

    code = epsg_code(words)
    try:
        whole = pyproj.CRS.from_epsg(code) if code else _spelled_out(words)
    except pyproj.exceptions.CRSError:
        whole = None
    if whole is None:
        return None
    code = code or whole.to_epsg()
    flat = whole.sub_crs_list[0] if whole.is_compound else whole
    flat = flat.source_crs if flat.is_bound and flat.source_crs else flat
    name = f"EPSG:{code}" if code else whole.name
    return _System(name, whole, flat.to_2d(), _height_factor(words, whole), bool(_LONGITUDE_FIRST.search(words)))


def _spelled_out(words: str) -> pyproj.CRS | None:
    """Return the system that a text describes (WKT, PROJ) or names."""
    import pyproj

    if _OPENS_FILES.search(words):
        return None
    if _WELL_KNOWN_TEXT.match(words) or _PROJ_TEXT.match(words):
        return pyproj.CRS.from_user_input(words)
    if not _NAME.fullmatch(words):
        return None
    system = pyproj.CRS.from_user_input(words)  # also finds names that are merely like this one
    return system if system.name.casefold() == words.strip().casefold() else None


def _height_factor(words: str, whole: pyproj.CRS) -> float:
    """Return metres per unit of height: of the third axis, of a second code, else as in the plane."""
    import pyproj

    if len(whole.axis_info) > 2:
        return float(whole.axis_info[2].unit_conversion_factor or 1.0)
    for code in _EPSG.findall(words)[1:2]:
        try:
            vertical = pyproj.CRS.from_epsg(int(code))
        except pyproj.exceptions.CRSError:
            break
        if vertical.is_vertical:
            return float(vertical.axis_info[0].unit_conversion_factor or 1.0)
    return float(whole.axis_info[0].unit_conversion_factor or 1.0) if whole.is_projected else 1.0


def _refuse_degrees(coordinates: Floats, why: str, flat: pyproj.CRS | None = None) -> None:
    """Raise if coordinates look like degrees: a small spot away from the origin, many times taller than wide.

    Where a projected system is stated, they must also lie in its area of use if they are taken as degrees.
    """
    if len(coordinates) < _FEWEST_CORNERS or np.abs(coordinates[0, :2]).max() > 180:
        return
    low, high = (np.array([extreme(coordinates[:, k]) for k in range(3)]) for extreme in (np.min, np.max))
    width, reach = float((high - low)[:2].max()), float(np.abs([low[:2], high[:2]]).max())
    if not (_NEAREST_DEG < reach <= 180 and 0 < width < 1 and float(high[2] - low[2]) > 5 * width):
        return
    if flat is None or covers(flat, *low[:2]) or covers(flat, *low[1::-1]):
        raise TwinError(Problem(f"coordinates look like degrees, and {why}", expected='crs="EPSG:4326", or the like'))


def _in_metres(coordinates: Floats, system: _System, target: str | None, winding: Winding | None) -> Settled:
    """Return coordinates in metres, easting first; those that are so already are not touched."""
    flat = system.flat
    metric = flat.is_projected and all(axis.unit_conversion_factor == 1.0 for axis in flat.axis_info)
    registered = metric and system.name.startswith("EPSG:")
    if not len(coordinates):
        return Settled(system.name if registered else None, coordinates)
    if metric:
        _refuse_degrees(coordinates, f"{system.name} is in metres", flat)
    if {axis.direction for axis in flat.axis_info} & WEST_SOUTH:
        return _project(_unturned(coordinates, system), True, system, target)
    usual = bool(flat.is_projected or system.longitude_first or not northing_first(flat))
    first, why = easting_first(flat, middle(coordinates), usual, winding)
    remarks: tuple[tuple[str, str], ...] = ()
    if first != usual:
        order = "easting" if first else "northing"
        text = f"coordinates in {system.name} are taken as written with {order} first: {why}"
        remarks = (("crs-axes", text),)
    ordered = coordinates if first else coordinates[:, [1, 0, 2]]
    if registered:
        return Settled(system.name, ordered, remarks)
    settled = _project(ordered, False, system, target)
    return Settled(settled.crs, settled.coordinates, remarks + settled.remarks)


def _unturned(coordinates: Floats, system: _System) -> Floats:
    """Return coordinates in the order of a system whose axes point west or south."""
    columns = turned(system.flat, middle(coordinates))
    if columns is None:
        raise TwinError(Problem(f"coordinates lie outside {system.name}"))
    sign = [float(np.sign(column)) for column in columns]
    order = [abs(column) - 1 for column in columns]
    return np.column_stack([coordinates[:, order] * sign, coordinates[:, 2]])


def _project(coordinates: Floats, as_registered: bool, system: _System, target: str | None) -> Settled:
    """Take coordinates (easting first, or in the order of the registry) to the target or a UTM zone."""
    import pyproj

    outside = Problem(f"coordinates lie outside {system.name}")
    if system.flat.is_geographic:
        outside = Problem(outside.message, expected="degrees, latitude within 84")
        degrees = np.abs(coordinates[:, :2])
        if not (np.isfinite(coordinates).all() and degrees[:, 0].max() <= 180 and degrees[:, 1].max() <= 84):
            raise TwinError(outside)
    try:
        east, north, name = _to_metres(coordinates, as_registered, system, target)
    except pyproj.exceptions.ProjError as error:
        raise TwinError(Problem(f"coordinates in {system.name} cannot be projected ({error})")) from error
    if not (np.isfinite(east).all() and np.isfinite(north).all()):
        raise TwinError(outside)
    metres = np.column_stack([east, north, coordinates[:, 2] * system.height_factor])
    text = f"coordinates in {system.name} are not in metres east and north; they were projected to {name}"
    return Settled(name, metres, (("crs-projected", text),))


def _to_metres(
    coordinates: Floats, as_registered: bool, system: _System, target: str | None
) -> tuple[Floats, Floats, str]:
    """Return easting and northing in the target, or in the UTM zone (WGS 84) of the middle, and its name."""
    import pyproj

    flat, first, second = system.flat, coordinates[:, 0], coordinates[:, 1]
    if as_registered:
        second, first = pyproj.Transformer.from_crs(flat, "EPSG:4326").transform(first, second)
        flat = pyproj.CRS.from_epsg(4326)
    if target is None:
        longitude, latitude = degrees_of(flat, *(float(at) for at in middle(np.column_stack([first, second]))))
        if not np.isfinite([longitude, latitude]).all():
            raise TwinError(Problem(f"coordinates lie outside {system.name}"))
        target = f"EPSG:{(32600 if latitude >= 0 else 32700) + int((longitude + 180) // 6) % 60 + 1}"
    east, north = pyproj.Transformer.from_crs(flat, target, always_xy=True).transform(first, second)
    return east, north, target
