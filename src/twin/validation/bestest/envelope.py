"""What surrounds a case's one zone: opaque elements and windows, and the heat that sun and sky bring to each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.buildings.films import ROUGH, SMOOTH
from twin.buildings.glass import GASES, Optics, Panes, hemispherical, optics, resistances
from twin.buildings.layers import Layers
from twin.validation.bestest.cases import Case, CaseFile
from twin.validation.bestest.outdoors import AIR_J_KGK, Incident, Outdoors
from twin.validation.bestest.schedules import NotUnderstoodError, as_number
from twin.validation.bestest.shades import blockers, windows_of

__all__ = ["AZIMUTH_DEG", "Envelope", "Opaque", "Window", "envelope"]

Floats = NDArray[np.float64]

AZIMUTH_DEG = {"N": 0.0, "E": 90.0, "S": 180.0, "W": 270.0}
UPRIGHT_SKY = 0.5  # form factor of a wall and the sky, EN ISO 13790, 11.4.6, and EN ISO 52016-1
# ASHRAE 140-2020, figure of case 600: windows 3 m wide and 2 m high, their tops 0.5 m below the roof
WINDOW_WIDTH_M, WINDOW_HEIGHT_M, WINDOW_TOP_M = 3.0, 2.0, 2.2


@dataclass(frozen=True)
class Opaque:
    """An opaque element.

    Attributes
    ----------
    heat_flow
        Direction of the heat that leaves by it: ``horizontal``, ``up`` or ``down`` (EN ISO 6946).
    outside_w_m2k
        Convection and radiation outdoors.
    outside
        Sun taken up less what is lost to the sky, W/m2 of outer surface, shape ``(t,)``.
    wind, texture, outside_emissivity
        At the outer surface: m/s, shape ``(t,)``, and what it is like.
    emissivity, absorptance
        Of the inner surface.
    """

    name: str
    area_m2: float
    layers: Layers
    heat_flow: str
    outside_w_m2k: float
    outside: Floats
    wind: Floats
    texture: float
    outside_emissivity: float
    emissivity: float
    absorptance: float


@dataclass(frozen=True)
class Window:
    """The glass of one orientation.

    Attributes
    ----------
    between
        Resistances from face to face by way of the panes' middles, `twin.buildings.glass.resistances`.
    beam, diffuse
        Let through, W/m2 of glass, shape ``(t,)``.
    absorbed
        In each pane, light from outside only, W/m2, shape ``(t, p)``.
    sky
        Lost to the sky, W/m2, shape ``(t,)``.
    wind, texture, outside_emissivity
        At the outer surface: m/s, shape ``(t,)``, and what it is like.
    back
        What it does with diffuse light from inside.
    """

    orientation: str
    area_m2: float
    panes: Panes
    between: Floats
    outside_w_m2k: float
    beam: Floats
    diffuse: Floats
    absorbed: Floats
    sky: Floats
    wind: Floats
    texture: float
    outside_emissivity: float
    back: Optics


@dataclass(frozen=True)
class Envelope:
    """A case's zone: elements, gains and air.

    Attributes
    ----------
    internal_w, radiant
        Internal gains, W, and the share of them that is radiant.
    h_infiltration, h_fan
        Heat that infiltration and the fan carry, W/K.
    """

    opaque: tuple[Opaque, ...]
    windows: tuple[Window, ...]
    internal_w: float
    radiant: float
    h_infiltration: float
    h_fan: float
    air_j_k: float

    @property
    def sides(self) -> tuple[Opaque | Window, ...]:
        """Elements, opaque ones first, then windows."""
        return (*self.opaque, *self.windows)

    @property
    def heat_flows(self) -> list[str]:
        """Direction of the heat that leaves by each element, opaque ones first."""
        return [o.heat_flow for o in self.opaque] + ["horizontal"] * len(self.windows)

    def indoors(self) -> tuple[Floats, list[Floats]]:
        """Return the sun that inner surfaces take up: that of opaque elements, W, shape ``(t, e)``, and that of each
        window's panes, light from both sides, W, each of shape ``(t, p)``.

        The beam falls on the floor (EnergyPlus' "FullExterior" does alike); what the floor throws back, and diffuse
        light, reach all inner surfaces by area and are thrown about until taken up or lost by the windows.
        """
        area, absorptance = (np.array([getattr(o, n) for o in self.opaque]) for n in ("area_m2", "absorptance"))
        floor = np.array([o.heat_flow == "down" for o in self.opaque]) * area
        on_floor = floor / floor.sum() * absorptance
        beam = sum((w.area_m2 * w.beam for w in self.windows), np.zeros(len(self.opaque[0].outside)))
        diffuse = sum((w.area_m2 * w.diffuse for w in self.windows), np.zeros_like(beam))
        thrown = diffuse + (1.0 - on_floor.sum()) * beam
        taking = area @ absorptance + sum(w.area_m2 * (1.0 - float(w.back.reflectance)) for w in self.windows)
        share = thrown / taking
        walls = np.outer(beam, on_floor) + np.outer(share, area * absorptance)
        # panes of the turned glazing come from inside to outside
        return walls, [w.area_m2 * (w.absorbed + np.outer(share, w.back.absorptance[::-1])) for w in self.windows]


def envelope(case: Case, file: CaseFile, outdoors: Outdoors) -> Envelope:
    """Return what surrounds the zone of a case.

    Raises
    ------
    NotUnderstoodError
        If the case asks for what the file does not describe.
    """
    shape = file.common["geometry"]
    volume = as_number(shape["volume_m3"])
    windows = [] if case.panels else [_window(case, o, a, file, outdoors) for o, a in case.windows.items()]
    heat = outdoors.air_density * AIR_J_KGK
    gains = file.common.get("internal_gains_W", {})
    return Envelope(
        tuple(_opaque(case, file, outdoors)),
        tuple(windows),
        internal_w=case.internal_gains_w,
        radiant=as_number(gains.get("radiative_fraction", 0.5)) if isinstance(gains, dict) else 0.5,
        h_infiltration=case.infiltration_ach * volume / 3600.0 * heat,
        h_fan=case.fan.flow_m3_s * heat if case.fan else 0.0,
        air_j_k=volume * heat,
    )


def _opaque(case: Case, file: CaseFile, outdoors: Outdoors) -> Iterable[Opaque]:
    """Yield walls less windows, panels in the windows' place, roof and floor."""
    shape = file.common["geometry"]
    wall, roof, floor = (_layers(file, case, part) for part in ("wall", "roof", "floor"))
    for orientation, gross in shape["wall_area_gross_m2"].items():
        window = case.windows.get(orientation, 0.0)
        sun = outdoors.plane(90.0, AZIMUTH_DEG[orientation])
        net = as_number(gross) - window
        yield _element(f"wall {orientation}", net, wall, "horizontal", sun, UPRIGHT_SKY, case, outdoors)
        if case.panels and window:
            panel = _panel(file, case)
            name = f"panel {orientation}"
            yield _element(name, window, panel, "horizontal", sun, UPRIGHT_SKY, case, outdoors, SMOOTH)
    yield _element("roof", as_number(shape["roof_area_m2"]), roof, "up", outdoors.plane(0.0, 0.0), 1.0, case, outdoors)
    dark = Incident(*np.zeros((3, len(outdoors.temperature))))
    yield _element("floor", as_number(shape["floor_area_m2"]), floor, "down", dark, 0.0, case, outdoors)


def _element(
    name: str,
    area: float,
    layers: Layers,
    flow: str,
    sun: Incident,
    sky: float,
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
        outside_w_m2k=outdoors.convection(texture) + emissivity * outdoors.radiation,
        outside=case.exterior_solar_absorptance * sun.total - emissivity * sky * outdoors.sky_cold,
        wind=outdoors.wind if sky else np.zeros_like(outdoors.wind),  # none below a raised floor
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
    try:
        return Layers(*np.array([[as_number(layer[name]) for name in names] for layer in layers]).T)
    except KeyError as missing:
        raise NotUnderstoodError(f"a layer states no {missing}") from None


def _panel(file: CaseFile, case: Case) -> Layers:
    """Return an opaque panel that conducts like the double window, as ASHRAE 140 has it; its mass is left out."""
    _, between = _glazing(file, case.glazing)
    return Layers(np.array([1.0]), np.array([1.0 / between.sum()]), np.zeros(1), np.zeros(1))


def _glazing(file: CaseFile, name: str) -> tuple[Panes, Floats]:
    """Return panes and resistances of a glazing of the file."""
    stated = file.glazings[name]
    names = (
        "thickness_m",
        "conductivity",
        "solar_transmittance",
        "solar_reflectance_front",
        "solar_reflectance_back",
        "ir_emissivity_front",
        "ir_emissivity_back",
    )
    try:
        listed = stated["panes_outside_to_inside"]
        panes = Panes(*np.array([[as_number(pane[n]) for n in names] for pane in listed]).T)
        gaps = stated.get("gaps") or ([stated["gap"]] * (len(listed) - 1) if stated.get("gap") else [])
        filled = [(str(gap["gas"]), as_number(gap["thickness_m"])) for gap in gaps]
    except KeyError as missing:
        raise NotUnderstoodError(f"the glazing {name} states no {missing}") from None
    if len(filled) != len(listed) - 1 or any(gas not in GASES for gas, _ in filled):
        raise NotUnderstoodError(f"the gaps of the glazing {name}; expected {len(listed) - 1} of " + ", ".join(GASES))
    return panes, resistances(panes, filled, winter=True)  # ASHRAE 140 states gaps as WINDOW finds them


def _window(case: Case, orientation: str, area: float, file: CaseFile, outdoors: Outdoors) -> Window:
    panes, between = _glazing(file, case.glazing)
    sun = _sun_on(case, orientation, area, file.common["geometry"], outdoors)
    at, over = optics(panes, sun.cosine), hemispherical(panes)
    emissivity = float(panes.emissivity_front[0])
    return Window(
        orientation,
        area,
        panes,
        between,
        outside_w_m2k=outdoors.convection(SMOOTH) + emissivity * outdoors.radiation,
        beam=sun.beam * at.transmittance,
        diffuse=sun.diffuse * over.transmittance,
        absorbed=sun.beam[:, None] * at.absorptance.T + np.outer(sun.diffuse, over.absorptance),
        sky=emissivity * UPRIGHT_SKY * outdoors.sky_cold,
        wind=outdoors.wind,
        texture=SMOOTH,
        outside_emissivity=emissivity,
        back=hemispherical(panes.turned()),
    )


def _sun_on(case: Case, orientation: str, area: float, shape: Mapping[str, Any], outdoors: Outdoors) -> Incident:
    """Return the mean sun on the windows of an orientation, behind what stands before them."""
    azimuth = AZIMUTH_DEG[orientation]
    if not (case.overhang or case.fins):
        return outdoors.plane(90.0, azimuth)
    wall = as_number(shape["length_ew_m" if orientation in "NS" else "width_ns_m"])
    sun = []
    for window in windows_of(wall, area, WINDOW_WIDTH_M, WINDOW_HEIGHT_M, WINDOW_TOP_M):
        before = blockers(window, wall, as_number(shape["height_m"]), case.overhang, case.fins)
        sun.append(outdoors.window(azimuth, window, before))
    beam, diffuse = (np.mean([getattr(s, name) for s in sun], axis=0) for name in ("beam", "diffuse"))
    return replace(sun[0], beam=beam, diffuse=diffuse)
