"""A case's windows: panes and gaps as the file states them, and the sun that they let through and take up."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from twin.buildings.kernel.films import SMOOTH, forced_convection
from twin.buildings.kernel.glass import (
    GASES,
    Optics,
    Panes,
    from_around,
    from_horizon,
    hemispherical,
    optics,
    resistances,
)
from twin.validation.bestest.cases import Case, CaseFile
from twin.validation.bestest.elements import Window
from twin.validation.bestest.outdoors import AZIMUTH_DEG, UPRIGHT, Outdoors
from twin.validation.bestest.room import Face
from twin.validation.bestest.schedules import NotUnderstoodError, as_number, table
from twin.validation.bestest.shades import Window as Pane
from twin.validation.bestest.shades import blockers, view_shares

__all__ = ["glazing", "window"]

Floats = NDArray[np.float64]

CIRCUMSOLAR_DEG = 25.0
_TABLE = 501  # angles at which glass is looked at


def glazing(file: CaseFile, name: str) -> tuple[Panes, list[tuple[str, float]], Floats]:
    """Return panes, gaps and resistances of a glazing of the file."""
    stated = file.glazings.get(name)
    if not isinstance(stated, dict):
        raise NotUnderstoodError(f"windows of the glazing {name!r}; expected one of " + ", ".join(file.glazings))
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
        panes = Panes(*_possible(table(listed, names, f"a pane of the glazing {name}"), name).T)
        gaps = stated.get("gaps") or ([stated["gap"]] * (len(listed) - 1) if stated.get("gap") else [])
        filled = [(str(gap["gas"]), as_number(gap["thickness_m"])) for gap in gaps]
    except KeyError as missing:
        raise NotUnderstoodError(f"the glazing {name} states no {missing}") from None
    except TypeError:
        raise NotUnderstoodError(f"the gaps of the glazing {name}; expected gas and thickness_m of each") from None
    if any(thickness <= 0.0 for _, thickness in filled):
        raise NotUnderstoodError(f"a gap of the glazing {name} is nowhere wide")
    if as_number(stated.get("frame_fraction", 0.0)):
        raise NotUnderstoodError(f"the glazing {name} has a frame; expected frame_fraction 0")
    if len(filled) != len(listed) - 1 or any(gas not in GASES for gas, _ in filled):
        raise NotUnderstoodError(f"the gaps of the glazing {name}; expected {len(listed) - 1} of " + ", ".join(GASES))
    return panes, filled, resistances(panes, filled, winter=True)  # ASHRAE 140 states gaps as WINDOW finds them


def _possible(panes: Floats, name: str) -> Floats:
    """Return numbers of panes, shape ``(pane, 7)``, if there can be such glass."""
    size, through, front, back, emissivity = panes[:, :2], panes[:, 2], panes[:, 3], panes[:, 4], panes[:, 5:]
    sound = (size > 0.0).all() and (panes[:, 2:5] > 0.0).all() and ((emissivity > 0.0) & (emissivity <= 1.0)).all()
    if not sound or (through + np.maximum(front, back) > 1.0).any():
        expected = "sizes, shares and emissivities above 0, and no more light thrown back and let through than falls in"
        raise NotUnderstoodError(f"a pane of the glazing {name} cannot be; expected {expected}")
    return panes


def window(
    case: Case,
    orientation: str,
    area: float,
    file: CaseFile,
    outdoors: Outdoors,
    size: tuple[float, float, float],
    holes: list[Pane],
    faces: tuple[Face, ...],
) -> Window:
    """Return the glass of an orientation, with the sun that the room takes in by it.

    Parameters
    ----------
    size
        Of the room, m.
    holes
        Where the windows are in their wall.
    faces
        Of the room, in the order of `Envelope.sides`.
    """
    panes, gaps, between = glazing(file, case.glazing)
    wall = size[0] if orientation in "NS" else size[1]
    before = [tuple(blockers(hole, wall, size[2], case.overhang, case.fins)) for hole in holes]
    reached = np.mean(
        [outdoors.fallen(size, orientation, *each, faces) for each in zip(holes, before, strict=True)], axis=0
    )
    seen = np.mean([view_shares(*each) for each in zip(holes, before, strict=True)], axis=0)
    free = outdoors.plane(UPRIGHT, AZIMUTH_DEG[orientation])
    sun = free.behind(reached.sum(axis=2), tuple(seen))
    direct, around = _by_angle(panes, sun.cosine)
    over, level = hemispherical(panes), from_horizon(panes)
    emissivity, wind = float(panes.emissivity_front[0]), outdoors.wind(size[2] / 2.0)
    let_in = free.beam * direct.transmittance + free.around * around.transmittance
    taken_up = (sun.beam * direct.absorptance + sun.around * around.absorptance).sum(axis=2).T
    return Window(
        orientation,
        area,
        panes,
        gaps,
        between,
        outside_w_m2k=float(forced_convection(wind, SMOOTH).mean()) + emissivity * outdoors.radiation,
        beam=np.einsum("tk,tkf->tf", let_in, reached),
        diffuse=(sun.dome + sun.ground) * over.transmittance + sun.band * level.transmittance,
        absorbed=taken_up + np.outer(sun.dome + sun.ground, over.absorptance) + np.outer(sun.band, level.absorptance),
        sky=emissivity * outdoors.sky_loss(UPRIGHT),
        wind=wind,
        texture=SMOOTH,
        outside_emissivity=emissivity,
        back=hemispherical(panes.turned()),
    )


def _by_angle(panes: Panes, cosine: Floats) -> tuple[Optics, Optics]:
    """Return what happens to the beam and to light from around the sun, each of the shape of the cosines.

    The disc around the sun has half an angle of 25 degrees: Perez, Seals, Ineichen, Stewart & Menicucci 1987, A new
    simplified version of the Perez diffuse irradiance model for tilted surfaces, Solar Energy 39(3) 221.
    """
    table = np.linspace(0.0, 1.0, _TABLE)

    def looked_up(of: Optics) -> Optics:
        through, thrown = (np.interp(cosine, table, v) for v in (of.transmittance, of.reflectance))
        return Optics(through, thrown, np.stack([np.interp(cosine, table, v) for v in of.absorptance]))

    return looked_up(optics(panes, table)), looked_up(from_around(panes, table, CIRCUMSOLAR_DEG))
