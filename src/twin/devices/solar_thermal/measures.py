"""Solar thermal collectors on roofs: which face of a building suits them, how many, and the tank that they feed."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from twin.city.model import City
from twin.devices.model import append, with_entities
from twin.devices.roofs import equator_azimuth, off_equator, taken_area
from twin.devices.solar_thermal.model import COLLECTOR_COLUMNS
from twin.devices.water import label_loss
from twin.errors import Problem, TwinError

__all__ = ["SolarThermal", "install_collectors"]

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

IRRADIATION = "solar_irradiation_kwh_m2"
ROOF_PER_APERTURE = 1.2  # frames, some 10 % of the aperture, and room around them (planning assumption)
ROOF_PER_APERTURE_ON_RACKS = 3.0  # and rows that do not shade each other (planning assumption)


class _Kind(NamedTuple):
    """What is usual of a construction: coefficients per aperture, aperture per person and water per aperture."""

    eta0: float
    a1_w_m2k: float
    a2_w_m2k2: float
    m2_per_person: float
    l_per_m2: float


_KINDS = {"flat_plate": _Kind(0.78, 3.7, 0.017, 1.5, 60.0), "evacuated_tube": _Kind(0.65, 1.3, 0.005, 1.0, 80.0)}


class SolarThermal(BaseModel):
    """Heat domestic hot water by solar collectors on the best free roof face of each building."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    collector: Literal["flat_plate", "evacuated_tube"] = "flat_plate"
    """Construction. Efficiency without losses and losses after EN ISO 9806, per aperture: flat plates 0.78,
    3.7 W/(m2 K), 0.017 W/(m2 K2), about as a Solar Keymark certificate of 2022 for a plain selective one (0.739, 3.51,
    0.017 per gross area, test report 30.4062.0); evacuated tubes 0.65, 1.3, 0.005 (planning assumption)."""
    aperture_m2_per_person: float | None = Field(None, gt=0, le=10)
    """Aperture per occupant, m2; if neither it nor aperture_m2 is given, 1.5 of flat plates and 1.0 of evacuated tubes
    (rule of thumb of the Bauherren-Schutzbund's guide to solar heat, for people who live there; those who work in a
    building draw less, so that it is best chosen by where)."""
    aperture_m2: float | None = Field(None, gt=0)
    """Aperture on every building, m2; instead of aperture_m2_per_person."""
    tank_l_per_m2: float | None = Field(None, gt=0, le=1000)
    """Water of the tank per aperture, l/m2; 60 with flat plates and 80 with evacuated tubes if left out (planning
    assumption, as installers name them)."""
    tank_label: Literal["A+", "A", "B", "C", "D", "E", "F"] = "B"
    """Energy label of the tank, from whose highest standing loss ours follows (planning assumption: C is the worst
    that may be sold since 2017, Regulation (EU) No 814/2013)."""
    pipe_loss_w_k: float | None = Field(None, ge=0)
    """Losses of the pipes per kelvin that the collectors are warmer than the air, W/K; 5 and 0.5 per m2 of aperture if
    left out (believed to be the default of EN 15316-4-3)."""
    pump_share: float = Field(0.02, ge=0, le=0.2)
    """Power of the pump per heat collected (planning assumption: 20 W over the 2000 hours that Regulation (EU)
    No 812/2013 is believed to count, for 2000 kWh)."""
    usable_share: float = Field(0.6, gt=0, le=1)
    """Share of a face that collectors and solar modules can cover together (planning assumption, as for pv)."""
    min_aperture_m2: float = Field(2.0, ge=0)
    """Faces with room for less stay without, m2 (one flat plate)."""
    max_off_equator_deg: float = Field(90.0, ge=0, le=180)
    """How far a face may look away from the equator (from south in Europe), deg; does not matter for flat ones
    (planning assumption: east to west)."""
    flat_below_deg: float = Field(10.0, ge=0, le=90)
    """Tilt up to which a face counts as flat, deg; collectors stand on racks there (planning assumption)."""
    rack_tilt_deg: float = Field(45.0, ge=0, le=90)
    """Tilt of collectors on racks, which face the equator, deg (planning assumption: steep, for spring and autumn)."""
    max_tilt_deg: float = Field(75.0, gt=0, le=90)
    """Steeper faces stay without collectors, deg (planning assumption)."""

    @model_validator(mode="after")
    def _one_size(self) -> SolarThermal:
        if self.aperture_m2 is not None and self.aperture_m2_per_person is not None:
            raise ValueError("needs either aperture_m2 or aperture_m2_per_person")
        return self


