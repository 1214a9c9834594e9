"""Courses that somebody is asked to finish by a date."""
