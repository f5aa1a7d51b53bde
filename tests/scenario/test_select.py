"""``where`` and ``share``: which buildings a measure concerns."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.errors import TwinError
from twin.scenario.select import choose
from twin.table import GIVEN, MISSING, Column, Table
from twin.where import Where

COLUMNS = {
    c.name: c
    for c in (
        Column("storeys", "-", "int", "storeys"),
        Column("u", "W/(m2 K)", "float", "wall U-value"),
        Column("use", "-", "str", "usage", categories=("HOME", "OFFICE", "SCHOOL")),
        Column("listed", "-", "bool", "protected"),
        Column("never_filled", "-", "float", "nothing"),
    )
}


@pytest.fixture
def table():
    known = np.array([GIVEN, GIVEN, GIVEN, MISSING], dtype=np.uint16)
    return (
        Table("building", ["a", "b", "c", "d"])
        .put(COLUMNS["storeys"], [1, 2, 3, 4])
        .put(COLUMNS["u"], [0.2, 1.2, 1.4, 9.0], known)
        .put(COLUMNS["use"], ["HOME", "HOME", "OFFICE", "SCHOOL"])
        .put(COLUMNS["listed"], [False, True, False, False])
    )


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("storeys <= 3 and u > 1.0", "bc"),
        ("storeys == 1 or storeys == 4", "ad"),
        ("1 < storeys <= 3", "bc"),
        ("not (storeys < 3)", "cd"),
        ('use in ["HOME", "SCHOOL"]', "abd"),
        ('use not in ["HOME"]', "cd"),
        ('use != "HOME" and not listed', "cd"),
        ("listed", "b"),
        ("listed == True", "b"),
        ("u > 0", "abc"),  # a missing value compares false
        ("u < 100", "abc"),
        ("never_filled >= 0", ""),
        ("u > storeys", ""),
        ("storeys > u", "abc"),
    ],
)
def test_where(table, text, ids):
    assert "".join(table.ids[Where(text, COLUMNS)(table)]) == ids


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("storys < 3", "no column 'storys'; did you mean 'storeys'"),
        ('use == "OFICE"', "use is never 'OFICE'; expected one of HOME, OFFICE, SCHOOL; did you mean 'OFFICE'"),
        ('storeys < "three"', "storeys is compared with 'three'; expected a number"),
        ("use == 3", "use is compared with 3; expected text"),
        ("storeys <", "cannot be understood"),
        ("storeys", "is no condition"),
        ("1 < 2", "names no column"),
        ("storeys + 1 > 2", "is no column and no literal"),
        ("__import__('os').getcwd() == 'x'", "is no column and no literal"),
        ("[x for x in storeys]", "is no condition"),
        ("storeys is 3", "an operator we do not have"),
        ("(" * 300 + ")" * 300, "cannot be understood"),
    ],
)
def test_what_is_wrong_with_it(text, said):
    with pytest.raises(TwinError, match=said):
        Where(text, COLUMNS)


def test_all_mistakes_at_once():
    with pytest.raises(TwinError) as caught:
        Where('storys < 3 and use == "OFICE"', COLUMNS)
    assert len(caught.value.problems) == 2


@given(st.text(alphabet="storeysu <>=!andorti()[]'\"0123.,", max_size=40))
def test_any_text_is_a_condition_or_an_error(text):
    table = Table("building", ["a"]).put(COLUMNS["storeys"], [1]).put(COLUMNS["u"], [1.0])
    try:
        mask = Where(text, COLUMNS)(table)
    except TwinError:
        return
    assert mask.dtype == bool
    assert mask.shape == (1,)


@given(st.floats(0.01, 1), st.floats(0.01, 1), st.integers(0, 100))
def test_a_smaller_share_is_part_of_a_larger_one(a, b, seed):
    table = Table("building", [str(i) for i in range(50)])
    rows = np.ones(50, dtype=bool)
    small = choose(rows, table, min(a, b), seed, "share/x", None)
    large = choose(rows, table, max(a, b), seed, "share/x", None)
    assert not (small & ~large).any()
    assert abs(small.sum() - min(a, b) * 50) <= 0.5 + 1e-9


def test_an_entity_keeps_its_rank_when_others_leave():
    table = Table("building", [str(i) for i in range(100)])
    everyone = np.ones(100, dtype=bool)
    half = choose(everyone, table, 0.5, 1, "share/x", None)
    fewer = choose(np.arange(100) % 2 == 0, table, 1.0, 1, "share/x", None)
    assert fewer.sum() == 50
    assert 40 <= half.sum() <= 60


def test_share_of_floor_area():
    table = Table("building", [str(i) for i in range(200)])
    area = np.linspace(10, 1000, 200)
    chosen = choose(np.ones(200, dtype=bool), table, 0.3, 1, "share/x", area)
    assert area[chosen].sum() / area.sum() == pytest.approx(0.3, abs=0.01)
