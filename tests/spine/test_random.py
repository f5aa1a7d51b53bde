"""Draws belong to entity and purpose, never to an order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from twin.random import Streams, entity_keys, uniform


def test_a_draw_does_not_depend_on_who_else_draws():
    alone = uniform(1, "share", entity_keys(["b"]))
    among = uniform(1, "share", entity_keys(["a", "b", "c"]))
    assert alone[0] == among[1]


def test_draws_are_the_same_on_every_machine():
    np.testing.assert_array_equal(entity_keys(["DENW22"]), np.array([13300332451683029795], dtype=np.uint64))


@given(st.integers(0, 2**31), st.text(max_size=20), st.integers(0, 2**40))
def test_uniform_stays_in_range_and_is_repeatable(seed, purpose, counter):
    keys = entity_keys([str(i) for i in range(8)])
    drawn = uniform(seed, purpose, keys, counter)
    assert ((drawn >= 0) & (drawn < 1)).all()
    np.testing.assert_array_equal(drawn, uniform(seed, purpose, keys, counter))


def test_uniform_is_uniform():
    drawn = uniform(7, "test", entity_keys([str(i) for i in range(20_000)]))
    counts, _ = np.histogram(drawn, 20, (0, 1))
    assert ((counts - 1000) ** 2 / 1000).sum() < 43.8  # chi-square, 19 degrees of freedom, p = 0.001


def test_counters_purposes_and_seeds_give_independent_draws():
    keys = entity_keys([str(i) for i in range(20_000)])
    base = uniform(1, "a", keys)
    for other in (uniform(1, "a", keys, 1), uniform(1, "b", keys), uniform(2, "a", keys)):
        assert abs(np.corrcoef(base, other)[0, 1]) < 0.03


def test_streams_are_keyed():
    streams = Streams(1)
    first = streams.generator("arrivals", "v1").random(4)
    streams.generator("arrivals", "v2").random(100)
    np.testing.assert_array_equal(first, Streams(1).generator("arrivals", "v1").random(4))
    assert not np.array_equal(first, Streams(1).generator("arrivals", "v2").random(4))


def test_many_counters_at_once_are_the_same_as_one_by_one():
    keys, counters = entity_keys(["a", "b", "c"]), np.array([0, 5, 19_000])
    together = uniform(3, "day", keys, counters[:, None])
    one_by_one = [uniform(3, "day", keys, counter) for counter in counters.tolist()]
    np.testing.assert_array_equal(together, one_by_one)
