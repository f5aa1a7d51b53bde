"""What surrounds a case's one zone: its elements put together from what the file of cases says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.films import ROUGH, SMOOTH, forced_convection
from twin.buildings.kernel.layers import Layers
from twin.units import HOUR_S
from twin.validation.bestest.cases import Case, CaseFile
from twin.validation.bestest.elements import Envelope, Opaque
from twin.validation.bestest.glazing import glazing, window
from twin.validation.bestest.outdoors import AIR_J_KGK, AZIMUTH_DEG, UPRIGHT, Outdoors
from twin.validation.bestest.room import Face, Rectangle, exchange_areas, in_wall
from twin.validation.bestest.schedules import NotUnderstoodError, as_number, table
from twin.validation.bestest.shades import Window as Pane
from twin.validation.bestest.shades import windows_of

__all__ = ["envelope"]

Floats = NDArray[np.float64]

# ASHRAE 140-2020, figure of case 600: windows 3 m wide and 2 m high, their tops 0.5 m below the roof
WINDOW_WIDTH_M, WINDOW_HEIGHT_M, WINDOW_TOP_M = 3.0, 2.0, 2.2


def envelope(case: Case, file: CaseFile, outdoors: Outdoors) -> Envelope:
    """Return what surrounds the zone of a case.

    Raises
    ------
    NotUnderstoodError
        If the case asks for what the file does not describe.
    """
    shape = file.common["geometry"]
    volume = as_number(shape["volume_m3"])
    size = _size(shape)
    holes = _holes(case, shape)
    opaque = tuple(_opaque(case, file, outdoors))
    glazed = {} if case.panels else case.windows
    if not any(o.layers.capacities.any() for o in opaque):
        raise NotUnderstoodError(f"the construction {case.construction} has no mass at all")
    faces = tuple(_faces(opaque, tuple(glazed), holes, size))
    heat = outdoors.air_density * AIR_J_KGK
    return Envelope(
        opaque,
        tuple(window(case, o, a, file, outdoors, size, holes[o], faces) for o, a in glazed.items()),
        exchange_areas(faces),
        internal_w=case.internal_gains_w,
        radiant=case.radiant_share,
        h_infiltration=case.infiltration_ach * volume / HOUR_S * heat,
        h_fan=case.fan.flow_m3_s * heat if case.fan else 0.0,
        air_j_k=volume * heat,
    )


def _size(shape: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return the box to the east, to the north and up, m."""
    return as_number(shape["length_ew_m"]), as_number(shape["width_ns_m"]), as_number(shape["height_m"])


def _holes(case: Case, shape: Mapping[str, Any]) -> dict[str, list[Pane]]:
    """Return where the windows of each orientation are in their wall."""
    east, north, height = _size(shape)
    found = {}
    for orientation, area in case.windows.items():
        wall = east if orientation in "NS" else north
        found[orientation] = windows_of(wall, area, WINDOW_WIDTH_M, WINDOW_HEIGHT_M, WINDOW_TOP_M)
        if found[orientation][0].z[1] > height or area >= as_number(shape["wall_area_gross_m2"][orientation]):
            raise NotUnderstoodError(f"{area:g} m2 of windows do not fit into the wall {orientation}")
    return found


def _faces(
    opaque: Iterable[Opaque], glazed: Iterable[str], holes: Mapping[str, list[Pane]], size: tuple[float, float, float]
) -> Iterable[Face]:
    """Yield the inner face of every element, then of every orientation's windows."""

    def openings(orientation: str) -> tuple[Rectangle, ...]:
        return tuple(in_wall(size, orientation, window) for window in holes.get(orientation, ()))

    for element in opaque:
        kind, _, orientation = element.name.partition(" ")
        if kind == "panel":
            yield Face(openings(orientation))
        else:
            plane = in_wall(size, orientation or element.heat_flow)
            yield Face((plane,), openings(orientation))
    for orientation in glazed:
        yield Face(openings(orientation))


