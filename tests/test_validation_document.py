"""The page of validation: what was asked for, tables, and no path of any machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from twin.errors import TwinError
from twin.validation.document import document, requested, section

ROWS = [
    {"case": "600", "quantity": "annual_heating", "ours": 4.39871, "ref_min": 3.99, "accept_low": None, "pass": True},
    {"case": "620", "quantity": "peak|cooling", "ours": 4.8, "ref_min": 1.0, "accept_low": None, "pass": False},
    {"case": "960", "quantity": "annual_heating", "ours": None, "pass": None, "note": "no such case in the file"},
]
FOUND = {"suite": "bestest", "rows": ROWS, "n_pass": 1, "n_fail": 1, "n_skipped": 1}


def test_a_section_has_a_table_of_what_is_judged_and_says_what_is_not():
    text = section(FOUND, {"weather": Path("/somewhere/denver.epw"), "method": "5r1c"})
    assert text.startswith("## bestest:weather=denver.epw,method=5r1c")
    assert "1 pass, 1 fail, 1 skipped." in text
    assert "| case | quantity | ours | ref_min | pass |" in text
    assert "| 600 | annual_heating | 4.399 | 3.99 | yes |" in text
    assert "| 620 | peak\\|cooling | 4.8 | 1 | **no** |" in text
    assert "- 960: no such case in the file" in text
    assert "somewhere" not in text


def test_a_suite_in_which_nothing_is_judged_has_no_table():
    assert "| case" not in section({**FOUND, "rows": ROWS[2:]}, {})


def test_runs_are_asked_for_by_suite_and_what_it_works_on():
    assert requested(["sun", "bestest:weather=a.epw,method=5r1c"]) == [
        ("sun", {}),
        ("bestest", {"weather": Path("a.epw"), "method": "5r1c"}),
    ]
    assert {"sun", "bestest"} <= {name for name, _ in requested([])}
    with pytest.raises(TwinError, match="'sun:fine' is no run of a suite"):
        requested(["sun:fine"])


def test_the_page_says_how_it_was_made():
    page = document(["sun"])
    assert page.startswith("# Validation\n")
    assert "python -m twin.validation sun > docs/VALIDATION.md" in page
    assert "sky view factor of the floor" in page
