"""Element facts of feeders with unlike phases: read, solved by hand, and held against the published kind."""

import csv
import json

import numpy as np
import phase_reference as reference
import pytest

from twin.errors import TwinError
from twin.grid.assemble import assemble
from twin.grid.formats.ieee_elements import is_ieee_elements, read_ieee_elements
from twin.grid.powerflow.limits import LimitedFlow


def facts(**changes):
    """One phase of a stiff source feeds a load over a line of 1 + 1j ohm."""
    whole = {
        "name": "two buses",
        "frequency_hz": 60.0,
        "buses": [bus("s", 1, 2, 3), bus("b", 1)],
        "sources": [source()],
        "lines": [line("l", "s.1", "b.1", [[1.0]], [[1.0]])],
        "loads": [load("x", "b.1", 100.0, 50.0, "const_impedance")],
    }
    return whole | changes


def bus(name, *nodes, volts=1000.0):
    return {"name": name, "kv_base_ln": volts / 1e3, "nodes": list(nodes), "x": 0.0, "y": 0.0}


def source(**changes):
    stiff = {"r1_ohm": 1e-9, "x1_ohm": 1e-6, "r0_ohm": 1e-9, "x0_ohm": 1e-6}
    return {"bus": "s", "kv_ll": 1.7320508075688772, "pu": 1.0, "angle_deg": 0.0, "phases": 3} | stiff | changes


def line(name, one, other, r, x, c=None):
    n = len(r)
    c = c or np.zeros((n, n)).tolist()
    return {"name": name, "bus1": one, "bus2": other, "phases": n, "r_ohm": r, "x_ohm": x, "c_nf": c}


def load(name, at, kw, kvar, model="const_power", kv=1.0, conn="wye", phases=1, limits=(0.8, 1.2)):
    known = {"name": name, "bus": at, "phases": phases, "kv": kv, "kw": kw, "kvar": kvar, "conn": conn, "model": model}
    return known | {"vminpu": limits[0], "vmaxpu": limits[1]}


def written(folder, whole):
    (folder / "network.json").write_text(json.dumps(whole))
    return folder


def voltages(grid, tolerance=1e-11):
    """Return the voltage of every phase node by the engine, V, by name."""
    assembled = assemble(grid)
    solution = LimitedFlow(assembled, tolerance).solve(assembled.power[None], "all")
    assert solution.status[0] == 0
    volts = solution.voltage[0][assembled.node] * reference.nodes(grid)[1]
    return dict(zip(grid.phase_node.ids.tolist(), volts, strict=True))


def test_an_impedance_behind_an_impedance(tmp_path):
    """A voltage divider: 1000 V over 1 + 1j ohm and V^2 / conj(S) = 8 + 4j ohm."""
    grid = read_ieee_elements(written(tmp_path, facts())).grid
    z = 1e6 / (100e3 - 50e3j)
    assert z == pytest.approx(8 + 4j)
    assert abs(voltages(grid)["b.1"] - 1000 * z / (z + 1 + 1j)) < 1e-4  # the source is not quite stiff


@pytest.mark.parametrize(
    ("model", "drawn"),
    [("const_power", lambda u: 1), ("const_current", lambda u: u), ("const_impedance", lambda u: u**2)],
)
def test_power_goes_with_voltage_as_the_model_says(tmp_path, model, drawn):
    whole = facts(loads=[load("x", "b.1", 50.0, 0.0, model)])
    volts = voltages(read_ieee_elements(written(tmp_path, whole)).grid)
    current = (volts["s.1"] - volts["b.1"]) / (1 + 1j)
    power = volts["b.1"] * np.conj(current)
    assert power == pytest.approx(50e3 * drawn(abs(volts["b.1"]) / 1000), rel=1e-6)


@pytest.mark.parametrize(
    ("number", "p", "q"), [(1, 0, 0), (2, 2, 2), (3, 0, 2), (4, 1, 2), (5, 1, 1), (6, 0, 0), (7, 0, 2)]
)
def test_load_models_by_number(tmp_path, number, p, q):
    """Exponents of the voltage in active and reactive power."""
    whole = facts(loads=[load("x", "b.1", 50.0, 30.0, number)])
    volts = voltages(read_ieee_elements(written(tmp_path, whole)).grid)
    power = volts["b.1"] * np.conj((volts["s.1"] - volts["b.1"]) / (1 + 1j))
    u = abs(volts["b.1"]) / 1000
    assert power == pytest.approx(50e3 * u**p + 30e3j * u**q, rel=1e-6)


