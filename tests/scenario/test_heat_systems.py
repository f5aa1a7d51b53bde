"""Heating systems in a scenario: factors that must be stated for what is used, costs of all carriers, flexibility."""

import pytest

from twin.errors import TwinError
from twin.scenario.read import read_scenario
from twin.scenario.run import run

GAS_PRICE = 'gas = { value = 0.10, unit = "EUR/kWh", source = "test" }\n'
GAS_FACTOR = 'gas = { value = 0.2, unit = "kg/kWh", source = "test" }\n'
END = ("share = 0.5\n", "share = 0.5\n")


def option(name, *measures, base=None):
    """Return an option as it stands in a scenario file."""
    text = f'\n[[option]]\nname = "{name}"\n' + (f'base = "{base}"\n' if base else "")
    return text + "".join(f"[[option.measure]]\n{measure}\n" for measure in measures)


def with_options(*texts):
    return (END[0], END[1] + "".join(texts))


ALL_PUMPS = option("all pumps", 'kind = "heat_pump"\nwhere = "heated_floor_area_m2 > 0"')
OIL = option("oil", 'kind = "boiler"\nfuel = "oil"\nshare = 0.2')


def test_what_is_burned_must_have_a_price_and_an_emission_factor(scenario_file):
    scenario = read_scenario(scenario_file((GAS_PRICE, ""), (GAS_FACTOR, ""), with_options(OIL)))
    with pytest.raises(TwinError) as caught:
        run(scenario)
    messages = [str(problem) for problem in caught.value.problems]
    assert len(messages) == 4
    assert any("prices.gas is missing, which option 'today' needs" in m for m in messages)
    assert any(
        "emissions.oil is missing, which option 'oil' needs: CO2 equivalents of heating oil" in m for m in messages
    )


def test_a_quarter_without_gas_needs_no_price_of_gas(scenario_file):
    scenario = read_scenario(scenario_file((GAS_PRICE, ""), (GAS_FACTOR, ""), with_options(ALL_PUMPS)))
    (only,) = run(scenario, options=["all pumps"]).options
    assert only.value("energy_cost") > 0
    assert only.value("energy_cost") == pytest.approx(0.40 * only.value("grid_import"))
    assert 1.5 < only.value("seasonal_performance_factor") < 3.0  # at -7 degC


PRICES = {"oil": (0.12, 0.3), "biomass": (0.08, 0.03), "district_heat": (0.15, 0.1)}


def test_costs_and_emissions_are_those_of_all_carriers(scenario_file):
    prices = "".join(f'{k} = {{ value = {p}, unit = "EUR/kWh", source = "test" }}\n' for k, (p, _) in PRICES.items())
    factors = "".join(f'{k} = {{ value = {e}, unit = "kg/kWh", source = "test" }}\n' for k, (_, e) in PRICES.items())
    mixed = option(
        "mixed",
        'kind = "boiler"\nfuel = "oil"\nshare = 0.3',
        'kind = "boiler"\nfuel = "biomass"\nshare = 0.2',
        'kind = "district_heat"\nshare = 0.1',
    )
    replacements = ((GAS_PRICE, GAS_PRICE + prices), (GAS_FACTOR, GAS_FACTOR + factors), with_options(mixed))
    (one,) = run(read_scenario(scenario_file(*replacements)), options=["mixed"]).options
    carriers = {"gas": (0.10, 0.2), **PRICES}
    demand = {carrier: one.value(f"{carrier}_demand") for carrier in carriers}
    assert min(demand.values()) > 0
    electricity = one.value("grid_import")
    cost = 0.40 * electricity + sum(demand[k] * price for k, (price, _) in carriers.items())
    emitted = 0.4 * electricity + sum(demand[k] * factor for k, (_, factor) in carriers.items())
    assert one.value("energy_cost") == pytest.approx(cost)
    assert one.value("co2") == pytest.approx(emitted)


TARIFF = (
    'electricity = { value = 0.40, unit = "EUR/kWh"',
    'electricity = { value = 0.40, windows = [{ hours = "01:00-05:00", value = 0.1 }], unit = "EUR/kWh"',
)


def flexible(params):
    return option("flexible", f'kind = "thermal_flexibility"\n{params}', base="all pumps")


def test_heating_ahead_of_time_saves_money_and_costs_some_heat(scenario_file):
    file = scenario_file(
        TARIFF, with_options(ALL_PUMPS, flexible('signal = "price"\nwhere = "heated_floor_area_m2 > 0"'))
    )
    plain, shifted = run(read_scenario(file), options=["all pumps", "flexible"]).options
    assert shifted.value("energy_cost") < 0.99 * plain.value("energy_cost")
    assert shifted.value("space_heating_demand") > 0.9 * plain.value("space_heating_demand")


def test_a_price_that_never_changes_changes_nothing(scenario_file):
    file = scenario_file(with_options(ALL_PUMPS, flexible('signal = "price"\nwhere = "heated_floor_area_m2 > 0"')))
    plain, same = run(read_scenario(file), options=["all pumps", "flexible"]).options
    for indicator in ("energy_cost", "space_heating_demand", "peak_load"):
        assert same.value(indicator) == plain.value(indicator)


def test_the_grid_can_ask_for_heat_in_a_loop(scenario_file):
    grid = ('archetypes = "tabula-de"', 'archetypes = "tabula-de"\ngrid = "synthesize"')
    params = 'signal = "grid"\nvoltage_low_pu = 0.985\nvoltage_high_pu = 1.05\nwhere = "heated_floor_area_m2 > 0"'
    file = scenario_file(grid, with_options(ALL_PUMPS, flexible(params)))
    plain, careful = run(read_scenario(file), options=["all pumps", "flexible"]).options
    assert careful.value("peak_load") != plain.value("peak_load")


def test_what_a_measure_or_a_simulator_refuses_names_line_and_option(scenario_file):
    file = scenario_file(with_options(option("stores", 'kind = "heat_buffer"')))
    with pytest.raises(TwinError, match=r"\.toml:\d+: heat_buffer: \d+ of the .* neither heat pump"):
        run(read_scenario(file))
    file = scenario_file(with_options(ALL_PUMPS, flexible('signal = "grid"\nwhere = "heated_floor_area_m2 > 0"')))
    with pytest.raises(TwinError, match=r"\.toml: option 'flexible': thermal_flexibility follows the grid"):
        run(read_scenario(file))
