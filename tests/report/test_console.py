"""What the commands print for people."""

from twin.console import print_comparison
from twin.results.compare import Comparison, ComparisonRow


def row(name, *values):
    change = tuple(v / values[0] - 1 if values[0] else None for v in values)
    return ComparisonRow(name, name, "kWh", "lower", values, change)


def test_rows_of_nothing_but_zero_are_left_out_and_one_that_stops_being_zero_is_not(capsys):
    rows = (row("heat_demand", 10.0, 8.0), row("unserved_heat", 0.0, 5.0), row("unserved_energy", 0.0, 0.0))
    print_comparison(Comparison("a quarter", ("today", "small heaters"), rows, (None, "today")))
    printed = capsys.readouterr().out
    assert "unserved_heat" in printed
    assert "unserved_energy" not in printed
