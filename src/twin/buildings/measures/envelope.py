"""What an option can do to the envelope of buildings: insulation, windows, airtightness, blinds."""

from __future__ import annotations

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from twin.buildings.measures.shared import Choice, Params, chosen, given, like, put, tighten, withdraw
from twin.buildings.model import COLUMNS, ENVELOPE, SURFACE_COLUMNS
from twin.buildings.zones.envelope import BASES, ROOFS, WALLS
from twin.city.model import City
from twin.table import MISSING, Table

__all__ = [
    "Airtightness",
    "Insulation",
    "ShadingDevices",
    "Windows",
    "insulate",
    "insulated_u_value",
    "make_airtight",
]

_PARTS = ("wall", "roof", "base")
_THICKEST_M = 0.6


def _thickness() -> Any:
    return Field(None, gt=0, le=_THICKEST_M)


class Insulation(Choice):
    """Insulate the envelope."""

    refurbishment: Literal["usual", "advanced"] | None = None
    """State of TABULA that the whole envelope is brought to; U-values then follow from the archetype."""
    wall_insulation_m: float | None = _thickness()
    """Thickness of insulation put on the outer walls as they are, m."""
    roof_insulation_m: float | None = _thickness()
    """Thickness of insulation put on the roof or upper ceiling as it is, m."""
    base_insulation_m: float | None = _thickness()
    """Thickness of insulation put below the floor to ground or cellar as it is, m."""
    conductivity_w_mk: float = Field(0.035, gt=0.005, le=0.2)
    """Thermal conductivity of that insulation, W/(m K) (planning assumption: mineral wool or foam of class 035)."""
    wall_u_w_m2k: float | None = like("wall_u_w_m2k")
    """Thermal transmittance of the outer walls afterwards, W/(m2 K)."""
    roof_u_w_m2k: float | None = like("roof_u_w_m2k")
    """Thermal transmittance of the roof or upper ceiling afterwards, W/(m2 K)."""
    base_u_w_m2k: float | None = like("base_u_w_m2k")
    """Thermal transmittance of the floor to ground or cellar afterwards, W/(m2 K)."""
    window_u_w_m2k: float | None = like("window_u_w_m2k")
    """Thermal transmittance of the windows afterwards, W/(m2 K)."""
    window_g: float | None = like("window_g")
    """Solar energy transmittance of the new glazing."""
    n50_1_h: float | None = like("n50_1_h")
    """Air change at 50 Pa afterwards, 1/h."""
    thermal_bridge_u_w_m2k: float | None = like("thermal_bridge_u_w_m2k")
    """Supplement to all U-values for thermal bridges afterwards, W/(m2 K); follows from ``refurbishment``, and stays
    as it was without."""

    @property
    def changes(self) -> set[str]:
        """Parameters that change something."""
        return {*COLUMNS, *(f"{part}_insulation_m" for part in _PARTS)}

    @model_validator(mode="after")
    def _says_it_once(self) -> Self:
        for part in _PARTS:
            thickness = f"{part}_insulation_m"
            if getattr(self, thickness) is None:
                continue
            if self.refurbishment is not None:
                raise ValueError(f"{thickness} comes on what is there, and refurbishment replaces that")
            if getattr(self, f"{part}_u_w_m2k") is not None:
                raise ValueError(f"{thickness} and {part}_u_w_m2k both say what the {part} is like afterwards")
        return self


class Windows(Choice):
    """Put in other windows."""

    window_u_w_m2k: float | None = like("window_u_w_m2k")
    """Thermal transmittance of the windows with frame afterwards, W/(m2 K)."""
    window_g: float | None = like("window_g")
    """Solar energy transmittance of the glazing afterwards."""
    frame_fraction: float | None = like("frame_fraction")
    """Share of the window that is frame afterwards."""
    n50_1_h: float | None = like("n50_1_h")
    """Air change at 50 Pa afterwards, 1/h: old windows leak."""


