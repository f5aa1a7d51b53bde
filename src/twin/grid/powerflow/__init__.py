"""Power flow over any nodes: networks per unit, what is connected to them, and solvers for many steps at once."""
