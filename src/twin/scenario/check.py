"""Everything that can be wrong with a scenario file, found at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ValidationError

from twin.city.model import BUILDING_COLUMNS, SURFACE_COLUMNS
from twin.engine.groups import GROUP
from twin.errors import Problem, Problems, TwinError, nearest
from twin.quantities import ENTITY_SETS, QUANTITIES
from twin.registry import Factor, wings
from twin.scenario.inputs import wing_inputs
from twin.scenario.period import civil_time
from twin.scenario.plan import slug
from twin.scenario.schema import Selection, measure_specs, scenario_model
from twin.scenario.signals import known_factors
from twin.scenario.toml import Document
from twin.table import Column
from twin.units import scale
from twin.where import Where

__all__ = [
    "check_factors",
    "check_names",
    "check_options",
    "columns_of",
    "find_files",
    "option_tables",
    "parse_where",
    "schema_problems",
]


def columns_of(table: str) -> dict[str, Column]:
    """Return every column a table can have: the city's own and those of all wings."""
    own = {"building": BUILDING_COLUMNS, "surface": SURFACE_COLUMNS}.get(table, {})
    return {**own, **{c.name: c for wing in wings() for c in wing.columns.get(table, ())}}


def schema_problems(error: ValidationError, document: Document) -> Iterator[Problem]:
    """Yield what pydantic found, as a person would say it."""
    for item in error.errors():
        path = _path_in_data(item["loc"], document.data)
        name = ".".join(str(p) if isinstance(p, str) else f"[{p + 1}]" for p in path).replace(".[", "[")
        place = document.line(path)
        match item["type"]:
            case "extra_forbidden" if _selects_in_vain(item["loc"]):
                kind = item["loc"][-2]
                yield Problem(
                    f"{name}: {kind} concerns nothing that is there already, so it takes no {path[-1]}",
                    document.file,
                    place,
                )
            case "extra_forbidden":
                known = _known_keys(item["loc"][:-1])
                yield Problem(f"unknown key {name}", document.file, place, suggestion=nearest(str(path[-1]), known))
            case "missing":
                yield Problem(f"{name} is missing", document.file, place)
            case "union_tag_invalid":
                kind = str(item["ctx"]["tag"])
                expected = "one of " + ", ".join(measure_specs())
                line = document.line((*path, "kind"))
                yield Problem(f"{name}.kind is {kind!r}", document.file, line, expected, nearest(kind, measure_specs()))
            case "union_tag_not_found":
                expected = 'kind = "..." with one of ' + ", ".join(measure_specs())
                yield Problem(f"{name} has no kind", document.file, place, expected)
            case "value_error":
                said = str(item["ctx"]["error"])
                hint = 'such as "15min" or "1h"' if said.endswith("is no duration") else None
                yield Problem(f"{name} is wrong: {said}", document.file, place, hint)
            case "model_type" | "dict_type":
                yield Problem(f"{name} is {item['input']!r}", document.file, place, "a table of keys and values")
            case "list_type":
                yield Problem(f"{name} is {item['input']!r}", document.file, place, "a list: [ ... ]")
            case _:
                expected = item["msg"]
                for beginning in ("Input should be ", "String should have ", "List should have "):
                    expected = expected.removeprefix(beginning)
                yield Problem(f"{name} is {item['input']!r}", document.file, place, expected)


def _selects_in_vain(loc: Sequence[str | int]) -> bool:
    """Return whether a key would select rows for a measure that concerns none."""
    spec = measure_specs().get(str(loc[-2])) if len(loc) > 1 else None
    return spec is not None and not spec.selects and loc[-1] in Selection.model_fields


def _path_in_data(loc: Sequence[str | int], data: Any) -> tuple[str | int, ...]:
    """Leave out of pydantic's location what is not in the file: the tags of unions."""
    path: list[str | int] = []
    for k, part in enumerate(loc):
        inside = isinstance(data, list) if isinstance(part, int) else isinstance(data, dict) and part in data
        if inside:
            data = data[part]
            path.append(part)
        elif k == len(loc) - 1 and isinstance(data, list if isinstance(part, int) else dict):
            path.append(part)  # a key that is missing, or the kind of the table
    return tuple(path)


