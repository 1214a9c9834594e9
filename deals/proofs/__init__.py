"""Proof of sale: what shows that a large win was one, before it counts."""
