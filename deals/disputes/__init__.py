"""Conflict cases: two claims on one customer, decided with a reason, appealed once."""
