"""A scorecard in words."""
