"""What batteries bring."""

from __future__ import annotations

from twin.devices.battery.model import BATTERY_COLUMNS, STREET_COLUMNS
from twin.registry import Indicator, Measure, SimulatorEntry, Term, Wing

__all__ = ["WING"]

_ASSUMES = (
    (
        "Batteries keep the same efficiency at any power and state of charge, draw nothing while they rest, and take "
        "or give no reactive power.",
        "twin: planning assumption",
    ),
    (
        "Batteries lose capacity in proportion to full equivalent cycles and to time, both added up, whatever their "
        "temperature, power and depth of discharge; power and efficiency stay. The capacity is taken down once a day.",
        "twin: planning assumption; that the parts do not strictly add: Redondo-Iglesias et al. 2020, "
        "doi 10.3390/batteries6010014",
    ),
    (
        "Strategies that go by price or emissions know those of the whole civil day at its beginning, and nothing of "
        "the load and the sun to come.",
        "twin: planning assumption",
    ),
)

_BATTERY = Measure(
    kind="battery",
    table="building",
    params="twin.devices.battery.measures:Battery",
    apply="twin.devices.battery.measures:install_batteries",
    writes=tuple(f"battery.{name}" for name in BATTERY_COLUMNS),
    meaning="Put a battery behind the meter of buildings that have none yet.",
    assumes=(
        *_ASSUMES,
        ("Batteries of houses never feed the grid; they discharge to cover their building's net load at most.", "twin"),
    ),
)

_STREET_BATTERY = Measure(
    kind="street_battery",
    table="transformer",
    params="twin.devices.battery.measures:StreetBattery",
    apply="twin.devices.battery.measures:install_street_batteries",
    writes=(*(f"street_battery.{name}" for name in STREET_COLUMNS), "phase_node.connects"),
    meaning="Put a battery at the low-voltage busbar of transformers that have none yet.",
    assumes=(
        *_ASSUMES,
        (
            "Batteries of streets are connected to all phases of the busbar alike and behind nobody's meter: what they "
            "take and give is in no building's bill, but in one of their own, both at the price of the hour.",
            "twin: planning assumption",
        ),
    ),
)


def _indicators(level: str, prefix: str, whose: str) -> tuple[Indicator, ...]:
    """Return the indicators of one kind of battery."""
    return (
        Indicator(
            f"{level}_discharged",
            f"Energy that {whose} give",
            "kWh",
            "neutral",
            (Term(f"{prefix}battery_discharging"),),
            level=level,
            headline=True,
        ),
        Indicator(
            f"{level}_losses",
            f"Energy lost in {whose}",
            "kWh",
            "lower",
            (Term(f"{prefix}battery_losses"),),
            level=level,
        ),
        Indicator(
            f"{level}_cycles",
            f"Full equivalent cycles of {whose}, all added up",
            "1",
            "neutral",
            (Term(f"{prefix}battery_cycling"),),
            level=level,
        ),
        Indicator(
            f"{level}_health",
            f"Capacity left in {whose} at the end",
            "pct",
            "higher",
            (Term(f"{prefix}battery_health"),),
            reduction="min",  # it never rises
            level=level,
        ),
    )


def _simulator(level: str, build: str) -> SimulatorEntry:
    owner = {"building", "transformer"}
    columns = BATTERY_COLUMNS if level == "battery" else STREET_COLUMNS
    cells = tuple(f"{level}.{name}" for name in columns if name not in owner)
    return SimulatorEntry(level, f"twin.devices.battery.simulator:{build}", cells)


WING = Wing(
    name="battery",
    columns={"battery": tuple(BATTERY_COLUMNS.values()), "street_battery": tuple(STREET_COLUMNS.values())},
    measures=(_BATTERY, _STREET_BATTERY),
    simulators=(_simulator("battery", "build"), _simulator("street_battery", "build_street")),
    indicators=(
        *_indicators("battery", "", "batteries of houses"),
        *_indicators("street_battery", "street_", "batteries of streets"),
        *(
            Indicator(
                f"street_battery_{name}",
                title,
                unit,
                "lower",
                (Term(f"street_battery_{what}"),),
                level="street_battery",
            )
            for name, what, title, unit in (
                ("cost", "cost", "Electricity that batteries of streets take less what they give", "EUR"),
                ("co2", "emissions", "Greenhouse gas emissions behind what they take less what they give", "kg"),
            )
        ),
    ),
)
