"""What batteries bring."""

from __future__ import annotations

from twin.registry import Wing

__all__ = ["WING"]

WING = Wing(name="battery")
