"""Files and notes of a registration."""
