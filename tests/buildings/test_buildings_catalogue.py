"""The catalogues: what is in them, what they give over a year, whose archetype a building takes, and one's own."""

from pathlib import Path

import numpy as np
import pytest

import twin.buildings.catalogue as package
from buildings_case import boxes
from twin.buildings.catalogue import CATALOGUES, read_catalogue
from twin.buildings.catalogue.__main__ import build
from twin.buildings.catalogue.sheets import USE_FILES
from twin.buildings.catalogue.tabula import SURFACES_M2K_W
from twin.buildings.fills.typology import archetype
from twin.buildings.kernel.layers import resistance
from twin.buildings.model import COLUMNS, ENVELOPE, UNHEATED, USE_TYPES
from twin.errors import TwinError
from twin.ledger import Ledger


def read(name, ledger=None):
    return read_catalogue(name, ledger or Ledger())


@pytest.fixture(scope="module")
def ours():
    """Return our catalogues."""
    return {name: read(name) for name in CATALOGUES}


@pytest.mark.parametrize("name", CATALOGUES)
def test_all_uses_and_envelopes_are_there_and_in_bounds(name):
    catalogue = read(name)
    assert set(catalogue.use_types) == set(USE_TYPES) - {UNHEATED}
    for column in ENVELOPE:
        assert not COLUMNS[column].violations(catalogue.envelopes[column]).any(), column
    for quantity in ("heating_set_point", "heating_setback", "cooling_set_point"):
        assert not COLUMNS[f"{quantity}_degc"].violations(catalogue.uses[quantity]).any(), quantity


@pytest.mark.parametrize(
    ("use", "electricity", "per_person", "hot_water"),
    [("MULTI_RES", (25, 35), (1150, 1350), (12, 16)), ("SINGLE_RES", (20, 30), (1150, 1350), (10, 14))],
)
def test_dwellings_use_what_german_households_use(use, electricity, per_person, hot_water):
    catalogue = read("tabula-de")
    row = catalogue.use_rows(np.array([use]))[0]
    value = {name: values[row] for name, values in catalogue.uses.items()}
    mean = {name: (weekly[row].mean() * catalogue.monthly[row].mean()) for name, weekly in catalogue.weekly.items()}
    kwh_m2 = 8.76 * (value["appliances"] * mean["appliances"] + value["lighting"] * mean["lighting"])
    assert electricity[0] < kwh_m2 < electricity[1]
    assert per_person[0] < kwh_m2 * value["area_per_person"] < per_person[1]
    litres = value["hot_water"] * mean["hot_water"] / value["area_per_person"]
    assert hot_water[0] < 365 * litres * 4180 * 50 / 3.6e6 < hot_water[1]


def envelope(catalogue, code):
    row = catalogue.envelope_rows(np.array([code]))[0]
    return {name: values[row] for name, values in catalogue.envelopes.items()}


def test_a_danish_wall_worked_out_by_hand():
    catalogue = read("tabula-dk")
    values, layers = envelope(catalogue, "DK_SFH_E"), catalogue.archetype_layers("DK_SFH_E")
    # 1961 to 1972: brick, 66 mm of insulation, brick
    assert layers["wall"].thickness_m.tolist() == [0.12, 0.066, 0.12]
    by_hand = 1.0 / (0.13 + 0.12 / 0.57 + 0.066 / 0.06 + 0.12 / 0.68 + 0.04)
    assert values["wall_u_w_m2k"] == pytest.approx(by_hand, abs=0.005)
    assert values["window_to_wall_south"] == pytest.approx(0.2203 / (0.2203 + 0.7908), abs=0.0005)
    # what a refurbishment leaves alone is as built, what it changes is better
    usual = envelope(catalogue, "DK_SFH_G_NR")
    assert usual["wall_u_w_m2k"] == envelope(catalogue, "DK_SFH_G")["wall_u_w_m2k"]
    assert usual["window_u_w_m2k"] < envelope(catalogue, "DK_SFH_G")["window_u_w_m2k"]


def test_danish_buildings_store_in_the_mean_what_tabula_takes_for_all():
    e = read("tabula-dk").envelopes
    built = e["refurbishment"] == "existing"
    assert e["thermal_capacity_j_m2k"][built].mean() == pytest.approx(45 * 3600.0, rel=0.01)


