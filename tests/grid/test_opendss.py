"""OpenDSS scripts: what the reader makes of them, and a made-up unbalanced feeder against the OpenDSS engine."""

import contextlib
import csv
from pathlib import Path

import numpy as np
import phase_reference as reference
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twin.errors import TwinError
from twin.grid.assemble import assemble
from twin.grid.formats.opendss import read_opendss
from twin.grid.powerflow.limits import LimitedFlow

FEEDER = Path(__file__).parent / "made_feeder"
SMALL = "New Circuit.small basekv=12.47 bus1=a\n"


def written(folder, text):
    path = folder / "feeder.dss"
    path.write_text(text)
    return path


def read(folder, text):
    return read_opendss(written(folder, text)).grid


def row(table, name):
    return {column: table[column][table.index(name)] for column in table.names}


def matrices(grid, name):
    """Return impedance (ohm) and capacitance (F) of a line as matrices over the phases."""
    z, c = np.zeros((2, 3, 3), dtype=complex)
    table, line = grid.line_matrix, grid.line.index(name)
    for k in np.flatnonzero(table["line"] == line):
        i, j = table["phase_a"][k], table["phase_b"][k]
        z[i, j] = z[j, i] = (table["r_ohm_m"][k] + 1j * table["x_ohm_m"][k]) * grid.line["length_m"][line]
        c[i, j] = c[j, i] = table["c_f_m"][k] * grid.line["length_m"][line]
    return z, c.real


# --- the made-up feeder


@pytest.mark.parametrize("name", ["feeder", "low"])
def test_voltages_of_the_opendss_engine(name):
    """37 nodes behind a delta-wye transformer and regulators, with capacitors and all load models; low: vminpu acts.

    Made by the OpenDSS engine (dss_python_backend 0.14.5, tolerance 1e-10) from the same scripts.
    """
    grid = read_opendss(FEEDER / f"{name}.dss").grid
    base, ids = reference.nodes(grid)[1], grid.phase_node.ids.tolist()
    with (FEEDER / f"{name}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    known = {
        f"{one['bus']}.{one['node']}": float(one["v_volt"]) * np.exp(1j * np.radians(float(one["angle_deg"])))
        for one in rows
    }
    assert set(known) == set(ids)
    expected = np.array([known[node] for node in ids]) / base
    assembled = assemble(grid)
    solution = LimitedFlow(assembled, 1e-11).solve(assembled.power[None], "all")
    assert np.abs(solution.voltage[0][assembled.node] - expected).max() < 1e-6
    assert np.abs(reference.solve(grid, 1e-9) / base - expected).max() < 1e-6


def test_where_no_load_leaves_its_limits_they_change_nothing():
    grid = read_opendss(FEEDER / "feeder.dss").grid
    wide = grid.load.put(grid.load.column("v_max_pu"), 2.0).put(grid.load.column("v_min_pu"), 0.1)
    plain = grid.load.put(wide.column("v_max_pu"), np.inf).put(wide.column("v_min_pu"), 0.0)
    found = []
    for load in (wide, plain):
        assembled = assemble(type(grid)(**{**vars_of(grid), "load": load}))
        found.append(LimitedFlow(assembled, 1e-11).solve(assembled.power[None]).voltage)
    assert np.abs(found[0] - found[1]).max() < 1e-14


def vars_of(grid):
    return {name: getattr(grid, name) for name in grid.__dataclass_fields__}


def test_limits_step_by_step_are_those_of_all_steps_together():
    grid = read_opendss(FEEDER / "feeder.dss").grid
    assembled = assemble(grid)
    power = assembled.power * np.linspace(0.2, 1.6, 5)[:, None]
    together = LimitedFlow(assembled, 1e-11).solve(power)
    assert (together.status == 0).all()
    for step in range(5):
        alone = LimitedFlow(assembled, 1e-11).solve(power[step : step + 1])
        assert np.abs(alone.voltage[0] - together.voltage[step]).max() < 1e-9


def test_a_step_without_solution_is_flagged():
    grid = read_opendss(FEEDER / "feeder.dss").grid
    steady = grid.load.put(grid.load.column("v_min_pu"), 0.0)  # no load gives way
    assembled = assemble(type(grid)(**{**vars_of(grid), "load": steady}))
    solution = LimitedFlow(assembled).solve(assembled.power * np.array([[1.0], [200.0]]))
    assert solution.status.tolist() == [0, 2]
    assert not solution.voltage[1].any()