def test_rated_voltage_of_a_load_other_than_the_nominal_one(tmp_path):
    """100 kW at 900 V is an impedance of 8.1 ohm, whatever the bus."""
    whole = facts(loads=[load("x", "b.1", 100.0, 0.0, "const_impedance", kv=0.9)])
    volts = voltages(read_ieee_elements(written(tmp_path, whole)).grid)
    assert abs(volts["b.1"]) == pytest.approx(abs(1000 * 8.1 / (9.1 + 1j)), rel=1e-7)


def test_a_load_between_two_phases_on_a_line_with_crossed_conductors(tmp_path):
    """Between phases 3 and 2: the loop holds twice own minus twice mutual impedance; matrices go by conductor."""
    whole = facts(
        buses=[bus("s", 1, 2, 3), bus("b", 2, 3)],
        lines=[line("l", "s.3.2", "b.3.2", [[1.0, 0.2], [0.2, 3.0]], [[2.0, 0.5], [0.5, 1.0]])],
        loads=[load("x", "b.2.3", 30.0, 0.0, "const_impedance", kv=1.7320508075688772, conn="delta")],
    )
    grid = read_ieee_elements(written(tmp_path, whole)).grid
    volts = voltages(grid)
    across = 1000 * (np.exp(-2j * np.pi / 3) - np.exp(2j * np.pi / 3))
    loop, own = 1.0 + 3.0 - 0.4 + 1j * (2.0 + 1.0 - 1.0), 3e6 / 30e3
    current = across / (loop + own)
    assert abs(volts["b.2"] - volts["b.3"] - current * own) < 1e-3
    assert abs(volts["s.2"] - volts["b.2"] - current * (3.0 + 1j - 0.2 - 0.5j)) < 1e-3


def test_a_regulator_lifts_by_its_ratio_and_its_impedance_is_on_the_untapped_side(tmp_path):
    winding = {"kv": 1.0, "kva": 100.0, "conn": "wye", "r_percent": 0.5}
    whole = facts(
        buses=[bus("s", 1, 2, 3), bus("r", 1)],
        lines=[line("dead end", "s.2", "s2.2", [[1.0]], [[1.0]])],
        transformers=[
            {
                "name": "reg",
                "phases": 1,
                "xhl_percent": 2.0,
                "windings": [winding | {"bus": "s.1", "tap": 1.0}, winding | {"bus": "r.1", "tap": 1.05}],
            }
        ],
        regcontrols=[{"name": "c", "transformer": "reg", "winding": 2, "solved_tap_number": 8}],
        loads=[load("x", "r.1", 40.0, 0.0, "const_impedance")],
    )
    whole["buses"].append(bus("s2", 2))
    grid = read_ieee_elements(written(tmp_path, whole)).grid
    assert grid.regulator["ratio_a"].tolist() == [1.05]
    assert len(grid.transformer) == 0
    seen = 1e6 / 40e3 / 1.05**2  # the load from the other side of the ratio
    z = (1.0 + 2.0j) / 100 * 1e6 / 100e3
    # 1 ppm of the rated power hangs at both windings, which is what is left
    assert abs(voltages(grid)["r.1"]) == pytest.approx(1.05 * 1000 * abs(seen / (seen + z)), rel=1e-6)


def test_a_line_without_impedance_is_a_switch(tmp_path):
    whole = facts()
    whole["buses"].append(bus("c", 1))
    whole["lines"].append(line("sw", "b.1", "c.1", [[1e-7]], [[0.0]]))
    grid = read_ieee_elements(written(tmp_path, whole)).grid
    assert grid.switch.ids.tolist() == ["sw"]
    assert grid.line.ids.tolist() == ["l"]
    volts = voltages(grid)
    assert volts["b.1"] == volts["c.1"]


def test_an_open_end_cuts_a_line_off(tmp_path):
    whole = facts(loads=[load("x", "s.1", 1.0, 0.0)])
    whole["lines"][0]["open_2"] = True
    with pytest.raises(TwinError, match="island"):
        read_ieee_elements(written(tmp_path, whole))


def test_loads_beyond_their_limits_become_impedances(tmp_path):
    """Above 1.05 a load of constant power is the impedance that it has there."""
    whole = facts(sources=[source(pu=1.1)], loads=[load("x", "b.1", 10.0, 0.0, limits=(0.95, 1.05))])
    volts = voltages(read_ieee_elements(written(tmp_path, whole)).grid)
    z = (1.05 * 1000) ** 2 / 10e3
    assert abs(volts["b.1"]) == pytest.approx(1100 * abs(z / (z + 1 + 1j)), rel=1e-7)


