"""The shape of a scenario file: pydantic models, completed with what the wings registered."""

from __future__ import annotations

import datetime
from functools import cache
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator

from twin.engine.time import CLOCK_WINDOW, parse_duration
from twin.registry import Input, Measure, Rider, Section, resolve, wings

__all__ = [
    "Option",
    "Period",
    "Record",
    "ScenarioFile",
    "Selection",
    "Sourced",
    "json_schema",
    "measure_specs",
    "riders",
    "scenario_model",
]

Duration = Annotated[str, AfterValidator(lambda text: (parse_duration(text), text)[1])]


class Strict(BaseModel):
    """Nothing unknown, nothing coerced, no nan."""

    model_config = ConfigDict(
        strict=True, extra="forbid", allow_inf_nan=False, frozen=True, use_attribute_docstrings=True
    )


class UseWindow(Strict):
    """Hours in which another value holds."""

    hours: str = Field(pattern=CLOCK_WINDOW)
    """From and to on the clock, such as ``17:00-21:00``; ``22:00-06:00`` runs over midnight."""
    value: float = Field(ge=0)
    """The value in these hours."""
    days: Literal["all", "workdays", "weekends"] = "all"
    """On which days; public holidays count as weekends."""
    months: list[Annotated[int, Field(ge=1, le=12)]] = Field(list(range(1, 13)), min_length=1)
    """In which months, 1 for January."""


class Sourced(Strict):
    """A number that somebody can look up: one for all times, by time of use, or from a series."""

    unit: str
    """Unit of the value, such as EUR/kWh or kg/kWh."""
    source: str = Field(min_length=3)
    """Where the number comes from."""
    value: float | None = Field(None, ge=0)
    """The number."""
    windows: list[UseWindow] = []
    """Hours in which it is another; of several that overlap the last one holds."""
    series: str | None = None
    """Instead of a value: a CSV file with a ``time`` column and numbers."""
    column: str | None = None
    """Column of the series."""
    times: float = 1.0
    """Factor on the series, such as 1.19 for value added tax."""
    add: float = 0.0
    """Added to the series after the factor: charges and levies, in the same unit."""
    clock: str | None = Field(None, pattern=r"^[+-]\d\d:\d\d$")
    """How far the times of a series that state no offset are ahead of UTC, such as ``+01:00``."""
    align: Literal["weekday", "calendar"] | None = None
    """How a series of another year is laid over the period."""

    @model_validator(mode="after")
    def _one_way(self) -> Sourced:
        if (self.value is None) == (self.series is None):
            raise ValueError("needs either value or series")
        if self.windows and self.value is None:
            raise ValueError("windows need a value for the other hours")
        return self


class TypicalWeek(Strict):
    """Some days that stand for many."""

    start: datetime.date
    """First day."""
    days: int = Field(7, ge=1, le=366)
    """How many days."""
    weight: float | None = Field(None, gt=0)
    """How many times they count; if no week says so, all weigh alike and together are the period."""


class Period(Strict):
    """The time that is simulated."""

    start: datetime.date
    """First day, on the clock of the model's time zone."""
    days: int | None = Field(None, ge=1, le=36525)
    """How many days; 365 if neither ``days`` nor ``duration`` is given."""
    duration: Duration | None = None
    """Instead of days: how long, such as ``1h``."""
    step: Duration = "1h"
    """Step of every simulator that has no step of its own."""
    warm_up: Duration = "14d"
    """Time simulated before the start and not counted."""
    typical: list[TypicalWeek] = []
    """Weeks that stand for the whole period; they are simulated instead of it."""

    @model_validator(mode="after")
    def _one_length(self) -> Period:
        if self.days is not None and self.duration is not None:
            raise ValueError("has both days and duration")
        if len({week.weight is None for week in self.typical}) > 1:
            raise ValueError("typical weeks need a weight each, or none at all")
        return self