def test_what_is_left_out_is_listed():
    notes = []
    read_opendss(FEEDER / "feeder.dss", notes)
    texts = [str(note) for note in notes]
    assert any("feeder.dss:14: regcontrol reg_a: the property vreg is left out" in text for text in texts)
    assert any("regcontrol reg_c controls nothing: the taps are as given" in text for text in texts)
    assert any("the command calcvoltagebases is left out" in text for text in texts)


def test_taps_by_number_by_array_and_untouched():
    grid = read_opendss(FEEDER / "feeder.dss").grid
    # 32 steps between 0.9 and 1.1
    ratios = [row(grid.regulator, f"reg_{phase}")[f"ratio_{phase}"] for phase in "abc"]
    assert ratios == pytest.approx([1 + 7 * 0.00625, 1 - 3 * 0.00625, 1.03125])


# --- the language


def test_words_comments_quotes_and_continuation(tmp_path):
    text = """
    /* a block
    New Nonsense.x */
    clear
    New object=circuit.small
    ~ BaseKV = 12.47, bus1=a   ! the source
    // New Line.not bus1=a bus2=z
    NEW "Line.one" Bus1=a Bus2=b
    more length=(3 2 /)  r1={.1} r0=[.1] x1='.2' x0=".2"
    More c1=0 c0=0
    new load.x 3 b 12.47 100 .9
    load.x.kw=50
    """
    grid = read(tmp_path, text)
    assert grid.line.ids.tolist() == ["one"]
    z, c = matrices(grid, "one")
    assert z == pytest.approx((0.15 + 0.3j) * np.eye(3))
    assert not c.any()
    assert row(grid.load, "x")["p_w"] == pytest.approx(50e3)
    assert row(grid.load, "x")["q_var"] == pytest.approx(50e3 * np.tan(np.arccos(0.9)))


def test_names_may_be_cut_short(tmp_path):
    grid = read(tmp_path, SMALL + "New Load.x bus1=a kv=12.47 mod=2 kw=5 kva=3 ph=3")
    assert row(grid.load, "x")["const_z"] == 1.0


@pytest.mark.parametrize(
    ("words", "kw", "kvar"),
    [
        ("kw=10", 10, 5.397428),
        ("kw=10 kvar=5 pf=.9", 10, 5),
        ("kvar=5 kw=10", 10, 5.397428),
        ("kw=5 pf=-.8", 5, -3.75),
        ("kva=3", 2.64, 1.424921),
        ("kw=5 pf=-.8\n~ kvar=2\n~ kw=10", 10, 4),
        ("kw=-5 pf=.9", -5, -2.421610),
    ],
)
def test_power_of_a_load_by_what_was_named_last(tmp_path, words, kw, kvar):
    """As the OpenDSS engine answers to the same words."""
    load = row(read(tmp_path, f"{SMALL}New Load.x bus1=a kv=12.47 {words}").load, "x")
    assert [load["p_w"], load["q_var"]] == pytest.approx([kw * 1e3, kvar * 1e3], rel=1e-6)


@pytest.mark.parametrize(
    ("words", "own", "mutual", "nanofarad"),
    [
        ("linecode=q length=2 units=km", 1 + 0.8j, 0.4 + 0.4j, 50 / 3),
        ("linecode=q length=2000 units=m", 1 + 0.8j, 0.4 + 0.4j, 50 / 3),
        ("linecode=q length=2", 1 + 0.8j, 0.4 + 0.4j, 50 / 3),
        ("units=ft linecode=q length=1000", 0.1524 + 0.12192j, 0.06096 + 0.06096j, 2.54),
        ("linecode=q length=2 units=km r1=5", 21.8 / 3 + 0.8j, -8.2 / 3 + 0.4j, 50 / 3),
        ("length=2 r1=.1 x1=.2 r0=.1 x0=.2 b1=3 b0=3", 0.2 + 0.4j, 0, 6e3 / (2 * np.pi * 60)),
        ("switch=y", 1e-3 + 1e-3j, 0, 1.0666666667e-3),
    ],
)
def test_lines_by_code_by_sequence_and_in_other_units(tmp_path, words, own, mutual, nanofarad):
    """As the OpenDSS engine's primitive admittances have it."""
    code = "New LineCode.q nphases=3 r1=.3 x1=.2 r0=.9 x0=.8 c1=10 c0=5 units=km\n"
    z, c = matrices(read(tmp_path, f"{SMALL}{code}New Line.l bus1=a bus2=b {words}"), "l")
    assert z[0, 0] == pytest.approx(own, rel=1e-9)
    assert z[1, 0] == pytest.approx(mutual, rel=1e-9, abs=1e-12)
    assert c[0, 0] * 1e9 == pytest.approx(nanofarad, rel=1e-9)