def test_every_problem_is_named_with_its_place(tmp_path):
    whole = facts(
        sources=[source(kv_ll="high")],
        lines=[line("l", "s.1", "b.one", [[1.0]], [[1.0, 2.0]]), {"name": "empty"}],
        loads=[load("x", "elsewhere.1", 1.0, 1.0), load("y", "b.1", 1.0, 1.0, model=8)],
    )
    with pytest.raises(TwinError) as caught:
        read_ieee_elements(written(tmp_path, whole))
    found = {(problem.place, problem.message) for problem in caught.value.problems}
    assert ("/sources/0/kv_ll", 'is "high"') in found
    assert ("/lines/0/bus2", "is 'b.one'") in found
    assert ("/lines/0/x_ohm", "is no such matrix") in found
    assert ("/lines/1", "bus1 is missing") in found
    assert ("/loads/1/model", "is 8") in found
    assert ("/loads/0", "x is at bus 'elsewhere', which is not among the buses") in found


def test_what_the_tables_cannot_hold_is_refused(tmp_path):
    whole = facts(loads=[load("x", "b.1.4", 1.0, 1.0)], generators=[{"name": "g"}])
    with pytest.raises(TwinError, match="1 generators, which this layout does not have"):
        read_ieee_elements(written(tmp_path, whole))
    with pytest.raises(TwinError, match="neutral conductor of its own"):
        read_ieee_elements(written(tmp_path, whole | {"generators": []}))


def unit(name, *windings, phases=1, x=1.0):
    keys = ("bus", "kv", "conn")
    stated = [{**dict(zip(keys, one, strict=True)), "kva": 100.0, "r_percent": 0.5, "tap": 1.0} for one in windings]
    return {"name": name, "phases": phases, "xhl_percent": x, "windings": stated}


def test_a_wye_capacitor_of_one_phase_leads_to_ground_whatever_node_follows(tmp_path):
    """In OpenDSS its second terminal is another bus, by default ground: 10 kvar at 1 kV are 0.01 S."""
    bank = {"name": "c", "bus": "b.1.2", "phases": 1, "kv": 1.0, "kvar": 10.0, "conn": "wye"}
    whole = facts(buses=[bus("s", 1, 2, 3), bus("b", 1, 2)], capacitors=[bank])
    whole["lines"] = [line("l", "s.1.2", "b.1.2", [[1.0, 0], [0, 1.0]], [[1.0, 0], [0, 1.0]])]
    shunt = read_ieee_elements(written(tmp_path, whole)).grid.shunt
    assert [shunt["phases"][0], shunt["connection"][0]] == ["a", "wye"]
    assert shunt["q_var"][0] == pytest.approx(-10e3)


def test_anti_float_reactances_of_a_star_between_phases_lie_twice_at_its_end(tmp_path):
    """As found in OpenDSS' primitive matrices: half a millionth at the beginning, all of it at a star's other end."""
    whole = facts(buses=[bus("s", 1, 2, 3), bus("b", 1, 2)], lines=[line("l", "s.3", "s.3", [[1.0]], [[1.0]])])
    whole["lines"] = [line("l", "s.1.2", "b.1.2", [[1.0, 0], [0, 1.0]], [[1.0, 0], [0, 1.0]])]
    whole["buses"].append(bus("e", 1, 2))
    whole["transformers"] = [unit("t", ("b.1.2", 1.0, "wye"), ("e.1.2", 1.0, "delta"))]
    shunt = read_ieee_elements(written(tmp_path, whole)).grid.shunt
    found = {(name, str(phases)): q for name, phases, q in zip(shunt.ids, shunt["phases"], shunt["q_var"], strict=True)}
    half = 100e3 * 1e-6 / 2
    assert found == {
        ("t.1.1 anti-float", "a"): pytest.approx(half),
        ("t.1.2 anti-float", "b"): pytest.approx(2 * half),
        ("t.2.1 anti-float", "ab"): pytest.approx(2 * half),
    }


