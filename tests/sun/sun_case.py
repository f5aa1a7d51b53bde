"""Small scenes and cities of boxes to stand in the sun, and what casts rays at them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pvlib

from twin.city.derive import derive, with_party_walls
from twin.city.model import SURFACE_COLUMNS, City, Geometry
from twin.ledger import Ledger
from twin.solar_position import solar_position
from twin.sun.sight.patches import reinhart, sun_weights, thinned
from twin.sun.sight.rays import embree
from twin.sun.sight.scene import Scene
from twin.sun.sight.visibility import look
from twin.sun.sky import ALBEDO, extraterrestrial, perez_sky
from twin.sun.view import seen_planes
from twin.table import Table
from twin.weather.site import attach
from weather_case import clear_year

FACES = ("floor", "roof", "south", "east", "north", "west")
TYPES = ("GroundSurface", "RoofSurface", "WallSurface", "WallSurface", "WallSurface", "WallSurface")
FLOOR, ROOF, SOUTH, EAST, NORTH, WEST = range(6)


def box(x, y, width, depth, height, bottom=0.0):
    """Return the corners of a box's faces, named by `FACES`, counter-clockwise from outside, ``(6, 4, 3)``.

    The diagonals of opposite walls are alike, so that a wall between two houses is the same triangles twice.
    """
    low = np.array([[x, y], [x + width, y], [x + width, y + depth], [x, y + depth]])
    foot, top = (np.column_stack([low, np.full(4, z)]) for z in (bottom, bottom + height))
    walls = [[foot[i], foot[j], top[j], top[i]] for i, j in ((0, 1), (1, 2), (2, 3), (3, 0))]
    walls[2:] = [wall[1:] + wall[:1] for wall in walls[2:]]
    return np.array([foot[::-1], top, *walls])


def panel(x, y, z, tilt_deg, azimuth_deg, size=1.0):
    """Return the corners of a square that looks that way, ``(4, 3)``."""
    tilt, azimuth = np.radians([tilt_deg, azimuth_deg])
    along = np.array([np.cos(azimuth), -np.sin(azimuth), 0.0])
    normal = np.array([np.sin(tilt) * np.sin(azimuth), np.sin(tilt) * np.cos(azimuth), np.cos(tilt)])
    up = np.cross(normal, along)
    middle = np.array([x, y, z], dtype=float)
    return middle + size / 2.0 * np.array([-along - up, along - up, along + up, -along + up])


def scene_of_faces(faces, n_surfaces=None, is_ground=None):
    """Return the scene of quadrilaterals, ``(n, 4, 3)``; those from ``n_surfaces`` on only cast shade."""
    faces = np.asarray(faces, dtype=float)
    n = len(faces) if n_surfaces is None else n_surfaces
    surface = np.arange(len(faces))
    surface[n:] = -1
    triangles = faces[:, [[0, 1, 2], [0, 2, 3]]].reshape(-1, 3, 3)
    ground = None if is_ground is None else np.repeat(is_ground, 2)
    return Scene.of(triangles, np.repeat(surface, 2), n, ground)


def scene_of_boxes(*boxes):
    return scene_of_faces(np.concatenate([box(*b) for b in boxes]))


def city_of(*boxes, weather=None, party_walls=False):
    """Return a city of boxes, ``b0`` and so on with surfaces ``b0.roof``, under a cloudless year."""
    faces = np.concatenate([box(*b) for b in boxes])
    n = len(boxes)
    surfaces = Table("surface", [f"b{i}.{face}" for i in range(n) for face in FACES])
    surfaces = surfaces.put(SURFACE_COLUMNS["building"], np.repeat(np.arange(n), 6))
    surfaces = surfaces.put(SURFACE_COLUMNS["type"], np.tile(TYPES, n))
    geometry = Geometry(faces.reshape(-1, 3), np.arange(24 * n), 4 * np.arange(6 * n + 1), np.arange(6 * n + 1))
    city = derive(City({"building": Table("building", [f"b{i}" for i in range(n)]), "surface": surfaces}, geometry))
    city = with_party_walls(city) if party_walls else city
    return attach(city, {"weather": weather or clear_year()}, Ledger())


class Counting:
    """Embree, and how many rays were cast."""

    def __init__(self, scene):
        self._cast, self.rays = embree(scene), 0

    def __call__(self, origins, directions):
        self.rays += len(origins)
        return self._cast(origins, directions)


def looked_at(scene, patches=None):
    return look(scene, reinhart(2) if patches is None else patches, embree(scene))


def sky_views(visibility):
    """Return the share of sky in what every surface sees."""
    return seen_planes(visibility.normals, visibility).factors[:, 0]


@cache
def clear_hours(latitude_deg=51.0):
    """Return radiation and sun of a cloudless year, as the functions that split the sky take them."""
    weather = clear_year(latitude_deg)
    zenith, azimuth = solar_position(weather.labels + weather.sun_at_s, latitude_deg, 7.0, 100.0)
    table = weather.table
    names = ("direct_normal_irradiance", "diffuse_horizontal_irradiance", "global_horizontal_irradiance")
    return *(table[name] for name in names), zenith, azimuth, NORMAL


DAY = np.repeat(np.arange(1, 366), 24)
NORMAL = extraterrestrial(DAY)


@cache
def clear_sky():
    return perez_sky(*clear_hours())


def by_pvlib(model, tilt, azimuth, hours):
    """Return the irradiance on a free plane as pvlib has it, W/m2; ``hours`` as `clear_hours` gives them."""
    beam, diffuse, total, zenith, sun_azimuth, extra = hours
    out = pvlib.irradiance.get_total_irradiance(
        tilt, azimuth, zenith, sun_azimuth, beam, total, diffuse, dni_extra=extra, albedo=ALBEDO, model=model
    )
    return np.nan_to_num(out["poa_global"])  # pvlib says NaN by day where there is no light at all


def under(sky, scene, patches=None):
    """Return what a scene sees of a sky that goes by, and the weights of its sun."""
    seen = looked_at(scene, thinned(reinhart(2), sky.sun[sky.sun[:, 2] > 0.0]) if patches is None else patches)
    return seen, sun_weights(sky.sun, seen.patches)


def with_metadata(city, **metadata):
    return replace(city, metadata={**city.metadata, **metadata})
