"""Comfort: categories by hand, the running mean, overheating and unmet hours, and how zones make up a building."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.buildings.comfort import ComfortSimulator, build, state_assumptions
from twin.buildings.kernel.comfort import ComfortLimits, category, limits, running_mean
from twin.buildings.model import COLUMNS, ZONE_COLUMNS
from twin.buildings.wing import WING
from twin.city.model import City, Geometry
from twin.engine.coupling import Coupling
from twin.engine.graph import Graph
from twin.engine.ports import Stateless, Write
from twin.engine.recorder import Recorder
from twin.engine.time import CivilTime, TimeAxis
from twin.ledger import Ledger
from twin.quantities import Link
from twin.registry import Setup
from twin.results.indicators import evaluate, streams_of
from twin.table import Table

HOUR = 3600
UTC = CivilTime()
AXIS = TimeAxis.at("2023-07-10", HOUR, 72)  # a Monday, in UTC
HOME = ComfortLimits(np.array([[21.0], [20.0], [18.0]]), np.array([[25.5], [26.0], [27.0]]), np.array([False]))
FREE = ComfortLimits(HOME.lower, HOME.upper, np.array([True]))


def town(uses=("SINGLE_RES", "MULTI_RES", "OFFICE"), owners=(0, 1, 1), areas=(100.0, 300.0, 100.0), cooled=False, n=3):
    """Return three buildings of which the last is not heated, and zones of the first two."""
    buildings = Table("building", [f"b{k}" for k in range(n)]).put(COLUMNS["cooled"], cooled)
    floor_area = np.bincount(owners, weights=areas, minlength=n)
    buildings = buildings.put(COLUMNS["heated_floor_area_m2"], floor_area)
    zones = Table("zone", [f"z{k}" for k in range(len(uses))])
    for name, values in {"building": np.array(owners), "use_type": uses, "heated_floor_area_m2": areas}.items():
        zones = zones.put(ZONE_COLUMNS[name], values)
    none = np.zeros(0, dtype=np.int64)
    empty = Geometry(np.zeros((0, 3)), none, np.zeros(1, np.int64), np.zeros(1, np.int64))
    links = (
        Link.belongs("zone", "building", np.array(owners)),
        Link.belongs("building", "site", np.zeros(n, dtype=np.int64)),
    )
    return City({"building": buildings, "zone": zones, "site": Table("site", ["here"])}, empty, links=links)


class Told(Stateless):
    """Writes what it is told, by quantity and entity set."""

    name, version, reads = "told", "1", ()

    def __init__(self, axis, sizes, **given):
        self.step_s, self.axis = axis.step_s, axis
        at = {"outdoor_temperature": "site"}
        default = {
            "temperature_shortfall": 0.0,
            "temperature_excess": 0.0,
            "occupancy": 1.0,
            "outdoor_temperature": 5.0,
        }
        values = {**default, **given}
        self.writes = tuple(Write(q, at.get(q, "zone")) for q in values)
        self.values = {}
        for write in self.writes:
            told = np.asarray(values[write.quantity], dtype=float)
            told = told[:, None] if told.ndim == 1 and len(told) == axis.n else told
            self.values[write.quantity] = np.array(np.broadcast_to(told, (axis.n, sizes[write.per])))

    def advance(self, window, inputs):
        first = (window.start - self.axis.start) // self.step_s
        return {q: v[first : first + window.n] for q, v in self.values.items()}


def told(city=None, axis=AXIS, civil=UTC, window_s=None, recorders=(), **given):
    """Return all that the simulator writes over an axis, from what it is told."""
    city = city or town()
    sizes = {name: len(table) for name, table in city.tables.items()}
    comfort, kept = ComfortSimulator(city, civil, axis.step_s), {}
    advance = comfort.advance

    def listen(window, inputs):
        out = advance(window, inputs)
        for name, values in out.items():
            kept.setdefault(name, []).append(values.copy())
        return out

    comfort.advance = listen
    graph = Graph([comfort, Told(axis, sizes, **given), *recorders], sizes, city.links)
    Coupling(graph, window_s=window_s).run(axis.start, axis.end)
    return {name: np.concatenate(parts) for name, parts in kept.items()}


@pytest.mark.parametrize(
    ("degc", "expected"),
    [(17.9, 4), (18.0, 3), (19.9, 3), (20.0, 2), (21.0, 1), (25.5, 1), (25.9, 2), (26.5, 3), (27.0, 3), (27.1, 4)],
)
def test_a_cooled_dwelling_has_fixed_limits(degc, expected):
    assert category(np.array([[degc]]), HOME.lower, HOME.upper)[0, 0] == expected


def test_the_last_digits_of_a_set_point_do_not_decide():
    assert category(np.array([[20.0 - 1e-9]]), HOME.lower, HOME.upper)[0, 0] == 2


@pytest.mark.parametrize(
    ("outdoor", "expected"),
    [
        (9.9, (20.0, 26.0)),  # the heating season: fixed
        (10.0, (22.1 - 4.0, 22.1 + 3.0)),
        (20.0, (25.4 - 4.0, 25.4 + 3.0)),
        (30.0, (28.7 - 4.0, 28.7 + 3.0)),
        (35.0, (28.7 - 4.0, 28.7 + 3.0)),  # the standard ends at 30 degC
    ],
)
def test_people_without_cooling_adapt_to_the_weather(outdoor, expected):
    lower, upper = limits(FREE, np.array([outdoor]))
    assert (lower[1, 0], upper[1, 0]) == pytest.approx(expected)
    assert limits(HOME, np.array([outdoor]))[1].ravel() == pytest.approx([25.5, 26.0, 27.0])


@given(st.floats(-30, 50), st.floats(-20, 40), st.booleans(), st.floats(0.1, 20), st.sampled_from(["colder", "hotter"]))
def test_who_leaves_the_comfortable_middle_never_gets_into_a_better_category(degc, outdoor, adaptive, more, way):
    lower, upper = limits(FREE if adaptive else HOME, np.array([outdoor]))
    assert (np.diff(lower, axis=0) < 0).all()
    assert (np.diff(upper, axis=0) > 0).all()
    middle = 0.5 * (lower[0, 0] + upper[0, 0])
    here = max(degc, middle) if way == "hotter" else min(degc, middle)
    there = here + more if way == "hotter" else here - more
    worse = category(np.array([[here], [there]]), lower, upper)
    assert worse[0, 0] <= worse[1, 0]


def test_the_running_mean_weighs_each_day_by_four_fifths_of_the_next():
    days = [10.0, 20.0, 15.0, 5.0]
    mean = np.array([days[0]])
    for day in days:
        mean = running_mean(mean, np.array([day]))
    by_hand = 0.2 * (5 + 0.8 * 15 + 0.64 * 20 + 0.512 * 10) + 0.8**4 * 10
    assert mean[0] == pytest.approx(by_hand)


def test_today_is_judged_by_the_days_before_it():
    # days of 12, 30 and 0 degC: the running mean is 12 (nothing else is known), 12, then 0.2 * 30 + 0.8 * 12 = 15.6
    outdoor = np.repeat([12.0, 30.0, 0.0], 24)
    upper = [0.33 * mean + 18.8 + 3.0 for mean in (12.0, 12.0, 15.6)]  # category II
    for k, limit in enumerate(upper):
        for degc, expected in ((limit - 0.1, 2), (limit + 0.1, 3)):
            found = told(operative_temperature=degc, outdoor_temperature=outdoor)["comfort_category"][24 * k + 12, 0]
            assert found == expected


def test_a_day_begins_at_midnight_on_the_clock():
    # in Berlin it is 2 o'clock at 0 h UTC: the first day has 22 hours
    outdoor = np.where(np.arange(72) < 22, 12.0, 30.0)
    just_right = 0.33 * 15.6 + 18.8 + 3.0 - 0.1  # after a day of 12 and one of 30 degC
    found = told(civil=CivilTime("Europe/Berlin"), operative_temperature=just_right, outdoor_temperature=outdoor)
    assert found["comfort_category"][45:48, 0].tolist() == [4, 2, 2]


def test_nobody_there_is_no_category():
    occupancy = np.tile(np.repeat([1.0, 0.0], 12), 3)
    found = told(operative_temperature=22.0, occupancy=occupancy)
    assert found["comfort_category"][:24, 0].tolist() == [1] * 12 + [0] * 12
    assert found["floor_area_in_category_1"][:, 1].tolist() == [400.0 if there else 0.0 for there in occupancy]


def test_floor_areas_of_zones_add_up_to_those_of_their_building():
    # the dwelling of 300 m2 has 17 degC, the office of 100 m2 in the same building 22 degC
    found = told(operative_temperature=np.array([22.0, 17.0, 22.0]))
    by_category = [found[f"floor_area_in_category_{k}"][5].tolist() for k in (1, 2, 3, 4)]
    assert by_category == [[100.0, 100.0, 0.0], [0.0] * 3, [0.0] * 3, [0.0, 300.0, 0.0]]


def test_shops_may_be_cooler_and_car_parks_are_not_judged():
    city = town(uses=("RETAIL", "PARKING", "OFFICE"))
    found = told(city, operative_temperature=17.5)["comfort_category"][0]
    assert found.tolist() == [1, 0, 4]
    hot = told(city, operative_temperature=35.0)
    assert hot["overheated_floor_area"][0].tolist() == [100.0, 100.0, 0.0]  # of b1 only the office


def test_overheating_counts_hours_and_degrees_above_26():
    found = told(operative_temperature=np.repeat([25.0, 26.0, 29.0], 24))
    assert found["overheated_floor_area"][:, 0].sum() == 24 * 100.0
    assert found["overheating_of_floor_area"][:, 0].sum() == pytest.approx(24 * 100.0 * 3.0)


def test_set_points_are_unmet_beyond_half_a_kelvin():
    found = told(operative_temperature=20.0, temperature_shortfall=np.array([0.4, 0.6, 0.0]), temperature_excess=0.6)
    assert found["underheated_floor_area"][0].tolist() == [0.0, 300.0, 0.0]
    assert found["undercooled_floor_area"][0].tolist() == [100.0, 400.0, 0.0]


@settings(max_examples=25)
@given(st.integers(1, 30), st.randoms(use_true_random=False))
def test_any_cut_gives_the_same(hours, random):
    given_ = {
        "operative_temperature": [[random.uniform(15, 32) for _ in range(3)] for _ in range(72)],
        "occupancy": [[random.choice([0.0, 0.5]) for _ in range(3)] for _ in range(72)],
        "outdoor_temperature": [random.uniform(0, 35) for _ in range(72)],
    }
    whole, cut = (told(window_s=s, civil=CivilTime("Europe/Berlin"), **given_) for s in (None, hours * HOUR))
    for name, values in whole.items():
        np.testing.assert_allclose(cut[name], values, rtol=1e-9, err_msg=name)


def test_it_goes_back_to_an_earlier_state():
    city = town()
    comfort = ComfortSimulator(city, CivilTime(), HOUR)
    comfort.start(AXIS, None)

    def day(first, outdoor):
        window = TimeAxis(AXIS.start + first * HOUR, HOUR, 24)
        ones = np.ones((24, 3))
        ports = {"operative_temperature": 25.2 * ones, "occupancy": ones, "outdoor_temperature": outdoor * ones}
        return comfort.advance(window, {**ports, "temperature_shortfall": 0 * ones, "temperature_excess": 0 * ones})

    day(0, 10.0)
    before = comfort.state()
    categories = []
    for outdoor in (11.0, 30.0, 11.0):
        comfort.restore(before)
        day(24, outdoor)
        categories.append(day(48, 11.0)["comfort_category"][0, 0])
    assert categories == [3, 1, 3]  # running means of 10.2 and 14 degC


def indicators(city, **given):
    """Return every indicator of comfort by name and building ("": the quarter)."""
    wanted = [i for i in WING.indicators if all("floor_area" in term.quantity for term in i.terms) and i.terms]
    streams = [stream for indicator in wanted for stream in streams_of(indicator)]
    recorder = Recorder("building", city.buildings["heated_floor_area_m2"], HOUR, streams, AXIS.start)
    told(city, recorders=[recorder], **given)
    found = evaluate("today", wanted, {"building": recorder}, city.tables, {})
    return {(v.indicator, v.entity): v.value for v in found}


def test_a_planner_gets_hours_and_shares_per_building_and_quarter():
    # one day each of 25, 26.8 and 30 degC, nobody there in the nights; people do not adapt as it is cold outside
    occupancy = np.tile(np.repeat([1.0, 0.0], 12), 3)
    found = indicators(
        town(), operative_temperature=np.repeat([25.0, 26.8, 30.0], 24)[:, None] + [0.0, 0.0, -5.0], occupancy=occupancy
    )
    # b0, all of it: I, III, IV in 12 hours each; b1 has an office of a quarter of its floor area with 20, 21.8, 25 degC
    shares = {k: [found[f"time_in_category_{k}", b] for b in ("b0", "b1")] for k in (1, 2, 3, 4)}
    third = 100 / 3
    assert shares[1] == pytest.approx([third, 0.75 * third + 0.25 * 2 * third])
    assert shares[2] == pytest.approx([0.0, 0.25 * third])
    assert shares[3] == pytest.approx([third, 0.75 * third])
    assert shares[4] == pytest.approx([third, 0.75 * third])
    assert found["hours_outside_category_1", "b0"] == pytest.approx(24.0)
    assert found["hours_outside_category_3", "b1"] == pytest.approx(0.75 * 12.0)
    assert found["overheating_hours", "b1"] == pytest.approx(0.75 * 24.0)
    assert found["overheating_degree_hours", "b0"] == pytest.approx(12 * 0.8 + 12 * 4.0)
    # the quarter: b0 has 100 m2 and b1 400 m2; the third building is not heated, and has none
    assert found["overheating_hours", ""] == pytest.approx((100 * 24 + 400 * 18) / 500)
    assert ("overheating_hours", "b2") not in found
    assert sum(found[f"time_in_category_{k}", ""] for k in (1, 2, 3, 4)) == pytest.approx(100.0)


def test_what_is_assumed_stands_in_the_ledger():
    ledger = Ledger()
    state_assumptions(ledger)
    assert any("26 degC" in rule.text for rule in ledger.statements)
    assert all(rule.reference for rule in ledger.statements)


def test_where_nothing_is_heated_nothing_is_judged():
    city = town()
    nothing = city.with_table(Table("zone", []))
    assert build(Setup(nothing, {}, CivilTime(), HOUR)) is None
    assert build(Setup(city, {}, CivilTime(), HOUR)).name == "comfort"
