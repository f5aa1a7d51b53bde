"""Heat, cold, hot water and household electricity that buildings ask for, hour by hour."""
