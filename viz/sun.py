"""Draw the sun of a year on every roof and wall, and the hours of sun that a tower takes from its neighbours.

    python viz/sun.py [RESULTS FOLDER] [SUN.png] [TOWER.png]

Without pictures to write, windows open, one after the other; with one, it is that of the year.
"""

import sys
from pathlib import Path

import twin
from twin.view.draw import Words, show

BEFORE, AFTER = "today", "a tower"
YEAR = {
    "indicator": "solar_irradiation",
    "around": ("DENW22AL500002ME", 180.0),
    "clim": (200, 1200),
    "words": Words("Sun on every roof and wall", "Sun in a year", {BEFORE: "all shadows of the quarter counted"}),
}
folder = sys.argv[1] if len(sys.argv) > 1 else "results/essen_tower"
pictures = [Path(name) for name in sys.argv[2:4]]
results = twin.read_results(folder)

show(results, **YEAR, option=BEFORE, output=pictures[0] if pictures else None)
if len(pictures) != 1:
    before, after = (results.option(name).by_entity("sun_hours") for name in (BEFORE, AFTER))
    house = min(before, key=lambda name: after[name] - before[name])
    notes = {
        name: f"facades of the house that loses most: {hours[house]:.1f} h"
        for name, hours in ((BEFORE, before), (AFTER, after))
    }
    show(
        results,
        indicator="surface_sun_hours",
        option=[BEFORE, AFTER],
        around=("tower", 85.0),
        clim=(2, 12),
        size=(1700, 850),
        words=Words(meaning="Hours of direct sun on 21 March", notes=notes),
        output=pictures[1] if pictures else None,
    )
