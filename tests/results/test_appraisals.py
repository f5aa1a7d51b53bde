"""What an option is worth against another, by hand-computed numbers."""

import numpy as np
import pytest

from twin.economy.wing import WING
from twin.registry import Appraisal, Difference, Indicator, Term
from twin.results.appraisals import appraise, sums_over_time
from twin.results.model import OptionResult
from twin.results.values import IndicatorBlock, IndicatorValues

UNITS = {"final_energy": "kWh", "energy_cost": "EUR", "co2": "kg", "investment": "EUR", "subsidy": "EUR"}


def option(name, level="building", entities=("a", "b", "c"), **indicators):
    blocks = []
    for indicator, values in indicators.items():
        values = np.asarray(values, dtype=float)
        unit = UNITS.get(indicator, "EUR/a")
        blocks += [
            IndicatorBlock(name, indicator, "quarter", unit, ("",), np.array([np.nansum(values)])),
            IndicatorBlock(name, indicator, level, unit, entities, values),
        ]
    return OptionResult(name, name, values=IndicatorValues(blocks))


NONE = [0.0, 0.0, 0.0]
TODAY = option(
    "today",
    final_energy=[20_000.0, 10_000.0, 5_000.0],
    energy_cost=[2_000.0, 1_000.0, 500.0],
    co2=[4_000.0, 2_000.0, 1_000.0],
    investment=NONE,
    subsidy=NONE,
    capital_cost=NONE,
    maintenance_cost=NONE,
)
BETTER = option(
    "better",
    final_energy=[10_000.0, 9_000.0, 5_000.0],
    energy_cost=[1_000.0, 900.0, 500.0],
    co2=[2_000.0, 1_800.0, 1_000.0],
    investment=[20_000.0, 30_000.0, 0.0],
    subsidy=[4_000.0, 0.0, 0.0],
    capital_cost=[700.0, 1_300.0, 0.0],
    maintenance_cost=[200.0, 150.0, 0.0],
)


def appraised(after=BETTER, before=TODAY, appraisals=WING.appraisals, **per_year):
    blocks = list(appraise(appraisals, after, before, per_year))
    return {(b.indicator, v.entity): v.value for b in blocks for v in b}


def test_savings_per_building_and_for_the_quarter():
    found = appraised()
    assert found["energy_saved", "a"] == 10_000.0
    assert found["energy_saved_share", "a"] == pytest.approx(50.0)
    assert found["energy_saved", ""] == 11_000.0
    assert found["energy_saved_share", ""] == pytest.approx(100.0 * 11 / 35)
    assert found["energy_cost_saved", "b"] == 100.0


def test_payback_is_own_money_over_savings_less_upkeep():
    found = appraised()
    assert found["payback", "a"] == pytest.approx(16_000.0 / 800.0)
    assert ("payback", "b") not in found  # upkeep costs more than is saved: it never pays
    assert ("payback", "c") not in found  # nothing was done
    assert found["payback", ""] == pytest.approx(46_000.0 / 750.0)


def test_what_it_costs_in_a_year_and_per_tonne():
    found = appraised()
    assert found["net_annual_cost", "a"] == pytest.approx(700.0 + 200.0 - 1000.0)
    assert found["net_annual_cost", "c"] == 0.0
    assert found["co2_abatement_cost", "a"] == pytest.approx(-100.0 / 2.0)
    assert found["co2_abatement_cost", "b"] == pytest.approx(1350.0 / 0.2)
    assert ("co2_abatement_cost", "c") not in found


def test_what_sums_over_time_counts_for_a_year():
    half = appraised(final_energy=2.0, energy_cost=2.0, co2=2.0)
    assert half["energy_saved", "a"] == 20_000.0
    assert half["energy_saved_share", "a"] == pytest.approx(50.0)
    assert half["payback", "a"] == pytest.approx(16_000.0 / 1800.0)


def test_without_costs_only_energy_is_judged():
    energy = {"final_energy": NONE, "energy_cost": NONE, "co2": NONE}
    found = appraised(option("after", **energy), option("before", **energy))
    assert {indicator for indicator, _ in found} == {"energy_saved", "energy_cost_saved"}


def test_rounding_is_no_saving():
    tiny = TODAY.values.blocks[1].values * (1.0 + 1e-13)
    found = appraised(option("after", final_energy=tiny, energy_cost=NONE), TODAY)
    assert {found["energy_saved", name] for name in "abc"} == {0.0}


def test_only_what_both_have_is_judged():
    before = option("before", entities=("a", "x"), final_energy=[5.0, 7.0])
    after = option("after", entities=("n", "a"), final_energy=[1.0, 2.0])
    found = appraised(after, before, [Appraisal("d", "d", "kWh", "higher", (Difference("final_energy", -1.0),))])
    assert found == {("d", ""): 9.0, ("d", "a"): 3.0}


def test_groups_are_judged_as_buildings_are():
    groups = [
        option(name, "group:use_type", ("OFFICE", "SCHOOL"), final_energy=values)
        for name, values in (("before", [30.0, 20.0]), ("after", [10.0, 20.0]))
    ]
    found = appraised(groups[1], groups[0])
    assert found["energy_saved", "OFFICE"] == 20.0
    assert found["energy_saved_share", "SCHOOL"] == 0.0


def test_sums_over_time_are_told_from_shares_peaks_and_columns():
    energy = Indicator("energy", "E", "kWh", "lower", (Term("electric_load"),))
    share = Indicator("share", "S", "pct", "lower", (Term("electric_load"),), over=(Term("electric_load"),))
    peak = Indicator("peak", "P", "kW", "lower", (Term("electric_load"),), reduction="max")
    column = Indicator("column", "C", "EUR", "lower", column="investment_eur")
    assert sums_over_time([energy, share, peak, column]) == {"energy"}


def test_every_appraisal_is_made_of_indicators_there_are():
    from twin.registry import wings

    known = {indicator.id for wing in wings() for indicator in wing.indicators}
    for appraisal in (a for wing in wings() for a in wing.appraisals):
        assert {part.indicator for part in (*appraisal.above, *appraisal.below)} <= known
        assert appraisal.id not in known
