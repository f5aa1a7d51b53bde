"""Numbers in text to arrays: the same values that Python's own int and float give, and places of what is no number."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.city import numbers
from twin.city.numbers import parse_numbers


@pytest.mark.parametrize(
    ("text", "values"),
    [
        (b"", []),
        (b" [ , ] ", []),
        (b"7", [7]),
        (b"[[0,-1],[23,456789012345678901]]", [0, -1, 23, 456789012345678901]),
        (b"9223372036854775807 -9223372036854775808", [2**63 - 1, -(2**63)]),
        (b"78248.66\n-457091.5\t12", [78248.66, -457091.5, 12.0]),
        (b"0.1 0.123456789012345 123456789.123456789", [0.1, 0.123456789012345, 123456789.123456789]),
        (b"0.30000000000000004", [0.30000000000000004]),
        (b"1.5e-3 +2 .5 3.", [0.0015, 2.0, 0.5, 3.0]),
    ],
)  # fmt: skip
def test_values(text, values):
    found, _ = parse_numbers(text)
    assert found.dtype == (np.float64 if any(isinstance(value, float) for value in values) else np.int64)
    assert found.tolist() == values


def test_starts_are_those_of_the_first_byte():
    _, starts = parse_numbers(b"[12, -3.25],\n 4")
    assert starts.tolist() == [1, 5, 14]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"1 2 NaN", "'NaN' at byte 4"),
        (b"1,Infinity", "byte 2"),
        (b"1-2", "'1-2' at byte 0"),
        (b"3 --2", "byte 2"),
        (b"1.2.3", "byte 0"),
        (b"5 -", "byte 2"),
        (b"5 .", "byte 2"),
        (b'["1"]', "byte 1"),
        (b"1 \xff", "byte 2"),
        (b"9223372036854775808", "byte 0 is out of range"),
        (b"1 " + b"9" * 10_000, "byte 2 is out of range"),
    ],
)
def test_what_is_no_number(text, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_numbers(text)


integers = st.integers(-(2**63), 2**63 - 1).map(str)
fixed = st.tuples(st.integers(-(10**18), 10**18), st.integers(0, 22)).map(
    lambda x: f"{x[0]}.{abs(x[0]) % 10 ** x[1]:0{x[1] or 1}d}"
)
floats = st.floats(allow_nan=False, allow_infinity=False).map(repr)
small = st.decimals(-(10**6), 10**6, places=3).map(str)
separators = st.text(",[] \n\t", min_size=1, max_size=3)


@settings(max_examples=400, deadline=None)
@given(
    tokens=st.lists(integers, max_size=20) | st.lists(small, max_size=20) | st.lists(integers | fixed | floats | small),
    separator=separators,
    chunk=st.integers(1, 60),
)
def test_the_same_as_pythons_own(tokens, separator, chunk):
    text = separator.join(tokens).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(numbers, "_CHUNK", chunk)  # so that small examples are cut in pieces too
        values, starts = parse_numbers(text)
    whole = all(re.fullmatch(r"-?\d+", token) for token in tokens)
    assert values.tolist() == [(int if whole else float)(token) for token in tokens]
    assert all(text.startswith(token.encode(), start) for token, start in zip(tokens, starts.tolist(), strict=True))


def pythons_own(token):
    if not re.fullmatch(r"[-+]?\d+", token):
        return float(token)
    if not -(2**63) <= int(token) < 2**63:
        raise ValueError(token)
    return int(token)


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789.-+eE, ]", max_size=12))
def test_any_text_gives_what_python_reads_or_an_error(text):
    tokens = re.findall(r"[^\s,\[\]]+", text)
    try:
        expected = [pythons_own(token) for token in tokens]
    except ValueError:
        with pytest.raises(ValueError, match="at byte"):
            parse_numbers(text.encode())
    else:
        assert parse_numbers(text.encode())[0].tolist() == expected
