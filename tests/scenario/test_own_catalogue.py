"""A scenario with a catalogue of archetypes of its own, in a folder beside it."""

from pathlib import Path

import pytest

import twin.buildings.catalogue as package
from twin.errors import TwinError
from twin.results.provenance import file_hashes
from twin.scenario.prepare import prepare
from twin.scenario.read import read_scenario

OWN = ('"tabula-de"', '"./mine"')


@pytest.fixture
def envelopes(project):
    """Return the file of a catalogue in which everything has walls of 0.33 W/(m2 K)."""
    ours = Path(package.__file__).parent / "tabula_de" / "envelopes.csv"
    header, first, *_ = ours.read_text(encoding="utf-8").splitlines()
    file = project / "scenarios" / "mine" / "envelopes.csv"
    file.parent.mkdir()
    file.write_text(header + "\n" + first.replace(",existing,2,", ",existing,0.33,") + "\n", encoding="utf-8")
    return file


def test_buildings_take_their_envelopes_from_it(scenario_file, envelopes):
    scenario = read_scenario(scenario_file(OWN))
    ready = next(iter(prepare(scenario, scenario.options[:1])))
    assert (ready.city.buildings["wall_u_w_m2k"] == 0.33).all()


def test_a_run_is_another_one_when_the_catalogue_is_edited(scenario_file, envelopes):
    file = scenario_file(OWN)
    before = file_hashes(read_scenario(file).files)
    envelopes.write_text(envelopes.read_text(encoding="utf-8").replace("0.33", "0.34"), encoding="utf-8")
    after = file_hashes(read_scenario(file).files)
    assert {key for key in before if before[key] != after[key]} == {"archetypes/envelopes.csv"}


def test_a_mistake_in_it_is_shown_where_it_is(scenario_file, envelopes):
    envelopes.write_text(envelopes.read_text(encoding="utf-8").replace("0.33", "none"), encoding="utf-8")
    with pytest.raises(TwinError, match=r"envelopes\.csv:2:7: wall_u_w_m2k is 'none'; expected a number"):
        read_scenario(scenario_file(OWN))


@pytest.mark.parametrize(
    ("name", "said"), [("./mien", "there is no folder .*did you mean 'mine'"), ("../../mine", "leaves")]
)
def test_a_folder_that_is_not_there_or_too_far_away(scenario_file, envelopes, name, said):
    with pytest.raises(TwinError, match=rf"small\.toml:7: model\.archetypes.*{said}"):
        read_scenario(scenario_file((OWN[0], f'"{name}"')))
