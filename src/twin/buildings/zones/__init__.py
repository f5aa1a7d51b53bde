"""From the tables of the city to thermal zones that the kernels can move through time."""
