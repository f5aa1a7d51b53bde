"""Draw how heavily every line of the grid is loaded at the worst moment, one picture for all options.

    python viz/grid_loading.py [RESULTS FOLDER] [PICTURE.png]

Without a picture to write, a window opens.
"""

import sys
from pathlib import Path

import twin
from twin.view.draw import show

folder = sys.argv[1] if len(sys.argv) > 1 else "results/essen_grid"
picture = Path(sys.argv[2]) if len(sys.argv) > 2 else None

show(twin.read_results(folder), indicator="line_loading_worst_step", output=picture)