def install_collectors(city: City, rows: NDArray[Any], params: SolarThermal, code: int) -> City:
    """Return the city with collectors on one face of each building chosen that has none yet.

    The face is the one with the most irradiation of those that hold all that is wanted, or the one that holds most.
    Buildings without a suitable face are left out, and those without occupants if these decide how many there are.

    Raises
    ------
    TwinError
        If nobody lives in the buildings chosen where that decides, or no face of them is suitable.
    """
    old = city.tables.get("solar_collector")
    wanted = _wanted(city, rows, params)
    if old is not None:
        wanted[old["building"]] = 0.0
    faces, aperture = _best_faces(city, wanted, params)
    if not len(faces):
        message = "solar_thermal: no roof face of the buildings chosen is suitable and free"
        raise TwinError(Problem(message, expected="other buildings, or wider limits for faces"))
    surfaces, kind = city.surfaces, _KINDS[params.collector]
    flat = surfaces["tilt_deg"][faces] <= params.flat_below_deg
    litres = kind.l_per_m2 if params.tank_l_per_m2 is None else params.tank_l_per_m2
    tank = aperture * litres / 1e3
    pipes = 5.0 + 0.5 * aperture if params.pipe_loss_w_k is None else params.pipe_loss_w_k
    values = {
        "building": surfaces["building"][faces],
        "surface": faces,
        "collector": params.collector,
        "tilt_deg": np.where(flat, params.rack_tilt_deg, surfaces["tilt_deg"][faces]),
        "azimuth_deg": np.where(flat, equator_azimuth(city), surfaces["azimuth_deg"][faces]),
        "aperture_m2": aperture,
        "roof_area_m2": aperture * _roof_per_aperture(flat),
        "eta0": kind.eta0,
        "a1_w_m2k": kind.a1_w_m2k,
        "a2_w_m2k2": kind.a2_w_m2k2,
        "pipe_loss_w_k": pipes,
        "tank_m3": tank,
        "tank_loss_w_k": label_loss(np.full(len(faces), params.tank_label), tank),
        "pump_share": params.pump_share,
    }
    ids = [f"{name}/collector" for name in surfaces.ids[faces].tolist()]
    cells = {COLLECTOR_COLUMNS[name]: cell for name, cell in values.items()}
    return with_entities(city, append(old, "solar_collector", ids, cells, code), "building", "surface")


def _wanted(city: City, rows: NDArray[Any], params: SolarThermal) -> Floats:
    """Return the aperture that each building is to have, m2, 0 in those not chosen."""
    chosen = np.zeros(len(city.buildings), dtype=bool)
    chosen[rows] = True
    if params.aperture_m2 is not None:
        return np.where(chosen, params.aperture_m2, 0.0)
    per_person = params.aperture_m2_per_person or _KINDS[params.collector].m2_per_person
    people = np.where(chosen, np.nan_to_num(city.buildings["occupants"]), 0.0)
    if not people.any():
        message = "solar_thermal: the buildings chosen have no occupants to size collectors for"
        raise TwinError(Problem(message, expected="other buildings, or aperture_m2"))
    return per_person * people


def _roof_per_aperture(flat: NDArray[np.bool_]) -> Floats:
    return np.where(flat, ROOF_PER_APERTURE_ON_RACKS, ROOF_PER_APERTURE)


def _best_faces(city: City, wanted: Floats, params: SolarThermal) -> tuple[Rows, Floats]:
    """Return one face for each building that wants collectors and has one, and the aperture that goes on it, m2."""
    surfaces, off = city.surfaces, off_equator(city)
    building, tilt = surfaces["building"], surfaces["tilt_deg"]
    flat = tilt <= params.flat_below_deg
    room = (params.usable_share * surfaces["area_m2"] - taken_area(city)) / _roof_per_aperture(flat)
    fits = np.minimum(wanted[building], room)
    towards = flat | (off <= params.max_off_equator_deg)
    suits = (surfaces["type"] == "RoofSurface") & (tilt <= params.max_tilt_deg) & towards
    faces = np.flatnonzero(suits & (fits > 0.0) & (room >= params.min_aperture_m2))
    sun = surfaces[IRRADIATION][faces] if IRRADIATION in surfaces else -np.where(flat, 0.0, off)[faces]
    order = faces[np.lexsort((-np.nan_to_num(sun), -fits[faces], building[faces]))]
    first = np.flatnonzero(np.diff(building[order], prepend=-1))
    best = order[first]
    return best, fits[best]
