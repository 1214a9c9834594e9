"""After approval: stages, and how it ended."""
