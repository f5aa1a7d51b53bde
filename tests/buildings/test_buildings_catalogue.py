"""The catalogue: what is in it, what it gives over a year, and that our command wrote it."""

from pathlib import Path

import numpy as np
import pytest

import twin.buildings.catalogue as package
from buildings_case import inputs
from twin.buildings.catalogue import read_catalogue
from twin.buildings.catalogue.__main__ import build
from twin.buildings.model import COLUMNS, ENVELOPE, UNHEATED, USE_TYPES
from twin.errors import TwinError
from twin.ledger import Ledger


def test_all_uses_and_envelopes_are_there_and_in_bounds():
    catalogue = inputs()["archetypes"]
    assert set(catalogue.use_types) == set(USE_TYPES) - {UNHEATED}
    for name in ENVELOPE:
        assert not COLUMNS[name].violations(catalogue.envelopes[name]).any(), name


@pytest.mark.parametrize(
    ("use", "electricity", "per_person", "hot_water"),
    [("MULTI_RES", (25, 35), (1150, 1350), (12, 16)), ("SINGLE_RES", (20, 30), (1150, 1350), (10, 14))],
)
def test_dwellings_use_what_german_households_use(use, electricity, per_person, hot_water):
    catalogue = inputs()["archetypes"]
    row = catalogue.use_rows(np.array([use]))[0]
    value = {name: values[row] for name, values in catalogue.uses.items()}
    mean = {name: (weekly[row].mean() * catalogue.monthly[row].mean()) for name, weekly in catalogue.weekly.items()}
    kwh_m2 = 8.76 * (value["appliances"] * mean["appliances"] + value["lighting"] * mean["lighting"])
    assert electricity[0] < kwh_m2 < electricity[1]
    assert per_person[0] < kwh_m2 * value["area_per_person"] < per_person[1]
    litres = value["hot_water"] * mean["hot_water"] / value["area_per_person"]
    assert hot_water[0] < 365 * litres * 4180 * 50 / 3.6e6 < hot_water[1]


def test_a_wrong_name_lists_the_known_ones():
    with pytest.raises(TwinError, match=r"tabula-de.*did you mean 'tabula-de'"):
        read_catalogue("tabula_de", Ledger())


def test_a_wrong_archetype_is_named():
    with pytest.raises(TwinError, match="no archetype 'MFH_X'"):
        inputs()["archetypes"].envelope_rows(np.array(["MFH_X", "MFH_D"]))


@pytest.mark.corpus
def test_our_command_writes_the_files_that_are_kept(shared, tmp_path):
    build(shared / "data" / "buildings", tmp_path)
    kept = Path(package.__file__).parent
    written = sorted(p.name for p in tmp_path.iterdir())
    assert written == ["tabula_de.csv", "use_months.csv", "use_schedules.csv", "use_types.csv"]
    for name in written:
        assert (tmp_path / name).read_bytes() == (kept / name).read_bytes(), name
