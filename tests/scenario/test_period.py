"""Which time a scenario simulates: hours, years, typical weeks, holidays; and prices that change with it."""

import numpy as np
import pytest

from twin.cli import main
from twin.engine import TimeAxis
from twin.errors import TwinError
from twin.scenario.read import read_scenario
from twin.scenario.run import run
from twin.scenario.series_file import read_series

DAY = 86400
FLAT = 'electricity = { value = 0.40, unit = "EUR/kWh", source = "test" }'


def complaint(file):
    with pytest.raises(TwinError) as caught:
        read_scenario(file)
    return str(caught.value)


def test_one_hour_is_a_period(scenario_file):
    results = run(scenario_file(("days = 2", 'duration = "1h"')), options=["today"])
    assert results.options[0].axes[0].n == 1
    assert results.options[0].value("heat_demand") > 0


def test_a_period_has_one_length(scenario_file):
    assert "has both days and duration" in complaint(scenario_file(("days = 2", 'days = 2\nduration = "1h"')))


def test_a_leap_year_has_its_day(scenario_file):
    scenario = read_scenario(scenario_file(("2023-01-10", "2024-01-01"), ("days = 2", "days = 366")))
    assert scenario.spans[0].end == TimeAxis.at("2025-01-01", 3600, 0, "Europe/Berlin").start


def test_public_holidays_are_those_of_the_state(scenario_file):
    days = ("2023-01-10", "2023-11-01")
    zone = 'timezone = "Europe/Berlin"'
    plain = read_scenario(scenario_file(days))
    catholic = read_scenario(scenario_file(days, (zone, f'{zone}\nholidays = "DE-NW"')))
    berlin = read_scenario(scenario_file(days, (zone, f'{zone}\nholidays = "DE-BE"')))
    all_saints = TimeAxis(plain.spans[0].start, 3600, 24)
    assert not all_saints.calendar(plain.civil).holiday.any()
    assert all_saints.calendar(catholic.civil).holiday.all()
    assert not all_saints.calendar(berlin.civil).holiday.any()
    assert (all_saints.calendar(catholic.civil).schedule_weekday == 6).all()


@pytest.mark.parametrize(
    ("region", "said"), [("XX", "no holidays are known of 'XX'"), ("DE-XY", "expected one of DE-BB")]
)
def test_a_region_without_holidays_is_said(scenario_file, region, said):
    message = complaint(scenario_file(('"Europe/Berlin"', f'"Europe/Berlin"\nholidays = "{region}"')))
    assert said in message
    assert "small.toml:9" in message


# -- typical weeks


WEEKS = """
[[period.typical]]
start = 2023-01-16
days = 2
{winter}

[[period.typical]]
start = 2023-07-10
days = 2
{summer}
"""


def typical(winter="", summer=""):
    return ("[prices]", WEEKS.format(winter=winter, summer=summer) + "\n[prices]")


def test_typical_weeks_stand_for_the_period(project, scenario_file):
    year = (("days = 2", "days = 365"), ("2023-01-10", "2023-01-01"))
    both = run(scenario_file(*year, typical()), project / "out", options=["today"]).options[0]
    alone = [
        run(scenario_file(("2023-01-10", day)), options=["today"]).options[0] for day in ("2023-01-16", "2023-07-10")
    ]
    for indicator in ("heat_demand", "electricity_demand", "energy_cost"):
        expected = sum(365 / 4 * option.value(indicator) for option in alone)
        assert both.value(indicator) == pytest.approx(expected, rel=1e-9)
        entity = next(iter(both.by_entity(indicator)))
        expected = sum(365 / 4 * option.by_entity(indicator)[entity] for option in alone)
        assert both.by_entity(indicator)[entity] == pytest.approx(expected, rel=1e-9)
    assert both.value("peak_load") == pytest.approx(max(option.value("peak_load") for option in alone), rel=1e-9)
    loads = np.concatenate([option.series["electricity_consumption"] for option in alone])
    np.testing.assert_allclose(both.series["electricity_consumption"], loads, rtol=1e-6)