def test_german_layers_give_the_u_values_that_another_source_states():
    catalogue, away = read("tabula-de"), []
    for code in catalogue.envelopes["code"]:
        stated = envelope(catalogue, code)
        for element, layers in catalogue.archetype_layers(code).items():
            u = 1.0 / (resistance(layers) + SURFACES_M2K_W[element])
            away.append(abs(u / stated[f"{element}_u_w_m2k"] - 1.0))
    assert len(away) > 300
    assert np.median(away) < 0.06
    assert np.quantile(away, 0.95) < 0.25


def test_layers_run_from_outside_to_inside():
    wall = read("tabula-de").archetype_layers("SFH_E_NR")["wall"]
    assert wall.conductivity_w_mk[0] < 0.1 < wall.conductivity_w_mk[-1]
    assert read("ch").archetype_layers("CH_STANDARD2") == {}


def taken(catalogue, **given):
    """Return the archetype of a building and what the ledger says of it."""
    ledger = Ledger()
    values = {"building_type": "MFH", "use_type": "MULTI_RES", "refurbishment": "existing", **given}
    city = boxes(year_of_construction=values.pop("year", 1955), **values)
    codes, sources = archetype(city, {"archetypes": catalogue}, ledger)["archetype"]
    rule = ledger.rule(int(sources[0]))
    return str(codes[0]), rule.text if rule else ""


@pytest.mark.parametrize(
    ("name", "given", "code", "said"),
    [
        ("tabula-dk", {"building_type": "TH"}, "DK_TH_D", ""),
        ("tabula-dk", {}, "DK_AB_D", "no MFH of 1955, existing: DK_AB_D stands in."),
        ("tabula-dk", {"year": 2030}, "DK_AB_I", "nearest in age"),
        ("tabula-dk", {"building_type": "SFH", "year": 2009, "refurbishment": "usual"}, "DK_SFH_I", "as built"),
        ("tabula-dk", {"building_type": "NWG", "use_type": "OFFICE"}, "DK_AB_D", "no NWG_1 of 1955"),
        (
            "tabula-de",
            {"building_type": "NWG", "use_type": "OFFICE", "refurbishment": "usual"},
            "NWG_1_C",
            "as built new",
        ),
        ("ch", {"building_type": "SFH", "year": 1890}, "CH_STANDARD1", "no SFH of 1890"),
        ("ch", {"refurbishment": "advanced"}, "CH_STANDARD6", "stands in"),
        ("ch", {"refurbishment": "usual"}, "CH_STANDARD5", "as built new"),
        ("sg", {}, "SG_STANDARD1", "stands in"),
        ("sg", {"building_type": "NWG", "use_type": "HOTEL"}, "SG_STANDARD3", "stands in"),
    ],
)
def test_every_building_finds_an_archetype_and_the_ledger_says_what_stood_in(ours, name, given, code, said):
    found, text = taken(ours[name], **given)
    assert found == code
    assert said in text
    assert bool(said) == bool(text)


@pytest.mark.parametrize("name", CATALOGUES)
def test_no_building_is_without_an_archetype(ours, name):
    kinds = COLUMNS["building_type"].categories
    for refurbishment in COLUMNS["refurbishment"].categories:
        for year in (1500, 1955, 2003, 2050):
            for kind in kinds:
                assert taken(ours[name], building_type=kind, refurbishment=refurbishment, year=year)[0]


@pytest.mark.parametrize(("name", "said"), [("ch", "far too low"), ("sg", "no age classes"), ("tabula-dk", "Germany")])
def test_what_is_doubtful_about_a_catalogue_stands_in_the_ledger(name, said):
    ledger = Ledger()
    read(name, ledger)
    assert any(said in rule.text for rule in ledger.statements)


def test_a_wrong_name_lists_the_known_ones():
    with pytest.raises(TwinError, match=r"tabula-de.*did you mean 'tabula-de'"):
        read("tabula_de")


def test_a_wrong_archetype_is_named():
    with pytest.raises(TwinError, match="no archetype 'MFH_X'"):
        read("tabula-de").envelope_rows(np.array(["MFH_X", "MFH_D"]))
    with pytest.raises(TwinError, match="no archetype 'MFH_X'"):
        read("tabula-de").archetype_layers("MFH_X")


@pytest.fixture
def own(tmp_path):
    """Return a folder with a catalogue of two archetypes."""
    lines = (Path(package.__file__).parent / "tabula_de" / "envelopes.csv").read_text(encoding="utf-8").splitlines()
    header, *rows = lines
    (tmp_path / "envelopes.csv").write_text("\n".join([header, *rows[:2]]) + "\n", encoding="utf-8")
    return tmp_path


