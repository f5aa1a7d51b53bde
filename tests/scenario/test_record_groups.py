"""Results by group: from ``[record]`` of a scenario to indicators, hourly series and the comparison."""

import json

import h5netcdf
import numpy as np
import pytest

from twin.cli import main
from twin.errors import TwinError
from twin.results.store import read_results
from twin.scenario.read import read_scenario
from twin.scenario.run import run

RECORD = """
[record]
groups = ["use_type", "cooled"]

[record.series]
building = ["space_heating_demand"]
"group:use_type" = ["space_heating_demand", "indoor_temperature"]

[[option]]
name = "today"
"""


def with_record(scenario_file, *changes):
    text = RECORD
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return scenario_file(('\n[[option]]\nname = "today"\n', text))


@pytest.fixture
def results(scenario_file, tmp_path):
    run(with_record(scenario_file), tmp_path / "out", options=["today"])
    return read_results(tmp_path / "out")


def test_groups_are_kept_from_the_run_to_the_table(results, capsys):
    (today,) = results.options
    by_use = today.by_entity("space_heating_demand", "group:use_type")
    assert len(by_use) > 1
    assert sum(by_use.values()) == pytest.approx(today.value("space_heating_demand"), rel=1e-9)
    peaks = today.by_entity("heat_load_peak", "group:cooled")
    assert set(peaks) <= {"false", "true"}
    assert sum(peaks.values()) >= today.value("heat_load_peak") * (1 - 1e-9)
    per_m2 = today.by_entity("space_heating_demand_per_m2", "group:use_type")
    assert min(per_m2.values()) < today.value("space_heating_demand_per_m2") < max(per_m2.values())
    shares = [today.by_entity(f"time_in_category_{k}", "group:use_type") for k in (1, 2, 3, 4)]
    assert {use: sum(share[use] for share in shares) for use in shares[0]} == pytest.approx(
        dict.fromkeys(shares[0], 100.0)
    )
    lines = (results.folder / "indicators.csv").read_text().splitlines()
    assert sum(line.startswith("today,space_heating_demand,group:use_type,") for line in lines) == len(by_use)

    with h5netcdf.File(results.folder / "options" / "today" / "series.nc") as file:
        labels = file["group_use_type_id"][:].astype(str).tolist()
        hourly, quarter = (file[f"{level}_space_heating_demand"][:] for level in ("group_use_type", "quarter"))
        of_buildings = file["building_space_heating_demand"]
        assert hourly.dtype == of_buildings.dtype == np.float32
        np.testing.assert_allclose(hourly.sum(axis=1), quarter, rtol=1e-5)
        np.testing.assert_allclose(of_buildings[:].sum(axis=1), quarter, rtol=1e-5)
        assert file["group_use_type_indoor_temperature"].attrs["units"] == "degC"
    in_kwh = dict(zip(labels, hourly.sum(axis=0) / 1e3, strict=True))
    assert in_kwh == pytest.approx(by_use, rel=1e-5, abs=1e-9)

    assert main(["compare", str(results.folder), "--by", "use_type", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {row["group"] for row in rows} == set(by_use)
    assert main(["compare", str(results.folder), "--by", "use_type"]) == 0
    assert "group" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"cooled"', '"cold"', "buildings cannot be grouped by 'cold'"),
        ('"cooled"', '"volume_m3"', "buildings cannot be grouped by 'volume_m3'"),
        ('"group:use_type"', '"group:use_typ"', "did you mean 'use_type'"),
        ('"indoor_temperature"', '"indoor_temperatur"', "there is no quantity 'indoor_temperatur'"),
    ],
)
def test_groups_that_cannot_be_are_told_with_their_line(scenario_file, old, new, message):
    file = with_record(scenario_file, (old, new))
    with pytest.raises(TwinError, match=message) as error:
        read_scenario(file)
    assert error.value.problems[0].place


def test_a_series_by_group_makes_the_group(scenario_file):
    scenario = read_scenario(with_record(scenario_file, ('"use_type", ', "")))
    assert scenario.groups == ("cooled", "use_type")
