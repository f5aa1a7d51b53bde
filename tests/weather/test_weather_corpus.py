"""The weather files of the corpus, and the one we ship."""

from pathlib import Path

import numpy as np
import pytest

from twin.ledger import Ledger
from twin.solar_position import solar_position
from twin.weather.files import convert, read_weather
from twin.weather.kernel import cloud_fraction, sky_infrared

SHIPPED = Path(__file__).parents[2] / "models" / "essen" / "weather.csv"
TMY3 = {
    "bestest_denver_725650TYCST.epw": 1670,
    "cold_chicago_725300_TMY3.epw": 1407,
    "hot_tucson_722745_TMY3.epw": 2002,
}
PVGIS = {"temperate_piedmont_45N_8E_PVGIS_TMY.epw": 1436}


def test_the_shipped_weather_is_sound():
    ledger = Ledger()
    weather = read_weather(SHIPPED, ledger)
    assert ledger.statements == []
    assert len(ledger.assumptions) == 2
    assert (weather.place, weather.sun_at_s) == ("Dresden", 660)
    assert weather.table["global_horizontal_irradiance"].sum() / 1000 == pytest.approx(1128, abs=1)
    assert weather.table["outdoor_temperature"].mean() == pytest.approx(9.44, abs=0.01)


@pytest.mark.corpus
def test_the_shipped_weather_is_made_again_byte_by_byte(shared, tmp_path):
    weather = read_weather(SHIPPED, Ledger())
    keys = ("place", "latitude_deg", "longitude_deg", "elevation_m", "source", "licence")
    place = {key: getattr(weather, key) for key in keys}
    convert(shared / "data/weather/dresden_pvgis_tmy.csv", tmp_path / "w.csv", **place)
    assert (tmp_path / "w.csv").read_bytes() == SHIPPED.read_bytes()


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "ghi_kwh_m2"), [*TMY3.items(), *PVGIS.items()])
def test_epw_files_are_read_without_doubts(shared, name, ghi_kwh_m2):
    ledger = Ledger()
    weather = read_weather(shared / "data/weather" / name, ledger)
    assert weather.table["global_horizontal_irradiance"].sum() / 1000 == pytest.approx(ghi_kwh_m2, abs=1)
    assert not [rule for rule in ledger.statements if "doubt" in rule.text]
    assert ledger.assumptions == []


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "bias", "rmse"),
    [
        # TMY3's infrared is itself computed, by Clark & Allen from observed clouds: it tests our clouds
        ("bestest_denver_725650TYCST.epw", -4.6, 13.8),
        ("cold_chicago_725300_TMY3.epw", -3.6, 13.5),
        ("hot_tucson_722745_TMY3.epw", -6.3, 14.2),
        # from the reanalysis ERA5, which knows nothing of our formula
        ("temperate_piedmont_45N_8E_PVGIS_TMY.epw", 6.4, 21.2),
    ],
)
def test_modelled_infrared_against_the_files_own(shared, name, bias, rmse):
    weather = read_weather(shared / "data/weather" / name, Ledger())
    table = weather.table
    seconds = weather.labels + weather.sun_at_s
    zenith, _ = solar_position(seconds, weather.latitude_deg, weather.longitude_deg, weather.elevation_m)
    cloud = cloud_fraction(table["global_horizontal_irradiance"], zenith)
    modelled = sky_infrared(table["outdoor_temperature"], table["relative_humidity"], cloud)
    error = modelled - table["sky_infrared_irradiance"]
    assert error.mean() == pytest.approx(bias, abs=0.1)
    assert np.sqrt(np.mean(error**2)) == pytest.approx(rmse, abs=0.1)


@pytest.mark.corpus
def test_sun_against_a_table_of_positions(shared):
    path = shared / "data/solar/sun_positions_spa.csv"
    rows = np.genfromtxt(path, delimiter=",", names=True, dtype=None, encoding="utf-8")
    seconds = rows["utc"].astype("datetime64[s]").astype(np.int64)
    for row, second in zip(rows, seconds, strict=True):
        zenith, azimuth = solar_position(np.array([second]), row["lat"], row["lon"], 0.0)
        assert zenith[0] == pytest.approx(row["zenith_apparent"], abs=1e-4)
        assert azimuth[0] == pytest.approx(row["azimuth"], abs=1e-4)
