"""Measures on grids: what they leave in the tables, that the physics follows, and what they refuse."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from buildings_case import boxes
from grid_case import make_grid
from twin.devices.pv.measures import Pv, install_pv
from twin.engine.recorder import Recorder
from twin.engine.time import CivilTime, Horizon, TimeAxis
from twin.errors import TwinError
from twin.grid.catalogue import cables, transformers
from twin.grid.measures.declared import MEASURES
from twin.grid.measures.inverters import VOLT_VAR, VOLT_WATT, InverterControl, control_inverters
from twin.grid.measures.outage import Outage, interrupt_lines, interrupt_transformers
from twin.grid.measures.reinforce import (
    ReinforceLines,
    ReinforceTransformers,
    reinforce_lines,
    reinforce_transformers,
)
from twin.grid.measures.taps import FixedTap, TapChanger, install_tap_changers, set_taps
from twin.grid.model import COLUMNS, ElectricGrid, make_table
from twin.grid.primitives import line_blocks
from twin.grid.transformers import rated_voltages
from twin.grid.wing import WING
from twin.ledger import Ledger
from twin.registry import resolve
from twin.results.indicators import evaluate, streams_of
from twin.table import GIVEN, MISSING, Table
from twin.where import Where

CODE = Ledger().measure("first")
ALL = slice(None)
TYPES = ["NAYY 4x50 SE", "NAYY 4x150 SE", "NAYY 4x240 SE", "as found"]
BERLIN = CivilTime("Europe/Berlin")


def with_grid(city=None):
    """Return a city with four cables behind a transformer of 250 kVA and a fifth line at 10 kV, to one of 630 kVA."""
    volts = np.array([10_000.0, 400.0, 400.0, 400.0, 400.0, 400.0, 10_000.0, 400.0])
    lines = [(1, k, 0.1, 0.1, 0.4, 0.4) for k in (2, 3, 4, 5)] + [(0, 6, 0.1, 0.1, 0.4, 0.4)]
    units = [(0, 1, 250e3, "Dyn5"), (6, 7, 630e3, "Dyn11")]
    grid = make_grid(lines, 8, transformers=units, v_nom=volts)
    line, kinds = grid.line, [*TYPES, "NAYY 4x50 SE"]
    for name in ("type", "r_ohm_m", "x_ohm_m", "r0_ohm_m", "x0_ohm_m", "max_current_a"):
        values = [cables()[k][name] if k in cables() else (k if name == "type" else 1e-4) for k in kinds]
        line = line.put(COLUMNS["line"][name], values)
    line = line.put(COLUMNS["line"]["length_m"], 100.0)
    city = boxes() if city is None else city
    for table in (*grid.tables[:2], line, *grid.tables[3:]):
        city = city.with_table(table)
    return city


def refused(apply, city, params, *more, rows=ALL):
    with pytest.raises(TwinError) as caught:
        apply(city, rows, params, CODE, *more)
    return str(caught.value)


def series_ohm(city):
    """Return the series impedance of every line, positive sequence, from its primitive admittance."""
    grid = ElectricGrid.of(city)
    found = np.empty(len(grid.line), dtype=complex)
    for block in line_blocks(grid):
        mutual = -np.linalg.inv(block.y[:, :3, 3:])
        base = grid.bus["v_nom_v"][grid.line["from_bus"][block.rows]] ** 2 / 1e5
        found[block.rows] = (mutual[:, 0, 0] - mutual[:, 0, 1]) * base
    return found


# -- lines and transformers


def test_each_line_gets_the_next_thicker_cable_or_one_beside_it():
    before = with_grid()
    after = reinforce_lines(before, ALL, ReinforceLines(), CODE)
    line = after.table("line")
    assert line["type"].tolist() == ["NAYY 4x150 SE", "NAYY 4x240 SE", "NAYY 4x240 SE", "as found", "NAYY 4x50 SE"]
    assert line["parallel"].tolist() == [1, 1, 2, 2, 2]  # no cable of 10 kV is known here
    assert line["max_current_a"][:2].tolist() == [270.0, 357.0]
    assert (line.source("type") == CODE).tolist() == [True, True, False, False, False]
    assert (line.source("parallel") == CODE).tolist() == [False, False, True, True, True]
    new = cables()["NAYY 4x150 SE"]
    expected = 100 * (new["r_ohm_m"] + 1j * new["x_ohm_m"])
    np.testing.assert_allclose(series_ohm(after)[0], expected, rtol=1e-9)
    np.testing.assert_allclose(series_ohm(after)[2:], series_ohm(before)[2:] / 2, rtol=1e-9)


@given(st.sets(st.integers(0, 4), min_size=1), st.integers(1, 3))
def test_lines_become_stronger_where_chosen_and_stay_elsewhere(rows, times):
    city = with_grid()
    for _ in range(times):
        before, city = city, reinforce_lines(city, np.array(sorted(rows)), ReinforceLines(), CODE)
        old, new = (c.table("line")["max_current_a"] * c.table("line")["parallel"] for c in (before, city))
        assert np.flatnonzero(new > old).tolist() == sorted(rows)
        assert np.flatnonzero(new != old).tolist() == sorted(rows)
        assert (np.abs(series_ohm(city)) <= np.abs(series_ohm(before)) * (1 + 1e-9)).all()


def test_a_stated_cable_replaces_thinner_ones_and_leaves_the_others():
    rows = np.array([True, True, True, True, False])
    city = with_grid()
    line = reinforce_lines(city, rows, ReinforceLines(type="NAYY 4x150 SE"), CODE).table("line")
    assert line["type"].tolist() == ["NAYY 4x150 SE", "NAYY 4x150 SE", "NAYY 4x240 SE", "as found", "NAYY 4x50 SE"]
    assert (line["r_ohm_m"] <= city.table("line")["r_ohm_m"]).all()  # that of no standard type resists less as it is
    thin = city.table("line").put(COLUMNS["line"]["r_ohm_m"], 1e-3)
    line = reinforce_lines(city.with_table(thin), rows, ReinforceLines(type="NAYY 4x150 SE"), CODE).table("line")
    assert line["type"][3] == "NAYY 4x150 SE"
    assert (line.source("r_ohm_m") == CODE).tolist() == [True, False, False, True, False]
    said = refused(reinforce_lines, with_grid(), ReinforceLines(type="NAYY 4x50 SE"), rows=np.array([0, 1]))
    assert "every line chosen is NAYY 4x50 SE or thicker already; expected others, or add_parallel" in said
    assert "line l4 is above 1 kV" in refused(reinforce_lines, with_grid(), ReinforceLines(type="NAYY 4x240 SE"))


def test_more_systems_side_by_side():
    line = reinforce_lines(with_grid(), np.array([1]), ReinforceLines(add_parallel=2), CODE).table("line")
    assert line["parallel"].tolist() == [1, 3, 1, 1, 1]
    assert line["type"].tolist() == [*TYPES, "NAYY 4x50 SE"]


def test_a_new_cable_has_no_matrix_nor_other_values_of_the_old_one():
    city = with_grid()
    line = city.table("line").put(COLUMNS["line"]["c0_f_m"], 1e-10).put(COLUMNS["line"]["c_f_m"], [1e-10] * 5)
    line = line.put(COLUMNS["line"]["c_f_m"], 0.0, MISSING, np.array([False, True, False, False, False]))
    one = {"phase_a": [0, 0], "phase_b": [0, 0], "r_ohm_m": 1e-3, "x_ohm_m": 1e-3}
    matrix = make_table("line_matrix", ["m0", "m2"], {"line": [0, 2], **one})
    after = reinforce_lines(city.with_table(line).with_table(matrix), np.array([0, 1]), ReinforceLines(), CODE)
    assert after.table("line_matrix")["line"].tolist() == [2]
    assert after.table("line").missing("c0_f_m").tolist() == [True, True, False, False, False]
    assert after.table("line")["c_f_m"][0] == pytest.approx(261e-12)
    assert after.table("line").missing("c_f_m").tolist() == [False, True, False, False, False]


def test_each_transformer_gets_the_next_size_or_one_beside_it():
    table = reinforce_transformers(with_grid(), ALL, ReinforceTransformers(), CODE).table("transformer")
    assert table["s_rated_va"].tolist() == [400e3, 630e3]
    assert table["parallel"].tolist() == [1, 2]
    new = transformers()["400 kVA 10/0.4 kV"]
    assert [table[name][0] for name in ("vk_pct", "vkr_pct")] == [new["vk_pct"], new["vkr_pct"]]
    assert table["vector_group"].tolist() == ["Dyn5", "Dyn11"]
    assert table.source("vector_group").tolist() == [GIVEN, GIVEN]


def test_a_stated_transformer_replaces_smaller_ones_of_its_voltages():
    wanted = ReinforceTransformers(type="630 kVA 10/0.4 kV")
    table = reinforce_transformers(with_grid(), ALL, wanted, CODE).table("transformer")
    assert table["s_rated_va"].tolist() == [630e3, 630e3]
    assert (table.source("s_rated_va") == CODE).tolist() == [True, False]
    assert "as large as" in refused(reinforce_transformers, with_grid(), wanted, rows=np.array([1]))
    city = with_grid()
    other = city.table("transformer").put(COLUMNS["transformer"]["hv_rated_v"], 20e3)
    assert "other rated voltages or phases than t0" in refused(reinforce_transformers, city.with_table(other), wanted)
    beside = reinforce_transformers(city.with_table(other), ALL, ReinforceTransformers(), CODE).table("transformer")
    assert beside["parallel"].tolist() == [2, 2]


@pytest.mark.parametrize(
    "params", [{"type": "NAYY 4x35 SE"}, {"add_parallel": 0}, {"add_parallel": 1, "type": TYPES[1]}]
)
def test_what_makes_no_sense_of_lines_is_refused(params):
    with pytest.raises(ValidationError):
        ReinforceLines(**params)


# -- taps


def test_a_tap_changer_comes_with_taps_in_the_middle_of_its_range():
    after = install_tap_changers(with_grid(), np.array([1]), TapChanger(), CODE)
    unit, row = after.table("transformer"), after.table("tap_changer").row(0)
    assert unit.missing("tap_side").tolist() == [True, False]
    assert [unit[name][1] for name in ("tap_side", "tap_pos", "tap_neutral", "tap_step_pct")] == ["hv", 0, 0, 2.5]
    assert [row[name] for name in ("transformer", "tap_min", "tap_max")] == [1, -4, 4]
    assert [row["voltage_low_pu"], row["voltage_high_pu"]] == [0.98, 1.02]
    assert ElectricGrid.of(after).tap_changer is after.table("tap_changer")


def test_a_second_tap_changer_takes_the_place_of_the_first():
    once = install_tap_changers(with_grid(), ALL, TapChanger(), CODE)
    twice = install_tap_changers(once, np.array([0]), TapChanger(steps=2, voltage_high_pu=1.03), CODE + 1)
    table = twice.table("tap_changer")
    assert table["transformer"].tolist() == [1, 0]
    assert table["tap_max"].tolist() == [4, 2]
    assert len(set(table.ids.tolist())) == 2


@pytest.mark.parametrize(("side", "tap", "low_v"), [("hv", -2, 400 / 0.95), ("hv", 2, 400 / 1.05), ("lv", 2, 420.0)])
def test_a_fixed_tap_changes_the_ratio(side, tap, low_v):
    table = set_taps(with_grid(), ALL, FixedTap(tap=tap, side=side), CODE).table("transformer")
    hv, lv = rated_voltages(table, ("hv", "lv"))
    np.testing.assert_allclose(10_000.0 * lv / hv, low_v, rtol=1e-12)


def test_a_transformer_with_taps_keeps_their_kind():
    city = with_grid()
    table = city.table("transformer")
    own = {"tap_side": "lv", "tap_pos": 9, "tap_neutral": 9, "tap_step_pct": 1.25}
    for name, value in own.items():
        table = table.put(COLUMNS["transformer"][name], value, GIVEN, np.array([True, False]))
    table = set_taps(city.with_table(table), ALL, FixedTap(tap=-1), CODE).table("transformer")
    assert table["tap_pos"].tolist() == [8, -1]
    assert table["tap_side"].tolist() == ["lv", "hv"]
    assert table["tap_step_pct"].tolist() == [1.25, 2.5]


def test_no_tap_is_fixed_that_moves_under_load():
    city = install_tap_changers(with_grid(), np.array([0]), TapChanger(), CODE)
    assert "the taps of t0 move under load" in refused(set_taps, city, FixedTap(tap=1))


def test_taps_that_reach_too_far_are_refused():
    with pytest.raises(ValidationError, match="taps reach 200 % of the rated voltage, more than 50 %"):
        TapChanger(steps=20, step_pct=10.0, voltage_low_pu=0.85, voltage_high_pu=1.15)
    said = refused(set_taps, with_grid(), FixedTap(tap=-10, step_pct=10.0))
    assert "taps reach 100 % of the rated voltage, more than 50 %; expected a tap nearer to the neutral one" in said


def test_a_transformer_whose_file_states_steps_of_nothing_has_no_taps():
    city = with_grid()
    table = city.table("transformer").put(COLUMNS["transformer"]["tap_step_pct"], 0.0)
    table = set_taps(city.with_table(table), ALL, FixedTap(tap=1), CODE).table("transformer")
    assert table["tap_step_pct"].tolist() == [2.5, 2.5]


def test_a_band_no_wider_than_a_tap_is_refused():
    with pytest.raises(ValidationError, match=r"a band of 2 % is no wider than a tap, 2\.5 %"):
        TapChanger(voltage_low_pu=0.99, voltage_high_pu=1.01)


# -- inverters


def with_modules(n=3):
    return install_pv(with_grid(boxes(n)), np.array([0, 1]), Pv(max_kw_per_building=9.0), CODE)


def test_inverters_follow_a_characteristic_by_name():
    after = control_inverters(with_modules(), np.array([0]), InverterControl(volt_var="vde_ar_n_4105"), CODE)
    arrays, curve = after.table("pv_array"), after.table("inverter_curve")
    assert arrays["volt_var_curve"][0] == 0
    assert arrays.missing("volt_var_curve")[1:].all()
    assert "volt_watt_curve" not in arrays
    assert arrays["inverter_va"][0] == pytest.approx(arrays["inverter_w"][0] / 0.9)
    assert list(zip(curve["voltage_pu"], curve["value_pu"], strict=True)) == [
        tuple(c) for c in VOLT_VAR["vde_ar_n_4105"]
    ]
    assert set(curve["kind"].tolist()) == {"volt_var"}


def test_without_a_grid_there_is_no_voltage_to_follow():
    city = install_pv(boxes(2), ALL, Pv(), CODE)
    said = refused(control_inverters, city, InverterControl(volt_var="vde_ar_n_4105"))
    assert "there is no electric grid whose voltage inverters could follow" in said


def test_every_call_brings_curves_of_its_own():
    both = InverterControl(volt_var="ieee_1547_b", volt_watt=[[1.05, 1.0], [1.09, 0.0]])
    after = control_inverters(with_modules(), ALL, both, CODE)
    after = control_inverters(after, np.array([1]), InverterControl(volt_watt="ieee_1547"), CODE + 1)
    arrays, curve = after.table("pv_array"), after.table("inverter_curve")
    assert arrays["volt_var_curve"][:2].tolist() == [0, 0]
    assert arrays["volt_watt_curve"][:2].tolist() == [1, 2]
    assert curve["value_pu"][curve["curve"] == 2].tolist() == [1.0, 0.2]
    assert len(set(curve.ids.tolist())) == len(curve)


def test_modules_laid_later_follow_nothing():
    city = control_inverters(with_modules(), ALL, InverterControl(volt_var="ieee_1547_a"), CODE)
    n = len(city.table("pv_array"))
    arrays = install_pv(city, ALL, Pv(), CODE + 1).table("pv_array")
    assert len(arrays) > n
    assert (~arrays.missing("volt_var_curve")).tolist() == [True] * n + [False] * (len(arrays) - n)


def test_at_its_end_the_german_characteristic_has_the_power_factor_asked_for():
    last = VOLT_VAR["vde_ar_n_4105"][-1][1]
    assert np.cos(np.arcsin(last)) == pytest.approx(0.9, abs=1e-3)


@pytest.mark.parametrize("named", [*VOLT_VAR.items(), *VOLT_WATT.items()])
def test_known_characteristics_are_in_order(named):
    name, corners = named
    InverterControl(**{"volt_watt" if name in VOLT_WATT else "volt_var": corners})


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "needs volt_var or volt_watt"),
        ({"volt_var": [[1.0, 0.0]]}, "needs two corners"),
        ({"volt_var": [[1.0, 0.1], [1.0, 0.0]]}, "voltages of volt_var do not rise"),
        ({"volt_var": [[1.0, 0.0], [1.1, 0.1]]}, "powers of volt_var rise"),
        ({"volt_var": [[1.0, 0.0], [1.1, -1.1]]}, "not within -1 and 1"),
        ({"volt_watt": [[1.0, 1.0], [1.1, -0.1]]}, "not within 0 and 1"),
        ({"volt_watt": [[230.0, 1.0], [253.0, 0.0]]}, "not within 0.5 and 1.5 of nominal"),
    ],
)
def test_curves_that_cannot_be_followed_are_refused(params, said):
    with pytest.raises(ValidationError, match=said):
        InverterControl(**params)


# -- outages


def horizon(start="2023-03-25", days=2):
    axis = TimeAxis.at(start, 86400, days, BERLIN.timezone)
    return Horizon(BERLIN, ((axis.start, axis.end),))


def outage(start, hours=3.0):
    return Outage(start=datetime.fromisoformat(start), hours=hours)


def test_an_outage_begins_by_the_clock_of_the_place():
    after = interrupt_lines(with_grid(), np.array([2]), outage("2023-03-26T18:00:00"), CODE, horizon())
    row = after.table("outage").row(0)
    assert [row["element_type"], row["element"]] == ["line", 2]
    assert row["from_s"] == datetime(2023, 3, 26, 16, tzinfo=UTC).timestamp()  # summer time since the morning
    assert row["to_s"] - row["from_s"] == 3 * 3600
    assert ElectricGrid.of(after).outage is after.table("outage")


def test_an_offset_says_which_clock_is_meant():
    start = datetime(2023, 3, 25, 18, tzinfo=timezone(timedelta(hours=1)))
    table = interrupt_transformers(with_grid(), ALL, Outage(start=start, hours=0.5), CODE, horizon()).table("outage")
    assert table["from_s"].tolist() == [datetime(2023, 3, 25, 17, tzinfo=UTC).timestamp()] * 2
    assert table["element_type"].tolist() == ["transformer", "transformer"]


def test_an_outage_at_a_time_that_is_not_simulated_or_not_there_is_refused():
    for start in ("2023-03-24T23:00:00", "2023-03-26T22:30:00", "2024-01-01T00:00:00"):
        said = refused(interrupt_lines, with_grid(), outage(start), horizon())
        assert "is not simulated; expected within 2023-03-25 00:00 to 2023-03-27 01:00" in said
    said = refused(interrupt_lines, with_grid(), outage("2023-03-26T02:30:00"), horizon())
    assert "the clock of Europe/Berlin never shows 2023-03-26 02:30:00" in said


def test_an_outage_lasts_a_second_at_least():
    after = interrupt_lines(with_grid(), np.array([0]), outage("2023-03-25T12:00:00", 1e-9), CODE, horizon())
    row = after.table("outage").row(0)
    assert row["to_s"] - row["from_s"] == 1


def test_nothing_is_out_of_service_twice_at_a_time():
    once = interrupt_lines(with_grid(), np.array([0, 1]), outage("2023-03-25T12:00:00"), CODE, horizon())
    again = outage("2023-03-25T14:00:00")
    assert "l1 is out of service at that time already" in refused(
        interrupt_lines, once, again, horizon(), rows=np.array([1, 2])
    )
    with pytest.raises(ValidationError, match="0001-01-01 00:00:00 is not in the years 1900 to 2200"):
        Outage(start=datetime(1, 1, 1), hours=1.0)
    with pytest.raises(ValidationError, match="9999-12-31 00:00:00 is not in the years 1900 to 2200"):
        Outage(start=datetime(9999, 12, 31), hours=1.0)
    other = interrupt_transformers(once, np.array([1]), again, CODE, horizon())
    after = interrupt_lines(other, np.array([1]), outage("2023-03-25T15:00:00"), CODE, horizon())
    assert after.table("outage").ids.tolist() == ["l0/outage 1", "l1/outage 1", "t1/outage 1", "l1/outage 2"]


# -- declarations and indicators


def test_what_is_declared_is_there():
    columns = {f"{table}.{name}" for table, cs in COLUMNS.items() for name in cs}
    for measure in MEASURES:
        assert resolve(measure.params).__doc__
        assert callable(resolve(measure.apply))
        assert {w if "." in w else f"{measure.table}.{w}" for w in measure.writes} <= columns


def test_one_line_is_chosen_by_its_identifier():
    table = with_grid().table("line")
    named = Where('id == "l3" or id in ["l1", "nobody"]', COLUMNS["line"])
    assert np.flatnonzero(named(table)).tolist() == [1, 3]
    with pytest.raises(TwinError, match="id is compared with 3"):
        Where("id == 3", COLUMNS["line"])
    with pytest.raises(TwinError, match="did you mean 'type'"):
        Where('typ == "x"', COLUMNS["line"])


def shown(name, series):
    """Return an indicator for all entities together and for each, from the series of its quantities at 15 min."""
    indicator = next(i for i in WING.indicators if i.id == name)
    n = next(iter(series.values())).shape[1]
    recorder = Recorder(indicator.level, np.ones(n), 900, streams_of(indicator), 0)
    axis = TimeAxis(0, 900, 4)
    recorder.start(axis, None)
    recorder.advance(axis, series)
    tables = {indicator.level: Table(indicator.level, [f"e{k}" for k in range(n)])}
    whole, each = evaluate("an option", [indicator], {indicator.level: recorder}, tables, {}).blocks
    return whole.values.tolist(), each.values.tolist()


def test_hours_without_supply_are_the_mean_over_connections():
    cut = np.array([[0.0, 1.0, 1.0 / 3], [0.0, 1.0, 1.0 / 3], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    whole, each = shown("interruption_hours", {"supply_interrupted": cut})
    assert each == pytest.approx([0.0, 0.75, 1.0 / 6])  # the third was without one of its phases
    assert whole == pytest.approx([(0.75 + 1.0 / 6) / 3])


def test_energy_that_is_not_supplied_or_held_back_adds_up():
    assert shown("energy_not_supplied", {"unsupplied_load": np.full((4, 2), [4000.0, 0.0])}) == ([4.0], [4.0, 0.0])
    held = {"curtailed_generation": np.full((4, 2), [500.0, 0.0]), "solar_generation": np.full((4, 2), 2000.0)}
    assert shown("curtailed_generation", held)[0] == pytest.approx([0.5])
    assert shown("curtailed_share", held) == (pytest.approx([12.5]), pytest.approx([25.0, 0.0]))
    assert shown("inverter_reactive_energy", {"inverter_reactive_power": np.full((4, 1), -3000.0)})[0] == [-3.0]


def test_collapse_and_taps_are_counted():
    gone = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    assert shown("voltage_collapse_hours", {"voltage_collapse": gone}) == ([0.5], [0.25, 0.5])
    moves = np.array([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0], [1.0, 0.0]]) / 900
    assert shown("tap_changes", {"tap_changes": moves}) == (pytest.approx([4.0]), pytest.approx([3.0, 1.0]))
