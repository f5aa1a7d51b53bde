"""The codes of findings in city files: val3dity's numbers where it has one, words of our own elsewhere."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CODES", "Code", "listing"]


class Code(NamedTuple):
    """What a finding means and what we do about it.

    ``error`` = a file, reference or number that cannot be trusted, ``warning`` = one object that is worked round,
    ``note`` = something left out that no result depends on.
    """

    severity: str
    meaning: str
    handling: str


def _warning(meaning: str, handling: str) -> Code:
    return Code("warning", meaning, handling)


def _note(meaning: str, handling: str) -> Code:
    return Code("note", meaning, handling)


def _error(meaning: str, handling: str) -> Code:
    return Code("error", meaning, handling)


_AREA = "its area follows from its outline and may be wrong"
_VOLUME = "the volume is estimated"
_AS_GIVEN = "it is used as it is"
_READ = "it is read all the same"
_REFUSED = "the file is refused"
_LEFT_OUT = "they are left out"

# Numbers and their meaning: Ledoux (2018), val3dity: validation of 3D GIS primitives according to the international
# standards, Open Geospatial Data, Software and Standards 3:1; after ISO 19107.
_GEOMETRY = {
    "101": _warning("a ring of fewer than three corners", "it is dropped"),
    "102": _warning("a ring with the same corner twice in a row", "the repeated corner is dropped"),
    "103": _warning("a ring that is not closed", "it was closed"),
    "104": _warning("a ring that crosses or touches itself", _AREA),
    "201": _warning("a polygon with rings that cross or share an edge", _AREA),
    "202": _warning("a polygon with the same ring twice", _AREA),
    "203": _warning("a polygon that is not planar: corners lie off its plane", "its mean plane is used"),
    "204": _warning("a polygon that is not planar: it is folded", "its mean plane is used"),
    "205": _warning("a polygon whose interior falls apart", _AS_GIVEN),
    "206": _warning("a polygon with a hole outside its outline", _AREA),
    "207": _warning("a polygon with a hole within a hole", _AREA),
    "208": _warning("a polygon with a hole that runs the same way as the outline", "the hole is turned round"),
    "301": _warning("a shell of fewer than four polygons", _VOLUME),
    "302": _warning("a shell that is not closed", _VOLUME),
    "303": _warning("a shell with an edge or corner that joins more than two sides", _VOLUME),
    "305": _warning("a shell in several pieces", "the pieces are added up"),
    "306": _warning("a shell that intersects itself", _AS_GIVEN),
    "307": _warning("a shell with polygons that face the wrong way", "they are turned round where the shell says how"),
    "401": _warning("a solid with shells that intersect or share a face", _AS_GIVEN),
    "402": _warning("a solid with the same shell twice", _AS_GIVEN),
    "403": _warning("a solid with an inner shell outside the outer one", _AS_GIVEN),
    "404": _warning("a solid whose interior falls apart", _AS_GIVEN),
    "405": _warning("a shell that is inside out", "it was turned round"),
    "501": _warning("a composite solid with solids that overlap", _AS_GIVEN),
    "502": _warning("a composite solid with the same solid twice", _AS_GIVEN),
    "503": _warning("a composite solid in several pieces", _AS_GIVEN),
    "601": _warning("parts that overlap", "the volume they share counts twice"),
    "902": _warning("a geometry with nothing in it", "it is skipped"),
}

_FILE = {
    "901": _error("the file cannot be read, or a number or reference in it cannot be trusted", _REFUSED),
    "999": _error("geometry that the check cannot cope with", "please report it"),
    "904": _error("a kind of file that twin does not read", _REFUSED),
    "grid-invalid": _error("an electric grid that cannot be simulated", _REFUSED),
    "grid-no-solution": _error("an electric grid that cannot carry the power its file states", "its steps are flagged"),
    "grid-island": _warning("buses of an electric grid that no source feeds", "the grid is not simulated"),
    "series-invalid": _error("a series that cannot be used", _REFUSED),
    "weather-invalid": _error("a weather file that cannot be used", _REFUSED),
    "scenario-invalid": _error("a scenario that cannot be run", _REFUSED),
    "weather-doubtful": _warning("weather values that are missing, modelled or doubtful", "as the message says"),
}

# What readers and harmonization note on the way.
_READING = {
    "crs-missing": _warning("no coordinate reference system", "coordinates are taken as metres"),
    "crs-unknown": _warning("a coordinate reference system we do not know", "coordinates are taken as metres"),
    "crs-projected": _warning("coordinates that are not in metres", "they were projected to UTM"),
    "no-buildings": _warning("no buildings in the file", "its geometry is checked, but nothing can be simulated"),
    "no-geometry": _warning("a building without geometry at level of detail 1 or above", "it has no size"),
    "no-area": _warning("a surface without area", "it counts for nothing"),
    "not-closed": _warning("surfaces of a building that do not enclose it", _VOLUME),
    "id-missing": _warning("an object without identifier", "it is given one"),
    "parent-missing": _warning("a part of an object that does not exist", "it counts as a building"),
    "semantics-incomplete": _warning("semantic values that do not fit the surfaces", "the slope decides"),
    "surface-type-unknown": _warning("surfaces of a type that bounds no building", "the slope decides"),
    "xlink-dangling": _warning("a link to geometry that does not exist", "it is left out"),
    "crs-axes": _warning("coordinates in another order than usual in their system", "they change places"),
    "crs-spelling": _warning("a coordinate reference system without code, by its text", "as the message says"),
    "id-repeated": _warning("an identifier that is used twice", "the second is given another one"),
    "host-missing": _warning("a window or door in a surface that does not exist", "it stands by itself"),
    "element-unread": _warning("elements that are not understood", "they are left out"),
    "element-kept": _warning("elements of an unknown extension", "they are kept as data among the attributes"),
    "member-unread": _note("members of CityJSON features that are not understood", "they are left out"),
    "prefix-undeclared": _warning("an XML prefix without namespace", _READ),
    "lod-unread": _note("geometry at several levels of detail", "one is read, at the best level"),
    "geometry-unread": _note("points, lines and unknown geometry", _LEFT_OUT),
    "appearance-unread": _note("materials and textures", _LEFT_OUT),
    "implicit-geometry": _warning("implicit geometry whose place cannot be read", "it is left out"),
    "implicit-library": _warning("implicit geometry in another file", "it is left out"),
    "no-value": _warning("a number that stands for no value, such as a year 1 or 9999 storeys", "it counts as missing"),
    "attribute-rough": _warning("an attribute that is no plain number", "a number is taken from it"),
    "attribute-odd": _warning("an attribute with no possible value", "it counts as missing"),
    "usage-unknown": _warning("usage codes of no list we know", "the usage is assumed"),
}

# Energy ADE and Dynamizers
_ENERGY = {
    "energy-unit": _warning("an energy value in a unit that is none of it", "it is left out"),
    "energy-value": _warning("an energy value that is no such value, or out of bounds", "it is left out"),
    "energy-cycle": _warning("a construction that refers to itself", "it has no layers"),
    "opening-without-wall": _warning("openings of thermal zones in no wall of their building", "they are left out"),
    "energy-kept": _warning("energy objects without a meaning of their own here", "they are kept as found"),
    "energy-geometry": _warning("geometry of energy objects", _LEFT_OUT),
    "dynamizer-target": _warning("a Dynamizer that names no object and attribute", "it overrides nothing"),
    "dynamizer-empty": _warning("a Dynamizer without values", "the attribute stays as it is"),
    "dynamizer-mean": _warning(
        "a Dynamizer for an attribute that has one value a year", "the mean of its series counts"
    ),
    "dynamizer-kept": _warning("a Dynamizer for an attribute that is none of ours", "its series is kept"),
}

# Rules of the formats that reading does without.
_FORMAT = {
    "member-unknown": _warning("a member that CityJSON does not know", _READ),
    "type-unknown": _warning("a class that the format does not know and no extension declares", _READ),
    "extension-undeclared": _warning("a class or member of an extension that the file does not declare", _READ),
    "children-inconsistent": _warning("parents and children that do not name each other", "the parents are believed"),
    "lod-not-text": _warning("a level of detail given as a number, which CityJSON 1.1 made a text", _READ),
    "transform-missing": _warning(
        "no transform, which CityJSON has asked for since 1.1", "numbers are taken as metres"
    ),
    "vertices-duplicate": _warning("vertices that are listed more than once", "they are taken as one"),
    "vertices-unused": _warning("vertices that no geometry uses", "they are skipped"),
    "gml-id-invalid": _warning("a gml:id that XML does not allow", _READ),
    "value-not-allowed": _warning("a value that is not in the enumeration of the standard", _READ),
}

CODES: dict[str, Code] = {**_GEOMETRY, **_FILE, **_READING, **_ENERGY, **_FORMAT}


def listing() -> str:
    """Return all codes as a table in Markdown."""
    rows = [f"| {code} | {entry.severity} | {entry.meaning} | {entry.handling} |" for code, entry in CODES.items()]
    return "\n".join(["| code | severity | meaning | what twin does |", "|---|---|---|---|", *rows])
