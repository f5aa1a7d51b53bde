"""The catalogues that ``[model]`` names: ours by name, or a file or folder of one's own by its path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from twin.errors import Problems, TwinError
from twin.ledger import Ledger
from twin.registry import Input, resolve
from twin.scenario.inputs import wing_inputs
from twin.scenario.toml import Document

__all__ = ["catalogue_files", "find_catalogues"]


def find_catalogues(document: Document, top: Path, problems: Problems) -> dict[str, str]:
    """Return every catalogue by key of ``[model]``, as its name or the absolute path of its file or folder.

    A text with a ``/`` is a path from the scenario's folder. What is wrong with a catalogue goes to the problems.
    """
    model = document.data.get("model")
    found: dict[str, str] = {}
    for item in wing_inputs():
        text = (model if isinstance(model, dict) else {}).get(item.key, item.default)
        if item.kind != "catalogue" or not isinstance(text, str):
            continue
        if "/" in text:
            path = (document.file.parent / text).resolve()
            away = [one for one in (path, *_files(item, path)) if not one.resolve().is_relative_to(top)]
            if away:
                named = repr(text) if away[0] == path else f"{text!r} reads {away[0]}, which"
                line = document.line(("model", item.key))
                problems.add(f"model.{item.key} = {named} leaves {top}", line, "to stay inside it, or --root")
                continue
            text = path.as_posix()
        _check(document, item, text, problems)
        found[item.key] = text
    return found


def _files(item: Input, path: Path) -> list[Path]:
    """Return the files that a catalogue of one's own reads."""
    if item.files is None:
        return sorted(path.glob("*.csv"))
    files: list[Path] = resolve(item.files)(path)
    return files


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
    """Return the files of the paths among the catalogues, as a run's identity depends on what is in them."""
    own = {item: Path(catalogues[item.key]) for item in wing_inputs() if "/" in catalogues.get(item.key, "")}
    return {f"{item.key}/{_below(file, path)}": file for item, path in own.items() for file in _files(item, path)}


def _below(file: Path, path: Path) -> str:
    """Return how a file is called from the folder that is named, or that the file named lies in."""
    folder = path if path.is_dir() else path.parent
    return Path(os.path.relpath(file, folder)).as_posix()