class Airtightness(Params):
    """Seal the envelope, so that less air leaks in."""

    n50_1_h: float = Field(ge=COLUMNS["n50_1_h"].low, le=COLUMNS["n50_1_h"].high)
    """Air change at 50 Pa afterwards, 1/h. Up to 3 in houses aired by windows and 1.5 with mechanical ventilation are
    believed to be what DIN 4108-7 allows, 0.6 what a passive house keeps; below some 3 people need a ventilation
    system, or open windows more often than they used to."""


class ShadingDevices(Params):
    """Put up blinds or shutters that are lowered when the sun is on the windows."""

    movable_shading_factor: float = like("movable_shading_factor", 0.25)
    """Share of the sun that passes when they are down (believed to be F_C of DIN 4108-2 for outer blinds with slats at
    45 degrees: 0.25)."""


def insulated_u_value(u_w_m2k: NDArray[np.float64], thickness_m: float, conductivity_w_mk: float) -> Any:
    """Return the thermal transmittance of an element with a layer of insulation added, W/(m2 K), shape ``(n,)``.

    ``1 / (1 / U + d / lambda)``: resistances in series, EN ISO 6946, 6.7.1.
    """
    return 1.0 / (1.0 / u_w_m2k + thickness_m / conductivity_w_mk)


def insulate(city: City, rows: NDArray[Any], params: Insulation | Windows, code: int) -> City:
    """Return the city with better envelopes.

    With ``refurbishment``, what was known of the envelope of these rows no longer holds, be it given or from an earlier
    measure: it is withdrawn, and the archetype of the new state fills the gap. Single values come on top.
    """
    table, where, values = city.buildings, chosen(city, rows), given(params)
    if values.get("refurbishment"):
        for name in ("archetype", "thermal_bridge_u_w_m2k", "air_change_1_h", "infiltration_1_h", *ENVELOPE):
            table = withdraw(table, name, where)
    for part in _PARTS:
        thickness, name = getattr(params, f"{part}_insulation_m", None), f"{part}_u_w_m2k"
        if thickness is not None and isinstance(params, Insulation):
            known = where & ~table.missing(name)
            before = np.where(known, table[name], 1.0)
            table = put(table, {name: insulated_u_value(before, thickness, params.conductivity_w_mk)}, known, code)
    tightness = values.pop("n50_1_h", None)
    if tightness is not None:
        table = tighten(table, tightness, where, code)
    surfaces = _surfaces_afterwards(city, where, params, code)
    return city.with_table(put(table, values, where, code)).with_table(surfaces)


def _surfaces_afterwards(city: City, where: NDArray[np.bool_], params: Insulation | Windows, code: int) -> Table:
    """Return the surfaces without what was known of those that are replaced, and insulated where something is added."""
    table = city.surfaces
    here = where[table["building"]]
    everything = getattr(params, "refurbishment", None) is not None
    for name in ("window_u_w_m2k", "window_g"):
        if name in table and (everything or getattr(params, name) is not None):
            table = table.put(SURFACE_COLUMNS[name], table[name], MISSING, here)
    if "u_w_m2k" not in table or not isinstance(params, Insulation):
        return table
    column = SURFACE_COLUMNS["u_w_m2k"]
    for part, kinds in (("wall", WALLS), ("roof", ROOFS), ("base", BASES)):
        of_part = here & np.isin(table["type"], kinds)
        thickness = getattr(params, f"{part}_insulation_m")
        if everything or getattr(params, f"{part}_u_w_m2k") is not None:
            table = table.put(column, table["u_w_m2k"], MISSING, of_part)
        elif thickness is not None:
            known = of_part & ~table.missing("u_w_m2k")
            before = np.where(known, table["u_w_m2k"], 1.0)
            table = table.put(column, insulated_u_value(before, thickness, params.conductivity_w_mk), code, known)
    return table


def make_airtight(city: City, rows: NDArray[Any], params: Airtightness, code: int) -> City:
    """Return the city with tighter envelopes."""
    return city.with_table(tighten(city.buildings, params.n50_1_h, chosen(city, rows), code))
