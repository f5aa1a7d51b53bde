"""What charging stations bring to the wing of electric vehicles."""

from __future__ import annotations

from twin.devices.ev.station_model import DEPOT_COLUMNS, STATION_COLUMNS
from twin.registry import Indicator, Measure, SimulatorEntry, Term

__all__ = ["INDICATORS", "MEASURES", "SIMULATOR"]

_SESSIONS = Term("charging_sessions")
_POWER = (
    "Points draw active power only, alike on all phases of their building. Vehicles take what a point gives, or their "
    "equal share of the station's limit, to the end: neither battery nor on-board charger holds them back.",
    "twin: planning assumption",
)

_PUBLIC = Measure(
    kind="public_charging",
    table="building",
    params="twin.devices.ev.station_measures:PublicCharging",
    apply="twin.devices.ev.station_measures:build_stations",
    writes=tuple(f"charging_station.{name}" for name in STATION_COLUMNS),
    meaning="Build charging stations at which whoever comes shares the points.",
    assumes=(
        (
            "Vehicles come, stay and want energy as at public charging points and workplaces in the Netherlands, which "
            "are of alternating current: nobody comes sooner or wants more because points are faster. Their number is "
            "Poisson and knows no season. Whoever waited stays as long as who did not.",
            "twin: fitted to tables of ElaadNL, see devices/ev/catalogue/SOURCE.md",
        ),
        _POWER,
    ),
)

_DEPOT = Measure(
    kind="depot_charging",
    table="building",
    params="twin.devices.ev.station_measures:DepotCharging",
    apply="twin.devices.ev.station_measures:build_depots",
    writes=tuple(f"charging_station.{name}" for name in STATION_COLUMNS),
    meaning="Build depots whose vehicles return, share the points and leave again.",
    assumes=(
        (
            "Every vehicle returns once on each day on which it drives and wants the same energy. Somebody unplugs it "
            "as soon as it has that, and plugs the next one in. Charging is not broken off for another vehicle. What a "
            "vehicle lacks when it leaves it does not want again on its next return.",
            "twin: planning assumption",
        ),
        _POWER,
    ),
)

MEASURES = (_PUBLIC, _DEPOT)

_READ = (
    "place",
    "points",
    "power_w",
    "limit_w",
    "limit_from_h",
    "limit_until_h",
    "least_w",
    "leaves_when_charged",
    "patience_s",
)

SIMULATOR = SimulatorEntry(
    "ev_stations",
    "twin.devices.ev.station_simulator:build",
    tuple(f"charging_station.{name}" for name in (*_READ, "sessions_per_day", "weekend_share", *DEPOT_COLUMNS)),
)

INDICATORS = (
    Indicator(
        "charging_sessions",
        "Vehicles that came to charging stations",
        "1",
        "neutral",
        (_SESSIONS,),
        level="charging_station",
    ),
    Indicator(
        "turned_away_share",
        "Share of vehicles that found no free charging point",
        "pct",
        "lower",
        (Term("turned_away_sessions"),),
        over=(_SESSIONS,),
        level="charging_station",
        headline=True,
    ),
    Indicator(
        "charging_wait",
        "Mean time that vehicles wait for a charging point",
        "h",
        "lower",
        (Term("waiting_vehicles"),),
        over=(_SESSIONS,),
        level="charging_station",
    ),
    Indicator(
        "point_utilisation",
        "Share of time that charging points are taken",
        "pct",
        "neutral",
        (Term("occupied_points"),),
        reduction="mean",
        per="points",
        level="charging_station",
    ),
)
