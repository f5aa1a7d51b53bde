"""Power flow against published and independently solved networks."""
