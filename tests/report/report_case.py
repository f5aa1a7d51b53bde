"""Coupling graphs as `explain` describes them, small enough to see what is right."""


def node(name, *reads, step="1 h"):
    """A simulator that has each quantity from a writer: ``(quantity, writer)`` or ``(quantity, writer, True)``."""
    ports = [{"quantity": q, "per": "building", "from": [who], "late": bool(late)} for q, who, *late in reads]
    return {"name": name, "step": step, "reads": ports, "writes": []}


def graph(*nodes, loops=(), options=("today",)):
    loops = [{"members": list(members), "step": "15 min"} for members in loops]
    return {
        "options": list(options),
        "simulators": list(nodes),
        "loops": loops,
        "windows": 1,
        "longest_window": "2 d",
    }


def explained(*graphs, **more):
    span = {"start": "2023-01-09 23:00 UTC", "end": "2023-01-11 23:00 UTC", "weight": 1.0}
    return {"title": "A quarter", "spans": [span], "warm_up": "1 d", "graphs": list(graphs), **more}


CHAIN = graph(
    node("weather"),
    node("sun", ("direct_normal_irradiance", "weather"), ("solar_zenith", "weather")),
    node("buildings", ("outdoor_temperature", "weather"), ("irradiance", "sun")),
    node("meter", ("electric_load", "buildings")),
)
FEEDBACK = graph(
    node("weather"),
    node("sessions"),
    node("cars", ("voltage", "grid", True), ("arrivals", "sessions"), ("outdoor_temperature", "weather")),
    node("batteries", ("voltage", "grid", True), ("electric_load", "cars")),
    node("grid", ("electric_load", "cars"), ("electric_generation", "batteries")),
    node("flows", ("current", "grid")),
    node("meter", ("electric_load", "cars"), ("electric_generation", "batteries")),
    loops=[("cars", "batteries", "grid")],
)
ITSELF = graph(node("plant", ("stored_energy", "plant", True)), node("meter", ("electric_load", "plant")))
ITSELF["loops"] = [{"members": ["plant"], "step": "1 h"}]
