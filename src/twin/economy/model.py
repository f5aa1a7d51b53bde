"""What the wing knows of a building: what the measures of an option cost there."""

from __future__ import annotations

from twin.table import Column

__all__ = ["COLUMNS"]

COLUMNS: dict[str, Column] = {
    c.name: c
    for c in (
        Column("investment_eur", "EUR", "float", "what its measures cost to make, without subsidies", low=0),
        Column("subsidy_eur", "EUR", "float", "part of the investment that subsidies pay", low=0),
        Column("capital_cost_eur_a", "EUR/a", "float", "annuity of the investment less subsidies", low=0),
        Column("maintenance_eur_a", "EUR/a", "float", "upkeep of what its measures made", low=0),
    )
}
