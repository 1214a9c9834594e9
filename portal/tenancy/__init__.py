"""Vendors, who sees which rows of theirs, and the wall between them."""
