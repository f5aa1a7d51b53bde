"""Solar modules by equation: against pvlib and an hourly run of PVWatts, and what holds whatever the numbers."""

from dataclasses import dataclass

import numpy as np
import pvlib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.devices.pv.kernel import behind_rows, combined_loss, direct_current, inverter_output, weak_light
from twin.devices.pv.params import Losses, Pv
from twin.devices.pv.temperature import NOCT_DEGC, SAPM, CellTemperature, faiman, noct, sapm
from twin.table import Column, Table

RANDOM = np.random.default_rng(7)
SUN, AIR, WIND = RANDOM.uniform([0, -20, 0], [1300, 40, 15], (500, 3)).T


# -- against pvlib


def test_temperatures_agree_with_pvlib():
    np.testing.assert_allclose(faiman(SUN, AIR, WIND), pvlib.temperature.faiman(SUN, AIR, WIND), rtol=1e-12)
    theirs = pvlib.temperature.noct_sam(SUN, AIR, WIND, 47.0, 0.18)
    np.testing.assert_allclose(noct(SUN, AIR, WIND, 47.0, np.float64(0.18)), theirs, rtol=1e-12)
    known = pvlib.temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"]
    names = ("open_rack_glass_glass", "close_mount_glass_glass", "insulated_back_glass_polymer")
    for mounting, name in zip(SAPM, names, strict=True):
        theirs = pvlib.temperature.sapm_cell(SUN, AIR, WIND, **known[name])
        np.testing.assert_allclose(sapm(SUN, AIR, WIND, *SAPM[mounting]), theirs, rtol=1e-12)


def test_power_and_inverter_agree_with_pvlib():
    power, rating = RANDOM.uniform([500, 300], [30_000, 30_000], (500, 2)).T
    cell = faiman(SUN, AIR, WIND)
    direct = direct_current(SUN, cell, power, -0.0047)
    np.testing.assert_allclose(direct, pvlib.pvsystem.pvwatts_dc(SUN, cell, power, -0.0047), rtol=1e-12)
    for efficiency in (0.96, 0.98):
        theirs = pvlib.inverter.pvwatts(direct, rating / efficiency, efficiency)
        np.testing.assert_allclose(inverter_output(direct, rating, efficiency), theirs, rtol=1e-12, atol=1e-9)


def test_losses_combine_as_in_pvwatts():
    assert Pv().system_loss == pytest.approx(pvlib.pvsystem.pvwatts_losses(shading=0) / 100, rel=1e-12)
    with_shading = Pv(loss_parts=Losses(shading=0.03))
    assert 100 * with_shading.system_loss == pytest.approx(14.08, abs=0.005)  # what PVWatts prints
    assert combined_loss([0.5, 0.5]) == 0.75
    assert Pv(losses=0.3).system_loss == 0.3


# -- by hand


def test_standard_conditions_give_the_rated_power():
    assert direct_current(np.array([1000.0]), np.array([25.0]), np.array([8000.0]), -0.0035) == 8000
    assert direct_current(np.array([1000.0]), np.array([35.0]), np.array([8000.0]), -0.0047) == pytest.approx(7624)


def test_modules_reach_their_nominal_temperature_under_nominal_conditions():
    wind = 1.0 / 0.51  # 10 m above ground, so that it is 1 m/s at the modules
    for nominal in NOCT_DEGC.values():
        assert noct(np.array([800.0]), 20.0, wind, nominal, 0.0) == pytest.approx(nominal)
    assert noct(np.array([800.0]), 20.0, wind, 45.0, 0.18) == pytest.approx(20 + 25 * 0.8)  # a fifth leaves as power


def test_weak_light_is_the_square_of_light():
    assert weak_light(np.array([0.0, 62.5, 125.0, 800.0])).tolist() == [0, 31.25, 125, 800]
    by_version_1 = 0.008 * 50.0**2 / 1000 * 4000
    assert direct_current(weak_light(np.array([50.0])), 25.0, 4000.0, -0.005) == pytest.approx(by_version_1)