def _known_keys(loc: Sequence[str | int]) -> list[str]:
    """Return the keys that the model at a pydantic location has."""
    here: Any = scenario_model()
    for part in loc:
        if isinstance(part, int):
            continue
        candidates = [m for m in _models(here) if part in m.model_fields]
        if candidates:
            here = candidates[0].model_fields[part].annotation
        else:
            here = next((m for m in _models(here) if part in get_args(_kind_of(m))), here)
    return [key for m in _models(here) for key in m.model_fields]


def _kind_of(model: type[BaseModel]) -> Any:
    return model.model_fields["kind"].annotation if "kind" in model.model_fields else None


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Return the pydantic models inside a type, however wrapped."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]


def find_files(document: Document, top: Path, problems: Problems) -> dict[str, Path]:
    """Resolve the files that a scenario names; each must exist, inside the folder that scenarios may read."""
    files: dict[str, Path] = {}
    for key, path, given in _named_files(document):
        if not isinstance(given, str):
            continue
        found = _find_file(".".join(map(str, path)), given, document.line(path), document.file.parent, top, problems)
        if found:
            files[key] = found
    return files


def _named_files(document: Document) -> Iterator[tuple[str, tuple[str | int, ...], Any]]:
    """Yield the key, the place and the text of everything in the scenario that names a file."""
    for key in ("city", *(item.key for item in wing_inputs() if item.kind == "file")):
        yield key, ("model", key), _section(document, "model").get(key)
    for section in ("prices", "emissions"):
        for key, item in _section(document, section).items():
            if isinstance(item, dict):
                yield f"{section}.{key}", (section, key, "series"), item.get("series")
    for part in (part for wing in wings() for part in wing.sections):
        for field in part.files:
            yield f"{part.key}.{field}", (part.key, field), _section(document, part.key).get(field)
    for k, item in enumerate(_own_simulators(document)):
        yield f"simulator.{k}", ("simulator", k, "file"), item.get("file")


def _find_file(name: str, given: str, line: str | None, folder: Path, top: Path, problems: Problems) -> Path | None:
    path = (folder / given).resolve()
    if not path.is_relative_to(top):
        problems.add(f"{name} = {given!r} leaves {top}", line, "a file inside it, or --root to allow another")
    elif not path.is_file():
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        problems.add(f"{name} = {given!r}: no such file", line, suggestion=nearest(path.name, beside))
    else:
        return path
    return None


def option_tables(document: Document) -> list[dict[str, Any]]:
    """Return the options as they stand in the file, even if they are not in order."""
    options = document.data.get("option")
    return [o if isinstance(o, dict) else {} for o in options] if isinstance(options, list) else []


def check_options(document: Document, problems: Problems) -> None:
    """Names must differ, bases must exist, and no option may stand on itself."""
    options = option_tables(document)
    names = [str(o.get("name", "")) for o in options]
    bases = {n: o.get("base") for n, o in zip(names, options, strict=True)}
    for i, (name, option) in enumerate(zip(names, options, strict=True)):
        if [slug(n) for n in names].index(slug(name)) != i:
            problems.add(f"two options are called {name!r}", document.line(("option", i, "name")))
        base = option.get("base")
        if isinstance(base, str) and base not in names:
            line = document.line(("option", i, "base"))
            problems.add(
                f"option {name!r} is based on {base!r}, which is no option",
                line,
                "one of " + ", ".join(repr(n) for n in names if n != name),
                nearest(base, names),
            )
        elif isinstance(base, str) and _stands_on_itself(name, bases):
            problems.add(f"option {name!r} is based on itself", document.line(("option", i, "base")))
        against, others = option.get("against"), [n for n in names if n != name]
        if isinstance(against, str) and against not in others:
            line = document.line(("option", i, "against"))
            message = f"option {name!r} is judged against {against!r}, which is no other option"
            problems.add(message, line, "one of " + ", ".join(map(repr, others)), nearest(against, others))


def _stands_on_itself(name: str, bases: Mapping[str, Any]) -> bool:
    seen = {name}
    here = bases.get(name)
    while isinstance(here, str) and here in bases:
        if here in seen:
            return here == name
        seen.add(here)
        here = bases[here]
    return False


def _own_simulators(document: Document) -> list[dict[str, Any]]:
    """Return the simulators of the user's own as they stand in the file, even if they are not in order."""
    own = document.data.get("simulator")
    return [item if isinstance(item, dict) else {} for item in own] if isinstance(own, list) else []


