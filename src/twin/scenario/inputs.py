"""Reading what ``[model]`` names: the city and whatever the wings want besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from twin.city.derive import with_party_walls
from twin.city.model import City
from twin.city.read import read_city
from twin.errors import Problems, TwinError
from twin.ledger import Ledger
from twin.registry import Input, resolve, wings

__all__ = ["read_inputs", "wing_inputs"]


def wing_inputs() -> Iterator[Input]:
    """Yield the keys of ``[model]`` that the wings brought."""
    for wing in wings():
        yield from wing.inputs


def read_inputs(
    files: Mapping[str, Path],
    catalogues: Mapping[str, str],
    ledger: Ledger,
    lod: str | None = None,
    crs: str | None = None,
) -> tuple[City | None, dict[str, Any]]:
    """Read the city and the wings' inputs, as far as they are named.

    Raises
    ------
    TwinError
        With the problems of all files together.
    """
    city: City | None = None
    inputs: dict[str, Any] = {}
    with Problems() as problems:
        if "city" in files:
            try:
                city = with_party_walls(read_city(files["city"], lod=lod, crs=crs))
                _state_findings(city, files["city"], ledger)
            except TwinError as error:
                problems.found += error.problems
        for item in wing_inputs():
            value = files.get(item.key) if item.kind == "file" else catalogues.get(item.key)
            if value is None:
                continue
            try:
                inputs[item.key] = resolve(item.read)(value, ledger)
            except TwinError as error:
                problems.found += error.problems
    return city, inputs


def _state_findings(city: City, file: Path, ledger: Ledger) -> None:
    """Let the ledger say what was doubtful in the city file: one line per kind of finding."""
    findings = city.metadata.get("findings", ())
    for code, count in Counter(finding["code"] for finding in findings).items():
        first = next(finding for finding in findings if finding["code"] == code)
        more = f" ({count} of this kind)" if count > 1 else ""
        ledger.state(f"city file, finding {code}: {first['object'] or 'file'}: {first['message']}{more}", file.name)
