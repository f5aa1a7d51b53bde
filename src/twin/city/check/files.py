"""Check a city file: can it be read, does it keep to its format, is its geometry valid."""

from __future__ import annotations

from typing import Any

import numpy as np
from shapely import GEOSException  # type: ignore[import-untyped]

from twin.city.check.geometry import check_primitives
from twin.city.check.poly import looks_like_poly, read_poly
from twin.city.check.primitives import SOLIDS, Primitives, Tolerances
from twin.city.check.report import finding, geometry_findings, note_findings
from twin.city.source import Source

__all__ = ["check_city", "city_format"]

FARTHEST = 1e14  # coordinates so large have no centimetres any more, whatever their unit
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_CITYJSON = (b'"CityJSON', b'"CityObjects"')


def city_format(source: Source) -> str | None:
    """Return which city format a file is in by its content: cityjson, cityjsonseq, citygml, poly; None for none."""
    start = source.head.lstrip()
    if start.startswith(b"<") or (start.startswith(_UTF16) and b"<" in start[:8]):
        return "citygml"
    if looks_like_poly(source.head):
        return "poly"
    if not start.startswith(b"{"):
        return None
    if b'"CityJSONFeature' in source.head or source.path.name.removesuffix(".gz").endswith(".jsonl"):
        return "cityjsonseq"
    before, sequence, named = b"", False, False
    for chunk in source.chunks():
        text = before + chunk
        named |= any(word in text for word in _CITYJSON)
        sequence |= b'"CityJSONFeature' in text
        before = text[-20:]
    return "cityjsonseq" if sequence else "cityjson" if named else None


def check_city(source: Source, kind: str, tolerances: Tolerances | None = None) -> list[dict[str, Any]]:
    """Return findings of a city file of a kind that `city_format` found; empty for a sound file.

    First it is read like `twin.read_city` does; then all its geometry, of every level of detail, is checked as it
    stands in the file, before any repair.

    Raises
    ------
    TwinError
        If the file cannot be read at all.
    """
    tolerances = tolerances or Tolerances()
    if kind == "poly":
        return _check_geometry(str(source), read_poly(source), tolerances)
    read = _read(source)
    if kind == "citygml":
        from twin.city.check.citygml import read_citygml_primitives

        primitives, notes = read_citygml_primitives(source)
    else:
        from twin.city.check.cityjson import read_cityjson_primitives

        primitives, notes = read_cityjson_primitives(source)
    findings = _of_reading(str(source), read, primitives) + note_findings(str(source), notes)
    if any(entry["severity"] == "error" for entry in findings):
        return findings
    return findings + _check_geometry(str(source), primitives, tolerances)


def _check_geometry(file: str, primitives: Primitives, tolerances: Tolerances) -> list[dict[str, Any]]:
    far = np.flatnonzero(~(np.abs(primitives.coordinates) <= FARTHEST).all(axis=1))
    if len(far):
        text = (
            f"vertex {far[0]} lies at {primitives.coordinates[far[0]].tolist()}, which is nowhere; the file is refused"
        )
        return [finding(file, "901", text)]
    try:
        faults = check_primitives(primitives, tolerances)
    except (GEOSException, np.linalg.LinAlgError) as error:
        return [finding(file, "999", f"the geometry cannot be checked ({error}); please report it")]
    return geometry_findings(file, primitives, faults)


def _read(source: Source) -> list[dict[str, Any]]:
    """Return what reading finds doubtful."""
    from twin.city.assemble import assemble
    from twin.city.read import find

    findings: list[dict[str, Any]] = []
    for found in find(source.path, limits=source.limits):
        if "Building" in found.types or "BuildingPart" in found.types:
            assemble(found)
        else:
            text = "there are no buildings in it; its geometry is checked, but nothing can be simulated"
            findings.append(finding(found.file, "no-buildings", text))
        findings += found.all_findings()
    return findings


def _of_reading(file: str, read: list[dict[str, Any]], primitives: Primitives) -> list[dict[str, Any]]:
    """Return what reading found, without what the check of the geometry says more exactly.

    A building whose surfaces are not said to be a solid is no breach if they leave a gap, but has no exact volume.
    """
    rows = primitives.owners[primitives.levels >= SOLIDS].tolist()
    solid = {primitives.objects[row].id for row in rows}
    kept = []
    for entry in read:
        code, entity = entry["code"], entry["object"]
        if code in ("302", "307") and entity not in solid:
            text = f"the surfaces of {entity} do not enclose it; the volume is estimated"
            kept.append(finding(file, "not-closed", text, entity, entry["place"]))
        elif not code.isdigit():
            kept.append(entry)
    return kept
