"""Where program admins write courses, questions and paths."""
