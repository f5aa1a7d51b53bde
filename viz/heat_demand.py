"""Draw the heat demand of every building, one picture for all options.

    python viz/heat_demand.py [RESULTS FOLDER] [PICTURE.png]

Without a picture to write, a window opens.
"""

import sys
from pathlib import Path

import twin
from twin.view.draw import show

folder = sys.argv[1] if len(sys.argv) > 1 else "results/essen_heat"
picture = Path(sys.argv[2]) if len(sys.argv) > 2 else None

show(twin.read_results(folder), indicator="heat_demand_per_m2", output=picture)
