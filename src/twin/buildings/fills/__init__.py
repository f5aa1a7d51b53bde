"""What is taken of a building where nobody says, and what its file does say."""
