"""Learning paths, and what to learn when a module was failed or skipped."""
