"""Units of measure as city files spell them, and how to get from them to ours."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from twin.units import ZERO_DEGC_K

__all__ = ["MONTH_S", "YEAR_S", "Unit", "conversion", "read_unit"]

YEAR_S = 8760 * 3600.0
MONTH_S = YEAR_S / 12.0

Dimension = tuple[tuple[str, int], ...]

# symbol -> (factor to SI, exponents of kg, m, s, K; degrees and persons count as bases of their own)
_SYMBOLS: dict[str, tuple[float, dict[str, int]]] = {
    "1": (1.0, {}),
    "%": (0.01, {}),
    "m": (1.0, {"m": 1}),
    "mm": (1e-3, {"m": 1}),
    "cm": (1e-2, {"m": 1}),
    "km": (1e3, {"m": 1}),
    "ft": (0.3048, {"m": 1}),
    "in": (0.0254, {"m": 1}),
    "ha": (1e4, {"m": 2}),
    "l": (1e-3, {"m": 3}),
    "g": (1e-3, {"kg": 1}),
    "kg": (1.0, {"kg": 1}),
    "t": (1e3, {"kg": 1}),
    "s": (1.0, {"s": 1}),
    "min": (60.0, {"s": 1}),
    "h": (3600.0, {"s": 1}),
    "d": (86400.0, {"s": 1}),
    "week": (604800.0, {"s": 1}),
    "month": (MONTH_S, {"s": 1}),
    "a": (YEAR_S, {"s": 1}),
    "K": (1.0, {"K": 1}),
    "degC": (1.0, {"K": 1}),
    "degF": (5.0 / 9.0, {"K": 1}),
    "J": (1.0, {"kg": 1, "m": 2, "s": -2}),
    "W": (1.0, {"kg": 1, "m": 2, "s": -3}),
    "Wh": (3600.0, {"kg": 1, "m": 2, "s": -2}),
    "BTU": (1055.056, {"kg": 1, "m": 2, "s": -2}),
    "Pa": (1.0, {"kg": 1, "m": -1, "s": -2}),
    "deg": (1.0, {"deg": 1}),
    "rad": (57.29577951308232, {"deg": 1}),
    "person": (1.0, {"person": 1}),
}
_SYMBOLS |= {
    f"{prefix}{symbol}": (factor * _SYMBOLS[symbol][0], _SYMBOLS[symbol][1])
    for prefix, factor in (("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12))
    for symbol in ("J", "W", "Wh", "Pa")
}
# Other ways to write them, in lower case
_ALSO = {
    "ratio": "1", "scale": "1", "unit": "1", "units": "1", "unitinterval": "1", "fraction": "1", "unity": "1",
    "boolean": "1", "percent": "%", "meter": "m", "metre": "m", "meters": "m", "metres": "m", "sqm": "m2",
    "hour": "h", "hours": "h", "day": "d", "days": "d", "weeks": "week", "mon": "month", "months": "month",
    "year": "a", "years": "a", "yr": "a", "second": "s", "seconds": "s", "minute": "min", "minutes": "min",
    "c": "degC", "°c": "degC", "cel": "degC", "celsius": "degC", "degreecelsius": "degC", "degreescelsius": "degC",
    "degreecelcius": "degC", "degc": "degC", "°f": "degF", "fahrenheit": "degF", "kelvin": "K",
    "°": "deg", "degree": "deg", "degrees": "deg", "decimaldegree": "deg", "decimaldegrees": "deg",
    "watt": "W", "joule": "J", "va": "W", "vah": "Wh", "kva": "kW", "kwp": "kW", "wp": "W", "litre": "l", "liter": "l",
    "persons": "person", "pers": "person", "p": "person",
}  # fmt: skip
_LOWER = {symbol.lower(): symbol for symbol in _SYMBOLS} | _ALSO
_TOKEN = re.compile(r"([A-Za-zµ°%€]+|1(?!\d))\s*\^?\s*([+-]?\d)?")
_POWERS = str.maketrans({"²": "2", "³": "3", "×": "*", "·": "*", "⋅": "*"})
_DEGREES = re.compile(r"(cw|ccw)?decimaldegrees?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit as what one of it is in SI units, and which SI units those are; ``zero`` is where a scale in K starts."""

    factor: float
    dimension: Dimension
    zero: float = field(default=0.0)


@lru_cache(maxsize=1024)
def read_unit(text: str) -> Unit | None:
    """Return the unit behind a spelling such as ``W/(K*m^2)``, ``kWh/m2a``, ``decimal degree``; None if it is none.

    What follows the first slash is all below it, as people write it. URNs and URLs are taken by their last word.
    """
    words = re.split(r"[:#]", text.strip())[-1].translate(_POWERS)
    if _DEGREES.match(words.replace(" ", "")):
        words = "deg"
    whole = _LOWER.get(words.replace(" ", "").lower())
    over, _, under = (whole or words).partition("/")
    factor, dimension = 1.0, dict[str, int]()
    for part, sign in ((over, 1), (under.replace("/", "*"), -1)):
        rest = _TOKEN.sub("", part).strip(" ()*.")
        if rest:
            return None
        for symbol, power in _TOKEN.findall(part):
            known = _SYMBOLS.get(symbol) or _SYMBOLS.get(_LOWER.get(symbol.lower(), ""))
            if known is None:
                return None
            exponent = sign * int(power or 1)
            factor *= known[0] ** exponent
            for base, count in known[1].items():
                dimension[base] = dimension.get(base, 0) + exponent * count
    if not over.strip():
        return None
    zero = {"degC": ZERO_DEGC_K, "degF": 459.67 * 5.0 / 9.0}.get(whole or words, 0.0)
    return Unit(factor, tuple(sorted((base, n) for base, n in dimension.items() if n)), zero)


def conversion(given: str, wanted: str) -> tuple[float, float] | None:
    """Return ``(factor, offset)`` by which values in one unit become values in another, None if they cannot.

    A number without a unit is taken to be in the one wanted.
    """
    target = read_unit(wanted)
    assert target is not None, wanted
    if not given.strip():
        return 1.0, 0.0
    unit = read_unit(given)
    if unit is None or unit.dimension != target.dimension:
        return None
    return unit.factor / target.factor, (unit.zero - target.zero) / target.factor
