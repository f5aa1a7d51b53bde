"""The simulator that turns the weather's radiation into irradiance on every boundary surface."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from twin.engine.ports import Arrays, Read, Stateless, Write
from twin.engine.time import TimeAxis
from twin.ledger import Ledger
from twin.registry import Setup
from twin.sun.kernel import ALBEDO, Planes, irradiance, perez_sky, planes_from
from twin.units import HOUR_S

if TYPE_CHECKING:
    from twin.city.model import City

__all__ = ["SunSimulator", "attach", "build"]

_WEATHER = (
    "direct_normal_irradiance",
    "diffuse_horizontal_irradiance",
    "global_horizontal_irradiance",
    "solar_zenith",
    "solar_azimuth",
)


class SunSimulator(Stateless):
    """Writes the irradiance on every surface as if it stood free: by its tilt and direction alone.

    Reads one site. The step is at most an hour, as the weather's, since means of the sun's angles over longer steps
    would point nowhere.
    """

    name = "sun"
    version = "1"
    reads: Sequence[Read] = tuple(Read(quantity, "site") for quantity in _WEATHER)
    writes: Sequence[Write] = (Write("irradiance", "surface"),)

    def __init__(self, planes: Planes, step_s: int) -> None:
        self.planes = planes
        self.step_s = math.gcd(step_s, HOUR_S)

    def advance(self, window: TimeAxis, inputs: Arrays) -> Arrays:
        """Return ``irradiance``, W/m2, shape ``(window.n, surfaces)``."""
        beam, diffuse, total, zenith, azimuth = (inputs[quantity][:, 0] for quantity in _WEATHER)
        sky = perez_sky(beam, diffuse, total, zenith, azimuth, window.calendar().day_of_year)
        return {"irradiance": irradiance(sky, self.planes)}


def build(setup: Setup) -> SunSimulator | None:
    """Return the simulator of all boundary surfaces by their tilt and azimuth; None without a site and its weather."""
    if "site" not in setup.city.tables:
        return None
    surfaces = setup.city.surfaces
    return SunSimulator(planes_from(surfaces["tilt_deg"], surfaces["azimuth_deg"]), setup.step_s)


def attach(city: City, inputs: Mapping[str, Any], ledger: Ledger) -> City:
    """Return the city as it is, having told the ledger what is taken of the ground and of shadows."""
    if "site" not in city.tables:
        return city
    ledger.state(
        f"the ground reflects {ALBEDO:.0%} of the sun's radiation", "Liu & Jordan 1963; EN ISO 52010-1:2017 default"
    )
    ledger.state(
        "surfaces see the whole sky: shadows of other buildings, trees and hills are left out",
        "Perez et al. 1990, unshaded planes",
    )
    return city
