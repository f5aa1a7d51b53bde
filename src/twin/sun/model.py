"""What the wing knows of surfaces and facades: columns that are found by looking at the sky from them."""

from __future__ import annotations

from twin.table import Column

__all__ = ["BUILDING_COLUMNS", "IRRADIATION", "OUTDOORS", "SITE_COLUMNS", "SURFACE_COLUMNS"]

IRRADIATION = Column(
    "solar_irradiation_kwh_m2",
    "kWh/m2",
    "float",
    "sun in the weather year on the part of the surface that faces outdoors",
    low=0,
)

OUTDOORS = Column("outdoor_m2", "m2", "float", "part of the area that neither neighbours nor other parts cover", low=0)

SURFACE_COLUMNS = {
    c.name: c
    for c in (
        IRRADIATION,
        OUTDOORS,
        Column("sky_view_factor", "1", "float", "share of the half space seen that is sky, cosine-weighted", low=0),
        Column(
            "sky_component",
            "1",
            "float",
            "illuminance by CIE's overcast sky over that of a free horizontal plane; vertical sky component on walls",
            low=0,
        ),
        Column("sun_hours", "h", "float", "hours of direct sun on the day of the rule, mean over the area", low=0),
        Column(
            "annual_sun_hours",
            "h",
            "float",
            "hours in the weather year of direct sun above 120 W/m2 (WMO), mean over the area",
            low=0,
        ),
    )
}

BUILDING_COLUMNS = {
    c.name: c
    for c in (
        Column("facade_m2", "m2", "float", "area of walls and windows that face outdoors", low=0),
        Column("facade_sky_view_factor", "1", "float", "mean sky view factor of the facades", low=0),
        Column("facade_sky_component", "pct", "float", "mean vertical sky component of the facades", low=0),
        Column("facade_sun_hours", "h", "float", "mean hours of direct sun on the day of the rule", low=0),
        Column("facade_sunlit", "pct", "float", "facade area with as many hours of sun as the rule asks for", low=0),
        Column("facade_annual_sun_hours", "h", "float", "mean hours of direct sun on the facades in a year", low=0),
    )
}

SITE_COLUMNS = {
    c.name: c for c in (Column("shading", "-", "bool", "whether irradiance knows the shadows that neighbours cast"),)
}
