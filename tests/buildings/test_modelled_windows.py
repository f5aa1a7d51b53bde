"""Windows of the city model replace the archetype's share of the walls."""

import numpy as np
import pytest

from buildings_case import boxes, filled
from twin.buildings.fills.modelled import harmonize, window_shares
from twin.buildings.zones.envelope import window_areas
from twin.city.model import SURFACE_COLUMNS
from twin.ledger import Ledger
from twin.table import GIVEN, MISSING, Table

SOUTH, ROOF = 2, 4


def with_windows(city, *hosts, area_m2=28.8):
    """Return the city with windows of that area in surfaces of its first building, which lose as much."""
    opening = Table("surface", [f"w{i}" for i in range(len(hosts))])
    values = {"building": 0, "type": "Window", "area_m2": area_m2, "azimuth_deg": 180.0, "opening_of": hosts}
    for name, value in values.items():
        opening = opening.put(SURFACE_COLUMNS[name], value)
    net, seen = city.surfaces["area_m2"].copy(), np.zeros(len(city.surfaces))
    np.add.at(seen, list(hosts), area_m2)
    surfaces = city.surfaces.put(SURFACE_COLUMNS["area_m2"], net - seen)
    table = Table.concat([surfaces.put(SURFACE_COLUMNS["opening_m2"], seen), opening])
    order = np.argsort(table["building"], kind="stable")
    codes = np.where(np.isin(np.arange(len(table)), len(surfaces) + np.arange(len(hosts))), GIVEN, MISSING)
    table = table.put(SURFACE_COLUMNS["opening_of"], table["opening_of"], codes.astype(np.uint16))
    return city.with_table(table.take(order))


def test_windows_count_in_their_quarter_of_the_compass():
    shares = window_shares(with_windows(boxes(2), SOUTH, SOUTH))
    assert shares[:, 0] == pytest.approx([0, 0, 2 * 28.8 / 144, 0])
    assert not shares[:, 1].any()


def test_every_surface_has_its_own_windows_roofs_too():
    city = filled(harmonize(with_windows(boxes(2), SOUTH, ROOF), {}, Ledger()))
    assert window_areas(city)[:6] == pytest.approx([0, 0, 28.8, 0, 28.8, 0])
    table = city.buildings
    assert table["window_m2"][0] == pytest.approx(57.6)
    assert table["roof_m2"][0] == pytest.approx(192 - 28.8)


def test_they_win_over_the_archetype_and_the_ledger_says_so():
    ledger = Ledger()
    city = filled(harmonize(with_windows(boxes(2), SOUTH), {}, ledger))
    assert window_areas(city)[:6] == pytest.approx([0, 0, 28.8, 0, 0, 0])
    assert city.buildings["window_m2"][1] > 28.8
    assert city.buildings.source("window_to_wall_south").tolist()[0] == GIVEN
    assert any("Windows of 1 buildings" in rule.text for rule in ledger.statements)


def test_a_model_without_windows_keeps_the_archetypes():
    city = filled(harmonize(boxes(), {}, Ledger()))
    assert "window_share" not in city.surfaces
    assert window_areas(city)[:4].all()
