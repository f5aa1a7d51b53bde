"""Units of measure as city files spell them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.city.energy.units import conversion, read_unit


@pytest.mark.parametrize(
    ("given_unit", "wanted", "factor"),
    [
        ("W/(K*m^2)", "W/(m2 K)", 1.0),
        ("W/m2K", "W/(m2 K)", 1.0),
        ("W.m-2.K-1", "W/(m2 K)", 1.0),
        ("W/m²/K", "W/(m2 K)", 1.0),
        ("mm", "m", 1e-3),
        ("kJ/(kg*K)", "J/(kg K)", 1e3),
        ("kWh/(m^2*a)", "W/m2", 1000.0 / 8760.0),
        ("kWh/month", "J/a", 12 * 3.6e6),
        ("ft2×°F×h/BTU", "m2 K/W", 0.1761101),  # the R-value of American tables
        ("decimal degree", "deg", 1.0),
        ("CWdecimaldegreesfromNorth(-1isNone)", "deg", 1.0),
        ("unit interval", "1", 1.0),
        ("%", "1", 0.01),
        ("urn:ogc:def:uom:UCUM::m2", "m2", 1.0),
        ("KWh", "J", 3.6e6),
        ("kWp", "W", 1e3),
        ("hours/day", "h/d", 1.0),
        ("", "W/(m2 K)", 1.0),  # no unit: the one expected
    ],
)
def test_spellings_of_the_files_are_understood(given_unit: str, wanted: str, factor: float) -> None:
    assert conversion(given_unit, wanted) == pytest.approx((factor, 0.0), rel=1e-6)


def test_temperatures_have_a_zero_of_their_own() -> None:
    factor, offset = conversion("K", "degC") or (0.0, 0.0)
    assert 293.15 * factor + offset == pytest.approx(20.0)
    factor, offset = conversion("Fahrenheit", "degC") or (0.0, 0.0)
    assert 68.0 * factor + offset == pytest.approx(20.0)


@pytest.mark.parametrize(("given_unit", "wanted"), [("J/K/mol", "m2 K/W"), ("test", "J"), ("W/m^2", "W"), ("kWh", "W")])
def test_what_measures_something_else_is_refused(given_unit: str, wanted: str) -> None:
    assert conversion(given_unit, wanted) is None


@given(st.text(max_size=30))
def test_any_text_is_a_unit_or_none(text: str) -> None:
    unit = read_unit(text)
    assert unit is None or unit.factor > 0