def test_a_catalogue_of_ones_own_takes_what_it_lacks_from_ours(own):
    ledger = Ledger()
    catalogue = read(own.as_posix(), ledger)
    assert catalogue.name == own.name
    assert catalogue.envelopes["code"].tolist() == ["SFH_A", "SFH_B"]
    assert catalogue.archetype_layers("SFH_A") == {}
    assert (catalogue.uses["hot_water"] == read("tabula-de").uses["hot_water"]).all()
    assert any("are those of tabula-de" in rule.text for rule in ledger.statements)
    assert taken(catalogue)[0] == "SFH_B"


def test_layers_of_ones_own(own):
    layers = "code,element,thickness_m,conductivity_w_mk,density_kg_m3,specific_heat_j_kgk [J/(kg K)]\n"
    (own / "layers.csv").write_text(layers + "SFH_A,wall,0.1,0.04,30,1450\nSFH_A,wall,0.24,0.8,1800,1000\n")
    wall = read(own.as_posix()).archetype_layers("SFH_A")["wall"]
    assert wall.resistances == pytest.approx([2.5, 0.3])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",2,2.6,", ",two,2.6,", "envelopes.csv:2:7: wall_u_w_m2k is 'two'; expected a number"),
        (",2,2.6,", ",20,2.6,", "envelopes.csv:2:7: wall_u_w_m2k is '20'; expected at least 0.05 and at most 10"),
        (",2,2.6,", ",nan,2.6,", "wall_u_w_m2k is 'nan'; expected a number"),
        (
            ",existing,2,",
            ",exsting,2,",
            "2:6: refurbishment is 'exsting'; expected one of existing, usual",
        ),
        ("wall_u_w_m2k [W/(m2 K)]", "wal_u_w_m2k", "1:7: unknown column 'wal_u_w_m2k'; did you mean 'wall_u_w_m2k'?"),
        ("wall_u_w_m2k [W/(m2 K)]", "wal_u_w_m2k", "1: column 'wall_u_w_m2k [W/(m2 K)]' is missing"),
        ("n50_1_h [1/h]", "n50_1_h [1/d]", "1:20: column 'n50_1_h [1/d]' has another unit; expected n50_1_h [1/h]"),
        ("SFH_B,SFH,", "SFH_A,SFH,", "2 archetypes are called 'SFH_A'"),
        (",1000,1859,", ",1900,1859,", "archetype 'SFH_A' ends before it begins"),
        ("SFH_B,SFH,", "SFH_B,", "envelopes.csv:3: 19 cells; expected 20 cells"),
    ],
)
def test_a_mistake_in_a_catalogue_of_ones_own(own, old, new, said):
    file = own / "envelopes.csv"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(TwinError) as caught:
        read(own.as_posix())
    assert said in str(caught.value)


def test_all_mistakes_of_all_files_at_once(own):
    (own / "use_types.csv").write_text("use_type\nOFICE\n", encoding="utf-8")
    (own / "layers.csv").write_bytes(b"code\xff")
    (own / "envelopes.csv").unlink()
    with pytest.raises(TwinError) as caught:
        read(own.as_posix())
    text = str(caught.value)
    for said in (
        "envelopes.csv: no such file",
        "layers.csv:1: it is no text in UTF-8",
        "column 'heating_set_point [degC]' is missing",
        "use_schedules.csv: no such file",
    ):
        assert said in text


def test_uses_of_ones_own_need_every_hour_once(own):
    for name in USE_FILES:
        text = (Path(package.__file__).parent / "tabula_de" / name).read_text(encoding="utf-8")
        (own / name).write_text(text, encoding="utf-8")
    assert (read(own.as_posix()).monthly == read("tabula-de").monthly).all()
    file = own / "use_schedules.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("OFFICE,lighting,sunday", "OFFICE,lighting,saturday"))
    with pytest.raises(TwinError) as caught:
        read(own.as_posix())
    assert "0 rows of OFFICE, lighting, sunday; expected one row" in str(caught.value)
    assert "2 rows of OFFICE, lighting, saturday; expected one row" in str(caught.value)


def test_a_folder_that_is_not_there(own):
    with pytest.raises(TwinError, match=r"there is no folder .*; expected a folder with envelopes\.csv"):
        read((own / "other").as_posix())


@pytest.mark.corpus
def test_our_command_writes_the_files_that_are_kept(shared, tmp_path):
    build(shared / "data" / "buildings", tmp_path)
    kept = Path(package.__file__).parent
    written = sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*.csv"))
    assert written == sorted(p.relative_to(kept) for p in kept.glob("*/*.csv"))
    for name in written:
        assert (tmp_path / name).read_bytes() == (kept / name).read_bytes(), name
