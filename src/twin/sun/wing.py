"""What the sun wing brings: irradiance on every surface, shaded by all others, and light and air for facades."""

from __future__ import annotations

from twin.registry import Indicator, Layer, Section, SimulatorEntry, Suite, Wing
from twin.sun.model import BUILDING_COLUMNS, SITE_COLUMNS, SURFACE_COLUMNS

__all__ = ["WING"]

_FACADE = "facade_m2"

WING = Wing(
    name="sun",
    sections=(Section("sun", "twin.sun.settings:SunSettings", "How sun and shade are taken into account."),),
    attach="twin.sun.simulator:attach",
    columns={
        "surface": tuple(SURFACE_COLUMNS.values()),
        "building": tuple(BUILDING_COLUMNS.values()),
        "site": tuple(SITE_COLUMNS.values()),
    },
    simulators=(
        SimulatorEntry(
            name="sun",
            build="twin.sun.simulator:build",
            columns=("surface.tilt_deg", "surface.azimuth_deg"),
        ),
    ),
    suites=(
        Suite(
            "sun",
            "twin.validation.sun.suite:run",
            "view factors and shadows against closed forms; or any scene, written for comparison with other programs",
        ),
    ),
    indicators=(
        Indicator(
            "solar_irradiation",
            "Sun on surfaces in the weather year",
            "kWh/m2",
            "neutral",
            level="surface",
            column="solar_irradiation_kwh_m2",
            per="outdoor_m2",
        ),
        Indicator(
            "sun_hours",
            "Hours of direct sun on facades on the day of the rule",
            "h",
            "higher",
            column="facade_sun_hours",
            per=_FACADE,
            headline=True,
            standard="EN 17037, exposure to sunlight",
        ),
        Indicator(
            "facade_sunlit",
            "Facades with as many hours of sun as the rule asks for",
            "pct",
            "higher",
            column="facade_sunlit",
            per=_FACADE,
            headline=True,
        ),
        Indicator(
            "sky_view_factor", "Sky view factor of facades", "1", "higher", column="facade_sky_view_factor", per=_FACADE
        ),
        Indicator(
            "vertical_sky_component",
            "Vertical sky component of facades",
            "pct",
            "higher",
            column="facade_sky_component",
            per=_FACADE,
            headline=True,
            standard="ISO 15469:2004, overcast sky",
        ),
        Indicator(
            "annual_sun_hours",
            "Hours of direct sun on facades in the weather year",
            "h",
            "higher",
            column="facade_annual_sun_hours",
            per=_FACADE,
        ),
        Indicator(
            "surface_sun_hours",
            "Hours of direct sun on the day of the rule",
            "h",
            "higher",
            level="surface",
            column="sun_hours",
            per="outdoor_m2",
        ),
    ),
    layers=(Layer("surfaces", "triangles", "surface", "twin.city.layers:surface_triangles"),),
)