def _opaque(case: Case, file: CaseFile, outdoors: Outdoors) -> Iterable[Opaque]:
    """Yield walls less windows, panels in the windows' place, roof and floor."""
    shape = file.common["geometry"]
    wall, roof, floor = (_layers(file, case, part) for part in ("wall", "roof", "floor"))
    wind = outdoors.wind(as_number(shape["height_m"]) / 2.0)  # one for all sides, that at the middle of the walls
    for orientation, gross in shape["wall_area_gross_m2"].items():
        opening = case.windows.get(orientation, 0.0)
        azimuth, net = AZIMUTH_DEG[orientation], as_number(gross) - opening
        met = _met(case, outdoors, UPRIGHT, azimuth)
        yield _element(f"wall {orientation}", net, wall, "horizontal", met, wind, case, outdoors)
        if case.panels and opening:
            name, panel = f"panel {orientation}", _panel(file, case)
            yield _element(name, opening, panel, "horizontal", met, wind, case, outdoors, SMOOTH)
    met = _met(case, outdoors, 0.0, 0.0)
    yield _element("roof", as_number(shape["roof_area_m2"]), roof, "up", met, wind, case, outdoors)
    nothing = np.zeros_like(met)  # neither sun nor sky nor wind reach below a raised floor
    yield _element("floor", as_number(shape["floor_area_m2"]), floor, "down", nothing, nothing, case, outdoors)


def _met(case: Case, outdoors: Outdoors, tilt_deg: float, azimuth_deg: float) -> Floats:
    """Return the sun that an outer surface takes up less what it loses to the sky, W/m2, shape ``(t,)``."""
    sun = outdoors.plane(tilt_deg, azimuth_deg).total
    return case.exterior_solar_absorptance * sun - case.exterior_ir_emissivity * outdoors.sky_loss(tilt_deg)


def _element(
    name: str,
    area: float,
    layers: Layers,
    flow: str,
    outside: Floats,
    wind: Floats,
    case: Case,
    outdoors: Outdoors,
    texture: float = ROUGH,
) -> Opaque:
    emissivity = case.exterior_ir_emissivity
    return Opaque(
        name,
        area,
        layers,
        flow,
        outside_w_m2k=float(forced_convection(wind, texture).mean()) + emissivity * outdoors.radiation,
        outside=outside,
        wind=wind,
        texture=texture,
        outside_emissivity=emissivity,
        emissivity=case.interior_ir_emissivity,
        absorptance=case.interior_solar_absorptance,
    )


def _layers(file: CaseFile, case: Case, part: str) -> Layers:
    """Return the layers of wall, roof or floor, with more insulation where the case has it."""
    found = file.constructions[case.construction].get(f"{part}_outside_to_inside")
    if isinstance(found, str):
        other = found.removeprefix("same as ").strip()
        found = file.constructions.get(other, {}).get(f"{part}_outside_to_inside")
    if not isinstance(found, list):
        raise NotUnderstoodError(f"the construction {case.construction} has no layers of the {part}")
    layers = list(found)
    if case.insulation:
        better = file.constructions[case.insulation]
        for key in (f"{case.construction}_{part}_insulation", f"{part}_insulation"):
            if key in better:
                layers[_insulating(layers)] = better[key]
                break
    return _as_layers(layers)


def _insulating(layers: list[Mapping[str, Any]]) -> int:
    """Return which of the layers resists most."""
    return int(np.argmax([as_number(la["thickness_m"]) / as_number(la["conductivity"]) for la in layers]))


def _as_layers(layers: Iterable[Mapping[str, Any]]) -> Layers:
    names = ("thickness_m", "conductivity", "density", "specific_heat")
    numbers = table(layers, names, "a layer")
    if (numbers[:, :2] <= 0.0).any() or (numbers < 0.0).any():
        raise NotUnderstoodError("a layer is nowhere thick or conducts nothing; expected positive numbers")
    return Layers(*numbers.T)


def _panel(file: CaseFile, case: Case) -> Layers:
    """Return an opaque panel that conducts like the double window, as ASHRAE 140 has it; its mass is left out."""
    *_, between = glazing(file, case.glazing)
    return Layers(np.array([1.0]), np.array([1.0 / between.sum()]), np.zeros(1), np.zeros(1))
