"""Solar modules on roofs: which faces are fit for them, and how many fit on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from twin.city.model import City
from twin.devices.model import append, with_entities
from twin.devices.pv.model import PV_COLUMNS
from twin.errors import Problem, TwinError
from twin.table import Table

__all__ = ["Pv", "install_pv", "suitable_faces"]


class Pv(BaseModel):
    """Lay solar modules on the roof faces that suit them, as the roof lies."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    usable_share: float = Field(0.6, gt=0, le=1)
    """Share of a face that modules can cover; dormers, chimneys, windows and edges take the rest (planning
    assumption)."""
    min_area_m2: float = Field(10.0, ge=0)
    """Faces with less room for modules stay without, m2 (some five modules)."""
    max_off_equator_deg: float = Field(100.0, ge=0, le=180)
    """How far a face may look away from the equator (from south in Europe), deg; does not matter for flat ones."""
    flat_below_deg: float = Field(10.0, ge=0, le=90)
    """Tilt up to which a face counts as flat, deg."""
    max_tilt_deg: float = Field(65.0, gt=0, le=90)
    """Steeper faces stay without modules, deg."""
    module_w_m2: float = Field(200.0, gt=0, le=300)
    """Power of the modules under standard test conditions per area, W/m2 (efficiency of 20 %: Fraunhofer ISE,
    Photovoltaics Report 2021, average commercial silicon modules)."""
    max_kw_per_building: float | None = Field(None, gt=0)
    """Most power per building, kW; the faces nearest to the equator come first. No limit if left out."""
    dc_ac_ratio: float = Field(1.1, ge=0.5, le=2)
    """Power of the modules over that of the inverter (PVWatts version 5)."""
    losses: float = Field(0.14, ge=0, lt=1)
    """Share lost to soiling, shading, mismatch, wiring, ageing and outages (PVWatts version 5)."""


def install_pv(city: City, rows: NDArray[Any], params: Pv, code: int) -> City:
    """Return the city with modules on all suitable faces of the buildings chosen that have none yet.

    Raises
    ------
    TwinError
        If no face of them is suitable.
    """
    old = city.tables.get("pv_array")
    faces = suitable_faces(city, params)
    faces = faces[np.isin(city.surfaces["building"][faces], np.arange(len(city.buildings))[rows])]
    if old is not None:
        faces = faces[~np.isin(faces, old["surface"])]
    power = _power(city, faces, params, old)
    faces, power = faces[power > 0], power[power > 0]
    if not len(faces):
        message = "pv: no roof face of the buildings chosen is suitable and without modules"
        raise TwinError(Problem(message, expected="other buildings, or wider limits for faces"))
    surfaces = city.surfaces
    values = {
        "building": surfaces["building"][faces],
        "surface": faces,
        "module_area_m2": power / params.module_w_m2,
        "tilt_deg": surfaces["tilt_deg"][faces],
        "azimuth_deg": surfaces["azimuth_deg"][faces],
        "power_w": power,
        "inverter_w": power / params.dc_ac_ratio,
        "system_loss": params.losses,
    }
    ids = [f"{name}/pv" for name in surfaces.ids[faces].tolist()]
    arrays = append(old, "pv_array", ids, {PV_COLUMNS[name]: cells for name, cells in values.items()}, code)
    return with_entities(city, arrays, "building", "surface")


def suitable_faces(city: City, params: Pv) -> NDArray[np.int64]:
    """Return the rows of the roof faces that suit modules: large enough, not steep, and flat or facing the equator."""
    surfaces = city.surfaces
    tilt = surfaces["tilt_deg"]
    flat = tilt <= params.flat_below_deg
    faces_sun = flat | (_off_equator(city, np.arange(len(surfaces))) <= params.max_off_equator_deg)
    large = params.usable_share * surfaces["area_m2"] >= params.min_area_m2
    fit = (surfaces["type"] == "RoofSurface") & large & (tilt <= params.max_tilt_deg) & faces_sun
    return np.flatnonzero(fit)


def _off_equator(city: City, faces: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return how far faces look away from the equator, 0 to 180 deg; without a site we are north of it."""
    site: Table | None = city.tables.get("site")
    south = site is None or float(site["latitude_deg"][0]) >= 0
    azimuth = city.surfaces["azimuth_deg"][faces]
    off: NDArray[np.float64] = np.abs((azimuth - (180.0 if south else 0.0) + 180.0) % 360.0 - 180.0)
    return off


def _power(city: City, faces: NDArray[np.int64], params: Pv, old: Table | None) -> NDArray[np.float64]:
    """Return the power that goes on each face, W, within what the buildings may have in all."""
    power = np.asarray(params.module_w_m2 * params.usable_share * city.surfaces["area_m2"][faces])
    if params.max_kw_per_building is None:
        return power
    building = city.surfaces["building"][faces]
    room = np.full(len(city.buildings), 1e3 * params.max_kw_per_building)
    if old is not None:
        room = room - np.bincount(old["building"], old["power_w"], minlength=len(room))
    order = np.lexsort((_off_equator(city, faces), building))
    sums = np.cumsum(power[order])
    first = np.searchsorted(building[order], building[order])
    before = sums - power[order] - (sums - power[order])[first]
    kept = np.empty_like(power)
    kept[order] = np.clip(room[building[order]] - before, 0.0, power[order])
    return kept