def check_factors(document: Document, problems: Problems) -> None:
    """Every price and factor that a wing needs must be given, in a unit per energy, and none besides."""
    known = known_factors()
    for factor in known.values():
        section, key = factor.key.split(".")
        if factor.required and key not in _section(document, section):
            problems.add(
                f"{factor.key} is missing: {factor.meaning}",
                document.line((section,)),
                f'{key} = {{ value = ..., unit = "{factor.unit}", source = "..." }}',
            )
    for section in ("prices", "emissions"):
        keys = [f.split(".")[1] for f in known if f.startswith(section)]
        for key, item in _section(document, section).items():
            line = document.line((section, key))
            if key not in keys:
                problems.add(f"unknown key {section}.{key}", line, "one of " + ", ".join(keys), nearest(key, keys))
            elif isinstance(item, dict):
                _check_factor(known[f"{section}.{key}"], item, line, problems)


def _check_factor(factor: Factor, item: Mapping[str, Any], line: str | None, problems: Problems) -> None:
    if scale(str(item.get("unit")))[0] != scale(factor.unit)[0]:
        problems.add(f"{factor.key} is in {item.get('unit')!r}", line, factor.unit)
    if not factor.by_time and ("windows" in item or "series" in item):
        problems.add(f"{factor.key} cannot change with time", line, "one value")


def _section(document: Document, name: str) -> dict[str, Any]:
    section = document.data.get(name)
    return section if isinstance(section, dict) else {}


def check_names(document: Document, allow_code: bool | None, problems: Problems) -> None:
    """Time zone, simulators with steps of their own, and recorded quantities must be known.

    A quantity may also come from a Python file that was not run, as ``allow_code`` says.
    """
    zone = _section(document, "model").get("timezone")
    if isinstance(zone, str):
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            problems.add(
                f"there is no time zone {zone!r}", document.line(("model", "timezone")), "such as Europe/Berlin"
            )
    region = _section(document, "model").get("holidays")
    if isinstance(region, str):
        try:
            civil_time("UTC", region, ())
        except TwinError as error:
            for p in error.problems:
                problems.add(p.message, document.line(("model", "holidays")), p.expected, p.suggestion)
    simulators = list(dict.fromkeys(s.clock or s.name for wing in wings() for s in wing.simulators))
    simulators += [Path(str(item["file"])).stem for item in _own_simulators(document) if "file" in item]
    for name in _section(document, "steps"):
        if name not in simulators:
            expected = "one of " + ", ".join(simulators)
            line = document.line(("steps", name))
            problems.add(f"steps.{name}: there is no such simulator", line, expected, nearest(name, simulators))
    _check_record(document, allow_code, problems)


def _check_record(document: Document, allow_code: bool | None, problems: Problems) -> None:
    record = _section(document, "record")
    groups, series = record.get("groups"), record.get("series")
    for name in groups if isinstance(groups, list) else []:
        _check_group(str(name), document.line(("record", "groups")), problems)
    for entity, quantities in (series if isinstance(series, dict) else {}).items():
        line = document.line(("record", "series", entity))
        if entity.startswith(GROUP):
            _check_group(entity.removeprefix(GROUP), line, problems)
        elif entity not in ENTITY_SETS:
            problems.add(f"there is no entity set {entity!r}", line, suggestion=nearest(entity, ENTITY_SETS))
        for name in quantities if isinstance(quantities, list) else []:
            if name not in QUANTITIES and (allow_code or not _own_simulators(document)):
                problems.add(f"there is no quantity {name!r}", line, suggestion=nearest(str(name), QUANTITIES))


def _check_group(name: str, line: str | None, problems: Problems) -> None:
    columns = {column.name: column for column in columns_of("building").values() if column.kind != "float"}
    if name not in columns:
        expected = "a column of buildings that is text, a whole number, or true or false"
        problems.add(f"buildings cannot be grouped by {name!r}", line, expected, nearest(name, columns))


def parse_where(
    text: Any, columns: Mapping[str, Column], document: Document, path: tuple[str | int, ...], problems: Problems
) -> Where | None:
    """Return the condition a measure states, None if there is none or it is wrong."""
    if not isinstance(text, str):
        return None
    try:
        return Where(text, columns)
    except TwinError as error:
        for p in error.problems:
            problems.add(p.message, document.line((*path, "where")), p.expected, p.suggestion)
        return None
