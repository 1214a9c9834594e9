"""Whose decision a discount is. Pure: everything is read before."""

from collections.abc import Iterable

from deals.special_prices.models import WHOLE, PriceRule
from portal.tenancy.roles import Role


def discount_points(list_total: int, asked_total: int) -> int:
    """Basis points off the list, rounded up: a hair above a band is above it."""
    return -((asked_total - list_total) * WHOLE // list_total)


def role_for(rules: Iterable[PriceRule], *, points: int, list_value: int) -> str:
    """`rules` in their order; `list_value` in minor units of the vendor's currency."""
    fitting = (rule.role for rule in rules if _fits(rule, points, list_value))
    return next(fitting, Role.PROGRAM_ADMIN.value)


def _fits(rule: PriceRule, points: int, list_value: int) -> bool:
    return (rule.discount_to is None or points <= rule.discount_to) and (
        rule.amount_to is None or list_value <= rule.amount_to
    )
