"""What measures cost, and what an option is worth against another."""
