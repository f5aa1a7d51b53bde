"""The simulator that turns the weather's radiation into irradiance on surfaces, modules and collectors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import TimeAxis
from twin.ledger import Ledger
from twin.registry import Setup
from twin.sun.access import with_irradiation, with_light_and_air
from twin.sun.cover import diffuse_transmission, transmission
from twin.sun.kernel import Components, components, irradiance, lit_shares
from twin.sun.model import SITE_COLUMNS
from twin.sun.reflection import exchange
from twin.sun.settings import SunSettings
from twin.sun.sight.memory import chosen
from twin.sun.sight.patches import Weights
from twin.sun.sky import Sky
from twin.sun.study import RADIATION, SunStudy
from twin.table import DERIVED, Table
from twin.units import HOUR_S

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from twin.city.model import City

__all__ = ["SunSimulator", "attach", "build"]

Floats = NDArray[np.float64]


class SunSimulator(Stateless):
    """Writes the irradiance on every surface, and on solar modules and collectors where there are any.

    On surfaces it is the mean over the part that faces outdoors. Reads one site. The step is at most an hour, as the
    weather's, since means of the sun's angles over longer steps would point nowhere.
    """

    name = "sun"
    version = "2"
    reads: Sequence[Read] = tuple(Read(quantity, "site") for quantity in RADIATION)

    def __init__(self, study: SunStudy, step_s: int) -> None:
        self.step_s = math.gcd(step_s, HOUR_S)
        self._study = study
        tables = study.city.tables
        self._modules, self._collectors = (
            _Mounted(study, tables[name]) if name in tables and len(tables[name]) else None
            for name in ("pv_array", "solar_collector")
        )
        writes = [Write("irradiance", "surface")]
        if self._modules:
            writes += [Write("plane_of_array_irradiance", "pv_array"), Write("cell_irradiance", "pv_array")]
        if self._collectors:
            writes += [Write("collector_irradiance", "solar_collector")]
        self.writes: Sequence[Write] = tuple(writes)

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return ``irradiance``, W/m2, shape ``(window.n, surfaces)``, and what falls on modules and collectors."""
        study = self._study
        sky = study.split([inputs[quantity][:, 0] for quantity in RADIATION], window.calendar().day_of_year)
        weights = study.weights(sky)
        surfaces = irradiance(sky, study.planes, weights, study.sky)
        reflected: Floats | None = None
        if self._exchange is not None:
            reflected = study.settings.facade_reflectance * np.asarray(self._exchange @ surfaces.T).T
            surfaces += reflected
        surfaces /= study.outdoors
        out = {"irradiance": surfaces}
        if self._modules:
            out["plane_of_array_irradiance"], out["cell_irradiance"] = self._modules.light(sky, weights, reflected)
        if self._collectors:
            out["collector_irradiance"] = self._collectors.light(sky, weights, reflected)[1]
        return out

    @cached_property
    def _exchange(self) -> csr_array | None:
        """View factors between surfaces; None if they are not to reflect."""
        study = self._study
        if study.sky is None or study.ground is None or study.settings.facade_reflectance == 0.0:
            return None
        return exchange(study.sky, study.ground)


class _Mounted:
    """Planes on surfaces, under glass."""

    def __init__(self, study: SunStudy, table: Table) -> None:
        self._planes, self._visibility = study.mounted(table)
        self._surface, self._outdoors = table["surface"], study.outdoors[table["surface"]]
        self._of_sky, self._of_ground = diffuse_transmission(table["tilt_deg"])

    def light(self, sky: Sky, weights: Weights | None, reflected: Floats | None) -> tuple[Floats, Floats]:
        """Return the irradiance on the planes, and what glass lets through of it, W/m2, each ``(t, planes)``."""
        lit: Any = 1.0
        if weights is not None and self._visibility is not None:
            lit = lit_shares(weights, self._visibility) / self._outdoors
        parts = components(sky, self._planes, lit)
        through = transmission(sky.sun @ self._planes.normal.T)
        behind = Components(
            parts.beam * through,
            parts.circumsolar * through,
            parts.isotropic * self._of_sky,
            parts.horizon * self._of_sky,
            parts.ground * self._of_ground,
        )
        before, after = parts.total(), behind.total()
        if reflected is not None:
            extra = reflected[:, self._surface] / self._outdoors
            before, after = before + extra, after + extra * self._of_ground
        return before, after


def build(setup: Setup) -> SunSimulator | None:
    """Return the simulator of all boundary surfaces; None without a site and its weather."""
    if "site" not in setup.city.tables:
        return None
    return SunSimulator(SunStudy(setup.city, setup.inputs.get("sun")), setup.step_s)


def attach(city: City, inputs: Mapping[str, Any], ledger: Ledger) -> City:
    """Return the city with what its surfaces have of the sun; the ledger is told what is taken of ground and shade."""
    if "site" not in city.tables:
        return city
    settings: SunSettings = inputs.get("sun") or SunSettings()
    ledger.state(
        f"the ground reflects {settings.albedo:.0%} of the sun's radiation, and lies in the sun itself",
        "Liu & Jordan 1963; EN ISO 52010-1:2017 default",
    )
    _state_shade(settings, ledger)
    shading = SITE_COLUMNS["shading"]
    city = city.with_table(city.table("site").put(shading, [settings.shading], DERIVED))
    study = SunStudy(city, settings)
    city = with_irradiation(city, study)
    return with_light_and_air(city, study) if settings.light_and_air else city


def _state_shade(settings: SunSettings, ledger: Ledger) -> None:
    if not settings.shading:
        ledger.state(
            "surfaces see the whole sky: shadows of other buildings, trees and hills are left out", "[sun] shading"
        )
        return
    how = {"embree": "rays (embree)", "numpy": "rays (NumPy)"}[chosen(settings.rays)]
    ledger.state(
        f"buildings, terrain and vegetation in the city model cast shade, found by {how}; they are solid all year, and "
        "what is not in the model casts none",
        f"{settings.quality} quality, sky by {settings.sky}",
    )
    if settings.facade_reflectance:
        ledger.state(
            f"all surfaces reflect {settings.facade_reflectance:.0%} of the sun on them, once",
            "[sun] facade_reflectance",
        )
    else:
        ledger.state("buildings reflect no light onto each other", "[sun] facade_reflectance")
