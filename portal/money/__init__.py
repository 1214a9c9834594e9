"""Amounts in the vendor's currency."""
