"""Solar modules on roofs and facades: how many of them go where."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.city.model import City
from twin.devices.model import append, with_entities
from twin.devices.phases import phase_links, with_phases
from twin.devices.pv.faces import best_first, suitable_faces, usable_area
from twin.devices.pv.layout import Layout, lay_out
from twin.devices.pv.model import PV_COLUMNS
from twin.devices.pv.params import Losses, Pv
from twin.errors import Problem, TwinError
from twin.table import Table

__all__ = ["Losses", "Pv", "install_pv"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_ROUNDING = 1e-9  # of a face; less room than that is none


def install_pv(city: City, rows: NDArray[Any], params: Pv, code: int) -> City:
    """Return the city with modules on all suitable faces of the buildings chosen that have none yet.

    Raises
    ------
    TwinError
        If no face of them is suitable, or what the choice goes by is not known.
    """
    old = city.tables.get("pv_array")
    chosen = np.arange(len(city.buildings))[rows]
    faces = suitable_faces(city, params)
    faces = faces[np.isin(city.surfaces["building"][faces], chosen)]
    if old is not None:
        faces = faces[~np.isin(faces, old["surface"])]
    layout = lay_out(city, faces, params)
    area = layout.coverage * usable_area(city, faces, params)[layout.face]
    full: Floats = np.bincount(layout.face, params.power_per_area * area, len(faces)).astype(np.float64)
    power = _within_limits(city, chosen, faces, full, params)
    if not power.any():
        kinds = " or ".join({"roof": "roof face", "facade": "facade"}[kind] for kind in sorted(set(params.on))[::-1])
        message = f"pv: no {kinds} of the buildings chosen is suitable and without modules"
        raise TwinError(Problem(message, expected="other buildings, or wider limits for faces"))
    laid = np.divide(power, full, out=np.zeros_like(full), where=full > 0)[layout.face]
    arrays = append(old, "pv_array", *_arrays(city, faces, layout, area * laid, params), code)
    arrays = with_phases(city, arrays, _single(arrays, old, params), arrays["inverter_w"], params.phase_choice, code)
    city = with_entities(city, arrays, "building", "surface")
    return replace(city, links=city.links + phase_links(city, arrays))


def _single(arrays: Table, old: Table | None, params: Pv) -> NDArray[np.bool_]:
    """Return which of the new arrays feed one phase only."""
    new = np.arange(len(arrays)) >= (0 if old is None else len(old))
    if params.phases != "auto":
        return new & (params.phases == 1)
    of_building = np.bincount(arrays["building"], arrays["inverter_w"])
    small = of_building[arrays["building"]] <= 1e3 * params.single_phase_kva
    return np.asarray(new & small)


def _arrays(city: City, faces: Ints, layout: Layout, area: Floats, params: Pv) -> tuple[list[str], dict[Any, Any]]:
    """Return identifiers and columns of the arrays that have any modules; ``area`` is that of their modules, m2."""
    there = area > 0
    face, area = faces[layout.face[there]], area[there]
    power = params.power_per_area * area
    values = {
        "building": city.surfaces["building"][face],
        "surface": face,
        "module_area_m2": area,
        "tilt_deg": layout.tilt_deg[there],
        "azimuth_deg": layout.azimuth_deg[there],
        "power_w": power,
        "temperature_coefficient": params.temperature_coefficient,
        "mounting": layout.mounting[there],
        "temperature_model": params.temperature_model,
        "low_light_correction": params.low_light_correction,
        "masked_sky": layout.masked_sky[there],
        "system_loss": params.system_loss,
        "inverter_w": power / params.dc_ac_ratio,
        "inverter_efficiency": params.inverter_efficiency,
    }
    names = zip(city.surfaces.ids[face].tolist(), layout.suffix[there].tolist(), strict=True)
    return [f"{name}/pv{suffix}" for name, suffix in names], {PV_COLUMNS[c]: cells for c, cells in values.items()}


def _within_limits(city: City, chosen: Ints, faces: Ints, power: Floats, params: Pv) -> Floats:
    """Return the power that goes on each face, W, within what each building and all together may have in all."""
    if params.max_kw_per_building is None and params.max_kw is None:
        return power
    old = city.tables.get("pv_array")
    n = len(city.buildings)
    there = np.zeros(n)
    if old is not None:
        np.add.at(there, old["building"], old["power_w"])
    order = best_first(city, faces, params)
    if params.max_kw_per_building is not None:
        power = _fill(power, order, city.surfaces["building"][faces], 1e3 * params.max_kw_per_building - there)
    if params.max_kw is not None:
        room = np.array([1e3 * params.max_kw - there[chosen].sum()])
        power = _fill(power, order, np.zeros(len(faces), dtype=np.int64), room)
    return power


def _fill(power: Floats, order: Ints, group: Ints, room: Floats) -> Floats:
    """Return how much of each power finds room in its group, taken in order; the last one is cut to fit.

    Parameters
    ----------
    power, group
        Of every item, shape ``(n,)``.
    order
        Items from first to last, shape ``(n,)``.
    room
        Of every group; what is negative is none.
    """
    order = order[np.argsort(group[order], kind="stable")]
    sums = np.cumsum(power[order])
    first = np.searchsorted(group[order], group[order])
    before = sums - power[order] - (sums - power[order])[first]
    kept = np.empty_like(power)
    kept[order] = np.clip(room[group[order]] - before, 0.0, power[order])
    return np.asarray(np.where(kept > _ROUNDING * power, kept, 0.0))
