"""Metrics of the deals app."""
