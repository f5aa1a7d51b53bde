"""Batteries of houses and streets."""
