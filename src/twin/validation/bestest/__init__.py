"""ASHRAE 140 / BESTEST: one zone and many variants of it, beside six programs and the acceptance limits."""