def test_inverters_sleep_at_night_and_clip_at_noon():
    out = inverter_output(np.array([0.0, 10.0, 4000.0, 9000.0]), np.array([5000.0] * 4))
    assert out[:2].tolist() == [0, 0]  # below what the inverter itself needs
    assert 0.94 * 4000 < out[2] < 4000
    assert out[3] == 5000


def test_rows_in_front_take_their_share_of_the_sky_and_never_of_the_beam():
    plane = np.array([[800.0], [100.0], [80.0], [0.0]])
    left = behind_rows(plane, np.array([[100.0], [100.0], [100.0], [0.0]]), np.array([0.1]))
    assert (plane * left)[:, 0] == pytest.approx([790, 90, 72, 0])


# -- whatever the numbers


@given(
    sun=st.lists(st.floats(0, 1400), min_size=2, max_size=2),
    air=st.floats(-30, 45),
    wind=st.floats(0, 30),
    model=st.sampled_from(["noct", "sapm", "faiman"]),
    mounting=st.sampled_from(list(SAPM)),
    weak=st.booleans(),
)
def test_more_light_never_gives_less_power(sun, air, wind, model, mounting, weak):
    sun = np.sort(sun)[:, None]
    cell = CellTemperature(arrays([model], [mounting]))(sun, np.full((2, 1), air), np.full((2, 1), wind))
    assert (cell >= air).all()
    direct = direct_current(weak_light(sun) if weak else sun, cell, np.array([5000.0]), -0.0047)
    assert direct[1] >= direct[0] - 1e-9
    power = inverter_output(direct, np.array([4000.0]))
    assert power[1] >= power[0] - 1e-9
    assert ((power >= 0) & (power <= 4000) & (power <= direct)).all()


def arrays(models, mountings):
    """Return as many arrays of 20 % efficient modules."""
    table = Table("pv_array", [f"a{i}" for i in range(len(models))])
    for name, values in (("temperature_model", models), ("mounting", mountings)):
        table = table.put(Column(name, "-", "str", name), values)
    for name, value in (("power_w", 2000.0), ("module_area_m2", 10.0)):
        table = table.put(Column(name, "-", "float", name), value)
    return table


def test_every_array_has_the_temperature_of_its_own_model_and_mounting():
    table = arrays(["sapm", "noct", "faiman", "noct"], ["close_mount", "open_rack", "open_rack", "close_mount"])
    sun, air, wind = np.full((1, 4), 800.0), np.full((1, 4), 10.0), np.full((1, 4), 3.0)
    cell = CellTemperature(table)(sun, air, wind)[0]
    by_hand = [
        10 + 800 * (np.exp(-2.98 - 0.0471 * 3) + 1e-3),
        10 + 25 * (1 - 0.2 / 0.9) * 9.5 / (5.7 + 3.8 * 0.51 * 3),
        10 + 800 / (25 + 6.84 * 3),
        10 + 29 * (1 - 0.2 / 0.9) * 9.5 / (5.7 + 3.8 * 0.51 * 3),
    ]
    assert cell == pytest.approx(by_hand, rel=1e-12)


# -- the corpus


@pytest.mark.corpus
def test_a_table_of_pvlib_is_reproduced_to_its_last_digit(shared):
    table = np.genfromtxt(shared / "data/solar/pvlib_transposition.csv", delimiter=",", names=True)
    plane = table["beam"] + table["ground"] + table["sky_perez"]
    cell = sapm(plane, 20.0, 2.0, *SAPM["open_rack"])
    np.testing.assert_allclose(cell, table["cell_temp_sapm_20C_2ms"], atol=2e-6)
    direct = direct_current(plane, cell, 1000.0, -0.004)
    np.testing.assert_allclose(direct, table["pvwatts_dc_1kW"], atol=1e-4)


@dataclass(frozen=True)
class Run:
    """An hourly run of PVWatts: 4 kW of standard modules on an open rack in Golden, Colorado, tilted 20 deg south."""

    plane: np.ndarray
    light: np.ndarray
    outdoor: np.ndarray
    wind: np.ndarray
    cell: np.ndarray
    direct: np.ndarray
    power: np.ndarray

    def ours(self, cell):
        """Return direct and alternating current, W, at these cell temperatures."""
        direct = direct_current(self.light, cell, 4000.0 * (1 - 0.1408), -0.0047)
        return direct, inverter_output(direct, 4000.0 / 1.2)


