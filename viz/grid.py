"""Draw the grid over the quarter: lines by their loading at the worst moment, buses by their lowest voltage.

    python viz/grid.py [RESULTS FOLDER] [PICTURE.png] [OPTION]

The option drawn is the one with the most heavily loaded line, if none is named. Without a picture to write, a window
opens.
"""

import sys
from pathlib import Path

import twin
from twin.view.network import grid_scene
from twin.view.scene import save_picture

folder = sys.argv[1] if len(sys.argv) > 1 else "results/essen_grid"
picture = Path(sys.argv[2]) if len(sys.argv) > 2 else None
results = twin.read_results(folder)
worst = max(results.options, key=lambda one: one.total("line_loading_max") or 0.0)
option = results.option(sys.argv[3]) if len(sys.argv) > 3 else worst

plotter = grid_scene(option, results.title, off_screen=picture is not None)
if picture is None:
    plotter.show()
else:
    save_picture(plotter, picture)