def test_the_series_of_typical_weeks_say_what_they_weigh(project, scenario_file):
    import h5netcdf

    weeks = typical("weight = 20", "weight = 10")
    weeks = (weeks[0], '[record.series]\nbuilding = ["electric_load"]\n' + weeks[1])
    file = scenario_file(("days = 2", "days = 60"), weeks)
    run(file, project / "out", options=["today"])
    with h5netcdf.File(project / "out/options/today/series.nc") as series:
        assert series["weight"][:].tolist() == [20.0] * 48 + [10.0] * 48
        assert (np.diff(series["time"][:]) > 0).all()
        assert np.isfinite(series["quarter_electric_load"][:]).all()
        np.testing.assert_allclose(
            series["building_electric_load"][:].sum(axis=1), series["quarter_electric_load"][:], rtol=1e-5
        )


def test_weights_must_add_up_to_the_period(scenario_file):
    message = complaint(scenario_file(("days = 2", "days = 365"), typical("weight = 20", "weight = 10")))
    assert "the typical weeks stand for 60 days, the period has 365" in message
    message = complaint(scenario_file(("days = 2", "days = 365"), typical("weight = 20")))
    assert "typical weeks need a weight each, or none at all" in message


# -- prices over time


def test_what_is_drawn_at_night_costs_what_it_costs_at_night(scenario_file):
    windows = 'windows = [{ hours = "22:00-06:00", value = 0.10 }, { hours = "17:00-20:00", value = 0.80 }], '
    option = run(scenario_file((FLAT, FLAT.replace("unit", f"{windows}unit"))), options=["today"]).options[0]
    load = option.series["electricity_consumption"].reshape(2, 24) / 1000
    price = np.full(24, 0.40)
    price[[22, 23, 0, 1, 2, 3, 4, 5]], price[17:20] = 0.10, 0.80
    gas = 0.1 * option.value("gas_demand")
    assert option.value("energy_cost") == pytest.approx((load * price).sum() + gas, rel=1e-9)


def series(project, start="2023-01-01T00:00:00+01:00", days=20, text=None):
    first = np.datetime64(start[:19])
    lines = [f"{first + np.timedelta64(h, 'h')}{start[19:]},{h % 24}" for h in range(24 * days)]
    (project / "models/essen/prices.csv").write_text(text or "\n".join(["# made up", "time,price", *lines, ""]))


def dynamic(more=""):
    return (
        FLAT,
        'electricity = { series = "../models/essen/prices.csv", unit = "EUR/MWh", source = "test"' + more + " }",
    )


def test_a_series_of_prices_with_tax_and_charges(project, scenario_file):
    series(project)
    option = run(scenario_file(dynamic(", times = 1.19, add = 180.0"), ('warm_up = "1d"', 'warm_up = "1d"'))).options[0]
    load = option.series["electricity_consumption"].reshape(2, 24) / 1e6
    price = 1.19 * np.arange(24) + 180
    assert option.value("energy_cost") == pytest.approx(
        (load * price).sum() + 0.1 * option.value("gas_demand"), rel=1e-9
    )


def test_another_prices_give_another_run(project, scenario_file):
    series(project)
    first = run(scenario_file(dynamic()), project / "out", options=["today"])
    series(project, days=30)
    with pytest.raises(TwinError, match="results of another run"):
        run(scenario_file(dynamic()), project / "out", options=["today"])
    assert first.run_id


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"days": 5}, "covers 2022-12-31 23:00 UTC to 2023-01-05 23:00 UTC, not 2023-01-08 23:00 UTC"),
        (
            {"text": "time,price\n2023-01-01,4\n2023-01-02,4\n"},
            "line 2: the time 2023-01-01 is of no known clock; expected an offset from UTC",
        ),
        ({"text": "time,a,b\n"}, "has columns a, b; expected column ="),
        ({"text": "price\n3\n"}, "is no series; expected a header: time, and columns of numbers"),
        (
            {"text": "time,a\n2023-01-01T00:00Z,1\n2023-01-01T01:00Z,x\n"},
            "line 3: 2023-01-01T01:00Z,x; expected a time and a number",
        ),
        (
            {"text": "time,a\n2023-01-01T00:00Z,1\n2023-01-01T01:00Z,2\n2023-01-01T03:00Z,2\n"},
            "line 4: the time 2023-01-01T03:00Z leaves a gap; expected steps of 3600 s throughout",
        ),
    ],
)
def test_a_series_that_cannot_be_used(project, scenario_file, how, said):
    series(project, **how)
    message = complaint(scenario_file(dynamic()))
    assert "prices.csv" in message
    assert said in message


