"""The boundary surfaces of cities of any size as a few lean arrays, read in bounded memory."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twin.city.model import SURFACE_TYPES, Box
from twin.city.read import iter_city
from twin.progress import Progress, silent

__all__ = ["SurfaceArrays", "read_surfaces"]


@dataclass(frozen=True, repr=False)
class SurfaceArrays:
    """What energy simulation asks of a city's surfaces, 21 bytes each, sorted by building.

    Attributes
    ----------
    building_ids
        Identifier of every building, shape ``(n_buildings,)``.
    building
        Building of every surface, shape ``(n_surfaces,)``.
    type
        Index into ``twin.city.model.SURFACE_TYPES``.
    area_m2
        Net of holes and openings.
    tilt_deg, azimuth_deg
        As in the surface table of a `City`.
    """

    building_ids: NDArray[np.str_]
    building: NDArray[np.int32]
    type: NDArray[np.int8]
    area_m2: NDArray[np.float64]
    tilt_deg: NDArray[np.float32]
    azimuth_deg: NDArray[np.float32]

    def __repr__(self) -> str:
        return f"SurfaceArrays({len(self.building):,} surfaces of {len(self.building_ids):,} buildings)"


def _codes(types: NDArray[np.str_]) -> NDArray[np.int8]:
    codes = np.zeros(len(types), dtype=np.int8)
    for code, name in enumerate(SURFACE_TYPES):
        codes[types == name] = code
    return codes


def read_surfaces(
    path: str | os.PathLike[str],
    lod: str | None = None,
    crs: str | None = None,
    *,
    bbox: Box | None = None,
    where: str | None = None,
    progress: Progress = silent,
) -> SurfaceArrays:
    """Read the surfaces of a city that may be too large to be held whole: a tile at a time, of which this is kept.

    CityJSON text sequences and CityGML are streamed, whatever their size. Parameters and errors are those of
    `twin.read_city`.
    """
    ids: list[NDArray[np.str_]] = [np.zeros(0, dtype=np.str_)]
    columns: dict[str, list[NDArray[np.generic]]] = {"building": [], "type": [], "area": [], "tilt": [], "azimuth": []}
    n = 0
    for city in iter_city(path, lod, crs, bbox=bbox, where=where, progress=progress):
        surfaces = city.surfaces
        columns["building"].append((surfaces["building"] + n).astype(np.int32))
        columns["type"].append(_codes(surfaces["type"]))
        columns["area"].append(surfaces["area_m2"])
        columns["tilt"].append(surfaces["tilt_deg"].astype(np.float32))
        columns["azimuth"].append(surfaces["azimuth_deg"].astype(np.float32))
        ids.append(city.buildings.ids)
        n += len(city.buildings)
    kinds = {"building": np.int32, "type": np.int8, "area": np.float64, "tilt": np.float32, "azimuth": np.float32}
    joined = {name: np.concatenate([np.zeros(0, kinds[name]), *columns.pop(name)]) for name in list(columns)}
    return SurfaceArrays(np.concatenate(ids), *joined.values())
