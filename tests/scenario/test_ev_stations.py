"""Charging stations and a depot in a scenario: what they draw is what vehicles wanted and did not leave without."""

import pytest

from twin.scenario.run import run

LAST = "share = 0.5\n"
OPTIONS = """\

[[option]]
name = "stations"
base = "today"
[[option.measure]]
kind = "public_charging"
where = "storeys_above_ground >= 3"
share = 0.2
points = 2
sessions_per_point = 2.0

[[option]]
name = "stations and a depot"
base = "stations"
[[option.measure]]
kind = "depot_charging"
where = "storeys_above_ground >= 3"
share = 0.02
fleet = "vans"
vehicles = 12
points = 3
limit_kw = 40.0
limit_hours = "17:00-20:00"
"""


@pytest.fixture
def file(scenario_file):
    steps = ("[prices]", '[steps]\nev_stations = "15min"\nmeter = "15min"\n\n[prices]')
    return scenario_file(steps, (LAST, LAST + OPTIONS))


def test_what_is_drawn_is_what_was_wanted_less_what_was_missed(file, project):
    names = ["today", "stations", "stations and a depot"]
    today, stations, depot = run(file, project / "one", options=names).options
    for option in (stations, depot):
        drawn = option.value("electricity_demand") - today.value("electricity_demand")
        assert drawn == pytest.approx(option.value("ev_demand") - option.value("unserved_energy"), rel=1e-9)
        assert 0 < option.value("point_utilisation") < 100
        assert option.value("turned_away_share") > 0
        assert option.value("charging_wait") > 0
    sessions = depot.by_entity("charging_sessions", "charging_station")
    depots = {name for name in sessions if "/depot/" in name}
    assert depots
    assert {name: sessions[name] for name in depots} == pytest.approx(dict.fromkeys(depots, 2 * 12))
    there = stations.by_entity("charging_sessions", "charging_station")
    assert there == {name: sessions[name] for name in sessions if name not in depots}
    said = " ".join(row.reason for row in depot.ledger)
    assert "public charging points and workplaces in the Netherlands" in said
    assert "Every vehicle returns once on each day on which it drives" in said
    run(file, project / "two", options=names)
    for kept in ("series.nc", "indicators.csv", "ledger.csv"):
        one, two = (project / name / "options" / "stations-and-a-depot" / kept for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
