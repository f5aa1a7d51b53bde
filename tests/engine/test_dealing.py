"""Dealing things out to places: the least loaded first, group by group."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twin.engine.dealing import deal


def dealt(sizes, groups=None, allowed=None, load=None):
    n = len(sizes)
    groups = np.zeros(n, dtype=int) if groups is None else np.asarray(groups)
    allowed = np.ones((n, 3), dtype=bool) if allowed is None else np.asarray(allowed)
    load = np.zeros((int(groups.max(initial=-1)) + 1, 3)) if load is None else np.asarray(load, dtype=float)
    return deal(groups, np.asarray(sizes, dtype=float), allowed, load).tolist()


def test_alike_things_go_round():
    assert dealt([5.0] * 7) == [0, 1, 2, 0, 1, 2, 0]
    assert dealt([5.0] * 4, groups=[0, 1, 0, 1]) == [0, 1, 1, 2]
    assert dealt([]) == []


def test_the_least_loaded_place_is_next():
    assert dealt([10.0, 4.0, 3.0, 2.0, 1.0]) == [0, 1, 2, 2, 1]
    assert dealt([1.0, 1.0], load=[[3.0, 2.5, 1.0]]) == [2, 2]


def test_only_places_that_are_allowed():
    assert dealt([5.0, 5.0, 5.0], allowed=[[True, True, True], [True, False, False], [False, True, True]]) == [0, 0, 1]


SIZES = st.lists(st.floats(0.5, 20.0), max_size=40)


@given(SIZES, st.integers(1, 4))
def test_no_place_is_ahead_by_more_than_one_thing(sizes, n_groups):
    groups = np.arange(len(sizes)) % n_groups
    places = np.array(dealt(sizes, groups), dtype=int)
    for one in range(n_groups):
        here = groups == one
        sums = np.bincount(places[here], np.array(sizes)[here], 3)
        assert sums.max() - sums.min() <= max(np.array(sizes)[here], default=0.0) + 1e-9


@given(SIZES, st.integers(0, 40))
def test_more_things_at_the_end_change_nothing_before(sizes, first):
    assert dealt(sizes)[:first] == dealt(sizes[:first])


def test_groups_of_one_begin_at_places_in_turn():
    assert dealt([5.0] * 6, groups=np.arange(6)) == [0, 1, 2, 0, 1, 2]
