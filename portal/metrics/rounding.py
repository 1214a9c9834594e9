"""Exact whole numbers and ratios, so that two computations of one figure never differ in the last digit."""

from decimal import Decimal


def half_up(numerator: int, denominator: int) -> int:
    """The nearest whole number, halves up; both positive."""
    return (2 * numerator + denominator) // (2 * denominator)


def ratio(numerator: int, denominator: int) -> Decimal:
    """Eight decimals: exact enough for everybody, and it survives being kept as JSON."""
    return Decimal(half_up(numerator * 10**8, denominator)).scaleb(-8)
