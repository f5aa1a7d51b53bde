"""A city on a grid from a file: there and back, where buses lie, who is connected to which, what cannot be."""

import json
import logging
from dataclasses import replace

import numpy as np
import pytest
from pyproj import Transformer

from grid_case import houses, make_grid
from twin.engine.links import transfer
from twin.errors import TwinError
from twin.grid.assemble import assemble
from twin.grid.attach import attach, look, read_choice
from twin.grid.formats.pandapower_writer import write_pandapower
from twin.grid.layers import buses, lines, transformers
from twin.grid.model import ElectricGrid, make_table
from twin.grid.powerflow.network import GROUND, Connected
from twin.grid.powerflow.solve import PowerFlow
from twin.grid.settings import GridSettings
from twin.ledger import Ledger

EAST, NORTH = 360_000.0, 5_700_000.0
UTM = "EPSG:25832"
Z = (0.02, 0.01, 0.08, 0.04)


def street(n=12, **how):
    """Return a street of houses in Essen, every fourth of which has no customer."""
    places = np.column_stack([EAST + np.arange(n) // 2 * 30.0, NORTH + np.where(np.arange(n) % 2, 11.0, -12.0)])
    homes = np.where(np.arange(n) % 4, 1, 0)
    return replace(houses(places, homes, 100.0 * homes, **how), crs=UTM)


def plain(n=3, at=True, phases=3, **how):
    """Return a busbar and ``n`` buses along a cable, 25 m apart, before the houses of the street."""
    lines = [(k, k + 1, *Z) for k in range(1, n + 1)]
    volts = np.array([10_000.0] + [400.0] * (n + 1))
    grid = make_grid(lines, n + 2, phases, transformers=[(0, 1, 250e3, "Dyn5")], v_nom=volts, **how)
    if not at:
        return grid
    x = EAST + 25.0 * np.maximum(np.arange(n + 2) - 1.0, 0)
    place = make_table("bus", grid.bus.ids, {"v_nom_v": volts, "x_m": x, "y_m": np.full(n + 2, NORTH)})
    return replace(grid, bus=place)


def file_of(grid, folder, **changed):
    """Write a grid; ``changed`` holds new cells of buses, by column of that tool."""
    path = folder / "grid.json"
    write_pandapower(grid, path)
    net = json.loads(path.read_text())
    bus = json.loads(net["_object"]["bus"]["_object"])
    for name, cells in changed.items():
        for row, cell in zip(bus["data"], cells, strict=True):
            row[bus["columns"].index(name)] = cell
    net["_object"]["bus"]["_object"] = json.dumps(bus)
    path.write_text(json.dumps(net))
    return path


def on(path, city, ledger=None, **settings):
    inputs = {"grid": read_choice(path.as_posix(), Ledger()), "grid_settings": GridSettings(**settings)}
    return attach(look(city, inputs, Ledger()), inputs, ledger or Ledger())


def listed(folder, *rows):
    path = folder / "connections.csv"
    path.write_text("building,bus,phases\n" + "".join(f"{row}\n" for row in rows))
    return path.as_posix()


def served(city):
    """Return the identifier of every building's bus."""
    return city.table("bus").ids[city.table("connection")["bus"]].tolist()


def statements(ledger):
    return " ".join(rule.text for rule in ledger.statements)


def voltages(grid, power_w):
    """Return the voltage of every phase node for what is drawn where customers are connected."""
    made, nodes = assemble(grid), np.flatnonzero(grid.phase_node["connects"])
    n = len(nodes)
    ends = Connected(made.node[nodes], np.full(n, GROUND), np.ones(n), np.zeros(n), np.zeros(n))
    power = -power_w[:, :n].astype(complex) / made.network.base_va
    return PowerFlow(made.network, ends, 1e-12).solve(power, "all").voltage[:, made.node]


# -- there and back


def test_a_made_up_grid_written_and_read_back_is_the_same_one(tmp_path):
    city = street(40)
    made = attach(city, {"grid": "synthesize"}, Ledger())
    path = tmp_path / "grid.json"
    write_pandapower(ElectricGrid.of(made), path)
    again = on(path, city)
    assert served(again) == served(made)
    for name in ("bus", "phase_node", "line", "transformer"):
        assert again.table(name).ids.tolist() == made.table(name).ids.tolist()
    for name in ("x_m", "y_m", "z_m"):
        assert again.table("bus")[name] == pytest.approx(made.table("bus")[name], abs=1e-6)
    for one, other in zip(made.links, again.links, strict=True):
        assert (one.fine, one.coarse) == (other.fine, other.coarse)
        for field in ("rows", "cols", "weights"):
            assert getattr(one, field).tolist() == getattr(other, field).tolist()
    power = np.random.default_rng(3).uniform(0, 4e3, (4, len(made.table("phase_node"))))
    one, other = (voltages(ElectricGrid.of(c), power) for c in (made, again))
    assert np.abs(one).min() < 0.99
    assert np.abs(one - other).max() < 1e-9


def test_sources_give_way_only_if_they_are_meant_to(tmp_path):
    path = file_of(plain(short_circuit_va=5e6), tmp_path)
    soft, stiff = on(path, street()), on(path, street(), source_impedance=False)
    assert soft.table("grid_source")["short_circuit_va"].tolist() == [5e6]
    assert soft.table("grid_source")["rx_ratio"] == pytest.approx([0.3])
    assert soft.table("grid_source")["z0_z1_ratio"] == pytest.approx([2.0])
    assert np.isinf(stiff.table("grid_source")["short_circuit_va"]).all()


def test_the_frequency_of_the_file_counts(tmp_path):
    path = file_of(replace(plain(), frequency_hz=60.0), tmp_path)
    assert ElectricGrid.of(on(path, street())).frequency_hz == 60.0


# -- where buses lie


def degrees():
    turn = Transformer.from_crs(UTM, "EPSG:4326", always_xy=True)
    grid = plain()
    points = zip(*turn.transform(grid.bus["x_m"], grid.bus["y_m"]), strict=True)
    return [json.dumps({"type": "Point", "coordinates": list(point)}) for point in points]


def test_longitude_and_latitude_are_brought_to_the_citys_system(tmp_path):
    city = on(file_of(plain(), tmp_path, geo=degrees()), street())
    assert city.table("bus")["x_m"] == pytest.approx(plain().bus["x_m"], abs=1e-3)
    assert city.table("bus")["y_m"] == pytest.approx(plain().bus["y_m"], abs=1e-3)
    assert set(city.table("bus")["z_m"]) == {50.0}  # the ground below the houses


def test_another_system_has_to_be_named(tmp_path):
    grid = plain()
    x, y = Transformer.from_crs(UTM, "EPSG:25833", always_xy=True).transform(grid.bus["x_m"], grid.bus["y_m"])
    cells = [json.dumps({"type": "Point", "coordinates": list(point)}) for point in zip(x, y, strict=True)]
    path = file_of(grid, tmp_path, geo=cells)
    assert on(path, street(), crs="EPSG:25833").table("bus")["x_m"] == pytest.approx(grid.bus["x_m"], abs=1e-3)
    with pytest.raises(TwinError, match=r"grid\.json: no building is nearer than 4\d\d km .*\[grid\] crs"):
        on(path, street())
    with pytest.raises(TwinError, match="'EPSG:25' is no known reference system"):
        on(path, street(), crs="EPSG:25")
    with pytest.raises(TwinError, match="whose reference system is not known"):
        on(path, replace(street(), crs=None), crs="EPSG:25833")


def test_what_has_no_place_is_not_drawn(tmp_path):
    geo = [None if k in (1, 4) else point for k, point in enumerate(degrees())]
    city = on(file_of(plain(), tmp_path, geo=geo), street())
    assert buses(city)[2].tolist() == ["b0", "b2", "b3"]
    coordinates, offsets, ids = lines(city)
    assert ids.tolist() == ["l1"]
    assert offsets.tolist() == [0, 2]
    assert coordinates[:, 0] == pytest.approx(EAST + np.array([25.0, 50.0]), abs=1e-3)
    place, _, ids = transformers(city)  # its low-voltage busbar has no place
    assert ids.tolist() == ["t0"]
    assert place[0] == pytest.approx([EAST, NORTH, 50.5], abs=1e-3)


# -- who is connected to which


def test_houses_are_connected_to_the_nearest_bus_and_the_ledger_says_how_far(tmp_path):
    ledger = Ledger()
    city = on(file_of(plain(4), tmp_path), street(), ledger)
    assert served(city) == ["b1", "b1", "b2", "b2", "b3", "b3", "b5", "b5", "b5", "b5", "b5", "b5"]
    told = statements(ledger)
    assert "12 buildings are connected to the nearest bus of low voltage" in told
    assert "at most (building house 10)" in told  # 50 m east, 12 m south of the last bus
    assert "51 m at most" in told


def test_joints_and_busbars_connect_nobody_where_the_file_tells_them(tmp_path):
    assert set(served(on(file_of(plain(connects=[3]), tmp_path), street()))) == {"b3"}
    muffs = file_of(plain(), tmp_path, type=["b", "b", "m", "b", "b"])
    assert set(served(on(muffs, street()))) == {"b1", "b3", "b4"}


def test_what_keeps_houses_from_their_buses_is_said_before_anything_is_run(tmp_path):
    inputs = {"grid": read_choice(file_of(plain(at=False), tmp_path).as_posix(), Ledger())}
    with pytest.raises(TwinError, match="no bus of low voltage has coordinates, so that 12 buildings cannot find"):
        look(street(), inputs, Ledger())


def test_houses_far_from_their_bus_are_named(tmp_path, caplog):
    ledger = Ledger()
    with caplog.at_level(logging.WARNING, logger="twin"):
        on(file_of(plain(1), tmp_path), street(), ledger, longest_connection_m=60.0)
    assert "Doubtful: 6 of 12 buildings are farther than 60 m" in statements(ledger)
    assert caplog.text.count("building house 10 126 m: it may not be theirs") == 1


def test_a_file_says_which_bus_and_phases(tmp_path):
    rows = [f"house {k},b{2 + k % 3},{'L2' if k == 4 else 'ac' if k == 5 else ''}" for k in range(12)]
    city = on(file_of(plain(at=False), tmp_path), street(), connections=listed(tmp_path, *rows))
    assert served(city) == [f"b{2 + k % 3}" for k in range(12)]
    connection = city.table("connection")
    assert connection["phases"].tolist() == ["abc"] * 4 + ["b", "ca"] + ["abc"] * 6
    sizes = {name: len(table) for name, table in city.tables.items()}
    at = transfer(city.links, sizes, "building", "phase_node", extensive=True)(np.eye(12) * 600.0)
    assert at[4, 9:12].tolist() == [0, 600, 0]
    assert at[5, 12:15].tolist() == [300, 0, 300]
    assert at[3, 6:9] == pytest.approx([200] * 3)
    assert np.flatnonzero(city.table("phase_node")["connects"]).tolist() == list(range(6, 15))


def test_everything_that_is_wrong_with_it_is_said_at_once(tmp_path):
    path = file_of(plain(at=False), tmp_path)
    rows = ["house 0,b2,", "house 00,b2,", "house 1,b22,", "house 2,b3,d", "house 0,b3,"]
    rows += [f"house {k},b2," for k in range(3, 11)]
    with pytest.raises(TwinError) as error:
        on(path, street(), connections=listed(tmp_path, *rows))
    text = str(error.value)
    assert "connections.csv:3: building is 'house 00', but there is no such building" in text
    assert "connections.csv:4: bus is 'b22', but there is no such bus" in text
    assert "connections.csv:5: phases is 'd'; expected letters of a, b, c, or L1, L2, L3" in text
    assert "connections.csv:6: building house 0 is in line 2 already" in text
    assert "connections.csv: building house 11 is missing" in text
    assert len(error.value.problems) == 5


def test_buildings_that_are_not_listed_may_take_the_nearest(tmp_path):
    few = listed(tmp_path, "house 0,b4,a")
    city = on(file_of(plain(), tmp_path), street(), connections=few, unlisted="nearest")
    assert served(city)[:3] == ["b4", "b1", "b2"]


def test_an_option_may_add_and_take_away_buildings(tmp_path):
    rows = [f"house {k},b3," for k in range(12)]
    inputs = {"grid": read_choice(file_of(plain(), tmp_path).as_posix(), Ledger())}
    inputs["grid_settings"] = GridSettings(connections=listed(tmp_path, *rows))
    look(street(12), inputs, Ledger())
    assert served(attach(street(10), inputs, Ledger())) == ["b3"] * 10
    assert served(attach(street(14), inputs, Ledger())) == ["b3"] * 12 + ["b4"] * 2


def test_nothing_that_is_said_of_phases_is_lost(tmp_path):
    path = file_of(plain(at=False), tmp_path)
    rows = ["house 0,b2,lll", "house 1,b2,a,b", "house 2,b2, L1 / L3 ", 'house 3,b2,"a,b"']
    rows += [f"house {k},b2,,," for k in range(4, 12)]
    with pytest.raises(TwinError) as error:
        on(path, street(), connections=listed(tmp_path, *rows))
    first, second = error.value.problems
    assert "connections.csv:2: phases is 'lll'; expected letters" in str(first) + str(second)
    assert "connections.csv:3: has 'b' beyond the last column; expected phases such as L1L2" in str(first) + str(second)
    file = tmp_path / "named.csv"
    file.write_text("building,bus,Phase,since\n" + "".join(f"house {k},b2,a,2019\n" for k in range(12)))
    with pytest.raises(TwinError, match=r"named\.csv:1: there is a column 'Phase'.* did you mean 'phases'"):
        on(path, street(), connections=file.as_posix())
    file.write_text(file.read_text().replace("Phase", "phases"))
    assert set(on(path, street(), connections=file.as_posix()).table("connection")["phases"].tolist()) == {"a"}


def test_what_becomes_of_buildings_not_listed_needs_a_list(tmp_path):
    with pytest.raises(TwinError, match=r"grid\.unlisted is set, but there is no list; expected grid\.connections"):
        on(file_of(plain(), tmp_path), street(), unlisted="nearest")


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "has no header"), ("building,bus\n", "has no rows"), ("house,bus\na,b\n", "column building is missing")],
)
def test_files_of_connections_that_are_none(tmp_path, content, message):
    connections = tmp_path / "c.csv"
    connections.write_text(content)
    with pytest.raises(TwinError, match=message):
        on(file_of(plain(), tmp_path), street(), connections=connections.as_posix())