def test_parts_that_hardly_anything_ties_to_ground_stand_where_it_puts_them(tmp_path):
    """Behind an open delta only anti-float reactances lead to ground: what they carry adds up to nothing.

    The common node of both windings bears two of them. Beside it a line of a tenth of a milliohm, whose rounding would
    move them, if voltages were found in one go.
    """
    short = (1e-4 * np.eye(3)).tolist()
    whole = facts(
        buses=[bus("s", 1, 2, 3), bus("b", 1, 2, 3), bus("e", 1, 2, 3)],
        lines=[line("l", "s.1.2.3", "b.1.2.3", short, short)],
        transformers=[
            unit("t", ("b.1.2", 1.732, "delta"), ("e.1.2", 1.732, "delta")),
            unit("u", ("b.1.3", 1.732, "delta"), ("e.1.3", 1.732, "delta")),
        ],
        loads=[load("x", "e.1.2", 20.0, 5.0, kv=1.732, conn="delta", limits=(0.1, 3.0))],
    )
    volts = voltages(read_ieee_elements(written(tmp_path, whole)).grid)
    assert abs(2 * volts["e.1"] + volts["e.2"] + volts["e.3"]) < 1e-3


@pytest.mark.parametrize(("sides", "group"), [(("wye", "delta"), "Yd1"), (("delta", "wye"), "Dy1")])
def test_a_star_whose_neutral_is_a_node_of_its_own_floats(tmp_path, sides, group):
    ends = [f"{at}.1.2.3{'.4' if conn == 'wye' else ''}" for at, conn in zip(("b", "e"), sides, strict=True)]
    one = unit("t", (ends[0], 1.732, sides[0]), (ends[1], 0.4, sides[1]), phases=3)
    part = (0.1 * np.eye(3)).tolist()
    whole = facts(
        buses=[bus("s", 1, 2, 3), bus("b", 1, 2, 3, 4), bus("e", 1, 2, 3, volts=230.9)],
        lines=[line("l", "s.1.2.3", "b.1.2.3", part, part)],
        transformers=[one],
        loads=[],
    )
    grid = read_ieee_elements(written(tmp_path, whole)).grid
    assert grid.transformer["vector_group"].tolist() == [group]
    assert sorted(grid.phase_node.ids[3:6]) == ["b.1", "b.2", "b.3"]
    shared = unit("u", (ends[0], 1.732, sides[0]), (ends[1], 0.4, sides[1]), phases=3)
    with pytest.raises(TwinError, match="neutral conductor of its own"):
        read_ieee_elements(written(tmp_path, whole | {"transformers": [one, shared]}))


def test_what_is_not_enabled_is_not_there(tmp_path):
    off = load("y", "b.1", 1e6, 0.0) | {"enabled": False}
    whole = facts(loads=[*facts()["loads"], off])
    assert read_ieee_elements(written(tmp_path, whole)).grid.load.ids.tolist() == ["x"]


def test_a_source_of_one_phase_is_refused(tmp_path):
    with pytest.raises(TwinError, match="/sources/0/phases: is 1"):
        read_ieee_elements(written(tmp_path, facts(sources=[source(phases=1)])))


def test_a_model_may_be_a_number_in_quotes(tmp_path):
    grid = read_ieee_elements(written(tmp_path, facts(loads=[load("x", "b.1", 9.0, 0.0, "2")]))).grid
    assert grid.load["const_z"].tolist() == [1.0]


def test_the_layout_is_told_by_its_content(tmp_path):
    assert is_ieee_elements(written(tmp_path, facts()))
    (tmp_path / "network.json").write_text('{"buses": 7}')
    assert not is_ieee_elements(tmp_path)
    (tmp_path / "network.json").write_text("no json")
    assert not is_ieee_elements(tmp_path)
    assert not is_ieee_elements(tmp_path / "nowhere")


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["ieee13", "ieee34"])
def test_ieee_feeders(shared, name):
    """Voltages of the OpenDSS engine at the taps it found, which are printed to 1e-9 pu."""
    folder = shared / "data" / "grids" / name
    grid = read_ieee_elements(folder).grid
    with (folder / "ref_voltages.csv").open(newline="") as file:
        known = {f"{row['bus']}.{row['node']}": float(row["v_pu"]) for row in csv.DictReader(file)}
    found = voltages(grid)
    base = dict(zip(found, reference.nodes(grid)[1], strict=True))
    assert found.keys() == known.keys()
    assert max(abs(abs(volts) / base[node] - known[node]) for node, volts in found.items()) < 2e-8


@pytest.mark.corpus
def test_the_engine_agrees_with_a_plain_solver(shared):
    grid = read_ieee_elements(shared / "data" / "grids" / "ieee34").grid
    base = reference.nodes(grid)[1]
    assert np.abs((np.array(list(voltages(grid).values())) - reference.solve(grid)) / base).max() < 1e-9
