"""Simulators of the user's own: a Python file beside the scenario, run only where that is allowed."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from twin.engine.ports import Simulator
from twin.errors import Problem, Problems, TwinError, nearest
from twin.quantities import QUANTITIES, Quantity, declare
from twin.registry import Indicator, Setup, wings
from twin.scenario.plan import OwnSimulator
from twin.scenario.toml import Document

__all__ = ["blaming", "build_own", "check_own", "declared_indicators", "load_own", "takes_part"]


def check_own(
    document: Document,
    files: Mapping[str, Path],
    options: Sequence[str],
    allow_code: bool | None,
    problems: Problems,
) -> None:
    """See whether the user's files may be run, and run those that may: what they declare is known from then on.

    Parameters
    ----------
    allow_code
        Whether they may; if None, nothing is run and nobody complains.
    """
    given = document.data.get("simulator")
    for k, item in enumerate(given if isinstance(given, list) else []):
        named = item.get("options") if isinstance(item, dict) else None
        for name in named if isinstance(named, list) else []:
            if name not in options:
                message = f"simulator[{k + 1}].options names {name!r}, which is no option"
                line = document.line(("simulator", k, "options"))
                problems.add(message, line, "one of " + ", ".join(map(repr, options)), nearest(str(name), options))
        file = files.get(f"simulator.{k}")
        if file is None or allow_code is None:
            continue
        if allow_code:
            _load_or_report(file, problems)
        else:
            expected = "--allow-code (in Python allow_code=True), if you trust what is in that file"
            problems.add(f"simulator[{k + 1}] would run the code in {file}", document.line(("simulator", k)), expected)


def _load_or_report(file: Path, problems: Problems) -> None:
    try:
        load_own(file)
    except TwinError as error:
        problems.found += error.problems


def takes_part(own: OwnSimulator, option: str) -> bool:
    """Whether a simulator of the user's own takes part in an option."""
    return own.options is None or option in own.options


def load_own(file: Path) -> ModuleType:
    """Run the user's file, once as long as it does not change, and declare the quantities that it brings.

    Raises
    ------
    TwinError
        If it fails, naming its line, or offers no ``build``.
    """
    name = f"twin_own_{file.stem}_{hashlib.sha256(bytes(file) + file.read_bytes()).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise TwinError(Problem("is no Python file", file, expected="a file that ends in .py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise TwinError(_failure(file, error)) from error
    try:
        _check_module(module, file)
    except TwinError:
        del sys.modules[name]
        raise
    return module


def _check_module(module: ModuleType, file: Path) -> None:
    if not callable(getattr(module, "build", None)):
        raise TwinError(Problem("has no function build", file, expected="def build(setup): return a simulator"))
    for quantity in getattr(module, "QUANTITIES", ()):
        _declare(quantity, file)
    for indicator in getattr(module, "INDICATORS", ()):
        _check_indicator(indicator, file)


def build_own(own: OwnSimulator, setup: Setup) -> Simulator | None:
    """Build a simulator of the user's own.

    Raises
    ------
    TwinError
        If its file fails, does not take the parameters given, or returns no simulator.
    """
    build = load_own(own.file).build
    try:
        inspect.signature(build).bind(setup, **own.params)
    except TypeError as error:
        message = f"build does not take these parameters: {error}"
        raise TwinError(Problem(message, own.file, expected=f"build{inspect.signature(build)}")) from None
    try:
        simulator = build(setup, **own.params)
    except TwinError:
        raise
    except Exception as error:
        raise TwinError(_failure(own.file, error)) from error
    if simulator is None or isinstance(simulator, Simulator):
        return simulator
    members = ("name", "version", "step_s", "reads", "writes", "start", "advance", "state", "restore")
    missing = [member for member in members if not hasattr(simulator, member)]
    message = f"build returns a {type(simulator).__name__} without {', '.join(missing)}"
    raise TwinError(Problem(message, own.file, expected="a simulator, or None"))


def declared_indicators(own: Sequence[OwnSimulator]) -> tuple[Indicator, ...]:
    """Return all indicators there are: those of the wings, then those that the user's files bring.

    Raises
    ------
    TwinError
        If two have the same id.
    """
    declared = {indicator.id: indicator for wing in wings() for indicator in wing.indicators}
    for file in dict.fromkeys(item.file for item in own):
        for indicator in getattr(load_own(file), "INDICATORS", ()):
            if indicator.id in declared:
                raise TwinError(Problem(f"there is an indicator {indicator.id} already", file, expected="another id"))
            declared[indicator.id] = indicator
    return tuple(declared.values())


@contextmanager
def blaming(own: Sequence[OwnSimulator]) -> Iterator[None]:
    """Turn an exception that comes out of a user's file into a `TwinError` that names its line."""
    try:
        yield
    except TwinError:
        raise
    except Exception as error:
        passed = {frame.filename for frame in traceback.extract_tb(error.__traceback__)}
        for item in own:
            if str(item.file) in passed:
                raise TwinError(_failure(item.file, error)) from error
        raise


def _check_indicator(indicator: Any, file: Path) -> None:
    if not isinstance(indicator, Indicator):
        raise TwinError(Problem(f"INDICATORS holds {indicator!r}", file, expected="Indicator(...)"))
    for term in (*indicator.terms, *indicator.over):
        if term.quantity not in QUANTITIES:
            message = f"indicator {indicator.id} needs {term.quantity}, which is no quantity"
            expected = "a Quantity of that name in QUANTITIES"
            raise TwinError(Problem(message, file, None, expected, nearest(term.quantity, QUANTITIES)))


def _declare(quantity: Any, file: Path) -> None:
    if not isinstance(quantity, Quantity):
        raise TwinError(Problem(f"QUANTITIES holds {quantity!r}", file, expected="Quantity(...)"))
    try:
        declare(quantity)
    except TwinError as error:
        raise TwinError(*(Problem(p.message, file, p.place, p.expected) for p in error.problems)) from None


def _failure(file: Path, error: Exception) -> Problem:
    """Say what went wrong in the user's file, and on which of its lines."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == str(file)]
    line = error.lineno if isinstance(error, SyntaxError) else frames[-1].lineno if frames else None
    return Problem(f"{type(error).__name__}: {error}", file, str(line) if line else None)