# -- what the file itself draws


def loaded(**how):
    columns = {"bus": np.array([2, 3]), "p_w": np.array([10e3, 20e3]), "q_var": np.zeros(2)}
    return replace(plain(**how), load=make_table("load", ["here", "there"], columns))


@pytest.mark.parametrize(("how", "kept"), [("drop", [20e3]), ("keep", [10e3, 20e3])])
def test_loads_of_the_file_give_way_to_buildings(tmp_path, how, kept):
    ledger = Ledger()
    rows = [f"house {k},b2," for k in range(12)]
    path = file_of(loaded(), tmp_path)
    city = on(path, street(), ledger, connections=listed(tmp_path, *rows), loads=how)
    assert city.tables["load"]["p_w"] == pytest.approx(kept)
    told = statements(ledger)
    assert ("Buildings stand for what the grid's file states at their buses: 1 of" in told) == (how == "drop")
    assert f"{len(kept)} of the table load ({sum(kept) / 1e3:.1f} kW)" in told


# -- phases


def test_a_grid_without_zero_sequence_stays_balanced(tmp_path):
    ledger = Ledger()
    city = on(file_of(plain(phases=1), tmp_path), street(), ledger, single_phase_share=1.0)
    assert "nothing is seen of their unbalance: 3 of 3 lines have no zero-sequence impedance" in statements(ledger)
    assert city.table("connection").missing("phases").all()
    sizes = {name: len(table) for name, table in city.tables.items()}
    at = transfer(city.links, sizes, "building", "phase_node", extensive=True)(np.ones((1, 12)))
    assert at[0].tolist() == np.bincount(city.table("connection")["bus"], minlength=5).tolist()


