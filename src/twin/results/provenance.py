"""Where a result comes from: run id, input hashes, versions, machine."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["environment", "file_hashes", "run_id"]

_PACKAGES = ("twin", "numpy", "scipy", "shapely", "simpy", "pvlib", "pyproj", "h5py", "pyvista")


def file_hashes(files: Mapping[str, Path]) -> dict[str, str]:
    """Return the SHA-256 of every input file, by key."""
    return {key: hashlib.sha256(path.read_bytes()).hexdigest() for key, path in sorted(files.items())}


def run_id(resolved: Mapping[str, Any], hashes: Mapping[str, str]) -> str:
    """Return the run id: a hash of the canonical scenario, its inputs' content, and this package's version.

    No clock, host or path goes into it, so the same question has the same id everywhere.
    """
    model = {k: v for k, v in resolved.get("model", {}).items() if k not in hashes}
    asked = {**resolved, "model": model, "inputs": dict(hashes), "version": version("twin")}
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()[:32]


def environment() -> dict[str, Any]:
    """Return versions and machine properties on which the last digits of a result may depend."""
    config: Any = np.show_config(mode="dicts")
    blas = config["Build Dependencies"]["blas"]
    threads = {k: v for k, v in os.environ.items() if k.endswith("_NUM_THREADS")}
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "blas": f"{blas.get('name')} {blas.get('version')}",
        "threads": threads,
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
