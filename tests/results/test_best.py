"""Which option is best for which building."""

import numpy as np
import pytest

from twin.errors import TwinError
from twin.results.best import best_options, count_best
from twin.results.model import OptionResult, Results
from twin.results.values import IndicatorBlock, IndicatorValues


def results(direction="lower", unchanged=0.0, **options):
    made = []
    for name, values in options.items():
        blocks = [IndicatorBlock(name, "net", "building", "EUR/a", ("a", "b", "c"), np.array(values))] if values else []
        against = None if name == "today" else "today"
        made.append(OptionResult(name, name, values=IndicatorValues(blocks), against=against))
    return Results("A title", "id", made, [{"id": "net", "direction": direction, "unchanged": unchanged}])


def test_the_best_is_the_lowest_or_the_highest_of_those_there_are():
    found = results(today=None, walls=[-5.0, 3.0, -1.0], pumps=[-2.0, 9.0, np.nan])
    assert best_options(found, "net") == {"a": "walls", "b": "today", "c": "walls"}
    found = results("higher", today=None, walls=[-5.0, 3.0, -1.0], pumps=[-2.0, 9.0, np.nan])
    assert best_options(found, "net") == {"a": "today", "b": "pumps", "c": "today"}


def test_who_changes_nothing_has_no_payback_and_is_not_the_best():
    found = results(unchanged=None, today=None, walls=[12.0, 30.0, np.nan], pumps=[20.0, 9.0, 4.0])
    assert best_options(found, "net") == {"a": "walls", "b": "pumps", "c": "pumps"}


def test_options_are_counted_in_their_order():
    found = count_best(results(today=None, walls=[-5.0, 3.0, -1.0], pumps=[-9.0, 9.0, 0.0]), "net")
    assert list(found["counts"].items()) == [("today", 1), ("walls", 1), ("pumps", 1)]


def test_of_equals_the_first():
    assert best_options(results(today=[1.0, 1.0, 1.0], other=[1.0, 0.5, 2.0]), "net") == {
        "a": "today",
        "b": "other",
        "c": "today",
    }


def test_what_cannot_be_chosen_by_is_an_error():
    with pytest.raises(TwinError, match="there is no nett of any building; expected one of net; did you mean 'net'"):
        best_options(results(today=[1.0, 1.0, 1.0]), "nett")
    with pytest.raises(TwinError, match="neither better nor worse"):
        best_options(results("neutral", today=[1.0, 1.0, 1.0]), "net")