def test_houses_on_one_phase_take_turns_along_the_feeder():
    inputs = {"grid": "synthesize"}
    for share in (1.0, 0.5):
        settings = GridSettings(single_phase_share=share)
        city = attach(street(48), inputs | {"grid_settings": settings}, Ledger())
        connection = city.table("connection")
        single = np.char.str_len(connection["phases"]) == 1
        assert single.sum() == 48 * share
        lived_in = np.arange(48) % 4 > 0  # the others are planned for nothing
        for feeder in np.unique(connection["feeder"]):
            here = connection["phases"][single & lived_in & (connection["feeder"] == feeder)]
            counts = [(here == letter).sum() for letter in "abc"]
            assert max(counts) - min(counts) <= 1


def test_a_larger_share_keeps_the_single_phase_houses_of_a_smaller_one():
    some, more = (
        attach(
            street(48),
            {"grid": "synthesize", "grid_settings": GridSettings(single_phase_share=s, phase_choice="drawn")},
            Ledger(),
        ).table("connection")["phases"]
        for s in (0.3, 0.6)
    )
    single = np.char.str_len(some) == 1
    assert single.sum() == 14
    assert (more[single] == some[single]).all()


def test_large_buildings_keep_three_phases():
    city = street(12)
    homes = city.buildings["dwellings"].copy()
    homes[1] = 20
    city = city.with_table(city.buildings.put(city.buildings.column("dwellings"), homes))
    phases = attach(city, {"grid": "synthesize", "grid_settings": GridSettings(single_phase_share=1.0)}, Ledger())
    assert phases.table("connection")["phases"][1] == "abc"


