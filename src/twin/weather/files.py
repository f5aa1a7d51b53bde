"""Reading and writing weather files; what a file is, is found by its content."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from twin.errors import Problem, Problems, TwinError
from twin.ledger import Ledger
from twin.weather.complete import complete, irradiances
from twin.weather.epw import parse_epw
from twin.weather.hours import Draft, out_of_bounds
from twin.weather.model import REFERENCE, Weather
from twin.weather.own import MAGIC, format_own, parse_own
from twin.weather.pvgis import looks_like_pvgis, parse_pvgis
from twin.weather.solar import fit_sun_instant
from twin.weather.wing import SITE_COLUMNS

__all__ = ["convert", "read_pvgis_csv", "read_weather", "write_weather"]

_LARGEST = 64 << 20  # bytes; a year in EPW is 1.6 MB
_PVGIS_NEEDS = ("place", "latitude_deg", "longitude_deg", "elevation_m", "source", "licence")
_KINDS = f"an EPW file, or our own CSV that begins with {MAGIC!r}"


def read_weather(path: str | Path, ledger: Ledger | None = None) -> Weather:
    """Read a typical year: our own CSV or an EPW file, told apart by content.

    Sky infrared radiation and air pressure are modelled where the file has none; that, and whatever is doubtful,
    goes into ``ledger``.

    Raises
    ------
    TwinError
        With all problems of the file: a gap, an hour twice or out of order, a ragged row, what is no number, a value
        out of bounds, a missing or misspelled column or another unit.
    """
    lines = _lines(path)
    kind = _kind(lines, path)
    if kind == "pvgis":
        raise TwinError(
            Problem(
                "this CSV of PVGIS does not say where it is",
                path,
                "1",
                "our own CSV: convert it first, naming place, latitude, longitude and elevation",
            )
        )
    problems = Problems(path)
    draft = (parse_own if kind == "own" else parse_epw)(lines, problems)
    return complete(draft, ledger or Ledger(), problems)


def read_pvgis_csv(
    path: str | Path,
    *,
    place: str,
    latitude_deg: float,
    longitude_deg: float,
    elevation_m: float,
    source: str,
    licence: str,
    sun_at_s: int | None = None,
    ledger: Ledger | None = None,
) -> Weather:
    """Read a typical year of PVGIS as plain CSV (``time,temperature_C,ghi_W_m2,...``, stamps in UTC).

    Parameters
    ----------
    sun_at_s
        The instant within the hour that the irradiance stands for; PVGIS takes it from the satellite, so it differs
        from place to place. If None it is found from the data (`twin.weather.solar.fit_sun_instant`).

    Raises
    ------
    TwinError
        As `read_weather`.
    """
    lines = _lines(path)
    given = {"place": place, "source": source, "licence": licence}
    numbers = {"latitude_deg": latitude_deg, "longitude_deg": longitude_deg, "elevation_m": elevation_m}
    problems = Problems(path)
    for name, value in numbers.items():
        if out_of_bounds(SITE_COLUMNS[name], value):
            problems.add(f"{name} was given as {value}", expected=SITE_COLUMNS[name].expectation())
    draft = parse_pvgis(lines, problems)
    problems.raise_if_any()
    if sun_at_s is None:
        sun_at_s = _instant(draft, **numbers)
    draft.head |= {**given, **numbers, "sun_at_s": sun_at_s}
    return complete(draft, ledger or Ledger(), problems)


def _instant(draft: Draft, latitude_deg: float, longitude_deg: float, elevation_m: float) -> int:
    return fit_sun_instant(REFERENCE.seconds, irradiances(draft.values), latitude_deg, longitude_deg, elevation_m)[0]


def write_weather(weather: Weather, path: str | Path) -> None:
    """Write our own CSV: what was given, never what was modelled. The same weather gives the same bytes.

    Raises
    ------
    TwinError
        If the file cannot be written.
    """
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(format_own(weather), encoding="utf-8", newline="\n")
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise TwinError(Problem(f"cannot write the file: {error.strerror}", path)) from error


def convert(in_path: str | Path, out_path: str | Path, **place: Any) -> Weather:
    """Turn any weather file we read into our own CSV and return what was read.

    Parameters
    ----------
    place
        Keywords of `read_pvgis_csv`, required for its format; for the others they replace what the file states.
    """
    if _kind(_lines(in_path), in_path) == "pvgis":
        if lacking := [key for key in _PVGIS_NEEDS if key not in place]:
            raise TwinError(Problem(f"this CSV of PVGIS needs {', '.join(lacking)}: the file does not say", in_path))
        weather = read_pvgis_csv(in_path, **place)
    else:
        weather = replace(read_weather(in_path), **place)
    write_weather(weather, out_path)
    return weather


def _lines(path: str | Path) -> list[str]:
    try:
        if Path(path).stat().st_size > _LARGEST:
            raise TwinError(Problem("the file is too large for a weather file", path, expected="less than 64 MB"))
        raw = _unpacked(Path(path))
    except OSError as error:
        raise TwinError(Problem(f"cannot read the file: {error.strerror or error}", path)) from error
    except (EOFError, zlib.error) as error:
        raise TwinError(Problem(f"the gzip data is damaged ({error})", path)) from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # place names in old EPW files
    return text.replace("\r\n", "\n").split("\n")


def _unpacked(path: Path) -> bytes:
    """Return the content of a file, plain or gzipped."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
        file.seek(0)
        raw = gzip.GzipFile(fileobj=file).read(_LARGEST + 1) if packed else file.read()
    if len(raw) > _LARGEST:
        raise TwinError(Problem("the file is too large for a weather file", path, expected="less than 64 MB"))
    return raw


def _kind(lines: Sequence[str], path: str | Path) -> Literal["own", "epw", "pvgis"]:
    first = lines[0].strip()
    if first == MAGIC:
        return "own"
    if first.upper().startswith("LOCATION,"):
        return "epw"
    if looks_like_pvgis(first):
        return "pvgis"
    raise TwinError(Problem("this is no weather file that we know", path, "1", _KINDS))
