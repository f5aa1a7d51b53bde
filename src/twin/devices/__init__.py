"""What burns gas, draws power or makes it in buildings: boilers, heat pumps, solar modules, electric cars, meters."""
