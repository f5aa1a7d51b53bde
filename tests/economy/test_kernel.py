"""The annuity: against values worked out by hand, and as the series of payments that it stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.economy.kernel import annuity_factor


def test_without_interest_an_investment_is_spread_evenly():
    assert annuity_factor(0.0, 40.0) == pytest.approx(0.025, rel=1e-15)


@pytest.mark.parametrize(
    ("rate", "years", "factor"), [(0.03, 1.0, 1.03), (0.03, 20.0, 0.0672157), (0.05, 10.0, 0.1295046)]
)
def test_known_factors(rate, years, factor):
    assert annuity_factor(rate, years) == pytest.approx(factor, rel=1e-6)


@given(st.floats(1e-12, 0.3), st.integers(1, 60))
def test_the_payments_are_worth_what_was_invested(rate, years):
    worth = sum(annuity_factor(rate, years) / (1.0 + rate) ** k for k in range(1, years + 1))
    assert worth == pytest.approx(1.0, rel=1e-9)
