"""Courses: versions that never change once published, modules, and how far each person has come."""
