"""A simulator of the user's own: run only where allowed, checked before, and blamed by line."""

import json

import pytest

import twin
from twin.check import check_files
from twin.cli import main
from twin.errors import TwinError
from twin.scenario.read import read_scenario
from twin.scenario.run import run

LAMPS = """\
from pathlib import Path

import numpy as np
from twin.engine import Stateless, Write

Path(__file__).with_suffix(".ran").touch()


class Lamps(Stateless):
    name, version, reads = "lamps", "1", ()
    writes = (Write("electric_load", per="building"),)

    def __init__(self, setup, lamp_w):
        self.step_s, self.n, self.lamp_w = setup.step_s, len(setup.city.buildings), lamp_w

    def advance(self, window, inputs):
        return {"electric_load": np.full((window.n, self.n), self.lamp_w)}


def build(setup, lamp_w=100.0):
    return Lamps(setup, lamp_w)
"""
ENTRY = '\n[[simulator]]\nfile = "lamps.py"\n'


@pytest.fixture
def with_lamps(project, scenario_file):
    """Write the file, with some of its text replaced, and a scenario that names it, with some text added."""

    def write(*replacements: tuple[str, str], entry: str = ENTRY):
        code = LAMPS
        for old, new in replacements:
            assert old in code
            code = code.replace(old, new, 1)
        (project / "scenarios" / "lamps.py").write_text(code)
        file = scenario_file()
        file.write_text(file.read_text() + entry)
        return file

    return write


def complaint(file, **how) -> str:
    with pytest.raises(TwinError) as caught:
        run(file, allow_code=True, **how)
    return str(caught.value)


def line_of(file, text: str) -> int:
    return next(k for k, line in enumerate(file.read_text().splitlines(), 1) if text in line)


@pytest.mark.parametrize("ask", [read_scenario, run, twin.read_scenario, twin.run])
def test_nothing_is_run_unless_allowed(project, with_lamps, ask):
    file = with_lamps()
    with pytest.raises(TwinError) as caught:
        ask(file)
    message = str(caught.value)
    assert f"small.toml:{line_of(file, '[[simulator]]')}: simulator[1] would run the code in " in message
    assert str(project / "scenarios" / "lamps.py") in message
    assert "--allow-code" in message
    assert not (project / "scenarios" / "lamps.ran").exists()


def test_the_refusal_comes_with_all_other_problems(project, with_lamps):
    file = with_lamps()
    file.write_text(file.read_text().replace("days = 2", "days = 0"))
    with pytest.raises(TwinError) as caught:
        read_scenario(file)
    assert len(caught.value.problems) == 2
    assert not (project / "scenarios" / "lamps.ran").exists()


@pytest.mark.parametrize("verb", ["run", "explain"])
def test_the_command_asks_for_its_flag(project, with_lamps, capsys, verb):
    file = with_lamps()
    assert main([verb, str(file), "--json"]) == 1
    assert "--allow-code" in json.loads(capsys.readouterr().out)["problems"][0]
    assert not (project / "scenarios" / "lamps.ran").exists()


def test_with_the_flag_it_takes_part(project, scenario_file, with_lamps, capsys):
    assert main(["explain", str(with_lamps()), "--json", "--allow-code"]) == 0
    names = [s["name"] for s in json.loads(capsys.readouterr().out)["graphs"][0]["simulators"]]
    assert "lamps" in names
    file, out = with_lamps(), project / "out"
    assert main(["run", str(file), "-o", str(out), "--json", "--allow-code", "--no-picture"]) == 0
    capsys.readouterr()
    before = run(scenario_file()).options[0].value("electricity_demand")
    added = twin.read_results(out).options[0].value("electricity_demand") - before
    assert added == pytest.approx(117 * 0.1 * 48)


def test_twin_check_neither_runs_it_nor_complains(project, with_lamps):
    file = with_lamps(entry='\n[record]\nseries = { building = ["lumens"] }\n' + ENTRY)
    assert check_files([file])["status"] == "ok"
    assert not (project / "scenarios" / "lamps.ran").exists()


def test_a_scenario_that_was_read_with_leave_runs_without_asking_again(with_lamps):
    scenario = read_scenario(with_lamps(), allow_code=True)
    assert "lamps" in run(scenario, options=["today"]).options[0].seconds


def test_parameters_options_and_step_of_its_own(with_lamps):
    entry = ENTRY + 'params = { lamp_w = 10.0 }\noptions = ["heat pumps"]\n\n[steps]\nlamps = "15min"\n'
    file = with_lamps(entry=entry)
    scenario = read_scenario(file, allow_code=True)
    assert scenario.steps == {"lamps": 900}
    today, pumps = run(scenario).options
    assert "lamps" not in today.seconds
    assert "lamps" in pumps.seconds
    assert len(pumps.axes[0].seconds) == 4 * 48


