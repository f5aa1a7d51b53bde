"""Households drawn one by one: who is at home when, what is switched on, and which tap runs."""
