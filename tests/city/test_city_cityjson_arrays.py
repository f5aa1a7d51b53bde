"""Boundaries and semantic values to arrays at once: the same as list by list, whatever the text looks like."""

from __future__ import annotations

import json
from itertools import chain

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Raw

from twin.city.cityjson.boundaries import parse_boundaries, parse_nested, parse_rows, parse_values

index = st.integers(0, 2**40)
ring = st.lists(index, min_size=1, max_size=5)
surface = st.lists(ring, min_size=1, max_size=3)
shell = st.lists(surface, min_size=1, max_size=3)
solid = st.lists(shell, min_size=1, max_size=3)
solids = st.lists(solid, min_size=1, max_size=2)
geometries = st.lists(
    st.tuples(st.just(1), shell) | st.tuples(st.just(2), solid) | st.tuples(st.just(3), solids), min_size=1, max_size=4
)
layouts = st.sampled_from([{}, {"separators": (",", ":")}, {"indent": 1}])


def flat(nested, depth):
    for _ in range(depth):
        nested = list(chain.from_iterable(nested))
    return nested


@settings(max_examples=200, deadline=None)
@given(geometries, layouts)
def test_boundaries_are_those_of_the_lists(given, layout):
    texts = [Raw(json.dumps(boundaries, **layout).encode()) for _, boundaries in given]
    parsed = parse_boundaries(texts, [nesting for nesting, _ in given])
    surfaces = [flat(boundaries, nesting - 1) for nesting, boundaries in given]
    assert parsed is not None
    assert parsed.surfaces.tolist() == [len(some) for some in surfaces]
    assert parsed.surface_rings.tolist() == [len(rings) for some in surfaces for rings in some]
    assert parsed.ring_sizes.tolist() == [len(one) for some in surfaces for rings in some for one in rings]
    assert parsed.corners.tolist() == [corner for some in surfaces for corner in flat(some, 2)]
    assert parsed.corner_counts().tolist() == [len(flat(some, 2)) for some in surfaces]


values = st.lists(st.none() | st.integers(0, 99), min_size=1, max_size=5)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.just(1), values) | st.tuples(st.just(2), st.lists(values, min_size=1)), min_size=1), layouts
)
def test_values_are_those_of_the_lists(given, layout):
    texts = [Raw(json.dumps(some, **layout).encode()) for _, some in given]
    parsed = parse_values(texts, [nesting for nesting, _ in given])
    expected = [flat(some, nesting - 1) for nesting, some in given]
    assert parsed is not None
    assert parsed[0].tolist() == [-1 if value is None else value for some in expected for value in some]
    assert parsed[1].tolist() == [len(some) for some in expected]


json_values = st.recursive(
    st.integers(-3, 30) | st.none() | st.booleans() | st.floats(0, 9) | st.text("[],1 ", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=1),
    max_leaves=12,
)
numbers = st.recursive(st.integers(-3, 300) | st.floats(0, 9), lambda inner: st.lists(inner, max_size=4), max_leaves=20)


@settings(max_examples=600, deadline=None)
@given(st.lists(numbers | json_values, min_size=1, max_size=3), st.integers(1, 4), layouts)
def test_anything_else_is_nothing_or_the_numbers_at_that_depth(given, depth, layout):
    def depths(value, around=0):
        if not isinstance(value, list):
            return [around if isinstance(value, (int, float)) and not isinstance(value, bool) else -1]
        return list(chain.from_iterable(depths(item, around + 1) for item in value)) or [-1]

    found = parse_nested(",".join(json.dumps(one, **layout) for one in given).encode(), depth)
    sound = set(chain.from_iterable(map(depths, given))) == {depth}
    assert (found is not None) == sound
    if found is not None:
        assert found.values.tolist() == [value for one in given for value in flat(one, depth - 1)]


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"[[]]", b"[[1],[]]", b"[[1],2]", b"[[1]],[2]", b"[[[1],[2]],[3]]", b"7", b'[["1"]]', b'[["1:2"]]',
        b'[[1],["2:3"],[4]]', b'[[1],["],[2"],[3]]', b'[[1],["2],[3"]]', b'[[1],[2,[]],[3]]', b'[[1],{"":2}]',
        b"[[1],[{}]]", b'[{"a":1},{"b":2}]', b"[[1],[true,2]]", b"[[1],[null],[2]]", b"[[1e]]", b"[[1]],[null]",
        b"[[1],[2],3]",
    ],
)  # fmt: skip
def test_what_is_no_list_of_lists(text):
    assert parse_nested(text, 2) is None


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.lists(st.integers(-99, 10**9) | st.floats(-9, 9), min_size=2, max_size=4), min_size=1, max_size=5)
    | st.lists(st.lists(json_values, min_size=3, max_size=3), min_size=1, max_size=3),
    st.integers(1, 12),
    layouts,
)
def test_rows_are_lists_of_one_length(given, chunk, layout):
    text = ",".join(json.dumps(one, **layout) for one in given).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("twin.city.numbers._CHUNK", chunk)  # so that small examples are cut in pieces too
        found = parse_rows(text, 3)
    nested = parse_nested(text, 1)
    assert (found is not None) == (nested is not None and all(len(one) == 3 for one in given))
    if found is not None:
        assert found.tolist() == given


@pytest.mark.parametrize("text", [b"", b"1,2,3", b"[1,2,3", b"[1,2,3],", b"[[1,2,3]]", b"[1,2,3],[4,5]", b'"1,2,3]'])
def test_what_is_no_row(text):
    assert parse_rows(text, 3) is None


def test_large_lists_are_cut_where_no_number_is():
    rng = np.random.default_rng(1)
    triangles = rng.integers(0, 10**7, (60_000, 1, 3))
    parsed = parse_boundaries([Raw(json.dumps(triangles.tolist()).encode())], [1])
    assert parsed is not None
    np.testing.assert_array_equal(parsed.corners, triangles.ravel())
    assert parsed.surfaces.tolist() == [60_000]
