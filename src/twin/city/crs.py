"""Coordinate reference systems: the spellings found in city files, and coordinates brought to metres."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from twin.errors import Problem, TwinError

if TYPE_CHECKING:
    import pyproj

__all__ = ["Settled", "epsg_code", "ogc_url", "settle"]

# "EPSG:25832", "urn:ogc:def:crs:EPSG:6.12:3068", ".../def/crs/EPSG/0/7415", ".../gml/srs/epsg.xml#4326"; of a compound
# name the first code is the horizontal system.
_EPSG = re.compile(r"epsg(?:\.xml)?[:/#]{1,2}(?:[\w.]*[:/])?(\d{4,6})(?!\d)", re.IGNORECASE)

# Names of the German surveys (AdV, GeoInfoDok 6 and 7), which carry no code. The part behind "*" is the height system.
_ADV = re.compile(r"(ETRS89_UTM|DE_DHDN_3GK)(\d{1,2})\b", re.IGNORECASE)
_ADV_BASE = {"ETRS89_UTM": 25800, "DE_DHDN_3GK": 31464}

# OGC's own name for WGS 84 with longitude first
_LONGITUDE_FIRST = re.compile(r"\bCRS84\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Settled:
    """Coordinates in metres and what was done to get them.

    Attributes
    ----------
    crs
        ``"EPSG:n"``, or None if unknown.
    remark
        ``(finding code, text)`` if something had to be worked round.
    """

    crs: str | None
    coordinates: NDArray[np.float64]
    remark: tuple[str, str] | None = None


def epsg_code(text: str) -> int | None:
    """Return the EPSG code behind a spelling of a reference system, None if it holds none we know."""
    if match := _EPSG.search(text):
        return int(match[1])
    if match := _ADV.search(text):
        return _ADV_BASE[match[1].upper()] + int(match[2])
    return 4326 if _LONGITUDE_FIRST.search(text) else None


def ogc_url(crs: str) -> str:
    """Return ``"EPSG:n"`` as the OGC URL CityJSON asks for."""
    return f"https://www.opengis.net/def/crs/EPSG/0/{crs.rpartition(':')[2]}"


def settle(coordinates: NDArray[np.float64], as_found: str | None, override: str | None) -> Settled:
    """Find the reference system and return coordinates in metres.

    Geographic systems, and projected ones in another unit than the metre, are projected to the UTM zone of their
    middle (WGS 84), so that areas are never taken in degrees or feet.

    Parameters
    ----------
    coordinates
        As in the file, shape ``(n, 3)``.
    as_found
        The file's own words, None if it states no system.
    override
        The caller's, which wins.

    Raises
    ------
    TwinError
        If the override is no known system, or coordinates lie outside the one stated.
    """
    import pyproj

    words = override or as_found
    if words is None:
        text = "states no coordinate reference system (srsName, referenceSystem); coordinates are taken as metres"
        return Settled(None, coordinates, ("crs-missing", text))
    code = epsg_code(words)
    try:
        system = None if code is None else pyproj.CRS.from_epsg(code)
    except pyproj.exceptions.CRSError:
        system = None
    if system is None:
        if override:
            raise TwinError(Problem(f"{override!r} is no known reference system", expected="a code like EPSG:25832"))
        text = f"coordinate reference system {words!r} is not known; coordinates are taken as metres"
        return Settled(None, coordinates, ("crs-unknown", text))
    if system.is_projected and all(axis.unit_conversion_factor == 1.0 for axis in system.axis_info[:2]):
        return Settled(f"EPSG:{code}", coordinates)
    if not (system.is_projected or system.is_geographic):
        text = f"coordinate reference system {words!r} is no map or geographic system; coordinates are taken as metres"
        return Settled(None, coordinates, ("crs-unknown", text))
    longitude_first = system.axis_info[0].direction == "east" or bool(_LONGITUDE_FIRST.search(words))
    try:
        return _project(coordinates, system, f"EPSG:{code}", longitude_first)
    except pyproj.exceptions.ProjError as error:
        raise TwinError(Problem(f"coordinates in EPSG:{code} cannot be projected ({error})")) from error


def _project(coordinates: NDArray[np.float64], system: pyproj.CRS, name: str, longitude_first: bool) -> Settled:
    """Take coordinates to UTM metres; heights keep their datum."""
    import pyproj

    if not len(coordinates):
        return Settled(name, coordinates)
    east, north = coordinates[:, 0], coordinates[:, 1]
    if system.is_geographic:
        # GML and CityJSON follow the authority's axis order, which for most systems is latitude first; where that
        # cannot be, the file was written the other way round.
        if not longitude_first:
            east, north = north, east
        if (np.abs(north) > 90).any() and (np.abs(east) <= 90).all():
            east, north = north, east
        if (np.abs(north) > 84).any() or (np.abs(east) > 180).any():
            raise TwinError(Problem(f"coordinates lie outside {name}", expected="degrees, latitude within 84"))
    degrees = pyproj.Transformer.from_crs(system.to_2d(), "EPSG:4326", always_xy=True)
    east, north = degrees.transform(east, north)
    if not (np.isfinite(east).all() and np.isfinite(north).all()):
        raise TwinError(Problem(f"coordinates lie outside {name}"))
    zone = int((np.median(east) + 180) // 6) % 60 + 1
    code = (32600 if np.median(north) >= 0 else 32700) + zone
    x, y = pyproj.Transformer.from_crs("EPSG:4326", code, always_xy=True).transform(east, north)
    factor = system.axis_info[2].unit_conversion_factor if len(system.axis_info) > 2 else 1.0
    if system.is_projected and len(system.axis_info) == 2:
        factor = system.axis_info[0].unit_conversion_factor
    metres = np.column_stack([x, y, coordinates[:, 2] * (factor or 1.0)])
    text = f"coordinates in {name} are not in metres; they were projected to EPSG:{code}"
    return Settled(f"EPSG:{code}", metres, ("crs-projected", text))