def test_matrices_go_by_conductor(tmp_path):
    text = SMALL + "New Line.l phases=2 bus1=a.3.1 bus2=b.3.1 rmatrix=[1|.1 2] xmatrix=[3|.3 4] cmatrix=[5|-1 6]"
    z, c = matrices(read(tmp_path, text), "l")
    assert z[2, 2] == pytest.approx(1 + 3j)
    assert z[0, 0] == pytest.approx(2 + 4j)
    assert z[0, 2] == pytest.approx(0.1 + 0.3j)
    assert c[2, 2] == pytest.approx(5e-9)


@pytest.mark.parametrize(
    ("words", "z1", "z0"),
    [
        ("isc3=5000 isc1=4000", 0.280056017 + 1.120224067j, 0.640014707 + 1.920044121j),
        ("mvasc3=500 mvasc1=400 x1r1=7 x0r0=2", 0.028284271 + 0.197989899j, 0.160899878 + 0.321799755j),
        ("z1=[.1 .3] z0=[.2 .4]", 0.1 + 0.3j, 0.2 + 0.4j),
    ],
)
def test_impedance_of_the_source(tmp_path, words, z1, z0):
    """As the OpenDSS engine answers to the same words."""
    source = row(
        read(tmp_path, f"New Circuit.c basekv=10 bus1=a {words}\nNew Load.x bus1=a kv=10").grid_source, "source"
    )
    size = 10e3**2 / source["short_circuit_va"]
    assert size == pytest.approx(abs(z1), rel=1e-6)
    assert source["rx_ratio"] == pytest.approx(z1.real / z1.imag, rel=1e-6)
    assert size * source["z0_z1_ratio"] == pytest.approx(abs(z0), rel=1e-6)
    assert source["rx0_ratio"] == pytest.approx(z0.real / z0.imag, rel=1e-6)


def test_transformers_by_winding_by_array_and_by_code(tmp_path):
    text = f"""{SMALL}
    New XfmrCode.c phases=3 kvs=[12.47 .4] kvas=[400 400] conns=(delta wye) xhl=5 %loadloss=1.2
    New Transformer.one xfmrcode=c buses=[a b]
    New Transformer.two windings=2 xhl=5
    ~ wdg=1 bus=a conn=delta kv=12.47 kva=400 %r=.6
    ~ wdg=2 bus=c conn=wye kv=.4 %r=.6 tap=1.05
    New Transformer.three like=two buses=[a d] leadlag=lead taps=[1 1]
    """
    table = read(tmp_path, text).transformer
    one, two, three = (row(table, name) for name in ("one", "two", "three"))
    assert one["vector_group"] == two["vector_group"] == "Dyn1"
    assert three["vector_group"] == "Dyn11"
    for column in ("s_rated_va", "hv_rated_v", "vk_pct", "vkr_pct"):
        assert one[column] == pytest.approx(two[column])
    assert [one["lv_rated_v"], two["lv_rated_v"]] == pytest.approx([400, 420])
    assert one["vk_pct"] == pytest.approx(np.hypot(5, 1.2))


WYE, DELTA = ("1.0", "2.0", "3.0"), ("1.2", "2.3", "3.1", "2.1", "3.2", "1.3")
UNITS = [(one, one) for one in WYE] + [(one, other) for one in DELTA[:2] for other in (one, one[::-1])]
UNITS += [(one, two) for one in WYE for two in DELTA if one[0] in two]


