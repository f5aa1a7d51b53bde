"""When people open windows and lower blinds: numbers that simulators work with and the ledger states."""

__all__ = [
    "AIRING_ABOVE_SET_POINT_K",
    "AIRING_FROM_DEGC",
    "BLINDS_DOWN_W_M2",
    "NIGHT",
    "WARM_DAY_DEGC",
]

AIRING_FROM_DEGC = 23.0  # indoors, DIN 4108-2:2013
AIRING_ABOVE_SET_POINT_K = 2.0  # where that is warmer: planning assumption
NIGHT = (22, 6)  # hours of the clock in which windows or flaps are open at night: planning assumption
WARM_DAY_DEGC = 20.0  # mean of the last day outdoors, from which they are: planning assumption
BLINDS_DOWN_W_M2 = 300.0  # irradiance on the window from which blinds are lowered, EN ISO 13790, 11.4.3
