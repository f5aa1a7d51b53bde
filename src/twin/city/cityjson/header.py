"""What stands at the top of a CityJSON file: version, transform, metadata, templates, and members of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
from msgspec import Raw
from numpy.typing import NDArray

from twin.city.cityjson.diagnose import Diagnosis
from twin.city.cityjson.document import Transform
from twin.city.cityjson.templates import Templates
from twin.city.found import Found

__all__ = ["ROOT_MEMBERS", "Header", "read_header"]

ROOT_MEMBERS = {"type", "version", "transform", "metadata", "CityObjects", "vertices", "id"}
ROOT_MEMBERS |= {"appearance", "geometry-templates"}

# What is written anew, or kept under a name of our own
_METADATA = {"referenceSystem", "geographicalExtent", "title", "twin_crs_as_found"}

_VERSION = re.compile(r"(1\.[01]|2\.0)(\.\d+)?")
_TRANSFORM = msgspec.json.Decoder(Transform | None)
_TEXT = msgspec.json.Decoder(str)
_METADATA_DECODER = msgspec.json.Decoder(dict[str, Any] | None)


@dataclass(slots=True)
class Header:
    """What holds for all objects of a file; ``place`` is its own."""

    place: str = ""
    transform: Transform | None = None
    crs_as_found: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    templates: Templates = field(default_factory=Templates)

    def open(self, file: str) -> Found:
        """Return an empty `Found` for some of the file's objects."""
        metadata = dict(self.metadata)
        return Found(file, rings_closed=False, crs_as_found=self.crs_as_found, metadata=metadata)

    def apply(self, corners: NDArray[Any], diagnosis: Diagnosis) -> NDArray[np.float64] | None:
        """Return coordinates of vertices, None after noting that they cannot be used; may be the same array."""
        if self.transform is None:
            return np.asarray(corners, dtype=np.float64)
        scale, translate = np.array(self.transform.scale), np.array(self.transform.translate)
        if not (np.isfinite(scale).all() and (scale != 0).all()):
            diagnosis.problem(f"scale is {scale.tolist()}", f"{self.place}/transform/scale", "numbers other than 0")
            return None
        with np.errstate(over="ignore", invalid="ignore"):
            coordinates = np.empty(corners.shape)
            for axis in range(3):  # much faster than rows of three numbers
                np.multiply(corners[:, axis], scale[axis], out=coordinates[:, axis])
                coordinates[:, axis] += translate[axis]
        if not np.isfinite(coordinates).all():
            text = f"vertices are not finite under scale {scale.tolist()} and translate {translate.tolist()}"
            diagnosis.problem(text, f"{self.place}/transform", "numbers that stay finite")
            return None
        return coordinates


def read_header(members: dict[str, Raw], place: str, diagnosis: Diagnosis) -> Header:
    """Decode the members of a CityJSON object beside its objects and vertices."""
    header = Header(place)

    def decode(decoder: Any, name: str) -> Any:
        return diagnosis.decode(decoder.decode, members[name], f"{place}/{name}") if name in members else None

    version = decode(_TEXT, "version")
    if version is None and "version" not in members:
        diagnosis.problem("there is no version", f"{place}/version", "1.0, 1.1 or 2.0")
    elif version is not None and not _VERSION.fullmatch(version):
        diagnosis.problem(f"version is {version!r}", f"{place}/version", "1.0, 1.1 or 2.0")
    header.transform = decode(_TRANSFORM, "transform")
    metadata = decode(_METADATA_DECODER, "metadata") or {}
    stated = metadata.get("referenceSystem")
    header.crs_as_found = stated if isinstance(stated, str) else None
    for name, key in (("title", "title"), ("crs_as_found", "twin_crs_as_found")):
        if isinstance(metadata.get(key), str):
            header.metadata[name] = metadata[key]
    own = {name: value for name, value in metadata.items() if name not in _METADATA}
    more = {name: decode(msgspec.json.Decoder(), name) for name in members if name not in ROOT_MEMBERS}
    header.metadata |= {name: kept for name, kept in (("metadata", own), ("members", more)) if kept}
    if "geometry-templates" in members:
        header.templates = Templates.read(members["geometry-templates"], place, diagnosis)
    return header
