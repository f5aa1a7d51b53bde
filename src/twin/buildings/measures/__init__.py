"""What an option can do to buildings."""
