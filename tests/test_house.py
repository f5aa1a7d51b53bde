"""The rules of the house: which way imports run, how light the package is, how long a file may be, and so on."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import twin
from twin.quantities import QUANTITIES
from twin.registry import WINGS, wings
from twin.table import Column

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "twin"
MODULES = sorted(SOURCE.rglob("*.py"))
NAMES = [module.name for module in pkgutil.walk_packages(twin.__path__, "twin.")]

SPINE = {"cache", "errors", "ledger", "progress", "quantities", "random", "registry", "solar_position", "table"} | {
    "units",
    "where",
}
FACES = {"twin", "check", "cli", "console", "validation"}  # may import anything
# A room that is not named here is a wing: it may import spine, engine, city and itself, never another wing.
ALLOWED = {
    **dict.fromkeys(SPINE, SPINE),
    "engine": SPINE | {"engine"},
    "city": SPINE | {"city"},
    "results": SPINE | {"engine", "city", "results"},
    "view": SPINE | {"results", "view"},
    "report": SPINE | {"results", "report"},
    "scenario": SPINE | {"engine", "city", "results", "scenario"},
}
HEAVY = {"pandas", "pyvista", "matplotlib", "pvlib", "lxml", "pydantic", "h5py", "xarray"} | {
    "scipy.sparse",
    "scipy.optimize",
}


def named(paths: list[Path]) -> list[object]:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]


def room(module: str) -> str:
    """``engine`` for ``twin.engine.time``, ``devices.pv`` for ``twin.devices.pv.kernel``, ``twin`` for the package."""
    parts = module.split(".")
    if parts[1:2] == ["devices"] and len(parts) > 2 and (SOURCE / "devices" / parts[2]).is_dir():
        return f"devices.{parts[2]}"  # every family of devices is a wing of its own
    return parts[1] if len(parts) > 1 else module


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(body: list[ast.stmt], inside_functions: bool = True) -> Iterator[str]:
    """Modules imported by a body of statements, those only for type checkers left out."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports name the whole path"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from imports(node.orelse, inside_functions)
        elif inside_functions or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for field in ("body", "orelse", "finalbody", "handlers", "cases"):
                yield from imports(getattr(node, field, []), inside_functions)


@pytest.mark.parametrize("path", named(MODULES))
def test_imports_run_one_way(path):
    home = room(module_name(path))
    if home in FACES:
        return
    allowed = ALLOWED.get(home, SPINE | {"engine", "city", home, home.partition(".")[0]})
    used = {room(name) for name in imports(ast.parse(path.read_text()).body) if name.split(".")[0] == "twin"}
    assert used <= allowed


def test_imports_are_seen_wherever_they_stand():
    code = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import hidden
try:
    import a.b
except ImportError:
    from c import d
def f():
    with x:
        import e
"""
    assert list(imports(ast.parse(code).body)) == ["typing.TYPE_CHECKING", "a.b", "c.d", "e"]
    assert list(imports(ast.parse(code).body, inside_functions=False))[-1] == "c.d"


@pytest.mark.parametrize("path", named([SOURCE / f"{name}.py" for name in sorted(SPINE)]))
def test_the_spine_needs_only_numpy(path):
    tops = {name.split(".")[0] for name in imports(ast.parse(path.read_text()).body, inside_functions=False)}
    assert tops <= {"numpy", "twin", *sys.stdlib_module_names}


@pytest.mark.parametrize("module", ["twin", *(reference.partition(":")[0] for reference in WINGS.values())])
def test_importing_is_light(module):
    code = f"import sys, json, {module}; print(json.dumps(sorted(sys.modules)))"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(json.loads(child.stdout))


@pytest.mark.parametrize(
    "path", named([p for top in ("src", "tests", "viz", "benchmarks") for p in (ROOT / top).rglob("*.py")])
)
def test_no_file_is_long(path):
    assert len(path.read_text().splitlines()) <= 500


def declared_columns() -> Iterator[Column]:
    for name in NAMES:
        for value in vars(importlib.import_module(name)).values():
            if isinstance(value, Column):
                yield value
            elif isinstance(value, dict | tuple | list):
                yield from (c for c in (value.values() if isinstance(value, dict) else value) if isinstance(c, Column))
    for wing in wings():
        yield from (column for columns in wing.columns.values() for column in columns)
        yield from (column for fill in wing.fills for column in fill.writes)


# What a name ends in says its unit; longer endings first
SUFFIXES = {
    "_w_m2k": "W/(m2 K)",
    "_j_m2k": "J/(m2 K)",
    "_j_m3": "J/m3",
    "_kg_m3": "kg/m3",
    "_ohm_m": "ohm/m",
    "_f_m": "F/m",
    "_s_m": "S/m",
    "_eur_j": "EUR/J",
    "_kwh_m2": "kWh/m2",
    "_kwh": "kWh",
    "_deg": "deg",
    "_degc": "degC",
    "_m3": "m3",
    "_m2": "m2",
    "_m": "m",
    "_w": "W",
    "_j": "J",
    "_s": "s",
    "_eur": "EUR",
}


def test_every_column_says_its_unit_and_meaning():
    columns = {column.name: column for column in declared_columns()}
    assert columns
    for column in columns.values():
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name), column
        assert column.unit, column
        assert column.meaning, column
        suffix = next((s for s in SUFFIXES if column.name.endswith(s)), None)
        if suffix:
            assert column.unit == SUFFIXES[suffix], column


def test_every_quantity_and_indicator_says_its_unit_and_meaning():
    for quantity in QUANTITIES.values():
        assert quantity.unit, quantity
        assert quantity.meaning, quantity
    for indicator in (indicator for wing in wings() for indicator in wing.indicators):
        assert indicator.unit, indicator
        assert indicator.title, indicator
        assert {term.quantity for term in indicator.terms} <= set(QUANTITIES), indicator


@pytest.mark.parametrize("name", ["twin", *NAMES])
def test_what_a_module_offers_is_there(name):
    module = importlib.import_module(name)
    offered = getattr(module, "__all__", [])
    assert len(offered) == len(set(offered))
    assert [item for item in offered if not hasattr(module, item)] == []
