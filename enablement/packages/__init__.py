"""Learning packages (SCORM 1.2, SCORM 2004, cmi5): taken in, and played on an origin of their own."""
