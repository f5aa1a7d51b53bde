"""The sun against closed forms, and any scene for comparison with other programs."""
