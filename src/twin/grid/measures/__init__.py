"""What can be done about an electric grid, or happen to it."""
