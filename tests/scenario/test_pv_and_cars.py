"""Solar modules and electric cars in a scenario: what they do to the numbers by which options are compared."""

import pytest

from twin.errors import TwinError
from twin.scenario.run import run

SUN = ("2023-01-10", "2023-06-12")
LAST = "share = 0.5\n"
OPTIONS = """\

[[option]]
name = "sun"
base = "today"
[[option.measure]]
kind = "pv"
where = "storeys_above_ground <= 2"

[[option]]
name = "sun and cars"
base = "sun"
[[option.measure]]
kind = "electric_cars"
cars_per_dwelling = 0.5
annual_km = 40000.0
"""


@pytest.fixture
def sunny(scenario_file):
    """The scenario in June, with an option for sun and one for sun and cars."""
    steps = ("[prices]", '[steps]\nev_charging = "15min"\nmeter = "15min"\n\n[prices]')
    return scenario_file(SUN, steps, (LAST, LAST + OPTIONS))


@pytest.fixture
def options(sunny):
    return run(sunny, options=["today", "sun", "sun and cars"]).options


def test_sun_lowers_what_is_bought_and_is_accounted_for(options):
    today, sun, _ = options
    assert sun.value("electricity_demand") == pytest.approx(today.value("electricity_demand"), rel=1e-12)
    own = sun.value("electricity_demand") - sun.value("grid_import")
    assert own > 0
    assert own + sun.value("grid_export") == pytest.approx(sun.value("pv_yield"), rel=1e-9)
    assert sun.value("self_consumption") == pytest.approx(100 * own / sun.value("pv_yield"), rel=1e-9)
    for option in options:
        gas, power = option.value("gas_demand"), option.value("grid_import")
        assert option.value("energy_cost") == pytest.approx(0.4 * power + 0.1 * gas, rel=1e-9)
        assert option.value("co2") == pytest.approx(0.4 * power + 0.2 * gas, rel=1e-9)


def test_without_sun_all_power_is_bought(options):
    today = options[0]
    assert today.value("grid_import") == pytest.approx(today.value("electricity_demand"), rel=1e-12)
    assert today.value("pv_yield") == today.value("grid_export") == today.value("unserved_energy") == 0


def test_cars_add_what_they_charge_and_get_what_they_want(options):
    _, sun, cars = options
    charged = cars.value("electricity_demand") - sun.value("electricity_demand")
    assert charged == pytest.approx(cars.value("ev_demand"), rel=1e-9)
    assert cars.value("unserved_energy") == 0
    assert cars.value("pv_yield") == sun.value("pv_yield")
    assert cars.value("gas_demand") == sun.value("gas_demand")


def test_the_ledger_says_what_modules_and_cars_rest_on(options):
    today, sun, cars = (" ".join(row.reason for row in option.ledger) for option in options)
    assert "Solar modules" not in today
    assert "Solar modules lie as the roof does" in sun
    assert "Cars come" not in sun
    assert "private charging points in the Netherlands" in cars
    rows = {(row.table, row.field) for row in options[2].ledger if row.source.startswith("measure")}
    assert {("pv_array", "power_w"), ("charging_point", "strategy"), ("vehicle", "battery_j")} <= rows


def test_two_runs_with_cars_give_the_same_bytes(sunny, project):
    for name in ("one", "two"):
        run(sunny, project / name, options=["sun and cars"])
    for file in ("series.nc", "indicators.csv", "ledger.csv"):
        one, two = (project / name / "options" / "sun-and-cars" / file for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_a_strategy_needs_cars_first(scenario_file):
    measure = (
        '\n[[option]]\nname = "smart"\n[[option.measure]]\nkind = "charging_strategy"\nstrategy = "voltage_aware"\n'
    )
    file = scenario_file((LAST, LAST + measure + 'where = "power_w > 5000"\n'))
    with pytest.raises(TwinError, match=r"there is no charging_point in option 'smart'; expected electric_cars before"):
        run(file)


def test_following_the_voltage_needs_a_grid(scenario_file):
    measure = '\n[[option.measure]]\nkind = "electric_cars"\ncars_per_dwelling = 0.5\nstrategy = "voltage_aware"\n'
    with pytest.raises(TwinError, match="follow the voltage, but the model has no electric grid"):
        run(scenario_file((LAST, LAST + measure)))