class CouplingSettings(Strict):
    """How feedback between simulators is solved."""

    iterations: int = Field(1, ge=1, le=1000)
    """Times each step of a feedback loop may be repeated until it settles; 1 leaves what is read late one step late."""
    tolerance: float = Field(1e-6, gt=0, lt=1)
    """Change at which a repeated step has settled, relative to the largest value."""


class OwnSimulator(Strict):
    """A simulator of one's own, in a Python file; it runs only with ``--allow-code``."""

    file: str
    """Python file with a function ``build(setup)``, beside the scenario."""
    params: dict[str, Any] = {}
    """Passed on to ``build`` as keywords."""
    options: list[str] | None = None
    """Options it takes part in; all if left out."""


class Record(Strict):
    """What is kept beyond indicators and the quarter's series."""

    groups: list[str] = []
    """Columns of buildings by whose values indicators are also given, such as ``use_type``."""
    series: dict[str, list[str]] = {}
    """Quantities whose full series is stored, by entity set or group: ``building = ["indoor_temperature"]``, or
    ``"group:use_type" = ["space_heating_demand"]``."""


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
    against: str | None = None
    """Option that it is judged against; its base if left out, and the first option if it has none."""
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
    coupling: CouplingSettings = CouplingSettings()
    """How feedback between simulators is solved."""
    simulator: list[OwnSimulator] = []
    """Simulators of one's own."""
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
    holidays: str | None = None
    """Country, or country and state, whose public holidays count as Sundays, such as ``DE-NW``."""
    lod: str | None = None
    """Level of detail wanted; the best in the file if left out."""
    crs: str | None = None
    """Reference system of a city file that states none, such as ``EPSG:25832``."""


@cache
def measure_specs() -> dict[str, Measure]:
    """Return every registered kind of measure."""
    return {measure.kind: measure for wing in wings() for measure in wing.measures}


@cache
def riders() -> tuple[Rider, ...]:
    """Return what every measure may carry beside its own parameters."""
    return tuple(rider for wing in wings() for rider in wing.riders)


@cache
def scenario_model() -> type[ScenarioFile]:
    """Return the model of a scenario file with the inputs and measures of all wings."""
    inputs: dict[str, Any] = {item.key: _input(item) for wing in wings() for item in wing.inputs}
    model = create_model("Model", __base__=Model, **inputs)
    lists: dict[str, Any] = {r.key: (list[resolve(r.entry)], Field([], description=r.meaning)) for r in riders()}  # type: ignore[misc]
    ridden = create_model("Ridden", **lists)
    measures: Any = None
    for spec in measure_specs().values():
        kind = create_model(
            f"{spec.kind.title().replace('_', '')}Measure",
            __base__=(*((Selection,) if spec.selects else ()), resolve(spec.params), ridden),
            __doc__=spec.meaning,
            kind=(Literal[spec.kind], ...),  # type: ignore[arg-type]
        )
        measures = kind if measures is None else or_(measures, kind)
    one_of = Annotated[measures, Field(discriminator="kind")]
    option = create_model("Option", __base__=Option, measure=(list[one_of], []))
    options = Annotated[list[option], Field(min_length=1)]
    sections: dict[str, Any] = {section.key: _section(section) for wing in wings() for section in wing.sections}
    return create_model("Scenario", __base__=ScenarioFile, model=(model, ...), option=(options, ...), **sections)


def _input(item: Input) -> tuple[Any, Any]:
    """Return the field of a file or catalogue that a wing wants to be named."""
    if not item.required:
        return str | None, Field(item.default, description=item.meaning)
    return str, Field(item.default if item.default is not None else ..., description=item.meaning)


def _section(section: Section) -> tuple[Any, Any]:
    """Return the field of a wing's settings: all defaults if the scenario does not have the table."""
    params = resolve(section.params)
    return params, Field(params(), description=section.meaning)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of scenario files, for editors."""
    return scenario_model().model_json_schema()
