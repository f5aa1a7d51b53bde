"""The shape of a scenario file: pydantic models, completed with what the wings registered."""

from __future__ import annotations

import datetime
from functools import cache
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from twin.engine.time import parse_duration
from twin.registry import Measure, resolve, wings

__all__ = ["Option", "Period", "Record", "ScenarioFile", "Sourced", "json_schema", "measure_specs", "scenario_model"]

Duration = Annotated[str, AfterValidator(lambda text: (parse_duration(text), text)[1])]


class Strict(BaseModel):
    """Nothing unknown, nothing coerced, no nan."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, frozen=True, use_attribute_docstrings=True
    )


class Sourced(Strict):
    """A number that somebody can look up."""

    value: float = Field(ge=0)
    unit: str
    """Unit of the value, such as EUR/kWh or kg/kWh."""
    source: str = Field(min_length=3)
    """Where the number comes from."""


class Period(Strict):
    """The time that is simulated."""

    start: datetime.date
    """First day, on the clock of the model's time zone."""
    days: int = Field(365, ge=1, le=36525)
    """How many days."""
    step: Duration = "1h"
    """Step of every simulator that has no step of its own."""
    warm_up: Duration = "14d"
    """Time simulated before the start and not counted."""


class Record(Strict):
    """What is kept beyond indicators and the quarter's series."""

    series: dict[str, list[str]] = {}
    """Quantities whose full series is stored, by entity set: ``building = ["indoor_temperature"]``."""


class Selection(Strict):
    """Which entities a measure concerns."""

    where: str | None = None
    """Condition on the table's columns; all rows if left out."""
    share: float = Field(1.0, gt=0, le=1)
    """Share of the rows selected that take part, chosen by keyed rank."""
    share_of: str | None = None
    """Column that the share is a share of (``heated_floor_area_m2``); entities if left out."""


class Option(Strict):
    """One way to go."""

    name: str = Field(min_length=1, max_length=80)
    """Name as printed."""
    base: str | None = None
    """Option whose measures come first."""
    description: str = ""
    """What it is about, for the reader of the results."""


class ScenarioFile(Strict):
    """A scenario: what to read, when, at what prices, and the options to compare."""

    title: str = Field(min_length=1)
    """Headline of tables and pictures."""
    seed: int = Field(1, ge=0)
    """Seed of all random draws."""
    period: Period
    """The time that is simulated."""
    steps: dict[str, Duration] = {}
    """Steps of single simulators, such as ``grid = "15min"``."""
    prices: dict[str, Sourced] = {}
    """Prices by carrier; energy prices in EUR/kWh."""
    emissions: dict[str, Sourced] = {}
    """Emission factors by carrier, in kg/kWh of CO2 equivalents."""
    record: Record = Record()
    """What is kept beyond indicators."""
    picture: str | None = None
    """Indicator by which the pictures colour the buildings."""


class Model(Strict):
    """The files and catalogues that describe the city."""

    city: str
    """City model: CityGML or CityJSON."""
    timezone: str = "UTC"
    """Time zone of schedules and of the period, such as ``Europe/Berlin``."""
    lod: str | None = None
    """Level of detail wanted; the best in the file if left out."""
    crs: str | None = None
    """Reference system of a city file that states none, such as ``EPSG:25832``."""


@cache
def measure_specs() -> dict[str, Measure]:
    """Return every registered kind of measure."""
    return {measure.kind: measure for wing in wings() for measure in wing.measures}


@cache
def scenario_model() -> type[ScenarioFile]:
    """Return the model of a scenario file with the inputs and measures of all wings."""
    inputs: dict[str, Any] = {
        item.key: (str, Field(item.default if item.default is not None else ..., description=item.meaning))
        for wing in wings()
        for item in wing.inputs
    }
    model = create_model("Model", __base__=Model, **inputs)
    measures: Any = None
    for spec in measure_specs().values():
        kind = create_model(
            f"{spec.kind.title().replace('_', '')}Measure",
            __base__=(Selection, resolve(spec.params)),
            __doc__=spec.meaning,
            kind=(Literal[spec.kind], ...),  # type: ignore[arg-type]
        )
        measures = kind if measures is None else or_(measures, kind)
    one_of = Annotated[measures, Field(discriminator="kind")]
    option = create_model("Option", __base__=Option, measure=(list[one_of], []))
    options = Annotated[list[option], Field(min_length=1)]
    return create_model("Scenario", __base__=ScenarioFile, model=(model, ...), option=(options, ...))


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of scenario files, for editors."""
    return scenario_model().model_json_schema()