def test_a_year_of_prices_may_stand_for_another(project, scenario_file):
    series(project, start="2022-01-01T00:00:00+01:00", days=365)
    assert 'align = "weekday" or "calendar"' in complaint(scenario_file(dynamic()))
    scenario = read_scenario(scenario_file(dynamic(', align = "weekday"')))
    used = scenario.signals["prices.electricity"]
    axis = TimeAxis(scenario.spans[0].start, 3600, 24)
    np.testing.assert_allclose(used.values(axis) * 3.6e9, np.arange(24))  # the hour of the day is kept


@pytest.mark.parametrize("align", ["calendar", "weekday"])
def test_weekdays_are_kept_where_asked(project, scenario_file, align):
    """One price per day of the year: which day stands for Monday, 6 March 2023, in a series of 2024?"""
    first = np.datetime64("2024-01-01T00")
    lines = [f"{first + np.timedelta64(h, 'h')}:00:00+00:00,{1 + h // 24}" for h in range(24 * 366)]
    (project / "models/essen/prices.csv").write_text("\n".join(["time,price", *lines, ""]))
    file = scenario_file(dynamic(f', align = "{align}"'), ("2023-01-10", "2023-03-06"))
    price = read_scenario(file).signals["prices.electricity"].values(TimeAxis.at("2023-03-06", DAY, 1)) * 3.6e9
    day = np.datetime64("2024-01-01") + np.timedelta64(round(price[0]) - 1, "D")
    if align == "weekday":
        assert (day - np.datetime64("2024-01-01")).astype(int) % 7 == 0  # a Monday, as 1 January 2024 was
        assert abs(day - np.datetime64("2024-03-06")) <= np.timedelta64(3, "D")
    else:
        assert abs(day - np.datetime64("2024-03-06")) <= np.timedelta64(1, "D")  # the leap day lies between


def test_shipped_prices_are_those_of_the_year():
    from pathlib import Path

    prices = read_series(Path(__file__).parents[2] / "models/essen/day_ahead_2024.csv")
    assert prices.axis == TimeAxis.at("2024-01-01", 3600, 8784, "Europe/Berlin")
    assert prices.steps.mean() == pytest.approx(79.46, abs=0.01)


def test_check_knows_series(project, capsys):
    series(project)
    assert main(["check", str(project / "models/essen/prices.csv"), "--json"]) in (None, 0)
    assert '"format": "series"' in capsys.readouterr().out


def test_gas_has_one_price(scenario_file):
    gas = 'gas = { value = 0.10, unit = "EUR/kWh", source = "test" }'
    windows = gas.replace("unit", 'windows = [{ hours = "00:00-06:00", value = 0.1 }], unit')
    assert "prices.gas cannot change with time" in complaint(scenario_file((gas, windows)))


def test_a_factor_is_a_value_or_a_series(scenario_file):
    assert "needs either value or series" in complaint(
        scenario_file((FLAT, 'electricity = { unit = "EUR/kWh", source = "x y z" }'))
    )


def test_iterations_are_stated_in_the_scenario(scenario_file):
    scenario = read_scenario(scenario_file(("[prices]", "[coupling]\niterations = 9\n\n[prices]")))
    assert (scenario.iteration.most, scenario.iteration.tolerance) == (9, 1e-6)
    assert read_scenario(scenario_file()).iteration is None


def test_times_without_an_offset_need_a_clock(project, scenario_file):
    series(project, start="2023-01-01T00:00:00")
    assert "is of no known clock" in complaint(scenario_file(dynamic()))
    scenario = read_scenario(scenario_file(dynamic(', clock = "+01:00"')))
    values = scenario.signals["prices.electricity"].values(TimeAxis(scenario.spans[0].start, 3600, 24))
    np.testing.assert_allclose(values * 3.6e9, np.arange(24))