@pytest.mark.parametrize(("high", "low"), UNITS)
def test_single_phase_units_between_any_phases(tmp_path, high, low):
    """The voltage across the low winding is in phase with that across the high one, whichever they lie between."""
    kv = [7.2 if side.endswith("0") else 12.47 for side in (high, low)]
    conns = ["wye" if side.endswith("0") else "delta" for side in (high, low)]
    text = f"""New Circuit.c basekv=12.47 bus1=a mvasc3=1e9 mvasc1=1e9
    New Transformer.t phases=1 buses=[a.{high} b.{low}] conns=[{conns[0]} {conns[1]}] xhl=1
    ~ kvs=[{kv[0]} {kv[1] / 10}] kvas=[1000 1000]
    New Load.x bus1=b.{low} phases=1 kv={kv[1] / 10} kw=1 kvar=0 conn={conns[1]}
    SetkVBase bus=b kvll=1.247
    """
    grid = read(tmp_path, text)
    assembled = assemble(grid)
    pu = LimitedFlow(assembled).solve(assembled.power[None], "all").voltage[0][assembled.node]
    volts = dict(zip(grid.phase_node.ids.tolist(), pu * reference.nodes(grid)[1], strict=True)) | {"a.0": 0, "b.0": 0}
    across = [volts[f"{bus}.{side[0]}"] - volts[f"{bus}.{side[2]}"] for bus, side in (("a", high), ("b", low))]
    assert across[1] * 10 / kv[1] == pytest.approx(across[0] / kv[0], rel=1e-4)


@pytest.mark.parametrize("buses", ["[a.1.0 b.2.0]", "[a.1.0 b.2.3]", "[a.1.2 b.2.3]", "[a.1.0 b.1.4]"])
def test_units_without_a_vector_group_are_refused(tmp_path, buses):
    text = f"New Transformer.t phases=1 buses={buses} kvs=[7.2 .4]\nNew Load.x bus1=a kv=12.47"
    with pytest.raises(TwinError, match=r"joins unlike phases|neutral conductor"):
        read(tmp_path, SMALL + text)


def test_nominal_voltages_spread_and_take_the_nearest_base(tmp_path):
    text = f"""{SMALL}
    New Transformer.t buses=[a b] kvs=[12.47 .42]
    New Transformer.u buses=[a c] kvs=[12.47 .42]
    New Line.l bus1=b bus2=d
    Set VoltageBases=[12.47 .4]
    SetkVBase bus=c kvll=.41
    """
    bus = read(tmp_path, text).bus
    volts = dict(zip(bus.ids.tolist(), bus["v_nom_v"].tolist(), strict=True))
    assert volts == pytest.approx({"a": 12470, "b": 400, "c": 410, "d": 400})


def test_load_shapes_from_arrays_and_files(tmp_path):
    (tmp_path / "p.csv").write_text("hour,p\n1,0.5\n2,0.25\n")
    text = f"""{SMALL}
    New LoadShape.day npts=2 interval=1 mult=(file=P.csv, column=2, header=yes) qmult=[1 2]
    New LoadShape.flat npts=4 minterval=30 mult=(1 2 3 4)
    New Load.x bus1=a kv=12.47 kw=10 kvar=4 daily=day
    New Load.y bus1=a kv=12.47 kw=10 kvar=4 model=4 yearly=flat
    New Load.z bus1=a kv=12.47 kw=10 kvar=4
    """
    case = read_opendss(written(tmp_path, text))
    power = case.power_over_time["load"]
    of = {name: power[:, k] / 1e3 for k, name in enumerate(case.grid.load.ids.tolist())}
    assert of["x"] == pytest.approx(np.array([5 + 4j, 2.5 + 8j, 5 + 4j, 2.5 + 8j]))
    assert of["y I"] == pytest.approx(np.array([10, 20, 30, 40]))
    assert of["y Z"] == pytest.approx(4j * np.arange(1, 5))
    assert of["z"] == pytest.approx(np.full(4, 10 + 4j))


def test_many_at_once_switched_and_disabled(tmp_path):
    text = f"""{SMALL}
    New Line.l bus1=a bus2=b
    New Line.m bus1=a bus2=b
    New Line.off bus1=a bus2=z enabled=no
    New Load.x1 bus1=b kv=12.47
    New Load.x2 bus1=b kv=12.47
    New Load.y bus1=b kv=12.47
    BatchEdit Load.x. kw=7 kvar=0
    Open Line.m 2
    Set LoadMult=.5
    """
    notes = []
    grid = read_opendss(written(tmp_path, text), notes).grid
    assert [row(grid.load, name)["p_w"] for name in ("x1", "x2", "y")] == pytest.approx([3500, 3500, 5000])
    assert [grid.switch["closed"].tolist(), grid.switch["element"].tolist()] == [[False], [1]]
    assert "z" not in grid.bus.ids
    assert any("line off is not enabled" in str(note) for note in notes)


