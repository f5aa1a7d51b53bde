"""Running scenarios: physics through the whole house, determinism, and the results folder."""

import hashlib
import json
import sys

import numpy as np
import pytest

import twin
from twin import registry
from twin.cli import main
from twin.engine import Read, Stateless, Write
from twin.engine.coupling import Coupling
from twin.engine.graph import Graph
from twin.engine.recorder import Recorder, Stream
from twin.errors import TwinError
from twin.registry import Indicator, SimulatorEntry, Term, Wing
from twin.results.store import read_results
from twin.scenario.option import make_job
from twin.scenario.prepare import prepare
from twin.scenario.read import read_scenario
from twin.scenario.run import run


def test_options_are_compared_against_the_first(scenario_file):
    results = run(scenario_file())
    today, pumps = results.options
    assert pumps.value("gas_demand") < today.value("gas_demand")
    assert pumps.value("electricity_demand") > today.value("electricity_demand")
    table = {row.indicator: row for row in twin.compare(results).rows}
    assert {"heat_demand", "electricity_demand", "peak_import", "co2", "energy_cost"} <= set(table)
    assert table["co2"].change[0] == 0


def test_the_quarter_is_the_sum_of_its_buildings_but_for_the_coincident_peak(scenario_file):
    option = run(scenario_file()).options[1]
    for indicator in ("heat_demand", "gas_demand", "electricity_demand", "co2", "energy_cost"):
        assert sum(option.by_entity(indicator).values()) == pytest.approx(option.value(indicator), rel=1e-9)
    peaks = option.by_entity("peak_load")
    assert max(peaks.values()) < option.value("peak_load") <= sum(peaks.values())


def test_cost_and_emissions_follow_from_the_energies(scenario_file):
    option = run(scenario_file()).options[1]
    power, gas = option.value("electricity_demand"), option.value("gas_demand")
    assert option.value("energy_cost") == pytest.approx(0.4 * power + 0.1 * gas, rel=1e-9)
    assert option.value("co2") == pytest.approx(0.4 * power + 0.2 * gas, rel=1e-9)


def test_the_ledger_accounts_for_every_cell(scenario_file):
    option = run(scenario_file()).options[0]
    counted = {}
    for row in option.ledger:
        if row.table == "building":
            counted[row.field] = counted.get(row.field, 0) + row.count
    assert set(counted.values()) == {117}
    assert all(row.reason and row.reference for row in option.ledger if row.source.startswith("assumed"))
    given = {row.field for row in option.ledger if row.table == "building" and row.source == "given"}
    assert {"year_of_construction", "storeys_above_ground", "measured_height_m", "function"} <= given
    assert 0 < option.assumed_share < 1


def energies(scenario, window_s):
    """Run one option with windows of a given length and return every quantity's energy per building."""
    ready = prepare(scenario, scenario.options[1:])[0]
    graph = make_job(scenario, ready).graph
    quantities = ("space_heating_demand", "hot_water_demand", "electric_load", "gas_consumption")
    streams = [Stream((q,), r) for q in quantities for r in ("sum", "max")]
    recorder = Recorder("building", np.ones(117), 3600, streams, scenario.spans[0].start)
    whole = Graph([*graph.simulators, recorder], graph.sizes, graph.links)
    coupling = Coupling(whole, window_s=window_s)
    coupling.run(
        scenario.spans[0].start - scenario.warm_up_s, scenario.spans[0].end, scenario.seed, [scenario.spans[0].start]
    )
    return np.concatenate([recorder.values(s).entity for s in streams])


@pytest.mark.parametrize("window_s", [3600, 86400])
def test_cutting_the_period_into_windows_changes_nothing(scenario_file, window_s):
    scenario = read_scenario(scenario_file())
    np.testing.assert_allclose(energies(scenario, window_s), energies(scenario, None), rtol=1e-9, atol=1e-6)


@pytest.mark.slow
def test_cutting_a_year_into_weeks_or_days_changes_nothing(scenario_file):
    scenario = read_scenario(scenario_file(("days = 2", "days = 365"), ("2023-01-10", "2023-01-01")))
    whole = energies(scenario, None)
    for window_s in (7 * 86400, 86400):
        np.testing.assert_allclose(energies(scenario, window_s), whole, rtol=1e-9, atol=1e-3)


def digests(folder):
    names = ("series.nc", "indicators.csv", "ledger.csv", "ledger.npz", "city.city.json", "layers.json")
    return {
        f"{option.name}/{name}": hashlib.sha256((option / name).read_bytes()).hexdigest()
        for option in sorted((folder / "options").iterdir())
        for name in names
    }


def test_the_same_seed_gives_the_same_bytes(project, scenario_file):
    file = scenario_file(("[prices]", '[record.series]\nbuilding = ["indoor_temperature"]\n\n[prices]'))
    run(file, project / "one")
    run(file, project / "two")
    assert digests(project / "one") == digests(project / "two")


def test_another_seed_chooses_other_buildings_but_as_many(scenario_file):
    def chosen(seed):
        scenario = read_scenario(scenario_file(("seed = 1", f"seed = {seed}")))
        systems = prepare(scenario, scenario.options)[1].city.buildings["heating_system"]
        return systems == "heat_pump"

    assert chosen(1).sum() == chosen(2).sum()
    assert (chosen(1) != chosen(2)).any()


