"""A city under the sun: what its surfaces see, and what a year of weather sends them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.city.place import longitude_latitude
from twin.engine.time import parse_clock_window
from twin.progress import Progress, silent
from twin.solar_position import solar_position
from twin.sun.kernel import Planes, planes_from, sunlit_steps, total_irradiance
from twin.sun.settings import SunSettings
from twin.sun.sight.memory import see
from twin.sun.sight.patches import (
    SUBDIVISION,
    SkyPatches,
    Weights,
    below,
    directions_as_patches,
    reinhart,
    sun_weights,
    thinned,
)
from twin.sun.sight.scene import Scene, scene_of
from twin.sun.sight.visibility import Visibility
from twin.sun.sky import SKY_MODELS, Sky, extraterrestrial, towards_sun
from twin.sun.view import overcast, own_planes, seen_planes, view_shares
from twin.table import Table
from twin.units import DAY_S, HOUR_S

__all__ = ["RADIATION", "SunStudy"]

Floats = NDArray[np.float64]

RADIATION = (
    "direct_normal_irradiance",
    "diffuse_horizontal_irradiance",
    "global_horizontal_irradiance",
    "solar_zenith",
    "solar_azimuth",
)
"""What is read of the weather to split the sky, in the order in which `SunStudy.split` takes it."""

BRIGHT_W_M2 = 120.0  # from which on there is sunshine: WMO, Guide to Instruments (WMO-No. 8), 8.1.1
LEAST_EXPOSED = 0.05  # share of a surface outdoors below which its mean says nothing of that part
SUN_EVERY_S = 300
_ROOF_COSINE = 0.5  # of the tilt up to which modules lie on a roof
_GROUND_SUBDIVISION = 1  # a tenth of a wall's sun comes from the ground


class SunStudy:
    """What the surfaces of a city see of sky, sun and ground; looked for when first asked.

    Parameters
    ----------
    city
        As it stands in an option.
    settings
        The scenario's ``[sun]``.
    """

    def __init__(self, city: City, settings: SunSettings | None = None, progress: Progress = silent) -> None:
        self.city, self.settings, self._progress = city, settings or SunSettings(), progress

    @cached_property
    def scene(self) -> Scene:
        """The triangles that cast and receive shade."""
        return scene_of(self.city)

    @cached_property
    def sky(self) -> Visibility | None:
        """What every surface sees of the sky; None if nothing is to cast shade."""
        if not self.settings.shading:
            return None
        shining = self._year.sun[self._year.sun[:, 2] > 0.0]
        return self._see(thinned(self._whole_sky, shining))

    @cached_property
    def ground(self) -> Visibility | None:
        """What every surface sees of the ground; None if all of it, or if it is black."""
        wanted = self.settings.shading and (self.settings.albedo > 0.0 or self.settings.facade_reflectance > 0.0)
        return self._see(below(_GROUND_SUBDIVISION)) if wanted else None

    @property
    def _whole_sky(self) -> SkyPatches:
        return reinhart(SUBDIVISION[self.settings.quality])

    def _see(self, patches: SkyPatches) -> Visibility:
        return see(self.scene, patches, self.settings.rays, self._progress)

    @cached_property
    def planes(self) -> Planes:
        """The surfaces, with what they see."""
        if self.sky is not None:
            return own_planes(self.sky, self.ground)
        surfaces = self.city.surfaces
        return planes_from(surfaces["tilt_deg"], surfaces["azimuth_deg"])

    @property
    def _convergence_deg(self) -> float:
        """How far the city's grid north is turned from true north, clockwise; 0 where its file does not tell."""
        return float(self.city.metadata.get("grid_convergence_deg") or 0.0)

    def split(self, radiation: Sequence[Floats], day_of_year: NDArray[np.integer]) -> Sky:
        """Return the sky of some steps, turned to the city's grid north.

        Parameters
        ----------
        radiation
            By `RADIATION`, irradiances in W/m2 and angles in degrees, each of shape ``(t,)``.
        day_of_year
            1 on 1 January, shape ``(t,)``.
        """
        beam, diffuse, total, zenith, azimuth = radiation
        azimuth = azimuth - self._convergence_deg
        model = SKY_MODELS[self.settings.sky]
        return model(beam, diffuse, total, zenith, azimuth, extraterrestrial(day_of_year), self.settings.albedo)

    def weights(self, sky: Sky) -> Weights | None:
        """Return how the sun of every step is spread over the patches; None if nothing casts shade."""
        return sun_weights(sky.sun, self.sky.patches) if self.sky is not None else None

    @cached_property
    def _year(self) -> Sky:
        """The weather year's sky, hour by hour."""
        weather = self.city.table("weather")
        return self.split([weather[name] for name in RADIATION], np.arange(len(weather)) // 24 + 1)

    @cached_property
    def _year_weights(self) -> Weights | None:
        """How the sun of the weather year is spread, hour by hour."""
        return self.weights(self._year)

    def irradiation(self) -> Floats:
        """Return the sun of the weather year on the outdoor part of every surface, J/m2, shape ``(n_surfaces,)``."""
        return HOUR_S * total_irradiance(self._year, self.planes, self._year_weights, self.sky) / self.outdoors

    @cached_property
    def exposed(self) -> Floats:
        """Share of each surface that no neighbour and no other part of the house covers, ``(n_surfaces,)``."""
        surfaces = self.city.surfaces
        area = surfaces["area_m2"] + np.nan_to_num(surfaces["opening_m2"])
        shared = np.zeros(len(surfaces))
        for name in ("party_wall_m2", "interior_wall_m2"):
            if name in surfaces:
                shared += np.nan_to_num(surfaces[name])
        shares: Floats = np.clip(1.0 - shared / np.maximum(area, 1e-9), 0.0, 1.0)
        return shares

    @cached_property
    def outdoors(self) -> Floats:
        """Share of each surface that faces outdoors, by which a mean over all of it is to be divided.

        Shape ``(n_surfaces,)``; 1 without shading, where all of it does.
        """
        return np.maximum(self.exposed, LEAST_EXPOSED) if self.settings.shading else np.ones(len(self.city.surfaces))

    def mounted(self, table: Table) -> tuple[Planes, Visibility | None]:
        """Return planes that are mounted on surfaces, and what these see; None if nothing casts shade.

        They see of the sky what their surface sees, as far as they face it. On roofs, their ground is the roof.

        Parameters
        ----------
        table
            With the columns ``surface``, ``tilt_deg`` and ``azimuth_deg``.
        """
        free = planes_from(table["tilt_deg"], table["azimuth_deg"])
        if self.sky is None:
            return free, None
        rows = table["surface"]
        sky = self.sky.take(rows)
        factors = seen_planes(free.normal, sky).factors / self.outdoors[rows, None]
        upright = self.planes.normal[rows, 2] < _ROOF_COSINE
        factors[:, 2] = np.where(upright, self.planes.factors[rows, 2] / self.outdoors[rows], free.factors[:, 2])
        return Planes(free.normal, factors), sky

    def sky_view_factors(self) -> Floats:
        """Return the cosine-weighted share of sky in what each surface sees, shape ``(n_surfaces,)``."""
        return self.planes.factors[:, 0] / self.outdoors

    def sky_components(self) -> Floats:
        """Return the illuminance of CIE's overcast sky on each surface over that of a free horizontal plane.

        Shape ``(n_surfaces,)``.
        """
        patches = self.sky.patches if self.sky is not None else self._whole_sky
        weights, normals = overcast(patches), self.planes.normal
        free = np.maximum(normals @ patches.directions.T, 0.0) @ weights
        shares = view_shares(self.sky, normals, weights[:, None])[:, 0] if self.sky is not None else 1.0
        return free * shares / self.outdoors

    def annual_sun_hours(self) -> Floats:
        """Return for how many hours of the weather year bright sun reaches each surface, shape ``(n_surfaces,)``."""
        bright = np.flatnonzero(self._year.beam >= BRIGHT_W_M2)
        weights = self._year_weights.during(bright) if self._year_weights is not None else None
        return sunlit_steps(self._year.during(bright), self.planes, weights, self.sky) / self.outdoors

    def sun_hours(self) -> Floats:
        """Return for how many hours of the day of the rule the sun reaches each surface, shape ``(n_surfaces,)``.

        The sun is looked for every five minutes where it stands, from another point of the surface each time.
        """
        sun = self._sun_of_the_day()
        if not len(sun):
            return np.zeros(len(self.city.surfaces))
        facing = np.ascontiguousarray(sun @ self.planes.normal.T > 0.0)
        if self.settings.shading:
            facing &= self._see(directions_as_patches(sun)).seen(slice(None), slice(None)) > 0.0
        hours: Floats = facing.sum(axis=0) * SUN_EVERY_S / HOUR_S / self.outdoors
        return hours

    def _sun_of_the_day(self) -> Floats:
        """Return where the sun stands at the moments that count, in the city's grid, shape ``(t, 3)``."""
        longitude, latitude = self._place()
        start = np.datetime64(f"2021-{self.settings.sunlight_date}", "s").astype(np.int64)
        first, last = parse_clock_window(self.settings.sunlight_hours)
        moments = np.arange(first, last, SUN_EVERY_S) + SUN_EVERY_S // 2
        seconds = start + moments - round(longitude / 360.0 * DAY_S)
        zenith, azimuth = solar_position(seconds, latitude, longitude, 0.0)
        high = zenith <= 90.0 - max(self.settings.sunlight_min_altitude_deg, 0.01)
        return towards_sun(zenith[high], azimuth[high] - self._convergence_deg)

    def _place(self) -> tuple[float, float]:
        """Return longitude and latitude of the city, of the weather's site if it states no reference system."""
        place = longitude_latitude(self.city)
        if place is None:
            site = self.city.table("site")
            place = float(site["longitude_deg"][0]), float(site["latitude_deg"][0])
        return place
