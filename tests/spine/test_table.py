"""Tables keep values, sources and bounds together."""

import numpy as np
import pytest

from twin.errors import TwinError
from twin.ledger import Ledger, assumed_share, summarize
from twin.table import ASSUMED, DERIVED, GIVEN, MISSING, Column, Table, source_name

YEAR = Column("year_of_construction", "a", "int", "year of construction", low=1000, high=2100)
USE = Column("use_type", "-", "str", "usage", categories=("MULTI_RES", "OFFICE"))
AREA = Column("area_m2", "m2", "float", "floor area", low=0)


@pytest.fixture
def houses():
    return Table("building", ["a", "b", "c"]).put(AREA, [10.0, 20.0, 70.0])


def test_put_leaves_the_old_table_alone_and_shares_what_it_did_not_touch(houses):
    changed = houses.put(YEAR, 1950)
    assert "year_of_construction" not in houses
    assert changed["year_of_construction"].tolist() == [1950] * 3
    assert changed["area_m2"] is houses["area_m2"]


def test_put_where_keeps_other_rows_and_their_source(houses):
    some = houses.put(AREA, 5.0, DERIVED, where=np.array([False, True, False]))
    assert some["area_m2"].tolist() == [10, 5, 70]
    assert some.source("area_m2").tolist() == [GIVEN, DERIVED, GIVEN]


def test_missing_cells_are_blank_and_a_column_never_put_is_missing_everywhere(houses):
    table = houses.put(YEAR, [1950, 9, 1960], np.array([GIVEN, MISSING, GIVEN], dtype=np.uint16))
    assert table.missing("year_of_construction").tolist() == [False, True, False]
    assert table.row("b")["year_of_construction"] is None
    assert table.missing("use_type").all()
    assert table.to_pandas()["year_of_construction"].isna().tolist() == [False, True, False]


def test_columns_cannot_be_written_to(houses):
    with pytest.raises(ValueError, match="read-only"):
        houses["area_m2"][0] = 1


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        (AREA, [1.0, -2.0, 3.0], "area_m2 of building b is -2.0; expected at least 0"),
        (YEAR, [1950.5, 1, 1], "of type float64; expected int"),
        (USE, ["MULTI_RES", "OFICE", "OFFICE"], "use_type of building b is OFICE; expected one of MULTI_RES, OFFICE"),
    ],
)
def test_what_a_column_cannot_hold_is_refused(houses, column, value, said):
    with pytest.raises(TwinError, match=said.replace("(", r"\(")):
        houses.put(column, value)


def test_unknown_rows_and_columns_get_a_suggestion(houses):
    with pytest.raises(TwinError, match="did you mean 'area_m2'"):
        houses["area_m"]
    with pytest.raises(TwinError, match="no building has the id 'z'"):
        houses.row("z")


def test_a_table_can_be_cut(houses):
    assert houses.take(np.array([True, False, True])).ids.tolist() == ["a", "c"]


def deferred(houses, made):
    def make():
        made.append(1)
        return houses.put(YEAR, 1950, DERIVED).put(
            USE, ["OFFICE", "", ""], np.array([GIVEN, MISSING, MISSING], np.uint16)
        )

    return houses.defer([YEAR, USE], make)


def test_deferred_columns_are_declared_at_once_and_made_once(houses):
    made: list[int] = []
    table = deferred(houses, made)
    more = table.put(AREA, 1.0)
    assert table.names == ["area_m2", "year_of_construction", "use_type"]
    assert "use_type" in table
    assert table.column("use_type") is USE
    assert [column.name for column in more.columns] == table.names
    assert not made
    assert table.missing("use_type").tolist() == [False, True, True]
    assert more["year_of_construction"].tolist() == table["year_of_construction"].tolist() == [1950] * 3
    assert more.source("year_of_construction").tolist() == [DERIVED] * 3
    assert len(made) == 1


@pytest.mark.parametrize(
    "changed",
    [
        lambda table: table.take(np.array([1, 2])),
        lambda table: Table.concat([table, table]),
        lambda table: table.put(YEAR, 1960, where=np.array([True, False, False])),
        lambda table: table,
    ],
)
def test_deferred_columns_are_like_any_other(houses, changed):
    now = changed(houses.put(YEAR, 1950, DERIVED).put(USE, "", MISSING))
    later = changed(houses.defer([YEAR, USE], lambda: houses.put(YEAR, 1950, DERIVED).put(USE, "", MISSING)))
    assert later.names == now.names
    for name in now.names:
        np.testing.assert_array_equal(later[name], now[name])
        np.testing.assert_array_equal(later.source(name), now.source(name))
    assert later.to_pandas().equals(now.to_pandas())
    assert dict(later.row(0)) == dict(now.row(0))


def test_ledger_numbers_each_reason_once():
    ledger = Ledger()
    code = ledger.assume("gas boiler", "census")
    assert ledger.assume("gas boiler", "census") == code == ASSUMED
    assert ledger.assume("radiators", "census") == ASSUMED + 1
    assert ledger.rule(code).text == "gas boiler"
    assert source_name(code) == "assumed:0"
    assert source_name(ledger.measure("insulation")) == "measure:0"
    assert ledger.rule(GIVEN) is None


def test_an_options_ledger_starts_from_its_base_and_does_not_change_it():
    base = Ledger()
    base.assume("gas boiler", "census")
    option = base.copy()
    option.assume("heat pump", "scenario")
    assert len(base.assumptions) == 1


def test_summary_weighs_each_source_by_floor_area(houses):
    ledger = Ledger()
    codes = np.array([GIVEN, ledger.assume("median year", "file"), GIVEN], dtype=np.uint16)
    table = houses.put(YEAR, [1950, 1955, 1960], codes)
    rows = {r.source: r for r in summarize(ledger, [table], {"building": table["area_m2"]}) if r.field == YEAR.name}
    assert rows["assumed:0"].share_of_floor_area == pytest.approx(0.2)
    assert rows["assumed:0"].reason == "median year"
    assert (rows["given"].min, rows["given"].max) == ("1950", "1960")
    assert assumed_share(table, ["year_of_construction", "area_m2"], table["area_m2"]) == pytest.approx(0.1)
