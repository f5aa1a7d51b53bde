"""Units at the edge: SI inside, and one table of what files and people see.

Inside the engine every quantity is in its SI unit (J, W, m, s, kg, V, A), temperatures in degC and money in EUR.
"""

from __future__ import annotations

__all__ = ["DAY_S", "HOUR_S", "STEFAN_BOLTZMANN", "ZERO_DEGC_K", "convert", "pretty", "scale"]

HOUR_S = 3600
DAY_S = 86400

STEFAN_BOLTZMANN = 5.670374419e-8
"""W/(m2 K4): CODATA 2018, exact but for rounding."""

ZERO_DEGC_K = 273.15
"""0 degC on the scale of thermodynamic temperature, K: by definition."""

# unit -> (SI unit, how many SI units one of it is)
_IN_SI: dict[str, tuple[str, float]] = {
    "kWh": ("J", 3.6e6),
    "MWh": ("J", 3.6e9),
    "GWh": ("J", 3.6e12),
    "kvarh": ("var s", 3.6e6),
    "kWh/m2": ("J/m2", 3.6e6),
    "kWh/kW": ("s", 3600.0),
    "kW": ("W", 1e3),
    "MW": ("W", 1e6),
    "kVA": ("VA", 1e3),
    "W/m2": ("W/m2", 1.0),
    "t": ("kg", 1e3),
    "g": ("kg", 1e-3),
    "h": ("s", 3600.0),
    "Kh": ("K s", 3600.0),
    "pct": ("1", 0.01),
    "EUR/kWh": ("EUR/J", 1 / 3.6e6),
    "ct/kWh": ("EUR/J", 0.01 / 3.6e6),
    "EUR/MWh": ("EUR/J", 1 / 3.6e9),
    "kg/kWh": ("kg/J", 1 / 3.6e6),
    "g/kWh": ("kg/J", 1e-3 / 3.6e6),
}


def scale(unit: str) -> tuple[str, float]:
    """Return the SI unit behind ``unit`` and how many of it one ``unit`` is; an unlisted unit is its own."""
    return _IN_SI.get(unit, (unit, 1.0))


def convert(value: float, given: str, wanted: str) -> float:
    """Convert ``value`` from one unit to another of the same kind.

    Raises
    ------
    ValueError
        If the two units do not measure the same thing.
    """
    base_given, factor_given = scale(given)
    base_wanted, factor_wanted = scale(wanted)
    if base_given != base_wanted:
        raise ValueError(f"cannot convert {given} to {wanted}")
    return value * factor_given / factor_wanted


# a large total reads better one step up
_READABLE = {"kWh": (10_000.0, "MWh"), "kW": (10_000.0, "MW"), "kg": (10_000.0, "t"), "MWh": (10_000.0, "GWh")}


def pretty(value: float, unit: str) -> tuple[float, str]:
    """Return value and unit as a person would write them: 1,234,000 kWh as 1,234 MWh."""
    if unit in _READABLE and abs(value) >= _READABLE[unit][0]:
        larger = _READABLE[unit][1]
        return convert(value, unit, larger), larger
    return value, unit
