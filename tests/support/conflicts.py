"""Asking the conflict check in tests."""

from typing import Any

from deals.conflicts.check import conflict_check
from deals.conflicts.claims import Claim, claims_beside
from deals.deal.models import Deal, Verdict
from tests.support.worlds import VendorWorld, acting_as

Asked = list[Verdict]


def ask(world: VendorWorld, who: str, name: str, domain: str = "", country: str = "AT", **more: Any) -> Asked:
    """What this person is told of both products, Arm and Cart."""
    products = [product.pk for product in world.products]
    with acting_as(world.people[who]) as actor:
        answers = conflict_check(
            actor, name=name, domain=domain, country=country, product_ids=products, **more
        )
    assert [answer.product.name for answer in answers] == ["Arm", "Cart"]
    return [answer.verdict for answer in answers]


def beside(world: VendorWorld, deal: Deal) -> list[Claim]:
    with acting_as(world.people["manager"]):
        return claims_beside(deal)
