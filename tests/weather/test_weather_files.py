"""Weather files: what goes in comes out, and whatever is wrong is said all at once, with its line."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import TwinError
from twin.ledger import Ledger
from twin.table import GIVEN
from twin.weather.files import convert, read_pvgis_csv, read_weather, write_weather
from twin.weather.model import WEATHER_COLUMNS
from weather_case import clear_year

FIRST_HOUR = 11  # line of our own file that holds 1 January, 00:00


@pytest.fixture(scope="module")
def own_lines(tmp_path_factory):
    path = tmp_path_factory.mktemp("weather") / "w.csv"
    write_weather(clear_year(), path)
    return path.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def problems_of(tmp_path):
    """Return what `read_weather` says of a file with these lines."""

    def read(lines):
        path = tmp_path / "bad.csv"
        path.write_text("\n".join(lines), encoding="utf-8")
        with pytest.raises(TwinError) as caught:
            read_weather(path, Ledger())
        assert all(problem.file == path for problem in caught.value.problems)
        return [str(problem).replace(f"{path}:", "").removeprefix(" ") for problem in caught.value.problems]

    return read


def edited(lines, **changes):
    """Replace lines by number: ``edited(lines, l12="...")``; None takes the line out."""
    new = {int(key[1:]): text for key, text in changes.items()}
    return [new.get(n, line) for n, line in enumerate(lines, start=1) if new.get(n, line) is not None]


# our own format


def test_what_was_written_is_read_back(tmp_path):
    weather = clear_year()
    write_weather(weather, tmp_path / "w.csv")
    again = read_weather(tmp_path / "w.csv", Ledger())
    for name in WEATHER_COLUMNS:
        assert np.array_equal(weather.table[name], again.table[name])
        assert (again.table.source(name) == GIVEN).all()
    plain = {f.name for f in dataclasses.fields(weather)} - {"table"}
    assert {name: getattr(weather, name) for name in plain} == {name: getattr(again, name) for name in plain}


def test_same_weather_same_bytes_and_no_leftovers(tmp_path):
    write_weather(clear_year(), tmp_path / "a.csv")
    write_weather(read_weather(tmp_path / "a.csv"), tmp_path / "b.csv")
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.csv", "b.csv"]


def test_first_lines_say_what_the_numbers_are(own_lines):
    assert own_lines[:9] == [
        "# twin weather 1",
        '# place = "Clearwater"',
        "# latitude_deg = 51.0",
        "# longitude_deg = 7.0",
        "# elevation_m = 100.0",
        "# utc_offset_s = 0",
        "# sun_at_s = 1800",
        '# source = "synthetic: a cloudless year"',
        '# licence = "CC0"',
    ]
    assert own_lines[9].startswith("month,day,hour,outdoor_temperature [degC],global_horizontal_irradiance [W/m2],")
    assert own_lines[FIRST_HOUR - 1].startswith("1,1,0,")
    assert len(own_lines) == FIRST_HOUR - 1 + 8760


def test_writing_to_nowhere_is_said(tmp_path):
    with pytest.raises(TwinError, match="cannot write"):
        write_weather(clear_year(), tmp_path / "no" / "such" / "folder.csv")


# what is missing


def without(lines, *names):
    """Take columns out of our own file."""
    header = lines[9].split(",")
    keep = [i for i, name in enumerate(header) if name.split(" ")[0] not in names]
    return lines[:9] + [",".join(line.split(",")[i] for i in keep) for line in lines[9:]]


def test_infrared_and_pressure_are_modelled_and_in_the_ledger(own_lines, tmp_path):
    path, ledger = tmp_path / "w.csv", Ledger()
    path.write_text("\n".join(without(own_lines, "sky_infrared_irradiance", "air_pressure")), encoding="utf-8")
    weather = read_weather(path, ledger)
    assert weather.table["air_pressure"] == pytest.approx(100_129.0, abs=1.0)  # ISO 2533 at 100 m
    assert [rule.reference for rule in ledger.assumptions] == [
        "ISO 2533:1975 standard atmosphere",
        "Clark & Allen 1978; Crawford & Duchon 1999; Kasten & Czeplak 1980",
    ]
    codes = weather.table.source("sky_infrared_irradiance")
    assert "cloudiness" in ledger.rule(int(codes[0])).text
    assert (weather.table.source("outdoor_temperature") == GIVEN).all()
    # nearly cloudless: the model stays close to the clear sky the year was made with
    assert np.mean(weather.table["sky_infrared_irradiance"]) == pytest.approx(
        np.mean(clear_year().table["sky_infrared_irradiance"]), rel=0.03
    )
    write_weather(weather, tmp_path / "again.csv")
    assert "sky_infrared" not in (tmp_path / "again.csv").read_text(encoding="utf-8")


def blanked(lines, column, numbers):
    at = [name.split(" ")[0] for name in lines[9].split(",")].index(column)
    new = list(lines)
    for number in numbers:
        cells = new[number - 1].split(",")
        cells[at] = ""
        new[number - 1] = ",".join(cells)
    return new


def test_a_short_gap_is_bridged_and_a_long_one_is_an_error(own_lines, tmp_path, problems_of):
    path, ledger = tmp_path / "w.csv", Ledger()
    path.write_text("\n".join(blanked(own_lines, "outdoor_temperature", range(100, 104))), encoding="utf-8")
    weather = read_weather(path, ledger)
    row = 100 - FIRST_HOUR
    before, after = clear_year().table["outdoor_temperature"][[row - 1, row + 4]]
    assert weather.table["outdoor_temperature"][row : row + 4] == pytest.approx(np.linspace(before, after, 6)[1:5])
    assert "straight line" in ledger.assumptions[0].text
    assert problems_of(blanked(own_lines, "wind_speed", range(11, 18)))[0].startswith(
        "wind_speed has no value in 7 hours, the first month 1, day 1, hour 0"
    )
    assert "has no value in 1 hour, the first" in problems_of(blanked(own_lines, "direct_normal_irradiance", [50]))[0]


def test_missing_global_radiation_is_added_up(own_lines, tmp_path):
    path, ledger = tmp_path / "w.csv", Ledger()
    path.write_text("\n".join(blanked(own_lines, "global_horizontal_irradiance", range(11, 8771))), encoding="utf-8")
    weather = read_weather(path, ledger)
    expected = clear_year().table["global_horizontal_irradiance"]
    assert weather.table["global_horizontal_irradiance"] == pytest.approx(expected, abs=0.1)
    assert len(ledger.assumptions) == 1


# what is wrong


def test_a_gap_names_its_hours(own_lines, problems_of):
    row = FIRST_HOUR + (31 + 28 + 13) * 24 + 5
    assert problems_of(edited(own_lines, **{f"l{row}": None})) == ["month 3, day 14, hour 5 is missing"]
    taken = {f"l{row + k}": None for k in range(20)}
    assert problems_of(edited(own_lines, **taken)) == [
        "20 hours are missing: month 3, day 14, hour 5 to month 3, day 15, hour 0"
    ]


def test_an_hour_twice_or_out_of_order(own_lines, problems_of):
    twice = [*own_lines, own_lines[10]]
    assert problems_of(twice) == ["8771: month 1, day 1, hour 0 stands here again, first in line 11"]
    swapped = edited(own_lines, l11=own_lines[11], l12=own_lines[10])
    assert problems_of(swapped) == [
        "12: month 1, day 1, hour 0 comes after month 1, day 1, hour 1; expected hours in order"
    ]


def test_all_problems_at_once_with_their_lines(own_lines, problems_of):
    cells = own_lines[19].split(",")
    hot, words, nan = ([*cells[:3], value, *cells[4:]] for value in ("99", "warm", "nan"))
    bad = edited(own_lines, l20=",".join(hot), l30="1,1,19,5.0", l40="1,2,5" + "," + ",".join(words[3:]))
    found = problems_of(edited(bad, l21="1,1,10," + ",".join(nan[3:])))
    assert found == [
        "30: the row has 4 values; expected 11 of them",
        "21: outdoor_temperature is 'nan'; expected a number; leave the cell empty where there is none",
        "40: outdoor_temperature is 'warm'; expected a number; leave the cell empty where there is none",
        "20: outdoor_temperature is 99 degC; expected at least -90 and at most 60",
    ]


def test_dates_that_do_not_exist(own_lines, problems_of):
    found = problems_of(edited(own_lines, l11="13" + own_lines[10][1:], l12="x" + own_lines[11][1:]))
    assert found[:2] == [
        "12: month is 'x'; expected a number",
        "11: there is no month 13, day 1, hour 0",
    ]


def test_many_problems_of_one_kind_are_counted(own_lines, problems_of):
    found = problems_of(blanked_with(own_lines, "wind_speed", "-3"))
    assert len(found) == 21
    assert found[-1] == "8770: and 8740 more like this, the last of them here"


def blanked_with(lines, column, text):
    at = [name.split(" ")[0] for name in lines[9].split(",")].index(column)
    rows = [line.split(",") for line in lines[10:]]
    return lines[:10] + [",".join([*row[:at], text, *row[at + 1 :]]) for row in rows]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            "outdoor_temprature [degC]",
            [
                "10: unknown column 'outdoor_temprature [degC]'; did you mean 'outdoor_temperature [degC]'?",
                "10: the column 'outdoor_temperature [degC]' is missing; did you mean 'outdoor_temprature [degC]'?",
            ],
        ),
        (
            "outdoor_temperature [K]",
            ["10: the column 'outdoor_temperature [K]' has another unit; expected 'outdoor_temperature [degC]'"],
        ),
        ("wind_speed [m/s]", None),
    ],
)
def test_header_problems(own_lines, problems_of, found, expected):
    header = own_lines[9].replace("outdoor_temperature [degC]", found)
    result = problems_of(edited(own_lines, l10=header))
    if expected is None:
        expected = [
            "10: the column 'outdoor_temperature [degC]' is missing",
            "10: the column 'wind_speed [m/s]' stands 2 times",
        ]
    assert result == expected


def test_problems_of_the_first_lines(own_lines, problems_of):
    bad = edited(
        own_lines, l2='# plase = "Clearwater"', l3="# latitude_deg = 151.0", l6="# utc_offset_s = 0.5", l7="# sun_at_s"
    )
    assert problems_of(bad) == [
        "2: unknown key 'plase'; did you mean 'place'?",
        "3: latitude_deg is 151.0; expected at least -90 and at most 90",
        "6: utc_offset_s is 0.5; expected whole seconds, at most 50400 either way",
        "7: cannot read 'sun_at_s'; expected key = value, as in # place = \"Dresden\"",
        "place is not stated; expected a line '# place = ...' at the top",
        "sun_at_s is not stated; expected a line '# sun_at_s = ...' at the top",
    ]


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"\x00\xff\xfe", b"{}", b"# twin weather 1", b"LOCATION,", b"time,ghi_W_m2,dni_W_m2"]
)
def test_what_is_no_weather_file_is_said(tmp_path, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(TwinError):
        read_weather(path, Ledger())


def test_no_file_no_weather(tmp_path):
    for path in (tmp_path, tmp_path / "nothing.csv"):
        with pytest.raises(TwinError, match="cannot read the file"):
            read_weather(path, Ledger())


@given(st.lists(st.tuples(st.integers(0, 60_000), st.sampled_from('0123456789,.-#[]=nax\n"')), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_a_damaged_file_is_read_or_refused_with_reasons(tmp_path_factory, damage):
    text = list("\n".join(_LINES[:700]))
    for at, character in damage:
        text[at % len(text)] = character
    path = tmp_path_factory.mktemp("fuzz") / "w.csv"
    path.write_text("".join(text), encoding="utf-8")
    with pytest.raises(TwinError):  # it is too short in any case
        read_weather(path, Ledger())


def _own_text():
    from twin.weather.own import format_own

    return format_own(clear_year()).splitlines()


_LINES = _own_text()


# doubts


def test_a_wrong_clock_is_noticed(tmp_path):
    ledger = Ledger()
    write_weather(dataclasses.replace(clear_year(), sun_at_s=5400), tmp_path / "w.csv")
    read_weather(tmp_path / "w.csv", ledger)
    assert len(ledger.statements) == 1
    assert "with the sun 30 min after the hour's start instead of 90 min" in ledger.statements[0].text


def test_a_sound_file_raises_no_doubt(tmp_path):
    ledger = Ledger()
    write_weather(clear_year(), tmp_path / "w.csv")
    read_weather(tmp_path / "w.csv", ledger)
    assert ledger.statements == []


# EPW


def epw_lines(weather, header_offset=None):
    """Write a weather as EPW: hour 1 to 24, and codes for what is missing."""
    zone = weather.utc_offset_s / 3600
    lines = [
        f"LOCATION,Clearwater,-,DEU,TMY,000000,{weather.latitude_deg},{weather.longitude_deg},{zone},100.0",
        "DESIGN CONDITIONS,0",
        "TYPICAL/EXTREME PERIODS,0",
        "GROUND TEMPERATURES,0",
        "HOLIDAYS/DAYLIGHT SAVINGS,No,0,0,0",
        "COMMENTS 1,made for a test",
        f"COMMENTS 2,{header_offset or ''}",
        "DATA PERIODS,1,1,Data,Sunday,1/1,12/31",
    ]
    table = weather.table
    for row, label in enumerate(table.ids):
        month, day, hour = int(label[:2]), int(label[3:5]), int(label[6:]) + 1
        value = {name: table[name][row] for name in table.names}
        cells = [1999, month, day, hour, 0, "?", round(value["outdoor_temperature"], 2), 99.9]
        cells += [value["relative_humidity"] * 100, 999999, 9999, 9999, 9999]
        cells += [value[f"{part}_irradiance"] for part in ("global_horizontal", "direct_normal", "diffuse_horizontal")]
        cells += [999999, 999999, 999999, 9999, 180, value["wind_speed"], 99, 99]
        lines.append(",".join(str(cell) for cell in cells))
    return lines


def test_epw_hour_is_the_mean_of_the_hour_before(tmp_path):
    weather = clear_year(longitude_deg=15.0, utc_offset_s=3600)
    (tmp_path / "w.epw").write_text("\r\n".join(epw_lines(weather)), encoding="utf-8")
    ledger = Ledger()
    again = read_weather(tmp_path / "w.epw", ledger)
    assert (again.place, again.utc_offset_s, again.sun_at_s) == ("Clearwater, DEU", 3600, 1800)
    for name in ("outdoor_temperature", "direct_normal_irradiance", "relative_humidity"):
        assert again.table[name] == pytest.approx(weather.table[name])
    assert len(ledger.assumptions) == 2  # 999999 and 9999: pressure and infrared
    assert ledger.statements == []


def test_epw_of_pvgis_is_in_utc(tmp_path):
    weather = clear_year(longitude_deg=15.0, sun_at_s=600)
    lines = epw_lines(weather, header_offset="Irradiance Time Offset (h):-0.8333")
    lines[0] = lines[0].replace(",0.0,100.0", ",1,100.0")
    (tmp_path / "w.epw").write_text("\n".join(lines), encoding="utf-8")
    ledger = Ledger()
    again = read_weather(tmp_path / "w.epw", ledger)
    assert (again.utc_offset_s, again.sun_at_s) == (0, 600)
    assert ["UTC" in rule.text for rule in ledger.statements] == [True]


def test_epw_problems_speak_the_files_hours(tmp_path):
    lines = epw_lines(clear_year())
    lines[0] = lines[0].replace("51.0", "north")
    lines[7] = lines[7].replace("1,1,Data", "1,4,Data")
    del lines[8 + 23]
    (tmp_path / "w.epw").write_text("\n".join(lines), encoding="latin-1")
    with pytest.raises(TwinError) as caught:
        read_weather(tmp_path / "w.epw", Ledger())
    assert [(p.place, p.message) for p in caught.value.problems] == [
        ("1", "latitude_deg is 'north' in LOCATION"),
        ("8", "the file has 4 records per hour"),
        (None, "month 1, day 1, hour 24 is missing"),
    ]


def test_small_excesses_are_set_to_the_bound_and_stated(tmp_path):
    lines = epw_lines(clear_year())
    cells = lines[8].split(",")
    cells[8], cells[13] = "104", "-2.5"
    lines[8] = ",".join(cells)
    (tmp_path / "w.epw").write_text("\n".join(lines), encoding="utf-8")
    ledger = Ledger()
    weather = read_weather(tmp_path / "w.epw", ledger)
    assert weather.table["relative_humidity"][0] == 1.0
    assert weather.table["global_horizontal_irradiance"][0] == 0.0
    assert ["slightly out of bounds" in rule.text for rule in ledger.statements] == [True, True]


# PVGIS


def pvgis_lines(weather, leap=False):
    lines = ["time,temperature_C,ghi_W_m2,dni_W_m2,dhi_W_m2,wind_speed_m_s,relative_humidity_percent"]
    table = weather.table
    for row, label in enumerate(table.ids):
        value = {name: table[name][row] for name in table.names}
        cells = [f"2020-{label[:5]} {label[6:]}:00:00", value["outdoor_temperature"]]
        cells += [value[f"{part}_irradiance"] for part in ("global_horizontal", "direct_normal", "diffuse_horizontal")]
        cells += [value["wind_speed"], value["relative_humidity"] * 100]
        lines.append(",".join(str(cell) for cell in cells))
        if leap and label.startswith("02-28T23"):
            lines += [lines[-24 + k].replace("02-28", "02-29") for k in range(24)]
    return lines


PLACE = {
    "place": "Clearwater",
    "latitude_deg": 51.0,
    "longitude_deg": 7.0,
    "elevation_m": 100.0,
    "source": "PVGIS",
    "licence": "with attribution",
}


@pytest.mark.parametrize("leap", [False, True])
def test_pvgis_csv_is_converted_and_its_instant_found(tmp_path, leap):
    weather = clear_year(sun_at_s=720)
    (tmp_path / "tmy.csv").write_text("\n".join(pvgis_lines(weather, leap)), encoding="utf-8")
    made = convert(tmp_path / "tmy.csv", tmp_path / "w.csv", **PLACE)
    again = read_weather(tmp_path / "w.csv", Ledger())
    assert made.sun_at_s == again.sun_at_s == 720
    assert again.table["direct_normal_irradiance"] == pytest.approx(weather.table["direct_normal_irradiance"])
    ledger = Ledger()
    read_pvgis_csv(tmp_path / "tmy.csv", **PLACE, ledger=ledger)
    assert [rule.text for rule in ledger.statements] == (
        ["the 29th of February of the weather file is left out"] if leap else []
    )


def test_pvgis_csv_alone_does_not_say_where_it_is(tmp_path):
    (tmp_path / "tmy.csv").write_text("\n".join(pvgis_lines(clear_year())), encoding="utf-8")
    with pytest.raises(TwinError, match="does not say where it is"):
        read_weather(tmp_path / "tmy.csv", Ledger())


def test_place_of_a_pvgis_csv_must_be_given_and_be_on_earth(tmp_path):
    (tmp_path / "tmy.csv").write_text("\n".join(pvgis_lines(clear_year())), encoding="utf-8")
    with pytest.raises(TwinError, match="needs latitude_deg, longitude_deg, elevation_m, source, licence"):
        convert(tmp_path / "tmy.csv", tmp_path / "w.csv", place="Clearwater")
    with pytest.raises(TwinError, match="latitude_deg was given as 151"):
        convert(tmp_path / "tmy.csv", tmp_path / "w.csv", **PLACE | {"latitude_deg": 151.0})


def test_converting_other_files_may_correct_the_place(tmp_path):
    (tmp_path / "w.epw").write_text("\n".join(epw_lines(clear_year())), encoding="utf-8")
    convert(tmp_path / "w.epw", tmp_path / "w.csv", place="Elsewhere")
    assert read_weather(tmp_path / "w.csv", Ledger()).place == "Elsewhere"


def test_pvgis_csv_problems(tmp_path):
    lines = pvgis_lines(clear_year())
    lines[3] = lines[3].replace(":00:00", ":30:00")
    lines[4] = lines[4].rsplit(",", 1)[0]
    (tmp_path / "tmy.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(TwinError) as caught:
        read_pvgis_csv(tmp_path / "tmy.csv", **PLACE)
    places = [(p.place, p.message) for p in caught.value.problems]
    assert ("4", "the time is '2020-01-01 02:30:00'") in places
    assert ("5", "the row has 6 values") in places
