"""The contract of every simulator, in a quarter with every kind of measure: any cut gives the same, to 1e-9."""

import numpy as np
import pytest

from twin.engine.coupling import Coupling
from twin.registry import wings
from twin.scenario.option import make_job
from twin.scenario.prepare import prepare
from twin.scenario.read import read_scenario
from twin.scenario.schema import measure_specs

STEPPED = ("grid", "ev_charging", "battery", "street_battery", "meter")
HEADER = (
    ('archetypes = "tabula-de"', 'archetypes = "tabula-de"\ngrid = "synthesize"\nholidays = "DE-NW"'),
    ("2023-01-10", "2023-03-25"),  # with the change to summer time
    (
        "[prices]",
        '[people]\nprofiles = "stochastic"\n\n[steps]\n'
        + "\n".join(f'{name} = "15min"' for name in STEPPED)
        + "\n\n[prices]",
    ),
    (
        'electricity = { value = 0.40, unit = "EUR/kWh"',
        'electricity = { value = 0.40, windows = [{ hours = "01:00-05:00", value = 0.1 }], unit = "EUR/kWh"',
    ),
)
EVERYTHING = """
[[option]]
name = "everything"

"""
MEASURES = {
    "demolish": "share = 0.03",
    "add_storeys": "share = 0.1\nstoreys = 2",
    "new_building": """id = "tower"
at = [360540.0, 5706860.0]
width_m = 20.0
depth_m = 15.0
height_m = 40.0
year_of_construction = 2020""",
    "insulation": 'refurbishment = "usual"\nshare = 0.2',
    "windows": "window_u_w_m2k = 0.95\nwindow_g = 0.5\nshare = 0.2",
    "airtightness": "n50_1_h = 1.5\nshare = 0.2",
    "shading_devices": "share = 0.2",
    "ventilation_system": "share = 0.2",
    "night_ventilation": "share = 0.2",
    "building_automation": "heating_setback_degc = 16.0\nshare = 0.2",
    "usage": 'use_type = "OFFICE"\nsecondary_use_type = "RETAIL"\nsecondary_use_share = 0.3\nshare = 0.1',
    "rebound": 'take_back_k = 0.5\nreference = "test"\nshare = 0.2',
    "performance_gap": 'heating_use_factor = 0.8\nreference = "test"\nshare = 0.2',
    "set_point": "heating_set_point_degc = 19.0\nshare = 0.1",
    "boiler": 'fuel = "oil"\nshare = 0.2',
    "district_heat": "share = 0.2",
    "electric_heating": "share = 0.3",
    "heat_pump": "share = 0.5",
    "heat_buffer": "where = \"heating_system == 'heat_pump'\"\nshare = 0.6",
    "heating_control": 'where = "heat_buffer_volume_m3 > 0"\nshare = 0.5\nstrategy = "price"',
    "thermal_flexibility": 'where = "heating_system == \'heat_pump\'"\nshare = 0.6\nsignal = "solar_surplus"',
    "cooling": "share = 0.3\ncapacity_kw = 20.0",
    "pv": "share = 0.5",
    "solar_thermal": "share = 0.3",
    "battery": "share = 0.3\ncapacity_kwh = 8.0",
    "electric_cars": "cars_per_dwelling = 1.0",
    "charging_strategy": 'share = 0.5\nstrategy = "voltage_aware"\nvoltage_high_pu = 0.99\nvoltage_low_pu = 0.96',
    "public_charging": 'share = 0.05\npoints = 2\npatience = "15min"',
    "depot_charging": 'share = 0.02\nfleet = "vans"\nvehicles = 5\npoints = 2',
    "street_battery": "capacity_kwh = 100.0",
    "reinforce_lines": "share = 0.2",
    "reinforce_transformers": "share = 0.5",
    "fixed_tap": "tap = -1",
    "tap_changer": "share = 0.5",
    "inverter_control": 'share = 0.5\nvolt_var = "vde_ar_n_4105"\nvolt_watt = "ieee_1547"',
    "line_outage": "share = 0.02\nstart = 2023-03-25T18:30:00\nhours = 2.0",
    "transformer_outage": "share = 0.2\nstart = 2023-03-26T03:00:00\nhours = 0.7",
}


@pytest.fixture
def scenario(scenario_file):
    text = EVERYTHING + "".join(f'[[option.measure]]\nkind = "{kind}"\n{how}\n\n' for kind, how in MEASURES.items())
    return read_scenario(scenario_file(*HEADER, ("share = 0.5\n", "share = 0.5\n" + text)))


def written(scenario, window_s):
    """Return all that every simulator writes, by (simulator, quantity), over the whole run."""
    graph = make_job(scenario, prepare(scenario, [scenario.option("everything")])[0]).graph
    kept = {}

    def listening(simulator, advance):
        def advance_and_keep(window, inputs):
            outputs = advance(window, inputs)
            for write in simulator.writes:
                kept.setdefault((simulator.name, write.quantity), []).append(np.array(outputs[write.quantity]))
            return outputs

        return advance_and_keep

    for simulator in graph.simulators:
        simulator.advance = listening(simulator, simulator.advance)
    span = scenario.spans[0]
    Coupling(graph, window_s=window_s).run(span.start - scenario.warm_up_s, span.end, scenario.seed, [span.start])
    return {key: np.concatenate(parts) for key, parts in kept.items()}


def test_every_measure_and_every_simulator_takes_part(scenario):
    assert set(MEASURES) == set(measure_specs())
    graph = make_job(scenario, prepare(scenario, [scenario.option("everything")])[0]).graph
    assert {s.name for s in graph.simulators} == {entry.name for wing in wings() for entry in wing.simulators}


def test_any_cut_gives_the_same(scenario):
    whole = written(scenario, None)
    for window_s in (3600, 7 * 3600):
        cut = written(scenario, window_s)
        assert set(cut) == set(whole)
        for key, values in whole.items():
            np.testing.assert_allclose(cut[key], values, rtol=1e-9, atol=1e-6, err_msg=str(key))


def test_two_runs_are_the_same_to_the_last_bit(scenario):
    one, two = written(scenario, None), written(scenario, None)
    assert all(np.array_equal(one[key], two[key]) for key in one)