# -- what cannot be


def test_settings_that_mean_nothing_are_refused():
    with pytest.raises(TwinError) as error:
        look(street(), {"grid": "synthesize", "grid_settings": GridSettings(loads="keep", crs=UTM)}, Ledger())
    assert [p.message for p in error.value.problems] == [
        "grid.crs is set, but the grid is made up",
        "grid.loads is set, but the grid is made up",
    ]
    with pytest.raises(TwinError, match=r"grid\.phase_choice is set, but there is no grid"):
        look(street(), {"grid": "none", "grid_settings": GridSettings(phase_choice="drawn")}, Ledger())


def test_a_grid_of_another_voltage_or_without_places(tmp_path):
    with pytest.raises(TwinError, match="no bus of low voltage has coordinates, so that 12 buildings cannot find"):
        on(file_of(plain(at=False), tmp_path), street())
    volts = np.full(3, 10_000.0)
    grid = make_grid([(0, 1, *Z), (1, 2, *Z)], 3, v_nom=volts)
    with pytest.raises(TwinError, match=r"no bus of low voltage .* lowest nominal voltage is 10000 V"):
        on(file_of(grid, tmp_path), street())
    city = on(file_of(grid, tmp_path), street(), connections=listed(tmp_path, *(f"house {k},b2," for k in range(12))))
    assert set(served(city)) == {"b2"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("grid.json", "", "cannot be read"),
        ("grid.json", "{}", "is no grid that we can read"),
        ("grid.txt", "hello", "is no grid that we can read"),
        ("grids.json", None, r"there is no file or folder 'grids\.json'; did you mean 'grid\.json'"),
    ],
)
def test_files_that_are_no_grid(tmp_path, name, content, message):
    (tmp_path / "grid.json").write_text("{}")
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(TwinError, match=message):
        read_choice((tmp_path / name).as_posix(), Ledger())


