"""Which rule fits a registration, and how that is said. Pure: everything is read before."""

from collections.abc import Iterable
from dataclasses import dataclass

from deals.approvals.models import ApprovalRule, Outcome
from deals.deal.models import DealSource
from portal.ui.formatting import format_money


@dataclass(frozen=True, slots=True)
class Case:
    """What rules look at. `amount` in minor units of the vendor's currency; `tier_id` None: has none."""

    tier_id: int | None
    amount: int
    product_ids: frozenset[int]
    source: str


def first_fitting(rules: Iterable[ApprovalRule], case: Case) -> ApprovalRule | None:
    """`rules` in their order; None when the vendor has no rule for such a registration."""
    return next((rule for rule in rules if fits(rule, case)), None)


def fits(rule: ApprovalRule, case: Case) -> bool:
    return (
        rule.tier_id in (None, case.tier_id)
        and (rule.amount_from is None or case.amount >= rule.amount_from)
        and (rule.amount_to is None or case.amount < rule.amount_to)
        and _product_fits(rule, case)
        and rule.source in ("", case.source)
    )


def _product_fits(rule: ApprovalRule, case: Case) -> bool:
    if rule.product_id is None:
        return True
    if rule.outcome == Outcome.APPROVE:  # what else stands on the deal was not meant to pass unseen
        return case.product_ids == {rule.product_id}
    return rule.product_id in case.product_ids


def conditions(rule: ApprovalRule, currency: str) -> str:
    """What it asks for, such as "Gold, under €10,000, Arm 5 cobot"; "every registration" when nothing."""
    parts = [
        rule.tier.name if rule.tier else "",
        _amounts(rule, currency),
        rule.product.name if rule.product else "",
        DealSource(rule.source).label.lower() if rule.source else "",
    ]
    return ", ".join(part for part in parts if part) or "every registration"


def _amounts(rule: ApprovalRule, currency: str) -> str:
    low, high = (
        None if amount is None else format_money(amount, currency)
        for amount in (rule.amount_from, rule.amount_to)
    )
    if low and high:
        return f"{low} to under {high}"
    if low:
        return f"{low} and more"
    return f"under {high}" if high else ""
