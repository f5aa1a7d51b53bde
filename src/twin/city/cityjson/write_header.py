"""What stands at the top of a CityJSON document: reference system, extent, units, and what is kept of the origin's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from twin.city.crs import ogc_url
from twin.city.model import City
from twin.errors import Problem, TwinError

__all__ = ["PREFIX", "Columns", "Results", "extension", "header"]

Results = Mapping[str, ArrayLike | Mapping[str, Any]]

PREFIX = "twin_"

_OURS = {"type", "version", "transform", "metadata", "CityObjects", "vertices"}


@dataclass(frozen=True, slots=True)
class Columns:
    """Results as attributes: by name of the attribute, one value per building, and the units."""

    values: dict[str, list[Any]] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, results: Results | None, n: int | None = None) -> Columns:
        """Name and check results.

        Parameters
        ----------
        n
            How many values each must have.

        Raises
        ------
        TwinError
            If they have another number, or names that differ only in the prefix.
        """
        columns = cls()
        for name, given in (results or {}).items():
            values = np.asarray(given["values"] if isinstance(given, Mapping) else given)
            if values.ndim != 1 or (n is not None and len(values) != n):
                wanted = "one per building" if n is None else f"({n},), one per building"
                raise TwinError(Problem(f"result {name} has shape {values.shape}", expected=wanted))
            called = name if name.startswith(PREFIX) else PREFIX + name
            if called in columns.values:
                raise TwinError(Problem(f"two results are called {called}"))
            columns.values[called] = _plain(values)
            columns.units[called] = str(given.get("unit", "-")) if isinstance(given, Mapping) else "-"
        return columns

    def rows(self, start: int, stop: int) -> dict[str, list[Any]]:
        """Return the values of some consecutive buildings.

        Raises
        ------
        TwinError
            If there are not that many.
        """
        for name, values in self.values.items():
            if len(values) < stop:
                raise TwinError(
                    Problem(f"result {name} has {len(values)} values", expected=f"{stop}, one per building")
                )
        return {name: values[start:stop] for name, values in self.values.items()}


def _plain(values: NDArray[Any]) -> list[Any]:
    """Return values as JSON has them: without NaN and infinity."""
    if values.dtype.kind != "f":
        return list(values.tolist())
    return [value if finite else None for value, finite in zip(values.tolist(), np.isfinite(values), strict=True)]


def extension() -> dict[str, Any]:
    """Return the CityJSON Extension that documents what we add, as it stands in ``twin.ext.json``."""
    text = files("twin.city.cityjson").joinpath("twin.ext.json").read_bytes()
    made: dict[str, Any] = msgspec.json.decode(text)
    return made


def header(
    city: City,
    translate: Sequence[float],
    scale: float,
    extent: Sequence[float] | None,
    units: Mapping[str, str],
    extension_url: str | None,
) -> dict[str, Any]:
    """Return a CityJSON document without objects and vertices.

    Parameters
    ----------
    extent
        Lowest and highest corner, None if not known.
    units
        Of results, by attribute.
    extension_url
        Where the extension is published, None to name none.
    """
    members = dict(city.metadata.get("members", {}))
    extensions = dict(members.pop("extensions", None) or {})
    document: dict[str, Any] = {"type": "CityJSON", "version": "2.0"}
    metadata = _metadata(city, extent, units)
    if extension_url is not None:
        extensions["twin"] = {"url": extension_url, "version": extension()["version"]}
        members["+twin"] = {"units": metadata.get("twin_units", {})}
    if extensions:
        document["extensions"] = extensions
    document["transform"] = {"scale": [scale] * 3, "translate": list(translate)}
    document["metadata"] = metadata
    return document | {name: value for name, value in members.items() if name not in _OURS}


def _metadata(city: City, extent: Sequence[float] | None, units: Mapping[str, str]) -> dict[str, Any]:
    """Return what was kept of the origin's metadata, with what we know better in its place."""
    kept = dict(city.metadata.get("metadata", {}))
    metadata: dict[str, Any] = {}
    if title := city.metadata.get("title", kept.get("title")):
        metadata["title"] = title
    if extent is not None:
        metadata["geographicalExtent"] = list(extent)
    if city.crs:
        metadata["referenceSystem"] = ogc_url(city.crs)
    as_found = city.metadata.get("crs_as_found")
    if as_found and as_found != metadata.get("referenceSystem"):
        metadata["twin_crs_as_found"] = as_found
    if all_units := {**kept.pop("twin_units", {}), **units}:
        metadata["twin_units"] = all_units
    for name in ("title", "geographicalExtent", "referenceSystem", "twin_crs_as_found", "twin_energy"):
        kept.pop(name, None)
    return metadata | _as_2_0(kept)


def _as_2_0(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return metadata of an older version as 2.0 has it: the address of a contact is an object, no text."""
    contact = metadata.get("pointOfContact")
    if isinstance(contact, dict) and isinstance(contact.get("address"), str):
        return {**metadata, "pointOfContact": {**contact, "address": {"text": contact["address"]}}}
    return metadata