def test_a_bus_of_two_phases_connects_its_buildings_to_both(tmp_path):
    """OpenDSS: a line of phases 1 and 3 leads to the bus at which the building is."""
    script = tmp_path / "feeder.dss"
    script.write_text(
        "New Circuit.c bus1=a basekv=0.4 pu=1.0\n"
        "New Line.l bus1=a.1.3 bus2=b.1.3 phases=2 length=1 rmatrix=[0.01 | 0 0.01] xmatrix=[0.01 | 0 0.01] "
        "cmatrix=[0 | 0 0]\n"
        "New Load.d bus1=b.1 phases=1 kv=0.23 kw=1\nSet voltagebases=[0.4]\nCalcvoltagebases\n"
    )
    connections = listed(tmp_path, *(f"house {k},b,{'3' if k else ''}" for k in range(12)))
    city = on(script, street(), connections=connections)
    assert city.table("connection")["phases"].tolist() == ["ca"] + ["c"] * 11
    sizes = {name: len(table) for name, table in city.tables.items()}
    at = transfer(city.links, sizes, "building", "phase_node", extensive=True)(np.full((1, 12), 600.0))[0]
    ids = city.table("phase_node").ids.tolist()
    assert {ids[k]: at[k] for k in np.flatnonzero(at)} == {"b.1": 300, "b.3": 300 + 11 * 600}
    with pytest.raises(TwinError, match=r"connections\.csv:2: phases is 'L2', but bus b has ac only"):
        on(script, street(), connections=listed(tmp_path, "house 0,b,L2"), unlisted="nearest")
