"""Where stations and depots go, what they are given, and what cannot be."""

import numpy as np
import pytest
from pydantic import ValidationError

from buildings_case import boxes, filled
from twin.devices.ev.station_measures import DepotCharging, PublicCharging, build_depots, build_stations
from twin.devices.ev.wing import WING
from twin.engine.links import transfer
from twin.errors import TwinError
from twin.ledger import Ledger
from twin.registry import resolve

FIRST = Ledger().measure("first")
SECOND = FIRST + 1


def public(city, rows=slice(None), code=FIRST, **params):
    return build_stations(city, rows, PublicCharging(**{"points": 2, **params}), code)


def depot(city, rows=slice(None), code=FIRST, **params):
    return build_depots(city, rows, DepotCharging(**{"points": 2, "vehicles": 5, "fleet": "vans", **params}), code)


def test_every_building_chosen_gets_a_station():
    table = public(filled(boxes(3)), np.array([0, 2]), charger_kw=22.0, points=4).tables["charging_station"]
    assert table.ids.tolist() == ["b0/station/1", "b2/station/1"]
    assert table["building"].tolist() == [0, 2]
    assert set(table["power_w"]) == {22e3}
    assert set(table["sessions_per_day"]) == {4.0}
    assert set(table["weekend_share"]) == {0.9}
    assert set(table["patience_s"]) == {900.0}
    assert table.missing("limit_w").all()
    assert not table["leaves_when_charged"].any()
    assert set(table.source("points")) == {FIRST}


def test_what_is_given_is_taken():
    city = public(
        filled(boxes()),
        place="workplace",
        current="DC",
        charger_kw=150.0,
        sessions_per_day=31.0,
        patience="0min",
        limit_kw=200.0,
        least_kw=20.0,
    )
    row = city.tables["charging_station"].row(0)
    assert (row["place"], row["leaves_when_charged"], row["weekend_share"]) == ("workplace", True, 0.0)
    assert (row["sessions_per_day"], row["patience_s"], row["limit_w"], row["least_w"]) == (31, 0, 200e3, 20e3)


def test_stations_add_up_and_belong_to_their_buildings():
    city = public(filled(boxes(2)))
    city = public(city, np.array([1]), SECOND, points=7)
    city = depot(city, np.array([1]), SECOND)
    table = city.tables["charging_station"]
    assert table.ids.tolist() == ["b0/station/1", "b1/station/1", "b1/station/2", "b1/depot/3"]
    assert table["points"].tolist() == [2, 2, 7, 2]
    assert table.source("points").tolist() == [FIRST, FIRST, SECOND, SECOND]
    sizes = {name: len(t) for name, t in city.tables.items()}
    summed = transfer(city.links, sizes, "charging_station", "building", extensive=True)(np.ones((1, 4)))
    assert summed[0].tolist() == [1, 3]


def test_fleets_bring_their_hours():
    vans = depot(filled(boxes())).tables["charging_station"].row(0)
    assert (vans["return_h"], vans["departure_h"], vans["daily"], vans["energy_j"]) == (17, 7, False, 30 * 3.6e6)
    assert (vans["return_spread_h"], vans["departure_spread_h"], vans["queue"]) == (0.75, 0.5, "return")
    assert vans["leaves_when_charged"]
    assert vans["patience_s"] is None
    buses = depot(
        filled(boxes()), fleet="buses", returns="22:30", kwh_per_day=300.0, queue="earliest_departure"
    ).tables["charging_station"].row(0)  # fmt: skip
    assert (buses["return_h"], buses["departure_h"], buses["daily"], buses["energy_j"]) == (22.5, 5, True, 300 * 3.6e6)
    assert buses["queue"] == "earliest_departure"


@pytest.mark.parametrize(
    ("build", "params", "message"),
    [
        (public, {"limit_kw": 5.0}, r"limit_kw = 5 is not enough for 2 points; expected at least 8.28 kW"),
        (depot, {"limit_kw": 5.0}, "depot_charging: limit_kw = 5 is not enough for 2 points"),
        (
            public,
            {"charger_kw": 50.0},
            'charger_kw = 50 of alternating current; expected at most 44 kW, or current = "DC',
        ),
        (public, {"patience": "soon"}, "patience = 'soon' is no duration"),
        (depot, {"returns": "25:00"}, "returns = '25:00' is no time of day"),
        (depot, {"departure_spread": "1"}, "departure_spread = '1' is no duration"),
        (depot, {"departs": "18:00"}, "return at 17:00 and depart at 18:00; expected more than 6 times the spreads"),
    ],
)
def test_what_cannot_be_is_refused(build, params, message):
    with pytest.raises(TwinError, match=message):
        build(filled(boxes()), **params)


def test_all_problems_are_told_at_once():
    with pytest.raises(TwinError) as error:
        depot(filled(boxes()), limit_kw=1.0, returns="noon", departs="7", return_spread="x")
    assert len(error.value.problems) == 4


def test_parameters_are_strict():
    with pytest.raises(ValidationError):
        PublicCharging(points=0)
    with pytest.raises(ValidationError):
        PublicCharging(points=2, sessions_per_week=3)
    with pytest.raises(ValidationError):
        DepotCharging(points=2, vehicles=3, fleet="trams")


def test_the_wing_declares_what_the_measures_write():
    columns = {f"charging_station.{column.name}" for column in WING.columns["charging_station"]}
    for measure in WING.measures:
        if measure.kind in ("public_charging", "depot_charging"):
            assert set(measure.writes) == columns
            assert resolve(measure.params)
            assert resolve(measure.apply)
    written = {f"charging_station.{name}" for name in public(filled(boxes())).tables["charging_station"].names}
    assert written == columns


def test_a_limit_may_hold_in_some_hours_only():
    row = public(filled(boxes()), limit_kw=9.0, limit_hours="17:00 - 06:30").tables["charging_station"].row(0)
    assert (row["limit_w"], row["limit_from_h"], row["limit_until_h"]) == (9e3, 17.0, 6.5)
    with pytest.raises(TwinError, match="limit_hours without a limit"):
        public(filled(boxes()), limit_hours="17:00-20:00")
    with pytest.raises(TwinError, match="limit_hours = '' is no time of day"):
        public(filled(boxes()), limit_kw=9.0, limit_hours="17:00")
