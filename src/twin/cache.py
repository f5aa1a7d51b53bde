"""Intermediate results that took long, kept on disk from one run to the next."""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

__all__ = ["load", "store"]

Arrays = Mapping[str, NDArray[Any]]

FOLDER = ".twin-cache"
"""In the working directory; the environment variable TWIN_CACHE names another one, or none if it is empty."""
MOST_BYTES = 2 << 30

_log = logging.getLogger("twin")


def _folder() -> Path | None:
    named = os.environ.get("TWIN_CACHE", FOLDER)
    return Path(named) if named else None


def load(key: str) -> dict[str, NDArray[Any]] | None:
    """Return the arrays kept under a key, None if there are none or they cannot be read."""
    folder = _folder()
    file = folder / f"{key}.npz" if folder else None
    if file is None or not file.is_file():
        return None
    try:
        with file.open("rb") as handle, np.load(handle, allow_pickle=False) as kept:
            arrays = {name: kept[name] for name in kept.files}
        os.utime(file)  # what is asked for again goes last
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        _log.warning("%s cannot be read and is made anew: %s", file, error)
        return None
    return arrays


def store(key: str, arrays: Arrays) -> None:
    """Keep arrays under a key; what was not asked for the longest goes if the folder grows too large.

    A folder that cannot be written to is worth a warning, no more.
    """
    folder = _folder()
    if folder is None:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".part", dir=folder)
        try:
            with os.fdopen(handle, "wb") as part:
                np.savez(part, allow_pickle=False, **arrays)
            Path(name).replace(folder / f"{key}.npz")
        finally:
            Path(name).unlink(missing_ok=True)
        _shrink(folder)
    except OSError as error:
        _log.warning("nothing is kept in %s: %s", folder, error)


def _shrink(folder: Path) -> None:
    """Remove the files asked for the longest ago until the rest fits."""
    files = sorted(folder.glob("*.npz"), key=lambda file: file.stat().st_mtime, reverse=True)
    total = 0
    for file in files:
        total += file.stat().st_size
        if total > MOST_BYTES:
            file.unlink(missing_ok=True)