def test_full_series_are_stored_where_asked(project, scenario_file):
    import h5netcdf

    file = scenario_file(("[prices]", '[record.series]\nbuilding = ["electric_load"]\n\n[prices]'))
    results = run(file, project / "out")
    with h5netcdf.File(project / "out/options/today/series.nc") as series:
        load = series["building_electric_load"][:]
        assert load.shape == (48, 117)
        assert series["building_electric_load"].attrs["units"] == "W"
        np.testing.assert_allclose(load.sum(axis=1), series["quarter_electric_load"][:], rtol=1e-5)
        assert load.sum() / 1000 == pytest.approx(results.options[0].value("electricity_demand"), rel=1e-5)


# -- the results folder


def test_a_folder_that_holds_this_run_is_read_not_simulated(project, scenario_file):
    file = scenario_file()
    first = run(file, project / "out")
    again = run(file, project / "out")
    assert again.complete_before
    assert twin.compare(again).as_dict()["rows"][0]["values"] == pytest.approx(
        twin.compare(first).as_dict()["rows"][0]["values"]
    )


def test_a_run_that_was_cut_short_goes_on(project, scenario_file):
    file, out = scenario_file(), project / "out"
    run(file, out)
    before = (out / "options/today/option.json").stat().st_mtime_ns
    (out / "run.json").unlink()
    half = out / "options" / "heat-pumps"
    half.rename(half.with_name("heat-pumps.part"))
    run(file, out)
    assert (out / "options/today/option.json").stat().st_mtime_ns == before
    assert half.is_dir()
    assert not half.with_name("heat-pumps.part").exists()
    assert read_results(out).options[1].name == "heat pumps"


def test_results_of_another_run_are_kept_unless_told(project, scenario_file):
    out = project / "out"
    run(scenario_file(), out)
    other = scenario_file(("seed = 1", "seed = 2"))
    with pytest.raises(TwinError, match="holds the results of another run; expected --overwrite"):
        run(other, out)
    assert run(other, out, overwrite=True).run_id == json.loads((out / "run.json").read_text())["run_id"]


def test_a_folder_of_something_else_is_never_touched(project, scenario_file):
    (project / "out").mkdir()
    (project / "out" / "thesis.docx").write_text("years of work")
    with pytest.raises(TwinError, match=r"holds thesis\.docx, which is no result"):
        run(scenario_file(), project / "out", overwrite=True)
    assert (project / "out" / "thesis.docx").exists()


def test_two_runs_do_not_write_to_one_folder(project, scenario_file):
    (project / "out").mkdir()
    (project / "out" / ".lock").write_text("1")  # the process that is always there
    with pytest.raises(TwinError, match="another run is writing"):
        run(scenario_file(), project / "out")
    (project / "out" / ".lock").write_text("999999999")  # one that cannot be
    run(scenario_file(), project / "out")


def test_overwriting_waits_for_a_run_that_is_still_writing(project, scenario_file):
    out = project / "out"
    run(scenario_file(), out)
    (out / ".lock").write_text("1")
    with pytest.raises(TwinError, match="another run is writing"):
        run(scenario_file(("seed = 1", "seed = 2")), out, overwrite=True)
    assert read_results(out).options[0].name == "today"


def test_an_option_that_fails_leaves_nothing_behind(project, scenario_file, monkeypatch):
    monkeypatch.setattr("twin.scenario.option.evaluate", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run(scenario_file(), project / "out")
    assert not (project / "out" / "run.json").exists()
    assert list((project / "out" / "options").iterdir()) == []


# -- a simulator of the user's own


class Lamps(Stateless):
    """Street lamps: 500 W at every building while it is dark."""

    name, version = "lamps", "1"
    reads = (Read("solar_zenith", "building"),)
    writes = (Write("electric_load", "building"),)

    def __init__(self, setup):
        self.step_s = setup.step_s

    def advance(self, window, inputs):
        return {"electric_load": np.where(inputs["solar_zenith"] > 90, 500.0, 0.0)}


WING = Wing(
    "lamps",
    simulators=(SimulatorEntry("lamps", f"{__name__}:Lamps"),),
    indicators=(Indicator("peak_of_all", "Peak", "kW", "lower", (Term("electric_load"),), reduction="max"),),
)


def test_a_second_simulator_joins_without_touching_other_code(scenario_file, monkeypatch):
    file = scenario_file()
    before = run(file).options[0].value("electricity_demand")
    monkeypatch.setitem(registry.WINGS, "lamps", f"{__name__}:WING")
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    registry.wings.cache_clear()
    try:
        option = run(file).options[0]
    finally:
        registry.wings.cache_clear()
    extra = option.value("electricity_demand") - before
    assert 0.5 * 117 * 2 * 14 < extra < 0.5 * 117 * 2 * 17  # January nights are some 15 hours long
    assert option.value("peak_of_all") == option.value("peak_load")


# -- the command


def test_json_is_exactly_one_document(project, scenario_file, capsys):
    assert main(["run", str(scenario_file()), "-o", str(project / "out"), "--json", "--no-picture"]) == 0
    captured = capsys.readouterr()
    document = json.loads(captured.out)
    assert document["options"] == ["today", "heat pumps"]
    assert captured.err == ""
    assert main(["compare", str(project / "out"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == document["rows"]
    assert main(["compare", str(project), "--json"]) == 1
    assert "no complete results folder" in json.loads(capsys.readouterr().out)["problems"][0]


def test_explain_tells_graph_windows_and_the_assumed_share(scenario_file, capsys):
    assert main(["explain", str(scenario_file())]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    for part in (
        "weather every 1 h",
        "irradiance per surface <- sun",
        "stepped finely: nothing",
        "of what the simulators read is assumed",
    ):
        assert part in printed
    assert "heat_pump, where storeys_above_ground <= 3, share 0.5: 53 of 117 buildings" in printed
