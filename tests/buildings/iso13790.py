"""EN ISO 13790 Annex C as it is printed: three solves an hour for one building, for comparison only."""


def solve(z, step_s, mass, outdoor, internal, solar, power):
    """Return air and new mass temperature of one step for a power (C.1 to C.11)."""
    h_tr_1 = 1.0 / (1.0 / z.h_ve + 1.0 / z.h_tr_is)
    h_tr_2 = h_tr_1 + z.h_tr_w
    h_tr_3 = 1.0 / (1.0 / h_tr_2 + 1.0 / z.h_tr_ms)
    phi_ia = 0.5 * internal
    phi_m = z.to_mass * (0.5 * internal + solar)
    phi_st = z.to_surface * (0.5 * internal + solar)
    supply = outdoor
    phi_mtot = (
        phi_m
        + z.h_tr_em * outdoor
        + h_tr_3 * (phi_st + z.h_tr_w * outdoor + h_tr_1 * ((phi_ia + power) / z.h_ve + supply)) / h_tr_2
    )
    c = z.c_m / step_s
    new_mass = (mass * (c - 0.5 * (h_tr_3 + z.h_tr_em)) + phi_mtot) / (c + 0.5 * (h_tr_3 + z.h_tr_em))
    mean_mass = (mass + new_mass) / 2.0
    surface = z.h_tr_ms * mean_mass + phi_st + z.h_tr_w * outdoor + h_tr_1 * (supply + (phi_ia + power) / z.h_ve)
    surface /= z.h_tr_ms + z.h_tr_w + h_tr_1
    air = (z.h_tr_is * surface + z.h_ve * supply + phi_ia + power) / (z.h_tr_is + z.h_ve)
    return air, new_mass


def step(z, step_s, mass, outdoor, internal, solar, heat_set, cool_set, floor_area):
    """Return power, air and new mass temperature of one step (C.4.2)."""
    given = (z, step_s, mass, outdoor, internal, solar)
    free, new_mass = solve(*given, 0.0)
    if heat_set <= free <= cool_set:
        return 0.0, free, new_mass
    target = heat_set if free < heat_set else cool_set
    test_power = 10.0 * floor_area
    tested, _ = solve(*given, test_power)
    power = test_power * (target - free) / (tested - free)
    return (power, *solve(*given, power))
