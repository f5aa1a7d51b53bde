"""The catalogues that ``[model]`` names: ours by name, or a folder of one's own by its path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from twin.errors import Problems, TwinError
from twin.ledger import Ledger
from twin.registry import Input, resolve
from twin.scenario.inputs import wing_inputs
from twin.scenario.toml import Document

__all__ = ["catalogue_files", "find_catalogues"]


def find_catalogues(document: Document, top: Path, problems: Problems) -> dict[str, str]:
    """Return every catalogue by key of ``[model]``, as its name or the absolute path of its folder.

    A text with a ``/`` is a path from the scenario's folder. What is wrong with a catalogue goes to the problems.
    """
    model = document.data.get("model")
    found: dict[str, str] = {}
    for item in wing_inputs():
        text = (model if isinstance(model, dict) else {}).get(item.key, item.default)
        if item.kind != "catalogue" or not isinstance(text, str):
            continue
        if "/" in text:
            folder = (document.file.parent / text).resolve()
            if not folder.is_relative_to(top):
                line = document.line(("model", item.key))
                problems.add(
                    f"model.{item.key} = {text!r} leaves {top}", line, "a folder inside it, or --root to allow another"
                )
                continue
            text = folder.as_posix()
        _check(document, item, text, problems)
        found[item.key] = text
    return found


def _check(document: Document, item: Input, text: str, problems: Problems) -> None:
    try:
        resolve(item.read)(text, Ledger())
    except TwinError as error:
        for p in error.problems:
            if p.file is not None:
                problems.found.append(p)
            else:
                line = document.line(("model", item.key))
                problems.add(f"model.{item.key}: {p.message}", line, p.expected, p.suggestion)


def catalogue_files(catalogues: Mapping[str, str]) -> dict[str, Path]:
    """Return the files of the folders among the catalogues, as a run's identity depends on what is in them."""
    return {
        f"{key}/{path.name}": path
        for key, text in catalogues.items()
        if "/" in text
        for path in sorted(Path(text).glob("*.csv"))
    }
