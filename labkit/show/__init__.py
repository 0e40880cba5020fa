"""All that the terminal shows."""
