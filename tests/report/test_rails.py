"""The coupling graph in text."""

import pytest
from report_case import CHAIN, FEEDBACK, ITSELF, graph, node

from twin.report.rails import LEGEND, draw_rails


def test_rails_lead_from_who_gives_to_who_takes():
    assert draw_rails(CHAIN) == [
        "  weather    1 h  ●",
        "  sun        1 h  ◆ ●    <- weather",
        "  buildings  1 h  ◆ ◆ ●  <- weather, sun",
        "  meter      1 h      ◆  <- buildings",
        LEGEND,
    ]


def test_loops_have_a_bracket_and_what_comes_late_its_own_sign():
    assert draw_rails(FEEDBACK)[:-1] == [
        "  weather    1 h  ●",
        "  sessions   1 h  │ ●",
        "╭ cars       1 h  ◆ ◆ ● ◇  <- sessions, weather; late <- grid",
        "│ batteries  1 h  ●   ◆ ◇  <- cars; late <- grid",
        "╰ grid       1 h  ◆   ◆ ●  <- cars, batteries",
        "  flows      1 h  │   │ ◆  <- grid",
        "  meter      1 h  ◆   ◆    <- cars, batteries",
    ]


def test_a_simulator_that_feeds_itself():
    assert draw_rails(ITSELF)[0] == "◇ plant  1 h  ●  late <- plant"


def test_no_line_is_too_wide_and_every_terminal_can_show_it():
    many = graph(
        *(node(f"simulator_number_{k}", *((f"q{j}", f"simulator_number_{j}") for j in range(k))) for k in range(40))
    )
    assert max(len(line) for line in draw_rails(many)) <= 98
    for case in (CHAIN, FEEDBACK, many):
        assert "\n".join(draw_rails(case, ascii_only=True)).isascii()


@pytest.mark.parametrize("case", [CHAIN, FEEDBACK])
def test_every_reader_has_a_sign_in_the_column_of_each_of_its_writers(case):
    lines = draw_rails(case)
    rows = {n["name"]: lines[k] for k, n in enumerate(case["simulators"])}
    for reader in case["simulators"]:
        writers = {who for port in reader["reads"] for who in port["from"]}
        assert sum(rows[reader["name"]].count(sign) for sign in "◆◇") == len(writers)
