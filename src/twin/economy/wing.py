"""What the economy wing brings: the cost of every measure, and what an option is worth against another."""

from __future__ import annotations

from twin.economy.model import COLUMNS
from twin.registry import Appraisal, Difference, Indicator, Rider, Section, Term, Wing

__all__ = ["WING"]

_BOUGHT = tuple(
    Term(quantity)
    for quantity in (
        "grid_import",
        "gas_consumption",
        "oil_consumption",
        "biomass_consumption",
        "district_heat_consumption",
    )
)
_OWN_MONEY = (Difference("investment"), Difference("subsidy", -1.0))
_ENERGY_SAVED = (Difference("final_energy", -1.0),)
_YEARLY_SAVING = (Difference("energy_cost", -1.0), Difference("maintenance_cost", -1.0))
_NET_COST = (Difference("capital_cost"), Difference("maintenance_cost"), Difference("energy_cost"))
_TONNES_SAVED = (Difference("co2", -1e-3),)  # the indicator is in kg

_ANNUITY = "annuity method, VDI 2067 Part 1, at constant prices"


def _money(name: str, title: str, unit: str, column: str, headline: bool = False) -> Indicator:
    return Indicator(name, title, unit, "lower", column=column, adds_up=True, headline=headline)


WING = Wing(
    name="economy",
    sections=(Section("economy", "twin.economy.settings:EconomySettings", "How investments are judged."),),
    columns={"building": tuple(COLUMNS.values())},
    riders=(
        Rider(
            key="cost",
            entry="twin.economy.settings:Cost",
            check="twin.economy.charge:check",
            begin="twin.economy.charge:begin",
            apply="twin.economy.charge:charge",
            meaning="What the measure costs, item by item.",
        ),
    ),
    indicators=(
        Indicator("final_energy", "Energy bought, whatever the carrier", "kWh", "lower", _BOUGHT),
        _money("investment", "Investment in measures", "EUR", "investment_eur", headline=True),
        _money("subsidy", "Investment paid by subsidies", "EUR", "subsidy_eur"),
        _money("capital_cost", "Annuity of the investment less subsidies", "EUR/a", "capital_cost_eur_a"),
        _money("maintenance_cost", "Upkeep of measures", "EUR/a", "maintenance_eur_a"),
    ),
    appraisals=(
        Appraisal("energy_saved", "Energy saved in a year", "kWh/a", "higher", _ENERGY_SAVED),
        Appraisal(
            "energy_saved_share",
            "Energy saved",
            "pct",
            "higher",
            (Difference("final_energy", -100.0),),
            (Difference("final_energy", of="base"),),
        ),
        Appraisal(
            "energy_cost_saved", "Energy cost saved in a year", "EUR/a", "higher", (Difference("energy_cost", -1.0),)
        ),
        Appraisal(
            "payback",
            "Years in which savings less upkeep pay the investment back, without interest",
            "a",
            "lower",
            _OWN_MONEY,
            _YEARLY_SAVING,
            headline=True,
            standard="simple payback",
        ),
        Appraisal(
            "net_annual_cost",
            "What it costs more in a year: capital, upkeep and energy",
            "EUR/a",
            "lower",
            _NET_COST,
            headline=True,
            standard=_ANNUITY,
        ),
        Appraisal(
            "co2_abatement_cost",
            "What avoiding a tonne of CO2 equivalents costs",
            "EUR/t",
            "lower",
            _NET_COST,
            _TONNES_SAVED,
            headline=True,
            standard=_ANNUITY,
        ),
    ),
)
