"""What the measures put into the city, in SI, and what they refuse and how they say so."""

import numpy as np
import pytest
from pydantic import ValidationError

from buildings_case import boxes
from grid_case import make_grid
from twin.devices.battery.measures import Battery, StreetBattery, install_batteries, install_street_batteries
from twin.devices.battery.model import BATTERY_COLUMNS, STREET_COLUMNS
from twin.devices.battery.wing import WING
from twin.devices.pv.measures import Pv, install_pv
from twin.errors import TwinError
from twin.ledger import Ledger
from twin.quantities import ENTITY_SETS, QUANTITIES
from twin.registry import resolve

FIRST = Ledger().measure("first")
SECOND = FIRST + 1
ALL = slice(None)


def with_grid(n=2):
    volts = np.array([10_000.0, 400.0, 400.0])
    pairs = [(0, 1, 250e3, "Dyn5"), (0, 2, 400e3, "Dyn5")]
    grid = make_grid([], 3, transformers=pairs, v_nom=volts, connects=[])
    city = boxes(n)
    for table in grid.tables:
        city = city.with_table(table)
    return city


def refused(install, city, params):
    with pytest.raises(TwinError) as caught:
        install(city, ALL, params, FIRST)
    return str(caught.value)


def test_columns_are_in_si():
    params = Battery(capacity_kwh=8.0, strategy="peak_shaving", limit_kw=3.0, self_discharge_pct_per_month=2.0)
    table = install_batteries(boxes(3), np.array([0, 2]), params, FIRST).table("battery")
    assert table.ids.tolist() == ["b0/battery", "b2/battery"]
    assert set(table.names) == set(BATTERY_COLUMNS)
    assert table["building"].tolist() == [0, 2]
    row = table.row(0)
    assert row["capacity_j"] == 8 * 3.6e6
    assert row["power_w"] == pytest.approx(0.6 * 8000)
    assert row["limit_w"] == 3000
    assert row["limit_share_of_peak"] is None
    assert np.exp(-row["self_discharge"] * 365.25 / 12 * 86400) == pytest.approx(0.98)
    assert row["calendar_life_s"] == 15 * 365.25 * 86400
    assert (table.source("capacity_j") == FIRST).all()


def test_capacity_by_solar_power():
    city = install_pv(boxes(3), np.array([0, 1]), Pv(max_kw_per_building=10.0), FIRST)
    table = install_batteries(city, ALL, Battery(kwh_per_kwp=1.2), SECOND).table("battery")
    assert table["building"].tolist() == [0, 1]  # the third has no modules
    assert table["capacity_j"] / 3.6e6 == pytest.approx([12.0, 12.0])


def test_a_building_keeps_the_battery_it_has():
    once = install_batteries(boxes(3), np.array([1]), Battery(capacity_kwh=5.0), FIRST)
    table = install_batteries(once, ALL, Battery(capacity_kwh=9.0), SECOND).table("battery")
    assert table["building"].tolist() == [1, 0, 2]
    assert (table["capacity_j"] / 3.6e6).tolist() == [5, 9, 9]
    assert table.source("power_w").tolist() == [FIRST, SECOND, SECOND]
    assert "every building chosen has one already" in refused(
        install_batteries, once.with_table(table), Battery(capacity_kwh=1.0)
    )


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, ["nothing says how large", "capacity_kwh, kwh_per_kwp"]),
        ({"capacity_kwh": 1.0, "kwh_per_kwp": 1.0}, ["capacity_kwh and kwh_per_kwp"]),
        ({"kwh_per_kwp": 1.0}, ["no building chosen has any", "pv before it"]),
        ({"capacity_kwh": 1.0, "strategy": "peak_shaving"}, ["nothing says what peak shaving holds", "limit_kw"]),
        ({"capacity_kwh": 1.0, "limit_kw": 2.0}, ["limit_kw is for", "self_consumption"]),
        ({"soc_min": 0.6, "soc_max": 0.5}, ["how large", "soc_min = 0.6 is not below"]),
        ({"capacity_kwh": 1.0, "soc_min": 0.2, "soc_start": 0.1}, ["soc_start = 0.1"]),
    ],
)
def test_what_a_house_battery_cannot_be(params, words):
    message = refused(install_batteries, boxes(), Battery(**params))
    assert all(word in message for word in words)


def test_street_batteries_stand_at_busbars_and_open_them():
    params = StreetBattery(capacity_kwh=200.0, strategy="peak_shaving", limit_share_of_rated=0.5)
    city = install_street_batteries(with_grid(), np.array([1]), params, FIRST)
    table = city.table("street_battery")
    assert set(table.names) == set(STREET_COLUMNS)
    assert table["transformer"].tolist() == [1]
    assert table["limit_w"].tolist() == [200e3]
    assert city.table("phase_node")["connects"].tolist() == [False] * 6 + [True] * 3
    links = {link.coarse: link for link in city.links if link.fine == "street_battery"}
    assert links["phase_node"].rows.tolist() == [6, 7, 8]
    assert links["phase_node"].weights == pytest.approx([1 / 3] * 3)
    assert len(links["building"].rows) == 0
    more = install_street_batteries(city, ALL, params, SECOND)
    assert more.table("street_battery")["transformer"].tolist() == [1, 0]
    assert len([link for link in more.links if link.fine == "street_battery"]) == 2
    assert more.table("phase_node").source("connects")[3:].tolist() == [SECOND] * 3 + [FIRST] * 3


def test_what_a_street_battery_cannot_be():
    assert "no electric grid" in refused(install_street_batteries, boxes(), StreetBattery(capacity_kwh=1.0))
    assert "nothing says how large" in refused(install_street_batteries, with_grid(), StreetBattery())
    both = StreetBattery(capacity_kwh=1.0, strategy="peak_shaving", limit_kw=1.0, limit_share_of_rated=0.5)
    assert "limit_kw and limit_share_of_rated" in refused(install_street_batteries, with_grid(), both)


def test_params_are_strict():
    with pytest.raises(ValidationError):
        Battery(capacity_kwh=-1.0)
    with pytest.raises(ValidationError):
        Battery(capacity=1.0)


def test_the_wing_declares_what_there_is():
    for entry in WING.simulators:
        assert callable(resolve(entry.build))
        for cell in entry.columns:
            table, name = cell.split(".")
            assert name in {c.name for c in WING.columns[table]}
    for indicator in WING.indicators:
        assert indicator.level in ENTITY_SETS
        assert all(term.quantity in QUANTITIES for term in indicator.terms)