# --- what is not understood


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("New Lien.x bus1=a", "2: elements of class 'lien' are not read; did you mean 'line'?"),
        ("New Line.x bus1=a bus2=b lenght=3", "2: line x: has no property 'lenght'; did you mean 'length'?"),
        ("New Line.x bus1=a bus2=b geometry=g", "2: line x: the property geometry is not read"),
        ("New Line.x bus1=a bus2=b linecode=q", "2: line x: there is no line code 'q'"),
        ("New Line.x bus1=a bus2=b length=long", "2: line x: length is 'long'; expected a number"),
        ("New Line.x bus1=a bus2=b rmatrix=[1|2]", "2: line x: rmatrix is '1|2'; expected a symmetric matrix"),
        ("New Line.x bus1=a.1.2 bus2=b.2.3 phases=2", "2: line x joins the nodes (1, 2) to (2, 3)"),
        ("New Load.x bus1=a.4 phases=1 kv=7.2", "2: load x is at a neutral conductor of its own"),
        ("New Load.x bus1=a kv=12.47 model=4 cvrwatts=.8", "2: load x: is of model 4"),
        ("New Load.x bus1=a kv=12.47 daily=day", "2: load x: there is no load shape 'day'"),
        ("New Load.x bus1=a kv=12.47 basefreq=50", "2: load x: basefreq is 50; expected the circuit's, 60"),
        ("New Transformer.t buses=[a b] windings=3", "2: transformer t: has a winding without a bus"),
        ("New Transformer.t buses=[a b c]", "2: transformer t: buses names winding 3; expected 1 to 2"),
        ("New Capacitor.c bus1=a bus2=b", "2: capacitor c: the property bus2 is not read"),
        ("Generator.g.kw=3", "2: there is no generator.g"),
        ("Sovle", "2: the command 'sovle' is not understood; did you mean 'solve'?"),
        ("Redirect nowhere.dss", "nowhere.dss: called in "),
        ("Redirect feeder.dss", "calls itself"),
        ("New Line.x bus1=(a bus2=b", "2: the quote ( is not closed"),
        ("Set LoadModel=admittance", "2: option loadmodel: is not read"),
        ("New Line.x bus1=b bus2=c", "island"),
    ],
)
def test_what_is_not_understood_is_named_with_its_line(tmp_path, line, says):
    with pytest.raises(TwinError) as caught:
        read(tmp_path, f"{SMALL}{line}\nNew Load.last bus1=a kv=12.47")
    assert any(says in str(problem) for problem in caught.value.problems), str(caught.value)


WORDS = [
    "phases=0",
    "kv=0",
    "kw=1e400",
    "wdg=9",
    "like=one",
    "windings=1",
    "zipv=[1]",
    "model=9",
    "(",
    "=",
    "pf=0",
    "~",
]
WORDS += ["x1r1=0", "npts=0", "tapnum=3", "bus1=", "buses=[]", "bus1=a.4", "New", "Load.x", "-1", "length=1e-300", "|"]


@given(st.lists(st.tuples(st.integers(0, 400), st.sampled_from(WORDS)), min_size=1, max_size=4))
@settings(max_examples=40)
def test_no_word_in_the_wrong_place_is_more_than_a_finding(tmp_path_factory, misplaced):
    """Either a grid that can be solved comes out, or findings."""
    words = (
        (FEEDER / "feeder.dss").read_text().replace("Redirect codes.dss", (FEEDER / "codes.dss").read_text()).split(" ")
    )
    for place, word in misplaced:
        words.insert(place, word)
    with contextlib.suppress(TwinError):
        assemble(read(tmp_path_factory.mktemp("words"), " ".join(words)))


def test_all_problems_at_once(tmp_path):
    with pytest.raises(TwinError) as caught:
        read(tmp_path, f"{SMALL}New Load.x bus1=a kv=no\nNew Load.y bus1=a kw=none\nNew Fault.f bus1=a\nFaster")
    assert [problem.place for problem in caught.value.problems] == ["4", "5"]
    with pytest.raises(TwinError) as caught:
        read(tmp_path, f"{SMALL}New Load.x bus1=a kv=no\nNew Load.y bus1=a kw=none\nNew Line.l bus1=a")
    assert {problem.place for problem in caught.value.problems} >= {"2", "3", "4"}


def test_a_script_without_a_circuit(tmp_path):
    with pytest.raises(TwinError, match=r"makes no circuit; expected new circuit.name"):
        read(tmp_path, "clear")
