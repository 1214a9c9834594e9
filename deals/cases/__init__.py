"""Conflict cases: two claims to one customer, the rule that decided between them, and one appeal."""