@pytest.fixture(scope="module")
def pvwatts(shared):
    file = shared / "data/solar/pvwatts_8760_rackmount.csv"
    month, day, hour, beam, _, *others = np.genfromtxt(file, delimiter=",", skip_header=18, skip_footer=1).T
    outdoor, wind, plane, cell, direct, power = others
    pandas = pytest.importorskip("pandas")
    when = pandas.to_datetime({"year": 1991, "month": month, "day": day, "hour": hour}) + pandas.Timedelta("30min")
    sun = pvlib.solarposition.get_solarposition(when.dt.tz_localize("Etc/GMT+7"), 39.73, -105.18, 1819.6)
    incidence = pvlib.irradiance.aoi(20, 180, sun.apparent_zenith.values, sun.azimuth.values)
    # what glass reflects of the beam, as PVWatts takes it off; the sky's light is left as it is
    passed = np.nan_to_num(pvlib.iam.physical(incidence))
    light = plane - (1 - passed) * beam * np.clip(np.cos(np.radians(incidence)), 0, None)
    return Run(plane, light, outdoor, wind, cell, direct, power)


@pytest.mark.corpus
def test_given_pvwatts_own_cell_temperature_power_is_pvwatts_own(pvwatts):
    assert len(pvwatts.plane) == 8760
    direct, power = pvwatts.ours(pvwatts.cell)
    for mine, theirs, rmse in ((direct, pvwatts.direct, 0.5), (power, pvwatts.power, 0.5)):  # W of 4 kW; 0.43, 0.42
        assert mine.sum() == pytest.approx(theirs.sum(), rel=1e-4)
        assert np.sqrt(np.mean((mine - theirs) ** 2)) < rmse
    only_inverter = inverter_output(pvwatts.direct, 4000.0 / 1.2)
    np.testing.assert_allclose(only_inverter, pvwatts.power, atol=2e-3)


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("model", "warmer", "spread", "rmse"),
    [
        # warmer: mean error weighted by light, K; spread: RMSE in light, K; rmse: of alternating current, W of 4 kW
        (lambda r: noct(r.plane, r.outdoor, r.wind, NOCT_DEGC["open_rack"], np.float64(0.15)), 0.7, 1.8, 12.5),
        (lambda r: sapm(r.plane, r.outdoor, r.wind, -3.56, -0.0750, 3.0), 0.3, 2.2, 14.5),  # glass/cell/polymer
        (lambda r: faiman(r.plane, r.outdoor, r.wind), 0.8, 1.6, 9.5),
    ],
    ids=["noct", "sapm", "faiman"],
)
def test_a_year_of_pvwatts_is_met_by_steady_cell_temperatures(pvwatts, model, warmer, spread, rmse):
    cell, lit = model(pvwatts), pvwatts.plane > 0
    error = (cell - pvwatts.cell)[lit]
    assert abs(np.average(error, weights=pvwatts.plane[lit])) < warmer
    assert np.sqrt(np.mean(error**2)) < spread
    direct, power = pvwatts.ours(cell)
    assert direct.sum() == pytest.approx(pvwatts.direct.sum(), rel=0.005)
    assert power.sum() == pytest.approx(pvwatts.power.sum(), rel=0.005)
    assert np.sqrt(np.mean((power - pvwatts.power) ** 2)) < rmse


@pytest.mark.corpus
def test_efficiency_does_not_fall_in_weak_light_in_pvwatts_run(pvwatts):
    weak = (pvwatts.light > 1) & (pvwatts.light < 125)
    direct, _ = pvwatts.ours(pvwatts.cell)
    assert direct[weak].sum() == pytest.approx(pvwatts.direct[weak].sum(), rel=0.002)
    corrected = direct_current(weak_light(pvwatts.light), pvwatts.cell, 4000.0 * (1 - 0.1408), -0.0047)
    assert corrected.sum() / pvwatts.direct.sum() == pytest.approx(1 - 0.0124, abs=2e-4)