def test_its_content_and_parameters_count_towards_the_run_id(with_lamps):
    ids = [
        run(with_lamps(*change, entry=ENTRY + params), allow_code=True, options=["today"]).run_id
        for change, params in (
            ([], ""),
            ([], ""),
            ([("100.0", "200.0")], ""),
            ([], "params = { lamp_w = 100.0 }\n"),
        )
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_file_that_has_changed_is_run_anew(with_lamps):
    first = run(with_lamps(), allow_code=True, options=["today"]).options[0].value("electricity_demand")
    second = run(with_lamps(("100.0", "200.0")), allow_code=True, options=["today"]).options[0]
    assert second.value("electricity_demand") - first == pytest.approx(117 * 0.1 * 48)


def test_its_indicators_show_in_every_option(with_lamps):
    own = """\
from twin.quantities import Quantity
from twin.registry import Indicator, Term
QUANTITIES = (Quantity("lamp_power_of_tests", "W", True, "of lamps"),)
INDICATORS = (Indicator("lamps", "Lamps", "kWh", "lower", (Term("lamp_power_of_tests"),)),)
"""
    changes = (
        ("import numpy as np\n", own + "import numpy as np\n"),
        ("(Write(", '(Write("lamp_power_of_tests", per="building"), Write('),
        ("return {", 'return {"lamp_power_of_tests": np.full((window.n, self.n), 1000.0), '),
    )
    results = run(with_lamps(*changes, entry=ENTRY + 'options = ["heat pumps"]\n'), allow_code=True)
    assert "lamps" in {indicator["id"] for indicator in results.indicators}
    assert [option.value("lamps") for option in results.options] == [0.0, pytest.approx(117 * 48)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("np.full((window.n, self.n), self.lamp_w)", "self.lampe_w", "lamps.py:17: AttributeError"),
        ("return Lamps(setup, lamp_w)", "return Lamps(setup)", "lamps.py:21: TypeError"),
        ("class Lamps(Stateless):", "class Lamps(Stateless)", "lamps.py:9: SyntaxError"),
        ("import numpy as np", "import numpi as np", "lamps.py:3: ModuleNotFoundError"),
        ("def build(", "def construct(", "lamps.py: has no function build"),
        ("return Lamps(setup, lamp_w)", "return {}", "build returns a dict without name, version, step_s"),
        ("np.full(", "np.nan * np.full(", "lamps wrote no finite number for electric_load"),
        ('"electric_load", per', '"electrc_load", per', "did you mean 'electric_load'"),
        ("import numpy as np", "import numpy as np\nQUANTITIES = (1,)", "lamps.py: QUANTITIES holds 1"),
        ("import numpy as np", "import numpy as np\nINDICATORS = (1,)", "lamps.py: INDICATORS holds 1"),
    ],
)
def test_what_can_be_wrong_with_it(with_lamps, old, new, said):
    assert said in complaint(with_lamps((old, new)))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (ENTRY + "params = { lampw = 1.0 }\n", "build does not take these parameters"),
        (ENTRY + 'options = ["heat pumbs"]\n', "simulator[1].options names 'heat pumbs', which is no option"),
        (ENTRY.replace("lamps.py", "lumps.py"), "no such file; did you mean 'lamps.py'?"),
        (ENTRY.replace("lamps.py", "../../../x.py"), "leaves"),
        (ENTRY + ENTRY, "two simulators are called 'lamps'"),
        (ENTRY + '\n[steps]\nlamp = "1h"\n', "steps.lamp: there is no such simulator"),
        (ENTRY + '\n[record]\nseries = { building = ["lumens"] }\n', "there is no quantity 'lumens'"),
    ],
)
def test_what_can_be_wrong_with_its_entry(with_lamps, entry, said):
    assert said in complaint(with_lamps(entry=entry))


def test_two_indicators_of_one_id(with_lamps):
    own = "from twin.registry import Indicator, Term\nINDICATORS = (Indicator('peak_load', 'P', 'kW', 'lower', ()),)\n"
    assert "there is an indicator peak_load already" in complaint(with_lamps(("import numpy", own + "import numpy")))


def test_an_indicator_of_nothing_known(with_lamps):
    own = "from twin.registry import Indicator, Term\nINDICATORS = (Indicator('x', 'X', 'J', 'lower', (Term('y'),)),)\n"
    assert "indicator x needs y, which is no quantity" in complaint(with_lamps(("import numpy", own + "import numpy")))
