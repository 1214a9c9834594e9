"""Deals that two partners share."""
