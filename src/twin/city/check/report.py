"""From faults in geometry and breaches of a format to findings: one per object and code, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from twin.city.check.codes import CODES
from twin.city.check.primitives import Fault, Primitives
from twin.city.check.rules import Note
from twin.city.geometry.rings import owners

__all__ = ["finding", "geometry_findings", "note_findings"]

Finding = dict[str, Any]


def finding(file: str, code: str, message: str, entity: str | None = None, place: str | None = None) -> Finding:
    """Return a finding; its message alone names file and place."""
    where = ":".join(part for part in (file, place) if part)
    severity = CODES[code].severity
    return {"severity": severity, "code": code, "object": entity, "place": place, "message": f"{where}: {message}"}


def geometry_findings(file: str, primitives: Primitives, faults: Sequence[Fault]) -> list[Finding]:
    """Return one finding per object, code and level of detail, for the worst of its faults, with their number."""
    of_solid = owners(primitives.primitive_offsets)
    of_shell = of_solid[owners(primitives.solid_offsets)]
    of_surface = of_shell[owners(primitives.shell_offsets)]
    primitive_of = {"surface": of_surface, "shell": of_shell, "solid": of_solid, "primitive": np.arange(len(of_solid))}
    groups: dict[tuple[int, str, str], list[Fault]] = {}
    for fault in faults:
        primitive = int(primitive_of[fault.level][fault.row])
        owner = int(primitives.owners[primitive])
        row = primitives.objects[owner].building if fault.code == "601" else owner
        groups.setdefault((row, primitives.lods[primitive], fault.code), []).append(fault)
    found = [
        _of_object(file, primitives, key, some, int(primitive_of[some[0].level][some[0].row]))
        for key, some in sorted(groups.items())
    ]
    for owner, place in primitives.empty:
        entity = primitives.objects[owner]
        found.append(_in_words(file, "902", f"{entity.kind} {entity.id}", entity.id, place))
    return found


def _of_object(
    file: str, primitives: Primitives, key: tuple[int, str, str], faults: Sequence[Fault], primitive: int
) -> Finding:
    row, lod, code = key
    worst = max(faults, key=lambda fault: fault.amount)
    place = primitives.surface_place(worst.row) if worst.level == "surface" else primitives.places[primitive]
    entity = primitives.objects[row]
    who = f"{entity.kind} {entity.id}" + (f" (level of detail {lod})" if lod else "")
    return _in_words(file, code, who, entity.id, place, worst.detail, len(faults))


def _in_words(
    file: str, code: str, who: str, entity: str, place: str | None, detail: str = "", count: int = 1
) -> Finding:
    entry = CODES[code]
    what = f"{entry.meaning} ({detail})" if detail else entry.meaning
    more = f", and {count - 1} more like that" if count > 1 else ""
    return finding(file, code, f"{who} has {what}{more}; {entry.handling}", entity, place or None)


def note_findings(file: str, notes: Iterable[Note]) -> list[Finding]:
    """Return breaches of the format as findings."""
    return [
        finding(
            file,
            note.code,
            note.message + (f" ({note.times} times)" if note.times > 1 else "") + f"; {CODES[note.code].handling}",
            note.object,
            note.place,
        )
        for note in notes
    ]
