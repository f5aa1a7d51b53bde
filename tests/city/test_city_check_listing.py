"""docs/FINDINGS.md lists every code that can be found, and no other."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from twin.city.check.codes import CODES, listing

ROOT = Path(__file__).resolve().parents[2]
NO_CODES = {"geometry-templates", "vertices-templates"}  # members of CityJSON


def texts(folder: Path) -> set[str]:
    """All strings in the code of a folder that could be codes: words joined by hyphens, or three digits."""
    nodes = (node for path in folder.rglob("*.py") for node in ast.walk(ast.parse(path.read_text())))
    found = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return {text for text in found if re.fullmatch(r"[a-z]+(-[a-z]+)+|[1-9]0[0-9]", text)} - NO_CODES


def test_every_code_of_the_city_is_listed():
    assert texts(ROOT / "src" / "twin" / "city") - set(CODES) == set()


def test_every_code_listed_is_used():
    elsewhere = {
        node.value
        for path in (ROOT / "src" / "twin").rglob("*.py")
        if path.name != "codes.py"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(CODES) - elsewhere == set()


def test_the_document_holds_the_table():
    assert listing() in (ROOT / "docs" / "FINDINGS.md").read_text()
