"""What supplies heat to buildings and burns gas or draws power for it: boilers, heat pumps, electric heaters."""
